"""--classic against plain programs, independent ones in Python and in C: every
buffer size, segmentation and quirk of them, many at once."""

import itertools
import os
import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import plain
import trees
from program import LOOPBACK, Failure

BUFFERS = (16, 64, 1024, 4096)
MIB = 1 << 20
AT_ONCE = 24


def contents(folder):
    """Names of whole files, and of nothing else that should be there."""
    return sorted(os.listdir(folder))


def at_once(function, cases):
    """function(*case) for each case, many at a time; the failures are told
    together."""
    failures = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = {pool.submit(function, *case): case for case in cases}
        for job, case in jobs.items():
            try:
                job.result()
            except (AssertionError, OSError, Failure) as error:
                failures.append(f"{case}: {error}")
    assert not failures, f"{len(failures)} of {len(cases)}:\n" + "\n".join(
        failures[:5])


# ---- plain senders of every kind

SENDERS = {"python": plain.send_python, "c": plain.send_c}
SENDER_QUIRKS = [(), ("padded",), ("newline",), ("slow",), ("half",),
                 ("one",), ("padded", "slow")]
SENDER_SIZES = (0, 1, 5000, 300_000)


def sender_cases():
    for language, buffer, quirks, size in itertools.product(
            SENDERS, BUFFERS, SENDER_QUIRKS, SENDER_SIZES):
        if language == "c" and ("half" in quirks or "one" in quirks):
            continue
        if "slow" in quirks and size / buffer > 100:
            size = buffer * 100
        yield language, buffer, quirks, size


def test_plain_senders_of_every_kind(serve_plain, pair, work):
    run = serve_plain()
    cases = [(number, *case) for number, case in enumerate(sender_cases())]
    assert len(cases) > 150
    out = work / "out"
    out.mkdir()

    def one(number, language, buffer, quirks, size):
        # Short enough for the smallest buffer; spaces and umlauts are names.
        source = trees.random_file(out / f"{number} ä.b", size)
        SENDERS[language](run.port, source, buffer, *quirks)
    at_once(one, cases)
    run.wait_event("complete", number=len(cases))
    assert contents(pair.target) == contents(out)
    for source in out.iterdir():
        assert (pair.target / source.name).read_bytes() == \
            source.read_bytes(), source
    assert not run.events("error"), run.report()


# ---- plain receivers of every kind

RECEIVER_QUIRKS = [(), ("split",), ("newline",), ("padded",), ("open",),
                   ("slow",), ("split", "open"), ("small",)]
RECEIVER_SIZES = (0, 1, 5000, MIB)


def receiver_cases():
    for language, buffer, quirks, size in itertools.product(
            ("python", "c"), BUFFERS, RECEIVER_QUIRKS, RECEIVER_SIZES):
        if language == "c" and "small" in quirks:
            continue
        if "slow" in quirks and size / buffer > 100:
            size = buffer * 100
        if size / buffer > 20_000:
            size = buffer * 20_000
        yield language, buffer, quirks, size


def test_plain_receivers_of_every_kind(send_plain, work):
    cases = [(number, *case) for number, case in enumerate(receiver_cases())]
    assert len(cases) > 150
    (work / "out").mkdir()
    (work / "in").mkdir()

    def one(number, language, buffer, quirks, size):
        source = trees.random_file(work / "out" / f"{number}.bin", size)
        there = plain.CReceiver(buffer, *quirks, folder=work / "in") \
            if language == "c" else plain.PythonReceiver(buffer, *quirks)
        try:
            run = send_plain(there.port, source)
            run.expect(0)
        finally:
            there.finish()
        assert there.name == os.fsencode(source.name)
        assert not there.early
        assert there.ended == "end"
        assert there.content == source.read_bytes()
        assert run.events("complete")[0]["bytes"] == size
    at_once(one, cases)


def test_godwit_to_godwit(serve_plain, send_plain, pair, work):
    run = serve_plain()
    sources = [trees.random_file(work / f"{size}", size)
               for size in (0, 1, MIB, 64 * MIB)]

    def one(source):
        send_plain(run.port, source).expect(0)
    at_once(one, [(source,) for source in sources])
    run.wait_event("complete", number=len(sources))
    for source in sources:
        assert (pair.target / source.name).read_bytes() == source.read_bytes()


# ---- odd senders, one receiver that lives through all of them

ODD_NAMES = {
    b"../x": b"x",
    b"/etc/x": b"x",
    b"a/b/../../x": b"x",
    b"C:\\Users\\me\\x": b"x",
    b"x\0\0\0": b"x",
    b"x\r\n": b"x",
    b"\x1b[2Jx": b"\x1b[2Jx",
    b"\xff\xfe": b"\xff\xfe",
    b".hidden": b".hidden",
    b"x" * 255: b"x" * 255,
    b"padded".ljust(4096, b"\0"): b"padded",
}
NO_NAMES = [b"..", b".", b"/", b"a/", b"\0", b"\n", b"x" * 256, b"a\nb",
            b"a\0b", b"x" * 5000, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            bytes.fromhex("16030102000100fc0303") + bytes(range(200))]


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda n: ascii(n)[2:14])
def test_a_name_stays_in_the_directory(serve_plain, pair, work, name):
    run = serve_plain()
    connection = plain.greet(run.port, name)
    connection.sendall(b"content")
    connection.close()
    run.wait_event("complete")
    assert os.listdir(os.fsencode(pair.target)) == [ODD_NAMES[name]]
    assert not (work / "x").exists()
    assert b"\x1b" not in run.err
    told = run.events("entry")[0]
    if b"\xff" in name:
        assert told["final_name_hex"] == ODD_NAMES[name].hex()


def test_what_is_no_name_gets_no_word(serve_plain, pair):
    run = serve_plain()

    def one(name):
        with plain.connect(run.port) as connection:
            try:
                connection.sendall(name)
                assert connection.recv(16) == b""
            except ConnectionError:
                pass  # closed with some of it unread
    at_once(one, [(name,) for name in NO_NAMES])
    run.wait_event("notice", kind="stranger", number=len(NO_NAMES))
    assert contents(pair.target) == []
    plain.greet(run.port, b"good").close()
    run.wait_event("complete")


def test_a_name_in_pieces_is_one_name(serve_plain, pair):
    run = serve_plain()
    with plain.connect(run.port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"in pieces":
            connection.sendall(bytes([byte]))
        assert connection.recv(16) == b"ok"
    run.wait_event("complete")
    assert contents(pair.target) == ["in pieces"]


def test_resets_and_stalls_keep_nothing_and_disturb_nobody(serve_plain, pair,
                                                           work):
    run = serve_plain("--timeout", "2s")
    good = trees.random_file(work / "good", 300_000)

    def stall(number):
        connection = plain.connect(run.port)
        if number % 3:
            connection.sendall(b"stall")
        if number % 3 == 2:
            assert connection.recv(16) == b"ok"
            connection.sendall(b"some content")
        try:
            while connection.recv(1024):
                pass
        except ConnectionResetError:
            assert number % 3  # what was not whole ends by RST
        connection.close()

    def cut(number):
        connection = plain.greet(run.port, b"cut")
        connection.sendall(bytes(number * 10_000))
        plain.reset(connection)

    cases = [(stall, n) for n in range(9)] + [(cut, n) for n in range(30)] + \
        [(lambda n: plain.send_python(run.port, good, 1024), n)
         for n in range(20)]
    random.Random(5).shuffle(cases)
    started = time.monotonic()
    at_once(lambda function, n: function(n), cases)
    assert time.monotonic() - started < 50
    run.wait_event("complete", number=20)
    run.wait_event("error", error="lost", number=30)
    run.wait_event("error", error="stalled", number=6)
    assert len(contents(pair.target)) == 20
    for name in contents(pair.target):
        assert (pair.target / name).read_bytes() == good.read_bytes()


def test_hundreds_that_say_nothing_keep_nobody_out(serve_plain, pair):
    run = serve_plain()
    idle = [plain.connect(run.port) for _ in range(400)]
    for number in range(5):
        connection = plain.greet(run.port, b"quick %d" % number)
        connection.sendall(b"content")
        connection.close()
    run.wait_event("complete", number=5, timeout=20)
    for connection in idle:
        connection.close()
    assert len(contents(pair.target)) == 5


def test_a_file_shows_only_when_it_is_whole(serve_plain, pair):
    run = serve_plain()
    connection = plain.greet(run.port, b"name")
    connection.sendall(bytes(MIB))
    run.wait_bytes(MIB)
    hidden, = contents(pair.target)
    assert hidden.startswith(".godwit-") and hidden.endswith(".part")
    connection.close()
    run.wait_event("complete")
    assert contents(pair.target) == ["name"]


def test_keep_partial_keeps_what_came(serve_plain, pair):
    run = serve_plain("--keep-partial")
    for number in range(2):
        connection = plain.greet(run.port, b"name.bin")
        connection.sendall(b"part %d" % number)
        time.sleep(0.1)
        plain.reset(connection)
        event = run.wait_event("entry", number=number + 1)
        assert event["status"] == "failed"
    assert contents(pair.target) == ["name.bin (1).partial",
                                     "name.bin.partial"]
    assert (pair.target / "name.bin.partial").read_bytes() == b"part 0"


@pytest.mark.parametrize("how, kept, ours", [
    ("rename", ["name (1).bin", "name.bin"], b"ours"),
    ("skip", ["name.bin"], b"ours"),
    ("overwrite", ["name.bin"], b"theirs"),
])
def test_a_taken_name(serve_plain, pair, how, kept, ours):
    (pair.target / "name.bin").write_bytes(b"ours")
    run = serve_plain("--on-conflict", how)
    with plain.connect(run.port) as connection:
        connection.sendall(b"name.bin")
        assert connection.recv(16) == (b"" if how == "skip" else b"ok")
        if how != "skip":
            connection.sendall(b"theirs")
    run.wait_event("complete")
    assert contents(pair.target) == kept
    assert (pair.target / "name.bin").read_bytes() == ours


def test_many_of_one_name_are_all_kept(serve_plain, pair, work):
    run = serve_plain()
    source = trees.random_file(work / "same", 100_000)
    at_once(lambda _: plain.send_python(run.port, source, 4096),
            [(n,) for n in range(60)])
    run.wait_event("complete", number=60)
    assert len(contents(pair.target)) == 60
    for name in contents(pair.target):
        assert (pair.target / name).read_bytes() == source.read_bytes()


def test_max_size_is_the_last_that_is_taken(serve_plain, pair, work):
    run = serve_plain("--max-size", "100kB")
    plain.send_python(run.port, trees.random_file(work / "fits", 100_000),
                      4096)
    run.wait_event("complete")
    connection = plain.greet(run.port, b"too large")
    with pytest.raises(ConnectionError):
        for _ in range(1000):
            connection.sendall(bytes(10_000))
            time.sleep(0.001)
    connection.close()
    run.wait_event("error", error="limit")
    assert contents(pair.target) == ["fits"]


def test_other_words(serve_plain, send_plain, pair, work):
    run = serve_plain("--reply", "filename received")
    source = trees.random_file(work / "f", 1000)
    send_plain(run.port, source, "--reply", "filename received").expect(0)
    run.wait_event("complete")
    failing = send_plain(run.port, source)
    failing.expect(1)
    assert '"filename received"' in failing.said()
    assert "--reply" in failing.said()
    assert contents(pair.target) == ["f"]


def test_no_reply(send_plain, work):
    source = trees.random_file(work / "f", 100_000)
    with socket.create_server((LOOPBACK, 0)) as server:
        run = send_plain(server.getsockname()[1], source, "--no-reply")
        connection, _ = server.accept()
        assert connection.recv(1024) == b"f"
        since = time.monotonic()
        data = connection.recv(1)
        assert time.monotonic() - since > 0.1
        while piece := connection.recv(65536):
            data += piece
        connection.close()
    run.expect(0)
    assert data == source.read_bytes()
