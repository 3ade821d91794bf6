/*
 * The states of RFC 9293 one by one: every transition that udp_states.c
 * allows is reached, by name, and no other; the last case compares.
 */
#include <string.h>

#include "udp_story.h"
#include "unit/test.h"

/* What was seen in all cases. */
static unsigned went[GW_UDP_STATES];

static void
end(struct udp_story *t)
{
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < GW_UDP_STATES; k++)
			went[k] |= t->side[i].went[k];
	udp_bed_fini(&t->b);
}

/* ---- four packets close both ways ---- */

static void
close_local_close_then_remote_fin(void **state)
{
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	t.b.side[0].finish = true;
	udp_bed_linger(&t.b, GW_SEC);
	udp_story_assert(&t, 0, "SYN_SENT ESTABLISHED FIN_WAIT_1 FIN_WAIT_2");
	udp_story_assert(&t, 1, "SYN_RCVD ESTABLISHED CLOSE_WAIT");
	t.b.side[1].finish = true;
	udp_bed_linger(&t.b, 10 * GW_SEC);
	udp_bed_check(&t.b);
	udp_story_assert(&t, 0, UDP_STORY_ACTIVE("SYN_SENT"));
	udp_story_assert(&t, 1, UDP_STORY_PASSIVE("SYN_RCVD"));
	end(&t);
}

static void
close_remote_fin_then_close(void **state)
{
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	t.b.side[1].finish = true;
	udp_bed_linger(&t.b, GW_SEC);
	udp_story_assert(&t, 1, "SYN_RCVD ESTABLISHED FIN_WAIT_1 FIN_WAIT_2");
	udp_story_assert(&t, 0, "SYN_SENT ESTABLISHED CLOSE_WAIT");
	t.b.side[0].finish = true;
	udp_bed_linger(&t.b, 10 * GW_SEC);
	udp_bed_check(&t.b);
	udp_story_assert(&t, 1, UDP_STORY_ACTIVE("SYN_RCVD"));
	udp_story_assert(&t, 0, UDP_STORY_PASSIVE("SYN_SENT"));
	end(&t);
}

static void
both_close_at_once(void **state)
{
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	t.b.side[0].finish = t.b.side[1].finish = true;
	udp_bed_linger(&t.b, 10 * GW_SEC);
	udp_bed_check(&t.b);
	udp_story_assert(
	    &t, 0, "SYN_SENT ESTABLISHED FIN_WAIT_1 CLOSING TIME_WAIT CLOSED");
	udp_story_assert(
	    &t, 1, "SYN_RCVD ESTABLISHED FIN_WAIT_1 CLOSING TIME_WAIT CLOSED");
	end(&t);
}

static void
half_closed_data_flows_the_other_way_for_minutes(void **state)
{
	struct udp_bed_options o = udp_story_quiet;

	(void)state;
	o.link.rate = 100000;
	o.link.queue = 30000;
	for (unsigned closer = 0; closer < 2; closer++) {
		const unsigned other = 1 - closer;
		struct udp_story t;

		udp_story_begin(&t, &o);
		t.b.side[closer].to_write[0] = 700;
		t.b.side[closer].finish = true;
		t.b.side[other].to_write[1] = 3000000;
		t.b.side[other].finish = true;
		udp_story_await(&t, closer, GW_UDP_FIN_WAIT_2);
		udp_bed_linger(&t.b, 180 * GW_SEC);
		assert_int_equal(
		    udp_story_state(&t, closer), GW_UDP_FIN_WAIT_2);
		assert_false(t.b.side[other].finished &&
			     t.b.side[closer].got[1] == 3000000);
		udp_bed_linger(&t.b, 300 * GW_SEC);
		udp_bed_check(&t.b);
		assert_int_equal(udp_story_state(&t, 0), GW_UDP_CLOSED);
		assert_int_equal(udp_story_state(&t, 1), GW_UDP_CLOSED);
		end(&t);
	}
}

/* Nobody says anything for twenty minutes: pings keep it. */
static void
half_closed_in_silence_it_stays(void **state)
{
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	t.b.side[0].finish = true;
	udp_story_await(&t, 0, GW_UDP_FIN_WAIT_2);
	udp_bed_linger(&t.b, 1200 * GW_SEC);
	assert_int_equal(udp_story_state(&t, 0), GW_UDP_FIN_WAIT_2);
	assert_int_equal(udp_story_state(&t, 1), GW_UDP_CLOSE_WAIT);
	t.b.side[1].to_write[0] = 1000;
	t.b.side[1].finish = true;
	udp_bed_linger(&t.b, 10 * GW_SEC);
	udp_bed_check(&t.b);
	end(&t);
}

/* ---- what is lost of them ---- */

/* The n-th datagram and `count` from it on that a side sends once its owner
 * has finished. */
struct thief {
	const struct udp_side *side;
	bool after_close; /* else after it has finished */
	unsigned count, seen;
};

static bool
steal(void *arg, const struct net_datagram *d, gw_usec now)
{
	struct thief *t = arg;

	(void)d;
	(void)now;
	if (t->after_close ? !t->side->closed : !t->side->finished)
		return false;
	return t->seen++ < t->count;
}

static void
set_thief(struct udp_story *t, struct thief *thief, unsigned from)
{
	struct net_link_options o = udp_story_quiet.link;

	thief->side = &t->b.side[from];
	o.drop = steal;
	o.drop_arg = thief;
	net_change_link(t->b.net, from == 0 ? t->b.forth : t->b.back, &o, 0);
}

static void
a_lost_fin_is_said_again(void **state)
{
	(void)state;
	for (unsigned closer = 0; closer < 2; closer++) {
		struct thief thief = { .count = 3 };
		struct udp_story t;

		udp_story_begin(&t, &udp_story_quiet);
		udp_story_open(&t);
		set_thief(&t, &thief, closer);
		t.b.side[closer].finish = true;
		t.b.side[1 - closer].answers = true;
		udp_bed_linger(&t.b, 20 * GW_SEC);
		udp_bed_check(&t.b);
		assert_true(thief.seen > 3);
		assert_int_equal(udp_story_state(&t, 0), GW_UDP_CLOSED);
		assert_int_equal(udp_story_state(&t, 1), GW_UDP_CLOSED);
		end(&t);
	}
}

/* Its END is all that is missing: the FIN that overtakes it has to wait. */
static void
fin_waits_for_the_end_of_a_stream(void **state)
{
	struct thief thief = { .count = 1 };
	uint8_t piece[100];
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	for (unsigned i = 0; i < sizeof(piece); i++)
		piece[i] = udp_bed_byte(0, 1, i);
	assert_int_equal(gw_session_write(t.b.side[0].session, 1,
			     gw_slice(piece, sizeof(piece)), t.b.now),
	    sizeof(piece));
	udp_bed_linger(&t.b, GW_SEC);
	assert_int_equal(t.b.side[1].got[1], sizeof(piece));
	set_thief(&t, &thief, 0);
	gw_session_end(t.b.side[0].session, 1);
	t.b.side[0].finish = true;
	t.b.side[1].answers = true;
	udp_bed_linger(&t.b, 10 * GW_SEC);
	assert_true(thief.seen > 1);
	assert_true(t.b.side[1].ended[1]);
	udp_story_assert(&t, 0, UDP_STORY_ACTIVE("SYN_SENT"));
	udp_story_assert_err(&t, 0, GW_OK);
	udp_story_assert_err(&t, 1, GW_OK);
	end(&t);
}

/* Of TIME_WAIT, in which nothing is lost. */
static gw_usec
time_waited(const struct udp_story *t, unsigned side)
{
	const gw_usec *at = t->side[side].at;

	assert_true(at[GW_UDP_TIME_WAIT] > 0);
	assert_true(at[GW_UDP_CLOSED] > at[GW_UDP_TIME_WAIT]);
	return at[GW_UDP_CLOSED] - at[GW_UDP_TIME_WAIT];
}

static void
time_wait_lasts_two_msl(void **state)
{
	struct udp_bed_options o = udp_story_quiet;
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	t.b.side[0].finish = true;
	t.b.side[1].answers = true;
	udp_bed_linger(&t.b, 10 * GW_SEC);
	assert_int_equal(time_waited(&t, 0), 2 * 500000);
	end(&t);

	/* 1.5 PTO are more where the way is long. */
	o.link.delay = 500000;
	udp_story_begin(&t, &o);
	t.b.side[0].finish = true;
	t.b.side[1].answers = true;
	udp_bed_linger(&t.b, 60 * GW_SEC);
	assert_true(time_waited(&t, 0) >= 3 * GW_SEC);
	assert_true(time_waited(&t, 0) <= 2 * 1500000 * 4);
	end(&t);
}

static void
a_lost_last_ack_is_answered_from_time_wait(void **state)
{
	struct thief thief = { .count = 1, .after_close = true };
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	set_thief(&t, &thief, 0);
	t.b.side[0].finish = true;
	t.b.side[1].answers = true;
	udp_bed_linger(&t.b, 20 * GW_SEC);
	udp_bed_check(&t.b);
	assert_true(thief.seen > 1);
	udp_story_assert(&t, 0, UDP_STORY_ACTIVE("SYN_SENT"));
	udp_story_assert(&t, 1, UDP_STORY_PASSIVE("SYN_RCVD"));
	/* Restarted by the FIN that came again. */
	assert_true(time_waited(&t, 0) > 2 * 500000);
	end(&t);
}

static void
time_wait_is_restarted_up_to_four_msl(void **state)
{
	struct thief thief = { .count = 1000, .after_close = true };
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	set_thief(&t, &thief, 0);
	t.b.side[0].finish = true;
	t.b.side[1].answers = true;
	udp_bed_linger(&t.b, 60 * GW_SEC);
	assert_true(thief.seen > 1);
	assert_true(time_waited(&t, 0) > 2 * 500000);
	assert_true(time_waited(&t, 0) <= 4 * 500000);
	/* The other side has all data, and leaves as well. */
	udp_story_assert_err(&t, 0, GW_OK);
	udp_story_assert_err(&t, 1, GW_OK);
	udp_story_assert(&t, 1, UDP_STORY_PASSIVE("SYN_RCVD"));
	end(&t);
}

/* packetdrill close-on-syn-sent, and the listener's part of it */
static void
close_on_syn_sent(void **state)
{
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_bed_linger(&t.b, UDP_STORY_DELAY / 2);
	gw_session_abort(t.b.side[0].session, GW_E_INTERRUPTED, "", t.b.now);
	udp_bed_linger(&t.b, 30 * GW_SEC);
	udp_story_assert_err(&t, 0, GW_E_INTERRUPTED);
	udp_story_assert(&t, 0, "SYN_SENT CLOSED");
	/* Whoever answered it gives up as well. */
	assert_false(t.b.side[1].opened);
	udp_story_assert(&t, 1, "SYN_RCVD CLOSED");
	assert_int_equal(gw_udp_endpoint_count(t.b.side[1].endpoint), 0);
	end(&t);
}

/* ---- every state that a session can be reset in ---- */

static void
a_reset_ends_every_state_on_both_sides(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * UDP_STORY_OPEN_STATES; i++) {
		const enum gw_udp_state in = udp_story_open_states[i / 2];
		const unsigned side = i % 2;
		struct gw_session_event *ev;
		struct udp_story t;

		udp_story_begin(&t, &udp_story_quiet);
		udp_story_bring(&t, side, in);
		gw_session_abort(t.b.side[side].session, GW_E_DISK,
		    "the disk is full", t.b.now);
		udp_bed_linger(&t.b, 5 * GW_SEC);
		udp_story_assert_err(&t, side, GW_E_DISK);
		assert_int_equal(udp_story_state(&t, 0), GW_UDP_CLOSED);
		assert_int_equal(udp_story_state(&t, 1), GW_UDP_CLOSED);
		ev = &t.b.side[1 - side].closed_event;
		assert_true(t.b.side[1 - side].closed);
		/* Who has seen both FINs is through with it. */
		if (in != GW_UDP_CLOSING && in != GW_UDP_LAST_ACK)
			assert_true(ev->closed.by_peer);
		if (ev->closed.by_peer)
			assert_string_equal(
			    t.b.side[1 - side].closed_text, "the disk is full");
		else
			assert_int_equal(ev->closed.err, GW_OK);
		assert_int_equal(
		    gw_udp_endpoint_count(t.b.side[0].endpoint) +
			gw_udp_endpoint_count(t.b.side[1].endpoint),
		    0);
		end(&t);
	}
}

/* ---- what is told of it ---- */

/* The session is long gone; how it went is known. */
static void
its_way_is_remembered_state_by_state(void **state)
{
	const struct gw_udp_info *i;
	struct udp_story t;
	uint64_t changes;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	assert_null(gw_udp_endpoint_past(t.b.side[0].endpoint, 0));
	changes = gw_udp_endpoint_stats(t.b.side[0].endpoint).changes;
	assert_int_equal(changes, 2); /* SYN_SENT, ESTABLISHED */
	t.b.side[0].finish = t.b.side[0].answers = true;
	t.b.side[1].answers = true;
	udp_bed_linger(&t.b, 10 * GW_SEC);
	for (unsigned side = 0; side < 2; side++) {
		struct gw_udp_endpoint *e = t.b.side[side].endpoint;

		assert_int_equal(gw_udp_endpoint_count(e), 0);
		i = gw_udp_endpoint_past(e, 0);
		assert_non_null(i);
		assert_int_equal(i->serial, 1);
		assert_int_equal(i->initiator, side == 0);
		assert_int_equal(i->state, GW_UDP_CLOSED);
		assert_true(i->cipher != 0);
		assert_true(i->entered[side] < i->entered[GW_UDP_ESTABLISHED]);
		assert_true(i->entered[1 - side] == GW_NEVER);
		for (unsigned k = GW_UDP_ESTABLISHED; k < GW_UDP_STATES; k++) {
			const gw_usec at = t.side[side].at[k];

			assert_true(i->entered[k] == (at != 0 ? at : GW_NEVER));
		}
		assert_null(gw_udp_endpoint_past(e, 1));
	}
	/* Five more, and that it went. */
	assert_int_equal(
	    gw_udp_endpoint_stats(t.b.side[0].endpoint).changes, changes + 5);
	end(&t);
}

/* Who dialled wants to know; who was knocked at has other things to keep. */
static void
a_knock_is_remembered_by_who_knocked(void **state)
{
	const struct gw_udp_info *i;
	struct udp_story t;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_bed_linger(&t.b, UDP_STORY_DELAY / 2);
	gw_session_abort(t.b.side[0].session, GW_E_INTERRUPTED, "", t.b.now);
	udp_bed_linger(&t.b, 30 * GW_SEC);
	i = gw_udp_endpoint_past(t.b.side[0].endpoint, 0);
	assert_non_null(i);
	assert_int_equal(i->state, GW_UDP_CLOSED);
	assert_true(i->entered[GW_UDP_ESTABLISHED] == GW_NEVER);
	udp_story_assert(&t, 1, "SYN_RCVD CLOSED");
	assert_null(gw_udp_endpoint_past(t.b.side[1].endpoint, 0));
	end(&t);
}

/* ---- all of it ---- */

#define BIT(s) (1U << GW_UDP_##s)

/* Last: what all of the above went through is all that there is. */
static void
every_transition_was_seen(void **state)
{
	static const unsigned legal[GW_UDP_STATES] = {
		[GW_UDP_SYN_SENT] = BIT(ESTABLISHED) | BIT(CLOSED),
		[GW_UDP_SYN_RCVD] = BIT(ESTABLISHED) | BIT(CLOSED),
		[GW_UDP_ESTABLISHED] =
		    BIT(FIN_WAIT_1) | BIT(CLOSE_WAIT) | BIT(CLOSED),
		[GW_UDP_FIN_WAIT_1] =
		    BIT(FIN_WAIT_2) | BIT(CLOSING) | BIT(CLOSED),
		[GW_UDP_FIN_WAIT_2] = BIT(TIME_WAIT) | BIT(CLOSED),
		[GW_UDP_CLOSING] = BIT(TIME_WAIT) | BIT(CLOSED),
		[GW_UDP_TIME_WAIT] = BIT(CLOSED),
		[GW_UDP_CLOSE_WAIT] = BIT(LAST_ACK) | BIT(CLOSED),
		[GW_UDP_LAST_ACK] = BIT(CLOSED),
	};

	(void)state;
	for (unsigned i = 0; i < GW_UDP_STATES; i++)
		if (went[i] != legal[i])
			fail_msg("%s: %#x instead of %#x",
			    gw_udp_state_name((enum gw_udp_state)i), went[i],
			    legal[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(close_local_close_then_remote_fin),
		cmocka_unit_test(close_remote_fin_then_close),
		cmocka_unit_test(both_close_at_once),
		cmocka_unit_test(
		    half_closed_data_flows_the_other_way_for_minutes),
		cmocka_unit_test(half_closed_in_silence_it_stays),
		cmocka_unit_test(a_lost_fin_is_said_again),
		cmocka_unit_test(fin_waits_for_the_end_of_a_stream),
		cmocka_unit_test(time_wait_lasts_two_msl),
		cmocka_unit_test(a_lost_last_ack_is_answered_from_time_wait),
		cmocka_unit_test(time_wait_is_restarted_up_to_four_msl),
		cmocka_unit_test(close_on_syn_sent),
		cmocka_unit_test(a_reset_ends_every_state_on_both_sides),
		cmocka_unit_test(its_way_is_remembered_state_by_state),
		cmocka_unit_test(a_knock_is_remembered_by_who_knocked),
		cmocka_unit_test(every_transition_was_seen),
	};

	return cmocka_run_group_tests_name("udp_states", tests, NULL, NULL);
}
