"""mDNS across `godwit relay`, as avahi speaks it: a service of one segment is
found, with its address, on another."""

import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

import segments
from segments import start_relay

BUS = """<busconfig>
  <type>session</type>
  <listen>unix:path={bus}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/> <allow own="*"/> <allow eavesdrop="true"/>
    <allow send_destination="*" eavesdrop="true"/>
  </policy>
</busconfig>
"""

DAEMON = """[server]
host-name={name}
allow-interfaces=eth0
use-ipv4=yes
use-ipv6=yes
[publish]
publish-workstation=no
"""

# What the daemon keeps below /run is its own; it ends with its bus.
START = """
mount -t tmpfs avahi /run
mkdir /run/avahi-daemon
dbus-daemon --config-file=bus.conf --nofork --nopidfile &
until [ -S bus ]; do sleep 0.1; done
exec avahi-daemon -f avahi.conf --no-drop-root --no-chroot --no-rlimits
"""


class Avahi:
    """A host that runs it, with a bus of its own."""

    def __init__(self, space, folder, name):
        self.space, self.folder, self.name = space, folder, name
        self.runs = []
        folder.mkdir()
        self.env = {**os.environ,
                    "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/bus"}
        (folder / "bus.conf").write_text(BUS.format(bus=folder / "bus"))
        (folder / "avahi.conf").write_text(DAEMON.format(name=name))
        # Its mounts as well.
        self.start("unshare", "--mount", "sh", "-euc", START,
                   stderr=subprocess.PIPE)
        self.until(self.runs[0].stderr, "Server startup complete")

    def start(self, *command, **options):
        self.runs.append(subprocess.Popen(
            [*self.space.prefix, *command], cwd=self.folder, env=self.env,
            text=True, start_new_session=True, **options))
        return self.runs[-1]

    def until(self, stream, *words):
        """The line that has these words, within a while."""
        seen = []
        over = threading.Timer(segments.PATIENCE, self.end)
        over.start()
        try:
            for line in stream:
                seen.append(line)
                if all(word in line for word in words):
                    return line
        finally:
            over.cancel()
        self.end()
        raise AssertionError(f"{self.name}: no {words}:\n{''.join(seen)}")

    def publish(self, service, port):
        run = self.start("avahi-publish", "-s", service, "_http._tcp",
                         str(port), stderr=subprocess.PIPE)
        self.until(run.stderr, "Established under name")

    def find(self, *words):
        """What avahi-browse tells of it."""
        run = self.start("avahi-browse", "--resolve", "--parsable",
                         "_http._tcp", stdout=subprocess.PIPE)
        return self.until(run.stdout, *words).strip().split(";")

    def end(self):
        for run in self.runs:
            try:
                os.killpg(run.pid, 9)
            except ProcessLookupError:
                pass
            run.wait(10)


@pytest.fixture
def folder():
    """The name of a socket may not be long, as that of tmp_path is."""
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        yield Path(made)


@pytest.fixture
def net(needs_namespaces):
    if not all(map(shutil.which, ("avahi-daemon", "avahi-browse",
                                  "avahi-publish", "dbus-daemon"))):
        pytest.skip("needs avahi-daemon, avahi-utils and dbus")
    made = segments.Segments(2)
    made.one, made.two = made.host(1), made.host(2)
    made.r = made.relay("r", 1, 2)
    yield made
    made.close()


def test_a_service_of_the_other_segment_is_found(net, device, folder):
    hosts = []
    run = start_relay(device, net.r, "mdns", "--between", "eth0,eth1")
    try:
        hosts.append(Avahi(net.one, folder / "one", "desk"))
        hosts.append(Avahi(net.two, folder / "two", "hall"))
        hosts[1].publish("television", 8080)
        for family in ("IPv4", "IPv6"):
            told = hosts[0].find("=;eth0;", family, "television")
            assert told[6] == "hall.local"
            assert told[8] == "8080"
            # Wherever it was found by, its address is one of its own.
            assert told[7] in net.two.run("ip", "addr", "show", "dev", "eth0")
        # And the other way: neither had to take another name, as it would if
        # it had heard itself.
        hosts[0].publish("printer", 631)
        assert hosts[1].find("=;eth0;", "IPv4", "printer")[6] == "desk.local"
    finally:
        for host in hosts:
            host.end()
    assert not run.events("storm")
