"""`godwit forward udp://...` on a machine between two subnets, with real
programs on both sides: datagrams and flows.  F... are the rules of
forwarding."""

import json
import os
import re
import resource
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

import far_sockets
from far_sockets import get, nothing, udp
from forwarding_udp import (
    FAR, NEAR, PORT, TARGET, Echo, ask, figures, flows_total, start, wait_drops)


@pytest.fixture(autouse=True)
def no_socket_stays():
    yield
    far_sockets.close_all()


@pytest.fixture
def echo(net, no_socket_stays):
    made = Echo(net.three)
    yield made
    made.close()


# ---- real programs

def dnsmasq(space, folder, host, *words):
    run = subprocess.Popen(
        [*space.prefix, "dnsmasq", "-k", "-C", "/dev/null", "-R", "-h",
         "--user=root", f"--pid-file={folder}/dnsmasq.pid", "-p",
         str(TARGET), "-a", host, "--bind-interfaces",
         "--edns-packet-max=8000", *words], stderr=subprocess.PIPE)
    probe = udp(space, connect=(host, TARGET))
    question = b"\1\2\1\0\0\1\0\0\0\0\0\0\1x\0\0\1\0\1"
    for _ in range(200):
        try:
            probe.send(question)
            if not nothing(probe, 0.1):
                break
        except OSError:
            time.sleep(0.1)
    probe.close()
    return run


@pytest.mark.skipif(not (shutil.which("dnsmasq") and shutil.which("dig")),
                    reason="no dnsmasq or dig")
@pytest.mark.parametrize("parameters", ["", "?responses=1"])
def test_a_dns_server_answers_through_it(net, pair, work, parameters):
    long = "x" * 200
    server = dnsmasq(net.three, work, FAR, "--address=/a.test/192.0.2.7",
                     *[f"--txt-record=long.test,{n}{long}" for n in range(9)])
    try:
        run = start(net, pair,
                    f"udp://:{PORT}/{FAR}:{TARGET}{parameters}")
        dig = [*net.one.prefix, "dig", f"@{NEAR}", "-p", str(PORT), "+notcp",
               "+tries=2", "+timeout=5"]
        out = subprocess.run(
            [*dig, "+short", *["a.test"] * 100], capture_output=True,
            text=True, check=True, timeout=120).stdout
        assert out.split() == ["192.0.2.7"] * 100
        out = subprocess.run(
            [*dig, "+bufsize=8000", "TXT", "long.test"], capture_output=True,
            text=True, check=True, timeout=60).stdout
        assert out.count(long) == 9 and "flags: qr" in out
        seen = figures(run)
        # dig may have asked twice on a busy machine.
        assert seen["packets_in"] >= seen["packets_out"] >= 101
        assert seen["drops"] == {}
        if parameters:  # F6: each is over with its answer
            assert len(run.events("closed")) >= 101
            assert {e["reason"] for e in run.events("closed")} == {"answered"}
    finally:
        server.kill()
        server.wait()


@pytest.mark.skipif(not shutil.which("iperf3"), reason="no iperf3")
@pytest.mark.parametrize("rate, way", [
    ("20M", []),
    # F27: who only listens might be somebody else.
    ("1M", ["-R"]), ("1M", ["--bidir"])])
def test_iperf3_loses_nothing_on_the_way(net, pair, rate, way):
    server = subprocess.Popen(
        [*net.three.prefix, "iperf3", "-s", "-1", "-p", str(TARGET)],
        stdout=subprocess.DEVNULL)
    try:
        run = start(net, pair, f"tcp://:{PORT}/{FAR}:{TARGET}",
                    f"udp://:{PORT}/{FAR}:{TARGET}")
        for _ in range(100):  # until it listens
            done = subprocess.run(
                [*net.one.prefix, "iperf3", "-c", NEAR, "-p", str(PORT),
                 "-u", "-b", rate, "-l", "1200", "-t", "2", "-J", *way],
                capture_output=True, text=True, check=False, timeout=60)
            found = json.loads(done.stdout)
            if "error" not in found:
                break
            time.sleep(0.1)
        else:
            pytest.fail(found["error"])
        sent = found["end"]["sum"]["packets"]
        assert sent > 100
        # iperf3 may have no time to read all of it on a busy machine.
        seen = run.wait_until(
            lambda: [e for e in run.events_seen if e["event"] == "rule" and
                     e["protocol"] == "udp" and
                     e["packets_in"] + e["packets_out"] >= sent],
            f"{sent} datagrams passed on")[-1]
        assert seen["drops"] == {}
    finally:
        server.kill()
        server.wait()


def test_a_tunnel_goes_on_in_both_directions_and_after_silence(net, pair):
    """As WireGuard: full-size datagrams both ways at once, on one flow, and
    the far side may speak first after a while."""
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}?unreplied=1s")
    far = udp(net.three, bind=(FAR, TARGET))
    near = udp(net.one, connect=(NEAR, PORT))
    near.send(b"hello")
    peer = get(far)[1]
    far.sendto(b"welcome", peer)
    assert get(near)[0] == b"welcome"
    near.send(b"on")  # it has got something: a conversation from now on
    assert get(far) == (b"on", peer)
    time.sleep(2.5)
    far.sendto(b"first", peer)
    assert get(near)[0] == b"first"
    for n in range(500):
        data = n.to_bytes(4, "big") + bytes(1416)
        near.send(data)
        far.sendto(data, peer)
        assert get(far) == (data, peer)
        assert get(near)[0] == data
    assert flows_total(run) == 1
    assert run.events("closed") == []
    assert figures(run)["drops"] == {}


# ---- datagrams

def test_f1_f2_every_size_passes_whole_also_in_fragments(net, pair, echo):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}")
    near = udp(net.one, connect=(NEAR, PORT))
    for size in (0, 1, 1472, 1473, 8000, 30000, 65507, 0, 1):
        ask(near, os.urandom(size))
    assert figures(run)["drops"] == {}
    assert flows_total(run) == 1


def test_f3_with_df_too_long_is_dropped_by_itself(net, pair, echo):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}?df=1")
    near = udp(net.one, connect=(NEAR, PORT))
    ask(near, b"a")
    for _ in range(3):
        near.send(bytes(5000))
    assert wait_drops(run, "too-big", 3)["drops"] == {"too-big": 3}
    ask(near, b"b")
    assert flows_total(run) == 1


def test_f3_tos_and_ecn_pass_in_both_directions(net, pair):
    start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}")
    near, far = udp(net.one, connect=(NEAR, PORT)), udp(net.three,
                                                        bind=(FAR, TARGET))
    for one in (near, far):
        one.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        one.settimeout(20)
    for tos in (0xb8, 0xba, 0x02, 0):
        near.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        near.send(b"q")
        _, marks, _, peer = far.recvmsg(10, 100)
        assert marks[0][2][0] == tos
        far.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        far.sendto(b"a", peer)
        assert near.recvmsg(10, 100)[1][0][2][0] == tos


# ---- flows

def test_f7_ten_thousand_clients_leave_nothing_behind(net, pair, echo):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 11000:
        pytest.skip("too few descriptors here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}?ttl=4s"
                    "&perSource=20000", every="1s")

        def open_files():
            return len(os.listdir(f"/proc/{run.pid}/fd"))

        def resident_kb():
            text = Path(f"/proc/{run.pid}/status").read_text()
            return int(re.search(r"VmRSS:\s+(\d+)", text)[1])

        before = open_files()
        memory = []
        for _ in range(2):  # the first time, memory is got that is kept
            near = far_sockets.inside(net.one, lambda: [
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                for _ in range(10000)])
            for number, one in enumerate(near):
                one.connect((NEAR, PORT))
                one.send(b"q")
                if number % 50 == 49:
                    for each in near[number - 49:number + 1]:
                        assert get(each)[0] == b"q"
            for one in near:
                one.close()
            run.wait_until(lambda: open_files() == before,
                           "end of all flows", timeout=60)
            memory.append(resident_kb())
        assert memory[1] < memory[0] + 4096
        # Lines about as many flows are read for a while.
        run.wait_until(lambda: run.events("rule")[-1]["flows"] == 0,
                       "no flow in the figures", timeout=60)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_f8_without_descriptors_it_sheds_and_lives(net, pair, echo):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}?perSource=1000",
                prefix=("prlimit", "--nofile=60:60", "--"))
    first = udp(net.one, connect=(NEAR, PORT))
    ask(first, b"first")
    others = [udp(net.one, connect=(NEAR, PORT)) for _ in range(200)]
    for one in others:
        one.send(b"q")
    seen = wait_drops(run, "cap", 100)
    assert 30 <= seen["flows"] <= 42  # 70 % of 60, and the listener
    ask(first, b"still")
    assert run.alive()


def test_f9_one_way_flows_keep_their_port_and_are_told(net, pair):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}?ttl=1s")
    far = udp(net.three, bind=(FAR, TARGET))
    near = udp(net.one, connect=(NEAR, PORT))
    peers = set()
    for _ in range(12):
        near.send(b"metric")
        peers.add(get(far)[1])
        time.sleep(0.3)
    assert len(peers) == 1
    flow = run.wait_event("flow")
    assert flow["one_way"] and flow["state"] == "unreplied"
    closed = run.wait_event("closed")  # F10
    assert closed["reason"] == "idle"
    assert closed["source"].endswith(f":{peers.pop()[1]}")
    assert (closed["packets_in"], closed["bytes_in"]) == (12, 72)
    assert (closed["packets_out"], closed["drops"]) == (0, 0)
