"""The main job: what is sent arrives, whatever it is and whoever waits."""

import os
import socket

import pytest

import program
import trees
from trees import BLOCK

pytestmark = pytest.mark.carriers("tcp", "udp")


@pytest.fixture
def source(work):
    return trees.rich_tree(work / "source" / "tree")


def test_receiver_waits(pair, source):
    pair.transfer(source)
    trees.assert_same(source.parent, pair.target)
    assert not trees.left_overs(pair.target)


def test_sender_waits(pair, source):
    waiting = pair.wait_send(source)
    receiving = pair.recv_from(waiting)
    waiting.expect(0)
    receiving.expect(0)
    trees.assert_same(source.parent, pair.target)


def test_both_sides_say_the_same(pair, source):
    sending, waiting = pair.transfer(source)
    for run in (sending, waiting):
        assert len(run.events("complete")) == 1
    sent, got = (run.events("complete")[0] for run in (sending, waiting))
    for key in ("bytes", "files", "failed", "skipped"):
        assert sent[key] == got[key], key
    assert got["bytes"] == sum(p.stat().st_size for p in source.rglob("*")
                               if p.is_file() and not p.is_symlink())


@pytest.mark.parametrize("path, arrives", [
    ("tree", "tree"), ("tree/", "tree"), ("./tree", "tree"),
    ("tree//", "tree"), ("other/../tree", "tree"), ("tree/.", "tree"),
    ("tree/sub", "sub"), ("tree/sub/file", "file"),
    ("tree/sub/..", "tree"),
])
def test_forms_of_a_path(pair, work, path, arrives):
    trees.write(work / "in" / "tree" / "sub" / "file", b"content")
    (work / "in" / "other").mkdir()
    waiting = pair.wait_recv()
    pair.send_to(waiting, path, cwd=work / "in").expect(0)
    waiting.expect(0)
    assert os.listdir(pair.target) == [arrives]
    expected = {"tree": "tree/sub/file", "sub": "sub/file", "file": "file"}
    assert (pair.target / expected[arrives]).read_bytes() == b"content"


@pytest.mark.parametrize("path, cwd, arrives", [
    (".", "tree", "tree"), ("..", "tree/sub", "tree"),
])
def test_dots_take_the_real_name(pair, work, path, cwd, arrives):
    trees.write(work / "in" / "tree" / "sub" / "file", b"content")
    waiting = pair.wait_recv()
    pair.send_to(waiting, path, cwd=work / "in" / cwd).expect(0)
    waiting.expect(0)
    trees.assert_same(work / "in" / "tree", pair.target / arrives)


def test_a_link_given_as_path_is_followed(pair, work, source):
    os.symlink(source, work / "to-dir")
    os.symlink(source / "big", work / "to-file")
    pair.transfer(work / "to-dir", work / "to-file")
    trees.assert_same(source, pair.target / "to-dir")
    assert not (pair.target / "to-file").is_symlink()
    assert trees.content_hash(pair.target / "to-file") == \
        trees.content_hash(source / "big")


def test_several_paths(pair, source):
    pair.transfer(source / "big", source / "empty dir", source / "odd",
                  source / "link to file")
    assert sorted(os.listdir(pair.target)) == [
        "big", "empty dir", "link to file", "odd"]
    assert (pair.target / "link to file").read_bytes() == b"x"


def test_paths_that_begin_with_a_dash(pair, work):
    trees.write(work / "in" / "-rf", b"dash")
    waiting = pair.wait_recv()
    pair.send_to(waiting, "--", "-rf", cwd=work / "in").expect(0)
    waiting.expect(0)
    assert (pair.target / "-rf").read_bytes() == b"dash"


def test_equal_names_are_a_usage_error(pair, work):
    trees.write(work / "one" / "same", b"1")
    trees.write(work / "two" / "same", b"2")
    waiting = pair.wait_recv()
    sending = pair.send_to(waiting, work / "one" / "same",
                           work / "two" / "same").expect(2)
    assert "same" in sending.said()
    assert waiting.alive()


def test_nothing_but_an_empty_file(pair, work):
    (work / "nothing").touch()
    pair.transfer(work / "nothing")
    assert (pair.target / "nothing").stat().st_size == 0


def test_nothing_but_an_empty_directory(pair, work):
    (work / "hollow").mkdir()
    pair.transfer(work / "hollow")
    assert os.listdir(pair.target / "hollow") == []


def test_many_small_files(pair, work):
    source = trees.many_files(work / "many", 5000, 10 << 20, per_folder=250)
    pair.transfer(source)
    trees.assert_same(source, pair.target / "many")
    assert not trees.left_overs(pair.target)


def test_many_small_files_take_little_memory(pair, work, carrier):
    """What the disk has not taken yet is bounded, however small it is."""
    count = 120_000
    (work / "many").mkdir()
    for number in range(count):
        os.close(os.open(work / "many" / str(number), os.O_CREAT))
    waiting = pair.receiver.start("recv", "--yes", "--listen",
                                  program.LOOPBACK, "-o", pair.target)
    pair.send_to(waiting, work / "many").expect(0, 120)
    # Of each entry something is kept; what it has to write is not.  On udp
    # content that overtook its entry waits in the window of its stream.
    limit = 70_000 if carrier == "tcp" else 100_000
    assert waiting.status_field("VmHWM") < limit


def test_a_large_file(pair, work):
    source = trees.random_file(work / "large", 300 * BLOCK + 12345)
    pair.transfer(source)
    trees.assert_same(source.parent / "large", pair.target / "large")
    assert trees.content_hash(source) == trees.content_hash(
        pair.target / "large")


# ---- standard input and output

def test_standard_input(pair):
    data = os.urandom(5 * BLOCK + 3)
    waiting = pair.wait_recv()
    pair.send_to(waiting, "--name", "from a pipe", "-", stdin=data).expect(0)
    waiting.expect(0)
    assert (pair.target / "from a pipe").read_bytes() == data


def test_standard_input_is_called_stdin(pair):
    waiting = pair.wait_recv()
    pair.send_to(waiting, "-", stdin=b"words\n").expect(0)
    waiting.expect(0)
    assert (pair.target / "stdin").read_bytes() == b"words\n"


def test_empty_standard_input(pair):
    waiting = pair.wait_recv()
    pair.send_to(waiting, "-", stdin=b"").expect(0)
    waiting.expect(0)
    assert (pair.target / "stdin").read_bytes() == b""


@pytest.mark.parametrize("size", [0, 1, BLOCK, 7 * BLOCK + 5])
def test_standard_output(pair, work, size):
    source = trees.random_file(work / "in" / "data", size)
    waiting = pair.wait_send(source)
    receiving = pair.receiver.start("recv", waiting.code, "--from",
                                    waiting.address(), "--stdout")
    waiting.expect(0)
    receiving.expect(0)
    assert receiving.out == source.read_bytes()
    assert receiving.events("complete"), "events go to stderr then"


@pytest.mark.parametrize("names", [["one", "two"], ["dir"]])
def test_to_standard_output_only_one_file_goes(pair, work, names):
    for path in ("one", "two", "dir/three"):
        trees.write(work / path, b"content")
    waiting = pair.wait_send(*[work / name for name in names])
    receiving = pair.receiver.start("recv", waiting.code, "--from",
                                    waiting.address(), "--stdout").expect(5)
    waiting.expect(5)
    assert receiving.out == b""
    assert "only one file can be received" in receiving.said()


def test_from_pipe_to_pipe(pair):
    data = os.urandom(3 * BLOCK + 1)
    waiting = pair.wait_send("-", stdin=data)
    receiving = pair.receiver.start("recv", waiting.code, "--from",
                                    waiting.address(), "--stdout")
    waiting.expect(0)
    receiving.expect(0)
    assert receiving.out == data


# ---- fidelity

def test_holes_stay_holes(pair, work):
    source = work / "in" / "sparse"
    source.parent.mkdir()
    trees.sparse_file(source, 200 * BLOCK + 100, [
        (0, b"head"), (50 * BLOCK + 4096, os.urandom(70000)),
        (199 * BLOCK, os.urandom(4096))])
    trees.sparse_file(work / "in" / "only a hole", 10 * BLOCK, [])
    trees.sparse_file(work / "in" / "hole at the end", 10 * BLOCK,
                      [(0, os.urandom(BLOCK))])
    pair.transfer(work / "in")
    trees.assert_same(work / "in", pair.target / "in",
                      ("mode", "mtime", "holes"))
    assert (pair.target / "in" / "sparse").stat().st_blocks * 512 < \
        10 * BLOCK


def test_zeros_that_are_no_holes_arrive(pair, work):
    trees.write(work / "zeros", bytes(3 * BLOCK))
    pair.transfer(work / "zeros")
    assert (pair.target / "zeros").read_bytes() == bytes(3 * BLOCK)


def test_mode_and_mtime_whatever_the_umask(pair, work):
    for number, mode in enumerate((0o600, 0o644, 0o755, 0o777, 0o400, 0)):
        trees.write(work / "in" / f"mode {mode:o}", b"m", mode,
                    number * 10 ** 18 + 123456789)
    os.utime(work / "in" / "mode 600", ns=(1, -987654321))
    (work / "in" / "dir").mkdir(0o777)
    os.chmod(work / "in" / "dir", 0o771)
    os.utime(work / "in" / "dir", ns=(1, 1111111111111111111))
    mask = ("sh", "-c", "umask 077; exec \"$@\"", "sh")
    waiting = pair.wait_recv(prefix=mask)
    pair.send_to(waiting, work / "in").expect(0)
    waiting.expect(0)
    trees.assert_same(work / "in", pair.target / "in")


def test_special_bits_are_cleared(pair, work):
    for mode in (0o4755, 0o2755, 0o1644):
        trees.write(work / "in" / f"{mode:o}", b"x", mode)
    (work / "in" / "sticky").mkdir()
    os.chmod(work / "in" / "sticky", 0o1777)
    pair.transfer(work / "in")
    for path in (pair.target / "in").iterdir():
        assert path.stat().st_mode & 0o7000 == 0, path


def test_special_files_are_left_out_and_said(pair, work):
    trees.write(work / "in" / "file", b"f")
    os.mkfifo(work / "in" / "pipe")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(work / "in" / "socket"))
        waiting = pair.wait_recv()
        sending = pair.send_to(waiting, work / "in").expect(6)
    waiting.expect(6)
    said = sending.said()
    assert "pipe" in said
    assert "socket" in said
    assert os.listdir(pair.target / "in") == ["file"]


def with_archive_marks(root):
    trees.write(root / "one", b"linked", 0o640)
    os.makedirs(root / "sub")
    os.link(root / "one", root / "sub" / "two")
    os.link(root / "one", root / "three")
    trees.random_file(root / "big", 3 * BLOCK)
    os.link(root / "big", root / "sub" / "big too")
    try:
        os.setxattr(root / "one", "user.colour", b"red\0\xff")
        os.setxattr(root / "big", "user.empty", b"")
    except OSError:
        pytest.skip("no user.* attributes on this file system")
    return root


def test_archive_keeps_hard_links_and_attributes(pair, work):
    source = with_archive_marks(work / "in")
    waiting = pair.wait_recv("--archive")
    pair.send_to(waiting, source).expect(0)
    waiting.expect(0)
    trees.assert_same(source, pair.target / "in",
                      ("mode", "mtime", "hardlinks", "xattrs"))


def test_without_archive_they_are_plain_files(pair, work):
    source = with_archive_marks(work / "in")
    pair.transfer(source)
    trees.assert_same(source, pair.target / "in")
    for path in (pair.target / "in").rglob("*"):
        assert path.is_dir() or path.stat().st_nlink == 1
        assert trees.xattrs_of(path) == {}


# ---- what is sent

def test_exclude(pair, work):
    for name in ("a.o", "a.c", "build/x", "src/build/y", "src/b.o", "keep/o",
                 "src/deep/tmp/z", "src/deep/z"):
        trees.write(work / "in" / name, name.encode())
    pair.transfer(work / "in", send=[
        "--exclude", "*.o", "--exclude", "build/", "--exclude",
        "src/**/tmp"])
    found = sorted(str(p.relative_to(pair.target / "in"))
                   for p in (pair.target / "in").rglob("*") if p.is_file())
    assert found == ["a.c", "keep/o", "src/deep/z"]


@pytest.mark.parametrize("how", ["file", "input", "null"])
def test_files_from(pair, work, how):
    for name in ("a", "b/c", "b/d", "e\nf", "g"):
        trees.write(work / "in" / name, name.encode())
    names = [b"a", b"b/c"] + ([b"e\nf"] if how == "null" else [])
    end = b"\0" if how == "null" else b"\n"
    listed = b"".join(name + end for name in names)
    arguments = ["--files-from", "-"]
    if how == "file":
        trees.write(work / "list", listed)
        arguments = ["--files-from", work / "list"]
    elif how == "null":
        arguments.append("-0")
    waiting = pair.wait_recv()
    pair.send_to(waiting, *arguments, work / "in",
                 stdin=None if how == "file" else listed).expect(0)
    waiting.expect(0)
    found = sorted(os.path.relpath(p, os.fsencode(pair.target / "in"))
                   for p in trees.snapshot_names(pair.target / "in")
                   if os.path.isfile(p))
    assert found == sorted(names)


def test_a_list_with_nul_bytes_needs_null(pair, work):
    trees.write(work / "in" / "a", b"a")
    run = pair.sender.run("send", "--dry-run", "--files-from", "-",
                          work / "in", stdin=b"a\0b\0")
    assert run.process.returncode == 2
    assert b"--null" in run.err


def test_dry_run_sends_nothing(pair, source):
    run = pair.sender.run("send", "--dry-run", source)
    assert run.process.returncode == 0
    names = {e["name"] for e in run.events("entry")}
    assert "tree/big" in names
    assert "tree/empty dir" in names
    assert not run.events("listening")
    assert pair.sender.run("send", "-n", source,
                           json_events=False).out.count(b"\n") >= 40


@pytest.mark.parametrize("extra", [[], ["--limit-rate", "400mbit"]])
def test_compress(pair, work, extra):
    trees.write(work / "in" / "text", b"all the same words " * 300000)
    trees.random_file(work / "in" / "noise", 5 * BLOCK + 7)
    trees.write(work / "in" / "mixed", bytes(BLOCK) + os.urandom(BLOCK) +
                b"x" * (BLOCK // 2))
    trees.write(work / "in" / "small", b"s" * 700)
    pair.transfer(work / "in", send=["--compress", *extra])
    trees.assert_same(work / "in", pair.target / "in")


def test_limit_rate_is_kept(pair, work):
    source = trees.random_file(work / "data", 6_000_000)
    for arguments in (["--limit-rate", "4MB"], ["--limit-rate", "32mbit"]):
        (pair.target / "data").unlink(missing_ok=True)
        sending, _ = pair.transfer(source, send=arguments)
        # A burst at the start is fine, and a bit of slack with it.
        assert sending.events("complete")[0]["seconds"] > 0.9


def test_limit_rate_of_the_receiver(pair, work):
    source = trees.random_file(work / "data", 6_000_000)
    _, waiting = pair.transfer(source, recv=["--limit-rate", "4MB"])
    assert waiting.events("complete")[0]["seconds"] > 0.5


def test_little_memory_is_enough(pair, work):
    source = trees.many_files(work / "in", 300, 40 << 20)
    pair.transfer(source, send=["--memory", "4MiB"], recv=["--memory", "4MiB"])
    trees.assert_same(source, pair.target / "in")


# ---- names that are taken

def conflict(pair, work, policy, ours=b"ours", theirs=b"theirs",
             ours_newer=True):
    trees.write(pair.target / "in" / "taken", ours, None,
                2 * 10 ** 18 if ours_newer else 10 ** 18)
    trees.write(work / "in" / "taken", theirs, None, 15 * 10 ** 17)
    trees.write(work / "in" / "free", b"free")
    sending, waiting = pair.transfer(
        work / "in", recv=["--on-conflict", policy] if policy else [])
    found = {p.name: p.read_bytes() for p in (pair.target / "in").iterdir()}
    assert found.pop("free") == b"free"
    return found, sending, waiting


@pytest.mark.parametrize("policy", ["rename", None])
def test_on_conflict_rename(pair, work, policy):
    found, sending, _ = conflict(pair, work, policy)
    assert found == {"taken": b"ours", "taken (1)": b"theirs"}
    assert sending.events("complete")[0]["failed"] == 0


def test_on_conflict_rename_keeps_the_ending(pair, work):
    for name in ("a.tar.gz", "a (1).tar.gz", "plain"):
        trees.write(pair.target / name, b"ours")
    trees.write(work / "a.tar.gz", b"theirs")
    pair.transfer(work / "a.tar.gz")
    theirs = [p.name for p in pair.target.iterdir()
              if p.read_bytes() == b"theirs"]
    assert len(theirs) == 1
    assert len(os.listdir(pair.target)) == 4


def test_on_conflict_skip(pair, work):
    found, _, waiting = conflict(pair, work, "skip")
    assert found == {"taken": b"ours"}
    assert waiting.events("complete")[0]["skipped"] == 1


def test_on_conflict_skip_leaves_out_the_links_to_it_too(pair, work):
    trees.write(work / "in" / "one", b"theirs")
    os.link(work / "in" / "one", work / "in" / "three")
    trees.write(pair.target / "in" / "one", b"ours")
    _, waiting = pair.transfer(work / "in", recv=["--archive",
                                                  "--on-conflict", "skip"])
    assert os.listdir(pair.target / "in") == ["one"]
    assert waiting.events("complete")[0]["skipped"] == 2
    assert waiting.events("complete")[0]["failed"] == 0


def test_on_conflict_overwrite(pair, work):
    found, _, _ = conflict(pair, work, "overwrite")
    assert found == {"taken": b"theirs"}


@pytest.mark.parametrize("ours_newer", [True, False])
def test_on_conflict_newer(pair, work, ours_newer):
    found, _, _ = conflict(pair, work, "newer", ours_newer=ours_newer)
    assert found == {"taken": b"ours" if ours_newer else b"theirs"}


def test_on_conflict_ask_needs_a_terminal(pair):
    pair.receiver.start("recv", "--yes", "--on-conflict", "ask",
                        "--listen", program.LOOPBACK).expect(2)


def test_a_directory_is_never_replaced_by_a_file(pair, work):
    trees.write(pair.target / "name" / "precious", b"precious")
    trees.write(work / "name", b"file")
    waiting = pair.wait_recv("--on-conflict", "overwrite")
    pair.send_to(waiting, work / "name").wait()
    waiting.wait()
    assert (pair.target / "name" / "precious").read_bytes() == b"precious"


def test_sent_again_it_is_another_copy(pair, work):
    """A transfer that is done leaves no journal: nothing is taken as had."""
    trees.write(work / "doc", b"first")
    pair.transfer(work / "doc")
    pair.transfer(work / "doc")
    assert sorted(os.listdir(pair.target)) == ["doc", "doc (1)"]
    assert pair.receiver.journals() == []


def test_a_standing_receiver_takes_one_after_the_other(pair, work):
    waiting = pair.receiver.start("recv", "--yes", "--listen",
                                  program.LOOPBACK, "-o", pair.target)
    for number in (1, 2, 3):
        trees.write(work / f"doc{number}", b"%d" % number)
        listening = waiting.wait_event("listening", number=number)
        pair.sender.start("send", "--to", waiting.address(), "--code",
                          listening["code"], work / f"doc{number}").expect(0)
        waiting.wait_event("complete", number=number)
    assert sorted(os.listdir(pair.target)) == ["doc1", "doc2", "doc3"]
    assert waiting.alive()
