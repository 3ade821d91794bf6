/* Datagrams of a tunnel, in parts and whole, from and to a peer that may not
 * mean well. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "tunnel_bed.h"

enum { FLOW = 4, PART = 1000 };

static struct gw_tunnel_datagram
opening(uint32_t flow, const char *text)
{
	return (struct gw_tunnel_datagram){ .flow = flow,
		.opens = true,
		.rule = 7,
		.data = gw_slice_str(text) };
}

/* Part `at` of so many, of PART bytes that are `at`, and the last shorter. */
static void
part(struct bed *b, uint32_t flow, uint16_t number, unsigned at, unsigned parts)
{
	uint8_t bytes[PART];
	struct gw_tunnel_datagram d = opening(flow, "");

	memset(bytes, (int)at, sizeof bytes);
	d.part = true;
	d.number = number;
	d.at = (uint8_t)at;
	d.parts = (uint8_t)parts;
	d.data = gw_slice(bytes, at + 1 < parts ? PART : 10);
	peer_datagram(&b->p, &d);
}

static void
hears(struct bed *b, enum gw_tunnel_kind kind, uint32_t flow)
{
	struct gw_tunnel_message m;

	assert_true(peer_hear(&b->p, 0, &m));
	assert_int_equal(m.kind, kind);
	assert_int_equal(m.flow, flow);
	if (kind == GW_TUNNEL_OVER)
		assert_int_equal(m.reason, GW_TUNNEL_STOPPED);
}

static void
hears_nothing(struct bed *b)
{
	struct gw_tunnel_message m;

	bed_is_there(b);
	assert_false(peer_hear(&b->p, 0, &m));
}

static void
begin(struct bed *b)
{
	const struct gw_tunnel_datagram d = opening(FLOW, "first");

	peer_datagram(&b->p, &d);
	peer_turn(&b->p);
	assert_int_equal(b->count, 1);
	assert_int_equal(b->flows[0].datagram, 5);
	hears_nothing(b); /* KNOWN is the rule's to say */
}

static void
who_opens_what_is_there_is_told_so(void **state)
{
	struct bed *b = *state;
	const struct gw_tunnel_datagram again = opening(FLOW, "again"),
					plain = { .flow = FLOW };

	begin(b);
	peer_datagram(&b->p, &again);
	peer_turn(&b->p);
	hears(b, GW_TUNNEL_KNOWN, FLOW);
	peer_datagram(&b->p, &plain);
	peer_turn(&b->p);
	hears_nothing(b);
	assert_int_equal(b->flows[0].datagrams, 3);
	assert_int_equal(b->flows[0].datagram, 0); /* none is too short */
	/* Each may open it; once in a while that is answered. */
	for (unsigned i = 0; i < 5; i++)
		peer_datagram(&b->p, &again);
	peer_turn(&b->p);
	hears_nothing(b);
	peer_leap(GW_SEC);
	peer_datagram(&b->p, &again);
	peer_turn(&b->p);
	hears(b, GW_TUNNEL_KNOWN, FLOW);
	assert_int_equal(b->flows[0].datagrams, 9);
	assert_int_equal(b->count, 1);
}

static void
what_no_rule_takes_is_over(void **state)
{
	struct bed *b = *state;
	struct gw_tunnel_datagram d = { .flow = FLOW };

	for (unsigned i = 0; i < 7; i++) {
		if (i == 1) { /* else it opens nothing */
			d = opening(FLOW, "x");
			d.rule = 8;
		} else if (i == 2) {
			d.rule = 7;
			d.port = 2;
		} else if (i == 3) {
			d.port = 0;
			b->rule.accepted = false;
		} else if (i == 4) {
			b->rule.accepted = b->rule.listens = true;
		} else if (i == 5) {
			b->rule.listens = false;
			b->rule.base.draining = true;
		} else if (i == 6) {
			b->rule.base.draining = false;
			b->rule.datagram = NULL; /* one of connections */
		}
		peer_datagram(&b->p, &d);
		peer_turn(&b->p);
		hears(b, GW_TUNNEL_OVER, FLOW);
		assert_int_equal(b->count, 0);
	}
	hears_nothing(b);
}

/* It cannot begin one in our name. */
static void
what_has_a_number_of_ours_is_left_out(void **state)
{
	struct bed *b = *state;
	struct gw_tunnel_datagram d = opening(FLOW + 1, "x");
	struct bed_flow *own = bed_begin(b, false);

	peer_datagram(&b->p, &d);
	d.flow = own->in.id;
	peer_datagram(&b->p, &d); /* but what is for one that we began is its */
	peer_turn(&b->p);
	hears_nothing(b);
	assert_int_equal(b->count, 1);
	assert_int_equal(own->datagrams, 1);
}

static void
a_connection_has_no_datagrams(void **state)
{
	struct bed *b = *state;
	const struct gw_tunnel_datagram d = opening(FLOW, "x");

	peer_say(&b->p, 2,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_FLOW, .flow = FLOW, .rule = 7 });
	peer_datagram(&b->p, &d);
	peer_turn(&b->p);
	hears_nothing(b);
	assert_int_equal(b->count, 1);
	assert_int_equal(b->flows[0].datagrams, 0);
}

static void
what_is_no_datagram_is_left_out(void **state)
{
	struct bed *b = *state;
	static const struct {
		const char *b;
		size_t n;
	} bad[] = { { "", 0 }, { "\0", 1 }, { "\0\0\0\0", 4 },
		{ "\4\0\0\0\4", 5 }, { "\1\0\0\0\4\0\7", 7 },
		{ "\2\0\0\0\4\0\1\1\1", 9 },     /* 1 of 1 */
		{ "\2\0\0\0\4\0\1\2\2", 9 },     /* 2, but there are 0 and 1 */
		{ "\2\0\0\0\4\0\1\0\x41", 9 } }; /* of 65 */

	begin(b);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		peer_event(&b->p,
		    &(struct gw_session_event){ .kind = GW_SESSION_DATAGRAM,
			.datagram = gw_slice(bad[i].b, bad[i].n) });
	peer_turn(&b->p);
	hears_nothing(b);
	assert_int_equal(b->flows[0].datagrams, 1);
	assert_int_equal(b->t->parts.count, 0);
}

static void
parts_come_in_any_order_and_more_than_once(void **state)
{
	struct bed *b = *state;

	begin(b);
	part(b, FLOW, 1, 2, 3);
	part(b, FLOW, 2, 1, 2);
	part(b, FLOW, 1, 0, 3);
	part(b, FLOW, 1, 0, 3);
	part(b, FLOW + 2, 1, 1, 3);
	peer_turn(&b->p);
	assert_int_equal(b->flows[0].datagrams, 1);
	part(b, FLOW, 1, 1, 3);
	peer_turn(&b->p);
	assert_int_equal(b->flows[0].datagrams, 2);
	assert_int_equal(b->flows[0].datagram, 2 * PART + 10);
	bed_is_there(b);
	assert_int_equal(b->t->parts.count, 2);
}

static void
what_never_becomes_whole_goes_after_a_second(void **state)
{
	struct bed *b = *state;

	begin(b);
	part(b, FLOW, 1, 0, 2);
	peer_turn(&b->p);
	assert_int_equal(b->t->parts.count, 1);
	peer_leap(1 * GW_SEC + 1);
	bed_dispatch(b);
	assert_int_equal(b->t->parts.count, 0);
	assert_int_equal(b->t->parts.bytes, 0);
	part(b, FLOW, 1, 1, 2);
	peer_turn(&b->p);
	assert_int_equal(b->flows[0].datagrams, 1);
	bed_is_there(b);
}

/* Not even of flows that there never were. */
static void
no_more_than_so_many_and_so_much_lacks_parts(void **state)
{
	struct bed *b = *state;
	struct gw_tunnel_datagram d = opening(FLOW, "");
	uint8_t *bytes = calloc(1, 60000);

	assert_non_null(bytes);
	begin(b);
	for (unsigned i = 0; i < 3 * GW_TUNNEL_PARTIAL; i++)
		part(b, FLOW + 2 * (i % 50), (uint16_t)i, 0, 64);
	peer_turn(&b->p);
	assert_int_equal(b->t->parts.count, GW_TUNNEL_PARTIAL);
	d.part = true;
	d.parts = GW_TUNNEL_PARTS;
	d.data = gw_slice(bytes, 60000);
	for (unsigned i = 0; i < 200; i++) {
		d.number = (uint16_t)(10000 + i / 50);
		d.at = (uint8_t)(i % 50);
		peer_datagram(&b->p, &d);
		peer_turn(&b->p);
		assert_true(b->t->parts.bytes <= GW_TUNNEL_PARTIAL_BYTES);
	}
	free(bytes);
	bed_is_there(b);
	assert_int_equal(b->flows[0].datagrams, 1);
	peer_leap(2 * GW_SEC);
	bed_dispatch(b);
	assert_int_equal(b->t->parts.count, 0);
}

/* ---- out ---- */

static enum gw_drop
send_it(struct bed_flow *w, const uint8_t *bytes, size_t n)
{
	const struct gw_tunnel_datagram head = { .flow = w->in.id };

	return gw_tunnel_datagram(&w->in, &head, gw_slice(bytes, n));
}

static void
what_is_too_large_for_one_goes_in_parts(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, false);
	uint8_t *bytes = malloc(65535);
	struct gw_tunnel_datagram d;
	size_t at = 0;

	assert_non_null(bytes);
	for (size_t i = 0; i < 65535; i++)
		bytes[i] = (uint8_t)(i / 7);
	assert_int_equal(send_it(w, bytes, 1195), GW_DROP_NONE);
	assert_true(peer_hear_datagram(&b->p, &d));
	assert_false(d.part);
	assert_int_equal(d.data.n, 1195);
	assert_int_equal(send_it(w, bytes, 65535), GW_DROP_NONE);
	while (peer_hear_datagram(&b->p, &d)) {
		assert_true(d.part);
		assert_int_equal(d.flow, w->in.id);
		assert_memory_equal(d.data.p, bytes + at, d.data.n);
		at += d.data.n;
		assert_true(d.at < d.parts);
	}
	assert_int_equal(d.at + 1, d.parts);
	assert_int_equal(at, 65535);
	/* A way so narrow that it would be too many. */
	b->p.datagram_max = 1000;
	assert_int_equal(send_it(w, bytes, 65535), GW_DROP_TOO_BIG);
	b->p.datagram_max = 2 * GW_TUNNEL_DATAGRAM_HEAD - 1;
	assert_int_equal(send_it(w, bytes, 1), GW_DROP_PEER);
	assert_false(peer_hear_datagram(&b->p, &d));
	free(bytes);
}

static void
without_a_session_they_are_dropped(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, false);

	gw_tunnel_detach(b->t, GW_E_LOST, "");
	assert_int_equal(send_it(w, (const uint8_t *)"x", 1), GW_DROP_PEER);
}

static void
a_peer_that_takes_none_costs_no_more_than_a_queue_a_flow(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, false), *other = bed_begin(b, false);
	struct gw_tunnel_datagram d;

	b->p.takes_datagrams = false;
	for (unsigned i = 0; i < GW_TUNNEL_WAITING; i++)
		assert_int_equal(
		    send_it(w, (const uint8_t *)"x", 1), GW_DROP_NONE);
	assert_int_equal(send_it(w, (const uint8_t *)"x", 1), GW_DROP_QUEUE);
	/* It is that flow's alone. */
	assert_int_equal(send_it(other, (const uint8_t *)"y", 1), GW_DROP_NONE);
	assert_int_equal(send_it(other, (const uint8_t *)"z", 1), GW_DROP_NONE);
	peer_leap(GW_TUNNEL_AGE / 2);
	b->p.takes_datagrams = true;
	b->p.kicked = true;
	peer_turn(&b->p);
	/* In turn. */
	assert_true(peer_hear_datagram(&b->p, &d));
	assert_int_equal(d.flow, w->in.id);
	assert_true(peer_hear_datagram(&b->p, &d));
	assert_int_equal(d.flow, other->in.id);
	assert_int_equal(d.data.p[0], 'y');
	assert_int_equal(b->t->queue.count, 0);
}

static void
without_memory_they_are_dropped(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w;
	unsigned was;

	begin(b);
	w = bed_begin(b, false);
	gw_tunnel_say(
	    b->t, 0, &(struct gw_tunnel_message){ .kind = GW_TUNNEL_KNOWN });
	for (long n = 0; n < 20; n++) {
		was = b->flows[0].datagrams;
		part(b, FLOW, (uint16_t)n, 0, 2);
		part(b, FLOW, (uint16_t)n, 1, 2);
		test_fail_alloc(n);
		peer_turn(&b->p);
		test_fail_alloc(-1);
		bed_is_there(b);
		/* Whole, or not at all. */
		if (b->flows[0].datagrams != was)
			assert_int_equal(b->flows[0].datagram, PART + 10);
	}
	assert_true(b->flows[0].datagrams > 1);
	b->p.takes_datagrams = false;
	test_fail_alloc(0);
	assert_int_equal(send_it(w, (const uint8_t *)"x", 1), GW_DROP_QUEUE);
	test_fail_alloc(-1);
	bed_is_there(b);
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(who_opens_what_is_there_is_told_so),
		CASE(what_no_rule_takes_is_over),
		CASE(what_has_a_number_of_ours_is_left_out),
		CASE(a_connection_has_no_datagrams),
		CASE(what_is_no_datagram_is_left_out),
		CASE(parts_come_in_any_order_and_more_than_once),
		CASE(what_never_becomes_whole_goes_after_a_second),
		CASE(no_more_than_so_many_and_so_much_lacks_parts),
		CASE(what_is_too_large_for_one_goes_in_parts),
		CASE(without_a_session_they_are_dropped),
		CASE(a_peer_that_takes_none_costs_no_more_than_a_queue_a_flow),
		CASE(without_memory_they_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
