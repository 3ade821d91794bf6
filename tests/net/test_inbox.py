"""recv as an inbox: quotas, and a command for every transfer."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import known
import trees

CARRIERS = pytest.mark.carriers("tcp", "udp")


@pytest.fixture
def note(work):
    trees.write(work / "note", b"a note\n")
    return work / "note"


@pytest.fixture
def inbox(pair):
    """Start it for known devices: inbox(*arguments)."""
    known.introduce(pair)

    def start(*arguments, **options):
        return pair.receiver.start("recv", "--from-known", "--listen",
                                   "127.0.0.1", "-o", pair.target, *arguments,
                                   **options)
    return start


def send(pair, waiting, *arguments, **options):
    return pair.sender.start("send", *arguments, "--to",
                             f"hall={waiting.address()}", **options)


# ---- quotas

@CARRIERS
@pytest.mark.parametrize("limit, words", [
    (["--max-size", "99999"], "100000 bytes, and 99999"),
    (["--max-files", "3"], "4 files, directories and links, and 3")])
def test_an_offer_above_a_quota_is_refused_to_both(pair, inbox, work, limit,
                                                   words):
    trees.write(work / "tree" / "a", b"x" * 99_999)
    trees.write(work / "tree" / "b", b"y")
    (work / "tree" / "c").symlink_to("a")
    waiting = inbox(*limit)
    run = send(pair, waiting, work / "tree").expect(5)
    assert words in run.events("error")[0]["reason"]
    assert words in waiting.wait_event("error")["reason"]
    assert not list(pair.target.iterdir())
    # It goes on, and takes what is within.
    send(pair, waiting, work / "tree" / "b").expect(0)
    assert (pair.target / "b").exists()


@CARRIERS
def test_what_is_just_within_is_taken(pair, inbox, work):
    trees.write(work / "tree" / "a", b"x" * 100_000)
    waiting = inbox("--max-size", "100000", "--max-files", "2", "--once")
    send(pair, waiting, work / "tree").expect(0)
    waiting.expect(0)


@CARRIERS
def test_a_stream_is_cut_where_the_quota_is(pair, inbox):
    """No offer told its size."""
    waiting = inbox("--max-size", "3MB", "--once")
    run = send(pair, waiting, "--name", "stream", "-",
               stdin=b"z" * (32 << 20)).expect(5)
    waiting.expect(5)
    assert "taken at most" in run.events("error")[0]["reason"]
    assert not [p for p in pair.target.iterdir()
                if not p.name.startswith(".")]
    size = sum(p.stat().st_size for p in pair.target.iterdir())
    assert size <= 8 << 20


def test_a_quota_that_was_refused_ends_once_with_5(pair, inbox, note):
    waiting = inbox("--once", "--max-size", "1")
    send(pair, waiting, note).expect(5)
    waiting.expect(5)


# ---- what a person sees

def test_it_asks_nothing_on_a_terminal_and_says_once_how_to_come(
        pair, on_terminal, note):
    known.introduce(pair)
    waiting = on_terminal(pair.receiver, "recv", "--from-known", "--listen",
                          "127.0.0.1", "-o", pair.target)
    at = waiting.wait_for(r"(127\.0\.0\.1:\d+)")
    whom = f"hall={at[1]}"
    for count in (1, 2):
        pair.sender.start("send", note, "--to", whom).expect(0)
        waiting.wait_for(r"(?s)(Waiting\..*){%d}" % (count + 1))
    assert len(list(pair.target.iterdir())) == 2
    assert waiting.text.count("On the other machine") == 1


def test_where_nobody_is_remembered_nobody_can_come(pair):
    waiting = pair.receiver.start("recv", "--from-known", "-o", pair.target)
    waiting.wait_event("listening")
    assert "godwit pair" in waiting.events("notice")[0]["text"]


# ---- --exec

def written(path, waiting):
    waiting.wait_until(path.exists, f"{path.name}")
    return path.read_bytes()


HOSTILE = [b"plain", b"-rf", b"two words", b"new\nline", b"$(touch owned)",
           b"`touch owned`", b";touch owned", b"\xff\xfe", b"'\"", b"*"]


@CARRIERS
def test_hostile_names_are_data_for_the_command(pair, inbox, work):
    folder = os.fsencode(work / "names")
    os.mkdir(folder)
    for name in HOSTILE:
        with open(folder + b"/" + name, "wb") as f:
            f.write(name)
    waiting = inbox("--once", "--exec",
                    "sort -z > ../seen; ls > ../listed; "
                    "xargs -0 ls -d < ../seen > ../found")
    send(pair, waiting, work / "names").expect(0)
    waiting.expect(0)
    names = (work / "seen").read_bytes().split(b"\0")
    assert names == [b"", *sorted(
        [b"./names", *(b"./names/" + n for n in HOSTILE)])][1:] + [b""]
    assert (work / "listed").read_bytes() == b"names\n"
    assert b"plain" in (work / "found").read_bytes()
    assert not list(work.rglob("owned"))


def test_the_command_hears_who_sent_what(pair, inbox, note):
    waiting = inbox("--once", "--exec", "env | grep ^GODWIT_ | sort > ../env",
                    env={"GODWIT_KEEP": "1"})
    send(pair, waiting, note).expect(0)
    waiting.expect(0)
    told = dict(line.split("=", 1) for line in
                (pair.base / "env").read_text().splitlines())
    assert told == {
        "GODWIT_PEER": waiting.events("connected")[0]["peer"],
        "GODWIT_DEVICE": "desk",
        "GODWIT_KEY": waiting.events("connected")[0]["key"],
        "GODWIT_DIR": str(pair.target.resolve()),
        "GODWIT_FILES": "1", "GODWIT_BYTES": "7", "GODWIT_FAILED": "0"}


def test_a_name_that_was_taken_is_told_as_it_came_to_be(pair, inbox, note):
    waiting = inbox("--exec", "cat >> ../seen")
    for count in (1, 2):
        send(pair, waiting, note).expect(0)
        waiting.wait_until(
            lambda: (pair.base / "seen").exists() and
            (pair.base / "seen").read_bytes().count(b"\0") == count, "names")
    one, two, _ = (pair.base / "seen").read_bytes().split(b"\0")
    assert one == b"./note"
    assert two != one and (pair.target / os.fsdecode(two)).exists()


@pytest.mark.parametrize("command, words", [
    ("exit 3", "exited with 3"), ("kill -9 $$", "killed by signal 9"),
    ("sleep 600", "took too long"), ("/nowhere/no", "exited with 127")])
def test_a_command_that_fails_is_told_and_the_transfer_kept(
        pair, inbox, note, command, words):
    waiting = inbox("--once", "--exec", command, "--exec-timeout", "1s")
    send(pair, waiting, note).expect(0)
    waiting.expect(0)
    assert words in waiting.events("notice")[-1]["text"]
    assert (pair.target / "note").exists()


def test_what_it_prints_is_no_event(pair, inbox, note):
    waiting = inbox("--once", "--exec", "echo printed; echo '{not json'")
    send(pair, waiting, note).expect(0)
    waiting.expect(0)
    assert b"printed" in waiting.err
    assert b"printed" not in waiting.out


def test_no_more_than_four_run_at_a_time(pair, inbox, note):
    waiting = inbox("--exec", "echo > ../run.$$; while [ ! -e ../go ]; "
                    "do sleep 0.05; done; rm ../run.$$; echo >> ../done")
    for _ in range(7):
        send(pair, waiting, note).expect(0)
    running = lambda: list(pair.base.glob("run.*"))
    waiting.wait_until(lambda: len(running()) == 4, "four commands")
    time.sleep(0.3)
    assert len(running()) == 4
    (pair.base / "go").touch()
    waiting.wait_until(
        lambda: (pair.base / "done").exists() and
        len((pair.base / "done").read_text()) == 7, "seven ends")
    assert not waiting.events("error")


def runners_of(pid):
    """The process that runs the commands of a receiver, once it is named."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(c) for c in children if
            Path(f"/proc/{c}/comm").read_text().strip() == "godwit-exec"]


def busy(pid):
    """Seconds of a processor that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_that_nobody_runs_commands_any_more_is_told_once_and_costs_nothing(
        pair, inbox, note):
    waiting = inbox("--exec", "touch ../ran")
    pid = waiting.process.pid
    waiting.wait_until(lambda: runners_of(pid), "the process")
    os.kill(runners_of(pid)[0], signal.SIGKILL)
    assert "is gone" in waiting.wait_event("notice")["text"]
    before = busy(pid)
    time.sleep(1)
    assert busy(pid) - before < 0.1
    send(pair, waiting, note).expect(0)
    waiting.wait_until(lambda: len(waiting.events("notice")) == 2, "a notice")
    assert "was not run" in waiting.events("notice")[1]["text"]
    assert not (pair.base / "ran").exists()


def test_the_command_is_not_confined_and_the_receiver_is(pair, inbox, work,
                                                         note):
    """It may do what its user may."""
    waiting = inbox("--once", "--exec", f"cp note {work}/copied")
    send(pair, waiting, note).expect(0)
    waiting.expect(0)
    assert (work / "copied").read_bytes() == b"a note\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_command_under_way_outlives_the_receiver(pair, inbox, note, number):
    waiting = inbox("--exec", "touch ../began; sleep 1; touch ../ended")
    send(pair, waiting, note).expect(0)
    waiting.wait_until((pair.base / "began").exists, "command")
    waiting.signal(number)
    waiting.wait()
    end = time.monotonic() + 60
    while not (pair.base / "ended").exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_unit_is_one_that_systemd_takes(godwit, work):
    unit = godwit.parent / "cli" / "godwit-inbox.service"
    if shutil.which("systemd-analyze") is None or not unit.exists():
        pytest.skip("no systemd-analyze, or another build")
    text = re.sub(r"ExecStart=\S+", f"ExecStart={godwit}", unit.read_text())
    (work / unit.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", work / unit.name],
        env={**os.environ, "XDG_RUNTIME_DIR": str(work)},
        capture_output=True, text=True, check=False)
    # It may have words about units of this machine.
    assert done.returncode == 0 and unit.name not in done.stderr, done.stderr


def test_what_makes_no_sense(pair):
    for arguments in (["--stdout", "--exec", "true"],
                      ["--exec", "true", "--exec-timeout", "0"],
                      ["--max-files", "0"], ["--max-size", "x"],
                      ["--classic", "--listen", ":1", "--exec", "true"]):
        pair.receiver.run("recv", "--yes", *arguments).expect(2)
