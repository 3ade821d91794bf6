"""--classic between two machines, over bad links, onto small disks, and on a
terminal."""

import os

import pytest

import plain
import program
import trees

MIB = 1 << 20
PORT = 8008


@pytest.mark.parametrize("version", [4, 6])
def test_between_two_machines(pair, send_plain, joined, serve_plain, work,
                              version):
    source = trees.random_file(work / "f", 5 * MIB)
    run = serve_plain("--listen", f":{PORT}")
    host = joined.b4 if version == 4 else f"[{joined.b6}]"
    assert {joined.b4, joined.b6} <= set(
        run.events("listening")[0]["addresses"])
    send_plain(f"{host}:{PORT}", source).expect(0)
    run.wait_event("complete")
    assert (pair.target / "f").read_bytes() == source.read_bytes()


def test_a_link_local_address_with_its_zone(send_plain, joined, serve_plain,
                                            work):
    source = trees.random_file(work / "f", 1000)
    run = serve_plain("--listen", f":{PORT}")
    send_plain(f"[{joined.b.link_local('link0')}]:{PORT}", source).expect(0)
    run.wait_event("complete")


def test_by_name(send_plain, serve_plain, work):
    source = trees.random_file(work / "f", 1000)
    run = serve_plain()
    send_plain(f"localhost:{run.port}", source).expect(0)
    run.wait_event("complete")


def test_over_a_long_and_lossy_link(pair, send_plain, link, serve_plain, work):
    spaces = link(loss=0.01, delay_ms=40, rate_bit=100_000_000)
    run = serve_plain("--listen", f":{PORT}")
    sources = [trees.random_file(work / str(size), size)
               for size in (0, 100, MIB)]
    sending = [send_plain(f"{spaces.b4}:{PORT}", source)
               for source in sources]
    for one in sending:
        one.expect(0)
    run.wait_event("complete", number=3)
    for source in sources:
        assert (pair.target / source.name).read_bytes() == source.read_bytes()


def test_to_a_plain_receiver_over_a_lossy_link(pair, send_plain, link, work):
    spaces = link(loss=0.01, delay_ms=40, rate_bit=100_000_000)
    (work / "in").mkdir()
    source = trees.random_file(work / "f", 200_000)
    there = plain.CReceiver(1024, "split", folder=work / "in",
                            prefix=spaces.b.prefix)
    send_plain(f"{spaces.b4}:{there.port}", source).expect(0)
    there.finish()
    assert there.ended == "end"
    assert there.content == source.read_bytes()


def test_a_link_that_dies_is_no_success(pair, send_plain, link, serve_plain,
                                        work):
    spaces = link(rate_bit=20_000_000)
    source = trees.random_file(work / "f", 20 * MIB)
    run = serve_plain("--listen", f":{PORT}", "--timeout", "2s")
    sending = send_plain(f"{spaces.b4}:{PORT}", source, "--timeout", "2s")
    run.wait_bytes(MIB)
    spaces.change(loss=1)
    sending.expect(8)
    assert sending.events("error")[0]["error"] == "stalled"
    run.wait_event("error", error="stalled")
    assert os.listdir(pair.target) == []
    assert run.alive()


def test_a_full_disk_resets_and_the_next_file_fits(send_plain, serve_plain,
                                                   work, small_disk):
    disk = small_disk(4 * MIB)
    run = serve_plain(target=disk)
    sending = send_plain(run.port,
                         trees.random_file(work / "large", 10 * MIB))
    sending.expect(8)
    run.wait_event("error", error="space")
    assert os.listdir(disk) == []
    send_plain(run.port, trees.random_file(work / "small", MIB)).expect(0)
    run.wait_event("complete")
    assert os.listdir(disk) == ["small"]


def test_on_a_terminal(pair, on_terminal, work):
    source = trees.random_file(work / "f", 50 * MIB)
    there = plain.PythonReceiver(4096, "slow", "small")
    screen = on_terminal(pair.sender, "send", "--classic", source, "--to",
                         f"127.0.0.1:{there.port}")
    screen.wait_for(r"nothing is\s+encrypted, checked or confirmed")
    screen.wait_for(r"of 52 MB")
    screen.interrupt()
    screen.expect(130)
    assert "Interrupted: the connection was reset" in screen.text
    there.finish()
    assert there.ended == "broken"


def test_a_receiver_on_a_terminal(pair, on_terminal):
    port = program.free_port()
    screen = on_terminal(pair.receiver, "recv", "--classic", "--listen",
                         f"127.0.0.1:{port}", "-o", pair.target)
    screen.wait_for(r"Waiting for plain senders at")
    connection = plain.greet(port, b"a\x1b[2Jb")
    connection.sendall(bytes(MIB))
    screen.wait_for(r"Receiving a\\x1b\[2Jb from 127")
    screen.wait_for(r"1\.0 MB")
    connection.close()
    screen.wait_for(r"durable in")
    screen.interrupt()
    screen.expect(130)
    assert os.listdir(pair.target) == ["a\x1b[2Jb"]
