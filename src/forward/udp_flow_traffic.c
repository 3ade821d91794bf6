/* What passes in flows, and what does not. */
#include "base/assert.h"
#include "base/hash.h"
#include "forward/udp_flow_private.h"

#include <string.h>

/* ---- counting ---- */

static void
count(struct gw_udp_count *c, const struct gw_udp_load *l)
{
	c->packets += l->count;
	c->bytes += l->bytes;
}

static void
uncount(struct gw_udp_count *c, const struct gw_udp_load *l)
{
	GW_ASSERT(c->packets >= l->count && c->bytes >= l->bytes);
	c->packets -= l->count;
	c->bytes -= l->bytes;
}

void
gw_udp_flows_drop(
    struct gw_udp_flows *t, struct gw_udp_flow *f, enum gw_drop why, uint32_t n)
{
	GW_ASSERT(why > GW_DROP_NONE && why < GW_DROPS);
	t->drops[why] += n;
	if (f == NULL || n == 0)
		return;
	f->drops[why] += n;
	f->last_drop = why;
}

void
gw_udp_flows_lost_request(struct gw_udp_flows *t, struct gw_udp_flow *f,
    const struct gw_udp_load *l, enum gw_drop why)
{
	uncount(&t->requests, l);
	uncount(&f->requests, l);
	gw_udp_flows_drop(t, f, why, l->count);
}

void
gw_udp_flows_lost_reply(struct gw_udp_flows *t, struct gw_udp_flow *f,
    const struct gw_udp_load *l, enum gw_drop why)
{
	uncount(&t->replies, l);
	uncount(&f->replies, l);
	gw_udp_flows_drop(t, f, why, l->count);
}

/* ---- from clients ---- */

/* The flow that takes it, or NULL. */
static struct gw_udp_flow *
find(struct gw_udp_flows *t, const struct gw_udp_flow_key *key)
{
	const struct gw_key hash = gw_udp_flow_hash(t, key);
	struct gw_udp_flow *f;
	uintptr_t value;

	if (!gw_map_get(t->map, &hash, &value))
		return NULL;
	f = (struct gw_udp_flow *)value;
	/* Two keys with one hash: the later one has it. */
	if (memcmp(&f->key, key, sizeof *key) == 0 &&
	    (t->o.requests == 0 || f->asked < t->o.requests))
		return f;
	gw_udp_flow_retire(t, f);
	return NULL;
}

enum gw_drop
gw_udp_flows_request(struct gw_udp_flows *t, const struct gw_udp_flow_key *key,
    const struct gw_udp_load *l, gw_usec now, struct gw_udp_flow **out)
{
	enum gw_drop why = GW_DROP_NONE;
	struct gw_udp_flow *f = NULL;

	GW_ASSERT(l->count > 0);
	GW_ASSERT(t->o.requests == 0 || l->count == 1);
	if (key->port == 0)
		why = GW_DROP_PORT_ZERO;
	else if ((f = find(t, key)) == NULL)
		why = gw_udp_flow_begin(t, key, now, &f);
	if (why != GW_DROP_NONE) {
		gw_udp_flows_drop(t, NULL, why, l->count);
		return why;
	}
	f->proven = f->proven || f->replies.packets > 0;
	f->seen = now;
	f->asked += l->count;
	count(&f->requests, l);
	count(&t->requests, l);
	*out = f;
	return GW_DROP_NONE;
}

void
gw_udp_flows_fail(struct gw_udp_flows *t, struct gw_udp_flow *f,
    const struct gw_udp_load *l, enum gw_drop why, gw_usec now)
{
	GW_ASSERT(f->user == NULL);
	gw_udp_flows_lost_request(t, f, l, why);
	gw_udp_flow_close(t, f, GW_FORWARD_FAILED, now);
}

/* ---- from targets ---- */

static bool
is_loopback(const uint8_t ip[16])
{
	static const uint8_t v4[13] = { [10] = 0xff, [11] = 0xff, 127 };
	static const uint8_t v6[16] = { [15] = 1 };

	return memcmp(ip, v4, sizeof v4) == 0 || memcmp(ip, v6, sizeof v6) == 0;
}

/* How many more answers were agreed on. */
static uint32_t
within_responses(
    const struct gw_udp_flows *t, const struct gw_udp_flow *f, uint32_t n)
{
	const uint64_t all = (uint64_t)t->o.responses * f->asked;

	if (t->o.responses == 0)
		return n;
	if (f->answers >= all)
		return 0;
	return all - f->answers < n ? (uint32_t)(all - f->answers) : n;
}

static uint32_t
bytes_of(const struct gw_udp_load *l, uint32_t n)
{
	return n == l->count ? l->bytes : n * l->segment;
}

/* So much more may go to the client, as a multiple of what it sent. */
static bool
is_within_ratio(
    const struct gw_udp_flows *t, const struct gw_udp_flow *f, uint64_t bytes)
{
	return t->o.ratio == 0 ||
	       f->replies.bytes + bytes <= t->o.ratio * f->requests.bytes;
}

/* Nobody elsewhere can send from this machine's own. */
static bool
may_be_forged(const struct gw_udp_flow *f)
{
	return !f->proven && !is_loopback(f->key.client);
}

/* How many of the first n may go to an address that may be forged. */
static uint32_t
within_rate(struct gw_udp_flows *t, struct gw_udp_flow *f,
    const struct gw_udp_load *l, uint32_t n, gw_usec now)
{
	uint32_t passed = 0;

	if (n == 0 || !may_be_forged(f))
		return n;
	if (is_within_ratio(t, f, bytes_of(l, n)) &&
	    gw_udp_source_take(&t->sources, f->source, bytes_of(l, n), now))
		return n;
	while (passed < n - 1 &&
	       is_within_ratio(t, f, (uint64_t)(passed + 1) * l->segment) &&
	       gw_udp_source_take(&t->sources, f->source, l->segment, now))
		passed++;
	return passed;
}

uint32_t
gw_udp_flows_reply(struct gw_udp_flows *t, struct gw_udp_flow *f,
    const struct gw_udp_load *l, gw_usec now)
{
	uint32_t agreed, passed;

	GW_ASSERT(!f->over && l->count > 0);
	if (!f->answered)
		gw_udp_flow_answered(t, f);
	gw_targets_answered(t->o.targets, f->target);
	f->seen = now;
	agreed = within_responses(t, f, l->count);
	passed = within_rate(t, f, l, agreed, now);
	f->answers += l->count;
	gw_udp_flows_drop(t, f, GW_DROP_LATE, l->count - agreed);
	gw_udp_flows_drop(t, f, GW_DROP_RATE, agreed - passed);
	if (passed > 0) {
		const struct gw_udp_load some = { .count = passed,
			.bytes = bytes_of(l, passed) };

		count(&f->replies, &some);
		count(&t->replies, &some);
	}
	if (t->o.responses > 0 && within_responses(t, f, 1) == 0)
		gw_udp_flow_close(t, f, GW_FORWARD_ANSWERED, now);
	return passed;
}

void
gw_udp_flows_refused(struct gw_udp_flows *t, struct gw_udp_flow *f, gw_usec now)
{
	bool elsewhere;

	GW_ASSERT(!f->over);
	f->refusals++;
	t->refusals++;
	gw_udp_flows_drop(t, f, GW_DROP_ICMP, 1);
	elsewhere = gw_targets_refused(t->o.targets, f->target, now);
	/* Who has not been answered yet loses nothing by another target. */
	if (t->o.icmp == GW_UDP_ICMP_CLOSE || (elsewhere && !f->answered))
		gw_udp_flow_close(t, f, GW_FORWARD_ICMP, now);
}

bool
gw_udp_flow_tell(struct gw_udp_flow *f, gw_usec now)
{
	GW_ASSERT(!f->over);
	return !may_be_forged(f) || gw_udp_source_tell(f->source, now);
}
