"""Which carrier a session takes, and how fast it sends on udp."""

import subprocess

import pytest

import sockets_view
import trees

MIB = 1 << 20


def rules(space, text):
    """Packets that come into a namespace."""
    subprocess.run(
        [*space.prefix, "nft", "-f", "-"], check=True, text=True,
        input="table inet t {\n chain c {\n  type filter hook input priority 0\n"
        f"  {text}\n }}\n}}\n")


def moved(pair, spaces, source, send=(), recv=()):
    waiting = pair.wait_recv(*recv, listen=spaces.b4)
    sending = pair.sender.start(
        "send", "--to", waiting.address(spaces.b4), "--code", waiting.code,
        *send, source)
    sending.expect(0, 60)
    waiting.expect(0, 60)
    assert trees.content_hash(pair.target / source.name) == \
        trees.content_hash(source)
    told = sending.wait_event("connected")
    assert waiting.wait_event("connected")["carrier"] == told["carrier"]
    assert f"Over {told['carrier']}: {told['why']}." in sending.said()
    return told["carrier"], told["why"]


@pytest.fixture
def source(work):
    return trees.random_file(work / "data", 2 * MIB)


def test_udp_where_both_answer(pair, link, source):
    spaces = link(delay_ms=5)
    assert moved(pair, spaces, source) == ("udp", "it answered in time")


def test_tcp_where_udp_is_blocked(pair, link, source):
    spaces = link(delay_ms=5)
    rules(spaces.b, "ip protocol udp drop")
    assert moved(pair, spaces, source) == \
        ("tcp", "udp did not answer within 250 ms of it")


def test_udp_where_tcp_is_blocked(pair, link, source):
    spaces = link(delay_ms=5)
    rules(spaces.b, "ip protocol tcp drop")
    assert moved(pair, spaces, source)[0] == "udp"


@pytest.mark.parametrize("waits, why", [("tcp", "udp does not get through"),
                                        ("udp", "tcp does not get through")])
def test_the_one_that_the_other_side_has(pair, link, source, waits, why):
    spaces = link(delay_ms=5)
    carrier, told = moved(pair, spaces, source, recv=["--carrier", waits])
    assert carrier == waits
    # Whoever answers first need not wait for the other's refusal.
    assert told in (why, "it answered in time")


def test_the_one_that_was_asked_for(pair, link, source):
    spaces = link(delay_ms=5)
    for carrier in ("udp", "tcp"):
        assert moved(pair, spaces, source, ["--carrier", carrier]) == \
            (carrier, "it was asked for")
        (pair.target / source.name).unlink()


def test_what_does_not_fit_ends_with_3(pair, link, source):
    spaces = link(delay_ms=1)
    waiting = pair.receiver.start("recv", "--yes", "--listen", spaces.b4,
                                  "--carrier", "tcp")
    port = waiting.wait_event("listening")["port"]
    pair.sender.run("send", "--to", f"{spaces.b4}:{port}", "--code",
                    "7-crane-otter", "--carrier", "udp", source).expect(3, 60)


@pytest.mark.parametrize("options, name", [
    (["--carrier", "udp"], "bbr"), (["--congestion", "cubic"], "cubic"),
    (["--background"], "ledbat")])
def test_the_controller_that_was_asked_for(pair, joined, work, options, name):
    """Also on a short path, where the kernel's TCP would be taken."""
    source = trees.random_file(work / "data", 4 * MIB)
    waiting = pair.wait_recv(listen=joined.b4)
    sending = pair.sender.start(
        "send", "--to", waiting.address(joined.b4), "--code", waiting.code,
        "--limit-rate", "1MB", *options, source)
    row, = sockets_view.wait_for(
        lambda: pair.sender.run("sockets", "godwit", "established").events(
            "socket"), "its session")
    assert row["congestion"] == name
    sending.expect(0, 60)
    assert sending.wait_event("connected")["carrier"] == "udp"


def test_on_tcp_it_has_no_effect_and_that_is_said(pair, joined, source):
    waiting = pair.wait_recv("--carrier", "tcp", listen=joined.b4)
    sending = pair.sender.start(
        "send", "--to", waiting.address(joined.b4), "--code", waiting.code,
        "--background", source)
    sending.expect(0, 60)
    assert any("ledbat has no effect" in e["text"]
               for e in sending.events("notice"))
