/*
 * What a packet carried, as a line of text, for who learns or looks for a
 * mistake: "> #7 1200 bytes: ACK 0-5, STREAM 1 [1152,2304)".
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "session/udp/udp_session_private.h"

void
gw_udp_session_line_add(struct gw_udp_line *l, const char *format, ...)
{
	va_list args;
	int n;

	if (l->n > 0 && l->n + 2 < sizeof(l->text)) {
		l->text[l->n++] = ',';
		l->text[l->n++] = ' ';
	}
	va_start(args, format);
	n = vsnprintf(l->text + l->n, sizeof(l->text) - l->n, format, args);
	va_end(args);
	if (n > 0)
		l->n += (size_t)n;
	if (l->n >= sizeof(l->text))
		l->n = sizeof(l->text) - 1;
	l->text[l->n] = '\0';
}

static void
add_ack(struct gw_udp_line *l, const struct gw_ack *a)
{
	char text[120];
	size_t n = 0;

	for (unsigned i = 0; i < a->count && n < 60; i++) {
		const struct gw_ack_range *r = &a->v[i];

		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    r->first == r->last ? " %" PRIu64 : " %" PRIu64 "-%" PRIu64,
		    r->first, r->last);
	}
	gw_udp_session_line_add(l, "ACK%s", text);
}

void
gw_udp_session_line_frame(struct gw_udp_line *l, const struct gw_pframe *f)
{
	switch (f->type) {
	case GW_PFRAME_ACK:
	case GW_PFRAME_ACK_ECN:
		add_ack(l, &f->ack);
		break;
	case GW_PFRAME_STREAM:
		gw_udp_session_line_add(l,
		    "STREAM %u [%" PRIu64 ",%" PRIu64 ")%s", f->stream.id,
		    f->stream.offset, f->stream.offset + f->stream.data.n,
		    f->stream.end ? " END" : "");
		break;
	case GW_PFRAME_WINDOW:
		gw_udp_session_line_add(
		    l, "WINDOW %u %" PRIu64, f->window.id, f->window.at);
		break;
	case GW_PFRAME_SESSION_WINDOW:
		gw_udp_session_line_add(
		    l, "SESSION_WINDOW %" PRIu64, f->window.at);
		break;
	case GW_PFRAME_BLOCKED:
		gw_udp_session_line_add(
		    l, "BLOCKED %u %" PRIu64, f->window.id, f->window.at);
		break;
	case GW_PFRAME_FIN:
		gw_udp_session_line_add(l, "FIN at %" PRIu64, f->fin.total);
		break;
	default:
		gw_udp_session_line_add(l, "%s", gw_pframe_name(f->type));
	}
}

void
gw_udp_session_line_out(const struct gw_udp_session *s, char direction,
    uint64_t number, size_t bytes, const struct gw_udp_line *l)
{
	gw_trace(s->trace, "%c #%" PRIu64 " %zu bytes: %s", direction, number,
	    bytes, l->n > 0 ? l->text : "PADDING");
}
