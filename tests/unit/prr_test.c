#include "session/udp/prr.h"

#include "test.h"

enum { D = 1000 };

static struct gw_prr p;

static uint64_t
acked(uint64_t sent, uint64_t in_flight, bool lost, uint64_t target)
{
	return gw_prr_acked(&p,
	    &(struct gw_prr_ack){ .acked = D,
		.sent = sent,
		.in_flight = in_flight,
		.lost = lost,
		.datagram = D },
	    target);
}

/* quiche prr_sender_test: SingleLossResultsInSendOnEveryOtherAck.  50 in
 * flight, one is lost, down to half. */
static void
a_single_loss_sends_on_every_other_ack(void **state)
{
	uint64_t in_flight = 49 * D, sent = 0, all = 0;

	(void)state;
	gw_prr_begin(&p, 50 * D);
	for (unsigned i = 0; i < 48; i++) {
		uint64_t window;

		in_flight -= D;
		window = acked(sent, in_flight, false, 25 * D);
		sent = window >= in_flight + D ? D : 0;
		in_flight += sent;
		all += sent;
	}
	assert_in_range(all, 24 * D, 26 * D);
	assert_in_range(in_flight, 24 * D, 25 * D);
}

/* quiche: BurstLossResultsInSlowStart.  20 in flight, 13 are lost, half is
 * the target: what is left may grow again. */
static void
a_burst_of_losses_grows_back(void **state)
{
	uint64_t in_flight = 7 * D, sent = 0;

	(void)state;
	gw_prr_begin(&p, 20 * D);
	for (unsigned i = 0; i < 10; i++) {
		uint64_t window;

		in_flight -= D;
		window = acked(sent, in_flight, false, 10 * D);
		assert_true(window <= 10 * D);
		sent = window - in_flight;
		assert_in_range(sent, 0, 2 * D);
		in_flight = window;
	}
	assert_int_equal(in_flight, 10 * D);
}

static void
further_losses_hold_it_at_what_arrives(void **state)
{
	uint64_t window;

	(void)state;
	gw_prr_begin(&p, 20 * D);
	window = acked(0, 6 * D, true, 10 * D);
	assert_int_equal(window, 7 * D);
	window = acked(D, 6 * D, true, 10 * D);
	assert_int_equal(window, 7 * D);
	window = acked(D, 6 * D, false, 10 * D);
	assert_int_equal(window, 8 * D);
}

static void
the_first_repair_is_always_possible(void **state)
{
	(void)state;
	gw_prr_begin(&p, 100 * D);
	assert_int_equal(
	    gw_prr_acked(&p,
		&(struct gw_prr_ack){
		    .acked = 10, .in_flight = 98 * D, .datagram = D },
		50 * D),
	    99 * D);
	/* Once only. */
	assert_int_equal(gw_prr_acked(&p,
			     &(struct gw_prr_ack){ .acked = 10,
				 .sent = D,
				 .in_flight = 99 * D,
				 .datagram = D },
			     50 * D),
	    99 * D);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_single_loss_sends_on_every_other_ack),
		cmocka_unit_test(a_burst_of_losses_grows_back),
		cmocka_unit_test(further_losses_hold_it_at_what_arrives),
		cmocka_unit_test(the_first_repair_is_always_possible),
	};

	return cmocka_run_group_tests_name("prr", tests, NULL, NULL);
}
