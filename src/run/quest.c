#include "run/quest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/code.h"
#include "crypto/kdf.h"
#include "os/clock.h"
#include "os/helper.h"
#include "run/candidates.h"
#include "run/discovery_self.h"
#include "run/quest_words.h"

enum {
	GATHER = 120000,           /* us after the first: there may be others */
	GATHER_MORE = 600000,      /* us after one that was not the right one */
	DNS_AFTER = 500000,        /* us that beacons have before it */
	EVERYBODY_AFTER = 3500000, /* us until it asks who else is there */
	NOBODY_AFTER = 5000000     /* us until it says that it found nobody */
};

struct gw_quest {
	struct gw_quest_options o;
	char host[GW_HELPER_HOST_MAX + 1];
	char name[GW_NAME_MAX + 1];
	char code[GW_CODE_MAX + 1];
	struct gw_ticket ticket;
	uint8_t peer[GW_KEY_LEN];

	struct gw_discovery_port *port; /* NULL: beacons do not work here */
	struct gw_candidates found;
	struct gw_candidates others; /* who is there, too */
	struct gw_dial *dial;        /* one at a time */
	struct gw_candidate *tried;  /* whom it is to; NULL: host, or before */
	uv_timer_t timer;
	gw_usec began, gather_until, dns_at, everybody_at, nobody_at;
	bool rivals_told;

	/* How the last one failed that counts. */
	bool wrong;
	struct gw_session_event why;
	char why_text[GW_REASON_MAX + 1];
	char why_at[GW_ADDRESS_TEXT];
};

static void step(struct gw_quest *);

/* ---- its end ---- */

static void
on_timer_closed(uv_handle_t *h)
{
	struct gw_quest *q = h->data;

	gw_wipe(q, sizeof *q);
	free(q);
}

static void
release(struct gw_quest *q)
{
	gw_discovery_port_close(q->port);
	uv_close((uv_handle_t *)&q->timer, on_timer_closed);
}

static void
fail(struct gw_quest *q, const struct gw_session_event *ev, const char *at)
{
	q->o.owner.failed(q->o.owner.arg, ev, at);
	release(q);
}

static void
fail_with(struct gw_quest *q, enum gw_err err, const char *text)
{
	const struct gw_session_event ev = {
		.kind = GW_SESSION_CLOSED,
		.closed = { .err = err, .text = text },
	};

	fail(q, &ev, "");
}

/* No right one: what the last one said, unless several were tried. */
static void
fail_tried(struct gw_quest *q)
{
	char text[GW_QUEST_NOTICE_MAX], whom[96];

	q->why.closed.text = q->why_text;
	if (q->found.tries < 2 || q->found.proved) {
		fail(q, &q->why, q->why_at);
		return;
	}
	snprintf(text, sizeof text,
	    "%u who claim to be %s were tried, and none of them knows the "
	    "code: it is wrong, or somebody interferes; make a new code",
	    q->found.tries, gw_quest_whom(&q->o, whom));
	fail_with(q, GW_E_AUTH, text);
}

static void
fail_nobody(struct gw_quest *q)
{
	char text[GW_QUEST_NOTICE_MAX];

	gw_quest_nobody(&q->o, q->port, &q->others, text);
	if (q->wrong)
		fail_tried(q);
	else
		fail_with(q,
		    q->o.ask == GW_ASK_NAME ? GW_E_RESOLVE : GW_E_CONNECT,
		    text);
}

/* ---- one after the other ---- */

static void
on_opened(void *arg, struct gw_conn *c, const struct gw_session_event *ev)
{
	struct gw_quest *q = arg;

	q->dial = NULL;
	q->o.owner.opened(q->o.owner.arg, c, ev);
	release(q);
}

static void
remember(struct gw_quest *q, const struct gw_session_event *ev, const char *at)
{
	q->wrong = true;
	q->why = *ev;
	snprintf(q->why_text, sizeof q->why_text, "%s", ev->closed.text);
	snprintf(q->why_at, sizeof q->why_at, "%s", at);
}

/* It does not only mean that the network failed. */
static bool
is_verdict(enum gw_err err)
{
	return err != GW_E_CONNECT && err != GW_E_LOST && err != GW_E_STALLED;
}

/* It was no good at one that a beacon told of. */
static void
next_candidate(
    struct gw_quest *q, const struct gw_session_event *ev, const char *at)
{
	const gw_usec now = gw_clock_now();
	struct gw_candidate *c = q->tried;
	char text[GW_QUEST_NOTICE_MAX];

	q->tried = NULL;
	if (!ev->closed.answered && !ev->closed.by_peer) {
		gw_candidates_unreached(c, now);
		return;
	}
	gw_candidates_tried(&q->found, c);
	if (!is_verdict(ev->closed.err)) {
		gw_candidates_unreached(c, now);
		return;
	}
	gw_candidates_refused(&q->found, c);
	remember(q, ev, at);
	q->gather_until = now + GATHER_MORE;
	if (ev->closed.err == GW_E_AUTH && q->o.ask == GW_ASK_KNOWN &&
	    !ev->closed.by_peer) {
		snprintf(text, sizeof text,
		    "somebody at %s passes for %s, but is not: passed over", at,
		    q->name);
		q->o.notice(q->o.owner.arg, text);
	}
}

static void
on_failed(void *arg, const struct gw_session_event *ev, const char *at)
{
	struct gw_quest *q = arg;

	q->dial = NULL;
	if (ev->closed.unknown_ticket) {
		fail(q, ev, at); /* it is the one, and wants the code */
		return;
	}
	if (q->tried != NULL)
		next_candidate(q, ev, at);
	else if (ev->closed.answered || ev->closed.by_peer)
		remember(q, ev, at);
	step(q);
}

/* Once: who is tried is counted here. */
static enum gw_err
dial(struct gw_quest *q, const char *host, uint16_t port)
{
	struct gw_dial_options o = q->o.dial;

	o.host = host;
	o.port = port;
	o.once = q->tried != NULL;
	o.owner = (struct gw_entrance_owner){ on_opened, on_failed, q };
	return gw_dial_start(&o, &q->dial);
}

static enum gw_err
dial_candidate(struct gw_quest *q, struct gw_candidate *c)
{
	char host[GW_ADDR_TEXT];

	gw_addr_host(&c->addr, host);
	q->tried = c;
	return dial(q, host, gw_addr_port(&c->addr));
}

/* ---- what beacons tell ---- */

/* Two of one name: nobody but the person knows which is meant. */
static bool
is_ambiguous(struct gw_quest *q)
{
	char list[512], text[GW_QUEST_NOTICE_MAX];

	if (q->o.ask != GW_ASK_NAME || gw_candidates_devices(&q->found) < 2)
		return false;
	gw_candidates_text(&q->found, list, sizeof list);
	snprintf(text, sizeof text,
	    "%s is the name of several devices here: %s; say which by its "
	    "address",
	    q->name, list);
	fail_with(q, GW_E_RESOLVE, text);
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
	struct gw_finding f;

	while (gw_discovery_port_next(q->port, &f)) {
		if (f.kind != GW_FINDING_DEVICE)
			continue;
		if (!is_meant(q, &f)) {
			gw_candidates_add(&q->others, &f);
			continue;
		}
		if (q->found.count == 0)
			q->gather_until = gw_clock_now() + GATHER;
		gw_candidates_add(&q->found, &f);
	}
	if (q->dial == NULL)
		step(q);
}

/* ---- what is next ---- */

static void
on_timer(uv_timer_t *t)
{
	step(t->data);
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
			fail_nobody(q);
			return false;
		}
		gw_quest_nobody(&q->o, q->port, &q->others, text);
		q->o.notice(q->o.owner.arg, text);
	}
	return true;
}

/* Everybody has been tried, and nobody else comes. */
static bool
is_over(const struct gw_quest *q, gw_usec now)
{
	return gw_candidates_spent(&q->found) ||
	       (q->wrong && now >= q->gather_until) ||
	       now >= q->began + q->o.patience;
}

static void
step(struct gw_quest *q)
{
	const gw_usec now = gw_clock_now();
	struct gw_candidate *c = NULL;
	enum gw_err err = GW_OK;

	if (q->dial != NULL) {
		/* It has a time of its own. */
		gw_loop_arm(&q->timer, GW_NEVER, on_timer);
		return;
	}
	if (now >= q->gather_until) {
		if (is_ambiguous(q))
			return;
		tell_rivals(q);
		c = gw_candidates_pick(&q->found, &q->o.g->self.random, now);
	}
	if (c != NULL) {
		err = dial_candidate(q, c);
	} else if (is_over(q, now)) {
		fail_nobody(q);
		return;
	} else if (now >= q->dns_at && q->found.count == 0) {
		q->dns_at = GW_NEVER;
		err = dial(q, q->host, q->o.dial.port);
	} else if (ask_further(q, now)) {
		wait(q, now);
	} else {
		return;
	}
	if (err != GW_OK)
		fail_with(q, err, gw_err_text(err));
}

/* ---- its beginning ---- */

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
	return dial(q, host, (uint16_t)strtoul(colon + 1, NULL, 10));
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
	else if (why.text[0] != '\0')
		q->o.notice(q->o.owner.arg, why.text);
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
		release(q);
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
	release(q);
}
