"""Transfers that are interrupted half-way, for the tests that go on."""

import os
import struct
from pathlib import Path

import trees
from trees import BLOCK

CODE = "one-code-for-both-runs"
SIZE = 24 * BLOCK
BLOCKS = 4  # the type of a record


def start(pair, source, *, sender=(), receiver=(), rate="12MB"):
    """Both sides, slowly; enough has moved to be worth keeping."""
    waiting = pair.wait_recv("--code", CODE, *receiver)
    sending = pair.send_to(waiting, "--limit-rate", rate, *sender, source)
    return waiting, sending


def part_files(target):
    return [Path(os.fsdecode(p)) for p in trees.left_overs(target)]


def noted(pair):
    """Blocks that the receiver's journals list (docs/protocol.md 5.1)."""
    total = 0
    for path in pair.receiver.journals():
        data, at = path.read_bytes(), 0
        while at + 4 <= len(data):
            size = int.from_bytes(data[at:at + 4], "big")
            body, at = data[at + 4:at + 4 + size], at + size + 12
            if at <= len(data) and body[0] == BLOCKS:
                ends = struct.unpack(f">{(size - 17) // 8}Q", body[17:])
                total += sum(ends[1::2]) - sum(ends[::2])
    return total


def wait_noted(pair, waiting, blocks=6):
    """A checkpoint is made about once a second."""
    waiting.wait_until(lambda: noted(pair) >= blocks, "checkpoint")


def interrupt(pair, source, at=10 * BLOCK, **options):
    """A transfer of which both sides were killed after some bytes; gives
    how many are on disk."""
    had = noted(pair)
    waiting, sending = start(pair, source, **options)
    waiting.wait_bytes(at)
    wait_noted(pair, waiting, had + 6)
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
