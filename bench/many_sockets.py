#!/usr/bin/env python3
"""Makes very many sockets in this network namespace, says "ready", and keeps
them until its standard input ends:  many_sockets.py COUNT

Half of them are connections (both ends), the others UDP.  More than one
process makes them, for the limit of descriptors is each one's own.
"""

import os
import resource
import socket
import sys

EACH = 8_000  # sockets of one process
PER_PORT = 10_000  # connections to one listener


def most():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(1, min(EACH, hard - 100))


def connections(count):
    kept = []
    while count > 0:
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        kept.append(listener)
        for _ in range(min(count, PER_PORT)):
            kept.append(socket.create_connection(listener.getsockname()))
            kept.append(listener.accept()[0])
        count -= PER_PORT
    return kept


def datagrams(count, number):
    kept = []
    for i in range(count):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((f"127.1.{number}.{i // 20_000 + 1}", 10_000 + i % 20_000))
        kept.append(s)
    return kept


def child(count, number, ready, hold):
    sockets = connections(count // 4) + datagrams(count // 2, number)
    os.write(ready, b"1")
    os.read(hold, 1)
    del sockets
    os._exit(0)


def main():
    count = int(sys.argv[1])
    each = most()
    ready, said = os.pipe()
    hold, held = os.pipe()
    children = 0
    while count > 0:
        if os.fork() == 0:
            os.close(held)
            child(min(each, count), children, said, hold)
        children += 1
        count -= each
    for _ in range(children):
        os.read(ready, 1)
    print("ready", flush=True)
    sys.stdin.read()
    os.close(held)
    for _ in range(children):
        os.wait()


main()
