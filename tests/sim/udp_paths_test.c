/* Paths that change in mid-transfer: addresses, forgeries, sleep, clocks. */
#include <string.h>

#include "session/udp/udp_session_private.h"
#include "udp_wire.h"
#include "unit/test.h"

enum { MOST = 120, START = 1000 * 1000 * 1000 /* of a bed */ };

static const struct udp_bed_options path = {
	.link = { .delay = 20000, .rate = 20000000, .queue = 150000 },
};

static void
begin(struct udp_bed *b, const struct udp_bed_options *o, uint64_t bytes)
{
	udp_bed_init(b, o);
	b->side[0].to_write[1] = bytes;
	b->side[1].to_write[0] = bytes / 4;
	b->side[0].finish = true;
	b->side[1].answers = true;
	udp_bed_dial(b, o);
}

static void
end(struct udp_bed *b)
{
	udp_bed_run(b, MOST * GW_SEC);
	udp_bed_check(b);
	assert_int_equal(b->side[1].sessions, 1);
	udp_bed_fini(b);
}

static struct gw_udp_session *
session_of(struct udp_bed *b, unsigned side)
{
	return gw_udp_session_of(b->side[side].session);
}

/* ---- interop runner: networks ---- */

static void
transferloss(void **state)
{
	struct udp_bed_options o = path;
	struct udp_bed b;

	(void)state;
	o.link.loss = 0.02;
	begin(&b, &o, 10000000);
	end(&b);
}

static void
transfercorruption(void **state)
{
	struct udp_bed_options o = path;
	struct udp_bed b;

	(void)state;
	o.link.corrupt = 0.02;
	o.seed = 5;
	begin(&b, &o, 10000000);
	end(&b);
}

static void
longrtt(void **state)
{
	struct udp_bed_options o = path;
	struct udp_bed b;

	(void)state;
	o.link.delay = 375000;
	begin(&b, &o, 4000000);
	end(&b);
}

/* 5 s on, 2 s off, as often as it takes. */
static void
blackhole(void **state)
{
	struct udp_bed_options o = path;
	struct udp_bed b;

	(void)state;
	o.link.rate = 10000000;
	begin(&b, &o, 20000000);
	for (gw_usec at = 5; at < MOST; at += 7) {
		net_cut(b.net, b.forth, START + at * GW_SEC,
		    START + (at + 2) * GW_SEC);
		net_cut(b.net, b.back, START + at * GW_SEC,
		    START + (at + 2) * GW_SEC);
	}
	end(&b);
}

/* ---- addresses ---- */

/* In the middle of it, a side has another address without knowing; with
 * loss, and from either side, for a port and for a host. */
static void
rebind(unsigned side, bool host, bool keep, double loss)
{
	struct udp_bed_options o = path;
	struct net_addr to;
	struct udp_bed b;

	o.link.loss = loss;
	o.seed = 11 + side;
	begin(&b, &o, 5000000);
	to = host ? net_addr(77, 4639) : net_addr(1 + side, 50000);
	net_change_address(b.net, b.node[side], &to, keep, START + 700000);
	udp_bed_linger(&b, 600000);
	assert_true(b.side[0].opened && b.side[1].opened);
	assert_true(b.side[1].got[1] > 0);
	udp_bed_linger(&b, GW_SEC);
	if (b.side[1 - side].session != NULL && !b.side[1 - side].released)
		assert_int_equal(session_of(&b, 1 - side)->path.port, to.port);
	end(&b);
}

/* Where a peer was, somebody else may be by now. */
static void
the_network_speaks_of_who_is_there_now(void **state)
{
	const struct net_addr to = net_addr(77, 4639);
	struct gw_udp_endpoint *e;
	struct gw_path was, is;
	struct gw_pmtud *mtu;
	struct udp_bed b;

	(void)state;
	begin(&b, &path, 5000000);
	udp_bed_linger(&b, 600000);
	e = b.side[0].endpoint;
	was = session_of(&b, 0)->path;
	net_change_address(b.net, b.node[1], &to, true, START + 700000);
	udp_bed_linger(&b, GW_SEC);
	is = session_of(&b, 0)->path;
	mtu = &session_of(&b, 0)->link->mtu;
	assert_false(gw_path_eq(&is, &was));
	assert_true(gw_pmtud_size(mtu) > 1250);
	gw_udp_endpoint_too_large(e, &was, 1250, b.now);
	assert_true(gw_pmtud_size(mtu) > 1250);
	gw_udp_endpoint_too_large(e, &is, 1250, b.now);
	assert_true(gw_pmtud_size(mtu) <= 1250);
	end(&b);
}

static void
rebind_port(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++)
		rebind(i & 1, false, i & 2, i & 4 ? 0.02 : 0);
}

static void
rebind_addr(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++)
		rebind(i & 1, true, i & 2, i & 4 ? 0.02 : 0);
}

/* picoquic: every 300 ms, with loss and delay that varies */
static void
nat_rebinding_stress(void **state)
{
	struct udp_bed_options o = path;
	struct udp_bed b;

	(void)state;
	o.link.loss = 0.01;
	o.link.jitter = 5000;
	begin(&b, &o, 8000000);
	for (uint32_t i = 1; i <= 40; i++) {
		struct net_addr to =
		    net_addr(i % 3 == 0 ? 100 + i : 1, (uint16_t)(2000 + i));

		net_change_address(
		    b.net, b.node[0], &to, i % 2 == 0, START + i * 300000);
	}
	end(&b);
}

/* What was sent once is no news, wherever it comes from. */
static void
a_replay_from_elsewhere_moves_nothing(void **state)
{
	static struct udp_wire w;
	const struct net_addr thief = net_addr(99, 99);
	struct udp_bed b;
	unsigned n;

	(void)state;
	begin(&b, &path, 5000000);
	udp_wire_watch(&w, &b);
	udp_bed_linger(&b, 500000);
	assert_true(w.n > 100);
	n = w.n;
	for (unsigned i = 0; i < n; i++) {
		if (w.v[i].type == UDP_WIRE_SEALED &&
		    w.v[i].n <= sizeof(w.v[i].b))
			udp_wire_inject(
			    &b, 1 - w.v[i].side, &thief, w.v[i].b, w.v[i].n);
		udp_bed_linger(&b, 500);
		for (unsigned k = 0; k < 2; k++) {
			const struct gw_udp_session *s = session_of(&b, k);

			assert_int_not_equal(s->path.port, thief.port);
			assert_false(s->link->probe.active);
		}
	}
	end(&b);
}

/* Bytes that a thief's address gets, and what it sent. */
struct thief {
	struct udp_bed *b;
	struct net_addr addr;
	uint64_t in, out;
	bool armed;
	unsigned from; /* whom it takes the next one from */
	uint8_t stolen[1500];
	size_t n;
};

static bool
steal(void *arg, const struct net_datagram *d, gw_usec now)
{
	struct thief *t = arg;

	(void)now;
	if (!t->armed || d->len > sizeof(t->stolen) ||
	    udp_wire_type(d) != UDP_WIRE_SEALED || d->to.ip[15] == t->from + 1)
		return false;
	t->armed = false;
	memcpy(t->stolen, d->bytes, d->len);
	t->n = d->len;
	return true;
}

static void
saw(void *arg, enum net_fate fate, unsigned node, const struct net_datagram *d,
    gw_usec now)
{
	struct thief *t = arg;

	(void)now;
	(void)node;
	if (fate == NET_SENT && net_addr_eq(&d->to, &t->addr))
		t->out += d->len;
}

/* picoquic: somebody takes packets off the wire and sends them from another
 * address, first of all.  It gets three times that, and it is over. */
static void
false_migration(void **state)
{
	struct udp_bed_options o = path;
	struct thief t = { .addr = net_addr(99, 99) };
	const struct net_watch watch = { saw, &t };
	unsigned moved = 0;
	struct udp_bed b;

	(void)state;
	o.no_growth = true;
	o.link.drop = steal;
	o.link.drop_arg = &t;
	begin(&b, &o, 5000000);
	t.b = &b;
	net_watch(b.net, &watch);
	udp_bed_linger(&b, 400000);
	for (unsigned i = 0; i < 20; i++) {
		t.n = 0;
		t.in = t.out = 0;
		t.from = i % 2;
		t.armed = true;
		while (t.n == 0)
			udp_bed_linger(&b, 100);
		udp_wire_inject(&b, 1 - t.from, &t.addr, t.stolen, t.n);
		t.in += t.n;
		udp_bed_linger(&b, 20500);
		moved += session_of(&b, 1 - t.from)->path.port == t.addr.port;
		udp_bed_linger(&b, 30000);
		if (t.out > 3 * t.in)
			fail_msg("%u: %u bytes for %u", i, (unsigned)t.out,
			    (unsigned)t.in);
	}
	assert_true(moved > 0);
	end(&b);
}

/* And if nothing comes from anywhere any more, it gets no more. */
static void
an_address_that_proves_nothing_gets_little(void **state)
{
	struct udp_bed_options o = path;
	struct thief t = { .addr = net_addr(99, 99), .from = 1 };
	const struct net_watch watch = { saw, &t };
	struct udp_bed b;

	(void)state;
	o.link.drop = steal;
	o.link.drop_arg = &t;
	udp_bed_init(&b, &o);
	udp_bed_dial(&b, &o);
	udp_bed_linger(&b, 5 * GW_SEC);
	net_watch(b.net, &watch);
	t.armed = true;
	while (t.n == 0)
		udp_bed_linger(&b, 100);
	udp_wire_inject(&b, 0, &t.addr, t.stolen, t.n);
	udp_bed_linger(&b, 1000);
	net_cut(b.net, b.back, 0, b.now + 100 * GW_SEC);
	b.side[0].to_write[1] = 5000000;
	udp_bed_linger(&b, 100 * GW_SEC);
	assert_true(t.out > 0);
	assert_in_range(t.out, 1, 3 * t.n);
	assert_int_equal(b.side[0].closed_event.closed.err, GW_E_LOST);
	udp_bed_fini(&b);
}

/* ---- time ---- */

static void
a_clock_that_jumps_on_ends_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		static const int64_t by[] = { 500000, 5000000, 45000000 };
		struct udp_bed b;

		begin(&b, &path, 3000000);
		net_jump_clock(b.net, b.node[i % 2], by[i / 2], START + 500000);
		net_jump_clock(b.net, b.node[i % 2], by[i / 2], START + 900000);
		end(&b);
	}
}

static void
a_short_sleep_ends_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct udp_bed b;

		begin(&b, &path, 3000000);
		net_sleep(
		    b.net, b.node[i], START + 500000, START + 50 * GW_SEC);
		end(&b);
	}
}

/* The other side has given it up, and says so when it hears of it. */
static void
who_slept_for_long_is_told(void **state)
{
	struct udp_bed b;

	(void)state;
	begin(&b, &path, 3000000);
	net_sleep(b.net, b.node[0], START + 500000, START + 600 * GW_SEC);
	udp_bed_linger(&b, 599 * GW_SEC);
	assert_true(b.side[1].closed);
	assert_int_equal(b.side[1].closed_event.closed.err, GW_E_LOST);
	assert_false(b.side[0].closed);
	udp_bed_linger(&b, 4 * GW_SEC);
	assert_true(b.side[0].closed);
	assert_int_equal(b.side[0].closed_event.closed.err, GW_E_LOST);
	udp_bed_fini(&b);
}

/* A challenge may come from an address that its sender only claims to have:
 * nothing but the answer goes there. */
static void
a_response_elsewhere_goes_alone(void **state)
{
	static uint8_t out[1 << 16];
	struct gw_burst burst = { .buf = out, .cap = sizeof(out) };
	struct gw_udp_session *s;
	struct gw_path other;
	struct udp_bed b;

	(void)state;
	begin(&b, &path, 400000);
	udp_bed_linger(&b, 150000);
	s = session_of(&b, 1);
	while (!gw_ack_out_pending(&s->link->acks))
		udp_bed_linger(&b, 100);
	other = s->path;
	other.ip[15] ^= 1;
	s->link->response_to = other;
	s->link->due |= GW_DUE_RESPONSE | GW_DUE_PING;
	assert_true(gw_udp_session_output(&s->base, &burst, b.now));
	assert_true(gw_path_eq(&burst.to, &other));
	assert_int_equal(burst.len, GW_UDP_OVERHEAD + 16);
	/* The rest is said where it belongs. */
	assert_int_equal(s->link->due, GW_DUE_PING);
	assert_true(gw_ack_out_pending(&s->link->acks));
	end(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transferloss),
		cmocka_unit_test(transfercorruption),
		cmocka_unit_test(longrtt),
		cmocka_unit_test(blackhole),
		cmocka_unit_test(a_response_elsewhere_goes_alone),
		cmocka_unit_test(rebind_port),
		cmocka_unit_test(the_network_speaks_of_who_is_there_now),
		cmocka_unit_test(rebind_addr),
		cmocka_unit_test(nat_rebinding_stress),
		cmocka_unit_test(a_replay_from_elsewhere_moves_nothing),
		cmocka_unit_test(false_migration),
		cmocka_unit_test(an_address_that_proves_nothing_gets_little),
		cmocka_unit_test(a_clock_that_jumps_on_ends_nothing),
		cmocka_unit_test(a_short_sleep_ends_nothing),
		cmocka_unit_test(who_slept_for_long_is_told),
	};

	return cmocka_run_group_tests_name("udp_paths", tests, NULL, NULL);
}
