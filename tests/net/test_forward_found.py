"""`godwit forward --via DEVICE`, wherever that is: `godwit serve` says by beacons
that it is there."""

import os
import time

import pytest

import forwards
import known
import program
from forwards import LOOPBACK

pytestmark = pytest.mark.carriers("tcp", "udp")


def exchange(port, data):
    """What comes back of it; None: not yet."""
    try:
        with forwards.connect(port) as c:
            c.sendall(data)
            c.shutdown(1)
            return forwards.read_all(c)
    except OSError:
        return None


def test_the_device_is_found_wherever_it_is(pair, carrier, tcp_server):
    known.introduce(pair)
    echo = tcp_server(forwards.answer_at_end)
    far = pair.receiver.start(
        "serve", "--allow-forward", f"tcp:{LOOPBACK}:{echo.port}", "--carrier",
        carrier or "auto", "--json", json_events=False)
    far.wait_event("listening")
    port = program.free_port()
    near = pair.sender.start(
        "forward", f"tcp://{LOOPBACK}:{port}/{LOOPBACK}:{echo.port}", "--via",
        "hall", "--carrier", carrier or "auto", "--json", json_events=False)
    near.wait_event("peer")
    data = os.urandom(100_000)
    deadline = time.monotonic() + 30
    while exchange(port, data) != b"got 100000":
        assert time.monotonic() < deadline
        time.sleep(0.1)
