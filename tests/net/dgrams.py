"""Starting `godwit dgram`, and plain programs for it to talk to."""

import json
import subprocess
import sys
from pathlib import Path

import program

PLAIN_UDP = Path(__file__).parent / "plain_udp.py"
PLAIN_BROADCAST = Path(__file__).parent / "plain_broadcast.c"


def listen(device, *arguments, host="", port=None, json_events=True,
           **options):
    """A listener that listens; .at is its port: another test may have taken
    the free one, then it tries again."""
    for _ in range(20):
        number = port or program.free_port()
        told = ("--json",) if json_events else ()
        run = device.start("dgram", "listen", f"{host}:{number}", *told,
                           *arguments, json_events=False, **options)
        run.at = number
        run.wait_until(
            lambda: (run.events_seen if json_events else
                     b"Listening" in run.err) or b"in use" in run.err,
            "word of listening")
        if b"in use" not in run.err or port is not None:
            return run
    raise program.Failure("no free port")


def send(device, *arguments, **options):
    """Started; content on standard output."""
    options.setdefault("content", "--json" not in arguments)
    return device.start("dgram", "send", *arguments, json_events=False,
                        **options)


def quick(device, *arguments, stdin=b"", timeout=60, prefix=()):
    """The same for hundreds of runs: no threads; status, output, errors."""
    done = subprocess.run(
        [*prefix, program.binary(), "dgram", "send", *arguments],
        input=stdin, capture_output=True, env=device.env, cwd=device.home,
        timeout=timeout, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


class PlainServers:
    """Servers of plain_udp.py, in a process of their own."""

    def __init__(self, *specs, prefix=()):
        self.process = subprocess.Popen(
            [*prefix, sys.executable, PLAIN_UDP, "servers"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(json.dumps(specs) + "\n")
        self.process.stdin.flush()
        self.ports = json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def plain_clients(jobs, prefix=()):
    """The answers of plain clients: bytes, or "failed: ..."."""
    jobs = [{**job, "data": job["data"].hex()} for job in jobs]
    done = subprocess.run([*prefix, sys.executable, PLAIN_UDP, "clients"],
                          input=json.dumps(jobs) + "\n", text=True,
                          capture_output=True, timeout=120, check=True)
    return [one if one.startswith("failed") else bytes.fromhex(one)
            for one in json.loads(done.stdout)]


def compile_plain_broadcast(folder):
    path = Path(folder) / "plain-broadcast"
    subprocess.run(["cc", "-O1", "-Wall", "-o", path, PLAIN_BROADCAST],
                   check=True)
    return path
