#include "run/trace_json.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "base/escape.h"
#include "godwit.h"

enum {
	TEXT_MAX = 512, /* of a string, before it is escaped */
	RANGES = 16     /* of an ACK; further ones are counted */
};

struct line {
	char *text;
	size_t n;
};

static void __attribute__((format(printf, 2, 3)))
add(struct line *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->text + l->n, GW_TRACE_LINE - l->n, format, args);
	va_end(args);
	GW_ASSERT(n >= 0 && (size_t)n < GW_TRACE_LINE - l->n);
	l->n += (size_t)n;
}

/* A string from wherever: first safe for a terminal, then for JSON. */
static void
add_string(struct line *l, const char *key, const char *value)
{
	char cut[TEXT_MAX + 1], safe[6 * TEXT_MAX + 1];

	snprintf(cut, sizeof cut, "%s", value);
	gw_escape(safe, sizeof safe / 2, cut);
	add(l, ",\"%s\":\"", key);
	for (const char *p = safe; *p != '\0'; p++)
		add(l, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
	add(l, "\"");
}

static void
add_number(struct line *l, const char *key, uint64_t value)
{
	add(l, ",\"%s\":%" PRIu64, key, value);
}

/* qlog tells durations in milliseconds, ... */
static void
add_msec(struct line *l, const char *key, gw_usec value)
{
	add(l, ",\"%s\":%" PRIu64 ".%03u", key, value / 1000,
	    (unsigned)(value % 1000));
}

/* ... and rates in bits a second. */
static void
add_rate(struct line *l, const char *key, uint64_t bytes)
{
	if (bytes > 0 && bytes <= UINT64_MAX / 8)
		add_number(l, key, bytes * 8);
}

static void
begin(struct line *l, gw_usec t, const char *event)
{
	add(l, "{\"t\":%" PRIu64 ".%06u,\"event\":\"%s\"", t / 1000000,
	    (unsigned)(t % 1000000), event);
}

static size_t
end(struct line *l)
{
	add(l, "}\n");
	return l->n;
}

/* ---- frames ---- */

static void
add_ack(struct line *l, const struct gw_ack *a)
{
	add_msec(l, "ack_delay", a->delay);
	add(l, ",\"acked_ranges\":[");
	for (unsigned i = 0; i < a->count && i < RANGES; i++)
		add(l, "%s[%" PRIu64 ",%" PRIu64 "]", i > 0 ? "," : "",
		    a->v[i].first, a->v[i].last);
	add(l, "]");
	if (a->count > RANGES)
		add_number(l, "more_ranges", a->count - RANGES);
	if (a->ecn)
		add_number(l, "ce", a->ce);
}

static void
add_stream(struct line *l, const struct gw_pframe *f, bool again)
{
	add_number(l, "stream_id", f->stream.id);
	add_number(l, "offset", f->stream.offset);
	add_number(l, "length", f->stream.data.n);
	if (f->stream.end)
		add(l, ",\"fin\":true");
	if (again)
		add(l, ",\"again\":true");
}

static void
add_frame(struct line *l, const struct gw_pframe *f, bool again)
{
	const char *name = gw_pframe_name(f->type);

	add(l, "{\"frame_type\":\"");
	for (; *name != '\0'; name++)
		add(l, "%c", tolower((unsigned char)*name));
	add(l, "\"");
	switch (f->type) {
	case GW_PFRAME_ACK:
	case GW_PFRAME_ACK_ECN:
		add_ack(l, &f->ack);
		break;
	case GW_PFRAME_STREAM:
		add_stream(l, f, again);
		break;
	case GW_PFRAME_WINDOW:
	case GW_PFRAME_BLOCKED:
		add_number(l, "stream_id", f->window.id);
		add_number(l, "limit", f->window.at);
		break;
	case GW_PFRAME_SESSION_WINDOW:
	case GW_PFRAME_SESSION_BLOCKED:
		add_number(l, "limit", f->window.at);
		break;
	case GW_PFRAME_DATAGRAM:
		add_number(l, "length", f->datagram.data.n);
		break;
	case GW_PFRAME_FIN:
		add_number(l, "total", f->fin.total);
		break;
	default:
		break;
	}
	add(l, "}");
}

static void
add_packet(struct line *l, const struct gw_trace_event *e)
{
	add(l, ",\"packet_type\":\"sealed\"");
	add_number(l, "packet_number", e->packet.number);
	add_number(l, "length", e->packet.bytes);
	add(l, ",\"frames\":[");
	for (unsigned i = 0; i < e->packet.count; i++) {
		if (i > 0)
			add(l, ",");
		add_frame(l, &e->packet.frames[i], e->packet.again);
	}
	add(l, "]");
}

/* ---- the others ---- */

static void
add_hello(struct line *l, const struct gw_trace_event *e)
{
	add_string(l, "packet_type", e->hello.type);
	if (e->hello.bytes > 0)
		add_number(l, "length", e->hello.bytes);
	if (e->hello.again)
		add(l, ",\"again\":true");
}

static void
add_lost(struct line *l, const struct gw_trace_event *e)
{
	add_number(l, "packet_number", e->lost.number);
	add_number(l, "length", e->lost.bytes);
	if (e->lost.mtu_probe)
		add(l, ",\"mtu_probe\":true");
	add(l, ",\"frames\":[");
	if (e->lost.length > 0)
		add(l,
		    "{\"frame_type\":\"stream\",\"stream_id\":%u,"
		    "\"offset\":%" PRIu64 ",\"length\":%" PRIu32 "}",
		    e->lost.stream, e->lost.offset, e->lost.length);
	add(l, "]");
}

static void
add_metrics(struct line *l, const struct gw_trace_metrics *m)
{
	add_msec(l, "smoothed_rtt", m->srtt);
	if (m->latest_rtt > 0)
		add_msec(l, "latest_rtt", m->latest_rtt);
	add_msec(l, "min_rtt", m->min_rtt);
	add_msec(l, "rtt_variance", m->rttvar);
	add_number(l, "congestion_window", m->window);
	add_number(l, "bytes_in_flight", m->in_flight);
	add_rate(l, "pacing_rate", m->pacing_rate);
	add_rate(l, "delivery_rate", m->delivery_rate);
	if (m->sent > 0 || m->received > 0) {
		add_number(l, "bytes_sent", m->sent);
		add_number(l, "bytes_received", m->received);
	}
}

static void
add_timer(struct line *l, const struct gw_trace_event *e)
{
	const bool probe = e->timer.which == GW_TRACE_TIMER_PROBE;

	add(l, ",\"event_type\":\"expired\",\"timer_type\":\"%s\"",
	    probe ? "pto" : "ack");
	if (probe)
		add_number(l, "pto_count", e->timer.count);
}

static void
add_change(struct line *l, const char *was, const char *is)
{
	add_string(l, "old", was);
	add_string(l, "new", is);
}

static void
add_path(struct line *l, enum gw_trace_path path)
{
	static const char *const names[] = {
		[GW_TRACE_PATH_PROBING] = "probing_started",
		[GW_TRACE_PATH_PROVED] = "probing_successful",
		[GW_TRACE_PATH_GIVEN_UP] = "probing_abandoned",
	};

	add_string(l, "new", names[path]);
}

/* ---- which it is ---- */

static const char *
name_of(const struct gw_trace_event *e)
{
	static const char *const names[] = {
		[GW_TRACE_STARTED] = "connection_started",
		[GW_TRACE_ADDRESS] = "path_assigned",
		[GW_TRACE_OPENED] = "connection_opened",
		[GW_TRACE_LOST] = "packet_lost",
		[GW_TRACE_FOUND] = "packet_lost_spuriously",
		[GW_TRACE_UNDONE] = "loss_undone",
		[GW_TRACE_TIMER] = "loss_timer_updated",
		[GW_TRACE_METRICS] = "metrics_updated",
		[GW_TRACE_CONGESTION] = "congestion_state_updated",
		[GW_TRACE_WINDOW] = "congestion_window_updated",
		[GW_TRACE_ECN] = "ecn_state_updated",
		[GW_TRACE_PERSISTENT] = "persistent_congestion",
		[GW_TRACE_STATE] = "connection_state_updated",
		[GW_TRACE_PATH] = "migration_state_updated",
		[GW_TRACE_MTU] = "mtu_updated",
		[GW_TRACE_KEY] = "key_updated",
		[GW_TRACE_ILLEGAL] = "protocol_violation",
		[GW_TRACE_CLOSED] = "connection_closed",
	};

	if (e->kind == GW_TRACE_HELLO)
		return e->hello.out ? "packet_sent" : "packet_received";
	if (e->kind == GW_TRACE_PACKET)
		return e->packet.out ? "packet_sent" : "packet_received";
	return names[e->kind];
}

/* What tells of the session as a whole. */
static void
add_session(struct line *l, const struct gw_trace_event *e)
{
	switch (e->kind) {
	case GW_TRACE_STARTED:
		add_string(l, "carrier", e->started.carrier);
		add_string(l, "role",
		    e->started.initiator ? "initiator" : "responder");
		add_string(l, "name", e->started.name);
		break;
	case GW_TRACE_ADDRESS:
		add_string(l, "remote", e->address);
		break;
	case GW_TRACE_OPENED:
		add_string(l, "peer", e->opened.peer);
		add_string(l, "cipher", e->opened.cipher);
		break;
	case GW_TRACE_STATE:
		add_change(l, e->state.was, e->state.is);
		break;
	case GW_TRACE_PATH:
		add_path(l, e->path);
		break;
	case GW_TRACE_ECN:
		add_string(l, "new", e->ecn);
		break;
	case GW_TRACE_ILLEGAL:
		add_string(l, "what", e->illegal);
		break;
	case GW_TRACE_CLOSED:
		add_string(l, "error", gw_err_name(e->closed.err));
		add_string(l, "reason", e->closed.text);
		break;
	default: /* it has nothing but its name */
		break;
	}
}

size_t
gw_trace_json(char out[GW_TRACE_LINE], gw_usec t, uint64_t session,
    const struct gw_trace_event *e)
{
	struct line l = { out, 0 };

	begin(&l, t, name_of(e));
	add(&l, ",\"session\":\"%016" PRIx64 "\"", session);
	switch (e->kind) {
	case GW_TRACE_HELLO:
		add_hello(&l, e);
		break;
	case GW_TRACE_PACKET:
		add_packet(&l, e);
		break;
	case GW_TRACE_LOST:
		add_lost(&l, e);
		break;
	case GW_TRACE_FOUND:
		add_number(&l, "packet_number", e->found);
		break;
	case GW_TRACE_TIMER:
		add_timer(&l, e);
		break;
	case GW_TRACE_METRICS:
		add_metrics(&l, &e->metrics);
		break;
	case GW_TRACE_CONGESTION:
		add_string(&l, "algorithm", e->congestion.algorithm);
		add_change(&l, e->congestion.was, e->congestion.is);
		break;
	case GW_TRACE_WINDOW:
		add_string(&l, "algorithm", e->window.algorithm);
		add_number(&l, "old", e->window.was);
		add_number(&l, "new", e->window.is);
		break;
	case GW_TRACE_MTU:
		add_number(&l, "old", e->mtu.was);
		add_number(&l, "new", e->mtu.is);
		break;
	case GW_TRACE_KEY:
		add_string(&l, "key_type", e->key.out ? "local" : "remote");
		add_number(&l, "key_phase", e->key.epoch);
		break;
	default:
		add_session(&l, e);
		break;
	}
	return end(&l);
}

/* ---- about the trace ---- */

size_t
gw_trace_json_began(char out[GW_TRACE_LINE], const struct gw_trace_began *b)
{
	struct line l = { out, 0 };
	const time_t seconds = (time_t)(b->wall_usec / 1000000);
	char text[40] = "";
	struct tm tm;

	begin(&l, 0, "trace_started");
	add(&l, ",\"trace_version\":1");
	add_string(&l, "program", b->program);
	if (gmtime_r(&seconds, &tm) != NULL)
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	add(&l, ",\"time\":\"%s.%06uZ\"", text,
	    (unsigned)(b->wall_usec % 1000000));
	return end(&l);
}

size_t
gw_trace_json_dropped(char out[GW_TRACE_LINE], gw_usec t, uint64_t dropped)
{
	struct line l = { out, 0 };

	begin(&l, t, "events_dropped");
	add_number(&l, "count", dropped);
	return end(&l);
}

size_t
gw_trace_json_ended(
    char out[GW_TRACE_LINE], gw_usec t, uint64_t events, uint64_t dropped)
{
	struct line l = { out, 0 };

	begin(&l, t, "trace_ended");
	add_number(&l, "events", events);
	add_number(&l, "dropped", dropped);
	return end(&l);
}
