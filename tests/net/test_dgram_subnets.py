"""`godwit dgram` on a machine with several interfaces: broadcast, groups, and
addresses that answers leave from."""

import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

import dgrams

PLAIN_GROUP = Path(__file__).parent / "plain_group.py"
PORT = 9321
GROUPS = ["239.9.8.7", "ff02::98", "ff15::98"]


@pytest.fixture(scope="module")
def broadcast(tmp_path_factory):
    return dgrams.compile_plain_broadcast(tmp_path_factory.mktemp("plain"))


class Plain:
    """Plain programs, one in each of some namespaces, that are ready."""

    def __init__(self):
        self.runs = []

    def start(self, space, *command):
        run = subprocess.Popen([*space.prefix, *map(str, command)],
                               stdout=subprocess.PIPE, text=True)
        self.runs.append(run)
        assert run.stdout.readline() == "ready\n"
        return run

    def close(self):
        for run in self.runs:
            run.kill()
            run.wait()
            run.stdout.close()


def told(run):
    """The words of the next line that a plain program prints."""
    assert select.select([run.stdout], [], [], 60)[0], "it heard nothing"
    return run.stdout.readline().split()


@pytest.fixture
def plain():
    made = Plain()
    yield made
    made.close()


def listen(net, pair, *arguments, space=None, host="", **options):
    return dgrams.listen(pair.receiver, *arguments, host=host, port=PORT,
                         prefix=(space or net.m).prefix, **options)


def send(net, pair, *arguments, space=None):
    """Status, lines of standard output, standard error."""
    return dgrams.quick(pair.sender, *arguments,
                        prefix=(space or net.m).prefix)


def plain_send(space, program, *arguments):
    done = subprocess.run([*space.prefix, program, *map(str, arguments)],
                          check=True, capture_output=True, text=True,
                          timeout=60)
    return done.stdout


# ---- broadcast, sent by godwit

@pytest.mark.parametrize("buffer", [10, 64, 1024])
@pytest.mark.parametrize("where", ["", "*", "255.255.255.255"])
def test_every_host_of_every_subnet_hears_it(net, pair, plain, broadcast,
                                             buffer, where):
    hosts = [plain.start(space, broadcast, "recv", PORT, buffer, 1)
             for space in (net.one, net.two, net.three)]
    status, out, err = send(net, pair, "--broadcast", f"{where}:{PORT}",
                            "hello, everybody", "--wait", "0")
    assert (status, out) == (0, b"")
    expected = b"hello, everybody"[:buffer]
    for run, router in zip(hosts, ("10.91.1.1", "10.91.1.1", "10.91.2.1")):
        assert told(run) == [
            router, str(len(expected)), expected.hex()]
    assert sorted(err.splitlines()) == [
        f"Sent 16 bytes to 10.91.1.255:{PORT} on left.",
        f"Sent 16 bytes to 10.91.2.255:{PORT} on right."]


@pytest.mark.parametrize("arguments", [
    ["--interface", "right", f":{PORT}"], [f"10.91.2.255:{PORT}"]])
def test_only_the_subnet_that_is_named(net, pair, plain, broadcast,
                                       arguments):
    others = [plain.start(space, broadcast, "recv", PORT, 64, 1)
              for space in (net.one, net.two)]
    one = plain.start(net.three, broadcast, "recv", PORT, 64, 1)
    status, _, err = send(net, pair, "--broadcast", *arguments, "x")
    assert status == 0
    assert err == f"Sent 1 byte to 10.91.2.255:{PORT} on right.\n"
    assert told(one)[1:] == ["1", "78"]
    assert all(run.poll() is None for run in others)


def test_every_answer_is_shown(net, pair, plain, broadcast):
    for space, name in ((net.one, "one"), (net.two, "two"),
                        (net.three, "three")):
        plain.start(space, broadcast, "answer", PORT, 64, 1, f"I am {name}")
    run = dgrams.send(pair.sender, "--broadcast", f":{PORT}", "who?",
                      "--wait", "5s", "--json", prefix=net.m.prefix)
    run.expect(0)
    assert {(e["text"], e["peer"], e["interface"])
            for e in run.events("datagram")} == {
        ("I am one", "10.91.1.2", "left"), ("I am two", "10.91.1.3", "left"),
        ("I am three", "10.91.2.2", "right")}
    assert {(e["peer"], e["interface"]) for e in run.events("sent")} == {
        ("10.91.1.255", "left"), ("10.91.2.255", "right")}
    summary = run.events("summary")[0]
    assert (summary["sent"], summary["answered"], summary["replies"]) == \
        (1, 1, 3)


def test_what_fails_on_one_interface_stops_no_other(net, pair, plain,
                                                    broadcast):
    host = plain.start(net.one, broadcast, "recv", PORT, 64, 1)
    names = [word for name in ("bare", "idle", "lo", "left")
             for word in ("--interface", name)]
    status, _, err = send(net, pair, "--broadcast", f":{PORT}", "x", *names)
    assert status == 0
    assert "bare: it has no IPv4 address" in err
    assert "idle: it is down" in err
    assert "lo: nothing can be sent to all on it" in err
    assert f"10.91.1.255:{PORT} on left" in err
    told(host)


def test_what_the_kernel_refuses_on_one_interface_stops_no_other(net, pair,
                                                                 plain):
    """A port of the bridge has no IPv6 at all."""
    host = plain.start(net.three, sys.executable, PLAIN_GROUP, "recv",
                       "ff02::98", PORT, "eth0", 1)
    run = dgrams.send(pair.sender, f"[ff02::98]:{PORT}", "x", "--interface",
                      "to-one", "--interface", "right", "--json", "--wait",
                      "5s",
                      prefix=net.m.prefix)
    run.expect(0)
    failed = run.events("failed")[0]
    assert failed["interface"] == "to-one"
    assert [e["interface"] for e in run.events("sent")] == ["right"]
    assert [e["text"] for e in run.events("datagram")] == ["heard"]
    assert told(host)[2] == "x"
    run.wait_said("godwit: to-one: ")


def test_broadcast_addresses_are_refused_with_the_reason(net, pair):
    for where in ("10.91.1.255", "255.255.255.255"):
        status, _, err = send(net, pair, f"{where}:{PORT}", "x")
        assert status == 2
        assert "add --broadcast" in err
        assert "EACCES" in err
    assert "left" in send(net, pair, f"10.91.1.255:{PORT}", "x")[2]
    for where in ("10.91.1.7", "10.91.200.255"):
        status, _, err = send(net, pair, "--broadcast", f"{where}:{PORT}",
                              "x")
        assert status == 3
        assert f"{where} is the broadcast address of no interface" in err


# ---- broadcast, heard by godwit

def test_it_hears_plain_broadcasters(net, pair, broadcast):
    listener = listen(net, pair)
    endings = {"bare": b"", "nul": b"\0", "newline-nul": b"\n\0",
               "1024": bytes(1024 - 5)}
    count = 0
    for space, interface, subnet, host in (
            (net.one, "left", "10.91.1.255", "10.91.1.2"),
            (net.three, "right", "10.91.2.255", "10.91.2.2")):
        for where in (subnet, "255.255.255.255"):
            for ending, extra in endings.items():
                plain_send(space, broadcast, "send", where, PORT, "hello",
                           ending)
                count += 1
                event = listener.wait_event("datagram", number=count)
                assert bytes.fromhex(event["hex"]) == b"hello" + extra
                assert (event["peer"], event["interface"]) == \
                    (host, interface)
                assert (event["to"], event["cast"]) == (where, "broadcast")


def test_it_hears_only_the_interface_that_is_named(net, pair, broadcast):
    listener = listen(net, pair, "--interface", "right")
    plain_send(net.one, broadcast, "send", "10.91.1.255", PORT, "no", "bare")
    plain_send(net.three, broadcast, "send", "10.91.2.255", PORT, "yes",
               "bare")
    assert listener.wait_event("datagram")["text"] == "yes"


def test_godwit_hears_godwit(net, pair):
    """On the machine that sends, too; and answers to each, once."""
    here = listen(net, pair, "--reply", "text:m")
    there = dgrams.listen(pair.sender, "--reply", "text:one", port=PORT,
                          prefix=net.one.prefix)
    status, out, _ = send(net, pair, "--broadcast", f":{PORT}", "hello",
                          "--wait", "5s", "--json")
    assert status == 0
    texts = re.findall(rb'"event":"datagram".*"text":"(\w+)"', out)
    assert sorted(texts) == [b"m", b"m", b"one"]
    assert {e["to"] for e in here.events("datagram")} == \
        {"10.91.1.255", "10.91.2.255"}
    assert there.events("datagram")[0]["peer"] == "10.91.1.1"


# ---- the address that was hit

@pytest.mark.parametrize("where", ["10.91.1.1", "10.91.1.11", "fd91:1::1",
                                   "fd91:1::11", "10.91.2.1", "fd91:2::1",
                                   "link-local"])
def test_answers_leave_from_the_address_that_was_asked(net, pair, where):
    """To a connected client no other answer comes through."""
    listener = listen(net, pair, "--reply", "upper")
    if where == "link-local":
        where = net.m.link_local("left").split("%")[0] + "%eth0"
    jobs = [{"host": where, "port": PORT, "data": b"hit", "buffer": 64,
             "connect": True}]
    assert dgrams.plain_clients(jobs, prefix=net.one.prefix) == [b"HIT"]
    event = listener.wait_event("datagram")
    assert event["to"].split("%")[0] == where.split("%")[0]
    assert event["interface"] == "left"


def test_a_link_local_answer_goes_back_where_it_came_from(net, pair):
    """Both links have 169.254/16, and by itself the first would be taken."""
    net.m.ip("addr", "add", "169.254.1.1/16", "dev", "left")
    net.m.ip("addr", "add", "169.254.1.2/16", "dev", "right")
    net.three.ip("addr", "add", "169.254.5.5/16", "dev", "eth0")
    listen(net, pair, "--reply", "upper")
    try:
        jobs = [{"host": "169.254.1.2", "port": PORT, "data": b"hit",
                 "buffer": 64}]
        assert dgrams.plain_clients(jobs, prefix=net.three.prefix) == [b"HIT"]
    finally:
        net.m.ip("addr", "del", "169.254.1.1/16", "dev", "left")
        net.m.ip("addr", "del", "169.254.1.2/16", "dev", "right")
        net.three.ip("addr", "del", "169.254.5.5/16", "dev", "eth0")


def test_a_broadcast_is_answered_from_the_interface(net, pair):
    listen(net, pair, "--reply", "text:here")
    for space, subnet, router in ((net.one, "10.91.1.255", "10.91.1.1"),
                                  (net.three, "10.91.2.255", "10.91.2.1")):
        run = dgrams.send(pair.sender, "--broadcast", f"{subnet}:{PORT}",
                          "?", "--json", "--wait", "5s", prefix=space.prefix)
        run.expect(0)
        assert [e["peer"] for e in run.events("datagram")] == [router]


def test_a_broadcast_is_answered_for_the_interface_that_heard_it(net, pair):
    """Both links are in one subnet, and by itself the first would be taken."""
    for space, host, device in ((net.m, "10.93.0.1", "left"),
                                (net.m, "10.93.0.2", "right"),
                                (net.three, "10.93.0.5", "eth0")):
        space.ip("addr", "add", f"{host}/24", "dev", device)
    listen(net, pair, "--reply", "text:here")
    try:
        run = dgrams.send(pair.sender, "--broadcast", f"10.93.0.255:{PORT}",
                          "?", "--json", "--wait", "5s",
                          prefix=net.three.prefix)
        run.expect(0)
    finally:
        for space, host, device in ((net.m, "10.93.0.1", "left"),
                                    (net.m, "10.93.0.2", "right"),
                                    (net.three, "10.93.0.5", "eth0")):
            space.ip("addr", "del", f"{host}/24", "dev", device)
    assert [e["peer"] for e in run.events("datagram")] == ["10.93.0.2"]


# ---- groups

@pytest.mark.parametrize("group", GROUPS)
def test_groups_are_sent_to_on_each_interface(net, pair, plain, group):
    hosts = [plain.start(space, sys.executable, PLAIN_GROUP, "recv", group,
                         PORT, "eth0", 2)
             for space in (net.one, net.two, net.three)]
    where = f"[{group}]:{PORT}" if ":" in group else f"{group}:{PORT}"
    run = dgrams.send(pair.sender, where, "hello", "--wait", "5s", "--json",
                      prefix=net.m.prefix)
    run.expect(0)
    for host in hosts:
        _, ttl, text = told(host)
        assert (ttl, text) == ("1", "hello")
    sent = {e["interface"] for e in run.events("sent")}
    assert {"left", "right"} <= sent
    assert sent <= {"left", "right", "bare"}
    assert [e["text"] for e in run.events("datagram")] == ["heard"] * 3
    run.wait_said(rf"Sent 5 bytes to \S*{group}\S* on left")
    # On one interface, and further.
    status, _, err = send(net, pair, where, "again", "--interface", "right",
                          "--ttl", "7")
    assert status == 0
    assert err.count("Sent") == 1
    assert told(hosts[2])[1:] == ["7", "again"]


def test_a_zone_is_an_interface(net, pair, plain):
    host = plain.start(net.three, sys.executable, PLAIN_GROUP, "recv",
                       "ff02::98", PORT, "eth0", 1)
    status, out, err = send(net, pair, f"[ff02::98%right]:{PORT}", "zone",
                            "--wait", "5s")
    assert (status, out) == (0, b"heard")
    assert "on right" in err and "left" not in err
    assert told(host)[2] == "zone"


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("as_address", [False, True])
def test_groups_are_heard_on_each_interface(net, pair, group, as_address):
    if as_address:
        host = f"[{group}]" if ":" in group else group
        listener = listen(net, pair, "--reply", "upper", host=host)
    else:
        listener = listen(net, pair, "--reply", "upper", "--group", group)
    for number, (space, interface) in enumerate(
            ((net.one, "left"), (net.three, "right"))):
        got = plain_send(space, sys.executable, PLAIN_GROUP, "send", group,
                         PORT, "eth0", f"to {interface}", 60)
        event = listener.wait_event("datagram", number=number + 1)
        assert event["text"] == f"to {interface}"
        assert event["interface"] == interface
        assert event["cast"] == "group"
        assert event["to"].split("%")[0] == group
        assert got.split()[1:] == f"TO {interface.upper()}".split()
    # Bound to the group, it is deaf to what is for this machine alone.
    family = "fd91:1::1" if ":" in group else "10.91.1.1"
    jobs = [{"host": family, "port": PORT, "data": b"direct", "buffer": 64}]
    if not as_address:
        assert dgrams.plain_clients(jobs, prefix=net.one.prefix) == \
            [b"DIRECT"]
    else:
        where = f"[{family}]:{PORT}" if ":" in family else f"{family}:{PORT}"
        send(net, pair, where, "direct", "--wait", "300ms", space=net.one)
        assert len(listener.events("datagram")) == 2


def test_groups_only_on_the_interface_that_is_named(net, pair):
    listener = listen(net, pair, "--interface", "right", "--group",
                      "239.9.8.7")
    for space in (net.one, net.three):
        plain_send(space, sys.executable, PLAIN_GROUP, "send", "239.9.8.7",
                   PORT, "eth0", "hello")
    assert listener.wait_event("datagram")["interface"] == "right"
    assert len(listener.events("datagram")) == 1


@pytest.mark.parametrize("group", ["ff02::1", "224.0.0.1"])
def test_everybody_hears_the_group_of_all_hosts(net, pair, group):
    """As broadcast, it is joined by nobody and heard by all."""
    listener = listen(net, pair, "--reply", "upper")
    assert listener.events("listening")[0]["groups"] == []
    for number, (space, interface) in enumerate(
            ((net.one, "left"), (net.three, "right"))):
        got = plain_send(space, sys.executable, PLAIN_GROUP, "send", group,
                         PORT, "eth0", "all", 60)
        assert got.split()[1:] == ["ALL"]
        event = listener.wait_event("datagram", number=number + 1)
        assert (event["interface"], event["cast"]) == (interface, "group")


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_that_another_program_has_joined_is_not_heard(net, pair,
                                                              group):
    dgrams.listen(pair.receiver, "--group", group, port=PORT + 1,
                  prefix=net.m.prefix)
    # On a socket of IPv4 alone the kernel's default is to hear it.
    other = listen(net, pair, host="[::]" if ":" in group else "0.0.0.0")
    plain_send(net.one, sys.executable, PLAIN_GROUP, "send", group, PORT,
               "eth0", "not for you")
    send(net, pair, f"10.91.1.1:{PORT}", "end", space=net.one)
    assert other.wait_event("datagram")["text"] == "end"


def test_two_listeners_share_a_group(net, pair):
    first = listen(net, pair, host="239.9.8.7")
    second = listen(net, pair, host="239.9.8.7")
    plain_send(net.one, sys.executable, PLAIN_GROUP, "send", "239.9.8.7",
               PORT, "eth0", "both")
    assert first.wait_event("datagram")["text"] == "both"
    assert second.wait_event("datagram")["text"] == "both"


def test_an_interface_that_is_not_there(net, pair):
    status, _, err = send(net, pair, "--broadcast", f":{PORT}", "x",
                          "--interface", "eth77")
    assert status == 1
    assert "this machine has no interface eth77" in err
