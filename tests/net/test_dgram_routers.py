"""`godwit dgram` and what hosts and routers on the way say of a datagram."""

import re

import pytest

import dgrams
import plain_udp

PORT = 9322


def send(net, pair, *arguments, space=None):
    """Status, standard output, standard error."""
    return dgrams.quick(pair.sender, *arguments,
                        prefix=(space or net.m).prefix)


def unreachable(net, pair, where, *arguments, space, data=b"x"):
    run = dgrams.send(pair.sender, where, "-", "--wait", "30s", "--json",
                      *arguments, prefix=space.prefix, stdin=data)
    run.expect(3)
    return run.wait_event("unreachable"), run.said()


ROUTERS = ["10.91.1.1", "fd91:1::1", "fd91:1::11"]


@pytest.mark.parametrize("host", ["10.91.2.77", "[fd91:2::77]"])
def test_a_host_that_is_not_there(net, pair, host):
    event, said = unreachable(net, pair, f"{host}:{PORT}", space=net.one)
    assert event["what"] == "host"
    assert event["from"] in ROUTERS
    assert f"{host}:{PORT}: no such host, or it does not answer" in said
    assert f"(says {event['from']})" in said


@pytest.mark.parametrize("host", ["10.91.2.2", "[fd91:2::2]"])
def test_too_many_routers(net, pair, host):
    event, said = unreachable(net, pair, f"{host}:{PORT}", "--ttl", "1",
                              space=net.one)
    assert event["what"] == "hops"
    assert "too many routers" in said


@pytest.mark.parametrize("family, kind, what", [
    ("-4", "prohibit", "forbidden"), ("-6", "prohibit", "forbidden"),
    ("-6", "unreachable", "host"), ("-4", "unreachable", "host")])
def test_what_a_router_refuses(net, pair, family, kind, what):
    prefix = "10.92.0.0/16" if family == "-4" else "fd92::/32"
    host = "10.92.0.1" if family == "-4" else "[fd92::1]"
    net.m.ip(family, "route", "add", kind, prefix)
    try:
        event, _ = unreachable(net, pair, f"{host}:{PORT}", space=net.one)
        if (family, kind) == ("-6", "unreachable"):
            assert event["what"] in ("net", "host")
        else:
            assert event["what"] == what
        # Here it is known before anything leaves.
        status, _, err = send(net, pair, f"{host}:{PORT}", "x")
        assert status == 3
        assert re.search("Permission denied|unreachable|No route", err)
        assert "broadcast" not in err
    finally:
        net.m.ip(family, "route", "del", kind, prefix)


def test_no_way_there(net, pair):
    status, _, err = send(net, pair, f"203.0.113.9:{PORT}", "x")
    assert status == 3
    assert f"203.0.113.9:{PORT}: Network is unreachable" in err


def test_too_big_for_a_link_on_the_way(net, pair):
    """IPv6 routers cut nothing: the first is lost, and it is told."""
    for space, device in ((net.m, "right"), (net.three, "eth0")):
        space.ip("link", "set", device, "mtu", "1300")
    try:
        event, said = unreachable(net, pair, f"[fd91:2::2]:{PORT}",
                                  space=net.one, data=bytes(1400))
        assert event["what"] == "size"
        assert event["from"] in ROUTERS
        assert "which takes 1300 bytes" in said
        # IPv4 routers do: it arrives.
        there = dgrams.listen(pair.receiver, "--reply", "echo", port=PORT,
                              prefix=net.three.prefix)
        status, out, _ = dgrams.quick(
            pair.sender, f"10.91.2.2:{PORT}", "-", "--wait", "30s",
            stdin=bytes(1400), prefix=net.one.prefix)
        assert (status, len(out)) == (0, 1400)
        there.signal(15)
    finally:
        for space, device in ((net.m, "right"), (net.three, "eth0")):
            space.ip("link", "set", device, "mtu", "1500")


def test_plain_servers_on_another_machine(net, pair):
    specs = [{"kind": "echo", "ending": ending, "buffer": 64, "host": host,
              "family": 6 if ":" in host else 4}
             for ending in plain_udp.ENDINGS
             for host in ("10.91.2.2", "fd91:2::2")]
    with dgrams.PlainServers(*specs, prefix=net.three.prefix) as servers:
        for spec, port in zip(specs, servers.ports):
            host = spec["host"]
            where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            status, out, _ = send(net, pair, where, "hello", "--wait", "30s",
                                  space=net.one)
            assert (status, out) == (
                0, plain_udp.ENDINGS[spec["ending"]](b"hello", 64))
