"""`godwit dgram` by itself: what it shows, how it ends, commands, loops."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import time

import pytest

import dgrams
import program

LOOPBACK = "127.0.0.1"


@pytest.fixture
def client():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind((LOOPBACK, 0))
        made.settimeout(60)
        yield made


def ask(client, listener, data=b"x", host=LOOPBACK):
    client.sendto(data, (host, listener.at))
    return client.recv(65536)


def silent(client, seconds=0.5):
    client.settimeout(seconds)
    try:
        return client.recv(65536) is None
    except socket.timeout:
        return True
    finally:
        client.settimeout(60)


# ---- how it ends

@pytest.mark.parametrize("number, status", [
    (signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)])
def test_signals_end_a_listener(pair, number, status):
    listener = dgrams.listen(pair.receiver)
    listener.signal(number)
    listener.expect(status)
    assert "0 received." in listener.said()


def test_signals_end_a_sender(pair, client):
    for number in (signal.SIGINT, signal.SIGTERM):
        run = dgrams.send(pair.sender, "%s:%d" % client.getsockname(), "x",
                          "--count", "100", "--wait", "60s", "--json")
        client.recv(10)
        run.signal(number)
        run.expect(130)
        assert run.events("summary")[0]["sent"] >= 1


def test_a_port_in_use(pair):
    listener = dgrams.listen(pair.receiver)
    second = dgrams.listen(pair.receiver, port=listener.at)
    second.expect(1)
    assert "in use by another program" in second.said()
    assert second.events("error")[0]["error"] == "address"


def test_count_and_wait_end_a_listener(pair, client):
    listener = dgrams.listen(pair.receiver, "--count", "2", "--reply", "echo")
    assert ask(client, listener, b"1") == b"1"
    assert ask(client, listener, b"2") == b"2"
    listener.expect(0)
    assert "2 received, 2 answered." in listener.said()
    listener = dgrams.listen(pair.receiver, "--wait", "1s")
    listener.expect(1)
    assert "nothing arrived within 1.0 s" in listener.said()
    listener = dgrams.listen(pair.receiver, "--wait", "1s")
    client.sendto(b"x", (LOOPBACK, listener.at))
    listener.expect(0)


@pytest.mark.parametrize("arguments", [
    ["dgram"], ["dgram", "fly"], ["dgram", "listen"], ["dgram", "send"],
    ["dgram", "listen", "9000"], ["dgram", "listen", ":0"],
    ["dgram", "listen", "127.0.0.1"], ["dgram", "listen", ":9", ":10"],
    ["dgram", "listen", ":9", "--reply", "shout"],
    ["dgram", "listen", ":9", "--reply", "exec:"],
    ["dgram", "listen", ":9", "--deadline", "1s"],
    ["dgram", "listen", ":9", "--group", "192.0.2.1"],
    ["dgram", "listen", ":9", "--count", "0"],
    ["dgram", "send", "host"], ["dgram", "send", ":9"],
    ["dgram", "send", "host:9", "two", "texts"],
    ["dgram", "send", "127.0.0.1:9", "--ttl", "256"],
    ["dgram", "send", "127.0.0.1:9", "--interval", "0"],
    ["dgram", "send", "255.255.255.255:9", "x"],
    ["dgram", "send", "--broadcast", "host:9", "x"],
    ["dgram", "send", "--broadcast", "[ff02::1]:9", "x"],
    ["dgram", "send", "--broadcast", "[::1]:9", "x"],
    ["dgram", "send", "127.0.0.1:9", "--interface", "a", "--interface", "b"],
])
def test_usage(pair, arguments):
    run = pair.sender.start(*arguments, json_events=False)
    status = run.wait(60)
    # An interface that is not there is no mistake of the command line.
    assert status == (1 if "--interface" in arguments else 2), run.said()
    assert run.said().startswith("godwit: ")
    assert run.out == b""


def test_no_broadcast_without_the_word(pair):
    status, out, err = dgrams.quick(pair.sender, "255.255.255.255:9", "x")
    assert (status, out) == (2, b"")
    assert "--broadcast" in err
    assert "EACCES" in err
    # Where only the kernel knows that it is one.
    status, out, err = dgrams.quick(pair.sender, "127.255.255.255:9", "x")
    assert (status, out) == (3, b"")
    assert "EACCES" in err


def test_a_name_without_address(pair):
    status, _, err = dgrams.quick(pair.sender, "no-such-host.invalid:9", "x")
    assert status == 3
    assert "no-such-host.invalid" in err


# ---- what it shows

def test_a_line_on_a_terminal(pair, client, on_terminal):
    port = program.free_port()
    terminal = on_terminal(pair.receiver, "dgram", "listen", f":{port}",
                           columns=200)
    terminal.wait_for("Listening at udp port")
    client.sendto(b"caf\xc3\xa9\x1b[2J\\\r\n\t\xff" + bytes(1000),
                  (LOOPBACK, port))
    shown = terminal.wait_for(
        r"(\d\d:\d\d:\d\d\.\d{3}) 127\.0\.0\.1:(\d+) \(lo\), 1014 bytes: (.*)")
    assert int(shown[2]) == client.getsockname()[1]
    assert shown[3].strip() == \
        r"café\x1b[2J\x5c\r\n\t\xff\x00{1000}"
    client.sendto(b"", (LOOPBACK, port))
    terminal.wait_for(r"\(lo\), 0 bytes: \r?\n")
    client.sendto(b"one\0two\0\0", (LOOPBACK, port))
    terminal.wait_for(r"9 bytes: one\\x00two\\x00\\x00\r?\n")
    assert b"\x1b[2J" not in terminal.written
    terminal.interrupt()
    terminal.expect(130, 60)
    assert "3 received." in terminal.text


def test_an_answer_on_a_terminal(pair, on_terminal):
    listener = dgrams.listen(pair.receiver, "--reply", "upper")
    terminal = on_terminal(pair.sender, "dgram", "send",
                           f"{LOOPBACK}:{listener.at}", "hello\n", columns=200)
    terminal.expect(0, 60)
    assert re.search(r"127\.0\.0\.1:\d+ \(lo\), 6 bytes in [\d.]+ ms: "
                     r"HELLO\\n", terminal.text)


def test_hexadecimal(pair, client):
    listener = dgrams.listen(pair.receiver, "--hex", "--count", "1",
                             json_events=False, content=True)
    data = bytes(range(40))
    client.sendto(data, (LOOPBACK, listener.at))
    listener.expect(0)
    head, dump = listener.out.decode().split("\n", 1)
    assert head.endswith("(lo), 40 bytes")
    back = b"".join(bytes.fromhex(line[10:49])
                    for line in dump.splitlines())
    assert back == data
    assert dump.splitlines()[0].startswith(
        "00000000: 0001 0203 0405 0607 0809 0a0b 0c0d 0e0f  ......")


def test_json_has_every_byte(pair, client):
    listener = dgrams.listen(pair.receiver, "--reply", "text:ok")
    assert listener.events("listening")[0]["reply"] == "text:ok"
    rows = [b"plain", b"", b"q\"\\\x01\x7f", "ä€😀\u202e".encode(),
            b"nul\0inside\0", b"\xff\xfe"]
    for data in rows:
        assert ask(client, listener, data) == b"ok"
    seen = [listener.wait_event("datagram", number=n + 1)
            for n in range(len(rows))]
    for data, event in zip(rows, seen):
        assert bytes.fromhex(event["hex"]) == data
        assert event["size"] == len(data)
        try:
            assert event["text"] == data.decode()
        except UnicodeDecodeError:
            assert event["text"] is None
        assert event["peer"] == event["to"] == LOOPBACK
        assert event["port"] == client.getsockname()[1]
        assert (event["interface"], event["cast"]) == ("lo", "host")
        assert abs(event["time"] - time.time()) < 600
    # Nothing in the line acts on a terminal.
    assert b"\x7f" not in listener.out
    assert "\u202e".encode() not in listener.out


def test_verbose_tells_who_beside_a_pipe(pair, client):
    listener = dgrams.listen(pair.receiver, "-v", "--count", "1",
                             json_events=False, content=True)
    client.sendto(b"raw", (LOOPBACK, listener.at))
    listener.expect(0)
    assert listener.out == b"raw"
    assert f"127.0.0.1:{client.getsockname()[1]} (lo), 3 bytes" in \
        listener.said()
    assert "Landlock" in listener.said()
    assert re.search(r"The kernel holds \d+ bytes", listener.said())


def test_it_writes_no_file(pair):
    status, _, _ = dgrams.quick(pair.sender, "127.0.0.1:9", "x")
    assert status == 3
    assert list(pair.sender.data.iterdir()) == []
    assert list(pair.sender.state.iterdir()) == []


# ---- what is in the way

def test_what_the_kernel_dropped_is_told(pair, client):
    listener = dgrams.listen(pair.receiver, "--buffer", "8192")
    listener.stop()
    for _ in range(300):
        client.sendto(bytes(500), (LOOPBACK, listener.at))
    listener.go_on()
    # The count comes with the next one that finds room.
    ends, stop = 0, time.monotonic() + 60
    while not any(e["text"] == "end" for e in listener.events("datagram")):
        assert time.monotonic() < stop
        client.sendto(b"end", (LOOPBACK, listener.at))
        ends += 1
        time.sleep(0.5)

    def lost():
        return sum(e["count"] for e in listener.events("lost"))
    listener.wait_until(lambda: lost() + len(listener.events("datagram")) ==
                        300 + ends, "sum of 300 and more")
    assert lost() > 0
    listener.wait_said("lost here")


def test_a_client_that_is_gone_stops_nothing(pair, client):
    listener = dgrams.listen(pair.receiver, "--reply", "echo")
    for _ in range(3):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            listener.stop()
            gone.sendto(b"x", (LOOPBACK, listener.at))
        listener.go_on()
        assert ask(client, listener, b"here") == b"here"
    listener.wait_event("unreachable", number=3, what="port")
    listener.wait_said("nobody listens there")


def test_a_reader_that_stops_reading_hangs_nothing(pair, client):
    """Standard output is full: it still leaves when it is told to."""
    port = program.free_port()
    reading, writing = os.pipe()
    run = subprocess.Popen(
        [dgrams.program.binary(), "dgram", "listen", f":{port}", "--reply",
         "echo"], stdout=writing, stderr=subprocess.PIPE,
        env=pair.receiver.env)
    try:
        os.close(writing)
        run.stderr.readline()
        answered = 0
        client.settimeout(8)
        try:
            while answered < 200:
                client.sendto(bytes(60000), (LOOPBACK, port))
                answered += len(client.recv(65536)) == 60000
        except socket.timeout:
            pass
        # More than the pipe holds, for what waits does not keep others.
        assert 5 < answered < 200
        run.terminate()
        assert run.wait(60) == 0
    finally:
        run.kill()
        run.wait()
        run.stderr.close()
        os.close(reading)


def test_a_reader_that_is_gone_is_an_error(pair, client):
    port = program.free_port()
    reading, writing = os.pipe()
    os.close(reading)
    run = subprocess.Popen(
        [dgrams.program.binary(), "dgram", "listen", f":{port}"],
        stdout=writing, stderr=subprocess.PIPE, env=pair.receiver.env)
    os.close(writing)
    run.stderr.readline()
    client.sendto(b"x", (LOOPBACK, port))
    assert run.wait(60) == 7
    assert b"standard output: Broken pipe" in run.stderr.read()
    run.stderr.close()


# ---- commands

def listen_exec(pair, command, *arguments):
    return dgrams.listen(pair.receiver, "--reply", f"exec:{command}",
                         *arguments)


def test_a_command_answers(pair, client):
    listener = listen_exec(
        pair, 'tr a-z A-Z; echo; echo "$GODWIT_PEER $GODWIT_PEER_PORT '
        '$GODWIT_INTERFACE"')
    port = client.getsockname()[1]
    assert ask(client, listener, b"hello") == \
        f"HELLO\n127.0.0.1 {port} lo\n".encode()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        six.settimeout(60)
        assert ask(six, listener, b"six", "::1") == \
            f"SIX\n::1 {six.getsockname()[1]} lo\n".encode()
    big = os.urandom(65507).replace(b"a", b"A")
    listener = listen_exec(pair, "cat")
    assert ask(client, listener, big) == big
    assert ask(client, listener, b"") == b""


def test_a_datagram_is_never_part_of_a_command(pair, client, work):
    listener = listen_exec(pair, "cat")
    evil = f"$(touch {work}/made); `touch {work}/made`\n; touch {work}/made"
    assert ask(client, listener, evil.encode()) == evil.encode()
    assert not (work / "made").exists()


def test_a_command_that_fails_gives_no_answer(pair, client):
    for command, reason in (("echo no; exit 3", "it exited with 3"),
                            ("kill -9 $$", "killed by signal 9"),
                            ("head -c 65508 /dev/zero",
                             "it printed more than 65,507 bytes")):
        listener = listen_exec(pair, command)
        client.sendto(b"x", (LOOPBACK, listener.at))
        assert listener.wait_event("unanswered")["reason"] == reason
        assert silent(client, 0.2)
        listener.wait_said(reason)


def test_a_slow_command_keeps_nobody_waiting(pair, client):
    listener = listen_exec(
        pair, 'read x; [ "$x" != slow ] || sleep 60; echo "$x"',
        "--deadline", "2s")
    client.sendto(b"slow\n", (LOOPBACK, listener.at))
    listener.wait_event("datagram")
    for _ in range(5):
        assert ask(client, listener, b"fast\n") == b"fast\n"
    assert not listener.events("unanswered")
    assert listener.wait_event("unanswered")["reason"] == "it took too long"


def test_only_so_many_commands_at_once(pair, client, work):
    """16 run and 64 wait; what comes then is not answered, and is told."""
    (work / "running").mkdir()
    listener = listen_exec(
        pair, f"touch {work}/running/$$; while [ ! -e {work}/go ]; do "
        "sleep 0.1; done; cat", "--deadline", "60s")
    for number in range(100):
        client.sendto(b"%d" % number, (LOOPBACK, listener.at))
    listener.wait_event("unanswered", number=20)
    assert len(list((work / "running").iterdir())) <= 16
    (work / "go").touch()
    answers = {client.recv(100) for _ in range(80)}
    assert answers == {b"%d" % number for number in range(80)}
    assert {e["reason"] for e in listener.events("unanswered")} == \
        {"too many commands are waiting"}


def test_commands_end_with_the_listener(pair, client, work):
    listener = listen_exec(
        pair, f"echo $$ > {work}/pid; sleep 300; echo late", "--deadline",
        "300s")
    client.sendto(b"x", (LOOPBACK, listener.at))
    end = time.monotonic() + 60
    while not (work / "pid").exists() or not (work / "pid").read_text():
        assert time.monotonic() < end
        time.sleep(0.05)
    listener.signal(signal.SIGTERM)
    listener.expect(0)
    pid = int((work / "pid").read_text())
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_it_says_that_commands_are_not_confined(pair):
    listener = dgrams.listen(pair.receiver, "-v", "--reply", "exec:cat")
    listener.signal(signal.SIGTERM)
    listener.expect(0)
    assert "Not confined by Landlock" in listener.said()


# ---- who gets no answer

@pytest.mark.parametrize("port", [7, 13, 17, 19, 37])
def test_ports_of_services_that_answer_everything(pair, client, needs_root,
                                                  port):
    listener = dgrams.listen(pair.receiver, "--reply", "echo")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind(("127.0.0.3", port))
        for _ in range(2):
            service.sendto(b"x", (LOOPBACK, listener.at))
        listener.wait_event("unanswered", number=2)
        assert silent(service, 0.2)
    assert ask(client, listener, b"y") == b"y"
    listener.signal(signal.SIGTERM)
    listener.expect(0)
    assert listener.said().count("said once") == 1


def test_who_speaks_from_our_own_port_gets_only_so_many(pair):
    listener = dgrams.listen(pair.receiver, "--reply", "echo",
                             host=LOOPBACK)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.4", listener.at))
        other.settimeout(60)
        for number in range(20):
            assert ask(other, listener, b"%d" % number) == b"%d" % number
        for _ in range(5):
            other.sendto(b"more", (LOOPBACK, listener.at))
        listener.wait_event("unanswered", number=5)
        assert silent(other, 0.2)
    listener.signal(signal.SIGTERM)
    listener.expect(0)
    assert listener.said().count("said once") == 1


def spoof(source, port, target):
    """One datagram that claims to come from somebody else."""
    data = b"ping"
    udp = struct.pack("!HHHH", port, port, 8 + len(data), 0) + data
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0,
                     socket.inet_aton(source), socket.inet_aton(target))
    with socket.socket(socket.AF_INET, socket.SOCK_RAW,
                       socket.IPPROTO_RAW) as raw:
        raw.sendto(ip + udp, (target, 0))


def test_two_that_answer_each_other_stop(pair, needs_root):
    one = dgrams.listen(pair.receiver, "--reply", "echo", host="127.0.0.5")
    two = dgrams.listen(pair.sender, "--reply", "echo", host="127.0.0.6",
                        port=one.at)
    spoof("127.0.0.5", one.at, "127.0.0.6")
    end = time.monotonic() + 60
    while not (one.events("unanswered") or two.events("unanswered")):
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(1)
    assert len(one.events("datagram")) + len(two.events("datagram")) <= 45


def test_not_ones_own(pair, needs_root):
    listener = dgrams.listen(pair.receiver, "--reply", "echo")
    spoof(LOOPBACK, listener.at, LOOPBACK)
    event = listener.wait_event("unanswered")
    assert event["reason"] == "it came from this very socket"
    assert len(listener.events("datagram")) == 1


def test_a_failure_is_json_to_the_last_line(pair):
    run = dgrams.send(pair.sender, "127.0.0.1:9", "x", "--json")
    run.expect(3)
    for line in run.out.decode().splitlines():
        json.loads(line)
    assert run.events("error")[0]["status"] == 3
