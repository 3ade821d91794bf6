#include "session/udp/flow.h"

#include "base/assert.h"
#include "session/session.h"
#include "wire/limits.h"

enum {
	START = 16 << 20, /* what a window opens to */
	UPDATE_PARTS = 4, /* an update goes out for a quarter */
	EPOCH_RTTS = 2
};

#define RTT_UNKNOWN (100 * GW_MSEC)
#define PROBE_MIN (250 * GW_MSEC)
#define PROBE_MAX (5 * GW_SEC)

#define NO_PACKET UINT64_MAX

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void
window_init(struct gw_window *w, uint64_t size)
{
	*w = (struct gw_window){
		.limit = size,
		.granted = size,
		.window = size,
		.ahead = GW_OFFSET_MAX,
		.said_in = NO_PACKET,
		.granted_in = NO_PACKET,
	};
}

void
gw_flow_init(struct gw_flow *f, uint64_t stream_max, uint64_t session_max)
{
	*f = (struct gw_flow){ .rtt = RTT_UNKNOWN, .probe_at = GW_NEVER };
	gw_flow_set_max(f, stream_max, session_max);
	window_init(&f->w, GW_SESSION_WINDOW);
}

void
gw_flow_stream_init(struct gw_flow_stream *s)
{
	*s = (struct gw_flow_stream){ 0 };
	window_init(&s->w, GW_STREAM_WINDOW);
}

void
gw_flow_set_max(struct gw_flow *f, uint64_t stream_max, uint64_t session_max)
{
	GW_ASSERT(stream_max >= GW_STREAM_WINDOW);
	GW_ASSERT(session_max >= GW_SESSION_WINDOW);
	f->stream_max = least(stream_max, session_max);
	f->session_max = session_max;
}

void
gw_flow_set_ahead(struct gw_flow *f, uint64_t bytes)
{
	f->w.ahead = bytes;
}

void
gw_flow_set_rtt(struct gw_flow *f, gw_usec rtt)
{
	f->rtt = rtt;
}

/* ---- what we send ---- */

uint64_t
gw_flow_limit(const struct gw_flow *f, const struct gw_flow_stream *s)
{
	return s->w.sent +
	       least(s->w.limit - s->w.sent, f->w.limit - f->w.sent);
}

void
gw_flow_sent(struct gw_flow *f, struct gw_flow_stream *s, uint64_t n)
{
	GW_ASSERT(n <= gw_flow_limit(f, s) - s->w.sent);
	s->w.sent += n;
	f->w.sent += n;
}

static gw_usec
first_probe(const struct gw_flow *f)
{
	return 2 * f->rtt > PROBE_MIN ? least(2 * f->rtt, PROBE_MAX)
				      : PROBE_MIN;
}

static void
block(struct gw_flow *f, struct gw_window *w, gw_usec now)
{
	if (w->blocked || w->sent < w->limit)
		return;
	w->blocked = true;
	w->said = f->round - 1;
	f->unsaid++;
	if (f->blocked++ > 0)
		return;
	f->probe_after = first_probe(f);
	f->probe_at = now + f->probe_after;
}

static void
unblock(struct gw_flow *f, struct gw_window *w)
{
	if (!w->blocked)
		return;
	w->blocked = false;
	if (w->said != f->round)
		f->unsaid--;
	if (--f->blocked == 0)
		f->probe_at = GW_NEVER;
}

void
gw_flow_blocked(struct gw_flow *f, struct gw_flow_stream *s, gw_usec now)
{
	block(f, &s->w, now);
	block(f, &f->w, now);
}

void
gw_flow_end_out(struct gw_flow *f, struct gw_flow_stream *s)
{
	unblock(f, &s->w);
	/* If other streams wait for it they say so again. */
	unblock(f, &f->w);
}

static bool
open_out(struct gw_flow *f, struct gw_window *w, uint64_t end)
{
	if (end <= w->limit)
		return false; /* overtaken, or said again */
	w->limit = end;
	unblock(f, w);
	return true;
}

bool
gw_flow_window(struct gw_flow *f, struct gw_flow_stream *s, uint64_t end)
{
	return open_out(f, &s->w, end);
}

bool
gw_flow_session_window(struct gw_flow *f, uint64_t end)
{
	return open_out(f, &f->w, end);
}

/* ---- what we receive ---- */

/* As far as the peer might go; it is never told less than before. */
static uint64_t
reach(const struct gw_window *w)
{
	const uint64_t to =
	    least(least(w->credited + w->window, w->received + w->ahead),
		GW_OFFSET_MAX);

	return to > w->granted ? to : w->granted;
}

static void
update(struct gw_flow *f, struct gw_window *w)
{
	if (!w->due)
		f->updates++;
	w->due = true;
}

/* Tell the peer, if that is worth a frame. */
static void
update_if_worth(struct gw_flow *f, struct gw_window *w)
{
	if (reach(w) >= w->granted + least(w->window, w->ahead) / UPDATE_PARTS)
		update(f, w);
}

bool
gw_flow_received(struct gw_flow *f, struct gw_flow_stream *s, uint64_t end)
{
	uint64_t n;

	if (end <= s->w.received)
		return true;
	n = end - s->w.received;
	if (end > s->w.granted || n > f->w.granted - f->w.received)
		return false;
	s->w.received = end;
	f->w.received += n;
	if (f->w.ahead < f->w.window)
		update_if_worth(f, &f->w);
	return true;
}

static void
no_update(struct gw_flow *f, struct gw_window *w)
{
	if (w->due)
		f->updates--;
	w->due = false;
}

static void
begin_epoch(struct gw_window *w, gw_usec now)
{
	w->epoch = now;
	w->epoch_received = w->received;
	w->epoch_credited = w->credited;
}

static void
grow(struct gw_window *w, uint64_t to, uint64_t max, gw_usec now)
{
	to = least(to, max);
	if (to > w->window)
		w->window = to;
	begin_epoch(w, now);
}

static void
grow_session(struct gw_flow *f, uint64_t to, gw_usec now)
{
	grow(&f->w, to, f->session_max, now);
	update_if_worth(f, &f->w);
}

static void
grow_stream(
    struct gw_flow *f, struct gw_flow_stream *s, uint64_t to, gw_usec now)
{
	grow(&s->w, to, f->stream_max, now);
	/* The session does not hold up a single stream. */
	if (f->w.window < s->w.window)
		grow_session(f, s->w.window, now);
}

/*
 * Is more than half of it used up within two round trips?  Both what came
 * and what was dealt with have to be that much: a burst of bytes that waited
 * behind one that was lost is no rate.
 */
static bool
is_tight(const struct gw_flow *f, struct gw_window *w, gw_usec now)
{
	if (now > w->epoch + EPOCH_RTTS * f->rtt) {
		begin_epoch(w, now);
		return false;
	}
	return w->received - w->epoch_received > w->window / 2 &&
	       w->credited - w->epoch_credited > w->window / 2;
}

static void
credit_session(struct gw_flow *f, uint64_t n, gw_usec now)
{
	GW_ASSERT(n <= f->w.received - f->w.credited);
	f->w.credited += n;
	if (!f->w.open)
		grow_session(f, START, now);
	else if (is_tight(f, &f->w, now))
		grow_session(f, f->w.window * 2, now);
	f->w.open = true;
	update_if_worth(f, &f->w);
}

void
gw_flow_credit(
    struct gw_flow *f, struct gw_flow_stream *s, uint64_t n, gw_usec now)
{
	if (s->reset)
		return;
	GW_ASSERT(n <= s->w.received - s->w.credited);
	s->w.credited += n;
	credit_session(f, n, now);
	if (!s->w.open)
		grow_stream(f, s, START, now);
	else if (is_tight(f, &s->w, now))
		grow_stream(f, s, s->w.window * 2, now);
	s->w.open = true;
	if (!s->in_over)
		update_if_worth(f, &s->w);
}

void
gw_flow_end_in(struct gw_flow *f, struct gw_flow_stream *s)
{
	s->in_over = true;
	no_update(f, &s->w);
}

void
gw_flow_reset_in(struct gw_flow *f, struct gw_flow_stream *s, gw_usec now)
{
	if (s->reset)
		return;
	gw_flow_end_in(f, s);
	gw_flow_credit(f, s, s->w.received - s->w.credited, now);
	s->reset = true;
}

/*
 * BLOCKED: false when it is illegal.  Sets *tight if it is the window that
 * holds the peer up, and not our owner, who has dealt with most of what it
 * was given.
 */
static bool
take_blocked(
    const struct gw_window *w, const struct gw_flow_there *there, bool *tight)
{
	/* (Of a stream that was reset more is dealt with than was given.) */
	*tight = there->at == w->granted && w->open &&
		 there->taken <= w->credited + w->window / 2;
	return there->at <= w->granted;
}

/* Whatever the peer may have missed, or may have by now. */
static void
answer(struct gw_flow *f, struct gw_window *w, uint64_t at)
{
	if (at < w->granted || reach(w) > w->granted)
		update(f, w);
}

bool
gw_flow_blocked_there(struct gw_flow *f, struct gw_flow_stream *s,
    const struct gw_flow_there *there, gw_usec now)
{
	bool tight;

	/* An old one of a stream that is over needs no answer. */
	if (s->in_over)
		return there->at <= s->w.granted;
	if (!take_blocked(&s->w, there, &tight))
		return false;
	if (tight)
		grow_stream(f, s, s->w.window * 2, now);
	answer(f, &s->w, there->at);
	return true;
}

bool
gw_flow_session_blocked_there(
    struct gw_flow *f, const struct gw_flow_there *there, gw_usec now)
{
	bool tight;

	if (!take_blocked(&f->w, there, &tight))
		return false;
	if (tight)
		grow_session(f, f->w.window * 2, now);
	answer(f, &f->w, there->at);
	return true;
}

/* ---- frames ---- */

bool
gw_flow_due(const struct gw_flow *f)
{
	return f->updates > 0 || f->unsaid > 0;
}

static bool
next_frame(struct gw_flow *f, struct gw_window *w, uint64_t number,
    struct gw_pframe *out)
{
	const bool session = w == &f->w;

	if (w->due) {
		no_update(f, w);
		w->granted = reach(w);
		w->granted_in = number;
		out->type =
		    session ? GW_PFRAME_SESSION_WINDOW : GW_PFRAME_WINDOW;
		out->window.at = w->granted;
		return true;
	}
	if (w->blocked && w->said != f->round) {
		f->unsaid--;
		w->said = f->round;
		w->said_in = number;
		out->type =
		    session ? GW_PFRAME_SESSION_BLOCKED : GW_PFRAME_BLOCKED;
		out->window.at = w->limit;
		return true;
	}
	return false;
}

bool
gw_flow_session_next(struct gw_flow *f, uint64_t number, struct gw_pframe *out)
{
	out->window.id = 0;
	return next_frame(f, &f->w, number, out);
}

bool
gw_flow_stream_next(struct gw_flow *f, struct gw_flow_stream *s, uint16_t id,
    uint64_t number, struct gw_pframe *out)
{
	out->window.id = id;
	return next_frame(f, &s->w, number, out);
}

/* BLOCKED was lost: it is said before the timer says it. */
static void
blocked_lost(struct gw_flow *f, struct gw_window *w, uint64_t number)
{
	if (!w->blocked || w->said != f->round || w->said_in != number)
		return;
	w->said = f->round - 1;
	f->unsaid++;
}

void
gw_flow_session_lost(struct gw_flow *f, uint64_t number)
{
	blocked_lost(f, &f->w, number);
	if (f->w.granted_in == number)
		update(f, &f->w);
}

void
gw_flow_stream_lost(
    struct gw_flow *f, struct gw_flow_stream *s, uint64_t number)
{
	blocked_lost(f, &s->w, number);
	if (s->w.granted_in == number && !s->in_over)
		update(f, &s->w);
}

void
gw_flow_tick(struct gw_flow *f, gw_usec now)
{
	if (now < f->probe_at)
		return;
	f->round++;
	f->unsaid = f->blocked;
	f->probe_after = least(2 * f->probe_after, PROBE_MAX);
	f->probe_at = now + f->probe_after;
}

gw_usec
gw_flow_deadline(const struct gw_flow *f)
{
	return f->probe_at;
}
