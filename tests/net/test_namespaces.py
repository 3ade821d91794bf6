"""Two machines: addresses of all kinds, ports, and links that are bad."""

import os
import socket
import time
from pathlib import Path

import pytest

import program
import trees
import wire
from program import LOOPBACK
from trees import BLOCK

pytestmark = pytest.mark.carriers("tcp", "udp")


@pytest.fixture
def source(work):
    return trees.many_files(work / "tree", 60, 4 << 20)


def same(pair, source):
    trees.assert_same(source, pair.target / source.name)


@pytest.mark.parametrize("version", [4, 6])
def test_sending_to_an_address(pair, joined, source, version):
    host = joined.b4 if version == 4 else joined.b6
    waiting = pair.wait_recv(listen=host if version == 4 else f"[{host}]")
    pair.sender.start("send", "--to", waiting.address(host), "--code",
                      waiting.code, source).expect(0)
    waiting.expect(0)
    same(pair, source)


@pytest.mark.parametrize("version", [4, 6])
def test_fetching_from_an_address(pair, joined, source, version):
    host = joined.a4 if version == 4 else joined.a6
    waiting = pair.sender.start("send", source)
    pair.receiver.start("recv", waiting.code, "--from",
                        waiting.address(host), "-o", pair.target).expect(0)
    waiting.expect(0)
    same(pair, source)


def test_a_link_local_address_with_its_zone(pair, joined, source):
    host = joined.b.link_local("link0")
    waiting = pair.receiver.start("recv", "--yes", "--once", "-o",
                                  pair.target)
    pair.sender.start("send", "--to", f"[{host}]:{waiting.port}", "--code",
                      waiting.code, source).expect(0)
    waiting.expect(0)
    same(pair, source)


def test_listening_on_a_link_local_address(pair, joined, source):
    host = joined.a.link_local("link0")
    waiting = pair.sender.start("send", "--listen", f"[{host}]", source)
    pair.receiver.start("recv", waiting.code, "--from",
                        f"[{host}]:{waiting.port}", "-o",
                        pair.target).expect(0)
    waiting.expect(0)


def test_the_addresses_that_are_told(pair, joined, source):
    waiting = pair.sender.start("send", source)
    told = waiting.wait_event("listening")["addresses"]
    assert joined.a4 in told
    assert joined.a6 in told
    waiting.wait_said(joined.a4 + "|" + joined.a6)


def test_a_receiver_waits_on_4639(pair, joined, source):
    waiting = pair.receiver.start("recv", "--yes", "--once", "-o",
                                  pair.target)
    assert waiting.port == 4639
    pair.sender.start("send", "--to", joined.b4, "--code", waiting.code,
                      source).expect(0)
    waiting.expect(0)


def test_a_busy_4639_is_no_hindrance(pair, joined, source):
    first = pair.receiver.start("recv", "--yes", "--once")
    assert first.port == 4639
    second = pair.receiver.start("recv", "--yes", "--once", "-o",
                                 pair.target)
    assert second.port not in (0, 4639)
    pair.sender.start("send", "--to", f"{joined.b4}:{second.port}", "--code",
                      second.code, source).expect(0)
    second.expect(0)


def test_a_named_port_that_is_busy_is_an_error(pair, carrier):
    kind = socket.SOCK_STREAM if carrier == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind((LOOPBACK, 0))
        if carrier == "tcp":
            taken.listen()
        port = taken.getsockname()[1]
        run = pair.receiver.start("recv", "--yes", "--listen",
                                  f"{LOOPBACK}:{port}")
        run.expect(1, 5)
    assert str(port) in run.events("error")[0]["reason"]
    assert run.events("error")[0]["error"] == "address"


def test_an_address_that_is_not_ours_is_an_error(pair):
    run = pair.receiver.start("recv", "--yes", "--listen", "203.0.113.7")
    run.expect(1, 5)
    assert "203.0.113.7" in run.events("error")[0]["reason"]


def test_listening_at_one_address_only(pair, joined, source):
    waiting = pair.wait_recv(listen=joined.b4)
    run = pair.sender.start("send", "--to", f"[{joined.b6}]:{waiting.port}",
                            "--code", waiting.code, source)
    run.expect(3, 20)
    pair.sender.start("send", "--to", waiting.address(joined.b4), "--code",
                      waiting.code, source).expect(0)
    waiting.expect(0)


def test_listening_at_one_port(pair, joined, source):
    waiting = pair.receiver.start("recv", "--yes", "--once", "--listen",
                                  ":7777", "-o", pair.target)
    assert waiting.port == 7777
    pair.sender.start("send", "--to", f"{joined.b4}:7777", "--code",
                      waiting.code, source).expect(0)
    waiting.expect(0)


def test_an_address_that_nobody_has(pair, joined, source):
    since = time.monotonic()
    pair.sender.start("send", "--to", "10.77.0.99:4639", "--code",
                      "1-abc-defg", source).expect(3, 25)
    assert time.monotonic() - since < 25


def test_a_name_of_the_hosts_file(pair, source):
    """Looked up by the helper, because the process itself is confined."""
    waiting = pair.receiver.start("recv", "--yes", "--once", "--listen",
                                  LOOPBACK, "-o", pair.target)
    pair.sender.start("send", "--to", f"localhost:{waiting.port}", "--code",
                      waiting.code, source).expect(0)
    waiting.expect(0)


# ---- bad links

LINKS = {
    "far": {"delay_ms": 100},
    "lossy": {"delay_ms": 10, "loss": 0.02},
    "noisy": {"delay_ms": 2, "corrupt": 0.02, "dup": 0.05},
    "unordered": {"delay_ms": 2, "jitter_ms": 5, "reorder": 0.05,
                  "reorder_by_ms": 4},
    "bursts": {"delay_ms": 5, "loss": 0.03, "burst": 5,
               "burst_silence_ms": 20},
    "slow up": {"delay_ms": 20, "ab_rate_bit": 30e6, "ab_queue_bytes": 60000},
    "small frames": {"mtu": 1280, "delay_ms": 1},
}


@pytest.mark.parametrize("kind", LINKS)
def test_over_a_bad_link(pair, link, source, kind):
    spaces = link(**LINKS[kind])
    waiting = pair.wait_recv(listen=spaces.b4)
    pair.sender.start("send", "--to", waiting.address(spaces.b4), "--code",
                      waiting.code, source).expect(0, 60)
    waiting.expect(0)
    same(pair, source)


def test_a_cable_that_is_out_for_a_while(pair, link, work):
    """Long enough for --timeout: the session is lost and comes back."""
    spaces = link(delay_ms=2)
    source = trees.random_file(work / "data", 12 * BLOCK)
    options = ("--timeout", "2s", "--retry", "40s")
    waiting = pair.wait_recv(*options, listen=spaces.b4)
    sending = pair.sender.start(
        "send", "--to", waiting.address(spaces.b4), "--code", waiting.code,
        "--limit-rate", "4MB", *options, source)
    waiting.wait_bytes(3 * BLOCK)
    spaces.change(cut=1)
    sending.wait_event("notice", kind="retry", timeout=15)
    waiting.wait_event("notice", kind="retry", timeout=15)
    spaces.change(cut=0)
    sending.expect(0, 40)
    waiting.expect(0, 40)
    assert trees.content_hash(pair.target / "data") == \
        trees.content_hash(source)


def test_a_sender_that_moves_to_another_address(pair, joined, work):
    source = trees.random_file(work / "data", 16 * BLOCK)
    options = ("--timeout", "2s", "--retry", "30s")
    waiting = pair.wait_recv(*options, listen=joined.b4)
    sending = pair.sender.start(
        "send", "--to", waiting.address(joined.b4), "--code", waiting.code,
        "--limit-rate", "4MB", *options, source)
    waiting.wait_bytes(3 * BLOCK)
    joined.move_a("10.77.0.3")
    sending.expect(0, 40)
    waiting.expect(0, 40)
    assert trees.content_hash(pair.target / "data") == \
        trees.content_hash(source)


def test_compression_saves_the_wire(pair, link, work):
    spaces = link(ab_rate_bit=150e6, ab_queue_bytes=200000, delay_ms=1)
    trees.write(work / "text", b"".join(
        b"line %d of a text that is much the same\n" % n
        for n in range(1500000)))
    size = (work / "text").stat().st_size
    waiting = pair.wait_recv(listen=spaces.b4)
    sending = pair.sender.start("send", "--to", waiting.address(spaces.b4),
                                "--code", waiting.code, "--compress",
                                work / "text")
    sending.expect(0, 60)
    waiting.expect(0)
    counters = spaces.close()
    assert trees.content_hash(pair.target / "text") == \
        trees.content_hash(work / "text")
    # Frames of 1,500 bytes would be size / 1,448 without it.  What is read
    # ahead before the network is known goes as it is.
    assert counters["ab"]["in"] < size / 1448 * 0.7


@pytest.mark.carriers("tcp")
@pytest.mark.parametrize("who", ["send", "recv"])
def test_compress_under_a_rate_limit(pair, work, who):
    source = work / "text"
    trees.write(source, b"all the same words " * 1_000_000)
    limit = {"send": [], "recv": []}
    limit[who] = ["--limit-rate", "4MB"]
    waiting = pair.wait_recv(*limit["recv"])
    line = wire.Proxy(waiting.port)
    pair.sender.start("send", "--to", f"127.0.0.1:{line.port}", "--code",
                      waiting.code, "--compress", *limit["send"],
                      source).expect(0)
    waiting.expect(0)
    line.close()
    assert line.carried < 12_000_000


@pytest.mark.carriers("tcp")
def test_nothing_readable_goes_over_the_wire(pair, work):
    """Neither content nor names; seen by a wire in the middle."""
    secret = b"SECRET CONTENT " * 5000
    trees.write(work / "SECRET-NAME", secret)
    waiting = pair.wait_recv()
    seen = bytearray()

    class Tap(wire.Proxy):
        def carry(self, one, other):
            try:
                while data := one.recv(65536):
                    seen.extend(data)
                    other.sendall(data)
            except OSError:
                pass
            other.close()

    line = Tap(waiting.port)
    pair.sender.start("send", "--to", f"{LOOPBACK}:{line.port}", "--code",
                      waiting.code, work / "SECRET-NAME").expect(0)
    waiting.expect(0)
    line.close()
    assert len(seen) > len(secret)
    for word in (b"SECRET", pair.sender.name.encode(), os.uname().nodename
                 .encode(), waiting.code.split("-")[1].encode()):
        if len(word) >= 5:
            assert word not in bytes(seen), word


@pytest.mark.carriers("tcp")
def test_a_wire_that_changes_bytes_ends_it(pair, work):
    """Nothing forged is accepted; the file is not there, or it is right."""
    source = trees.random_file(work / "data", 2 * BLOCK)
    waiting = pair.wait_recv("--retry", "0")

    class Forger(wire.Proxy):
        def carry(self, one, other):
            total = 0
            try:
                while data := bytearray(one.recv(65536)):
                    if total < 500000 <= total + len(data):
                        data[500000 - total] ^= 1
                    total += len(data)
                    other.sendall(data)
            except OSError:
                pass
            other.close()

    line = Forger(waiting.port)
    sending = pair.sender.start(
        "send", "--to", f"{LOOPBACK}:{line.port}", "--code", waiting.code,
        "--retry", "0", source)
    assert sending.wait(20) not in (0, 130), sending.report()
    assert waiting.wait(20) not in (0, 130), waiting.report()
    line.close()
    assert not (pair.target / "data").exists()
    assert Path(program.binary()).exists()
