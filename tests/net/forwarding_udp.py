"""Starting `godwit forward udp://...` on a machine between two subnets, and
whoever talks through it."""

import threading

from far_sockets import get, udp

PORT, TARGET = 9353, 9453
NEAR, ALSO_NEAR, FAR = "10.91.1.1", "10.91.1.11", "10.91.2.2"


def start(net, pair, *rules, prefix=(), every="200ms"):
    run = pair.receiver.start(
        "forward", "--json", "--every", every, *rules, json_events=False,
        prefix=(*net.m.prefix, *prefix))
    run.wait_event("listening", number=len(rules))
    return run


def figures(run):
    """The rule's figures as they are next."""
    number = len(run.events("rule")) + 2
    return run.wait_event("rule", number=number)


def flows_total(run):
    """Of the first rule, ever."""
    number = len([e for e in run.events("rule") if e["rule"] == 1]) + 2
    return run.wait_event("rule", number=number, rule=1)["flows_total"]


def wait_drops(run, name, count):
    def found():
        seen = [e for e in run.events_seen if e["event"] == "rule"]
        return seen and seen[-1]["drops"].get(name, 0) >= count and seen[-1]
    return run.wait_until(found, f"{count} dropped as {name}")


class Echo:
    """Answers from then on until it is closed; counts."""

    def __init__(self, space, host=FAR, port=TARGET):
        self.sock = udp(space, bind=(host, port))
        self.count = 0
        self.peers = set()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while True:
                data, peer = self.sock.recvfrom(70000)
                if data == b"end" and peer[0] == self.sock.getsockname()[0]:
                    return
                self.count += 1
                self.peers.add(peer)
                self.sock.sendto(data, peer)
        except OSError:
            pass

    def close(self):
        """The thread must have left recvfrom, or the port stays in use."""
        if self.sock.fileno() < 0:
            return
        self.sock.sendto(b"end", self.sock.getsockname())
        self.thread.join(20)
        self.sock.close()


def ask(sock, data, timeout=20):
    """It comes back, after what may still be on its way."""
    sock.send(data)
    while get(sock, timeout)[0] != data:
        pass
