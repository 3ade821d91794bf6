"""What moves a file over an emulated link, one function a program:
way(bench, source, target) is done when the copy is there, or when its time is
over, and gives what it took.  The waiting side is up before."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import sides
from sides import Watched


class Outcome:
    """Of one run.  seconds: from the start of the connecting side to its end;
    received: bytes that the other side has; done: all of them."""

    def __init__(self, seconds, received, done, sender, receiver):
        self.seconds, self.received, self.done = seconds, received, done
        self.sender_cpu = sum(one.cpu_seconds for one in sender)
        self.receiver_cpu = sum(one.cpu_seconds for one in receiver)
        self.sender_kb = sum(one.peak_kb for one in sender)
        self.receiver_kb = sum(one.peak_kb for one in receiver)
        self.link, self.socket_drops = {}, 0

    @property
    def mbit(self):
        """Payload Mbit/s."""
        return self.received * 8 / 1e6 / self.seconds

    def summary(self):
        return {**vars(self), "mbit": self.mbit}


class Far:
    """Two namespaces and what the programs need there; limit: seconds given
    to each."""

    def __init__(self, spaces, folder, limit):
        self.spaces, self.folder, self.limit = spaces, Path(folder), limit
        for space, address in ((spaces.a, spaces.a4), (spaces.b, spaces.b4)):
            # What Linux has by itself, whatever this machine was told.
            space.ip("route", "change", "10.77.0.0/24", "dev", spaces.device,
                     "proto", "kernel", "scope", "link", "src", address,
                     "congctl", "cubic")
        spaces.introduce()
        self.place = sides.Place(spaces.b4, spaces.a.prefix, spaces.b.prefix)
        self.godwit = sides.Godwit(folder, self.place)

    def sender(self, *command, **options):
        return Watched([*self.place.sender, *command], **options)

    def receiver(self, *command, **options):
        return Watched([*self.place.receiver, *command], **options)

    def outcome(self, sending, receiving, copy, more=((), ())):
        """From the start of the connecting side to its end; both are stopped
        when the time is over."""
        done, seconds = sending.finish(self.limit)
        receiving.finish(10 if done else 0)
        for one in (*more[0], *more[1]):
            one.kill(signal.SIGTERM)
        return Outcome(seconds, arrived(copy.parent), done,
                       [sending, *more[0]], [receiving, *more[1]])


def arrived(target):
    """Bytes of content there, under whatever name."""
    return sum(min(path.stat().st_size, path.stat().st_blocks * 512)
               for path in target.iterdir())


def godwit(*arguments):
    """godwit with these options on both sides."""
    def way(far, source, target):
        receiving = far.godwit.start_recv(target, *arguments)
        sending = far.godwit.start_send([source], *arguments)
        return far.outcome(sending, receiving, target / source.name)
    return way


def iperf3(congestion):
    """The kernel's TCP from memory to memory; what its receiver says."""
    def way(far, source, _):
        receiving = far.receiver("iperf3", "-s", "-1", "-J",
                                 stdout=subprocess.PIPE)
        sides.wait_listening(5201, receiving.process)
        sending = far.sender(
            "iperf3", "-c", far.place.host, "-C", congestion, "-n",
            str(source.stat().st_size), "-J", stdout=subprocess.PIPE)
        # Ended early it reports too, and so does the other side.
        done, seconds = sending.finish(far.limit)
        got = json.loads(receiving.process.stdout.read())["end"]
        receiving.finish(10)
        got = got["sum_received"]
        # Of one that was interrupted its seconds leave out the last ones.
        return Outcome(got["seconds"] if done else seconds, got["bytes"],
                       done, [sending], [receiving])
    return way


def scp(far, source, target):
    with sides.ssh_server(far.folder, far.place) as (server, options):
        sending = far.sender("scp", "-q", "-p", *options, source,
                             f"{far.place.host}:{target}/")
        done, seconds = sending.finish(far.limit)
    return Outcome(seconds, arrived(target), done, [sending], [server])


def srt(far, source, target):
    """srt-file-transmit: it gives the copy the name of the source."""
    receiving = far.receiver("srt-file-transmit", "-q",
                             "srt://:9000?mode=listener",
                             f"file://{target}/any")
    sides.wait_listening(9000, receiving.process, kind="udp")
    sending = far.sender("srt-file-transmit", "-q", f"file://{source}",
                         f"srt://{far.place.host}:9000")
    return far.outcome(sending, receiving, target / source.name)


KCP = ["--key", "bench", "--nocomp", "--mode", "fast3", "--sndwnd", "4096",
       "--rcvwnd", "4096"]


def kcptun(far, source, target):
    """A TCP connection (nc) carried by it, with windows that the fastest
    link needs."""
    copy = target / source.name
    with open(copy, "wb") as out, open(source, "rb") as data:
        receiving = far.receiver("nc", "-l", sides.LOOPBACK, "4001",
                                 stdout=out)
        server = far.receiver("kcptun-server", "-l", ":4000", "-t",
                              f"{sides.LOOPBACK}:4001", *KCP)
        client = far.sender("kcptun-client", "-l", f"{sides.LOOPBACK}:4002",
                            "-r", f"{far.place.host}:4000", *KCP)
        sides.wait_listening(4001, receiving.process)
        sides.wait_listening(4000, server.process, kind="udp")
        sides.wait_listening(4002, client.process)
        sending = far.sender("nc", "-N", sides.LOOPBACK, "4002", stdin=data)
        return far.outcome(sending, receiving, copy, ([client], [server]))


def available(congestion):
    path = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")
    return congestion in path.read_text().split()


def mine():
    """godwit over each carrier; the first is what the wants are for."""
    return {"godwit": godwit("--carrier", "udp"),
            "godwit tcp": godwit("--carrier", "tcp")}


def others():
    """What is here, by name, and a line for each that is not."""
    ways, missing = {}, []
    for congestion in ("cubic", "bbr"):
        name = f"iperf3 {congestion}"
        if not shutil.which("iperf3"):
            missing.append(f"{name}: no iperf3 (package iperf3)")
        elif not available(congestion):
            missing.append(f"{name}: this kernel has no {congestion}")
        else:
            ways[name] = iperf3(congestion)
    for name, program, package, way in (
            ("scp", "scp", "openssh-client", scp),
            ("srt", "srt-file-transmit", "srt-tools", srt),
            ("kcptun", "kcptun-client", "kcptun", kcptun)):
        if shutil.which(program):
            ways[name] = way
        else:
            missing.append(f"{name}: no {program} (package {package})")
    return ways, missing
