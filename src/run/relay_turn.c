/*
 * A turn of a relay: what has come goes through the engine, and out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "os/clock.h"
#include "run/endpoint.h"
#include "run/relay.h"
#include "wire/beacon.h"

/* ---- sending ---- */

static enum gw_err
send_raw(
    struct gw_relay *r, const struct gw_relay_emission *out, struct gw_why *why)
{
	struct gw_raw_datagram d = { .hops = out->hops,
		.interface = gw_relay_engine_link_of(r->e, out->link)->index,
		.data = out->data.p,
		.len = out->data.n };

	gw_random_fill(&r->random, &d.id, sizeof d.id);
	gw_endpoint_addr(&out->from, &d.from);
	gw_endpoint_addr(&out->to, &d.to);
	d.mtu = gw_raw_udp_mtu(&r->raw, d.interface);
	return gw_raw_udp_send(&r->raw, &d, why);
}

static bool
is_zero(const struct gw_endpoint *e)
{
	static const uint8_t zeros[16];

	return memcmp(e->ip, zeros, sizeof zeros) == 0;
}

static enum gw_err
send_by(struct gw_relay *r, struct gw_udp *udp,
    const struct gw_relay_emission *out, struct gw_why *why)
{
	struct gw_udp_datagram d = { .data = (uint8_t *)(uintptr_t)out->data.p,
		.len = out->data.n,
		.interface = gw_relay_engine_link_of(r->e, out->link)->index,
		.hops = out->hops };

	gw_endpoint_addr(&out->to, &d.peer);
	if (!is_zero(&out->from))
		gw_endpoint_addr(&out->from, &d.local);
	return gw_udp_send(udp, &d, why);
}

static enum gw_relay_fate
send_one(
    struct gw_relay *r, const struct gw_relay_emission *out, struct gw_why *why)
{
	int family = gw_relay_is_v4(&out->to) ? AF_INET : AF_INET6;
	struct gw_relay_socket *s;
	enum gw_err err;

	switch (out->via) {
	case GW_RELAY_VIA_RAW:
		err = send_raw(r, out, why);
		break;
	case GW_RELAY_VIA_SITE:
		return gw_relay_sites_send(r, out, why);
	case GW_RELAY_VIA_HELD:
		if ((s = gw_relay_hold(r, out, why)) == NULL)
			return GW_RELAY_FATE_NO_HOLD;
		err = send_by(r, &s->udp, out, why);
		break;
	default:
		s = gw_relay_listener(r, out->by, out->link, family);
		if (s == NULL) {
			gw_why(why, GW_E_ADDRESS,
			    "no socket of the rule is open there");
			return GW_RELAY_FATE_NO_HOLD;
		}
		err = send_by(r, &s->udp, out, why);
		break;
	}
	if (err == GW_OK)
		return GW_RELAY_FATE_CARRIED;
	return err == GW_E_LIMIT ? GW_RELAY_FATE_TOO_BIG : GW_RELAY_FATE_UNSENT;
}

static void
tell_unsent(struct gw_relay *r, const struct gw_relay_emission *out,
    enum gw_relay_fate fate, const struct gw_why *why)
{
	struct gw_relay_event *e;

	if (fate == GW_RELAY_FATE_CARRIED || (r->told & 1u << out->link) != 0)
		return;
	r->told |= 1u << out->link;
	e = gw_relay_tell(r, GW_RELAY_EVENT_TROUBLE, out->link);
	if (e == NULL)
		return;
	snprintf(e->text, sizeof e->text, "%.250s",
	    fate == GW_RELAY_FATE_NO_PIPE
		? "no port can be had to lead to a device: there are too many, "
		  "or none is free"
		: why->text);
}

/*
 * A beacon that tells where sessions are taken has to tell of this machine: who
 * hears it may have no way to that device.  False: there is no port for it.
 */
static bool
rewrite(struct gw_relay *r, const struct gw_relay_arrival *a,
    struct gw_relay_emission *out, uint8_t beacon[GW_BEACON_LEN])
{
	enum { PRIVILEGED = 1024 }; /* below: services, and none of ours */
	struct gw_relay_device d = { .at = a->from,
		.link = out->link,
		.own = out->from,
		.was_asked = out->answer };
	struct gw_beacon b;
	uint16_t port;

	if (!r->set.rules[out->rule].beacons)
		return true;
	if (gw_beacon_decode(out->data, &b) != GW_BEACON_OK)
		return false;
	if (b.port == 0)
		return true;
	if (b.port < PRIVILEGED || is_zero(&out->from))
		return false;
	d.run = b.run;
	d.at.port = b.port;
	port = gw_relay_pipes_port(&r->pipes, &d, gw_clock_now());
	memcpy(beacon, out->data.p, GW_BEACON_LEN);
	beacon[GW_BEACON_PORT_AT] = (uint8_t)(port >> 8);
	beacon[GW_BEACON_PORT_AT + 1] = (uint8_t)port;
	out->data = gw_slice(beacon, GW_BEACON_LEN);
	return port != 0;
}

/* Returns how many have left. */
static size_t
send_all(struct gw_relay *r, const struct gw_relay_arrival *a)
{
	uint8_t beacon[GW_BEACON_LEN];
	struct gw_relay_emission out;
	size_t sent = 0;

	while (gw_relay_engine_output(r->e, &out)) {
		struct gw_why why = { "" };
		enum gw_relay_fate fate = GW_RELAY_FATE_NO_PIPE;

		if (rewrite(r, a, &out, beacon))
			fate = send_one(r, &out, &why);

		gw_relay_engine_sent(r->e, &out, fate);
		tell_unsent(r, &out, fate, &why);
		sent += fate == GW_RELAY_FATE_CARRIED;
	}
	return sent;
}

/* ---- what came ---- */

static void
tell_datagram(struct gw_relay *r, const struct gw_relay_arrival *a,
    const struct gw_relay_outcome *o, size_t copies)
{
	struct gw_relay_event *e =
	    gw_relay_tell(r, GW_RELAY_EVENT_DATAGRAM, a->link);

	if (e == NULL)
		return;
	e->rule = o->rule;
	e->from = a->from;
	e->to = a->to;
	e->size = a->data.n;
	e->copies = copies;
	e->answer = o->answer;
	snprintf(e->text, sizeof e->text, "%s", gw_relay_fate_text(o->fate));
}

void
gw_relay_carry_on(struct gw_relay *r, const struct gw_relay_arrival *a,
    const struct gw_relay_outcome *o)
{
	size_t copies = send_all(r, a);

	if (r->tell_each)
		tell_datagram(r, a, o, copies);
}

/* The number of the interface that has this index; false: none of ours. */
static bool
link_of(const struct gw_relay *r, unsigned index, unsigned *out)
{
	for (unsigned i = 0; i < r->set.name_count; i++) {
		const struct gw_relay_link *l =
		    gw_relay_engine_link_of(r->e, i);

		if (l->up && !l->remote && l->index == index) {
			*out = i;
			return true;
		}
	}
	return false;
}

static void
take_one(struct gw_relay *r, const struct gw_relay_socket *s,
    const struct gw_udp_datagram *d)
{
	struct gw_relay_arrival a = { .from = gw_endpoint_of(&d->peer),
		.to = gw_endpoint_of(&d->local),
		.cast = d->cast,
		.hops = d->hops,
		.data = gw_slice(d->data, d->len) };
	struct gw_relay_outcome o = { .rule = s->rule,
		.answer = s->held != GW_RELAY_LISTEN };
	gw_usec now = gw_clock_now();

	/* A jumbogram, which is no broadcast's size; or another interface's,
	 * of a group that this machine has joined there. */
	if (d->len > d->room || !link_of(r, d->interface, &a.link) ||
	    (s->held == GW_RELAY_LISTEN && a.link != s->link))
		return;
	o.fate = o.answer
		     ? gw_relay_engine_answer(r->e, (unsigned)s->held, &a, now)
		     : gw_relay_engine_input(r->e, s->rule, &a, now);
	gw_relay_carry_on(r, &a, &o);
}

/* ---- a turn ---- */

static size_t
receive(struct gw_relay *r, struct gw_relay_socket *s, size_t n)
{
	enum { MOST = 16 }; /* of one socket: others are to come, too */
	size_t room = GW_RELAY_TURN - n < MOST ? GW_RELAY_TURN - n : MOST;
	size_t count = 0;

	if (!s->readable || room == 0)
		return n;
	s->readable = false;
	for (size_t i = n; i < n + room; i++)
		r->v[i] = (struct gw_udp_datagram){
			.data = r->rooms + i * GW_UDP_ROOM, .room = GW_UDP_ROOM
		};
	if (gw_udp_recv(&s->udp, &r->v[n], room, &count) != GW_OK)
		return n;
	for (size_t i = n; i < n + count; i++) {
		r->by[i] = s;
		if (s->held == GW_RELAY_LISTEN)
			r->kernel[s->rule][s->link] += r->v[i].lost_before;
	}
	return n + count;
}

/* By time of arrival, and of equals the first one first. */
static void
sort(const struct gw_relay *r, uint8_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = i;

		for (; k > 0 && r->v[order[k - 1]].at > r->v[i].at; k--)
			order[k] = order[k - 1];
		order[k] = (uint8_t)i;
	}
}

void
gw_relay_take_turn(struct gw_relay *r)
{
	uint8_t order[GW_RELAY_TURN];
	size_t n = 0;

	for (struct gw_relay_socket *s = r->sockets; s != NULL; s = s->next)
		n = receive(r, s, n);
	for (unsigned i = 0; i < GW_RELAY_HELD; i++)
		if (r->held[i] != NULL)
			n = receive(r, r->held[i], n);
	if (n == 0)
		return;
	sort(r, order, n);
	for (size_t i = 0; i < n; i++)
		if (!r->by[order[i]]->closing)
			take_one(r, r->by[order[i]], &r->v[order[i]]);
	gw_relay_after(r);
}

/* ---- time and news ---- */

static void
on_timer(uv_timer_t *t)
{
	struct gw_relay *r = t->data;

	/* What it is time for is done before the next time is set. */
	gw_relay_sites_turn(r);
	gw_relay_after(r);
}

void
gw_relay_after(struct gw_relay *r)
{
	struct gw_relay_news news;
	struct gw_relay_event *e;

	gw_relay_engine_tick(r->e, gw_clock_now());
	while (gw_relay_engine_news(r->e, &news)) {
		if (news.kind == GW_RELAY_NEWS_CLOSE) {
			gw_relay_close_held(r, news.held);
			continue;
		}
		e = gw_relay_tell(r,
		    news.kind == GW_RELAY_NEWS_STORM ? GW_RELAY_EVENT_STORM
						     : GW_RELAY_EVENT_CALM,
		    news.link);
		if (e == NULL)
			continue;
		e->rule = news.rule;
		e->pause_ms = (uint32_t)(news.pause / GW_MSEC);
	}
	gw_relay_pipes_tick(&r->pipes, gw_clock_now());
	gw_loop_arm(&r->timer,
	    gw_usec_min(gw_relay_sites_deadline(r),
		gw_usec_min(gw_relay_engine_deadline(r->e),
		    gw_relay_pipes_deadline(&r->pipes))),
	    on_timer);
}
