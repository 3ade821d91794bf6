"""`godwit forward udp://...` on a machine between two subnets: addresses,
targets that are not there, and abuse.  F... are the rules of forwarding."""

import socket
import struct
import time

import pytest

import far_sockets
from far_sockets import get, nothing, udp
from forwarding_udp import (
    ALSO_NEAR, FAR, NEAR, PORT, TARGET, Echo, ask, figures, flows_total,
    start, wait_drops)


@pytest.fixture(autouse=True)
def no_socket_stays():
    yield
    far_sockets.close_all()


@pytest.fixture
def echo(net, no_socket_stays):
    made = Echo(net.three)
    yield made
    made.close()


@pytest.fixture(autouse=True, scope="module")
def every_refusal_is_told(net):
    """Hosts say a few a second only, if nobody asks them for more."""
    net.three.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/icmp_ratelimit; "
                  "echo 1000000 > /proc/sys/net/ipv4/icmp_msgs_per_sec || :")


# ---- addresses

@pytest.mark.parametrize("host", [NEAR, ALSO_NEAR, "fd91:1::1", "fd91:1::11"])
def test_f12_the_answer_comes_from_the_address_that_was_asked(
        net, pair, echo, host):
    start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}")
    near = udp(net.one, connect=(host, PORT))  # hears nobody else
    for _ in range(5):
        ask(near, b"who")


def test_f12_a_broadcast_is_answered_from_a_unicast_address(net, pair, echo):
    start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}")
    near = udp(net.one, bind=("10.91.1.2", 0))
    near.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    for to in ("10.91.1.255", "255.255.255.255"):
        near.sendto(to.encode(), (to, PORT))
        data, peer = get(near)
        assert data == to.encode()
        assert peer in ((NEAR, PORT), (ALSO_NEAR, PORT))


def test_f13_link_local_addresses_on_both_sides(net, pair):
    far_host = net.three.link_local("eth0").split("%")[0]
    near_host = net.m.link_local("left").split("%")[0]
    run = start(net, pair, f"udp://:{PORT}/[{far_host}%right]:{TARGET}")
    far = far_sockets.inside(net.three, lambda: socket.socket(
        socket.AF_INET6, socket.SOCK_DGRAM))
    far.bind(("::", TARGET))

    def connected():
        made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        made.connect((near_host, PORT, 0, socket.if_nametoindex("eth0")))
        return made
    near = far_sockets.inside(net.one, connected)
    near.send(b"q")
    data, peer = get(far)
    assert data == b"q" and peer[0].startswith("fe80")
    far.sendto(b"a", peer)
    assert get(near)[0] == b"a"
    opened = run.wait_event("opened")
    assert "%left" in opened["client"] and "%right" in opened["target"]


def test_f14_a_name_that_moves_is_followed_by_new_flows_only(
        net, pair, work, echo):
    hosts = work / "hosts"
    hosts.write_text(f"{FAR} moving\n")
    other = Echo(net.two, "10.91.1.3")
    # Its own /etc/hosts; look-ups read it anew each time.
    run = start(net, pair, f"udp://:{PORT}/moving:{TARGET}?refresh=1s",
                prefix=("unshare", "-m", "sh", "-c",
                        f'mount --bind {hosts} /etc/hosts && exec "$@"',
                        "sh"))
    old = udp(net.one, connect=(NEAR, PORT))
    ask(old, b"q")
    assert echo.count == 1
    hosts.write_text("10.91.1.3 moving\n")
    end = time.monotonic() + 40
    while other.count == 0 and time.monotonic() < end:
        new = udp(net.one, connect=(NEAR, PORT))
        ask(new, b"q")
        new.close()
        time.sleep(0.5)
    assert other.count == 1
    before = echo.count
    ask(old, b"still")
    assert (echo.count, other.count) == (before + 1, 1)
    assert run.events("warning") == []
    other.close()


def test_f15_a_transparent_source_is_the_clients(net, pair, echo):
    net.m.ip("rule", "add", "iif", "right", "lookup", "100")
    net.m.ip("route", "add", "local", "10.91.1.2/32", "dev", "lo", "table",
             "100")
    try:
        start(net, pair, f"udp://{NEAR}:{PORT}/{FAR}:{TARGET}?transparent=1")
        near = udp(net.one, connect=(NEAR, PORT))
        ask(near, b"q")
        assert echo.peers == {near.getsockname()}
    finally:
        net.m.ip("rule", "del", "iif", "right", "lookup", "100")


def test_f15_transparent_without_the_right_is_refused(net, pair):
    run = pair.receiver.start(
        "forward", f"udp://{NEAR}:{PORT}/{FAR}:{TARGET}?transparent=1",
        json_events=False, prefix=(*net.m.prefix, "setpriv", "--bounding-set",
                                   "-net_admin,-net_raw", "--inh-caps",
                                   "-net_admin,-net_raw"))
    assert run.wait() != 0
    assert "CAP_NET_ADMIN" in run.said()


# ---- errors

def test_f17_a_storm_of_unreachables_hurts_nobody(net, pair, echo):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET + 1}",
                f"udp://:{PORT + 1}/{FAR}:{TARGET}")
    near = [udp(net.one, connect=(NEAR, PORT)) for _ in range(20)]
    good = udp(net.one, connect=(NEAR, PORT + 1))
    for n in range(200):
        for one in near:
            one.send(bytes(n % 7))  # a burst of one size is refused once
        if n % 20 == 0:
            ask(good, b"somebody")

    def refused():
        """The kernel says so only so often: ask on until it has."""
        for one in near:
            one.send(b"more")
        return [e for e in run.events_seen if e["event"] == "rule" and
                e["port"] == PORT and e["drops"].get("icmp", 0) > 100]

    seen = run.wait_until(refused, "100 refusals")[-1]
    assert seen["flows"] == 20
    assert run.events("closed") == []
    # The target comes, and all go on by the flows that they had.
    late = Echo(net.three, FAR, TARGET + 1)
    for one in near:
        ask(one, b"now")
    assert len(late.peers) == 20
    assert run.wait_event("rule", port=PORT, flows_total=20)
    late.close()


@pytest.mark.parametrize("host", [NEAR, ALSO_NEAR, "fd91:1::1"])
def test_f17_reflected_the_client_hears_that_nobody_is_there(net, pair, host):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}?icmp=reflect")
    near = udp(net.one, connect=(host, PORT))  # hears of nobody else
    near.settimeout(1)
    for _ in range(60):
        try:
            near.send(b"anybody?")
            near.recv(1)
        except ConnectionRefusedError:
            break
        except TimeoutError:
            pass
    else:
        pytest.fail("nobody told the client")
    assert wait_drops(run, "icmp", 1)["flows"] == 1
    late = Echo(net.three)
    ask(near, b"now")
    assert flows_total(run) == 1
    late.close()


def test_f27_who_may_be_forged_is_told_as_little_as_by_a_kernel(net, pair):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}?icmp=reflect")
    near = udp(net.one, connect=(NEAR, PORT))
    near.settimeout(0.02)
    began = time.monotonic()
    told = 0

    def refusals():
        seen = run.events("rule")
        return seen[-1]["drops"].get("icmp", 0) if seen else 0

    while refusals() < 30:
        assert time.monotonic() - began < 60
        try:
            near.send(b"anybody?")
            near.recv(1)
        except ConnectionRefusedError:
            told += 1
        except TimeoutError:
            pass
    assert 1 <= told <= 6 + (time.monotonic() - began)


def test_f17_to_reflect_without_the_right_is_refused(net, pair):
    run = pair.receiver.start(
        "forward", f"udp://{NEAR}:{PORT}/{FAR}:{TARGET}?icmp=reflect",
        json_events=False, prefix=(
            *net.m.prefix, "setpriv", "--bounding-set", "-net_raw",
            "--inh-caps", "-net_raw"))
    run.expect(1)
    assert "CAP_NET_RAW" in run.said()


def test_f17_a_target_that_restarts_is_found_again(net, pair, echo):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}")
    near = udp(net.one, connect=(NEAR, PORT))
    ask(near, b"before")
    echo.close()
    while not run.events("rule") or \
            not run.events("rule")[-1]["drops"].get("icmp"):
        near.send(b"lost")
        time.sleep(0.2)
    again = Echo(net.three)
    ask(near, b"after")
    assert flows_total(run) == 1
    again.close()


def test_f17_with_two_targets_the_one_that_is_there_is_used(net, pair, echo):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET + 1},"
                f"{FAR}:{TARGET}?strategy=first")
    near = udp(net.one, connect=(NEAR, PORT))
    for _ in range(100):
        near.send(b"lost")
        if not nothing(near, 0.2):
            break
    assert run.wait_event("closed")["reason"] == "icmp"
    assert get(near)[0] == b"lost"
    ask(near, b"found")


# ---- abuse

def test_f27_a_source_that_may_be_forged_gets_little(net, pair):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}")
    far = udp(net.three, bind=(FAR, TARGET))
    near = udp(net.one, connect=(NEAR, PORT))
    near.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
    near.send(b"?")
    peer = get(far)[1]
    for _ in range(100):
        far.sendto(bytes(60000), peer)
        time.sleep(0.002)
    seen = wait_drops(run, "rate", 50)
    assert seen["bytes_out"] < 3 << 20
    # It sends again after it got something: it is where it says.
    near.send(b"!")
    assert get(far)[1] == peer
    dropped = figures(run)["drops"]["rate"]
    for _ in range(100):
        far.sendto(bytes(1000), peer)
    time.sleep(0.5)
    assert figures(run)["drops"]["rate"] == dropped


def test_f27_who_is_not_allowed_opens_nothing(net, pair, echo):
    run = start(net, pair,
                f"udp://:{PORT}/{FAR}:{TARGET}?allow=10.91.1.3")
    near = udp(net.one, connect=(NEAR, PORT))
    near.send(b"q")
    wait_drops(run, "denied", 1)
    allowed = udp(net.two, connect=(NEAR, PORT))
    ask(allowed, b"q")
    assert figures(run)["flows_total"] == 1 and nothing(near, 0.1)


def test_f27_an_open_amplifier_is_warned_of(net, pair):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:53")
    assert "allow=" in run.wait_event("warning")["text"]


def test_f28_source_port_zero_and_loops_are_refused(net, pair, echo):
    run = start(net, pair, f"udp://:{PORT}/{FAR}:{TARGET}")
    raw = far_sockets.inside(net.one, lambda: socket.socket(
        socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP))
    raw.sendto(struct.pack("!HHHH", 0, PORT, 8 + 4, 0) + b"zero",
               (NEAR, 0))
    assert wait_drops(run, "port-zero", 1)["flows"] == 0
    raw.close()
    run.signal(2)
    run.wait()
    for host in (NEAR, "127.0.0.1", "[fd91:2::1]"):
        loop = pair.receiver.start(
            "forward", f"udp://:{PORT}/{host}:{PORT}", json_events=False,
            prefix=net.m.prefix)
        assert loop.wait() == 2, loop.report()
