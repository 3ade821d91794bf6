"""What interrupted transfers leave: listed, cleared, and left alone."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

import trees
from interrupted import SIZE, finish, interrupt, part_files, start
from trees import BLOCK

pytestmark = pytest.mark.carriers("tcp", "udp")


@pytest.fixture
def source(work):
    return trees.random_file(work / "data", SIZE)


def partials(device, *arguments, **options):
    return device.run("partials", *arguments, **options)


def test_partials_are_listed_and_cleared(pair, source):
    assert partials(pair.receiver).out == b""
    assert b"Nothing" in partials(pair.receiver, json_events=False).out
    interrupt(pair, source)
    found = [json.loads(line) for line in
             partials(pair.receiver).out.splitlines()]
    assert len(found) == 1
    one = found[0]
    assert one["first"] == "data"
    assert Path(one["dir"]).resolve() == pair.target.resolve()
    assert 5 * BLOCK <= one["bytes"] <= SIZE
    assert one["active"] is False
    assert one["files_total"] == 1
    text = partials(pair.receiver, json_events=False).out.decode()
    assert one["id"][:8] in text
    assert "data" in text

    run = partials(pair.receiver, "--clear", one["id"][:8],
                   json_events=False)
    assert run.process.returncode == 0, run.report()
    assert part_files(pair.target) == []
    assert pair.receiver.journals() == []
    sent, _ = finish(pair, source)
    assert sent["moved"] == SIZE


def test_receiving_mentions_partials(pair, source):
    interrupt(pair, source)
    waiting = pair.wait_recv()
    notice = waiting.wait_event("notice", kind="partials")
    assert notice["count"] == 1
    assert notice["bytes"] >= 5 * BLOCK


def test_partials_in_use_are_not_cleared(pair, source):
    waiting, sending = start(pair, source)
    waiting.wait_bytes(8 * BLOCK)
    run = partials(pair.receiver, "--clear-all", json_events=False)
    assert run.process.returncode == 0, run.report()
    text = partials(pair.receiver, json_events=False).out.decode()
    assert "in use" in text
    sending.expect(0)
    waiting.expect(0)


def test_clearing_what_is_not_there(pair):
    run = partials(pair.receiver, "--clear", "abcdef", json_events=False)
    assert run.process.returncode == 7


def test_clearing_leaves_finished_files_alone(pair, work):
    source = trees.many_files(work / "tree", 400, 16 << 20)
    waiting, sending = start(pair, source, rate="5MB")
    waiting.wait_bytes(8 << 20)
    time.sleep(1.2)
    sending.kill()
    waiting.kill()
    here = [p for p in pair.target.rglob("f*") if p.is_file()]
    assert here
    partials(pair.receiver, "--clear-all", json_events=False)
    assert part_files(pair.target) == []
    for path in here:
        assert path.exists()


def test_clearing_one_leaves_the_other_to_go_on(pair, source, work):
    other = trees.random_file(work / "other", SIZE)
    interrupt(pair, source)
    interrupt(pair, other)
    found = [json.loads(line) for line in
             partials(pair.receiver).out.splitlines()]
    one = next(p for p in found if p["first"] == "data")
    run = partials(pair.receiver, "--clear", one["id"], json_events=False)
    assert run.process.returncode == 0, run.report()
    assert len(part_files(pair.target)) == 1
    sent, _ = finish(pair, other)
    assert 0 < sent["moved"] < SIZE


def test_what_is_in_use_is_shown_with_its_name(pair, source):
    waiting, sending = start(pair, source)
    waiting.wait_bytes(8 * BLOCK)
    found = [json.loads(line) for line in
             partials(pair.receiver).out.splitlines()]
    assert [p["active"] for p in found] == [True]
    assert found[0]["first"] == "data"
    assert found[0]["peer"]
    sending.expect(0)
    waiting.expect(0)


def test_partials_go_after_a_week(pair, source):
    interrupt(pair, source)
    [journal] = pair.receiver.journals()
    then = time.time() - 8 * 24 * 3600
    os.utime(journal, (then, then))
    waiting = pair.wait_recv()
    waiting.wait_event("listening")
    waiting.kill()
    assert part_files(pair.target) == []
    assert pair.receiver.journals() == []


def test_a_week_old_journal_stays_while_its_directory_is_out_of_reach(
        pair, source, work):
    """Receiving into another directory is confined to that."""
    interrupt(pair, source)
    [journal] = pair.receiver.journals()
    then = time.time() - 8 * 24 * 3600
    os.utime(journal, (then, then))
    (work / "elsewhere").mkdir()
    waiting = pair.wait_recv("-v", target=work / "elsewhere")
    waiting.wait_event("listening")
    waiting.kill()
    if "Confined" not in waiting.said():
        pytest.skip("no Landlock")
    assert len(part_files(pair.target)) == 1
    assert pair.receiver.journals() == [journal]
    partials(pair.receiver, "--clear-all", json_events=False)
    assert part_files(pair.target) == []
    assert pair.receiver.journals() == []


@pytest.mark.parametrize("how", ["killed", "interrupted"])
def test_nothing_is_left_of_a_stream_that_was_lost(pair, how):
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, "-", hold_stdin=True)
    sending.process.stdin.write(bytes(5 * BLOCK))
    sending.process.stdin.flush()
    waiting.wait_bytes(4 * BLOCK)
    if how == "killed":
        sending.kill()
        waiting.expect(8)
    else:
        waiting.signal(signal.SIGINT)
        waiting.expect(130)
    assert os.listdir(pair.target) == []
    assert pair.receiver.journals() == []
    assert "go on from here" not in waiting.said()


def test_nothing_is_left_of_a_file_that_is_gone(pair, work):
    source = work / "tree"
    trees.random_file(source / "a" / "goes", SIZE)
    trees.random_file(source / "stays", 3 * BLOCK)
    interrupt(pair, source)
    assert len(part_files(pair.target)) == 1
    (source / "a" / "goes").unlink()
    finish(pair, source)
    trees.assert_same(source, pair.target / "tree")
