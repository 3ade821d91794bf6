"""What a person sees: the live line, questions, Ctrl-C, colours."""

import os
import re
import time

import pytest

import program
import terminal as terminals
import trees
from program import LOOPBACK
from trees import BLOCK

CODE = "a-code-for-the-two"
COLOUR = re.compile(rb"\x1b\[[0-9;]*[1-9][0-9;]*m")


@pytest.fixture
def source(work):
    return trees.random_file(work / "some-data.bin", 5 * BLOCK)


def sender_on_terminal(pair, on_terminal, *paths, rate="3MB", extra=(),
                       **options):
    waiting = pair.wait_recv("--code", CODE)
    terminal = on_terminal(
        pair.sender, "send", "--to", waiting.address(), "--code", CODE,
        "--limit-rate", rate, *extra, *paths, **options)
    return waiting, terminal


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_the_live_line_fits(pair, source, on_terminal, columns):
    waiting, terminal = sender_on_terminal(pair, on_terminal, source,
                                           columns=columns)
    terminal.expect(0)
    waiting.expect(0)
    live = [line for line in terminal.live_lines() if
            re.search(r"\d+%|MB", line) and "some-data" not in line or
            "%" in line]
    assert len(live) >= 4
    for line in terminal.written.decode(errors="replace").split("\r"):
        shown = line.split("\n")[0].split("\x1b[J")[-1]
        if "%" in shown:
            assert terminals.width(shown) < columns, shown
    assert "durable" in terminal.text
    if columns >= 80:
        assert re.search(r"\d+%", terminal.text)
        assert "MB/s" in terminal.text
        assert "some-data.bin" in terminal.text
        assert "left" in terminal.text
        assert "limit" in terminal.text


def test_the_live_line_of_a_tiny_terminal(pair, source, on_terminal):
    waiting, terminal = sender_on_terminal(pair, on_terminal, source,
                                           columns=10)
    terminal.expect(0)
    waiting.expect(0)
    live = [line for line in terminal.live_lines()
            if re.fullmatch(r" *[\d.]+ [kM]?B *|.*\d%.*", line)]
    assert len(live) >= 4
    for line in live:
        assert terminals.width(line) < 10, line



def test_it_takes_another_size_in_mid_transfer(pair, source, on_terminal):
    waiting, terminal = sender_on_terminal(pair, on_terminal, source,
                                           columns=120)
    terminal.wait_for("%")
    terminal.resize(30)
    mark = len(terminal.written) + 400
    terminal.expect(0)
    waiting.expect(0)
    after = terminal.written[mark:].decode(errors="replace")
    for line in after.split("\r")[1:]:
        shown = line.split("\n")[0].split("\x1b[J")[-1]
        if "%" in shown:
            assert terminals.width(shown) < 30, shown


def test_colours_on_a_terminal(pair, source, on_terminal):
    waiting, terminal = sender_on_terminal(pair, on_terminal, source,
                                           rate="20MB")
    terminal.expect(0)
    waiting.expect(0)
    assert COLOUR.search(terminal.written)


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours_when_not_wanted(pair, source, on_terminal, env):
    waiting, terminal = sender_on_terminal(pair, on_terminal, source,
                                           rate="20MB", env=env)
    terminal.expect(0)
    waiting.expect(0)
    assert not COLOUR.search(terminal.written)
    if "TERM" in env:
        assert b"\x1b" not in terminal.written


def test_no_progress(pair, source, on_terminal):
    waiting, terminal = sender_on_terminal(pair, on_terminal, source,
                                           extra=["--no-progress"])
    terminal.expect(0)
    waiting.expect(0)
    assert "%" not in terminal.text
    assert "durable" in terminal.text


def test_quiet_says_nothing(pair, source, on_terminal):
    waiting, terminal = sender_on_terminal(pair, on_terminal, source,
                                           extra=["-q"])
    terminal.expect(0)
    waiting.expect(0)
    assert terminal.text.strip() == ""


def test_without_a_terminal_plain_lines(pair, source):
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, source, json_events=False)
    sending.expect(0)
    waiting.expect(0)
    assert "\x1b" not in sending.said()
    assert "\r" not in sending.said()
    assert "durable" in sending.said()
    assert sending.out == b"", "messages go to standard error"


def test_a_name_cannot_write_on_the_terminal(pair, work, on_terminal):
    name = "\x1b[31mred\x1b[0m\x07\u202etxt.exe\r\nnew line"
    source = trees.random_file(work / "in" / name, 3 * BLOCK)
    waiting, terminal = sender_on_terminal(
        pair, on_terminal, source, rate="2MB", columns=200, extra=["-v"],
        env={"NO_COLOR": "1"})
    terminal.expect(0)
    waiting.expect(0)
    assert b"\x1b[31m" not in terminal.written
    assert b"\x07" not in terminal.written
    assert "\u202e" not in terminal.written.decode(errors="replace")
    assert "\\x1b[31mred" in terminal.text


# ---- questions

def asked(pair, on_terminal, *paths, extra=(), **options):
    """A receiver on a terminal, and a sender that has made its offer."""
    terminal = on_terminal(
        pair.receiver, "recv", "--once", "--listen", LOOPBACK, "--code",
        CODE, "-o", pair.target, *extra, **options)
    port = terminal.wait_for(r"127\.0\.0\.1:(\d+)")[1]
    sending = pair.sender.start("send", "--to", f"{LOOPBACK}:{port}",
                                "--code", CODE, *paths)
    return terminal, sending


@pytest.mark.parametrize("answer", ["y\n", "yes\n", "YES\n"])
def test_yes_accepts(pair, source, on_terminal, answer):
    terminal, sending = asked(pair, on_terminal, source)
    terminal.wait_for(r"\[y/N\]")
    assert "some-data.bin" in terminal.text
    assert "5.2 MB" in terminal.text
    assert os.listdir(pair.target) == []
    terminal.type(answer)
    terminal.expect(0)
    sending.expect(0)
    assert os.listdir(pair.target) == ["some-data.bin"]


@pytest.mark.parametrize("answer", ["n\n", "\n", None])
def test_no_enter_and_end_of_input_refuse(pair, source, on_terminal, answer):
    terminal, sending = asked(pair, on_terminal, source)
    terminal.wait_for(r"\[y/N\]")
    if answer is None:
        terminal.end_of_input()
    else:
        terminal.type(answer)
    terminal.expect(5, 10)
    sending.expect(5, 10)
    assert os.listdir(pair.target) == []


def test_something_else_is_asked_again(pair, source, on_terminal):
    terminal, sending = asked(pair, on_terminal, source)
    terminal.wait_for(r"\[y/N\]")
    terminal.type("perhaps\n")
    terminal.wait_for(r"(?s)\[y/N\].*\[y/N\]")
    terminal.type("y\n")
    terminal.expect(0)
    sending.expect(0)


def test_what_was_typed_before_is_no_answer(pair, source, on_terminal):
    terminal = on_terminal(
        pair.receiver, "recv", "--once", "--listen", LOOPBACK, "--code",
        CODE, "-o", pair.target)
    port = terminal.wait_for(r"127\.0\.0\.1:(\d+)")[1]
    terminal.type("y\n")
    time.sleep(0.3)
    sending = pair.sender.start("send", "--to", f"{LOOPBACK}:{port}",
                                "--code", CODE, source)
    terminal.wait_for(r"\[y/N\]")
    time.sleep(0.5)
    assert os.listdir(pair.target) == []
    terminal.type("n\n")
    terminal.expect(5, 10)
    sending.expect(5, 10)


def test_hidden_names_are_pointed_out(pair, work, on_terminal):
    trees.write(work / ".bashrc", b"evil")
    terminal, sending = asked(pair, on_terminal, work / ".bashrc")
    terminal.wait_for(r"\.bashrc.*hidden")
    terminal.type("n\n")
    terminal.expect(5, 10)
    sending.expect(5, 10)


def test_the_sender_gives_up_while_it_is_asked(pair, source, on_terminal):
    terminal, sending = asked(pair, on_terminal, source)
    terminal.wait_for(r"\[y/N\]")
    sending.signal(2)
    sending.expect(130, 10)
    assert terminal.wait(10) in (1, 8)
    assert os.listdir(pair.target) == []


CONFLICT = {
    "r": {"doc": b"ours", "doc (1)": b"theirs"},
    "s": {"doc": b"ours"},
    "o": {"doc": b"theirs"},
    "n": {"doc": b"theirs"},
    "": {"doc": b"ours", "doc (1)": b"theirs"},
}


@pytest.mark.parametrize("answer", CONFLICT)
def test_a_taken_name_is_asked_about(pair, work, on_terminal, answer):
    trees.write(pair.target / "doc", b"ours", None, 10 ** 18)
    trees.write(work / "doc", b"theirs", None, 15 * 10 ** 17)
    terminal, sending = asked(pair, on_terminal, work / "doc")
    terminal.wait_for(r"\[y/N\]")
    terminal.type("y\n")
    terminal.wait_for("(?s)doc is here already.*: $")
    terminal.type(answer + "\n")
    terminal.expect(0)
    sending.expect(0)
    assert {p.name: p.read_bytes() for p in pair.target.iterdir()} == \
        CONFLICT[answer]


def test_a_capital_answers_for_all(pair, work, on_terminal):
    for number in range(4):
        trees.write(pair.target / "in" / str(number), b"ours")
        trees.write(work / "in" / str(number), b"theirs")
    terminal, sending = asked(pair, on_terminal, work / "in")
    terminal.wait_for(r"\[y/N\]")
    terminal.type("y\n")
    terminal.wait_for("here already")
    terminal.type("O\n")
    terminal.expect(0)
    sending.expect(0)
    assert {p.read_bytes() for p in (pair.target / "in").iterdir()} == \
        {b"theirs"}


def test_for_all_is_for_all_of_one_transfer(pair, work, on_terminal):
    """A receiver that stays asks the next sender's user anew."""
    for name in ("a", "b"):
        trees.write(pair.target / name, b"ours")
        trees.write(work / name, b"theirs")
    terminal = on_terminal(pair.receiver, "recv", "--listen", LOOPBACK, "-o",
                           pair.target, columns=200)

    def send(name, number):
        command = r"--to (\S+) --code (\S+)\s"
        terminal.wait_for("(?s)" + ".*".join([command] * number))
        to, code = re.findall(command, terminal.text)[number - 1]
        sending = pair.sender.start("send", "--to", to, "--code", code,
                                    work / name)
        terminal.wait_for(f"(?s)    {name}.*" + r"\[y/N\]")
        terminal.type("y\n")
        return sending

    first = send("a", 1)
    terminal.wait_for("a is here already")
    terminal.type("O\n")
    first.expect(0)
    second = send("b", 2)
    terminal.wait_for("b is here already")
    terminal.type("s\n")
    second.expect(0)
    assert (pair.target / "a").read_bytes() == b"theirs"
    assert (pair.target / "b").read_bytes() == b"ours"


# ---- Ctrl-C

def test_ctrl_c_once(pair, source, on_terminal):
    waiting, terminal = sender_on_terminal(pair, on_terminal, source,
                                           rate="1MB")
    terminal.wait_for("%")
    terminal.interrupt()
    terminal.expect(130, 5)
    assert "kept" in terminal.text
    assert waiting.wait(10) in (1, 6, 8)
    assert waiting.events("error")


def test_ctrl_c_twice_leaves_at_once(pair, source, on_terminal):
    waiting, terminal = sender_on_terminal(pair, on_terminal, source,
                                           rate="1MB")
    terminal.wait_for("%")
    waiting.stop()
    terminal.interrupt()
    time.sleep(0.1)
    try:
        terminal.interrupt()
    except OSError:
        pass  # the first one was enough
    terminal.expect(130, 2)
    waiting.go_on()


def test_ctrl_c_while_waiting(pair, source, on_terminal):
    terminal = on_terminal(pair.sender, "send", "--listen", LOOPBACK, source)
    terminal.wait_for("Waiting")
    terminal.interrupt()
    terminal.expect(130, 5)


def test_the_terminal_is_left_in_order(pair, source, on_terminal):
    """Interrupted at a hidden prompt: echo is on again."""
    import termios  # noqa: PLC0415
    terminal = on_terminal(pair.sender, "send", "--to", "127.0.0.1:9",
                           "--code", "-", source)
    before = termios.tcgetattr(terminal.fd)[3]
    terminal.wait_for("(?i)code")
    time.sleep(0.2)
    terminal.interrupt()
    terminal.expect(130, 5)
    assert before & termios.ECHO


# ---- what is told to the other side

def test_the_printed_command_works(pair, source, on_terminal):
    terminal = on_terminal(pair.sender, "send", "--listen", LOOPBACK, source,
                           columns=200)
    command = terminal.wait_for(r"godwit (recv \S+ --from \S+)")[1].split()
    run = pair.receiver.start(*command, cwd=pair.target)
    run.expect(0)
    terminal.expect(0)
    assert (pair.target / "some-data.bin").stat().st_size == 5 * BLOCK


def test_the_printed_command_of_a_receiver(pair, source, on_terminal):
    terminal = on_terminal(pair.receiver, "recv", "--yes", "--once",
                           "--listen", LOOPBACK, "-o", pair.target,
                           columns=200)
    command = terminal.wait_for(
        r"godwit (send PATH --to \S+ --code \S+)")[1].split()
    command[command.index("PATH")] = source
    pair.sender.start(*command).expect(0)
    terminal.expect(0)


def test_nothing_moving_is_said_on_the_line(pair, source, on_terminal):
    waiting, terminal = sender_on_terminal(pair, on_terminal, source,
                                           rate="1MB", columns=120)
    terminal.wait_for("%")
    waiting.stop()
    terminal.wait_for("nothing moves for 1", 20)
    waiting.go_on()
    terminal.expect(0)
    waiting.expect(0)


def test_verbose_says_what_confines_it(pair, source):
    waiting = pair.wait_recv("-v", json_events=False)
    waiting.wait_said("(?i)landlock", 5)
    assert program.binary().exists()
