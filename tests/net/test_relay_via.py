"""`godwit relay --via` and `--for`: sites with segments of their own, whose
relays reach each other over a router that carries no broadcast."""

import signal

import pytest

import known
import segments
from segments import counts, start_relay
from test_relay import FOUND, SEARCH

SITES = "abc"
PORT = 4639


@pytest.fixture(scope="module")
def made(needs_namespaces):
    """Sites a, b and c: a host on segment 1, 2, 3, and a relay with eth0
    there and eth1 towards the router."""
    made = segments.Segments(6)
    router = made.space("core")
    for n in range(3):
        made.plug(router, f"eth{n}", n + 4, 1)
    router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    made.core = router
    made.hosts, made.relays = {}, {}
    for n, name in enumerate(SITES, 1):
        made.hosts[name] = made.host(n)
        made.relays[name] = made.relay(name, n, n + 3)
        made.relays[name].ip("route", "add", "10.92.0.0/16", "via",
                             f"10.92.{n + 3}.1")
    yield made
    made.close()


@pytest.fixture
def net(made):
    yield made
    made.quiet()


@pytest.fixture
def sites(pair):
    """Devices a, b and c, which remember each other, and d, which nobody
    does, but which knows b."""
    found = {name: pair.device(name) for name in (*SITES, "d")}
    keys = {}
    for name, device in found.items():
        pair.sender = device
        keys[name] = known.keys(pair)[0]
    for name, device in found.items():
        others = [n for n in SITES if n != name]
        known.write(device, *(f"device {keys[n]} 1 {n}" for n in others))
    return found


class Joined:
    """Relays of sites, started by name."""

    def __init__(self, net, sites):
        self.net, self.sites, self.runs = net, sites, {}

    def address(self, name):
        return self.net.address(self.net.relays[name], "eth1")

    def start(self, name, *rules, via=(), waits=()):
        arguments = [*rules, "--between", "eth0", "--no-discovery"]
        for other in via:
            arguments += ["--via", f"{other}={self.address(other)}"]
        for other in waits:
            arguments += ["--for", other]
        self.runs[name] = start_relay(self.sites[name],
                                      self.net.relays[name], *arguments)
        return self.runs[name]

    def connected(self, *names, times=1):
        for name in names:
            run = self.runs[name]
            run.wait_until(
                lambda run=run: sum("connected" in e["text"]
                                    for e in run.events("site")) >= times,
                "a session")

    def pair(self, *rules):
        self.start("b", *rules, waits="a")
        self.start("a", *rules, via="b")
        self.connected("a", "b")

    def ring(self, *rules):
        self.start("a", *rules, via="b", waits="c")
        self.start("b", *rules, via="c", waits="a")
        self.start("c", *rules, via="a", waits="b")
        self.connected(*SITES, times=2)


@pytest.fixture
def joined(net, sites):
    return Joined(net, sites)


def site_counts(run, device):
    counts(run)
    return [e for e in run.events("site-counts") if e["device"] == device][-1]


def texts(plain, quiet=1.0):
    return [bytes.fromhex(one["data"]) for one in plain.all(quiet)]


CARRIERS = pytest.mark.carriers("tcp", "udp")


@CARRIERS
def test_B6_an_ssdp_search_is_answered_from_another_site(net, joined):
    joined.pair("ssdp")
    tv = net.listen(net.hosts["b"], 1900, groups=["239.255.255.250"],
                    reply=FOUND.hex())
    asker = net.say(net.hosts["a"], "239.255.255.250", 1900, SEARCH, ttl=2,
                    wait=60, first=True)
    heard = tv.next()
    assert bytes.fromhex(heard["data"]) == SEARCH
    assert heard["ttl"] == 2
    assert heard["peer"] == net.address(net.relays["b"], "eth0")
    answer = asker.next()
    assert bytes.fromhex(answer["data"]) == FOUND
    assert answer["peer"] == net.address(net.relays["a"], "eth0")
    assert counts(joined.runs["a"])[1, "eth0"]["answered"] == 1


@CARRIERS
@pytest.mark.parametrize("size", [0, 5, 1400, 9000, 60000])
def test_F25_a_broadcast_of_any_size_arrives(net, joined, size):
    joined.pair("9000")
    there = net.listen(net.hosts["b"], 9000, bind="10.92.2.255")
    net.say(net.hosts["a"], "10.92.1.255", 9000, bytes([7]) * size)
    heard = there.next()
    assert heard["size"] == size
    assert heard["data"] == (bytes([7]) * min(size, 512)).hex()
    # And back; not the same, which would look like an echo.
    here = net.listen(net.hosts["a"], 9000)
    net.say(net.hosts["b"], "255.255.255.255", 9000, bytes([8]) * (size + 1))
    assert here.next()["size"] == size + 1


@pytest.mark.parametrize("group", ["224.0.0.251", "ff02::fb"])
def test_B3_mdns_keeps_its_port_and_its_ttl_of_255(net, joined, group):
    joined.pair("mdns")
    there = net.listen(net.hosts["b"], 5353, groups=[group])
    net.say(net.hosts["a"], group, 5353, b"\0" * 12, ttl=255, from_port=5353)
    heard = there.next()
    assert (heard["port"], heard["ttl"]) == (5353, 255)


def test_B5_the_receiving_site_says_who_seems_to_send_it(net, joined):
    joined.start("b", "9000?source=keep", waits="a")
    joined.start("a", "9000", via="b")
    joined.connected("a", "b")
    there = net.listen(net.hosts["b"], 9000)
    net.say(net.hosts["a"], "255.255.255.255", 9000, b"x", from_port=4000)
    heard = there.next()
    assert (heard["peer"], heard["port"]) == (
        net.address(net.hosts["a"], "eth0"), 4000)


def test_B1_unicast_is_not_carried_nor_what_no_rule_names(net, joined):
    joined.start("b", "9000", waits="a")
    joined.start("a", "9000", "9001", via="b")
    joined.connected("a", "b")
    there = net.listen(net.hosts["b"], 9000)
    other = net.listen(net.hosts["b"], 9001)
    net.say(net.hosts["a"], net.address(net.relays["a"], "eth0"), 9000, b"u")
    net.say(net.hosts["a"], "255.255.255.255", 9001, b"foreign")
    net.say(net.hosts["a"], "255.255.255.255", 9000, b"all")
    assert bytes.fromhex(there.next()["data"]) == b"all"
    assert there.next(1) is None
    assert other.next(0.1) is None
    assert site_counts(joined.runs["b"], "a")["dropped"] == {"no rule": 1}


def test_who_is_not_named_is_not_let_in(net, joined):
    """c is remembered, d is not; b waits for a alone."""
    joined.start("b", "9000", waits="a")
    for name in "cd":
        run = start_relay(joined.sites[name], net.relays["c"], "9000",
                          "--between", "eth0", "--no-discovery", "--via",
                          f"b={joined.address('b')}")
        run.wait_until(lambda run=run: len(run.events("site")) >= 2, "tries")
        assert not [e for e in run.events("site") if "connected" in e["text"]]
        run.end()
    assert not joined.runs["b"].events("site")
    # The right one is not kept out by that.
    joined.start("a", "9000", via="b")
    joined.connected("a", "b")


def test_of_several_that_are_waited_for_each_is_let_in(net, joined):
    joined.start("b", "9000", waits="ac")
    joined.start("a", "9000", via="b")
    joined.start("c", "9000", via="b")
    joined.connected("a", "c")
    joined.connected("b", times=2)
    heard = [net.listen(net.hosts[n], 9000) for n in "bc"]
    net.say(net.hosts["a"], "255.255.255.255", 9000, b"x")
    for one in heard:
        assert texts(one) == [b"x"]


@CARRIERS
@pytest.mark.parametrize("which", "ab")
def test_after_a_kill_of_either_side_it_goes_on(net, joined, which):
    joined.pair("9000")
    there = net.listen(net.hosts["b"], 9000)
    joined.runs[which].signal(signal.SIGKILL)
    joined.runs[which].wait()
    if which == "a":
        joined.start("a", "9000", via="b")
    else:
        joined.start("b", "9000", waits="a")
    joined.connected(which)
    other = "b" if which == "a" else "a"
    joined.connected(other, times=2)
    net.say(net.hosts["a"], "255.255.255.255", 9000, b"again")
    assert bytes.fromhex(there.next()["data"]) == b"again"
    assert site_counts(joined.runs[other], which)["sessions"] == 2


@CARRIERS
def test_a_ring_of_three_sites_hears_each_datagram_once(net, joined):
    joined.ring("9000")
    heard = {n: net.listen(net.hosts[n], 9000) for n in SITES}
    for n in SITES:
        for i in range(5):
            net.say(net.hosts[n], "255.255.255.255", 9000,
                    f"{n}{i}".encode())
        # The same again and again.
        net.say(net.hosts[n], "255.255.255.255", 9000, n.encode(), count=4,
                every=0.3)
    for n in SITES:
        expected = [f"{m}{i}".encode() for m in SITES for i in range(5)
                    if m != n]
        expected += [m.encode() for m in SITES if m != n for _ in range(4)]
        found = [t for t in texts(heard[n]) if not t.startswith(n.encode())]
        assert sorted(found) == sorted(expected)
    for run in joined.runs.values():
        assert not run.events("storm")
        assert sum(row["dropped"].get("by another way", 0)
                   for row in counts(run).values()) > 0


@CARRIERS
def test_over_a_link_that_loses_each_is_there_or_counted(net, joined):
    joined.pair("9000")
    net.core.run("nft", "add table ip loss; add chain ip loss f { type filter "
                 "hook forward priority 0; }; add rule ip loss f numgen "
                 "random mod 100 < 2 drop")
    try:
        there = net.listen(net.hosts["b"], 9000)
        for i in range(300):
            net.say(net.hosts["a"], "255.255.255.255", 9000, b"%d" % i,
                    count=1)
        found = texts(there, 3)
        assert len(found) == len(set(found))
        carrier = site_counts(joined.runs["a"], "b")["carrier"]
        assert len(found) >= (300 if carrier == "tcp" else 250)
    finally:
        net.core.run("nft", "delete table ip loss")


def test_without_an_address_it_is_found_by_beacons(net, joined):
    """Both on one machine: there is a segment that both are on."""
    space = net.relays["b"]
    joined.runs["b"] = start_relay(joined.sites["b"], space, "9000",
                                   "--between", "eth0", "--for", "a")
    joined.runs["a"] = start_relay(joined.sites["a"], space, "9001",
                                   "--between", "eth0", "--via", "b")
    joined.connected("a", "b")


@pytest.mark.parametrize("status, arguments, words", [
    (2, ("godwit", "--via", "b=10.92.5.1"), "does not go to another site"),
    (3, ("9000", "--via", "nobody=10.92.5.1"), "pair with it first"),
    (2, ("9000", "--listen", ":4000"), "--for"),
    (2, ("9000", "--via", "b=10.92.5.1", "--for", "b"), "twice"),
    (2, ("9000?between=eth0,@x", "--via", "b=10.92.5.1"), "@x"),
])
def test_what_cannot_be_is_said_at_once(net, joined, status, arguments, words):
    run = joined.sites["a"].run("relay", *arguments, "--between", "eth0",
                                prefix=net.relays["a"].prefix)
    run.expect(status)
    assert words in run.err.decode()


def test_it_explains_what_goes_to_another_site(net, joined):
    run = joined.sites["a"].run(
        "relay", "9000", "--between", "eth0", "--via", "b=10.92.5.1",
        "--explain", "udp 10.92.1.9:4000 -> 255.255.255.255:9000",
        json_events=False, prefix=net.relays["a"].prefix)
    assert run.expect(0)
    assert "@b: to the relay there" in run.out.decode()
