#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/kdf.h"
#include "os/clock.h"
#include "run/quest_private.h"
#include "run/quest_words.h"

enum { GATHER_MORE = 600000 /* us after one that was not the right one */ };

/* ---- its end ---- */

static void
on_timer_closed(uv_handle_t *h)
{
	struct gw_quest *q = h->data;

	gw_wipe(q, sizeof *q);
	free(q);
}

void
gw_quest_release(struct gw_quest *q)
{
	gw_discovery_port_close(q->port);
	uv_close((uv_handle_t *)&q->timer, on_timer_closed);
}

static void
fail(struct gw_quest *q, const struct gw_session_event *ev, const char *at)
{
	q->o.owner.failed(q->o.owner.arg, ev, at);
	gw_quest_release(q);
}

void
gw_quest_fail(struct gw_quest *q, enum gw_err err, const char *text)
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
	if (q->wrong && !q->rivals_told &&
	    (q->found.tries < 2 || q->found.proved)) {
		fail(q, &q->why, q->why_at);
		return;
	}
	snprintf(text, sizeof text,
	    "of those who claim to be %s (%u tried) none has shown that it "
	    "knows the code: it is wrong, or somebody interferes; make a new "
	    "code",
	    gw_quest_whom(&q->o, whom), q->found.tries);
	gw_quest_fail(q, GW_E_AUTH, text);
}

void
gw_quest_fail_nobody(struct gw_quest *q)
{
	char text[GW_QUEST_NOTICE_MAX];

	if (q->wrong || (gw_candidates_spent(&q->found) && !q->found.proved)) {
		fail_tried(q);
		return;
	}
	if (q->found.count > 0) {
		gw_quest_unreached(&q->o, &q->found, text);
		gw_quest_fail(q, GW_E_CONNECT, text);
		return;
	}
	/* All of it once is enough. */
	if (q->nobody_told)
		gw_quest_over(&q->o, text);
	else
		gw_quest_nobody(&q->o, q->port, &q->others, text);
	gw_quest_fail(
	    q, q->o.ask == GW_ASK_NAME ? GW_E_RESOLVE : GW_E_CONNECT, text);
}

/* ---- one after the other ---- */

static void
on_opened(void *arg, struct gw_conn *c, const struct gw_session_event *ev)
{
	struct gw_quest *q = arg;

	q->dial = NULL;
	q->o.owner.opened(q->o.owner.arg, c, ev);
	gw_quest_release(q);
}

static void
remember(struct gw_quest *q, const struct gw_session_event *ev, const char *at)
{
	q->wrong = true;
	q->why = *ev;
	q->why.closed.peer = NULL;
	snprintf(q->why_text, sizeof q->why_text, "%s", ev->closed.text);
	snprintf(q->why_at, sizeof q->why_at, "%s", at);
}

/* It does not only mean that the network failed. */
static bool
is_verdict(enum gw_err err)
{
	return err != GW_E_CONNECT && err != GW_E_LOST && err != GW_E_STALLED;
}

/* At its other addresses it gets no other guess. */
static void
refuse_key(struct gw_quest *q, const struct gw_candidate *c,
    const struct gw_session_event *ev)
{
	if (ev->closed.peer == NULL || q->no_count == GW_FIND_GUESSES)
		return;
	q->no[q->no_count].port = gw_addr_port(&c->addr);
	memcpy(q->no[q->no_count++].key, ev->closed.peer, GW_KEY_LEN);
}

/* At another port another program of that device waits, perhaps with another
 * code. */
static void
refuse_at(struct gw_quest *q, uint16_t port)
{
	struct gw_refused_keys *r = &q->refused;

	r->count = 0;
	for (size_t i = 0; i < q->no_count; i++)
		if (q->no[i].port == port)
			memcpy(r->key[r->count++], q->no[i].key, GW_KEY_LEN);
}

/* It was no good where no beacon has told of it: at an address that DNS has, or
 * where it was last. */
static void
elsewhere(struct gw_quest *q, const struct gw_session_event *ev, const char *at)
{
	if (!ev->closed.answered && !ev->closed.by_peer)
		return;
	remember(q, ev, at);
	if (q->to_before)
		q->gather_until = gw_clock_now() + GATHER_MORE;
	else if (!gw_candidates_spent(&q->found))
		gw_candidates_tried(&q->found, NULL);
}

/* Who says no has not shown who it is. */
static void
tell_passed_over(
    struct gw_quest *q, const struct gw_session_event *ev, const char *at)
{
	char text[GW_QUEST_NOTICE_MAX];

	if (ev->closed.by_peer)
		snprintf(text, sizeof text,
		    "whoever answers at %s passes for %s, and does not let "
		    "this device in: passed over",
		    at, q->name);
	else
		snprintf(text, sizeof text,
		    "somebody at %s passes for %s, but is not: passed over", at,
		    q->name);
	q->o.notice(q->o.owner.arg, text);
}

/* It was no good at one that a beacon told of. */
static void
next_candidate(
    struct gw_quest *q, const struct gw_session_event *ev, const char *at)
{
	const gw_usec now = gw_clock_now();
	struct gw_candidate *c = q->tried;

	q->tried = NULL;
	if (ev->closed.refused) {
		gw_candidates_refused(c);
		return;
	}
	if (!ev->closed.answered && !ev->closed.by_peer) {
		gw_candidates_unreached(c, now);
		return;
	}
	gw_candidates_tried(&q->found, c);
	if (!is_verdict(ev->closed.err)) {
		gw_candidates_unreached(c, now);
		return;
	}
	gw_candidates_refused(c);
	refuse_key(q, c, ev);
	remember(q, ev, at);
	q->gather_until = now + GATHER_MORE;
	if (ev->closed.err == GW_E_AUTH && q->o.ask == GW_ASK_KNOWN)
		tell_passed_over(q, ev, at);
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
	else
		elsewhere(q, ev, at);
	q->to_before = false;
	gw_quest_step(q);
}

gw_usec
gw_quest_turn_ends(const struct gw_quest *q)
{
	gw_usec turn;

	if (q->tried == NULL || gw_dial_is_reached(q->dial))
		return GW_NEVER;
	turn = gw_candidates_turn(&q->found, q->tried);
	return turn != GW_NEVER ? q->tried_at + turn : GW_NEVER;
}

void
gw_quest_move_on(struct gw_quest *q)
{
	gw_dial_cancel(q->dial);
	q->dial = NULL;
	gw_candidates_unreached(q->tried, gw_clock_now());
	q->tried = NULL;
}

enum gw_err
gw_quest_dial(struct gw_quest *q, const char *host, uint16_t port)
{
	struct gw_dial_options o = q->o.dial;

	o.host = host;
	o.port = port;
	o.once = true;
	refuse_at(q, port);
	o.refused = &q->refused;
	o.owner = (struct gw_entrance_owner){ on_opened, on_failed, q };
	return gw_dial_start(&o, &q->dial);
}

enum gw_err
gw_quest_dial_candidate(struct gw_quest *q, struct gw_candidate *c)
{
	char host[GW_ADDR_TEXT];
	enum gw_err err;

	gw_addr_host(&c->addr, host);
	q->tried = c;
	q->tried_at = gw_clock_now();
	err = gw_quest_dial(q, host, gw_addr_port(&c->addr));
	if (err == GW_OK || err == GW_E_MEMORY)
		return err;
	/* Whoever claims to be there, others may be somewhere else. */
	q->tried = NULL;
	gw_candidates_unreached(c, gw_clock_now());
	return GW_OK;
}
