"""What people and programs see of a `godwit relay`: what it would do, what it
has done, and the same for Prometheus."""

import signal
import sys

import pytest

import segments
from segments import counts_at, start_relay

GET = """import sys, urllib.error, urllib.request
try:
    print(end=urllib.request.urlopen(sys.argv[1], timeout=60).read().decode())
except urllib.error.HTTPError as e:
    print(end=str(e.code))
except urllib.error.URLError as e:
    print(end="refused" if isinstance(e.reason, ConnectionRefusedError)
          else str(e))
"""


@pytest.fixture(scope="module")
def made(needs_namespaces):
    """Two segments with a host on each, and a relay r."""
    made = segments.Segments(2)
    made.one, made.two = made.host(1), made.host(2)
    made.r = made.relay("r", 1, 2)
    yield made
    made.close()


@pytest.fixture
def two(made):
    yield made
    made.quiet()


def test_it_explains(two, device):
    run = device.start("relay", "9000", "ssdp", "--between", "eth0,eth1",
                       "--explain", "udp 10.92.1.9:4000 -> 10.92.1.255:9000",
                       prefix=two.r.prefix, json_events=False, content=True)
    run.expect(0)
    assert b"Rule 1 takes it: 9000?between=eth0,eth1" in run.out
    assert b"eth1: to 10.92.2.255:9000" in run.out
    run = device.start("relay", "ssdp", "--between", "eth0,eth1",
                       "--explain", "udp 10.92.1.9:4000 -> 10.92.1.255:1900",
                       prefix=two.r.prefix, json_events=False, content=True)
    run.expect(1)
    assert b"No rule takes" in run.out
    # Dropped, as JSON.
    run = device.start("relay", "9000", "--between", "eth0,eth1",
                       "--deny", "10.92.1.9", "--explain",
                       "udp 10.92.1.9:4000 -> 10.92.1.255:9000",
                       prefix=two.r.prefix)
    run.expect(1)
    told = run.events("explained")[0]
    assert told["carried"] is False
    assert told["lines"][1] == "  dropped: denied"


def test_the_counts_for_prometheus(two, device):
    run = start_relay(device, two.r, "9000", "--between", "eth0,eth1",
                      "--deny", "10.92.1.77", "--metrics", ":9100")
    port = run.wait_event("metrics")["port"]

    def page(path="metrics", host="127.0.0.1"):
        return two.r.run(sys.executable, "-c", GET,
                         f"http://{host}:{port}/{path}")

    def at(name, **labels):
        words = ",".join(f'{k}="{v}"' for k, v in labels.items())
        line = f"godwit_relay_{name}{{{words}}} "
        return [int(n[len(line):]) for n in page().splitlines()
                if n.startswith(line)]

    two.one.ip("addr", "add", "10.92.1.77/24", "dev", "eth0")
    two.say(two.one, "10.92.1.255", 9000, b"no", **{"from": "10.92.1.77"})
    two.one.ip("addr", "del", "10.92.1.77/24", "dev", "eth0")
    two.say(two.one, "10.92.1.255", 9000, b"yes")
    counts_at(run, 2)
    near, far = ({"rule": 1, "port": 9000, "interface": f"eth{n}"}
                 for n in range(2))
    assert at("heard_total", **near) == [2]
    assert at("carried_total", **near) == [1]
    assert at("sent_total", **far) == [1]
    assert at("bytes_total", **far) == [3]
    assert at("drops_total", **near, reason="denied") == [1]
    assert at("drops_total", **far, reason="denied") == [0]
    assert at("up", **far) == [1]
    assert 'text="9000?between=eth0,eth1' in page()
    assert "# TYPE godwit_relay_drops_total counter\n" in page()
    # Nothing else, and to nobody else.
    assert page("other") == "404"
    assert page(host=two.address(two.r, "eth0")) == "refused"


def test_it_ends_and_counts(two, device):
    run = device.start("relay", "9000", "--between", "eth0,eth1", "-v",
                       prefix=two.r.prefix, json_events=False, content=True)
    run.wait_said("Relaying")
    two.say(two.one, "10.92.1.255", 9000, b"hello")
    run.wait_said(r"eth0: 5 bytes 10.92.1.9:\d+ -> 10.92.1.255:9000: carried")
    run.signal(signal.SIGTERM)
    run.expect(0)
    lines = run.out.decode().splitlines()
    assert lines[0].split() == ["RULE", "INTERFACE", "HEARD", "CARRIED",
                                "SENT", "ANSWERS", "DROPPED"]
    assert lines[1].split()[:5] == ["1", "eth0", "1", "1", "0"]
    assert lines[2].split()[:5] == ["1", "eth1", "1", "0", "1"]
