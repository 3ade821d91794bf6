#include "run/tcp_flow.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "forward/proxy.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "os/tcp_forward.h"
#include "run/endpoint.h"
#include "run/forward_tcp.h"

enum {
	RESOLVE_PATIENCE = 15000000, /* us */
	CONNECT_PATIENCE = 10000,    /* ms, with each target */
	BUDGET = 1 << 19 /* bytes of a direction, until others have their turn
			  */
};

#define FLOW_OF(item, member)                                                  \
	((struct gw_tcp_flow *)(void *)((char *)(item)-offsetof(               \
	    struct gw_tcp_flow, member)))

static const unsigned next_states[GW_TCP_FLOW_STATES] = {
	[GW_TCP_FLOW_RESOLVING] = 1u << GW_TCP_FLOW_CONNECTING,
	[GW_TCP_FLOW_CONNECTING] = 1u << GW_TCP_FLOW_OPEN,
	[GW_TCP_FLOW_OPEN] = 1u << GW_TCP_FLOW_HALF,
	[GW_TCP_FLOW_HALF] = 0,
};

static void
set_state(struct gw_tcp_flow *w, enum gw_tcp_flow_state s)
{
	GW_ASSERT((next_states[w->state] & 1u << s) != 0);
	w->state = s;
}

/* ---- time ---- */

static void
set_due(struct gw_tcp_flow *w, gw_usec at)
{
	gw_heap_move(&w->t->due, &w->due, at);
	gw_forward_tcp_arm(w->t);
}

/* When an open flow ends if nothing moves any more. */
static gw_usec
idle_end(const struct gw_tcp_flow *w)
{
	uint32_t ttl = w->t->base.rule.ttl_ms;

	return ttl != 0 ? w->seen + ttl * GW_MSEC : GW_NEVER;
}

static gw_usec
life_end(const struct gw_tcp_flow *w)
{
	uint32_t life = w->t->base.rule.life_ms;

	return life != 0 ? w->opened + life * GW_MSEC : GW_NEVER;
}

void
gw_tcp_flow_due(struct gw_tcp_flow *w, gw_usec now)
{
	if (w->state == GW_TCP_FLOW_RESOLVING ||
	    w->state == GW_TCP_FLOW_CONNECTING) {
		w->why = w->state == GW_TCP_FLOW_CONNECTING
			     ? GW_DROP_UNREACHABLE
			     : GW_DROP_NO_TARGET;
		snprintf(w->error, sizeof w->error, "no answer in time");
		if (w->state == GW_TCP_FLOW_CONNECTING) {
			gw_forward_names_failed(&w->t->names, w->number);
			gw_tcp_flow_resolved(w);
		} else {
			gw_tcp_flow_end(w, GW_FORWARD_UNREACHABLE);
		}
		return;
	}
	if (life_end(w) <= now)
		gw_tcp_flow_end(w, GW_FORWARD_LIFE);
	else if (idle_end(w) <= now)
		gw_tcp_flow_end(w, GW_FORWARD_IDLE);
	else
		set_due(w, gw_usec_min(life_end(w), idle_end(w)));
}

/* ---- the end ---- */

static void
drop_target(struct gw_tcp_flow *w, bool reset)
{
	if (w->target.fd < 0)
		return;
	gw_poller_remove(&w->t->base.set->poller, &w->target);
	gw_tcp_reset_on_close(w->target.fd, reset);
	close(w->target.fd);
	w->target.fd = -1;
}

static void
count_moved(struct gw_tcp_flow *w)
{
	struct gw_forward_counts *c = &w->t->base.counts;

	if (w->in.moved == w->counted_in && w->out.moved == w->counted_out)
		return;
	c->bytes_in += w->in.moved - w->counted_in;
	c->bytes_out += w->out.moved - w->counted_out;
	w->counted_in = w->in.moved;
	w->counted_out = w->out.moved;
	w->seen = gw_clock_now();
}

static void
count_drop(struct gw_tcp_flow *w, enum gw_forward_end end)
{
	enum gw_drop d = GW_DROP_NONE;

	if (end == GW_FORWARD_UNREACHABLE)
		d = w->why;
	else if (end == GW_FORWARD_FAILED)
		d = GW_DROP_MEMORY;
	if (d != GW_DROP_NONE)
		gw_forwarder_drop(&w->t->base, d, 1, w->error);
}

void
gw_tcp_flow_end(struct gw_tcp_flow *w, enum gw_forward_end end)
{
	struct gw_forward *set = w->t->base.set;
	struct gw_forward_flow flow;
	bool reset = end != GW_FORWARD_FINISHED;

	count_moved(w);
	count_drop(w, end);
	gw_tcp_flow_info(w, &flow);
	gw_forwarder_closed(&w->t->base, &flow, end);
	gw_conduit_fini(&w->in, &set->pool);
	gw_conduit_fini(&w->out, &set->pool);
	drop_target(w, reset);
	gw_poller_remove(&set->poller, &w->client);
	gw_tcp_reset_on_close(w->client.fd, reset);
	close(w->client.fd);
	gw_forward_tcp_forget(w->t, w);
	free(w);
}

/* ---- bytes ---- */

/* One side is gone.  What it had said is not: a server that refuses what is
 * still being sent says why, and resets. */
static void
lose(struct gw_tcp_flow *w, bool client)
{
	if (w->state >= GW_TCP_FLOW_OPEN)
		gw_conduit_last(
		    client ? &w->in : &w->out, &w->t->base.set->pool);
	gw_tcp_flow_end(
	    w, client ? GW_FORWARD_CLIENT_RESET : GW_FORWARD_TARGET_RESET);
}

/* Returns whether the flow is still there. */
static bool
judge(struct gw_tcp_flow *w, enum gw_conduit_result r, bool in)
{
	if (r == GW_CONDUIT_FROM_LOST)
		lose(w, in);
	else if (r == GW_CONDUIT_TO_LOST)
		lose(w, !in);
	else if (r == GW_CONDUIT_NO_MEMORY)
		gw_tcp_flow_end(w, GW_FORWARD_FAILED);
	else
		return true;
	return false;
}

static void
pump(struct gw_tcp_flow *w)
{
	struct gw_conduit_pool *pool = &w->t->base.set->pool;
	enum gw_conduit_result in, out;

	if (w->state != GW_TCP_FLOW_OPEN && w->state != GW_TCP_FLOW_HALF)
		return;
	in = gw_conduit_move(&w->in, pool, BUDGET);
	out = gw_conduit_move(&w->out, pool, BUDGET);
	count_moved(w);
	if (!judge(w, in, true) || !judge(w, out, false))
		return;
	if (in == GW_CONDUIT_OVER && out == GW_CONDUIT_OVER) {
		gw_tcp_flow_end(w, GW_FORWARD_FINISHED);
		return;
	}
	if (w->state == GW_TCP_FLOW_OPEN &&
	    (in == GW_CONDUIT_OVER || out == GW_CONDUIT_OVER))
		set_state(w, GW_TCP_FLOW_HALF);
	if (in == GW_CONDUIT_MORE || out == GW_CONDUIT_MORE)
		gw_poller_again(&w->t->base.set->poller, &w->client);
}

/* An edge of a socket, for the direction that reads from it and for the one
 * that writes to it. */
static void
note(struct gw_conduit *from, struct gw_conduit *to, uint32_t events)
{
	if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0)
		from->readable = true;
	if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0)
		from->hung = true;
	if ((events & EPOLLOUT) != 0)
		to->writable = true;
}

static void
on_client(struct gw_poll_item *i, uint32_t events)
{
	struct gw_tcp_flow *w = FLOW_OF(i, client);

	note(&w->in, &w->out, events);
	if ((events & EPOLLERR) != 0)
		lose(w, true);
	else
		pump(w);
}

/* ---- the target ---- */

static enum gw_err
put_header(struct gw_tcp_flow *w)
{
	struct gw_proxy_ends e = { .protocol = GW_RULE_TCP,
		.source_port = w->from.port,
		.destination_port = w->hit.port };
	uint8_t header[GW_PROXY_V2_MAX];

	if (w->t->base.rule.proxy == GW_RULE_PROXY_NONE)
		return GW_OK;
	memcpy(e.source.b, w->from.ip, sizeof e.source.b);
	memcpy(e.destination.b, w->hit.ip, sizeof e.destination.b);
	return gw_conduit_put(&w->in, header, gw_proxy_v2(&e, header));
}

static void
connected(struct gw_tcp_flow *w)
{
	struct gw_forward_flow flow;
	struct gw_addr own, peer;

	gw_forward_names_worked(&w->t->names, w->number);
	gw_tcp_ends(w->target.fd, &own, &peer);
	w->source = gw_endpoint_of(&own);
	w->in.to = w->out.from = w->target.fd;
	w->in.readable = w->in.writable = true;
	w->out.readable = w->out.writable = true;
	w->seen = gw_clock_now();
	w->error[0] = '\0';
	set_state(w, GW_TCP_FLOW_OPEN);
	set_due(w, gw_usec_min(life_end(w), idle_end(w)));
	if (put_header(w) != GW_OK) {
		gw_tcp_flow_end(w, GW_FORWARD_FAILED);
		return;
	}
	gw_tcp_flow_info(w, &flow);
	gw_forwarder_opened(&w->t->base, &flow);
	pump(w);
}

static void
target_failed(struct gw_tcp_flow *w, const char *why)
{
	w->why = GW_DROP_UNREACHABLE;
	snprintf(w->error, sizeof w->error, "%s", why);
	gw_forward_names_failed(&w->t->names, w->number);
	gw_tcp_flow_resolved(w);
}

static void
on_connecting(struct gw_tcp_flow *w)
{
	struct gw_why why = { "" };
	struct gw_addr to;
	enum gw_err err;

	gw_endpoint_addr(&w->to, &to);
	err = gw_tcp_connected(w->target.fd, &to, &why);
	if (err == GW_OK)
		connected(w);
	else if (err != GW_E_AGAIN)
		target_failed(w, why.text);
}

static void
on_target(struct gw_poll_item *i, uint32_t events)
{
	struct gw_tcp_flow *w = FLOW_OF(i, target);

	if (w->state == GW_TCP_FLOW_CONNECTING) {
		on_connecting(w);
		return;
	}
	note(&w->out, &w->in, events);
	if ((events & EPOLLERR) != 0)
		lose(w, false);
	else
		pump(w);
}

static enum gw_err
try_one(struct gw_tcp_flow *w, const struct gw_addr *to, struct gw_why *why)
{
	const struct gw_rule *r = &w->t->base.rule;
	struct gw_tcp_from from = { .addr = w->t->source,
		.transparent = r->transparent,
		.keepalive = !r->no_keepalive };
	enum gw_err err;

	if (r->transparent)
		gw_endpoint_addr(&w->from, &from.addr);
	err = gw_tcp_forward_connect(to, &from, why, &w->target.fd);
	if (err != GW_OK) {
		w->target.fd = -1;
		return err;
	}
	w->target.on = on_target;
	err = gw_poller_add(&w->t->base.set->poller, &w->target);
	if (err != GW_OK) {
		close(w->target.fd);
		w->target.fd = -1;
	}
	return err;
}

/* It has so long to answer. */
static void
wait_for_target(struct gw_tcp_flow *w)
{
	uint32_t ms = w->t->base.rule.connect_ms;

	set_due(
	    w, gw_clock_now() + (ms != 0 ? ms : CONNECT_PATIENCE) * GW_MSEC);
}

static void
no_target(struct gw_tcp_flow *w, enum gw_drop why, const char *text)
{
	w->why = why;
	snprintf(w->error, sizeof w->error, "%s", text);
}

/* GW_E_AGAIN: the next one may do. */
static enum gw_err
try_next(struct gw_tcp_flow *w)
{
	struct gw_why why = { "" };
	struct gw_ip client;
	struct gw_addr to;
	enum gw_err err;
	enum gw_drop d;

	memcpy(client.b, w->from.ip, sizeof client.b);
	d = gw_forward_names_next(
	    &w->t->names, &w->tried, &client, w->hit.port, &w->number, &to);
	if (d != GW_DROP_NONE) {
		/* What was tried says more than that no more is. */
		if (w->tried.n == 0)
			no_target(w, d, gw_drop_text(d));
		return GW_E_RESOLVE;
	}
	w->to = gw_endpoint_of(&to);
	if (w->state == GW_TCP_FLOW_RESOLVING)
		set_state(w, GW_TCP_FLOW_CONNECTING);
	if ((err = try_one(w, &to, &why)) == GW_OK)
		return err;
	/* What this machine lacks is no target's fault. */
	d = err == GW_E_LIMIT     ? GW_DROP_DESCRIPTORS
	    : err == GW_E_ADDRESS ? GW_DROP_NO_PORT
				  : GW_DROP_UNREACHABLE;
	no_target(w, d, why.text);
	if (d != GW_DROP_UNREACHABLE)
		return err;
	gw_forward_names_failed(&w->t->names, w->number);
	return GW_E_AGAIN;
}

void
gw_tcp_flow_resolved(struct gw_tcp_flow *w)
{
	enum gw_err err = GW_E_AGAIN;

	drop_target(w, true);
	while (err == GW_E_AGAIN)
		err = try_next(w);
	if (err == GW_OK)
		wait_for_target(w);
	else
		gw_tcp_flow_end(w, GW_FORWARD_UNREACHABLE);
}

/* ---- life ---- */

static enum gw_err
enlist(struct gw_tcp_flow *w)
{
	struct gw_forward_tcp *t = w->t;
	enum gw_err err =
	    gw_heap_add(&t->due, &w->due, w->opened + RESOLVE_PATIENCE);

	if (err != GW_OK)
		return err;
	if ((err = gw_poller_add(&t->base.set->poller, &w->client)) != GW_OK) {
		gw_heap_remove(&t->due, &w->due);
		return err;
	}
	w->prev = t->last;
	*(t->last != NULL ? &t->last->next : &t->first) = w;
	t->last = w;
	t->base.counts.flows++;
	t->base.counts.flows_total++;
	gw_forward_tcp_arm(t);
	return GW_OK;
}

bool
gw_tcp_flow_new(struct gw_forward_tcp *t, int fd, const struct gw_addr *from)
{
	struct gw_tcp_flow *w = calloc(1, sizeof *w);
	struct gw_addr own, peer;

	if (w == NULL)
		return false;
	w->t = t;
	w->id = gw_forward_number(t->base.set);
	w->opened = w->seen = gw_clock_now();
	w->client.fd = fd;
	w->client.on = on_client;
	w->target.fd = -1;
	w->why = GW_DROP_NO_TARGET;
	gw_tcp_ends(fd, &own, &peer);
	w->from = gw_endpoint_of(from);
	w->hit = gw_endpoint_of(&own);
	gw_conduit_init(&w->in, fd, -1);
	gw_conduit_init(&w->out, -1, fd);
	if (enlist(w) != GW_OK) {
		free(w);
		return false;
	}
	if (!gw_forward_names_wait(&t->names))
		gw_tcp_flow_resolved(w);
	return true;
}

/* ---- looking ---- */

void
gw_tcp_flow_info(const struct gw_tcp_flow *w, struct gw_forward_flow *out)
{
	static const char *const names[GW_TCP_FLOW_STATES] = {
		[GW_TCP_FLOW_RESOLVING] = "resolving",
		[GW_TCP_FLOW_CONNECTING] = "connecting",
		[GW_TCP_FLOW_OPEN] = "open",
		[GW_TCP_FLOW_HALF] = "closing",
	};
	gw_usec now = gw_clock_now(), idle = GW_NEVER;

	if (w->state >= GW_TCP_FLOW_OPEN)
		idle = gw_usec_min(idle_end(w), life_end(w));
	*out = (struct gw_forward_flow){ .id = w->id,
		.rule = w->t->base.id,
		.tcp = true,
		.client = w->from,
		.local = w->hit,
		.source = w->source,
		.target = w->to,
		.state = names[w->state],
		.age_ms = (now - w->opened) / GW_MSEC,
		.idle_left_ms = UINT64_MAX,
		.bytes_in = w->in.moved,
		.bytes_out = w->out.moved,
		.one_way = (w->in.moved == 0) != (w->out.moved == 0),
		.error = w->error };
	if (idle != GW_NEVER)
		out->idle_left_ms = idle > now ? (idle - now) / GW_MSEC : 0;
}
