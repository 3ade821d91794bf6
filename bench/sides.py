"""What the benchmark runs: godwit and its peers, each as a pair of programs
on loopback.  Every function gives seconds of wall time, from the start of the
connecting side to the end of both; the waiting side is up before."""

import contextlib
import os
import shutil
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


def free_port():
    with socket.create_server((LOOPBACK, 0)) as s:
        return s.getsockname()[1]


def wait_listening(port, process, timeout=10):
    """Looks, and does not connect: that would be a visit."""
    wanted = f":{port:04X}"
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[1].endswith(wanted) and fields[3] == "0A":
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
        if self.process.wait() != 0:
            raise RuntimeError(
                f"{self.process.args[0]} ended with "
                f"{self.process.returncode}: {self.err.decode()[-2000:]}")
        return seconds

    def kill(self):
        self.process.kill()
        self.process.wait()


class Godwit:
    """Two devices of their own."""

    def __init__(self, folder):
        self.sender = program.Device(folder, "alder")
        self.receiver = program.Device(folder, "birch")
        self.port = None

    def start_recv(self, target, *arguments):
        self.port = free_port()
        side = Watched(
            [program.binary(), "recv", "--yes", "--once", "-q", "--listen",
             f"{LOOPBACK}:{self.port}", "--code", CODE, "-o", target,
             *arguments], env=self.receiver.env)
        wait_listening(self.port, side.process)
        return side

    def start_send(self, paths, *arguments):
        return Watched(
            [program.binary(), "send", "-q", "--no-progress", "--to",
             f"{LOOPBACK}:{self.port}", "--code", CODE, *arguments, "--",
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
def ssh_server(folder):
    """A server of our own: own keys, own port, nothing of the system's."""
    folder = Path(folder)
    for name in ("host", "user"):
        if not (folder / name).exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                            "-f", folder / name], check=True)
    port = free_port()
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress {LOOPBACK}\nHostKey {folder}/host\n"
        f"AuthorizedKeysFile {folder}/user.pub\nPidFile none\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\n"
        "PermitRootLogin prohibit-password\n"
        "Subsystem sftp internal-sftp\n")
    command = ["/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd_config"]
    if os.getuid() == 0:
        # It wants /run/sshd: in a mount namespace of its own.
        command = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /run && "
                   "mkdir /run/sshd && exec \"$@\"", "sh", *command]
    daemon = Watched(command)
    try:
        wait_listening(port, daemon.process)
        yield ["-P", str(port), "-i", folder / "user", "-o",
               "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
               "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-F", "none"]
    finally:
        daemon.process.terminate()
        daemon.process.wait()


def scp(folder, source, target):
    with ssh_server(folder) as options:
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
