"""A peer that is there and does nothing, and one whose user has enough."""

import signal
import time

import pytest

import trees
import wire
from interrupted import SIZE, finish, part_files, start
from trees import BLOCK

pytestmark = pytest.mark.carriers("tcp", "udp")


@pytest.fixture
def source(work):
    return trees.random_file(work / "data", SIZE)


@pytest.mark.parametrize("victim", ["sender", "receiver"])
def test_a_stopped_peer_is_a_stall_and_goes_on(pair, source, victim):
    waiting, sending = start(pair, source,
                             sender=["--timeout", "2s", "--retry", "60s"],
                             receiver=["--timeout", "2s", "--retry", "60s"])
    waiting.wait_bytes(5 * BLOCK)
    stopped, awake = (sending, waiting) if victim == "sender" \
        else (waiting, sending)
    stopped.stop()
    awake.wait_event("notice", kind="retry", timeout=15)
    stopped.go_on()
    sending.expect(0, 40)
    waiting.expect(0, 40)
    assert trees.content_hash(pair.target / "data") == \
        trees.content_hash(source)


def test_a_stall_without_retry_ends_8(pair, source):
    waiting, sending = start(pair, source,
                             receiver=["--timeout", "2s", "--retry", "0"])
    waiting.wait_bytes(5 * BLOCK)
    sending.stop()
    waiting.expect(8, 15)
    assert waiting.events("error")[-1]["error"] == "stalled"
    assert len(part_files(pair.target)) == 1


def test_nothing_moving_for_ten_seconds_is_said(pair, source):
    waiting, sending = start(pair, source)
    waiting.wait_bytes(5 * BLOCK)
    sending.stop()
    stall = waiting.wait_event("notice", kind="stall", timeout=20)
    assert stall["count"] >= 10
    waiting.wait_said("Nothing moves", 5)
    sending.go_on()
    sending.expect(0)
    waiting.expect(0)


# ---- pipes

def test_a_quiet_input_is_no_stall(pair):
    waiting = pair.wait_recv("--timeout", "4s")
    sending = pair.send_to(waiting, "--timeout", "4s", "-", hold_stdin=True)
    sending.wait_event("connected")
    for text in (b"some\n", b"more\n"):
        sending.process.stdin.write(text)
        sending.process.stdin.flush()
        time.sleep(6)
    sending.process.stdin.close()
    sending.expect(0)
    waiting.expect(0)
    assert (pair.target / "stdin").read_bytes() == b"some\nmore\n"
    for run in (sending, waiting):
        assert run.events("notice") == []


def test_a_slow_reader_of_the_output_is_no_stall(pair, work):
    source = trees.random_file(work / "few", 4 * BLOCK)
    waiting = pair.wait_send("--timeout", "4s", source)
    receiving = pair.receiver.start(
        "recv", waiting.code, "--from", waiting.address(), "--stdout",
        "--timeout", "4s", prefix=(
            "bash", "-c", 'set -o pipefail; "$@" | (sleep 6; cat)', "bash"))
    receiving.expect(0)
    waiting.expect(0)
    assert receiving.out == source.read_bytes()


@pytest.mark.carriers("tcp")
@pytest.mark.parametrize("pipe", ["input", "output"])
def test_a_cut_pipe_ends_8_on_both_sides(pair, source, pipe):
    if pipe == "input":
        waiting = pair.wait_recv()
        line = wire.Proxy(waiting.port)
        other = pair.sender.start(
            "send", "--to", f"127.0.0.1:{line.port}", "--code", waiting.code,
            "-", hold_stdin=True)
        other.process.stdin.write(bytes(5 * BLOCK))
        other.process.stdin.flush()
    else:
        waiting = pair.wait_send("--limit-rate", "8MB", "--retry", "3s",
                                 source)
        line = wire.Proxy(waiting.port)
        other = pair.receiver.start(
            "recv", waiting.code, "--from", f"127.0.0.1:{line.port}",
            "--stdout")
    waiting.wait_bytes(4 * BLOCK)
    line.cut()
    for run in (waiting, other):
        run.expect(8, 15)
    assert "pipe" in other.events("error")[-1]["reason"]
    line.close()


# ---- interrupted by its user

@pytest.mark.parametrize("who", ["sender", "receiver"])
def test_ctrl_c_tells_the_peer_and_keeps_the_data(pair, source, who):
    waiting, sending = start(pair, source)
    waiting.wait_bytes(8 * BLOCK)
    one, other = (sending, waiting) if who == "sender" else (waiting, sending)
    one.signal(signal.SIGINT)
    one.expect(130, 10)
    assert other.wait(10) in (1, 6, 8), other.report()
    assert other.events("error")
    sent, _ = finish(pair, source)
    assert sent["moved"] < SIZE
