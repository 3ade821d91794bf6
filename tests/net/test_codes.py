"""Codes: wrong ones, burned ones, spent ones, and where they may be seen."""

import os
import time
from pathlib import Path

import pytest

import program
import trees

pytestmark = pytest.mark.carriers("tcp", "udp")

RIGHT = "correct-horse-battery"
WRONG = "999-wrong-wrong"


@pytest.fixture
def note(work):
    trees.write(work / "note", b"a note\n")
    return work / "note"


def wrong_guess(pair, waiting, note, device=None):
    run = (device or pair.sender).start(
        "send", "--to", waiting.address(), "--code", WRONG, note)
    return run.expect(4, 5)


def test_a_wrong_code_ends_4_and_the_other_side_goes_on(pair, note):
    waiting = pair.wait_recv()
    run = wrong_guess(pair, waiting, note)
    assert run.events("error")[0]["status"] == 4
    notice = waiting.wait_event("notice", kind="guess")
    assert notice["count"] == 2
    pair.send_to(waiting, note).expect(0)
    waiting.expect(0)


def test_a_wrong_code_at_a_waiting_sender(pair, note):
    waiting = pair.wait_send(note)
    pair.receiver.start("recv", WRONG, "--from", waiting.address(), "-o",
                        pair.target).expect(4, 5)
    assert waiting.wait_event("notice", kind="guess")["count"] == 2
    pair.recv_from(waiting).expect(0)
    waiting.expect(0)


def test_the_third_guess_burns_the_code(pair, note):
    waiting = pair.wait_recv()
    for _ in range(3):
        wrong_guess(pair, waiting, note)
    waiting.expect(4, 5)


def test_the_third_guess_burns_the_code_of_a_sender(pair, note):
    waiting = pair.wait_send(note)
    for _ in range(3):
        pair.receiver.start("recv", WRONG, "--from", waiting.address(),
                            "-o", pair.target).expect(4, 5)
    waiting.expect(4, 5)


def test_a_standing_receiver_makes_a_new_code(pair, note):
    waiting = pair.receiver.start("recv", "--yes", "--listen",
                                  program.LOOPBACK, "-o", pair.target)
    first = waiting.code
    for _ in range(3):
        wrong_guess(pair, waiting, note)
    second = waiting.wait_event("listening", number=2)
    assert second["code"] != first
    run = pair.sender.start("send", "--to", waiting.address(), "--code",
                            first, note)
    run.expect(4, 5)
    pair.sender.start("send", "--to", waiting.address(), "--code",
                      second["code"], note).expect(0)


def test_a_standing_receiver_with_a_given_code_ends_4(pair, note):
    waiting = pair.receiver.start("recv", "--yes", "--listen",
                                  program.LOOPBACK, "-o", pair.target,
                                  "--code", RIGHT)
    assert waiting.code == RIGHT
    for _ in range(3):
        wrong_guess(pair, waiting, note)
    waiting.expect(4, 5)


def test_with_a_given_code_it_leaves_after_one_transfer(pair, note):
    waiting = pair.receiver.start("recv", "--yes", "--listen",
                                  program.LOOPBACK, "-o", pair.target,
                                  "--code", RIGHT)
    pair.send_to(waiting, note).expect(0)
    waiting.expect(0)


def test_a_spent_code_opens_nothing(pair, note):
    waiting = pair.receiver.start("recv", "--yes", "--listen",
                                  program.LOOPBACK, "-o", pair.target)
    first = waiting.code
    pair.send_to(waiting, note).expect(0)
    waiting.wait_event("listening", number=2)
    pair.sender.start("send", "--to", waiting.address(), "--code", first,
                      note).expect(4, 5)
    assert os.listdir(pair.target) == ["note"]


def test_the_code_belongs_to_the_first_device(pair, work):
    source = trees.random_file(work / "data", 6 << 20)
    thief = pair.device("thief")
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, "--limit-rate", "3MB", source)
    waiting.wait_event("connected")
    run = thief.start("send", "--to", waiting.address(), "--code",
                      waiting.code, source)
    assert run.wait(10) in (4, 5), run.report()
    sending.expect(0)
    waiting.expect(0)
    assert os.listdir(pair.target) == ["data"]


def test_a_new_process_may_have_the_same_code(pair, note):
    for _ in range(2):
        waiting = pair.wait_recv("--code", RIGHT)
        pair.send_to(waiting, note).expect(0)
        waiting.expect(0)
    assert sorted(os.listdir(pair.target)) == ["note", "note (1)"]


@pytest.mark.parametrize("said", ["{0}", " {0} ", "{1}", "{2}", "00{0}"])
def test_a_code_as_people_write_it(pair, note, said):
    waiting = pair.wait_recv()
    code = said.format(waiting.code, waiting.code.upper(),
                       waiting.code.replace("-", " "))
    pair.sender.start("send", "--to", waiting.address(), "--code", code,
                      note).expect(0)
    waiting.expect(0)


def test_a_short_code_is_a_usage_error(pair, note):
    pair.sender.start("send", "--code", "1234567", note).expect(2)
    pair.receiver.start("recv", "--yes", "--code", "abc").expect(2)


def test_codes_differ(pair, note):
    codes = set()
    for _ in range(4):
        waiting = pair.wait_recv()
        codes.add(waiting.code)
        waiting.kill()
    assert len(codes) == 4
    words = pair.wait_recv("--code-words", "4").code
    assert words.count("-") == 4


# ---- where it comes from, and who can see it

def test_code_from_the_environment(pair, note):
    waiting = pair.wait_recv(env={"GODWIT_CODE": RIGHT})
    assert waiting.code == RIGHT
    pair.sender.start("send", "--to", waiting.address(), note,
                      env={"GODWIT_CODE": RIGHT}).expect(0)
    waiting.expect(0)


def test_code_from_a_file(pair, note, work):
    (work / "code").write_text(RIGHT + "\nsecond line\n")
    waiting = pair.wait_recv("--code-file", work / "code")
    pair.sender.start("send", "--to", waiting.address(), "--code-file",
                      work / "code", note).expect(0)
    waiting.expect(0)


def test_code_from_standard_input(pair, note):
    waiting = pair.wait_recv("--code", RIGHT)
    pair.sender.start("send", "--to", waiting.address(), "--code-file", "-",
                      note, stdin=RIGHT.encode()).expect(0)
    waiting.expect(0)


def test_code_from_the_prompt(pair, note, on_terminal):
    waiting = pair.wait_recv("--code", RIGHT)
    terminal = on_terminal(pair.sender, "send", "--to", waiting.address(),
                           "--code", "-", note)
    terminal.wait_for("(?i)code")
    terminal.type(RIGHT + "\n")
    terminal.expect(0)
    waiting.expect(0)
    assert RIGHT not in terminal.text, "a typed secret is not shown"


def test_a_short_code_at_the_prompt_is_asked_for_again(pair, note,
                                                       on_terminal):
    waiting = pair.wait_recv("--code", RIGHT)
    terminal = on_terminal(pair.sender, "send", "--to", waiting.address(),
                           "--code", "-", note)
    terminal.wait_for("(?i)code")
    terminal.type("short\n")
    # What is typed before it asks again is thrown away.
    terminal.wait_for("too short(.|\\s)*Code:")
    terminal.type(RIGHT + "\n")
    terminal.expect(0)
    waiting.expect(0)


def test_a_wrong_path_is_told_before_the_code_is_asked_for(pair, work):
    gone = work / "gone"
    pair.sender.start("send", "--to", "127.0.0.1:9", "--code", "-",
                      gone).expect(7)
    pair.receiver.start("recv", "--from", "127.0.0.1:9", "-o",
                        gone).expect(7)


def test_a_missing_code_is_a_usage_error(pair, note):
    pair.sender.start("send", "--to", "127.0.0.1:9", note).expect(2)


def command_line_and_environment(pid):
    return (Path(f"/proc/{pid}/cmdline").read_bytes(),
            Path(f"/proc/{pid}/environ").read_bytes())


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_the_code_is_not_to_be_seen_in_proc(pair, work, how):
    source = trees.random_file(work / "data", 4 << 20)
    waiting = pair.wait_recv("--code", RIGHT)
    where = {"argument": (["--code", RIGHT], {}),
             "environment": ([], {"GODWIT_CODE": RIGHT})}[how]
    sending = pair.sender.start(
        "send", "--to", waiting.address(), "--limit-rate", "2MB", *where[0],
        source, env=where[1])
    sending.wait_event("connected")
    for run in (sending, waiting):
        pids = [run.pid] + [int(p) for p in Path(
            f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()]
        for pid in pids:
            for text in command_line_and_environment(pid):
                assert RIGHT.encode() not in text, run.report()
    sending.expect(0)
    waiting.expect(0)


def test_a_code_is_made_before_anything_is_sent(pair, note):
    """A waiting sender is up at once, however long it takes to read."""
    since = time.monotonic()
    waiting = pair.wait_send(note)
    listening = waiting.wait_event("listening")
    assert listening["port"] > 0
    assert listening["addresses"]
    assert time.monotonic() - since < 10
