#include "bbr_fixture.h"

#include "test.h"

struct cc_path p;
struct gw_bbr *const b = &p.cc.u.bbr;

void
start(void)
{
	cc_path_init(&p, GW_CONGESTION_BBR, RTT);
	p.rate = RATE / 100;
}

void
fill(void)
{
	while (p.rate < RATE) {
		p.rate = p.rate * 2 < RATE ? p.rate * 2 : RATE;
		cc_path_round(&p);
		assert_int_equal(b->state, GW_BBR_STARTUP);
	}
}

void
cruise(void)
{
	start();
	fill();
	p.rtt = RTT * 2;
	cc_path_rounds(&p, 3);
	p.rtt = RTT;
	while (b->state != GW_BBR_CRUISE)
		cc_path_round(&p);
}

void
until(enum gw_bbr_state state)
{
	for (unsigned i = 0; b->state != state; i++) {
		assert_true(i < 300);
		cc_path_round(&p);
	}
}
