"""Goodput over bad links: godwit beside iperf3, scp, srt-file-transmit and
kcptun, over the same emulated link in the same run."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import far
import links  # of tests/net; sides has put it into the path
import namespaces

MB = 10 ** 6
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
FULL = os.environ.get("BENCH_FULL") == "1"
LIMIT = float(os.environ.get("BENCH_LIMIT", "60" if FULL else "10"))
SIZES = (100, 500) if FULL else (100,)
ONLY = os.environ.get("BENCH_LINKS", "")
GODWIT_LIMIT = 240  # seconds
# What else goes that way: 49 bytes with each block, and the handshake, the
# names and a probe for larger datagrams.
BLOCK, OF_BLOCK, OF_SESSION = 1 << 20, 49, 3000
# Of each frame with data: Ethernet, IPv4, UDP, our header, the heads of what
# is sealed (filled up to 16 bytes), and the tag.
OVERHEAD = 14 + 20 + 8 + 16 + 16 + 16


def say(text=""):
    print(text, flush=True)


def source_file(folder, size):
    """What no program can compress."""
    path = Path(folder) / f"{size}MB"
    if not path.exists():
        with open("/dev/urandom", "rb") as noise, open(path, "wb") as file:
            for _ in range(size):
                file.write(noise.read(MB))
    return path


def difference(before, after):
    return {side: {key: after[side][key] - before[side][key]
                   for key in after[side]
                   if isinstance(after[side][key], int)} for side in after}


def socket_drops(space):
    """Datagrams that came and found no room in their socket."""
    names, values = (line.split() for line in
                     space.run("cat", "/proc/net/snmp").splitlines()
                     if line.startswith("Udp:"))
    return int(values[names.index("RcvbufErrors")])


def one_run(bench, way, source):
    """The link's counters come with it; a copy that is wrong ends all."""
    target = Path(tempfile.mkdtemp(prefix="target-", dir=bench.folder))
    before = bench.spaces.counters()
    drops = socket_drops(bench.spaces.b)
    found = way(bench, source, target)
    found.link = difference(before, bench.spaces.counters())
    found.socket_drops = socket_drops(bench.spaces.b) - drops
    copy = target / source.name
    if found.done and copy.exists() and subprocess.run(
            ["cmp", source, copy], check=False).returncode != 0:
        sys.exit(f"bench: {copy}: the copy is wrong")
    shutil.rmtree(target)
    return found


def middle(found):
    """The run of which the goodput is the median."""
    ranked = sorted(found, key=lambda one: one.mbit)
    return ranked[(len(ranked) - 1) // 2]


def measure(work, link, ways, size):
    """Each way, round after round; those that godwit is compared with once,
    or as often as godwit with BENCH_FULL=1."""
    source = source_file(work.memory, size)
    spaces = namespaces.Emulated(**link.settings)
    bench = far.Far(spaces, tempfile.mkdtemp(dir=work.memory), LIMIT)
    found = {name: [] for name in ways}
    try:
        for number in range(RUNS):
            for name, way in ways.items():
                mine = name == "godwit"
                if mine or number == 0 or FULL:
                    bench.limit = GODWIT_LIMIT if mine else LIMIT
                    found[name].append(one_run(bench, way, source))
    finally:
        spaces.close()
        shutil.rmtree(bench.folder)
    return found


# ---- what is told

def content(counters, which):
    """Bytes of content in frames that the link has counted, about."""
    return counters[f"{which}_bytes"] - counters[which] * OVERHEAD


def own(size):
    """Bytes that are sent beside so much content."""
    return OF_SESSION + (size // BLOCK + 1) * OF_BLOCK


def sent_again(outcome, size):
    """What went more than once, by what the link has lost of it."""
    one = outcome.link["ab"]
    lost = content(one, "lost") + content(one, "queue_dropped")
    return max(0, content(one, "in") - size - own(size)) / max(lost, 1)


def cell(one):
    return f"{one.mbit:.0f}" if one.done else f"~{one.mbit:.1f}"


def cost(one):
    """CPU seconds per GB and peak MiB, of the sender and of the receiver."""
    if one.received < MB:
        return f"{'-':>11}  "
    seconds = " ".join(f"{cpu * 1e9 / one.received:5.1f}"
                       for cpu in (one.sender_cpu, one.receiver_cpu))
    return f"{seconds}  {one.sender_kb / 1024:4.0f} " \
           f"{one.receiver_kb / 1024:4.0f}"


def tell(link, size, found):
    say(f"\n{link.name}: {size} MB")
    say(f"  {'':16} Mbit/s    of runs                 CPU s/GB   peak MiB")
    for name, runs in found.items():
        one = middle(runs)
        rates = " ".join(f"{run.mbit:.0f}" for run in runs)
        say(f"  {name:16} {cell(one):>6}    {rates:20} {cost(one)}")
    tell_godwit(middle(found["godwit"]), size * MB, link.must.get(size))


def tell_godwit(one, size, must):
    link = one.link["ab"]
    lost = link["lost_bytes"] + link["queue_dropped_bytes"]
    waited = link["waited_nsec"] / max(link["passed"], 1) / 1e6
    verdict = "" if must is None else \
        f"must {must}: {'yes' if one.mbit >= must else 'NO'}; "
    drops = f"; its socket had no room for {one.socket_drops} datagrams" \
        if one.socket_drops > 0 else ""
    say(f"  godwit: {verdict}the link lost {lost / MB:.2f} MB (of it "
        f"{link['queue_dropped_bytes'] / MB:.2f} in its queue), sent again "
        f"about {sent_again(one, size):.2f} x that; mean wait in the queue "
        f"{waited:.1f} ms{drops}")


def tell_all(rows):
    """The table of them all: (link, size, what was found)."""
    names = list(rows[0][2])
    say(f"\n{'payload Mbit/s':62} {'MB':>4} {'must':>5} " +
        " ".join(f"{name:>12}" for name in names))
    for link, size, found in rows:
        cells = " ".join(f"{cell(middle(found[name])):>12}" for name in names)
        say(f"{link.name:62} {size:4} {link.must.get(size, ''):>5} {cells}")


def summaries(found):
    return {name: [one.summary() for one in runs]
            for name, runs in found.items()}


def wanted():
    return [link for link in links.LINKS if ONLY in link.name]


def bench_goodput(work):
    if why := namespaces.why_not():
        say(f"\nGoodput: not here: {why}")
        return {"skipped": why}
    ways, missing = far.others()
    ways = {**far.mine(), **ways}
    say(f"\nGoodput over emulated links, both ways alike, payload Mbit/s from "
        f"the start of the\nsender to its end; every copy compared.  ~: not "
        f"done in {LIMIT:.0f} s, what had arrived by then;\niperf3: what its "
        "receiver says, from memory to memory.")
    for line in missing:
        say(f"  without {line}")
    rows = []
    for link in wanted():
        for size in SIZES:
            found = measure(work, link, ways, size)
            tell(link, size, found)
            rows.append((link, size, found))
    if rows:
        tell_all(rows)
    return {f"{link.name}: {size} MB": summaries(found)
            for link, size, found in rows}

