"""Each line of the table of exit statuses (see godwit(1))."""

import os
import signal
import time

import pytest

import program
import trees
from program import LOOPBACK
from trees import BLOCK

pytestmark = pytest.mark.carriers("tcp", "udp")


@pytest.fixture
def note(work):
    trees.write(work / "note", b"a note\n")
    return work / "note"


def test_0_done_and_confirmed(pair, note):
    pair.transfer(note)


def test_0_although_entries_were_skipped(pair, note):
    trees.write(pair.target / "note", b"ours")
    sending, waiting = pair.transfer(note, recv=["--on-conflict", "skip"])
    assert waiting.events("complete")[0]["skipped"] == 1
    assert (pair.target / "note").read_bytes() == b"ours"


def test_0_of_a_standing_receiver_on_sigterm(pair):
    waiting = pair.receiver.start("recv", "--yes", "--listen", LOOPBACK)
    waiting.wait_event("listening")
    waiting.signal(signal.SIGTERM)
    waiting.expect(0, 5)


@pytest.mark.parametrize("how", [["--code", "its-own-code"], ["--once"]])
def test_130_of_a_receiver_of_one_transfer_on_sigterm(pair, how):
    """What it waits for has not come."""
    waiting = pair.receiver.start("recv", "--yes", "--listen", LOOPBACK, *how)
    waiting.wait_event("listening")
    waiting.signal(signal.SIGTERM)
    waiting.expect(130, 20)


@pytest.mark.parametrize("arguments", [
    ["send"], ["send", "--no-such-option", "x"], ["send", "--to"],
    ["send", "--limit-rate", "fast", "x"], ["send", "--limit-rate", "-5", "x"],
    ["send", "--to", "host:99999", "x"], ["send", "--timeout", "soon", "x"],
    ["send", "--to", "localhost", "--listen", ":0", "x"],
    ["send", "-", "x"], ["send", "--name", "n", "x"],
    ["recv", "--on-conflict", "maybe", "--yes"], ["recv", "a", "b"],
    ["recv", "one-secret-code"],
    ["recv", "--stdout", "-o", "dir", "--yes"],
    ["recv"],  # it asks, and there is no terminal
    ["no-such-command"],
])
def test_2_usage(pair, arguments):
    run = pair.sender.start(*arguments, json_events=False)
    run.expect(2, 10)
    assert run.said().startswith("godwit:")
    assert run.out == b""


def test_2_nothing_is_read_as_a_directory_of_options(pair, work):
    pair.sender.start("send", work / "a", work / "sub" / "a").expect(
        7 if not (work / "a").exists() else 2)


def test_3_nobody_there(pair, note):
    run = pair.sender.start("send", "--to", f"{LOOPBACK}:1", "--code",
                            "1-abc-defg", note)
    run.expect(3, 20)
    assert f"{LOOPBACK}:1" in run.said() or "1" in run.said()


def test_3_a_name_without_address(pair, note):
    pair.sender.start("send", "--to", "no-such-host.invalid", "--code",
                      "1-abc-defg", note).expect(3, 30)


@pytest.mark.parametrize("host, why", [
    ("[fe80::1]", "say through which interface"),
    ("[fe80::1%no-such]", "no interface no-such")])
def test_3_a_link_local_address_that_leads_nowhere(pair, note, host, why):
    run = pair.sender.start("send", "--to", f"{host}:9", "--code",
                            "1-abc-defg", note).expect(3, 20)
    assert why in run.said()
    assert "--listen" not in run.said()


def test_3_recv_too(pair):
    pair.receiver.start("recv", "1-abc-defg", "--from", f"{LOOPBACK}:1",
                        "-o", pair.target).expect(3, 20)


def test_4_not_authenticated(pair, note):
    waiting = pair.wait_recv()
    pair.sender.start("send", "--to", waiting.address(), "--code",
                      "1-abc-defg", note).expect(4, 5)


def test_5_refused_on_both_sides(pair, note, on_terminal):
    """There is only one way to refuse by hand: at the prompt."""
    terminal = on_terminal(pair.receiver, "recv", "--once", "--listen",
                           LOOPBACK, "--code", "a-code-for-the-two", "-o",
                           pair.target)
    port = terminal.wait_for(r"127\.0\.0\.1:(\d+)")[1]
    sending = pair.sender.start("send", "--to", f"{LOOPBACK}:{port}",
                                "--code", "a-code-for-the-two", note)
    terminal.wait_for(r"\[y/N\]")
    terminal.type("n\n")
    sending.expect(5, 10)
    terminal.expect(5, 10)
    assert os.listdir(pair.target) == []


def test_6_some_entries_failed_on_both_sides(pair, work):
    trees.write(work / "in" / "fine", b"fine")
    trees.write(work / "in" / ("n" * 200) / "deep", b"deep")
    trees.write(pair.target / "in" / "fine" / "in the way", b"x")
    waiting = pair.wait_recv("--on-conflict", "overwrite")
    sending = pair.send_to(waiting, work / "in")
    sending.expect(6)
    waiting.expect(6)
    for run in (sending, waiting):
        failed = [e for e in run.events("entry") if e["status"] == "failed"]
        assert [e["name"] for e in failed] == ["in/fine"], run.report()
        assert failed[0]["reason"]
        assert run.events("complete")[0]["failed"] == 1
    assert (pair.target / "in" / ("n" * 200) / "deep").exists()


def test_7_a_path_that_is_not_there(pair, work):
    waiting = pair.wait_recv()
    run = pair.send_to(waiting, work / "not there").expect(7)
    assert "not there" in run.said()
    assert waiting.alive()


def test_7_a_target_that_is_not_there(pair):
    run = pair.receiver.start("recv", "--yes", "--listen", LOOPBACK, "-o",
                              "/proc/no/such/dir")
    run.expect(7)
    assert "/proc/no" in run.said()


def test_7_a_target_that_is_a_file(pair, note):
    pair.receiver.start("recv", "--yes", "--listen", LOOPBACK, "-o",
                        note).expect(7)


def test_8_connection_lost(pair, work):
    source = trees.random_file(work / "data", 8 * BLOCK)
    waiting = pair.wait_recv("--retry", "0")
    sending = pair.send_to(waiting, "--limit-rate", "4MB", source)
    waiting.wait_bytes(BLOCK)
    sending.kill()
    waiting.expect(8, 10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM,
                                    signal.SIGHUP])
def test_130_interrupted(pair, note, number):
    waiting = pair.wait_send(note)
    waiting.wait_event("listening")
    waiting.signal(number)
    waiting.expect(130, 5)


def test_130_a_standing_receiver_on_ctrl_c(pair):
    waiting = pair.receiver.start("recv", "--yes", "--listen", LOOPBACK)
    waiting.wait_event("listening")
    waiting.signal(signal.SIGINT)
    waiting.expect(130, 5)


def test_two_receivers_are_told_at_once(pair):
    """Neither waits for the other to send something."""
    waiting = pair.wait_recv()
    second = pair.recv_from(waiting)
    second.expect(1, 20)
    waiting.expect(1, 20)
    said = waiting.said() + second.said()
    assert "it is receiving as well: one of the two must send" in said


def test_help_and_version_are_no_errors(pair):
    for arguments in (["--help"], ["send", "--help"], ["recv", "-h"],
                      ["partials", "--help"], ["--version"]):
        run = pair.sender.start(*arguments, json_events=False)
        run.expect(0, 5)
        assert run.out
        assert run.said() == ""


def test_a_full_output_is_an_error_not_a_crash(pair):
    with open("/dev/full", "wb") as full:
        import subprocess  # noqa: PLC0415
        done = subprocess.run([program.binary(), "--help"], stdout=full,
                              stderr=subprocess.PIPE, env=pair.sender.env,
                              check=False)
    assert done.returncode >= 0, "no signal ended it"


def test_the_connecting_side_ends_soon(pair, note):
    """Nobody waits for a timer after a transfer is confirmed."""
    since = time.monotonic()
    pair.transfer(note)
    assert time.monotonic() - since < 5
