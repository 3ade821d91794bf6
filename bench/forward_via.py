"""Ports through a peer beside the session that carries them, on either
carrier, in one run: `godwit forward --via` and `godwit serve` on a CPU each,
and on the same two CPUs a session of two programs through godwit.h
(bench/wire.c), from memory to memory.  bench/forward_via.c pours it in.

Gbit/s is what arrived.  Through the peer there are four programs on the two
CPUs: whoever sends shares one with the near godwit, whoever receives the other
with the far one.  CPU is seconds a gigabyte of the two godwits alone, and of
the session's two programs; "by CPU" is what the busier of each pair could do
if it had a CPU for itself."""

import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import sides
import known  # of tests/net; sides has put it into the path

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SECONDS = 3
SIZE = 1400
HOST = sides.program.LOOPBACK
NEAR, FAR = ("taskset", "-c", "0"), ("taskset", "-c", "1")
# What is poured in: how it is called, and the session's line beside it.
STREAMS = {"1 connection": 1, "16 connections": 16}
LINES = {"udp": ("godwit, through godwit.h", "godwit.h, datagrams"),
         "tcp": ("godwit.h on tcp", "godwit.h, datagrams, tcp")}


def tool(name):
    build = Path(os.environ["GODWIT_BUILD"]).resolve()
    subprocess.run(["ninja", "-C", build, f"bench/{name}"], check=True,
                   stdout=subprocess.DEVNULL)
    return build / "bench" / name


def cpu_seconds(pid):
    """Of all its threads."""
    return sum(int((one / "schedstat").read_text().split()[0])
               for one in Path(f"/proc/{pid}/task").iterdir()) / 1e9


class Figure:
    """Gbit/s, and seconds of CPU a gigabyte of either side."""

    def __init__(self, gbit, near, far, lost=0):
        self.gbit, self.near, self.far, self.lost = gbit, near, far, lost

    @property
    def by_cpu(self):
        return 8 / max(self.near, self.far)


def session(line):
    text = subprocess.check_output(
        [tool("wire"), str(SECONDS), "1", line + " bytes="], text=True)
    fields = text.splitlines()[1].rsplit(maxsplit=5)
    return Figure(float(fields[1]), float(fields[3]), float(fields[4]))


class Peers:
    """The near and the far godwit, with a rule for each protocol."""

    def __init__(self, folder, carrier):
        self.pair = sides.program.Pair(folder)
        known.introduce(self.pair)
        self.pair.sender.prefix, self.pair.receiver.prefix = NEAR, FAR
        self.target, self.port = self.ports(socket.SOCK_STREAM)
        self.sink, self.entry = self.ports(socket.SOCK_DGRAM)
        listen = f"{HOST}:{sides.program.free_port()}"
        self.far = self.pair.receiver.start(
            "serve", "--listen", listen, "--allow-forward",
            f"tcp:{HOST}:{self.target}", "--allow-forward",
            f"udp:{HOST}:{self.sink}", "--json", json_events=False)
        self.far.wait_event("listening")
        self.near = self.pair.sender.start(
            "forward", f"tcp://{HOST}:{self.port}/{HOST}:{self.target}",
            f"udp://{HOST}:{self.entry}/{HOST}:{self.sink}", "--via",
            f"hall={listen}", "--carrier", carrier, "--json",
            json_events=False)
        self.far.wait_until(
            lambda: len([e for e in self.far.events("peer")
                         if "forwards" in e["text"]]) == 2, "both rules")
        time.sleep(0.2)

    @staticmethod
    def ports(kind):
        with socket.socket(socket.AF_INET, kind) as one, \
                socket.socket(socket.AF_INET, kind) as other:
            one.bind((HOST, 0))
            other.bind((HOST, 0))
            return one.getsockname()[1], other.getsockname()[1]

    def pour(self, *words):
        """What bench/forward_via.c says; and what the two godwits took."""
        command = [tool("forward-via"), *map(str, words), str(SECONDS)]
        before = [cpu_seconds(run.pid) for run in (self.near, self.far)]
        out = subprocess.check_output(command, text=True).split()
        used = [cpu_seconds(run.pid) - was for run, was in
                zip((self.near, self.far), before)]
        count = int(out[0])
        return Figure(count * 8 / float(out[1]) / 1e9,
                      *(one / count * 1e9 for one in used),
                      *map(float, out[2:]))

    def streams(self, count):
        return self.pour("tcp", self.port, self.target, count)

    def datagrams(self):
        return self.pour("udp", self.entry, self.sink, SIZE)

    def close(self):
        self.pair.end()


def one_round(peers, carrier):
    stream, datagrams = LINES[carrier]
    return {"its session": session(stream),
            **{name: peers.streams(count) for name, count in STREAMS.items()},
            "its session, datagrams": session(datagrams),
            "datagrams": peers.datagrams()}


def summary(figures):
    return Figure(*(statistics.median(getattr(one, what) for one in figures)
                    for what in ("gbit", "near", "far", "lost")))


def show(carrier, rounds):
    print(f"\nThrough a peer, carrier {carrier}; medians of {RUNS}\n"
          f"  {'':24} {'Gbit/s':>8} {'ratio':>6} {'CPU s/GB, near/far':>20} "
          f"{'by CPU':>7}", flush=True)
    found = {name: summary([one[name] for one in rounds])
             for name in rounds[0]}
    own = None
    for name, one in found.items():
        if name.startswith("its session"):
            own, ratios = one, ("", "")
        else:
            ratios = (f"{one.gbit / own.gbit:.2f}",
                      f"{one.by_cpu / own.by_cpu:.2f}")
        more = f"   {one.gbit * 1e6 / 8 / SIZE:,.0f} thousand a second" \
            if "datagrams" in name else ""
        if one.lost > 0:
            more += f", {one.lost:.1%} lost"
        print(f"  {name:24} {one.gbit:8.2f} {ratios[0]:>6} "
              f"{one.near:12.3f} {one.far:7.3f} {ratios[1]:>7}{more}",
              flush=True)
    return {name: [vars(one[name]) for one in rounds] for name in found}


def bench_forward_via(_):
    results = {}
    for carrier in LINES:
        folder = Path(tempfile.mkdtemp(prefix="godwit-bench-"))
        peers = None
        try:
            peers = Peers(folder, carrier)
            results[carrier] = show(
                carrier, [one_round(peers, carrier) for _ in range(RUNS)])
        finally:
            if peers is not None:
                peers.close()
            shutil.rmtree(folder)
    return results
