"""What cannot be sent is told, by name, and the rest goes."""

import pytest

import trees


@pytest.mark.parametrize("bad", [b"..", b"n" * 256, b"h" * 6000,
                                 b"a/../..", b"/etc/passwd", b"none"],
                         ids=lambda name: name[:12].decode())
def test_a_bad_name_in_a_list_fails_alone(pair, work, bad):
    trees.write(work / "in" / "a", b"a")
    run = pair.sender.run("send", "--dry-run", "--files-from", "-",
                          work / "in", stdin=bad + b"\na\n").expect(6)
    failed, = [e for e in run.events("entry") if e["status"] == "failed"]
    assert failed["name"].encode().endswith(bad[:4000])
    assert [e["name"] for e in run.events("entry") if e["status"] == "done"] \
        == ["in", "in/a"]
    assert run.events("complete")[0]["failed"] == 1


def test_a_path_that_cannot_be_listed_is_told_once_by_name(pair, work):
    trees.write(work / "file", b"no directory")
    run = pair.sender.run("send", "--dry-run", "--files-from", "-",
                          work / "file", stdin=b"a\n").expect(7)
    assert run.said().count("not a directory") == 1
    assert "file: not a directory" in run.said()
    assert run.events("entry") == []


def test_files_too_large_for_the_protocol_fail_alone(pair, work):
    trees.write(work / "in" / "a", b"a")
    try:
        for name, size in (("b", 5 << 60), ("c", 3 << 60), ("d", 3 << 60)):
            trees.sparse_file(work / "in" / name, size, [])
    except OSError:
        pytest.skip("this file system has no such files (a tmpfs has)")
    run = pair.sender.run("send", "--dry-run", work / "in").expect(6)
    found = {e["name"]: e["status"] for e in run.events("entry")}
    assert found == {"in": "done", "in/a": "done", "in/b": "failed",
                     "in/c": "done", "in/d": "failed"}


def test_more_names_than_an_offer_holds_are_refused_at_once(pair, work):
    """Before anybody connects."""
    for number in range(5500):
        trees.write(work / f"{number:0200}", b"")
    run = pair.sender.run("send", *sorted(p.name for p in work.glob("0*")),
                          cwd=work).expect(2)
    assert "send the directory" in run.said()
    assert not run.events("listening")
