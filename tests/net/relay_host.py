#!/usr/bin/env python3
"""A host of a segment, for the tests of the relay: plain programs that know
nothing of godwit.  Imports nothing of them, since it runs in a namespace.

    listen JSON   hear: {"port", "device", "groups", "bind", "reply",
                  "reply_to"}; one JSON line for each datagram
    say JSON      say: {"to", "port", "device", "from_port", "from", "ttl",
                  "data" (hex), "count", "every", "wait"}; one line for each answer
    crowd JSON    {"to", "port", "device", "count"}: say something else from so
                  many ports
    device JSON   {"port", "name", "device"}: answer godwit's questions, as one
                  that waits at this port; {"echo": true}: and answer there
    sniff JSON    {"device", "port"}: heads of IP packets as they come
"""

import ipaddress
import json
import select
import socket
import struct
import sys
import threading
import time

BINDTODEVICE = 25
IP_RECVTTL = 12


def tell(**what):
    print(json.dumps(what), flush=True)


def opened(family, device):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if device:
        s.setsockopt(socket.SOL_SOCKET, BINDTODEVICE, device.encode())
    if family == socket.AF_INET:
        s.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    else:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
    return s


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def join(s, group, device):
    index = socket.if_nametoindex(device)
    if ":" in group:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                     socket.inet_pton(socket.AF_INET6, group) +
                     struct.pack("@I", index))
    else:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                     socket.inet_aton(group) + b"\0\0\0\0" +
                     struct.pack("@i", index))


def received(s):
    data, control, _, peer = s.recvmsg(65536, 512)
    ttl = next((struct.unpack("@i", c[2])[0] for c in control
                if c[1] in (socket.IP_TTL, socket.IPV6_HOPLIMIT)), 0)
    return data, ttl, peer


def listen(o):
    groups = o.get("groups", [])
    s = opened(family_of((groups + [o.get("bind", "0.0.0.0")])[0]),
               o.get("device"))
    s.bind((o.get("bind", "::" if s.family == socket.AF_INET6 else ""),
            o["port"]))
    for group in groups:
        join(s, group, o["device"])
    tell(ready=True)
    while True:
        data, ttl, peer = received(s)
        tell(size=len(data), data=data[:512].hex(), ttl=ttl, peer=peer[0],
             port=peer[1])
        if "reply" in o:
            s.sendto(bytes.fromhex(o["reply"]), o.get("reply_to") and
                     tuple(o["reply_to"]) or peer)


def say(o):
    family = family_of(o["to"])
    s = opened(family, o["device"])
    if "from_port" in o or "from" in o:
        s.bind((o.get("from", "::" if family == socket.AF_INET6 else ""),
                o.get("from_port", 0)))
    if "ttl" in o:
        if family == socket.AF_INET:
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, o["ttl"])
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, o["ttl"])
        else:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS,
                         o["ttl"])
    to = (o["to"], o["port"])
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF,
                     socket.if_nametoindex(o["device"]))
        to += (0, socket.if_nametoindex(o["device"]))
    elif ipaddress.ip_address(o["to"]).is_multicast:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                     struct.pack("@4s4si", b"\0" * 4, b"\0" * 4,
                                 socket.if_nametoindex(o["device"])))
    for _ in range(o.get("count", 1)):
        s.sendto(bytes.fromhex(o["data"]), to)
        if o.get("every"):
            time.sleep(o["every"])
    tell(said=o.get("count", 1), port=s.getsockname()[1])
    end = time.monotonic() + o.get("wait", 0)
    while (left := end - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            data, ttl, peer = received(s)
        except TimeoutError:
            break
        tell(size=len(data), data=data[:512].hex(), ttl=ttl, peer=peer[0],
             port=peer[1])
        if o.get("first"):
            break


def crowd(o):
    for n in range(o["count"]):
        s = opened(socket.AF_INET, o["device"])
        s.sendto(b"%d" % n, (o["to"], o["port"]))
        s.close()
        time.sleep(0.002)
    tell(said=o["count"])


def ones(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def sniff(o):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    s.bind((o["device"], 3))
    tell(ready=True)
    while True:
        packet, (_, proto, kind, *_) = s.recvfrom(65536)
        if kind == 4:  # outgoing
            continue
        if proto == 0x0800 and packet[9] == 17:
            head = (packet[0] & 15) * 4
            fragment = struct.unpack("!H", packet[6:8])[0] & 0x3fff
            udp = packet[head:struct.unpack("!H", packet[2:4])[0]]
            pseudo = packet[12:20] + struct.pack("!HH", 17, len(udp))
            id_, ttl = struct.unpack("!H", packet[4:6])[0], packet[8]
            ends = [str(ipaddress.ip_address(packet[i:i + 4]))
                    for i in (12, 16)]
        elif proto == 0x86dd and packet[6] == 17:
            udp = packet[40:]
            pseudo = packet[8:40] + struct.pack("!IHH", len(udp), 0, 17)
            fragment, id_, ttl = 0, 0, packet[7]
            ends = [str(ipaddress.ip_address(packet[i:i + 16]))
                    for i in (8, 24)]
        else:
            continue
        port = struct.unpack("!H", udp[2:4])[0] if len(udp) >= 8 else 0
        if fragment == 0 and port != o["port"]:
            continue
        tell(source=ends[0], to=ends[1], ttl=ttl, id=id_, fragment=fragment,
             size=len(udp), checksum=udp[6:8].hex() if not fragment else "",
             valid=fragment != 0 or ones(pseudo + udp) == 0xffff)


# ---- docs/protocol.md, 8

BEACON_PORT = 4638
BEACON_GROUP = "ff12::e764:7774"


def beacon(kind, run, nonce, port, name):
    return (b"gdwb" + bytes([1, kind, 0, 1]) + run + struct.pack(
        "!QIH", nonce, 0, port) + bytes([len(name)]) + name.ljust(64, b"\0") +
        b"\0" * (1 + 128 + 24))


def answer_questions(o):
    run, name = struct.pack("!QQ", 7, o["port"]), o["name"].encode()
    socks = []
    for family, bind in ((socket.AF_INET, ""), (socket.AF_INET6, "::")):
        s = opened(family, o["device"])
        s.bind((bind, BEACON_PORT))
        socks.append(s)
    join(socks[1], BEACON_GROUP, o["device"])
    voice = opened(socket.AF_INET, o["device"])
    voice.sendto(beacon(3, run, 0, o["port"], name),
                 (o.get("everybody", "255.255.255.255"), BEACON_PORT))
    while True:
        for s in select.select(socks, [], [])[0]:
            data, peer = s.recvfrom(512)
            if data[:6] != b"gdwb\1\1" or len(data) != 256:
                continue
            tell(asked=peer[0])
            nonce = struct.unpack("!Q", data[24:32])[0]
            answering = opened(s.family, o["device"])
            answering.sendto(beacon(2, run, nonce, o["port"], name), peer)


def echo(o):
    """By udp and tcp, with who asked in front."""
    udp = opened(socket.AF_INET, None)
    udp.bind(("", o["port"]))
    tcp = socket.create_server(("", o["port"]))

    def serve():
        while True:
            one, peer = tcp.accept()
            while data := one.recv(65536):
                one.sendall(peer[0].encode() + b" " + data)
            one.close()
    threading.Thread(target=serve, daemon=True).start()
    while True:
        data, peer = udp.recvfrom(65536)
        udp.sendto(peer[0].encode() + b" " + data, peer)


def device(o):
    if o.get("echo"):
        threading.Thread(target=echo, args=(o,), daemon=True).start()
    tell(ready=True)
    answer_questions(o)


if __name__ == "__main__":
    {"listen": listen, "device": device, "crowd": crowd, "say": say, "sniff": sniff}[sys.argv[1]](
        json.loads(sys.argv[2]))
