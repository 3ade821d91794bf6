/* A tunnel: numbers, lanes, what waits for the other side, and how long. */
#include "run/tunnel.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "os/clock.h"
#include "tunnel_bed.h"

static const struct gw_tunnel_message known = { .kind = GW_TUNNEL_KNOWN,
	.flow = 3 };
enum { KNOWN_BYTES = 7 }; /* of that */
static const uint8_t some_text[GW_TUNNEL_TEXT] = { 'x' };

static void
each_side_has_numbers_and_lanes_of_its_own(struct bed *b, unsigned parity)
{
	struct bed_flow *w;
	uint32_t before = 0;

	for (unsigned i = 0; i < GW_STREAMS_MAX; i++) {
		w = bed_begin(b, i > 0);
		assert_int_equal(w->in.id % 2, parity);
		assert_true(w->in.id > before);
		before = w->in.id;
		if (i == 0) {
			assert_int_equal(w->in.lane, 0);
		} else {
			assert_int_not_equal(w->in.lane, 0);
			assert_true(w->in.lane < GW_STREAMS_MAX);
			assert_int_equal(w->in.lane % 2, parity);
		}
		bed_end(w);
		b->count = 0;
	}
}

static void
who_dialled_has_even_numbers_and_lanes(void **state)
{
	each_side_has_numbers_and_lanes_of_its_own(*state, 0);
}

static void
who_waited_has_odd_numbers_and_lanes(void **state)
{
	each_side_has_numbers_and_lanes_of_its_own(*state, 1);
}

/* As few as may be share one, and those that were used are used again. */
static void
the_first_lane_with_the_fewest_is_taken(void **state)
{
	enum { LANES = (GW_STREAMS_MAX - 1) / 2 + 1 };
	struct bed *b = *state;
	struct gw_tunnel_flow w[LANES + 2] = { { .id = 0 } };

	for (unsigned i = 0; i < LANES; i++) {
		assert_int_equal(
		    gw_tunnel_flow_begin(b->t, &w[i], true), GW_OK);
		assert_int_equal(w[i].lane, 1 + 2 * i);
	}
	assert_int_equal(gw_tunnel_flow_begin(b->t, &w[LANES], true), GW_OK);
	assert_int_equal(w[LANES].lane, 1);
	gw_tunnel_flow_end(&w[7]);
	gw_tunnel_flow_end(&w[3]);
	gw_tunnel_flow_end(&w[0]);
	assert_int_equal(
	    gw_tunnel_flow_begin(b->t, &w[LANES + 1], true), GW_OK);
	assert_int_equal(w[LANES + 1].lane, w[3].lane);
	for (unsigned i = 0; i < LANES + 2; i++)
		gw_tunnel_flow_end(&w[i]);
	for (unsigned i = 0; i < GW_STREAMS_MAX; i++)
		assert_int_equal(b->t->on_lane[i], 0);
}

static void
past_the_most_flows_none_begins(void **state)
{
	struct bed *b = *state;
	static struct bed_flow many[GW_TUNNEL_FLOWS];
	struct gw_tunnel_flow one = { .ops = NULL }, theirs = { .id = 90000 };

	for (unsigned i = 0; i < GW_TUNNEL_FLOWS; i++)
		assert_int_equal(
		    gw_tunnel_flow_begin(b->t, &many[i].in, i % 2), GW_OK);
	assert_int_equal(gw_tunnel_flow_begin(b->t, &one, true), GW_E_LIMIT);
	assert_int_equal(gw_tunnel_flow_take(b->t, &theirs), GW_E_LIMIT);
	gw_tunnel_flow_end(&one); /* which does nothing: it is none */
	gw_tunnel_flow_end(&many[7].in);
	assert_int_equal(gw_tunnel_flow_take(b->t, &theirs), GW_OK);
	gw_tunnel_flow_end(&theirs);
	for (unsigned i = 0; i < GW_TUNNEL_FLOWS; i++)
		gw_tunnel_flow_end(&many[i].in);
}

static void
what_waits_leaves_in_order_when_there_is_room(void **state)
{
	struct bed *b = *state;
	struct gw_tunnel_message m;

	b->p.takes = 3;
	for (uint32_t i = 1; i <= 3; i++)
		gw_tunnel_say(b->t, 4,
		    &(struct gw_tunnel_message){
			.kind = GW_TUNNEL_KNOWN, .flow = i });
	peer_turn(&b->p);
	assert_false(peer_hear(&b->p, 4, &m));
	b->p.takes = KNOWN_BYTES;
	b->p.kicked = true;
	peer_turn(&b->p);
	assert_true(peer_hear(&b->p, 4, &m));
	assert_int_equal(m.flow, 1);
	assert_false(peer_hear(&b->p, 4, &m));
	b->p.takes = SIZE_MAX;
	b->p.kicked = true;
	peer_turn(&b->p);
	for (uint32_t i = 2; i <= 3; i++) {
		assert_true(peer_hear(&b->p, 4, &m));
		assert_int_equal(m.flow, i);
	}
	assert_false(peer_hear(&b->p, 4, &m));
	bed_is_there(b);
}

/* A long one. */
static const struct gw_tunnel_message refusal = { .kind = GW_TUNNEL_REFUSE,
	.text = { some_text, sizeof some_text } };
enum { REFUSAL_BYTES = GW_TUNNEL_HEAD + 2 + sizeof some_text };

/* On all lanes together: memory is the same, however a peer spreads it. */
static void
more_than_may_wait_ends_the_session(void **state)
{
	struct bed *b = *state;
	uint16_t lane = 0;
	size_t waits = 0;

	b->p.takes = 0;
	while (b->losses == 0) {
		gw_tunnel_say(b->t, lane++ % GW_STREAMS_MAX, &refusal);
		waits += REFUSAL_BYTES;
		assert_true(waits <= GW_TUNNEL_BACKLOG + 2 * REFUSAL_BYTES);
		peer_turn(&b->p);
	}
	assert_true(waits > GW_TUNNEL_BACKLOG);
	bed_is_lost(b, GW_E_PROTOCOL, "more waits for the other side");
	/* The next one begins with nothing that waits. */
	b->losses = 0;
	bed_attach(b);
	b->p.takes = 0;
	gw_tunnel_say(b->t, 0, &refusal);
	peer_turn(&b->p);
	bed_is_there(b);
}

static void
what_has_left_waits_no_more(void **state)
{
	struct bed *b = *state;

	for (unsigned i = 0; i < 2 * GW_TUNNEL_BACKLOG / REFUSAL_BYTES; i++) {
		b->p.takes = 0;
		gw_tunnel_say(b->t, i % GW_STREAMS_MAX, &refusal);
		b->p.takes = REFUSAL_BYTES;
		peer_turn(&b->p);
	}
	bed_is_there(b);
}

static void
who_waits_for_room_is_told_once_in_turn(void **state)
{
	struct bed *b = *state;
	struct bed_flow *v[4], *late;

	b->p.takes = GW_TUNNEL_DATA_HEAD;
	for (unsigned i = 0; i < 4; i++) {
		v[i] = bed_begin(b, true);
		assert_int_equal(gw_tunnel_room(&v[i]->in), 0);
		assert_int_equal(gw_tunnel_room(&v[i]->in), 0);
	}
	/* Neither who has ended meanwhile, first or last, */
	bed_end(v[3]);
	bed_end(v[0]);
	late = bed_begin(b, true);
	assert_int_equal(gw_tunnel_room(&late->in), 0);
	/* nor who ends while it is told. */
	v[1]->ends = true;
	b->p.takes = 1000;
	b->p.kicked = true;
	peer_turn(&b->p);
	assert_int_equal(v[0]->writables + v[3]->writables, 0);
	assert_int_equal(v[1]->writables, 1);
	assert_int_equal(v[2]->writables, 1);
	assert_int_equal(late->writables, 1);
	assert_int_equal(gw_tunnel_room(&v[2]->in), 1000 - GW_TUNNEL_DATA_HEAD);
	b->p.kicked = true;
	peer_turn(&b->p);
	assert_int_equal(v[2]->writables, 1);
}

static void
behind_what_waits_on_a_lane_there_is_no_room(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, true);

	b->p.takes = 0;
	gw_tunnel_say(b->t, w->in.lane, &known);
	b->p.takes = 1000;
	assert_int_equal(gw_tunnel_room(&w->in), 0);
	peer_turn(&b->p);
	assert_int_equal(w->writables, 1);
	assert_int_not_equal(gw_tunnel_room(&w->in), 0);
}

static void
data_goes_under_the_flow_s_number(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, true);
	struct iovec places[GW_TUNNEL_PLACES];
	struct gw_tunnel_message m;

	/* As many messages as are made at once, all full or the last not. */
	for (size_t less = 0; less < GW_TUNNEL_DATA_MAX; less += 12345) {
		const size_t n = gw_tunnel_room(&w->in) - less;
		size_t left = n;

		assert_int_equal(
		    n + less, GW_TUNNEL_PLACES * GW_TUNNEL_DATA_MAX);
		assert_int_equal(
		    gw_tunnel_places(b->t, n, places), GW_TUNNEL_PLACES);
		for (int i = 0; i < GW_TUNNEL_PLACES; i++)
			memset(places[i].iov_base, 1 + i, places[i].iov_len);
		gw_tunnel_data(&w->in, n);
		peer_turn(&b->p);
		for (int i = 0; i < GW_TUNNEL_PLACES; i++) {
			assert_true(peer_hear(&b->p, w->in.lane, &m));
			assert_int_equal(m.kind, GW_TUNNEL_DATA);
			assert_int_equal(m.flow, w->in.id);
			assert_int_equal(m.text.n, places[i].iov_len);
			assert_int_equal(m.text.p[m.text.n - 1], 1 + i);
			left -= m.text.n;
		}
		assert_int_equal(left, 0);
	}
	/* What there is room for counts the heads. */
	for (size_t takes = GW_TUNNEL_DATA_HEAD + 1; takes < 300000;
	     takes += 9973) {
		b->p.takes = takes;
		gw_tunnel_data(&w->in, gw_tunnel_room(&w->in));
		b->p.takes = 0;
		assert_int_equal(b->t->backlog, 0);
		while (peer_hear(&b->p, w->in.lane, &m))
			;
	}
}

/* Whoever writes does not fill what the CPU has in its cache. */
static void
who_waits_for_room_lets_leave_what_was_written(void **state)
{
	struct bed *b = *state;
	struct bed_flow *v[2];

	b->p.takes = 0;
	for (unsigned i = 0; i < 2; i++) {
		v[i] = bed_begin(b, true);
		assert_int_equal(gw_tunnel_room(&v[i]->in), 0);
	}
	v[0]->writes = true;
	b->p.takes = SIZE_MAX;
	b->p.kicked = true;
	peer_turn(&b->p);
	assert_int_equal(v[0]->writables, 1);
	assert_int_equal(v[1]->writables, 0);
	assert_true(b->p.wants);
	b->p.kicked = true;
	peer_turn(&b->p);
	assert_int_equal(v[1]->writables, 1);
	assert_false(b->p.wants);
}

/* A live peer says something every two seconds. */
static void
fifteen_seconds_of_silence_end_the_session(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, true);

	w->ends = true;
	peer_leap(14 * GW_SEC);
	bed_dispatch(b);
	bed_is_there(b);
	b->p.heard_at = gw_clock_now();
	b->p.kicked = true;
	peer_turn(&b->p);
	peer_leap(14 * GW_SEC);
	bed_dispatch(b);
	bed_is_there(b);
	peer_leap(1 * GW_SEC);
	bed_dispatch(b);
	bed_is_lost(b, GW_E_LOST, "nothing came any more");
	assert_int_equal(w->losses, 1);
}

static void
who_waited_in_a_lost_session_is_not_told_in_the_next(void **state)
{
	struct bed *b = *state;
	struct bed_flow *gone = bed_begin(b, true), *w = bed_begin(b, true);

	b->p.takes = 0;
	assert_int_equal(gw_tunnel_room(&w->in), 0);
	assert_int_equal(gw_tunnel_room(&gone->in), 0);
	gone->ends = true;
	peer_leave(&b->p, GW_E_LOST, "");
	peer_turn(&b->p);
	assert_int_equal(b->losses, 1);
	bed_attach(b);
	assert_int_equal(w->writables, 0);
	b->p.takes = 0;
	assert_int_equal(gw_tunnel_room(&w->in), 0);
	b->p.takes = 1000;
	b->p.kicked = true;
	peer_turn(&b->p);
	assert_int_equal(w->writables, 1);
}

static void
without_a_session_nothing_is_said(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, true);

	gw_tunnel_detach(b->t, GW_E_INTERRUPTED, "that is all");
	assert_true(b->p.closed);
	assert_string_equal(b->p.why, "that is all");
	assert_int_equal(b->losses, 0); /* who detaches knows it */
	assert_int_equal(w->losses, 1);
	gw_tunnel_say(b->t, 0, &known);
	assert_int_equal(gw_tunnel_room(&w->in), 0);
	gw_tunnel_detach(b->t, GW_E_INTERRUPTED, "again");
	peer_leap(100 * GW_SEC);
	bed_dispatch(b);
	assert_int_equal(b->losses, 0);
}

/* Whoever came again has all that was there; what comes is for it. */
static void
another_tunnel_takes_over_rules_and_flows(void **state)
{
	struct bed *b = *state;
	struct bed_flow *w = bed_begin(b, false);
	struct gw_tunnel *fresh;
	struct peer second;

	assert_int_equal(gw_tunnel_new(b->g, false, &fresh), GW_OK);
	fresh->owner = b->t->owner;
	peer_init(&second);
	gw_tunnel_attach(fresh, &second.conn);
	gw_tunnel_adopt(fresh, b->t);
	assert_true(b->p.closed);
	assert_int_equal(b->losses, 0);
	assert_int_equal(w->losses, 1);
	gw_tunnel_free(b->t);
	b->t = fresh;
	assert_ptr_equal(gw_tunnel_rule(fresh, 7), &b->rule);
	assert_ptr_equal(b->rule.tunnel, fresh);
	assert_null(gw_tunnel_rule(fresh, 8));
	peer_say(&second, 0,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_OVER, .flow = w->in.id });
	peer_turn(&second);
	assert_int_equal(w->messages, 1);
	/* Numbers go on where they were: none comes again soon. */
	bed_end(w);
	assert_int_equal(bed_begin(b, false)->in.id, w->in.id + 2);
	gw_tunnel_detach(fresh, GW_E_INTERRUPTED, "");
	peer_fini(&second);
}

static void
without_memory_there_is_none(void **state)
{
	struct bed *b = *state;
	struct gw_tunnel *t = NULL;
	enum gw_err err = GW_E_MEMORY;

	for (long n = 0; err != GW_OK; n++) {
		test_fail_alloc(n);
		err = gw_tunnel_new(b->g, true, &t);
		test_fail_alloc(-1);
		if (err != GW_OK) {
			assert_int_equal(err, GW_E_MEMORY);
			assert_null(t);
		}
	}
	gw_tunnel_free(t);
	gw_tunnel_free(NULL);
}

/* Neither a message nor what waits may be forgotten: the session is lost, and
 * behind half a message nothing goes. */
static void
what_cannot_be_kept_ends_the_session(void **state)
{
	struct bed *b = *state;

	for (long n = 0;; n++) {
		assert_true(n < 100);
		b->p.takes = 3;
		test_fail_alloc(n);
		gw_tunnel_say(b->t, 4, &known);
		test_fail_alloc(-1);
		b->p.takes = SIZE_MAX;
		gw_tunnel_say(b->t, 4, &known);
		peer_turn(&b->p);
		if (b->losses == 0)
			break;
		assert_true(b->p.heard[4].n <= 3);
		bed_is_lost(b, GW_E_MEMORY, "no memory was left");
		b->losses = 0;
		bed_attach(b);
	}
	assert_int_equal(b->p.heard[4].n, 2 * KNOWN_BYTES);
}

static void
without_memory_no_flow_begins(void **state)
{
	struct bed *b = *state;
	static struct gw_tunnel_flow v[256];
	unsigned count = 0, failed = 0;

	while (count < 256) {
		test_fail_alloc(0);
		if (gw_tunnel_flow_begin(b->t, &v[count], true) == GW_OK)
			count++;
		else
			failed++;
		test_fail_alloc(-1);
		if (failed > 0 && count < 256) {
			assert_int_equal(
			    gw_tunnel_flow_begin(b->t, &v[count], true), GW_OK);
			count++;
		}
	}
	assert_int_not_equal(failed, 0);
	for (unsigned i = 0; i < count; i++)
		gw_tunnel_flow_end(&v[i]);
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    who_dialled_has_even_numbers_and_lanes, bed_setup_initiator,
		    bed_teardown),
		CASE(who_waited_has_odd_numbers_and_lanes),
		CASE(the_first_lane_with_the_fewest_is_taken),
		CASE(past_the_most_flows_none_begins),
		CASE(what_waits_leaves_in_order_when_there_is_room),
		CASE(more_than_may_wait_ends_the_session),
		CASE(what_has_left_waits_no_more),
		CASE(who_waits_for_room_is_told_once_in_turn),
		CASE(behind_what_waits_on_a_lane_there_is_no_room),
		CASE(data_goes_under_the_flow_s_number),
		CASE(who_waits_for_room_lets_leave_what_was_written),
		CASE(fifteen_seconds_of_silence_end_the_session),
		CASE(who_waited_in_a_lost_session_is_not_told_in_the_next),
		CASE(without_a_session_nothing_is_said),
		CASE(another_tunnel_takes_over_rules_and_flows),
		CASE(without_memory_there_is_none),
		CASE(what_cannot_be_kept_ends_the_session),
		CASE(without_memory_no_flow_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
