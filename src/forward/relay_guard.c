#include "forward/relay_guard.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "wire/limits.h"

enum {
	WAYS = 4, /* places where one hash may stand */
	SETS = GW_RELAY_MARKS / WAYS
};

struct mark {
	uint64_t hash;
	gw_usec until;  /* 0: free */
	uint32_t links; /* that it has left by */
	/* On each of them, be it heard or sent, in this quarter second. */
	gw_usec counted;
	uint8_t copies[GW_RELAY_LINKS];
	/* of gw_relay_guard_may_repeat */
	uint32_t left;
	gw_usec filled;
};

struct gw_relay_guard {
	struct mark v[SETS][WAYS];
};

enum gw_err
gw_relay_guard_new(struct gw_relay_guard **out)
{
	struct gw_relay_guard *g = calloc(1, sizeof *g);

	if (g == NULL)
		return GW_E_MEMORY;
	*out = g;
	return GW_OK;
}

void
gw_relay_guard_free(struct gw_relay_guard *g)
{
	free(g);
}

/* Its place; a new one, if need be that of the oldest. */
static struct mark *
place(struct gw_relay_guard *g, uint64_t hash, gw_usec now)
{
	struct mark *set = g->v[hash % SETS], *oldest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].hash == hash && set[i].until > now)
			return &set[i];
		if (set[i].hash == hash) {
			/* No two of one hash, of which the older is found. */
			oldest = &set[i];
			break;
		}
		if (set[i].until < oldest->until)
			oldest = &set[i];
	}
	*oldest = (struct mark){
		.hash = hash, .left = GW_RELAY_REPEATS, .filled = now
	};
	return oldest;
}

static void
count(struct mark *m, unsigned link, gw_usec now)
{
	GW_ASSERT(link < GW_RELAY_LINKS);
	if (now - m->counted >= GW_RELAY_BRIEFLY) {
		memset(m->copies, 0, sizeof m->copies);
		m->counted = now;
	}
	if (m->copies[link] < UINT8_MAX)
		m->copies[link]++;
}

bool
gw_relay_guard_heard(
    struct gw_relay_guard *g, uint64_t hash, unsigned link, gw_usec now)
{
	struct mark *m = place(g, hash, now);

	count(m, link, now);
	if ((m->links & 1u << link) != 0)
		return true;
	m->until = gw_usec_max(m->until, now + GW_RELAY_BRIEFLY);
	return false;
}

bool
gw_relay_guard_wanted(
    struct gw_relay_guard *g, uint64_t hash, unsigned from, unsigned to)
{
	const struct mark *set = g->v[hash % SETS];

	GW_ASSERT(from < GW_RELAY_LINKS);
	GW_ASSERT(to < GW_RELAY_LINKS);
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].hash == hash)
			return set[i].copies[to] < set[i].copies[from] ||
			       set[i].copies[from] == UINT8_MAX;
	return true;
}

void
gw_relay_guard_sent(
    struct gw_relay_guard *g, uint64_t hash, unsigned link, gw_usec now)
{
	struct mark *m = place(g, hash, now);

	count(m, link, now);
	m->until = now + GW_RELAY_ECHO;
	m->links |= 1u << link;
}

bool
gw_relay_guard_may_repeat(struct gw_relay_guard *g, uint64_t hash, gw_usec now)
{
	struct mark *m = place(g, hash, now);
	gw_usec each = GW_SEC / GW_RELAY_REPEATS_A_SECOND;

	m->until = now + GW_RELAY_ECHO;
	while (m->left < GW_RELAY_REPEATS && now - m->filled >= each) {
		m->left++;
		m->filled += each;
	}
	if (m->left == 0)
		return false;
	if (m->left-- == GW_RELAY_REPEATS)
		m->filled = now;
	return true;
}
