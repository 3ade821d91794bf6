"""`godwit relay` between segments, with plain programs on them.  The rules that
a relay keeps (B1 to B9) are named by the tests."""

import time
from pathlib import Path

import pytest

import segments
from segments import counts, counts_at, start_relay

SEARCH = (b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
          b"MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n")
FOUND = b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\n\r\n"


@pytest.fixture(scope="module")
def two_segments(needs_namespaces):
    """Two segments with a host on each, and a relay r."""
    made = segments.Segments(2)
    made.one = made.host(1)
    made.two = made.host(2)
    made.r = made.relay("r", 1, 2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def three_segments(needs_namespaces):
    """Three segments in a row, joined by r and s; t is beside r."""
    made = segments.Segments(3)
    made.one, made.two, made.three = (made.host(n) for n in (1, 2, 3))
    made.r = made.relay("r", 1, 2)
    made.s = made.relay("s", 2, 3)
    made.t = made.relay("t", 1, 2)
    yield made
    made.close()


@pytest.fixture
def two(two_segments):
    yield two_segments
    two_segments.quiet()


@pytest.fixture
def three(three_segments):
    yield three_segments
    three_segments.quiet()


@pytest.fixture
def relay(device, two):
    """relay(*arguments) on r."""
    def start(*arguments):
        return start_relay(device, two.r, *arguments, "--between",
                           "eth0,eth1")
    return start


def texts(seen):
    return [bytes.fromhex(one["data"]) for one in seen]


# ---- what people use it for

@pytest.mark.parametrize("group", ["239.255.255.250", "ff02::c"])
def test_B6_an_ssdp_search_is_answered_from_the_other_side(two, relay, group):
    relay("ssdp")
    tv = two.listen(two.two, 1900, groups=[group], reply=FOUND.hex())
    asker = two.say(two.one, group, 1900, SEARCH, ttl=2, wait=60, first=True)
    heard = tv.next()
    assert bytes.fromhex(heard["data"]) == SEARCH
    assert heard["ttl"] == 2
    own = two.r.link_local("eth1").split("%")[0] if ":" in group else \
        two.address(two.r, "eth1")
    assert heard["peer"].split("%")[0] == own
    answer = asker.next()
    assert bytes.fromhex(answer["data"]) == FOUND
    near = two.r.link_local("eth0").split("%")[0] if ":" in group else \
        two.address(two.r, "eth0")
    assert answer["peer"].split("%")[0] == near


def test_B6_the_port_is_held_for_mx_and_a_second(two, relay):
    run = relay("ssdp", "-v")
    tv = two.listen(two.two, 1900, groups=["239.255.255.250"])
    two.say(two.one, "239.255.255.250", 1900, SEARCH)
    where = tv.next()
    time.sleep(2.5)
    two.say(two.two, where["peer"], where["port"], FOUND)
    time.sleep(0.5)
    assert counts(run)[1, "eth0"]["answered"] == 0


@pytest.mark.parametrize("group", ["224.0.0.251", "ff02::fb"])
def test_B3_mdns_keeps_its_port_and_its_ttl_of_255(two, relay, group):
    relay("mdns")
    other = two.listen(two.two, 5353, groups=[group])
    two.say(two.one, group, 5353, b"\0" * 12, ttl=255, from_port=5353)
    heard = other.next()
    assert (heard["port"], heard["ttl"]) == (5353, 255)
    # A TTL of 1, too, and back the other way.
    back = two.listen(two.one, 5353, groups=[group])
    two.say(two.two, group, 5353, b"\1" * 12, ttl=1, from_port=5353)
    heard = back.next()
    assert heard["ttl"] == 1
    assert bytes.fromhex(heard["data"]) == b"\1" * 12


def test_a_magic_packet_wakes_a_machine_of_the_other_side(two, relay):
    relay("wol")
    magic = b"\xff" * 6 + bytes.fromhex("525400123456") * 16
    for port in (9, 7):
        sleeper = two.listen(two.two, port)
        two.say(two.one, "255.255.255.255", port, magic)
        assert bytes.fromhex(sleeper.next()["data"]) == magic


def test_a_dhcp_client_without_address_is_served(two, relay, device):
    """Everything by broadcast, as a client asks that cannot be reached."""
    client = two.space("new")
    two.plug(client, "eth0", 1)
    relay("dhcp")
    server = two.listen(two.two, 67, reply=b"OFFER".hex(),
                        reply_to=["255.255.255.255", 68])
    waiting = two.listen(client, 68)
    client.ip("route", "add", "default", "dev", "eth0")
    two.say(client, "255.255.255.255", 67, b"DISCOVER", from_port=68)
    heard = server.next()
    assert bytes.fromhex(heard["data"]) == b"DISCOVER"
    assert (heard["peer"], heard["port"]) == (two.address(two.r, "eth1"), 68)
    offer = waiting.next()
    assert bytes.fromhex(offer["data"]) == b"OFFER"
    assert offer["port"] == 67


# ---- the rules

def test_B1_unicast_is_never_carried_nor_stolen(two, relay):
    run = relay("9000")
    service = two.listen(two.r, 9000, device=None)
    far = two.listen(two.two, 9000)
    for _ in range(20):
        two.say(two.one, two.address(two.r, "eth0"), 9000, b"for you")
    assert texts(service.all(2)) == [b"for you"] * 20
    assert far.next(0.5) is None
    # The relay has not even seen it.
    assert counts(run)[1, "eth0"]["heard"] == 0
    two.say(two.one, "10.92.1.255", 9000, b"for all")
    assert texts([far.next(), service.next()]) == [b"for all"] * 2


def test_B2_the_destination_is_the_other_subnets_own_broadcast(two, relay):
    relay("9000")
    two.r.ip("addr", "del", f"{two.address(two.r, 'eth1')}/24", "dev", "eth1")
    two.r.ip("addr", "add", "10.92.2.17/28", "brd", "+", "dev", "eth1")
    two.two.ip("addr", "add", "10.92.2.18/28", "brd", "+", "dev", "eth0")
    watch = two.sniff(two.two, 9000)
    try:
        time.sleep(1)
        two.say(two.one, "10.92.1.255", 9000, b"directed")
        assert watch.next()["to"] == "10.92.2.31"
        two.say(two.one, "255.255.255.255", 9000, b"limited")
        assert watch.next()["to"] == "255.255.255.255"
    finally:
        two.r.ip("addr", "del", "10.92.2.17/28", "dev", "eth1")
        two.two.ip("addr", "del", "10.92.2.18/28", "dev", "eth0")
        two.r.ip("addr", "add", "10.92.2.114/24", "brd", "+", "dev", "eth1")


def test_B3_two_relays_beside_each_other_make_no_storm(three, device):
    runs = [start_relay(device, space, "9000", "--between", "eth0,eth1")
            for space in (three.r, three.t)]
    host = three.listen(three.two, 9000)
    other = three.listen(three.one, 9000, bind="")
    for n in range(50):
        three.say(three.one, "10.92.1.255", 9000, b"beacon %d" % n)
    seen = texts(host.all(2))
    for n in range(50):
        assert 1 <= seen.count(b"beacon %d" % n) <= 3
    # Its own segment has heard each once, or very few times more.
    assert 50 <= len(other.all(0.5)) <= 60
    sent = sum(row["sent"] for run in runs for row in counts(run).values())
    assert 50 <= sent <= 120
    for run in runs:
        assert not run.events("storm")
        assert counts(run)[1, "eth1"]["dropped"]["loop"] >= 40


def test_B3_with_the_source_kept_as_well(three, device):
    runs = [start_relay(device, space, "9000", "--between", "eth0,eth1",
                        "--source", "keep") for space in (three.r, three.t)]
    host = three.listen(three.two, 9000)
    for n in range(50):
        three.say(three.one, "10.92.1.255", 9000, b"beacon %d" % n)
    seen = host.all(2)
    assert {one["peer"] for one in seen} == {"10.92.1.9"}
    assert 50 <= len(seen) <= 120
    sent = sum(row["sent"] for run in runs for row in counts(run).values())
    assert 50 <= sent <= 120


def test_B3_a_chain_carries_each_once_and_answers_back(three, device):
    for space in (three.r, three.s):
        start_relay(device, space, "9000", "--between", "eth0,eth1")
    last = three.listen(three.three, 9000, reply=b"I".hex())
    for n in range(20):
        asker = three.say(three.one, "10.92.1.255", 9000, b"who %d" % n,
                          wait=60, first=True)
        assert bytes.fromhex(last.next()["data"]) == b"who %d" % n
        assert bytes.fromhex(asker.next()["data"]) == b"I"
    assert last.next(0.5) is None


def test_B3_a_program_that_repeats_its_beacon_is_carried(two, relay):
    relay("9000")
    host = two.listen(two.two, 9000)
    two.say(two.one, "10.92.1.255", 9000, b"same", count=15, every=0.3)
    assert texts(host.all(1.5)) == [b"same"] * 15


def test_B4_a_storm_trips_and_recovers(two, relay):
    run = relay("9000")
    host = two.listen(two.two, 9000)
    two.say(two.one, "10.92.1.255", 9000, b"round")
    host.next()
    # Somebody sends it back, again and again.
    two.say(two.two, "10.92.2.255", 9000, b"round", count=500)
    storm = run.wait_event("storm", interface="eth1")
    assert storm["pause_ms"] == 5000
    back = two.listen(two.one, 9000, bind="10.92.1.255")
    two.say(two.two, "10.92.2.255", 9000, b"meanwhile")
    assert back.next(1) is None
    # The other direction goes on.
    two.say(two.one, "10.92.1.255", 9000, b"still")
    assert b"still" in texts(host.all(1))
    run.wait_event("calm", interface="eth1")
    two.say(two.two, "10.92.2.255", 9000, b"again")
    heard = texts(back.all(2))
    assert b"again" in heard
    assert b"meanwhile" not in heard
    assert counts(run)[1, "eth1"]["dropped"]["tripped"] > 0


def test_B4_the_rate_holds_for_each_interface(two, relay):
    run = relay("9000", "--rate", "20")
    host = two.listen(two.two, 9000)
    for n in range(60):
        two.say(two.one, "10.92.1.255", 9000, b"%d" % n)
    row = counts_at(run, 60)[1, "eth0"]
    assert row["heard"] == 60
    assert row["carried"] + row["dropped"].get("rate", 0) == 60
    assert row["carried"] == len(host.all(1))
    two.say(two.one, "10.92.1.255", 9000, b"many", count=100)
    assert counts_at(run, 160)[1, "eth0"]["dropped"]["rate"] > 0


@pytest.mark.parametrize("to", ["10.92.1.255", "239.7.7.7", "ff02::77"])
def test_B5_the_kept_source_comes_with_valid_check_sums(two, relay, to):
    group = ("--group", to) if "255" not in to else ()
    relay("9000", "--source", "keep", *group)
    watch = two.sniff(two.two, 9000)
    host = two.listen(two.two, 9000, **({"groups": [to]} if group else {}))
    for n in range(5):
        two.say(two.one, to, 9000, b"%d" % n * 100, from_port=4567, ttl=3)
    heads = [watch.next() for _ in range(5)]
    source = two.one.link_local("eth0").split("%")[0] if ":" in to else \
        "10.92.1.9"
    assert {h["source"] for h in heads} == {source}
    assert all(h["valid"] and h["checksum"] != "0000" for h in heads), heads
    if ":" not in to:
        assert len({h["id"] for h in heads}) > 1
        assert {h["ttl"] for h in heads} == {3}
    seen = [host.next() for _ in range(5)]
    assert {(one["peer"].split("%")[0], one["port"]) for one in seen} == \
        {(source, 4567)}


@pytest.mark.parametrize("to", ["10.92.1.255", "ff02::77"])
def test_B5_what_is_too_big_for_the_link_goes_in_fragments(two, relay, to):
    relay("9000", "--source", "keep",
          *(("--group", to) if ":" in to else ()))
    host = two.listen(two.two, 9000, **({"groups": [to]} if ":" in to else {}))
    two.say(two.one, to, 9000, bytes(range(256)) * 20)
    heard = host.next()
    assert heard["size"] == 5120
    assert bytes.fromhex(heard["data"]) == bytes(range(256)) * 2


def test_B5_any_address_and_the_port_of_who_asked(two, relay):
    relay("9000", "9001?source=10.92.9.9", "--source", "interface:keep-port")
    host, other = two.listen(two.two, 9000), two.listen(two.two, 9001)
    two.say(two.one, "10.92.1.255", 9000, b"x", from_port=4568)
    heard = host.next()
    assert (heard["peer"], heard["port"]) == (two.address(two.r, "eth1"),
                                              4568)
    two.say(two.one, "10.92.1.255", 9001, b"x", from_port=4569)
    heard = other.next()
    assert (heard["peer"], heard["port"]) == ("10.92.9.9", 4569)


def test_B6_held_ports_are_bounded_and_given_back(two, relay):
    run = relay("9000", "--replies", "2", "--rate", "100000")
    open_now = Path(f"/proc/{run.pid}/fd")
    before = len(list(open_now.iterdir()))
    two.crowd(two.one, "10.92.1.255", 9000, 1500)
    assert before < len(list(open_now.iterdir())) <= before + 256
    end = time.monotonic() + 60
    while len(list(open_now.iterdir())) != before:
        assert time.monotonic() < end
        time.sleep(0.2)
    row = counts_at(run, 1500)[1, "eth0"]
    assert row["carried"] + sum(row["dropped"].values()) == row["heard"]


def test_B7_direction_and_networks(two, relay):
    run = relay("9000", "9001", "--from", "eth0", "--deny", "10.92.1.77")
    host = two.listen(two.two, 9000)
    back = two.listen(two.one, 9000, bind="10.92.1.255")
    two.say(two.two, "10.92.2.255", 9000, b"wrong way")
    assert bytes.fromhex(host.next()["data"]) == b"wrong way"  # its own
    assert back.next(0.5) is None
    two.one.ip("addr", "add", "10.92.1.77/24", "dev", "eth0")
    two.say(two.one, "10.92.1.255", 9000, b"denied", **{"from": "10.92.1.77"})
    two.one.ip("addr", "del", "10.92.1.77/24", "dev", "eth0")
    two.say(two.one, "10.92.1.255", 9000, b"fine")
    assert bytes.fromhex(host.next()["data"]) == b"fine"
    rows = counts(run)
    assert rows[1, "eth1"]["dropped"]["direction"] == 1
    assert rows[1, "eth0"]["dropped"]["denied"] == 1
    assert rows[2, "eth0"]["heard"] == 0


@pytest.mark.parametrize("wrong, words", [
    (["9000", "--between", "eth0"], "two interfaces or more"),
    (["9000", "9000", "--between", "eth0,eth1"], "rule 1 carries the same"),
    (["9000"], "between which interfaces"),
    (["upnp", "--between", "eth0,eth1"], "none of ssdp, mdns, wol, dhcp"),
    ([], "which port"),
])
def test_B7_mistakes_are_said_at_the_start(two, device, wrong, words):
    run = device.start("relay", *wrong, prefix=two.r.prefix)
    run.expect(2)
    assert words in run.said()


def test_B8_interfaces_go_and_come_under_the_same_name(two, device):
    r = two.relay("q", 1, 2)
    run = start_relay(device, r, "9000", "239", "--between", "eth0,eth1",
                      "--group", "239.7.7.7")
    host = two.listen(two.two, 9000, groups=["239.7.7.7"])

    def passes(text):
        two.say(two.one, "239.7.7.7", 9000, text)
        heard = host.next()
        assert bytes.fromhex(heard["data"]) == text
        return heard["peer"]

    passes(b"first")
    # Made again.
    r.ip("link", "del", "eth0")
    run.wait_until(lambda: any("is not there" in e.get("text", "")
                               for e in run.events("interface")), "gone")
    two.plug(r, "eth0", 1, 140)
    time.sleep(1)
    passes(b"again")
    # Another address.
    r.ip("addr", "flush", "dev", "eth1")
    r.ip("addr", "add", "10.92.2.77/24", "brd", "+", "dev", "eth1")
    run.wait_until(lambda: any("10.92.2.77" in e.get("text", "")
                               for e in run.events("interface")), "readdressed")
    assert passes(b"readdressed") == "10.92.2.77"
    # Another name, and back.
    for before, after in (("eth1", "lan7"), ("lan7", "eth1")):
        number = len(run.events("interface"))
        r.ip("link", "set", before, "down")
        r.ip("link", "set", before, "name", after)
        r.ip("link", "set", after, "up")
        run.wait_until(lambda: len(run.events("interface")) > number, "word")
    time.sleep(1)
    passes(b"renamed twice")
    # Of all the memberships that there were, one of each is left.
    for interface, space in (("eth0", two.one), ("eth1", two.two)):
        before = counts(run)[1, interface]["heard"]
        two.say(space, "239.7.7.7", 9000, b"once")
        counts_at(run, before + 1, interface=interface)
        time.sleep(0.5)
        assert counts(run)[1, interface]["heard"] == before + 1
        time.sleep(2)


def test_B8_one_that_comes_late_is_waited_for(two, device):
    late = two.space("p")
    two.plug(late, "eth0", 1, 150)
    run = start_relay(device, late, "9000", "--between", "eth0,eth1")
    assert "is not there: it is waited for" in \
        run.wait_event("interface", interface="eth1")["text"]
    two.plug(late, "eth1", 2, 150)
    run.wait_event("interface", interface="eth1", number=2)
    time.sleep(1)
    host = two.listen(two.two, 9000)
    two.say(two.one, "10.92.1.255", 9000, b"late")
    assert bytes.fromhex(host.next()["data"]) == b"late"


def test_B9_an_interface_without_ipv4_serves(two, device):
    bare = two.space("o")
    two.plug(bare, "eth0", 1, 160)
    two.plug(bare, "eth1", 2)
    run = start_relay(device, bare, "9000", "--between", "eth0,eth1")
    assert "no IPv4 address: broadcasts leave for 255.255.255.255" in \
        run.wait_event("interface", interface="eth1")["text"]
    watch = two.sniff(two.two, 9000)
    host = two.listen(two.two, 9000)
    two.say(two.one, "10.92.1.255", 9000, b"out")
    assert bytes.fromhex(host.next()["data"]) == b"out"
    assert watch.next()["to"] == "255.255.255.255"
    # And it hears.
    back = two.listen(two.one, 9000, bind="255.255.255.255")
    two.say(two.two, "255.255.255.255", 9000, b"in")
    assert bytes.fromhex(back.next()["data"]) == b"in"


def test_B9_peers_get_by_unicast_what_a_tunnel_cannot_broadcast(two, device):
    r = two.relay("n", 1, 2)
    r.ip("tuntap", "add", "tun0", "mode", "tun")
    r.ip("addr", "add", "10.92.8.1/24", "dev", "tun0")
    r.ip("link", "set", "tun0", "up")
    run = start_relay(device, r, "9000", "--between", "eth0,eth1,tun0",
                      "--peer", "eth1=10.92.2.9")
    assert "by unicast to 10.92.2.9" in \
        run.wait_event("interface", interface="eth1")["text"]
    assert "it cannot broadcast" in \
        run.wait_event("interface", interface="tun0")["text"]
    watch = two.sniff(two.two, 9000)
    two.listen(two.two, 9000)
    two.say(two.one, "10.92.1.255", 9000, b"x")
    assert watch.next()["to"] == "10.92.2.9"


def test_B10_an_error_on_one_interface_stops_no_other(two, device):
    r = two.relay("m", 1, 2)
    two.plug(r, "eth2", 2, 170)
    run = start_relay(device, r, "9000", "--between", "eth0,eth2,eth1")
    r.run("nft", "add table t; add chain t o "
          "{ type filter hook output priority 0 ; }; "
          "add rule t o oifname eth2 drop")
    host = two.listen(two.two, 9000)
    two.say(two.one, "10.92.1.255", 9000, b"x")
    assert bytes.fromhex(host.next()["data"]) == b"x"
    run.wait_event("trouble", interface="eth2")
    rows = counts(run)
    assert rows[1, "eth2"]["dropped"]["not sent"] == 1
    assert rows[1, "eth1"]["sent"] == 1


@pytest.mark.parametrize("group", ["ff02::77", "ff05::77", "ff08::77"])
def test_groups_of_every_scope_are_carried(two, relay, group):
    relay("9000", "--group", group)
    host = two.listen(two.two, 9000, groups=[group], reply=b"yes".hex())
    asker = two.say(two.one, group, 9000, b"who", ttl=5, wait=60, first=True)
    heard = host.next()
    assert (bytes.fromhex(heard["data"]), heard["ttl"]) == (b"who", 5)
    assert bytes.fromhex(asker.next()["data"]) == b"yes"
    # It hears its interfaces alone, whatever this machine has joined.
    assert host.next(0.5) is None
