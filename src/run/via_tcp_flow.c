/*
 * The bytes of a connection through a peer, and how it ends.
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

enum {
	CHUNK = 60000,    /* bytes that are read at once */
	BUDGET = 1 << 18, /* and before others have their turn */
	RING_MIN = 1 << 12
};

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

/* Both directions have ended, and all was written: it is over.  True: it is
 * gone. */
static bool
end_if_over(struct gw_via_tcp_flow *w)
{
	if (!w->ended_out || !w->shut)
		return false;
	gw_via_tcp_end(w, GW_FORWARD_FINISHED, false);
	return true;
}

static void
broken(struct gw_via_tcp_flow *w, const char *why)
{
	snprintf(w->error, sizeof w->error, "%s", why);
	gw_via_tcp_end(w,
	    w->r->base.listens ? GW_FORWARD_CLIENT_RESET
			       : GW_FORWARD_TARGET_RESET,
	    true);
}

/* ---- bytes to the other side ---- */

static void
count(struct gw_via_tcp_flow *w, bool out, size_t n)
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
	uint8_t *at = w->in.tunnel->buffer + GW_TUNNEL_DATA_HEAD;
	size_t moved = 0, room, n;

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
		if (room > CHUNK)
			room = CHUNK;
		switch (gw_tcp_recv(w->item.fd, at, room, &n)) {
		case GW_TCP_OK:
			gw_tunnel_data(&w->in, n);
			w->sent += n;
			moved += n;
			count(w, true, n);
			break;
		case GW_TCP_AGAIN:
			w->readable = false;
			break;
		case GW_TCP_END:
			w->ended_out = true;
			gw_via_tcp_say(w, GW_TUNNEL_END);
			return end_if_over(w);
		case GW_TCP_RESET:
			broken(w, "the connection was reset");
			return true;
		}
	}
	return false;
}

/* ---- bytes from it ---- */

/* Half of the window is free again: tell; who keeps up gets a larger one, as
 * long as all of the tunnel together have not too much. */
static void
open_window(struct gw_via_tcp_flow *w)
{
	uint64_t *widened = &w->in.tunnel->widened;

	if (w->ended_in || w->granted - w->gone > w->window / 2)
		return;
	if (w->gone == w->came && w->window < GW_TUNNEL_WINDOW_MAX &&
	    *widened + w->window <= GW_TUNNEL_WINDOWS) {
		*widened += w->window;
		w->window *= 2;
	}
	w->granted = w->gone + w->window;
	gw_via_tcp_say(w, GW_TUNNEL_WINDOW);
}

/* True: the flow is gone. */
static bool
write_socket(struct gw_via_tcp_flow *w)
{
	size_t n;

	while (w->writable && w->gone < w->came) {
		const struct gw_slice s =
		    gw_ring_get(&w->ring, w->gone, w->came - w->gone);

		switch (gw_tcp_send(w->item.fd, s.p, s.n, &n)) {
		case GW_TCP_OK:
			w->gone += n;
			count(w, false, n);
			break;
		case GW_TCP_AGAIN:
			w->writable = false;
			break;
		default:
			broken(w, "the connection was reset");
			return true;
		}
	}
	if (w->state != GW_VIA_TCP_OPEN)
		return false;
	if (w->gone == w->came && w->ring.size > CHUNK)
		gw_ring_fini(&w->ring);
	open_window(w);
	if (w->ended_in && w->gone == w->came && !w->shut) {
		w->shut = true;
		gw_tcp_shutdown(w->item.fd);
		return end_if_over(w);
	}
	return false;
}

static bool
keep(struct gw_via_tcp_flow *w, struct gw_slice s)
{
	uint64_t size = w->ring.size != 0 ? w->ring.size : RING_MIN;

	while (size < w->came - w->gone + s.n)
		size *= 2;
	if (size > w->ring.size &&
	    gw_ring_grow(&w->ring, size, w->gone, w->came) != GW_OK)
		return false;
	gw_ring_put(&w->ring, w->came, s);
	w->came += s.n;
	return true;
}

static void
on_data(struct gw_tunnel_flow *f, struct gw_slice s)
{
	struct gw_via_tcp_flow *w = FLOW_OF(f);
	size_t n;

	if (w->ended_in || w->came + s.n > w->granted) {
		f->tunnel->broken = GW_TUNNEL_SENSELESS;
		return;
	}
	/* Straight on, without a copy, while the socket takes it. */
	while (w->writable && w->gone == w->came && s.n > 0) {
		switch (gw_tcp_send(w->item.fd, s.p, s.n, &n)) {
		case GW_TCP_OK:
			w->gone += n;
			w->came += n;
			s = gw_slice(s.p + n, s.n - n);
			count(w, false, n);
			break;
		case GW_TCP_AGAIN:
			w->writable = false;
			break;
		default:
			broken(w, "the connection was reset");
			return;
		}
	}
	if (s.n > 0 && !keep(w, s)) {
		gw_via_tcp_end(w, GW_FORWARD_FAILED, true);
		return;
	}
	if (w->state == GW_VIA_TCP_OPEN)
		open_window(w);
}

/* ---- the socket ---- */

void
gw_via_tcp_pump(struct gw_via_tcp_flow *w)
{
	if (w->state == GW_VIA_TCP_CONNECTING || write_socket(w))
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
		broken(w, "the connection was reset");
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
			(void)write_socket(w);
		break;
	case GW_TUNNEL_RESET:
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
	.data = on_data,
	.writable = on_writable,
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
