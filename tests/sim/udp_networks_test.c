/* Whole sessions over networks of others' tests, by their names: neqo,
 * picoquic, quinn. */
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

static void
moves(const struct udp_bed_options *o, uint64_t bytes)
{
	struct udp_bed b;

	begin(&b, o, bytes);
	end(&b);
}

static bool
is_open(struct udp_bed *b)
{
	return b->side[0].opened && b->side[1].opened;
}

/* ---- neqo ---- */

static void
connect_direct(void **state)
{
	const struct udp_bed_options o = { .seed = 1 };

	(void)state;
	moves(&o, 0);
	moves(&o, 100000);
}

/* Two round trips to the word that the keys are right. */
static void
connect_fixed_rtt(void **state)
{
	const struct udp_bed_options o = { .link = { .delay = 50000 } };
	struct udp_bed b;

	(void)state;
	begin(&b, &o, 1000);
	assert_true(udp_bed_until(&b, is_open, GW_SEC));
	assert_in_range(b.now - START, 200 * GW_MSEC, 210 * GW_MSEC);
	end(&b);
}

static void
connect_taildrop(void **state)
{
	const struct udp_bed_options o = {
		.link = { .delay = 50000, .rate = 1600000, .queue = 8000 },
	};

	(void)state;
	moves(&o, 200000);
}

static void
connect_taildrop_jitter(void **state)
{
	struct udp_bed_options o = {
		.link = { .delay = 50000,
		    .rate = 1600000,
		    .queue = 8000,
		    .jitter = 20000 },
	};

	(void)state;
	for (o.seed = 1; o.seed <= 5; o.seed++)
		moves(&o, 200000);
}

/* A round trip of 4 s; and then nothing for ten minutes. */
static void
idle_timeout_crazy_rtt(void **state)
{
	const struct udp_bed_options o = { .link = { .delay = 2000000 } };
	struct udp_bed b;

	(void)state;
	udp_bed_init(&b, &o);
	udp_bed_dial(&b, &o);
	assert_true(udp_bed_until(&b, is_open, 10 * GW_SEC));
	udp_bed_linger(&b, 600 * GW_SEC);
	assert_false(b.side[0].closed);
	assert_false(b.side[1].closed);
	b.side[0].to_write[1] = 10000;
	b.side[0].finish = true;
	b.side[1].answers = true;
	end(&b);
}

/* ---- picoquic ---- */

/* A hundred times a short silence. */
static void
many_short_loss(void **state)
{
	struct udp_bed b;

	(void)state;
	begin(&b, &path, 10000000);
	for (unsigned i = 0; i < 100; i++) {
		const gw_usec at = START + 300000 + i * 40 * GW_MSEC;

		net_cut(b.net, i % 3 == 0 ? b.back : b.forth, at, at + 4000);
	}
	end(&b);
}

/* Half of everything. */
static void
heavy_loss_total(void **state)
{
	struct udp_bed_options o = path;

	(void)state;
	o.link.loss = 0.5;
	for (o.seed = 1; o.seed <= 3; o.seed++) {
		struct udp_bed b;

		udp_bed_init(&b, &path);
		udp_bed_dial(&b, &path);
		assert_true(udp_bed_until(&b, is_open, GW_SEC));
		net_change_link(b.net, b.forth, &o.link, 0);
		net_change_link(b.net, b.back, &o.link, 0);
		b.side[0].to_write[1] = 200000;
		b.side[0].finish = true;
		b.side[1].answers = true;
		end(&b);
	}
}

/* All that is on its way is lost with the address. */
static void
nat_rebinding_loss(void **state)
{
	const struct net_addr to = net_addr(1, 50001);
	struct udp_bed b;

	(void)state;
	begin(&b, &path, 5000000);
	net_change_address(b.net, b.node[0], &to, false, START + 500000);
	net_cut(b.net, b.forth, START + 500000, START + 550000);
	net_cut(b.net, b.back, START + 500000, START + 550000);
	end(&b);
}

static void
nat_rebinding_latency(void **state)
{
	const struct net_addr to = net_addr(1, 50001);
	struct udp_bed_options o = path;
	struct udp_bed b;

	(void)state;
	begin(&b, &path, 5000000);
	o.link.delay = 150000;
	net_change_address(b.net, b.node[0], &to, true, START + 500000);
	net_change_link(b.net, b.forth, &o.link, START + 500000);
	net_change_link(b.net, b.back, &o.link, START + 500000);
	end(&b);
}

/* Again before the first one has proved itself. */
static void
nat_rebinding_fast(void **state)
{
	struct udp_bed b;

	(void)state;
	begin(&b, &path, 5000000);
	for (uint16_t i = 0; i < 10; i++) {
		const struct net_addr to = net_addr(1, (uint16_t)(50001 + i));

		net_change_address(b.net, b.node[0], &to, i % 2 == 0,
		    START + 500000 + i * 15 * GW_MSEC);
	}
	end(&b);
}

/* The other network takes no more than the smallest. */
static void
migration_mtu_drop(void **state)
{
	const struct net_addr to = net_addr(77, 4639);
	struct udp_bed_options o = path;
	struct udp_bed b;

	(void)state;
	begin(&b, &path, 5000000);
	o.link.mtu = GW_PACKET_MIN;
	net_change_address(b.net, b.node[0], &to, false, START + 700000);
	net_change_link(b.net, b.forth, &o.link, START + 700000);
	net_change_link(b.net, b.back, &o.link, START + 700000);
	end(&b);
}

/* ---- quinn ---- */

/* Left before the other side has said a word, and just after. */
static void
instant_close(void **state)
{
	(void)state;
	for (unsigned ms = 0; ms < 150; ms += 10) {
		struct udp_bed b;

		udp_bed_init(&b, &path);
		udp_bed_dial(&b, &path);
		udp_bed_linger(&b, ms * GW_MSEC);
		gw_session_abort(
		    b.side[0].session, GW_E_INTERRUPTED, "", b.now);
		udp_bed_linger(&b, 20 * GW_SEC);
		assert_true(b.side[0].closed);
		assert_int_equal(gw_udp_endpoint_count(b.side[0].endpoint) +
				     gw_udp_endpoint_count(b.side[1].endpoint),
		    0);
		assert_int_equal(gw_door_pending(b.door), 0);
		assert_int_equal(gw_door_guesses_left(b.door), GW_GUESSES);
		udp_bed_fini(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connect_direct),
		cmocka_unit_test(connect_fixed_rtt),
		cmocka_unit_test(connect_taildrop),
		cmocka_unit_test(connect_taildrop_jitter),
		cmocka_unit_test(idle_timeout_crazy_rtt),
		cmocka_unit_test(many_short_loss),
		cmocka_unit_test(heavy_loss_total),
		cmocka_unit_test(nat_rebinding_loss),
		cmocka_unit_test(nat_rebinding_latency),
		cmocka_unit_test(nat_rebinding_fast),
		cmocka_unit_test(migration_mtu_drop),
		cmocka_unit_test(instant_close),
	};

	return cmocka_run_group_tests_name("udp_networks", tests, NULL, NULL);
}
