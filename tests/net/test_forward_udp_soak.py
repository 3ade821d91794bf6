"""`godwit forward udp://...` under mixed load for a while: nothing is lost that
was not counted."""

import os
import random
import socket
import time

import pytest

import far_sockets
from far_sockets import udp
from forwarding_udp import (
    FAR, NEAR, PORT, TARGET, Echo, figures, start)

SECONDS = 60
REFUSED = TARGET + 1


def roomy(sock):
    sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
    return sock


class Clients:
    """They come, send bursts of all sizes, and go when all has come back."""

    def __init__(self, space):
        self.space = space
        self.open = []
        self.sent = self.got = 0

    def come(self):
        sock = roomy(udp(self.space, connect=(NEAR, PORT)))
        sock.setblocking(False)
        self.open.append(sock)

    def send(self):
        sock = random.choice(self.open)
        size = random.choice((0, 1, 64, 512, 1400, 1472, 9000, 65507))
        for _ in range(random.choice((1, 1, 2, 30)) if size < 9000 else 1):
            sock.send(os.urandom(size))
            self.sent += 1

    def take(self):
        for sock in self.open:
            try:
                while True:
                    sock.recv(70000)
                    self.got += 1
            except BlockingIOError:
                pass

    def go(self):
        if self.sent == self.got and len(self.open) > 5:
            self.open.pop(0).close()


@pytest.mark.soak
def test_a_soak_of_datagrams_loses_nothing_uncounted(net, pair):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}?ttl=2s",
                f"udp://:{PORT + 1}/{FAR}:{REFUSED}", every="1s")
    echo = Echo(net.three)
    roomy(echo.sock)
    clients = Clients(net.one)
    nobody = udp(net.one, connect=(NEAR, PORT + 1))
    asked = 0
    until = time.monotonic() + SECONDS
    clients.come()
    while time.monotonic() < until:
        if random.random() < 0.2:
            clients.come()
        clients.send()
        if random.random() < 0.1:
            nobody.send(b"?")
            asked += 1
        time.sleep(0.002)
        clients.take()
        clients.go()
    end = time.monotonic() + 20
    while clients.got < clients.sent and time.monotonic() < end:
        clients.take()
        time.sleep(0.01)
    figures(run)
    good, bad = ([e for e in run.events("rule") if e["rule"] == n][-1]
                 for n in (1, 2))
    # What a client sent went in, or stands under a name; and so on back.
    back = sum(good["drops"].get(name, 0) for name in ("rate", "late"))
    lost = sum(good["drops"].values()) - back
    assert clients.sent == good["packets_in"] + lost
    assert echo.count == good["packets_in"]
    assert echo.count == good["packets_out"] + back
    assert clients.got == good["packets_out"]
    assert asked == bad["packets_in"]
    assert clients.sent > SECONDS * 20 and good["flows_total"] > 50
    assert run.alive()
    echo.close()
    far_sockets.close_all()
