"""`godwit forward --via` by its rules: a file of them that changes, ranges of
ports, two that want one port, and figures that add up.  F24 and F26 are rules
of forwarding."""

import os
import signal
import socket
import time

import pytest

import forwards
import known
import program
from forwards import LOOPBACK, connect, until
from test_forward_via import (
    Echo, ask, client, exchange, over_link, right, serve, spaces_client,
    spaces_echo, to, try_exchange, via)

pytestmark = pytest.mark.carriers("tcp", "udp")


@pytest.fixture
def introduced(pair, carrier):
    known.introduce(pair)
    pair.sender_carrier = carrier
    return pair


@pytest.fixture
def two_targets(tcp_server):
    """Echo servers of TCP at two ports that follow one another."""
    return range_of(lambda port: tcp_server(port=port))


def range_of(make, count=2):
    """So many in a row."""
    for _ in range(50):
        first, made = program.free_port(), []
        try:
            for port in range(first, first + count):
                made.append(make(port))
            return first
        except OSError:
            for one in made:
                one.close()
    raise program.Failure("no ports in a row")


def free_range(count=2):
    def make(port):
        one = socket.create_server((LOOPBACK, port))
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.bind((LOOPBACK, port))
        found.append(other)
        return one
    held = []

    def take(port):
        held.append(make(port))
        return held[-1]
    found = []
    first = range_of(take, count)
    for one in held + found:
        one.close()
    return first


# ---- a file


@pytest.mark.parametrize("reverse", [False, True])
def test_rules_of_a_file_change_and_those_that_stay_go_on(
        introduced, tcp_server, work, reverse):
    there = tcp_server()
    stays, goes, new = (program.free_port() for _ in range(3))
    far = serve(introduced, right("tcp", there.port),
                f"listen:tcp:{LOOPBACK}:*")
    rules = work / "rules"

    def write(*ports):
        (work / "new").write_text("# ports\n" + "".join(
            f"tcp://{LOOPBACK}:{p}/{LOOPBACK}:{there.port}\n" for p in ports))
        os.replace(work / "new", rules)

    write(stays, goes)
    run = introduced.sender.start(
        "forward", "--rules", str(rules), "--via",
        f"hall={LOOPBACK}:{far.port}", "--carrier", introduced.sender_carrier,
        *(("--reverse",) if reverse else ()), "--json", json_events=False)
    run.wait_event("peer")
    for port in (stays, goes):
        until(lambda port=port: try_exchange(port), "the first rules")
    with connect(stays) as one:
        one.sendall(b"x")
        assert one.recv(1) == b"x"
        write(new, stays)
        run.signal(signal.SIGHUP)
        until(lambda: try_exchange(new), "the new rule")
        until(lambda: forwards.refused(goes), "the old port to be free")
        one.sendall(b"still")
        assert one.recv(5) == b"still"
        # A mistake, or a rule that is none through a device, changes nothing.
        for wrong, why in (("nonsense\n", ":1: "),
                           (f"tcp://:{goes}/{LOOPBACK}:9?transparent=1\n",
                            "another device")):
            rules.write_text(wrong)
            run.signal(signal.SIGHUP)
            run.wait_until(lambda why=why: any(
                why in e["reason"] for e in run.events("error")), why)
        one.sendall(b"still")
        assert one.recv(5) == b"still"
    assert exchange(new, b"new") == b"new"


# ---- ranges


@pytest.mark.parametrize("reverse", [False, True])
def test_a_range_of_ports_goes_to_a_range(introduced, two_targets, reverse):
    here = free_range()
    echoes = [Echo(two_targets + i) for i in range(2)]
    far = serve(
        introduced, f"tcp:{LOOPBACK}:{two_targets}-{two_targets + 1}",
        f"udp:{LOOPBACK}:{two_targets}-{two_targets + 1}",
        f"listen:tcp:{LOOPBACK}:{here}-{here + 1}",
        f"listen:udp:{LOOPBACK}:{here}-{here + 1}")
    ends = (f"{LOOPBACK}:{here}-{here + 1}/"
            f"{LOOPBACK}:{two_targets}-{two_targets + 1}")
    via(introduced, far, f"tcp://{ends}", f"udp://{ends}",
        more=("--reverse",) if reverse else ())
    try:
        for i in range(2):
            assert exchange(here + i, b"%d" % i) == b"%d" % i
            with client(here + i) as s:
                assert ask(s, b"datagram %d" % i)
            until(lambda i=i: len(set(echoes[i].peers)) == 1, "its target")
    finally:
        for one in echoes:
            one.close()


def test_a_range_of_which_one_port_is_not_allowed_is_refused(introduced):
    here = free_range()
    far = serve(introduced, f"tcp:{LOOPBACK}:8000")
    run = via(introduced, far, f"tcp://{LOOPBACK}:{here}-{here + 1}/"
              f"{LOOPBACK}:8000-8001", ready=False)
    run.expect(5)
    assert "may not forward tcp" in run.said()


# ---- two that want one port


def test_two_rules_for_one_port_there_are_told_apart(introduced, tcp_server):
    there = tcp_server()
    port = program.free_port()
    far = serve(introduced, f"listen:tcp:{LOOPBACK}:*")
    rules = [f"tcp://{LOOPBACK}:{port}/{LOOPBACK}:{p}"
             for p in (there.port, there.port + 1)]
    run = via(introduced, far, *rules, more=("--reverse",), ready=False)
    run.expect(1)
    assert f"rule 1, {rules[0]}, has port {port} already" in run.said()
    assert rules[1] in run.said()


def test_a_port_that_another_program_has_there_is_told(introduced, tcp_server):
    there = tcp_server()
    port = program.free_port()
    far = serve(introduced, f"listen:tcp:{LOOPBACK}:*")
    rule = f"tcp://{LOOPBACK}:{port}/{LOOPBACK}:{there.port}"
    with socket.create_server((LOOPBACK, port)):
        run = via(introduced, far, rule, more=("--reverse",), ready=False)
        run.expect(5)
        assert "in use by another program" in run.said()


# ---- figures


def test_f24_what_waits_too_long_is_counted_once_and_not_as_passed_on(
        link, introduced):
    """Large ones in parts over a thin link: whatever becomes of each, it has
    one name."""
    spaces = link(delay_ms=5, rate_bit=2e6, queue_bytes=60_000)
    udp_echo = spaces_echo(spaces)
    far = introduced.receiver.start(
        "serve", "--listen", "10.77.0.2:4639", "--allow-forward",
        f"udp:{LOOPBACK}:7000", "--json", "--every", "200ms",
        json_events=False)
    far.wait_event("listening")
    run = introduced.sender.start(
        "forward", f"udp://{LOOPBACK}:7001/{LOOPBACK}:7000", "--via",
        "hall=10.77.0.2:4639", "--carrier", introduced.sender_carrier,
        "--json", "--every", "200ms", json_events=False)
    run.wait_event("peer")
    s = spaces_client(spaces)
    assert ask(s, b"first")
    before = run.wait_event("rule", number=len(run.events("rule")) + 2)
    for _ in range(150):
        s.send(os.urandom(20_000))

    def added():
        """What has been counted of them; none is in two places."""
        now = run.events("rule")[-1]
        drops = sum(now["drops"].get(k, 0) - before["drops"].get(k, 0)
                    for k in ("stale", "queue", "kernel-overflow", "peer"))
        passed = now["packets_in"] - before["packets_in"]
        assert passed + drops <= 150, now
        lost = now["drops"]
        return (passed + drops == 150
                and (lost.get("stale") or lost.get("queue")))
    run.wait_until(added, "150 that were counted, some as dropped", 60)

    def missing():
        """Of those that have left: what waits here may become stale still."""
        there = far.events("rule")[-1]
        return run.events("rule")[-1]["packets_in"] - there["packets_in"] - \
            there["drops"].get("incomplete", 0)
    # One whose parts are all lost nobody sees there.
    far.wait_until(lambda: 0 <= missing() <= 3, "those that were sent")
    assert added()
    s.close()
    udp_echo.close()


def test_f26_what_comes_as_a_flow_ends_there_opens_it_again(link, introduced):
    """The other side ends it a moment before this one hears of that."""
    spaces = link(delay_ms=150)
    udp_echo = spaces_echo(spaces)
    over_link(introduced, [f"udp:{LOOPBACK}:7000"],
              f"udp://{LOOPBACK}:7001/{LOOPBACK}:7000?ttl=1s")
    s = spaces_client(spaces)
    s.settimeout(0.6)
    ask(s, b"before")
    s.settimeout(60)
    for n in range(2):
        s.send(b"%d" % n)
        time.sleep(1.08)
        s.send(b"again %d" % n)
        assert s.recv(64) == b"%d" % n
        assert s.recv(64) == b"again %d" % n
    s.close()
    udp_echo.close()


def burst(s, sizes, mark):
    """What came back of datagrams of these sizes, sent in one go, sorted."""
    sent = [(b"%02d%02d" % (mark, i)).ljust(n, b".")[:n]
            for i, n in enumerate(sizes)]
    for one in sent:
        s.send(one)
    got = []
    try:
        while len(got) < len(sent):
            got.append(s.recv(1 << 16))
    except TimeoutError:
        pass
    return sorted(got) == sorted(sent)


def test_datagrams_that_come_together_leave_as_they_came(introduced):
    udp_echo = Echo()
    far = serve(introduced, right("udp", udp_echo.port))
    run = via(introduced, far, to("udp", udp_echo.port))
    sizes = [300] * 12 + [299, 0] + [300] * 3 + [301] + [1100] * 8 + \
        [20_000] + [1100] * 2 + [7]
    with client(run.at[0]) as s:
        assert ask(s, b"first")
        # What goes through a network may be lost.
        assert any(burst(s, sizes, i) for i in range(20))
    udp_echo.close()
