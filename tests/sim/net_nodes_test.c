/* The virtual network: ways, addresses, clocks, and nodes that are driven. */
#include <stdlib.h>
#include <string.h>

#include "net_bed.h"
#include "unit/test.h"

/* One datagram of one byte. */
static void
send_byte(struct net *net, unsigned from, struct net_addr to, uint8_t byte,
    gw_usec now)
{
	net_send(net, from,
	    &(struct net_datagram){ .to = to, .bytes = &byte, .len = 1 }, now);
}

/* The node that has something by now, or NOBODY. */
enum { NOBODY = 9999 };

static unsigned
who_got(struct net *net, struct net_datagram *d, gw_usec now)
{
	unsigned node;

	return net_deliver(net, &node, d, now) ? node : NOBODY;
}

/* ---- ways ---- */

static void
a_chain_adds_up_its_delays(void **state)
{
	const struct net_addr a = net_addr(1, 1), b = net_addr(2, 2);
	struct net_datagram d;
	struct net *net = net_new(1);
	unsigned nodes[5];

	(void)state;
	nodes[0] = net_host(net, &a);
	for (unsigned i = 1; i < 4; i++)
		nodes[i] = net_router(net);
	nodes[4] = net_host(net, &b);
	for (unsigned i = 0; i < 4; i++)
		net_join(net, nodes[i], nodes[i + 1],
		    &(struct net_link_options){ .delay = GW_MSEC << i });
	send_byte(net, nodes[0], b, 7, 100);
	assert_int_equal(who_got(net, &d, 15099), NOBODY);
	assert_int_equal(who_got(net, &d, 15100), nodes[4]);
	assert_int_equal(d.bytes[0], 7);
	send_byte(net, nodes[4], a, 8, 20000);
	assert_int_equal(who_got(net, &d, 34999), NOBODY);
	assert_int_equal(who_got(net, &d, 35000), nodes[0]);
	net_free(net);
}

static void
a_star_takes_each_to_each(void **state)
{
	enum { LEAVES = 300 };
	struct net *net = net_new(1);
	const unsigned hub = net_router(net);
	struct net_datagram d;
	unsigned leaf[LEAVES];

	(void)state;
	for (unsigned i = 0; i < LEAVES; i++) {
		const struct net_addr a = net_addr(i, 4639);

		leaf[i] = net_host(net, &a);
		net_join(net, hub, leaf[i],
		    &(struct net_link_options){ .delay = i });
	}
	for (unsigned i = 0; i < LEAVES; i++) {
		const unsigned to = i * 7 % LEAVES;
		const gw_usec now = 1000 * (i + 1);

		send_byte(net, leaf[i], net_addr(to, 4639), (uint8_t)i, now);
		assert_int_equal(
		    who_got(net, &d, now + (i == to ? 0 : i + to)), leaf[to]);
		assert_int_equal(d.bytes[0], (uint8_t)i);
	}
	net_free(net);
}

static void
hosts_pass_nothing_on_and_what_has_no_way_is_counted(void **state)
{
	const struct net_addr a = net_addr(1, 1), b = net_addr(2, 1),
			      c = net_addr(3, 1);
	struct net *net = net_new(1);
	const unsigned one = net_host(net, &a), two = net_host(net, &b),
		       three = net_host(net, &c);
	struct net_datagram d;

	(void)state;
	net_join(net, one, two, &(struct net_link_options){ 0 });
	net_join(net, two, three, &(struct net_link_options){ 0 });
	send_byte(net, one, c, 0, 1);
	send_byte(net, one, net_addr(9, 9), 0, 1);
	send_byte(net, one, net_addr(2, 2), 0, 1); /* another port */
	assert_int_equal(who_got(net, &d, 1), NOBODY);
	assert_int_equal(net_totals(net)->unroutable.datagrams, 3);
	send_byte(net, one, b, 0, 1);
	assert_int_equal(who_got(net, &d, 1), two);
	net_free(net);
}

static void
a_short_way_is_taken_when_there_is_one(void **state)
{
	const struct net_addr a = net_addr(1, 1), b = net_addr(2, 1);
	struct net *net = net_new(1);
	const unsigned one = net_host(net, &a), two = net_host(net, &b);
	const unsigned r = net_router(net), s = net_router(net);
	const struct net_link_options o = { .delay = 10 };
	struct net_datagram d;

	(void)state;
	net_join(net, one, r, &o);
	net_join(net, r, s, &o);
	net_join(net, s, two, &o);
	send_byte(net, one, b, 0, 100);
	assert_int_equal(who_got(net, &d, 130), two);
	net_join(net, r, two, &o);
	send_byte(net, one, b, 0, 200);
	assert_int_equal(who_got(net, &d, 220), two);
	net_free(net);
}

/* ---- addresses ---- */

static void
a_source_can_be_forged(void **state)
{
	const struct net_addr forged = net_addr(77, 7);
	uint8_t byte = 1;
	struct net_datagram d;
	struct bed b;

	(void)state;
	bed_init(&b, 1, &(struct net_link_options){ 0 });
	net_send(b.net, b.a,
	    &(struct net_datagram){
		.from = forged,
		.to = net_addr(2, 4640),
		.bytes = &byte,
		.len = 1,
	    },
	    b.now);
	assert_int_equal(who_got(b.net, &d, b.now), b.b);
	assert_true(net_addr_eq(&d.from, &forged));
	bed_fini(&b);
}

static void
a_rebound_node_speaks_from_its_new_address(void **state)
{
	const struct net_addr old = net_addr(1, 4639), port = net_addr(1, 5000),
			      host = net_addr(5, 5000);
	struct net_datagram d;
	struct bed b;

	(void)state;
	bed_init(&b, 1, &(struct net_link_options){ .delay = 1000 });
	net_change_address(b.net, b.a, &port, false, BED_START + 500);
	net_change_address(b.net, b.a, &host, true, BED_START + 5000);
	net_change_address(b.net, b.a, &old, false, BED_START + 9000);
	/* Under way when its address goes: lost at the NAT. */
	send_byte(b.net, b.b, old, 0, BED_START);
	assert_int_equal(who_got(b.net, &d, BED_START + 2000), NOBODY);
	assert_int_equal(net_totals(b.net)->missed.datagrams, 1);
	send_byte(b.net, b.a, net_addr(2, 4640), 0, BED_START + 2000);
	assert_int_equal(who_got(b.net, &d, BED_START + 3000), b.b);
	assert_true(net_addr_eq(&d.from, &port));
	/* Kept: both reach it. */
	send_byte(b.net, b.b, port, 1, BED_START + 6000);
	send_byte(b.net, b.b, host, 2, BED_START + 6000);
	assert_int_equal(who_got(b.net, &d, BED_START + 7000), b.a);
	assert_int_equal(who_got(b.net, &d, BED_START + 7000), b.a);
	assert_int_equal(d.bytes[0], 2);
	/* Back where it began. */
	send_byte(b.net, b.b, old, 3, BED_START + 9000);
	assert_int_equal(who_got(b.net, &d, BED_START + 10000), b.a);
	send_byte(b.net, b.b, host, 4, BED_START + 10000);
	assert_int_equal(who_got(b.net, &d, BED_START + 11000), NOBODY);
	bed_fini(&b);
}

static void
a_closed_port_is_told_and_a_gone_host_is_not(void **state)
{
	const struct net_addr to = net_addr(2, 4640);
	struct net_datagram d;
	struct bed b;

	(void)state;
	bed_init(&b, 1, &(struct net_link_options){ .delay = 10 });
	net_set_presence(b.net, b.b, NET_CLOSED, BED_START);
	net_set_presence(b.net, b.b, NET_GONE, BED_START + 100);
	net_set_presence(b.net, b.b, NET_THERE, BED_START + 200);
	send_byte(b.net, b.a, to, 42, BED_START);
	assert_int_equal(who_got(b.net, &d, BED_START + 20), b.a);
	assert_int_equal(d.kind, NET_REFUSED);
	assert_true(net_addr_eq(&d.from, &to));
	assert_int_equal(d.bytes[0], 42);
	send_byte(b.net, b.a, to, 42, BED_START + 100);
	assert_int_equal(who_got(b.net, &d, BED_START + 190), NOBODY);
	send_byte(b.net, b.a, to, 42, BED_START + 200);
	assert_int_equal(who_got(b.net, &d, BED_START + 210), b.b);
	assert_int_equal(d.kind, NET_DATA);
	assert_int_equal(net_totals(b.net)->missed.datagrams, 2);
	assert_int_equal(net_totals(b.net)->notices.datagrams, 1);
	bed_fini(&b);
}

static void
a_notice_is_about_no_other_notice(void **state)
{
	struct net_datagram d;
	struct bed b;

	(void)state;
	bed_init(&b, 1, &(struct net_link_options){ .delay = 10 });
	net_set_presence(b.net, b.a, NET_CLOSED, BED_START);
	net_set_presence(b.net, b.b, NET_CLOSED, BED_START);
	send_byte(b.net, b.a, net_addr(2, 4640), 0, BED_START);
	assert_int_equal(who_got(b.net, &d, BED_START + 100), NOBODY);
	assert_int_equal(net_totals(b.net)->notices.datagrams, 1);
	assert_int_equal(net_totals(b.net)->missed.datagrams, 2);
	bed_fini(&b);
}

static void
the_script_goes_first_at_each_moment(void **state)
{
	struct net_datagram d;
	struct bed b;

	(void)state;
	bed_init(&b, 1, &(struct net_link_options){ .delay = 10 });
	send_byte(b.net, b.a, net_addr(2, 4640), 0, BED_START);
	net_set_presence(b.net, b.b, NET_GONE, BED_START + 10);
	assert_int_equal(who_got(b.net, &d, BED_START + 10), NOBODY);
	assert_int_equal(net_totals(b.net)->missed.datagrams, 1);
	bed_fini(&b);
}

/* ---- clocks ---- */

static void
a_clock_jumps_and_stands_still_in_sleep(void **state)
{
	struct net_datagram d;
	struct bed b;

	(void)state;
	bed_init(&b, 1, &(struct net_link_options){ 0 });
	net_jump_clock(b.net, b.a, 5000, BED_START + 10);
	net_jump_clock(b.net, b.a, -7000, BED_START + 20);
	net_sleep(b.net, b.a, BED_START + 1000, BED_START + 3000);
	net_sleep(b.net, b.a, BED_START + 2000, BED_START + 4000);
	bed_run(&b, BED_START + 10);
	assert_int_equal(net_clock(b.net, b.a, b.now), BED_START + 5010);
	assert_int_equal(net_clock(b.net, b.b, b.now), BED_START + 10);
	bed_run(&b, BED_START + 20);
	assert_int_equal(net_clock(b.net, b.a, b.now), BED_START - 1980);
	bed_run(&b, BED_START + 2500);
	assert_int_equal(net_clock(b.net, b.a, b.now), BED_START - 1000);
	send_byte(b.net, b.b, net_addr(1, 4639), 0, b.now);
	assert_int_equal(who_got(b.net, &d, b.now), NOBODY);
	bed_run(&b, BED_START + 3999);
	assert_int_equal(net_clock(b.net, b.a, b.now), BED_START - 1000);
	bed_run(&b, BED_START + 5000);
	assert_int_equal(net_clock(b.net, b.a, b.now), BED_START);
	send_byte(b.net, b.b, net_addr(1, 4639), 0, b.now);
	assert_int_equal(who_got(b.net, &d, b.now), b.a);
	bed_fini(&b);
}

/* ---- traces ---- */

struct seen {
	char text[32];
	size_t n;
};

static void
saw(void *arg, enum net_fate fate, unsigned node, const struct net_datagram *d,
    gw_usec now)
{
	static const char letters[] = { 'S', 'X', 'D' };
	struct seen *s = arg;

	assert_true(now >= BED_START);
	assert_true(s->n + 3 < sizeof(s->text));
	s->text[s->n++] = letters[fate];
	s->text[s->n++] = (char)('0' + node);
	s->text[s->n++] = (char)d->bytes[0];
}

static bool
is_b(void *arg, const struct net_datagram *d, gw_usec now)
{
	(void)arg;
	(void)now;
	return d->bytes[0] == 'b';
}

static void
a_watcher_sees_what_is_sent_dropped_and_delivered(void **state)
{
	struct seen seen = { 0 };
	struct net_datagram d;
	struct bed b;

	(void)state;
	bed_init(&b, 1, &(struct net_link_options){ .drop = is_b });
	net_watch(b.net, &(struct net_watch){ saw, &seen });
	send_byte(b.net, b.a, net_addr(2, 4640), 'a', b.now);
	send_byte(b.net, b.b, net_addr(1, 4639), 'b', b.now);
	who_got(b.net, &d, b.now);
	net_watch(b.net, NULL);
	send_byte(b.net, b.a, net_addr(2, 4640), 'c', b.now);
	assert_string_equal(seen.text, "S0aS1bX1bD1a");
	bed_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_adds_up_its_delays),
		cmocka_unit_test(a_star_takes_each_to_each),
		cmocka_unit_test(
		    hosts_pass_nothing_on_and_what_has_no_way_is_counted),
		cmocka_unit_test(a_short_way_is_taken_when_there_is_one),
		cmocka_unit_test(a_source_can_be_forged),
		cmocka_unit_test(a_rebound_node_speaks_from_its_new_address),
		cmocka_unit_test(a_closed_port_is_told_and_a_gone_host_is_not),
		cmocka_unit_test(a_notice_is_about_no_other_notice),
		cmocka_unit_test(the_script_goes_first_at_each_moment),
		cmocka_unit_test(a_clock_jumps_and_stands_still_in_sleep),
		cmocka_unit_test(
		    a_watcher_sees_what_is_sent_dropped_and_delivered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
