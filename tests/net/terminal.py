"""A terminal for programs that look at one: a pty of any size, what was
written to it, and what a person would see."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata

import program

ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[()].|.)")


def width(text):
    """Columns of a text without escape sequences."""
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in ESCAPE.sub("", text))


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, device, arguments, *, columns=80, rows=24, env=None,
                 prefix=(), cwd=None, stdout=None):
        self.device = device
        self.arguments = arguments
        self.written = b""
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            self._become(device, arguments, (columns, rows), env, prefix, cwd,
                         stdout)
        self.resize(columns, rows)

    def _become(self, device, arguments, size, env, prefix, cwd, stdout):
        try:
            os.chdir(cwd or device.home)
            # Here too: the program may look before the other side has set it.
            set_size(0, *size)
            if stdout is not None:
                os.dup2(stdout, 1)
            command = [*prefix, str(program.binary()), *arguments]
            os.execvpe(command[0], [os.fsencode(c) for c in command],
                       {**device.env, **(env or {})})
        finally:
            os._exit(127)

    def resize(self, columns, rows=24):
        set_size(self.fd, columns, rows)

    def read(self, timeout):
        """Take what comes within timeout; False: the program has closed."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return True
        try:
            chunk = os.read(self.fd, 65536)
        except OSError:
            return False
        self.written += chunk
        return bool(chunk)

    @property
    def text(self):
        """All that was written, without escape sequences."""
        return ESCAPE.sub("", self.written.decode(errors="replace"))

    def wait_for(self, pattern, timeout=15):
        end = time.monotonic() + timeout
        while not (found := re.search(pattern, self.text)):
            left = end - time.monotonic()
            if left <= 0 or not self.read(min(left, 0.2)):
                if found := re.search(pattern, self.text):
                    return found
                raise program.Failure(f"no '{pattern}' on the terminal:\n"
                                      f"{self.written[-3000:]!r}")
        return found

    def type(self, text):
        os.write(self.fd, text.encode())

    def interrupt(self):
        """Ctrl-C, as the terminal's driver sees it."""
        os.write(self.fd, b"\x03")

    def end_of_input(self):
        os.write(self.fd, b"\x04")

    def wait(self, timeout=30):
        """Exit status; -N for a signal."""
        end = time.monotonic() + timeout
        while self.status is None:
            open_still = self.read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                while open_still and select.select([self.fd], [], [], 0)[0]:
                    open_still = self.read(0)
            elif time.monotonic() > end:
                raise program.Failure(f"no end in {timeout} s:\n"
                                      f"{self.written[-3000:]!r}")
            elif not open_still:
                time.sleep(0.02)
        return self.status

    def expect(self, status, timeout=30):
        got = self.wait(timeout)
        if got != status:
            raise program.Failure(f"exit status {got}, not {status}:\n"
                                  f"{self.written[-3000:]!r}")
        return self

    def live_lines(self):
        """Every state of the line that is written over, without escapes."""
        lines = re.split(r"[\r\n]|\x1b\[\d*[KG]",
                         self.written.decode(errors="replace"))
        return [ESCAPE.sub("", line) for line in lines if line]

    def end(self):
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                self.wait(10)
            except ProcessLookupError:
                pass
        os.close(self.fd)


def set_size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ,
                struct.pack("HHHH", rows, columns, 0, 0))
