"""`godwit dgram` and plain UDP programs: every combination of buffers,
endings and quirks that are known of them."""

import itertools
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import dgrams
import plain_udp

BUFFERS = [10, 64, 512, 1024, 4096]
KINDS = ["time", "upper", "echo", "prefix"]
REQUESTS = [b"", b"hello", b"hello\0", b"hello\n\0", b"padded".ljust(1024, b"\0")]
AT_ONCE = 8
CTIME = re.compile(rb"[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d \d{4}")


@pytest.fixture
def device(pair):
    return pair.sender


def run_all(function, jobs):
    """What went wrong, of all of them."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [wrong for wrong in pool.map(function, jobs) if wrong]


# ---- godwit asks

def test_every_plain_server_answers(device):
    specs = [{"kind": kind, "buffer": buffer, "ending": ending,
              "family": 4 + 2 * (number % 2)}
             for number, (kind, buffer, ending) in enumerate(
                 itertools.product(KINDS, BUFFERS, plain_udp.ENDINGS))]

    def check(job):
        spec, port, request = job
        host = "127.0.0.1" if spec["family"] == 4 else "[::1]"
        status, out, err = dgrams.quick(
            device, f"{host}:{port}", "-", "--wait", "30s", stdin=request)
        end = plain_udp.ENDINGS[spec["ending"]]
        seen = request[:spec["buffer"]]  # cut silently, by the server
        if spec["kind"] == "time":
            found = CTIME.match(out)
            expected = found and end(found[0], spec["buffer"])
        else:
            expected = end(plain_udp.work(spec["kind"], seen),
                           spec["buffer"])
        if (status, out, err) != (0, expected, ""):
            return f"{spec} {request!r}: {status} {out!r} {err}"
        return None

    with dgrams.PlainServers(*specs) as servers:
        jobs = [(spec, port, request)
                for spec, port in zip(specs, servers.ports)
                for request in REQUESTS]
        assert len(jobs) == 500
        assert run_all(check, jobs) == []


@pytest.mark.parametrize("family", [4, 6])
def test_a_server_that_answers_once_and_goes(device, family):
    host = "127.0.0.1" if family == 4 else "[::1]"
    with dgrams.PlainServers({"once": True, "family": family}) as servers:
        where = f"{host}:{servers.ports[0]}"
        assert dgrams.quick(device, where, "one", "--wait", "30s") == \
            (0, b"one", "")
        status, out, err = dgrams.quick(device, where, "two", "--wait", "30s")
    assert (status, out) == (3, b"")
    assert f"{where}: nobody listens there: port unreachable" in err


def test_a_name_is_tried_at_each_of_its_addresses(device, work, needs_root):
    """One family has no server: what it says leads to the other."""
    (work / "hosts").write_text("127.0.0.1 twin\n::1 twin\n")
    prefix = ("unshare", "-m", "sh", "-c",
              f"mount --bind {work}/hosts /etc/hosts && exec \"$@\"", "sh")
    for family in (4, 6):
        with dgrams.PlainServers({"family": family}) as servers:
            where = f"twin:{servers.ports[0]}"
            assert dgrams.quick(device, where, "x", "--wait", "30s",
                                prefix=prefix) == (0, b"x", "")
        # Nobody at either of them: each has said so.
        run = dgrams.send(device, where, "x", "--wait", "30s", "--json",
                          prefix=prefix)
        run.expect(3)
        assert {e["peer"] for e in run.events("unreachable")} == \
            {"127.0.0.1", "::1"}
        run.wait_said("nobody listens there")


def test_lost_replies_are_counted_and_never_hang(device):
    with dgrams.PlainServers({"lose": 2}) as servers:
        run = dgrams.send(device, f"127.0.0.1:{servers.ports[0]}", "x",
                          "--count", "5", "--interval", "100ms", "--wait",
                          "5s", "--json")
        run.expect(0)
    assert [e["request"] for e in run.events("datagram")] == [3, 4, 5]
    summary = run.events("summary")[0]
    assert (summary["sent"], summary["answered"], summary["lost"]) == (5, 3, 2)
    assert 0 < summary["rtt_min"] <= summary["rtt_median"] <= \
        summary["rtt_max"] < 5
    assert "5 sent, 3 answered, 2 lost" in run.said()
    assert "Round trip: least" in run.said()


def test_no_reply_at_all(device):
    with dgrams.PlainServers({"lose": 100}) as servers:
        where = f"127.0.0.1:{servers.ports[0]}"
        started = time.monotonic()
        status, out, err = dgrams.quick(device, where, "x", "--wait", "300ms")
        assert (status, out) == (1, b"")
        assert f"no answer from {where} within 0.3 s" in err
        assert time.monotonic() - started >= 0.3
        assert dgrams.quick(device, where, "x") == (0, b"", "")
        assert time.monotonic() - started >= 1.3
        assert dgrams.quick(device, where, "x", "--wait", "0") == (0, b"", "")


def test_slow_replies_belong_to_their_requests(device):
    """They come when the next requests are out already."""
    with dgrams.PlainServers({"delay": 0.5}) as servers:
        run = dgrams.send(device, f"127.0.0.1:{servers.ports[0]}", "x",
                          "--count", "4", "--interval", "100ms", "--wait",
                          "30s", "--json")
        run.expect(0)
    replies = run.events("datagram")
    assert sorted(e["request"] for e in replies) == [1, 2, 3, 4]
    assert all(e["rtt"] >= 0.5 for e in replies)
    assert run.events("summary")[0]["lost"] == 0


def test_a_reply_from_another_port_is_shown_and_pointed_out(device):
    with dgrams.PlainServers({"other_port": True}) as servers:
        where = f"127.0.0.1:{servers.ports[0]}"
        status, out, err = dgrams.quick(device, where, "x", "--wait", "30s")
    assert (status, out) == (0, b"x")
    assert re.search(rf"127\.0\.0\.1:\d+ answers, and {where} was asked", err)


def test_all_replies_on_request(device):
    with dgrams.PlainServers({"twice": True}) as servers:
        run = dgrams.send(device, f"127.0.0.1:{servers.ports[0]}", "x",
                          "--all", "--wait", "3s", "--json")
        run.expect(0)
    assert len(run.events("datagram")) == 2
    summary = run.events("summary")[0]
    assert (summary["answered"], summary["replies"]) == (1, 2)


def test_a_server_is_not_there_for_some_of_the_time(device):
    """Errors between answers: told, not the end."""
    with dgrams.PlainServers({"once": True}) as servers:
        run = dgrams.send(device, f"127.0.0.1:{servers.ports[0]}", "x",
                          "--count", "3", "--interval", "50ms", "--wait",
                          "5s", "--json")
        run.expect(0)
    assert len(run.events("datagram")) == 1
    assert len(run.events("unreachable")) == 2
    assert run.events("summary")[0]["errors"] == 2


# ---- godwit answers

ANSWERS = {
    "echo": lambda data: data,
    "upper": lambda data: data.upper(),
    "text:Hello, who is there? ": lambda data: b"Hello, who is there? ",
    "text:": lambda data: b"",
    "exec:cat": lambda data: data,
}
ISO = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\n")


@pytest.mark.parametrize("reply", [*ANSWERS, "time"])
def test_every_plain_client_is_answered(pair, reply):
    listener = dgrams.listen(pair.receiver, "--reply", reply)
    requests = [plain_udp.ENDINGS[ending](text, buffer)
                for text in (b"", b"some words")
                for ending in plain_udp.ENDINGS for buffer in BUFFERS]
    jobs = [{"host": host, "port": listener.at, "data": data,
             "buffer": buffer, "connect": connect}
            for data in sorted(set(requests)) for buffer in BUFFERS
            for host in ("127.0.0.1", "127.0.0.9", "::1")
            for connect in (False, True)]
    if reply.startswith("exec:"):
        jobs = jobs[::8]
    wrong = []
    for job, got in zip(jobs, dgrams.plain_clients(jobs)):
        if reply == "time":
            # The date alone is longer than the smallest buffer.
            fine = not isinstance(got, str) and (
                ISO.fullmatch(got) or len(got) == job["buffer"])
        else:
            fine = got == ANSWERS[reply](job["data"])[:job["buffer"]]
        if not fine:
            wrong.append((job, got))
    assert wrong == []
    listener.signal(15)
    listener.expect(0)
    assert len(listener.events("datagram")) == len(jobs)
    assert len(listener.events("answered")) == len(jobs)
    assert listener.events("unanswered") == []
    shown = sorted(bytes.fromhex(e["hex"])
                   for e in listener.events("datagram"))
    assert shown == sorted(job["data"] for job in jobs)


def test_both_sides_are_godwit(pair):
    """Every size, raw from pipe to pipe."""
    listener = dgrams.listen(pair.receiver, "--reply", "echo")
    sizes = [0, 1, 9, 10, 11, 512, 1472, 1473, 4095, 4096, 9000, 65506, 65507]

    def check(job):
        size, host = job
        data = bytes((i * 31 + size) % 256 for i in range(size))
        status, out, err = dgrams.quick(
            pair.sender, f"{host}:{listener.at}", "-", "--wait", "30s",
            stdin=data)
        return None if (status, out) == (0, data) else (size, status, err)

    assert run_all(check, [(size, host) for size in sizes
                           for host in ("127.0.0.1", "[::1]")]) == []


def test_what_a_listener_writes_into_a_pipe(pair):
    data = bytes(range(256)) * 200
    listener = dgrams.listen(pair.receiver, "--count", "3",
                             json_events=False, content=True)
    for part in (data, b"", b"end"):
        status, _, err = dgrams.quick(
            pair.sender, f"127.0.0.1:{listener.at}", "-", "--wait", "0",
            stdin=part)
        assert (status, err) == (0, "")
    listener.expect(0)
    assert listener.out == data + b"end"


def test_one_byte_more_than_a_datagram_holds(pair):
    for where in ("-", "x" * 65508):
        status, out, err = dgrams.quick(
            pair.sender, "127.0.0.1:9", where, stdin=b"x" * 65508)
        assert (status, out) == (2, b"")
        assert "longer than 65,507 bytes" in err
