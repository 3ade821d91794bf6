"""Two network namespaces, joined by veth or by the link emulator.

All that is made bears the number of this process in its name and is
removed at its end; what a killed process left is removed by the next.
"""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import program

PREFIX = "gwt"
NETNS = Path("/run/netns")
_count = 0


def why_not():
    """Why namespaces cannot be used here; None when they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "no ip command (package iproute2)"
    name = f"{PREFIX}-{os.getpid()}-try"
    done = subprocess.run(["ip", "netns", "add", name], check=False,
                          capture_output=True, text=True)
    if done.returncode != 0:
        return f"no network namespaces here: {done.stderr.strip()}"
    ip("netns", "del", name)
    return None


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True,
                   text=True)


def sweep():
    """Remove what processes that are gone have left."""
    for path in NETNS.glob(f"{PREFIX}-*"):
        owner = re.match(rf"{PREFIX}-(\d+)-", path.name)
        if owner and not Path(f"/proc/{owner[1]}").exists():
            subprocess.run(["ip", "netns", "del", path.name], check=False,
                           capture_output=True)


class Namespace:
    def __init__(self, suffix):
        self.name = f"{PREFIX}-{os.getpid()}-{suffix}"
        ip("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        # No waiting for duplicate address detection on a link of our own.
        for which in ("all", "default"):
            self.run("sh", "-c", "echo 0 > "
                     f"/proc/sys/net/ipv6/conf/{which}/accept_dad || :")

    @property
    def path(self):
        return str(NETNS / self.name)

    @property
    def prefix(self):
        """In front of a command: it runs in this namespace."""
        return ("nsenter", f"--net={self.path}", "--")

    def ip(self, *arguments):
        ip("-n", self.name, *arguments)

    def run(self, *command):
        return subprocess.run([*self.prefix, *command], check=True,
                              capture_output=True, text=True).stdout

    def link_local(self, device):
        """fe80::...%device"""
        for _ in range(50):
            found = re.search(r"inet6 (fe80::\S+)/", self.run(
                "ip", "-6", "addr", "show", "dev", device, "scope", "link",
                "-tentative"))
            if found:
                return f"{found[1]}%{device}"
            time.sleep(0.1)
        raise RuntimeError(f"no link-local address on {device}")

    def delete(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False,
                       capture_output=True)


class Joined:
    """Two namespaces, a and b, with the device link0 in each: 10.77.0.1 and
    fd77::1 in a, .2 and ::2 in b."""

    device = "link0"
    a4, b4 = "10.77.0.1", "10.77.0.2"
    a6, b6 = "fd77::1", "fd77::2"

    def __init__(self):
        global _count
        _count += 1
        sweep()
        self.a = self.b = None
        try:
            self.a = Namespace(f"{_count}a")
            self.b = Namespace(f"{_count}b")
            self.join()
            self.give_addresses()
        except BaseException:
            self.close()
            raise

    def join(self):
        ip("link", "add", self.device, "netns", self.a.name, "type", "veth",
           "peer", "name", self.device, "netns", self.b.name)

    def give_addresses(self):
        for space, four, six in ((self.a, self.a4, self.a6),
                                 (self.b, self.b4, self.b6)):
            space.ip("addr", "add", f"{four}/24", "dev", self.device)
            space.ip("-6", "addr", "add", f"{six}/64", "dev", self.device,
                     "nodad")
            space.ip("link", "set", self.device, "up")
        # They come a moment after the link, and routes with them.
        for space in (self.a, self.b):
            space.link_local(self.device)

    def introduce(self):
        """Each knows the other's hardware address: the first packets of a
        measurement wait for no ARP."""
        for one, other, four in ((self.a, self.b, self.b4),
                                 (self.b, self.a, self.a4)):
            found = re.search(r"link/ether (\S+)", other.run(
                "ip", "link", "show", "dev", self.device))
            one.ip("neigh", "replace", four, "lladdr", found[1], "dev",
                   self.device)

    def move_a(self, four):
        """a has this IPv4 address, and its old one no more."""
        self.a.ip("addr", "add", f"{four}/24", "dev", self.device)
        self.a.ip("addr", "del", f"{self.a4}/24", "dev", self.device)
        # Secondary addresses of a subnet go with its first one.
        self.a.ip("addr", "replace", f"{four}/24", "dev", self.device)
        self.a4 = four

    def close(self):
        for space in (self.a, self.b):
            if space is not None:
                space.delete()


class Subnets:
    """A machine m on two links: `left` with the hosts one and two, 10.91.1.x
    and fd91:1::x; `right` with the host three, 10.91.2.x and fd91:2::x.  m
    is .1 and, on the left, .11 as well; the hosts are .2 and .3.  m forwards.
    It also has `bare`, which is up and has no IPv4 address, and `idle`, which is down."""

    def __init__(self):
        global _count
        _count += 1
        sweep()
        self.all = []
        try:
            self.m, self.one, self.two, self.three = (
                self.space(name) for name in ("m", "one", "two", "three"))
            self.join()
        except BaseException:
            self.close()
            raise

    def space(self, name):
        self.all.append(Namespace(f"{_count}{name}"))
        return self.all[-1]

    def cable(self, device, host):
        ip("link", "add", device, "netns", self.m.name, "type", "veth",
           "peer", "name", "eth0" if device != "bare" else "bare", "netns",
           host.name)
        self.m.ip("link", "set", device, "up")

    def join(self):
        m = self.m
        m.ip("link", "add", "left", "type", "bridge", "mcast_snooping", "0")
        for device, host in (("to-one", self.one), ("to-two", self.two)):
            self.cable(device, host)
            m.ip("link", "set", device, "master", "left")
            m.run("sh", "-c", "echo 1 > "
                  f"/proc/sys/net/ipv6/conf/{device}/disable_ipv6")
        self.cable("right", self.three)
        self.cable("bare", self.three)
        m.ip("link", "add", "idle", "type", "veth", "peer", "name", "idle2")
        m.ip("addr", "add", "10.91.9.1/24", "dev", "idle")
        m.ip("link", "set", "left", "up")
        for device, net, last in (("left", 1, 1), ("left", 1, 11),
                                  ("right", 2, 1)):
            m.ip("addr", "add", f"10.91.{net}.{last}/24", "dev", device)
            m.ip("-6", "addr", "add", f"fd91:{net}::{last}/64", "dev",
                 device, "nodad")
        for host, net, last in ((self.one, 1, 2), (self.two, 1, 3),
                                (self.three, 2, 2)):
            host.ip("link", "set", "eth0", "up")
            # With a broadcast address as it is configured by most.
            host.ip("addr", "add", f"10.91.{net}.{last}/24", "brd", "+",
                    "dev", "eth0")
            host.ip("-6", "addr", "add", f"fd91:{net}::{last}/64", "dev",
                    "eth0", "nodad")
            host.ip("route", "add", "default", "via", f"10.91.{net}.1")
            host.ip("-6", "route", "add", "default", "via", f"fd91:{net}::1")
        m.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; "
              "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
        for space, device in ((m, "left"), (m, "right"), (self.one, "eth0"),
                              (self.two, "eth0"), (self.three, "eth0")):
            space.link_local(device)

    def close(self):
        for space in self.all:
            space.delete()


def emulator_binary():
    """Of the build; compiled here when the build has none."""
    built = program.binary().parent / "tests" / "net" / "link-emulator"
    if built.exists():
        return built
    here = Path(__file__).parent
    made = Path(f"/tmp/{PREFIX}-link-emulator-{os.getuid()}")
    subprocess.run(
        ["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-pthread", "-o", made,
         *sorted(here.glob("link_*.c"))], check=True)
    return made


class Emulated(Joined):
    """Joined by the link emulator; keywords as its keys, for both
    directions, or with ab_ or ba_ before them for one.  delay_ms, rate_bit
    and the like may name the unit."""

    def __init__(self, **settings):
        self.settings = settings
        self.process = None
        super().__init__()

    @staticmethod
    def words(settings):
        """["both", "loss=0.01", ...]"""
        found = []
        for key, value in settings.items():
            which, key = (key.split("_", 1) if key[:3] in ("ab_", "ba_")
                          else ("both", key))
            key = re.sub(r"_(ms|bit|bytes)$", "", key)
            found += [which, f"{key}={value}"]
        return found

    def join(self):
        self.process = subprocess.Popen(
            [emulator_binary(), self.a.path, self.b.path, self.device,
             *self.words(self.settings)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the link emulator did not start")

    def change(self, **settings):
        """Of the running link, such as change(cut=1) for a cut cable."""
        words = self.words(settings)
        for which, text in zip(words[::2], words[1::2]):
            self.process.stdin.write(f"{which} {text}\n")
            self.process.stdin.flush()
            assert self.process.stdout.readline() == "changed\n"

    def counters(self):
        """Of both directions, by name: frames and bytes until now."""
        self.process.stdin.write("counters\n")
        self.process.stdin.flush()
        return self.read_counters()

    def read_counters(self):
        found = [json.loads(self.process.stdout.readline())
                 for _ in range(2)]
        return {one["direction"]: one for one in found}

    def close(self):
        """Counters of both directions, at the end."""
        counters = {}
        if self.process is not None:
            self.process.stdin.close()
            counters = self.read_counters()
            self.process.wait(10)
            self.process.stdout.close()
            self.process = None
        super().close()
        return counters


class Home(Emulated):
    """The emulated link with a home before it: `inner`, 10.78.0.2, behind a,
    which is its router and hides it.  What comes from outside is let in only
    where something went out."""

    RULES = """
table ip nat {
    chain out {
        type nat hook postrouting priority srcnat
        oifname "link0" masquerade random
    }
    chain in {
        type filter hook forward priority 0
        iifname "link0" ct state new drop
    }
    chain here {
        type filter hook input priority 0
        iifname "link0" ct state new drop
    }
}
"""

    def __init__(self, **settings):
        self.inner = None
        super().__init__(**settings)

    @staticmethod
    def why_not():
        for needed in ("nft", "conntrack"):
            if shutil.which(needed) is None:
                return f"no {needed}"
        return None

    def give_addresses(self):
        super().give_addresses()
        self.inner = Namespace(f"{_count}i")
        ip("link", "add", "out0", "netns", self.inner.name, "type", "veth",
           "peer", "name", "home0", "netns", self.a.name)
        for space, device, four in ((self.inner, "out0", "10.78.0.2"),
                                    (self.a, "home0", "10.78.0.1")):
            space.ip("addr", "add", f"{four}/24", "dev", device)
            # A train is taken apart here: where an address is translated
            # this kernel gets the check sums of its packets wrong.
            space.ip("link", "set", device, "up", "gso_max_segs", "1")
        self.inner.ip("route", "add", "default", "via", "10.78.0.1")
        self.a.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        subprocess.run([*self.a.prefix, "nft", "-f", "-"], check=True,
                       input=self.RULES, text=True)

    def rebind(self):
        """It forgets: from now on inner appears at another port."""
        self.a.run("conntrack", "-F")

    def close(self):
        counters = super().close()
        if self.inner is not None:
            self.inner.delete()
        return counters
