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
import impostors
import known
import namespaces
import trees

pytestmark = pytest.mark.skipif(namespaces.why_not() is not None,
                                reason=str(namespaces.why_not()))

CODE = "7-maple-fox"


@pytest.fixture
def note(work):
    trees.write(work / "note", b"a note\n")
    return work / "note"


@pytest.fixture
def bridges(pair):
    """Devices on bridges: the sender is on the first, the receiver on the
    second."""
    made = []

    def make(count=2, **options):
        made.append(beacons.Bridges(count, **options))
        net = made[-1]
        pair.sender.prefix = net.devices[0].prefix
        if count > 1:
            pair.receiver.prefix = net.devices[1].prefix
        return net
    yield make
    pair.end()
    for one in made:
        one.close()


@pytest.fixture
def impostor():
    made = []

    def start(*arguments, **options):
        made.append(impostors.Impostor(*arguments, **options))
        return made[-1]
    yield start
    for one in made:
        one.close()


def send(pair, note, *arguments, device=None, **options):
    """One that waits, and is found."""
    run = (device or pair.sender).start("send", note, *arguments, **options)
    run.wait_event("listening")
    return run


def recv(pair, code, *arguments, target=None, **options):
    return pair.receiver.start("recv", code, "-o", target or pair.target,
                               *arguments, **options)


def inbox(pair, *arguments, **options):
    run = pair.receiver.start("recv", "--yes", "-o", pair.target, *arguments,
                              **options)
    run.wait_event("listening")
    return run


def other(pair, net, i, name="cedar"):
    made = pair.device(name)
    made.prefix = net.devices[i].prefix
    return made


def reason(run):
    return run.events("error")[0]["reason"]


def arrived(pair, name="note"):
    return (pair.target / name).read_bytes() == b"a note\n"


# ---- by the number of a code ----


@pytest.mark.carriers("auto", "tcp", "udp")
def test_the_command_that_is_printed_is_enough(pair, bridges, note):
    bridges()
    sending = pair.sender.start("send", note, json_events=False)
    command = sending.wait_said(
        r"\n    .*(godwit recv (\d+-[a-z]+-[a-z]+))")
    pair.receiver.start(*command[1].split()[1:], "-o", pair.target).expect(0)
    sending.expect(0)
    assert arrived(pair)


def test_it_is_told_by_json_too(pair, bridges, note):
    bridges()
    sending = send(pair, note)
    event = sending.events("listening")[0]
    assert re.fullmatch(r"\d+-[a-z]+-[a-z]+", event["code"])
    assert event["found"] is True
    recv(pair, event["code"]).expect(0)
    sending.expect(0)


def test_the_other_way_round(pair, bridges, note):
    bridges()
    waiting = inbox(pair, "--once")
    pair.sender.start("send", note, "--to", waiting.code).expect(0)
    waiting.expect(0)
    assert arrived(pair)


def test_two_with_one_number_both_work(pair, bridges, note, work):
    net = bridges(3)
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


def test_senders_take_numbers_that_are_free(pair, bridges, note):
    net = bridges(3)
    devices = [pair.sender, other(pair, net, 1), other(pair, net, 2, "fir")]
    numbers = [send(pair, note, device=d).code.split("-")[0]
               for d in devices * 5]
    assert len(set(numbers)) == len(numbers)
    assert all(1 <= int(n) <= 99 for n in numbers)


def test_recv_may_be_first(pair, bridges, note):
    bridges()
    early = recv(pair, CODE)
    time.sleep(2)
    send(pair, note, "--code", CODE).expect(0)
    early.expect(0)


def test_wrong_words_cost_one_guess(pair, bridges, note):
    bridges()
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


def test_nobody_is_said_early_and_ends_with_3(pair, bridges):
    bridges()
    run = recv(pair, CODE, "--timeout", "9s", json_events=False)
    run.wait_said("number 7: nobody here answers")
    assert run.alive()
    for word in ("eth0", "10.93.255.255", beacons.GROUP, "godwit send",
                 "godwit doctor", "--from HOST:PORT"):
        assert word in run.said()
    run.expect(3)
    # And not all of it twice.
    assert run.said().count("nobody here answers") == 1
    assert "number 7 was found in 9 s" in run.said()


def test_a_standing_recv_takes_another_number(pair, bridges, note):
    bridges()
    waiting = inbox(pair)
    code = waiting.code
    pair.sender.start("send", note, "--to", code).expect(0)
    second = waiting.wait_event("listening", number=2)["code"]
    assert second != code
    pair.sender.start("send", note, "--to", second).expect(0)
    waiting.signal(signal.SIGTERM)
    waiting.expect(0)


def test_with_loopback_alone(pair, bridges, note):
    net = bridges(1)
    net.unplug(0, 0)
    pair.receiver.prefix = pair.sender.prefix
    sending = send(pair, note)
    recv(pair, sending.code).expect(0)
    sending.expect(0)


def test_on_two_subnets_at_once(pair, bridges, note):
    """The receiver is on both, the senders on one each."""
    net = bridges(2, second=[1])
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


def test_the_port_of_beacons_is_another_programs(pair, bridges, note):
    """Who is asked by it is not found; who asks needs it not."""
    net = bridges()
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
def test_no_discovery_sends_no_beacon(pair, bridges, note, quiet):
    net = bridges()
    sniffer = Sniffer(net.devices[1])
    word = ["--no-discovery"] if quiet else []
    sending = send(pair, note, *word)
    recv(pair, sending.code, "--from", sending.address(net.address(0)),
         *word).expect(0)
    sending.expect(0)
    beacons_seen = sniffer.end()
    assert beacons_seen == 0 if quiet else beacons_seen > 0
    assert sending.events("listening")[0]["found"] is not quiet


def test_who_listens_on_loopback_is_not_announced(pair, bridges, note):
    net = bridges()
    sniffer = Sniffer(net.devices[1])
    sending = send(pair, note, "--listen", "127.0.0.1")
    assert sending.events("listening")[0]["found"] is False
    time.sleep(1)
    assert sniffer.end() == 0


def test_peers_shows_who_waits(pair, bridges, note):
    net = bridges(3)
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
def test_it_can_be_interrupted(pair, bridges, work, note, phase):
    bridges()
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


# ---- who else answers ----


def guesses(*runs):
    return sum(e["kind"] == "guess" for run in runs
               for e in run.events("notice"))


def fake(pair, net, i, name="fake", code="7-other-words"):
    """A godwit that waits with another code, and takes no part in beacons."""
    source = pair.base / "forged"
    source.write_bytes(b"forged\n")
    return send(pair, source, "--no-discovery", "--code", code,
                device=other(pair, net, i, name))


@pytest.mark.carriers("tcp", "udp")
def test_a_thousand_devices_at_one_address_have_two_guesses(
        pair, bridges, impostor):
    net = bridges(2)
    trap = fake(pair, net, 0)
    impostor(net.devices[0], trap.port, net.address(0), count=1000)
    run = recv(pair, CODE)
    run.expect(4)
    assert "make a new code" in reason(run)
    assert any("claim the number 7" in e["text"]
               for e in run.events("notice"))
    time.sleep(1)
    assert guesses(trap) <= 2


@pytest.mark.carriers("tcp", "udp")
def test_at_several_addresses_there_are_three_in_all(pair, bridges, impostor):
    net = bridges(2)
    more = [f"10.93.0.{20 + i}" for i in range(5)]
    for one in more:
        net.devices[0].ip("addr", "add", f"{one}/16", "dev", "eth0")
    traps = [fake(pair, net, 0, f"fake{i}") for i in range(3)]
    for trap in traps:
        impostor(net.devices[0], trap.port, *more, count=20)
    run = recv(pair, CODE)
    run.expect(4)
    assert "make a new code" in reason(run)
    time.sleep(1)
    assert guesses(*traps) <= 3


@pytest.mark.parametrize("count", [1, 1000])
def test_the_right_one_is_found_beside_an_impostor(
        pair, bridges, note, impostor, count):
    net = bridges(3)
    trap = fake(pair, net, 2)
    impostor(net.devices[2], trap.port, net.address(2), count=count)
    for _ in range(3):
        sending = send(pair, note, "--code", CODE)
        recv(pair, CODE).expect(0)
        sending.expect(0)
    assert len(list(pair.target.iterdir())) == 3


def test_to_repeat_its_run_id_does_not_put_the_right_one_out(
        pair, bridges, note, impostor):
    net = bridges(3)
    trap = fake(pair, net, 2)
    impostor(net.devices[2], trap.port, net.address(2), count=0)
    for _ in range(6):
        sending = send(pair, note, "--code", CODE)
        recv(pair, CODE).expect(0)
        sending.expect(0)
    assert guesses(trap) <= 2


# A server that says to each that it has forgotten it, after its first
# message; and at the end, to how many.
FORGETFUL = """
import select, socket, sys
s = socket.create_server(("", 0))
print(s.getsockname()[1], flush=True)
n = 0
while True:
    ready = select.select([s, sys.stdin], [], [])[0]
    if sys.stdin in ready:
        break
    c = s.accept()[0]
    n += 1
    c.recv(4096)
    c.sendall(b"gdwt" + bytes([1, 4, 0, 17, 7]) + bytes(16))
    c.close()
print(n, flush=True)
"""


class Forgetful:
    def __init__(self, space):
        self.process = subprocess.Popen(
            [*space.prefix, sys.executable, "-c", FORGETFUL],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def end(self):
        """How many connections there were."""
        return int(self.process.communicate("\n")[0])


@pytest.mark.carriers("tcp")
@pytest.mark.parametrize("found", [True, False])
def test_who_has_forgotten_each_attempt_gets_no_more_of_them(
        pair, bridges, impostor, found):
    """Each could have been a guess."""
    net = bridges()
    server = Forgetful(net.devices[0])
    impostor(net.devices[0], server.port, net.address(0), count=9)
    run = recv(pair, CODE, "--timeout", "15s", *(
        [] if found else ["--from", f"{net.address(0)}:{server.port}"]))
    run.expect(3)
    assert 1 <= server.end() <= (2 if found else 3)


# ---- by name ----


def named(pair, device, name):
    device.run("devices", "name", name).expect(0)


def test_a_name_and_a_code(pair, bridges, note):
    bridges()
    named(pair, pair.receiver, "kitchen-pc")
    waiting = inbox(pair, "--once")
    pair.sender.start("send", note, "--to", "Kitchen-PC", "--code",
                      waiting.code).expect(0)
    waiting.expect(0)
    assert arrived(pair)


def test_an_unknown_name_says_who_is_there(pair, bridges, note):
    bridges()
    named(pair, pair.receiver, "kitchen-pc")
    inbox(pair)
    run = pair.sender.start("send", note, "--to", "kitchen", "--code", CODE)
    run.expect(3)
    assert "kitchen: nobody here answers" in reason(run)
    assert "there are kitchen-pc at 10.93.0.2:4639" in reason(run)


def test_an_ambiguous_name_says_whose_it_is(pair, bridges, note):
    net = bridges(3)
    for device in (pair.receiver, other(pair, net, 2)):
        named(pair, device, "twin")
        device.start("recv", "--yes", "-o",
                     pair.target).wait_event("listening")
    run = pair.sender.start("send", note, "--to", "twin", "--code", CODE)
    run.expect(3)
    for word in ("several devices", "10.93.0.2:4639", "10.93.0.3:4639"):
        assert word in reason(run)


# ---- a remembered device ----


def introduce(pair, bridges, *arguments):
    net = bridges(*arguments)
    prefixes = pair.sender.prefix, pair.receiver.prefix
    # Both in one, as they meet there by loopback.
    pair.sender.prefix = pair.receiver.prefix
    found = known.introduce(pair)
    pair.sender.prefix, pair.receiver.prefix = prefixes
    return net, found


@pytest.mark.carriers("auto", "tcp", "udp")
def test_a_remembered_device_is_found_by_its_name(pair, bridges, note):
    net, _ = introduce(pair, bridges)
    waiting = pair.receiver.start("recv", "--from-known", "-o", pair.target)
    waiting.wait_event("listening")
    pair.sender.start("send", note, "--to", "hall").expect(0)
    # At another address, too.
    net.devices[1].ip("addr", "flush", "dev", "eth0")
    net.devices[1].ip("addr", "add", "10.93.7.7/16", "brd", "+", "dev",
                      "eth0")
    pair.sender.start("send", note, "--to", "hall").expect(0)
    assert len(list(pair.target.iterdir())) == 2


def test_a_remembered_device_is_fetched_from_by_its_name(pair, bridges, note):
    introduce(pair, bridges)
    sending = send(pair, note, "--for", "hall")
    pair.receiver.start("recv", "--from", "desk", "-o",
                        pair.target).expect(0)
    sending.expect(0)
    assert arrived(pair)


def test_nobody_proves_the_key(pair, bridges, note):
    net, _ = introduce(pair, bridges, 3)
    stranger = other(pair, net, 2)
    named(pair, stranger, "hall")
    stranger.start("recv", "--yes", "-o", pair.target).wait_event("listening")
    run = pair.sender.start("send", note, "--to", "hall").expect(3)
    assert "hall: nobody here answers" in reason(run)
    assert not (pair.target / "note").exists()


# ---- coming back ----


def test_a_sender_whose_address_changed_is_found_again(pair, bridges, work):
    net = bridges()
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
