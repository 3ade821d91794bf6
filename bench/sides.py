"""What the benchmark runs: godwit and its peers, each as a pair of programs,
on loopback or in two network namespaces.  Every function gives seconds of wall
time, from the start of the connecting side to the end of both; the waiting
side is up before."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "net"))

import program  # noqa: E402

LOOPBACK = "127.0.0.1"
CODE = "bench-code-of-loopback"


class Place:
    """Where the two sides run: what stands before their commands, and the
    address at which the waiting side is reached."""

    def __init__(self, host=LOOPBACK, sender=(), receiver=()):
        self.host, self.sender, self.receiver = host, sender, receiver


HERE = Place()


def free_port():
    with socket.create_server((LOOPBACK, 0)) as s:
        return s.getsockname()[1]


def wait_listening(port, process, timeout=10, kind="tcp"):
    """Looks, and does not connect: that would be a visit."""
    wanted = f":{port:04X}"
    state = "0A" if kind == "tcp" else "07"
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        for table in (kind, kind + "6"):
            # As that process sees it: it may be in another namespace.
            with contextlib.suppress(OSError):
                path = Path(f"/proc/{process.pid}/net/{table}")
                for line in path.read_text().splitlines()[1:]:
                    fields = line.split()
                    if fields[1].endswith(wanted) and fields[3] == state:
                        return
        if process.poll() is not None:
            break
        time.sleep(0.002)
    raise RuntimeError(f"{process.args[0]} does not listen")


class Watched:
    """A process whose peak memory is watched; its error output is kept."""

    def __init__(self, command, env=None, stdin=subprocess.DEVNULL,
                 stdout=subprocess.DEVNULL, cwd=None):
        self.peak_kb = 0
        self.cpu_seconds = 0  # with those of children; known at its end
        self.io = {}
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [os.fsencode(c) for c in command], env=env, cwd=cwd, stdin=stdin,
            stdout=stdout, stderr=subprocess.PIPE)
        self.err = b""
        threading.Thread(target=self._read, daemon=True).start()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _read(self):
        while chunk := self.process.stderr.read1(65536):
            self.err += chunk

    def _watch(self):
        path = Path(f"/proc/{self.process.pid}/status")
        with contextlib.suppress(OSError, ProcessLookupError):
            while True:
                text = path.read_text()
                at = text.find("VmHWM:")
                if at < 0:
                    return
                self.peak_kb = max(self.peak_kb, int(text[at:].split()[1]))
                time.sleep(0.01)

    def read_io(self):
        """Counters of /proc/PID/io; also of one that has ended, until it is
        waited for."""
        with contextlib.suppress(OSError, ProcessLookupError):
            text = Path(f"/proc/{self.process.pid}/io").read_text()
            self.io = {key: int(value) for key, value in
                       (line.split(": ") for line in text.splitlines())}
        return self.io

    def wait(self):
        """Seconds from its start to its end."""
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        seconds = time.monotonic() - self.started
        self.read_io()
        self._read_cpu()
        if self.process.wait() != 0:
            raise RuntimeError(
                f"{self.process.args[0]} ended with "
                f"{self.process.returncode}: {self.err.decode()[-2000:]}")
        return seconds

    def _read_cpu(self):
        text = Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = text.rpartition(")")[2].split()
        self.cpu_seconds = sum(map(int, fields[11:15])) / \
            os.sysconf("SC_CLK_TCK")

    def finish(self, limit):
        """Whether it ends well by itself within that many seconds; it is
        ended by SIGINT otherwise.  Seconds from its start to its end."""
        end = time.monotonic() + limit
        if self.process.returncode is not None:
            return False, 0
        while not (over := self._is_over()) and time.monotonic() < end:
            time.sleep(0.001)
        seconds = time.monotonic() - self.started
        if not over:
            self.kill(signal.SIGINT)
            return False, seconds
        self._read_cpu()
        return self.process.wait() == 0, seconds

    def _is_over(self):
        return os.waitid(os.P_PID, self.process.pid,
                         os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None

    def kill(self, number=signal.SIGKILL):
        """Its processor time is known after that too."""
        if self.process.returncode is not None:
            return
        self.process.send_signal(number)
        end = time.monotonic() + 5
        while not self._is_over():
            if time.monotonic() > end:
                self.process.kill()
            time.sleep(0.005)
        self._read_cpu()
        self.process.wait()


class Godwit:
    """Two devices of their own."""

    def __init__(self, folder, at=HERE):
        self.at = at
        self.sender = program.Device(folder, "alder")
        self.receiver = program.Device(folder, "birch")
        self.port = None

    def start_recv(self, target, *arguments):
        self.port = free_port()
        side = Watched(
            [*self.at.receiver, program.binary(), "recv", "--yes", "--once",
             "-q", "--listen", f"{self.at.host}:{self.port}", "--code", CODE,
             "-o", target, *arguments], env=self.receiver.env)
        kind = "udp" if "udp" in arguments else "tcp"
        wait_listening(self.port, side.process, kind=kind)
        return side

    def start_send(self, paths, *arguments):
        return Watched(
            [*self.at.sender, program.binary(), "send", "-q", "--no-progress",
             "--to", f"{self.at.host}:{self.port}", "--code", CODE,
             *arguments, "--",
             *paths], env=self.sender.env)

    def plain(self, source, target):
        """The same by the plain protocol."""
        port = free_port()
        waiting = Watched(
            [program.binary(), "recv", "--classic", "--once", "-q",
             "--listen", f"{LOOPBACK}:{port}", "-o", target],
            env=self.receiver.env)
        wait_listening(port, waiting.process)
        sending = Watched(
            [program.binary(), "send", "--classic", source, "-q", "--to",
             f"{LOOPBACK}:{port}"], env=self.sender.env)
        sending.wait()
        waiting.wait()
        seconds = time.monotonic() - sending.started
        return seconds, sending.peak_kb, waiting.peak_kb

    def transfer(self, source, target, *arguments):
        """Seconds, and the peak of each side in kB."""
        waiting = self.start_recv(target)
        sending = self.start_send([source], *arguments)
        seconds = sending.wait()
        waiting.wait()
        seconds = time.monotonic() - sending.started
        return seconds, sending.peak_kb, waiting.peak_kb


@contextlib.contextmanager
def rsync_daemon(folder, target):
    """rsync's daemon in the clear; gives the address of its module."""
    config = Path(folder) / "rsyncd.conf"
    port = free_port()
    who = f"uid = {os.getuid()}\ngid = {os.getgid()}\n" \
        if os.getuid() == 0 else ""
    config.write_text(
        f"use chroot = no\n{who}pid file = {folder}/rsyncd.pid\n"
        f"log file = {folder}/rsyncd.log\n[target]\npath = {target}\n"
        "read only = no\n")
    daemon = Watched(["rsync", "--daemon", "--no-detach", f"--port={port}",
                      f"--address={LOOPBACK}", f"--config={config}"])
    try:
        wait_listening(port, daemon.process)
        yield f"rsync://{LOOPBACK}:{port}/target/"
    finally:
        daemon.process.terminate()
        daemon.process.wait()


def rsync(folder, source, target):
    with rsync_daemon(folder, target) as address:
        return Watched(["rsync", "-a", source, address]).wait()


def has_scp():
    return bool(shutil.which("scp") and Path("/usr/sbin/sshd").exists())


@contextlib.contextmanager
def ssh_server(folder, at=HERE):
    """A server of our own: own keys, own port, nothing of the system's.
    Gives it and the options of scp."""
    folder = Path(folder)
    for name in ("host", "user"):
        if not (folder / name).exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                            "-f", folder / name], check=True)
    port = free_port()
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress {at.host}\nHostKey {folder}/host\n"
        f"AuthorizedKeysFile {folder}/user.pub\nPidFile none\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\n"
        "PermitRootLogin prohibit-password\n"
        "Subsystem sftp internal-sftp\n")
    command = ["/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd_config"]
    if os.getuid() == 0:
        # It wants /run/sshd: in a mount namespace of its own.
        command = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /run && "
                   "mkdir /run/sshd && exec \"$@\"", "sh", *command]
    daemon = Watched([*at.receiver, *command])
    try:
        wait_listening(port, daemon.process)
        yield daemon, [
            "-P", str(port), "-i", folder / "user", "-o",
            "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-F", "none"]
    finally:
        daemon.kill(signal.SIGTERM)


def scp(folder, source, target):
    with ssh_server(folder) as (_, options):
        return Watched(["scp", "-q", "-p", *options, source,
                        f"{LOOPBACK}:{target}/"]).wait()


def tar_nc_tar(source, target):
    port = free_port()
    listener = subprocess.Popen(
        ["nc", "-l", LOOPBACK, str(port)], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE)
    unpack = subprocess.Popen(["tar", "-xf", "-"], cwd=target,
                              stdin=listener.stdout)
    listener.stdout.close()
    wait_listening(port, listener)
    since = time.monotonic()
    pack = subprocess.Popen(
        ["tar", "-cf", "-", "-C", os.path.dirname(source),
         os.path.basename(source)], stdout=subprocess.PIPE)
    caller = subprocess.Popen(["nc", "-N", LOOPBACK, str(port)],
                              stdin=pack.stdout, stdout=subprocess.DEVNULL)
    pack.stdout.close()
    for one in (pack, caller, listener, unpack):
        if one.wait() != 0:
            raise RuntimeError(f"{one.args[0]} ended with {one.returncode}")
    return time.monotonic() - since


def socat(source, target, *options):
    port = free_port()
    waiting = Watched(
        ["socat", "-u", *options, f"TCP-LISTEN:{port},bind={LOOPBACK}",
         f"OPEN:{target}/{source.name},creat,excl"])
    wait_listening(port, waiting.process)
    sending = Watched(["socat", "-u", *options, f"OPEN:{source}",
                       f"TCP:{LOOPBACK}:{port}"])
    sending.wait()
    waiting.wait()
    return time.monotonic() - sending.started


def copy(source, target):
    """No network: what the kernel needs to copy a file once."""
    return Watched(["cp", "--reflink=never", source, target]).wait()
