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

# argv: this folder, the port of sessions (0: that of whom it repeats), the own
# addresses to answer from.
REPEAT = """
import os, socket, struct, sys
sys.path.insert(0, sys.argv[1])
import beacons
own = sys.argv[3:]
ask = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ask.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
ask.bind(("", beacons.PORT))
out = []
for address in own:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((address, beacons.PORT))
    out.append(one)
print("ready", flush=True)
heard = b""
while True:
    data, source = ask.recvfrom(2000)
    if len(data) != beacons.LENGTH or source[0] in own:
        continue
    if data[5] == beacons.HERE and not heard:
        heard = data
        print("heard", flush=True)
    if data[5] != beacons.QUESTION or not heard:
        continue
    port = struct.pack(">H", int(sys.argv[2])) if sys.argv[2] != "0" \\
        else heard[36:38]
    for one in out:
        one.sendto(heard[:5] + bytes([beacons.ANSWER, 0]) + heard[7:24] +
                   data[24:32] + bytes(4) + port + heard[38:], source)
"""

# argv: this folder; how many forged addresses answer.
FORGE = """
import os, socket, struct, sys
sys.path.insert(0, sys.argv[1])
import beacons
count = int(sys.argv[2])
ask = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ask.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
ask.bind(("", beacons.PORT))
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
raw.bind(("eth0", 0))
runs = [os.urandom(16) for _ in range(count)]
print("ready", flush=True)
while True:
    data, source = ask.recvfrom(2000)
    if len(data) != beacons.LENGTH or data[5] != beacons.QUESTION:
        continue
    nonce, number = struct.unpack(">QI", data[24:36])
    for i, run in enumerate(runs):
        raw.send(beacons.frame(
            f"10.93.{100 + i // 200}.{i % 200 + 1}",
            beacons.beacon(beacons.ANSWER, run, nonce=nonce, number=number,
                           port=4639, name=b"forged", offers=2), source))
"""


class Process:
    """A program in a namespace."""

    def __init__(self, space, program, *arguments):
        self.process = subprocess.Popen(
            [*space.prefix, sys.executable, "-c", program,
             str(Path(beacons.__file__).parent), *arguments],
            stdout=subprocess.PIPE, text=True)
        self.says("ready")

    def says(self, word):
        assert self.process.stdout.readline() == f"{word}\n"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Repeater(Process):
    """Repeats, at other addresses, what a device has said of itself."""

    def __init__(self, space, port, *addresses):
        super().__init__(space, REPEAT, str(port), *addresses)

    def heard(self):
        self.says("heard")


class Forger(Process):
    """Answers from so many addresses that nobody has."""

    def __init__(self, space, count):
        super().__init__(space, FORGE, str(count))


class Impostor(Process):
    def __init__(self, space, port, *addresses, count=1):
        super().__init__(space, ANSWER, str(count), str(port), *addresses)
