#include "run/quest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "os/clock.h"
#include "run/discovery_self.h"
#include "run/quest_private.h"
#include "run/quest_words.h"

enum {
	GATHER = 120000,           /* us after the first: there may be others */
	DNS_AFTER = 500000,        /* us that beacons have before it */
	EVERYBODY_AFTER = 3500000, /* us until it asks who else is there */
	NOBODY_AFTER = 5000000     /* us until it says that it found nobody */
};

/* ---- what beacons tell ---- */

/* Two of one name: nobody but the person knows which is meant.  On one machine
 * several programs may wait for a connection: the code tells. */
static bool
is_ambiguous(struct gw_quest *q)
{
	char list[512], text[GW_QUEST_NOTICE_MAX];

	if (q->o.ask != GW_ASK_NAME || gw_candidates_devices(&q->found) < 2 ||
	    (q->o.role == GW_QUEST_CONNECTION &&
		gw_candidates_one_machine(&q->found)))
		return false;
	gw_candidates_text(&q->found, list, sizeof list);
	snprintf(text, sizeof text,
	    "%s is the name of several devices here: %s; say which by its "
	    "address",
	    q->name, list);
	gw_quest_fail(q, GW_E_RESOLVE, text);
	return true;
}

static void
tell_rivals(struct gw_quest *q)
{
	const unsigned n = gw_candidates_devices(&q->found);
	char list[512], text[GW_QUEST_NOTICE_MAX];

	if (q->rivals_told || n < 2 || q->o.ask != GW_ASK_NUMBER)
		return;
	q->rivals_told = true;
	gw_candidates_text(&q->found, list, sizeof list);
	snprintf(text, sizeof text,
	    "%u devices claim the number %u: %s; the words of the code tell "
	    "which is the right one, and at most %d are tried",
	    n, (unsigned)q->o.number, list, GW_FIND_GUESSES);
	q->o.notice(q->o.owner.arg, text);
}

static bool
is_meant(const struct gw_quest *q, const struct gw_finding *f)
{
	if (f->receives != (q->o.role == GW_QUEST_RECEIVER) ||
	    f->sends != (q->o.role == GW_QUEST_SENDER))
		return false;
	switch (q->o.ask) {
	case GW_ASK_NUMBER:
		return f->number == q->o.number;
	case GW_ASK_NAME:
		return gw_beacon_same_name(f->name, q->name);
	default:
		return f->known &&
		       memcmp(f->known_key, q->peer, GW_KEY_LEN) == 0;
	}
}

static void
on_ready(void *arg)
{
	struct gw_quest *q = arg;
	const gw_usec now = gw_clock_now();
	struct gw_finding f;

	while (gw_discovery_port_next(q->port, &f)) {
		if (f.kind != GW_FINDING_DEVICE)
			continue;
		if (!is_meant(q, &f)) {
			gw_candidates_add(&q->others, &f, now);
			continue;
		}
		if (q->found.count == 0)
			q->gather_until = now + GATHER;
		gw_candidates_add(&q->found, &f, now);
	}
	/* Where it was last it does not have to be any more. */
	if (q->to_before && q->found.count > 0) {
		gw_dial_cancel(q->dial);
		q->dial = NULL;
		q->to_before = false;
		q->began = now; /* those who are found have their time, too */
	}
	gw_quest_step(q);
}

/* ---- what is next ---- */

static void
on_timer(uv_timer_t *t)
{
	gw_quest_step(t->data);
}

static gw_usec
sooner(gw_usec a, gw_usec b)
{
	return a < b ? a : b;
}

static void
wait(struct gw_quest *q, gw_usec now)
{
	gw_usec at = q->began + q->o.patience;

	if (q->gather_until > now)
		at = sooner(at, q->gather_until);
	at = sooner(at, gw_candidates_deadline(&q->found, now));
	at = sooner(
	    sooner(at, q->dns_at), sooner(q->everybody_at, q->nobody_at));
	gw_loop_arm(&q->timer, at, on_timer);
}

/* What is due by the clock alone; false: that was its end. */
static bool
ask_further(struct gw_quest *q, gw_usec now)
{
	char text[GW_QUEST_NOTICE_MAX];

	if (now >= q->everybody_at) {
		q->everybody_at = GW_NEVER;
		if (q->port != NULL && q->found.count == 0)
			gw_discovery_port_seek(q->port,
			    &(struct gw_seek){ .ask = GW_ASK_EVERYBODY });
	}
	if (now >= q->nobody_at) {
		q->nobody_at = GW_NEVER;
		if (q->found.count > 0)
			return true;
		if (q->o.ask != GW_ASK_NUMBER) {
			gw_quest_fail_nobody(q);
			return false;
		}
		gw_quest_nobody(&q->o, q->port, &q->others, text);
		q->nobody_told = true;
		q->o.notice(q->o.owner.arg, text);
	}
	return true;
}

/* Everybody has been tried, and nobody else comes. */
static bool
is_over(const struct gw_quest *q, gw_usec now)
{
	return gw_candidates_spent(&q->found) ||
	       (q->wrong && now >= q->gather_until);
}

/* A dial has a time of its own, unless others wait: false: it goes on. */
static bool
moves_on(struct gw_quest *q, gw_usec now)
{
	const gw_usec end = gw_quest_turn_ends(q);

	if (now < end) {
		gw_loop_arm(&q->timer, end, on_timer);
		return false;
	}
	gw_quest_move_on(q);
	return true;
}

void
gw_quest_step(struct gw_quest *q)
{
	const gw_usec now = gw_clock_now();
	struct gw_candidate *c = NULL;
	enum gw_err err = GW_OK;

	if (q->dial != NULL && !moves_on(q, now))
		return;
	if (now >= q->began + q->o.patience) {
		gw_quest_fail_nobody(q);
		return;
	}
	if (now >= q->gather_until) {
		if (is_ambiguous(q))
			return;
		tell_rivals(q);
		c = gw_candidates_pick(&q->found, &q->o.g->self.random, now);
	}
	if (c != NULL) {
		err = gw_quest_dial_candidate(q, c);
		if (q->dial == NULL)
			wait(q, now);
		else
			(void)moves_on(q, now);
	} else if (is_over(q, now)) {
		gw_quest_fail_nobody(q);
		return;
	} else if (now >= q->dns_at && q->found.count == 0) {
		q->dns_at = GW_NEVER;
		err = gw_quest_dial(q, q->host, q->o.dial.port);
	} else if (ask_further(q, now)) {
		wait(q, now);
	} else {
		return;
	}
	if (err != GW_OK)
		gw_quest_fail(q, err, gw_err_text(err));
}

/* ---- its beginning ---- */

bool
gw_quest_may_be_name(const char *host)
{
	return strpbrk(host, ".:%[") == NULL && strcmp(host, "localhost") != 0;
}

/* Where it was last, it may be still. */
static enum gw_err
dial_before(struct gw_quest *q, const char *before)
{
	char host[GW_ADDRESS_TEXT];
	const char *colon = before != NULL ? strrchr(before, ':') : NULL;

	if (colon == NULL || (size_t)(colon - before) >= sizeof host)
		return GW_OK;
	memcpy(host, before, (size_t)(colon - before));
	host[colon - before] = '\0';
	q->to_before = true;
	return gw_quest_dial(q, host, (uint16_t)strtoul(colon + 1, NULL, 10));
}

static void
copy_options(struct gw_quest *q, const struct gw_quest_options *o)
{
	struct gw_dial_options *d = &q->o.dial;

	q->o = *o;
	if (d->host != NULL)
		d->host = memcpy(q->host, d->host, strlen(d->host) + 1);
	snprintf(q->name, sizeof q->name, "%s", o->name != NULL ? o->name : "");
	q->o.name = q->name;
	if (d->code != NULL) {
		snprintf(q->code, sizeof q->code, "%s", d->code);
		d->code = q->code;
	}
	if (d->ticket != NULL) {
		q->ticket = *d->ticket;
		d->ticket = &q->ticket;
	}
	if (d->peer != NULL) {
		memcpy(q->peer, d->peer, sizeof q->peer);
		d->peer = q->peer;
	}
	q->found.proved = d->mode != GW_MODE_CODE;
}

static enum gw_err
open_port(struct gw_quest *q)
{
	const struct gw_seek seek = { .ask = q->o.ask,
		.number = q->o.number,
		.name = q->name,
		.key = q->peer };
	struct gw_why why = { "" };
	enum gw_err err;

	err = gw_discovery_self_open(q->o.g, on_ready, q, &why, &q->port);
	if (err == GW_E_MEMORY)
		return err;
	if (err == GW_OK)
		gw_discovery_port_seek(q->port, &seek);
	else
		q->o.notice(q->o.owner.arg,
		    why.text[0] != '\0' ? why.text : gw_err_text(err));
	return GW_OK;
}

enum gw_err
gw_quest_start(const struct gw_quest_options *o, struct gw_quest **out)
{
	struct gw_quest *q;
	enum gw_err err;

	GW_ASSERT(o->ask != GW_ASK_KNOWN || o->dial.peer != NULL);
	if (o->dial.host != NULL && strlen(o->dial.host) > GW_HELPER_HOST_MAX)
		return GW_E_RESOLVE;
	if ((q = calloc(1, sizeof *q)) == NULL)
		return GW_E_MEMORY;
	copy_options(q, o);
	uv_timer_init(&o->g->loop.uv, &q->timer);
	q->timer.data = q;
	q->began = gw_clock_now();
	q->dns_at = o->dial.host != NULL ? q->began + DNS_AFTER : GW_NEVER;
	q->everybody_at = q->began + EVERYBODY_AFTER;
	q->nobody_at = q->began + NOBODY_AFTER;
	if ((err = open_port(q)) != GW_OK ||
	    (err = dial_before(q, o->before)) != GW_OK) {
		gw_quest_release(q);
		return err;
	}
	wait(q, q->began);
	*out = q;
	return GW_OK;
}

void
gw_quest_cancel(struct gw_quest *q)
{
	if (q == NULL)
		return;
	gw_dial_cancel(q->dial);
	gw_quest_release(q);
}
