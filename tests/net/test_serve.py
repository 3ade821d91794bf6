"""What people and programs see of a `godwit serve`."""

import signal
import time

import pytest

import forwards
import known
import program
import terminal
from forwards import LOOPBACK
from test_forward_via import right, serve, to, via

pytestmark = pytest.mark.carriers("tcp", "udp")


@pytest.fixture
def introduced(pair, carrier):
    """The near side knows the far one as `hall`, that the near one as
    `desk`."""
    known.introduce(pair)
    pair.sender_carrier = carrier
    return pair


@pytest.fixture
def echo(tcp_server):
    return tcp_server(forwards.echo)


def test_serve_tells_who_is_connected(introduced, echo, carrier):
    far = serve(introduced, right("tcp", echo.port))
    run = via(introduced, far, to("tcp", echo.port))

    def now():
        told = far.events("devices")
        return told and told[-1]["devices"]
    far.wait_until(lambda: now() and now()[0]["rules"] == 1, "the device")
    (one,) = now()
    assert (one["device"], one["carrier"]) == ("desk", carrier)
    assert one["address"].startswith(f"{LOOPBACK}:")
    run.signal(signal.SIGTERM)
    run.expect(0)
    far.wait_until(lambda: now() == [], "nobody")


def test_serve_shows_who_is_connected(introduced, echo, carrier):
    port = program.free_port()
    shown = terminal.Terminal(introduced.receiver, [
        "serve", "--listen", f"{LOOPBACK}:{port}", "--allow-forward",
        right("tcp", echo.port)])
    try:
        shown.wait_for("0 rules, 0 flows", 60)
        run = introduced.sender.start(
            "forward", f"{program.free_port()}:{LOOPBACK}:{echo.port}",
            "--via", f"hall={LOOPBACK}:{port}", "--carrier", carrier,
            json_events=False)
        line = shown.wait_for(rf"desk, {LOOPBACK}:\d+ over (\w+), 1 rule\W",
                              60)
        assert line[1] == carrier
        run.end()
        # Its rule waits for it, for some minutes.
        shown.wait_for("desk, gone; 1 rule waits for it", 60)
    finally:
        shown.end()


def test_who_waits_there_for_something_else_is_said(introduced):
    """And it is not dialled five times a second."""
    inbox = introduced.receiver.start(
        "recv", "--from-known", "-o", introduced.target, "--listen",
        f"{LOOPBACK}:{program.free_port()}")
    run = via(introduced, inbox, to("tcp", 9), ready=False)
    assert run.wait_event("warning")["text"] == (
        "hall waits there for something else, not with `godwit serve`: "
        "give its port (hall=HOST:PORT); trying again")
    time.sleep(1)
    assert len(run.events("warning")) == 1
    assert len(run.events("peer")) == 1


def test_who_does_not_forward_is_told_what_waits_there(introduced):
    far = serve(introduced, "tcp:*:*")
    run = introduced.sender.start(
        "stream", "connect", f"hall={LOOPBACK}:{far.port}", "--carrier",
        introduced.sender_carrier, json_events=False, stdin=b"hello")
    assert run.wait() != 0
    assert "`godwit serve` waits at this port" in run.said()
