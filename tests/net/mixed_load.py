"""Load for forwarders that knows what must come of it: datagrams of which each
is known again, and connections that know every byte they must read."""

import hashlib
import random
import re
import socket
import threading
import time
import urllib.request

import far_sockets
import forwards
from forwards import LOOPBACK

RCVBUFFORCE, SNDBUFFORCE = 33, 32
NUMBER = 8  # bytes of a datagram that say which it is


def udp_in(space, **options):
    """A socket that drops nothing and keeps nobody waiting."""
    made = far_sockets.udp(space, **options)
    made.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 32 << 20)
    made.setsockopt(socket.SOL_SOCKET, SNDBUFFORCE, 8 << 20)
    return made


# ---- datagrams


class Target:
    """Answers what comes, and counts it; may go away and come again."""

    def __init__(self, space, port):
        self.space, self.port = space, port
        self.count = 0
        self.sock = self.thread = None
        self.open()

    def open(self):
        self.sock = udp_in(self.space, bind=(LOOPBACK, self.port))
        self.sock.settimeout(0.1)
        self.is_open = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.is_open:
            try:
                data, peer = self.sock.recvfrom(70000)
                self.count += 1
                self.sock.sendto(data, peer)
            except TimeoutError:
                pass

    def close(self):
        self.is_open = False
        self.thread.join()
        self.sock.close()


def content(number, size):
    word = number.to_bytes(NUMBER, "big")
    return (word * (size // NUMBER + 1))[:size]


class Client:
    def __init__(self, space, port):
        self.sock = udp_in(space, connect=(LOOPBACK, port))
        self.sock.setblocking(False)
        self.waits = {}  # size by number; of those too short for one, how many
        self.short = 0

    def quiet(self):
        return not self.waits and self.short == 0


class Pool:
    """The clients of one rule, which come, send, and go when all has come
    back."""

    MOST = 6

    def __init__(self, name, space, port, target, sizes):
        self.name, self.space, self.port = name, space, port
        self.target, self.sizes = target, sizes
        self.clients = []
        self.sent = self.got = self.number = 0
        self.wrong = []

    def send(self, client, size):
        self.number += 1
        try:
            client.sock.send(content(self.number, size))
        except BlockingIOError:
            return
        self.sent += 1
        if size < NUMBER:
            client.short += 1
        else:
            client.waits[self.number] = size

    def step(self, rng):
        if not self.clients or (rng.random() < 0.05 and
                                len(self.clients) < self.MOST):
            self.clients.append(Client(self.space, self.port))
        client = rng.choice(self.clients)
        size = rng.choice(self.sizes)
        for _ in range(rng.choice((1, 1, 1, 2, 20)) if size < 9000 else 1):
            self.send(client, size)
        if rng.random() < 0.03 and client.quiet():
            self.clients.remove(client)
            client.sock.close()

    def _came(self, client, data):
        self.got += 1
        if len(data) < NUMBER:
            client.short -= 1
            if client.short < 0:
                self.wrong.append(f"{len(data)} bytes that nobody sent")
            return
        number = int.from_bytes(data[:NUMBER], "big")
        size = client.waits.pop(number, None)
        if size != len(data) or data != content(number, size):
            self.wrong.append(f"number {number}: {len(data)} bytes came for "
                              f"{size}")

    def take(self):
        for client in self.clients:
            try:
                while True:
                    self._came(client, client.sock.recv(70000))
            except BlockingIOError:
                pass

    def knock(self):
        """One more of each: with it a kernel tells what it had no room for."""
        for client in self.clients:
            self.send(client, 100)

    def leave(self):
        for client in self.clients:
            client.sock.close()
        self.clients = []


# ---- connections


def stream(seed, size):
    return random.Random(seed).randbytes(size)


class Gone(OSError):
    """The target was closed: whoever is connected is reset."""


class TcpTarget:
    """Does what the first line of a connection says."""

    def __init__(self, space, port):
        self.space, self.port = space, port
        self.open()

    def open(self):
        self.is_open = True
        self.server = far_sockets.inside(
            self.space, lambda: forwards.Server(self._serve, port=self.port))

    def close(self):
        self.is_open = False
        self.server.close()

    def _read(self, one, size):
        while True:
            try:
                return one.recv(size)
            except TimeoutError:
                if not self.is_open:
                    raise Gone from None

    def _write(self, one, data):
        data = memoryview(data)
        while len(data) > 0:
            try:
                data = data[one.send(data):]
            except TimeoutError:
                if not self.is_open:
                    raise Gone from None

    def _line(self, one):
        line = b""
        while not line.endswith(b"\n"):
            if not (byte := self._read(one, 1)):
                raise Gone
            line += byte
        return line.decode().split()

    def _serve(self, one, _):
        one.settimeout(0.3)
        try:
            word, *numbers = self._line(one)
            getattr(self, "_" + word)(one, *map(int, numbers))
        except OSError:
            forwards.reset(one)
            raise

    def _echo(self, one):
        while data := self._read(one, 1 << 16):
            self._write(one, data)

    def _sum(self, one, seed, size):
        """All of the question, then its hash and an answer: a half-close."""
        digest = hashlib.sha256()
        while data := self._read(one, 1 << 16):
            digest.update(data)
        self._write(one, digest.digest() + stream(seed, size))

    def _reset(self, one):
        self._read(one, 1)
        raise Gone


class Wrong(Exception):
    """A connection read what nobody wrote, or missed what somebody did."""


def exactly(one, want, pause=0):
    """Reads just this, and then the end."""
    want = memoryview(want)
    while data := one.recv(1 << 14):
        if data != want[:len(data)]:
            raise Wrong(f"{len(want)} bytes before the end: others")
        want = want[len(data):]
        if pause:
            time.sleep(pause)
    if len(want) > 0:
        raise Wrong(f"it ended {len(want)} bytes before its end")


class Connections(threading.Thread):
    """One connection after the other to a rule, of all kinds."""

    def __init__(self, name, space, port, seed):
        super().__init__(daemon=True)
        self.name_of_rule, self.space, self.port = name, space, port
        self.rng = random.Random(seed)
        self.paused = threading.Event()
        self.over = self.busy = False
        self.made = 0
        self.bytes = 0
        self.done = {}
        self.failed = []  # since the last look
        self.wrong = []

    def run(self):
        far_sockets.enter(self.space)
        while not self.over:
            if self.paused.is_set():
                self.busy = False
                time.sleep(0.02)
                continue
            self.busy = True
            if self.paused.is_set():
                continue
            self._one()
            time.sleep(self.rng.uniform(0.02, 0.2))

    def _one(self):
        kind = self.rng.choice(("short", "short", "short", "half", "slow",
                                "long", "reset", "target_reset"))
        try:
            with socket.create_connection((LOOPBACK, self.port), 90) as one:
                self.made += 1
                getattr(self, "_" + kind)(one)
            self.done[kind] = self.done.get(kind, 0) + 1
        except Wrong as error:
            self.wrong.append(f"{kind}: {error}")
        except TimeoutError:
            self.wrong.append(f"{kind}: it stood still")
        except OSError as error:
            self.failed.append(f"{kind}: {error}")

    def _count(self, *sizes):
        self.bytes += sum(sizes)

    def _short(self, one):
        data = self.rng.randbytes(self.rng.choice((0, 1, 100, 20_000)))
        one.sendall(b"echo\n" + data)
        one.shutdown(socket.SHUT_WR)
        exactly(one, data)
        self._count(len(data), len(data))

    def _half(self, one):
        data = self.rng.randbytes(self.rng.randrange(300_000))
        seed, size = self.rng.randrange(1 << 30), self.rng.randrange(300_000)
        one.sendall(b"sum %d %d\n" % (seed, size) + data)
        one.shutdown(socket.SHUT_WR)
        exactly(one, hashlib.sha256(data).digest() + stream(seed, size))
        self._count(len(data), size)

    def _slow(self, one):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
        seed, size = self.rng.randrange(1 << 30), 1_000_000
        one.sendall(b"sum %d %d\n" % (seed, size))
        one.shutdown(socket.SHUT_WR)
        exactly(one, hashlib.sha256().digest() + stream(seed, size), 0.02)
        self._count(size)

    def _long(self, one):
        one.sendall(b"echo\n")
        until = time.monotonic() + self.rng.uniform(1, 8)
        while time.monotonic() < until and not self.paused.is_set():
            data = self.rng.randbytes(self.rng.choice((1, 1000, 60_000)))
            one.sendall(data)
            got = bytearray()
            while len(got) < len(data):
                if not (more := one.recv(1 << 16)):
                    raise Wrong("it ended early")
                got += more
            if got != data:
                raise Wrong("the echo is another")
            self._count(len(data), len(data))
            time.sleep(self.rng.uniform(0, 0.3))
        one.shutdown(socket.SHUT_WR)
        exactly(one, b"")

    def _reset(self, one):
        one.sendall(b"echo\n" + self.rng.randbytes(50_000))
        forwards.reset(one)

    def _target_reset(self, one):
        one.sendall(b"reset\nx")
        try:
            if one.recv(1) == b"":
                raise Wrong("an end, where the target had reset it")
        except ConnectionResetError:
            pass


# ---- figures


def figures(space, port):
    """What each rule has counted, by its name."""
    def get():
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics",
                                    timeout=60) as page:
            return page.read().decode()
    found = {}
    for kind, labels, number in re.findall(
            r"^godwit_forward_(\w+)\{(.*?)\} (\d+)$",
            far_sockets.inside(space, get), re.MULTILINE):
        label = dict(re.findall(r'(\w+)="(.*?)"', labels))
        one = found.setdefault(label["name"], {"drops": {}})
        if "reason" in label:
            one["drops"][label["reason"]] = int(number)
        else:
            one[kind + label.get("way", "")] = int(number)
    return found


NOTHING = {"drops": {}}


def since(now, before):
    """What has been added."""
    drops = {k: n - before["drops"].get(k, 0) for k, n in now["drops"].items()}
    more = {k: n - before.get(k, 0) for k, n in now.items() if k != "drops"}
    return {**more, "drops": {k: n for k, n in drops.items() if n}}


def dropped(one, *but):
    """icmp is counted as passed on as well."""
    return sum(n for k, n in one["drops"].items()
               if k != "icmp" and k not in but)
