"""--classic: how it ends, what it says of that, and what it never does."""

import os
import signal
import socket
import time

import pytest

import plain
import program
import trees
from program import LOOPBACK

MIB = 1 << 20


@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_an_interrupted_sender_resets_and_never_says_fin(send_plain, work,
                                                         number, status):
    source = trees.random_file(work / "f", 50 * MIB)
    there = plain.PythonReceiver(4096, "slow", "small")
    run = send_plain(there.port, source)
    run.wait_event("connected")
    time.sleep(0.3)
    run.signal(number)
    assert run.wait() == status, run.report()
    there.finish()
    assert there.ended == "broken"
    assert len(there.content) < 50 * MIB


def test_from_a_pipe_as_it_comes(send_plain):
    there = plain.PythonReceiver(4096)
    run = send_plain(there.port, "-", "--name", "db.sql", hold_stdin=True)
    for number in range(3):
        run.process.stdin.write(b"line %d\n" % number)
        run.process.stdin.flush()
        time.sleep(0.05)
    run.process.stdin.close()
    run.expect(0)
    there.finish()
    assert (there.name, there.content) == \
        (b"db.sql", b"line 0\nline 1\nline 2\n")


def test_a_receiver_that_takes_nothing_is_given_up(send_plain, work):
    source = trees.random_file(work / "f", 50 * MIB)
    with socket.create_server((LOOPBACK, 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        run = send_plain(server.getsockname()[1], source, "--timeout", "1s")
        connection, _ = server.accept()
        assert connection.recv(1024) == b"f"
        connection.sendall(b"ok")
        run.expect(8)
        assert run.events("error")[0]["error"] == "stalled"
        connection.close()


def test_a_receiver_that_has_not_read_all_is_no_success(send_plain, work):
    source = trees.random_file(work / "f", 5000)
    with socket.create_server((LOOPBACK, 0)) as server:
        run = send_plain(server.getsockname()[1], source)
        connection, _ = server.accept()
        assert connection.recv(1024) == b"f"
        connection.sendall(b"ok")
        assert connection.recv(1000)
        connection.close()  # with bytes unread: its kernel resets
        run.expect(8)
    assert not run.events("complete")


# ---- the rest of the contract

def test_exit_statuses_of_a_sender(send_plain, work):
    source = trees.random_file(work / "f", 1000)
    send_plain(program.free_port(), source).expect(3)
    send_plain(1, work / "missing").expect(7)
    send_plain(1, work).expect(2)
    with socket.create_server((LOOPBACK, 0)) as server:
        run = send_plain(server.getsockname()[1], source)
        connection, _ = server.accept()
        connection.recv(100)
        connection.close()
        run.expect(5)


def test_exit_statuses_of_a_receiver(serve_plain, pair):
    run = serve_plain("--once")
    plain.greet(run.port, b"whole").close()
    run.expect(0)
    run = serve_plain("--once")
    plain.reset(plain.greet(run.port, b"cut"))
    run.expect(8)
    run = serve_plain()
    run.signal(signal.SIGTERM)
    run.expect(0)
    run = serve_plain()
    run.signal(signal.SIGINT)
    run.expect(130)
    serve_missing = pair.receiver.start(
        "recv", "--classic", "--listen", ":9", "-o", "missing")
    serve_missing.expect(7)


def test_an_interrupted_receiver_resets_what_is_not_whole(serve_plain, pair):
    run = serve_plain()
    connection = plain.greet(run.port, b"name")
    connection.sendall(b"part")
    run.wait_bytes(4)
    run.signal(signal.SIGTERM)
    run.expect(0)
    with pytest.raises(ConnectionResetError):
        while connection.recv(100):
            pass
    assert sorted(os.listdir(pair.target)) == []


def test_what_a_killed_receiver_left_is_removed_by_the_next(serve_plain, pair):
    run = serve_plain()
    connection = plain.greet(run.port, b"name")
    connection.sendall(b"part")
    run.wait_bytes(4)
    other = serve_plain()  # which does not take it for dead
    run.process.kill()
    run.process.wait()
    assert len(sorted(os.listdir(pair.target))) == 1
    connection.close()
    serve_plain()
    assert sorted(os.listdir(pair.target)) == []
    run.process.returncode = 0  # the kill was ours
    assert other.alive()


def test_events(serve_plain, send_plain, pair, work):
    run = serve_plain()
    source = trees.random_file(work / "f", 1000)
    sending = send_plain(run.port, source)
    sending.expect(0)
    run.wait_event("complete")
    for one in (run, sending):
        told = one.events("connected")[0]
        assert told["carrier"] == "classic"
        assert told["cipher"] == "none"
        assert told["key"] is None
        assert one.events("offer")[0]["names"] == ["f"]
    assert run.events("listening")[0]["code"] is None
    entry = run.events("entry")[0]
    assert entry["final_name"] == "f"
    assert entry["address"] == run.events("connected")[0]["address"]
    assert sending.events("entry")[0]["final_name"] is None


def test_it_is_never_chosen_by_itself(pair, work):
    source = trees.random_file(work / "f", 1000)
    there = plain.PythonReceiver(1024)
    run = pair.sender.start(
        "send", source, "--to", f"{LOOPBACK}:{there.port}", "--code",
        "7-crane-otter", "--retry", "0", env={"GODWIT_CLASSIC": "yes"})
    assert run.wait() != 0
    there.closed.set()
    config = pair.sender.config / "godwit"
    config.mkdir()
    (config / "config").write_text("classic = yes\n")
    run = pair.sender.start("send", source, "--to", f"{LOOPBACK}:1")
    run.expect(2)
    assert "belongs on the command line" in run.said()
