"""--trace and godwit trace: what two machines write down of one transfer over
a bad link, held against each other and against what the link did to it."""

import json
import os
import re
import stat
import subprocess

import pytest

import program
import trees

MIB = 1 << 20
FOUR_WAY = [["FIN_WAIT_1", "FIN_WAIT_2", "TIME_WAIT"],
            ["FIN_WAIT_1", "CLOSING", "TIME_WAIT"],
            ["CLOSE_WAIT", "LAST_ACK", "CLOSED"]]


def load(path):
    lines = path.read_text().splitlines()
    return [json.loads(line) for line in lines]


def of(events, name):
    return [e for e in events if e["event"] == name]


def numbers(events, name):
    return {e["packet_number"] for e in of(events, name)
            if "packet_number" in e}


def streams(events):
    """(stream, offset, length) of all data that packets carry."""
    return [(f["stream_id"], f["offset"], f["length"])
            for e in events for f in e.get("frames", [])
            if f["frame_type"] == "stream"]


def states(events):
    return [e["new"] for e in of(events, "connection_state_updated")]


def drawn(*arguments):
    done = subprocess.run([program.binary(), "trace", *arguments],
                          capture_output=True, text=True, check=False,
                          env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def transfer(pair, work):
    """transfer(host, size, *options): both traces, of a transfer that went
    well."""
    def run(host, size, *options):
        source = trees.random_file(work / "f", size)
        files = work / "sent.jsonl", work / "received.jsonl"
        waiting = pair.wait_recv("--trace", files[1], *options,
                                 listen=f"{host}:4639")
        pair.sender.start(
            "send", "--to", waiting.address(host), "--code", waiting.code,
            "--trace", files[0], *options, source).expect(0)
        waiting.expect(0)
        assert (pair.target / "f").read_bytes() == source.read_bytes()
        return files
    return run


def test_both_sides_of_a_lossy_link(link, transfer):
    spaces = link(loss=0.02, delay_ms=15, rate_bit=50_000_000)
    paths = transfer(spaces.b4, 2 * MIB, "--carrier", "udp")
    sent, received = map(load, paths)

    for path, events in zip(paths, (sent, received)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert events[0]["event"] == "trace_started"
        assert events[-1]["event"] == "trace_ended"
        assert events[-1]["dropped"] == 0
        assert events[-1]["events"] == len(events) - 2
        times = [e["t"] for e in events]
        assert times == sorted(times)
        assert of(events, "connection_opened")
        assert of(events, "metrics_updated")
        assert of(events, "connection_closed")[0]["error"] == "ok"

    # One session, under one name; what came is what was sent, less losses.
    sessions = [{e["session"] for e in events if "session" in e}
                for events in (sent, received)]
    assert sessions[0] == sessions[1] and len(sessions[0]) == 1
    out, came = numbers(sent, "packet_sent"), numbers(received,
                                                      "packet_received")
    assert came <= out
    lost = [e for e in of(sent, "packet_lost") if "mtu_probe" not in e]
    assert lost and out - came
    # What never came and carried data was found out, ...
    carried = {e["packet_number"] for e in of(sent, "packet_sent")
               if streams([e])}
    found = {e["packet_number"] for e in lost}
    assert (out - came) & carried <= found
    # ... and went out again.
    again = [(f["stream_id"], f["offset"], f["offset"] + f["length"])
             for e in of(sent, "packet_sent") for f in e.get("frames", [])
             if f.get("again")]
    for stream, offset, length in streams(lost):
        at = offset
        while at < offset + length:
            ends = [end for s, begin, end in again
                    if s == stream and begin <= at < end]
            assert ends, f"stream {stream}: {at} was not sent again"
            at = max(ends)

    # The handshake and the close of the books.
    assert [e["packet_type"] for e in sent
            if e.get("packet_type", "sealed") != "sealed"][0] == "SYN"
    assert states(sent)[0] == states(received)[0] == "ESTABLISHED"
    for path in (states(sent), states(received)):
        assert any(path[1:1 + len(w)] == w for w in FOUR_WAY), path


def test_the_ladder_shows_what_happened(link, transfer, work):
    spaces = link(loss=0.02, delay_ms=15, rate_bit=50_000_000)
    paths = transfer(spaces.b4, 2 * MIB, "--carrier", "udp")
    sent, received = map(drawn, paths)
    for text, words in (
            (sent, ["SYN_SENT", "SYN, 1,200 bytes", "SYN+ACK", "ACK, ",
                    "ESTABLISHED", "CONFIRM", "packets out", "✗",
                    "is lost: stream", "again #", "FIN", "CLOSED"]),
            (received, ["SYN_RCVD", "SYN, 1,200 bytes", "SYN+ACK",
                        "ESTABLISHED", "have not come|has not come",
                        "packets in", "FIN"])):
        for word in words:
            assert re.search(re.escape(word) if "|" not in word else word,
                             text), f"no {word} in\n{text}"
        assert len(text.splitlines()) < 400
    # Each #n that is told to be lost has an arrow that ends in a cross.
    for number in re.findall(r"#(\d+) is lost: stream", sent):
        assert re.search(rf"── #{number} .*✗", sent), number
    svg = drawn("--svg", paths[0])
    assert svg.startswith("<svg") and 'class="l lost"' in svg
    page = work / "t.html"
    drawn("--html", "-o", page, paths[0])
    assert "SYN+ACK" in page.read_text()


def test_a_reader_that_stops_closes_the_window(pair, joined, work):
    """The receiver's pipe is not read: the trace says that the window was
    full."""
    source = trees.random_file(work / "f", 48 * MIB)
    trace = work / "t.jsonl"
    waiting = pair.sender.start("send", "--listen", joined.a4, "--carrier",
                                "udp", "--memory", "4MiB", "--trace", trace,
                                source)
    fetch = subprocess.Popen(
        [*joined.b.prefix, str(program.binary()), "recv", "--carrier", "udp",
         "--memory", "4MiB", "--stdout", waiting.code, "--from",
         waiting.address(joined.a4)],
        env=pair.receiver.env, cwd=work, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    try:
        waiting.wait_until(
            lambda: trace.exists() and '"blocked"' in trace.read_text(),
            "full window", 60)
        assert len(fetch.stdout.read()) == 48 * MIB
        assert fetch.wait(60) == 0
        waiting.expect(0)
    finally:
        fetch.kill()
        fetch.wait()
        fetch.stdout.close()
    text = drawn(trace)
    assert "zero window: this side may send no more" in text
    assert "the window is open again" in text


def test_on_tcp_it_tells_what_is_seen_there(joined, transfer):
    paths = transfer(joined.b4, MIB, "--carrier", "tcp")
    for path, role in zip(paths, ("initiator", "responder")):
        events = load(path)
        assert of(events, "connection_started")[0]["carrier"] == "tcp"
        assert of(events, "connection_started")[0]["role"] == role
        assert [e["packet_type"] for e in events if "packet_type" in e][:3] \
            == ["SYN", "SYN_ACK", "ACK"]
        assert of(events, "metrics_updated")[-1]["min_rtt"] > 0
        assert states(events)[-1] == "over"
        assert "SYN+ACK" in drawn(path)


def test_a_trace_of_a_killed_process_can_be_drawn(pair, link, work):
    spaces = link(delay_ms=10, rate_bit=50_000_000)
    source = trees.random_file(work / "f", 64 * MIB)
    trace = work / "t.jsonl"
    waiting = pair.wait_recv("--carrier", "udp", listen=f"{spaces.b4}:4639")
    sending = pair.sender.start(
        "send", "--carrier", "udp", "--to", waiting.address(spaces.b4),
        "--code", waiting.code, "--trace", trace, source)
    waiting.wait_bytes(2 * MIB)
    sending.wait_until(lambda: trace.stat().st_size > 0, "trace")
    sending.kill()
    assert "The trace has no end" in drawn(trace)


def test_a_full_disk_is_told_and_does_not_end_the_transfer(pair, small_disk,
                                                           work):
    disk = small_disk(4096)
    source = trees.random_file(work / "f", 20 * MIB)
    waiting = pair.wait_recv("--carrier", "udp")
    sending = pair.send_to(waiting, "--carrier", "udp", "--trace",
                           disk / "t.jsonl", source)
    sending.expect(0)
    waiting.expect(0)
    assert "the trace is not whole" in sending.said()
    assert os.stat(disk / "t.jsonl").st_size <= 4096
