#include "udp_rig.h"

#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"

enum {
	BURSTS_MAX = 20000, /* that may be said without anything coming in */
	TICKS_MAX = 1000    /* at one moment */
};

static const char code[] = "7-crane-otter";

static void
fill(void *arg, void *out, size_t n)
{
	uint64_t *state = arg;
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		*state = *state * UINT64_C(6364136223846793005) + 1;
		p[i] = (uint8_t)(*state >> 56);
	}
}

struct gw_path
udp_rig_path(unsigned host)
{
	return (struct gw_path){
		.ip = { [10] = 0xff, 0xff, 10, 0, 0, (uint8_t)host },
		.port = 4639,
	};
}

/* ---- owners ---- */

static void
on_data(struct udp_rig_side *o, const struct gw_session_event *ev)
{
	const uint16_t stream = ev->data.stream;

	GW_ASSERT(stream < GW_STREAMS_MAX);
	GW_ASSERT(!o->ended[stream]);
	GW_ASSERT(!o->fin);
	o->got[stream] += ev->data.bytes.n;
	o->ended[stream] = ev->data.end;
	o->owed += ev->data.bytes.n;
	/* No more than one window of all streams waits. */
	GW_ASSERT(o->owed <= GW_STREAM_WINDOW + GW_SESSION_WINDOW);
	if (o->no_credit)
		return;
	gw_session_credit(o->session, stream, o->owed);
	o->owed = 0;
}

/* Returns false when it is over, and gone. */
static bool
on_event(struct udp_rig *r, struct udp_rig_side *o, struct gw_session *s,
    const struct gw_session_event *ev)
{
	switch (ev->kind) {
	case GW_SESSION_OPENED:
		if (o->session == NULL) {
			o->session = s;
			o->opened = true;
		}
		break;
	case GW_SESSION_DATA:
		if (s == o->session)
			on_data(o, ev);
		break;
	case GW_SESSION_RESET:
	case GW_SESSION_DATAGRAM:
		break;
	case GW_SESSION_FIN:
		if (s == o->session)
			o->fin = true;
		break;
	case GW_SESSION_CLOSED:
		if (s == o->session)
			o->session = NULL;
		gw_udp_endpoint_release(o->endpoint, s, r->now);
		return false;
	}
	return true;
}

static void
pull(struct udp_rig *r, struct udp_rig_side *o)
{
	struct gw_session *s = gw_udp_endpoint_next(o->endpoint, NULL), *then;
	struct gw_session_event ev;

	for (; s != NULL; s = then) {
		then = gw_udp_endpoint_next(o->endpoint, s);
		while (gw_session_event(s, &ev))
			if (!on_event(r, o, s, &ev))
				break;
	}
}

static void
keep(struct udp_rig *r, unsigned side, const struct gw_burst *b)
{
	for (size_t at = 0; at < b->len; at += b->segment) {
		struct udp_rig_kept *k = &r->kept[r->kept_n++ % UDP_RIG_KEPT];

		k->side = side;
		k->n = b->len - at < b->segment ? b->len - at : b->segment;
		k->n = k->n < sizeof(k->b) ? k->n : sizeof(k->b);
		memcpy(k->b, b->buf + at, k->n);
	}
}

void
udp_rig_work(struct udp_rig *r, unsigned side)
{
	struct udp_rig_side *o = &r->side[side];
	uint8_t buf[1 << 15];
	struct gw_burst b = { .buf = buf, .cap = sizeof(buf) };
	unsigned n = 0;

	pull(r, o);
	while (gw_udp_endpoint_output(o->endpoint, &b, r->now)) {
		GW_ASSERT(b.len > 0 && b.len <= b.cap && b.segment > 0);
		GW_ASSERT(n++ < BURSTS_MAX);
		keep(r, side, &b);
		b.len = 0;
	}
}

void
udp_rig_input(struct udp_rig *r, unsigned side, const struct gw_path *from,
    struct gw_slice bytes)
{
	struct udp_rig_side *o = &r->side[side];
	uint8_t copy[2048];
	struct gw_incoming d = { .p = copy, .from = *from };
	uint32_t ticket, evicted;
	struct gw_session *s;

	d.n = bytes.n < sizeof(copy) ? bytes.n : sizeof(copy);
	if (d.n > 0)
		memcpy(copy, bytes.p, d.n);
	s = gw_udp_endpoint_input(o->endpoint, &d, r->now, &ticket, &evicted);
	if (ticket != 0)
		gw_door_leave(r->door, ticket);
	if (s != NULL)
		gw_udp_session_batch_end(s, r->now);
	pull(r, o); /* what is lent lies in `copy` */
	udp_rig_work(r, side);
}

void
udp_rig_sleep(struct udp_rig *r, gw_usec time)
{
	const gw_usec until = r->now + time;
	unsigned n = 0;

	for (;;) {
		gw_usec at = until;

		for (unsigned i = 0; i < 2; i++)
			at = gw_usec_min(
			    at, gw_udp_endpoint_deadline(r->side[i].endpoint));
		n = at > r->now ? 0 : n + 1;
		GW_ASSERT(n < TICKS_MAX);
		r->now = at > r->now ? at : r->now;
		for (unsigned i = 0; i < 2; i++) {
			while (gw_udp_endpoint_tick(
				   r->side[i].endpoint, r->now) != NULL)
				;
			udp_rig_work(r, i);
		}
		if (r->now >= until)
			return;
	}
}

void
udp_rig_ends(struct udp_rig *r)
{
	udp_rig_sleep(r, 130 * GW_SEC);
	for (unsigned i = 0; i < 2; i++)
		GW_ASSERT(gw_udp_endpoint_count(r->side[i].endpoint) == 0);
}

/* ---- begin ---- */

static struct gw_session_options
options(struct udp_rig *r, unsigned i)
{
	return (struct gw_session_options){
		.initiator = i == 0,
		.self = &r->side[i].keys,
		.name = "rig",
		.window = GW_STREAM_WINDOW,
		.random = r->random,
		.mode = GW_MODE_CODE,
		.code = code,
		.door = i == 1 ? r->door : NULL,
	};
}

void
udp_rig_init(struct udp_rig *r)
{
	const struct gw_path to = udp_rig_path(2);
	struct gw_session_options so;
	struct gw_session *s;

	GW_ASSERT(gw_crypto_start());
	memset(r, 0, sizeof(*r));
	r->now = 1000 * GW_SEC;
	r->random_state = 1;
	r->random = (struct gw_random){ fill, &r->random_state };
	GW_ASSERT(gw_door_new(&r->door) == GW_OK);
	GW_ASSERT(gw_door_set_code(r->door, code) == GW_OK);
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t seed[32] = { (uint8_t)(i + 1) };
		struct gw_udp_endpoint_options eo = {
			.udp = { .roll = 300 },
			.secret = { (uint8_t)(i + 1) },
		};

		gw_keypair_from(seed, &r->side[i].keys);
		eo.session = options(r, i);
		GW_ASSERT(gw_udp_endpoint_new(
			      &eo, r->now, &r->side[i].endpoint) == GW_OK);
	}
	so = options(r, 0);
	GW_ASSERT(gw_udp_endpoint_connect(
		      r->side[0].endpoint, &so, &to, r->now, &s) == GW_OK);
	udp_rig_work(r, 0);
}

void
udp_rig_fini(struct udp_rig *r)
{
	for (unsigned i = 0; i < 2; i++)
		gw_udp_endpoint_free(r->side[i].endpoint);
	gw_door_free(r->door);
}

void
udp_rig_open(struct udp_rig *r)
{
	/* SYN, SYN_ACK, ACK, CONFIRM, and what goes with them. */
	for (unsigned i = 0; i < r->kept_n && i < UDP_RIG_KEPT; i++) {
		const struct udp_rig_kept k = r->kept[i];
		const struct gw_path from = udp_rig_path(k.side + 1);

		if (r->side[0].opened && r->side[1].opened)
			break;
		r->now += 1000;
		udp_rig_input(r, 1 - k.side, &from, gw_slice(k.b, k.n));
	}
	GW_ASSERT(r->side[0].opened && r->side[1].opened);
}
