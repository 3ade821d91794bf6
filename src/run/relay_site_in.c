/*
 * What the relay of another site says: nothing of it is believed.
 */
#include <string.h>

#include "base/cursor.h"
#include "os/clock.h"
#include "run/relay.h"

/* ---- messages ---- */

/* NULL: nothing is wrong with it. */
static const char *
wrong_with(const struct gw_relay_far *f, const struct gw_relay_message *m,
    enum gw_err *err)
{
	if (m->version != GW_RELAY_VERSION) {
		*err = GW_E_VERSION;
		return "it speaks another version of this: update the older "
		       "one";
	}
	*err = GW_E_USAGE;
	return memcmp(m->origin, gw_relay_engine_origin(f->r->e),
		   sizeof m->origin) == 0
		   ? "this relay has reached itself"
		   : NULL;
}

static void
take_hello(struct gw_relay_far *f, const struct gw_relay_message *m)
{
	enum gw_err err;
	const char *wrong = wrong_with(f, m, &err);

	if (f->greeted)
		gw_relay_far_lost(f, GW_E_PROTOCOL, "it says hello twice");
	else if (wrong != NULL)
		gw_relay_far_lost(f, err, wrong);
	else
		gw_relay_far_greeted(f);
}

static void
take_datagram(struct gw_relay_far *f, const struct gw_relay_message *m)
{
	struct gw_relay *r = f->r;
	struct gw_relay_arrival a = { .link = f->link,
		.from = m->from,
		.to = m->to,
		.cast = m->group ? GW_CAST_GROUP : GW_CAST_BROADCAST,
		.hops = m->hops,
		.data = m->data,
		.sites = m->sites,
		.number = m->number,
		.question = m->question };
	gw_usec now = gw_clock_now();
	size_t rule = gw_relay_engine_find(r->e, &a);
	struct gw_relay_outcome o = { .rule = (unsigned)rule };

	if (rule == r->set.count) {
		f->foreign++;
		return;
	}
	memcpy(a.origin, m->origin, sizeof a.origin);
	a.late = gw_relay_age_is_late(&f->age, m->sent, now);
	o.fate = gw_relay_engine_input(r->e, o.rule, &a, now);
	gw_relay_carry_on(r, &a, &o);
}

static void
take_answer(struct gw_relay_far *f, const struct gw_relay_message *m)
{
	struct gw_relay *r = f->r;
	struct gw_relay_arrival a = { .link = f->link,
		.from = m->from,
		.cast = GW_CAST_HOST,
		.data = m->data,
		.question = m->question };
	struct gw_relay_outcome o = { .answer = true };
	gw_usec now = gw_clock_now();

	a.late = gw_relay_age_is_late(&f->age, m->sent, now);
	o.fate = gw_relay_engine_site_answer(r->e, &a, now);
	if (o.fate == GW_RELAY_FATE_STALE)
		f->stale++;
	gw_relay_carry_on(r, &a, &o);
}

/* False: it is none, or comes too early. */
static bool
take(struct gw_relay_far *f, struct gw_slice data, bool on_stream)
{
	struct gw_relay_message m;

	if (!gw_relay_message_decode(data, &m) ||
	    (m.kind == GW_RELAY_HELLO ? !on_stream : !f->greeted)) {
		f->malformed++;
		return false;
	}
	switch (m.kind) {
	case GW_RELAY_HELLO:
		take_hello(f, &m);
		return true;
	case GW_RELAY_DATAGRAM:
		take_datagram(f, &m);
		break;
	case GW_RELAY_ANSWER:
		take_answer(f, &m);
		break;
	}
	f->received++;
	return true;
}

/* ---- the stream ---- */

/* How many bytes the message has that begins there, with its head; 0: more
 * than it may.  Before its head is there, that. */
static size_t
wanted(const struct gw_relay_far *f)
{
	struct gw_reader r = gw_reader(gw_slice(f->in, GW_RELAY_STREAM_HEAD));
	uint32_t n;

	if (f->in_count < GW_RELAY_STREAM_HEAD)
		return GW_RELAY_STREAM_HEAD;
	n = gw_read_u32(&r);
	return n <= GW_RELAY_MESSAGE_MAX ? GW_RELAY_STREAM_HEAD + n : 0;
}

/* One read; false: there is nothing more, or the session is over. */
static bool
read_some(struct gw_relay_far *f)
{
	size_t whole = wanted(f), n = 0;
	enum gw_err err;

	err = gw_stream_read(f->c, GW_STREAM_FIRST, f->in + f->in_count,
	    whole - f->in_count, &n);
	if ((err == GW_OK && n == 0) || err == GW_E_PEER_GONE)
		gw_relay_far_lost(f, GW_E_PEER_GONE, "it has ended");
	/* Why else the session is over, an event of it tells. */
	if (err != GW_OK || n == 0)
		return false;
	f->in_count += n;
	if (f->in_count < GW_RELAY_STREAM_HEAD)
		return true;
	whole = wanted(f);
	if (whole > f->in_count)
		return true;
	f->in_count = 0;
	/* None is so long, and none empty: both are malformed. */
	if (whole == 0)
		whole = GW_RELAY_STREAM_HEAD;
	if (!take(f,
		gw_slice(
		    f->in + GW_RELAY_STREAM_HEAD, whole - GW_RELAY_STREAM_HEAD),
		true)) {
		gw_relay_far_lost(f, GW_E_PROTOCOL,
		    "what it says is nothing that a relay says: does `godwit "
		    "relay` run there?");
		return false;
	}
	return f->c != NULL;
}

void
gw_relay_far_read(struct gw_relay_far *f)
{
	uint8_t *room = f->r->sites.room_in;
	size_t n;

	while (f->c != NULL && read_some(f))
		;
	while (f->c != NULL && gw_datagram_receive(f->c, room,
				   GW_RELAY_MESSAGE_MAX, &n) == GW_OK)
		(void)take(f, gw_slice(room, n), false);
}

/* ---- one that comes while its session is there ---- */

void
gw_relay_far_refuse(struct gw_relay_far *f, enum gw_err err, const char *text)
{
	if (f->next == NULL)
		return;
	gw_connection_abort(f->next, err, text);
	gw_connection_close(f->next);
	f->next = NULL;
}

/* Some of its first words.  False: there is nothing more now. */
static bool
hear(struct gw_relay_far *f)
{
	size_t n = 0;

	if (f->next_count == sizeof f->next_in ||
	    gw_stream_read(f->next, GW_STREAM_FIRST, f->next_in + f->next_count,
		sizeof f->next_in - f->next_count, &n) != GW_OK)
		return false;
	f->next_count += n;
	return n > 0;
}

/* As far as it has come: its length, which is always the same. */
static bool
may_be_hello(const struct gw_relay_far *f)
{
	static const uint8_t head[] = { 0, 0, 0, GW_RELAY_HELLO_LEN };

	return memcmp(f->next_in, head,
		   f->next_count < sizeof head ? f->next_count : sizeof head) ==
	       0;
}

void
gw_relay_far_meet(struct gw_relay_far *f, gw_usec now)
{
	struct gw_connection *c = f->next;
	struct gw_connection_event ev;
	struct gw_relay_message m;
	enum gw_err err = GW_E_PROTOCOL;
	const char *wrong;
	bool whole;

	while (hear(f))
		;
	while (gw_connection_next(c, &ev))
		if (ev.kind == GW_CONNECTION_CLOSED) {
			gw_relay_far_refuse(f, GW_E_PEER_GONE, "");
			return;
		}
	whole = f->next_count == sizeof f->next_in;
	if (!whole && may_be_hello(f) && now < f->next_by)
		return;
	if (whole && may_be_hello(f) &&
	    gw_relay_message_decode(
		gw_slice(f->next_in + GW_RELAY_STREAM_HEAD, GW_RELAY_HELLO_LEN),
		&m) &&
	    m.kind == GW_RELAY_HELLO)
		wrong = wrong_with(f, &m, &err);
	else
		wrong = "`godwit relay` waits at this port, and what came is "
			"not from one";
	if (wrong != NULL) {
		gw_relay_far_refuse(f, err, wrong);
		return;
	}
	f->next = NULL;
	gw_relay_far_begin(f, c);
	gw_relay_far_greeted(f);
}
