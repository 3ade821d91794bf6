#include "trace_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct line {
	char *text;
	size_t n, size;
};

static void __attribute__((format(printf, 2, 3)))
add(struct line *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->text + l->n, l->size - l->n, format, args);
	va_end(args);
	if (n > 0)
		l->n += (size_t)n;
	if (l->n >= l->size)
		l->n = l->size - 1;
}

static void
add_ack(struct line *l, const struct gw_ack *a)
{
	const size_t before = l->n;

	add(l, "ACK");
	for (unsigned i = 0; i < a->count && l->n - before < 60; i++) {
		const struct gw_ack_range *r = &a->v[i];

		add(l,
		    r->first == r->last ? " %" PRIu64 : " %" PRIu64 "-%" PRIu64,
		    r->first, r->last);
	}
}

static void
add_frame(struct line *l, const struct gw_pframe *f)
{
	switch (f->type) {
	case GW_PFRAME_ACK:
	case GW_PFRAME_ACK_ECN:
		add_ack(l, &f->ack);
		break;
	case GW_PFRAME_STREAM:
		add(l, "STREAM %u [%" PRIu64 ",%" PRIu64 ")%s", f->stream.id,
		    f->stream.offset, f->stream.offset + f->stream.data.n,
		    f->stream.end ? " END" : "");
		break;
	case GW_PFRAME_WINDOW:
		add(l, "WINDOW %u %" PRIu64, f->window.id, f->window.at);
		break;
	case GW_PFRAME_SESSION_WINDOW:
		add(l, "SESSION_WINDOW %" PRIu64, f->window.at);
		break;
	case GW_PFRAME_BLOCKED:
		add(l, "BLOCKED %u %" PRIu64, f->window.id, f->window.at);
		break;
	case GW_PFRAME_FIN:
		add(l, "FIN at %" PRIu64, f->fin.total);
		break;
	default:
		add(l, "%s", gw_pframe_name(f->type));
	}
}

static void
add_packet(struct line *l, const struct gw_trace_event *e)
{
	add(l, "%c #%" PRIu64 " %zu bytes: ", e->packet.out ? '>' : '<',
	    e->packet.number, e->packet.bytes);
	for (unsigned i = 0; i < e->packet.count; i++) {
		if (i > 0)
			add(l, ", ");
		add_frame(l, &e->packet.frames[i]);
	}
	if (e->packet.count == 0)
		add(l, "PADDING");
}

static void
add_hello(struct line *l, const struct gw_trace_event *e)
{
	add(l, "%c %s, %zu bytes%s", e->hello.out ? '>' : '<', e->hello.type,
	    e->hello.bytes, e->hello.again ? ", again" : "");
}

static void
add_path(struct line *l, enum gw_trace_path path)
{
	static const char *const text[] = {
		[GW_TRACE_PATH_PROBING] = "the peer has another address",
		[GW_TRACE_PATH_PROVED] = "the new address has proved itself",
		[GW_TRACE_PATH_GIVEN_UP] = "the new address is given up",
	};

	add(l, "%s", text[path]);
}

static void
add_closed(struct line *l, const struct gw_trace_event *e)
{
	if (e->closed.err == GW_OK)
		add(l, "closed");
	else
		add(l, "closed: %s: %s", gw_err_name(e->closed.err),
		    e->closed.text);
}

/* What tells of the path and its losses. */
static bool
add_recovery(struct line *l, const struct gw_trace_event *e)
{
	switch (e->kind) {
	case GW_TRACE_LOST:
		add(l, "lost #%" PRIu64 ", %" PRIu32 " bytes", e->lost.number,
		    e->lost.bytes);
		return true;
	case GW_TRACE_FOUND:
		add(l, "#%" PRIu64 " was not lost", e->found);
		return true;
	case GW_TRACE_UNDONE:
		add(l, "loss undone");
		return true;
	case GW_TRACE_TIMER:
		if (e->timer.which == GW_TRACE_TIMER_PROBE)
			add(l, "pto %u", e->timer.count);
		else
			add(l, "loss timer");
		return true;
	case GW_TRACE_CONGESTION:
		add(l, "%s %s -> %s", e->congestion.algorithm,
		    e->congestion.was, e->congestion.is);
		return true;
	case GW_TRACE_WINDOW:
		add(l, "%s window %" PRIu64 " -> %" PRIu64, e->window.algorithm,
		    e->window.was, e->window.is);
		return true;
	case GW_TRACE_PERSISTENT:
		add(l, "persistent congestion");
		return true;
	default:
		return false;
	}
}

bool
trace_text(const struct gw_trace_event *e, char *out, size_t size)
{
	struct line l = { out, 0, size };

	switch (e->kind) {
	case GW_TRACE_HELLO:
		add_hello(&l, e);
		return true;
	case GW_TRACE_PACKET:
		add_packet(&l, e);
		return true;
	case GW_TRACE_STATE:
		add(&l, "%s -> %s", e->state.was, e->state.is);
		return true;
	case GW_TRACE_PATH:
		add_path(&l, e->path);
		return true;
	case GW_TRACE_MTU:
		add(&l, "datagrams of %" PRIu32 " bytes", e->mtu.is);
		return true;
	case GW_TRACE_KEY:
		add(&l, "key %" PRIu64 " %s", e->key.epoch,
		    e->key.out ? "out" : "in");
		return true;
	case GW_TRACE_ILLEGAL:
		add(&l, "illegal %s", e->illegal);
		return true;
	case GW_TRACE_CLOSED:
		add_closed(&l, e);
		return true;
	default:
		return add_recovery(&l, e);
	}
}
