/*
 * Answers: to the port that is held for who asked, or through a session from
 * another site, where one is held (B6).
 */
#include <string.h>

#include "base/assert.h"
#include "forward/relay_private.h"

static enum gw_relay_fate
judge(const struct gw_relay_engine *e, const struct gw_relay_hold *hold,
    const struct gw_relay_arrival *a)
{
	const struct gw_relay_rule *r = &e->rules[hold->asker.rule];
	static const uint8_t any4[16] = { [10] = 0xff, [11] = 0xff }, any6[16];

	if (a->cast != GW_CAST_HOST || (hold->asked & 1u << a->link) == 0)
		return GW_RELAY_FATE_STALE;
	if (a->late)
		return GW_RELAY_FATE_LATE;
	if (memcmp(hold->asker.who.ip, any4, sizeof any4) == 0 ||
	    memcmp(hold->asker.who.ip, any6, sizeof any6) == 0)
		return GW_RELAY_FATE_NO_ADDRESS;
	/* A program of this machine has heard what the relay has said, and
	 * can be reached without it.  Another site's addresses are not ours,
	 * though they look the same. */
	if (!e->links[a->link].remote && gw_relay_is_own(e, r, &a->from))
		return GW_RELAY_FATE_OWN;
	if (hold->answers >= GW_RELAY_ANSWERS)
		return GW_RELAY_FATE_ANSWERS;
	return r->beacons ? gw_relay_judge_beacon(e, a) : GW_RELAY_FATE_CARRIED;
}

/* Fills in by what it leaves, and whom it seems to come from. */
static enum gw_relay_fate
address(const struct gw_relay_engine *e, const struct gw_relay_hold *hold,
    const struct gw_relay_arrival *a, struct gw_relay_emission *out)
{
	const struct gw_relay_link *l = &e->links[out->link];

	if (!l->up)
		return GW_RELAY_FATE_NO_WAY;
	if (l->remote) {
		out->via = GW_RELAY_VIA_SITE;
		out->question = hold->asker.question;
		out->from = a->from;
		out->from.zone = 0;
		/* Nobody there has asked for answers. */
		return out->question != 0 ? GW_RELAY_FATE_CARRIED
					  : GW_RELAY_FATE_STALE;
	}
	out->via = GW_RELAY_VIA_HELD;
	if (!gw_relay_own_address(l, &out->to, &out->from) &&
	    !gw_relay_is_v4(&out->to))
		return GW_RELAY_FATE_NO_ADDRESS;
	return GW_RELAY_FATE_CARRIED;
}

static enum gw_relay_fate
carry(
    struct gw_relay_engine *e, unsigned held, const struct gw_relay_arrival *a)
{
	struct gw_relay_hold *hold = gw_relay_held_at(&e->held, held, e->now);
	struct gw_relay_emission out = { .answer = true, .data = a->data };
	enum gw_relay_fate fate;

	if (hold == NULL)
		return GW_RELAY_FATE_STALE;
	fate = judge(e, hold, a);
	out.rule = hold->asker.rule;
	out.link = hold->asker.link;
	out.to = hold->asker.who;
	out.held = held;
	out.serial = hold->serial;
	if (fate == GW_RELAY_FATE_CARRIED)
		fate = address(e, hold, a, &out);
	if (fate == GW_RELAY_FATE_CARRIED) {
		hold->answers++;
		e->out[e->out_count++] = out;
	} else
		e->counts[out.rule][a->link].fates[fate]++;
	return fate;
}

enum gw_relay_fate
gw_relay_engine_answer(struct gw_relay_engine *e, unsigned held,
    const struct gw_relay_arrival *a, gw_usec now)
{
	gw_relay_engine_begin(e, now);
	return carry(e, held, a);
}

enum gw_relay_fate
gw_relay_engine_site_answer(
    struct gw_relay_engine *e, const struct gw_relay_arrival *a, gw_usec now)
{
	GW_ASSERT(e->links[a->link].remote);
	gw_relay_engine_begin(e, now);
	for (unsigned i = 0; i < GW_RELAY_HELD; i++)
		if (e->held.v[i].serial == a->question)
			return carry(e, i, a);
	return GW_RELAY_FATE_STALE;
}
