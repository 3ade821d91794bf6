"""`godwit forward` by its rules: what is typed, changed, handed over, seen;
what stands in F1-F28 (forwarding.md) about that."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import urllib.request

import pytest

import forwards
import namespaces
import program
from forwards import LOOPBACK, connect, refused, to, until


@pytest.fixture
def device(pair):
    return pair.sender


# ---- rules


def test_what_people_type_is_shown_in_its_normal_form(device, tcp_server):
    there = tcp_server().port
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


def test_what_users_of_gost_and_docker_type_of_udp_is_shown_too(device):
    forms = (("udp://127.0.0.1:{port}/127.0.0.1:9?ttl=60", "?ttl=60s"),
             ("udp://127.0.0.1:{port}/127.0.0.1:9?stateless=true",
              "?responses=1"),
             ("udp://127.0.0.1:{port}/127.0.0.1:9?keepAlive=false",
              "?responses=1"),
             ("udp://127.0.0.1:{port}/127.0.0.1:9?keepAlive=true&ttl=5s"
              "&readBufferSize=4096&readQueueSize=9&backlog=128",
              "?ttl=5s&backlog=128"),
             ("127.0.0.1:{port}:9/udp", ""),
             ("127.0.0.1:{port}:127.0.0.1:9/udp", ""))
    for more, added in ((), ""), (("--responses", "3"), "responses=3"):
        run = forwards.start(device, *[text for text, _ in forms], more=more)
        for told, (_, want) in zip(run.events("listening"), forms):
            if added and "responses" not in want:
                first, *rest = want.split("&") if want else [""]
                want = "&".join(filter(None, (first or "?" + added,
                                              first and added, *rest)))
            assert told["text"] == (f"udp://{LOOPBACK}:{told['port']}/"
                                    f"{LOOPBACK}:9{want}"), told
        run.signal(signal.SIGTERM)
        run.expect(0)
    # As docker has it, of all addresses; and as both fingers type -L.
    for text, to, normal in (
            ("53:53/udp", ("--to", "10.0.0.2"), "udp://:53/10.0.0.2:53"),
            ("54:53/udp", (), "udp://:54/127.0.0.1:53"),
            ("udp://:53/10.0.0.2:53", (), "udp://:53/10.0.0.2:53"),
            ("53:10.0.0.2:53", (), "tcp://127.0.0.1:53/10.0.0.2:53")):
        run = device.start(
            "forward", "--explain",
            f"{normal[:3]} 127.0.0.1:4000 -> "
            f":{normal.split('/')[2].split(':')[1]}", "-L", text, *to,
            "--json", json_events=False)
        run.expect(0)
        assert run.events("explained")[0]["text"] == normal


def test_option_l_and_to(device, tcp_server):
    there, port = tcp_server().port, program.free_port()
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


def test_two_rules_for_one_port_are_both_named(device):
    port = program.free_port()
    for first, second in ((f"tcp://:{port}/a:1", f"tcp://:{port}/b:1"),
                          (f"udp://127.0.0.1:{port - 1}-{port}/a:1",
                           f"udp://0.0.0.0:{port}/b:1")):
        run = device.start("forward", first, second, json_events=False)
        run.expect(1)
        assert f"{second}: rule 1, {first}, has port {port} already" in \
            run.said()


def test_f28_explain_tells_of_loops(device):
    own = "tcp://:8080/127.0.0.1:8080"
    rules = ("tcp://:8080/localhost:8081,192.0.2.1:80",
             "tcp://127.0.0.1:8081/[::1]:8080", "udp://:8080/127.0.0.1:8081")
    for given, packet, status, words in (
            ((own,), "tcp 10.0.0.5:4000 -> :8080", 1,
             "127.0.0.1:8080, where rule 1 listens: it would go round in "
             "circles"),
            (rules, "tcp 10.0.0.5:4000 -> :8080", 0,
             "goes to 192.0.2.1:80. localhost:8081 is left out: rule 2 "),
            (rules, "tcp 10.0.0.5:4000 -> 127.0.0.1:8081", 1,
             "[::1]:8080, where rule 1 listens"),
            (rules, "udp 10.0.0.5:4000 -> :8080", 0,
             "goes to 127.0.0.1:8081."),
            ((own, "--via", "hall"), "tcp 10.0.0.5:4000 -> :8080", 0,
             "through hall")):
        run = device.start("forward", "--explain", packet, *given,
                           json_events=False, content=True)
        run.expect(status)
        assert words in run.out.decode(), run.out
    run = device.start("forward", "--explain", "tcp 10.0.0.5:1 -> :8080",
                       "--json", own, json_events=False)
    run.expect(1)
    told = run.events("explained")[0]
    assert (told["loops"], told["loop_rule"]) == ("127.0.0.1:8080", 1)


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


# ---- changes


def test_sighup_keeps_the_flows_of_rules_that_stay(device, tcp_server, work):
    there = tcp_server()
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


def test_f14_a_name_whose_address_changes(needs_namespaces, device, tcp_server,
                                          work):
    hosts = work / "hosts"
    hosts.write_text("127.0.0.1 localhost\n127.0.0.2 there.test\n")
    port = program.free_port()

    def say(word):
        return lambda one, _: (one.sendall(word), one.recv(1))

    tcp_server(say(b"two"), host="127.0.0.2", port=port)
    tcp_server(say(b"three"), host="127.0.0.3", port=port)
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


def test_f22_a_listener_is_handed_over_and_nobody_is_refused(device, tcp_server):
    there = tcp_server()
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


def test_f22_told_to_end_it_lets_flows_finish(device, tcp_server):
    run = forwards.start(device, to(tcp_server().port), more=("--drain", "60s"))
    with connect(run.at[0]) as one:
        run.wait_event("opened")
        run.signal(signal.SIGTERM)
        until(lambda: refused(run.at[0]), "the port to be free")
        one.sendall(b"last")
        assert one.recv(4) == b"last"
        assert run.alive()
    run.expect(0)


# ---- seeing it


def test_the_figures_for_prometheus(device, tcp_server):
    port = program.free_port()
    run = forwards.start(device, to(tcp_server().port, "?name=web"),
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


def test_a_line_for_each_flow_that_ends(device, tcp_server):
    there = tcp_server()
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


def test_a_live_view_on_a_terminal(device, tcp_server, godwit, tmp_path):
    there = tcp_server()
    port = program.free_port()
    rules, pid = tmp_path / "rules", tmp_path / "pid"
    rules.write_text(f"tcp://{LOOPBACK}:{port}/{LOOPBACK}:{there.port}\n")
    run = subprocess.Popen(
        ["script", "-qefc", f"stty rows 24 cols 80; echo $$ > {pid}; "
         f"exec {godwit} forward --rules {rules}", "/dev/null"],
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
            until(lambda: shown(b"1 flow;", b":%d" % one.getsockname()[1]),
                  "the flow")
            assert re.search(rb" open +0:0\d +- +4 B +4 B ", seen)
        until(lambda: shown(b"finished"), "its end")
        # What is wrong with other rules has its place in the picture.
        rules.write_text("nonsense\n")
        os.kill(int(pid.read_text()), signal.SIGHUP)
        until(lambda: shown() and seen.count(b"[BIND:]PORT:HOST:PORT") > 2,
              "why")
        rules.write_text(f"tcp://{LOOPBACK}:{port}/{LOOPBACK}:9\n")
        os.kill(int(pid.read_text()), signal.SIGHUP)
        until(lambda: shown(b":9  flows"), "the new one")
        assert seen.count(b"Rule ") == 1
    finally:
        os.killpg(run.pid, signal.SIGTERM)
        run.wait(30)


# ---- transparent


def test_f15_transparent_refuses_where_it_would_do_nothing(device, tcp_server):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root, to give it up")
    port = program.free_port()
    run = device.start(
        "forward", f"tcp://{LOOPBACK}:{port}/{LOOPBACK}:{tcp_server().port}"
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
