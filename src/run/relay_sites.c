#include "run/relay_sites.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "os/clock.h"
#include "run/relay.h"

#define PAUSE_LEAST (500 * GW_MSEC)
#define PAUSE_MOST (30 * GW_SEC)
#define GREETING (15 * GW_SEC) /* until it must have said HELLO */
#define LOOK (GW_SEC)          /* at sessions, at least so often */

enum {
	IDLE_MS = 15000, /* a live session says something every 2 s */
	WINDOW = 1 << 18 /* bytes of the stream */
};

static const char *
name_of(const struct gw_relay_far *f)
{
	return f->r->set.names[f->link] + 1;
}

static void __attribute__((format(printf, 2, 3)))
tell(struct gw_relay_far *f, const char *format, ...)
{
	struct gw_relay_event *e =
	    gw_relay_tell(f->r, GW_RELAY_EVENT_SITE, f->link);
	va_list ap;

	if (e == NULL)
		return;
	va_start(ap, format);
	vsnprintf(e->text, sizeof e->text, format, ap);
	va_end(ap);
}

static void
set_up(struct gw_relay_far *f, bool up)
{
	struct gw_relay_link l = { .up = up, .remote = true };

	gw_relay_engine_link(f->r->e, f->link, &l);
	f->r->told &= ~(1u << f->link);
}

/* ---- a session begins and ends ---- */

/* Half as long, up to half as long again: two that begin together do not go on
 * together. */
static gw_usec
vary(struct gw_relay *r, gw_usec pause)
{
	return pause / 2 + gw_random_u64(&r->random) % (pause + 1);
}

void
gw_relay_far_lost(struct gw_relay_far *f, enum gw_err err, const char *text)
{
	bool was_there = f->greeted;
	gw_usec pause = vary(f->r, f->pause);
	struct gw_connection_info info;

	gw_connection_info(f->c, &info);
	f->crowded += info.datagrams_dropped;
	gw_connection_abort(f->c, err, text);
	gw_connection_close(f->c);
	f->c = NULL;
	f->open = f->greeted = false;
	set_up(f, false);
	if (f->waits) {
		if (was_there)
			tell(f, "%.180s; it is waited for", text);
		return;
	}
	f->again = gw_clock_now() + pause;
	tell(f, "%.180s; the next try is in %.1f s", text,
	    (double)pause / (double)GW_SEC);
	f->pause = gw_usec_min(2 * f->pause, PAUSE_MOST);
}

static void
put_on_stream(struct gw_relay_far *f, struct gw_slice message)
{
	struct gw_writer w = gw_writer(f->out, GW_RELAY_STREAM_ROOM);

	gw_write_u32(&w, (uint32_t)message.n);
	gw_write_bytes(&w, message.p, message.n);
	f->out_count = gw_writer_len(&w);
	f->out_done = 0;
	gw_relay_far_flush(f);
}

void
gw_relay_far_flush(struct gw_relay_far *f)
{
	size_t n = 0;

	if (f->out_done == f->out_count ||
	    gw_stream_write(f->c, GW_STREAM_FIRST, f->out + f->out_done,
		f->out_count - f->out_done, &n) != GW_OK)
		return; /* its end is told elsewhere */
	f->out_done += n;
}

static void
greet(struct gw_relay_far *f)
{
	struct gw_relay_message m = { .kind = GW_RELAY_HELLO,
		.version = GW_RELAY_VERSION };
	uint8_t *room = f->r->sites.room_out;

	f->open = true;
	f->greet_by = gw_clock_now() + GREETING;
	f->age = (struct gw_relay_age){ .begun = false };
	f->in_count = f->out_count = f->out_done = 0;
	memcpy(m.origin, gw_relay_engine_origin(f->r->e), sizeof m.origin);
	put_on_stream(f, gw_slice(room, gw_relay_message_encode(&m, room)));
}

void
gw_relay_far_begin(struct gw_relay_far *f, struct gw_connection *c)
{
	if (f->c != NULL)
		gw_relay_far_lost(f, GW_E_INTERRUPTED, "it has come again");
	f->c = c;
	greet(f);
}

void
gw_relay_far_greeted(struct gw_relay_far *f)
{
	struct gw_connection_info info;

	f->greeted = true;
	f->sessions++;
	f->pause = PAUSE_LEAST;
	set_up(f, true);
	gw_connection_info(f->c, &info);
	tell(f, "connected over %s (%s), %.80s", info.carrier, info.cipher,
	    info.address);
}

/* ---- who comes ---- */

static struct gw_relay_far *
waited_for(struct gw_relay *r, const char *device)
{
	for (size_t i = 0; device != NULL && i < r->sites.count; i++)
		if (r->sites.v[i].waits &&
		    strcmp(name_of(&r->sites.v[i]), device) == 0)
			return &r->sites.v[i];
	return NULL;
}

static void
let_in(struct gw_relay *r, struct gw_connection *c)
{
	struct gw_connection_info info;
	struct gw_relay_far *f;

	gw_connection_info(c, &info);
	if ((f = waited_for(r, info.device)) == NULL) {
		gw_connection_abort(c, GW_E_REFUSED,
		    "that relay is for other devices: --for names them");
		gw_connection_close(c);
		return;
	}
	gw_relay_far_refuse(f, GW_E_INTERRUPTED, "it has come again");
	if (!f->greeted) {
		gw_relay_far_begin(f, c);
		return;
	}
	/* It has proved its key, but it may be no relay that runs there. */
	f->next = c;
	f->next_by = gw_clock_now() + GREETING;
	f->next_count = 0;
}

static enum gw_err
listen_for(struct gw_relay *r, const struct gw_relay_options *o)
{
	struct gw_connection_options g = GW_CONNECTION_OPTIONS_INIT;
	const struct gw_relay_far *only = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->sites.count; i++)
		if (r->sites.v[i].waits) {
			only = &r->sites.v[i];
			n++;
		}
	if (n == 0)
		return GW_OK;
	g.no_code = true;
	g.beacons = r->sites.beacons;
	g.carriers = r->sites.carriers;
	g.idle_ms = IDLE_MS;
	g.window = WINDOW;
	if (n == 1)
		g.for_device = name_of(only);
	else
		g.for_known = true; /* let_in looks closer */
	return gw_listen(r->g, o->listen,
	    o->listen_port != 0 ? o->listen_port : GW_PORT, &g,
	    &r->sites.acceptor);
}

/* ---- whom one connects to ---- */

static enum gw_err
dial(struct gw_relay_far *f)
{
	struct gw_connection_options g = GW_CONNECTION_OPTIONS_INIT;

	g.device = name_of(f);
	g.beacons = f->r->sites.beacons && f->host == NULL;
	g.carriers = f->r->sites.carriers;
	g.idle_ms = IDLE_MS;
	g.window = WINDOW;
	f->again = GW_NEVER;
	return gw_connect(f->r->g, f->host, f->port, &g, &f->c);
}

static void
dial_again(struct gw_relay_far *f)
{
	gw_usec pause = vary(f->r, f->pause);

	if (dial(f) == GW_OK)
		return;
	/* Forgotten, or out of something. */
	f->again = gw_clock_now() + pause;
	f->pause = gw_usec_min(2 * f->pause, PAUSE_MOST);
	tell(f, "%.180s; the next try is in %.1f s", gw_last_error(f->r->g),
	    (double)pause / (double)GW_SEC);
}

/* ---- a turn ---- */

static void
take_events(struct gw_relay_far *f)
{
	struct gw_connection_event ev;
	char text[256];

	while (f->c != NULL && gw_connection_next(f->c, &ev))
		switch (ev.kind) {
		case GW_CONNECTION_OPENED:
			greet(f);
			break;
		case GW_CONNECTION_NOTICE:
			tell(f, "%.250s", ev.text);
			break;
		case GW_CONNECTION_CLOSED:
			/* It lives with the connection. */
			snprintf(text, sizeof text, "%s",
			    ev.text != NULL && ev.text[0] != '\0'
				? ev.text
				: gw_err_text(ev.err));
			if (f->open)
				gw_relay_far_read(f);
			if (ev.err == GW_E_PROTOCOL && !f->greeted && !f->waits)
				snprintf(text, sizeof text,
				    "it waits there for something else, not "
				    "with `godwit relay`: give its port "
				    "(DEVICE=HOST:PORT)");
			if (f->c != NULL)
				gw_relay_far_lost(f, ev.err, text);
			break;
		default:
			break;
		}
}

static void
turn(struct gw_relay_far *f, gw_usec now)
{
	if (f->next != NULL)
		gw_relay_far_meet(f, now);
	if (f->c == NULL && !f->waits && now >= f->again)
		dial_again(f);
	if (f->c != NULL)
		take_events(f);
	if (f->c == NULL || !f->open)
		return;
	gw_relay_far_read(f);
	if (f->c == NULL)
		return;
	gw_relay_far_flush(f);
	if (!f->greeted && now >= f->greet_by)
		gw_relay_far_lost(f, GW_E_PROTOCOL,
		    "no relay answers there: does `godwit relay` run on it, "
		    "and is this device named by its --for or --via?");
}

void
gw_relay_sites_turn(struct gw_relay *r)
{
	struct gw_connection *c;
	gw_usec now = gw_clock_now();

	if (r->sites.count == 0 || r->dry)
		return;
	while (r->sites.acceptor != NULL &&
	       gw_accept(r->sites.acceptor, 0, &c) == GW_OK)
		let_in(r, c);
	for (size_t i = 0; i < r->sites.count; i++)
		turn(&r->sites.v[i], now);
	gw_relay_after(r);
}

gw_usec
gw_relay_sites_deadline(const struct gw_relay *r)
{
	gw_usec at = GW_NEVER;

	if (r->sites.count == 0 || r->dry)
		return at;
	for (size_t i = 0; i < r->sites.count; i++)
		if (r->sites.v[i].c == NULL && !r->sites.v[i].waits)
			at = gw_usec_min(at, r->sites.v[i].again);
	return gw_usec_min(at, gw_clock_now() + LOOK);
}

/* ---- sending ---- */

static size_t
encode(const struct gw_relay_emission *e, uint8_t *room)
{
	struct gw_relay_message m = { .kind = e->answer ? GW_RELAY_ANSWER
							: GW_RELAY_DATAGRAM,
		.number = e->number,
		.sites = e->sites,
		.hops = e->hops,
		.group = e->group,
		.sent = (uint32_t)(gw_clock_now() / GW_MSEC),
		.question = e->question,
		.from = e->from,
		.to = e->to,
		.data = e->data };

	memcpy(m.origin, e->origin, sizeof m.origin);
	return gw_relay_message_encode(&m, room);
}

enum gw_relay_fate
gw_relay_sites_send(
    struct gw_relay *r, const struct gw_relay_emission *e, struct gw_why *why)
{
	struct gw_relay_far *f = r->sites.v;
	uint8_t *room = r->sites.room_out;
	enum gw_err err;
	size_t n;

	while (f->link != e->link)
		f++;
	gw_why(why, GW_E_LOST, "the session is over");
	if (!f->greeted)
		return GW_RELAY_FATE_UNSENT;
	if (e->data.n > GW_DATAGRAM_MAX)
		return GW_RELAY_FATE_TOO_BIG;
	n = encode(e, room);
	err = gw_datagram_send(f->c, room, n);
	if (err == GW_E_LIMIT) {
		gw_relay_far_flush(f);
		err = f->out_done < f->out_count ? GW_E_AGAIN : GW_OK;
		if (err == GW_OK) {
			put_on_stream(f, gw_slice(room, n));
			f->streamed++;
		}
	}
	if (err == GW_E_AGAIN) {
		gw_why(why, err, "more comes than the session takes");
		return GW_RELAY_FATE_BUSY;
	}
	if (err != GW_OK)
		return GW_RELAY_FATE_UNSENT;
	f->sent++;
	return GW_RELAY_FATE_CARRIED;
}

/* ---- life ---- */

enum gw_err
gw_relay_sites_name(struct gw_relay *r, const struct gw_relay_options *o)
{
	char why[GW_RELAY_WHY];

	if (o->site_count == 0)
		return GW_OK;
	if ((r->sites.room_in = malloc(GW_RELAY_MESSAGE_MAX)) == NULL ||
	    (r->sites.room_out = malloc(GW_RELAY_MESSAGE_MAX)) == NULL)
		return GW_E_MEMORY;
	r->sites.beacons = !o->no_discovery;
	r->sites.carriers = o->carriers;
	for (size_t i = 0; i < o->site_count; i++) {
		const struct gw_relay_site_options *s = &o->sites[i];
		struct gw_relay_far *f = &r->sites.v[i];

		if (!gw_relay_ruleset_add_site(
			&r->set, s->device != NULL ? s->device : "", why))
			return gw_context_error(r->g, GW_E_USAGE, "%s", why);
		*f = (struct gw_relay_far){ .r = r,
			.link = (unsigned)i,
			.waits = s->waits,
			.port = s->port,
			.pause = PAUSE_LEAST };
		r->sites.count++;
		if ((f->in = malloc(GW_RELAY_STREAM_ROOM)) == NULL ||
		    (f->out = malloc(GW_RELAY_STREAM_ROOM)) == NULL ||
		    (s->host != NULL && (f->host = strdup(s->host)) == NULL))
			return GW_E_MEMORY;
	}
	return GW_OK;
}

enum gw_err
gw_relay_sites_start(struct gw_relay *r, const struct gw_relay_options *o)
{
	enum gw_err err;

	for (size_t i = 0; i < r->sites.count; i++)
		set_up(&r->sites.v[i], r->dry);
	if (r->dry || r->sites.count == 0)
		return GW_OK;
	if ((err = gw_context_whole(r->g)) != GW_OK)
		return err;
	if ((err = listen_for(r, o)) != GW_OK)
		return err;
	for (size_t i = 0; i < r->sites.count; i++)
		if (!r->sites.v[i].waits &&
		    (err = dial(&r->sites.v[i])) != GW_OK)
			return err;
	gw_relay_after(r);
	return GW_OK;
}

void
gw_relay_sites_fini(struct gw_relay *r)
{
	gw_acceptor_close(r->sites.acceptor);
	for (size_t i = 0; i < r->sites.count; i++) {
		struct gw_relay_far *f = &r->sites.v[i];

		if (f->c != NULL)
			gw_connection_abort(f->c, GW_E_INTERRUPTED,
			    "the relay there has ended");
		gw_connection_close(f->c);
		gw_relay_far_refuse(
		    f, GW_E_INTERRUPTED, "the relay there has ended");
		free(f->host);
		free(f->in);
		free(f->out);
	}
	free(r->sites.room_in);
	free(r->sites.room_out);
}

bool
gw_relay_site(const struct gw_relay *r, size_t n, struct gw_relay_site *out)
{
	const struct gw_relay_far *f;
	struct gw_connection_info info;

	if (n >= r->sites.count)
		return false;
	f = &r->sites.v[n];
	*out = (struct gw_relay_site){ .device = name_of(f),
		.waits = f->waits,
		.connected = f->greeted,
		.sessions = f->sessions,
		.received = f->received,
		.sent = f->sent,
		.streamed = f->streamed,
		.malformed = f->malformed,
		.foreign = f->foreign,
		.stale = f->stale,
		.crowded = f->crowded };
	if (f->c == NULL)
		return true;
	gw_connection_info(f->c, &info);
	out->crowded += info.datagrams_dropped;
	if (f->greeted) {
		out->carrier = info.carrier;
		out->address = info.address;
		out->lost = info.datagrams_lost;
	}
	return true;
}
