#include "session/udp/cc.h"

#include <string.h>

#include "session/udp/pacer.h"
#include "test.h"

static struct gw_cc cc;

static void
init(enum gw_congestion congestion, gw_usec rtt)
{
	gw_cc_init(&cc,
	    &(struct gw_cc_options){
		.congestion = congestion, .datagram = 1200, .rtt = rtt },
	    1);
}

static void
each_has_a_name_and_a_state(void **state)
{
	static const char *const names[] = { "bbr", "cubic", "ledbat" };

	(void)state;
	for (unsigned c = 0; c < 3; c++) {
		assert_string_equal(
		    gw_congestion_name((enum gw_congestion)c), names[c]);
		init((enum gw_congestion)c, 0);
		assert_string_equal(cc.ops->name, names[c]);
		assert_int_not_equal(strlen(cc.ops->state(&cc)), 0);
	}
}

/* Ten datagrams in an RTT are very little where that is long. */
static void
on_a_long_path_bbr_begins_with_more(void **state)
{
	static const struct {
		gw_usec rtt;
		uint64_t window;
	} v[] = {
		{ 0, 12000 },
		{ 19000, 12000 },
		{ 40000, 25000 },
		{ 100000, 32 * 1200 },
		{ GW_SEC, 32 * 1200 },
	};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		init(GW_CONGESTION_BBR, v[i].rtt);
		assert_int_equal(cc.window, v[i].window);
		init(GW_CONGESTION_CUBIC, v[i].rtt);
		assert_int_equal(cc.window, 12000);
	}
}

static void
each_can_send_at_once(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 3; c++)
		for (gw_usec rtt = 0; rtt <= GW_SEC; rtt += GW_SEC / 2) {
			init((enum gw_congestion)c, rtt);
			assert_in_range(cc.window, 2 * 1200, 32 * 1200);
			assert_true(cc.rate >= 1200);
			assert_true(cc.quantum >= 2 * 1200);
		}
}

static void
each_bears_what_it_may_be_told_at_any_time(void **state)
{
	const struct gw_cc_ack nothing = { .now = 2 };
	const struct gw_cc_loss loss = { .now = 3, .episode = true };

	(void)state;
	for (unsigned c = 0; c < 3; c++) {
		init((enum gw_congestion)c, 0);
		cc.ops->undo(&cc, &nothing);
		cc.ops->acked(&cc, &nothing);
		cc.ops->lost(&cc, &loss);
		cc.ops->restart(&cc, true, 0, 4);
		cc.ops->restart(&cc, false, 0, 4);
		cc.ops->persistent(&cc, 5);
		cc.ops->acked(&cc, &nothing);
		cc.ops->undo(&cc, &nothing);
		assert_true(cc.window >= 2 * 1200);
		assert_true(cc.rate > 0);
	}
}

static void
a_rate_sets_the_train_and_is_never_nothing(void **state)
{
	(void)state;
	init(GW_CONGESTION_BBR, 0);
	gw_cc_set_rate(&cc, 12500000);
	assert_int_equal(cc.rate, 12500000);
	assert_int_equal(cc.quantum, 12500);
	gw_cc_set_rate(&cc, 0);
	assert_int_equal(cc.rate, 1200);
	assert_int_equal(cc.quantum, 2400);
	gw_cc_set_rate(&cc, UINT64_MAX);
	assert_int_equal(cc.quantum, GW_PACER_BURST_MAX);
}

static void
larger_datagrams_make_larger_trains(void **state)
{
	(void)state;
	init(GW_CONGESTION_BBR, GW_SEC);
	gw_cc_set_rate(&cc, 1000000);
	assert_int_equal(cc.quantum, 2400);
	gw_cc_datagram(&cc, 8900);
	assert_int_equal(cc.datagram, 8900);
	assert_int_equal(cc.quantum, 17800);
	assert_int_equal(cc.rate, 1000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_a_name_and_a_state),
		cmocka_unit_test(on_a_long_path_bbr_begins_with_more),
		cmocka_unit_test(each_can_send_at_once),
		cmocka_unit_test(each_bears_what_it_may_be_told_at_any_time),
		cmocka_unit_test(a_rate_sets_the_train_and_is_never_nothing),
		cmocka_unit_test(larger_datagrams_make_larger_trains),
	};

	return cmocka_run_group_tests_name("cc", tests, NULL, NULL);
}
