#include "forward/relay_gate.h"

#include "base/assert.h"
#include "wire/limits.h"

enum { UNIT = 1000000 }; /* of the bucket: one datagram */

void
gw_relay_gate_init(struct gw_relay_gate *g, uint32_t rate, gw_usec now)
{
	*g = (struct gw_relay_gate){ .rate = rate,
		.left = (uint64_t)rate * UNIT,
		.filled = now,
		.since = now,
		.pause = GW_RELAY_PAUSE };
}

bool
gw_relay_gate_pass(struct gw_relay_gate *g, gw_usec now)
{
	uint64_t most = (uint64_t)g->rate * UNIT;
	gw_usec passed = gw_usec_min(now - g->filled, GW_SEC);

	/* `rate` a second is `rate` millionths of one a microsecond. */
	g->left += passed * g->rate;
	if (g->left > most)
		g->left = most;
	g->filled = now;
	if (g->left < UNIT)
		return false;
	g->left -= UNIT;
	return true;
}

static void
begin_second(struct gw_relay_gate *g, gw_usec now)
{
	if (now - g->since < GW_SEC)
		return;
	g->since = now;
	g->echoes = g->repeats = g->sent = 0;
}

/* Returns whether it has just tripped. */
static bool
judge(struct gw_relay_gate *g, gw_usec now)
{
	uint64_t excused = (uint64_t)g->sent * GW_RELAY_BESIDE;
	uint64_t echoes = g->echoes > excused ? g->echoes - excused : 0;

	if (g->state == GW_RELAY_TRIPPED ||
	    echoes + g->repeats < GW_RELAY_STORM)
		return false;
	/* Long quiet since the last time: it is another one. */
	if (now > g->until + GW_RELAY_PAUSE_MAX)
		g->pause = GW_RELAY_PAUSE;
	g->state = GW_RELAY_TRIPPED;
	g->lasts = g->pause;
	g->until = now + g->lasts;
	g->pause = gw_usec_min(2 * g->pause, GW_RELAY_PAUSE_MAX);
	return true;
}

void
gw_relay_gate_sent(struct gw_relay_gate *g, gw_usec now)
{
	begin_second(g, now);
	g->sent++;
}

bool
gw_relay_gate_echo(struct gw_relay_gate *g, gw_usec now)
{
	begin_second(g, now);
	g->echoes++;
	return judge(g, now);
}

bool
gw_relay_gate_repeat(struct gw_relay_gate *g, gw_usec now)
{
	begin_second(g, now);
	g->repeats++;
	return judge(g, now);
}

bool
gw_relay_gate_tick(struct gw_relay_gate *g, gw_usec now)
{
	if (g->state != GW_RELAY_TRIPPED || now < g->until)
		return false;
	g->state = GW_RELAY_OPEN;
	g->since = now;
	g->echoes = g->repeats = g->sent = 0;
	return true;
}

gw_usec
gw_relay_gate_deadline(const struct gw_relay_gate *g)
{
	return g->state == GW_RELAY_TRIPPED ? g->until : GW_NEVER;
}
