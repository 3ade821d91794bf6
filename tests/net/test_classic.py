"""--classic against plain programs, independent ones in Python and in C: every
buffer size, segmentation and quirk of them, many at once."""

import itertools
import os
import random
import signal
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


def free_port():
    with socket.create_server((LOOPBACK, 0)) as s:
        return s.getsockname()[1]


@pytest.fixture
def serve(pair):
    """A receiver of plain senders: serve(*arguments).  One that is ended by
    the test's end must have survived it."""
    made = []

    def start(*arguments, target=None, **options):
        run = pair.receiver.start(
            "recv", "--classic", "--listen", f"{LOOPBACK}:{free_port()}",
            "-o", target or pair.target, *arguments, **options)
        run.wait_event("listening")
        made.append(run)
        return run
    yield start
    for run in made:
        if run.alive():
            run.signal(signal.SIGTERM)
            assert run.wait() in (0, 130), run.report()
        assert run.process.returncode >= 0, run.report()


@pytest.fixture
def send(pair):
    """send(port, path, *arguments): a godwit that sends to a plain one."""
    def start(port, path, *arguments, **options):
        return pair.sender.start("send", "--classic", path, "--to",
                                 f"{LOOPBACK}:{port}", *arguments, **options)
    return start


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


def test_plain_senders_of_every_kind(serve, pair, work):
    run = serve()
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


def test_plain_receivers_of_every_kind(send, work):
    cases = [(number, *case) for number, case in enumerate(receiver_cases())]
    assert len(cases) > 150
    (work / "out").mkdir()
    (work / "in").mkdir()

    def one(number, language, buffer, quirks, size):
        source = trees.random_file(work / "out" / f"{number}.bin", size)
        there = plain.CReceiver(buffer, *quirks, folder=work / "in") \
            if language == "c" else plain.PythonReceiver(buffer, *quirks)
        try:
            run = send(there.port, source)
            run.expect(0)
        finally:
            there.finish()
        assert there.name == os.fsencode(source.name)
        assert not there.early
        assert there.ended == "end"
        assert there.content == source.read_bytes()
        assert run.events("complete")[0]["bytes"] == size
    at_once(one, cases)


def test_godwit_to_godwit(serve, send, pair, work):
    run = serve()
    sources = [trees.random_file(work / f"{size}", size)
               for size in (0, 1, MIB, 64 * MIB)]

    def one(source):
        send(run.port, source).expect(0)
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
def test_a_name_stays_in_the_directory(serve, pair, work, name):
    run = serve()
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


def test_what_is_no_name_gets_no_word(serve, pair):
    run = serve()

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


def test_a_name_in_pieces_is_one_name(serve, pair):
    run = serve()
    with plain.connect(run.port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"in pieces":
            connection.sendall(bytes([byte]))
        assert connection.recv(16) == b"ok"
    run.wait_event("complete")
    assert contents(pair.target) == ["in pieces"]


def test_resets_and_stalls_keep_nothing_and_disturb_nobody(serve, pair, work):
    run = serve("--timeout", "2s")
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


def test_hundreds_that_say_nothing_keep_nobody_out(serve, pair):
    run = serve()
    idle = [plain.connect(run.port) for _ in range(400)]
    for number in range(5):
        connection = plain.greet(run.port, b"quick %d" % number)
        connection.sendall(b"content")
        connection.close()
    run.wait_event("complete", number=5, timeout=20)
    for connection in idle:
        connection.close()
    assert len(contents(pair.target)) == 5


def test_a_file_shows_only_when_it_is_whole(serve, pair):
    run = serve()
    connection = plain.greet(run.port, b"name")
    connection.sendall(bytes(MIB))
    run.wait_bytes(MIB)
    hidden, = contents(pair.target)
    assert hidden.startswith(".godwit-") and hidden.endswith(".part")
    connection.close()
    run.wait_event("complete")
    assert contents(pair.target) == ["name"]


def test_keep_partial_keeps_what_came(serve, pair):
    run = serve("--keep-partial")
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
def test_a_taken_name(serve, pair, how, kept, ours):
    (pair.target / "name.bin").write_bytes(b"ours")
    run = serve("--on-conflict", how)
    with plain.connect(run.port) as connection:
        connection.sendall(b"name.bin")
        assert connection.recv(16) == (b"" if how == "skip" else b"ok")
        if how != "skip":
            connection.sendall(b"theirs")
    run.wait_event("complete")
    assert contents(pair.target) == kept
    assert (pair.target / "name.bin").read_bytes() == ours


def test_many_of_one_name_are_all_kept(serve, pair, work):
    run = serve()
    source = trees.random_file(work / "same", 100_000)
    at_once(lambda _: plain.send_python(run.port, source, 4096),
            [(n,) for n in range(60)])
    run.wait_event("complete", number=60)
    assert len(contents(pair.target)) == 60
    for name in contents(pair.target):
        assert (pair.target / name).read_bytes() == source.read_bytes()


def test_max_size_is_the_last_that_is_taken(serve, pair, work):
    run = serve("--max-size", "100kB")
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


def test_other_words(serve, send, pair, work):
    run = serve("--reply", "filename received")
    source = trees.random_file(work / "f", 1000)
    send(run.port, source, "--reply", "filename received").expect(0)
    run.wait_event("complete")
    failing = send(run.port, source)
    failing.expect(1)
    assert '"filename received"' in failing.said()
    assert "--reply" in failing.said()
    assert contents(pair.target) == ["f"]


def test_no_reply(send, work):
    source = trees.random_file(work / "f", 100_000)
    with socket.create_server((LOOPBACK, 0)) as server:
        run = send(server.getsockname()[1], source, "--no-reply")
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


# ---- a sender that cannot finish

@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_an_interrupted_sender_resets_and_never_says_fin(send, work, number,
                                                         status):
    source = trees.random_file(work / "f", 50 * MIB)
    there = plain.PythonReceiver(4096, "slow", "small")
    run = send(there.port, source)
    run.wait_event("connected")
    time.sleep(0.3)
    run.signal(number)
    assert run.wait() == status, run.report()
    there.finish()
    assert there.ended == "broken"
    assert len(there.content) < 50 * MIB


def test_from_a_pipe_as_it_comes(send):
    there = plain.PythonReceiver(4096)
    run = send(there.port, "-", "--name", "db.sql", hold_stdin=True)
    for number in range(3):
        run.process.stdin.write(b"line %d\n" % number)
        run.process.stdin.flush()
        time.sleep(0.05)
    run.process.stdin.close()
    run.expect(0)
    there.finish()
    assert (there.name, there.content) == \
        (b"db.sql", b"line 0\nline 1\nline 2\n")


def test_a_receiver_that_takes_nothing_is_given_up(send, work):
    source = trees.random_file(work / "f", 50 * MIB)
    with socket.create_server((LOOPBACK, 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        run = send(server.getsockname()[1], source, "--timeout", "1s")
        connection, _ = server.accept()
        assert connection.recv(1024) == b"f"
        connection.sendall(b"ok")
        run.expect(8)
        assert run.events("error")[0]["error"] == "stalled"
        connection.close()


def test_a_receiver_that_has_not_read_all_is_no_success(send, work):
    source = trees.random_file(work / "f", 5000)
    with socket.create_server((LOOPBACK, 0)) as server:
        run = send(server.getsockname()[1], source)
        connection, _ = server.accept()
        assert connection.recv(1024) == b"f"
        connection.sendall(b"ok")
        assert connection.recv(1000)
        connection.close()  # with bytes unread: its kernel resets
        run.expect(8)
    assert not run.events("complete")


# ---- the rest of the contract

def test_exit_statuses_of_a_sender(send, work):
    source = trees.random_file(work / "f", 1000)
    send(free_port(), source).expect(3)
    send(1, work / "missing").expect(7)
    send(1, work).expect(2)
    with socket.create_server((LOOPBACK, 0)) as server:
        run = send(server.getsockname()[1], source)
        connection, _ = server.accept()
        connection.recv(100)
        connection.close()
        run.expect(5)


def test_exit_statuses_of_a_receiver(serve, pair):
    run = serve("--once")
    plain.greet(run.port, b"whole").close()
    run.expect(0)
    run = serve("--once")
    plain.reset(plain.greet(run.port, b"cut"))
    run.expect(8)
    run = serve()
    run.signal(signal.SIGTERM)
    run.expect(0)
    run = serve()
    run.signal(signal.SIGINT)
    run.expect(130)
    serve_missing = pair.receiver.start(
        "recv", "--classic", "--listen", ":9", "-o", "missing")
    serve_missing.expect(7)


def test_an_interrupted_receiver_resets_what_is_not_whole(serve, pair):
    run = serve()
    connection = plain.greet(run.port, b"name")
    connection.sendall(b"part")
    run.wait_bytes(4)
    run.signal(signal.SIGTERM)
    run.expect(0)
    with pytest.raises(ConnectionResetError):
        while connection.recv(100):
            pass
    assert contents(pair.target) == []


def test_what_a_killed_receiver_left_is_removed_by_the_next(serve, pair):
    run = serve()
    connection = plain.greet(run.port, b"name")
    connection.sendall(b"part")
    run.wait_bytes(4)
    other = serve()  # which does not take it for dead
    run.process.kill()
    run.process.wait()
    assert len(contents(pair.target)) == 1
    connection.close()
    serve()
    assert contents(pair.target) == []
    run.process.returncode = 0  # the kill was ours
    assert other.alive()


def test_events(serve, send, pair, work):
    run = serve()
    source = trees.random_file(work / "f", 1000)
    sending = send(run.port, source)
    sending.expect(0)
    run.wait_event("complete")
    for one in (run, sending):
        told = one.events("connected")[0]
        assert told["carrier"] == "classic"
        assert told["cipher"] == "none"
        assert told["key"] is None
        assert one.events("offer")[0]["names"] == ["f"]
    assert run.events("listening")[0]["code"] is None
    entry = run.events("entry")[0]
    assert entry["final_name"] == "f"
    assert entry["address"] == run.events("connected")[0]["address"]
    assert sending.events("entry")[0]["final_name"] is None


def test_it_is_never_chosen_by_itself(pair, work):
    source = trees.random_file(work / "f", 1000)
    there = plain.PythonReceiver(1024)
    run = pair.sender.start(
        "send", source, "--to", f"{LOOPBACK}:{there.port}", "--code",
        "7-crane-otter", "--retry", "0", env={"GODWIT_CLASSIC": "yes"})
    assert run.wait() != 0
    there.closed.set()
    config = pair.sender.config / "godwit"
    config.mkdir()
    (config / "config").write_text("classic = yes\n")
    run = pair.sender.start("send", source, "--to", f"{LOOPBACK}:1")
    run.expect(2)
    assert "belongs on the command line" in run.said()
