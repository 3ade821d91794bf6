"""Who claims to be the one that is looked for: how often one may guess, and
that the right one is found beside."""

import subprocess
import sys
import time

import pytest

import impostors
import namespaces
from finding import CODE, other, reason, recv, send

pytestmark = pytest.mark.skipif(namespaces.why_not() is not None,
                                reason=str(namespaces.why_not()))


@pytest.fixture
def impostor():
    made = []

    def start(*arguments, **options):
        made.append(impostors.Impostor(*arguments, **options))
        return made[-1]
    yield start
    for one in made:
        one.close()


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
    trap = fake(pair, net, 2)
    impostor(net.devices[2], trap.port, net.address(2), count=0)
    for count in range(1, 7):
        sending = send(pair, note, "--code", CODE)
        recv(pair, CODE).expect(0)
        sending.expect(0)
        assert guesses(trap) <= 2 * count, "each recv has two for an address"


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
    run = recv(pair, CODE, "--timeout", "15s", *(
        [] if found else ["--from", f"{net.address(0)}:{server.port}"]))
    run.expect(3)
    assert 1 <= server.end() <= (2 if found else 3)
