"""`godwit stream`: standard input and output of two machines, as nc."""

import hashlib
import os
import pty
import random
import re
import signal
import subprocess
import time

import pytest

import namespaces
import program

CODE = "7-crane-otter"
CARRIERS = ["udp", "tcp"]
B = namespaces.Joined.b4


class Side:
    """A `godwit stream` whose standard input and output the test holds."""

    def __init__(self, device, *arguments, stdin=subprocess.PIPE,
                 stdout=subprocess.PIPE, env=None, without=None):
        command = [*device.prefix, program.binary(), "stream", *arguments]
        self.log = open(device.base / f"stderr-{id(self)}", "w+b")
        self.process = subprocess.Popen(
            [os.fspath(c) for c in command], cwd=device.home,
            env={**device.env, **(env or {})}, stdin=stdin, stdout=stdout,
            stderr=self.log, bufsize=0,
            preexec_fn=None if without is None else lambda: os.close(without))

    @property
    def said(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def wait_said(self, pattern, timeout=60):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if found := re.search(pattern, self.said):
                return found
            assert self.process.poll() is None, self.said
            time.sleep(0.02)
        raise AssertionError(f"never said {pattern}: {self.said}")

    def write(self, data):
        self.process.stdin.write(data)

    def end_input(self):
        self.process.stdin.close()

    def read(self, n, timeout=60):
        """Exactly n bytes, or what came before the end."""
        data = b""
        end = time.monotonic() + timeout
        while len(data) < n:
            assert time.monotonic() < end, self.said
            chunk = self.process.stdout.read(n - len(data))
            if not chunk:
                break
            data += chunk
        return data

    def expect(self, status, timeout=60):
        got = self.process.wait(timeout)
        assert got == status, f"{got}, not {status}: {self.said}"
        return self

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.log.close()


@pytest.fixture
def sides(pair):
    """listen(*arguments) and connect(*arguments): the receiver listens."""
    class Sides:
        made = []
        host = program.LOOPBACK

        def __init__(self):
            self.port = program.free_port()

        @property
        def at(self):
            return f"{self.host}:{self.port}"

        def start(self, device, *arguments, code=CODE, **options):
            if code is not None:
                arguments += ("--code", code)
            self.made.append(Side(device, *arguments, **options))
            return self.made[-1]

        def listen(self, *arguments, **options):
            side = self.start(pair.receiver, "listen", "-v", self.at,
                              *arguments, **options)
            side.wait_said("Waiting. Ctrl-C ends it.")
            return side

        def connect(self, *arguments, **options):
            return self.start(pair.sender, "connect", "-v", self.at,
                              *arguments, **options)

    made = Sides()
    yield made
    for side in made.made:
        side.close()


def states(side):
    found = re.findall(r"^(\w+) -> (\w+)  [\d.]+ m?s$", side.said, re.M)
    return [found[0][0], *(to for _, to in found)] if found else []


@pytest.mark.parametrize("carrier", [*CARRIERS, "auto"])
def test_both_ways_and_each_ends_by_itself(sides, carrier):
    server = sides.listen("--carrier", carrier)
    client = sides.connect("--carrier", carrier)
    client.write(b"hello")
    assert server.read(5) == b"hello"
    server.write(b"world")
    assert client.read(5) == b"world"
    client.end_input()
    assert server.read(1) == b"", "the end of its input is the end there"
    for i in range(5):
        time.sleep(0.2)
        server.write(b"%d" % i)
        assert client.read(1) == b"%d" % i
    server.end_input()
    assert client.read(1) == b""
    client.expect(0)
    server.expect(0)
    assert "5 bytes sent, 10 received." in client.said


def test_the_side_that_waits_may_begin_and_end_first(sides):
    server = sides.listen("--carrier", "udp")
    server.write(b"first")
    server.end_input()
    client = sides.connect("--carrier", "udp")
    assert client.read(6) == b"first"
    client.wait_said("-> CLOSE_WAIT")  # the stream's end may come before it
    client.write(b"second")
    client.end_input()
    assert server.read(7) == b"second"
    client.expect(0)
    server.expect(0)
    assert states(server) == ["SYN_RCVD", "ESTABLISHED", "FIN_WAIT_1",
                              "FIN_WAIT_2", "TIME_WAIT", "CLOSED"]
    assert states(client) == ["SYN_SENT", "ESTABLISHED", "CLOSE_WAIT",
                              "LAST_ACK", "CLOSED"]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_byte_over_a_link_that_loses_some(link, sides, work, carrier):
    link(loss=0.02, delay_ms=10, rate_bit=1e8)
    sides.host = B
    data = random.Random(5).randbytes(4_000_000)
    source = work / "source"
    source.write_bytes(data)
    with open(source, "rb") as stdin, open(work / "got", "wb") as stdout:
        server = sides.listen("--carrier", carrier, stdout=stdout)
        client = sides.connect("--carrier", carrier, stdin=stdin)
        answer = data[::-1][:1_000_000]
        server.write(answer)
        server.end_input()
        assert client.read(len(answer)) == answer
        client.expect(0, 120)
        server.expect(0, 120)
    assert (work / "got").read_bytes() == data


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_reader_that_stops_stops_the_writer(sides, carrier):
    server = sides.listen("--carrier", carrier, stdin=subprocess.DEVNULL)
    client = sides.connect("--carrier", carrier, stdin=subprocess.PIPE)
    piece = random.Random(6).randbytes(1 << 16)
    os.set_blocking(client.process.stdin.fileno(), False)
    written, still = 0, time.monotonic()
    digest = hashlib.sha256()
    # Nobody reads: it takes what buffers hold, and then nothing more.
    full, end = "The other side's window is full", time.monotonic() + 60
    while time.monotonic() < still + 2 or \
            full not in client.said and time.monotonic() < end:
        n = client.process.stdin.write(piece)
        if n is None:
            time.sleep(0.05)
            continue
        digest.update(piece[:n])
        written += n
        still = time.monotonic()
        assert written < 100_000_000
    client.wait_said(full)
    # It stays so for longer than pings take, and then all of it comes.
    time.sleep(3)
    assert client.process.poll() is None
    assert server.process.poll() is None
    client.end_input()
    got, seen = 0, hashlib.sha256()
    while chunk := server.process.stdout.read(1 << 16):
        got += len(chunk)
        seen.update(chunk)
    assert got == written
    assert seen.digest() == digest.digest()
    client.expect(0)
    server.expect(0)


def test_of_a_reader_that_reads_it_is_not_said_that_it_does_not(sides, work):
    source = work / "source"
    source.touch()
    os.truncate(source, 200_000_000)
    with open(source, "rb") as stdin:
        server = sides.listen("--carrier", "udp", stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL)
        client = sides.connect("--carrier", "udp", stdin=stdin)
        client.expect(0)
        server.expect(0)
    # It may be kept from reading for a while by others on its machine.
    assert client.said.count("window is full") <= 2


@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_other_side_is_killed(sides, carrier):
    server = sides.listen("--carrier", carrier, "--timeout", "4s")
    client = sides.connect("--carrier", carrier, "--timeout", "4s")
    client.write(b"x")
    assert server.read(1) == b"x"
    server.process.kill()
    client.expect(8)
    assert "lost" in client.said


def test_a_machine_that_is_gone_is_noticed(link, sides):
    cable = link()
    sides.host = B
    server = sides.listen("--carrier", "udp", "--timeout", "4s")
    client = sides.connect("--carrier", "udp", "--timeout", "4s")
    client.write(b"x")
    assert server.read(1) == b"x"
    cable.change(loss=1)
    client.expect(8)
    server.expect(8)
    assert "lost: nothing came any more" in client.said


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_wrong_code(sides, carrier):
    server = sides.listen("--carrier", carrier)
    for left in ("2 guesses are", "1 guess is"):
        client = sides.connect("--carrier", carrier, code="8-wrong-code")
        client.expect(4)
        assert f"godwit: {sides.at}: the code is wrong\n" in client.said
        server.wait_said(f"tried a wrong code; {left} left")
    assert server.process.poll() is None, "it goes on waiting"
    client = sides.connect("--carrier", carrier, stdin=subprocess.DEVNULL)
    server.end_input()
    client.expect(0)
    server.expect(0)


def test_the_third_wrong_code_ends_it(sides):
    server = sides.listen()
    for _ in range(3):
        sides.connect(code="8-wrong-code").expect(4)
    server.expect(4)
    assert "void" in server.said


def test_a_code_that_it_makes_is_shown_as_a_command(sides):
    server = sides.listen(code=None, stdin=subprocess.DEVNULL)
    found = server.wait_said(r"godwit stream connect (\S+) --code (\S+)\n")
    assert found[1] == sides.at
    client = sides.connect(code=found[2], stdin=subprocess.DEVNULL)
    client.expect(0)
    server.expect(0)


def test_the_code_is_not_to_be_seen(sides, work):
    path = work / "code"
    path.write_text(CODE + "\n")
    server = sides.listen("--code-file", path, code=None)
    assert CODE not in server.said
    client = sides.connect()
    client.write(b"x")
    assert server.read(1) == b"x"
    for side in (server, client):
        for name in ("cmdline", "environ"):
            with open(f"/proc/{side.process.pid}/{name}", "rb") as f:
                assert CODE.encode() not in f.read()


def test_keep_goes_on_with_the_next(sides):
    server = sides.listen("--keep", stdin=subprocess.DEVNULL)
    for i in range(3):
        client = sides.connect("--carrier", CARRIERS[i % 2])
        client.write(b"%d" % i)
        client.end_input()
        client.expect(0)
        assert server.read(1) == b"%d" % i
    server.process.send_signal(signal.SIGTERM)
    server.expect(0)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_ctrl_c_tells_the_other_side(sides, carrier):
    server = sides.listen("--carrier", carrier)
    client = sides.connect("--carrier", carrier)
    client.write(b"x")
    assert server.read(1) == b"x"
    client.process.send_signal(signal.SIGINT)
    client.expect(130)
    server.expect(8)
    assert "the other side ended it: it was interrupted" in server.said
    assert "interrupted" not in client.said, "whoever did it knows"


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_person_is_told_what_the_other_side_waits_for(sides, carrier):
    ours, theirs = pty.openpty()
    server = sides.listen("--carrier", carrier, stdin=theirs)
    os.close(theirs)
    client = sides.connect("--carrier", carrier, stdin=subprocess.DEVNULL)
    server.wait_said("The other side sends no more; Ctrl-D ends this one.")
    os.write(ours, b"\x04")
    server.expect(0)
    client.expect(0)
    os.close(ours)


def test_ctrl_c_ends_waiting(sides):
    server = sides.listen()
    server.process.send_signal(signal.SIGINT)
    server.expect(130)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_standard_output_that_is_gone(sides, carrier):
    server = sides.listen("--carrier", carrier)
    client = sides.connect("--carrier", carrier)
    server.process.stdout.close()
    client.write(b"x" * 100)
    server.expect(7)
    assert server.said.count("standard output") == 1
    client.expect(1)
    assert "the other side ended it: its standard output" in client.said


@pytest.mark.parametrize("carrier", CARRIERS)
def test_standard_output_that_was_never_there(sides, carrier):
    server = sides.listen("--carrier", carrier, without=1)
    client = sides.connect("--carrier", carrier)
    client.write(b"x")
    server.expect(7)
    assert "standard output: Bad file descriptor" in server.said
    client.expect(1)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_standard_input_is_one_that_has_ended(sides, carrier):
    server = sides.listen("--carrier", carrier)
    client = sides.connect("--carrier", carrier, without=0)
    assert server.read(1) == b""
    server.write(b"x")
    server.end_input()
    assert client.read(2) == b"x"
    client.expect(0)
    server.expect(0)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_standard_input_that_cannot_be_read_is_no_good_end(
        sides, work, carrier):
    server = sides.listen("--carrier", carrier)
    directory = os.open(work, os.O_RDONLY)
    client = sides.connect("--carrier", carrier, stdin=directory)
    os.close(directory)
    client.expect(7)
    assert "standard input: Is a directory" in client.said
    # Told, unless it was found out before there was a connection here (8:
    # the other side holds it for open, and then it has ended).
    assert server.process.poll() in (None, 1, 8)
    assert server.process.poll() != 1 or "cannot be read" in server.said


def test_nobody_there(sides):
    sides.connect("--carrier", "tcp").expect(3)
    sides.connect("--carrier", "udp").expect(3)


@pytest.mark.parametrize("arguments", [
    [], ["connect"], ["connect", "a", "b"], ["connect", "-"],
    ["connect", "--code", "no-number"], ["listen", "9000", "9001"],
    ["connect", "7-crane-otter", "--no-discovery"],
    ["listen", "--for", "desk", "--code", CODE],
    ["connect", "host:99999"], ["listen", "host"], ["nonsense"],
    ["listen", "9000", "--code", "short"], ["connect", "--keep", "a:1"]])
def test_usage(sides, pair, arguments):
    side = sides.start(pair.sender, *arguments, code=None,
                       stdin=subprocess.DEVNULL)
    side.expect(2)
    assert re.search("Try `godwit stream|what\\?|an address is needed",
                     side.said)
