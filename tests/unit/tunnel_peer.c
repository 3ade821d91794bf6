#include "tunnel_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/clock.h"
#include "run/device_store.h"
#include "run/dial.h"
#include "run/listener.h"

enum { PLENTY = 1 << 20 /* bytes that a stream has room for */ };

struct peer_said {
	struct peer_said *next;
	struct gw_session_event ev;
	size_t n;
	uint8_t bytes[];
};

#define PEER_OF(s)                                                             \
	((struct peer *)(void *)((char *)(uintptr_t)(s)-offsetof(              \
	    struct peer, session)))

/* ---- memory that no test lets fail ---- */

static void *
take(size_t n)
{
	void *p;

	GW_ASSERT(posix_memalign(&p, sizeof(void *), n + 1) == 0);
	return p;
}

static void
add(struct peer_bytes *b, const void *p, size_t n)
{
	uint8_t *more;

	if (b->room - b->n < n) {
		b->room = 2 * (b->n + n);
		more = take(b->room);
		if (b->n > 0)
			memcpy(more, b->b, b->n);
		free(b->b);
		b->b = more;
	}
	if (n > 0)
		memcpy(b->b + b->n, p, n);
	b->n += n;
}

/* ---- a session ---- */

static bool
event(struct gw_session *s, struct gw_session_event *out)
{
	struct peer *p = PEER_OF(s);

	GW_ASSERT(!p->closed);
	if (p->lent != NULL && p->lent->ev.kind == GW_SESSION_DATAGRAM) {
		p->lent->next = p->kept;
		p->kept = p->lent;
	} else {
		free(p->lent);
	}
	p->lent = p->first;
	if (p->first == NULL)
		return false;
	p->first = p->lent->next;
	if (p->first == NULL)
		p->last = &p->first;
	*out = p->lent->ev;
	return true;
}

static size_t
writable(const struct gw_session *s, uint16_t stream)
{
	const struct peer *p = PEER_OF(s);

	GW_ASSERT(stream < GW_STREAMS_MAX);
	return p->takes < PLENTY ? p->takes : PLENTY;
}

static size_t
write_some(struct gw_session *s, uint16_t stream, struct gw_slice b, gw_usec t)
{
	struct peer *p = PEER_OF(s);
	const size_t n = b.n < p->takes ? b.n : p->takes;

	(void)t;
	GW_ASSERT(!p->closed);
	GW_ASSERT(stream < GW_STREAMS_MAX);
	add(&p->heard[stream], b.p, n);
	if (p->takes != SIZE_MAX)
		p->takes -= n;
	return n;
}

static void
credit(struct gw_session *s, uint16_t stream, size_t n)
{
	GW_ASSERT(stream < GW_STREAMS_MAX);
	PEER_OF(s)->credited += n;
}

static uint64_t
unsent(const struct gw_session *s, uint16_t stream, bool *held)
{
	(void)s;
	(void)stream;
	*held = true; /* until this side takes more, which is told */
	return 0;
}

static size_t
datagram_max(const struct gw_session *s)
{
	return PEER_OF(s)->datagram_max;
}

static enum gw_err
datagram(struct gw_session *s, struct gw_slice b, gw_usec now)
{
	struct peer *p = PEER_OF(s);

	(void)now;
	GW_ASSERT(!p->closed);
	if (b.n > p->datagram_max)
		return GW_E_LIMIT;
	if (!p->takes_datagrams || p->full)
		return GW_E_AGAIN;
	add(&p->datagrams, &b.n, sizeof b.n);
	add(&p->datagrams, b.p, b.n);
	return GW_OK;
}

static unsigned
datagrams(const struct gw_session *s)
{
	return PEER_OF(s)->takes_datagrams ? 0 : UINT32_MAX;
}

static gw_usec
heard(const struct gw_session *s)
{
	return PEER_OF(s)->heard_at;
}

static void
give_up(struct gw_session *s, enum gw_err err, const char *text, gw_usec now)
{
	struct peer *p = PEER_OF(s);

	(void)now;
	p->err = err;
	snprintf(p->why, sizeof p->why, "%s", text);
}

static const struct gw_session_ops session_ops = {
	.event = event,
	.writable = writable,
	.write = write_some,
	.credit = credit,
	.unsent = unsent,
	.datagram_max = datagram_max,
	.datagram = datagram,
	.datagrams = datagrams,
	.heard = heard,
	.abort = give_up,
};

static void
on_kick(struct gw_conn *c)
{
	struct peer *p = (struct peer *)(void *)c;

	p->kicked = true;
	p->takes_datagrams = p->takes_datagrams || p->narrows != 0;
	if (p->narrows != 0)
		p->datagram_max = p->narrows;
}

static void
on_close(struct gw_conn *c)
{
	struct peer *p = (struct peer *)(void *)c;

	GW_ASSERT(!p->closed);
	p->closed = true;
}

static const struct gw_conn_ops conn_ops = { on_kick, on_kick, on_close };

/* ---- life ---- */

void
peer_init(struct peer *p)
{
	memset(p, 0, sizeof *p);
	p->session.ops = &session_ops;
	p->conn.ops = &conn_ops;
	p->conn.session = &p->session;
	p->conn.carrier = "tcp";
	snprintf(p->conn.address, sizeof p->conn.address, "192.0.2.1:4639");
	p->last = &p->first;
	p->takes = SIZE_MAX;
	p->takes_datagrams = true;
	p->datagram_max = 1200;
	p->heard_at = gw_clock_now();
}

void
peer_fini(struct peer *p)
{
	struct peer_said *s;

	if (p->last != NULL)
		*p->last = p->kept;
	while ((s = p->first) != NULL) {
		p->first = s->next;
		free(s);
	}
	free(p->lent);
	for (unsigned i = 0; i < GW_STREAMS_MAX; i++)
		free(p->heard[i].b);
	free(p->datagrams.b);
}

/* ---- saying ---- */

static void
say(struct peer *p, const struct gw_session_event *ev, struct gw_slice *of,
    const struct gw_slice *bytes)
{
	struct peer_said *s = take(sizeof *s + bytes->n);

	s->next = NULL;
	s->n = bytes->n;
	if (s->n > 0)
		memcpy(s->bytes, bytes->p, s->n);
	*of = gw_slice(s->bytes, s->n);
	s->ev = *ev;
	*p->last = s;
	p->last = &s->next;
	p->kicked = true;
	p->heard_at = gw_clock_now();
}

void
peer_event(struct peer *p, const struct gw_session_event *given)
{
	struct gw_session_event ev = *given;
	struct gw_slice none = { .n = 0 };

	if (ev.kind == GW_SESSION_DATA)
		say(p, &ev, &ev.data.bytes, &given->data.bytes);
	else if (ev.kind == GW_SESSION_DATAGRAM)
		say(p, &ev, &ev.datagram, &given->datagram);
	else
		say(p, &ev, &none, &none);
}

void
peer_bytes(struct peer *p, uint16_t lane, const void *b, size_t n)
{
	peer_event(p, &(struct gw_session_event){ .kind = GW_SESSION_DATA,
			  .data = { lane, gw_slice(b, n), false } });
}

void
peer_say(struct peer *p, uint16_t lane, const struct gw_tunnel_message *m)
{
	uint8_t b[GW_TUNNEL_MESSAGE];
	const size_t n = gw_tunnel_encode(m, b, sizeof b);

	GW_ASSERT(n > 0);
	peer_bytes(p, lane, b, n);
}

void
peer_data(struct peer *p, uint16_t lane, uint32_t flow, const void *b, size_t n)
{
	uint8_t head[GW_TUNNEL_DATA_HEAD];

	gw_tunnel_data_head(flow, n, head);
	peer_bytes(p, lane, head, sizeof head);
	peer_bytes(p, lane, b, n);
}

void
peer_datagram(struct peer *p, const struct gw_tunnel_datagram *d)
{
	const size_t room = GW_TUNNEL_DATAGRAM_HEAD + d->data.n;
	uint8_t *b = take(room);
	const size_t n = gw_tunnel_datagram_encode(d, b, room);

	peer_event(p, &(struct gw_session_event){ .kind = GW_SESSION_DATAGRAM,
			  .datagram = gw_slice(b, n) });
	free(b);
}

void
peer_leave(struct peer *p, enum gw_err err, const char *text)
{
	peer_event(
	    p, &(struct gw_session_event){ .kind = GW_SESSION_CLOSED,
		   .closed = { .err = err, .by_peer = true, .text = text } });
}

void
peer_turn(struct peer *p)
{
	while (p->kicked && !p->closed && p->conn.ready != NULL) {
		p->kicked = false;
		p->wants = p->conn.ready(&p->conn, p->conn.owner);
	}
}

/* ---- hearing ---- */

bool
peer_hear(struct peer *p, uint16_t lane, struct gw_tunnel_message *m)
{
	struct peer_bytes *h = &p->heard[lane];
	struct gw_slice all;
	size_t n;

	if (h->n - h->at < GW_TUNNEL_HEAD)
		return false;
	all = gw_slice(h->b + h->at, h->n - h->at);
	GW_ASSERT(gw_tunnel_measure(all, &n));
	if (all.n < n)
		return false;
	h->at += n;
	if (all.p[0] != GW_TUNNEL_DATA) {
		GW_ASSERT(gw_tunnel_decode(gw_slice(all.p, n), m));
		return true;
	}
	*m = (struct gw_tunnel_message){ .kind = GW_TUNNEL_DATA,
		.flow = (uint32_t)all.p[3] << 24 | (uint32_t)all.p[4] << 16 |
			(uint32_t)all.p[5] << 8 | all.p[6],
		.text = gw_slice(
		    all.p + GW_TUNNEL_DATA_HEAD, n - GW_TUNNEL_DATA_HEAD) };
	return true;
}

bool
peer_hear_datagram(struct peer *p, struct gw_tunnel_datagram *d)
{
	struct peer_bytes *h = &p->datagrams;
	size_t n;

	if (h->at == h->n)
		return false;
	memcpy(&n, h->b + h->at, sizeof n);
	GW_ASSERT(
	    gw_tunnel_datagram_decode(gw_slice(h->b + h->at + sizeof n, n), d));
	h->at += sizeof n + n;
	return true;
}

/* ---- whoever waits for a session ---- */

static struct gw_entrance_owner dials, listens;
static bool dialled;

enum gw_err __wrap_gw_dial_start(
    const struct gw_dial_options *, struct gw_dial **);
void __wrap_gw_dial_cancel(struct gw_dial *);
enum gw_err __real_gw_listener_new(
    const struct gw_listener_options *, struct gw_why *, struct gw_listener **);
enum gw_err __wrap_gw_listener_new(
    const struct gw_listener_options *, struct gw_why *, struct gw_listener **);

enum gw_err
__wrap_gw_dial_start(const struct gw_dial_options *o, struct gw_dial **out)
{
	dials = o->owner;
	dialled = true;
	*out = (struct gw_dial *)(void *)&dials; /* nobody looks into it */
	return GW_OK;
}

void
__wrap_gw_dial_cancel(struct gw_dial *d)
{
	dialled = dialled && d == NULL;
}

enum gw_err
__wrap_gw_listener_new(const struct gw_listener_options *o, struct gw_why *why,
    struct gw_listener **out)
{
	listens = o->owner;
	return __real_gw_listener_new(o, why, out);
}

static void
open_for(const struct gw_entrance_owner *who, struct peer *p,
    const uint8_t key[GW_KEY_LEN])
{
	const struct gw_session_event ev = { .kind = GW_SESSION_OPENED,
		.opened = {
		    .peer = key, .name = "peer", .mode = GW_MODE_KNOWN } };

	p->heard_at = gw_clock_now();
	who->opened(who->arg, &p->conn, &ev);
	peer_turn(p);
}

bool
peer_is_dialled(void)
{
	return dialled;
}

void
peer_answer(struct peer *p, const uint8_t key[GW_KEY_LEN])
{
	GW_ASSERT(dialled);
	dialled = false;
	open_for(&dials, p, key);
}

void
peer_fail(enum gw_err err, const char *text)
{
	const struct gw_session_event ev = { .kind = GW_SESSION_CLOSED,
		.closed = { .err = err, .text = text } };

	GW_ASSERT(dialled);
	dialled = false;
	dials.failed(dials.arg, &ev, "192.0.2.1:4639");
}

void
peer_come(struct peer *p, const uint8_t key[GW_KEY_LEN])
{
	open_for(&listens, p, key);
}

/* ---- time ---- */

static gw_usec now = 1000 * GW_SEC;

/* In place of the C library's, for libuv as well: it looks here first. */
__attribute__((visibility("default"))) int
clock_gettime(clockid_t clock, struct timespec *t)
{
	if (clock == CLOCK_REALTIME || clock == CLOCK_PROCESS_CPUTIME_ID ||
	    clock == CLOCK_THREAD_CPUTIME_ID)
		return (int)syscall(SYS_clock_gettime, clock, t);
	t->tv_sec = (time_t)(now / GW_SEC);
	t->tv_nsec = (long)(now % GW_SEC * 1000);
	return 0;
}

void
peer_leap(gw_usec time)
{
	now += time;
}

/* ---- devices ---- */

struct gw *
peer_context(const char *name, unsigned devices)
{
	struct gw_options o = GW_OPTIONS_INIT;
	char data[256], state[256], called[16];
	const struct gw_device_entry *e;
	struct gw_device_store s;
	uint8_t key[GW_KEY_LEN];
	struct gw_why why;
	struct gw *g;

	snprintf(data, sizeof data, "%s-data", name);
	snprintf(state, sizeof state, "%s-state", name);
	o.data_dir = data;
	o.state_dir = state;
	o.device_name = name;
	GW_ASSERT(gw_open(&o, &g) == GW_OK);
	GW_ASSERT(gw_device_store_open(g->data_dir, &s, &why) == GW_OK);
	for (unsigned i = 0; i < devices; i++) {
		memset(key, (int)(i + 1), sizeof key);
		snprintf(called, sizeof called, "peer-%u", i);
		GW_ASSERT(
		    gw_device_book_add(&s.book, key, called, 0, &e) == GW_OK);
	}
	GW_ASSERT(gw_device_store_save(&s, &why) == GW_OK);
	gw_device_store_close(&s);
	return g;
}
