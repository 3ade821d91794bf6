#!/usr/bin/env python3
"""Plain multicast, IPv4 and IPv6, as people write it.

    plain_group.py recv GROUP PORT INTERFACE COUNT
    plain_group.py send GROUP PORT INTERFACE TEXT [SECONDS]

The receiver prints "ready", then a line for each datagram: who, its time to
live, and its text.  The sender prints the answer, for which it waits so many
seconds.  Knows nothing of godwit.
"""

import socket
import struct
import sys

IP_RECVTTL = 12  # the socket module has no name for it


def make(group):
    v6 = ":" in group
    made = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET,
                         socket.SOCK_DGRAM)
    return v6, made


def receive(group, port, interface, count):
    v6, one = make(group)
    index = socket.if_nametoindex(interface)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("::" if v6 else "0.0.0.0", int(port)))
    if v6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                       socket.inet_pton(socket.AF_INET6, group) +
                       struct.pack("@I", index))
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
    else:
        one.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                       socket.inet_aton(group) + socket.inet_aton("0.0.0.0") +
                       struct.pack("@i", index))
        one.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    print("ready", flush=True)
    for _ in range(int(count)):
        data, extra, _, sender = one.recvmsg(1024, 1024)
        ttl = struct.unpack("@i", extra[0][2][:4])[0]
        print(sender[0].split("%")[0], ttl, data.decode(), flush=True)
        one.sendto(b"heard", sender)


def send(group, port, interface, text, seconds="0"):
    v6, one = make(group)
    index = socket.if_nametoindex(interface)
    if v6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        one.sendto(text.encode(), (group, int(port), 0, index))
    else:
        one.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                       struct.pack("@4s4si", b"\0" * 4, b"\0" * 4, index))
        one.sendto(text.encode(), (group, int(port)))
    if seconds != "0":
        one.settimeout(int(seconds))
        answer, sender = one.recvfrom(1024)[:2]
        print(sender[0].split("%")[0], answer.decode(), flush=True)


if __name__ == "__main__":
    {"recv": receive, "send": send}[sys.argv[1]](*sys.argv[2:])
