"""Somebody else works in the target directory while we write there.  A
sender that lies is in tests/sim and tests/fuzz: it needs the keys."""

import os
import threading
import time
from pathlib import Path

import pytest

import trees
from trees import BLOCK

pytestmark = pytest.mark.carriers("tcp", "udp")

CODE = "one-code-for-both-runs"


@pytest.fixture
def outside(work):
    """Where nothing may ever be written."""
    path = work / "outside"
    trees.write(path / "precious", b"precious", 0o600, 10 ** 18)
    os.utime(path, ns=(10 ** 18, 10 ** 18))
    yield path
    assert os.listdir(path) == ["precious"]
    assert (path / "precious").read_bytes() == b"precious"
    assert (path / "precious").stat().st_mtime_ns == 10 ** 18
    assert path.stat().st_mtime_ns == 10 ** 18


def move(pair, *paths, recv=(), statuses=(0, 6)):
    waiting = pair.wait_recv(*recv)
    sending = pair.send_to(waiting, *paths)
    status = sending.wait()
    assert status in statuses, sending.report()
    assert waiting.wait() == status, waiting.report()
    return sending, waiting


@pytest.mark.parametrize("policy", ["rename", "skip", "overwrite", "newer"])
def test_a_link_where_a_directory_shall_be(pair, work, outside, policy):
    trees.write(work / "in" / "precious", b"evil")
    os.symlink(outside, pair.target / "in")
    move(pair, work / "in", recv=["--on-conflict", policy])


@pytest.mark.parametrize("policy", ["rename", "skip", "overwrite", "newer"])
def test_a_link_deeper_in_the_target(pair, work, outside, policy):
    trees.write(work / "in" / "sub" / "precious", b"evil")
    trees.write(work / "in" / "fine", b"fine")
    (pair.target / "in").mkdir()
    os.symlink(outside, pair.target / "in" / "sub")
    move(pair, work / "in", recv=["--on-conflict", policy])
    assert (pair.target / "in" / "fine").read_bytes() == b"fine"


@pytest.mark.parametrize("policy", ["rename", "overwrite", "newer"])
def test_a_link_where_a_file_shall_be(pair, work, outside, policy):
    trees.write(work / "doc", b"evil", None, 15 * 10 ** 17)
    os.symlink(outside / "precious", pair.target / "doc")
    move(pair, work / "doc", recv=["--on-conflict", policy])
    if policy == "overwrite":
        assert not (pair.target / "doc").is_symlink()
        assert (pair.target / "doc").read_bytes() == b"evil"


def test_links_that_come_while_it_is_written(pair, work, outside):
    """Directories turn into links and back, all the time."""
    source = trees.many_files(work / "in", 1200, 6 << 20, per_folder=100)
    stop = threading.Event()

    def plant():
        number = 0
        while not stop.is_set():
            path = pair.target / "in" / f"d{number % 12:04}"
            away = path.with_name("away")
            number += 1
            try:
                path.rename(away)
                os.symlink(outside, path)
                time.sleep(0.001)
                path.unlink()
                away.rename(path)
            except OSError:
                pass

    thread = threading.Thread(target=plant)
    thread.start()
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, "--limit-rate", "3MB", source)
    sending.wait(60)
    waiting.wait(60)
    stop.set()
    thread.join()


def test_a_target_that_is_moved_away(pair, work, outside):
    """What was opened is written to; what has its name now is not."""
    source = trees.many_files(work / "in", 300, 8 << 20)
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, "--limit-rate", "5MB", source)
    waiting.wait_bytes(2 << 20)
    moved = pair.target.with_name("moved away")
    pair.target.rename(moved)
    os.symlink(outside, pair.target)
    sending.expect(0)
    waiting.expect(0)
    trees.assert_same(source, moved / "in")


@pytest.mark.parametrize("what", ["link", "pipe", "link to a link"])
def test_a_partial_file_that_was_replaced(pair, work, outside, what):
    """By what would lead elsewhere, or would block for ever."""
    source = trees.random_file(work / "data", 16 * BLOCK)
    waiting = pair.wait_recv("--code", CODE)
    sending = pair.send_to(waiting, "--limit-rate", "10MB", source)
    waiting.wait_bytes(9 * BLOCK)
    sending.kill()
    waiting.kill()
    part = Path(os.fsdecode(trees.left_overs(pair.target)[0]))
    part.unlink()
    if what == "pipe":
        os.mkfifo(part)
    elif what == "link":
        os.symlink(outside / "precious", part)
    else:
        os.symlink(outside / "precious", pair.target / "between")
        os.symlink("between", part)
    waiting = pair.wait_recv("--code", CODE)
    sending = pair.send_to(waiting, source)
    sending.expect(0)
    waiting.expect(0)
    assert trees.content_hash(pair.target / "data") == \
        trees.content_hash(source)


def test_a_pipe_in_the_way_of_a_file(pair, work):
    """Opening it would block for ever."""
    trees.write(work / "doc", b"doc")
    os.mkfifo(pair.target / "doc")
    move(pair, work / "doc", recv=["--on-conflict", "overwrite"])
    move(pair, work / "doc", recv=["--on-conflict", "rename"])


def test_links_in_the_tree_are_made_as_links(pair, work, outside):
    """And never followed, not even when their target is there."""
    (work / "in").mkdir()
    os.symlink(outside, work / "in" / "a")
    os.symlink("../../outside/precious", work / "in" / "b")
    os.symlink("x" * 4000, work / "in" / "long")
    move(pair, work / "in", statuses=(0,))
    trees.assert_same(work / "in", pair.target / "in")


def test_hard_links_never_reach_outside(pair, work, outside):
    """A link is to an entry of this transfer, whatever has its name."""
    trees.write(work / "in" / "precious", b"mine")
    os.link(work / "in" / "precious", work / "in" / "second")
    (pair.target / "in").mkdir()
    os.symlink(outside / "precious", pair.target / "in" / "precious")
    move(pair, work / "in", recv=["--archive"])
    inode = (outside / "precious").stat().st_ino
    for path in (pair.target / "in").iterdir():
        assert path.lstat().st_ino != inode


def test_the_program_is_confined(pair, work):
    """By Landlock where the kernel has it, else it says so."""
    waiting = pair.wait_recv()
    waiting.wait_event("listening")
    lsm = Path("/sys/kernel/security/lsm")
    if lsm.exists() and "landlock" in lsm.read_text():
        assert waiting.status_field("NoNewPrivs") == 1
    warned = [e for e in waiting.events("notice")
              if "Landlock" in (e["text"] or "")]
    assert bool(warned) != bool(waiting.status_field("NoNewPrivs"))


def test_new_files_are_closed_until_they_have_their_name(pair, work):
    """Temporary files are for the owner alone, whatever the final mode."""
    source = trees.random_file(work / "data", 12 * BLOCK)
    os.chmod(source, 0o666)
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, "--limit-rate", "8MB", source)
    waiting.wait_bytes(4 * BLOCK)
    for path in trees.left_overs(pair.target):
        assert os.stat(path).st_mode & 0o077 == 0
    sending.expect(0)
    waiting.expect(0)
    assert (pair.target / "data").stat().st_mode & 0o777 == 0o666


def test_identity_and_journals_are_for_the_owner_alone(pair, work):
    source = trees.random_file(work / "data", 12 * BLOCK)
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, "--limit-rate", "8MB", source)
    waiting.wait_bytes(4 * BLOCK)
    for root in (pair.receiver.data, pair.receiver.state, pair.sender.data):
        for path in (root / "godwit").rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, path
        assert (root / "godwit").stat().st_mode & 0o077 == 0
    sending.expect(0)
    waiting.expect(0)
