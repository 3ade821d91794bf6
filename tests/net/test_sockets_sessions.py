"""godwit sockets: sessions over UDP, which their own processes show."""

import os
import shutil
import signal
import socket
import subprocess

import pytest

import program
import sockets_view
import tcp_states

UDP = ("--carrier", "udp")
ACTIVE = ["ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "TIME_WAIT", "CLOSED"]
PASSIVE = ["ESTABLISHED", "CLOSE_WAIT", "LAST_ACK", "CLOSED"]


@pytest.fixture
def source(work):
    path = work / "big"
    path.write_bytes(os.urandom(1 << 20) * 6)
    return path


def rows(device, *words):
    """What is there now, of sessions alone."""
    run = device.run("sockets", "godwit", *words)
    assert run.wait() in (0, 1), run.said()
    return run.events("socket")


def wait_rows(device, *words):
    return sockets_view.wait_for(lambda: rows(device, *words), words)


def files(device):
    return list((device.runtime / "godwit").glob("*.sessions"))


def start(pair, *arguments):
    """A receiver that goes on, whatever ends."""
    waiting = pair.receiver.start(
        "recv", "--yes", "-o", pair.target, "--listen", "10.77.0.2:4639",
        *UDP, *arguments)
    wait_rows(pair.receiver, "LISTEN")
    return waiting


def send(pair, waiting, source, rate="100kB"):
    """At that rate it takes a minute."""
    return pair.sender.start(
        "send", "--to", "10.77.0.2:4639", "--code", waiting.code, *UDP,
        "--limit-rate", rate, source)


def test_both_ends_are_rows_beside_the_kernels(pair, joined, source):
    waiting = start(pair)
    sending = send(pair, waiting, source)
    there, = wait_rows(pair.receiver, "established")
    here, = wait_rows(pair.sender, "established")
    assert (here["protocol"], here["carrier"]) == ("godwit", "udp")
    assert (here["local"], here["remote"]) == (joined.a4, joined.b4)
    assert here["remote_port"] == 4639
    assert (there["local"], there["local_port"]) == (joined.b4, 4639)
    assert there["remote_port"] == here["local_port"]
    assert here["initiator"] and not there["initiator"]
    assert here["cipher"] == there["cipher"] != ""
    assert here["congestion"] == "bbr"
    for row in (here, there):
        assert 0 < row["rtt"] < 60
        assert row["cwnd_bytes"] > 0
        assert row["datagram"] >= 1200
        assert row["uid"] == os.geteuid()
        assert 0 < row["in_state"] < 600

    def moved():
        row, = rows(pair.sender, "established")
        return row["acknowledged"] > here["acknowledged"]
    sockets_view.wait_for(moved, "figures that follow")
    # The kernel's own row, what listens, and whose they are.
    run = pair.receiver.run("sockets", "4639", "udp", "-p")
    assert {(s["protocol"], s["state"]) for s in run.events("socket")} == {
        ("udp", "UNCONNECTED"), ("godwit", "LISTEN"),
        ("godwit", "ESTABLISHED")}
    for s in run.events("socket"):
        assert s["processes"] == [{"pid": waiting.pid, "name": "godwit"}]
    # The filters are those of all sockets.
    assert rows(pair.receiver, f"pid={waiting.pid}", "established")
    assert not rows(pair.receiver, "pid=1")
    assert rows(pair.receiver, f"remote={joined.a4}")
    assert not rows(pair.receiver, f"remote={joined.b4}")
    run = pair.receiver.run("sockets", "4639", "tcp")
    assert not run.events("socket")
    text = pair.receiver.run("sockets", "godwit", "established", "--details",
                             "--explain", json_events=False)
    text.expect(0)
    assert b"cipher" in text.out and b"bbr cwnd" in text.out
    assert b"Of a session of godwit:" in text.out
    sending.signal(signal.SIGINT)
    sending.expect(130)
    waiting.signal(signal.SIGTERM)
    waiting.expect(0)
    assert not files(pair.receiver)
    assert not files(pair.sender)


def paths(watch, port):
    """Of each session at a port: states, and whether all are exact."""
    found = {}
    for e in watch.events("change"):
        if e["protocol"] == "godwit" and e["remote"] is not None and \
                port in (e["local_port"], e["remote_port"]):
            found[e["local_port"], e["remote_port"]] = (
                [s["state"] for s in e["path"]], e["exact"])
    return list(found.values())


def test_every_state_is_told_with_its_time(pair, joined, source):
    waiting = start(pair)
    there = pair.receiver.start("sockets", "--watch", "4639")
    there.wait_event("socket", protocol="godwit", state="LISTEN")
    here = pair.sender.start("sockets", "--watch", "udp")
    # It has begun: what it shows of a socket of this test's own says so.
    with tcp_states.inside(joined.a):
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.bind(("127.0.0.1", 0))
    here.wait_until(lambda: here.events("change") or here.events("socket"),
                    "a socket")
    send(pair, waiting, source, rate="6MB").expect(0)
    for watch, first, states in ((there, "SYN_RCVD", ACTIVE),
                                 (here, "SYN_SENT", PASSIVE)):
        watch.wait_until(
            lambda w=watch, s=[first, *states]: paths(w, 4639) == [(s, True)],
            states)
    last = there.events("change")[-1]
    seconds = {s["state"]: s.get("seconds") for s in last["path"]}
    assert 0.5 < seconds["ESTABLISHED"] < 60
    assert 0.9 < seconds["TIME_WAIT"] < 10 # 2 MSL
    assert seconds["FIN_WAIT_1"] < 10
    probe.close()
    for run in (there, here, waiting):
        run.signal(signal.SIGTERM)
        run.wait()


def test_what_was_killed_is_gone_and_is_swept(pair, joined, source):
    waiting = start(pair)
    watch = pair.receiver.start("sockets", "--watch", "4639")
    sending = send(pair, waiting, source)
    watch.wait_event("change", protocol="godwit", to="ESTABLISHED")
    waiting.kill()
    gone = watch.wait_event("change", protocol="godwit", to="gone",
                            **{"from": "ESTABLISHED"})
    assert not gone["exact"]
    assert not rows(pair.receiver)
    assert len(files(pair.receiver)) == 1
    sending.kill()
    again = start(pair)
    assert len(files(pair.receiver)) == 1
    for run in (watch, again):
        run.signal(signal.SIGTERM)
        run.wait()
    assert not files(pair.receiver)


def test_sessions_of_another_namespace_are_not_shown(pair, joined, source):
    waiting = start(pair)
    assert rows(pair.receiver)
    run = pair.receiver.run("sockets", "godwit", prefix=joined.a.prefix)
    run.expect(1)
    waiting.signal(signal.SIGTERM)
    waiting.expect(0)


@pytest.mark.parametrize("runtime", [None, "/nowhere", "theirs", "full"])
def test_where_they_cannot_be_shown_all_else_works(pair, work, source,
                                                   runtime):
    if runtime == "theirs":
        path = work / "theirs"
        path.mkdir(mode=0o777)
        path.chmod(0o777)
        runtime = str(path)
    for device in (pair.sender, pair.receiver):
        if runtime == "full":
            # Nothing can be made below it.
            (device.runtime / "godwit").mkdir(mode=0o700)
            (device.runtime / "godwit").chmod(0o777)
        elif runtime is None:
            del device.env["XDG_RUNTIME_DIR"]
        else:
            device.env["XDG_RUNTIME_DIR"] = runtime
    pair.transfer(source, send=UDP, recv=UDP)
    assert not rows(pair.receiver)


ROOT_SEES = """
set -e
mkdir -p /run/user
mount -t tmpfs none /run/user
mkdir -m 700 /run/user/65534
chown 65534:65534 /run/user/65534
home=$(mktemp -d /run/user/65534/home.XXXXXX)
chown 65534:65534 $home
cd $home
setpriv --reuid=65534 --regid=65534 --clear-groups -- \
    env HOME=$home XDG_RUNTIME_DIR=/run/user/65534 \
    "$1" recv --yes --carrier udp --listen 127.0.0.1:$2 --code 7-crane-otter \
    2> $home/said > /dev/null &
receiver=$!
for i in $(seq 100); do
    grep -q Waiting $home/said && break
    sleep 0.1
done
stat -c %a /run/user/65534/godwit /run/user/65534/godwit/*
unset XDG_RUNTIME_DIR
"$1" sockets --json godwit $2 || echo none
cd /
XDG_RUNTIME_DIR=/run/user/65534 setpriv --reuid=65533 --regid=65533 \
    --clear-groups -- env HOME=/ XDG_CONFIG_HOME=/ \
    "$1" sockets --json godwit $2 || echo none
kill $receiver
wait $receiver || :
"""


def test_root_sees_those_of_all_users_others_only_their_own():
    sockets_view.unprivileged()
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can be many users")
    port = program.free_port()
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", ROOT_SEES, "sh", program.binary(),
         str(port)], check=False, capture_output=True, text=True,
        timeout=120)
    if "mount:" in done.stderr:
        pytest.skip("nothing can be mounted here")
    lines = done.stdout.splitlines()
    assert lines[:2] == ["700", "600"], done
    assert '"state":"LISTEN"' in lines[2], done
    assert '"uid":65534' in lines[2], done
    assert lines[3:] == ["none"], done
