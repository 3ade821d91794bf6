"""Runs that find each other without an address."""

CODE = "7-maple-fox"


def send(pair, note, *arguments, device=None, **options):
    """One that waits, and is found."""
    run = (device or pair.sender).start("send", note, *arguments, **options)
    run.wait_event("listening")
    return run


def recv(pair, code, *arguments, target=None, **options):
    return pair.receiver.start("recv", code, "-o", target or pair.target,
                               *arguments, **options)


def inbox(pair, *arguments, **options):
    run = pair.receiver.start("recv", "--yes", "-o", pair.target, *arguments,
                              **options)
    run.wait_event("listening")
    return run


def other(pair, net, i, name="cedar"):
    made = pair.device(name)
    made.prefix = net.devices[i].prefix
    return made


def reason(run):
    return run.events("error")[0]["reason"]


def arrived(pair, name="note"):
    return (pair.target / name).read_bytes() == b"a note\n"
