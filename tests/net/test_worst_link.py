"""One transfer over a link with loss and distance that is cut, between a
machine that gets other addresses behind a NAT that forgets, and sides that are
killed: identical in the end."""

import os
import random
import time

import pytest

import links
import program
import restarted
import trees
from trees import BLOCK

SEED = int(os.environ.get("GODWIT_SEED", "1"))

pytestmark = pytest.mark.carriers("udp")


class Ordeal:
    """What befalls a transfer, one kind a method."""

    def __init__(self, sides, spaces, cut_seconds):
        self.sides, self.spaces = sides, spaces
        self.cut_seconds = cut_seconds
        self.addresses = 0

    def cut(self):
        self.spaces.change(cut=1)
        time.sleep(self.cut_seconds)
        self.spaces.change(cut=0)

    def address(self):
        self.addresses += 1
        self.spaces.move_a(f"10.77.0.{10 + self.addresses % 200}")

    def rebind(self):
        self.spaces.rebind()

    def kill_sender(self):
        self.sides.kill("sender")

    def kill_receiver(self):
        self.sides.kill("receiver")

    def kill_both(self):
        self.sides.kill("both")


def bytes_of(run):
    return max((e["bytes"] for e in run.events("progress")[-3:]), default=0)


def move_on(sides, count, timeout=120):
    """Until so much more than now has arrived, or all has."""
    start = bytes_of(sides.waiting)
    try:
        sides.waiting.wait_until(
            lambda: not sides.tend() or
            bytes_of(sides.waiting) >= start + count,
            f"progress by {count} bytes", timeout)
    except program.Failure as why:
        raise program.Failure(f"{why}{sides.sending.report()}") from None


def endure(pair, home, source, kinds, cut_seconds, step):
    """Each of the kinds in a random order, some progress between them."""
    rng = random.Random(SEED)
    print(f"GODWIT_SEED={SEED}")
    rng.shuffle(kinds)
    spaces = home(**links.WORST.settings)
    sides = restarted.Sides(pair, source, host=spaces.b4)
    ordeal = Ordeal(sides, spaces, cut_seconds)
    for number, kind in enumerate(kinds):
        # Sometimes at once: while it connects, or comes back.
        if number == 0 or rng.random() < 0.8:
            move_on(sides, rng.randint(1, step))
        print(number, kind, flush=True)
        assert sides.tend(), f"ended before {kind}" + \
            sides.sending.report() + sides.waiting.report()
        getattr(ordeal, kind)()
    sides.finish(600)
    assert trees.content_hash(pair.target / source.name) == \
        trees.content_hash(source)
    assert trees.left_overs(pair.target) == []
    return sides, spaces


def test_cut_moved_rebound_and_killed(pair, home, work):
    source = trees.random_file(work / "data", 40 * BLOCK)
    kinds = ["cut", "address", "rebind", "kill_sender", "kill_receiver"]
    endure(pair, home, source, kinds, 3, 4 * BLOCK)


def test_a_session_outlives_cuts_and_other_addresses(pair, home, work):
    """No new session: the one that there is goes on."""
    source = trees.random_file(work / "data", 16 * BLOCK)
    sides, _ = endure(pair, home, source, ["cut", "address", "rebind"], 2,
                      3 * BLOCK)
    for run in (sides.sending, sides.waiting):
        assert len(run.events("connected")) == 1, run.report()
        assert not [e for e in run.events("notice") if e["kind"] == "retry"]


@pytest.mark.soak
def test_worst_link_soak(pair, home, work):
    """1 GB, 20 cuts of 5 s."""
    source = trees.random_file(work / "data", 954 * BLOCK)
    kinds = ["cut"] * 20 + ["address"] * 5 + ["rebind"] * 5 + \
        ["kill_sender"] * 3 + ["kill_receiver"] * 3 + ["kill_both"] * 2
    endure(pair, home, source, kinds, 5, 24 * BLOCK)
