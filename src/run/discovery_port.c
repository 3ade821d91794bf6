#include "run/discovery_port.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "os/clock.h"
#include "run/discovery_port_private.h"

/* ---- known devices ---- */

static uint64_t
period_now(void)
{
	return (uint64_t)gw_clock_wall() / GW_KNOWN_TAG_SECONDS;
}

/* New tags every hour, also where nobody is known.  Where there is no memory
 * for them the old ones do a while longer: the other side looks for those, too.
 */
static void
renew_tags(struct gw_discovery_port *p)
{
	const uint64_t period = period_now();
	struct gw_tag *tags;

	if (period == p->period)
		return;
	/* Never an allocation of nothing. */
	if ((tags = calloc(p->known.count + 1, sizeof *tags)) == NULL)
		return;
	for (size_t i = 0; i < p->known.count; i++)
		gw_discovery_known_tag(&p->known, i, p->self, period,
		    gw_discovery_run(p->d), &tags[i]);
	if (gw_discovery_tags(p->d, tags, p->known.count) == GW_OK)
		p->period = period;
	free(tags);
}

static void
recognise(struct gw_discovery_port *p, gw_usec now)
{
	struct gw_discovery_who w;

	while (gw_discovery_who(p->d, &w))
		gw_discovery_recognise(p->d,
		    gw_discovery_known_whose(
			&p->known, w.tags, period_now(), w.run),
		    now);
}

/* ---- interfaces ---- */

enum { LINKS_AGAIN = 500000 /* us */ };

static bool
is_behind(const struct gw_discovery_port *p)
{
	return p->links_due || gw_link_watch_is_behind(p->watch);
}

/* Without memory it goes on with those it had, for a moment. */
static void
follow_links(struct gw_discovery_port *p)
{
	if (gw_link_watch_update(p->watch))
		p->links_due = true;
	if (!p->links_due ||
	    gw_discovery_links_update(&p->links, gw_link_watch_list(p->watch),
		p->has_shared ? &p->shared : NULL) != GW_OK)
		return;
	p->links_due = false;
	gw_discovery_again(p->d, gw_clock_now());
}

/* ---- sending ---- */

static void
send_to(struct gw_discovery_port *p, const struct gw_discovery_out *out)
{
	struct gw_udp_datagram d = { .data = (uint8_t *)(uintptr_t)out->data,
		.len = sizeof out->data,
		.interface = out->to.interface };

	gw_discovery_port_address(&out->to, out->to.port, &d.peer);
	gw_netifs_source(
	    gw_link_watch_list(p->watch), out->to.interface, &d.peer, &d.local);
	if (gw_udp_send(&p->own, &d, NULL) != GW_OK)
		return; /* lost, and will be asked for again */
}

static void
send_all(struct gw_discovery_port *p, gw_usec now)
{
	struct gw_discovery_out out;

	while (gw_discovery_output(p->d, &out, now)) {
		if (out.to_all)
			gw_discovery_links_send(&p->links, &p->own,
			    gw_slice(out.data, sizeof out.data));
		else
			send_to(p, &out);
	}
}

/* ---- a turn ---- */

static void on_timer(uv_timer_t *);

/* Whatever is due; the last thing that a callback does, since the owner may
 * close the port in `ready`. */
static void
turn(struct gw_discovery_port *p)
{
	const gw_usec now = gw_clock_now();

	if (is_behind(p))
		follow_links(p);
	renew_tags(p);
	recognise(p, now);
	gw_discovery_tick(p->d, now);
	send_all(p, now);
	gw_loop_arm(&p->timer,
	    gw_usec_min(gw_discovery_deadline(p->d),
		is_behind(p) ? now + LINKS_AGAIN : GW_NEVER),
	    on_timer);
	gw_discovery_port_note_trouble(p);
	if (p->o.ready != NULL &&
	    (p->trouble[0] != '\0' || gw_discovery_has_event(p->d)))
		p->o.ready(p->o.arg);
}

static void
on_timer(uv_timer_t *t)
{
	turn(t->data);
}

static void
wake(struct gw_discovery_port *p)
{
	gw_loop_arm(&p->timer, 0, on_timer);
	gw_loop_poke(p->o.loop);
}

/* ---- receiving ---- */

static void
take(struct gw_discovery_port *p, const struct gw_udp_datagram *u, bool shared,
    gw_usec now)
{
	struct gw_discovery_in in = { .data = gw_slice(u->data,
					  u->len < u->room ? u->len : u->room),
		.from = { .interface = u->interface,
		    .port = gw_addr_port(&u->peer) },
		.shared = shared,
		.to_all = u->cast != GW_CAST_HOST };

	gw_addr_mapped(&u->peer, in.from.ip);
	in.on_link = gw_netifs_on_link(
	    gw_link_watch_list(p->watch), u->interface, &u->peer);
	gw_discovery_input(p->d, &in, now);
	recognise(p, now);
}

static void
receive(struct gw_discovery_port *p, struct gw_udp *u, bool shared)
{
	enum { ROUNDS = 8 /* then others have their turn */ };
	const gw_usec now = gw_clock_now();
	size_t n;

	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < GW_UDP_BATCH; i++)
			p->v[i] = (struct gw_udp_datagram){ .data = p->rooms[i],
				.room = sizeof p->rooms[i] };
		if (gw_udp_recv(u, p->v, GW_UDP_BATCH, &n) != GW_OK)
			return;
		for (size_t i = 0; i < n; i++)
			take(p, &p->v[i], shared, now);
	}
}

static void on_shared(uv_poll_t *, int status, int events);
static void on_own(uv_poll_t *, int status, int events);

/* What ICMP says of answers is of no interest, but libuv stops at it. */
static void
drain_errors(struct gw_udp *u, uv_poll_t *poll, uv_poll_cb cb)
{
	struct gw_udp_error e;

	while (gw_udp_next_error(u, &e) == GW_OK)
		;
	uv_poll_start(poll, UV_READABLE, cb);
}

static void
on_shared(uv_poll_t *h, int status, int events)
{
	struct gw_discovery_port *p = h->data;

	(void)events;
	if (status < 0)
		drain_errors(&p->shared, h, on_shared);
	receive(p, &p->shared, true);
	turn(p);
}

static void
on_own(uv_poll_t *h, int status, int events)
{
	struct gw_discovery_port *p = h->data;

	(void)events;
	if (status < 0)
		drain_errors(&p->own, h, on_own);
	receive(p, &p->own, false);
	turn(p);
}

static void
on_links(uv_poll_t *h, int status, int events)
{
	struct gw_discovery_port *p = h->data;

	(void)status;
	(void)events;
	follow_links(p);
	uv_poll_start(h, UV_READABLE, on_links);
	turn(p);
}

/* ---- life ---- */

static void
close_sockets(struct gw_discovery_port *p)
{
	if (p->has_shared)
		gw_udp_close(&p->shared);
	gw_udp_close(&p->own);
}

static enum gw_err
open_sockets(struct gw_discovery_port *p, struct gw_why *why)
{
	struct gw_udp_options own = { .broadcast = true, .hops = 1 };
	struct gw_udp_options shared = { .port = GW_BEACON_PORT,
		.shared = true,
		.receive_buffer = 1 << 20 };
	struct gw_why reason = { "" };
	enum gw_err err = gw_udp_open(&own, why, &p->own);

	if (err != GW_OK)
		return err;
	p->has_shared = gw_udp_open(&shared, &reason, &p->shared) == GW_OK;
	if (!p->has_shared)
		gw_discovery_port_no_shared(p, reason.text);
	return GW_OK;
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_discovery_port *p = h->data;

	if (--p->handles > 0)
		return;
	close_sockets(p);
	gw_link_watch_free(p->watch);
	gw_discovery_links_fini(&p->links);
	gw_discovery_known_fini(&p->known);
	gw_discovery_free(p->d);
	free(p);
}

static void
close_handle(struct gw_discovery_port *p, uv_handle_t *h)
{
	h->data = p;
	uv_close(h, on_closed);
}

static void
close_handles(struct gw_discovery_port *p)
{
	unsigned n = p->handles;

	/* In the order in which they were begun. */
	if (n > 0)
		close_handle(p, (uv_handle_t *)&p->timer);
	if (n > 1)
		close_handle(p, (uv_handle_t *)&p->own_poll);
	if (n > 2)
		close_handle(p, (uv_handle_t *)&p->links_poll);
	if (n > 3)
		close_handle(p, (uv_handle_t *)&p->shared_poll);
}

static bool
watch_fd(struct gw_discovery_port *p, uv_poll_t *h, int fd, uv_poll_cb cb)
{
	if (uv_poll_init(&p->o.loop->uv, h, fd) != 0)
		return false;
	h->data = p;
	p->handles++;
	uv_poll_start(h, UV_READABLE, cb);
	return true;
}

static enum gw_err
begin(struct gw_discovery_port *p, struct gw_why *why)
{
	uv_timer_init(&p->o.loop->uv, &p->timer);
	p->timer.data = p;
	p->handles = 1;
	if (watch_fd(p, &p->own_poll, p->own.fd, on_own) &&
	    watch_fd(p, &p->links_poll, gw_link_watch_fd(p->watch), on_links) &&
	    (!p->has_shared ||
		watch_fd(p, &p->shared_poll, p->shared.fd, on_shared)))
		return GW_OK;
	return gw_why(why, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
}

enum gw_err
gw_discovery_port_open(const struct gw_discovery_port_options *o,
    struct gw_why *why, struct gw_discovery_port **out)
{
	struct gw_discovery_port *p = calloc(1, sizeof *p);
	enum gw_err err = GW_E_MEMORY;

	if (p == NULL)
		goto err0;
	p->o = *o;
	gw_discovery_links_init(&p->links, GW_BEACON_PORT);
	if (gw_discovery_new(&o->random, &p->d) != GW_OK)
		goto err1;
	if (o->book != NULL && o->keys != NULL) {
		memcpy(p->self, o->keys->public, sizeof p->self);
		if (gw_discovery_known_init(&p->known, o->keys, o->book) !=
		    GW_OK)
			goto err2;
	}
	if ((err = gw_link_watch_open(&p->watch, why)) != GW_OK)
		goto err3;
	if ((err = open_sockets(p, why)) != GW_OK)
		goto err4;
	/* Whoever knew no interface would ask nobody, and find nobody. */
	err = gw_discovery_links_update(&p->links, gw_link_watch_list(p->watch),
	    p->has_shared ? &p->shared : NULL);
	if (err != GW_OK)
		goto err5;
	/* From here on closing is for the loop. */
	if ((err = begin(p, why)) != GW_OK) {
		close_handles(p);
		return err;
	}
	wake(p);
	*out = p;
	return GW_OK;

err5:
	close_sockets(p);
err4:
	gw_link_watch_free(p->watch);
err3:
	gw_discovery_known_fini(&p->known);
err2:
	gw_discovery_free(p->d);
err1:
	free(p);
err0:
	return err == GW_E_MEMORY ? gw_why(why, err, "%s", gw_err_text(err))
				  : err;
}

void
gw_discovery_port_close(struct gw_discovery_port *p)
{
	const gw_usec now = gw_clock_now();

	if (p == NULL)
		return;
	p->o.ready = NULL;
	gw_discovery_seek(p->d, NULL, now);
	gw_discovery_announce(p->d, NULL, now);
	send_all(p, now);
	close_handles(p);
	gw_loop_poke(p->o.loop); /* so that its descriptors close */
}

/* ---- what is wanted of it ---- */

void
gw_discovery_port_announce(
    struct gw_discovery_port *p, const struct gw_announcement *a)
{
	gw_discovery_announce(p->d, a, gw_clock_now());
	wake(p);
}

void
gw_discovery_port_seek(struct gw_discovery_port *p, const struct gw_seek *s)
{
	struct gw_question q = { .known = GW_ALL_KNOWN };

	if (s == NULL) {
		gw_discovery_seek(p->d, NULL, gw_clock_now());
		return;
	}
	q.ask = s->ask;
	q.number = s->number;
	q.name = s->name;
	/* One that is not remembered is nobody. */
	if (s->ask == GW_ASK_KNOWN && s->key != NULL) {
		q.known = gw_discovery_known_find(&p->known, s->key);
		if (q.known == GW_NOT_KNOWN)
			q.known = GW_KNOWN_MAX;
	}
	gw_discovery_seek(p->d, &q, gw_clock_now());
	wake(p);
}
