"""Sockets of this process in the network namespaces of others."""

import ctypes
import os
import select
import socket
import threading

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_made = []


def enter(space):
    """From here on this thread makes its sockets in that namespace."""
    fd = os.open(space.path, os.O_RDONLY)
    try:
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(fd)


def inside(space, do):
    """What do() gives, called with this namespace around it: sockets that it
    makes stay there."""
    found, failed = [], []

    def run():
        try:
            enter(space)
            found.append(do())
        except OSError as error:
            failed.append(error)
    # A thread of its own, which takes the namespace with it when it ends.
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def udp(space, *, bind=None, connect=None):
    """A UDP socket there; addresses as socket.bind has them."""
    def make():
        address = bind or connect or ("0.0.0.0", 0)
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        made = socket.socket(family, socket.SOCK_DGRAM)
        if bind:
            made.bind(bind)
        if connect:
            made.connect(connect)
        return made
    _made.append(inside(space, make))
    return _made[-1]


def close_all():
    """Those that udp() has made."""
    while _made:
        _made.pop().close()


def nothing(sock, timeout=0.5):
    """None comes in this time."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return not poll.poll(timeout * 1000)


def get(sock, timeout=20):
    """The next datagram and who sent it."""
    assert not nothing(sock, timeout), "no datagram came"
    return sock.recvfrom(70000)
