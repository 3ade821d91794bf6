"""`godwit forward` with TCP: what stands in F1-F28 (forwarding.md) about it."""

import hashlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.request

import pytest

import forwards
import namespaces
import program
from forwards import LOOPBACK, Server, connect, read_all, until


@pytest.fixture
def device(pair):
    return pair.sender


@pytest.fixture
def server():
    made = []

    def start(serve=forwards.echo, **options):
        made.append(Server(serve, **options))
        return made[-1]
    yield start
    for one in made:
        one.close()


def to(port, more=""):
    return f"tcp://{LOOPBACK}:{{port}}/{LOOPBACK}:{port}{more}"


# ---- rules


def test_what_people_type_is_shown_in_its_normal_form(device, server):
    there = server().port
    run = forwards.start(
        device, f"{{port}}:{LOOPBACK}:{there}",
        f"{LOOPBACK}:{{port}}:{there}/tcp",
        f"tcp://{LOOPBACK}:{{port}}/{LOOPBACK}:{there}?ttl=60&backlog=9")
    texts = [e["text"] for e in run.events("listening")]
    for text, port, more in zip(texts, run.at,
                                ("", "", "?ttl=60s&backlog=9")):
        assert text == (f"tcp://{LOOPBACK}:{port}/{LOOPBACK}:{there}{more}")
        with connect(port) as one:
            one.sendall(b"ping")
            assert one.recv(4) == b"ping"


def test_option_l_and_to(device, server):
    there, port = server().port, program.free_port()
    run = device.start("forward", "-L", f"tcp://{LOOPBACK}:{port}", "--to",
                       f"{LOOPBACK}:{there}", "--json", json_events=False)
    run.wait_event("listening")
    with connect(port) as one:
        one.sendall(b"ping")
        assert one.recv(4) == b"ping"


def test_a_wrong_rule_is_a_usage_error(device):
    for rule, why in (("tcp://:80", "goes nowhere"),
                      ("tcp://:80/h:1?no=1", "no parameter"),
                      ("icmp://:80/h:1", "tcp or udp")):
        run = device.start("forward", rule, json_events=False)
        run.expect(2)
        assert why in run.said()


def test_f28_a_loop_is_refused(device):
    port = program.free_port()
    run = device.start("forward", f"tcp://:{port}/{LOOPBACK}:{port}",
                       json_events=False)
    run.expect(2)
    assert "circles" in run.said()


def test_explain_says_where_a_packet_goes_and_runs_nothing(device):
    rules = ("tcp://:8080/a:80,b:81?allow=10.0.0.0/8", "udp://:53/dns:53")
    for packet, status, words in (
            ("tcp 10.0.0.5:4000 -> :8080", 0, "goes to a:80, b:81"),
            ("udp 10.0.0.5:4000 -> :53", 0, "rule 2"),
            ("tcp 192.0.2.1:4000 -> :8080", 1, "does not allow"),
            ("tcp 10.0.0.5:4000 -> :81", 1, "no rule listens"),
            ("nonsense", 2, "write it as in")):
        run = device.start("forward", "--explain", packet, *rules,
                           json_events=False, content=True)
        run.expect(status)
        assert words in run.out.decode() + run.said()
    run = device.start("forward", "--explain", "udp 10.0.0.5:1 -> :53",
                       "--json", *rules, json_events=False)
    run.expect(0)
    assert run.events("explained")[0]["to"] == "dns:53"


# ---- bytes


def test_a_web_page_comes_through(device, work):
    (work / "page").write_bytes(os.urandom(3_000_000))
    port = program.free_port()
    web = subprocess.Popen(
        ["python3", "-m", "http.server", str(port), "--bind", LOOPBACK,
         "--directory", str(work)], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        run = forwards.start(device, to(port))

        def page():
            try:
                url = f"http://{LOOPBACK}:{run.at[0]}/page"
                return urllib.request.urlopen(url, timeout=60).read()
            except OSError:
                return None
        assert until(page, "a page") == (work / "page").read_bytes()
    finally:
        web.kill()
        web.wait()


def test_a_half_close_is_carried_through(device, server):
    run = forwards.start(device, to(server(forwards.answer_at_end).port))
    with connect(run.at[0]) as one:
        one.sendall(b"x" * 100_000)
        one.shutdown(socket.SHUT_WR)
        assert read_all(one) == b"got 100000"
    flow = run.wait_event("closed")
    assert flow["reason"] == "finished"
    assert (flow["bytes_in"], flow["bytes_out"]) == (100_000, 10)


def test_a_slow_reader_slows_its_sender_and_nothing_piles_up(device, server):
    much = os.urandom(1 << 20) * 48

    def give(one, _):
        one.sendall(much)

    run = forwards.start(device, to(server(give).port))
    before = forwards.memory(run)
    with connect(run.at[0]) as one:
        digest = hashlib.sha256()
        time.sleep(1)
        assert forwards.memory(run) < before + 16_384
        while data := one.recv(1 << 18):
            digest.update(data)
            if len(data) < 1 << 16:
                time.sleep(0.001)
    assert digest.digest() == hashlib.sha256(much).digest()


def test_a_slow_reader_does_not_hold_up_others(device, server):
    def give(one, _):
        one.sendall(b"x" * (64 << 20))

    slow, quick = server(give), server()
    run = forwards.start(device, to(slow.port), to(quick.port))
    with connect(run.at[0]), connect(run.at[1]) as two:
        for _ in range(200):
            two.sendall(b"ping")
            assert two.recv(4) == b"ping"


@pytest.mark.skipif(shutil.which("iperf3") is None, reason="no iperf3")
def test_iperf3_both_ways_with_several_streams(device):
    port = program.free_port()
    there = subprocess.Popen(["iperf3", "-s", "-p", str(port), "-B", LOOPBACK],
                             stdout=subprocess.DEVNULL)
    try:
        until(lambda: not socket.socket().connect_ex((LOOPBACK, port)),
              "iperf3")
        run = forwards.start(device, to(port))
        for more in ((), ("-R",), ("-P", "4")):
            done = subprocess.run(
                ["iperf3", "-c", LOOPBACK, "-p", str(run.at[0]), "-n", "64M",
                 "-J", *more], capture_output=True, timeout=120, check=False)
            told = json.loads(done.stdout)
            assert "error" not in told, told
            assert told["end"]["sum_received"]["bytes"] > 60_000_000
    finally:
        there.kill()
        there.wait()


# ---- ends


def test_a_reset_is_passed_on_either_way(device, server):
    seen = []

    def wait_for_reset(one, _):
        try:
            seen.append(one.recv(1))
        except ConnectionResetError:
            seen.append("reset")

    def give_reset(one, _):
        one.recv(1)
        forwards.reset(one)

    run = forwards.start(device, to(server(wait_for_reset).port),
                         to(server(give_reset).port))
    one = connect(run.at[0])
    run.wait_event("opened")
    forwards.reset(one)
    assert until(lambda: seen, "a reset") == ["reset"]
    assert run.wait_event("closed")["reason"] == "client-reset"
    with connect(run.at[1]) as two:
        two.sendall(b"x")
        with pytest.raises(ConnectionResetError):
            two.recv(1)
    assert run.wait_event("closed", number=2)["reason"] == "target-reset"


def test_an_idle_flow_ends_after_its_ttl(device, server):
    run = forwards.start(device, to(server().port, "?ttl=500ms"))
    with connect(run.at[0]) as one:
        with pytest.raises(ConnectionResetError):
            one.recv(1)
    assert run.wait_event("closed")["reason"] == "idle"


def test_f10_a_flow_is_told_with_its_ends_and_why_it_ended(device, server):
    there = server()
    run = forwards.start(device, to(there.port))
    with connect(run.at[0]) as one:
        one.sendall(b"ping")
        assert one.recv(4) == b"ping"
        client = "%s:%d" % one.getsockname()
    opened, closed = run.wait_event("opened"), run.wait_event("closed")
    for told in (opened, closed):
        assert told["client"] == client
        assert told["local"] == f"{LOOPBACK}:{run.at[0]}"
        assert told["target"] == f"{LOOPBACK}:{there.port}"
        assert told["source"] == "%s:%d" % there.peers[0]
    assert closed["bytes_in"] == closed["bytes_out"] == 4
    assert closed["reason"] == "finished"


def test_a_target_that_restarts_is_found_again(device, server):
    first = server()
    port = first.port
    run = forwards.start(device, to(port))
    with connect(run.at[0]) as one:
        one.sendall(b"ping")
        assert one.recv(4) == b"ping"
    first.close()
    with connect(run.at[0]) as one, pytest.raises(ConnectionResetError):
        one.recv(1)
    closed = run.wait_event("closed", reason="unreachable")
    assert "refused" in closed["error"]
    server(port=port)
    with connect(run.at[0]) as one:
        one.sendall(b"ping")
        assert one.recv(4) == b"ping"


def test_a_dead_target_is_passed_over(device, server):
    dead = program.free_port()
    there = server()
    run = forwards.start(device, f"tcp://{LOOPBACK}:{{port}}/{LOOPBACK}:"
                         f"{dead},{LOOPBACK}:{there.port}")
    for _ in range(5):
        with connect(run.at[0]) as one:
            one.sendall(b"ping")
            assert one.recv(4) == b"ping"


# ---- many, and limits


def test_f7_a_thousand_flows_and_nothing_is_left_of_them(device, server):
    many = 1000
    there = server()
    run = forwards.start(device, to(there.port), more=("--no-live",))
    with connect(run.at[0]) as one:  # what is made once is there
        one.sendall(b"x")
        one.recv(1)
    run.wait_event("closed")
    files, kib = forwards.descriptors(run), forwards.memory(run)
    flows = []
    for i in range(many):
        flows.append(connect(run.at[0]))
        flows[-1].sendall(b"%d" % i)
    for i, one in enumerate(flows):
        want = b"%d" % i
        got = b""
        while len(got) < len(want):
            got += one.recv(16)
        assert got == want
    assert forwards.descriptors(run) >= files + 2 * many
    for one in flows:
        one.close()
    run.wait_event("closed", number=many + 1, timeout=120)
    until(lambda: forwards.descriptors(run) <= files, "descriptors back")
    assert forwards.memory(run) < kib + 8192


def test_f8_out_of_descriptors_it_sheds_and_never_ends(device, server):
    run = forwards.start(device, to(server().port),
                         prefix=("prlimit", "--nofile=64:64"))
    flows = [connect(run.at[0]) for _ in range(60)]
    lives, shed = [], 0
    for one in flows:
        one.settimeout(60)
        try:
            one.sendall(b"x")
            if one.recv(1) == b"x":
                lives.append(one)
            else:
                shed += 1
        except OSError:
            shed += 1
    assert lives and shed and run.alive()
    for one in lives:  # those that are there go on
        one.sendall(b"y")
        assert one.recv(1) == b"y"
    for one in flows:
        one.close()

    def again():
        try:
            with connect(run.at[0]) as one:
                one.sendall(b"z")
                return one.recv(1) == b"z"
        except OSError:
            return False
    assert until(again, "room again")


def test_f15_a_proxy_header_names_the_client(device, server):
    seen = []

    def take(one, _):
        seen.append(read_all(one))

    run = forwards.start(device, to(server(take).port, "?proxy=v2"))
    with connect(run.at[0]) as one:
        one.sendall(b"text")
        host, port = one.getsockname()
    data = until(lambda: seen, "a header")[0]
    assert data == (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" +
                    socket.inet_aton(host) + socket.inet_aton(LOOPBACK) +
                    struct.pack("!HH", port, run.at[0]) + b"text")


def test_f27_only_those_who_are_allowed(device, server):
    run = forwards.start(device, to(server().port, "?allow=127.0.0.2"),
                         more=("--every", "200ms"))
    with connect(run.at[0]) as one, pytest.raises(ConnectionResetError):
        one.recv(1)
    one = socket.create_connection((LOOPBACK, run.at[0]), 60,
                                   ("127.0.0.2", 0))
    with one:
        one.sendall(b"x")
        assert one.recv(1) == b"x"
        run.wait_until(lambda: any(e["drops"] == {"denied": 1}
                                   for e in run.events("rule")), "the drop")
        run.wait_event("flow", client="%s:%d" % one.getsockname())


# ---- changes


def test_sighup_keeps_the_flows_of_rules_that_stay(device, server, work):
    there = server()
    stays, goes, new = (program.free_port() for _ in range(3))
    rules = work / "rules"

    def write(*ports):
        text = "# rules\n\n" + "".join(
            f"tcp://{LOOPBACK}:{p}/{LOOPBACK}:{there.port}\n" for p in ports)
        (work / "new").write_text(text)
        os.replace(work / "new", rules)  # as editors do

    write(stays, goes)
    run = device.start("forward", "--rules", str(rules), "--json",
                       json_events=False)
    run.wait_event("listening", number=2)
    with connect(stays) as one, connect(goes) as two:
        run.wait_event("opened", number=2)
        write(new, stays)
        run.signal(signal.SIGHUP)
        with pytest.raises(ConnectionResetError):
            two.recv(1)
        assert run.wait_event("closed")["reason"] == "rule-gone"
        one.sendall(b"still")
        assert one.recv(5) == b"still"
        run.wait_event("listening", port=new)
        with connect(new) as three:
            three.sendall(b"new")
            assert three.recv(3) == b"new"
        with pytest.raises(OSError):
            connect(goes)
        # A mistake changes nothing.
        rules.write_text("nonsense\n")
        run.signal(signal.SIGHUP)
        assert ":1: " in run.wait_event("error")["reason"]
        one.sendall(b"still")
        assert one.recv(5) == b"still"
    run.signal(signal.SIGTERM)
    run.expect(0)


def test_f14_a_name_whose_address_changes(needs_namespaces, device, server,
                                          work):
    hosts = work / "hosts"
    hosts.write_text("127.0.0.1 localhost\n127.0.0.2 there.test\n")
    port = program.free_port()

    def say(word):
        return lambda one, _: (one.sendall(word), one.recv(1))

    server(say(b"two"), host="127.0.0.2", port=port)
    server(say(b"three"), host="127.0.0.3", port=port)
    run = forwards.start(
        device, f"tcp://{LOOPBACK}:{{port}}/there.test:{port}?refresh=200ms",
        prefix=("unshare", "--mount", "sh", "-c",
                f"mount --bind {hosts} /etc/hosts && exec \"$@\"", "sh"))
    with connect(run.at[0]) as old:
        assert old.recv(8) == b"two"
        hosts.write_text("127.0.0.1 localhost\n127.0.0.3 there.test\n")

        def asked():
            with connect(run.at[0]) as one:
                return one.recv(8)
        until(lambda: asked() == b"three", "the new address")
        # The flow that is there stays where it is.
        old.settimeout(0.2)
        with pytest.raises(TimeoutError):
            old.recv(1)
    # Gone from the list: its last address stays.
    hosts.write_text("127.0.0.1 localhost\n")
    assert "last address stays" in run.wait_event("warning")["text"]
    assert asked() == b"three"


def test_f22_a_listener_is_handed_over_and_nobody_is_refused(device, server):
    there = server()
    with socket.create_server((LOOPBACK, 0), backlog=64) as listener:
        port = listener.getsockname()[1]
        early = connect(port)  # before anybody forwards
        early.sendall(b"early")
        run = device.start(
            "forward", f"tcp://{LOOPBACK}:{port}/{LOOPBACK}:{there.port}",
            "--json", json_events=False,
            prefix=("python3", "-c",
                    "import os, sys, socket, array\n"
                    "s = socket.socket(socket.AF_UNIX)\n"
                    "s.connect(sys.argv[1])\n"
                    "_, c, _, _ = s.recvmsg(1, 64)\n"
                    "fd = array.array('i', c[0][2])[0]\n"
                    "os.dup2(fd, 3)\n"
                    "os.environ['LISTEN_FDS'] = '1'\n"
                    "os.environ['LISTEN_PID'] = str(os.getpid())\n"
                    "os.execv(sys.argv[2], sys.argv[2:])",
                    hand_over(listener)))
        run.wait_event("listening", port=port)
        assert early.recv(5) == b"early"
        early.close()
    # The first owner is gone; it is still listened to.
    with connect(port) as one:
        one.sendall(b"late")
        assert one.recv(4) == b"late"


def hand_over(listener):
    """The path of a socket where one process gets this descriptor."""
    path = f"/tmp/gw-hand-over-{os.getpid()}"
    if os.path.exists(path):
        os.unlink(path)
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    door.listen(1)

    def give():
        one, _ = door.accept()
        socket.send_fds(one, [b"x"], [listener.fileno()])
        one.close()
        door.close()
        os.unlink(path)
    threading.Thread(target=give, daemon=True).start()
    return path


def test_f22_told_to_end_it_lets_flows_finish(device, server):
    run = forwards.start(device, to(server().port), more=("--drain", "60s"))
    with connect(run.at[0]) as one:
        run.wait_event("opened")
        run.signal(signal.SIGTERM)
        until(lambda: refused(run.at[0]), "the port to be free")
        one.sendall(b"last")
        assert one.recv(4) == b"last"
        assert run.alive()
    run.expect(0)


def refused(port):
    try:
        connect(port).close()
        return False
    except ConnectionRefusedError:
        return True
    except OSError:
        return False


# ---- seeing it


def test_the_figures_for_prometheus(device, server):
    port = program.free_port()
    run = forwards.start(device, to(server().port, "?name=web"),
                         more=("--metrics", f":{port}"))
    run.wait_event("metrics", port=port)
    with connect(run.at[0]) as one:
        one.sendall(b"12345")
        assert one.recv(5) == b"12345"
        url = f"http://{LOOPBACK}:{port}/metrics"
        page = urllib.request.urlopen(url, timeout=60).read().decode()
    assert 'name="web",way="in"} 5\n' in page
    assert 'name="web",way="out"} 5\n' in page
    assert 'godwit_forward_drops_total{rule="1",' in page
    # This machine only, unless told otherwise.
    out = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], check=True,
                         capture_output=True, text=True).stdout
    assert f"{LOOPBACK}:{port}" in out


def test_a_line_for_each_flow_that_ends(device, server):
    there = server()
    port = program.free_port()
    run = device.start("forward", f"{port}:{LOOPBACK}:{there.port}",
                       json_events=False, content=True)
    run.wait_said("Rule 1: tcp://")
    with connect(port) as one:
        one.sendall(b"ping")
        assert one.recv(4) == b"ping"
    run.wait_until(lambda: b"finished after" in run.out, "a line")
    assert f"{LOOPBACK}:{there.port}: finished" in run.out.decode()
    run.signal(signal.SIGINT)
    run.expect(130)


def test_a_live_view_on_a_terminal(device, server, godwit):
    there = server()
    port = program.free_port()
    run = subprocess.Popen(
        ["script", "-qefc", f"stty rows 24 cols 120; {godwit} forward "
         f"tcp://{LOOPBACK}:{port}/{LOOPBACK}:{there.port}", "/dev/null"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm"}, start_new_session=True)
    try:
        os.set_blocking(run.stdout.fileno(), False)
        seen = bytearray()

        def shown(*words):
            seen.extend(run.stdout.read() or b"")
            return all(w in seen for w in words)
        until(lambda: shown(b"CLIENT", b"1 rule, 0 flows"), "the view")
        with connect(port) as one:
            one.sendall(b"ping")
            assert one.recv(4) == b"ping"
            until(lambda: shown(b"1 flows", b"open", b"%s:%d" % (
                one.getsockname()[0].encode(), one.getsockname()[1])),
                "the flow")
        until(lambda: shown(b"finished"), "its end")
    finally:
        os.killpg(run.pid, signal.SIGTERM)
        run.wait(30)


# ---- transparent


def test_f15_transparent_refuses_where_it_would_do_nothing(device, server):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root, to give it up")
    port = program.free_port()
    run = device.start(
        "forward", f"tcp://{LOOPBACK}:{port}/{LOOPBACK}:{server().port}"
        "?transparent=true", json_events=False,
        prefix=("setpriv", "--bounding-set=-net_admin,-net_raw",
                "--inh-caps=-all", "--"))
    run.expect(1)
    assert "CAP_NET_ADMIN" in run.said()
    assert refused(port)


def test_f15_transparent_the_target_sees_the_client(needs_namespaces, device):
    spaces = namespaces.Subnets()
    try:
        m, one, three = spaces.m, spaces.one, spaces.three
        # Answers to clients come back to this machine.
        m.ip("rule", "add", "iif", "right", "lookup", "100")
        m.ip("route", "add", "local", "default", "dev", "lo", "table", "100")
        m.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter; "
              "echo 0 > /proc/sys/net/ipv4/conf/right/rp_filter")
        there = subprocess.Popen(
            [*three.prefix, "python3", "-c",
             "import socket\n"
             "s = socket.create_server(('', 80))\n"
             "print('ready', flush=True)\n"
             "c, a = s.accept()\n"
             "c.sendall(a[0].encode())\n"
             "c.close()"], stdout=subprocess.PIPE, text=True)
        try:
            assert there.stdout.readline() == "ready\n"
            run = device.start(
                "forward", "tcp://10.91.1.1:8080/10.91.2.2:80"
                "?transparent=true", "--json", json_events=False,
                prefix=m.prefix)
            run.wait_event("listening")
            out = one.run(
                "python3", "-c",
                "import socket\n"
                "s = socket.create_connection(('10.91.1.1', 8080), 30)\n"
                "print(s.recv(64).decode())")
            assert out == "10.91.1.2\n"
        finally:
            there.kill()
            there.wait()
    finally:
        spaces.close()


def test_f13_link_local_addresses_with_zones(joined, pair):
    there = subprocess.Popen(
        [*joined.b.prefix, "python3", "-c",
         "import socket\n"
         "s = socket.create_server(('::', 80), family=socket.AF_INET6)\n"
         "print('ready', flush=True)\n"
         "c, a = s.accept()\n"
         "c.sendall(b'here')\n"
         "c.close()"], stdout=subprocess.PIPE, text=True)
    try:
        assert there.stdout.readline() == "ready\n"
        target = joined.b.link_local("link0").split("%")[0]
        run = pair.sender.start(
            "forward", f"tcp://127.0.0.1:8080/[{target}%link0]:80", "--json",
            json_events=False)
        assert f"[{target}%link0]:80" in run.wait_event("listening")["text"]
        out = joined.a.run(
            "python3", "-c",
            "import socket\n"
            "s = socket.create_connection(('127.0.0.1', 8080), 30)\n"
            "print(s.recv(64).decode())")
        assert out == "here\n"
        assert run.wait_event("opened")["target"] == f"[{target}%link0]:80"
    finally:
        there.kill()
        there.wait()
