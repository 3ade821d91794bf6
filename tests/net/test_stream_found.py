"""`godwit stream` without an address: by its code, by name, as a remembered
device."""

import re
import time

import pytest

import known
import namespaces
from finding import CODE, other

pytestmark = pytest.mark.skipif(namespaces.why_not() is not None,
                                reason=str(namespaces.why_not()))


def start(device, *arguments, say=b"", **options):
    return device.start("stream", *arguments, stdin=say, json_events=False,
                        content=True, **options)


def listen(device, *arguments, **options):
    run = start(device, "listen", *arguments, **options)
    run.wait_said(r"Waiting\. Ctrl-C ends it\.")
    return run


def command(run):
    """What it says that the other side types, without `godwit stream`."""
    found = re.search(r"^    godwit stream (connect \S+)$", run.said(), re.M)
    return found[1].split(" ")


def meet(waiting, coming):
    """Each has said its name."""
    coming.expect(0)
    waiting.expect(0)
    assert (coming.out, waiting.out) == (b"there", b"here")


@pytest.mark.carriers("auto", "udp")
def test_the_command_that_is_printed_is_enough(pair, bridged):
    bridged()
    waiting = listen(pair.receiver, say=b"there")
    words = command(waiting)
    assert re.fullmatch(r"\d+-[a-z]+-[a-z]+", words[1])
    meet(waiting, start(pair.sender, *words, say=b"here"))


def test_the_address_is_told_for_where_beacons_do_not_pass(pair, bridged):
    bridged()
    waiting = listen(pair.receiver, "9000", say=b"there")
    found = re.search(r"or, where that finds nothing: godwit stream "
                      r"(connect 10\.93\.0\.2:9000 --code \S+)\n",
                      waiting.said())
    meet(waiting, start(pair.sender, *found[1].split(" "), "--no-discovery",
                        say=b"here"))


def test_without_discovery_the_address_is_all_that_is_told(pair, bridged):
    bridged()
    waiting = listen(pair.receiver, "--no-discovery", say=b"there")
    assert "where that finds nothing" not in waiting.said()
    found = re.search(r"^    godwit stream (connect 10\.93\.0\.2:\d+ --code "
                      r"\S+)$", waiting.said(), re.M)
    meet(waiting, start(pair.sender, *found[1].split(" "), say=b"here"))


@pytest.mark.parametrize("words, least", [(["--qr"], 15), ([], 0)])
def test_the_command_is_a_qr_code_on_request(pair, words, least):
    waiting = listen(pair.receiver, *words)
    shown = [line for line in waiting.said().splitlines()
             if line.startswith("\u2588" * 4)]
    assert len(shown) >= least and bool(shown) == bool(words)


@pytest.mark.parametrize("how", ["file", "environment"])
def test_a_code_that_is_kept_secret_finds_it_too(pair, bridged, work, how):
    bridged()
    path = work / "code"
    path.write_text(CODE + "\n")
    waiting = listen(pair.receiver, "--code-file", path, say=b"there")
    assert command(waiting) == ["connect", "-"]
    assert "maple" not in waiting.said()
    if how == "file":
        coming = start(pair.sender, "connect", "-", "--code-file", path,
                       say=b"here")
    else:
        coming = start(pair.sender, "connect", say=b"here",
                       env={"GODWIT_CODE": CODE})
    meet(waiting, coming)


def test_quiet_says_the_command_and_nothing_else(pair, bridged):
    bridged()
    waiting = start(pair.receiver, "listen", "-q", say=b"there")
    waiting.wait_said(r"\n")
    found = re.fullmatch(r"godwit stream (connect \S+)\n", waiting.said())
    meet(waiting, start(pair.sender, *found[1].split(" "), say=b"here"))


def test_a_name_and_a_code(pair, bridged):
    bridged()
    pair.receiver.run("devices", "name", "kitchen-pc").expect(0)
    waiting = listen(pair.receiver, "--code", CODE, say=b"there")
    meet(waiting, start(pair.sender, "connect", "Kitchen-PC", "--code", CODE,
                        say=b"here"))


def test_a_name_of_several_programs_on_one_machine(pair, bridged):
    """The code tells which is meant; the other one may have had a guess."""
    bridged()
    pair.receiver.run("devices", "name", "kitchen-pc").expect(0)
    listen(pair.receiver, "--code", "8-other-words")
    waiting = listen(pair.receiver, "--code", CODE, say=b"there")
    meet(waiting, start(pair.sender, "connect", "kitchen-pc", "--code", CODE,
                        say=b"here"))


def test_an_ambiguous_name_says_whose_it_is(pair, bridged):
    net = bridged(3)
    for device in pair.receiver, other(pair, net, 2):
        device.run("devices", "name", "twin").expect(0)
        listen(device, "9000", "--code", CODE)
    run = start(pair.sender, "connect", "twin", "--code", CODE).expect(3)
    for word in "several devices", "10.93.0.2:9000", "10.93.0.3:9000":
        assert word in run.said()


@pytest.mark.soak  # a quest by a name: tests/net/test_find.py
def test_an_unknown_name_says_who_is_there(pair, bridged):
    bridged()
    pair.receiver.run("devices", "name", "kitchen-pc").expect(0)
    listen(pair.receiver, "9000", "--code", CODE)
    run = start(pair.sender, "connect", "kitchen", "--code", CODE).expect(3)
    assert "nobody here goes by the name kitchen" in run.said()
    assert "here are: kitchen-pc at 10.93.0.2:9000" in run.said()


# ---- a remembered device ----


def introduce(pair, bridged, *arguments):
    net = bridged(*arguments)
    prefix = pair.sender.prefix
    pair.sender.prefix = pair.receiver.prefix
    known.introduce(pair)
    pair.sender.prefix = prefix
    pair.receiver.run("devices", "name", "hall").expect(0)
    return net


@pytest.mark.carriers("auto", "udp")
def test_a_remembered_device_needs_no_code(pair, bridged):
    net = introduce(pair, bridged, 3)
    waiting = listen(pair.receiver, "--for", "desk", say=b"there")
    assert "ode: " not in waiting.said()
    assert command(waiting) == ["connect", "hall"]
    # Who is not meant does not come in.
    address = re.search(r"connect hall=(\S+)", waiting.said())[1]
    start(other(pair, net, 2), "connect", address, "--code", CODE).expect(4)
    meet(waiting, start(pair.sender, "connect", "hall", say=b"here"))


def test_a_remembered_device_at_an_address(pair, bridged):
    introduce(pair, bridged)
    waiting = listen(pair.receiver, "9000", "--for", "desk", say=b"there")
    meet(waiting, start(pair.sender, "connect", "hall=10.93.0.2:9000",
                        say=b"here"))


def test_somebody_else_at_the_address_of_a_remembered_device(pair, bridged):
    net = introduce(pair, bridged, 3)
    stranger = other(pair, net, 2)
    listen(stranger, "9000", "--code", CODE)
    known.remember(stranger, "11" * 32, "somebody")
    listen(stranger, "9001", "--for", "somebody")
    for port in 9000, 9001:
        run = start(pair.sender, "connect", f"hall=10.93.0.3:{port}").expect(4)
        assert ("it is not hall, whose key this device remembers"
                if port == 9001 else "if that is hall, it has forgotten"
                ) in run.said()


def test_a_remembered_device_that_is_not_there(pair, bridged):
    introduce(pair, bridged)
    run = start(pair.sender, "connect", "hall").expect(3)
    assert "hall does not answer here" in run.said()
    assert "asked on" in run.said() and "eth0" in run.said()


# ---- when it fails ----


def test_nobody_is_said_early_and_ends_with_3(pair, bridged):
    bridged()
    run = start(pair.sender, "connect", CODE, "--timeout", "6s")
    run.wait_said("nobody here waits with the number 7")
    assert run.alive()
    for word in ("eth0", "10.93.255.255", "godwit doctor"):
        assert word in run.said()
    with open(f"/proc/{run.pid}/cmdline", "rb") as f:
        assert b"maple" not in f.read()
    run.expect(3)
    assert run.said().count("nobody here waits") == 1
    assert "number 7 was found in 6 s" in run.said()


def test_wrong_words_cost_one_guess(pair, bridged):
    bridged()
    waiting = listen(pair.receiver, "--code", CODE, say=b"there")
    run = start(pair.sender, "connect", "7-wrong-words").expect(4)
    assert "the code is wrong" in run.said()
    waiting.wait_said("tried a wrong code; 2 guesses are left")
    meet(waiting, start(pair.sender, "connect", CODE, say=b"here"))
    assert "1 guess" not in waiting.said()


def test_two_with_one_number_both_work(pair, bridged):
    net = bridged(3)
    one = listen(pair.receiver, "--code", CODE, say=b"there")
    two = listen(other(pair, net, 2), "--code", "7-other-words", say=b"there")
    run = start(pair.sender, "connect", "7-other-words", say=b"here")
    meet(two, run)
    assert "claim the number 7" in run.said()
    meet(one, start(pair.sender, "connect", CODE, say=b"here"))


def test_the_other_side_may_be_first(pair, bridged):
    bridged()
    coming = start(pair.sender, "connect", CODE, say=b"here")
    time.sleep(1)
    meet(listen(pair.receiver, "--code", CODE, say=b"there"), coming)


def test_keep_is_found_again_and_again(pair, bridged):
    bridged()
    waiting = listen(pair.receiver, "--keep", "--code", CODE)
    for i in range(3):
        start(pair.sender, "connect", CODE, say=b"%d" % i).expect(0)
        waiting.wait_until(lambda i=i: waiting.out == b"012"[:i + 1], "byte")
