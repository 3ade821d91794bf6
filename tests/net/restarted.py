"""Both sides of a transfer, each started again whenever it was killed."""

import program

CODE = "one-code-for-all-runs"


class Sides:
    """rate: of the sender, or None.  options: of both sides."""

    def __init__(self, pair, source, rate=None, host=program.LOOPBACK,
                 options=()):
        self.pair, self.source, self.rate = pair, source, rate
        self.host, self.options = host, options
        self.port = program.free_port()  # nobody takes it between two runs
        self.waiting = self.sending = None
        self.start_waiting()
        self.start_sending()

    def start_waiting(self):
        self.waiting = self.pair.wait_recv(
            "--code", CODE, "--retry", "60s", "--on-conflict", "rename",
            *self.options, listen=f"{self.host}:{self.port}")
        self.waiting.wait_event("listening")

    def start_sending(self):
        arguments = ["--limit-rate", self.rate] if self.rate else []
        self.sending = self.pair.sender.start(
            "send", "--to", f"{self.host}:{self.port}", "--code", CODE,
            "--retry", "60s", *self.options, *arguments, self.source)

    def kill(self, which):
        """One side, or both, and up again."""
        if which in ("sender", "both"):
            self.sending.kill()
        if which in ("receiver", "both"):
            self.waiting.kill()
            self.start_waiting()
        if which in ("sender", "both") or not self.sending.alive():
            self.start_sending()

    def tend(self):
        """A sender that had not connected when the receiver went has ended:
        start it again.  Whether both are up."""
        if not self.sending.alive() and \
                self.sending.process.returncode == 3 and \
                not self.sending.events("connected"):
            self.start_sending()
        return self.sending.alive() and self.waiting.alive()

    def finish(self, timeout):
        """Both end well."""
        self.waiting.wait_until(lambda: not self.tend(), "end", timeout)
        self.sending.expect(0, 30)
        self.waiting.expect(0, 60)
