"""godwit doctor: what is wrong is found and named, what it says to do mends
it, and a machine where all is well is told so."""

import fcntl
import os
import re
import shutil
import socket
import struct
import subprocess
import time

import pytest

import namespaces
import tcp_states

TUNSETIFF, IFF_TUN = 0x400454ca, 1
GRADES = ("ok", "note", "problem")


class Told:
    """What a doctor said."""

    def __init__(self, run):
        self.run = run
        self.status = run.wait()
        self.all = run.events("finding")
        assert all(f["grade"] in GRADES for f in self.all), run.report()

    def of(self, check, grade, subject=None):
        return [f for f in self.all if f["check"] == check and
                f["grade"] == grade and (subject is None or
                                     (f["subject"] or "") == subject)]

    def one(self, check, grade, subject=None):
        found = self.of(check, grade, subject)
        assert len(found) == 1, (check, grade, subject, self.all)
        return found[0]

    def problems(self):
        return [f for f in self.all if f["grade"] == "problem"]


def settled(space, device, up=True):
    """Until a link has settled the kernel drops what is sent."""
    for _ in range(600):
        if ("state UP" in space.run("ip", "link", "show", device)) == up:
            return
        time.sleep(0.1)
    pytest.fail(f"{device} has not settled")


@pytest.fixture
def joined(joined):
    for space in (joined.a, joined.b):
        settled(space, joined.device)
    return joined


@pytest.fixture
def doctor(device):
    def ask(space, *arguments, prefix=(), **options):
        return Told(device.start("doctor", *arguments, **options,
                                 prefix=(*space.prefix, *prefix)))
    return ask


@pytest.fixture
def rules(joined):
    """nft in a; where there is none, nothing to test."""
    if shutil.which("nft") is None:
        pytest.skip("no nft command (package nftables)")

    def nft(*lines):
        for line in lines:
            joined.a.run("nft", *line.split())
    try:
        nft("add table inet filter")
    except subprocess.CalledProcessError as failed:
        pytest.skip(f"no nftables here: {failed.stderr.strip()}")
    return nft


def follow(space, advice):
    """Do what it says."""
    for command in re.split(r"; | && ", advice):
        space.run("sh", "-c", command)


def test_where_all_is_well(doctor, joined):
    told = doctor(joined.a)
    assert told.status == 0
    assert not told.problems()
    assert "10.77.0.1/24" in told.one("interface", "ok", "link0")["text"]
    beacons = told.of("beacon", "ok")
    assert [(f["subject"], f["text"].split()[3]) for f in beacons] == [
        ("lo", "127.255.255.255"), ("link0", "10.77.0.255"),
        ("link0", beacons[2]["text"].split()[3])]
    assert beacons[2]["text"].split()[3].startswith("ff12::")
    assert "leaves here" in told.one("route", "ok", "link0")["text"]
    for port in ("udp 4638", "udp 4639", "tcp 4639"):
        assert told.one("port", "ok", port)["text"] == "free"
    assert told.one("rp_filter", "ok")
    assert told.one("confinement", "ok", "openat2")


def test_people_are_told_in_words(device, joined):
    run = device.run("doctor", prefix=joined.a.prefix, json_events=False)
    assert run.wait() == 0
    assert "things" in run.out.decode() and "-v shows" in run.out.decode()
    assert "\nok " not in run.out.decode()
    run = device.run("doctor", "-v", prefix=joined.a.prefix,
                     json_events=False)
    assert re.search(r"^ok +beacon link0: a beacon to 10\.77\.0\.255 comes "
                     r"back$", run.out.decode(), re.M)


def test_only_loopback(doctor, alone):
    told = doctor(alone)
    assert told.status == 1
    problem = told.one("interface", "problem")
    assert "no interface but loopback" in problem["text"]
    assert problem["advice"]
    assert told.problems() == [problem]
    assert told.one("beacon", "ok", "lo")


def test_loopback_that_is_down(doctor, alone):
    alone.ip("link", "set", "lo", "down")
    told = doctor(alone)
    assert told.status == 1
    problem = told.one("interface", "problem", "lo")
    follow(alone, problem["advice"])
    assert not doctor(alone).of("interface", "problem", "lo")


def test_an_interface_that_is_down(doctor, alone):
    alone.ip("link", "add", "eth8", "type", "veth", "peer", "name", "eth9")
    told = doctor(alone)
    assert told.one("interface", "ok", "eth9")["text"] == "down: not used"
    assert told.one("interface", "problem")["advice"] == (
        f"ip link set {told.of('interface', 'ok')[-1]['subject']} up")


def test_no_ipv4(doctor, joined):
    joined.a.ip("-4", "addr", "flush", "dev", "link0")
    told = doctor(joined.a)
    assert told.status == 0
    assert "by IPv6" in told.one("ipv4", "note")["text"]
    assert told.one("beacon", "ok", "link0")["text"].startswith(
        "a beacon to ff12::")


def test_no_ipv6(doctor, joined):
    joined.a.run("sysctl", "-w", "net.ipv6.conf.link0.disable_ipv6=1")
    told = doctor(joined.a)
    assert told.status == 0
    note = told.one("ipv6", "note", "link0")
    assert "turned off" in note["text"]
    follow(joined.a, note["advice"])
    joined.a.link_local("link0")
    assert doctor(joined.a).one("ipv6", "ok")


def test_a_link_that_carries_nothing(doctor, joined):
    joined.b.ip("link", "set", "link0", "down")
    settled(joined.a, "link0", up=False)
    told = doctor(joined.a)
    assert told.status == 1
    assert "carries nothing" in told.one("interface", "ok", "link0")["text"]
    # But it was the only one.
    assert told.problems() == [told.one("interface", "problem", "")]


def test_a_subnet_without_broadcast(doctor, joined):
    joined.a.ip("addr", "flush", "dev", "link0")
    joined.a.ip("addr", "add", "10.77.0.1/32", "dev", "link0")
    told = doctor(joined.a)
    assert told.status == 0
    assert "no broadcast address" in told.one(
        "interface", "note", "link0")["text"]


def test_a_tunnel(doctor, joined):
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("no /dev/net/tun")
    with tcp_states.inside(joined.a):
        tun = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"vpn0", IFF_TUN))
    joined.a.ip("addr", "add", "10.8.0.1/32", "peer", "10.8.0.2", "dev",
                "vpn0")
    joined.a.ip("link", "set", "vpn0", "up")
    told = doctor(joined.a)
    assert told.status == 0
    note = told.one("interface", "note", "vpn0")
    assert "point-to-point" in note["text"]
    assert "--to HOST" in note["advice"]
    assert not told.of("beacon", "problem")
    os.close(tun)


def test_multicast_that_is_off(doctor, joined):
    joined.a.ip("link", "set", "link0", "multicast", "off")
    told = doctor(joined.a)
    note = told.one("multicast", "note", "link0")
    follow(joined.a, note["advice"])
    assert doctor(joined.a).one("multicast", "ok")


def test_a_broadcast_address_that_routes_miss(doctor, joined):
    joined.a.ip("route", "del", "broadcast", "10.77.0.255", "dev", "link0",
                "table", "local")
    told = doctor(joined.a)
    assert told.status == 1
    problem = told.one("route", "problem", "link0")
    assert "a single host's" in problem["text"]
    follow(joined.a, problem["advice"].split("or ")[-1])
    assert doctor(joined.a).status == 0


# ---- ports

def test_a_port_that_another_program_has(doctor, joined):
    with tcp_states.inside(joined.a):
        busy = socket.create_server(("", 4639))
        busy_udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    busy_udp.bind(("", 4639))
    told = doctor(joined.a)
    assert told.status == 0
    for port in ("tcp 4639", "udp 4639"):
        note = told.one("port", "note", port)
        assert f"(pid {os.getpid()})" in note["text"]
        assert f"kill {os.getpid()}" in note["advice"]
    busy.close()
    busy_udp.close()


@pytest.mark.parametrize("shared", [True, False])
def test_the_port_of_beacons(doctor, joined, shared):
    with tcp_states.inside(joined.a):
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(shared))
    other.bind(("", 4638))
    told = doctor(joined.a)
    found = told.one("port", "ok" if shared else "problem", "udp 4638")
    assert f"(pid {os.getpid()})" in found["text"]
    assert told.status == (0 if shared else 1)
    if shared:
        assert told.one("beacon", "ok", "lo")
    else:
        assert "not tried" in told.one("beacon", "note")["text"]
    other.close()


def test_a_godwit_that_waits_is_no_trouble(doctor, joined, device):
    waiting = device.start("recv", "--yes", "--listen", ":4639",
                           prefix=joined.a.prefix)
    waiting.wait_event("listening")
    told = doctor(joined.a)
    assert told.status == 0
    for port in ("tcp 4639", "udp 4639"):
        assert f"godwit (pid {waiting.pid})" in told.one(
            "port", "ok", port)["text"]


# ---- what is dropped

def test_two_interfaces_in_one_subnet(doctor, joined):
    namespaces.ip("link", "add", "link1", "netns", joined.a.name, "type",
                  "veth", "peer", "name", "link1", "netns", joined.b.name)
    joined.a.ip("addr", "add", "10.77.0.11/24", "dev", "link1")
    for space in (joined.a, joined.b):
        space.ip("link", "set", "link1", "up")
    joined.a.link_local("link1")
    settled(joined.a, "link1")
    joined.a.run("sysctl", "-w", "net.ipv4.conf.all.rp_filter=0",
                 "net.ipv4.conf.link0.rp_filter=0",
                 "net.ipv4.conf.link1.rp_filter=1")
    told = doctor(joined.a)
    assert told.status == 1
    problem = told.one("rp_filter", "problem", "link1")
    assert "link0" in problem["text"]
    # And only one of them has the broadcast address.
    assert "leaves by link0" in told.one("route", "note", "link1")["text"]
    follow(joined.a, problem["advice"])
    assert doctor(joined.a).status == 0
    # What is set for all counts as well, the larger one of the two.
    joined.a.run("sysctl", "-w", "net.ipv4.conf.all.rp_filter=1",
                 "net.ipv4.conf.link1.rp_filter=0")
    told = doctor(joined.a)
    assert {f["subject"] for f in told.problems()} == {"link0", "link1"}


def test_a_firewall_that_drops_beacons(doctor, joined, rules):
    rules("add chain inet filter input { type filter hook input priority 0 ; "
          "}", "add rule inet filter input iifname link0 udp dport 4638 drop")
    told = doctor(joined.a)
    assert told.status == 1
    problems = told.of("beacon", "problem")
    assert problems == told.problems()
    assert len(problems) == 2 and all(
        f["subject"] == "link0" and "not heard back on link0" in f["text"]
        for f in problems)
    assert told.one("beacon", "ok", "lo")
    assert "nft insert rule inet filter input udp dport 4638 accept" in (
        problems[0]["advice"])
    rules("insert rule inet filter input udp dport 4638 accept")
    assert doctor(joined.a).status == 0


def test_a_firewall_that_lets_nothing_out(doctor, joined, rules):
    rules("add chain inet filter output { type filter hook output priority "
          "0 ; }", "add rule inet filter output oifname link0 udp dport 4638 "
          "drop")
    told = doctor(joined.a)
    assert told.status == 1
    for problem in told.of("beacon", "problem", "link0"):
        assert "does not leave" in problem["text"]
    assert told.of("beacon", "problem", "link0") == told.problems()


def test_a_firewall_that_drops_what_it_does_not_know(doctor, joined, rules):
    rules("add chain inet filter input { type filter hook input priority 0 ; "
          "policy drop ; }")
    told = doctor(joined.a)
    problem = told.one("offload", "problem", "lo")
    follow(joined.a, problem["advice"].split(": ", 1)[1])
    told = doctor(joined.a)
    assert not told.of("offload", "problem")
    assert told.status == 1
    note = told.one("firewall", "note", "inet filter input")
    assert told.of("beacon", "problem", "link0")
    for command in note["advice"].split("; "):
        rules(command.removeprefix("nft "))
    assert doctor(joined.a).status == 0


def test_what_only_root_sees(doctor, joined, rules):
    rules("add chain inet filter input { type filter hook input priority 0 ; "
          "policy drop ; }")
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv command")
    env = {"HOME": "/nonexistent", "XDG_DATA_HOME": "", "XDG_STATE_HOME": "",
           "XDG_CONFIG_HOME": "/nonexistent", "XDG_RUNTIME_DIR": ""}
    told = doctor(joined.a, env=env, cwd="/", prefix=(
        "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"))
    note = told.one("firewall", "note")
    assert "without root" in note["text"] and "sudo" in note["advice"]
    # What they do shows all the same.
    assert told.of("beacon", "problem", "link0")


# ---- limits of the process

def test_few_descriptors(doctor, joined):
    if shutil.which("prlimit") is None:
        pytest.skip("no prlimit command")
    told = doctor(joined.a, prefix=("prlimit", "--nofile=24:24"))
    assert told.status == 1
    assert "24" in told.one("descriptors", "problem")["text"]


def test_directories_of_others(doctor, joined, device):
    for folder in (device.data, device.state):
        (folder / "godwit").mkdir(mode=0o700, exist_ok=True)
    (device.state / "godwit").chmod(0o777)
    told = doctor(joined.a)
    assert told.status == 1
    problem = told.one("directory", "problem", "XDG_STATE_HOME")
    assert "others may write" in problem["text"]
    assert str(device.state / "godwit") in problem["advice"]
    assert told.one("directory", "ok", "XDG_DATA_HOME")


def test_it_makes_nothing(doctor, joined, device):
    doctor(joined.a)
    assert not (device.data / "godwit").exists()
    assert not (device.state / "godwit").exists()


# ---- the way to another one

def test_the_way_to_one_that_waits(doctor, joined, device):
    waiting = device.start("recv", "--yes", prefix=joined.b.prefix)
    port = waiting.wait_event("listening")["port"]
    told = doctor(joined.a, f"{joined.b4}:{port}")
    assert told.status == 0
    assert told.one("reach", "ok", f"tcp {joined.b4}:{port}")
    assert "no refusal" in told.one(
        "reach", "ok", f"udp {joined.b4}:{port}")["text"]
    # It took no code, and waits on.
    assert waiting.alive() and not waiting.events("notice")


def test_nobody_waits_there(doctor, joined):
    told = doctor(joined.a, joined.b4)
    assert told.status == 3
    for carrier in ("tcp", "udp"):
        assert "nobody waits" in told.one(
            "reach", "problem", f"{carrier} {joined.b4}:4639")["text"]


def test_no_way_there(doctor, joined):
    told = doctor(joined.a, "10.99.0.1")
    assert told.status == 3
    assert "unreachable" in told.one(
        "reach", "problem", "tcp 10.99.0.1:4639")["text"].lower()


def test_a_silent_firewall_on_the_way(doctor, joined, rules):
    joined.b.run("nft", "add table inet filter")
    joined.b.run("nft", *("add chain inet filter input { type filter hook "
                          "input priority 0 ; policy drop ; }").split())
    told = doctor(joined.a, joined.b4)
    assert told.status == 3
    assert "firewall is silent" in told.one(
        "reach", "problem", f"tcp {joined.b4}:4639")["text"]


def test_mistakes_on_the_command_line(device, joined):
    for words in (("one", "two"), ("host:0",), ("--nosuch",)):
        run = device.run("doctor", *words, prefix=joined.a.prefix)
        assert run.wait() == 2, run.report()
