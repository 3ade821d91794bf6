"""Devices that know each other."""

import json
import stat
import time

import trees


def folder(device):
    """Where it keeps its identity and its list."""
    return device.data / "godwit"


def listed(device):
    """What `godwit devices` lists: name -> key."""
    run = device.run("devices").expect(0)
    found = [json.loads(line) for line in run.out.splitlines()]
    return {one["name"]: one["key"] for one in found}


def write(device, *lines):
    """Its list, word for word."""
    folder(device).mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder(device) / "devices"
    path.write_text("".join(f"{line}\n"
                            for line in ("godwit-devices-1", *lines)))
    path.chmod(0o600)


def keys(pair):
    """Of the sender, of the receiver: told by a transfer with a code."""
    source = pair.base / "introduction"
    trees.write(source, b"hello\n")
    target = pair.base / "introduced"
    target.mkdir(exist_ok=True)
    waiting = pair.wait_recv(target=target)
    sending = pair.send_to(waiting, source)
    sending.expect(0)
    waiting.expect(0)
    return (waiting.events("connected")[0]["key"],
            sending.events("connected")[0]["key"])


def remember(device, key, name):
    write(device, f"device {key} {int(time.time())} {name}")


def introduce(pair):
    """The sender knows the receiver as `hall`, that the sender as `desk`."""
    sender, receiver = keys(pair)
    remember(pair.sender, receiver, "hall")
    remember(pair.receiver, sender, "desk")
    return sender, receiver


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)
