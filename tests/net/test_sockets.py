"""godwit sockets: the same sockets and states as ss shows, tables that fit,
and what root may see and others may not."""

import json
import os
import re
import socket

import pytest

import sockets_view
import tcp_states
import terminal as terminals


def listed(device, space, *words, status=0):
    run = device.run("sockets", *words, prefix=space.prefix if space else ())
    assert run.wait() == status, run.report()
    return run.events("socket")


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
            state = sockets_view.SS_STATES[state]
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
    assert seen == set(sockets_view.SS_STATES.values()) | {"CONNECTED"}
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
    found = sockets_view.wait_for(repeated, "no retransmission")
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
                     prefix=(*alone.prefix, *sockets_view.unprivileged()),
                     **sockets_view.ELSEWHERE)
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
