/*
 * A connection through a peer: its bytes to the other side, what that says,
 * and how it ends.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "os/tcp_forward.h"
#include "run/endpoint.h"
#include "run/via_tcp.h"

enum { BUDGET = 1 << 18 /* bytes, before others have their turn */ };

#define FLOW_OF(f) ((struct gw_via_tcp_flow *)(void *)(f)) /* it is first */
#define FLOW_OF_ITEM(i)                                                        \
	((struct gw_via_tcp_flow *)(void *)((char *)(i)-offsetof(              \
	    struct gw_via_tcp_flow, item)))

/* ---- time ---- */

static gw_usec
end_of_time(const struct gw_via_tcp_flow *w)
{
	const struct gw_rule *r = &w->r->base.base.rule;
	gw_usec at = GW_NEVER;

	if (r->ttl_ms != 0)
		at = w->seen + r->ttl_ms * GW_MSEC;
	if (r->life_ms != 0)
		at = gw_usec_min(at, w->opened + r->life_ms * GW_MSEC);
	return at;
}

static void
set_due(struct gw_via_tcp_flow *w, gw_usec at)
{
	gw_heap_move(&w->r->due, &w->due, at);
	gw_via_tcp_arm(w->r);
}

/* ---- the end ---- */

static enum gw_tunnel_reason
reason_of(enum gw_forward_end end)
{
	switch (end) {
	case GW_FORWARD_UNREACHABLE:
		return GW_TUNNEL_UNREACHABLE;
	case GW_FORWARD_IDLE:
	case GW_FORWARD_LIFE:
		return GW_TUNNEL_TIME;
	case GW_FORWARD_STOPPED:
	case GW_FORWARD_RULE_GONE:
		return GW_TUNNEL_STOPPED;
	case GW_FORWARD_FAILED:
		return GW_TUNNEL_LIMIT;
	default:
		return GW_TUNNEL_BROKEN;
	}
}

void
gw_via_tcp_close_socket(struct gw_via_tcp_flow *w, bool reset)
{
	if (w->item.fd < 0)
		return;
	gw_poller_remove(&w->r->base.base.set->poller, &w->item);
	gw_tcp_reset_on_close(w->item.fd, reset);
	close(w->item.fd);
	w->item.fd = -1;
}

void
gw_via_tcp_end(struct gw_via_tcp_flow *w, enum gw_forward_end end, bool tell)
{
	struct gw_via_tcp *r = w->r;
	struct gw_forwarder *f = &r->base.base;
	struct gw_forward_flow told;

	if (tell && end != GW_FORWARD_FINISHED)
		gw_tunnel_say(w->in.tunnel, w->in.lane,
		    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_RESET,
			.flow = w->in.id,
			.reason = reason_of(end),
			.text = gw_slice_str(w->error) });
	if (end == GW_FORWARD_UNREACHABLE)
		gw_forwarder_drop(f, GW_DROP_UNREACHABLE, 1, w->error);
	gw_via_tcp_info(w, &told);
	gw_forwarder_closed(f, &told, end);
	gw_via_tcp_close_socket(w, end != GW_FORWARD_FINISHED);
	w->in.tunnel->widened -= w->window - GW_TUNNEL_WINDOW_MIN;
	gw_tunnel_flow_end(&w->in);
	gw_ring_fini(&w->ring);
	*(w->prev != NULL ? &w->prev->next : &r->first) = w->next;
	*(w->next != NULL ? &w->next->prev : &r->last) = w->prev;
	gw_heap_remove(&r->due, &w->due);
	f->counts.flows--;
	gw_forward_give_files(f->set, 1);
	gw_via_tcp_arm(r);
	free(w);
}

void
gw_via_tcp_due(struct gw_via_tcp_flow *w, gw_usec now)
{
	const uint32_t life = w->r->base.base.rule.life_ms;
	const gw_usec end = end_of_time(w);

	if (w->state == GW_VIA_TCP_CONNECTING) {
		snprintf(w->error, sizeof w->error, "no answer in time");
		gw_forward_names_failed(&w->r->names, w->number);
		gw_via_tcp_resolved(w);
	} else if (w->state == GW_VIA_TCP_WAITING) {
		snprintf(w->error, sizeof w->error, "no answer in time");
		gw_via_tcp_end(w, GW_FORWARD_UNREACHABLE, true);
	} else if (end <= now) {
		gw_via_tcp_end(w,
		    life != 0 && now >= w->opened + life * GW_MSEC
			? GW_FORWARD_LIFE
			: GW_FORWARD_IDLE,
		    true);
	} else {
		set_due(w, end);
	}
}

bool
gw_via_tcp_over(struct gw_via_tcp_flow *w)
{
	if (!w->ended_out || !w->shut)
		return false;
	gw_via_tcp_end(w, GW_FORWARD_FINISHED, false);
	return true;
}

void
gw_via_tcp_broken(struct gw_via_tcp_flow *w, const char *why)
{
	snprintf(w->error, sizeof w->error, "%s", why);
	gw_via_tcp_end(w,
	    w->r->base.listens ? GW_FORWARD_CLIENT_RESET
			       : GW_FORWARD_TARGET_RESET,
	    true);
}

/* ---- bytes to the other side ---- */

void
gw_via_tcp_moved(struct gw_via_tcp_flow *w, bool out, size_t n)
{
	struct gw_forward_counts *c = &w->r->base.base.counts;

	/* `in` is toward the target. */
	if (out == w->r->base.listens)
		c->bytes_in += n;
	else
		c->bytes_out += n;
	w->seen = gw_clock_now();
}

void
gw_via_tcp_say(struct gw_via_tcp_flow *w, enum gw_tunnel_kind kind)
{
	gw_tunnel_say(w->in.tunnel, w->in.lane,
	    &(struct gw_tunnel_message){
		.kind = kind, .flow = w->in.id, .total = w->granted });
}

/* True: the flow is gone. */
static bool
read_socket(struct gw_via_tcp_flow *w)
{
	struct iovec places[GW_TUNNEL_PLACES];
	size_t moved = 0, room, n;
	unsigned count;

	while (w->readable && !w->ended_out && w->sent < w->sent_max) {
		room = gw_tunnel_room(&w->in);
		if (room == 0)
			return false;
		if (moved >= BUDGET) {
			gw_poller_again(&w->r->base.base.set->poller, &w->item);
			return false;
		}
		if (room > w->sent_max - w->sent)
			room = (size_t)(w->sent_max - w->sent);
		count = gw_tunnel_places(w->in.tunnel, room, places);
		switch (gw_tcp_recv_into(w->item.fd, places, count, &n)) {
		case GW_TCP_OK:
			gw_tunnel_data(&w->in, n);
			w->sent += n;
			moved += n;
			gw_via_tcp_moved(w, true, n);
			break;
		case GW_TCP_AGAIN:
			w->readable = false;
			break;
		case GW_TCP_END:
			w->ended_out = true;
			gw_via_tcp_say(w, GW_TUNNEL_END);
			return gw_via_tcp_over(w);
		case GW_TCP_RESET:
			gw_via_tcp_broken(w, "the connection was reset");
			return true;
		}
	}
	return false;
}

/* ---- the socket ---- */

void
gw_via_tcp_pump(struct gw_via_tcp_flow *w)
{
	if (w->state == GW_VIA_TCP_CONNECTING || gw_via_tcp_write(w))
		return;
	(void)read_socket(w);
}

void
gw_via_tcp_on_item(struct gw_poll_item *i, uint32_t events)
{
	struct gw_via_tcp_flow *w = FLOW_OF_ITEM(i);

	if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0)
		w->readable = true;
	if ((events & EPOLLOUT) != 0)
		w->writable = true;
	if ((events & EPOLLERR) != 0)
		gw_via_tcp_broken(w, "the connection was reset");
	else
		gw_via_tcp_pump(w);
}

static void
on_writable(struct gw_tunnel_flow *f)
{
	(void)read_socket(FLOW_OF(f));
}

/* ---- what the other side says ---- */

void
gw_via_tcp_opened(struct gw_via_tcp_flow *w)
{
	struct gw_forward_flow told;

	w->state = GW_VIA_TCP_OPEN;
	w->seen = gw_clock_now();
	w->error[0] = '\0';
	set_due(w, end_of_time(w));
	gw_via_tcp_info(w, &told);
	gw_forwarder_opened(&w->r->base.base, &told);
}

static void
on_reset(struct gw_via_tcp_flow *w, const struct gw_tunnel_message *m)
{
	if (m->text.n > 0)
		snprintf(w->error, sizeof w->error, "%.*s", (int)m->text.n,
		    (const char *)m->text.p);
	gw_via_tcp_end(w, gw_via_end(m->reason, !w->r->base.listens), false);
}

static void
on_message(struct gw_tunnel_flow *f, const struct gw_tunnel_message *m)
{
	struct gw_via_tcp_flow *w = FLOW_OF(f);

	switch (m->kind) {
	case GW_TUNNEL_READY:
		if (w->state == GW_VIA_TCP_WAITING && w->r->base.listens) {
			gw_via_tcp_opened(w);
			gw_via_tcp_pump(w);
		}
		break;
	case GW_TUNNEL_END:
		w->ended_in = true;
		if (w->state == GW_VIA_TCP_OPEN)
			(void)gw_via_tcp_write(w);
		break;
	case GW_TUNNEL_RESET:
		if (w->state != GW_VIA_TCP_OPEN || !gw_via_tcp_write(w))
			on_reset(w, m);
		break;
	case GW_TUNNEL_WINDOW:
		if (m->total > w->sent_max)
			w->sent_max = m->total;
		if (w->state != GW_VIA_TCP_CONNECTING && w->item.fd >= 0)
			(void)read_socket(w);
		break;
	default:
		break;
	}
}

static void
on_lost(struct gw_tunnel_flow *f)
{
	struct gw_via_tcp_flow *w = FLOW_OF(f);

	snprintf(w->error, sizeof w->error,
	    "the session with the other device was lost");
	gw_via_tcp_end(w,
	    w->r->base.listens ? GW_FORWARD_TARGET_RESET
			       : GW_FORWARD_CLIENT_RESET,
	    false);
}

const struct gw_tunnel_flow_ops gw_via_tcp_flow_ops = {
	.message = on_message,
	.data = gw_via_tcp_data,
	.writable = on_writable,
	.settle = gw_via_tcp_settle,
	.lost = on_lost,
};

/* ---- looking ---- */

void
gw_via_tcp_info(const struct gw_via_tcp_flow *w, struct gw_forward_flow *out)
{
	static const char *const names[GW_VIA_TCP_STATES] = { "waiting",
		"connecting", "open" };
	const bool listens = w->r->base.listens;
	const gw_usec now = gw_clock_now(), end = end_of_time(w);
	const bool half = w->ended_in || w->ended_out;

	*out = (struct gw_forward_flow){ .id = w->id,
		.rule = w->r->base.base.id,
		.tcp = true,
		.client = w->from,
		.local = w->hit,
		.source = w->source,
		.target = w->to,
		.state = half ? "closing" : names[w->state],
		.age_ms = (now - w->opened) / GW_MSEC,
		.idle_left_ms = UINT64_MAX,
		.bytes_in = listens ? w->sent : w->gone,
		.bytes_out = listens ? w->gone : w->sent,
		.one_way = (w->sent == 0) != (w->gone == 0),
		.error = w->error };
	if (end != GW_NEVER)
		out->idle_left_ms = end > now ? (end - now) / GW_MSEC : 0;
}
