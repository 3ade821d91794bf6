"""Interrupted, and taken up again: nothing is sent twice, nothing that does
not fit is kept."""

import os
import time
from pathlib import Path

import pytest

import program
import trees
import wire
from interrupted import (
    CODE, SIZE, finish, interrupt, part_files, start, wait_noted)
from trees import BLOCK

pytestmark = pytest.mark.carriers("tcp", "udp")


@pytest.fixture
def source(work):
    return trees.random_file(work / "data", SIZE)


def test_both_killed_and_started_again(pair, source):
    interrupt(pair, source)
    assert len(part_files(pair.target)) == 1
    assert os.listdir(pair.target) == [part_files(pair.target)[0].name]
    sent, got = finish(pair, source)
    assert trees.content_hash(pair.target / "data") == \
        trees.content_hash(source)
    # What was checkpointed is not sent again.
    assert sent["moved"] <= SIZE - 5 * BLOCK
    assert got["bytes"] == SIZE
    trees.assert_same(source.parent / "data", pair.target / "data")


def test_the_sender_reads_only_what_is_missing(pair, source):
    interrupt(pair, source)
    waiting = pair.wait_recv("--code", CODE)
    sending = pair.send_to(waiting, source)
    os.waitid(os.P_PID, sending.pid, os.WEXITED | os.WNOWAIT)
    read = int(Path(f"/proc/{sending.pid}/io").read_text().split()[1])
    sending.expect(0)
    waiting.expect(0)
    moved = sending.events("complete")[0]["moved"]
    assert 0 < moved < SIZE
    assert read <= moved * 1.01 + 1_000_000, "the rest is start-up"


@pytest.mark.parametrize("victim", ["sender", "receiver"])
def test_one_side_killed_the_other_waits_for_it(pair, source, victim):
    """The side that stays awake goes on by itself within --retry."""
    waiting, sending = start(pair, source, sender=["--retry", "20s"],
                             receiver=["--retry", "20s"])
    waiting.wait_bytes(8 * BLOCK)
    wait_noted(pair, waiting)
    if victim == "sender":
        sending.kill()
        waiting.wait_event("notice", kind="retry")
        sending = pair.send_to(waiting, source)
    else:
        port = waiting.port
        waiting.kill()
        sending.wait_event("notice", kind="retry")
        waiting = pair.wait_recv("--code", CODE,
                                 listen=f"{program.LOOPBACK}:{port}")
    sending.expect(0)
    waiting.expect(0)
    assert trees.content_hash(pair.target / "data") == \
        trees.content_hash(source)
    assert os.listdir(pair.target) == ["data"]


@pytest.fixture
def proxy():
    made = []

    def make(port):
        made.append(wire.Proxy(port))
        return made[-1]
    yield make
    for one in made:
        one.close()


@pytest.mark.carriers("tcp")
def test_a_cut_connection_comes_back_by_itself(pair, source, proxy):
    waiting = pair.wait_recv()
    line = proxy(waiting.port)
    sending = pair.sender.start(
        "send", "--to", f"127.0.0.1:{line.port}", "--code", waiting.code,
        "--limit-rate", "12MB", source)
    for at in (5, 12):
        waiting.wait_bytes(at * BLOCK)
        line.cut()
        time.sleep(0.5)
    sending.expect(0)
    waiting.expect(0)
    assert trees.content_hash(pair.target / "data") == \
        trees.content_hash(source)
    again = [e for e in sending.events("connected") if e["resumed"]]
    assert len(again) == 2
    assert len(sending.events("complete")) == 1
    # A block or two under way may go twice, the file must not.
    assert line.carried < SIZE * 1.9


@pytest.mark.carriers("tcp")
def test_cut_while_it_waits_for_the_sender(pair, source, proxy):
    waiting = pair.wait_send("--limit-rate", "12MB", source)
    line = proxy(waiting.port)
    receiving = pair.receiver.start(
        "recv", waiting.code, "--from", f"127.0.0.1:{line.port}", "-o",
        pair.target)
    receiving.wait_bytes(8 * BLOCK)
    line.cut()
    receiving.expect(0)
    waiting.expect(0)
    assert trees.content_hash(pair.target / "data") == \
        trees.content_hash(source)


@pytest.mark.carriers("tcp")
def test_without_retry_a_cut_ends_8_on_both_sides(pair, source, proxy):
    waiting = pair.wait_recv("--retry", "0")
    line = proxy(waiting.port)
    sending = pair.sender.start(
        "send", "--to", f"127.0.0.1:{line.port}", "--code", waiting.code,
        "--limit-rate", "12MB", "--retry", "0", source)
    waiting.wait_bytes(4 * BLOCK)
    line.cut()
    sending.expect(8, 10)
    waiting.expect(8, 10)
    assert len(part_files(pair.target)) == 1, "kept for the next time"


@pytest.mark.carriers("tcp")
def test_retry_ends_8_when_nobody_comes_back(pair, source, proxy):
    waiting = pair.wait_recv("--retry", "2s")
    line = proxy(waiting.port)
    sending = pair.sender.start(
        "send", "--to", f"127.0.0.1:{line.port}", "--code", waiting.code,
        "--limit-rate", "12MB", "--retry", "2s", source)
    waiting.wait_bytes(4 * BLOCK)
    line.refuse = True
    line.cut()
    sending.expect(8, 10)
    waiting.expect(8, 10)
    assert sending.wait_event("notice", kind="retry")["count"] <= 2000


# ---- many files

def test_finished_files_are_had_not_conflicts(pair, work):
    source = trees.many_files(work / "tree", 600, 20 << 20)
    waiting, sending = start(pair, source, rate="6MB")
    waiting.wait_bytes(9 << 20)
    time.sleep(1.2)
    sending.kill()
    waiting.kill()
    here = {p: p.stat().st_ino for p in pair.target.rglob("*")
            if p.is_file() and not p.name.startswith(".godwit-")}
    assert here, "some files are finished"
    sent, _ = finish(pair, source)
    trees.assert_same(source, pair.target / "tree")
    for path, inode in here.items():
        assert path.stat().st_ino == inode, "taken as it is"
    assert sent["moved"] < 20 << 20


def test_finished_files_that_were_renamed_by_conflict(pair, work):
    """What the policy called "name (1)" is found under that name."""
    source = trees.many_files(work / "tree", 300, 15 << 20)
    for path in source.rglob("f*"):
        if int(path.name[1:]) % 3 == 0:
            trees.write(pair.target / "tree" / path.relative_to(source),
                        b"ours")
    before = sum(1 for p in (pair.target / "tree").rglob("f*"))
    waiting, sending = start(pair, source, rate="5MB")
    waiting.wait_bytes(7 << 20)
    time.sleep(1.2)
    sending.kill()
    waiting.kill()
    finish(pair, source)
    after = [p for p in (pair.target / "tree").rglob("f*") if p.is_file()]
    assert len(after) == 300 + before
    for path in source.rglob("f*"):
        copy = pair.target / "tree" / path.relative_to(source)
        if int(path.name[1:]) % 3 == 0:
            assert copy.read_bytes() == b"ours"
            copy = copy.with_name(path.name + " (1)")
        assert trees.content_hash(copy) == trees.content_hash(path)


# ---- what does not fit is dropped, and said

def dropped(run):
    return [e for e in run.events("notice") if e["kind"] == "dropped"]


def finish_dropped(pair, source):
    waiting = pair.wait_recv("--code", CODE)
    sending = pair.send_to(waiting, source)
    sending.expect(0)
    waiting.expect(0)
    assert trees.content_hash(pair.target / "data") == \
        trees.content_hash(source)
    assert part_files(pair.target) == []
    return sending, waiting


def test_a_source_that_changed_is_sent_anew(pair, source):
    interrupt(pair, source)
    with open(source, "r+b") as file:
        file.write(b"changed")
    sending, waiting = finish_dropped(pair, source)
    assert dropped(waiting)
    assert sending.events("complete")[0]["moved"] == SIZE


def test_a_source_that_was_replaced_with_the_same_size(pair, source):
    interrupt(pair, source)
    times = source.stat()
    trees.random_file(source.with_name("other"), SIZE, seed=2)
    os.rename(source.with_name("other"), source)
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    _, waiting = finish_dropped(pair, source)
    assert dropped(waiting)


def test_small_files_that_were_not_committed_are_not_worth_a_word(pair, work):
    tree = trees.many_files(work / "tree", 2000, 40 << 20)
    waiting, sending = start(pair, tree)
    waiting.wait_bytes(5 * BLOCK)
    waiting.kill()
    sending.kill()
    assert len(part_files(pair.target)) > 1
    waiting = pair.wait_recv("--code", CODE)
    pair.send_to(waiting, tree).expect(0)
    waiting.expect(0)
    assert not dropped(waiting)
    trees.assert_same(tree, pair.target / "tree")
    assert part_files(pair.target) == []


def replace(path):
    path.rename(path.with_name("away"))
    path.write_bytes(bytes(SIZE))
    path.with_name("away").unlink()


def link_twice(path):
    os.link(path, path.parent.parent / "second link")


TAMPER = {
    "replaced": replace,
    "cut": lambda p: os.truncate(p, BLOCK),
    "a link": lambda p: (p.unlink(), os.symlink("/etc/passwd", p)),
    "linked twice": link_twice,
    "a directory": lambda p: (p.unlink(), p.mkdir()),
    "gone": lambda p: p.unlink(),
}


@pytest.mark.parametrize("how", TAMPER)
def test_a_partial_file_that_is_another_is_dropped(pair, source, how):
    interrupt(pair, source)
    passwd = Path("/etc/passwd").read_bytes()
    TAMPER[how](part_files(pair.target)[0])
    waiting = pair.wait_recv("--code", CODE)
    sending = pair.send_to(waiting, source)
    if how == "a directory":
        # Whether that entry fails or finds another way: no wrong content.
        assert sending.wait() in (0, 6)
        waiting.wait()
    else:
        sending.expect(0)
        waiting.expect(0)
        assert dropped(waiting)
    if (pair.target / "data").exists():
        assert trees.content_hash(pair.target / "data") == \
            trees.content_hash(source)
    assert Path("/etc/passwd").read_bytes() == passwd


def spoil(data, at):
    return data[:at] + bytes([data[at] ^ 0xff]) + data[at + 1:]


JOURNAL = {
    "torn": lambda d: d[:-3],
    "a flipped bit at the end": lambda d: spoil(d, len(d) - 5),
    "a flipped bit in the middle": lambda d: spoil(d, len(d) * 2 // 3),
    "a flipped bit in the header": lambda d: spoil(d, 10),
    "empty": lambda d: b"",
    "rubbish": lambda d: b"rubbish" * 100,
    "rubbish behind it": lambda d: d + b"\xff" * 50,
}


@pytest.mark.parametrize("how", JOURNAL)
def test_a_journal_that_was_spoiled(pair, source, how):
    """Nothing that it says is believed unless its record checks."""
    interrupt(pair, source)
    path, = pair.receiver.journals()
    path.write_bytes(JOURNAL[how](path.read_bytes()))
    waiting = pair.wait_recv("--code", CODE)
    sending = pair.send_to(waiting, source)
    sending.expect(0)
    waiting.expect(0)
    assert trees.content_hash(pair.target / "data") == \
        trees.content_hash(source)


def test_content_that_was_spoiled_is_found_by_checksum(pair, source):
    interrupt(pair, source)
    part, = part_files(pair.target)
    with open(part, "r+b") as file:
        file.seek(2 * BLOCK + 5)
        file.write(b"spoiled")
    finish(pair, source, receiver=["--checksum"], sender=["--checksum"])
    assert trees.content_hash(pair.target / "data") == \
        trees.content_hash(source)


def test_another_sender_starts_its_own(pair, source):
    """Partial data belongs to the device that sent it."""
    interrupt(pair, source)
    part, = part_files(pair.target)
    other = pair.device("cedar")
    waiting = pair.wait_recv("--code", CODE)
    sending = other.start("send", "--to", waiting.address(), "--code", CODE,
                          source)
    sending.expect(0)
    waiting.expect(0)
    assert sending.events("complete")[0]["moved"] == SIZE
    assert part.exists(), "that of the first is still there"


# ---- the receiver stays, its sessions do not

def test_a_file_that_was_interrupted_is_not_written_by_the_next(pair, work):
    """Both are entry 0 of their transfers, in the same receiver."""
    source = trees.random_file(work / "data", SIZE)
    other = trees.random_file(work / "other", SIZE - 4 * BLOCK, seed=2)
    waiting = pair.receiver.start("recv", "--yes", "--retry", "0", "--listen",
                                  program.LOOPBACK, "-o", pair.target)

    def send(path, number, *options):
        code = waiting.wait_event("listening", number=number)["code"]
        return pair.sender.start("send", "--to", waiting.address(), "--code",
                                 code, *options, path)

    first = send(source, 1, "--limit-rate", "12MB")
    waiting.wait_bytes(10 * BLOCK)
    wait_noted(pair, waiting)
    first.kill()
    send(other, 2).expect(0)
    again = send(source, 3).expect(0)
    for path in (source, other):
        assert trees.content_hash(pair.target / path.name) == \
            trees.content_hash(path)
    assert again.events("complete")[0]["moved"] <= SIZE - 5 * BLOCK
    assert part_files(pair.target) == []


def test_entries_have_other_numbers_when_the_sender_returns(pair, work):
    """A file came to be meanwhile that sorts before the one half sent."""
    tree = work / "tree"
    trees.random_file(tree / "m.bin", SIZE)
    waiting, sending = start(pair, tree, receiver=["--retry", "60s"])
    waiting.wait_bytes(10 * BLOCK)
    wait_noted(pair, waiting)
    sending.kill()
    waiting.wait_event("notice", kind="retry")
    trees.random_file(tree / "a.bin", SIZE - 4 * BLOCK, seed=2)
    pair.send_to(waiting, tree).expect(0)
    waiting.expect(0)
    trees.assert_same(tree, pair.target / "tree")
    assert part_files(pair.target) == []
