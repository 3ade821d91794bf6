/* How flows begin and end; F... are the rules that people expect kept. */
#include "forward/udp_flow.h"

#include <string.h>

#include "alloc.h"
#include "test.h"
#include "udp_flow_fixture.h"

static const struct gw_udp_flow_options plain = { .per_source = 1000 };

/* ---- F5: what is one flow ---- */

static void
f5_a_flow_is_a_client_with_its_zone_and_the_address_it_hit(void **state)
{
	const struct gw_udp_load l = { .count = 1, .bytes = 1, .segment = 1 };
	struct gw_udp_flow_key k[7];
	struct gw_udp_flow *f[7];
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	for (unsigned i = 0; i < 7; i++)
		k[i] = flow_key(1);
	k[1].client[15]++;
	k[2].port++;
	k[3].client_zone = 2;
	k[4].local[15]++;
	k[5].local_zone = 2;
	k[6].local_port++;
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal(
		    gw_udp_flows_request(b.t, &k[i], &l, b.now, &f[i]),
		    GW_DROP_NONE);
		assert_null(f[i]->user);
		f[i]->user = &b;
		for (unsigned j = 0; j < i; j++)
			assert_ptr_not_equal(f[i], f[j]);
	}
	for (unsigned i = 0; i < 7; i++) {
		struct gw_udp_flow *same;

		assert_int_equal(
		    gw_udp_flows_request(b.t, &k[i], &l, b.now, &same),
		    GW_DROP_NONE);
		assert_ptr_equal(same, f[i]);
	}
	assert_int_equal(b.t->count, 7);
	flow_bed_fini(&b);
}

/* ---- F6: how long it lives ---- */

static void
f6_without_an_answer_a_flow_lives_60_s_from_the_last_request(void **state)
{
	enum gw_forward_end end;
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	f = flow_asked(&b, 1);
	flow_wait(&b, 59 * GW_SEC);
	assert_ptr_equal(flow_asked(&b, 1), f);
	flow_wait(&b, 60 * GW_SEC - 1);
	assert_int_equal(flow_reap(&b, NULL), 0);
	assert_int_equal(gw_udp_flows_deadline(b.t), b.now + 1);
	flow_wait(&b, 1);
	assert_int_equal(flow_reap(&b, &end), 1);
	assert_int_equal(end, GW_FORWARD_IDLE);
	flow_bed_fini(&b);
}

static void
f6_a_conversation_lives_180_s_and_either_side_keeps_it(void **state)
{
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	f = flow_asked(&b, 1);
	assert_int_equal(flow_answer(&b, f, 1, 10), 1);
	(void)flow_asked(&b, 1);
	for (unsigned i = 0; i < 5; i++) {
		flow_wait(&b, 179 * GW_SEC);
		assert_int_equal(flow_reap(&b, NULL), 0);
		assert_int_equal(flow_answer(&b, f, 1, 10), 1);
	}
	for (unsigned i = 0; i < 5; i++) {
		flow_wait(&b, 179 * GW_SEC);
		assert_int_equal(flow_reap(&b, NULL), 0);
		assert_ptr_equal(flow_asked(&b, 1), f);
	}
	flow_wait(&b, 180 * GW_SEC);
	assert_int_equal(flow_reap(&b, NULL), 1);
	flow_bed_fini(&b);
}

static void
f6_one_question_and_its_answer_are_no_conversation(void **state)
{
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	assert_int_equal(flow_answer(&b, flow_asked(&b, 1), 1, 10), 1);
	flow_wait(&b, 60 * GW_SEC);
	assert_int_equal(flow_reap(&b, NULL), 1);
	flow_bed_fini(&b);
}

static void
f6_answers_that_go_on_are_a_conversation(void **state)
{
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	f = flow_asked(&b, 1);
	assert_int_equal(flow_answer(&b, f, 1, 10), 1);
	flow_wait(&b, 3 * GW_SEC);
	assert_int_equal(flow_answer(&b, f, 1, 10), 1);
	flow_wait(&b, 179 * GW_SEC);
	assert_int_equal(flow_reap(&b, NULL), 0);
	flow_wait(&b, GW_SEC);
	assert_int_equal(flow_reap(&b, NULL), 1);
	flow_bed_fini(&b);
}

static void
f6_a_ttl_is_a_real_idle_time_in_both_states(void **state)
{
	const struct gw_udp_flow_options o = { .idle = 5 * GW_SEC,
		.idle_assured = 5 * GW_SEC };
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &o, 100);
	f = flow_asked(&b, 1);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(flow_answer(&b, f, 1, 10), 1);
		flow_wait(&b, 4 * GW_SEC);
		assert_ptr_equal(flow_asked(&b, 1), f);
	}
	flow_wait(&b, 5 * GW_SEC);
	assert_int_equal(flow_reap(&b, NULL), 1);
	flow_bed_fini(&b);
}

static void
f6_a_flow_ends_at_its_longest_time_though_it_is_busy(void **state)
{
	const struct gw_udp_flow_options o = { .life = 50 * GW_SEC };
	enum gw_forward_end end;
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &o, 100);
	f = flow_asked(&b, 1);
	for (unsigned i = 0; i < 49; i++) {
		flow_wait(&b, GW_SEC);
		assert_ptr_equal(flow_asked(&b, 1), f);
	}
	assert_int_equal(flow_reap(&b, NULL), 0);
	flow_wait(&b, GW_SEC);
	assert_int_equal(flow_reap(&b, &end), 1);
	assert_int_equal(end, GW_FORWARD_LIFE);
	flow_bed_fini(&b);
}

/* ---- F8: how many there may be ---- */

static void
f8_at_the_cap_new_flows_are_rejected_and_old_ones_go_on(void **state)
{
	const struct gw_udp_flow_options o = { .limit = 3, .per_source = 9 };
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &o, 100);
	for (uint32_t i = 0; i < 3; i++)
		(void)flow_asked(&b, i);
	assert_int_equal(flow_ask(&b, 3, 10, NULL), GW_DROP_CAP);
	assert_int_equal(b.t->drops[GW_DROP_CAP], 1);
	for (uint32_t i = 0; i < 3; i++)
		(void)flow_asked(&b, i);
	assert_int_equal(b.t->opened, 3);
	flow_bed_fini(&b);
}

static void
f8_or_the_oldest_that_nobody_answered_makes_room(void **state)
{
	const struct gw_udp_flow_options o = {
		.limit = 3, .per_source = 9, .at_cap = GW_UDP_CAP_EVICT
	};
	struct gw_udp_flow *f[3], *evicted;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &o, 100);
	for (uint32_t i = 0; i < 3; i++)
		f[i] = flow_asked(&b, i);
	assert_int_equal(flow_answer(&b, f[0], 1, 10), 1);
	(void)flow_asked(&b, 3);
	evicted = gw_udp_flows_closed(b.t);
	assert_ptr_equal(evicted, f[1]);
	assert_int_equal(evicted->end, GW_FORWARD_EVICTED);
	gw_udp_flow_release(evicted);
	assert_null(gw_udp_flows_closed(b.t));
	assert_int_equal(b.t->count, 3);
	/* When all have been answered, there is nobody to evict. */
	assert_int_equal(flow_answer(&b, f[2], 1, 10), 1);
	assert_int_equal(flow_answer(&b, flow_asked(&b, 3), 1, 10), 1);
	assert_int_equal(flow_ask(&b, 4, 10, NULL), GW_DROP_CAP);
	flow_bed_fini(&b);
}

static void
f8_several_tables_share_the_descriptors_of_one_process(void **state)
{
	struct gw_udp_flow_budget *budget;
	struct flow_bed a, b;

	(void)state;
	flow_bed_init(&a, &plain, 3);
	flow_bed_init(&b, &plain, 3);
	budget = &a.budget;
	b.t->budget = budget;
	(void)flow_asked(&a, 1);
	(void)flow_asked(&b, 1);
	(void)flow_asked(&b, 2);
	assert_int_equal(flow_ask(&a, 2, 10, NULL), GW_DROP_CAP);
	gw_udp_flows_shut(b.t, GW_FORWARD_STOPPED, b.now);
	assert_int_equal(flow_reap(&b, NULL), 2);
	(void)flow_asked(&a, 2);
	b.t->budget = &b.budget;
	flow_bed_fini(&b);
	flow_bed_fini(&a);
}

static void
f8_one_source_has_a_quarter_of_them_at_most(void **state)
{
	const struct gw_udp_flow_options o = { .limit = 16 };
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &o, 100);
	for (uint32_t i = 0; i < 4; i++)
		(void)flow_asked(&b, 1 + i * 256);
	assert_int_equal(
	    flow_ask(&b, 1 + 4 * 256, 10, NULL), GW_DROP_SOURCE_CAP);
	(void)flow_asked(&b, 2);
	assert_int_equal(b.t->drops[GW_DROP_SOURCE_CAP], 1);
	flow_bed_fini(&b);
}

static void
f8_who_has_too_many_evicts_nobody(void **state)
{
	const struct gw_udp_flow_options o = {
		.limit = 4, .at_cap = GW_UDP_CAP_EVICT, .per_source = 2
	};
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &o, 100);
	(void)flow_asked(&b, 2);
	(void)flow_asked(&b, 3);
	(void)flow_asked(&b, 1);
	(void)flow_asked(&b, 1 + 256);
	assert_int_equal(flow_ask(&b, 1 + 512, 10, NULL), GW_DROP_SOURCE_CAP);
	assert_int_equal(flow_reap(&b, NULL), 0);
	flow_bed_fini(&b);
}

static void
f8_what_cannot_be_opened_is_shed_and_counted(void **state)
{
	static const enum gw_drop reasons[] = { GW_DROP_DESCRIPTORS,
		GW_DROP_NO_PORT, GW_DROP_MEMORY };
	const struct gw_udp_load l = { .count = 1, .bytes = 9, .segment = 9 };
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	for (uint32_t i = 0; i < 3; i++) {
		const struct gw_udp_flow_key key = flow_key(i);
		enum gw_forward_end end;
		struct gw_udp_flow *f;

		assert_int_equal(gw_udp_flows_request(b.t, &key, &l, b.now, &f),
		    GW_DROP_NONE);
		gw_udp_flows_fail(b.t, f, &l, reasons[i], b.now);
		assert_int_equal(b.t->drops[reasons[i]], 1);
		assert_int_equal(flow_reap(&b, &end), 1);
		assert_int_equal(end, GW_FORWARD_FAILED);
	}
	assert_int_equal(b.t->requests.packets, 0);
	assert_int_equal(b.t->requests.bytes, 0);
	assert_int_equal(b.t->count, 0);
	flow_bed_fini(&b);
}

static void
without_memory_the_datagram_is_dropped_and_nothing_else_happens(void **state)
{
	enum gw_drop why = GW_DROP_MEMORY;
	struct flow_bed b;
	long n;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	for (n = 0; why != GW_DROP_NONE; n++) {
		assert_int_equal(why, GW_DROP_MEMORY);
		test_fail_alloc(n);
		why = flow_ask(&b, 1, 10, NULL);
		test_fail_alloc(-1);
	}
	assert_true(n > 2);
	assert_int_equal(b.t->drops[GW_DROP_MEMORY], n - 1);
	assert_int_equal(b.t->count, 1);
	assert_int_equal(b.budget.used, 1);
	flow_bed_fini(&b);
}

/* ---- F9, F7 ---- */

static void
f9_one_way_flows_do_not_churn_upstream_ports(void **state)
{
	struct gw_udp_flow *f;
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &plain, 100);
	f = flow_asked(&b, 1);
	for (unsigned i = 0; i < 1000; i++) {
		flow_wait(&b, 30 * GW_SEC);
		assert_ptr_equal(flow_asked(&b, 1), f);
	}
	assert_true(gw_udp_flow_is_one_way(f));
	assert_int_equal(b.t->opened, 1);
	flow_bed_fini(&b);
}

static void
f7_ten_thousand_flows_leave_nothing_behind(void **state)
{
	const struct gw_udp_flow_options o = {
		.per_source = 1000, .guard_rate = 1000, .guard_burst = 1000
	};
	struct flow_bed b;

	(void)state;
	flow_bed_init(&b, &o, 10000);
	for (uint32_t i = 0; i < 10000; i++) {
		(void)flow_answer(&b, flow_asked(&b, i), 1, 100);
		b.now += 1000;
	}
	assert_int_equal(flow_ask(&b, 10000, 10, NULL), GW_DROP_CAP);
	assert_int_equal(b.t->count, 10000);
	for (unsigned i = 0; i < 100; i++) {
		flow_wait(&b, GW_SEC);
		(void)flow_reap(&b, NULL);
	}
	assert_int_equal(b.t->count, 0);
	assert_int_equal(b.t->ended[GW_FORWARD_IDLE], 10000);
	assert_int_equal(gw_udp_sources_count(&b.t->sources), 0);
	assert_int_equal(gw_udp_flows_deadline(b.t), GW_NEVER);
	flow_bed_fini(&b);
}

static void
f27_ports_of_known_amplifiers_are_known(void **state)
{
	(void)state;
	assert_true(gw_udp_port_amplifies(53));
	assert_true(gw_udp_port_amplifies(11211));
	assert_false(gw_udp_port_amplifies(51820));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    f5_a_flow_is_a_client_with_its_zone_and_the_address_it_hit),
		cmocka_unit_test(
		    f6_without_an_answer_a_flow_lives_60_s_from_the_last_request),
		cmocka_unit_test(
		    f6_a_conversation_lives_180_s_and_either_side_keeps_it),
		cmocka_unit_test(
		    f6_one_question_and_its_answer_are_no_conversation),
		cmocka_unit_test(f6_answers_that_go_on_are_a_conversation),
		cmocka_unit_test(f6_a_ttl_is_a_real_idle_time_in_both_states),
		cmocka_unit_test(
		    f6_a_flow_ends_at_its_longest_time_though_it_is_busy),
		cmocka_unit_test(
		    f8_at_the_cap_new_flows_are_rejected_and_old_ones_go_on),
		cmocka_unit_test(
		    f8_or_the_oldest_that_nobody_answered_makes_room),
		cmocka_unit_test(
		    f8_several_tables_share_the_descriptors_of_one_process),
		cmocka_unit_test(f8_one_source_has_a_quarter_of_them_at_most),
		cmocka_unit_test(f8_who_has_too_many_evicts_nobody),
		cmocka_unit_test(f8_what_cannot_be_opened_is_shed_and_counted),
		cmocka_unit_test(
		    without_memory_the_datagram_is_dropped_and_nothing_else_happens),
		cmocka_unit_test(f9_one_way_flows_do_not_churn_upstream_ports),
		cmocka_unit_test(f7_ten_thousand_flows_leave_nothing_behind),
		cmocka_unit_test(f27_ports_of_known_amplifiers_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
