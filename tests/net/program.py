"""Running godwit: devices with their own directories, runs with their events.

Knows the command line as a user does; imports nothing of pytest, so that
tools/demo, tools/soak and bench/run use it too.
"""

import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"


def binary():
    """The program under test: GODWIT_BIN, or godwit in GODWIT_BUILD."""
    if "GODWIT_BIN" in os.environ:
        return Path(os.environ["GODWIT_BIN"]).resolve()
    return (ROOT / os.environ.get("GODWIT_BUILD", "build")).resolve() / "godwit"


def free_port():
    """Of UDP and TCP, just now.  Below those that the kernel gives out, so
    that nobody gets it by chance."""
    while True:
        port = random.randrange(20000, 32000)
        try:
            for family, host in ((socket.AF_INET, "0.0.0.0"),
                                 (socket.AF_INET6, "::")):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(family, kind) as one:
                        one.bind((host, port))
            return port
        except OSError:
            continue


class Failure(AssertionError):
    """A run did not do what was expected; says what it did say."""


class Run:
    """One started program.  Reads its output in threads, so it never
    blocks on a full pipe."""

    def __init__(self, device, arguments, *, stdin=None, env=None, prefix=(),
                 cwd=None, content=False, hold_stdin=False):
        self.device = device
        self.arguments = [os.fsdecode(a) for a in arguments]
        self.content = content
        self.events_seen = []
        self.out = b""
        self.err = b""
        self.started = time.monotonic()
        self.ended = None
        self._changed = threading.Condition()
        command = [*prefix, str(binary()), *map(os.fsencode, arguments)]
        self.process = subprocess.Popen(
            command, env={**device.env, **(env or {})}, cwd=cwd or device.home,
            stdin=subprocess.PIPE if stdin is not None or hold_stdin
            else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)
        self._threads = [
            threading.Thread(target=self._read, args=(stream, take),
                             daemon=True)
            for stream, take in ((self.process.stdout, self._take_out),
                                 (self.process.stderr, self._take_err))]
        if stdin is not None:
            self._threads.append(threading.Thread(
                target=self._write, args=(stdin,), daemon=True))
        for thread in self._threads:
            thread.start()

    # ---- what it says

    def _read(self, stream, take):
        line = b""
        while chunk := os.read(stream.fileno(), 1 << 20):
            line = take(chunk, line)
        with self._changed:
            self._changed.notify_all()

    def _write(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.close()
        except OSError:
            pass

    def _take_out(self, chunk, line):
        self.out += chunk
        return line if self.content else self._take_lines(line + chunk)

    def _take_err(self, chunk, line):
        self.err += chunk
        return self._take_lines(line + chunk) if self.content else line

    def _take_lines(self, data):
        *lines, rest = data.split(b"\n")
        for line in lines:
            if line.startswith(b"{"):
                event = json.loads(line.decode())
                event["_at"] = time.monotonic()
                with self._changed:
                    self.events_seen.append(event)
                    self._changed.notify_all()
        return rest

    def said(self):
        return self.err.decode(errors="backslashreplace")

    def report(self):
        # Progress is many lines and seldom the point.
        events = [e for e in self.events_seen if e["event"] != "progress"]
        return (f"\n$ godwit {' '.join(self.arguments)}"
                f"\nstatus: {self.process.poll()}"
                f"\nevents: {json.dumps(events[-12:], indent=1)}"
                f"\nstderr: {self.said()[-3000:]}")

    def events(self, kind):
        with self._changed:
            return [e for e in self.events_seen if e["event"] == kind]

    def wait_until(self, condition, what, timeout=40):
        """Wait until condition() is true; what it gave is the answer."""
        end = time.monotonic() + timeout
        while True:
            with self._changed:
                if found := condition():
                    return found
                over = self.process.poll() is not None and not any(
                    t.is_alive() for t in self._threads[:2])
                if over or time.monotonic() > end:
                    break
                self._changed.wait(0.05)
        if found := condition():
            return found
        why = "it ended" if over else f"not in {timeout} s"
        raise Failure(f"no {what}: {why}{self.report()}")

    def wait_event(self, kind, /, timeout=40, number=1, **members):
        """The number-th event of this kind with these members."""
        def found():
            hits = [e for e in self.events_seen if e["event"] == kind and
                    all(e.get(k) == v for k, v in members.items())]
            return hits[number - 1] if len(hits) >= number else None
        return self.wait_until(found, f"event {kind} {members or ''}", timeout)

    def wait_said(self, pattern, timeout=40):
        return self.wait_until(lambda: re.search(pattern, self.said()),
                               f"'{pattern}' on stderr", timeout)

    def wait_bytes(self, count, timeout=60):
        """Until this many bytes of content have moved."""
        return self.wait_until(
            lambda: any(e["event"] == "progress" and e["bytes"] >= count
                        for e in self.events_seen[-3:]),
            f"progress of {count} bytes", timeout)

    @property
    def code(self):
        return self.wait_event("listening")["code"]

    @property
    def port(self):
        return self.wait_event("listening")["port"]

    def address(self, host=LOOPBACK):
        text = f"[{host}]" if ":" in host else host
        return f"{text}:{self.port}"

    def forget(self):
        """What it has said until now: in a long run that is much."""
        with self._changed:
            self.events_seen.clear()
            self.out = b""

    # ---- its life

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        if self.alive():
            self.process.send_signal(number)

    def stop(self):
        self.signal(signal.SIGSTOP)

    def go_on(self):
        self.signal(signal.SIGCONT)

    def wait(self, timeout=60):
        """Exit status."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"no end in {timeout} s{self.report()}") from None
        self.ended = time.monotonic()
        for thread in self._threads:
            thread.join(5)
        return status

    def expect(self, status, timeout=60):
        """Wait for this exit status."""
        got = self.wait(timeout)
        if got != status:
            raise Failure(f"exit status {got}, not {status}{self.report()}")
        return self

    def kill(self):
        """kill -9, and gone."""
        if self.alive():
            self.process.kill()
        self.wait(10)

    def end(self):
        """Whatever state it is in: gone, with what it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(10)
        for thread in self._threads:
            thread.join(5)
        for stream in (self.process.stdin, self.process.stdout,
                       self.process.stderr):
            if stream is not None:
                stream.close()

    def status_field(self, name):
        """A number of /proc/PID/status, such as VmHWM in kB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise KeyError(name)


class Device:
    """A machine as godwit sees it: own identity, journals, settings."""

    def __init__(self, base, name):
        self.base = Path(base) / name
        self.name = name
        self.home = self.base / "home"
        self.data = self.base / "data"
        self.state = self.base / "state"
        self.config = self.base / "config"
        self.runtime = self.base / "runtime"
        for folder in (self.home, self.data, self.state, self.config,
                       self.runtime):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "XDG_DATA_HOME": str(self.data),
            "XDG_STATE_HOME": str(self.state),
            "XDG_CONFIG_HOME": str(self.config),
            "XDG_RUNTIME_DIR": str(self.runtime),
        }
        for name_kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name_kept in os.environ:
                self.env[name_kept] = os.environ[name_kept]
        self.prefix = ()  # such as nsenter into a namespace
        self.runs = []

    def start(self, *arguments, json_events=True, **options):
        """Start `godwit ARGUMENTS`; --json is added."""
        arguments = list(arguments)
        if json_events:
            arguments.insert(1, "--json")
        options.setdefault("content", "--stdout" in arguments)
        options.setdefault("prefix", self.prefix)
        run = Run(self, arguments, **options)
        self.runs.append(run)
        return run

    def run(self, *arguments, timeout=60, **options):
        """Start it and wait for its end."""
        run = self.start(*arguments, **options)
        run.wait(timeout)
        return run

    def journals(self):
        return sorted(self.state.rglob("*.journal"))

    def end(self):
        for run in self.runs:
            run.end()


class Pair:
    """A sender and a receiver on one machine, and others; carrier: what all
    of them are told."""

    def __init__(self, base, carrier="auto"):
        self.base, self.carrier = base, carrier
        self.devices = []
        self.sender = self.device("alder")
        self.receiver = self.device("birch")
        self.target = Path(base) / "target"
        self.target.mkdir()

    def device(self, name):
        made = Device(self.base, name)
        made.env["GODWIT_CARRIER"] = self.carrier
        self.devices.append(made)
        return made

    def wait_recv(self, *arguments, listen=None, target=None, **options):
        """A receiver that waits for one transfer, unasked; nobody else has
        its port when it is gone."""
        listen = listen or f"{LOOPBACK}:{free_port()}"
        return self.receiver.start(
            "recv", "--yes", "--once", "--listen", listen, "-o",
            target or self.target, *arguments, **options)

    def send_to(self, waiting, *arguments, **options):
        """A sender that connects to it, with its code."""
        return self.sender.start("send", "--to", waiting.address(), "--code",
                                 waiting.code, *arguments, **options)

    def wait_send(self, *arguments, listen=None, **options):
        listen = listen or f"{LOOPBACK}:{free_port()}"
        return self.sender.start("send", "--listen", listen, *arguments,
                                 **options)

    def recv_from(self, waiting, *arguments, target=None, **options):
        return self.receiver.start(
            "recv", waiting.code, "--from", waiting.address(), "-o",
            target or self.target, *arguments, **options)

    def transfer(self, *paths, send=(), recv=(), timeout=60):
        """The receiver waits, the sender connects, both succeed."""
        waiting = self.wait_recv(*recv)
        sending = self.send_to(waiting, *send, "--", *paths)
        sending.expect(0, timeout)
        waiting.expect(0, timeout)
        return sending, waiting

    def end(self):
        for device in self.devices:
            device.end()
