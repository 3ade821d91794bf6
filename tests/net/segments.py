"""Segments, each a bridge with hosts of its own, and relays between them, that
do not route.  Segment 1 is 10.92.1.0/24 and fd92:1::/64, and so on."""

import json
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import namespaces
from namespaces import Namespace, ip

HOST = Path(__file__).parent / "relay_host.py"
PATIENCE = 60


class Plain:
    """A plain program of relay_host.py in a namespace; .seen is what it told."""

    def __init__(self, space, kind, **options):
        self.process = subprocess.Popen(
            [*space.prefix, sys.executable, HOST, kind, json.dumps(options)],
            stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()
        if kind not in ("say", "crowd"):
            assert self.next() == {"ready": True}
            self.seen.clear()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def next(self, timeout=PATIENCE):
        """What it tells next; None: nothing within the time, or it ended."""
        try:
            one = self.lines.get(timeout=timeout)
        except queue.Empty:
            return None
        if one is not None:
            self.seen.append(one)
        return one

    def all(self, quiet=1.0):
        """Everything, until it has been quiet so long."""
        while self.next(quiet) is not None:
            pass
        return self.seen

    def close(self):
        self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()


class Segments:
    def __init__(self, count):
        namespaces.sweep()
        namespaces._count += 1
        self.number = namespaces._count
        self.spaces = []
        self.plains = []
        self.ports = 0
        try:
            self.hub = self.space("hub")
            for n in range(1, count + 1):
                self.hub.ip("link", "add", f"seg{n}", "type", "bridge",
                            "mcast_snooping", "0")
                self.hub.ip("link", "set", f"seg{n}", "up")
        except BaseException:
            self.close()
            raise

    def space(self, name):
        made = Namespace(f"{self.number}{name}")
        self.spaces.append(made)
        made.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward; "
                 "echo 0 > /proc/sys/net/ipv6/conf/all/forwarding")
        return made

    def plug(self, space, device, segment, last=None):
        """A cable; with .LAST as address, or none of IPv4."""
        self.ports += 1
        port = f"port{self.ports}"
        ip("link", "add", device, "netns", space.name, "type", "veth",
           "peer", "name", port, "netns", self.hub.name)
        self.hub.run("sh", "-c", "echo 1 > "
                     f"/proc/sys/net/ipv6/conf/{port}/disable_ipv6")
        self.hub.ip("link", "set", port, "master", f"seg{segment}", "up")
        if last is not None:
            space.ip("addr", "add", f"10.92.{segment}.{last}/24", "brd", "+",
                     "dev", device)
            space.ip("-6", "addr", "add", f"fd92:{segment}::{last}/64",
                     "dev", device, "nodad")
        space.ip("link", "set", device, "up")
        space.link_local(device)

    def host(self, segment, last=9, name=None):
        made = self.space(name or f"h{segment}{last}")
        self.plug(made, "eth0", segment, last)
        return made

    def relay(self, name, *segments):
        """A machine with eth0 in the first of these, eth1 in the next ..."""
        made = self.space(name)
        for n, segment in enumerate(segments):
            self.plug(made, f"eth{n}", segment, 100 + ord(name[-1]) % 50)
        return made

    @staticmethod
    def address(space, device):
        return re.search(r"inet (\S+)/", space.run(
            "ip", "addr", "show", "dev", device))[1]

    def listen(self, space, port, device="eth0", **options):
        self.plains.append(Plain(space, "listen", port=port, device=device,
                                 **options))
        return self.plains[-1]

    def sniff(self, space, port, device="eth0"):
        self.plains.append(Plain(space, "sniff", port=port, device=device))
        return self.plains[-1]

    def device(self, space, port, name, device="eth0", **options):
        """Answers godwit's questions."""
        self.plains.append(Plain(space, "device", port=port, name=name,
                                 device=device, **options))
        return self.plains[-1]

    def say(self, space, to, port, data=b"x", device="eth0", **options):
        """Says it, and waits until it has; .next() then are answers."""
        made = Plain(space, "say", to=to, port=port, data=data.hex(),
                     device=device, **options)
        self.plains.append(made)
        said = made.next()
        assert said and "said" in said, said
        made.at = said["port"]
        return made

    def crowd(self, space, to, port, count, device="eth0"):
        """So many ask, each from a port of its own."""
        self.plains.append(Plain(space, "crowd", to=to, port=port,
                                 count=count, device=device))
        assert self.plains[-1].next() == {"said": count}

    def quiet(self):
        """End all plain programs."""
        for one in self.plains:
            one.close()
        self.plains.clear()

    def close(self):
        self.quiet()
        for one in self.spaces:
            one.delete()


def start_relay(device, space, *arguments, **options):
    run = device.start("relay", *arguments, prefix=space.prefix, **options)
    run.wait_event("relaying")
    return run


def counts(run):
    """What it has counted so far: {(rule, interface): row}."""
    before = len(run.events("counts"))
    run.signal(signal.SIGUSR1)
    # The rows of one answer come in one piece.
    run.wait_until(lambda: len(run.events("counts")) > before, "counts")
    time.sleep(0.2)
    return {(e["rule"], e["interface"]): e for e in run.events("counts")}


def counts_at(run, heard, rule=1, interface="eth0"):
    """The same, once so many have been heard there."""
    end = time.monotonic() + PATIENCE
    while (rows := counts(run))[rule, interface]["heard"] < heard:
        assert time.monotonic() < end, rows
    return rows
