"""`godwit forward --via` and `godwit serve`: ports through another device.
F23 to F26 are rules of forwarding."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

import forwards
import known
import program
from forwards import LOOPBACK, Server, connect, read_all, until

pytestmark = pytest.mark.carriers("tcp", "udp")


class Echo:
    """Answers datagrams; port and how often it was asked from where."""

    def __init__(self, port=0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((LOOPBACK, port))
        self.port = self.socket.getsockname()[1]
        self.peers = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                data, peer = self.socket.recvfrom(1 << 16)
                if data == b"stop":
                    return
                self.peers.append(peer)
                self.socket.sendto(data, peer)
            except OSError:
                return

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"stop", (LOOPBACK, self.port))
        self.socket.close()


@pytest.fixture
def udp_echo():
    made = Echo()
    yield made
    made.close()


@pytest.fixture
def echo(tcp_server):
    return tcp_server(forwards.echo)


@pytest.fixture
def introduced(pair):
    """The near side knows the far one as `hall`, that the near one as
    `desk`."""
    known.introduce(pair)
    return pair


def serve(pair, *rights, port=0, more=(), **options):
    words = [w for right in rights for w in ("--allow-forward", right)]
    run = pair.receiver.start(
        "serve", "--listen", f"{LOOPBACK}:{port or program.free_port()}",
        *more, *words, "--json", json_events=False, **options)
    run.wait_event("listening")
    return run


def via(pair, far, *rules, more=(), ready=True, device="hall", **options):
    """`godwit forward` through it; {port} in rules becomes a free one."""
    host = options.pop("host", LOOPBACK)
    ports = [program.free_port() for _ in rules]
    run = pair.sender.start(
        "forward", *[r.format(port=p) for r, p in zip(rules, ports)],
        "--via", f"{device}={host}:{far.port}", "--carrier",
        pair.sender_carrier, *more, "--json", json_events=False, **options)
    run.at = ports
    if ready:
        run.wait_event("peer")
        far.wait_until(lambda: len([e for e in far.events("peer")
                                    if "forwards" in e["text"] or
                                    "refused" in e["text"]]) >= len(rules),
                       "all rules")
        time.sleep(0.2)
    return run


@pytest.fixture(autouse=True)
def carriers(pair, carrier):
    pair.sender_carrier = carrier or "auto"


def to(kind, port, listen=LOOPBACK):
    return f"{kind}://{listen}:{{port}}/{LOOPBACK}:{port}"


def right(kind, port):
    return f"{kind}:{LOOPBACK}:{port}"


def client(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(2)
    s.connect((LOOPBACK, port))
    return s


def ask(s, data, timeout=60):
    """Until it is answered: what goes through a network may be lost."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        s.send(data)
        try:
            return s.recv(1 << 16) == data
        except (TimeoutError, ConnectionRefusedError):
            time.sleep(0.2)
    raise program.Failure("no answer")


def exchange(port, data):
    """Sends it all, and reads meanwhile what comes back."""
    def send():
        try:
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # who reads is told as well
    with connect(port) as one:
        threading.Thread(target=send).start()
        return read_all(one)


# ---- connections

def test_bytes_go_through_and_half_closes_too(introduced, tcp_server, echo):
    half = tcp_server(forwards.answer_at_end)
    far = serve(introduced, right("tcp", echo.port), right("tcp", half.port))
    run = via(introduced, far, to("tcp", echo.port), to("tcp", half.port))
    for _ in range(3):
        data = os.urandom(8_000_000)
        assert exchange(run.at[0], data) == data
    assert exchange(run.at[1], data) == b"got 8000000"
    flow = run.wait_event("closed")
    assert flow["reason"] == "finished"
    assert (flow["bytes_in"], flow["bytes_out"]) == (8_000_000, 8_000_000)
    # Each side tells of the flow.
    there = far.wait_event("closed")
    assert there["target"] == f"{LOOPBACK}:{echo.port}"
    assert there["bytes_in"] == 8_000_000


def test_f23_the_status_says_how_the_other_side_is_reached(introduced, echo,
                                                           carrier):
    far = serve(introduced, right("tcp", echo.port))
    run = via(introduced, far, to("tcp", echo.port))
    text = run.wait_event("peer")["text"]
    assert f"through hall at {LOOPBACK}:{far.port}, over {carrier}" in text
    assert "in one piece" in text  # F25: the size that passes


def test_a_slow_reader_keeps_no_other_connection_waiting(introduced,
                                                         tcp_server, echo):
    stopped = threading.Event()

    def much(one, _):
        block = os.urandom(1 << 16)
        while not stopped.is_set():
            one.sendall(block)

    endless = tcp_server(much)
    far = serve(introduced, right("tcp", echo.port),
                right("tcp", endless.port))
    run = via(introduced, far, to("tcp", echo.port), to("tcp", endless.port))
    slow = [connect(run.at[1]) for _ in range(6)]  # none of them reads
    try:
        time.sleep(1)
        before = forwards.memory(run)
        for _ in range(5):
            data = os.urandom(2_000_000)
            assert exchange(run.at[0], data) == data
        assert forwards.memory(run) < before + 65_536
    finally:
        stopped.set()
        for one in slow:
            one.close()


def test_thousands_of_connections_one_after_the_other(introduced, echo):
    """A session has 256 streams; a forwarder needs more."""
    far = serve(introduced, right("tcp", echo.port))
    run = via(introduced, far, to("tcp", echo.port))
    for i in range(600):
        with connect(run.at[0]) as one:
            one.sendall(b"%d" % i)
            assert one.recv(64) == b"%d" % i
    until(lambda: len(far.events("closed")) == 600, "all closed")
    many = [connect(run.at[0]) for _ in range(300)]  # at one time
    for i, one in enumerate(many):
        one.sendall(b"%d" % i)
    for i, one in enumerate(many):
        assert one.recv(64) == b"%d" % i
        one.close()


def test_a_reset_is_passed_on(introduced, tcp_server):
    came = []

    def wait(one, _):
        try:
            came.append(one.recv(64))
            came.append(one.recv(64))
        except ConnectionResetError:
            came.append("reset")

    target = tcp_server(wait)
    far = serve(introduced, right("tcp", target.port))
    run = via(introduced, far, to("tcp", target.port))
    one = connect(run.at[0])
    one.sendall(b"hello")
    until(lambda: came == [b"hello"], "the first bytes")
    forwards.reset(one)
    until(lambda: came == [b"hello", "reset"], "the reset")
    assert run.wait_event("closed")["reason"] == "client-reset"


def test_why_a_target_cannot_be_reached_is_told(introduced):
    nobody = program.free_port()
    far = serve(introduced, right("tcp", nobody))
    run = via(introduced, far, to("tcp", nobody))
    with pytest.raises(OSError):
        with connect(run.at[0]) as one:
            one.sendall(b"x")
            if one.recv(64) == b"":
                raise OSError("closed")
    flow = run.wait_event("closed")
    assert flow["reason"] == "unreachable"
    assert "refused" in flow["error"]


# ---- datagrams

def test_f1_f2_f25_datagrams_of_every_size_come_whole(introduced, udp_echo):
    far = serve(introduced, right("udp", udp_echo.port))
    run = via(introduced, far, to("udp", udp_echo.port))
    with client(run.at[0]) as s:
        for size in (0, 1, 1100, 1200, 1472, 9000, 65_000):
            assert ask(s, os.urandom(size)), size
    # F10: one flow, one port toward the target.
    assert len(set(udp_echo.peers)) == 1


def test_f26_both_ends_agree_when_a_flow_is_idle(introduced, udp_echo):
    far = serve(introduced, right("udp", udp_echo.port))
    run = via(introduced, far, to("udp", udp_echo.port) + "?ttl=1s")
    with client(run.at[0]) as s:
        ask(s, b"once")
    assert run.wait_event("closed")["reason"] == "idle"
    assert far.wait_event("closed")["reason"] == "idle"


@pytest.mark.skipif(not (shutil.which("dnsmasq") and shutil.which("dig")),
                    reason="no dnsmasq or dig")
def test_dig_asks_a_dnsmasq_behind_the_other_device(introduced, work):
    port = program.free_port()
    server = subprocess.Popen(
        ["dnsmasq", "-k", "-C", "/dev/null", "-R", "-h",
         f"--pid-file={work}/dnsmasq.pid", "-p", str(port),
         f"--listen-address={LOOPBACK}", "--bind-interfaces",
         "--address=/there.test/10.9.8.7"] +
        (["--user=root"] if os.getuid() == 0 else []))
    try:
        far = serve(introduced, right("udp", port), right("tcp", port))
        run = via(introduced, far, to("udp", port), to("tcp", port))

        def answers(at, *more):
            return subprocess.run(
                ["dig", f"@{LOOPBACK}", "-p", str(at), "+short", "+time=5",
                 "+tries=4", "there.test", *more], capture_output=True,
                text=True).stdout.strip() == "10.9.8.7"
        until(lambda: answers(run.at[0]), "an answer by udp")
        until(lambda: answers(run.at[1], "+tcp"), "an answer by tcp")
    finally:
        server.kill()
        server.wait()


# ---- rights

def test_what_is_not_allowed_is_refused(introduced, echo, udp_echo):
    far = serve(introduced, right("udp", echo.port),
                f"tcp:10.0.0.0/8:{echo.port}")
    run = via(introduced, far, to("tcp", echo.port), ready=False)
    run.expect(5)
    assert "may not forward tcp" in run.said()
    assert not far.events("opened")


def test_rights_of_one_device_are_not_those_of_another(introduced, echo):
    known.write(introduced.receiver, *[
        line for line in (known.folder(introduced.receiver) / "devices")
        .read_text().splitlines()[1:]],
        f"device {'ab' * 32} 1700000000 tablet")
    far = serve(introduced, right("tcp", echo.port),
                more=("--for", "tablet"))
    via(introduced, far, to("tcp", echo.port), ready=False).expect(5)
    far.signal(signal.SIGTERM)
    far.expect(0)
    far = serve(introduced, right("tcp", echo.port), more=("--for", "desk"))
    run = via(introduced, far, to("tcp", echo.port))
    assert exchange(run.at[0], b"mine") == b"mine"


def test_who_is_not_paired_does_not_come_in(introduced, echo):
    far = serve(introduced, right("tcp", echo.port))
    (known.folder(introduced.receiver) / "devices").write_text(
        "godwit-devices-1\n")
    time.sleep(2)  # it looks once a second
    run = via(introduced, far, to("tcp", echo.port), ready=False)
    run.expect(4)
    assert not far.events("peer")


def test_who_is_forgotten_is_put_out(introduced, echo):
    far = serve(introduced, right("tcp", echo.port))
    run = via(introduced, far, to("tcp", echo.port))
    one = connect(run.at[0])
    one.sendall(b"x")
    assert one.recv(1) == b"x"
    introduced.receiver.run("devices", "forget", "desk").expect(0)
    with pytest.raises(OSError):
        if one.recv(1) == b"":
            raise OSError("closed")


def test_nobody_may_anything_without_a_right(introduced):
    run = introduced.receiver.start("serve", json_events=False)
    run.expect(2)
    assert "--allow-forward" in run.said()


# ---- the other way round

def test_reverse_listens_there_and_delivers_here(introduced, echo, udp_echo):
    ports = program.free_port(), program.free_port()
    far = serve(introduced, f"listen:tcp:{LOOPBACK}:{ports[0]}",
                f"listen:udp:{LOOPBACK}:{ports[1]}")
    via(introduced, far, f"tcp://{LOOPBACK}:{ports[0]}/{LOOPBACK}:{echo.port}",
        f"udp://{LOOPBACK}:{ports[1]}/{LOOPBACK}:{udp_echo.port}",
        more=("--reverse",))
    data = os.urandom(3_000_000)
    assert exchange(ports[0], data) == data
    with client(ports[1]) as s:
        assert ask(s, b"reverse")
    assert not any(e for e in far.events("opened") if e["target"])


@pytest.mark.parametrize("granted, wanted", [
    (f"listen:tcp:{LOOPBACK}:*", f"tcp://:{{port}}/{LOOPBACK}:9"),
    ("listen:tcp:0.0.0.0/0:*", f"tcp://:{{port}}/{LOOPBACK}:9"),
    ("listen:tcp:*:*", f"tcp://:1023/{LOOPBACK}:9"),
    (f"tcp:{LOOPBACK}:*", f"tcp://{LOOPBACK}:{{port}}/{LOOPBACK}:9"),
])
def test_a_wildcard_or_low_port_there_needs_its_own_right(introduced, granted,
                                                          wanted):
    far = serve(introduced, granted)
    run = via(introduced, far, wanted, more=("--reverse",), ready=False)
    run.expect(5)
    assert "may not listen" in run.said()


# ---- what is killed comes back

def test_the_far_side_killed_comes_back_with_all_rules(introduced, echo,
                                                       udp_echo):
    rights = right("tcp", echo.port), right("udp", udp_echo.port)
    far = serve(introduced, *rights)
    run = via(introduced, far, to("tcp", echo.port), to("udp", udp_echo.port))
    s = client(run.at[1])
    assert ask(s, b"before")
    one = connect(run.at[0])
    one.sendall(b"x")
    assert one.recv(1) == b"x"
    far.kill()
    with pytest.raises(OSError):  # connections end, by a reset
        one.settimeout(60)
        if one.recv(1) == b"":
            raise OSError("closed")
    far = serve(introduced, *rights, port=far.port)
    assert ask(s, b"after")  # the same client, the same flow
    assert len([e for e in run.events("opened")
                if e["protocol"] == "udp"]) == 1
    until(lambda: try_exchange(run.at[0]), "connections again")
    s.close()


def try_exchange(port):
    try:
        return exchange(port, b"again") == b"again"
    except OSError:
        return False


def test_the_near_side_killed_has_its_rules_again(introduced, echo):
    port = program.free_port()
    far = serve(introduced, f"listen:tcp:{LOOPBACK}:{port}")
    rule = f"tcp://{LOOPBACK}:{port}/{LOOPBACK}:{echo.port}"
    run = via(introduced, far, rule, more=("--reverse",))
    assert exchange(port, b"one") == b"one"
    run.kill()
    via(introduced, far, rule, more=("--reverse",))
    until(lambda: try_exchange(port), "the port again")


def over_link(introduced, rights, *rules):
    """serve in b, and these rules through it in a."""
    at = "10.77.0.2:4639"
    far = introduced.receiver.start(
        "serve", "--listen", at,
        *(word for right in rights for word in ("--allow-forward", right)),
        "--json", json_events=False)
    far.wait_event("listening")
    run = introduced.sender.start(
        "forward", *rules, "--via", f"hall={at}", "--carrier",
        introduced.sender_carrier, "--json", json_events=False)
    run.wait_event("peer")
    return far, run


def test_f26_a_flow_survives_a_session_that_is_lost(link, introduced):
    """The link is cut for longer than the session waits: the client's flow
    goes on, and the target sees the same port."""
    spaces = link(delay_ms=5)
    udp_echo = spaces_echo(spaces)
    _, run = over_link(introduced, [f"udp:{LOOPBACK}:7000"],
                       f"udp://{LOOPBACK}:7001/{LOOPBACK}:7000")
    s = spaces_client(spaces)
    assert ask(s, b"before")
    spaces.change(cut=1)
    run.wait_until(lambda: run.events("warning"), "that it is lost", 90)
    spaces.change(cut=0)
    run.wait_until(lambda: len(run.events("peer")) == 2, "another one", 90)
    assert ask(s, b"after")
    assert len(set(udp_echo.peers)) == 1
    s.close()
    udp_echo.close()


def spaces_echo(spaces):
    import far_sockets
    made = Echo.__new__(Echo)
    made.socket = far_sockets.inside(
        spaces.b, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    made.socket.bind((LOOPBACK, 7000))
    made.port, made.peers = 7000, []
    made.close = made.socket.close
    threading.Thread(target=made._run, daemon=True).start()
    return made


def spaces_client(spaces):
    import far_sockets
    s = far_sockets.inside(
        spaces.a, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    s.settimeout(2)
    s.connect((LOOPBACK, 7001))
    return s


@pytest.mark.skipif(shutil.which("iperf3") is None, reason="no iperf3")
def test_iperf3_over_a_link_that_loses_one_in_fifty(link, introduced):
    spaces = link(loss=0.02, delay_ms=5)
    server = subprocess.Popen([*spaces.b.prefix, "iperf3", "-s"],
                              stdout=subprocess.DEVNULL)
    try:
        far, run = over_link(
            introduced, [f"tcp:{LOOPBACK}:5201", f"udp:{LOOPBACK}:5201"],
            f"tcp://{LOOPBACK}:5301/{LOOPBACK}:5201",
            f"udp://{LOOPBACK}:5301/{LOOPBACK}:5201")
        far.wait_until(lambda: len([e for e in far.events("peer")
                                    if "forwards" in e["text"]]) == 2,
                       "both rules", 60)

        def measured(*words):
            return subprocess.run(
                [*spaces.a.prefix, "iperf3", "-c", LOOPBACK, "-p", "5301",
                 *words], stdout=subprocess.DEVNULL, timeout=120).returncode == 0
        until(lambda: measured("-n", "4M"), "connections")
        until(lambda: measured("-u", "-b", "2M", "-t", "2"), "datagrams")
    finally:
        server.kill()
        server.wait()
