/*
 * How a connection through a peer begins, where it comes in and where it is
 * delivered.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/tcp.h"
#include "os/tcp_forward.h"
#include "run/endpoint.h"
#include "run/via_tcp.h"

enum {
	PATIENCE = 15000,        /* ms, with the other side or a name */
	CONNECT_PATIENCE = 10000 /* ms, with a target */
};

#define FLOW_OF_ITEM(i)                                                        \
	((struct gw_via_tcp_flow *)(void *)((char *)(i)-offsetof(              \
	    struct gw_via_tcp_flow, item)))

static void
set_patience(struct gw_via_tcp_flow *w, uint32_t ms)
{
	gw_heap_move(&w->r->due, &w->due, gw_clock_now() + ms * GW_MSEC);
	gw_via_tcp_arm(w->r);
}

static struct gw_via_tcp_flow *
flow_new(struct gw_via_tcp *r)
{
	struct gw_via_tcp_flow *w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->opened = w->seen = gw_clock_now();
	if (gw_heap_add(&r->due, &w->due, w->opened + PATIENCE * GW_MSEC) !=
	    GW_OK) {
		free(w);
		return NULL;
	}
	w->r = r;
	w->in.ops = &gw_via_tcp_flow_ops;
	w->in.rule = &r->base;
	w->item.fd = -1;
	w->item.on = gw_via_tcp_on_item;
	w->id = gw_forward_number(r->base.base.set);
	w->sent_max = w->window = w->granted = GW_TUNNEL_WINDOW_MIN;
	w->prev = r->last;
	*(r->last != NULL ? &r->last->next : &r->first) = w;
	r->last = w;
	r->base.base.counts.flows++;
	r->base.base.counts.flows_total++;
	gw_via_tcp_arm(r);
	return w;
}

/* It never was one. */
static void
flow_undo(struct gw_via_tcp_flow *w)
{
	struct gw_via_tcp *r = w->r;

	gw_tunnel_flow_end(&w->in);
	*(w->prev != NULL ? &w->prev->next : &r->first) = w->next;
	*(w->next != NULL ? &w->next->prev : &r->last) = w->prev;
	gw_heap_remove(&r->due, &w->due);
	r->base.base.counts.flows--;
	r->base.base.counts.flows_total--;
	free(w);
}

bool
gw_via_tcp_accepted(
    struct gw_via_tcp_port *p, int fd, const struct gw_addr *from)
{
	struct gw_via_tcp *r = p->r;
	struct gw_via_tcp_flow *w = flow_new(r);
	struct gw_tunnel_message m = { .kind = GW_TUNNEL_FLOW,
		.rule = r->base.number };
	struct gw_addr own, peer;

	if (w == NULL)
		return false;
	w->item.fd = fd;
	if (gw_tunnel_flow_begin(r->base.tunnel, &w->in, true) != GW_OK ||
	    gw_poller_add(&r->base.base.set->poller, &w->item) != GW_OK) {
		flow_undo(w);
		return false;
	}
	gw_tcp_ends(fd, &own, &peer);
	w->from = gw_endpoint_of(from);
	w->hit = gw_endpoint_of(&own);
	w->writable = w->readable = true;
	m.flow = w->in.id;
	m.port = (uint16_t)(p - r->ports);
	memcpy(m.ip, w->from.ip, sizeof m.ip);
	m.ip_port = w->from.port;
	gw_tunnel_say(r->base.tunnel, w->in.lane, &m);
	gw_via_tcp_pump(w);
	return true;
}

static void
connected(struct gw_via_tcp_flow *w)
{
	struct gw_addr own, peer;

	gw_forward_names_worked(&w->r->names, w->number);
	gw_tcp_ends(w->item.fd, &own, &peer);
	w->source = gw_endpoint_of(&own);
	w->readable = w->writable = true;
	w->item.on = gw_via_tcp_on_item;
	gw_via_tcp_opened(w);
	gw_via_tcp_say(w, GW_TUNNEL_READY);
	gw_via_tcp_pump(w);
}

static void
on_connecting(struct gw_poll_item *i, uint32_t events)
{
	struct gw_via_tcp_flow *w = FLOW_OF_ITEM(i);
	struct gw_why why = { "" };
	struct gw_addr to;
	enum gw_err err;

	(void)events;
	gw_endpoint_addr(&w->to, &to);
	err = gw_tcp_connected(w->item.fd, &to, &why);
	if (err == GW_OK) {
		connected(w);
	} else if (err != GW_E_AGAIN) {
		snprintf(w->error, sizeof w->error, "%s", why.text);
		gw_forward_names_failed(&w->r->names, w->number);
		gw_via_tcp_resolved(w);
	}
}

static enum gw_err
try_one(struct gw_via_tcp_flow *w, const struct gw_addr *to, struct gw_why *why)
{
	const struct gw_tcp_from from = {
		.keepalive = !w->r->base.base.rule.no_keepalive
	};
	enum gw_err err;

	err = gw_tcp_forward_connect(to, &from, why, &w->item.fd);
	if (err != GW_OK) {
		w->item.fd = -1;
		return err;
	}
	w->item.on = on_connecting;
	err = gw_poller_add(&w->r->base.base.set->poller, &w->item);
	if (err != GW_OK) {
		close(w->item.fd);
		w->item.fd = -1;
	}
	return err;
}

void
gw_via_tcp_resolved(struct gw_via_tcp_flow *w)
{
	struct gw_via_tcp *r = w->r;
	const uint32_t ms = r->base.base.rule.connect_ms;
	struct gw_ip client;
	struct gw_addr to;

	memcpy(client.b, w->from.ip, sizeof client.b);
	for (;; gw_forward_names_failed(&r->names, w->number)) {
		struct gw_why why = { "" };
		enum gw_drop d;

		gw_via_tcp_close_socket(w, true);
		d = gw_forward_names_next(
		    &r->names, &w->tried, &client, w->came_at, &w->number, &to);
		if (d != GW_DROP_NONE) {
			if (w->tried.n == 0)
				snprintf(w->error, sizeof w->error, "%s",
				    gw_drop_text(d));
			break;
		}
		w->to = gw_endpoint_of(&to);
		/* The name may have led elsewhere than the rights allow. */
		if (!gw_via_rule_may(&r->base, w->number, &to)) {
			snprintf(w->error, sizeof w->error,
			    "where the target is may not be forwarded to");
			continue;
		}
		w->state = GW_VIA_TCP_CONNECTING;
		if (try_one(w, &to, &why) == GW_OK) {
			set_patience(w, ms != 0 ? ms : CONNECT_PATIENCE);
			return;
		}
		snprintf(w->error, sizeof w->error, "%s", why.text);
	}
	gw_via_tcp_end(w, GW_FORWARD_UNREACHABLE, true);
}

void
gw_via_tcp_asked(
    struct gw_via_rule *rule, const struct gw_tunnel_message *m, uint16_t lane)
{
	struct gw_via_tcp *r = (struct gw_via_tcp *)(void *)rule;
	struct gw_forward *set = rule->base.set;
	const struct gw_tunnel_message refusal = { .kind = GW_TUNNEL_RESET,
		.flow = m->flow,
		.reason = GW_TUNNEL_LIMIT,
		.text = gw_slice_str("there are as many as may be") };
	struct gw_via_tcp_flow *w = NULL;
	struct gw_addr from;

	if (gw_forward_take_files(set, 1)) {
		if ((w = flow_new(r)) == NULL)
			gw_forward_give_files(set, 1);
	}
	if (w != NULL) {
		w->in.id = m->flow;
		w->in.lane = lane;
		if (gw_tunnel_flow_take(rule->tunnel, &w->in) != GW_OK) {
			flow_undo(w);
			gw_forward_give_files(set, 1);
			w = NULL;
		}
	}
	if (w == NULL) {
		gw_forwarder_drop(&rule->base, GW_DROP_CAP, 1, NULL);
		gw_tunnel_say(rule->tunnel, lane, &refusal);
		return;
	}
	gw_addr_from_mapped(&from, m->ip, 0, m->ip_port);
	w->from = gw_endpoint_of(&from);
	w->came_at = (uint16_t)(rule->base.rule.port + m->port);
	if (!gw_forward_names_wait(&r->names))
		gw_via_tcp_resolved(w);
}
