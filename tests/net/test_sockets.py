"""godwit sockets: the same sockets and states as ss shows, every state seen,
tables that fit, and what root may see and others may not."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

import namespaces
import program
import screen
import tcp_states
import terminal as terminals

NOBODY = 65534
SS_STATES = {"ESTAB": "ESTABLISHED", "SYN-SENT": "SYN_SENT",
             "SYN-RECV": "SYN_RCVD", "FIN-WAIT-1": "FIN_WAIT_1",
             "FIN-WAIT-2": "FIN_WAIT_2", "TIME-WAIT": "TIME_WAIT",
             "CLOSE-WAIT": "CLOSE_WAIT", "LAST-ACK": "LAST_ACK",
             "LISTEN": "LISTEN", "CLOSING": "CLOSING", "UNCONN": "UNCONNECTED"}


@pytest.fixture
def device(godwit, work):
    made = program.Device(work, "alder")
    yield made
    made.end()


@pytest.fixture
def alone(needs_namespaces):
    """A namespace with nothing but loopback."""
    namespaces.sweep()
    made = namespaces.Namespace("one")
    yield made
    made.delete()


@pytest.fixture
def states(link):
    made = tcp_states.States(link())
    yield made
    made.close()


def listed(device, space, *words, status=0):
    run = device.run("sockets", *words, prefix=space.prefix if space else ())
    assert run.wait() == status, run.report()
    return run.events("socket")


def wait_for(condition, what, timeout=60):
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return found


# ---- the same as ss

def ss_end(text):
    """(address, port) as godwit's JSON has it; (None, None) for none."""
    host, port = text.rsplit(":", 1)
    if port == "*":
        return None, None
    host = re.sub(r"%[^\]]*", "", host.strip("[]"))
    host = host.removeprefix("::ffff:") if "." in host else host
    return {"*": "::"}.get(host, host), int(port)


def of_ss(space):
    found = set()
    for protocol, flag in (("tcp", "-t"), ("udp", "-u")):
        for line in space.run("ss", "-Hna", flag).splitlines():
            state, recv, send, local, remote = line.split()[:5]
            state = SS_STATES[state]
            if protocol == "udp" and state == "ESTABLISHED":
                state = "CONNECTED"
            found.add((protocol, state, int(recv), int(send), ss_end(local),
                       ss_end(remote)))
    return found


def of_godwit(device, space):
    return {(e["protocol"], e["state"],
             e.get("recv_queue", e.get("accept_queue")),
             e.get("send_queue", e.get("accept_queue_max")),
             (e["local"], e["local_port"]), (e["remote"], e["remote_port"]))
            for e in listed(device, space)}


def test_the_same_sockets_in_the_same_states_as_ss(device, states):
    want = states.make_all()
    udp = []
    for family, host in ((socket.AF_INET, "127.0.0.1"),
                         (socket.AF_INET6, "::1")):
        with tcp_states.inside(states.spaces.b):
            bound = socket.socket(family, socket.SOCK_DGRAM)
            connected = socket.socket(family, socket.SOCK_DGRAM)
        bound.bind((host, 0))
        connected.connect((host, bound.getsockname()[1]))
        connected.send(b"x" * 100)
        udp += [bound, connected]
    for name, space in (("a", states.spaces.a), ("b", states.spaces.b)):
        mine, theirs = of_godwit(device, space), of_ss(space)
        assert mine == theirs
        # And these states are there, each on its port.
        ports = {(p[0] if name == "b" else p[1]): s for s, p in (
            (e[1], (e[4][1], e[5][1])) for e in mine if e[5][1])}
        assert want[name] == {n: ports.get(states.port[n])
                              for n in want[name]}
    seen = {e[1] for e in mine} | {s for s in want["a"].values()}
    assert seen == set(SS_STATES.values()) | {"CONNECTED"}
    for one in udp:
        one.close()


def test_filters_take_what_they_name(device, states):
    states.connect("one")
    states.connect("two", six=True)
    port, six = states.port["one"], states.port["two"]
    a, b = states.spaces.a, states.spaces.b
    assert len(listed(device, b, str(port))) == 2
    assert len(listed(device, b, f"{states.spaces.a4}")) == 1
    assert len(listed(device, a, f"{states.spaces.b4}:{port}")) == 1
    assert len(listed(device, a, f"[{states.spaces.b6}]:{six}")) == 1
    assert len(listed(device, b, "listening", str(port), str(six))) == 2
    assert len(listed(device, b, "10.77.0.0/24", "fd77::/64")) == 2
    assert len(listed(device, b, f"local=:{port}", "established")) == 1
    assert not listed(device, b, f"remote=:{port}", status=1)
    assert not listed(device, b, str(port), "udp", status=1)
    assert len(listed(device, b, str(port), "state!=LISTEN")) == 1
    me = f"pid={os.getpid()}"
    assert len(listed(device, b, str(port), me)) == 2
    assert not listed(device, b, str(port), "proc=no-such", status=1)


# ---- what is known of each

def test_figures_of_a_busy_connection(device, states):
    states.connect("busy")
    data = b"x" * 100_000
    with states.client["busy"] as client:
        client.setblocking(True)
        for _ in range(20):
            client.sendall(data)
            left = len(data)
            while left:
                left -= len(states.server["busy"].recv(left))
        mine, = listed(device, states.spaces.a, str(states.port["busy"]))
    assert 0 < mine["rtt"] < 10
    assert mine["cwnd"] >= 2
    assert mine["rate"] > 0
    assert mine["acknowledged"] > 1_000_000
    assert mine["retransmitted"] >= 0


def test_retransmissions_and_the_timer_are_told(device, states):
    states.connect("lost")
    states.spaces.change(loss=1)
    states.client["lost"].send(b"never arrives")

    def repeated():
        found, = listed(device, states.spaces.a, str(states.port["lost"]))
        return found if found["retransmitted"] >= 2 else None
    found = wait_for(repeated, "no retransmission")
    assert found["send_queue"] == 13
    assert found["timer"] == "retransmission"
    assert found["timer_repeats"] >= 1


def test_what_udp_drops_is_counted(device, alone):
    with tcp_states.inside(alone):
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    bound.bind(("127.0.0.1", 0))
    for _ in range(50):
        sender.sendto(b"x" * 1000, bound.getsockname())
    port = bound.getsockname()[1]
    found, = listed(device, alone, str(port), "udp")
    assert found["drops"] > 0
    assert found["recv_queue"] > 0
    bound.close()
    sender.close()


def test_processes_that_have_it_open(device, alone):
    with tcp_states.inside(alone):
        listener = socket.create_server(("127.0.0.1", 0))
    port = str(listener.getsockname()[1])
    found, = listed(device, alone, port, "-p")
    assert {"pid": os.getpid()}.items() <= found["processes"][0].items()
    run = device.run("sockets", port, "-p", json_events=False,
                     prefix=alone.prefix)
    assert f"/{os.getpid()}".encode() in run.out
    listener.close()


RESOLV_CONF = """nameserver {server}
options timeout:30 attempts:5
"""


def test_names_never_hold_up_the_list(device, states, work):
    """The name server is one that never answers."""
    states.connect("one")
    states.spaces.change(loss=1)
    conf = work / "resolv.conf"
    conf.write_text(RESOLV_CONF.format(server=states.spaces.a4))
    mount = f'mount --bind {conf} /etc/resolv.conf && exec "$@"'
    run = device.run(
        "sockets", str(states.port["one"]), "-r", "established", timeout=60,
        prefix=(*states.spaces.b.prefix, "unshare", "--mount", "sh", "-c",
                mount, "sh"))
    assert run.wait() == 0, run.report()
    found, = run.events("socket")
    assert found["local_name"] is None
    assert found["local"] == states.spaces.b4
    assert not run.said()


# ---- the watch

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
        if not any(word in SS_STATES.values() for word in words):
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


# Nobody may read this device's configuration.
ELSEWHERE = {"cwd": "/", "env": {"HOME": "/", "XDG_CONFIG_HOME": "/"}}


def unprivileged():
    """In front of a command: without any rights."""
    command = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
               "--clear-groups", "--")
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv")
    if subprocess.run([*command, program.binary(), "--version"], check=False,
                      capture_output=True).returncode != 0:
        pytest.skip("nobody may run this program here")
    return command


def life(space, hold, port=0):
    """A connection on loopback that is `hold` seconds in each of its states;
    the ports of both ends, and what is still open."""
    with tcp_states.inside(space):
        listener = socket.create_server(("127.0.0.1", port))
        client = socket.socket()
    client.connect(listener.getsockname())
    server = listener.accept()[0]
    ports = client.getsockname()[1], listener.getsockname()[1]
    time.sleep(hold)
    client.shutdown(socket.SHUT_WR)
    server.recv(1)
    time.sleep(hold)
    server.close()
    client.recv(1)
    client.close()
    listener.close()
    return ports


def kill_time_wait(space):
    """2 MSL is a minute."""
    done = subprocess.run(
        [*space.prefix, "ss", "-K", "state", "time-wait"], check=False,
        capture_output=True, text=True)
    if "not supported" in done.stderr:
        pytest.skip("this kernel cannot end sockets")


def test_every_transition_is_seen_by_root(device, alone):
    if not traced(device, alone):
        pytest.skip("the tracepoint cannot be read here")
    watch = Watch(device, alone)
    for _ in range(5):
        client, server = life(alone, 0)
        path = watch.wait(client, server, "SYN_SENT", "ESTABLISHED",
                          "FIN_WAIT_1", "FIN_WAIT_2", "TIME_WAIT")
        assert all(0 <= seconds < 60 for _, seconds in path[:-1])
        watch.wait(server, client, "SYN_RCVD", "ESTABLISHED", "CLOSE_WAIT",
                   "LAST_ACK", "gone")
    kill_time_wait(alone)
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
    watch = Watch(device, alone, "-v", prefix=unprivileged(), **ELSEWHERE)
    watch.run.wait_said("not each one")
    for hold in (0.2, 0.25, 0.3):
        client, server = life(alone, hold)
        path = wait_for(
            lambda: [p for p in [watch.path(client, server)] if p and
                     p[-1][0] == "TIME_WAIT"], "TIME_WAIT")[0]
        kinds = [s for s, _ in path]
        for state in ("ESTABLISHED", "FIN_WAIT_2", "TIME_WAIT"):
            assert state in kinds
        assert abs(dict(path)["FIN_WAIT_2"] - hold) < 30
        kinds = [s for s, _ in wait_for(
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
            ports = life(other, 0.1)
        mine = life(alone, 0)
        watch.run.wait_event("change", local_port=mine[0])
        assert not [e for e in watch.run.events("change")
                    if e["local_port"] in ports]
        watch.stop()
    finally:
        other.delete()


def test_a_filter_of_states_shows_the_whole_path(device, alone):
    watch = Watch(device, alone, "TIME_WAIT")
    time.sleep(1)
    client, server = life(alone, 0.3)
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
    client, server = life(alone, 0.3)
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

@pytest.mark.parametrize("columns", [20, 40, 80, 120, 200])
def test_a_list_fits_the_terminal(device, states, on_terminal, columns):
    states.connect("one")
    states.connect("two", six=True)
    shown = on_terminal(device, "sockets", "-p", columns=columns,
                        prefix=states.spaces.a.prefix)
    shown.expect(0)
    lines = shown.text.replace("\r", "").rstrip("\n").split("\n")
    assert len(lines) >= 3
    for line in lines:
        assert terminals.width(line) < columns, line
    assert "ESTABLISHED" in shown.text
    if columns >= 120:
        assert f"{states.spaces.b4}:{states.port['one']}" in shown.text


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
    ports = life(alone, 0.4)
    text = wait("-> TIME_WAIT")
    row, = [line for line in text.split("\n")
            if f"127.0.0.1:{ports[0]}  127.0.0.1:{ports[1]}" in line]
    assert row.startswith("* tcp")
    assert "waits 2 MSL" in text or "nothing of it" in text
    assert text.split("\n")[0].endswith("Ctrl-C ends.")
    kill_time_wait(alone)
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


def test_no_colours_when_not_wanted(device, states, on_terminal):
    states.connect("one")
    colour = re.compile(rb"\x1b\[[0-9;]*m")
    for env, wanted in (({}, True), ({"NO_COLOR": "1"}, False),
                        ({"TERM": "dumb"}, False)):
        shown = on_terminal(device, "sockets", env=env,
                            prefix=states.spaces.a.prefix)
        shown.expect(0)
        assert bool(colour.search(shown.written)) == wanted


# ---- who may see what

def test_what_is_denied_is_said(device, alone):
    with tcp_states.inside(alone):
        listener = socket.create_server(("127.0.0.1", 0))
    run = device.run("sockets", "-p", str(listener.getsockname()[1]),
                     prefix=(*alone.prefix, *unprivileged()), **ELSEWHERE)
    assert run.wait() == 0
    assert run.events("socket")[0]["processes"] == []
    assert "takes root" in run.said()
    listener.close()


def test_every_line_is_json(device, states):
    states.make_all()
    run = device.run("sockets", "--explain", prefix=states.spaces.b.prefix)
    assert run.wait() == 0
    for line in run.out.decode().splitlines():
        event = json.loads(line)
        assert event["event"] in ("socket", "explain")
    explained = {e["state"]: e for e in run.events("explain")}
    assert {"LISTEN", "CLOSING", "LAST_ACK", "SYN_RCVD"} <= set(explained)
    assert explained["CLOSE_WAIT"]["stays"]
