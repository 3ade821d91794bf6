"""The emulated link itself, with the kernel's UDP at both ends."""

import ctypes
import socket
import threading
import time

import pytest

import links

CLONE_NEWNET = 0x40000000
FRAME = 14 + 20 + 8  # before what a datagram holds


def socket_in(space, address):
    """A UDP socket of that namespace; the thread alone has to go there."""
    made = []

    def make():
        with open(space.path, encoding="ascii") as file:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
                return
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        one.bind((address, 0))
        one.settimeout(5)
        made.append(one)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return made[0]


@pytest.fixture
def ends(link):
    """ends(**settings): the link, a socket at a, another one at b.  The
    kernel sends a few frames of its own."""
    made = []

    def make(**settings):
        spaces = link()
        made.append(socket_in(spaces.a, spaces.a4))
        made.append(socket_in(spaces.b, spaces.b4))
        a, b = made[-2:]
        # So that the neighbours know one another.
        a.sendto(b"", b.getsockname())
        b.recv(1)
        spaces.change(**settings)
        return spaces, a, b
    yield make
    for one in made:
        one.close()


def received(end, seconds=1.0):
    """What comes until there is silence."""
    found = []
    end.settimeout(seconds)
    try:
        while True:
            found.append(end.recv(65536))
    except TimeoutError:
        return found


def numbers(count, size):
    return [n.to_bytes(4, "big") + bytes(size - 4) for n in range(count)]


def settled(spaces):
    """What has been counted since the beginning, at a moment when nothing is
    under way: the kernel's own packets come when they like."""
    until = time.monotonic() + 60
    while True:
        found = spaces.counters()["ab"]
        under_way = found["in"] - found["out"] - found["lost"] - \
            found["queue_dropped"]
        if under_way == 0:
            return found
        assert under_way > 0 and time.monotonic() < until, found


def test_what_goes_in_comes_out_or_is_counted(ends):
    spaces, a, b = ends(delay_ms=5, loss=0.1, rate_bit=8e6,
                        queue_bytes=60_000)
    for data in numbers(400, 1000):
        a.sendto(data, b.getsockname())
    came = received(b)
    counted = settled(spaces)
    assert counted["in"] >= 400
    assert counted["in_bytes"] >= 400 * (1000 + FRAME)
    assert counted["lost"] > 0 and counted["queue_dropped"] > 0
    assert len(came) >= counted["out"] - (counted["in"] - 400)
    assert came == sorted(came)


def test_nothing_is_faster_than_distance_and_rate(ends):
    _, a, b = ends(delay_ms=40, rate_bit=4e6)
    since = time.monotonic()
    for data in numbers(50, 1000):
        a.sendto(data, b.getsockname())
    for _ in range(50):
        b.recv(2000)
    line = 50 * (1000 + FRAME) * 8 / 4e6
    assert time.monotonic() - since >= 0.040 + line - 0.001


def test_reordered_ones_come_late(ends):
    spaces, a, b = ends(delay_ms=1, reorder=0.2, reorder_by_ms=30)
    for data in numbers(200, 100):
        a.sendto(data, b.getsockname())
        time.sleep(0.0005)
    came = received(b)
    late = sum(1 for one, two in zip(came, came[1:]) if two < one)
    assert len(came) == 200
    assert late > 5
    assert spaces.counters()["ab"]["reordered"] > 5


def test_a_cut_cable(ends):
    spaces, a, b = ends(delay_ms=1)
    spaces.change(cut=1)
    a.sendto(b"lost", b.getsockname())
    assert received(b, 0.3) == []
    assert spaces.counters()["ab"]["cut"] >= 1
    spaces.change(cut=0)
    a.sendto(b"there", b.getsockname())
    assert b.recv(100) == b"there"


def test_one_direction_alone(ends):
    spaces, a, b = ends(delay_ms=1)
    spaces.change(ab_loss=1)
    a.sendto(b"lost", b.getsockname())
    b.sendto(b"there", a.getsockname())
    assert a.recv(100) == b"there"
    assert received(b, 0.3) == []


@pytest.mark.parametrize("link_kind", links.LINKS, ids=lambda one: one.name)
def test_the_links_that_goodput_is_measured_on(ends, link_kind):
    """They are made, and loss is about what it should be."""
    spaces, a, b = ends(**link_kind.settings)
    assert link_kind.queue >= 150_000
    for data in numbers(2000, 100):
        a.sendto(data, b.getsockname())
        if data[3] % 16 == 0:
            time.sleep(0.001)
    received(b)
    counted = spaces.counters()["ab"]
    assert counted["queue_dropped"] == 0
    share = counted["lost"] / counted["in"]
    assert share <= link_kind.bad["loss"] * 3 + 0.003
    if link_kind.bad["loss"] >= 0.01:
        assert share >= link_kind.bad["loss"] / 3


def test_another_address(ends):
    spaces, _, b = ends(delay_ms=1)
    spaces.move_a("10.77.0.9")
    with socket_in(spaces.a, "10.77.0.9") as moved:
        moved.sendto(b"here", b.getsockname())
        assert b.recvfrom(100) == (b"here", moved.getsockname())


def test_a_nat_that_forgets(home):
    spaces = home(delay_ms=1)
    with socket_in(spaces.inner, "10.78.0.2") as inside, \
            socket_in(spaces.b, spaces.b4) as outside:
        inside.sendto(b"one", outside.getsockname())
        _, seen = outside.recvfrom(100)
        assert seen[0] == spaces.a4
        outside.sendto(b"answer", seen)
        assert inside.recv(100) == b"answer"
        spaces.rebind()
        # Nobody inside has asked for this, as far as it knows.
        outside.sendto(b"lost", seen)
        assert received(inside, 0.3) == []
        inside.sendto(b"two", outside.getsockname())
        _, then = outside.recvfrom(100)
        assert then != seen
        outside.sendto(b"answer", then)
        inside.settimeout(5)
        assert inside.recv(100) == b"answer"
