"""Disks that are full or closed, sources that change: told to both sides,
and whatever bears a final name is whole."""

import os
import subprocess
import threading
import time

import pytest

import trees
from trees import BLOCK

pytestmark = pytest.mark.carriers("tcp", "udp")

# Root without the right to pass by permissions.
PLAIN = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--") \
    if os.geteuid() == 0 else ()


def failed(run):
    return {e["name"]: e["reason"] for e in run.events("entry")
            if e["status"] == "failed"}


def says(run, error, word):
    last = run.events("error")[-1]
    assert last["error"] == error, run.report()
    assert word in last["reason"], run.report()


def test_too_large_is_known_before(pair, work, small_disk):
    disk = small_disk(8 * BLOCK)
    source = trees.random_file(work / "data", 20 * BLOCK)
    waiting = pair.wait_recv(target=disk)
    sending = pair.send_to(waiting, source)
    waiting.expect(7)
    assert sending.wait() in (1, 6), sending.report()
    says(waiting, "space", "free")
    says(sending, "peer-disk", "free")
    assert os.listdir(disk) == []


def test_holes_need_no_room(pair, work, small_disk):
    disk = small_disk(8 * BLOCK)
    source = work / "holes"
    with open(source, "wb") as file:
        file.truncate(500 * BLOCK)
        file.write(b"some")
    for there in (False, True):  # the second time the name is taken
        waiting = pair.wait_recv(target=disk)
        pair.send_to(waiting, source).expect(0)
        waiting.expect(0)
        assert (disk / "holes (1)").exists() == there


def test_hard_links_need_room_once_with_archive(pair, work, small_disk):
    disk = small_disk(8 * BLOCK)
    source = trees.random_file(work / "in" / "a", 5 * BLOCK).parent
    os.link(source / "a", source / "b")
    waiting = pair.wait_recv(target=disk)
    pair.send_to(waiting, source).wait()
    waiting.expect(7)
    assert os.listdir(disk) == []
    waiting = pair.wait_recv("--archive", target=disk)
    pair.send_to(waiting, source).expect(0)
    waiting.expect(0)


def test_a_file_too_large_for_the_disk_leaves_nothing(pair, work):
    source = work / "in"
    trees.write(source / "holes", b"some")
    os.truncate(source / "holes", 20 * BLOCK)
    waiting = pair.wait_recv(prefix=(
        "bash", "-c", 'trap "" XFSZ; ulimit -f 10240; exec "$@"', "bash"))
    pair.send_to(waiting, source).expect(6)
    waiting.expect(6)
    assert not trees.left_overs(pair.target)


def test_what_is_left_out_needs_no_room(pair, work, small_disk):
    disk = small_disk(8 * BLOCK)
    trees.write(disk / "in" / "large", b"mine")
    source = trees.random_file(work / "in" / "large", 20 * BLOCK).parent
    trees.write(source / "small", b"theirs")
    waiting = pair.wait_recv(target=disk)
    assert pair.send_to(waiting, source).wait() in (1, 6)
    waiting.expect(7)
    says(waiting, "space", "free")
    waiting = pair.wait_recv("--on-conflict", "skip", target=disk)
    pair.send_to(waiting, source).expect(0)
    waiting.expect(0)
    assert (disk / "in" / "small").read_bytes() == b"theirs"


def test_full_in_mid_transfer_and_taken_up_again(pair, work, small_disk):
    disk = small_disk(40 * BLOCK)
    source = trees.many_files(work / "in", 200, 20 * BLOCK)
    trees.random_file(source / "z large", 12 * BLOCK)
    waiting = pair.wait_recv(target=disk)
    sending = pair.send_to(waiting, "--limit-rate", "10MB", source)
    waiting.wait_bytes(4 * BLOCK)
    filler = disk / "filler"
    with open(filler, "wb") as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            pass
    waiting.expect(7)
    reasons = {1: "peer-disk", 6: "some-failed"}  # 6: something had arrived
    status = sending.wait()
    assert status in reasons, sending.report()
    says(waiting, "space", "space")
    says(sending, reasons[status], "space")
    filler.unlink()
    for path in disk.rglob("f*"):
        assert trees.content_hash(path) == trees.content_hash(
            source / path.relative_to(disk / "in"))
    waiting = pair.wait_recv(target=disk)
    sending = pair.send_to(waiting, source)
    sending.expect(0)
    waiting.expect(0)
    trees.assert_same(source, disk / "in")


def test_a_stream_that_becomes_too_large(pair, small_disk):
    disk = small_disk(6 * BLOCK)
    waiting = pair.wait_recv(target=disk)
    sending = pair.send_to(waiting, "-", stdin=os.urandom(12 * BLOCK))
    waiting.expect(7)
    assert sending.wait() in (1, 6)
    says(waiting, "space", "space")
    assert not (disk / "stdin").exists()


def test_attributes_that_are_lost_are_said(pair, work, small_disk):
    """Also: a file system that does not know its own size is no full one."""
    disk = small_disk(0, kind="ramfs")
    trees.write(work / "in" / "marked", b"m")
    trees.random_file(work / "in" / "large", 3 * BLOCK)
    for name in ("marked", "large"):
        try:
            os.setxattr(work / "in" / name, "user.colour", b"red")
        except OSError:
            pytest.skip("no user.* attributes on this file system")
    waiting = pair.wait_recv("--archive", target=disk)
    pair.send_to(waiting, work / "in").expect(0)
    waiting.expect(0)
    trees.assert_same(work / "in", disk / "in")
    notices = [n for n in waiting.events("notice") if n["kind"] == "xattrs"]
    assert [n["count"] for n in notices] == [2]


def test_no_inode_left(pair, work, small_disk):
    disk = small_disk(64 * BLOCK, "nr_inodes=60")
    source = trees.many_files(work / "in", 200, 1 << 20)
    waiting = pair.wait_recv(target=disk)
    sending = pair.send_to(waiting, source)
    waiting.expect(7)
    assert sending.wait() in (1, 6)


def test_a_read_only_target(pair, work, small_disk):
    disk = small_disk(8 * BLOCK, "ro")
    trees.write(work / "note", b"note")
    run = pair.receiver.start("recv", "--yes", "--once", "--listen",
                              "127.0.0.1", "-o", disk)
    if run.process.poll() is None:
        try:
            pair.send_to(run, work / "note").wait()
        except AssertionError:
            pass
    run.expect(7)


# ---- permissions

def test_an_unreadable_source_fails_alone(pair, work):
    trees.write(work / "in" / "a", b"a")
    trees.write(work / "in" / "closed", b"secret", 0)
    trees.write(work / "in" / "closed dir" / "inside", b"i")
    trees.write(work / "in" / "z", b"z")
    os.chmod(work / "in" / "closed dir", 0)
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, work / "in", prefix=PLAIN)
    sending.expect(6)
    waiting.expect(6)
    assert (pair.target / "in" / "a").read_bytes() == b"a"
    assert (pair.target / "in" / "z").read_bytes() == b"z"
    assert not (pair.target / "in" / "closed").exists()
    assert "in/closed" in failed(sending)
    assert "ermission" in failed(sending)["in/closed"]
    assert trees.left_overs(pair.target) == []


def test_an_unreadable_path_keeps_it_from_starting(pair, work):
    trees.write(work / "closed", b"secret", 0)
    waiting = pair.wait_recv()
    pair.send_to(waiting, work / "closed", prefix=PLAIN).expect(7)
    assert waiting.alive()


def test_an_unwritable_target(pair, work):
    os.chmod(pair.target, 0o555)
    trees.write(work / "note", b"note")
    run = pair.receiver.start("recv", "--yes", "--once", "--listen",
                              "127.0.0.1", "-o", pair.target, prefix=PLAIN)
    try:
        pair.send_to(run, work / "note").wait()
    except AssertionError:
        pass  # it may say so before it waits
    assert run.wait() in (6, 7), run.report()
    assert os.listdir(pair.target) == []


def test_a_closed_directory_in_the_target_fails_alone(pair, work):
    trees.write(work / "in" / "closed" / "file", b"1")
    trees.write(work / "in" / "open" / "file", b"2")
    (pair.target / "in" / "closed").mkdir(parents=True)
    os.chmod(pair.target / "in" / "closed", 0o555)
    waiting = pair.wait_recv(prefix=PLAIN)
    sending = pair.send_to(waiting, work / "in")
    sending.expect(6)
    waiting.expect(6)
    assert (pair.target / "in" / "open" / "file").read_bytes() == b"2"
    for run in (sending, waiting):
        assert list(failed(run)) == ["in/closed/file"], run.report()


def test_journals_that_cannot_be_written(pair, work):
    trees.write(work / "note", b"note")
    os.chmod(pair.receiver.state, 0o500)
    run = pair.receiver.start("recv", "--yes", "--once", "--listen",
                              "127.0.0.1", "-o", pair.target, prefix=PLAIN)
    run.expect(7)
    os.chmod(pair.receiver.state, 0o700)


# ---- sources that do not hold still

def grow(path):
    with open(path, "ab") as file:
        file.write(b"more")


def rewrite(path):
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size - 5)
        file.write(b"other")


CHANGES = {
    "grows": grow,
    "is rewritten": rewrite,
    "shrinks": lambda p: os.truncate(p, 100),
    "vanishes": lambda p: p.unlink(),
    "becomes another": lambda p: (
        p.rename(p.with_name("was")), p.write_bytes(b"x" * 100)),
    "becomes a directory": lambda p: (p.unlink(), p.mkdir()),
    "becomes a link": lambda p: (p.unlink(), p.symlink_to("/etc/passwd")),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_source_that_changes_before_its_turn(pair, work, how):
    """Listed, and then changed before it is read."""
    # What is read ahead of the network does not count as its turn.
    trees.random_file(work / "in" / "a large", 30 * BLOCK)
    trees.random_file(work / "in" / "m", 300000)
    trees.write(work / "in" / "z", b"z")
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, "--limit-rate", "12MB", work / "in")
    waiting.wait_bytes(BLOCK)
    CHANGES[how](work / "in" / "m")
    sending.expect(6)
    waiting.expect(6)
    for run in (sending, waiting):
        assert list(failed(run)) == ["in/m"], run.report()
        assert failed(run)["in/m"]
    assert not (pair.target / "in" / "m").exists()
    assert (pair.target / "in" / "z").read_bytes() == b"z"
    assert trees.content_hash(pair.target / "in" / "a large") == \
        trees.content_hash(work / "in" / "a large")
    assert trees.left_overs(pair.target) == []


@pytest.mark.parametrize("how", ["grows", "is rewritten", "shrinks"])
def test_a_source_that_changes_while_it_is_sent(pair, work, how):
    source = trees.random_file(work / "in" / "m", 40 * BLOCK)
    trees.write(work / "in" / "z", b"z")
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, "--limit-rate", "16MB", work / "in")
    waiting.wait_bytes(2 * BLOCK)
    CHANGES[how](source)
    sending.expect(6)
    waiting.expect(6)
    for run in (sending, waiting):
        assert list(failed(run)) == ["in/m"], run.report()
    assert sorted(os.listdir(pair.target / "in")) == ["z"]


def test_all_entries_failed_is_6_too(pair, work):
    source = trees.random_file(work / "only", 40 * BLOCK)
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, "--limit-rate", "16MB", source)
    waiting.wait_bytes(2 * BLOCK)
    grow(source)
    sending.expect(6)
    waiting.expect(6)
    assert os.listdir(pair.target) == []


def test_a_tree_that_never_holds_still(pair, work):
    """Files come, go and change all the time: what arrives is right, what
    does not is named, and both sides agree."""
    source = trees.many_files(work / "in", 400, 12 << 20)
    stop = threading.Event()

    def disturb():
        number = 0
        names = sorted(p for p in source.rglob("f*"))
        while not stop.is_set():
            victim = names[number * 37 % len(names)]
            number += 1
            if victim.exists():
                if number % 3 == 0:
                    victim.unlink()
                else:
                    grow(victim)
            trees.write(source / "d0000" / f"new{number}", b"new")
            time.sleep(0.002)

    thread = threading.Thread(target=disturb)
    thread.start()
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, "--limit-rate", "8MB", source)
    status = sending.wait()
    stop.set()
    thread.join()
    assert status in (0, 6), sending.report()
    assert waiting.wait() == status
    # What went while the tree was listed has a name on one side only.
    assert failed(waiting).keys() <= failed(sending).keys()
    assert sending.events("complete")[0]["failed"] == \
        waiting.events("complete")[0]["failed"]
    assert trees.left_overs(pair.target) == []
    for path in (pair.target / "in").rglob("f*"):
        if path.is_file():
            assert f"in/{path.relative_to(pair.target / 'in')}" not in \
                failed(waiting)
