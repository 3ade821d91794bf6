"""One finds the other without an address: by the number of a code, by name,
as a remembered device; and who else answers."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest

import beacons
import known
import namespaces
import trees
from finding import CODE, arrived, inbox, other, reason, recv, send

pytestmark = pytest.mark.skipif(namespaces.why_not() is not None,
                                reason=str(namespaces.why_not()))

# ---- by the number of a code ----


@pytest.mark.carriers("auto", "tcp", "udp")
def test_the_command_that_is_printed_is_enough(pair, bridged, note):
    bridged()
    sending = pair.sender.start("send", note, json_events=False)
    command = sending.wait_said(
        r"\n    .*(godwit recv (\d+-[a-z]+-[a-z]+))")
    pair.receiver.start(*command[1].split()[1:], "-o", pair.target).expect(0)
    sending.expect(0)
    assert arrived(pair)


def test_it_is_told_by_json_too(pair, bridged, note):
    bridged()
    sending = send(pair, note)
    event = sending.events("listening")[0]
    assert re.fullmatch(r"\d+-[a-z]+-[a-z]+", event["code"])
    assert event["found"] is True
    recv(pair, event["code"]).expect(0)
    sending.expect(0)


def test_the_other_way_round(pair, bridged, note):
    bridged()
    waiting = inbox(pair, "--once")
    pair.sender.start("send", note, "--to", waiting.code).expect(0)
    waiting.expect(0)
    assert arrived(pair)


def test_two_with_one_number_both_work(pair, bridged, note, work):
    net = bridged(3)
    trees.write(work / "another", b"another\n")
    one = send(pair, note, "--code", CODE)
    two = send(pair, work / "another", "--code", "7-other-words",
               device=other(pair, net, 2))
    recv(pair, "7-other-words").expect(0)
    two.expect(0)
    recv(pair, CODE).expect(0)
    one.expect(0)
    assert arrived(pair)
    assert (pair.target / "another").read_bytes() == b"another\n"


def test_senders_take_numbers_that_are_free(pair, bridged, note):
    net = bridged(3)
    devices = [pair.sender, other(pair, net, 1), other(pair, net, 2, "fir")]
    numbers = [int(send(pair, note, device=d).code.split("-")[0])
               for d in devices * 5]
    assert len(set(numbers)) == len(numbers)
    # Who has met three that were taken chooses among larger ones.
    assert sum(1 <= n <= 99 for n in numbers) >= 12
    assert max(numbers) <= 999


def test_recv_may_be_first(pair, bridged, note):
    bridged()
    early = recv(pair, CODE)
    time.sleep(2)
    send(pair, note, "--code", CODE).expect(0)
    early.expect(0)


def test_wrong_words_cost_one_guess(pair, bridged, note):
    bridged()
    sending = send(pair, note, "--code", CODE)
    run = recv(pair, "7-wrong-words")
    run.expect(4)
    assert run.ended - run.started < 10
    assert "code is wrong" in reason(run)
    assert sending.wait_event("notice", kind="guess")["count"] == 2
    time.sleep(1)
    assert len([e for e in sending.events("notice")
                if e["kind"] == "guess"]) == 1
    recv(pair, CODE).expect(0)
    sending.expect(0)


def test_nobody_is_said_early_and_ends_with_3(pair, bridged):
    bridged()
    run = recv(pair, CODE, "--timeout", "6s", json_events=False)
    run.wait_said("nobody here waits with the number 7")
    assert run.alive()
    for word in ("eth0", "10.93.255.255", beacons.GROUP, "godwit send",
                 "godwit doctor", "--from HOST:PORT"):
        assert word in run.said()
    run.expect(3)
    # And not all of it twice.
    assert run.said().count("nobody here waits") == 1
    assert "number 7 was found in 6 s" in run.said()


def test_a_standing_recv_takes_another_number(pair, bridged, note):
    bridged()
    waiting = inbox(pair)
    code = waiting.code
    pair.sender.start("send", note, "--to", code).expect(0)
    second = waiting.wait_event("listening", number=2)["code"]
    assert second != code
    pair.sender.start("send", note, "--to", second).expect(0)
    waiting.signal(signal.SIGTERM)
    waiting.expect(0)


def test_with_loopback_alone(pair, bridged, note):
    net = bridged(1)
    net.unplug(0, 0)
    pair.receiver.prefix = pair.sender.prefix
    sending = send(pair, note)
    recv(pair, sending.code).expect(0)
    sending.expect(0)


def test_on_two_subnets_at_once(pair, bridged, note):
    """The receiver is on both, the senders on one each."""
    net = bridged(2, second=[1])
    net.add(1)
    far = other(pair, net, 2)
    one, two = send(pair, note), send(pair, note, device=far)
    recv(pair, one.code).expect(0)
    recv(pair, two.code).expect(0)
    one.expect(0)
    two.expect(0)


def test_a_third_of_everything_gets_lost(pair, link, note):
    link(loss=0.3, delay_ms=2)
    sending = send(pair, note)
    recv(pair, sending.code).expect(0, 120)
    sending.expect(0, 120)


def test_the_port_of_beacons_is_another_programs(pair, bridged, note):
    """Who is asked by it is not found; who asks needs it not."""
    net = bridged()
    holder = subprocess.Popen(
        [*net.devices[1].prefix, sys.executable, "-c",
         "import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
         "t=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM)\n"
         "t.setsockopt(socket.IPPROTO_IPV6,socket.IPV6_V6ONLY,1)\n"
         "s.bind(('',4638));t.bind(('',4638));print('ready',flush=True)\n"
         "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "ready\n"
    sending = send(pair, note)
    recv(pair, sending.code).expect(0)
    sending.expect(0)
    holder.communicate("\n")


SNIFF = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
s.settimeout(0.2)
print("ready", flush=True)
n = 0
import select
while not select.select([sys.stdin], [], [], 0)[0]:
    try:
        d, a = s.recvfrom(2000)
    except TimeoutError:
        continue
    n += b"gdwb" in d
print(n, flush=True)
"""


class Sniffer:
    def __init__(self, space):
        self.process = subprocess.Popen(
            [*space.prefix, sys.executable, "-c", SNIFF],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def end(self):
        return int(self.process.communicate("\n")[0])


@pytest.mark.parametrize("quiet", [True, False])
def test_no_discovery_sends_no_beacon(pair, bridged, note, quiet):
    net = bridged()
    sniffer = Sniffer(net.devices[1])
    word = ["--no-discovery"] if quiet else []
    sending = send(pair, note, *word)
    recv(pair, sending.code, "--from", sending.address(net.address(0)),
         *word).expect(0)
    sending.expect(0)
    beacons_seen = sniffer.end()
    assert beacons_seen == 0 if quiet else beacons_seen > 0
    assert sending.events("listening")[0]["found"] is not quiet


def test_who_listens_on_loopback_is_not_announced(pair, bridged, note):
    net = bridged()
    sniffer = Sniffer(net.devices[1])
    sending = send(pair, note, "--listen", "127.0.0.1")
    assert sending.events("listening")[0]["found"] is False
    time.sleep(1)
    assert sniffer.end() == 0


def test_peers_shows_who_waits(pair, bridged, note):
    net = bridged(3)
    sending, waiting = send(pair, note), inbox(pair)
    run = other(pair, net, 2).start("peers", "--json", "--wait", "3s",
                                    json_events=False, content=True)
    run.expect(0)
    found = [json.loads(line) for line in run.out.splitlines()]
    assert sorted((f["receives"], f["sends"]) for f in found) == \
        [(False, True), (True, False)]
    assert {a["port"] for f in found for a in f["addresses"]} == \
        {sending.port, waiting.port}


@pytest.mark.parametrize("phase", ["looking", "choosing", "waiting", "moving"])
def test_it_can_be_interrupted(pair, bridged, work, note, phase):
    bridged()
    if phase == "looking":
        run = recv(pair, CODE)
        time.sleep(1)
    elif phase == "choosing":
        run = pair.sender.start("send", note)
        time.sleep(0.15)
    elif phase == "waiting":
        run = send(pair, note)
    else:
        trees.random_file(work / "large", 64 << 20)
        sending = send(pair, work / "large", "--limit-rate", "1MB")
        run = recv(pair, sending.code)
        run.wait_bytes(1)
    run.signal(signal.SIGINT)
    run.expect(130)


# ---- by name ----


def named(pair, device, name):
    device.run("devices", "name", name).expect(0)


def test_a_name_and_a_code(pair, bridged, note):
    bridged()
    named(pair, pair.receiver, "kitchen-pc")
    waiting = inbox(pair, "--once")
    pair.sender.start("send", note, "--to", "Kitchen-PC", "--code",
                      waiting.code).expect(0)
    waiting.expect(0)
    assert arrived(pair)


def test_an_unknown_name_says_who_is_there(pair, bridged, note):
    bridged()
    named(pair, pair.receiver, "kitchen-pc")
    inbox(pair)
    run = pair.sender.start("send", note, "--to", "kitchen", "--code", CODE)
    run.expect(3)
    assert "nobody here goes by the name kitchen" in reason(run)
    assert "here are: kitchen-pc at 10.93.0.2:4639" in reason(run)


def test_an_ambiguous_name_says_whose_it_is(pair, bridged, note):
    net = bridged(3)
    for device in (pair.receiver, other(pair, net, 2)):
        named(pair, device, "twin")
        device.start("recv", "--yes", "-o",
                     pair.target).wait_event("listening")
    run = pair.sender.start("send", note, "--to", "twin", "--code", CODE)
    run.expect(3)
    for word in ("several devices", "10.93.0.2:4639", "10.93.0.3:4639"):
        assert word in reason(run)


# ---- a remembered device ----


def introduce(pair, bridged, *arguments):
    net = bridged(*arguments)
    prefixes = pair.sender.prefix, pair.receiver.prefix
    # Both in one, as they meet there by loopback.
    pair.sender.prefix = pair.receiver.prefix
    found = known.introduce(pair)
    pair.sender.prefix, pair.receiver.prefix = prefixes
    return net, found


@pytest.mark.carriers("auto", "tcp", "udp")
def test_a_remembered_device_is_found_by_its_name(pair, bridged, note):
    net, _ = introduce(pair, bridged)
    waiting = pair.receiver.start("recv", "--from-known", "-o", pair.target)
    waiting.wait_event("listening")
    pair.sender.start("send", note, "--to", "hall").expect(0)
    # At another address, too.
    net.devices[1].ip("addr", "flush", "dev", "eth0")
    net.devices[1].ip("addr", "add", "10.93.7.7/16", "brd", "+", "dev",
                      "eth0")
    pair.sender.start("send", note, "--to", "hall").expect(0)
    assert len(list(pair.target.iterdir())) == 2


def test_a_remembered_device_is_fetched_from_by_its_name(pair, bridged, note):
    introduce(pair, bridged)
    sending = send(pair, note, "--for", "hall")
    pair.receiver.start("recv", "--from", "desk", "-o",
                        pair.target).expect(0)
    sending.expect(0)
    assert arrived(pair)


def test_nobody_proves_the_key(pair, bridged, note):
    net, _ = introduce(pair, bridged, 3)
    stranger = other(pair, net, 2)
    named(pair, stranger, "hall")
    stranger.start("recv", "--yes", "-o", pair.target).wait_event("listening")
    run = pair.sender.start("send", note, "--to", "hall").expect(3)
    assert "hall does not answer here" in reason(run)
    assert not (pair.target / "note").exists()


# ---- coming back ----


def test_a_sender_whose_address_changed_is_found_again(pair, bridged, work):
    net = bridged()
    trees.random_file(work / "large", 24 << 20)
    sending = send(pair, work / "large", "--limit-rate", "4MB",
                   "--carrier", "tcp", "--timeout", "5s", "--retry", "60s")
    run = recv(pair, sending.code, "--carrier", "tcp", "--timeout", "5s",
               "--retry", "60s")
    run.wait_bytes(1 << 20)
    net.devices[0].ip("addr", "flush", "dev", "eth0")
    net.devices[0].ip("addr", "add", "10.93.7.7/16", "brd", "+", "dev",
                      "eth0")
    run.expect(0, 120)
    sending.expect(0, 120)
    assert (pair.target / "large").read_bytes() == \
        (work / "large").read_bytes()
