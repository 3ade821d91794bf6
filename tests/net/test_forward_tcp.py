"""`godwit forward` moves TCP: what stands in F1-F28 (forwarding.md) about
flows."""

import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import time
import urllib.request

import pytest

import far_sockets
import forwards
import program
from forwards import LOOPBACK, connect, read_all, to, until


@pytest.fixture
def device(pair):
    return pair.sender


# ---- bytes


def test_a_web_page_comes_through(device, work):
    (work / "page").write_bytes(os.urandom(3_000_000))
    port = program.free_port()
    web = subprocess.Popen(
        ["python3", "-m", "http.server", str(port), "--bind", LOOPBACK,
         "--directory", str(work)], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        run = forwards.start(device, to(port))

        def page():
            try:
                url = f"http://{LOOPBACK}:{run.at[0]}/page"
                return urllib.request.urlopen(url, timeout=60).read()
            except OSError:
                return None
        assert until(page, "a page") == (work / "page").read_bytes()
    finally:
        web.kill()
        web.wait()


def test_a_half_close_is_carried_through(device, tcp_server):
    run = forwards.start(device, to(tcp_server(forwards.answer_at_end).port))
    with connect(run.at[0]) as one:
        one.sendall(b"x" * 100_000)
        one.shutdown(socket.SHUT_WR)
        assert read_all(one) == b"got 100000"
    flow = run.wait_event("closed")
    assert flow["reason"] == "finished"
    assert (flow["bytes_in"], flow["bytes_out"]) == (100_000, 10)


def test_a_slow_reader_slows_its_sender_and_nothing_piles_up(device, tcp_server):
    much = os.urandom(1 << 20) * 48

    def give(one, _):
        one.sendall(much)

    run = forwards.start(device, to(tcp_server(give).port))
    before = forwards.memory(run)
    with connect(run.at[0]) as one:
        digest = hashlib.sha256()
        time.sleep(1)
        assert forwards.memory(run) < before + 16_384
        while data := one.recv(1 << 18):
            digest.update(data)
            if len(data) < 1 << 16:
                time.sleep(0.001)
    assert digest.digest() == hashlib.sha256(much).digest()


def test_a_slow_reader_does_not_hold_up_others(device, tcp_server):
    def give(one, _):
        one.sendall(b"x" * (64 << 20))

    slow, quick = tcp_server(give), tcp_server()
    run = forwards.start(device, to(slow.port), to(quick.port))
    with connect(run.at[0]), connect(run.at[1]) as two:
        for _ in range(200):
            two.sendall(b"ping")
            assert two.recv(4) == b"ping"


@pytest.mark.skipif(shutil.which("iperf3") is None, reason="no iperf3")
@pytest.mark.parametrize("more", ((), ("-R",), ("-P", "4")))
def test_iperf3_both_ways_with_several_streams(device, more):
    port = program.free_port()
    there = subprocess.Popen(["iperf3", "-s", "-1", "-p", str(port), "-B",
                              LOOPBACK], stdout=subprocess.DEVNULL)
    try:
        # Not by connecting: it would take that for its client.
        until(lambda: subprocess.run(
            ["ss", "-Hltn", f"sport = :{port}"], check=True,
            capture_output=True).stdout, "iperf3")
        run = forwards.start(device, to(port))
        done = subprocess.run(
            ["iperf3", "-c", LOOPBACK, "-p", str(run.at[0]), "-n", "64M",
             "-J", *more], capture_output=True, timeout=120, check=False)
        told = json.loads(done.stdout)
        assert "error" not in told, told
        assert told["end"]["sum_sent"]["bytes"] >= 64 << 20
        # It counts what had arrived when the sender stopped.
        assert told["end"]["sum_received"]["bytes"] > 16 << 20
    finally:
        there.kill()
        there.wait()


# ---- ends


def test_a_reset_is_passed_on_either_way(device, tcp_server):
    seen = []

    def wait_for_reset(one, _):
        try:
            seen.append(one.recv(1))
        except ConnectionResetError:
            seen.append("reset")

    def give_reset(one, _):
        one.recv(1)
        forwards.reset(one)

    run = forwards.start(device, to(tcp_server(wait_for_reset).port),
                         to(tcp_server(give_reset).port))
    one = connect(run.at[0])
    run.wait_event("opened")
    forwards.reset(one)
    assert until(lambda: seen, "a reset") == ["reset"]
    assert run.wait_event("closed")["reason"] == "client-reset"
    with connect(run.at[1]) as two:
        two.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            two.recv(1)
    assert run.wait_event("closed", number=2)["reason"] == "target-reset"


def test_an_idle_flow_ends_after_its_ttl(device, tcp_server):
    run = forwards.start(device, to(tcp_server().port, "?ttl=500ms"))
    with connect(run.at[0]) as one:
        with pytest.raises(ConnectionResetError):
            one.recv(1)
    assert run.wait_event("closed")["reason"] == "idle"


def test_f10_a_flow_is_told_with_its_ends_and_why_it_ended(device, tcp_server):
    there = tcp_server()
    run = forwards.start(device, to(there.port))
    with connect(run.at[0]) as one:
        one.sendall(b"ping")
        assert one.recv(4) == b"ping"
        client = "%s:%d" % one.getsockname()
    opened, closed = run.wait_event("opened"), run.wait_event("closed")
    for told in (opened, closed):
        assert told["client"] == client
        assert told["local"] == f"{LOOPBACK}:{run.at[0]}"
        assert told["target"] == f"{LOOPBACK}:{there.port}"
        assert told["source"] == "%s:%d" % there.peers[0]
    assert closed["bytes_in"] == closed["bytes_out"] == 4
    assert closed["reason"] == "finished"


def test_a_target_that_restarts_is_found_again(device, tcp_server):
    first = tcp_server()
    port = first.port
    run = forwards.start(device, to(port))
    with connect(run.at[0]) as one:
        one.sendall(b"ping")
        assert one.recv(4) == b"ping"
    first.close()
    with pytest.raises(ConnectionResetError), connect(run.at[0]) as one:
        one.recv(1)  # if connecting was not reset already
    closed = run.wait_event("closed", reason="unreachable")
    assert "refused" in closed["error"]
    tcp_server(port=port)
    until(lambda: forwards.echoes(run.at[0]), "the target again")


def test_a_dead_target_is_passed_over(device, tcp_server):
    dead = program.free_port()
    there = tcp_server()
    run = forwards.start(device, f"tcp://{LOOPBACK}:{{port}}/{LOOPBACK}:"
                         f"{dead},{LOOPBACK}:{there.port}")
    for _ in range(5):
        with connect(run.at[0]) as one:
            one.sendall(b"ping")
            assert one.recv(4) == b"ping"


def test_a_target_that_does_not_answer_is_tried_once(pair, joined):
    run = forwards.start(
        pair.sender, f"tcp://{LOOPBACK}:{{port}}/10.77.0.99:80?connect=1s")
    one = far_sockets.inside(
        joined.a, lambda: connect(run.at[0]))
    closed = run.wait_event("closed", reason="unreachable")
    assert closed["age_ms"] < 6000, "not as often as names may have addresses"
    one.close()


# ---- many, and limits


def test_f7_a_thousand_flows_and_nothing_is_left_of_them(device, tcp_server):
    many = 1000
    there = tcp_server()
    run = forwards.start(device, to(there.port), more=("--no-live",))
    with connect(run.at[0]) as one:  # what is made once is there
        one.sendall(b"x")
        one.recv(1)
    run.wait_event("closed")
    files, kib = forwards.descriptors(run), forwards.memory(run)
    flows = []
    for i in range(many):
        flows.append(connect(run.at[0]))
        flows[-1].sendall(b"%d" % i)
    for i, one in enumerate(flows):
        want = b"%d" % i
        got = b""
        while len(got) < len(want):
            got += one.recv(16)
        assert got == want
    assert forwards.descriptors(run) >= files + 2 * many
    for one in flows:
        one.close()
    run.wait_event("closed", number=many + 1, timeout=120)
    until(lambda: forwards.descriptors(run) <= files, "descriptors back")
    assert forwards.memory(run) < kib + 8192


def test_f8_out_of_descriptors_it_sheds_and_never_ends(device, tcp_server):
    run = forwards.start(device, to(tcp_server().port),
                         prefix=("prlimit", "--nofile=64:64"))
    flows, lives, shed = [], [], 0
    for _ in range(60):
        try:
            flows.append(connect(run.at[0]))
        except OSError:  # it is shed before connect(2) has returned
            shed += 1
    for one in flows:
        one.settimeout(60)
        try:
            one.sendall(b"x")
            if one.recv(1) == b"x":
                lives.append(one)
            else:
                shed += 1
        except OSError:
            shed += 1
    assert lives and shed and run.alive()
    for one in lives:  # those that are there go on
        one.sendall(b"y")
        assert one.recv(1) == b"y"
    for one in flows:
        one.close()

    until(lambda: forwards.echoes(run.at[0]), "room again")


def test_f15_a_proxy_header_names_the_client(device, tcp_server):
    seen = []

    def take(one, _):
        seen.append(read_all(one))

    run = forwards.start(device, to(tcp_server(take).port, "?proxy=v2"))
    with connect(run.at[0]) as one:
        one.sendall(b"text")
        host, port = one.getsockname()
    data = until(lambda: seen, "a header")[0]
    assert data == (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" +
                    socket.inet_aton(host) + socket.inet_aton(LOOPBACK) +
                    struct.pack("!HH", port, run.at[0]) + b"text")


def test_f27_only_those_who_are_allowed(device, tcp_server):
    run = forwards.start(device, to(tcp_server().port, "?allow=127.0.0.2"),
                         more=("--every", "200ms"))
    with pytest.raises(ConnectionResetError), connect(run.at[0]) as one:
        one.recv(1)  # if connecting was not reset already
    one = socket.create_connection((LOOPBACK, run.at[0]), 60,
                                   ("127.0.0.2", 0))
    with one:
        one.sendall(b"x")
        assert one.recv(1) == b"x"
        run.wait_until(lambda: any(e["drops"] == {"denied": 1}
                                   for e in run.events("rule")), "the drop")
        run.wait_event("flow", client="%s:%d" % one.getsockname())
