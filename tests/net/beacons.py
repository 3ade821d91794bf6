"""Devices on bridges, each in a network namespace of its own, and programs
there that find each other; forged beacons."""

import os
import re
import select
import socket
import struct
import subprocess
import time
from pathlib import Path

import namespaces
import program

PORT = 4638
GROUP = "ff12::e764:7774"
LENGTH = 256


def node_binary():
    return program.binary().parent / "tests" / "net" / "beacon-node"


class Bridges:
    """`count` devices d0, d1, ..., on the bridge br0 with 10.93.0.x/16 and
    their link-local addresses, their device eth0.  `second` of them are on
    br1 as well, as eth1 with 10.94.0.x/16."""

    def __init__(self, count, *, second=(), ipv4=True):
        namespaces.sweep()
        self.all = []
        try:
            self.switch = self._space("switch")
            self.devices = [self._space(f"d{i}") for i in range(count)]
            self._batch(self.switch, "link add br0 type bridge "
                        "mcast_snooping 0", "link set br0 up",
                        "link add br1 type bridge mcast_snooping 0",
                        "link set br1 up")
            for i in range(count):
                self.plug(i, 0, ipv4=ipv4)
                if i in second:
                    self.plug(i, 1, ipv4=ipv4)
        except BaseException:
            self.close()
            raise

    def _space(self, name):
        self.all.append(namespaces.Namespace(f"b{name}"))
        return self.all[-1]

    @staticmethod
    def _batch(space, *lines):
        subprocess.run(["ip", "-n", space.name, "-batch", "-"], check=True,
                       input="\n".join(lines), text=True, capture_output=True)

    def address(self, i, net=0):
        return f"10.{93 + net}.{i // 200}.{i % 200 + 1}"

    def plug(self, i, net, *, ipv4=True):
        """A cable from a device to a bridge."""
        self._batch(self.switch, f"link add p{net}x{i} type veth peer name "
                    f"eth{net} netns {self.devices[i].name}",
                    f"link set p{net}x{i} master br{net}",
                    f"link set p{net}x{i} up")
        lines = [f"link set eth{net} up"]
        if ipv4:
            lines.append(f"addr add {self.address(i, net)}/16 brd + dev "
                         f"eth{net}")
        self._batch(self.devices[i], *lines)

    def add(self, net):
        """One more device, on this bridge alone."""
        i = len(self.devices)
        self.devices.append(self._space(f"d{i}"))
        self.plug(i, net)

    def unplug(self, i, net):
        self._batch(self.switch, f"link del p{net}x{i}")

    def wait_for_ipv6(self):
        for device in self.devices:
            device.link_local("eth0")

    def close(self):
        for space in self.all:
            space.delete()


class Neighbours:
    """All namespaces share the kernel's tables of neighbours, which have room
    for 1,024 each: fewer than 50 devices have of each other.  While this is
    open they have more, where that can be had."""

    FILES = [Path(f"/proc/sys/net/{family}/neigh/default/gc_thresh{n}")
             for family in ("ipv4", "ipv6") for n in (3, 2, 1)]

    def __init__(self):
        self.had = {}
        try:
            for file in self.FILES:
                self.had[file] = file.read_text(encoding="ascii")
                file.write_text("65536", encoding="ascii")
        except OSError:
            self.close()

    @property
    def enough(self):
        return bool(self.had)

    def close(self):
        # The largest one last: none may be above the next.
        for file in reversed(list(self.had)):
            file.write_text(self.had[file], encoding="ascii")
        self.had = {}


class Node:
    """A running beacon-node.  `there` has what it found: name -> (ms,
    ["address,interface", ...])."""

    def __init__(self, space, name="", number=0, seek="-"):
        self.name = name
        self.there = {}
        self.gone = 0
        self.troubles = []
        self.lines = []
        self._rest = b""
        self.process = subprocess.Popen(
            [*space.prefix, str(node_binary()), name, str(number), seek],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self, timeout=0.0):
        """Take what it says; false: it said nothing within that time."""
        out = self.process.stdout
        if not select.select([out], [], [], timeout)[0]:
            return False
        data = os.read(out.fileno(), 1 << 16)
        if not data:
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line.decode())
        return True

    def _take(self, line):
        kind, _, rest = line.partition(" ")
        self.lines.append(line)
        if kind == "there":
            name, ms, *addresses = rest.split(" ")
            first = self.there.get(name, (int(ms),))[0]
            self.there[name] = (first, addresses)
        elif kind == "gone":
            self.gone += 1
        elif kind == "trouble":
            self.troubles.append(rest)

    def until(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition(self):
            left = end - time.monotonic()
            assert left > 0, "\n".join(self.lines[-40:])
            self.read(left)

    def ready(self):
        self.until(lambda n: "ready" in n.lines)
        return self

    def end(self):
        """Ends it well; what it dropped, by reason."""
        self.process.stdin.close()
        self.until(lambda n: not n.read(60) and n.process.wait(60) == 0)
        return {m[1]: int(m[2]) for m in
                (re.fullmatch(r"dropped (.*): (\d+)", line)
                 for line in self.lines) if m}

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.stdout.close()

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Nodes:
    def __init__(self):
        self.all = []

    def start(self, space, name="", number=0, seek="-"):
        self.all.append(Node(space, name, number, seek))
        return self.all[-1]

    def close(self):
        for node in self.all:
            node.kill()


# ---- forged ----

QUESTION, ANSWER, HERE, BYE = 1, 2, 3, 4


def beacon(kind, run, *, ask=0, nonce=0, number=0, port=0, name=b"",
           version=1, offers=1):
    """As docs/protocol.md, 8 has it."""
    data = b"gdwb" + bytes([version, kind, ask, offers if port else 0]) + run
    data += struct.pack(">QIHB", nonce, number, port, len(name))
    data += name.ljust(64, b"\0") + b"\0" + os.urandom(128)
    return data.ljust(LENGTH, b"\0")


def here(name=b"forged"):
    return beacon(HERE, os.urandom(16), port=4639, name=name)


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def frame(source, data, to=("255.255.255.255", PORT)):
    """As if from there: to everybody on the link, or to one of them."""
    udp = struct.pack(">HHHH", 40000, to[1], 8 + len(data), 0) + data
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 1, 17, 0,
                       socket.inet_aton(source),
                       socket.inet_aton(to[0]))
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return b"\xff" * 6 + b"\2\0\0\0\0\1" + b"\x08\x00" + head + udp


FLOOD = """
import socket, sys, time
sys.path.insert(0, sys.argv[1])
import beacons
rate, seconds = int(sys.argv[2]), float(sys.argv[3])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
frames = [beacons.frame(f"10.93.{100 + i % 100}.{1 + i // 100 % 250}",
                        beacons.here(b"forged")) for i in range(25000)]
print("ready", flush=True)
begin, sent = time.monotonic(), 0
while (now := time.monotonic() - begin) < seconds:
    while sent < now * rate:
        s.send(frames[sent % len(frames)])
        sent += 1
    time.sleep(0.002)
print("sent", sent, flush=True)
"""
