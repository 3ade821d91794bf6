/* What the peer is asked: gw_recovery_ack_frequency. */
#include "recovery_fixture.h"
#include "test.h"

/* quinn: ack_frequency_* */
static void
acks_are_thinned_as_the_window_grows(void **state)
{
	struct gw_ack_frequency f;

	(void)state;
	start(RTT);
	assert_true(gw_recovery_ack_frequency(&r, &f));
	assert_int_equal(f.threshold, 2);
	assert_int_equal(f.max_delay, RTT / 8);
	assert_int_equal(f.reorder, 1);
	assert_false(gw_recovery_ack_frequency(&r, &f));
	r.cc.window = 1600 * D;
	assert_false(gw_recovery_ack_frequency(&r, &f)); /* too early */
	r.n_acked.packets = 100;
	assert_true(gw_recovery_ack_frequency(&r, &f));
	assert_int_equal(f.threshold, 64);
	r.cc.window = 640 * D;
	assert_false(gw_recovery_ack_frequency(&r, &f)); /* not worth it */
	r.cc.window = 320 * D;
	assert_true(gw_recovery_ack_frequency(&r, &f));
	assert_int_equal(f.threshold, 20);
	r.loss.reordering = true;
	assert_true(gw_recovery_ack_frequency(&r, &f));
	assert_int_equal(f.reorder, 0);
	finish();
}

/* picoquic: bbr_asym100 */
static void
a_raised_rtt_thins_them_more(void **state)
{
	struct gw_ack_frequency f;
	uint32_t last = 0;

	(void)state;
	start(2 * MS);
	r.n_acked.packets = 100;
	r.delivery_rate = 1000000;
	for (unsigned i = 0; i < 5; i++) {
		send_full(1);
		now += 2 * MS;
		r.rtt.smoothed = 20 * MS;
		assert_true(acked(number - 1, number - 1));
		gw_loss_detect(&r.loss, &r.sent, &r.rtt, now,
		    &(struct gw_loss_found){ 0 });
		r.rtt.smoothed = 20 * MS;
		if (gw_recovery_ack_frequency(&r, &f))
			last = f.threshold;
	}
	assert_int_equal(last, 8);
	/* Time for so many to come. */
	assert_in_range(f.max_delay, 8 * D - 10, 25000);
	finish();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acks_are_thinned_as_the_window_grows),
		cmocka_unit_test(a_raised_rtt_thins_them_more),
	};

	return cmocka_run_group_tests_name("ack_policy", tests, NULL, NULL);
}
