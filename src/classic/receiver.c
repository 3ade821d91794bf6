#include "classic/receiver.h"

#include <stdio.h>

#include "base/assert.h"
#include "classic/name.h"

static const char *const state_name[] = { "NAMING", "CREATING", "REPLYING",
	"TAKING", "KEEPING", "DROPPING", "OVER" };

#define BIT(s) (1u << (s))

static const unsigned state_next[] = {
	[GW_CLASSIC_NAMING] = BIT(GW_CLASSIC_CREATING) | BIT(GW_CLASSIC_OVER),
	[GW_CLASSIC_CREATING] = BIT(GW_CLASSIC_REPLYING) |
				BIT(GW_CLASSIC_DROPPING) | BIT(GW_CLASSIC_OVER),
	[GW_CLASSIC_REPLYING] =
	    BIT(GW_CLASSIC_TAKING) | BIT(GW_CLASSIC_DROPPING),
	[GW_CLASSIC_TAKING] =
	    BIT(GW_CLASSIC_KEEPING) | BIT(GW_CLASSIC_DROPPING),
	[GW_CLASSIC_KEEPING] = BIT(GW_CLASSIC_OVER),
	[GW_CLASSIC_DROPPING] = BIT(GW_CLASSIC_OVER),
	[GW_CLASSIC_OVER] = 0,
};

static void
set_state(struct gw_classic_receiver *r, enum gw_classic_receiver_state to)
{
	GW_ASSERT(state_next[r->state] & BIT(to));
	GW_ASSERT(state_name[to] != NULL);
	r->state = to;
	r->told = false;
}

void
gw_classic_receiver_init(struct gw_classic_receiver *r,
    const struct gw_classic_receiver_options *o, gw_usec now)
{
	size_t word = strlen(o->reply);

	GW_ASSERT(word > 0);
	GW_ASSERT(word <= GW_CLASSIC_REPLY_MAX);
	*r = (struct gw_classic_receiver){
		.o = *o, .began = now, .moved_at = now
	};
}

/* ---- failing ---- */

static void
remember(struct gw_classic_receiver *r, enum gw_err err, const char *why)
{
	if (r->err != GW_OK)
		return; /* the first reason is the reason */
	r->err = err;
	snprintf(r->why, sizeof r->why, "%s", why);
}

/* What it does to the other side: a reset says that something went wrong, and
 * a close before the word that it will not be taken. */
void
gw_classic_receiver_fail(
    struct gw_classic_receiver *r, enum gw_err err, const char *why)
{
	GW_ASSERT(err != GW_OK);
	switch (r->state) {
	case GW_CLASSIC_NAMING:
		remember(r, err, why);
		set_state(r, GW_CLASSIC_OVER);
		break;
	case GW_CLASSIC_CREATING:
		remember(r, err, why); /* seen to when that is done */
		break;
	case GW_CLASSIC_REPLYING:
	case GW_CLASSIC_TAKING:
		remember(r, err, why);
		r->reset = r->replied > 0;
		set_state(r, GW_CLASSIC_DROPPING);
		break;
	case GW_CLASSIC_KEEPING:
	case GW_CLASSIC_DROPPING:
	case GW_CLASSIC_OVER:
		break;
	}
}

void
gw_classic_receiver_lost(struct gw_classic_receiver *r, gw_usec now)
{
	(void)now;
	gw_classic_receiver_fail(
	    r, GW_E_LOST, "the sender reset the connection");
}

/* ---- the name ---- */

size_t
gw_classic_receiver_wants(const struct gw_classic_receiver *r)
{
	return r->state == GW_CLASSIC_NAMING ? sizeof r->raw - r->raw_len : 0;
}

void
gw_classic_receiver_input(
    struct gw_classic_receiver *r, struct gw_slice s, gw_usec now)
{
	GW_ASSERT(s.n <= gw_classic_receiver_wants(r));
	if (s.n == 0)
		return;
	if (r->raw_len == 0)
		r->began = now;
	memcpy(r->raw + r->raw_len, s.p, s.n);
	r->raw_len += s.n;
	r->moved_at = now;
	if (r->raw_len > GW_CLASSIC_NAME_RAW)
		gw_classic_receiver_fail(r, GW_E_STRANGER,
		    "it sends more than a name without waiting for a reply");
}

static void
name_it(struct gw_classic_receiver *r, gw_usec now)
{
	const char *wrong =
	    gw_classic_name(gw_slice(r->raw, r->raw_len), r->name, &r->cut);

	if (wrong != NULL) {
		gw_classic_receiver_fail(r, GW_E_STRANGER, wrong);
		return;
	}
	r->named = true;
	r->moved_at = now;
	set_state(r, GW_CLASSIC_CREATING);
}

void
gw_classic_receiver_created(struct gw_classic_receiver *r, enum gw_err err,
    const char *why, gw_usec now)
{
	GW_ASSERT(r->state == GW_CLASSIC_CREATING);
	r->moved_at = now;
	if (err != GW_OK) {
		remember(r, err, why);
		set_state(r, GW_CLASSIC_OVER);
	} else if (r->err != GW_OK) {
		set_state(r, GW_CLASSIC_DROPPING);
	} else {
		set_state(r, GW_CLASSIC_REPLYING);
	}
}

/* ---- the word ---- */

struct gw_slice
gw_classic_receiver_output(const struct gw_classic_receiver *r)
{
	if (r->state != GW_CLASSIC_REPLYING)
		return gw_slice(NULL, 0);
	return gw_slice_str(r->o.reply + r->replied);
}

void
gw_classic_receiver_sent(struct gw_classic_receiver *r, size_t n, gw_usec now)
{
	struct gw_slice left = gw_classic_receiver_output(r);

	GW_ASSERT(n <= left.n);
	r->replied += n;
	r->moved_at = now;
	if (n == left.n)
		set_state(r, GW_CLASSIC_TAKING);
}

/* ---- content ---- */

uint64_t
gw_classic_receiver_room(const struct gw_classic_receiver *r)
{
	if (r->state != GW_CLASSIC_TAKING)
		return 0;
	return r->o.max_size == 0 ? UINT64_MAX : r->o.max_size - r->got;
}

void
gw_classic_receiver_taken(
    struct gw_classic_receiver *r, uint64_t n, gw_usec now)
{
	/* It may have failed while they were on their way to the disk. */
	GW_ASSERT(
	    r->state != GW_CLASSIC_TAKING || n <= gw_classic_receiver_room(r));
	r->got += n;
	if (n > 0)
		r->moved_at = now;
}

void
gw_classic_receiver_held(struct gw_classic_receiver *r, gw_usec now)
{
	r->moved_at = now;
}

void
gw_classic_receiver_excess(struct gw_classic_receiver *r, gw_usec now)
{
	(void)now;
	gw_classic_receiver_fail(r, GW_E_LIMIT, "it is larger than --max-size");
}

void
gw_classic_receiver_end(struct gw_classic_receiver *r, gw_usec now)
{
	r->moved_at = now;
	if (r->state == GW_CLASSIC_TAKING)
		set_state(r, GW_CLASSIC_KEEPING);
	else if (r->raw_len == 0)
		gw_classic_receiver_fail(
		    r, GW_E_LOST, "the sender closed without sending a name");
	else
		gw_classic_receiver_fail(r, GW_E_LOST,
		    "the sender closed without waiting for a reply");
}

void
gw_classic_receiver_stored(
    struct gw_classic_receiver *r, enum gw_err err, const char *why)
{
	GW_ASSERT(
	    r->state == GW_CLASSIC_KEEPING || r->state == GW_CLASSIC_DROPPING);
	if (err != GW_OK)
		remember(r, err, why);
	/* It has got its FIN, and waits for ours at most. */
	if (r->state == GW_CLASSIC_KEEPING && err != GW_E_AGAIN)
		r->reset = err != GW_OK;
	set_state(r, GW_CLASSIC_OVER);
}

/* ---- time ---- */

gw_usec
gw_classic_receiver_deadline(const struct gw_classic_receiver *r)
{
	switch (r->state) {
	case GW_CLASSIC_NAMING:
		if (r->raw_len == 0)
			return r->began + r->o.timeout;
		return gw_usec_min(r->moved_at + GW_CLASSIC_QUIET_MS * GW_MSEC,
		    r->began + GW_CLASSIC_NAME_SECONDS * GW_SEC);
	case GW_CLASSIC_REPLYING:
	case GW_CLASSIC_TAKING:
		return r->moved_at + r->o.timeout;
	default:
		return GW_NEVER;
	}
}

static void
tick_naming(struct gw_classic_receiver *r, gw_usec now)
{
	if (r->raw_len == 0)
		gw_classic_receiver_fail(
		    r, GW_E_STALLED, "the sender sent nothing for too long");
	else if (now < r->moved_at + GW_CLASSIC_QUIET_MS * GW_MSEC)
		gw_classic_receiver_fail(r, GW_E_STALLED,
		    "the sender takes too long to send a name");
	else
		name_it(r, now);
}

void
gw_classic_receiver_tick(struct gw_classic_receiver *r, gw_usec now)
{
	if (now < gw_classic_receiver_deadline(r))
		return;
	if (r->state == GW_CLASSIC_NAMING)
		tick_naming(r, now);
	else
		gw_classic_receiver_fail(
		    r, GW_E_STALLED, "nothing moved for too long");
}

/* ---- what to do ---- */

bool
gw_classic_receiver_event(
    struct gw_classic_receiver *r, struct gw_classic_receiver_event *out)
{
	struct gw_classic_receiver_event e = { .name =
						   r->named ? r->name : NULL };

	if (r->told)
		return false;
	switch (r->state) {
	case GW_CLASSIC_CREATING:
		e.kind = GW_CLASSIC_CREATE;
		break;
	case GW_CLASSIC_KEEPING:
		e.kind = GW_CLASSIC_KEEP;
		break;
	case GW_CLASSIC_DROPPING:
		e.kind = r->o.keep_partial && r->got > 0
			     ? GW_CLASSIC_KEEP_PARTIAL
			     : GW_CLASSIC_DROP;
		break;
	case GW_CLASSIC_OVER:
		e.kind = GW_CLASSIC_END;
		e.err = r->err;
		e.why = r->why;
		e.reset = r->reset;
		break;
	default:
		return false;
	}
	r->told = true;
	*out = e;
	return true;
}
