"""Devices that find each other by beacons: in namespaces on bridges."""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

import beacons
import namespaces

pytestmark = pytest.mark.skipif(namespaces.why_not() is not None,
                                reason=str(namespaces.why_not()))


@pytest.fixture
def nodes():
    made = beacons.Nodes()
    yield made
    made.close()


@pytest.fixture
def bridges():
    made = []

    def make(*arguments, **options):
        made.append(beacons.Bridges(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def interfaces(found):
    """Of the addresses that were found of a device."""
    return {a.rsplit(",", 1)[1] for a in found[1]}


def addresses(found):
    return {a.rsplit(",", 1)[0].rsplit(":", 1)[0] for a in found[1]}


@pytest.fixture
def neighbours():
    made = beacons.Neighbours()
    yield made
    made.close()


@pytest.mark.parametrize("count", [2, 10, 50])
def test_all_on_a_subnet_see_each_other(bridges, nodes, neighbours, count):
    net = bridges(count)
    seek = ["all" if neighbours.enough or i < 8 else "-" for i in range(count)]
    all_of_them = [nodes.start(d, f"dev{i}", seek=seek[i])
                   for i, d in enumerate(net.devices)]
    names = {f"dev{i}" for i in range(count)}
    took = []
    for node, what in zip(all_of_them, seek):
        if what == "-":
            continue
        others = names - {node.name}
        node.until(lambda n, o=others: o <= n.there.keys())
        assert node.there.keys() == others
        took += [node.there[name][0] for name in others]
        for name in others:
            assert "eth0" in interfaces(node.there[name])
    print(f"{count} devices: median {statistics.median(took)} ms, "
          f"last {max(took)} ms")
    # A tenth of a second or two; those that started first wait for the last.
    assert statistics.median(took) < 30000


def test_who_comes_last_finds_who_is_there(bridges, nodes):
    net = bridges(10)
    net.wait_for_ipv6()
    for i, d in enumerate(net.devices[1:]):
        nodes.start(d, f"dev{i}").ready()
    seeker = nodes.start(net.devices[0], seek="all")
    seeker.until(lambda n: len(n.there) == 9)
    took = [ms for ms, _ in seeker.there.values()]
    print(f"median {statistics.median(took)} ms, last {max(took)} ms")
    assert statistics.median(took) < 10000


def test_a_number_is_found_and_two_with_it_are_both(bridges, nodes):
    net = bridges(4)
    for i, number in ((1, 7), (2, 8), (3, 7)):
        nodes.start(net.devices[i], f"dev{i}", number).ready()
    seeker = nodes.start(net.devices[0], seek="number:7")
    seeker.until(lambda n: len(n.there) == 2)
    time.sleep(1)
    seeker.read()
    assert seeker.there.keys() == {"dev1", "dev3"}


def test_two_devices_with_one_name_are_two(bridges, nodes):
    net = bridges(3)
    for d in net.devices[1:]:
        nodes.start(d, "twin").ready()
    seeker = nodes.start(net.devices[0], seek="name:TWIN")
    seeker.until(lambda n: len({a for line in n.lines if line[:5] == "there"
                                for a in line.split()[3:]
                                if a.startswith("10.")}) == 2)


def test_two_subnets_at_once(bridges, nodes):
    """One device is on both links, the others on one each."""
    net = bridges(2, second=[0])
    net.add(1)
    nodes.start(net.devices[1], "left").ready()
    nodes.start(net.devices[2], "right").ready()
    middle = nodes.start(net.devices[0], "middle", seek="all")
    middle.until(lambda n: n.there.keys() >= {"left", "right"})
    assert interfaces(middle.there["left"]) == {"eth0"}
    assert interfaces(middle.there["right"]) == {"eth1"}
    # And they see it, but not each other.
    left = nodes.start(net.devices[1], seek="all")
    left.until(lambda n: "middle" in n.there)
    time.sleep(1)
    left.read()
    assert "right" not in left.there


def test_an_interface_that_comes_and_goes_while_they_run(bridges, nodes):
    net = bridges(2)
    for d in net.devices:
        d.ip("link", "set", "eth0", "down")
    nodes.start(net.devices[1], "dev1").ready()
    seeker = nodes.start(net.devices[0], seek="all").ready()
    time.sleep(0.5)
    seeker.read()
    assert not seeker.there
    for d in net.devices:
        d.ip("link", "set", "eth0", "up")
    seeker.until(lambda n: "dev1" in n.there)
    # A second one, and then the first goes.
    net.plug(0, 1)
    net.plug(1, 1)
    seeker.until(lambda n: "eth1" in interfaces(n.there["dev1"]))
    net.unplug(0, 0)
    late = nodes.start(net.devices[1], "late")
    seeker.until(lambda n: "late" in n.there)
    assert interfaces(seeker.there["late"]) == {"eth1"}
    assert late.process.poll() is None


def test_an_address_that_changes(bridges, nodes):
    net = bridges(2)
    net.wait_for_ipv6()
    for d in net.devices:
        d.ip("-4", "addr", "flush", "dev", "eth0")
    nodes.start(net.devices[1], "dev1").ready()
    seeker = nodes.start(net.devices[0], seek="all").ready()
    seeker.until(lambda n: "dev1" in n.there)
    assert all(a.startswith("[fe80") for a in addresses(seeker.there["dev1"]))
    for i, d in enumerate(net.devices):
        d.ip("addr", "add", f"10.99.0.{i + 1}/24", "brd", "+", "dev", "eth0")
    seeker.until(lambda n: "10.99.0.2" in addresses(n.there["dev1"]))


def test_without_ipv4(bridges, nodes):
    net = bridges(2, ipv4=False)
    for d in net.devices:
        d.ip("addr", "flush", "dev", "lo")
    nodes.start(net.devices[1], "dev1")
    seeker = nodes.start(net.devices[0], seek="all")
    seeker.until(lambda n: "dev1" in n.there)
    assert {a.split("%")[1] for a in addresses(seeker.there["dev1"])} == \
        {"eth0]"}
    assert not seeker.troubles


def test_without_ipv6(bridges, nodes):
    net = bridges(2)
    for d in net.devices:
        d.run("sh", "-c",
              "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6")
    nodes.start(net.devices[1], "dev1")
    seeker = nodes.start(net.devices[0], seek="all")
    seeker.until(lambda n: "dev1" in n.there)
    assert addresses(seeker.there["dev1"]) == {"10.93.0.2"}


def test_with_loopback_alone(bridges, nodes):
    net = bridges(1)
    net.unplug(0, 0)
    nodes.start(net.devices[0], "dev0").ready()
    seeker = nodes.start(net.devices[0], seek="all")
    seeker.until(lambda n: "dev0" in n.there)
    assert seeker.there["dev0"][1] == ["127.0.0.1:4639,lo"]


def test_several_programs_of_one_machine_share_the_port(bridges, nodes):
    net = bridges(2)
    for i in range(5):
        nodes.start(net.devices[1], f"p{i}").ready()
    seeker = nodes.start(net.devices[0], seek="all")
    seeker.until(lambda n: len(n.there) == 5)
    beside = nodes.start(net.devices[1], seek="all")
    beside.until(lambda n: len(n.there) == 5)


@pytest.mark.parametrize("number", [0, 7])
def test_a_third_of_all_beacons_gets_lost(link, nodes, number):
    """Of a `recv`, which is heard unasked as well, and of a `send`."""
    net = link(loss=0.3, delay_ms=2)
    for i in range(5):
        nodes.start(net.b, f"dev{i}", number).ready()
    seeker = nodes.start(net.a, seek="number:7" if number else "all")
    seeker.until(lambda n: len(n.there) == 5)
    print("ms:", sorted(ms for ms, _ in seeker.there.values()))


def test_who_ends_is_gone_at_once(bridges, nodes):
    net = bridges(2)
    waiter = nodes.start(net.devices[1], "dev1").ready()
    seeker = nodes.start(net.devices[0], seek="all")
    seeker.until(lambda n: "dev1" in n.there)
    waiter.end()
    seeker.until(lambda n: n.gone == 1)


# ---- hostile ----


def flood(net, rate, seconds):
    run = subprocess.Popen(
        [*net.devices[0].prefix, sys.executable, "-c", beacons.FLOOD,
         str(Path(beacons.__file__).parent), str(rate), str(seconds)],
        stdout=subprocess.PIPE, text=True)
    assert run.stdout.readline() == "ready\n"
    return run


def test_ten_thousand_forged_beacons_a_second(bridges, nodes):
    """Each from another run and address of the subnet."""
    net = bridges(4)
    net.wait_for_ipv6()
    nodes.start(net.devices[1], "before").ready()
    seeker = nodes.start(net.devices[2], seek="all").ready()
    seeker.until(lambda n: "before" in n.there)
    forger = flood(net, 10000, 6)
    began, cpu = time.monotonic(), seeker.cpu_seconds()
    time.sleep(2)
    nodes.start(net.devices[3], "during").ready()
    nodes.start(net.devices[3], "number", 7).ready()
    seeker.until(lambda n: "during" in n.there)
    # Who begins to seek in the midst of it finds them as well.
    late = nodes.start(net.devices[2], seek="number:7")
    late.until(lambda n: "number" in n.there)
    assert forger.wait(60) == 0
    elapsed = time.monotonic() - began
    print("sent", forger.stdout.read().split()[1], "in", round(elapsed, 1),
          "s, CPU", round(seeker.cpu_seconds() - cpu, 2), "s")
    forger.stdout.close()
    assert seeker.cpu_seconds() - cpu < 0.7 * elapsed
    seeker.read()
    told = [line for line in seeker.lines if line.startswith("there forged")]
    # Never more at a time than there is room for, and few a second.
    assert len(told) - seeker.gone <= 256
    assert len(told) <= 64 * (elapsed + 2) + 256
    dropped = seeker.end()
    assert dropped["too many"] > 1000


def send_to_all(net, data):
    net.devices[0].run(
        sys.executable, "-c",
        "import socket,sys;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
        "s.setsockopt(socket.SOL_SOCKET,socket.SO_BROADCAST,1);"
        "[s.sendto(bytes.fromhex(d),('10.93.255.255',4638))"
        " for d in sys.argv[1:]]", *[d.hex() for d in data])


def send_to_one(net, data, host):
    net.devices[0].run(
        sys.executable, "-c",
        "import socket,sys;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
        f"[s.sendto(bytes.fromhex(d),('{host}',4638)) for d in sys.argv[1:]]",
        *[d.hex() for d in data])


def test_garbage_is_counted_by_reason(bridges, nodes):
    net = bridges(2)
    node = nodes.start(net.devices[1], "dev1", seek="all").ready()
    good = beacons.here()
    send_to_all(net, [b"NOTIFY * HTTP/1.1", b"", os.urandom(1400),
                      good[:200], good + b"x",
                      beacons.beacon(beacons.HERE, os.urandom(16)),
                      beacons.beacon(beacons.BYE, os.urandom(16), version=2),
                      beacons.beacon(beacons.ANSWER, os.urandom(16), nonce=5,
                                     port=4639, name=b"forged")])
    # To the shared port, but to this host alone.
    send_to_one(net, [good], "10.93.0.2")
    send_to_all(net, [beacons.here(b"last")])
    node.until(lambda n: "last" in n.there)
    assert "forged" not in node.there
    dropped = node.end()
    assert dropped["no beacon"] == 3
    assert dropped["malformed"] == 3
    assert dropped["another version"] == 1
    assert dropped["not asked for"] == 1
    # By routing it may come to another program; here there is one.
    assert dropped["not sent to all"] == 1


def test_beacons_from_another_network_are_not_taken(bridges, nodes):
    net = bridges(2)
    node = nodes.start(net.devices[1], "dev1", seek="all").ready()
    run = net.devices[0].prefix
    subprocess.run(
        [*run, sys.executable, "-c",
         "import sys,socket;sys.path.insert(0,sys.argv[1]);import beacons;"
         "s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW);"
         "s.bind(('eth0',0));"
         "[s.send(beacons.frame(a,beacons.here(n))) for a,n in "
         "(('192.0.2.9',b'far'),('10.93.0.77',b'near'))]",
         str(Path(beacons.__file__).parent)], check=True)
    node.until(lambda n: "near" in n.there)
    assert "far" not in node.there
    # Where the kernel's own check of the source (rp_filter) has let it by.
    assert node.end().get("from another network", 0) <= 1


def test_a_replayed_beacon_changes_nothing(bridges, nodes):
    """What a device has said, said again by somebody else: it is still
    where it is, and its farewell is nobody else's to say."""
    net = bridges(3)
    net.wait_for_ipv6()
    seeker = nodes.start(net.devices[2], seek="all").ready()
    capture = subprocess.Popen(
        [*net.devices[0].prefix, sys.executable, "-c",
         "import socket;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);"
         "s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1);"
         "s.bind(('',4638));print('ready',flush=True)\n"
         "while True:\n"
         " d=s.recv(2000)\n"
         " if d[5]==3: print(d.hex(),flush=True);break"],
        stdout=subprocess.PIPE, text=True)
    assert capture.stdout.readline() == "ready\n"
    nodes.start(net.devices[1], "dev1").ready()
    said = bytes.fromhex(capture.stdout.readline())
    capture.wait(60)
    capture.stdout.close()
    # Until it has answered a question.
    probe = nodes.start(net.devices[2], seek="all")
    probe.until(lambda n: "dev1" in n.there)
    time.sleep(3)
    seeker.until(lambda n: "dev1" in n.there)
    run = said[8:24]
    send_to_all(net, [said, beacons.beacon(beacons.BYE, run)] * 3)
    send_to_all(net, [beacons.here(b"last")])
    seeker.until(lambda n: "last" in n.there)
    assert seeker.gone == 0
    assert "10.93.0.1" not in addresses(seeker.there["dev1"])


def test_answers_are_few_and_no_larger_than_questions(bridges, nodes):
    net = bridges(2)
    nodes.start(net.devices[1], "dev1").ready()
    ask = [beacons.beacon(beacons.QUESTION, os.urandom(16), ask=1, nonce=i + 1)
           for i in range(200)]
    out = net.devices[0].run(
        sys.executable, "-c",
        "import socket,sys,time\n"
        "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
        "s.setsockopt(socket.SOL_SOCKET,socket.SO_BROADCAST,1)\n"
        "s.bind(('10.93.0.1',0))\n"
        "[s.sendto(bytes.fromhex(d),('10.93.255.255',4638))"
        " for d in sys.argv[1:]]\n"
        "s.settimeout(1)\n"
        "try:\n"
        " while True: print(len(s.recv(3000)))\n"
        "except TimeoutError: pass\n", *[d.hex() for d in ask]).split()
    assert 1 <= len(out) <= 10
    assert set(out) == {"256"}


# ---- the program ----


def peers(pair, net, *arguments, **options):
    return pair.receiver.start("peers", *arguments, json_events=False,
                               prefix=net.devices[0].prefix, **options)


def test_peers_lists_who_is_there(pair, bridges, nodes):
    net = bridges(3)
    for i in (1, 2):
        nodes.start(net.devices[i], f"dev{i}").ready()
    run = peers(pair, net, "--json", "--wait", "3s", content=True)
    run.expect(0)
    found = [json.loads(line) for line in run.out.splitlines()]
    assert {f["name"] for f in found} == {"dev1", "dev2"}
    for f in found:
        i = int(f["name"][3:])
        assert f["receives"] and not f["sends"] and not f["here"]
        assert f["device"] is None
        assert {"address": net.address(i), "port": 4639,
                "interface": "eth0"} in f["addresses"]


def test_peers_follows_who_comes_and_goes(pair, bridges, nodes):
    net = bridges(2)
    run = peers(pair, net, "--json", "--watch")
    node = nodes.start(net.devices[1], "dev1")
    run.wait_event("there", timeout=60, name="dev1")
    node.ready().end()
    run.wait_event("gone", timeout=60, name="dev1")
    run.signal(signal.SIGINT)
    run.expect(130)


def test_peers_says_where_it_has_asked_nobody(pair, bridges):
    net = bridges(1)
    run = peers(pair, net, "--wait", "1s")
    run.expect(3)
    for word in ("10.93.255.255", beacons.GROUP, "127.255.255.255",
                 "godwit doctor"):
        assert word in run.said()
