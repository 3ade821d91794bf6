"""Real TCP sockets in every state, on both ends of the link emulator.

What is made: a client in namespace a, a server in b, each pair on a port of
its own.  The link decides what arrives, and so in which state a pair stays.
"""

import contextlib
import ctypes
import json
import os
import socket
import time

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def inside(namespace):
    """Sockets that are made in here belong to the namespace for good."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(namespace.path, os.O_RDONLY)
    try:
        if _libc.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        _libc.setns(here, CLONE_NEWNET)
        os.close(here)
        os.close(there)


def fix_neighbours(spaces):
    """So that nobody asks for an address while the link is cut."""
    device = spaces.device
    for here, there, addresses in ((spaces.a, spaces.b,
                                    (spaces.b4, spaces.b6)),
                                   (spaces.b, spaces.a,
                                    (spaces.a4, spaces.a6))):
        address = json.loads(there.run(
            "ip", "-j", "link", "show", "dev", device))[0]["address"]
        for one in addresses:
            here.ip("neigh", "replace", one, "lladdr", address, "dev", device,
                    "nud", "permanent")


class States:
    """Pairs by name; .client[name], .server[name], .port[name]."""

    def __init__(self, spaces):
        self.spaces = spaces
        self.listeners, self.client, self.server = {}, {}, {}
        self.port = {}
        fix_neighbours(spaces)

    def listen(self, name, six=False):
        family = socket.AF_INET6 if six else socket.AF_INET
        with inside(self.spaces.b):
            listener = socket.create_server(
                ("::" if six else "0.0.0.0", 0), family=family)
        self.listeners[name] = listener
        self.port[name] = listener.getsockname()[1]

    def start(self, name, six=False):
        """SYN is sent; nobody waits for the answer."""
        family = socket.AF_INET6 if six else socket.AF_INET
        with inside(self.spaces.a):
            client = socket.socket(family)
        client.setblocking(False)
        host = self.spaces.b6 if six else self.spaces.b4
        with contextlib.suppress(BlockingIOError):
            client.connect((host, self.port[name]))
        self.client[name] = client

    def connect(self, name, six=False):
        self.listen(name, six)
        self.start(name, six)
        self.listeners[name].settimeout(30)
        self.server[name] = self.listeners[name].accept()[0]

    def close_client(self, name):
        """It is still held: shutdown, not close."""
        self.client[name].shutdown(socket.SHUT_WR)

    def close_server(self, name):
        self.server[name].shutdown(socket.SHUT_WR)

    def make_all(self):
        """Every state that there is; then the link is cut.  Gives the states
        by namespace and name."""
        self.listen("listen")
        self.listen("listen6", six=True)
        for name in ("established", "fin_wait_1", "half_closed", "time_wait",
                     "closing", "last_ack"):
            self.connect(name)
        self.connect("established6", six=True)
        self.client["established"].send(b"hello")
        self.close_client("half_closed")
        self.close_client("last_ack")
        self.close_client("time_wait")
        self._read_end("time_wait")
        self.close_server("time_wait")
        self._read_end("last_ack")
        self._read_end("half_closed")
        time.sleep(0.3)
        # Both FINs are under way before one has arrived; their ACKs are lost.
        self.spaces.change(delay=1500)
        self.close_client("closing")
        self.close_server("closing")
        time.sleep(0.4)
        self.listen("syn")
        self.spaces.change(ba_loss=1)
        self.start("syn")
        time.sleep(0.4)
        self.spaces.change(loss=1)
        self.close_client("fin_wait_1")
        self.close_server("last_ack")
        self.listen("syn_sent")
        self.start("syn_sent")
        time.sleep(2)
        return {
            "a": {"established": "ESTABLISHED", "established6": "ESTABLISHED",
                  "fin_wait_1": "FIN_WAIT_1", "half_closed": "FIN_WAIT_2",
                  "time_wait": "TIME_WAIT", "closing": "CLOSING",
                  "last_ack": "FIN_WAIT_2", "syn": "SYN_SENT",
                  "syn_sent": "SYN_SENT"},
            "b": {"established": "ESTABLISHED", "established6": "ESTABLISHED",
                  "fin_wait_1": "ESTABLISHED", "half_closed": "CLOSE_WAIT",
                  "closing": "CLOSING", "last_ack": "LAST_ACK",
                  "syn": "SYN_RCVD"},
        }

    def _read_end(self, name):
        self.server[name].settimeout(30)
        while self.server[name].recv(4096):
            pass

    def close(self):
        for sockets in (self.client, self.server, self.listeners):
            for one in sockets.values():
                one.close()
