"""Pairing: both sides ask, and then neither needs a code."""

import fcntl
import os
import signal

import pytest

import known
import trees

CARRIERS = pytest.mark.carriers("tcp", "udp")


@pytest.fixture
def note(work):
    trees.write(work / "note", b"a note\n")
    return work / "note"


def wait_pair(device, *arguments):
    return device.start("pair", "--listen", "127.0.0.1", *arguments)


def pair_with(device, waiting, code=None):
    return device.start("pair", code or waiting.code, "--with",
                        waiting.address())


def inbox(pair, *arguments):
    return pair.receiver.start("recv", "--from-known", "--listen",
                               "127.0.0.1", "-o", pair.target, *arguments)


@CARRIERS
def test_two_that_paired_need_no_code(pair, note):
    waiting = wait_pair(pair.receiver)
    pairing = pair_with(pair.sender, waiting)
    pairing.expect(0)
    waiting.expect(0)
    name = pairing.events("paired")[0]["device"]
    assert pairing.events("paired")[0]["key"] == \
        known.listed(pair.sender)[name]
    assert len(known.listed(pair.receiver)) == 1
    for device in (pair.sender, pair.receiver):
        assert known.mode(known.folder(device) / "devices") == 0o600
    there = inbox(pair, "--once")
    pair.sender.start("send", note, "--to",
                      f"{name}={there.address()}").expect(0)
    there.expect(0)
    assert (pair.target / "note").exists()


def test_to_pair_again_changes_nothing(pair):
    for _ in range(2):
        waiting = wait_pair(pair.receiver)
        pair_with(pair.sender, waiting).expect(0)
        waiting.expect(0)
    assert len(known.listed(pair.sender)) == 1
    assert len(known.listed(pair.receiver)) == 1


def test_another_device_of_that_name_gets_another_name(pair):
    other = pair.device("cedar")
    for device in (pair.sender, other):
        device.run("devices", "name", "laptop").expect(0)
        waiting = wait_pair(pair.receiver)
        pair_with(device, waiting).expect(0)
        waiting.expect(0)
    names = known.listed(pair.receiver)
    assert set(names) == {"laptop", "laptop-2"}
    assert len(set(names.values())) == 2


@CARRIERS
def test_a_wrong_code_pairs_nobody(pair):
    waiting = wait_pair(pair.receiver)
    pair_with(pair.sender, waiting, "999-wrong-wrong").expect(4)
    assert not known.listed(pair.sender)
    waiting.wait_said("tried a wrong code")
    pair_with(pair.sender, waiting).expect(0)
    waiting.expect(0)


def test_three_wrong_codes_end_it(pair):
    waiting = wait_pair(pair.receiver)
    for _ in range(3):
        pair_with(pair.sender, waiting, "999-wrong-wrong").expect(4)
    waiting.expect(4)


@CARRIERS
def test_a_transfer_whose_sides_both_say_remember(pair, note):
    sending, waiting = pair.transfer(note, send=["--remember"],
                                     recv=["--remember"])
    for run in (sending, waiting):
        notice = run.events("notice")[-1]
        assert (notice["kind"], notice["count"]) == ("remembered", 1)
    assert len(known.listed(pair.sender)) == 1
    assert len(known.listed(pair.receiver)) == 1


@pytest.mark.parametrize("send, recv", [(["--remember"], []),
                                        ([], ["--remember"])])
def test_one_side_alone_is_told_so_and_nothing_is_kept(pair, note, send,
                                                      recv):
    sending, waiting = pair.transfer(note, send=send, recv=recv)
    for run in (sending, waiting):
        notice = run.events("notice")[-1]
        assert (notice["kind"], notice["count"]) == ("remembered", 0)
        assert "say --remember" in notice["text"]
    assert not known.listed(pair.sender)
    assert not known.listed(pair.receiver)


def test_who_transfers_does_not_pair(pair, note):
    waiting = pair.wait_send(note)
    run = pair_with(pair.sender, waiting).expect(5)
    assert "does not ask to be remembered" in run.events("error")[0]["reason"]
    waiting.expect(5)
    assert not known.listed(pair.sender)


@CARRIERS
@pytest.mark.parametrize("what", ["send", "recv"])
def test_a_pairing_takes_part_in_no_transfer(pair, note, what):
    """Whichever is quicker: its end, or the first words of the transfer."""
    waiting = wait_pair(pair.receiver)
    arguments = (["send", note, "--to"] if what == "send" else
                 ["recv", "--from"])
    run = pair.sender.start(*arguments, waiting.address(), "--remember",
                            "--code", waiting.code)
    run.expect(5)
    waiting.wait()
    reason = run.events("error")[0]["reason"]
    assert "godwit pair" in reason or "transfers nothing" in reason


def test_a_standing_recv_lets_in_whom_it_has_just_remembered(pair, note):
    waiting = pair.receiver.start("recv", "--yes", "--remember", "--listen",
                                  "127.0.0.1", "-o", pair.target)
    pair.send_to(waiting, "--remember", note).expect(0)
    name = list(known.listed(pair.sender))[0]
    pair.sender.start("send", note, "--to",
                      f"{name}={waiting.address()}").expect(0)


@CARRIERS
def test_a_kill_between_both_saves_is_mended_by_pairing_again(pair, note):
    """One side keeps the key, the other dies before it does: its lock is
    held by somebody else until then."""
    pair.sender.run("devices").expect(0)
    lock = os.open(known.folder(pair.sender) / "devices.lock",
                   os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    waiting = wait_pair(pair.receiver)
    pairing = pair_with(pair.sender, waiting)
    kept = known.folder(pair.receiver) / "devices"
    waiting.wait_until(kept.exists, "key that is kept")
    pairing.kill()
    os.close(lock)
    waiting.expect(8, 90)
    assert "has not confirmed" in waiting.events("error")[0]["reason"]
    assert not known.listed(pair.sender)
    # Who was kept comes to somebody that does not know it.
    name = list(known.listed(pair.receiver))[0]
    there = pair.sender.start("recv", "--from-known", "--listen",
                              "127.0.0.1", "-o", pair.target)
    run = pair.receiver.start("send", note, "--to",
                              f"{name}={there.address()}").expect(4)
    assert "run `godwit pair` on both" in run.events("error")[0]["reason"]
    waiting = wait_pair(pair.receiver)
    pair_with(pair.sender, waiting).expect(0)
    waiting.expect(0)
    there.wait_until(
        lambda: pair.receiver.start(
            "send", note, "--to",
            f"{name}={there.address()}").wait() == 0, "way in")


def test_a_list_that_cannot_be_written_keeps_nothing_on_its_side(pair):
    pair.sender.run("devices").expect(0)
    (known.folder(pair.sender) / "devices.lock").mkdir()
    waiting = wait_pair(pair.receiver)
    run = pair_with(pair.sender, waiting).expect(7)
    assert "devices.lock" in run.said()
    waiting.expect(8)
    assert "could not keep the key" in waiting.events("error")[0]["reason"]


def test_the_command_is_a_qr_code_on_request(pair):
    for arguments in ["--qr"], ["--qr", "-q"], []:
        waiting = wait_pair(pair.receiver, *arguments)
        waiting.wait_event("listening")
        waiting.signal(signal.SIGINT)
        waiting.expect(130)
        shown = [line for line in waiting.said().splitlines()
                 if line.startswith("\u2588" * 4)]
        # The smallest code has 21 rows, and 8 of light around it.
        assert len(shown) >= 15 if arguments else not shown


def test_ctrl_c_ends_it(pair):
    waiting = wait_pair(pair.receiver)
    waiting.wait_event("listening")
    waiting.signal(signal.SIGINT)
    waiting.expect(130)


def test_what_makes_no_sense(pair):
    for arguments in (["one-secret-code"], ["a", "b"],
                      ["7-crane-otter", "--with", "host", "--listen", ":1"]):
        pair.sender.run("pair", *arguments).expect(2)


def test_the_number_of_the_code_finds_the_other_device(pair):
    waiting = pair.receiver.start("pair")
    told = waiting.wait_event("listening")
    assert told["found"]
    pair.sender.start("pair", told["code"]).expect(0)
    waiting.expect(0)
    assert waiting.events("paired")
