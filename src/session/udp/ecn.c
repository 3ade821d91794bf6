#include "session/udp/ecn.h"

enum { TEST_PACKETS = 10 };

void
gw_ecn_init(struct gw_ecn *e, bool off)
{
	*e = (struct gw_ecn){
		.state = off ? GW_ECN_FAILED : GW_ECN_TESTING,
	};
}

void
gw_ecn_new_path(struct gw_ecn *e)
{
	e->state = GW_ECN_TESTING;
	e->sent = e->lost = 0;
}

bool
gw_ecn_mark(const struct gw_ecn *e)
{
	return e->state == GW_ECN_CAPABLE ||
	       (e->state == GW_ECN_TESTING && e->sent < TEST_PACKETS);
}

void
gw_ecn_sent(struct gw_ecn *e)
{
	e->sent++;
}

void
gw_ecn_lost(struct gw_ecn *e, uint64_t packets)
{
	e->lost += packets;
	if (e->state == GW_ECN_TESTING && e->sent >= TEST_PACKETS &&
	    e->lost >= e->sent)
		e->state = GW_ECN_FAILED;
}

static bool
is_plausible(const struct gw_ecn *e, const struct gw_ack *ack, uint64_t marked)
{
	/* Counts that go back, or marks that nobody set. */
	if (ack->ect0 < e->ect0 || ack->ce < e->ce || ack->ect1 != e->ect1)
		return false;
	return ack->ect0 - e->ect0 + (ack->ce - e->ce) >= marked;
}

uint64_t
gw_ecn_acked(struct gw_ecn *e, const struct gw_ack *ack, uint64_t marked)
{
	uint64_t ce = 0;

	if (e->state == GW_ECN_FAILED)
		return 0;
	if (!ack->ecn) {
		if (marked > 0)
			e->state = GW_ECN_FAILED;
		return 0;
	}
	if (!is_plausible(e, ack, marked)) {
		e->state = GW_ECN_FAILED;
		return 0;
	}
	ce = ack->ce - e->ce;
	if (marked > 0)
		e->state = GW_ECN_CAPABLE;
	e->ect0 = ack->ect0;
	e->ect1 = ack->ect1;
	e->ce = ack->ce;
	return ce;
}
