"""`godwit relay godwit`: godwit finds itself across subnets, and its sessions
pass, where nothing routes."""

import json
import subprocess
import sys

import pytest

import segments
from segments import start_relay


@pytest.fixture(scope="module")
def made(needs_namespaces):
    """Three segments in a row, joined by r and s, which do not route; t is
    beside r."""
    made = segments.Segments(3)
    made.one, made.two, made.three = (made.host(n) for n in (1, 2, 3))
    made.r = made.relay("r", 1, 2)
    made.s = made.relay("s", 2, 3)
    made.t = made.relay("t", 1, 2)
    yield made
    made.close()


@pytest.fixture
def net(made):
    yield made
    made.quiet()


def peers(device, space, seconds="2s"):
    """What is there, by name."""
    run = device.start("peers", "--wait", seconds, prefix=space.prefix)
    run.wait()
    found = {}
    for line in run.out.decode().splitlines():
        one = json.loads(line)
        if "name" in one:
            found.setdefault(one["name"], []).append(one)
    return found


def addresses(entries):
    return {(a["address"].split("%")[0], a["port"])
            for one in entries for a in one["addresses"]}


ASK = """import socket, sys
kind, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
if kind == "udp":
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((host, port))
else:
    s = socket.create_connection((host, port), 30)
s.settimeout(30)
s.send(b"hello")
print(s.recv(100).decode())
"""


def ask(space, kind, host, port):
    return subprocess.run(
        [*space.prefix, sys.executable, "-c", ASK, kind, host, str(port)],
        check=True, capture_output=True, text=True, timeout=60).stdout.split()


def does_not_route(net, *spaces):
    for space in spaces:
        assert space.run("cat", "/proc/sys/net/ipv4/ip_forward") == "0\n"


def test_peers_see_across_a_relay_that_leads_to_them(net, device):
    does_not_route(net, net.r)
    start_relay(device, net.r, "godwit", "--between", "eth0,eth1")
    net.device(net.two, 5639, "kitchen", echo=True)
    found = peers(device, net.one)
    at = addresses(found["kitchen"])
    near = net.address(net.r, "eth0")
    assert near in {host for host, _ in at}
    # One device has one port, whatever it was found by.
    assert len({port for _, port in at}) == 1
    port = at.pop()[1]
    for kind in ("udp", "tcp"):
        assert ask(net.one, kind, near, port) == \
            [net.address(net.r, "eth1"), "hello"]
    # Not by the other interface.
    with pytest.raises(subprocess.CalledProcessError):
        ask(net.two, "tcp", net.address(net.r, "eth1"), port)


def test_peers_see_across_two_relays_in_a_chain(net, device):
    does_not_route(net, net.r, net.s)
    for space in (net.r, net.s):
        start_relay(device, space, "godwit", "--between", "eth0,eth1")
    net.device(net.three, 5640, "attic", echo=True)
    found = peers(device, net.one)
    near = net.address(net.r, "eth0")
    port = next(p for h, p in addresses(found["attic"]) if h == near)
    for kind in ("udp", "tcp"):
        assert ask(net.one, kind, near, port)[1] == "hello"


def test_B3_two_relays_beside_each_other_both_lead_there(net, device):
    runs = [start_relay(device, space, "godwit", "--between", "eth0,eth1")
            for space in (net.r, net.t)]
    net.device(net.two, 5642, "cellar", echo=True, everybody="10.92.2.255")
    at = addresses(peers(device, net.one)["cellar"])
    near = {net.address(space, "eth0") for space in (net.r, net.t)}
    assert near <= {host for host, _ in at}
    for host, port in at:
        if host in near:
            assert ask(net.one, "tcp", host, port)[1] == "hello"
    for run in runs:
        rows = segments.counts(run)
        assert sum(row["sent"] for row in rows.values()) < 60, rows
        assert not run.events("storm")


@pytest.mark.parametrize("carrier", ["udp", "tcp", "auto"])
@pytest.mark.parametrize("chain", [False, True])
def test_a_code_works_across(net, pair, carrier, chain):
    """Sealed from end to end; to each the other is where the relay is."""
    relays = (net.r, net.s) if chain else (net.r,)
    far = net.three if chain else net.two
    does_not_route(net, *relays)
    for space in relays:
        start_relay(pair.device(space.name), space, "godwit", "--between",
                    "eth0,eth1")
    source = pair.sender.home / "photo"
    source.write_bytes(bytes(range(256)) * 20000)
    waiting = pair.sender.start("send", source, "--carrier", carrier,
                                prefix=far.prefix)
    got = pair.receiver.start("recv", waiting.code, "--yes", "-o", pair.target,
                              "--carrier", carrier, prefix=net.one.prefix)
    got.expect(0)
    waiting.expect(0)
    assert (pair.target / "photo").read_bytes() == source.read_bytes()
    connected = got.wait_event("connected")
    assert connected["address"].startswith(
        (net.address(net.r, "eth0"), "[fe80:"))
    if carrier != "auto":
        assert connected["carrier"] == carrier


def test_a_wrong_code_is_refused_across(net, pair):
    start_relay(pair.device("r"), net.r, "godwit", "--between", "eth0,eth1")
    source = pair.sender.home / "photo"
    source.write_bytes(b"x")
    waiting = pair.sender.start("send", source, prefix=net.two.prefix)
    number = waiting.code.split("-")[0]
    pair.receiver.start("recv", f"{number}-wrong-words", "--yes", "-o",
                        pair.target, prefix=net.one.prefix).expect(4)
    assert waiting.alive()


def test_a_receiver_that_waits_is_seen_across(net, pair, device):
    for space in (net.r, net.s):
        start_relay(pair.device(space.name), space, "godwit", "--between",
                    "eth0,eth1")
    waiting = pair.receiver.start("recv", "--yes", "-o", pair.target,
                                  prefix=net.three.prefix)
    waiting.wait_event("listening")
    found = [one for entries in peers(device, net.one).values()
             for one in entries]
    assert found and all(one["receives"] for one in found)
    assert net.address(net.r, "eth0") in {h for h, _ in addresses(found)}


def test_a_device_on_the_relay_itself_is_told_of_by_itself_alone(net, pair,
                                                                 device):
    start_relay(pair.device("r"), net.r, "godwit", "--between", "eth0,eth1")
    waiting = pair.receiver.start("recv", "--yes", "-o", pair.target,
                                  prefix=net.r.prefix)
    port = waiting.wait_event("listening")["port"]
    found = [one for entries in peers(device, net.one).values()
             for one in entries]
    assert found
    assert {p for _, p in addresses(found)} == {port}


def test_a_beacon_that_nobody_asked_for_is_heard_as_well(net, device):
    start_relay(device, net.r, "godwit", "--between", "eth0,eth1")
    watch = net.listen(net.one, 4638, bind="10.92.1.255")
    # HERE of IPv4 when it begins.
    net.device(net.two, 5641, "hall", everybody="10.92.2.255")
    heard = watch.next()
    data = bytes.fromhex(heard["data"])
    assert data[:6] == b"gdwb\1\3"
    assert heard["peer"] == net.address(net.r, "eth0")
    assert int.from_bytes(data[36:38], "big") not in (0, 5641)
    assert b"hall" in data


def test_what_is_no_beacon_is_not_carried(net, device):
    run = start_relay(device, net.r, "godwit", "--between", "eth0,eth1")
    watch = net.listen(net.two, 4638, bind="10.92.2.255")
    for junk in (b"x", b"gdwb\1\1" + b"\0" * 250, b"\xff" * 256):
        net.say(net.one, "10.92.1.255", 4638, junk)
    rows = segments.counts_at(run, 3)
    assert rows[1, "eth0"]["dropped"]["no beacon"] == 3
    assert watch.next(0.5) is None
