"""The mixed soak of `godwit forward`: datagrams and connections of all kinds,
straight on and through another device over both carriers, while targets
restart, rules come and go, the link loses and is cut, and the far side is
killed.  What was sent has come, or was counted by name; every connection read
what was written, or was broken off where something broke it.

GODWIT_SOAK_SECONDS says how long (1800); GODWIT_SEED what happens when."""

import os
import random
import signal
import time

import pytest

import far_sockets
import forwards
import known
from forwards import LOOPBACK, until
from mixed_load import (
    NOTHING, Connections, Pool, Target, TcpTarget, dropped, figures, since)

SECONDS = int(os.environ.get("GODWIT_SOAK_SECONDS", "1800"))
SEED = int(os.environ.get("GODWIT_SEED", "1"))
FIGURES = os.environ.get("GODWIT_SOAK_FIGURES", os.devnull)
ROUND = 12  # s of load, after which all is counted
FAR_PORT = 4639
SIZES = (0, 1, 7, 8, 64, 512, 1100, 1400, 1472, 9000, 30_000, 65_000)
TOO_LONG = 65_500  # for a header before it
A_PACKET = 64      # datagrams that one frame of the link carries at most
NEVER_SENT = ("late", "rate", "incomplete")  # drops of what came back
STEP = 0.02  # s

# What one round of each carrier may lose beside what was counted by name.
CALM, LOSSY, CUT, TARGET, KILL, LONG_CUT = (
    "calm", "lossy", "cut", "target restarts", "serve is killed",
    "the session is lost")
ORDER = (CALM, LOSSY, TARGET, KILL, CALM, CUT, LONG_CUT)


class Site:
    """A forwarder, its rules, and who uses them."""

    def __init__(self, name, device, space, far, base, via=()):
        self.name, self.device, self.space = name, device, space
        self.far = far  # where its targets are
        self.base, self.via = base, via
        self.pools, self.connections, self.more = [], [], []
        self.lines = {}
        self.file = device.base / f"rules-{name}"
        self.run = None

    def udp(self, what, offset, more="", sizes=SIZES, target=True):
        name, port = f"{self.name}-{what}", self.base + offset
        self.lines[name] = (f"udp://{LOOPBACK}:{port}/{LOOPBACK}:{port + 500}"
                            f"?ttl=3s&name={name}{more}")
        at = Target(self.far, port + 500) if target else None
        self.pools.append(Pool(name, self.space, port, at, sizes))
        return self.pools[-1]

    def tcp(self, what, offset, rng):
        name, port = f"{self.name}-{what}", self.base + offset
        self.lines[name] = (f"tcp://{LOOPBACK}:{port}/{LOOPBACK}:{port + 500}"
                            f"?name={name}")
        self.target = TcpTarget(self.far, port + 500)
        for _ in range(2):
            self.connections.append(Connections(
                name, self.space, port, rng.random()))

    def write(self):
        new = self.file.with_suffix(".new")
        new.write_text("".join(f"{line}\n" for line in self.lines.values()))
        os.replace(new, self.file)

    def start(self):
        self.write()
        self.run = self.device.start(
            "forward", "--json", "--metrics", f":{self.base}", "--rules",
            str(self.file), *self.via, json_events=False,
            prefix=self.space.prefix)
        self.run.wait_event("metrics")
        if self.via:
            self.run.wait_event("peer")

    def figures(self):
        return figures(self.space, self.base)

    def reload(self):
        """And wait until it has the rules that are in its file now."""
        self.write()
        self.run.signal(signal.SIGHUP)
        until(lambda: set(self.figures()) == set(self.lines), "the new rules")


class Soak:
    def __init__(self, pair, link):
        self.pair, self.link = pair, link
        self.rng = random.Random(SEED)
        self.drops, self.rounds = {}, {}
        self.lost_by_link = self.lost_by_break = 0
        self.serve = None
        self.sites = self.make_sites()
        self.start_serve()
        for site in self.sites:
            site.start()
        self.there_again(time.sleep)
        for one in self.connections():
            one.paused.set()
            one.start()

    def make_sites(self):
        a, b = self.link.a, self.link.b
        sites = [Site("direct", self.pair.sender, a, a, 21000)] + [
            Site(carrier, self.pair.sender, a, b, base,
                 ("--via", f"hall=10.77.0.2:{FAR_PORT}", "--carrier", carrier))
            for carrier, base in (("udp", 22000), ("tcp", 23000))]
        for site in sites:
            site.udp("datagrams", 1)
            site.tcp("connections", 2, self.rng)
        sites[0].udp("header", 4, "&proxy=spp", SIZES + (TOO_LONG,))
        sites[0].udp("nobody", 5, target=False)
        return sites

    def start_serve(self):
        self.serve = self.pair.receiver.start(
            "serve", "--json", "--listen", f"10.77.0.2:{FAR_PORT}",
            "--metrics", ":24000", "--allow-forward", f"udp:{LOOPBACK}:*",
            "--allow-forward", f"tcp:{LOOPBACK}:*", json_events=False,
            prefix=self.link.b.prefix)
        self.serve.wait_event("metrics")

    def runs(self):
        return {"serve": self.serve, **{s.name: s.run for s in self.sites}}

    def pools(self):
        return [p for s in self.sites for p in s.pools]

    def connections(self):
        return [c for s in self.sites for c in s.connections]

    # ---- what there is at a moment

    def counted(self):
        near = {}
        for site in self.sites:
            near.update(site.figures())
        return near, figures(self.link.b, 24000)

    def lost_frames(self):
        return sum(one[k] for one in self.link.counters().values()
                   for k in ("lost", "queue_dropped", "cut", "refused"))

    def begin(self):
        self.near, self.far = self.counted()
        self.frames = self.lost_frames()
        self.marks = {}  # sent while something was broken, by pool
        self.before = {p.name: (p.sent, p.got,
                                p.target.count if p.target else 0)
                       for p in self.pools()}
        self.made = {c: c.made for c in self.connections()}
        self.killed = False

    # ---- load

    def load(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for pool in self.pools():
                if self.rng.random() < 0.25:
                    pool.step(self.rng)
            self.take()
            time.sleep(STEP)

    def take(self):
        for pool in self.pools():
            pool.take()

    def pause(self):
        for one in self.connections():
            one.paused.set()
        end = time.monotonic() + 120
        while any(c.busy for c in self.connections()):
            assert time.monotonic() < end, "a connection that does not end"
            self.take()
            time.sleep(STEP)

    def go_on(self):
        for one in self.connections():
            one.paused.clear()

    # ---- what happens

    def broken(self, pools, do):
        """What is sent from a moment before until a moment after."""
        sent = {p: p.sent for p in pools}
        self.load(1)
        do()
        self.load(1)
        self.marks = {p.name: p.sent - n for p, n in sent.items()}

    def through_peer(self):
        return [p for s in self.sites if s.via for p in s.pools]

    def restart_targets(self):
        site = self.rng.choice(self.sites)
        pools = [p for p in site.pools if p.target]

        def do():
            for pool in pools:
                pool.target.close()
            site.target.close()
            self.load(self.rng.uniform(0.2, 2))
            for pool in pools:
                pool.target.open()
            site.target.open()
        self.broken(pools, do)

    def there_again(self, meanwhile=None):
        """Both sites reach the far side, with all their rules."""
        meanwhile = meanwhile or self.load
        wanted = {n for s in self.sites if s.via for n in s.lines}
        end = time.monotonic() + 90
        while set(figures(self.link.b, 24000)) != wanted:
            assert time.monotonic() < end, "the rules do not come back"
            meanwhile(0.2)
        # That they are accepted is heard of a moment later.
        meanwhile(1)

    def kill_serve(self):
        def do():
            self.serve.kill()
            self.killed = True
            self.load(self.rng.uniform(0, 2))
            self.start_serve()
            self.there_again()
        self.broken(self.through_peer(), do)

    def cut(self, seconds):
        self.link.change(cut=1)
        self.load(seconds)
        self.link.change(cut=0)

    def lose_session(self):
        vias = [s for s in self.sites if s.via]
        peers = {s: len(s.run.events("peer")) for s in vias}

        def do():
            self.cut(20)
            end = time.monotonic() + 90
            while any(len(s.run.events("peer")) == peers[s] for s in vias):
                assert time.monotonic() < end, "no session again"
                self.load(0.2)
            self.there_again()
        self.broken(self.through_peer(), do)

    def change_rules(self):
        """One that was added goes, in use as it is, or one more comes."""
        site = self.rng.choice(self.sites)
        if site.more:
            pool = site.more.pop()
            site.pools.remove(pool)
            del site.lines[pool.name]
            site.reload()
            pool.leave()
            pool.target.close()
            assert not pool.wrong, pool.wrong
        else:
            site.more.append(site.udp("more", 3))
            self.before[site.more[0].name] = (0, 0, 0)
            site.reload()
            if site.via:
                self.there_again()

    # ---- counting

    def allowed(self, site, pool, what):
        if what in (KILL, LONG_CUT, TARGET):
            return self.marks.get(pool.name, 0)
        if site.name == "udp" and what in (LOSSY, CUT):
            return A_PACKET * (self.lost_frames() - self.frames)
        return 0

    def ask(self, site, pool, what, near, far):
        """What is wrong with the figures of one rule."""
        sent, got, count = self.before[pool.name]
        sent, got = pool.sent - sent, pool.got - got
        one = since(near[pool.name], self.near.get(pool.name, NOTHING))
        other = since(far.get(pool.name, NOTHING),
                      NOTHING if self.killed else
                      self.far.get(pool.name, NOTHING))
        missing = sent - got - dropped(one) - dropped(other)
        allowed = self.allowed(site, pool, what)
        came_in = other if site.via else one
        bad = []
        if pool.target is None:
            if sent != one["packets_totalin"] + dropped(one):
                bad.append("not all that was sent was counted")
        elif not 0 <= missing <= allowed:
            bad.append(f"{missing} of {sent} are missing, at most {allowed} "
                       "may be")
        if got != one["packets_totalout"]:
            bad.append(f"{got} came back")
        if site.via and not self.killed and \
                sent != one["packets_totalin"] + dropped(one, *NEVER_SENT):
            bad.append(f"of {sent} sent not each is counted once")
        if pool.target and what in (CALM, LOSSY, CUT) and \
                pool.target.count - count != came_in["packets_totalin"]:
            bad.append(f"the target got {pool.target.count - count}")
        if pool.wrong:
            bad.append(str(pool.wrong[:3]))
        return [f"{pool.name}: {text}: {one} {other}" for text in bad], \
            missing if pool.target else 0, (one, other)

    def settle(self, what):
        """Until all has come or is counted; else it says what has not."""
        self.pause()
        # Parts of what is incomplete are waited for, a second.
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            self.take()
            time.sleep(STEP)
        end = time.monotonic() + 40
        knock = time.monotonic() + 5
        while True:
            self.take()
            near, far = self.counted()
            answers = [self.ask(s, p, what, near, far)
                       for s in self.sites for p in s.pools]
            bad = [text for texts, _, _ in answers for text in texts]
            if not bad:
                break
            if time.monotonic() > end:
                pytest.fail(f"{what}: " + "\n".join(bad))
            if time.monotonic() > knock:
                knock = end
                for pool in self.pools():
                    pool.knock()
            time.sleep(0.2)
        self.note(what, answers)
        self.look_at_connections(what, near)

    def note(self, what, answers):
        self.rounds[what] = self.rounds.get(what, 0) + 1
        for _, missing, sides in answers:
            if what in (LOSSY, CUT):
                self.lost_by_link += missing
            else:
                self.lost_by_break += missing
            for side in sides:
                for name, n in side["drops"].items():
                    self.drops[name] = self.drops.get(name, 0) + n
        for pool in self.pools():
            pool.leave()
        for run in self.runs().values():
            assert run.alive(), run.report()
            run.forget()

    def look_at_connections(self, what, near):
        for site in self.sites:
            mine = site.connections
            wrong = [w for c in mine for w in c.wrong]
            assert not wrong, f"{what}: {site.name}: {wrong}"
            failed = [f for c in mine for f in c.failed]
            for one in mine:
                one.failed = []
            hit = what in (KILL, LONG_CUT) and site.via or what == TARGET
            assert hit or not failed, f"{what}: {site.name}: {failed}"
            name = mine[0].name_of_rule
            one = since(near[name], self.near[name])
            made = sum(c.made - self.made[c] for c in mine)
            assert hit or made == one["flows_total"] + \
                dropped(one, "unreachable"), f"{what}: {made} made: {one}"

    def round(self, what):
        self.begin()
        self.go_on()
        self.load(ROUND * self.rng.uniform(0.1, 0.4))
        if self.rng.random() < 0.6:
            self.change_rules()
        if what == LOSSY:
            self.link.change(loss=self.rng.choice((0.002, 0.005, 0.02)))
        elif what == CUT:
            self.cut(self.rng.uniform(0.2, 3))
        elif what == TARGET:
            self.restart_targets()
        elif what == KILL:
            self.kill_serve()
        elif what == LONG_CUT:
            self.lose_session()
        self.load(ROUND / 2)
        self.link.change(loss=0)
        self.settle(what)

    # ---- the end

    def rest(self):
        """Idle, with the rules of the beginning; what each process has then:
        descriptors, KiB."""
        for site in self.sites:
            while site.more:
                pool = site.more.pop()
                site.pools.remove(pool)
                del site.lines[pool.name]
                pool.leave()
                pool.target.close()
            site.reload()
        self.idle()
        return {name: (forwards.descriptors(run), forwards.memory(run))
                for name, run in self.runs().items()}

    def idle(self):
        def is_idle():
            near, far = self.counted()
            return not any(one["flows"] for one in
                           (*near.values(), *far.values()))
        until(is_idle, "the end of all flows", 120)
        time.sleep(1)  # who asked for the figures has gone, too

    def total(self):
        pools, mine = self.pools(), self.connections()
        kinds = {}
        for one in mine:
            for kind, n in one.done.items():
                kinds[kind] = kinds.get(kind, 0) + n
        return (f"{SECONDS} s, seed {SEED}, rounds {self.rounds}\n"
                f"datagrams sent {sum(p.sent for p in pools)}, "
                f"answered {sum(p.got for p in pools)}, "
                f"by name {self.drops}, by the link {self.lost_by_link}, "
                f"by what broke {self.lost_by_break}\n"
                f"connections {sum(c.made for c in mine)}, whole {kinds}, "
                f"MB {sum(c.bytes for c in mine) / 1e6:.0f}")

    def close(self):
        for one in self.connections():
            one.over = True
        for pool in self.pools():
            pool.leave()
            if pool.target:
                pool.target.close()
        for site in self.sites:
            site.target.close()
        far_sockets.close_all()


def check_rest(before, after):
    for name, (files, kib) in after.items():
        assert files <= before[name][0], (name, before, after)
        # A session keeps what its 127 lanes once had in their windows.
        assert kib <= before[name][1] + 16_384, (name, before, after)


@pytest.mark.soak
def test_a_mixed_soak_loses_nothing_uncounted(link, pair):
    known.introduce(pair)
    # What is free is given back at once, so that a little that stays shows.
    for device in (pair.sender, pair.receiver):
        device.env.update(MALLOC_TRIM_THRESHOLD_="131072",
                          MALLOC_MMAP_THRESHOLD_="131072")
    soak = Soak(pair, link(delay_ms=2))
    try:
        end = time.monotonic() + SECONDS
        soak.round(CALM)
        before = soak.rest()
        number = 0
        while time.monotonic() < end:
            what = ORDER[number % len(ORDER)] if number < len(ORDER) else \
                soak.rng.choice(ORDER)
            number += 1
            soak.round(what)
        after = soak.rest()
        text = (f"{soak.total()}\ndescriptors, KiB: before {before}, "
                f"after {after}")
        print(text)
        with open(FIGURES, "a", encoding="utf-8") as out:
            out.write(text + "\n")
        check_rest(before, after)
    finally:
        soak.close()
