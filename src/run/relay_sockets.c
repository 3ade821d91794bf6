/*
 * The sockets of a relay.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "run/relay.h"

enum { BUFFER = 1 << 20 /* asked for, bytes */ };

/* ---- polling ---- */

static void
on_poll(uv_poll_t *p, int status, int events)
{
	struct gw_relay_socket *s = p->data;
	struct gw_udp_error e;

	s->readable = true;
	if (status >= 0 && (events & UV_READABLE) != 0)
		return;
	/* The error queue makes libuv stop.  What ICMP says of a broadcast or
	 * of an answer helps nobody. */
	while (gw_udp_next_error(&s->udp, &e) == GW_OK)
		;
	uv_poll_start(&s->poll, UV_READABLE, on_poll);
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_relay_socket *s = h->data;

	gw_udp_close(&s->udp);
	free(s);
}

static void
begin_close(struct gw_relay_socket *s)
{
	s->closing = true;
	uv_close((uv_handle_t *)&s->poll, on_closed);
}

/* Takes the socket, on success. */
static enum gw_err
add(struct gw_relay *r, const struct gw_udp *udp, struct gw_relay_socket **out)
{
	struct gw_relay_socket *s = calloc(1, sizeof *s);

	if (s == NULL)
		return GW_E_MEMORY;
	s->r = r;
	s->udp = *udp;
	gw_udp_address(udp, &s->at);
	if (uv_poll_init(&r->g->loop.uv, &s->poll, udp->fd) != 0) {
		free(s);
		return GW_E_MEMORY;
	}
	s->poll.data = s;
	uv_poll_start(&s->poll, UV_READABLE, on_poll);
	gw_loop_poke(&r->g->loop);
	*out = s;
	return GW_OK;
}

/* ---- those that listen ---- */

static enum gw_err
join(struct gw_relay *r, struct gw_udp *udp, unsigned link, const char *address,
    struct gw_why *why)
{
	struct gw_addr group;
	enum gw_err err = gw_addr_parse(&group, address, 0, why);

	if (err != GW_OK || !gw_addr_is_group(&group))
		return err;
	return gw_udp_join(
	    udp, &group, gw_relay_engine_link_of(r->e, link)->index, why);
}

enum gw_err
gw_relay_listen(struct gw_relay *r, unsigned rule, unsigned link,
    const char *address, struct gw_why *why)
{
	struct gw_udp_options o = { .address = address,
		.port = r->set.rules[rule].port,
		.broadcast = true,
		.shared = true,
		.fragment = true,
		.receive_buffer = BUFFER,
		.device = r->set.names[link],
		.tell_hops = true,
		.no_loop = true };
	struct gw_relay_socket *s;
	struct gw_udp udp;
	enum gw_err err = gw_udp_open(&o, why, &udp);

	if (err != GW_OK)
		return err;
	err = join(r, &udp, link, address, why);
	if (err == GW_OK && (err = add(r, &udp, &s)) != GW_OK)
		gw_why(why, err, "%s", gw_err_text(err));
	if (err != GW_OK) {
		gw_udp_close(&udp);
		return err;
	}
	s->held = GW_RELAY_LISTEN;
	s->rule = rule;
	s->link = link;
	s->next = r->sockets;
	r->sockets = s;
	return GW_OK;
}

void
gw_relay_close_link(struct gw_relay *r, unsigned link)
{
	struct gw_relay_socket **at = &r->sockets, *s;

	while ((s = *at) != NULL)
		if (s->link == link) {
			*at = s->next;
			begin_close(s);
		} else
			at = &s->next;
}

struct gw_relay_socket *
gw_relay_listener(struct gw_relay *r, unsigned rule, unsigned link, int family)
{
	struct gw_relay_socket *s;

	for (s = r->sockets; s != NULL; s = s->next)
		if (s->rule == rule && s->link == link &&
		    s->udp.family == family)
			break;
	return s;
}

/* ---- held ports ---- */

void
gw_relay_close_held(struct gw_relay *r, unsigned place)
{
	GW_ASSERT(place < GW_RELAY_HELD);
	if (r->held[place] != NULL)
		begin_close(r->held[place]);
	r->held[place] = NULL;
}

struct gw_relay_socket *
gw_relay_hold(
    struct gw_relay *r, const struct gw_relay_emission *out, struct gw_why *why)
{
	struct gw_udp_options o = { .port = out->held_port,
		.broadcast = true,
		.fragment = true,
		.no_loop = true };
	struct gw_relay_socket *s = r->held[out->held];
	struct gw_udp udp;

	if (s != NULL && s->serial == out->serial)
		return s;
	gw_relay_close_held(r, out->held);
	if (gw_udp_open(&o, why, &udp) != GW_OK)
		return NULL;
	if (add(r, &udp, &s) != GW_OK) {
		gw_udp_close(&udp);
		gw_why(why, GW_E_MEMORY, "out of memory");
		return NULL;
	}
	s->held = (int)out->held;
	s->rule = out->rule;
	s->serial = out->serial;
	r->held[out->held] = s;
	return s;
}
