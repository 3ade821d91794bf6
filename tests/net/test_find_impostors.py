"""Who claims to be the one that is looked for: how often one may guess, and
that the right one is found beside."""

import re
import subprocess
import sys
import time

import pytest

import impostors
import known
import namespaces
from finding import CODE, arrived, other, reason, recv, send

pytestmark = pytest.mark.skipif(namespaces.why_not() is not None,
                                reason=str(namespaces.why_not()))


@pytest.fixture
def began():
    """Processes that end with the test."""
    made = []

    def add(one):
        made.append(one)
        return one
    yield add
    for one in made:
        one.close()


@pytest.fixture
def impostor(began):
    return lambda *arguments, **options: began(
        impostors.Impostor(*arguments, **options))


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
        pair, bridged, impostor):
    net = bridged(2)
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
def test_at_several_addresses_there_are_three_in_all(pair, bridged, impostor):
    net = bridged(2)
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
        pair, bridged, note, impostor, count):
    net = bridged(3)
    trap = fake(pair, net, 2)
    impostor(net.devices[2], trap.port, net.address(2), count=count)
    for _ in range(3):
        sending = send(pair, note, "--code", CODE)
        recv(pair, CODE).expect(0)
        sending.expect(0)
    assert len(list(pair.target.iterdir())) == 3


def test_to_repeat_its_run_id_does_not_put_the_right_one_out(
        pair, bridged, note, impostor):
    net = bridged(3)
    for name in "fake", "false":
        trap = fake(pair, net, 2, name)
        one = impostor(net.devices[2], trap.port, net.address(2), count=0)
        for _ in range(3):
            sending = send(pair, note, "--code", CODE)
            recv(pair, CODE).expect(0)
            sending.expect(0)
        # At most one each time, whichever of them is tried first.
        assert guesses(trap) <= 3
        one.close()


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
        pair, bridged, impostor, found):
    """Each could have been a guess."""
    net = bridged()
    server = Forgetful(net.devices[0])
    impostor(net.devices[0], server.port, net.address(0), count=9)
    run = recv(pair, CODE, "--timeout", "7s", *(
        [] if found else ["--from", f"{net.address(0)}:{server.port}"]))
    run.expect(3)
    assert 1 <= server.end() <= (2 if found else 3)


def test_forged_addresses_delay_the_right_one_but_do_not_hide_it(
        pair, bridged, note, began):
    """At 200 of them nobody is: each costs a turn, and no guess."""
    net = bridged(3)
    began(impostors.Forger(net.devices[2], 200))
    sending = send(pair, note, "--code", CODE)
    run = recv(pair, CODE)
    run.wait_until(lambda: any("claim the number 7" in e["text"] for e in
                               run.events("notice")), "notice of others")
    run.expect(0)
    sending.expect(0)
    assert arrived(pair)


def test_where_all_addresses_are_forged_it_comes_to_an_end(
        pair, bridged, began):
    net = bridged(3)
    began(impostors.Forger(net.devices[2], 200))
    run = recv(pair, CODE, "--timeout", "3s").expect(3)
    assert "number 7 was found, but nobody was reached there" in reason(run)


# ---- under the name of a remembered device ----


def hall(pair):
    run = pair.receiver.start("recv", "--from-known", "-o", pair.target)
    run.wait_event("listening")
    return run


@pytest.fixture
def repeated(pair, bridged, began):
    """The sender knows the receiver as hall; a third device, at `count`
    addresses, repeats what that says of itself."""
    net = bridged(3)
    prefix = pair.sender.prefix
    pair.sender.prefix = pair.receiver.prefix
    known.introduce(pair)
    pair.sender.prefix = prefix
    trap = other(pair, net, 2)
    (pair.base / "trapped").mkdir()

    def make(count, knows=True):
        # It shows another key, unless it knows nobody: then it lets nobody
        # come so far.
        if knows:
            known.remember(trap, "11" * 32, "somebody")
        addresses = [f"10.93.0.{20 + i}" for i in range(count)]
        for one in addresses:
            net.devices[2].ip("addr", "add", f"{one}/16", "dev", "eth0")
        # With the same port for its sessions.
        trap.start("recv", "--yes", "--no-discovery", "--listen", ":4639",
                   "-o", pair.base / "trapped").wait_event("listening")
        one = began(impostors.Repeater(net.devices[2], 0, *addresses))
        waiting = hall(pair)
        assert waiting.port == 4639
        one.heard()
        return waiting
    yield make
    assert not list((pair.base / "trapped").iterdir())


def warned(run):
    return [e["text"] for e in run.events("notice")
            if "passed over" in e["text"]]


def send_until_warned(pair, note):
    """Whom of them it tries first, chance decides."""
    for n in range(1, 20):
        run = pair.sender.start("send", note, "--to", "hall").expect(0)
        assert len(list(pair.target.iterdir())) == n
        if warned(run):
            return run
    raise AssertionError("never tried")


def refused(pair, note):
    """With hall away: what is said, and that nothing was given away."""
    run = pair.sender.start("send", note, "--to", "hall").expect(4)
    assert warned(run)
    return reason(run)


@pytest.mark.carriers("auto", "udp")
def test_who_repeats_a_known_devices_beacons_is_passed_over(
        pair, repeated, note):
    waiting = repeated(3)
    run = send_until_warned(pair, note)
    assert re.match(r"somebody at 10\.93\.0\.2\d(:4639)? passes for hall, but "
                    "is not: passed over", warned(run)[0])
    waiting.kill()
    why = refused(pair, note)
    assert "it is not hall, whose key this device remembers" in why
    assert "`godwit devices forget hall` and pair again" in why


def test_who_repeats_them_and_refuses_is_passed_over(pair, repeated, note):
    """It has not proved to be hall: hall is not said to have forgotten us."""
    waiting = repeated(3, knows=False)
    run = send_until_warned(pair, note)
    assert re.match(r"whoever answers at 10\.93\.0\.2\d(:4639)? passes for "
                    "hall, and does not let this device in: passed over",
                    warned(run)[0])
    waiting.kill()
    why = refused(pair, note)
    assert why.startswith("whoever answers at 10.93.0.2")
    assert "if that is hall, it has forgotten this device" in why
    assert "run `godwit pair` on both" in why


def test_who_repeats_those_of_an_earlier_run_is_passed_over(
        pair, repeated, note):
    repeated(3).kill()
    hall(pair)
    send_until_warned(pair, note)


def test_who_repeats_them_at_many_addresses_does_not_hide_the_right_one(
        pair, repeated, note):
    """More of them than a device may have, and quicker than itself."""
    repeated(12)
    send_until_warned(pair, note)
