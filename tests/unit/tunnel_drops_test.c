/* What becomes of datagrams of a tunnel that are not sent, or come in part:
 * each is told once. */
#include <stdlib.h>
#include <string.h>

#include "tunnel_bed.h"

enum { FLOW = 4 };

/* Part `at` of three, of a flow that it opens. */
static void
part(struct bed *b, uint32_t flow, unsigned at)
{
	const struct gw_tunnel_datagram d = { .flow = flow,
		.opens = true,
		.rule = 7,
		.part = true,
		.number = 1,
		.at = (uint8_t)at,
		.parts = 3,
		.data = gw_slice_str("part") };

	peer_datagram(&b->p, &d);
}

static void
begin(struct bed *b)
{
	const struct gw_tunnel_datagram d = { .flow = FLOW,
		.opens = true,
		.rule = 7,
		.data = gw_slice_str("first") };

	peer_datagram(&b->p, &d);
	peer_turn(&b->p);
	assert_int_equal(b->flows[0].datagrams, 1);
}

static enum gw_drop
send_it(struct bed_flow *w, const uint8_t *bytes, size_t n)
{
	const struct gw_tunnel_datagram head = { .flow = w->in.id };

	return gw_tunnel_datagram(&w->in, &head, gw_slice(bytes, n));
}

/* For longer than one may. */
static void
wait_for_parts(struct bed *b)
{
	peer_turn(&b->p);
	peer_leap(GW_TUNNEL_PARTIAL_TIME);
	bed_dispatch(b);
}

static void
f25_what_lacks_parts_is_told_once(void **state)
{
	struct bed *b = *state;

	begin(b);
	part(b, FLOW, 0);
	wait_for_parts(b);
	assert_int_equal(b->flows[0].incomplete, 1);
	/* Its rest is late, and begins nothing. */
	part(b, FLOW, 1);
	wait_for_parts(b);
	assert_int_equal(b->flows[0].incomplete, 1);
	/* Of a flow that is not there it is the rule's; of one that nobody
	 * has opened, nobody's. */
	part(b, FLOW + 2, 0);
	wait_for_parts(b);
	assert_int_equal(b->rule.base.counts.drops[GW_DROP_INCOMPLETE], 1);
	b->rule.listens = true;
	part(b, FLOW + 4, 0);
	wait_for_parts(b);
	assert_int_equal(b->rule.base.counts.drops[GW_DROP_INCOMPLETE], 1);
	assert_int_equal(b->flows[0].datagrams, 1);
	bed_is_there(b);
}

/* In the next session its rest does not come. */
static void
f25_what_lacks_parts_when_the_session_is_lost_is_told(void **state)
{
	struct bed *b = *state;

	begin(b);
	part(b, FLOW, 0);
	part(b, FLOW + 2, 0);
	peer_turn(&b->p);
	assert_int_equal(b->flows[0].incomplete, 0);
	gw_tunnel_detach(b->t, GW_E_LOST, "");
	assert_int_equal(b->flows[0].incomplete, 1);
	assert_int_equal(b->rule.base.counts.drops[GW_DROP_INCOMPLETE], 1);
	assert_int_equal(b->t->parts.count, 0);
	bed_attach(b);
	wait_for_parts(b);
	assert_int_equal(b->flows[0].incomplete, 1);
}

static void
what_has_waited_too_long_is_told_as_stale(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, false), *gone = bed_begin(b, false);
	struct gw_tunnel_datagram d;

	b->p.takes_datagrams = false;
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(
		    send_it(w, (const uint8_t *)"x", 1), GW_DROP_NONE);
		assert_int_equal(
		    send_it(gone, (const uint8_t *)"x", 1), GW_DROP_NONE);
	}
	bed_end(gone);
	assert_int_equal(gone->stales, 10);
	peer_leap(GW_TUNNEL_AGE);
	bed_dispatch(b);
	assert_int_equal(w->stales, 10);
	assert_int_equal(b->t->queue.count, 0);
	assert_false(peer_hear_datagram(&b->p, &d));
}

static void
f24_one_in_parts_that_is_stale_is_told_once(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, false);
	uint8_t bytes[10000] = { 0 };
	struct gw_tunnel_datagram d;

	b->p.takes_datagrams = false;
	assert_int_equal(send_it(w, bytes, sizeof bytes), GW_DROP_NONE);
	assert_int_equal(send_it(w, bytes, sizeof bytes), GW_DROP_NONE);
	assert_true(b->t->queue.count > 4);
	peer_leap(GW_TUNNEL_AGE);
	bed_dispatch(b);
	assert_int_equal(w->stales, 2);
	assert_int_equal(b->t->queue.count, 0);
	/* Without room for all parts none of them waits. */
	for (unsigned i = 0; i < 100; i++)
		if (send_it(w, bytes, sizeof bytes) != GW_DROP_NONE)
			break;
	assert_int_equal(send_it(w, bytes, sizeof bytes), GW_DROP_QUEUE);
	assert_int_equal(b->t->queue.count % 9, 0);
	b->p.takes_datagrams = true;
	b->p.kicked = true;
	peer_turn(&b->p);
	while (peer_hear_datagram(&b->p, &d))
		assert_int_equal(d.parts, 9);
	assert_int_equal(d.at, 8);
	assert_int_equal(w->stales, 2);
}

/* A session that is lost had taken some that it has not sent. */
static void
what_the_session_has_not_sent_is_told_when_it_is_lost(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, false), *gone = bed_begin(b, false);
	uint8_t bytes[3000] = { 0 };

	assert_int_equal(send_it(w, bytes, sizeof bytes), GW_DROP_NONE);
	assert_int_equal(send_it(w, bytes, 1), GW_DROP_NONE);
	assert_int_equal(send_it(gone, bytes, 1), GW_DROP_NONE);
	bed_end(gone);
	b->p.takes_datagrams = false; /* they are there still */
	gw_tunnel_detach(b->t, GW_E_LOST, "");
	assert_int_equal(w->unsent, 2);
	assert_int_equal(w->stales, 0);
	assert_int_equal(gone->unsent, 0);
	bed_attach(b);
	b->p.takes_datagrams = true;
	assert_int_equal(send_it(w, bytes, 1), GW_DROP_NONE);
	gw_tunnel_detach(b->t, GW_E_LOST, "");
	assert_int_equal(w->unsent, 2);
}

/* What waits is no longer there when the way has become narrower, or the
 * session another. */
static void
what_no_longer_fits_is_dropped_and_told(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, false);
	uint8_t bytes[1000] = { 0 };

	b->p.takes_datagrams = false;
	assert_int_equal(send_it(w, bytes, sizeof bytes), GW_DROP_NONE);
	b->p.datagram_max = 500;
	b->p.takes_datagrams = true;
	b->p.kicked = true;
	peer_turn(&b->p);
	assert_int_equal(w->stales, 1);
	b->p.takes_datagrams = false;
	assert_int_equal(send_it(w, bytes, 100), GW_DROP_NONE);
	gw_tunnel_detach(b->t, GW_E_LOST, "");
	assert_int_equal(w->unsent, 1);
	assert_int_equal(b->t->queue.count, 0);
}

/* For their number, but not for their bytes: those that are there wait. */
static void
f24_without_room_in_the_session_they_wait(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, false);
	struct gw_tunnel_datagram d;

	b->p.full = true;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(
		    send_it(w, (const uint8_t *)"x", 1), GW_DROP_NONE);
	peer_leap(GW_TUNNEL_AGE - 1);
	bed_dispatch(b);
	assert_int_equal(w->stales, 0);
	b->p.full = false;
	b->p.kicked = true;
	peer_turn(&b->p);
	for (unsigned i = 0; i < 5; i++)
		assert_true(peer_hear_datagram(&b->p, &d));
	b->p.full = true;
	assert_int_equal(send_it(w, (const uint8_t *)"x", 1), GW_DROP_NONE);
	peer_leap(GW_TUNNEL_AGE);
	bed_dispatch(b);
	assert_int_equal(w->stales, 1);
	bed_is_there(b);
}

/* Nor is it told again with its next part. */
static void
f24_what_becomes_stale_while_it_is_cut_is_told_once(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, false);
	static const uint8_t bytes[3000];
	struct gw_tunnel_datagram d;

	b->p.takes_datagrams = false;
	assert_int_equal(send_it(w, bytes, sizeof bytes), GW_DROP_NONE);
	b->p.narrows = 500;
	assert_int_equal(send_it(w, bytes, sizeof bytes), GW_DROP_NONE);
	assert_int_equal(w->stales, 1);
	peer_leap(GW_TUNNEL_AGE);
	peer_turn(&b->p);
	bed_dispatch(b);
	assert_int_equal(w->stales, 1);
	while (peer_hear_datagram(&b->p, &d))
		assert_int_equal(d.parts, 7);
	assert_int_equal(d.at, 6);
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(f25_what_lacks_parts_is_told_once),
		CASE(f25_what_lacks_parts_when_the_session_is_lost_is_told),
		CASE(what_has_waited_too_long_is_told_as_stale),
		CASE(f24_one_in_parts_that_is_stale_is_told_once),
		CASE(what_the_session_has_not_sent_is_told_when_it_is_lost),
		CASE(what_no_longer_fits_is_dropped_and_told),
		CASE(f24_without_room_in_the_session_they_wait),
		CASE(f24_what_becomes_stale_while_it_is_cut_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
