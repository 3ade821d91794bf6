"""Fixtures of the network tests.  Needs: a built program (GODWIT_BIN, or
GODWIT_BUILD with its folder, or build/godwit), and for some tests root."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import beacons  # noqa: E402
import forwards  # noqa: E402
import namespaces  # noqa: E402
import neighbours  # noqa: E402
import program  # noqa: E402
import tcp_states  # noqa: E402
import terminal  # noqa: E402
import trees  # noqa: E402


NEIGHBOURS = neighbours.Room()


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # one for all of xdist's workers
        NEIGHBOURS.take()
    config.addinivalue_line(
        "markers", "soak: long; runs only with GODWIT_SOAK=1 (make soak)")
    config.addinivalue_line(
        "markers", "carriers(...): run over each of these; without, auto")


def pytest_unconfigure():
    NEIGHBOURS.give_back()


def pytest_generate_tests(metafunc):
    if mark := metafunc.definition.get_closest_marker("carriers"):
        metafunc.parametrize("carrier", mark.args, indirect=True)


def pytest_collection_modifyitems(items):
    if "GODWIT_SOAK" not in os.environ:
        items[:] = [item for item in items if "soak" not in item.keywords]


@pytest.fixture(scope="session")
def godwit():
    path = program.binary()
    if not path.exists():
        pytest.fail(f"{path}: not built", pytrace=False)
    return path


@pytest.fixture
def work(tmp_path):
    """A folder for one test, removed at its end: many are large."""
    yield tmp_path
    for folder, names, _ in os.walk(tmp_path):
        for name in names:
            if not os.path.islink(os.path.join(folder, name)):
                os.chmod(os.path.join(folder, name), 0o700)
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def carrier(request):
    """What sessions run on: --carrier of both sides."""
    return getattr(request, "param", "auto")


@pytest.fixture
def pair(godwit, work, carrier):
    """A sender and a receiver with directories of their own."""
    made = program.Pair(work, carrier)
    yield made
    made.end()


@pytest.fixture
def tcp_server():
    """A TCP server: tcp_server(serve), see forwards.Server."""
    made = []

    def start(serve=forwards.echo, **options):
        made.append(forwards.Server(serve, **options))
        return made[-1]
    yield start
    for one in made:
        one.close()


@pytest.fixture
def serve_plain(pair):
    """A receiver of plain senders: serve_plain(*arguments).  It must not
    have broken by the end of the test."""
    made = []

    def start(*arguments, target=None):
        if "--listen" not in arguments:
            arguments += ("--listen",
                          f"{program.LOOPBACK}:{program.free_port()}")
        run = pair.receiver.start("recv", "--classic", "-o",
                                  target or pair.target, *arguments)
        run.wait_event("listening")
        made.append(run)
        return run
    yield start
    for run in made:
        if run.alive():
            run.signal(signal.SIGTERM)
            assert run.wait() in (0, 130), run.report()
        assert run.process.returncode >= 0, run.report()


@pytest.fixture
def send_plain(pair):
    """A sender to a plain receiver, by its port or host:port."""
    def start(to, path, *arguments, **options):
        if isinstance(to, int):
            to = f"{program.LOOPBACK}:{to}"
        return pair.sender.start("send", "--classic", path, "--to", to,
                                 *arguments, **options)
    return start


@pytest.fixture
def on_terminal(godwit):
    """Start a program on a terminal: on_terminal(device, *arguments)."""
    made = []

    def start(device, *arguments, **options):
        made.append(terminal.Terminal(device, arguments, **options))
        return made[-1]
    yield start
    for one in made:
        one.end()


@pytest.fixture(scope="session")
def needs_root():
    if os.geteuid() != 0:
        pytest.skip("needs root")


@pytest.fixture
def small_disk(needs_root, work):
    """small_disk(bytes): a tmpfs of that size."""
    made = []

    def make(size, *options, kind="tmpfs"):
        path = work / f"disk{len(made)}"
        path.mkdir()
        done = subprocess.run(
            ["mount", "-t", kind, "-o",
             ",".join([f"size={size}", *options]), "none", path],
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no mount: {done.stderr.strip()}")
        made.append(path)
        return path
    yield make
    for path in made:
        subprocess.run(["umount", "-l", path], check=False)


@pytest.fixture(scope="session")
def needs_namespaces():
    if reason := namespaces.why_not():
        pytest.skip(reason)


@pytest.fixture
def joined(needs_namespaces, pair):
    """The pair in two namespaces: the sender in a, the receiver in b."""
    spaces = namespaces.Joined()
    pair.sender.prefix = spaces.a.prefix
    pair.receiver.prefix = spaces.b.prefix
    yield spaces
    pair.end()
    spaces.close()


@pytest.fixture
def link(needs_namespaces, pair):
    """The pair with the link emulator between: link(loss=0.01, delay_ms=50,
    ab_rate_bit=1e8); changed later by .change(cut=1)."""
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("no /dev/net/tun")
    made = []

    def make(kind=namespaces.Emulated, **settings):
        spaces = kind(**settings)
        made.append(spaces)
        pair.sender.prefix = spaces.a.prefix
        pair.receiver.prefix = spaces.b.prefix
        return spaces
    yield make
    pair.end()
    for spaces in made:
        spaces.close()


@pytest.fixture
def home(link, pair):
    """As link, with the sender behind a NAT: .rebind()."""
    if why := namespaces.Home.why_not():
        pytest.skip(why)

    def make(**settings):
        spaces = link(namespaces.Home, **settings)
        pair.sender.prefix = spaces.inner.prefix
        return spaces
    return make


@pytest.fixture
def device(godwit, work):
    made = program.Device(work, "alder")
    yield made
    made.end()


@pytest.fixture
def alone(needs_namespaces):
    """A namespace with nothing but loopback."""
    namespaces.sweep()
    made = namespaces.Namespace("one")
    yield made
    made.delete()


@pytest.fixture
def states(link):
    made = tcp_states.States(link())
    yield made
    made.close()


@pytest.fixture(scope="module")
def net(needs_namespaces):
    """A machine with two links, and hosts on them."""
    made = namespaces.Subnets()
    yield made
    made.close()


@pytest.fixture
def note(work):
    trees.write(work / "note", b"a note\n")
    return work / "note"


@pytest.fixture
def bridged(needs_namespaces, pair):
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
