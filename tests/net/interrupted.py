"""Transfers that are interrupted half-way, for the tests that go on."""

import os
import time
from pathlib import Path

import trees
from trees import BLOCK

CODE = "one-code-for-both-runs"
SIZE = 24 * BLOCK


def start(pair, source, *, sender=(), receiver=(), rate="12MB"):
    """Both sides, slowly; enough has moved to be worth keeping."""
    waiting = pair.wait_recv("--code", CODE, *receiver)
    sending = pair.send_to(waiting, "--limit-rate", rate, *sender, source)
    return waiting, sending


def part_files(target):
    return [Path(os.fsdecode(p)) for p in trees.left_overs(target)]


def interrupt(pair, source, at=10 * BLOCK, **options):
    """A transfer of which both sides were killed after some bytes; gives
    how many are on disk."""
    waiting, sending = start(pair, source, **options)
    waiting.wait_bytes(at)
    # One checkpoint, at least: it is made about once a second.
    time.sleep(0.3)
    sending.kill()
    waiting.kill()
    return sum(p.stat().st_blocks * 512 for p in part_files(pair.target))


def finish(pair, source, *, sender=(), receiver=()):
    waiting = pair.wait_recv("--code", CODE, *receiver)
    sending = pair.send_to(waiting, *sender, source)
    sending.expect(0)
    waiting.expect(0)
    assert part_files(pair.target) == []
    assert pair.receiver.journals() == []
    return sending.events("complete")[0], waiting.events("complete")[0]
