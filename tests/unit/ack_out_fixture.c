#include "ack_out_fixture.h"

#include "test.h"

struct gw_ack_out a;
struct gw_ack ack;
gw_usec now;
uint64_t carrier;

void
start(void)
{
	assert_int_equal(gw_ack_out_init(&a), GW_OK);
	now = 1000 * GW_SEC;
	carrier = 0;
}

void
came(uint64_t number)
{
	assert_true(gw_ack_out_is_new(&a, number));
	gw_ack_out_received(
	    &a, &(struct gw_ack_in){ number, true, false, 0 }, now);
	gw_ack_out_batch_end(&a, now);
}

bool
due(void)
{
	return gw_ack_out_due(&a, now);
}

uint64_t
tell(void)
{
	assert_true(gw_ack_out_fill(&a, &ack, now));
	gw_ack_out_sent(&a, carrier, &ack);
	assert_false(gw_ack_out_pending(&a));
	assert_false(due());
	return carrier++;
}
