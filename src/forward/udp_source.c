#include "forward/udp_source.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { HALF = 8 }; /* of an IPv6 address, bytes */

/* An IPv4 address whole; of an IPv6 address what a site's host chooses freely
 * does not count. */
static struct gw_key
prefix_of(const uint8_t ip[16])
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };
	struct gw_key k = { { 0 } };

	memcpy(k.b, ip, memcmp(ip, v4, sizeof v4) == 0 ? sizeof k.b : HALF);
	return k;
}

enum gw_err
gw_udp_sources_init(
    struct gw_udp_sources *s, uint64_t seed, uint64_t rate, uint64_t burst)
{
	*s = (struct gw_udp_sources){ .rate = rate, .burst = burst };
	return gw_map_new(seed, &s->map);
}

void
gw_udp_sources_fini(struct gw_udp_sources *s)
{
	struct gw_key k;
	uintptr_t value;
	size_t pos = 0;

	while (s->map != NULL && gw_map_next(s->map, &pos, &k, &value))
		free((struct gw_udp_source *)value);
	gw_map_free(s->map);
	gw_heap_fini(&s->idle);
}

static void
forget(struct gw_udp_sources *s, struct gw_udp_source *x)
{
	gw_map_del(s->map, &x->prefix);
	free(x);
}

static struct gw_udp_source *
first_idle(const struct gw_udp_sources *s)
{
	return (struct gw_udp_source *)(void *)gw_heap_first(&s->idle);
}

static void
forget_first(struct gw_udp_sources *s)
{
	struct gw_udp_source *x = first_idle(s);

	gw_heap_remove(&s->idle, &x->full);
	forget(s, x);
}

struct gw_udp_source *
gw_udp_source_get(struct gw_udp_sources *s, const uint8_t ip[16], gw_usec now)
{
	const struct gw_key prefix = prefix_of(ip);
	struct gw_udp_source *x;
	uintptr_t value;

	if (gw_map_get(s->map, &prefix, &value)) {
		x = (struct gw_udp_source *)value;
		if (x->flows++ == 0)
			gw_heap_remove(&s->idle, &x->full);
		return x;
	}
	if ((x = calloc(1, sizeof *x)) == NULL)
		return NULL;
	x->prefix = prefix;
	x->flows = 1;
	x->tokens = s->burst;
	x->filled = now;
	if (gw_map_set(s->map, &prefix, (uintptr_t)x) != GW_OK) {
		free(x);
		return NULL;
	}
	return x;
}

static void
fill(const struct gw_udp_sources *s, struct gw_udp_source *x, gw_usec now)
{
	const gw_usec passed = now - x->filled;
	const uint64_t missing = s->burst - x->tokens;

	/* Neither product nor sum can overflow. */
	if (passed / GW_SEC >= missing / s->rate + 1)
		x->tokens = s->burst;
	else {
		const uint64_t came = passed * s->rate / GW_SEC;

		/* What is less than a byte is not lost. */
		x->tokens += came < missing ? came : missing;
		x->filled += came * GW_SEC / s->rate;
		return;
	}
	x->filled = now;
}

bool
gw_udp_source_take(struct gw_udp_sources *s, struct gw_udp_source *x,
    uint64_t bytes, gw_usec now)
{
	if (s->rate == 0)
		return true;
	fill(s, x, now);
	if (x->tokens < bytes)
		return false;
	x->tokens -= bytes;
	return true;
}

bool
gw_udp_source_tell(struct gw_udp_source *x, gw_usec now)
{
	const gw_usec from = x->calm > now ? x->calm : now;

	if (from - now > (GW_UDP_SOURCE_NEWS - 1) * GW_SEC)
		return false;
	x->calm = from + GW_SEC;
	return true;
}

/* When both buckets are full. */
static gw_usec
full_at(const struct gw_udp_sources *s, struct gw_udp_source *x, gw_usec now)
{
	gw_usec at = now;

	if (s->rate > 0)
		fill(s, x, now);
	if (s->rate > 0 && x->tokens < s->burst)
		at += (s->burst - x->tokens) * GW_SEC / s->rate + 1;
	return at > x->calm ? at : x->calm;
}

void
gw_udp_source_put(
    struct gw_udp_sources *s, struct gw_udp_source *x, gw_usec now)
{
	gw_usec at;

	GW_ASSERT(x->flows > 0);
	if (--x->flows > 0)
		return;
	at = full_at(s, x, now);
	if (at <= now || gw_heap_add(&s->idle, &x->full, at) != GW_OK) {
		forget(s, x);
		return;
	}
	if (s->idle.n > GW_UDP_SOURCES_IDLE)
		forget_first(s);
}

void
gw_udp_sources_tick(struct gw_udp_sources *s, gw_usec now)
{
	while (gw_udp_sources_deadline(s) <= now)
		forget_first(s);
}

gw_usec
gw_udp_sources_deadline(const struct gw_udp_sources *s)
{
	const struct gw_heap_item *first = gw_heap_first(&s->idle);

	return first == NULL ? GW_NEVER : first->at;
}

size_t
gw_udp_sources_count(const struct gw_udp_sources *s)
{
	return gw_map_count(s->map);
}
