"""The links on which goodput is measured, the same in both directions, and
what godwit must reach there.  MTU 1,500; a queue of one bandwidth-delay
product, at least 150 kB, that drops what comes last; the rate counts whole
frames; loss is drawn before the queue."""

LEAST_QUEUE = 150_000


class Link:
    """rate in Mbit/s; must: payload Mbit/s by the size of a file in MB."""

    def __init__(self, name, rate, rtt_ms, must=None, **bad):
        self.name, self.rate, self.rtt_ms, self.bad = name, rate, rtt_ms, bad
        self.must = must or {}

    @property
    def queue(self):
        return max(LEAST_QUEUE, int(self.rate * 1e6 / 8 * self.rtt_ms / 1e3))

    @property
    def settings(self):
        """For namespaces.Emulated."""
        return {"rate_bit": self.rate * 1e6, "queue_bytes": self.queue,
                "delay_ms": self.rtt_ms / 2, "mtu": 1500, **self.bad}


BURSTS = {"loss": 0.03, "burst": 5, "burst_silence_ms": 20,
          "reorder": 0.01, "reorder_by_ms": 3}

LINKS = [
    Link("100 Mbit/s, RTT 50 ms, 1 % loss", 100, 50, {100: 85, 500: 90},
         loss=0.01),
    Link("500 Mbit/s, RTT 80 ms, 0.1 % loss", 500, 80, {100: 280, 500: 400},
         loss=0.001),
    Link("100 Mbit/s, RTT 200 ms, 2 % loss", 100, 200, {100: 62, 500: 80},
         loss=0.02),
    Link("200 Mbit/s, RTT 10 ms, 3 % loss in bursts, 1 % reordered", 200, 10,
         {100: 170, 500: 180}, **BURSTS),
    Link("1000 Mbit/s, RTT 10 ms, 0.01 % loss", 1000, 10,
         {100: 800, 500: 880}, loss=0.0001),
]

# The worst that one file must cross.
WORST = LINKS[2]
# Without loss, for flows beside one another.
CLEAN = Link("100 Mbit/s, RTT 50 ms, no loss", 100, 50)
