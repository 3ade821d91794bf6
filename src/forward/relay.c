#include "forward/relay.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "base/hash.h"
#include "forward/relay_private.h"
#include "wire/beacon.h"

static const char *const fate_texts[] = {
#define X(name, text) [GW_RELAY_FATE_##name] = (text),
	GW_RELAY_FATES(X)
#undef X
};

const char *
gw_relay_fate_text(enum gw_relay_fate fate)
{
	GW_ASSERT(fate < GW_RELAY_FATE_COUNT);
	return fate_texts[fate];
}

/* ---- life ---- */

enum gw_err
gw_relay_engine_new(const struct gw_relay_rule *rules, size_t count,
    const struct gw_random *random, gw_usec now, struct gw_relay_engine **out)
{
	struct gw_relay_engine *e;

	GW_ASSERT(count > 0);
	GW_ASSERT(count <= GW_RELAY_RULES);
	if ((e = calloc(1, sizeof *e)) == NULL)
		return GW_E_MEMORY;
	if (gw_relay_guard_new(&e->guard) != GW_OK) {
		free(e);
		return GW_E_MEMORY;
	}
	memcpy(e->rules, rules, count * sizeof *rules);
	e->rule_count = count;
	e->seed = gw_random_u64(random);
	gw_random_fill(random, e->origin, sizeof e->origin);
	e->now = now;
	for (size_t i = 0; i < count; i++) {
		GW_ASSERT(gw_relay_rule_wrong(&rules[i]) == NULL);
		for (unsigned k = 0; k < GW_RELAY_LINKS; k++)
			gw_relay_gate_init(&e->gates[i][k], rules[i].rate, now);
	}
	*out = e;
	return GW_OK;
}

void
gw_relay_engine_free(struct gw_relay_engine *e)
{
	if (e == NULL)
		return;
	gw_relay_guard_free(e->guard);
	free(e);
}

void
gw_relay_engine_link(
    struct gw_relay_engine *e, unsigned link, const struct gw_relay_link *l)
{
	GW_ASSERT(link < GW_RELAY_LINKS);
	GW_ASSERT(l->addr_count <= GW_RELAY_ADDRS);
	GW_ASSERT(l->peer_count <= GW_RELAY_PEERS);
	e->links[link] = *l;
}

const struct gw_relay_link *
gw_relay_engine_link_of(const struct gw_relay_engine *e, unsigned link)
{
	GW_ASSERT(link < GW_RELAY_LINKS);
	return &e->links[link];
}

const uint8_t *
gw_relay_engine_origin(const struct gw_relay_engine *e)
{
	return e->origin;
}

size_t
gw_relay_engine_rules(const struct gw_relay_engine *e)
{
	return e->rule_count;
}

const struct gw_relay_rule *
gw_relay_engine_rule(const struct gw_relay_engine *e, size_t i)
{
	GW_ASSERT(i < e->rule_count);
	return &e->rules[i];
}

size_t
gw_relay_engine_find(
    const struct gw_relay_engine *e, const struct gw_relay_arrival *a)
{
	size_t i;

	for (i = 0; i < e->rule_count; i++)
		if (e->rules[i].port == a->to.port &&
		    (e->rules[i].between & 1u << a->link) != 0 &&
		    gw_relay_rule_takes(&e->rules[i], a->cast, &a->to))
			break;
	return i;
}

/* ---- judging ---- */

bool
gw_relay_is_own(const struct gw_relay_engine *e, const struct gw_relay_rule *r,
    const struct gw_endpoint *from)
{
	if (r->source == GW_RELAY_ADDRESS &&
	    gw_relay_same_ip(&r->address, from))
		return true;
	for (unsigned i = 0; i < GW_RELAY_LINKS; i++)
		for (size_t k = 0; k < e->links[i].addr_count; k++)
			if (gw_relay_same_ip(&e->links[i].addrs[k].ip, from))
				return true;
	return false;
}

enum kind { ECHO, REPETITION };

static struct gw_key
hash_content(const struct gw_relay_engine *e, const struct gw_relay_rule *r,
    struct gw_slice data)
{
	uint8_t beacon[GW_BEACON_LEN];

	if (!r->beacons || data.n != sizeof beacon)
		return gw_hash_key(e->seed, data);
	/* Each relay writes a port of its own there. */
	memcpy(beacon, data.p, sizeof beacon);
	memset(beacon + GW_BEACON_PORT_AT, 0, 2);
	return gw_hash_key(e->seed, gw_slice(beacon, sizeof beacon));
}

static uint64_t
hash_of(const struct gw_relay_engine *e, const struct gw_writer *w)
{
	struct gw_key key;
	uint64_t h;

	GW_ASSERT(gw_writer_ok(w));
	key = gw_hash_key(e->seed, gw_slice(w->start, gw_writer_len(w)));
	memcpy(&h, key.b, sizeof h);
	return h;
}

/*
 * What makes two datagrams the same.  As echo: content and destination; who
 * says it only where the relay keeps that, since another one may have put
 * itself into its place.  As repetition: who says it as well, but not from
 * which port.
 */
static uint64_t
hash(const struct gw_relay_engine *e, const struct gw_relay_rule *r,
    const struct gw_relay_arrival *a, enum kind kind)
{
	struct gw_key content = hash_content(e, r, a->data);
	uint8_t buf[64];
	struct gw_writer w = gw_writer(buf, sizeof buf);

	gw_write_u8(&w, (uint8_t)kind);
	/* Two rules may carry it on, each to others. */
	if (kind == REPETITION)
		gw_write_u8(&w, (uint8_t)(r - e->rules));
	gw_write_u16(&w, r->port);
	if (a->cast == GW_CAST_GROUP)
		gw_write_bytes(&w, a->to.ip, sizeof a->to.ip);
	if (kind == REPETITION || r->source == GW_RELAY_KEEP)
		gw_write_bytes(&w, a->from.ip, sizeof a->from.ip);
	if (kind == ECHO && r->source == GW_RELAY_KEEP)
		gw_write_u16(&w, a->from.port);
	gw_write_bytes(&w, content.b, sizeof content.b);
	return hash_of(e, &w);
}

static bool
is_beacon(struct gw_slice data)
{
	struct gw_beacon b;

	return gw_beacon_decode(data, &b) == GW_BEACON_OK;
}

/* A beacon makes this machine lead others to who has sent it: that is for
 * neighbours alone, as a source may be forged. */
enum gw_relay_fate
gw_relay_judge_beacon(
    const struct gw_relay_engine *e, const struct gw_relay_arrival *a)
{
	if (!is_beacon(a->data))
		return GW_RELAY_FATE_NO_BEACON;
	if (!gw_relay_is_neighbour(&e->links[a->link], &a->from))
		return GW_RELAY_FATE_ELSEWHERE;
	return GW_RELAY_FATE_CARRIED;
}

static enum gw_relay_fate
judge_ends(const struct gw_relay_engine *e, const struct gw_relay_rule *r,
    const struct gw_relay_arrival *a)
{
	if (a->cast == GW_CAST_HOST)
		return GW_RELAY_FATE_UNICAST;
	if (a->to.port != r->port || (r->between & 1u << a->link) == 0 ||
	    !gw_relay_rule_takes(r, a->cast, &a->to))
		return GW_RELAY_FATE_NO_RULE;
	if (a->from.port == 0)
		return GW_RELAY_FATE_NO_PORT;
	/* Another site may have the same addresses. */
	if (!e->links[a->link].remote && gw_relay_is_own(e, r, &a->from))
		return GW_RELAY_FATE_OWN;
	if ((r->from & 1u << a->link) == 0)
		return GW_RELAY_FATE_DIRECTION;
	if (gw_relay_nets_have(&r->deny, &a->from) ||
	    (r->allow.count != 0 && !gw_relay_nets_have(&r->allow, &a->from)))
		return GW_RELAY_FATE_DENIED;
	return r->beacons ? gw_relay_judge_beacon(e, a) : GW_RELAY_FATE_CARRIED;
}

static enum gw_relay_fate
judge_flow(struct gw_relay_engine *e, unsigned rule,
    const struct gw_relay_arrival *a, uint64_t echo)
{
	const struct gw_relay_rule *r = &e->rules[rule];
	struct gw_relay_gate *gate = &e->gates[rule][a->link];
	bool storm;

	if (gate->state == GW_RELAY_TRIPPED)
		return GW_RELAY_FATE_TRIPPED;
	if (gw_relay_guard_heard(e->guard, echo, a->link, e->now)) {
		storm = gw_relay_gate_echo(gate, e->now);
		if (storm)
			e->storms[rule] |= 1u << a->link;
		return GW_RELAY_FATE_ECHO;
	}
	if (!gw_relay_gate_pass(gate, e->now))
		return GW_RELAY_FATE_RATE;
	if (!gw_relay_guard_may_repeat(
		e->guard, hash(e, r, a, REPETITION), e->now)) {
		storm = gw_relay_gate_repeat(gate, e->now);
		if (storm)
			e->storms[rule] |= 1u << a->link;
		return GW_RELAY_FATE_REPEAT;
	}
	return GW_RELAY_FATE_CARRIED;
}

/* What of a datagram of another site stays on its way, whichever that is. */
static uint64_t
hash_told(const struct gw_relay_engine *e, const struct gw_relay_arrival *a)
{
	struct gw_key content = gw_hash_key(e->seed, a->data);
	uint8_t buf[96];
	struct gw_writer w = gw_writer(buf, sizeof buf);

	gw_write_bytes(&w, a->origin, sizeof a->origin);
	gw_write_u64(&w, a->number);
	gw_write_bytes(&w, a->from.ip, sizeof a->from.ip);
	gw_write_u16(&w, a->from.port);
	gw_write_bytes(&w, a->to.ip, sizeof a->to.ip);
	gw_write_u16(&w, a->to.port);
	gw_write_bytes(&w, content.b, sizeof content.b);
	return hash_of(e, &w);
}

/* Once, by whichever way it comes, and never what this relay has heard
 * itself. */
static enum gw_relay_fate
judge_origin(const struct gw_relay_engine *e, const struct gw_relay_arrival *a,
    uint64_t told)
{
	if (a->late)
		return GW_RELAY_FATE_LATE;
	if (memcmp(a->origin, e->origin, sizeof e->origin) == 0 ||
	    gw_relay_seen_has(&e->seen, told))
		return GW_RELAY_FATE_SEEN;
	return GW_RELAY_FATE_CARRIED;
}

/* And how much of it, after what it is and where it comes from.  Of a site,
 * only what passes is remembered: no flood makes the table forget. */
static enum gw_relay_fate
judge(struct gw_relay_engine *e, unsigned rule,
    const struct gw_relay_arrival *a, uint64_t echo)
{
	bool remote = e->links[a->link].remote;
	uint64_t told = remote ? hash_told(e, a) : 0;
	enum gw_relay_fate fate = GW_RELAY_FATE_CARRIED;

	if (remote)
		fate = judge_origin(e, a, told);
	if (fate == GW_RELAY_FATE_CARRIED)
		fate = judge_flow(e, rule, a, echo);
	if (fate == GW_RELAY_FATE_CARRIED && remote)
		gw_relay_seen_add(&e->seen, told);
	return fate;
}

void
gw_relay_engine_begin(struct gw_relay_engine *e, gw_usec now)
{
	e->now = now;
	GW_ASSERT(e->out_next == e->out_count); /* the last ones were pulled */
	e->out_next = e->out_count = 0;
}

enum gw_relay_fate
gw_relay_engine_input(struct gw_relay_engine *e, unsigned rule,
    const struct gw_relay_arrival *a, gw_usec now)
{
	struct gw_relay_counts *n;
	enum gw_relay_fate fate;
	uint64_t echo;

	GW_ASSERT(rule < e->rule_count);
	GW_ASSERT(a->link < GW_RELAY_LINKS);
	gw_relay_engine_begin(e, now);
	n = &e->counts[rule][a->link];
	n->heard++;
	fate = judge_ends(e, &e->rules[rule], a);
	if (fate == GW_RELAY_FATE_CARRIED) {
		echo = hash(e, &e->rules[rule], a, ECHO);
		fate = judge(e, rule, a, echo);
		if (fate == GW_RELAY_FATE_CARRIED)
			fate = gw_relay_copies(e, rule, a, echo);
	}
	n->fates[fate]++;
	return fate;
}

/* ---- output ---- */

bool
gw_relay_engine_output(struct gw_relay_engine *e, struct gw_relay_emission *out)
{
	if (e->out_next == e->out_count)
		return false;
	*out = e->out[e->out_next++];
	return true;
}

void
gw_relay_engine_sent(struct gw_relay_engine *e,
    const struct gw_relay_emission *out, enum gw_relay_fate fate)
{
	struct gw_relay_counts *n = &e->counts[out->rule][out->link];

	if (fate != GW_RELAY_FATE_CARRIED) {
		n->fates[fate]++;
		return;
	}
	if (out->answer)
		n->answered++;
	else
		n->sent++;
	n->bytes += out->data.n;
}

/* ---- time ---- */

void
gw_relay_engine_tick(struct gw_relay_engine *e, gw_usec now)
{
	e->now = now;
	for (unsigned i = 0; i < e->rule_count; i++)
		for (unsigned k = 0; k < GW_RELAY_LINKS; k++)
			if (gw_relay_gate_tick(&e->gates[i][k], now))
				e->calms[i] |= 1u << k;
}

gw_usec
gw_relay_engine_deadline(const struct gw_relay_engine *e)
{
	gw_usec at = gw_relay_held_deadline(&e->held);

	for (unsigned i = 0; i < e->rule_count; i++)
		for (unsigned k = 0; k < GW_RELAY_LINKS; k++)
			at = gw_usec_min(
			    at, gw_relay_gate_deadline(&e->gates[i][k]));
	return at;
}

/* Takes a bit off; false: there is none. */
static bool
take_bit(uint32_t *set, unsigned *bit)
{
	for (unsigned i = 0; i < GW_RELAY_LINKS; i++)
		if ((*set & 1u << i) != 0) {
			*set &= ~(1u << i);
			*bit = i;
			return true;
		}
	return false;
}

bool
gw_relay_engine_news(struct gw_relay_engine *e, struct gw_relay_news *out)
{
	struct gw_relay_news news = { .kind = GW_RELAY_NEWS_CLOSE };

	if (gw_relay_held_ended(&e->held, e->now, &news.held)) {
		*out = news;
		return true;
	}
	for (; news.rule < e->rule_count; news.rule++) {
		news.kind = GW_RELAY_NEWS_STORM;
		if (take_bit(&e->storms[news.rule], &news.link)) {
			news.pause = e->gates[news.rule][news.link].lasts;
			*out = news;
			return true;
		}
		news.kind = GW_RELAY_NEWS_CALM;
		if (take_bit(&e->calms[news.rule], &news.link)) {
			*out = news;
			return true;
		}
	}
	return false;
}

const struct gw_relay_counts *
gw_relay_engine_counts(
    const struct gw_relay_engine *e, unsigned rule, unsigned link)
{
	GW_ASSERT(rule < e->rule_count);
	GW_ASSERT(link < GW_RELAY_LINKS);
	return &e->counts[rule][link];
}

bool
gw_relay_engine_is_tripped(
    const struct gw_relay_engine *e, unsigned rule, unsigned link)
{
	GW_ASSERT(rule < e->rule_count);
	GW_ASSERT(link < GW_RELAY_LINKS);
	return e->gates[rule][link].state == GW_RELAY_TRIPPED;
}
