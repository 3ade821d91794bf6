"""Starting `godwit forward`, and plain TCP programs on both of its sides."""

import os
import socket
import struct
import threading
import time
from pathlib import Path

import program

LOOPBACK = program.LOOPBACK


def start(device, *rules, **options):
    """Rules of which each listens; {port} in them becomes a free one."""
    more = options.pop("more", ())
    for _ in range(20):
        ports = [program.free_port() for _ in rules]
        run = device.start(
            "forward", *[r.format(port=p) for r, p in zip(rules, ports)],
            "--json", *more, json_events=False, **options)
        run.wait_until(lambda: len([e for e in run.events_seen
                                    if e["event"] == "listening"]) ==
                       len(rules) or b"godwit:" in run.err, "its rules")
        if b"in use" not in run.err and b"has port" not in run.err:
            run.at = [e["port"] for e in run.events("listening")]
            return run
        run.wait()
    raise program.Failure("no free port")


def descriptors(run):
    return len(os.listdir(f"/proc/{run.pid}/fd"))


def memory(run):
    """Resident KiB."""
    text = Path(f"/proc/{run.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


def connect(port, host=LOOPBACK, timeout=60):
    return socket.create_connection((host, port), timeout)


def read_all(sock):
    data = bytearray()
    while chunk := sock.recv(1 << 20):
        data += chunk
    return bytes(data)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


def until(condition, what, timeout=60):
    end = time.monotonic() + timeout
    while not (found := condition()):
        if time.monotonic() > end:
            raise program.Failure(f"not in {timeout} s: {what}")
        time.sleep(0.02)
    return found


class Server:
    """Listens, and gives each connection to serve(socket, address) in a
    thread of its own."""

    def __init__(self, serve, host=LOOPBACK, port=0):
        self.socket = socket.create_server((host, port), backlog=1024)
        self.port = self.socket.getsockname()[1]
        self.serve = serve
        self.peers = []
        self.open = True
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                one, address = self.socket.accept()
            except OSError:
                return
            self.peers.append(address)
            threading.Thread(target=self._one, args=(one, address),
                             daemon=True).start()

    def _one(self, one, address):
        with one:
            try:
                self.serve(one, address)
            except OSError:
                pass

    def close(self):
        self.open = False
        # A thread that waits in accept(2) keeps the socket open.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()


def echo(one, _):
    while data := one.recv(1 << 16):
        one.sendall(data)


def answer_at_end(one, _):
    """The question whole, then the answer: needs a half-close."""
    data = read_all(one)
    one.sendall(b"got %d" % len(data))


def to(port, more=""):
    """A rule for one target."""
    return f"tcp://{LOOPBACK}:{{port}}/{LOOPBACK}:{port}{more}"


def refused(port):
    try:
        connect(port).close()
        return False
    except ConnectionRefusedError:
        return True
    except OSError:
        return False


def echoes(port):
    """Does a byte come back?"""
    try:
        with connect(port) as one:
            one.sendall(b"z")
            return one.recv(1) == b"z"
    except OSError:
        return False
