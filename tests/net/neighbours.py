"""The kernel has one table of neighbours (ARP, NDP) for all network
namespaces, and room for 1,024 unless told otherwise: fifty devices that speak
with one another fill it, and then those of another test are not reached."""

from pathlib import Path

ROOM = {"gc_thresh3": 65536, "gc_thresh2": 32768, "gc_thresh1": 16384}


class Room:
    """Room for all, until it is given back."""

    def __init__(self):
        self.before = {}

    def take(self):
        for family in ("ipv4", "ipv6"):
            for name, least in ROOM.items():
                path = Path(f"/proc/sys/net/{family}/neigh/default/{name}")
                try:
                    now = int(path.read_text())
                    if now < least:
                        path.write_text(str(least))
                        self.before[path] = now
                except OSError:
                    pass  # not ours to say: then it has to do as it is

    def give_back(self):
        # The other way round: none may be above the next.
        for path, value in reversed(self.before.items()):
            path.write_text(str(value))
        self.before.clear()
