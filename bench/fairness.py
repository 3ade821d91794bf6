"""Flows beside one another in one queue: godwit, and the kernel's CUBIC by
iperf3.  What each of them gets, second by second."""

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import far
import goodput
import links
import namespaces
import program
import sides
from goodput import say

SECONDS = 25
SETTLED = 10  # seconds from the last start; what comes then counts
MARGIN = 8    # seconds that a flow goes on beyond the end, so as to be there


class GodwitFlow:
    """One transfer of more than fits; what its receiver says of progress."""

    def __init__(self, place, folder, source, *options):
        self.pair = program.Pair(folder, "udp")
        self.pair.sender.prefix = place.sender
        self.pair.receiver.prefix = place.receiver
        self.receiving = self.pair.wait_recv(listen=place.host)
        self.sending = self.pair.sender.start(
            "send", "--to", self.receiving.address(place.host), "--code",
            self.receiving.code, *options, source)

    def moments(self):
        return [(e["_at"], e["bytes"])
                for e in self.receiving.events("progress")]

    def end(self):
        found = self.moments()
        if not self.sending.alive():
            raise RuntimeError(f"it ended early:{self.sending.report()}")
        return found

    def stop(self):
        self.pair.end()


class CubicFlow:
    """iperf3: what its receiver has counted each half second."""

    def __init__(self, place, port, seconds):
        self.place = place
        self.receiving = subprocess.Popen(
            [*place.receiver, "iperf3", "-s", "-1", "-J", "-i", "0.5", "-p",
             str(port)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True)
        sides.wait_listening(port, self.receiving)
        self.started = time.monotonic()
        self.sending = subprocess.Popen(
            [*place.sender, "iperf3", "-c", place.host, "-p", str(port), "-C",
             "cubic", "-i", "0.5", "-t", str(int(seconds))],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def end(self):
        self.sending.terminate()
        said = json.loads(self.receiving.communicate(timeout=30)[0])
        self.sending.wait()
        total, found = 0, [(self.started, 0)]
        for one in said["intervals"]:
            total += one["sum"]["bytes"]
            found.append((self.started + one["sum"]["end"], total))
        return found

    def stop(self):
        for one in (self.sending, self.receiving):
            one.kill()
            one.wait()


def at(moments, when):
    """Bytes by then, between the two moments that are known."""
    before = (moments[0][0], 0)
    for moment in moments:
        if moment[0] >= when:
            span = moment[0] - before[0]
            part = (when - before[0]) / span if span > 0 else 0
            return before[1] + max(part, 0) * (moment[1] - before[1])
        before = moment
    return before[1]


def mbit(moments, since, until):
    if not moments:
        return 0.0
    return (at(moments, until) - at(moments, since)) * 8 / 1e6 / \
        (until - since)


class Lane:
    """One case: flows that start at their times, on a link of their own."""

    def __init__(self, work, link):
        self.running = []
        self.folder = Path(tempfile.mkdtemp(dir=work.memory))
        self.spaces = namespaces.Emulated(**link.settings)
        self.far = far.Far(self.spaces, self.folder, 60)
        self.source = goodput.source_file(work.memory, 500)

    def start(self, kind, number, seconds):
        place = self.far.place
        if kind == "cubic":
            return CubicFlow(place, 5201 + number, seconds + MARGIN)
        options = ["--background"] if kind == "background" else []
        return GodwitFlow(place, self.folder / f"flow{number}", self.source,
                          *options)

    def run(self, flows):
        """flows: (kind, start in seconds), the first at 0.  Moments of each,
        when the last one started and when all was over, waiting."""
        started = time.monotonic()
        last = max(when for _, when in flows)
        for number, (kind, when) in enumerate(flows):
            time.sleep(max(0, started + when - time.monotonic()))
            self.running.append(
                self.start(kind, number, last + SECONDS - when))
        joined = time.monotonic()
        time.sleep(SETTLED)
        before = self.spaces.counters()
        time.sleep(SECONDS - SETTLED)
        over = time.monotonic()
        queue = goodput.difference(before, self.spaces.counters())["ab"]
        return [flow.end() for flow in self.running], joined, over, queue

    def close(self):
        for flow in self.running:
            flow.stop()
        self.spaces.close()
        shutil.rmtree(self.folder, ignore_errors=True)


# What, the flows by kind and start, and the least share of the link that the
# flows of a kind must get together.
THIRDS = {"godwit": 1 / 3, "cubic": 1 / 3}
CASES = [
    ("godwit beside CUBIC", [("godwit", 0), ("cubic", 0)], THIRDS),
    ("two beside two", [("godwit", 0), ("cubic", 0)] * 2, THIRDS),
    ("CUBIC joins godwit", [("godwit", 0), ("cubic", 10)], THIRDS),
    ("godwit joins CUBIC", [("cubic", 0), ("godwit", 10)], THIRDS),
    ("godwit joins godwit", [("godwit", 0), ("latecomer", 10)],
     {"godwit": 1 / 3, "latecomer": 1 / 3}),
    ("--background beside CUBIC", [("cubic", 0), ("background", 0)],
     {"cubic": 0.85}),
    ("godwit alone", [("godwit", 0)], {}),
]


def judge(flows, shares, least):
    return all(want <= sum(share for (kind, _), share in zip(flows, shares)
                           if kind == of)
               for of, want in least.items())


def one_case(work, what, flows, least):
    lane = Lane(work, links.CLEAN)
    try:
        moments, joined, over, queue = lane.run(flows)
    finally:
        lane.close()
    since = joined + SETTLED
    rates = [mbit(one, since, over) for one in moments]
    # Of the link: of what it carries of payload, about.
    whole = links.CLEAN.rate * 0.94
    shares = [rate / whole for rate in rates]
    wait = queue["waited_nsec"] / max(queue["passed"], 1) / 1e6
    fine = judge(flows, shares, least)
    if len(flows) == 1:
        fine = wait < links.CLEAN.rtt_ms / 2
    says = "as it must" if fine else "NOT as it must"
    names = ", ".join(f"{kind} {rate:.0f} ({share:.0%})" for (kind, _), rate,
                      share in zip(flows, rates, shares))
    say(f"  {what:26} {names}; mean wait in the queue {wait:.0f} ms  {says}")
    return {"flows": flows, "mbit": rates, "shares": shares,
            "mean_wait_ms": wait, "fine": fine}


def bench_fairness(work):
    if why := namespaces.why_not():
        say(f"\nFairness: not here: {why}")
        return {"skipped": why}
    if not shutil.which("iperf3"):
        say("\nFairness: not here: no iperf3 (package iperf3)")
        return {"skipped": "no iperf3"}
    link = links.CLEAN
    say(f"\nFlows in one queue ({link.name}, {link.queue / 1e3:.0f} kB): "
        f"payload Mbit/s and share\nin the seconds {SETTLED} to {SECONDS} "
        "after the last one started; a third each, or\n85 % for CUBIC "
        f"beside --background; alone a mean wait below {link.rtt_ms / 2:.0f} "
        "ms")
    return {what: one_case(work, what, flows, least)
            for what, flows, least in CASES}
