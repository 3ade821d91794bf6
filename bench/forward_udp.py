"""Datagrams through a forwarder: godwit beside nginx, socat and the barest
loops, on one CPU, over loopback.

What counts is datagrams a second of the forwarder's CPU time: a load sends so
many in turn that nothing has to be dropped, and the clock of its own share is
no part of it.  The loops keep no flows and bring no answers back.
"""

import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import program  # of tests/net; sides has put it into the path

SIZES = (64, 512, 1400)
# what comes: clients, and datagrams that leave in one call
LOADS = {"one client, in bursts": (1, 64),
         "one client, one by one": (1, 1),
         "100 clients, one by one": (100, 1)}
SECONDS = 1.0


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def nginx(folder, port, sink):
    config = folder / "nginx.conf"
    config.write_text(
        "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
        "daemon off; worker_processes 1; master_process off;\n"
        f"pid {folder}/nginx.pid; error_log /dev/null crit;\n"
        "events { worker_connections 4096; }\n"
        f"stream {{ server {{ listen 127.0.0.1:{port} udp;"
        f" proxy_pass 127.0.0.1:{sink}; proxy_timeout 60s; }} }}\n")
    return ["nginx", "-p", str(folder), "-c", str(config)]


def ways(godwit, tool):
    """Name and command of each forwarder, from folder, port and sink."""
    found = {
        "godwit": lambda _, port, sink: [
            *godwit, f"udp://127.0.0.1:{port}/127.0.0.1:{sink}"],
        "recvmmsg loop": lambda _, port, sink: [
            tool, "many", str(port), str(sink)],
        "one-by-one loop": lambda _, port, sink: [
            tool, "one", str(port), str(sink)]}
    if Path("/usr/lib/nginx/modules/ngx_stream_module.so").exists():
        found["nginx stream"] = nginx
    if shutil.which("socat"):
        found["socat"] = lambda _, port, sink: [
            "socat", "-T60", f"UDP4-LISTEN:{port},bind=127.0.0.1,fork",
            f"UDP4:127.0.0.1:{sink}"]
    return found


def family(pid):
    """A process and what it has forked."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += family(int(child))
    return found


def cpu_seconds(pid):
    return sum(int(Path(f"/proc/{p}/schedstat").read_text().split()[0])
               for p in family(pid)) / 1e9


class Forwarder:
    def __init__(self, way, folder):
        self.port, self.sink = free_port(), free_port()
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", "chrt", "-b", "0",
             *way(folder, self.port, self.sink)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        needle = f":{self.port:04X} "
        while needle not in Path("/proc/net/udp").read_text():
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError("a forwarder does not listen")
            time.sleep(0.01)
        time.sleep(0.1)

    def close(self):
        for pid in reversed(family(self.process.pid)):
            os.kill(pid, 9)
        self.process.wait()


def one_load(way, folder, tool, size, load):
    clients, train = load
    forwarder = Forwarder(way, folder)
    try:
        def run(seconds):
            return subprocess.check_output(
                [tool, "load", str(forwarder.port), str(forwarder.sink),
                 str(size), str(clients), str(train), str(seconds)],
                text=True).split()
        run(0.2)  # its flows are there, and its memory
        before = cpu_seconds(forwarder.process.pid)
        arrived, _ = run(SECONDS)
        used = cpu_seconds(forwarder.process.pid) - before
        return int(arrived) / used
    finally:
        forwarder.close()


def one_ask(way, folder, tool, size):
    forwarder = Forwarder(way, folder)
    try:
        return ask(tool, forwarder.port, forwarder.sink, size)
    finally:
        forwarder.close()


def ask(tool, port, sink, size):
    return [float(word) for word in subprocess.check_output(
        [tool, "ask", str(port), str(sink), str(size), str(SECONDS)],
        text=True).split()]


def loads(say, all_ways, folder, tool, runs):
    found = {}
    for name, load in LOADS.items():
        for size in SIZES:
            rates = {way: [] for way in all_ways}
            for _ in range(runs):
                for way, command in all_ways.items():
                    # A process for each client is no forwarder for a hundred
                    if way != "socat" or load[0] == 1:
                        rates[way].append(
                            one_load(command, folder, tool, size, load))
            found[f"{name}, {size}"] = rates
            say(f"\n  {name}, {size} bytes")
            for way, rate in rates.items():
                if rate:
                    middle = statistics.median(rate)
                    mine = statistics.median(rates["godwit"])
                    say(f"    {way:16} {middle / 1e3:8.0f} kpps/core "
                        f"{middle * size * 8 / 1e9:6.2f} Gbit/s/core   "
                        f"godwit {mine / middle:5.2f}x")
    return found


def delays(say, all_ways, folder, tool, runs):
    found = {}
    port = free_port()
    nobody = [ask(tool, port, port, 64) for _ in range(runs)]
    base = [statistics.median(v) for v in zip(*nobody)]
    say("\n  added to a question and its answer, 64 bytes: p50, p99")
    for way, command in all_ways.items():
        if way.endswith("loop"):
            continue
        asked = [one_ask(command, folder, tool, 64) for _ in range(runs)]
        found[way] = [statistics.median(v) - b
                      for v, b in zip(zip(*asked), base)]
        say(f"    {way:16} {found[way][0]:8.1f} us {found[way][1]:8.1f} us")
    return found


def bench(say, tool, runs):
    folder = Path(tempfile.mkdtemp(prefix="godwit-bench-"))
    godwit = [str(program.binary()), "forward", "--no-live", "-q"]
    try:
        all_ways = ways(godwit, tool)
        say("\nDatagrams forwarded over loopback, a second of the forwarder's "
            "CPU time")
        return {"loads": loads(say, all_ways, folder, tool, runs),
                "delays": delays(say, all_ways, folder, tool, runs)}
    finally:
        shutil.rmtree(folder)
