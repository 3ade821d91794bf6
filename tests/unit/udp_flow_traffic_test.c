/* What passes in flows, what does not, and that each is counted. */
#include "forward/udp_flow.h"

#include "test.h"
#include "udp_flow_fixture.h"

static const struct gw_udp_flow_options plain = { .per_source = 1000 };

static void
f1_what_passes_and_what_does_not_add_up(void **state)
{
	const struct gw_udp_load l = { .count = 1, .bytes = 10, .segment = 10 };
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	for (unsigned i = 0; i < 5; i++)
		f = flow_asked(&b, 1);
	gw_udp_flows_lost_request(b.t, f, &l, GW_DROP_TOO_BIG);
	gw_udp_flows_lost_request(b.t, f, &l, GW_DROP_QUEUE);
	assert_int_equal(flow_answer(&b, f, 3, 10), 3);
	gw_udp_flows_lost_reply(b.t, f, &l, GW_DROP_NO_ROUTE);
	gw_udp_flows_drop(b.t, NULL, GW_DROP_KERNEL, 7);
	assert_int_equal(f->requests.packets, 3);
	assert_int_equal(f->requests.bytes, 30);
	assert_int_equal(f->replies.packets, 2);
	assert_int_equal(b.t->requests.packets, 3);
	assert_int_equal(b.t->replies.bytes, 20);
	assert_int_equal(f->drops[GW_DROP_TOO_BIG], 1);
	assert_int_equal(f->drops[GW_DROP_QUEUE], 1);
	assert_int_equal(f->drops[GW_DROP_NO_ROUTE], 1);
	assert_int_equal(f->last_drop, GW_DROP_NO_ROUTE);
	assert_int_equal(b.t->drops[GW_DROP_TOO_BIG], 1);
	assert_int_equal(b.t->drops[GW_DROP_KERNEL], 7);
	flow_bed_fini(&b);
}

static void
f2_a_datagram_of_no_bytes_passes_both_ways(void **state)
{
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	assert_int_equal(flow_ask(&b, 1, 0, &f), GW_DROP_NONE);
	assert_int_equal(flow_answer(&b, f, 1, 0), 1);
	assert_int_equal(f->requests.packets, 1);
	assert_int_equal(f->replies.packets, 1);
	assert_false(f->over);
	flow_bed_fini(&b);
}

static void
f28_source_port_zero_is_dropped(void **state)
{
	const struct gw_udp_load l = { .count = 2, .bytes = 20, .segment = 10 };
	struct gw_udp_flow_key key = flow_key(1);
	struct gw_udp_flow *f = NULL;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	key.port = 0;
	assert_int_equal(
	    gw_udp_flows_request(b.t, &key, &l, b.now, &f), GW_DROP_PORT_ZERO);
	assert_null(f);
	assert_int_equal(b.t->drops[GW_DROP_PORT_ZERO], 2);
	assert_int_equal(b.t->count, 0);
	flow_bed_fini(&b);
}

/* ---- F6: responses and requests ---- */

static void
f6_after_the_agreed_answers_a_flow_is_over(void **state)
{
	const struct gw_udp_flow_options o = { .responses = 2 };
	enum gw_forward_end end;
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &o, 100);
	f = flow_asked(&b, 1);
	assert_int_equal(flow_answer(&b, f, 1, 10), 1);
	assert_int_equal(flow_reap(&b, NULL), 0);
	assert_int_equal(flow_answer(&b, f, 1, 10), 1);
	assert_int_equal(flow_reap(&b, &end), 1);
	assert_int_equal(end, GW_FORWARD_ANSWERED);
	flow_bed_fini(&b);
}

static void
f6_each_question_may_have_its_answers(void **state)
{
	const struct gw_udp_flow_options o = { .responses = 1 };
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &o, 100);
	(void)flow_asked(&b, 1);
	(void)flow_asked(&b, 1);
	f = flow_asked(&b, 1);
	assert_int_equal(flow_answer(&b, f, 2, 10), 2);
	assert_false(f->over);
	/* One too many in the same burst. */
	assert_int_equal(flow_answer(&b, f, 2, 10), 1);
	assert_int_equal(f->drops[GW_DROP_LATE], 1);
	assert_int_equal(f->end, GW_FORWARD_ANSWERED);
	flow_bed_fini(&b);
}

static void
f6_after_the_agreed_questions_the_next_one_is_a_new_flow(void **state)
{
	const struct gw_udp_flow_options o = { .requests = 2, .per_source = 9 };
	struct gw_udp_flow *f, *g;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &o, 100);
	f = flow_asked(&b, 1);
	assert_ptr_equal(flow_asked(&b, 1), f);
	g = flow_asked(&b, 1);
	assert_ptr_not_equal(f, g);
	/* Answers to the first one still come. */
	assert_int_equal(flow_answer(&b, f, 1, 10), 1);
	assert_int_equal(flow_answer(&b, g, 1, 10), 1);
	assert_int_equal(b.t->count, 2);
	flow_wait(&b, 60 * GW_SEC);
	assert_int_equal(flow_reap(&b, NULL), 2);
	flow_bed_fini(&b);
}

/* ---- F17 ---- */

static void
f17_a_refusal_is_counted_and_the_flow_goes_on(void **state)
{
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	f = flow_asked(&b, 1);
	for (unsigned i = 0; i < 1000; i++)
		gw_udp_flows_refused(b.t, f, b.now);
	assert_int_equal(f->refusals, 1000);
	assert_int_equal(b.t->drops[GW_DROP_ICMP], 1000);
	assert_int_equal(b.targets.v[0].refusals, 1000);
	assert_ptr_equal(flow_asked(&b, 1), f);
	flow_bed_fini(&b);
}

static void
f17_with_icmp_close_it_ends(void **state)
{
	const struct gw_udp_flow_options o = { .icmp = GW_UDP_ICMP_CLOSE };
	enum gw_forward_end end;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &o, 100);
	gw_udp_flows_refused(b.t, flow_asked(&b, 1), b.now);
	assert_int_equal(flow_reap(&b, &end), 1);
	assert_int_equal(end, GW_FORWARD_ICMP);
	flow_bed_fini(&b);
}

static void
f17_who_was_never_answered_tries_the_next_target(void **state)
{
	const struct gw_udp_flow_options o = { .per_source = 9 };
	struct gw_udp_flow *f, *answered;
	struct flow_bed b;

	(void)state;
	flow_bed_targets(&b, &o, 2, GW_TARGETS_FIRST);
	answered = flow_asked(&b, 2);
	assert_int_equal(flow_answer(&b, answered, 1, 10), 1);
	f = flow_asked(&b, 1);
	assert_int_equal(f->target, 0);
	gw_udp_flows_refused(b.t, f, b.now);
	assert_int_equal(flow_reap(&b, NULL), 1);
	assert_int_equal(flow_asked(&b, 1)->target, 1);
	gw_udp_flows_refused(b.t, answered, b.now);
	assert_ptr_equal(flow_asked(&b, 2), answered);
	flow_bed_fini(&b);
}

/* ---- targets ---- */

static void
a_flow_keeps_its_target_and_flows_take_turns(void **state)
{
	const struct gw_udp_flow_options o = { .per_source = 9 };
	struct flow_bed b;

	(void)state;
	flow_bed_targets(&b, &o, 3, GW_TARGETS_ROUND);
	for (uint32_t i = 0; i < 6; i++) {
		struct gw_udp_flow *f = flow_asked(&b, i);

		assert_int_equal(f->target, i % 3);
		assert_int_equal(f->to.ip[15], i % 3);
		assert_int_equal(flow_asked(&b, i)->target, i % 3);
	}
	flow_bed_fini(&b);
}

static void
by_hash_a_client_always_gets_the_same_target(void **state)
{
	const struct gw_udp_flow_options o = { .per_source = 100 };
	unsigned used = 0;
	struct flow_bed b;

	(void)state;
	flow_bed_targets(&b, &o, 4, GW_TARGETS_HASH);
	for (uint32_t i = 0; i < 64; i++) {
		const unsigned target = flow_asked(&b, i)->target;

		used |= 1u << target;
		for (uint32_t port = 1; port < 4; port++)
			assert_int_equal(
			    flow_asked(&b, i + 256 * port)->target, target);
	}
	assert_int_equal(used, 15);
	flow_bed_fini(&b);
}

static void
f14_a_new_address_is_for_new_flows_only(void **state)
{
	const struct gw_place moved = { .ip = { 1, 2, 3 }, .port = 53 };
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	f = flow_asked(&b, 1);
	gw_targets_set(&b.targets, 0, &moved, false);
	assert_ptr_equal(flow_asked(&b, 1), f);
	assert_int_equal(f->to.port, 53);
	assert_true(gw_place_eq(&flow_asked(&b, 2)->to, &moved));
	gw_targets_set(&b.targets, 0, NULL, false);
	assert_ptr_equal(flow_asked(&b, 1), f);
	assert_int_equal(flow_ask(&b, 3, 10, NULL), GW_DROP_NO_TARGET);
	flow_bed_fini(&b);
}

static void
f28_a_target_that_is_the_listener_itself_is_refused(void **state)
{
	const struct gw_place self = { .ip = { 1 }, .port = 9 };
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	gw_targets_set(&b.targets, 0, &self, true);
	assert_int_equal(flow_ask(&b, 1, 10, NULL), GW_DROP_LOOP);
	assert_int_equal(b.t->drops[GW_DROP_LOOP], 1);
	flow_bed_fini(&b);
}

static void
each_port_of_a_rule_goes_to_the_same_one_of_the_target(void **state)
{
	const struct gw_udp_load l = { .count = 1, .bytes = 1, .segment = 1 };
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	for (uint16_t i = 0; i < 3; i++) {
		struct gw_udp_flow_key key = flow_key(1);
		struct gw_udp_flow *f;

		key.local_port = (uint16_t)(5353 + i);
		assert_int_equal(gw_udp_flows_request(b.t, &key, &l, b.now, &f),
		    GW_DROP_NONE);
		assert_int_equal(f->to.port, 53 + i);
	}
	assert_int_equal(b.t->count, 3);
	flow_bed_fini(&b);
}

/* ---- F27 ---- */

static const struct gw_udp_flow_options guarded = {
	.per_source = 100, .guard_rate = 1000, .guard_burst = 3000
};

static void
f27_an_unproven_source_gets_so_many_bytes_in_all_its_flows(void **state)
{
	struct gw_udp_flow *f, *g;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &guarded, 100);
	f = flow_asked(&b, 1);
	g = flow_asked(&b, 1 + 256);
	assert_int_equal(flow_answer(&b, f, 2, 1000), 2);
	assert_int_equal(flow_answer(&b, g, 4, 300), 3);
	assert_int_equal(g->drops[GW_DROP_RATE], 1);
	assert_int_equal(flow_answer(&b, f, 1, 1000), 0);
	/* Somebody else's. */
	assert_int_equal(flow_answer(&b, flow_asked(&b, 2), 3, 1000), 3);
	flow_wait(&b, GW_SEC);
	assert_int_equal(flow_answer(&b, f, 1, 1000), 1);
	assert_int_equal(b.t->drops[GW_DROP_RATE], 2);
	flow_bed_fini(&b);
}

static void
f27_who_sends_again_after_an_answer_is_proven(void **state)
{
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &guarded, 100);
	f = flow_asked(&b, 1);
	(void)flow_asked(&b, 1); /* nothing has come back yet */
	assert_int_equal(flow_answer(&b, f, 4, 1000), 3);
	assert_false(f->proven);
	(void)flow_asked(&b, 1);
	assert_true(f->proven);
	assert_int_equal(flow_answer(&b, f, 100, 1000), 100);
	flow_bed_fini(&b);
}

static void
f27_a_new_flow_does_not_refill_the_bucket(void **state)
{
	struct gw_udp_flow_options o = guarded;
	struct flow_bed b;

	(void)state;
	o.responses = 1;
	flow_bed_init(&b, &o, 100);
	assert_int_equal(flow_answer(&b, flow_asked(&b, 1), 1, 3000), 1);
	assert_int_equal(flow_reap(&b, NULL), 1);
	assert_int_equal(flow_answer(&b, flow_asked(&b, 1), 1, 100), 0);
	assert_int_equal(b.t->drops[GW_DROP_RATE], 1);
	flow_bed_fini(&b);
}

static void
f27_with_a_ratio_no_more_comes_back_than_that(void **state)
{
	struct gw_udp_flow_options o = plain;
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	o.ratio = 3;
	flow_bed_init(&b, &o, 100);
	assert_int_equal(flow_ask(&b, 1, 100, &f), GW_DROP_NONE);
	assert_int_equal(flow_answer(&b, f, 4, 100), 3);
	assert_int_equal(f->drops[GW_DROP_RATE], 1);
	flow_bed_fini(&b);
}

static void
f27_this_machine_does_not_forge_its_own_address(void **state)
{
	const struct gw_udp_load l = {
		.count = 9, .bytes = 9000, .segment = 1000
	};
	struct gw_udp_flow_key key = flow_key(1);
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &guarded, 100);
	key.client[12] = 127;
	assert_int_equal(
	    gw_udp_flows_request(b.t, &key, &l, b.now, &f), GW_DROP_NONE);
	assert_int_equal(gw_udp_flows_reply(b.t, f, &l, b.now), 9);
	flow_bed_fini(&b);
}

static unsigned
told(struct flow_bed *b, struct gw_udp_flow *f)
{
	unsigned n = 0;

	for (int i = 0; i < 100; i++)
		n += gw_udp_flow_tell(f, b->now);
	return n;
}

static void
f27_who_may_be_forged_is_told_little_of_refusals(void **state)
{
	struct gw_udp_flow_key here = flow_key(3);
	const struct gw_udp_load l = { .count = 1, .bytes = 1, .segment = 1 };
	struct gw_udp_flow *f, *g;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &guarded, 100);
	f = flow_asked(&b, 1);
	g = flow_asked(&b, 1 + 256);
	assert_int_equal(told(&b, f), GW_UDP_SOURCE_NEWS);
	assert_int_equal(told(&b, g), 0);
	/* Somebody else's, and this machine's own. */
	assert_int_equal(told(&b, flow_asked(&b, 2)), GW_UDP_SOURCE_NEWS);
	here.client[12] = 127;
	assert_int_equal(
	    gw_udp_flows_request(b.t, &here, &l, b.now, &g), GW_DROP_NONE);
	assert_int_equal(told(&b, g), 100);
	assert_int_equal(flow_answer(&b, f, 1, 100), 1);
	(void)flow_asked(&b, 1);
	assert_int_equal(told(&b, f), 100);
	flow_bed_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(f1_what_passes_and_what_does_not_add_up),
		cmocka_unit_test(f2_a_datagram_of_no_bytes_passes_both_ways),
		cmocka_unit_test(f28_source_port_zero_is_dropped),
		cmocka_unit_test(f6_after_the_agreed_answers_a_flow_is_over),
		cmocka_unit_test(f6_each_question_may_have_its_answers),
		cmocka_unit_test(
		    f6_after_the_agreed_questions_the_next_one_is_a_new_flow),
		cmocka_unit_test(f17_a_refusal_is_counted_and_the_flow_goes_on),
		cmocka_unit_test(f17_with_icmp_close_it_ends),
		cmocka_unit_test(
		    f17_who_was_never_answered_tries_the_next_target),
		cmocka_unit_test(
		    f27_an_unproven_source_gets_so_many_bytes_in_all_its_flows),
		cmocka_unit_test(f27_who_sends_again_after_an_answer_is_proven),
		cmocka_unit_test(f27_a_new_flow_does_not_refill_the_bucket),
		cmocka_unit_test(f27_with_a_ratio_no_more_comes_back_than_that),
		cmocka_unit_test(
		    f27_this_machine_does_not_forge_its_own_address),
		cmocka_unit_test(
		    f27_who_may_be_forged_is_told_little_of_refusals),
		cmocka_unit_test(a_flow_keeps_its_target_and_flows_take_turns),
		cmocka_unit_test(by_hash_a_client_always_gets_the_same_target),
		cmocka_unit_test(f14_a_new_address_is_for_new_flows_only),
		cmocka_unit_test(
		    f28_a_target_that_is_the_listener_itself_is_refused),
		cmocka_unit_test(
		    each_port_of_a_rule_goes_to_the_same_one_of_the_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
