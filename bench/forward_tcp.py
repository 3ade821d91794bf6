"""TCP forwarded over loopback: godwit beside nginx (stream) and socat, one
after the other in each round.  iperf3 is on both sides; CUBIC, since BBR paces
loopback.  Then the time that a forwarder adds to a question and its answer."""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import sides

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SECONDS = 3
STREAMS = (1, 4, 16)
QUESTIONS = 5000
HOST = sides.program.LOOPBACK
NGINX_MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


def nginx_settings(folder, port, target):
    path = Path(folder) / "nginx.conf"
    path.write_text(
        f"load_module {NGINX_MODULE};\nworker_processes 1;\ndaemon off;\n"
        f"pid {folder}/pid;\nerror_log {folder}/log;\n"
        "events { worker_connections 4096; }\nstream { server { "
        f"listen {HOST}:{port}; proxy_pass {HOST}:{target}; }} }}\n")
    return path


def commands(folder, target):
    """By name: the port that it listens at, and how it is started."""
    ports = [sides.program.free_port() for _ in range(3)]
    found = {"godwit": (ports[0], [
        sides.program.binary(), "forward", "-q",
        f"tcp://{HOST}:{ports[0]}/{HOST}:{target}"])}
    if NGINX_MODULE.exists():
        found["nginx stream"] = (ports[1], [
            "nginx", "-c", nginx_settings(folder, ports[1], target)])
    if shutil.which("socat"):
        found["socat"] = (ports[2], [
            "socat", f"TCP4-LISTEN:{ports[2]},bind={HOST},fork,reuseaddr,"
            "backlog=128", f"TCP4:{HOST}:{target}"])
    return found


def listening(port):
    return subprocess.run(["ss", "-Hltn", f"sport = :{port}"], check=True,
                          capture_output=True).stdout


def wait_listening(port):
    end = time.monotonic() + 20
    while not listening(port):
        if time.monotonic() > end:
            sys.exit(f"bench: nobody listens at port {port}")
        time.sleep(0.05)


def throughput(port, streams):
    """Gbit/s that arrived."""
    for _ in range(20):
        done = subprocess.run(
            ["iperf3", "-c", HOST, "-p", str(port), "-P", str(streams), "-t",
             str(SECONDS), "-C", "cubic", "-J"], capture_output=True,
            timeout=120, check=False)
        told = json.loads(done.stdout)
        if "sum_received" in told["end"]:
            return told["end"]["sum_received"]["bits_per_second"] / 1e9
        time.sleep(0.3)  # its server is still at the end of the last one
    sys.exit(f"bench: iperf3: {told['error']}")


def echo(listener):
    while True:
        one, _ = listener.accept()
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := one.recv(64):
            one.sendall(data)
        one.close()


def questions(port):
    """Microseconds from 64 bytes to their echo, sorted."""
    with socket.create_connection((HOST, port), 60) as one:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        found = []
        for _ in range(QUESTIONS):
            at = time.perf_counter()
            one.sendall(b"q" * 64)
            one.recv(64)
            found.append((time.perf_counter() - at) * 1e6)
    return sorted(found)


class Started:
    def __init__(self, folder, target):
        self.ports = {"nobody between": target}
        self.processes = []
        for name, (port, command) in commands(folder, target).items():
            self.processes.append(subprocess.Popen(
                command, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL))
            wait_listening(port)
            self.ports[name] = port

    def close(self):
        for one in self.processes:
            one.terminate()
        for one in self.processes:
            one.wait(20)


def show(title, unit, figures):
    print(f"\n{title}, {unit}; medians of {RUNS}", flush=True)
    for name, found in figures.items():
        print(f"  {name:16} {statistics.median(found):8.2f}   "
              f"({' '.join(f'{v:.2f}' for v in found)})", flush=True)


def rounds(ports, measure):
    figures = {name: [] for name in ports}
    for _ in range(RUNS):
        for name, port in ports.items():
            figures[name].append(measure(port))
    return figures


def bench_streams(folder):
    target = sides.program.free_port()
    there = subprocess.Popen(["iperf3", "-s", "-p", str(target), "-B", HOST],
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    wait_listening(target)
    started = Started(folder, target)
    results = {}
    try:
        for streams in STREAMS:
            figures = rounds(started.ports,
                             lambda port, n=streams: throughput(port, n))
            show(f"TCP forwarded, {streams} connections", "Gbit/s", figures)
            results[streams] = figures
    finally:
        started.close()
        there.kill()
        there.wait()
    return results


def bench_questions(folder):
    with socket.create_server((HOST, 0)) as listener:
        threading.Thread(target=echo, args=(listener,), daemon=True).start()
        started = Started(folder, listener.getsockname()[1])
        try:
            all_of = rounds(started.ports, questions)
        finally:
            started.close()
    results = {}
    for name, at in (("p50", 0.5), ("p99", 0.99)):
        results[name] = {who: [found[int(QUESTIONS * at)] for found in runs]
                         for who, runs in all_of.items()}
        show(f"A question of 64 bytes and its answer, {name}",
             "microseconds", results[name])
    return results


def bench_forward_tcp(_):
    """Through each of them, and with nobody between."""
    folder = tempfile.mkdtemp(prefix="godwit-bench-")
    try:
        return {"gbit": bench_streams(folder),
                "usec": bench_questions(folder)}
    finally:
        shutil.rmtree(folder)
