/*
 * The bytes of a connection through a peer that come from the other side.
 */
#include "os/tcp.h"
#include "run/via_tcp.h"

enum {
	RING_MIN = 1 << 12,
	RING_KEEP = 1 << 15,      /* bytes that a flow keeps while it has none
				     in it */
	WINDOW_SPARING = 1 << 18, /* bytes: a smaller one saves nothing */
	/* A call to the kernel costs as much as to copy so much: less than
	 * that is gathered, up to a few times as much. */
	DIRECT = 1 << 15,
	GATHERED = 1 << 18
};

#define FLOW_OF(f) ((struct gw_via_tcp_flow *)(void *)(f)) /* it is first */

/* ---- the window ---- */

/*
 * Who keeps up with what comes gets a larger window, as long as all of the
 * tunnel together have not too much.  Of whom more than a quarter of it has
 * waited, three quarters have been enough: what is under way and what the
 * target takes meanwhile is no more than that.  From then on it grows slowly.
 */
static void
judge_window(struct gw_via_tcp_flow *w)
{
	uint64_t *widened = &w->in.tunnel->widened;
	uint64_t more = w->fell ? w->window / 4 : w->window;

	if (w->most <= w->window / 4) {
		if (more > GW_TUNNEL_WINDOW_MAX - w->window)
			more = GW_TUNNEL_WINDOW_MAX - w->window;
		if (*widened + more <= GW_TUNNEL_WINDOWS) {
			*widened += more;
			w->window += more;
		}
	} else if (w->window > WINDOW_SPARING) {
		w->fell = true;
		*widened -= w->window / 4;
		w->window -= w->window / 4;
	}
	w->most = w->came - w->gone;
}

/* Half of the window is free again: tell. */
static void
open_window(struct gw_via_tcp_flow *w)
{
	const uint64_t waits = w->came - w->gone;

	if (w->most < waits)
		w->most = waits;
	if (w->ended_in || w->granted - w->gone > w->window / 2)
		return;
	judge_window(w);
	w->granted = w->gone + w->window;
	gw_via_tcp_say(w, GW_TUNNEL_WINDOW);
}

/* ---- to the socket ---- */

/* As much of it as the socket takes now: *n.  True: the flow is gone. */
static bool
put(struct gw_via_tcp_flow *w, struct gw_slice s, size_t *n)
{
	*n = 0;
	switch (gw_tcp_send(w->item.fd, s.p, s.n, n)) {
	case GW_TCP_OK:
		w->gone += *n;
		gw_via_tcp_moved(w, false, *n);
		return false;
	case GW_TCP_AGAIN:
		w->writable = false;
		return false;
	default:
		gw_via_tcp_broken(w, "the connection was reset");
		return true;
	}
}

bool
gw_via_tcp_write(struct gw_via_tcp_flow *w)
{
	size_t n;

	while (w->writable && w->gone < w->came)
		if (put(w, gw_ring_get(&w->ring, w->gone, w->came - w->gone),
			&n))
			return true;
	if (w->state != GW_VIA_TCP_OPEN)
		return false;
	if (w->gone == w->came && w->ring.size > RING_KEEP)
		gw_tunnel_ring_give(w->in.tunnel, &w->ring);
	open_window(w);
	if (w->ended_in && w->gone == w->came && !w->shut) {
		w->shut = true;
		gw_tcp_shutdown(w->item.fd);
		return gw_via_tcp_over(w);
	}
	return false;
}

static bool
keep(struct gw_via_tcp_flow *w, struct gw_slice s)
{
	uint64_t size;

	if (w->ring.size == 0 && s.n > RING_MIN)
		gw_tunnel_ring_take(w->in.tunnel, &w->ring);
	size = w->ring.size != 0 ? w->ring.size : RING_MIN;
	while (size < w->came - w->gone + s.n)
		size *= 2;
	if (size > w->ring.size &&
	    gw_ring_grow(&w->ring, size, w->gone, w->came) != GW_OK)
		return false;
	gw_ring_put(&w->ring, w->came, s);
	w->came += s.n;
	return true;
}

/* Straight on, without a copy, while the socket takes it.  True: the flow is
 * gone. */
static bool
pass_on(struct gw_via_tcp_flow *w, struct gw_slice *s)
{
	size_t n;

	while (w->writable && s->n > 0) {
		if (put(w, *s, &n))
			return true;
		w->came += n;
		*s = gw_slice(s->p + n, s->n - n);
	}
	return false;
}

void
gw_via_tcp_data(struct gw_tunnel_flow *f, struct gw_slice s)
{
	struct gw_via_tcp_flow *w = FLOW_OF(f);

	if (w->ended_in || w->came + s.n > w->granted) {
		f->tunnel->broken = GW_TUNNEL_SENSELESS;
		return;
	}
	if (w->gone == w->came && s.n >= DIRECT && pass_on(w, &s))
		return;
	if (s.n > 0 && !keep(w, s)) {
		gw_via_tcp_end(w, GW_FORWARD_FAILED, true);
		return;
	}
	if (w->came - w->gone >= GATHERED && w->writable)
		(void)gw_via_tcp_write(w);
	else if (w->writable)
		gw_tunnel_settle_later(f);
}

void
gw_via_tcp_settle(struct gw_tunnel_flow *f)
{
	(void)gw_via_tcp_write(FLOW_OF(f));
}
