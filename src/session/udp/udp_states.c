/*
 * The states of RFC 9293, 3.3.2, as far as the roles of the handshake leave
 * them; LISTEN is the endpoint's.
 *
 *	SYN_SENT --CONFIRM--.                     .--ACK--> SYN_RCVD's way
 *	SYN_RCVD --ACK------+--> ESTABLISHED
 *	                     finish |       | FIN
 *	           FIN_WAIT_1 <-----'       '-----> CLOSE_WAIT
 *	  acked |  FIN |                               | finish
 *	        v      v                               v
 *	 FIN_WAIT_2  CLOSING                        LAST_ACK
 *	     FIN |     | acked                         | acked
 *	         '--> TIME_WAIT ---- 2 MSL ----> CLOSED <
 *
 *	any: RST, error, silence ----> CLOSED
 */
#include <string.h>

#include "base/assert.h"
#include "session/udp/udp_session_private.h"

enum {
	MSL_MIN = 500000,      /* us; else 1.5 PTO */
	LAST_ACK_PTOS = 3,     /* so long as a FIN goes out without back-off */
	TELL_AGAIN = 2000000,  /* us in which a RST is repeated on request */
	REFUSALS = 3,          /* by ICMP, with nothing heard between */
	REFUSED_AFTER = 500000 /* us without hearing anything */
};

static const char *const state_name[GW_UDP_STATES] = {
	[GW_UDP_SYN_SENT] = "SYN_SENT",
	[GW_UDP_SYN_RCVD] = "SYN_RCVD",
	[GW_UDP_ESTABLISHED] = "ESTABLISHED",
	[GW_UDP_FIN_WAIT_1] = "FIN_WAIT_1",
	[GW_UDP_FIN_WAIT_2] = "FIN_WAIT_2",
	[GW_UDP_CLOSING] = "CLOSING",
	[GW_UDP_TIME_WAIT] = "TIME_WAIT",
	[GW_UDP_CLOSE_WAIT] = "CLOSE_WAIT",
	[GW_UDP_LAST_ACK] = "LAST_ACK",
	[GW_UDP_CLOSED] = "CLOSED",
};

#define TO(s) (1U << GW_UDP_##s)

/* Each leads to later ones only: gw_udp_info.entered rests on that. */
static const unsigned state_next[GW_UDP_STATES] = {
	[GW_UDP_SYN_SENT] = TO(ESTABLISHED) | TO(CLOSED),
	[GW_UDP_SYN_RCVD] = TO(ESTABLISHED) | TO(CLOSED),
	[GW_UDP_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
	[GW_UDP_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(CLOSED),
	[GW_UDP_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
	[GW_UDP_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
	[GW_UDP_TIME_WAIT] = TO(CLOSED),
	[GW_UDP_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
	[GW_UDP_LAST_ACK] = TO(CLOSED),
	[GW_UDP_CLOSED] = 0,
};

const char *
gw_udp_state_name(enum gw_udp_state state)
{
	return state_name[state];
}

static gw_usec
pto(const struct gw_udp_session *s)
{
	return gw_recovery_stats(&s->link->recovery).pto;
}

static gw_usec
two_msl(const struct gw_udp_session *s)
{
	const gw_usec msl = pto(s) * 3 / 2;

	return 2 * (msl > MSL_MIN ? msl : MSL_MIN);
}

static void
enter(struct gw_udp_session *s, enum gw_udp_state state)
{
	s->state = state;
	s->since = s->entered[state] = s->now;
	++*s->changes;
}

void
gw_udp_session_first_state(struct gw_udp_session *s)
{
	for (unsigned i = 0; i < GW_UDP_STATES; i++)
		s->entered[i] = GW_NEVER;
	enter(s, s->initiator ? GW_UDP_SYN_SENT : GW_UDP_SYN_RCVD);
}

void
gw_udp_session_set_state(struct gw_udp_session *s, enum gw_udp_state next)
{
	GW_ASSERT((state_next[s->state] & 1U << next) != 0);
	gw_trace(s->base.trace,
	    &(struct gw_trace_event){
		.kind = GW_TRACE_STATE,
		.state = { state_name[s->state], state_name[next] },
	    });
	enter(s, next);
	s->until = GW_NEVER;
	if (next == GW_UDP_TIME_WAIT)
		s->until = s->now + two_msl(s);
	else if (next == GW_UDP_CLOSED)
		s->until = s->now;
}

bool
gw_udp_session_is_opening(const struct gw_udp_session *s)
{
	return s->state == GW_UDP_SYN_SENT || s->state == GW_UDP_SYN_RCVD;
}

bool
gw_udp_session_is_open(const struct gw_udp_session *s)
{
	return !gw_udp_session_is_opening(s) && s->state != GW_UDP_CLOSED;
}

/* ---- the end ---- */

/* What there is to tell its owner, once. */
static void
tell_closed(struct gw_udp_session *s, const struct gw_close *close)
{
	if (s->ended)
		return;
	gw_session_trace_closed(&s->base, close->err, close->text);
	s->close = *close;
	s->closed_due = s->ended = true;
}

void
gw_udp_session_close(struct gw_udp_session *s, const struct gw_close *close)
{
	if (s->state == GW_UDP_CLOSED)
		return;
	tell_closed(s, close);
	gw_udp_session_set_state(s, GW_UDP_CLOSED);
}

void
gw_udp_session_reset(struct gw_udp_session *s, enum gw_err err,
    const char *text, const char *told)
{
	struct gw_udp_link *l = s->link;
	struct gw_close close;

	if (s->state == GW_UDP_CLOSED)
		return;
	gw_close_set(&close, err, "%s", text);
	gw_udp_session_close(s, &close);
	if (l == NULL)
		return;
	l->rst_code = (uint16_t)gw_rst_code(err);
	strncpy(l->rst_text, told, sizeof(l->rst_text) - 1);
	l->due = GW_DUE_RST;
	l->rst_told = true;
	s->until = s->now + TELL_AGAIN;
}

void
gw_udp_session_illegal(struct gw_udp_session *s, const char *what)
{
	gw_trace(s->base.trace, &(struct gw_trace_event){
				    .kind = GW_TRACE_ILLEGAL,
				    .illegal = what,
				});
	gw_udp_session_reset(s, GW_E_PROTOCOL,
	    "the other side broke the protocol",
	    "what this side sent breaks the protocol");
}

/* ---- FIN each way ---- */

static void
over(struct gw_udp_session *s)
{
	const struct gw_close good = { .err = GW_OK };

	tell_closed(s, &good);
}

/* Everything of ours is acknowledged, the FIN last. */
static void
on_fin_acked(struct gw_udp_session *s)
{
	s->fin_acked = true;
	switch (s->state) {
	case GW_UDP_FIN_WAIT_1:
		gw_udp_session_set_state(s, GW_UDP_FIN_WAIT_2);
		break;
	case GW_UDP_CLOSING:
		gw_udp_session_set_state(s, GW_UDP_TIME_WAIT);
		over(s);
		break;
	case GW_UDP_LAST_ACK:
		over(s);
		gw_udp_session_set_state(s, GW_UDP_CLOSED);
		break;
	default:
		GW_ASSERT(s->state == GW_UDP_CLOSED);
	}
}

/* The peer's FIN takes effect: all that it sent has been taken. */
static void
on_fin_effect(struct gw_udp_session *s)
{
	s->fin_received = true;
	s->fin_due = true;
	switch (s->state) {
	case GW_UDP_ESTABLISHED:
		gw_udp_session_set_state(s, GW_UDP_CLOSE_WAIT);
		break;
	case GW_UDP_FIN_WAIT_1:
		gw_udp_session_set_state(s, GW_UDP_CLOSING);
		break;
	case GW_UDP_FIN_WAIT_2:
		gw_udp_session_set_state(s, GW_UDP_TIME_WAIT);
		over(s);
		break;
	default:
		GW_ASSERT(s->state == GW_UDP_CLOSED);
	}
}

/* Everything of ours has arrived, as far as can be known. */
static bool
is_all_there(const struct gw_udp_session *s)
{
	return s->link->seen || gw_udp_streams_all_acked(&s->link->streams);
}

void
gw_udp_session_settle(struct gw_udp_session *s)
{
	const struct gw_udp_link *l = s->link;

	if (!gw_udp_session_is_open(s))
		return;
	if (s->fin_sent && !s->fin_acked && is_all_there(s)) {
		if (s->fin_told || l->seen)
			on_fin_acked(s);
		else if (s->state == GW_UDP_LAST_ACK && s->until == GW_NEVER)
			s->until = s->now + LAST_ACK_PTOS * pto(s);
	}
	if (gw_udp_session_is_open(s) && l->peer_fin && !s->fin_received &&
	    gw_udp_streams_taken(&l->streams) == l->peer_total)
		on_fin_effect(s);
}

void
gw_udp_session_on_fin(struct gw_udp_session *s, uint64_t total, bool seen)
{
	struct gw_udp_link *l = s->link;
	const gw_usec most = s->since + 2 * two_msl(s);

	if (l->peer_fin && total != l->peer_total) {
		gw_udp_session_illegal(s, "FIN");
		return;
	}
	if (total < gw_udp_streams_received(&l->streams)) {
		gw_udp_session_illegal(s, "FIN below what came");
		return;
	}
	if (seen && !s->fin_sent) {
		gw_udp_session_illegal(s, "FIN that saw ours");
		return;
	}
	l->seen = l->seen || seen;
	l->peer_fin = true;
	l->peer_total = total;
	if (s->state == GW_UDP_TIME_WAIT) {
		/* Our ACK was lost: wait anew, up to 4 MSL in all. */
		s->until = gw_usec_min(s->now + two_msl(s), most);
	}
}

void
gw_udp_session_vanished(struct gw_udp_session *s, const char *text)
{
	const bool good = s->state == GW_UDP_LAST_ACK &&
			  gw_udp_streams_all_acked(&s->link->streams);
	struct gw_close close;

	if (s->state == GW_UDP_TIME_WAIT)
		return; /* the other side is through: that is no news */

	/* Nobody leaves before the other one's FIN has taken effect, and all
	 * that can be missing here is the word of it. */
	gw_close_set(&close, good ? GW_OK : GW_E_LOST, "%s", good ? "" : text);
	gw_udp_session_close(s, &close);
}

/* A dial that nobody has answered yet. */
static bool
ends_dial(struct gw_udp_session *s, const char *text)
{
	struct gw_close close;

	if (s->state != GW_UDP_SYN_SENT || s->link != NULL)
		return false;
	gw_close_set(&close, GW_E_CONNECT, "%s", text);
	gw_udp_session_close(s, &close);
	return true;
}

void
gw_udp_session_no_way(struct gw_session *base, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	s->now = now;
	(void)ends_dial(s, "no way leads there (host or network unreachable)");
}

void
gw_udp_session_refused(struct gw_session *base, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	s->now = now;
	if (ends_dial(s, "nobody waits at that port (connection refused)"))
		return;
	if (!gw_udp_session_is_open(s))
		return;
	/* ICMP can be forged; that nothing comes any more cannot.  But where
	 * all that is open is the word for our FIN, it does no harm. */
	if (!(s->state == GW_UDP_LAST_ACK &&
		gw_udp_streams_all_acked(&s->link->streams)) &&
	    (++s->link->refusals < REFUSALS || now < s->heard + REFUSED_AFTER))
		return;
	gw_udp_session_vanished(
	    s, "the connection was lost: nobody is at its port any more");
}

/* ---- time ---- */

static void
lost(struct gw_udp_session *s, enum gw_err err, const char *text)
{
	struct gw_close close;

	gw_close_set(&close, err, "%s", text);
	gw_udp_session_close(s, &close);
}

void
gw_udp_session_states_tick(struct gw_udp_session *s)
{
	switch (s->state) {
	case GW_UDP_CLOSED:
		return;
	case GW_UDP_TIME_WAIT:
		if (s->now >= s->until)
			gw_udp_session_set_state(s, GW_UDP_CLOSED);
		return;
	case GW_UDP_LAST_ACK:
		if (s->now >= s->until &&
		    s->now < s->heard + LAST_ACK_PTOS * pto(s)) {
			s->until = s->heard + LAST_ACK_PTOS * pto(s);
		} else if (s->now >= s->until) {
			/* All data is there, and our FIN is all that can be
			 * missing: whoever should say so has left. */
			over(s);
			gw_udp_session_set_state(s, GW_UDP_CLOSED);
			return;
		}
		break;
	case GW_UDP_SYN_SENT:
	case GW_UDP_SYN_RCVD:
		return; /* udp_opening.c */
	default:
		break;
	}
	if (s->now >= s->heard + s->o.idle)
		lost(s, GW_E_LOST,
		    "the connection was lost: nothing came any more");
}

gw_usec
gw_udp_session_states_deadline(const struct gw_udp_session *s)
{
	if (s->state == GW_UDP_CLOSED || gw_udp_session_is_opening(s))
		return GW_NEVER;
	if (s->state == GW_UDP_TIME_WAIT)
		return s->until;
	return gw_usec_min(s->until, s->heard + s->o.idle);
}

/* ---- without an owner ---- */

void
gw_udp_session_forsake(struct gw_session *base, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);
	/* The third message has left: the other side may hold it for open. */
	const bool known = s->link != NULL && !s->held;
	struct gw_close close;

	s->forsaken = true;
	if (s->state == GW_UDP_CLOSED || s->state == GW_UDP_TIME_WAIT ||
	    s->fin_wanted)
		return;
	s->now = now;
	if (s->initiator ? known : gw_udp_session_is_open(s)) {
		gw_udp_session_reset(s, GW_E_INTERRUPTED, "it was left alone",
		    "the other side has ended");
		return;
	}
	gw_close_set(&close, GW_E_INTERRUPTED, "it was left alone");
	gw_udp_session_close(s, &close);
	gw_udp_session_be_quiet(s);
	s->until = now;
}

bool
gw_udp_session_gone(const struct gw_session *base, gw_usec now)
{
	const struct gw_udp_session *s =
	    (const struct gw_udp_session *)(const void *)base;

	if (s->state != GW_UDP_CLOSED || s->flight.due)
		return false;
	/* Of what was due, a RST alone goes out still. */
	return (s->link == NULL || (s->link->due & GW_DUE_RST) == 0) &&
	       now >= s->until;
}
