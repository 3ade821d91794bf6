#include "session/udp/prr.h"

void
gw_prr_begin(struct gw_prr *p, uint64_t in_flight)
{
	*p = (struct gw_prr){ .flight = in_flight > 0 ? in_flight : 1 };
}

uint64_t
gw_prr_acked(struct gw_prr *p, const struct gw_prr_ack *ack, uint64_t target)
{
	uint64_t count, due;

	p->delivered += ack->acked;
	p->sent += ack->sent;
	if (ack->in_flight > target) {
		/* One for every 1/beta that has arrived. */
		due = (p->delivered * target + p->flight - 1) / p->flight;
		count = due > p->sent ? due - p->sent : 0;
	} else {
		/* Below the target: back up, one for one, and one more while
		 * nothing else is lost. */
		count = p->delivered > p->sent ? p->delivered - p->sent : 0;
		if (count < ack->acked)
			count = ack->acked;
		if (!ack->lost)
			count += ack->datagram;
		if (count > target - ack->in_flight)
			count = target - ack->in_flight;
	}
	/* The first repair is always possible. */
	if (p->sent == 0 && count < ack->datagram)
		count = ack->datagram;
	return ack->in_flight + count;
}
