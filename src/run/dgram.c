#include "run/dgram.h"

#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "run/endpoint.h"

enum { LOOKUP_TIMEOUT = 15000000 /* us */ };

/* ---- the socket ---- */

static void
receive(struct gw_dgram *d)
{
	if (d->count != 0) {
		d->refill = true; /* the program has enough for now */
		return;
	}
	for (size_t i = 0; i < GW_UDP_BATCH; i++)
		d->v[i] = (struct gw_udp_datagram){
			.data = d->rooms + i * GW_UDP_ROOM, .room = GW_UDP_ROOM
		};
	d->first = 0;
	if (gw_udp_recv(&d->udp, d->v, GW_UDP_BATCH, &d->count) != GW_OK)
		d->count = 0;
}

static void
on_poll(uv_poll_t *p, int status, int events)
{
	struct gw_dgram *d = p->data;

	/* The error queue makes libuv stop; there may be data as well. */
	if (status < 0)
		d->errors = true;
	if (status < 0 || (events & UV_READABLE) != 0)
		receive(d);
	if ((events & UV_WRITABLE) != 0 && d->blocked) {
		d->blocked = false;
		d->writable = true;
	}
	gw_dgram_watch(d);
}

void
gw_dgram_watch(struct gw_dgram *d)
{
	int events = 0;

	if (!d->errors && !d->refill)
		events |= UV_READABLE;
	if (!d->errors && d->blocked)
		events |= UV_WRITABLE;
	if (events != 0)
		uv_poll_start(&d->poll, events, on_poll);
	else
		uv_poll_stop(&d->poll);
}

/* ---- life ---- */

static enum gw_err
open_socket(struct gw_dgram *d, const struct gw_dgram_options *o)
{
	struct gw_udp_options u = { .address = o->address,
		.port = o->port,
		.broadcast = o->broadcast,
		.shared = o->shared,
		.fragment = true,
		.hops = o->hops,
		.receive_buffer = o->receive_buffer };
	struct gw_why why = { "" };
	struct gw_addr a;
	enum gw_err err = gw_udp_open(&u, &why, &d->udp);

	if (err != GW_OK)
		return gw_context_error(d->g, err, "%s", why.text);
	if (o->address != NULL &&
	    gw_addr_parse(&a, o->address, 0, NULL) == GW_OK &&
	    gw_addr_is_group(&a))
		d->group = a;
	return GW_OK;
}

enum gw_err
gw_dgram_open(
    struct gw *g, const struct gw_dgram_options *o, struct gw_dgram **out)
{
	struct gw_dgram *d;
	enum gw_err err;

	g->last_error[0] = '\0';
	if ((d = calloc(1, sizeof *d)) == NULL)
		goto err0;
	d->g = g;
	/* Of each only the pages are used that datagrams fill. */
	if ((d->rooms = malloc((size_t)GW_UDP_BATCH * GW_UDP_ROOM)) == NULL)
		goto err1;
	if ((err = open_socket(d, o)) != GW_OK) {
		free(d->rooms);
		free(d);
		return err;
	}
	if (uv_poll_init(&g->loop.uv, &d->poll, d->udp.fd) != 0)
		goto err2;
	d->poll.data = d;
	d->handles = 1;
	d->next = g->dgrams;
	g->dgrams = d;
	gw_dgram_watch(d);
	gw_loop_poke(&g->loop);
	*out = d;
	return GW_OK;

err2:
	gw_udp_close(&d->udp);
	free(d->rooms);
err1:
	free(d);
err0:
	return gw_context_error(g, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_dgram *d = h->data;

	gw_udp_close(&d->udp);
	gw_netifs_fini(&d->own);
	free(d->rooms);
	free(d);
}

void
gw_dgram_close(struct gw_dgram *d)
{
	struct gw_dgram **at;
	struct gw *g;

	if (d == NULL)
		return;
	g = d->g;
	for (at = &g->dgrams; *at != d; at = &(*at)->next)
		;
	*at = d->next;
	gw_lookup_cancel(d->lookup);
	uv_close((uv_handle_t *)&d->poll, on_closed);
	gw_loop_poke(&g->loop); /* so that its descriptor closes */
}

void
gw_dgram_local(const struct gw_dgram *d, struct gw_endpoint *out)
{
	struct gw_addr a;

	gw_udp_address(&d->udp, &a);
	*out = gw_endpoint_of(&a);
}

size_t
gw_dgram_receive_buffer(const struct gw_dgram *d)
{
	return gw_udp_receive_buffer(&d->udp);
}

enum gw_err
gw_dgram_join(
    struct gw_dgram *d, const struct gw_endpoint *group, unsigned interface)
{
	struct gw_why why = { "" };
	struct gw_addr a;
	enum gw_err err;

	d->g->last_error[0] = '\0';
	gw_endpoint_addr(group, &a);
	if (a.len == 0 || !gw_addr_is_group(&a))
		return gw_context_error(
		    d->g, GW_E_USAGE, "only a multicast group can be joined");
	err = gw_udp_join(&d->udp, &a, interface, &why);
	if (err != GW_OK)
		gw_context_error(d->g, err, "%s", why.text);
	return err;
}

/* ---- sending ---- */

static enum gw_err
send_one(struct gw_dgram *d, const struct gw_udp_datagram *u)
{
	struct gw_why why = { "" };
	enum gw_err err = gw_udp_send(&d->udp, u, &why);

	if (err == GW_OK)
		return err;
	if (err == GW_E_AGAIN && !d->blocked) {
		d->blocked = true;
		gw_dgram_watch(d);
		gw_loop_poke(&d->g->loop);
	}
	return gw_context_error(
	    d->g, err, "%s", why.text[0] != '\0' ? why.text : gw_err_text(err));
}

enum gw_err
gw_dgram_send(struct gw_dgram *d, const struct gw_datagram *out)
{
	struct gw_udp_datagram u = { .data = (uint8_t *)(uintptr_t)out->data,
		.len = out->size,
		.interface = out->interface };

	d->g->last_error[0] = '\0';
	gw_endpoint_addr(&out->peer, &u.peer);
	gw_endpoint_addr(&out->local, &u.local);
	if (u.peer.len == 0 || gw_addr_port(&u.peer) == 0)
		return gw_context_error(d->g, GW_E_USAGE,
		    "a datagram needs an address and a port to go to");
	return send_one(d, &u);
}

/* Through the interface that it came by, where another one would not find
 * who sent it. */
static bool
is_bound_to_link(const struct gw_arrival *a, const struct gw_addr *peer)
{
	return a->cast != GW_CAST_HOST || gw_addr_is_link_local(peer);
}

enum gw_err
gw_dgram_answer(struct gw_dgram *d, const struct gw_arrival *a,
    const void *data, size_t size)
{
	struct gw_datagram out = { .data = data,
		.size = size,
		.peer = a->datagram.peer,
		.local = a->own };
	struct gw_addr peer;

	gw_endpoint_addr(&out.peer, &peer);
	if (peer.len != 0 && is_bound_to_link(a, &peer))
		out.interface = a->datagram.interface;
	return gw_dgram_send(d, &out);
}

/* ---- names ---- */

static void
on_found(void *arg, const struct gw_helper_answer *answer)
{
	struct gw_dgram *d = arg;

	d->lookup = NULL;
	d->found = *answer;
	d->found_ready = true;
}

enum gw_err
gw_dgram_lookup(struct gw_dgram *d, const char *host, uint16_t port)
{
	struct gw_lookup_options o = { .loop = &d->g->loop,
		.helper_fd = d->g->helper_fd,
		.host = host,
		.port = port,
		.give_up = gw_clock_now() + LOOKUP_TIMEOUT,
		.done = on_found,
		.arg = d };
	enum gw_err err;

	d->g->last_error[0] = '\0';
	if (d->lookup != NULL || d->found_ready)
		return gw_context_error(
		    d->g, GW_E_AGAIN, "another look-up is under way");
	err = gw_lookup_start(&o, &d->lookup);
	if (err != GW_OK)
		return gw_context_error(d->g, err, "%s", gw_err_text(err));
	gw_loop_poke(&d->g->loop);
	return GW_OK;
}
