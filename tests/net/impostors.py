"""Who claims to be everybody that is looked for: answers each question of
godwit's on the link."""

import subprocess
import sys
from pathlib import Path

import beacons

# argv: this folder, how many devices (0: one, with the run id of whoever else
# has that number), the port of their sessions, the own addresses to answer
# from.
ANSWER = """
import os, socket, struct, sys
sys.path.insert(0, sys.argv[1])
import beacons
count, port = int(sys.argv[2]), int(sys.argv[3])
runs = [os.urandom(16) for _ in range(count)]

def run_of(number):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.settimeout(60)
    s.sendto(beacons.beacon(beacons.QUESTION, os.urandom(16), ask=2, nonce=1,
                            number=number), ("10.93.255.255", beacons.PORT))
    return s.recv(2000)[8:24]

ask = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ask.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
ask.bind(("", beacons.PORT))
out = []
for address in sys.argv[4:]:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((address, beacons.PORT))
    out.append(one)
print("ready", flush=True)
while True:
    data, source = ask.recvfrom(2000)
    if len(data) != beacons.LENGTH or data[5] != beacons.QUESTION:
        continue
    if source[0] in sys.argv[4:]:
        continue
    nonce, number = struct.unpack(">QI", data[24:36])
    if count == 0:
        runs = [run_of(number)]
    for run in runs:
        for one in out:
            one.sendto(beacons.beacon(
                beacons.ANSWER, run, nonce=nonce, number=number, port=port,
                name=b"impostor", offers=2), source)
"""


class Impostor:
    def __init__(self, space, port, *addresses, count=1):
        self.process = subprocess.Popen(
            [*space.prefix, sys.executable, "-c", ANSWER,
             str(Path(beacons.__file__).parent), str(count), str(port),
             *addresses], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
