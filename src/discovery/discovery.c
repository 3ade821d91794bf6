#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "discovery/discovery_private.h"
#include "wire/hello.h"

/* ---- life ---- */

enum gw_err
gw_discovery_new(const struct gw_random *random, struct gw_discovery **out)
{
	struct gw_discovery *d = calloc(1, sizeof *d);

	if (d == NULL)
		return GW_E_MEMORY;
	d->random = *random;
	/* Never all zeros, which is no run id. */
	gw_random_fill(random, d->run, sizeof d->run);
	d->run[0] |= 1;
	gw_random_fill(random, d->filling, sizeof d->filling);
	*out = d;
	return GW_OK;
}

void
gw_discovery_free(struct gw_discovery *d)
{
	if (d == NULL)
		return;
	free(d->tags);
	free(d);
}

const uint8_t *
gw_discovery_run(const struct gw_discovery *d)
{
	return d->run;
}

enum gw_err
gw_discovery_tags(struct gw_discovery *d, const struct gw_tag *tags, size_t n)
{
	struct gw_tag *copy = NULL;

	GW_ASSERT(n <= GW_KNOWN_MAX);
	if (n > 0 && (copy = malloc(n * sizeof *copy)) == NULL)
		return GW_E_MEMORY;
	if (n > 0)
		memcpy(copy, tags, n * sizeof *copy);
	free(d->tags);
	d->tags = copy;
	gw_random_fill(&d->random, d->filling, sizeof d->filling);
	d->tag_count = n;
	return GW_OK;
}

/* ---- what is wanted of it ---- */

/* As it is read on the other side. */
static void
set_name(char out[GW_NAME_MAX + 1], const char *name)
{
	uint8_t wire[GW_NAME_PAYLOAD];
	size_t n = strnlen(name, GW_NAME_MAX);

	memset(out, 0, GW_NAME_MAX + 1);
	memcpy(out, name, n);
	gw_name_encode(out, wire);
	GW_ASSERT(gw_name_decode(gw_slice(wire, sizeof wire), out));
}

static gw_usec
soon(struct gw_discovery *d, gw_usec now)
{
	return now + gw_random_below(&d->random, GW_ANSWER_DELAY * GW_MSEC + 1);
}

void
gw_discovery_announce(
    struct gw_discovery *d, const struct gw_announcement *a, gw_usec now)
{
	d->farewell = a == NULL && d->announcing;
	d->announcing = a != NULL;
	d->reply_count = 0;
	if (a == NULL)
		return;
	GW_ASSERT(a->port != 0);
	GW_ASSERT(a->name[0] != '\0');
	d->own = (struct gw_beacon){ .kind = GW_BEACON_HERE,
		.port = a->port,
		.number = a->number,
		.receives = a->receives,
		.sends = a->sends };
	memcpy(d->own.run, d->run, sizeof d->run);
	set_name(d->own.name, a->name);
	d->unasked = a->unasked;
	d->here_round = 0;
	d->here_at = soon(d, now);
}

static void
begin_asking(struct gw_discovery *d, gw_usec now)
{
	d->ask_round = 0;
	d->ask_at = d->ask_begun = now;
}

void
gw_discovery_seek(
    struct gw_discovery *d, const struct gw_question *q, gw_usec now)
{
	GW_ASSERT(q == NULL || q->ask != GW_ASK_NUMBER || q->number != 0);
	GW_ASSERT(q == NULL || q->ask != GW_ASK_NAME || q->name[0] != '\0');
	d->seeking = q != NULL;
	memset(&d->roster.v, 0, sizeof d->roster.v);
	memset(d->nonces, 0, sizeof d->nonces);
	if (q == NULL)
		return;
	d->question = (struct gw_beacon){ .kind = GW_BEACON_QUESTION,
		.ask = q->ask,
		.number = q->ask == GW_ASK_NUMBER ? q->number : 0 };
	memcpy(d->question.run, d->run, sizeof d->run);
	if (q->ask == GW_ASK_NAME)
		set_name(d->question.name, q->name);
	d->wanted = q->ask == GW_ASK_KNOWN ? q->known : GW_ALL_KNOWN;
	begin_asking(d, now);
}

void
gw_discovery_again(struct gw_discovery *d, gw_usec now)
{
	/* An interface that flaps makes no storm of us. */
	if (now >= d->ask_begun + GW_SEC)
		begin_asking(d, now);
	else
		d->ask_at = gw_usec_min(d->ask_at, d->ask_begun + GW_SEC);
	if (d->here_round > 0) {
		d->here_round = 1;
		d->here_at =
		    gw_usec_min(d->here_at, now + GW_SEC / 2 + soon(d, 0));
	}
}

/* ---- output ---- */

/* The tag of the device that matters, the others in turn, the filling; none
 * of them twice. */
static void
put_tags(struct gw_discovery *d, struct gw_beacon *b, int first, bool alone)
{
	size_t at = 0, n = alone ? 0 : d->tag_count;

	memcpy(b->tags, d->filling, sizeof b->tags);
	if (first >= 0 && (size_t)first < d->tag_count)
		b->tags[at++] = d->tags[first];
	for (; n > 0 && at < GW_BEACON_TAGS; n--) {
		const size_t next = d->tag_next++ % d->tag_count;

		if (first < 0 || next != (size_t)first)
			b->tags[at++] = d->tags[next];
	}
}

static gw_usec
about(struct gw_discovery *d, gw_usec gap)
{
	return gap - gap / 10 + gw_random_below(&d->random, gap / 5 + 1);
}

/* Often at first, since people wait, and a third of all may get lost. */
static gw_usec
ask_gap(struct gw_discovery *d)
{
	enum { DOUBLING = 5, BRISK = 35 /* about a minute */ };
	const unsigned round = d->ask_round++;

	if (round < DOUBLING)
		return about(d, (100 * GW_MSEC) << round);
	return about(d, round < BRISK ? 2 * GW_SEC : 10 * GW_SEC);
}

static void
ask(struct gw_discovery *d, struct gw_discovery_out *out, gw_usec now)
{
	struct gw_beacon b = d->question;

	do {
		b.nonce = gw_random_u64(&d->random);
	} while (b.nonce == 0);
	d->nonces[d->nonce_next++ % GW_DISCOVERY_NONCES] = b.nonce;
	put_tags(d, &b, d->wanted, d->wanted != GW_ALL_KNOWN);
	gw_beacon_encode(&b, out->data);
	out->to_all = true;
	d->ask_at = now + ask_gap(d);
}

static void
be_heard(struct gw_discovery *d, struct gw_discovery_out *out, gw_usec now)
{
	struct gw_beacon b = d->own;

	b.number = 0;
	put_tags(d, &b, GW_NOT_KNOWN, false);
	gw_beacon_encode(&b, out->data);
	out->to_all = true;
	/* The first may get lost. */
	d->here_at =
	    now + about(d, d->here_round++ == 0 ? GW_SEC
						: GW_BEACON_SECONDS * GW_SEC);
}

static void
say_farewell(struct gw_discovery *d, struct gw_discovery_out *out)
{
	struct gw_beacon b = { .kind = GW_BEACON_BYE };

	memcpy(b.run, d->run, sizeof b.run);
	gw_random_fill(&d->random, b.tags, sizeof b.tags);
	gw_beacon_encode(&b, out->data);
	out->to_all = true;
	d->farewell = false;
}

static bool
answer(struct gw_discovery *d, struct gw_discovery_out *out, gw_usec now)
{
	struct gw_beacon b = d->own;
	struct gw_reply *a = NULL;

	for (size_t i = 0; i < d->reply_count && a == NULL; i++)
		if (d->replies[i].at <= now)
			a = &d->replies[i];
	if (a == NULL)
		return false;
	b.kind = GW_BEACON_ANSWER;
	b.nonce = a->nonce;
	if (!a->numbered)
		b.number = 0;
	put_tags(d, &b, a->known, false);
	gw_beacon_encode(&b, out->data);
	out->to_all = false;
	out->to = a->to;
	*a = d->replies[--d->reply_count];
	return true;
}

bool
gw_discovery_output(
    struct gw_discovery *d, struct gw_discovery_out *out, gw_usec now)
{
	if (d->farewell)
		say_farewell(d, out);
	else if (answer(d, out, now))
		return true;
	else if (d->seeking && d->ask_at <= now)
		ask(d, out, now);
	else if (d->announcing && d->unasked && d->here_at <= now)
		be_heard(d, out, now);
	else
		return false;
	return true;
}

/* ---- time ---- */

void
gw_discovery_tick(struct gw_discovery *d, gw_usec now)
{
	gw_roster_expire(&d->roster, now);
}

gw_usec
gw_discovery_deadline(const struct gw_discovery *d)
{
	gw_usec at = gw_roster_deadline(&d->roster);

	if (d->farewell)
		return 0;
	for (size_t i = 0; i < d->reply_count; i++)
		at = gw_usec_min(at, d->replies[i].at);
	if (d->seeking)
		at = gw_usec_min(at, d->ask_at);
	if (d->announcing && d->unasked)
		at = gw_usec_min(at, d->here_at);
	return at;
}

/* ---- events ---- */

/* A question about known devices is for them alone. */
static bool
is_wanted(const struct gw_discovery *d, const struct gw_roster_entry *e)
{
	if (d->question.ask != GW_ASK_KNOWN)
		return true;
	return e->known != GW_NOT_KNOWN &&
	       (d->wanted == GW_ALL_KNOWN || e->known == d->wanted);
}

static bool
is_news(const struct gw_discovery *d, const struct gw_roster_entry *e)
{
	return e->id != 0 && e->changed && is_wanted(d, e);
}

bool
gw_discovery_has_event(const struct gw_discovery *d)
{
	for (size_t i = 0; i < GW_ROSTER_MAX; i++)
		if (d->roster.v[i].gone != 0 || is_news(d, &d->roster.v[i]))
			return true;
	return false;
}

bool
gw_discovery_seen(const struct gw_discovery *d, uint64_t id, gw_usec *seen)
{
	for (size_t i = 0; i < GW_ROSTER_MAX; i++)
		if (id != 0 && d->roster.v[i].id == id) {
			*seen = d->roster.v[i].seen;
			return true;
		}
	return false;
}

bool
gw_discovery_event(struct gw_discovery *d, struct gw_discovery_event *out)
{
	for (size_t i = 0; i < GW_ROSTER_MAX; i++) {
		struct gw_roster_entry *e = &d->roster.v[i];

		if (e->gone != 0) {
			*out = (struct gw_discovery_event){ .id = e->gone };
			e->gone = 0;
			return true;
		}
		if (is_news(d, e)) {
			e->changed = false;
			e->told = true;
			*out = (struct gw_discovery_event){ e, e->id };
			return true;
		}
	}
	return false;
}

bool
gw_discovery_who(const struct gw_discovery *d, struct gw_discovery_who *out)
{
	const struct gw_beacon *b = &d->whos[0].beacon;

	if (d->who_count == 0)
		return false;
	*out = (struct gw_discovery_who){ b->run, b->tags };
	return true;
}

uint64_t
gw_discovery_dropped(const struct gw_discovery *d, enum gw_discovery_drop why)
{
	return d->dropped[why];
}

const char *
gw_discovery_drop_name(enum gw_discovery_drop why)
{
	static const char *const name[GW_DISCOVERY_DROP_COUNT] = {
		[GW_DISCOVERY_DROP_STRANGER] = "no beacon",
		[GW_DISCOVERY_DROP_VERSION] = "another version",
		[GW_DISCOVERY_DROP_MALFORMED] = "malformed",
		[GW_DISCOVERY_DROP_UNICAST] = "not sent to all",
		[GW_DISCOVERY_DROP_OFF_LINK] = "from another network",
		[GW_DISCOVERY_DROP_RATE] = "too many",
		[GW_DISCOVERY_DROP_UNASKED] = "not asked for",
		[GW_DISCOVERY_DROP_FULL] = "no room",
	};

	return name[why];
}
