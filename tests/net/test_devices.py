"""Devices that are remembered: no code is needed, and nobody else gets in."""

import signal

import pytest

import known
import trees

CARRIERS = pytest.mark.carriers("tcp", "udp")


@pytest.fixture
def note(work):
    trees.write(work / "note", b"a note\n")
    return work / "note"


def wait_known(pair, *arguments, **options):
    """An inbox without a terminal: it has no code at all."""
    return pair.receiver.start("recv", "--from-known", "--listen",
                               "127.0.0.1", "-o", pair.target, *arguments,
                               **options)


def send_known(pair, waiting, note, device="hall", sender=None):
    return (sender or pair.sender).start(
        "send", note, "--to", f"{device}={waiting.address()}")


@CARRIERS
def test_a_remembered_device_needs_no_code(pair, note):
    known.introduce(pair)
    waiting = wait_known(pair, "--once")
    assert waiting.code is None
    send_known(pair, waiting, note).expect(0)
    waiting.expect(0)
    assert (pair.target / "note").read_bytes() == b"a note\n"


@CARRIERS
def test_a_waiting_sender_lets_in_whom_it_is_for(pair, note):
    known.introduce(pair)
    waiting = pair.wait_send(note, "--for", "hall")
    assert waiting.code is None
    pair.receiver.start("recv", "--from", f"desk={waiting.address()}", "-o",
                        pair.target).expect(0)
    waiting.expect(0)
    assert (pair.target / "note").exists()


def test_an_inbox_goes_on_and_ends_well_on_sigterm(pair, note):
    known.introduce(pair)
    waiting = wait_known(pair)
    for _ in range(3):
        send_known(pair, waiting, note).expect(0)
    waiting.signal(signal.SIGTERM)
    waiting.expect(0)
    assert len(list(pair.target.iterdir())) == 3


@CARRIERS
def test_somebody_else_under_the_name_gets_nothing(pair, note):
    """The key is another one: refused before this side has proved anything,
    and it is said what to do."""
    sender, receiver = known.introduce(pair)
    known.remember(pair.sender, sender[::-1], "hall")
    waiting = wait_known(pair)
    run = send_known(pair, waiting, note).expect(4, 10)
    reason = run.events("error")[0]["reason"]
    assert "somebody else answers" in reason
    assert "godwit devices forget hall" in reason
    assert not list(pair.target.iterdir())
    # The right device is not kept out by that.
    known.remember(pair.sender, receiver, "hall")
    send_known(pair, waiting, note).expect(0)


@CARRIERS
@pytest.mark.parametrize("others", [0, 1])
def test_who_is_not_remembered_is_told_to_pair(pair, note, others):
    """One side only: the one that waits knows nobody, or somebody else."""
    sender, receiver = known.introduce(pair)
    known.write(pair.receiver,
                *(f"device {key} 1 other" for key in [sender[::-1]][:others]))
    waiting = wait_known(pair)
    run = send_known(pair, waiting, note).expect(4, 10)
    reason = run.events("error")[0]["reason"]
    assert "does not let this device in without a code" in reason
    assert "godwit pair" in reason
    assert waiting.alive()


def test_who_is_remembered_meanwhile_comes_in_and_who_is_forgotten_does_not(
        pair, note):
    sender, receiver = known.introduce(pair)
    known.write(pair.receiver)
    waiting = wait_known(pair)
    send_known(pair, waiting, note).expect(4)
    known.remember(pair.receiver, sender, "desk")
    waiting.wait_until(
        lambda: send_known(pair, waiting, note).wait() == 0, "way in")
    pair.receiver.run("devices", "forget", "desk").expect(0)
    waiting.wait_until(
        lambda: send_known(pair, waiting, note).wait() == 4, "refusal")


def test_nobody_falls_back_from_a_code_to_the_key(pair, note):
    known.introduce(pair)
    waiting = wait_known(pair)
    run = pair.sender.start("send", note, "--to", waiting.address(), "--code",
                            "7-crane-otter").expect(4)
    assert "no longer valid" in run.events("error")[0]["reason"]


def test_a_code_and_remembered_devices_at_one_time(pair, note):
    """With --yes both come in; the code stays what it was after a transfer
    that did not need it."""
    known.introduce(pair)
    stranger = pair.device("cedar")
    waiting = wait_known(pair, "--yes")
    code = waiting.code
    assert code
    send_known(pair, waiting, note).expect(0)
    assert waiting.wait_event("listening", number=2)["code"] == code
    stranger.start("send", note, "--to", waiting.address(), "--code",
                   code).expect(0)
    assert waiting.wait_event("listening", number=3)["code"] != code


def test_it_is_busy_with_another_device(pair, work, note):
    sender, _ = known.introduce(pair)
    stranger = pair.device("cedar")
    waiting = wait_known(pair, "--yes")
    trees.random_file(work / "large", 64 << 20)
    slow = stranger.start("send", work / "large", "--to", waiting.address(),
                          "--code", waiting.code, "--limit-rate", "1MB")
    waiting.wait_bytes(1)
    run = send_known(pair, waiting, note).expect(5, 20)
    assert "busy" in run.events("error")[0]["reason"]
    assert slow.alive() and waiting.alive()


def test_an_unknown_name_says_who_is_known(pair, note):
    known.introduce(pair)
    run = pair.sender.start("send", note, "--to", "hell=127.0.0.1").expect(3)
    assert "but hall" in run.events("error")[0]["reason"]
    run = pair.sender.start("send", note, "--for", "hell").expect(3)
    assert "but hall" in run.events("error")[0]["reason"]


@pytest.mark.parametrize("arguments", [
    ("--code", "7-crane-otter"), ("--listen", ":0"), ("--for", "hall")])
def test_what_a_remembered_device_does_not_need(pair, note, arguments):
    pair.sender.start("send", note, "--to", "hall=127.0.0.1",
                      *arguments).expect(2)


def test_the_list_is_for_its_user_alone(pair):
    known.introduce(pair)
    pair.sender.run("devices", "rename", "hall", "Hall-2").expect(0)
    assert list(known.listed(pair.sender)) == ["Hall-2"]
    for name in ("devices", "devices.lock", "identity"):
        assert known.mode(known.folder(pair.sender) / name) == 0o600
    (known.folder(pair.sender) / "devices").chmod(0o640)
    run = pair.sender.run("devices").expect(7)
    assert "chmod 600" in run.said()


def test_a_list_that_is_none_is_not_written_over(pair, note):
    known.write(pair.sender, "device nonsense")
    for arguments in (("devices",), ("devices", "name", "x"),
                      ("send", note, "--to", "hall=127.0.0.1")):
        run = pair.sender.run(*arguments).expect(7)
        assert "line 2" in run.said()
    path = known.folder(pair.sender) / "devices"
    assert path.read_text() == "godwit-devices-1\ndevice nonsense\n"


def test_two_that_write_at_once_lose_nothing(pair):
    _, key = known.keys(pair)
    known.write(pair.sender, *(f"device {i:02x}{key[2:]} 1 d{i}"
                               for i in range(20)))
    runs = [pair.sender.start("devices", "forget", f"d{i}")
            for i in range(10)]
    for run in runs:
        run.expect(0)
    assert set(known.listed(pair.sender)) == {f"d{i}" for i in range(10, 20)}


def test_its_own_name_is_what_others_see(pair, note):
    pair.sender.run("devices", "name", "writing-desk").expect(0)
    _, waiting = pair.transfer(note)
    assert waiting.events("connected")[0]["peer"] == "writing-desk"


def test_a_name_that_nobody_has_is_told_before_the_code_is_asked_for(
        pair, note, on_terminal):
    known.introduce(pair)
    asking = on_terminal(pair.sender, "send", note, "--to", "halll")
    asking.wait_for("halll is not remembered here(.|\n)*Code: ")
    # Of an address nobody thinks that.
    asking = on_terminal(pair.sender, "send", note, "--to", "127.0.0.1")
    asking.wait_for("Code: ")
    assert "remembered" not in asking.text
