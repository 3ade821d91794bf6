/* How flows begin and end; what passes in them is in udp_flow_traffic.c. */
#include "forward/udp_flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "forward/udp_flow_private.h"

enum {
	IDLE = 60,          /* s */
	IDLE_ASSURED = 180, /* s */
	SOURCE_SHARE = 4,
	STREAM = 2 /* s: answers over a longer time are no single answer */
};

/* ---- the table ---- */

static void
set_defaults(struct gw_udp_flow_options *o, uint32_t limit)
{
	if (o->idle_assured == 0)
		o->idle_assured = IDLE_ASSURED * GW_SEC;
	if (o->idle == 0)
		o->idle = IDLE * GW_SEC;
	if (o->limit == 0 || o->limit > limit)
		o->limit = limit;
	if (o->per_source == 0)
		o->per_source = (o->limit + SOURCE_SHARE - 1) / SOURCE_SHARE;
}

enum gw_err
gw_udp_flows_new(const struct gw_udp_flow_options *o,
    struct gw_udp_flow_budget *budget, const struct gw_random *random,
    struct gw_udp_flows **out)
{
	struct gw_udp_flows *t = calloc(1, sizeof *t);

	if (t == NULL)
		return GW_E_MEMORY;
	t->o = *o;
	set_defaults(&t->o, budget->limit);
	t->budget = budget;
	t->closed_last = &t->closed;
	t->random = *random;
	t->seed = gw_random_u64(random);
	if (gw_map_new(gw_random_u64(random), &t->map) != GW_OK ||
	    gw_udp_sources_init(&t->sources, gw_random_u64(random),
		o->guard_rate, o->guard_burst) != GW_OK) {
		gw_map_free(t->map);
		free(t);
		return GW_E_MEMORY;
	}
	*out = t;
	return GW_OK;
}

void
gw_udp_flows_free(struct gw_udp_flows *t)
{
	if (t == NULL)
		return;
	GW_ASSERT(t->count == 0 && t->closed == NULL);
	gw_udp_sources_fini(&t->sources);
	gw_heap_fini(&t->due);
	gw_map_free(t->map);
	free(t);
}

/* ---- lists ---- */

static void
list_add(struct gw_udp_flows *t, struct gw_udp_flow *f)
{
	f->prev = t->last;
	*(t->last != NULL ? &t->last->next : &t->first) = f;
	t->last = f;
	f->prev_unreplied = t->last_unreplied;
	*(t->last_unreplied != NULL ? &t->last_unreplied->next_unreplied
				    : &t->first_unreplied) = f;
	t->last_unreplied = f;
}

static void
list_remove_unreplied(struct gw_udp_flows *t, struct gw_udp_flow *f)
{
	struct gw_udp_flow *const prev = f->prev_unreplied;
	struct gw_udp_flow *const next = f->next_unreplied;

	*(prev != NULL ? &prev->next_unreplied : &t->first_unreplied) = next;
	*(next != NULL ? &next->prev_unreplied : &t->last_unreplied) = prev;
	f->prev_unreplied = f->next_unreplied = NULL;
}

void
gw_udp_flow_answered(struct gw_udp_flows *t, struct gw_udp_flow *f)
{
	GW_ASSERT(!f->answered && !f->over);
	list_remove_unreplied(t, f);
	f->answered = true;
}

static void
list_remove(struct gw_udp_flows *t, struct gw_udp_flow *f)
{
	*(f->prev != NULL ? &f->prev->next : &t->first) = f->next;
	*(f->next != NULL ? &f->next->prev : &t->last) = f->prev;
	f->prev = f->next = NULL;
	if (!f->answered)
		list_remove_unreplied(t, f);
}

/* ---- a flow begins, here and nowhere else ---- */

struct gw_key
gw_udp_flow_hash(
    const struct gw_udp_flows *t, const struct gw_udp_flow_key *key)
{
	return gw_hash_key(t->seed, gw_slice(key, sizeof *key));
}

/* What a target is chosen by: a number of the client's, by its address alone,
 * or any. */
static uint64_t
number_for(const struct gw_udp_flows *t, const struct gw_udp_flow_key *key)
{
	const struct gw_key k =
	    gw_hash_key(t->seed, gw_slice(key->client, sizeof key->client));
	uint64_t n;

	if (t->o.targets->choice == GW_TARGETS_RANDOM)
		return gw_random_u64(&t->random);
	memcpy(&n, k.b, sizeof n);
	return n;
}

static bool
is_allowed(const struct gw_udp_flows *t, const uint8_t client[16])
{
	struct gw_ip ip;

	memcpy(ip.b, client, sizeof ip.b);
	return gw_rule_allows(t->o.rule, &ip);
}

/* Room for one more; false: there is none. */
static bool
make_room(struct gw_udp_flows *t, gw_usec now)
{
	if (t->count < t->o.limit && t->budget->used < t->budget->limit)
		return true;
	if (t->o.at_cap != GW_UDP_CAP_EVICT || t->first_unreplied == NULL)
		return false;
	gw_udp_flow_close(t, t->first_unreplied, GW_FORWARD_EVICTED, now);
	return t->count < t->o.limit && t->budget->used < t->budget->limit;
}

/* Everything else that a new flow needs; its source is there.  The reason
 * why there can be none, or GW_DROP_NONE. */
static enum gw_drop
enter(struct gw_udp_flows *t, struct gw_udp_flow *f, gw_usec now)
{
	const struct gw_key hash = gw_udp_flow_hash(t, &f->key);
	bool loop;

	/* First, so that who has too many takes nobody else's room. */
	if (f->source->flows > t->o.per_source)
		return GW_DROP_SOURCE_CAP;
	if (!make_room(t, now))
		return GW_DROP_CAP;
	if (!gw_targets_choose(
		t->o.targets, number_for(t, &f->key), now, &f->target, &loop))
		return loop ? GW_DROP_LOOP : GW_DROP_NO_TARGET;
	f->to = t->o.targets->v[f->target].at;
	f->to.port =
	    gw_rule_target_port(t->o.rule, f->target, f->key.local_port);
	if (gw_map_set(t->map, &hash, (uintptr_t)f) != GW_OK)
		return GW_DROP_MEMORY;
	if (gw_heap_add(&t->due, &f->due, gw_udp_flow_deadline(t, f)) == GW_OK)
		return GW_DROP_NONE;
	gw_map_del(t->map, &hash);
	return GW_DROP_MEMORY;
}

enum gw_drop
gw_udp_flow_begin(struct gw_udp_flows *t, const struct gw_udp_flow_key *key,
    gw_usec now, struct gw_udp_flow **out)
{
	enum gw_drop why = GW_DROP_MEMORY;
	struct gw_udp_flow *f;

	if (!is_allowed(t, key->client))
		return GW_DROP_DENIED;
	if ((f = calloc(1, sizeof *f)) == NULL)
		return GW_DROP_MEMORY;
	f->key = *key;
	f->opened = f->seen = now;
	f->source = gw_udp_source_get(&t->sources, key->client, now);
	if (f->source != NULL)
		why = enter(t, f, now);
	if (why != GW_DROP_NONE) {
		if (f->source != NULL)
			gw_udp_source_put(&t->sources, f->source, now);
		free(f);
		return why;
	}
	list_add(t, f);
	t->count++;
	t->opened++;
	t->budget->used++;
	*out = f;
	return GW_DROP_NONE;
}

/* ---- and ends, here and nowhere else ---- */

void
gw_udp_flow_retire(struct gw_udp_flows *t, struct gw_udp_flow *f)
{
	const struct gw_key hash = gw_udp_flow_hash(t, &f->key);

	GW_ASSERT(!f->retired);
	gw_map_del(t->map, &hash);
	f->retired = true;
	gw_heap_move(&t->due, &f->due, gw_udp_flow_deadline(t, f));
}

void
gw_udp_flow_close(struct gw_udp_flows *t, struct gw_udp_flow *f,
    enum gw_forward_end end, gw_usec now)
{
	GW_ASSERT(!f->over);
	if (!f->retired)
		gw_udp_flow_retire(t, f);
	gw_heap_remove(&t->due, &f->due);
	list_remove(t, f);
	gw_udp_source_put(&t->sources, f->source, now);
	f->source = NULL;
	f->over = true;
	f->end = end;
	t->ended[end]++;
	t->count--;
	t->budget->used--;
	*t->closed_last = f;
	t->closed_last = &f->next;
}

struct gw_udp_flow *
gw_udp_flows_closed(struct gw_udp_flows *t)
{
	struct gw_udp_flow *f = t->closed;

	if (f == NULL)
		return NULL;
	if ((t->closed = f->next) == NULL)
		t->closed_last = &t->closed;
	f->next = NULL;
	return f;
}

void
gw_udp_flow_release(struct gw_udp_flow *f)
{
	GW_ASSERT(f->over);
	free(f);
}

void
gw_udp_flows_drain(struct gw_udp_flows *t)
{
	t->o.limit = 0;
	t->o.at_cap = GW_UDP_CAP_REJECT;
}

void
gw_udp_flows_shut(struct gw_udp_flows *t, enum gw_forward_end end, gw_usec now)
{
	while (t->first != NULL)
		gw_udp_flow_close(t, t->first, end, now);
}

/* ---- time ---- */

bool
gw_udp_flow_is_assured(const struct gw_udp_flow *f)
{
	return f->proven ||
	       (f->answered && f->seen - f->opened > STREAM * GW_SEC);
}

gw_usec
gw_udp_flow_deadline(const struct gw_udp_flows *t, const struct gw_udp_flow *f)
{
	const gw_usec idle = gw_udp_flow_is_assured(f) && !f->retired
				 ? t->o.idle_assured
				 : t->o.idle;
	const gw_usec end = t->o.life > 0 ? f->opened + t->o.life : GW_NEVER;

	return gw_usec_min(f->seen + idle, end);
}

void
gw_udp_flows_tick(struct gw_udp_flows *t, gw_usec now)
{
	struct gw_heap_item *first;

	/* A datagram does not move its flow in the heap: whether it has been
	 * idle is seen when it might have been. */
	while ((first = gw_heap_first(&t->due)) != NULL && first->at <= now) {
		struct gw_udp_flow *f = (struct gw_udp_flow *)(void *)first;
		const gw_usec at = gw_udp_flow_deadline(t, f);

		if (at > now)
			gw_heap_move(&t->due, first, at);
		else
			gw_udp_flow_close(t, f,
			    t->o.life > 0 && at == f->opened + t->o.life
				? GW_FORWARD_LIFE
				: GW_FORWARD_IDLE,
			    now);
	}
	gw_udp_sources_tick(&t->sources, now);
}

gw_usec
gw_udp_flows_deadline(const struct gw_udp_flows *t)
{
	const struct gw_heap_item *first = gw_heap_first(&t->due);

	return gw_usec_min(first == NULL ? GW_NEVER : first->at,
	    gw_udp_sources_deadline(&t->sources));
}

/* ---- looking ---- */

bool
gw_udp_flow_is_one_way(const struct gw_udp_flow *f)
{
	return !f->answered;
}

bool
gw_udp_port_amplifies(uint16_t port)
{
	static const uint16_t known[] = { 53, 123, 161, 389, 1900, 11211 };

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i] == port)
			return true;
	return false;
}
