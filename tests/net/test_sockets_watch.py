"""godwit sockets --watch: every state and transition, and the live table."""

import re
import signal
import socket
import subprocess
import sys
import time

import pytest

import namespaces
import program
import screen
import sockets_view
import tcp_states


class Watch:
    """A watch in a namespace, and the paths of the connections it told."""

    def __init__(self, device, space, *words, prefix=(), **options):
        """It has begun; a socket that is there before it says so."""
        with tcp_states.inside(space):
            self.first = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.first.bind(("127.0.0.1", 0))
        port = self.first.getsockname()[1]
        if any(word.isdigit() for word in words):
            words = (*words, str(port))
        self.run = device.start(
            "sockets", "--watch", *words, prefix=(*space.prefix, *prefix),
            **options)
        if not any(word in sockets_view.SS_STATES.values() for word in words):
            self.run.wait_event("socket", local_port=port)

    def path(self, local, remote):
        """The last that was told of it: states and seconds in each."""
        for e in reversed(self.run.events("change")):
            if (e["local_port"], e["remote_port"]) == (local, remote):
                return [(s["state"], s.get("seconds")) for s in e["path"]]
        return []

    def wait(self, local, remote, *states, timeout=60):
        def found():
            path = self.path(local, remote)
            return path if [s for s, _ in path] == list(states) else None
        try:
            return self.run.wait_until(found, f"path {states}", timeout)
        except program.Failure as failure:
            raise program.Failure(
                f"{self.path(local, remote)}\n{failure}") from None

    def stop(self):
        self.run.signal(signal.SIGTERM)
        self.run.expect(0)
        self.first.close()


def traced(device, space):
    """Is every change of state told here?"""
    run = device.start("sockets", "--watch", "-v", json_events=False,
                       prefix=space.prefix)
    run.wait_said("Changes: ")
    run.signal(signal.SIGTERM)
    run.wait()
    return "each one" in run.said() and "not each one" not in run.said()


def test_every_transition_is_seen_by_root(device, alone):
    if not traced(device, alone):
        pytest.skip("the tracepoint cannot be read here")
    watch = Watch(device, alone)
    for _ in range(5):
        client, server = sockets_view.life(alone, 0)
        path = watch.wait(client, server, "SYN_SENT", "ESTABLISHED",
                          "FIN_WAIT_1", "FIN_WAIT_2", "TIME_WAIT")
        assert all(0 <= seconds < 60 for _, seconds in path[:-1])
        watch.wait(server, client, "SYN_RCVD", "ESTABLISHED", "CLOSE_WAIT",
                   "LAST_ACK", "gone")
    sockets_view.kill_time_wait(alone)
    watch.wait(client, server, "SYN_SENT", "ESTABLISHED", "FIN_WAIT_1",
               "FIN_WAIT_2", "TIME_WAIT", "gone")
    watch.stop()


REFUSED = """
import socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])
try:
    s.connect(("127.0.0.1", 1))
except ConnectionRefusedError:
    print("refused", flush=True)
    sys.stdin.read()
"""


def test_what_is_over_before_anybody_looks_is_seen_by_root(device, alone):
    if not traced(device, alone):
        pytest.skip("the tracepoint cannot be read here")
    watch = Watch(device, alone)
    # A program of this namespace, which holds on to its socket.
    holder = subprocess.Popen(
        [*alone.prefix, sys.executable, "-c", REFUSED], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    port = int(holder.stdout.readline())
    assert holder.stdout.readline() == "refused\n"
    watch.wait(port, 1, "SYN_SENT", "gone")
    holder.communicate("")
    # One of another namespace, with a socket of this one: its end tells.
    with tcp_states.inside(alone):
        refused = socket.socket()
    refused.bind(("127.0.0.1", 0))
    port = refused.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        refused.connect(("127.0.0.1", 1))
    refused.close()
    watch.wait(port, 1, "SYN_SENT", "gone")
    watch.stop()


def test_closing_is_seen_by_root(device, states):
    """FINs that cross, and what is told is the kernel's own time."""
    if not traced(device, states.spaces.a):
        pytest.skip("the tracepoint cannot be read here")
    states.connect("crossing")
    client = states.client["crossing"].getsockname()[1]
    watch = Watch(device, states.spaces.a, str(states.port["crossing"]))
    states.spaces.change(delay=300)
    states.close_client("crossing")
    states.close_server("crossing")
    path = watch.wait(client, states.port["crossing"], "ESTABLISHED",
                      "FIN_WAIT_1", "CLOSING", "TIME_WAIT")
    # The FIN of the other side was 300 ms under way, our ACK too.
    assert 0.25 < path[1][1] < 30
    assert 0.25 < path[2][1] < 30
    watch.stop()


def test_every_state_that_lasts_is_seen_without_root(device, alone):
    watch = Watch(device, alone, "-v", prefix=sockets_view.unprivileged(),
                  **sockets_view.ELSEWHERE)
    watch.run.wait_said("not each one")
    for hold in (0.2, 0.25, 0.3):
        client, server = sockets_view.life(alone, hold)
        path = sockets_view.wait_for(
            lambda: [p for p in [watch.path(client, server)] if p and
                     p[-1][0] == "TIME_WAIT"], "TIME_WAIT")[0]
        kinds = [s for s, _ in path]
        for state in ("ESTABLISHED", "FIN_WAIT_2", "TIME_WAIT"):
            assert state in kinds
        assert abs(dict(path)["FIN_WAIT_2"] - hold) < 30
        kinds = [s for s, _ in sockets_view.wait_for(
            lambda: [p for p in [watch.path(server, client)] if p and
                     p[-1][0] == "gone"], "gone")[0]]
        assert "ESTABLISHED" in kinds
        assert "CLOSE_WAIT" in kinds
    # What ends is heard of, not only missed.
    gone = watch.first.getsockname()[1]
    watch.first.close()
    assert watch.run.wait_event("change", to="gone", local_port=gone)["exact"]
    watch.stop()


def test_other_namespaces_are_not_seen(device, alone):
    other = namespaces.Namespace("other")
    try:
        watch = Watch(device, alone)
        for _ in range(3):
            ports = sockets_view.life(other, 0.1)
        mine = sockets_view.life(alone, 0)
        watch.run.wait_event("change", local_port=mine[0])
        assert not [e for e in watch.run.events("change")
                    if e["local_port"] in ports]
        watch.stop()
    finally:
        other.delete()


def test_a_filter_of_states_shows_the_whole_path(device, alone):
    watch = Watch(device, alone, "TIME_WAIT")
    time.sleep(1)
    client, server = sockets_view.life(alone, 0.3)
    event = watch.run.wait_event("change", to="TIME_WAIT")
    assert (event["local_port"], event["remote_port"]) == (client, server)
    assert [s["state"] for s in event["path"]][-2:] == ["FIN_WAIT_2",
                                                       "TIME_WAIT"]
    assert not watch.run.events("socket")
    watch.stop()


def test_a_line_a_change(device, alone):
    with tcp_states.inside(alone):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    run = device.start("sockets", "--watch", "--explain", json_events=False,
                       prefix=alone.prefix)
    run.wait_until(lambda: b"UNCONNECTED" in run.out, "first line")
    client, server = sockets_view.life(alone, 0.3)
    run.wait_until(lambda: b"-> TIME_WAIT\n" in run.out, "TIME_WAIT")
    run.signal(signal.SIGTERM)
    run.expect(0)
    lines = run.out.decode().splitlines()
    ends = f"tcp  127.0.0.1:{client}  127.0.0.1:{server}  "
    mine = [line for line in lines if ends in line]
    assert re.match(r"\d\d:\d\d:\d\d\.\d{3}  tcp  ", mine[0])
    assert re.search(r"ESTABLISHED \S+ \S+ -> .*FIN_WAIT_2 \S+ \S+ -> "
                     "TIME_WAIT$", mine[-1])
    assert any("waits 2 MSL" in line for line in lines)
    assert "\x1b" not in run.out.decode()
    udp.close()


def test_interrupted_it_ends(device, alone):
    watch = Watch(device, alone)
    watch.run.signal(signal.SIGINT)
    watch.run.expect(130)
    watch.first.close()
    run = device.start("sockets", "--watch", prefix=alone.prefix)
    time.sleep(1)
    run.signal(signal.SIGTERM)
    run.expect(1)  # nothing was there


# ---- on a terminal

def test_a_live_table_is_drawn_in_place(device, alone, on_terminal):
    with tcp_states.inside(alone):
        listener = socket.create_server(("127.0.0.1", 0))
    seen = screen.Screen(110, 20)
    shown = on_terminal(device, "sockets", "--watch", "--explain",
                        columns=110, rows=20, prefix=alone.prefix)

    def wait(pattern):
        end = time.monotonic() + 60
        while not re.search(pattern, seen.text):
            assert time.monotonic() < end, seen.text
            at = len(shown.written)
            shown.read(0.2)
            seen.feed(shown.written[at:].decode())
        return seen.text
    wait("LISTEN")
    ports = sockets_view.life(alone, 0.4)
    text = wait("-> TIME_WAIT")
    row, = [line for line in text.split("\n")
            if f"127.0.0.1:{ports[0]}  127.0.0.1:{ports[1]}" in line]
    assert row.startswith("* tcp")
    assert "waits 2 MSL" in text or "nothing of it" in text
    assert text.split("\n")[0].endswith("Ctrl-C ends.")
    sockets_view.kill_time_wait(alone)
    wait("-> gone")
    # What is gone stays a while, then it goes.
    wait(rf"(?s)^(?!.*127\.0\.0\.1:{ports[0]} )")
    assert not seen.wrapped
    assert seen.scrolled == 0
    shown.resize(60, 8)
    seen.__init__(60, 8)
    wait(r"LISTEN \S")
    wait("PROTO|LOCAL")
    shown.interrupt()
    shown.expect(130)
    listener.close()
