#include "classic/sender.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/escape.h"

enum {
	/* us; what is a wrong word may have more to come */
	REPLY_QUIET = 50000,
	/* us; nothing tells that an acknowledgement came: so it is asked for,
	 * at growing distances */
	PROBE_FIRST = 1000,
	PROBE_MOST = 50000,
	/* us; a receiver that has read all closes soon, or resets the
	 * connection because it has not; some do neither, ever */
	PARTING_MOST = 200000
};

static const char *const state_name[] = { "SAYING", "AWAITING", "PAUSING",
	"GIVING", "CLOSING", "PARTING", "DONE" };

#define BIT(s) (1u << (s))

static const unsigned state_next[] = {
	[GW_CLASSIC_SAYING] = BIT(GW_CLASSIC_AWAITING) |
			      BIT(GW_CLASSIC_PAUSING) | BIT(GW_CLASSIC_DONE),
	[GW_CLASSIC_AWAITING] = BIT(GW_CLASSIC_GIVING) | BIT(GW_CLASSIC_DONE),
	[GW_CLASSIC_PAUSING] = BIT(GW_CLASSIC_GIVING) | BIT(GW_CLASSIC_DONE),
	[GW_CLASSIC_GIVING] = BIT(GW_CLASSIC_CLOSING) | BIT(GW_CLASSIC_DONE),
	[GW_CLASSIC_CLOSING] = BIT(GW_CLASSIC_PARTING) | BIT(GW_CLASSIC_DONE),
	[GW_CLASSIC_PARTING] = BIT(GW_CLASSIC_DONE),
	[GW_CLASSIC_DONE] = 0,
};

static void
set_state(
    struct gw_classic_sender *s, enum gw_classic_sender_state to, gw_usec now)
{
	GW_ASSERT(state_next[s->state] & BIT(to));
	GW_ASSERT(state_name[to] != NULL);
	s->state = to;
	s->since = now;
}

void
gw_classic_sender_init(struct gw_classic_sender *s,
    const struct gw_classic_sender_options *o, gw_usec now)
{
	GW_ASSERT(o->name.n > 0);
	GW_ASSERT(
	    o->reply == NULL ||
	    (o->reply[0] != '\0' && strlen(o->reply) <= GW_CLASSIC_REPLY_MAX));
	*s = (struct gw_classic_sender){
		.o = *o, .since = now, .unacked = UINT64_MAX
	};
}

/* ---- failing ---- */

__attribute__((format(printf, 3, 4))) static void
fail(struct gw_classic_sender *s, enum gw_err err, const char *format, ...)
{
	va_list ap;

	if (s->state == GW_CLASSIC_DONE)
		return;
	s->err = err;
	va_start(ap, format);
	vsnprintf(s->why, sizeof s->why, format, ap);
	va_end(ap);
	set_state(s, GW_CLASSIC_DONE, s->since);
}

void
gw_classic_sender_fail(
    struct gw_classic_sender *s, enum gw_err err, const char *why)
{
	fail(s, err, "%s", why);
}

void
gw_classic_sender_lost(struct gw_classic_sender *s)
{
	switch (s->state) {
	case GW_CLASSIC_GIVING:
		fail(s, GW_E_LOST,
		    "the receiver reset the connection in the middle of the "
		    "file");
		break;
	case GW_CLASSIC_CLOSING:
	case GW_CLASSIC_PARTING:
		/* A kernel does so when its program closed without having
		 * read all. */
		fail(s, GW_E_LOST,
		    "the receiver reset the connection at the end: it has not "
		    "read all of the file");
		break;
	default:
		fail(s, GW_E_LOST,
		    "the receiver reset the connection instead of replying");
		break;
	}
}

/* ---- the word ---- */

static bool
is_blank(uint8_t c)
{
	return c == '\0' || c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

enum reply { REPLY_RIGHT, REPLY_PARTIAL, REPLY_WRONG };

/* A newline after the word, and the padding of a fixed buffer, do no harm. */
static enum reply
judge(const struct gw_classic_sender *s)
{
	size_t word = strlen(s->o.reply);

	if (s->reply_len < word)
		return memcmp(s->reply, s->o.reply, s->reply_len) == 0
			   ? REPLY_PARTIAL
			   : REPLY_WRONG;
	if (memcmp(s->reply, s->o.reply, word) != 0)
		return REPLY_WRONG;
	for (size_t i = word; i < s->reply_len; i++)
		if (!is_blank(s->reply[i]))
			return REPLY_WRONG;
	return REPLY_RIGHT;
}

static void
reply_is_wrong(struct gw_classic_sender *s)
{
	char raw[sizeof s->reply + 1], shown[GW_REASON_MAX];
	size_t n = s->reply_len;

	while (n > 0 && is_blank(s->reply[n - 1]))
		n--;
	/* A NUL inside ends what can be shown; nobody's word has one. */
	memcpy(raw, s->reply, n);
	raw[n] = '\0';
	gw_escape(shown, sizeof shown, raw);
	fail(s, GW_E_PROTOCOL,
	    "it replied \"%s\" and not \"%s\": if that is the word of this "
	    "receiver, give it with --reply",
	    shown, s->o.reply);
}

/* A wrong one may have more to come, so that all of it can be shown. */
static void
consider_reply(struct gw_classic_sender *s, gw_usec now)
{
	if (judge(s) == REPLY_RIGHT)
		set_state(s, GW_CLASSIC_GIVING, now);
	else if (s->reply_len == sizeof s->reply)
		reply_is_wrong(s);
}

void
gw_classic_sender_input(
    struct gw_classic_sender *s, struct gw_slice in, gw_usec now)
{
	size_t room = sizeof s->reply - s->reply_len;

	if (in.n == 0 || s->o.reply == NULL || s->state > GW_CLASSIC_AWAITING)
		return;
	if (in.n > room)
		in.n = room;
	memcpy(s->reply + s->reply_len, in.p, in.n);
	s->reply_len += in.n;
	s->since = now;
	/* What comes before the name is out waits until it is. */
	if (s->state == GW_CLASSIC_AWAITING)
		consider_reply(s, now);
}

void
gw_classic_sender_input_end(struct gw_classic_sender *s, gw_usec now)
{
	s->peer_closed = true;
	switch (s->state) {
	case GW_CLASSIC_SAYING:
	case GW_CLASSIC_AWAITING:
		if (s->o.reply != NULL && s->reply_len > 0)
			reply_is_wrong(s);
		else if (s->o.reply != NULL)
			fail(s, GW_E_REFUSED,
			    "it closed the connection instead of replying: it "
			    "refused the name, or cannot create the file");
		break;
	case GW_CLASSIC_PARTING:
		set_state(s, GW_CLASSIC_DONE, now);
		break;
	default:
		break; /* it may still read */
	}
}

/* ---- name and content ---- */

struct gw_slice
gw_classic_sender_output(const struct gw_classic_sender *s)
{
	if (s->state != GW_CLASSIC_SAYING)
		return gw_slice(NULL, 0);
	return gw_slice(s->o.name.p + s->said, s->o.name.n - s->said);
}

void
gw_classic_sender_sent(struct gw_classic_sender *s, size_t n, gw_usec now)
{
	GW_ASSERT(n <= gw_classic_sender_output(s).n);
	s->said += n;
	s->since = now;
	if (s->said < s->o.name.n)
		return;
	if (s->o.reply == NULL) {
		set_state(s, GW_CLASSIC_PAUSING, now);
		return;
	}
	set_state(s, GW_CLASSIC_AWAITING, now);
	if (s->reply_len > 0)
		consider_reply(s, now);
}

bool
gw_classic_sender_gives(const struct gw_classic_sender *s)
{
	return s->state == GW_CLASSIC_GIVING && !s->blocked;
}

void
gw_classic_sender_given(struct gw_classic_sender *s, uint64_t n)
{
	s->given += n;
	if (n > 0)
		s->blocked = false;
}

void
gw_classic_sender_blocked(struct gw_classic_sender *s, gw_usec now)
{
	if (!s->blocked)
		s->since = now;
	s->blocked = true;
}

void
gw_classic_sender_writable(struct gw_classic_sender *s)
{
	s->blocked = false;
}

void
gw_classic_sender_source_end(struct gw_classic_sender *s, gw_usec now)
{
	if (s->state != GW_CLASSIC_GIVING)
		return;
	set_state(s, GW_CLASSIC_CLOSING, now);
	s->probe_at = now;
	s->probe_gap = PROBE_FIRST;
}

bool
gw_classic_sender_probes(const struct gw_classic_sender *s)
{
	return s->state == GW_CLASSIC_CLOSING && s->shut;
}

void
gw_classic_sender_unacked(struct gw_classic_sender *s, uint64_t n, gw_usec now)
{
	GW_ASSERT(gw_classic_sender_probes(s));
	if (n == 0) {
		set_state(s, GW_CLASSIC_PARTING, now);
		if (s->peer_closed)
			set_state(s, GW_CLASSIC_DONE, now);
		return;
	}
	if (n < s->unacked) {
		s->unacked = n;
		s->since = now;
		s->probe_gap = PROBE_FIRST;
	}
	s->probe_at = now + s->probe_gap;
	if (s->probe_gap < PROBE_MOST)
		s->probe_gap *= 2;
}

/* ---- time ---- */

gw_usec
gw_classic_sender_deadline(const struct gw_classic_sender *s)
{
	gw_usec stall = s->since + s->o.timeout;

	switch (s->state) {
	case GW_CLASSIC_SAYING:
		return stall;
	case GW_CLASSIC_AWAITING:
		return judge(s) == REPLY_WRONG ? s->since + REPLY_QUIET : stall;
	case GW_CLASSIC_PAUSING:
		return s->since + GW_CLASSIC_PAUSE_MS * GW_MSEC;
	case GW_CLASSIC_GIVING:
		return s->blocked ? stall : GW_NEVER;
	case GW_CLASSIC_CLOSING:
		return gw_usec_min(s->probe_at, stall);
	case GW_CLASSIC_PARTING:
		return s->since + PARTING_MOST;
	case GW_CLASSIC_DONE:
		break;
	}
	return GW_NEVER;
}

static void
tick_awaiting(struct gw_classic_sender *s)
{
	if (s->reply_len > 0)
		reply_is_wrong(s);
	else
		fail(s, GW_E_STALLED,
		    "it does not reply: if this receiver never does, add "
		    "--no-reply");
}

/* FIN counts as a byte. */
static void
tick_closing(struct gw_classic_sender *s)
{
	if (s->unacked > 1 && s->unacked != UINT64_MAX)
		fail(s, GW_E_STALLED,
		    "the receiver's kernel has not acknowledged the last %llu "
		    "bytes",
		    (unsigned long long)s->unacked - 1);
	else
		fail(s, GW_E_STALLED,
		    "the receiver's kernel has not acknowledged the end of "
		    "the file");
}

void
gw_classic_sender_tick(struct gw_classic_sender *s, gw_usec now)
{
	if (now < gw_classic_sender_deadline(s))
		return;
	switch (s->state) {
	case GW_CLASSIC_SAYING:
		fail(s, GW_E_STALLED, "the connection takes no name");
		break;
	case GW_CLASSIC_AWAITING:
		tick_awaiting(s);
		break;
	case GW_CLASSIC_PAUSING:
		set_state(s, GW_CLASSIC_GIVING, now);
		break;
	case GW_CLASSIC_GIVING:
		fail(s, GW_E_STALLED, "the receiver took nothing for too long");
		break;
	case GW_CLASSIC_CLOSING:
		if (now >= s->since + s->o.timeout)
			tick_closing(s);
		break;
	case GW_CLASSIC_PARTING:
		set_state(s, GW_CLASSIC_DONE, now);
		break;
	case GW_CLASSIC_DONE:
		break;
	}
}

/* ---- what to do ---- */

bool
gw_classic_sender_event(
    struct gw_classic_sender *s, struct gw_classic_sender_event *out)
{
	if (s->state == GW_CLASSIC_CLOSING && !s->shut) {
		s->shut = true;
		*out = (struct gw_classic_sender_event){ .over = false };
		return true;
	}
	if (s->state != GW_CLASSIC_DONE || s->told)
		return false;
	s->told = true;
	*out = (struct gw_classic_sender_event){
		.over = true,
		.err = s->err,
		.why = s->why,
	};
	return true;
}
