#include "recovery_fixture.h"

#include <string.h>

#include "test.h"

struct gw_recovery r;
struct gw_ack ack;
gw_usec now;
uint64_t number;

void
start_with(const struct gw_recovery_options *o)
{
	now = 10 * GW_SEC;
	number = 0;
	assert_int_equal(gw_recovery_init(&r, o, now), GW_OK);
}

void
start(gw_usec rtt)
{
	start_with(&(struct gw_recovery_options){
	    .congestion = GW_CONGESTION_CUBIC, .datagram = D, .rtt = rtt });
}

void
finish(void)
{
	gw_recovery_fini(&r);
}

void
send_as(struct gw_sent_packet p)
{
	p.number = number++;
	assert_int_equal(gw_recovery_sent(&r, &p, now), GW_OK);
}

void
send_full(unsigned n)
{
	while (n-- > 0)
		send_as((struct gw_sent_packet){ .bytes = D,
		    .eliciting = true,
		    .ect = gw_recovery_ect(&r),
		    .content = { number * 1000, 1000, 5, 0 } });
}

bool
acked(uint64_t first, uint64_t last)
{
	memset(&ack, 0, sizeof(ack));
	ack.v[0] = (struct gw_ack_range){ first, last };
	ack.count = 1;
	return gw_recovery_acked(&r, &ack, now);
}

unsigned
fates(enum gw_fate_kind kind, struct gw_fate *last)
{
	struct gw_fate f = { 0 };
	unsigned n = 0;

	while (gw_recovery_fate(&r, &f))
		if (f.kind == kind) {
			n++;
			*last = f;
		}
	return n;
}
