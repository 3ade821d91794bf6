"""kill -9 of either side, at any moment, over and over during one transfer:
the tree is right in the end, and at no moment does anything half-written
bear a final name."""

import os
import random
import threading
import time
from pathlib import Path

import pytest

import restarted
import trees
from trees import BLOCK

pytestmark = pytest.mark.carriers("tcp", "udp")

SEED = int(os.environ.get("GODWIT_SEED", "1"))


class Watcher(threading.Thread):
    """Looks all the time whether what bears a final name is whole."""

    def __init__(self, source, target):
        super().__init__(daemon=True)
        self.target = target
        self.expected = {p.relative_to(source): (p.stat().st_size,
                                                 trees.content_hash(p))
                         for p in source.rglob("*") if p.is_file()}
        self.checked = {}
        self.looks = 0
        self.bad = []
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set() and not self.bad:
            self.look()
            time.sleep(0.01)

    def look(self):
        self.looks += 1
        for folder, _, names in os.walk(self.target):
            for name in names:
                if not name.startswith(".godwit-"):
                    self.check(Path(folder) / name)

    def check(self, path):
        st = path.stat()
        if self.checked.get(path) == (st.st_ino, st.st_mtime_ns, st.st_size):
            return
        relative = path.relative_to(self.target)
        if relative not in self.expected:
            self.bad.append(f"{path}: no such name in the source")
        elif (st.st_size, trees.content_hash(path)) != \
                self.expected[relative]:
            self.bad.append(f"{path}: {st.st_size} bytes, not whole")
        self.checked[path] = (st.st_ino, st.st_mtime_ns, st.st_size)

    def end(self):
        self.over.set()
        self.join()
        self.look()
        assert not self.bad, self.bad
        assert len(self.checked) == len(self.expected)


def kill_loop(pair, source, kills, rate, pause):
    rng = random.Random(SEED)
    print(f"GODWIT_SEED={SEED}")
    watcher = Watcher(source.parent, pair.target)
    watcher.start()
    sides = restarted.Sides(pair, source, rate)
    for number in range(kills):
        time.sleep(rng.uniform(*pause))
        assert not watcher.bad, watcher.bad
        assert sides.sending.alive(), \
            f"ended before kill {number}{sides.sending.report()}"
        assert sides.waiting.alive(), \
            f"ended before kill {number}{sides.waiting.report()}"
        sides.kill(rng.choice(["sender", "receiver", "sender", "receiver",
                               "both"]))
    sides.rate = None
    sides.kill("sender")
    sides.sending.expect(0, 120)
    sides.waiting.expect(0, 120)
    watcher.end()
    assert watcher.looks > kills
    trees.assert_same(source.parent, pair.target)
    assert trees.left_overs(pair.target) == []
    assert pair.receiver.journals() == []
    return sides


def test_kill_loop(pair, work):
    source = trees.many_files(work / "source" / "tree", 500, 25 << 20)
    trees.random_file(source / "large", 30 * BLOCK)
    sides = kill_loop(pair, source, 12, "3MB", (0.1, 1.8))
    done = sides.sending.events("complete")[0]
    assert done["moved"] < done["bytes"], "some of it was there already"


@pytest.mark.soak
def test_kill_loop_soak(pair, work):
    source = trees.many_files(work / "source" / "tree", 3000, 300 << 20)
    trees.random_file(source / "large", 200 * BLOCK)
    kill_loop(pair, source, 60, "6MB", (0.05, 2))
