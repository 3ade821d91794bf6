"""Plain programs that move a file over TCP, as people write them in Python,
and the same in C (plain_sender.c, plain_receiver.c): the other side of
godwit's --classic.  Nothing of godwit's is in them."""

import os
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import program

PATIENCE = 60


def built(name):
    return program.binary().parent / "tests" / "net" / name


def reset(connection):
    """Close by RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
    connection.close()


def connect(port, buffer=None):
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
    connection.connect((program.LOOPBACK, port))
    return connection


# ---- senders

def greet(port, name, buffer=1024):
    """A connection on which the name was said and "ok" was read, by one
    read; None: something else was."""
    connection = connect(port)
    connection.sendall(name)
    if connection.recv(buffer) == b"ok":
        return connection
    connection.close()
    return None


def send_python(port, path, buffer, *quirks):
    """The whole of a plain sender.  Quirks: padded, newline, slow, half
    (closes its direction only, and waits for the other one), one (everything
    in one write)."""
    name = os.fsencode(path.name)
    if "padded" in quirks:
        name = name.ljust(buffer, b"\0")
    if "newline" in quirks:
        name += b"\n"
    connection = greet(port, name, buffer)
    if connection is None:
        return
    data = path.read_bytes()
    if "one" in quirks:
        connection.sendall(data)
    else:
        for at in range(0, len(data), buffer):
            connection.sendall(data[at:at + buffer])
            if "slow" in quirks:
                time.sleep(0.002)
    if "half" in quirks:
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b"", "the receiver says more than a word"
    connection.close()


def send_c(port, path, buffer, *quirks):
    done = subprocess.run(
        [built("plain-sender"), str(port), path, str(buffer), *quirks],
        timeout=PATIENCE, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


# ---- receivers

class PythonReceiver:
    """One file.  Quirks: split, newline, padded, open (never closes), slow,
    small (a small buffer of the kernel's, too)."""

    def __init__(self, buffer=1024, *quirks):
        self.buffer, self.quirks = buffer, quirks
        self.name = self.ended = None
        self.content = b""
        self.early = False  # content came before the word
        self.failure = None
        self.listening = socket.socket()
        if "small" in quirks:
            self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                      4096)
        self.listening.bind((program.LOOPBACK, 0))
        self.listening.listen(5)
        self.port = self.listening.getsockname()[1]
        self.closed = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            self.serve()
        except OSError as error:
            self.failure = error

    def serve(self):
        self.listening.settimeout(PATIENCE)
        connection, _ = self.listening.accept()
        connection.settimeout(PATIENCE)
        self.name = connection.recv(self.buffer)
        connection.setblocking(False)
        try:
            self.early = bool(connection.recv(1))
        except BlockingIOError:
            pass
        connection.settimeout(PATIENCE)
        self.answer(connection)
        self.take(connection)
        if "open" in self.quirks:
            self.closed.wait(PATIENCE)
        connection.close()

    def answer(self, connection):
        if "split" in self.quirks:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(b"o")
            time.sleep(0.005)
            connection.sendall(b"k")
        elif "newline" in self.quirks:
            connection.sendall(b"ok\n")
        elif "padded" in self.quirks:
            connection.sendall(b"ok".ljust(self.buffer, b"\0"))
        else:
            connection.sendall(b"ok")

    def take(self, connection):
        pieces = []
        try:
            while piece := connection.recv(self.buffer):
                pieces.append(piece)
                if "slow" in self.quirks:
                    time.sleep(0.002)
            self.ended = "end"
        except ConnectionResetError:
            self.ended = "broken"
        self.content = b"".join(pieces)

    def finish(self):
        self.closed.set()
        self.thread.join(PATIENCE)
        self.listening.close()
        if self.failure:
            raise self.failure


class CReceiver:
    """The same in C; the content lands in a folder."""

    def __init__(self, buffer=1024, *quirks, folder, prefix=()):
        self.folder = Path(folder)
        self.process = subprocess.Popen(
            [*prefix, built("plain-receiver"), folder, str(buffer), *quirks],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.name = self.ended = None
        self.content = b""
        self.early = False

    def finish(self):
        self.process.stdin.close()
        lines = self.process.stdout.read().splitlines()
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        if len(lines) == 2:
            self.name, self.ended = lines[0], lines[1].decode()
            self.content = (self.folder / os.fsdecode(self.name)).read_bytes()
