"""The events of --json, member by member, as the man page has them."""

import json

import pytest

import program
import trees
from trees import BLOCK

pytestmark = pytest.mark.carriers("tcp", "udp")

NUMBER = (int, float)
MAYBE = type(None)
EVENTS = {
    "listening": {"name": str, "addresses": list, "port": int, "code": str,
                  "found": bool},
    "connected": {"peer": str, "key": str, "address": str, "carrier": str, "why": str,
                  "cipher": str, "resumed": bool, "device": (str, MAYBE)},
    "offer": {"peer": (str, MAYBE), "files": int, "dirs": int, "others": int,
              "bytes": (int, MAYBE), "names": list},
    "progress": {"bytes": int, "total": (int, MAYBE), "files": int,
                 "files_total": int, "rate": NUMBER,
                 "eta": (*NUMBER, MAYBE), "name": (str, MAYBE),
                 "limiter": str, "stalled": NUMBER},
    "entry": {"name": str, "final_name": (str, MAYBE), "kind": str,
              "bytes": int, "status": str, "reason": (str, MAYBE)},
    "complete": {"bytes": int, "moved": int, "files": int, "failed": int,
                 "skipped": int, "seconds": NUMBER, "status": int},
    "notice": {"kind": str, "text": (str, MAYBE), "count": int,
               "bytes": int},
    "error": {"status": int, "error": str, "reason": str},
}
LIMITERS = {"none", "network", "disk-here", "disk-there", "peer", "user",
            "rate"}


def check(event):
    members = EVENTS[event["event"]]
    for key, kind in members.items():
        assert key in event, (key, event)
        assert isinstance(event[key], kind), (key, event)
    extra = {k for k in event if k not in members and
             not k.endswith("_hex")} - {"event", "_at"}
    assert not extra, event


@pytest.fixture
def runs(pair, work):
    source = trees.rich_tree(work / "tree", big=8 * BLOCK)
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, "--limit-rate", "12MB", source)
    sending.expect(0)
    waiting.expect(0)
    return sending, waiting


def test_every_event_has_its_members(runs):
    for run in runs:
        for event in run.events_seen:
            check(event)


def test_the_order_of_events(runs):
    sending, waiting = runs
    kinds = [e["event"] for e in waiting.events_seen
             if e["event"] in ("listening", "connected", "offer",
                               "complete")]
    assert kinds == ["listening", "connected", "offer", "complete"]
    kinds = [e["event"] for e in sending.events_seen
             if e["event"] in ("connected", "offer", "complete")]
    assert kinds in (["connected", "offer", "complete"],
                     ["offer", "connected", "complete"])


def test_standard_output_has_nothing_but_events(runs):
    for run in runs:
        for line in run.out.splitlines():
            assert json.loads(line)["event"] in EVENTS


def test_what_is_told_of_the_peer(runs, pair, carrier):
    sending, waiting = runs
    for run in runs:
        one = run.events("connected")[0]
        assert len(one["key"]) == 64
        assert one["carrier"] == carrier
        assert one["cipher"] in ("AES-256-GCM", "ChaCha20-Poly1305")
        assert one["resumed"] is False
    assert sending.events("connected")[0]["key"] != \
        waiting.events("connected")[0]["key"]


def test_the_offer_is_what_is_sent(runs):
    for run in runs:
        offer = run.events("offer")[0]
        assert offer["names"] == ["tree"]
        assert offer["files"] == run.events("complete")[0]["files"]
        assert offer["bytes"] == run.events("complete")[0]["bytes"]
        assert offer["others"] == 4, "links"


def test_progress_rises_to_the_end(runs):
    for run in runs:
        seen = run.events("progress")
        assert len(seen) >= 3
        moved = [e["bytes"] for e in seen]
        assert moved == sorted(moved)
        assert all(e["limiter"] in LIMITERS for e in seen)
        assert all(e["bytes"] <= e["total"] for e in seen if e["total"])


def test_each_side_names_the_limit_of_the_receiver(pair, work):
    source = trees.random_file(work / "noise", 4 * BLOCK)
    waiting = pair.wait_recv("--limit-rate", "4MB")
    sending = pair.send_to(waiting, source)
    sending.expect(0)
    waiting.expect(0)
    assert "rate" in {e["limiter"] for e in waiting.events("progress")}
    there = {e["limiter"] for e in sending.events("progress")}
    assert "peer" in there
    assert not there & {"rate", "disk-there"}


def test_each_entry_is_told_once(runs):
    for run in runs:
        names = [e.get("name_hex", e["name"]) for e in run.events("entry")]
        assert len(names) == len(set(names))
        assert {e["status"] for e in run.events("entry")} == {"done"}
        assert "tree/one byte" in names


def test_names_that_are_no_utf8_are_told_in_hex_too(runs):
    name = b"tree/odd/\xff\xfe invalid utf-8"
    for run in runs:
        found = [e for e in run.events("entry")
                 if e.get("name_hex") == name.hex()]
        assert len(found) == 1


def test_final_names_after_a_conflict(pair, work):
    trees.write(pair.target / "doc", b"ours")
    trees.write(work / "doc", b"theirs")
    _, waiting = pair.transfer(work / "doc")
    entry = waiting.events("entry")[0]
    assert entry["name"] == "doc"
    assert entry["final_name"].endswith("doc (1)")


def test_a_stream_has_no_known_size(pair):
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, "-", stdin=b"x" * 100000)
    sending.expect(0)
    waiting.expect(0)
    assert waiting.events("offer")[0]["bytes"] is None
    assert waiting.events("complete")[0]["bytes"] == 100000


def test_an_error_has_status_and_reason(pair, work):
    run = pair.sender.start("send", work / "not there")
    run.expect(7)
    error = run.events("error")[0]
    check(error)
    assert error["status"] == 7
    assert "not there" in error["reason"]


def test_listening_tells_what_to_do(pair):
    waiting = pair.wait_recv()
    event = waiting.wait_event("listening")
    check(event)
    assert event["addresses"] == [program.LOOPBACK]


def test_nobody_reads_the_events(pair, work):
    """A closed pipe at standard output does not end a transfer."""
    source = trees.many_files(work / "in", 500, 4 << 20)
    waiting = pair.wait_recv()
    sending = pair.sender.start(
        "send", "--to", waiting.address(), "--code", waiting.code, source,
        prefix=("sh", "-c", "\"$@\" | :; exit 0", "sh"))
    sending.wait()
    waiting.expect(0)
    trees.assert_same(source, pair.target / "in")
