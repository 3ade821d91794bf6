/*
 * What comes in: questions, answers, and what is said unasked.
 */
#include <string.h>

#include "base/assert.h"
#include "discovery/discovery_private.h"

static void
drop(struct gw_discovery *d, enum gw_discovery_drop why)
{
	d->dropped[why]++;
}

/* ---- whose tags ---- */

/* Of questions, and of what nobody asked for, half as many are looked at:
 * whatever they are flooded with, answers are recognised. */
static unsigned
reserve_of(enum gw_beacon_kind kind)
{
	return kind == GW_BEACON_ANSWER ? 0 : GW_RECOGNISE_PER_SECOND / 2;
}

static bool
ask_who(struct gw_discovery *d, const struct gw_beacon *b,
    const struct gw_spot *from, uint64_t entry, gw_usec now)
{
	if (d->who_count == GW_DISCOVERY_WHOS ||
	    !gw_allowance_take(&d->recognising, GW_RECOGNISE_PER_SECOND,
		reserve_of(b->kind), now))
		return false;
	d->whos[d->who_count++] = (struct gw_who){ *b, entry, *from };
	return true;
}

/* ---- questions ---- */

static bool
concerns_us(const struct gw_discovery *d, const struct gw_beacon *b)
{
	if (!d->announcing)
		return false;
	switch (b->ask) {
	case GW_ASK_EVERYBODY:
		return true;
	case GW_ASK_NUMBER:
		return d->own.number == b->number;
	case GW_ASK_NAME:
		return gw_beacon_same_name(d->own.name, b->name);
	case GW_ASK_KNOWN:
		return d->tag_count > 0;
	case GW_ASK_NOTHING:
		break;
	}
	return false;
}

/* The same comes by IPv4 and by IPv6: one answer will do. */
static bool
is_recent(const struct gw_discovery *d, const struct gw_beacon *b,
    const struct gw_spot *from)
{
	for (size_t i = 0; i < GW_DISCOVERY_RECENT; i++) {
		const struct gw_recent *r = &d->recent[i];

		if (r->nonce == b->nonce && r->interface == from->interface &&
		    memcmp(r->run, b->run, sizeof r->run) == 0)
			return true;
	}
	return false;
}

static void
remember(struct gw_discovery *d, const struct gw_beacon *b,
    const struct gw_spot *from)
{
	struct gw_recent *r;

	r = &d->recent[d->recent_next++ % GW_DISCOVERY_RECENT];
	memcpy(r->run, b->run, sizeof r->run);
	r->nonce = b->nonce;
	r->interface = from->interface;
}

/* The rest of what is answered a second stays for known devices. */
static bool
may_answer(
    struct gw_discovery *d, const struct gw_spot *to, int known, gw_usec now)
{
	const unsigned reserve = known == GW_NOT_KNOWN ? GW_ANSWERS_KNOWN : 0;

	return d->reply_count < GW_DISCOVERY_REPLIES &&
	       gw_allowance_has(&d->all, GW_ANSWERS_ALL, reserve, now) &&
	       gw_allowances_take(&d->sources, to->ip, to->interface,
		   GW_ANSWERS_PER_SOURCE, now) &&
	       gw_allowance_take(&d->all, GW_ANSWERS_ALL, reserve, now);
}

static void
answer_later(struct gw_discovery *d, const struct gw_beacon *b,
    const struct gw_spot *to, int known, gw_usec now)
{
	if (!may_answer(d, to, known, now)) {
		drop(d, GW_DISCOVERY_DROP_RATE);
		return;
	}
	remember(d, b, to);
	d->replies[d->reply_count++] =
	    (struct gw_reply){ .at = now + gw_random_below(&d->random,
					       GW_ANSWER_DELAY * GW_MSEC + 1),
		    .to = *to,
		    .nonce = b->nonce,
		    .known = known,
		    .numbered = b->ask == GW_ASK_NUMBER };
}

static void
on_question(struct gw_discovery *d, const struct gw_beacon *b,
    const struct gw_spot *from, gw_usec now)
{
	if (!concerns_us(d, b) || is_recent(d, b, from))
		return;
	/* Where a beacon has room for all tags, none must come first. */
	if (b->ask == GW_ASK_KNOWN || d->tag_count > GW_BEACON_TAGS) {
		if (ask_who(d, b, from, 0, now))
			return;
		if (b->ask == GW_ASK_KNOWN) {
			drop(d, GW_DISCOVERY_DROP_RATE);
			return;
		}
	}
	answer_later(d, b, from, GW_NOT_KNOWN, now);
}

/* ---- devices ---- */

static bool
is_asked_for(const struct gw_discovery *d, const struct gw_beacon *b)
{
	switch (d->question.ask) {
	case GW_ASK_NUMBER:
		return b->number == d->question.number;
	case GW_ASK_NAME:
		return gw_beacon_same_name(b->name, d->question.name);
	case GW_ASK_KNOWN:
		return d->tag_count > 0;
	case GW_ASK_EVERYBODY:
	case GW_ASK_NOTHING:
		break;
	}
	return true;
}

static bool
is_answer_of_ours(const struct gw_discovery *d, const struct gw_beacon *b)
{
	for (size_t i = 0; i < GW_DISCOVERY_NONCES; i++)
		if (d->nonces[i] == b->nonce)
			return d->seeking;
	return false;
}

/* One is not looked at again at once: whoever repeats himself takes nothing
 * from others. */
static void
recognise_sender(struct gw_discovery *d, const struct gw_beacon *b,
    struct gw_roster_entry *e, gw_usec now)
{
	if (d->tag_count == 0 || e->known != GW_NOT_KNOWN ||
	    (e->looked_at != 0 && now < e->looked_at + GW_SEC))
		return;
	if (ask_who(d, b, &e->spots[0], e->id, now))
		e->looked_at = now;
	else
		drop(d, GW_DISCOVERY_DROP_RATE);
}

static void
on_answer(struct gw_discovery *d, const struct gw_beacon *b,
    const struct gw_spot *from, gw_usec now)
{
	struct gw_roster_entry *e;

	if (!is_answer_of_ours(d, b) || !is_asked_for(d, b)) {
		drop(d, GW_DISCOVERY_DROP_UNASKED);
		return;
	}
	if ((e = gw_roster_find(&d->roster, b, from)) == NULL)
		e = gw_roster_add(&d->roster, b, from, true, now);
	if (e == NULL || !gw_roster_seen(e, from, now)) {
		drop(d, GW_DISCOVERY_DROP_FULL);
		return;
	}
	if (e->receives != b->receives || e->sends != b->sends ||
	    e->number != b->number || !e->answered)
		e->changed = true;
	e->answered = true;
	e->receives = b->receives;
	e->sends = b->sends;
	e->number = b->number;
	recognise_sender(d, b, e, now);
}

/* It is not asked who says so: of one that has answered, only that it is
 * still there, and nothing new. */
static void
on_here(struct gw_discovery *d, const struct gw_beacon *b,
    const struct gw_spot *from, gw_usec now)
{
	struct gw_roster_entry *e;

	if (!d->seeking || !is_asked_for(d, b))
		return;
	if ((e = gw_roster_find(&d->roster, b, from)) == NULL) {
		if (!gw_allowance_take(
			&d->unasked_new, GW_ROSTER_NEW, 0, now)) {
			drop(d, GW_DISCOVERY_DROP_RATE);
			return;
		}
		e = gw_roster_add(&d->roster, b, from, false, now);
	} else if (e->answered && !gw_roster_has_spot(e, from))
		return;
	if (e == NULL || !gw_roster_seen(e, from, now)) {
		drop(d, GW_DISCOVERY_DROP_FULL);
		return;
	}
	recognise_sender(d, b, e, now);
}

static void
on_bye(struct gw_discovery *d, const struct gw_beacon *b,
    const struct gw_spot *from)
{
	for (size_t i = 0; i < GW_ROSTER_MAX; i++) {
		struct gw_roster_entry *e = &d->roster.v[i];

		if (e->id != 0 && memcmp(e->run, b->run, sizeof e->run) == 0 &&
		    gw_roster_has_spot(e, from))
			gw_roster_drop(e);
	}
}

/* ---- all of it ---- */

static void
on_beacon(struct gw_discovery *d, const struct gw_beacon *b,
    const struct gw_discovery_in *in, gw_usec now)
{
	if (memcmp(b->run, d->run, sizeof d->run) == 0)
		return; /* our own voice */
	/* Answers come to the port that has asked, the rest to that of all. */
	if ((b->kind == GW_BEACON_ANSWER) == in->shared) {
		drop(d, GW_DISCOVERY_DROP_UNASKED);
		return;
	}
	switch (b->kind) {
	case GW_BEACON_QUESTION:
		on_question(d, b, &in->from, now);
		break;
	case GW_BEACON_ANSWER:
		on_answer(d, b, &in->from, now);
		break;
	case GW_BEACON_HERE:
		on_here(d, b, &in->from, now);
		break;
	case GW_BEACON_BYE:
		on_bye(d, b, &in->from);
		break;
	}
}

void
gw_discovery_input(
    struct gw_discovery *d, const struct gw_discovery_in *in, gw_usec now)
{
	struct gw_beacon b;

	if (in->shared && !in->to_all) {
		drop(d, GW_DISCOVERY_DROP_UNICAST);
		return;
	}
	if (!in->on_link) {
		drop(d, GW_DISCOVERY_DROP_OFF_LINK);
		return;
	}
	switch (gw_beacon_decode(in->data, &b)) {
	case GW_BEACON_OK:
		on_beacon(d, &b, in, now);
		break;
	case GW_BEACON_STRANGER:
		drop(d, GW_DISCOVERY_DROP_STRANGER);
		break;
	case GW_BEACON_VERSION:
		drop(d, GW_DISCOVERY_DROP_VERSION);
		break;
	case GW_BEACON_MALFORMED:
		drop(d, GW_DISCOVERY_DROP_MALFORMED);
		break;
	}
}

void
gw_discovery_recognise(struct gw_discovery *d, int known, gw_usec now)
{
	struct gw_who w;

	GW_ASSERT(d->who_count > 0);
	w = d->whos[0];
	d->who_count--;
	memmove(&d->whos[0], &d->whos[1], d->who_count * sizeof *d->whos);
	if (w.entry == 0) {
		if ((known != GW_NOT_KNOWN || w.beacon.ask != GW_ASK_KNOWN) &&
		    concerns_us(d, &w.beacon) &&
		    !is_recent(d, &w.beacon, &w.from))
			answer_later(d, &w.beacon, &w.from, known, now);
		return;
	}
	for (size_t i = 0; i < GW_ROSTER_MAX; i++) {
		struct gw_roster_entry *e = &d->roster.v[i];

		if (e->id == w.entry && known != GW_NOT_KNOWN) {
			e->known = known;
			e->changed = true;
		}
	}
}
