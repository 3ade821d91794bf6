#include "flow_fixture.h"

#include "test.h"

struct gw_flow f;
struct gw_flow_stream s, t;
struct gw_pframe frame;
gw_usec now;
uint64_t number;

void
start(uint64_t stream_max, uint64_t session_max)
{
	gw_flow_init(&f, stream_max, session_max);
	gw_flow_stream_init(&s);
	gw_flow_stream_init(&t);
	gw_flow_set_rtt(&f, 100 * GW_MSEC);
	now = 1000 * GW_SEC;
	number = 0;
}

void
says(enum gw_pframe_type type, uint64_t at)
{
	assert_true(gw_flow_due(&f));
	if (type == GW_PFRAME_SESSION_WINDOW ||
	    type == GW_PFRAME_SESSION_BLOCKED) {
		assert_true(gw_flow_session_next(&f, number++, &frame));
		assert_int_equal(frame.window.id, 0);
	} else {
		assert_true(gw_flow_stream_next(&f, &s, 3, number++, &frame));
		assert_int_equal(frame.window.id, 3);
	}
	assert_int_equal(frame.type, type);
	assert_int_equal(frame.window.at, at);
}

void
says_nothing(void)
{
	assert_false(gw_flow_due(&f));
	assert_false(gw_flow_session_next(&f, number, &frame));
	assert_false(gw_flow_stream_next(&f, &s, 3, number, &frame));
	assert_false(gw_flow_stream_next(&f, &t, 4, number, &frame));
}

void
flush(void)
{
	while (gw_flow_session_next(&f, number, &frame) ||
	       gw_flow_stream_next(&f, &s, 3, number, &frame) ||
	       gw_flow_stream_next(&f, &t, 4, number, &frame))
		number++;
	assert_false(gw_flow_due(&f));
}

void
comes(uint64_t n)
{
	assert_true(gw_flow_received(&f, &s, s.w.received + n));
}

void
credit(uint64_t n)
{
	gw_flow_credit(&f, &s, n, now);
}
