#!/usr/bin/env python3
"""Plain UDP servers and clients, as people write them to learn: one datagram
is a request, one the answer, and a buffer that is what it is.

    plain_udp.py servers    a JSON list of servers on standard input; prints a
                            list of their ports, serves until that is closed
    plain_udp.py clients    a JSON list of requests; prints a list of answers

Knows nothing of godwit, and shares no code with it.
"""

import json
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

ENDINGS = {
    "bare": lambda data, size: data,
    "nul": lambda data, size: data + b"\0",
    "newline": lambda data, size: data + b"\n",
    "newline-nul": lambda data, size: data + b"\n\0",
    "padded": lambda data, size: data.ljust(size, b"\0"),
}


def work(kind, request):
    if kind == "time":
        return time.ctime().encode()
    if kind == "upper":
        return request.upper()
    if kind == "prefix":
        return b"You said: " + request
    return request


class Server(threading.Thread):
    """kind, buffer, ending; family (4, 6), lose (the first so many get no
    answer), delay (seconds), twice, other_port, once."""

    def __init__(self, kind="echo", buffer=1024, ending="bare", family=4,
                 lose=0, delay=0, twice=False, other_port=False, once=False,
                 host=None):
        super().__init__(daemon=True)
        self.kind, self.buffer, self.ending = kind, buffer, ending
        self.lose, self.delay, self.twice = lose, delay, twice
        self.other_port, self.once = other_port, once
        self.family = socket.AF_INET if family == 4 else socket.AF_INET6
        self.socket = socket.socket(self.family, socket.SOCK_DGRAM)
        self.socket.bind((host or ("127.0.0.1" if family == 4 else "::1"), 0))
        self.port = self.socket.getsockname()[1]

    def answer(self, request, client):
        reply = ENDINGS[self.ending](work(self.kind, request), self.buffer)
        speaker = self.socket
        if self.other_port:
            speaker = socket.socket(self.family, socket.SOCK_DGRAM)
        for _ in range(2 if self.twice else 1):
            speaker.sendto(reply, client)

    def run(self):
        while True:
            request, client = self.socket.recvfrom(self.buffer)
            if self.lose > 0:
                self.lose -= 1
                continue
            if self.delay:
                threading.Timer(self.delay, self.answer,
                                (request, client)).start()
            else:
                self.answer(request, client)
            if self.once:
                self.socket.close()
                return


def servers():
    made = [Server(**one) for one in json.loads(sys.stdin.readline())]
    for one in made:
        one.start()
    print(json.dumps([one.port for one in made]), flush=True)
    sys.stdin.read()


def ask(job):
    """One client: host, port, data and buffer; connects or not."""
    family, _, _, _, where = socket.getaddrinfo(
        job["host"], job["port"], type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(30)
        data = bytes.fromhex(job["data"])
        if job.get("connect"):
            # Answers from any other address would not reach it.
            client.connect(where)
            client.send(data)
        else:
            client.sendto(data, where)
        try:
            return client.recv(job["buffer"]).hex()
        except OSError as error:
            return f"failed: {error}"


def clients():
    jobs = json.loads(sys.stdin.readline())
    with ThreadPoolExecutor(32) as pool:
        print(json.dumps(list(pool.map(ask, jobs))), flush=True)


if __name__ == "__main__":
    {"servers": servers, "clients": clients}[sys.argv[1]]()
