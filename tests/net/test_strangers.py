"""Peers that are no godwit, or another one: a clear word, no hang, no
memory that grows, and the right peer still gets through."""

import resource
import select
import socket
import threading
import time
from pathlib import Path

import pytest

import program
import trees

MAGIC = b"gdwt"
TLS_HELLO = bytes.fromhex("160301020001 0001fc0303") + bytes(range(200))
STRANGE = {
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "tls": TLS_HELLO,
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "zeros": bytes(4096),
    "random": bytes(i * 167 % 251 for i in range(100000)),
    "magic only": MAGIC,
    "magic and rubbish": MAGIC + bytes([1, 1, 0xff, 0xff]) + b"x" * 70000,
    "half a message": MAGIC + bytes([1, 1, 1, 0]) + b"x" * 40,
    "an empty message": MAGIC + bytes([1, 1, 0, 0]),
    "an unknown type": MAGIC + bytes([1, 99, 0, 4]) + b"abcd",
    "an answer first": MAGIC + bytes([1, 2, 0, 96]) + bytes(96),
}


@pytest.fixture
def note(work):
    trees.write(work / "note", b"a note\n")
    return work / "note"


def open_files(run):
    return len(list(Path(f"/proc/{run.pid}/fd").iterdir()))


def drain(connection, timeout=0.5):
    """What it answers, until it closes or the time is over."""
    connection.settimeout(timeout)
    data = b""
    try:
        while chunk := connection.recv(65536):
            data += chunk
    except OSError:
        pass
    return data


@pytest.mark.parametrize("what", STRANGE)
def test_a_stranger_does_not_disturb(pair, note, what):
    waiting = pair.wait_recv()
    with socket.create_connection((program.LOOPBACK, waiting.port)) as c:
        try:
            c.sendall(STRANGE[what])
        except OSError:
            pass
        answer = drain(c)
    # Never more out than came in, and no word to what is no godwit.
    assert len(answer) <= len(STRANGE[what])
    if not STRANGE[what].startswith(MAGIC):
        assert answer == b""
    assert waiting.alive()
    assert not [e for e in waiting.events("notice") if e["kind"] == "guess"]
    pair.send_to(waiting, note).expect(0)
    waiting.expect(0)


def test_a_stranger_is_named(pair):
    waiting = pair.wait_recv()
    with socket.create_connection((program.LOOPBACK, waiting.port)) as c:
        c.sendall(STRANGE["http"])
        drain(c)
        notice = waiting.wait_event("notice", kind="stranger")
    assert program.LOOPBACK in notice["text"]


def test_a_silent_connection_is_dropped_in_time(pair, note):
    waiting = pair.wait_recv()
    with socket.create_connection((program.LOOPBACK, waiting.port)) as c:
        c.settimeout(12)
        assert c.recv(1) == b"", "closed by the waiting side"
    pair.send_to(waiting, note).expect(0)
    waiting.expect(0)


# ---- the connecting side meets a stranger

class Listener:
    """Answers every connection with the same bytes."""

    def __init__(self, answer, close=False):
        self.answer, self.close_at_once = answer, close
        self.first = b""
        self.socket = socket.create_server((program.LOOPBACK, 0))
        self.port = self.socket.getsockname()[1]
        self.connections = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                c, _ = self.socket.accept()
                self.connections.append(c)
                if self.close_at_once:
                    c.close()
                    continue
                self.first = c.recv(4096)
                c.sendall(self.answer)
        except OSError:
            pass

    def close(self):
        for c in self.connections:
            c.close()
        self.socket.close()


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 3000,
    b"SSH-2.0-OpenSSH_9.2\r\n", bytes(5000)])
def test_what_answers_is_no_godwit(pair, note, answer):
    server = Listener(answer)
    run = pair.sender.start("send", "--to", f"127.0.0.1:{server.port}",
                            "--code", "1-abc-defg", note)
    run.expect(3, 20)
    assert run.events("error")[0]["error"] == "stranger"
    server.close()


def test_what_listens_says_nothing(pair, note):
    server = Listener(b"")
    run = pair.sender.start("send", "--to", f"127.0.0.1:{server.port}",
                            "--code", "1-abc-defg", note)
    run.expect(3, 30)
    server.close()


def test_what_listens_hangs_up(pair, note):
    server = Listener(b"", close=True)
    run = pair.sender.start("send", "--to", f"127.0.0.1:{server.port}",
                            "--code", "1-abc-defg", note)
    run.expect(3, 30)
    server.close()


# ---- another version

def test_a_peer_of_another_version_is_told(pair, note):
    waiting = pair.wait_recv()
    for version in (0, 2, 255):
        with socket.create_connection((program.LOOPBACK, waiting.port)) as c:
            c.sendall(MAGIC + bytes([version, 1, 0, 100]) + bytes(100))
            answer = drain(c, 2)
        # RST, reason VERSION, a token of zeros, oldest and newest.
        assert answer[:4] == MAGIC
        assert answer[5] == 4
        assert answer[8:25] == bytes([1]) + bytes(16)
        assert answer[25:27] == bytes([1, 1])
    assert waiting.alive()
    pair.send_to(waiting, note).expect(0)
    waiting.expect(0)


def test_meeting_another_version_ends_9(pair, note):
    server = Listener(MAGIC + bytes([2, 4, 0, 19, 1]) + bytes(16) +
                      bytes([2, 3]))
    run = pair.sender.start("send", "--to", f"127.0.0.1:{server.port}",
                            "--code", "1-abc-defg", note)
    run.expect(9, 10)
    assert server.first[:6] == MAGIC + bytes([1, 1])
    server.close()


# ---- whom the other side has forgotten

class Switch(threading.Thread):
    """Carries datagrams to `first` until somebody has answered, then to
    `second`: as if the first had been started anew in between.  With each,
    whoever comes from a new port meets the first again."""

    def __init__(self, first, second, each=False):
        super().__init__(daemon=True)
        self.each, self.clients = each, set()
        self.front = socket.socket(type=socket.SOCK_DGRAM)
        self.front.bind((program.LOOPBACK, 0))
        self.port = self.front.getsockname()[1]
        self.first, self.second = (
            (program.LOOPBACK, port) for port in (first, second))
        self.back = socket.socket(type=socket.SOCK_DGRAM)
        self.start()

    def run(self):
        client, target = None, self.first
        while ready := select.select([self.front, self.back], [], [], 30)[0]:
            for one in ready:
                data, source = one.recvfrom(65536)
                if one is self.front:
                    if self.each and source not in self.clients:
                        target = self.first
                    self.clients.add(source)
                    client = source
                    self.back.sendto(data, target)
                elif source == target:
                    self.front.sendto(data, client)
                    target = self.second


def test_an_attempt_that_was_forgotten_begins_anew(pair, note, work):
    asked = ("--carrier", "udp", "--code", "one-code-for-both")
    (work / "second").mkdir()
    first = pair.wait_recv(*asked)
    second = pair.wait_recv(*asked, target=work / "second")
    switch = Switch(first.port, second.port)
    pair.sender.start("send", "--to", f"{program.LOOPBACK}:{switch.port}",
                      *asked, note).expect(0)
    second.expect(0)
    assert (work / "second" / "note").read_bytes() == b"a note\n"


def test_who_is_forgotten_each_time_spends_few_guesses(pair, note, work):
    """Whoever says so may have guessed: by the third it is told."""
    asked = ("--carrier", "udp", "--code", "one-code-for-both")
    (work / "second").mkdir()
    first = pair.wait_recv(*asked)
    second = pair.wait_recv(*asked, target=work / "second")
    switch = Switch(first.port, second.port, each=True)
    sender = pair.sender.start(
        "send", "--to", f"{program.LOOPBACK}:{switch.port}", *asked, note)
    sender.expect(3)
    assert "knows nothing of this attempt" in sender.said()
    assert len(switch.clients) == 3


# ---- very many

class Flood(threading.Thread):
    """count connections from many addresses of loopback; every third says
    rubbish, every third the beginning of a handshake, the rest nothing."""

    def __init__(self, port, count):
        super().__init__(daemon=True)
        self.port, self.count = port, count
        self.made = self.refused = 0
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 12000), hard))
        self.keep = min(hard, 12000) - 500
        self.open = []
        self.half = threading.Event()
        self.stop = False

    def run(self):
        for number in range(self.count):
            if self.stop:
                break
            try:
                self.connect(number)
            except OSError:
                self.refused += 1
            if len(self.open) > self.keep:
                self.open.pop(0).close()
            if number == self.count // 2:
                self.half.set()

    def connect(self, number):
        c = socket.socket()
        self.open.append(c)
        c.settimeout(5)
        c.bind((f"127.{number % 7}.{number // 250 % 250}.{number % 250 + 1}",
                0))
        c.connect((program.LOOPBACK, self.port))
        self.made += 1
        if number % 3 == 0:
            c.sendall(b"rubbish " * 20)
        elif number % 3 == 1:
            c.sendall(MAGIC + bytes([1, 1, 0, 100]) + b"x" * 30)

    def close(self):
        self.stop = True
        self.join(30)
        for c in self.open:
            c.close()


def test_ten_thousand_strangers_do_not_keep_the_right_peer_out(pair, note):
    waiting = pair.wait_recv()
    before = waiting.status_field("VmRSS")
    flood = Flood(waiting.port, 10000)
    flood.start()
    assert flood.half.wait(60)
    since = time.monotonic()
    sending = pair.send_to(waiting, note)
    sending.wait_event("connected", 20)
    took = time.monotonic() - since
    grown = waiting.status_field("VmRSS") - before if waiting.alive() else 0
    sending.expect(0)
    waiting.expect(0)
    flood.close()
    assert flood.made > 4000, "the flood was one"
    assert took < 8, f"{took:.1f} s: 2 s is meant, the rest is slack"
    assert grown < 12 * 1024, f"grew by {grown} kB"


def test_silent_connections_are_bounded(pair, note):
    waiting = pair.wait_recv()
    idle = open_files(waiting)
    before = waiting.status_field("VmRSS")
    flood = Flood(waiting.port, 3000)
    flood.start()
    flood.join(60)
    most = open_files(waiting)
    assert waiting.alive()
    # At most 64 pending, and a few that are just being closed.
    assert most - idle <= 64 + 64
    assert waiting.status_field("VmRSS") - before < 12 * 1024
    pair.send_to(waiting, note).expect(0)
    waiting.expect(0)
    flood.close()
