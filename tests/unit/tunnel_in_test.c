/* What comes in a tunnel: messages out of streams, from a peer that keeps to
 * the rules and from one that does not. */
#include <string.h>

#include "alloc.h"
#include "tunnel_bed.h"

static const uint8_t some[60000] = { 1, 2, 3 };

/* The peer has dialled: even numbers and lanes are its. */
enum { LANE = 2, FLOW = 4 };

static void
begin(struct bed *b)
{
	peer_say(&b->p, LANE,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_FLOW, .flow = FLOW, .rule = 7 });
	peer_turn(&b->p);
	assert_int_equal(b->count, 1);
}

static void
messages_and_data_come_in_any_pieces(void **state)
{
	struct bed *b = *state;
	uint8_t all[512];
	size_t n = 0;

	n += gw_tunnel_encode(
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_FLOW, .flow = FLOW, .rule = 7 },
	    all, sizeof all);
	gw_tunnel_data_head(FLOW, 100, all + n);
	n += GW_TUNNEL_DATA_HEAD + 100;
	gw_tunnel_data_head(FLOW, 0, all + n); /* of nothing, as well */
	n += GW_TUNNEL_DATA_HEAD;
	n += gw_tunnel_encode(
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_END, .flow = FLOW },
	    all + n, sizeof all - n);
	for (size_t piece = 1; piece <= n; piece++) {
		const unsigned i = b->count;

		for (size_t at = 0; at < n; at += piece)
			peer_bytes(&b->p, LANE, all + at,
			    n - at < piece ? n - at : piece);
		peer_turn(&b->p);
		bed_is_there(b);
		assert_int_equal(b->count, i + 1);
		assert_int_equal(b->flows[i].bytes, 100);
		assert_int_equal(b->flows[i].last, GW_TUNNEL_END);
		bed_end(&b->flows[i]);
		b->count = i;
		assert_int_equal(b->p.credited, piece * n);
	}
}

/* What one lane lacks keeps no other waiting. */
static void
a_message_that_is_not_whole_holds_up_its_lane_only(void **state)
{
	struct bed *b = *state;
	const uint8_t half[] = { GW_TUNNEL_READY, 0 };
	const struct gw_tunnel_message open = { .kind = GW_TUNNEL_OPEN,
		.rule = 1 };

	begin(b);
	for (uint16_t i = 3; i < GW_STREAMS_MAX; i++)
		peer_bytes(&b->p, i, half, sizeof half);
	peer_say(&b->p, 0, &open);
	peer_data(&b->p, LANE, FLOW, some, 10);
	peer_turn(&b->p);
	bed_is_there(b);
	assert_int_equal(b->controls, 1);
	assert_int_equal(b->flows[0].bytes, 10);
}

static void
breaks(void **state, void (*say)(struct bed *))
{
	struct bed *b = *state;

	say(b);
	/* What comes behind it is not looked at. */
	peer_data(&b->p, LANE, FLOW, some, 10);
	peer_turn(&b->p);
	bed_is_lost(b, GW_E_PROTOCOL, "not from `godwit forward --via`");
	assert_int_equal(b->flows[0].bytes, 0);
	assert_int_equal(b->flows[0].losses, b->count);
}

static void
bytes_that_are_no_message_end_the_session(void **state)
{
	struct bed *b = *state;
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = { { "\0\0\0", 3 }, { "\x63\0\0", 3 },   /* no such kind */
		{ "\2\x21\0", 3 }, { "\x0a\xea\x65", 3 }, /* too long */
		{ "\x0a\0\3\0\0\0", 6 },         /* data without a flow */
		{ "\x09\0\3\0\0\0", 6 },         /* too short for its kind, */
		{ "\x09\0\5\0\0\0\4\0", 8 },     /* too long for it */
		{ "\x0c\0\5\0\0\0\4\x06", 8 } }; /* no such reason */

	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		begin(b);
		peer_bytes(&b->p, LANE, bad[i].bytes, bad[i].n);
		peer_data(&b->p, LANE, FLOW, some, 10);
		peer_turn(&b->p);
		bed_is_lost(
		    b, GW_E_PROTOCOL, "not from `godwit forward --via`");
		assert_int_equal(b->flows[0].bytes, 0);
		assert_int_equal(b->flows[0].losses, 1);
		bed_end(&b->flows[0]);
		b->count = b->losses = 0;
		bed_attach(b);
	}
}

static void
control_on_a_lane(struct bed *b)
{
	begin(b);
	peer_say(&b->p, LANE,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_CLOSE });
}

static void
a_flow_on_the_first_stream(struct bed *b)
{
	begin(b);
	peer_say(&b->p, 0,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_FLOW, .flow = 6, .rule = 7 });
}

static void
a_number_of_ours(struct bed *b)
{
	begin(b);
	peer_say(&b->p, LANE,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_FLOW, .flow = 5, .rule = 7 });
}

static void
a_number_that_is_taken(struct bed *b)
{
	begin(b);
	peer_say(&b->p, 6,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_FLOW, .flow = FLOW, .rule = 7 });
}

static void
what_the_owner_does_not_understand(struct bed *b)
{
	begin(b);
	b->refuses = true;
	peer_say(
	    &b->p, 0, &(struct gw_tunnel_message){ .kind = GW_TUNNEL_HELLO });
}

static void
the_end_of_a_stream(struct bed *b)
{
	begin(b);
	peer_event(&b->p, &(struct gw_session_event){ .kind = GW_SESSION_DATA,
			      .data = { 8, { .n = 0 }, true } });
}

static void
a_stream_reset(struct bed *b)
{
	begin(b);
	peer_event(&b->p, &(struct gw_session_event){
			      .kind = GW_SESSION_RESET, .reset = { 8, 1 } });
}

#define BREAKS(say)                                                            \
	static void say##_ends_the_session(void **state)                       \
	{                                                                      \
		breaks(state, say);                                            \
	}

BREAKS(control_on_a_lane)
BREAKS(a_flow_on_the_first_stream)
BREAKS(a_number_of_ours)
BREAKS(a_number_that_is_taken)
BREAKS(what_the_owner_does_not_understand)
BREAKS(the_end_of_a_stream)
BREAKS(a_stream_reset)

/* It may have ended here while that was on its way. */
static void
what_is_for_no_flow_is_left_out(void **state)
{
	struct bed *b = *state;

	begin(b);
	for (unsigned k = GW_TUNNEL_KNOWN; k < GW_TUNNEL_KINDS; k++)
		if (k != GW_TUNNEL_DATA && k != GW_TUNNEL_FLOW) {
			struct gw_tunnel_message m = { .kind = k, .flow = 40 };

			/* No number, one of ours, and lanes that it is not
			 * on. */
			peer_say(&b->p, LANE, &m);
			m.flow = 41;
			peer_say(&b->p, LANE, &m);
			m.flow = FLOW;
			peer_say(&b->p, LANE + 2, &m);
			peer_say(&b->p, LANE + 1, &m);
			peer_say(&b->p, 0, &m);
		}
	peer_data(&b->p, LANE, 40, some, sizeof some);
	peer_data(&b->p, LANE, 41, some, sizeof some);
	peer_data(&b->p, LANE + 2, FLOW, some, sizeof some);
	peer_data(&b->p, 0, FLOW, some, sizeof some);
	peer_data(&b->p, LANE, FLOW, some, 5);
	peer_turn(&b->p);
	bed_is_there(b);
	assert_int_equal(b->flows[0].messages, 0);
	assert_int_equal(b->flows[0].bytes, 5);
}

/* Of lanes each side takes its own, but nothing depends on it. */
static void
what_shares_a_lane_is_kept_apart_by_its_number(void **state)
{
	struct bed *b = *state;
	struct bed_flow *own = bed_begin(b, true);
	const uint16_t lane = own->in.lane;

	peer_say(&b->p, lane,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_FLOW, .flow = FLOW, .rule = 7 });
	peer_data(&b->p, lane, FLOW, some, 3);
	peer_data(&b->p, lane, own->in.id, some, 4);
	peer_say(&b->p, lane,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_END, .flow = FLOW });
	peer_turn(&b->p);
	bed_is_there(b);
	assert_int_equal(b->count, 2);
	assert_int_equal(own->bytes, 4);
	assert_int_equal(own->messages, 0);
	assert_int_equal(b->flows[1].bytes, 3);
	assert_int_equal(b->flows[1].messages, 1);
}

static void
is_refused(struct bed *b, uint32_t flow, uint16_t rule, uint16_t port)
{
	struct gw_tunnel_message m = {
		.kind = GW_TUNNEL_FLOW, .flow = flow, .rule = rule, .port = port
	};

	peer_say(&b->p, LANE, &m);
	peer_turn(&b->p);
	bed_is_there(b);
	assert_int_equal(b->count, 0);
	assert_true(peer_hear(&b->p, LANE, &m));
	assert_int_equal(m.kind, GW_TUNNEL_RESET);
	assert_int_equal(m.flow, flow);
	assert_int_equal(m.reason, GW_TUNNEL_REFUSED);
	assert_false(peer_hear(&b->p, LANE, &m));
}

static void
a_flow_of_no_open_rule_is_refused(void **state)
{
	struct bed *b = *state;
	struct gw_via_rule *r = &b->rule;

	is_refused(b, 2, 8, 0);
	is_refused(b, 2, 7, 2); /* it has two ports */
	r->accepted = false;
	is_refused(b, 4, 7, 0);
	r->accepted = r->listens = true;
	is_refused(b, 4, 7, 0);
	r->listens = false;
	r->flow = NULL; /* it is one of datagrams */
	is_refused(b, 4, 7, 0);
}

static void
a_rule_that_drains_begins_no_flow(void **state)
{
	struct bed *b = *state;

	b->rule.base.draining = true;
	is_refused(b, 2, 7, 0);
}

static void
a_flow_may_end_in_any_call(void **state)
{
	struct bed *b = *state;

	begin(b);
	b->flows[0].ends = true;
	/* In the middle of its data, whose rest comes all the same. */
	peer_data(&b->p, LANE, FLOW, some, 1000);
	peer_turn(&b->p);
	peer_say(&b->p, LANE,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_FLOW, .flow = FLOW + 2, .rule = 7 });
	peer_turn(&b->p);
	assert_int_equal(b->count, 2);
	b->flows[1].ends = true;
	peer_say(&b->p, LANE,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_RESET, .flow = FLOW + 2 });
	peer_turn(&b->p);
	bed_is_there(b);
	assert_false(b->flows[0].there || b->flows[1].there);
}

static void
begin_another(struct bed *b, uint32_t flow)
{
	peer_say(&b->p, LANE,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_FLOW, .flow = flow, .rule = 7 });
	peer_turn(&b->p);
	b->flows[b->count - 1].gathers = true;
}

static void
what_comes_together_is_settled_once_and_last(void **state)
{
	struct bed *b = *state;

	begin_another(b, FLOW);
	begin_another(b, FLOW + 2);
	for (unsigned i = 0; i < 3; i++)
		peer_data(&b->p, LANE, FLOW, some, 1000);
	peer_data(&b->p, LANE, FLOW + 2, some, 10);
	peer_turn(&b->p);
	assert_int_equal(b->flows[0].settled, 1);
	assert_int_equal(b->flows[0].settled_bytes, 3000);
	assert_int_equal(b->flows[1].settled, 1);
	peer_turn(&b->p);
	assert_int_equal(b->flows[0].settled, 1);

	/* Before the session goes with which it came. */
	peer_data(&b->p, LANE, FLOW, some, 1);
	peer_leave(&b->p, GW_E_INTERRUPTED, "it was told to stop");
	peer_turn(&b->p);
	assert_int_equal(b->losses, 1);
	assert_int_equal(b->flows[0].settled_bytes, 3001);
	assert_int_equal(b->flows[0].settled_lost, 0);
}

static void
what_makes_no_sense_comes_after_what_did(void **state)
{
	struct bed *b = *state;

	begin_another(b, FLOW);
	peer_data(&b->p, LANE, FLOW, some, 1000);
	peer_bytes(&b->p, LANE, "\xff\xff\xff", 3);
	peer_turn(&b->p);
	assert_int_equal(b->losses, 1);
	assert_int_equal(b->flows[0].settled_bytes, 1000);
	assert_int_equal(b->flows[0].settled_lost, 0);
}

/* Who settles may end others that wait to. */
static void
who_has_ended_settles_nothing(void **state)
{
	struct bed *b = *state;

	for (uint32_t i = 0; i < 3; i++)
		begin_another(b, FLOW + 2 * i);
	b->flows[0].ends_too = &b->flows[1];
	for (uint32_t i = 0; i < 3; i++)
		peer_data(&b->p, LANE, FLOW + 2 * i, some, 10);
	peer_turn(&b->p);
	bed_is_there(b);
	assert_int_equal(b->flows[0].settled, 1);
	assert_int_equal(b->flows[1].settled, 0);
	assert_int_equal(b->flows[2].settled, 1);
}

static void
why_the_session_ended_is_passed_on(void **state)
{
	struct bed *b = *state;

	begin(b);
	b->flows[0].ends = true;
	peer_leave(&b->p, GW_E_INTERRUPTED, "godwit serve has ended there");
	peer_turn(&b->p);
	bed_is_lost(b, GW_E_INTERRUPTED, "godwit serve has ended there");
	assert_int_equal(b->flows[0].losses, 1);
}

static void
an_end_without_a_word_is_a_loss(void **state)
{
	struct bed *b = *state;

	peer_leave(&b->p, GW_OK, "");
	peer_turn(&b->p);
	bed_is_lost(b, GW_E_LOST, gw_err_text(GW_E_LOST));
}

/* A lane, the bytes of a message: what does not find memory ends the session,
 * which says so, and nothing else. */
static void
without_memory_the_session_is_lost(void **state)
{
	struct bed *b = *state;
	const uint8_t half[] = { GW_TUNNEL_READY, 0 };

	for (long n = 0;; n++) {
		assert_true(n < 100);
		peer_bytes(&b->p, LANE, half, sizeof half);
		test_fail_alloc(n);
		peer_turn(&b->p);
		test_fail_alloc(-1);
		if (b->losses == 0)
			break;
		bed_is_lost(
		    b, GW_E_MEMORY, "no memory was left for the tunnel");
		b->losses = 0;
		bed_attach(b);
	}
}

/* The other side may have flows of another run still, which is not to be met;
 * by its number each side's own are known, however many there were. */
static void
numbers_begin_anywhere_and_stay_this_sides(void **state)
{
	struct bed *b = *state;
	struct gw_tunnel_flow w[2] = { { .ops = NULL } };
	struct gw_tunnel *t[2];

	for (unsigned i = 0; i < 4; i++) {
		for (unsigned k = 0; k < 2; k++) {
			assert_int_equal(
			    gw_tunnel_new(b->g, i % 2 == 0, &t[k]), GW_OK);
			if (i >= 2)
				t[k]->next_id |= UINT32_MAX << 1;
			assert_int_equal(
			    gw_tunnel_flow_begin(t[k], &w[k], false), GW_OK);
			assert_int_equal(w[k].id % 2, i % 2);
			gw_tunnel_flow_end(&w[k]);
		}
		assert_int_equal(w[0].id == w[1].id, i >= 2);
		gw_tunnel_free(t[0]);
		gw_tunnel_free(t[1]);
	}
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(messages_and_data_come_in_any_pieces),
		CASE(a_message_that_is_not_whole_holds_up_its_lane_only),
		CASE(bytes_that_are_no_message_end_the_session),
		CASE(control_on_a_lane_ends_the_session),
		CASE(a_flow_on_the_first_stream_ends_the_session),
		CASE(a_number_of_ours_ends_the_session),
		CASE(a_number_that_is_taken_ends_the_session),
		CASE(what_the_owner_does_not_understand_ends_the_session),
		CASE(the_end_of_a_stream_ends_the_session),
		CASE(a_stream_reset_ends_the_session),
		CASE(what_is_for_no_flow_is_left_out),
		CASE(what_shares_a_lane_is_kept_apart_by_its_number),
		CASE(a_flow_of_no_open_rule_is_refused),
		CASE(a_rule_that_drains_begins_no_flow),
		CASE(a_flow_may_end_in_any_call),
		CASE(what_comes_together_is_settled_once_and_last),
		CASE(what_makes_no_sense_comes_after_what_did),
		CASE(who_has_ended_settles_nothing),
		CASE(why_the_session_ended_is_passed_on),
		CASE(an_end_without_a_word_is_a_loss),
		CASE(without_memory_the_session_is_lost),
		CASE(numbers_begin_anywhere_and_stay_this_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
