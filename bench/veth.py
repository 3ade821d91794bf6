"""Between two network namespaces over a veth pair without segmentation
offload: each packet of 1,500 bytes really goes through, for everybody."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

import far
import goodput
import namespaces  # of tests/net; sides has put it into the path

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SIZE_MB = 1000
SECONDS = 60
OFF = [word for what in ("tso", "gso", "gro", "tx-udp-segmentation")
       for word in (what, "off")]


def without_offload(spaces):
    for space in (spaces.a, spaces.b):
        subprocess.run([*space.prefix, "ethtool", "-K", spaces.device, *OFF],
                       check=True, capture_output=True)


def iperf3_udp(bench, source, _):
    """As fast as it can, and much is lost; what its receiver got."""
    receiving = bench.receiver("iperf3", "-s", "-1", "-J",
                               stdout=subprocess.PIPE)
    far.sides.wait_listening(5201, receiving.process)
    sending = bench.sender("iperf3", "-c", bench.place.host, "-u", "-b", "0",
                           "-l", "1448", "-n", str(source.stat().st_size),
                           "-J", stdout=subprocess.PIPE)
    done, _ = sending.finish(bench.limit)
    got = json.loads(receiving.process.stdout.read())["end"]["sum_received"]
    receiving.finish(10)
    return far.Outcome(got["seconds"], got["bytes"], done, [sending],
                       [receiving])


WAYS = {"godwit, carrier udp": far.godwit("--carrier", "udp"),
        "godwit, carrier tcp": far.godwit("--carrier", "tcp"),
        "iperf3 TCP CUBIC": far.iperf3("cubic"),
        "iperf3 TCP BBR": far.iperf3("bbr"),
        "iperf3 UDP": iperf3_udp}


def one_run(bench, way, source):
    target = tempfile.mkdtemp(prefix="target-", dir=bench.folder)
    found = way(bench, source, far.Path(target))
    copy = far.Path(target) / source.name
    if copy.exists() and subprocess.run(["cmp", source, copy],
                                        check=False).returncode != 0:
        sys.exit(f"bench: {copy}: the copy is wrong")
    shutil.rmtree(target)
    return found


def bench_veth(work):
    if why := namespaces.why_not():
        goodput.say(f"\nveth: not here: {why}")
        return {"skipped": why}
    if shutil.which("ethtool") is None:
        goodput.say("\nveth: not here: no ethtool")
        return {"skipped": "no ethtool"}
    source = goodput.source_file(work.memory, SIZE_MB)
    spaces = namespaces.Joined()
    folder = tempfile.mkdtemp(dir=work.memory)
    found = {name: [] for name in WAYS}
    try:
        without_offload(spaces)
        bench = far.Far(spaces, folder, SECONDS)
        for _ in range(RUNS):
            for name, way in WAYS.items():
                found[name].append(one_run(bench, way, source))
    finally:
        spaces.close()
        shutil.rmtree(folder)
    goodput.say(f"\n{SIZE_MB} MB over a veth pair without segmentation "
                "offload, MTU 1,500 (iperf3: memory to memory, in the clear)")
    for name, runs in found.items():
        rate = statistics.median(one.mbit for one in runs) / 1000
        cost = [statistics.median(cpu for cpu in part) * 1000 / SIZE_MB
                for part in ([one.sender_cpu for one in runs],
                             [one.receiver_cpu for one in runs])]
        goodput.say(f"  {name:22} {rate:6.2f} Gbit/s   CPU s/GB "
                    f"{cost[0]:5.2f} {cost[1]:5.2f}")
    source.unlink()
    return {name: [one.summary() for one in runs]
            for name, runs in found.items()}
