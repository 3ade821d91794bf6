#include "session/tcp/streams.h"

#include <string.h>

#include "base/assert.h"
#include "session/session.h"

enum { WINDOW_PARTS = 4 }; /* a WINDOW is sent for a quarter of it */

void
gw_streams_init(struct gw_streams *s, uint64_t window)
{
	GW_ASSERT(window >= GW_STREAM_WINDOW);
	memset(s, 0, sizeof(*s));
	s->window = window;
	for (size_t i = 0; i < GW_STREAMS_MAX; i++)
		s->v[i].send_max = s->v[i].granted = GW_STREAM_WINDOW;
}

/* It comes to nothing more: another one may be wide. */
static void
narrow(struct gw_streams *s, struct gw_stream *st)
{
	if (st->wide)
		s->wide--;
	st->wide = false;
}

bool
gw_streams_data(struct gw_streams *s, const struct gw_frame *f)
{
	struct gw_stream *st;

	GW_ASSERT(f->stream < GW_STREAMS_MAX);
	st = &s->v[f->stream];
	if (st->ended_in || f->value != st->received ||
	    f->length > st->granted - st->received)
		return false;
	st->received += f->length;
	st->ended_in = (f->flags & GW_FRAME_END) != 0;
	if (st->ended_in && st->credited == st->received)
		narrow(s, st);
	return true;
}

bool
gw_streams_window(struct gw_streams *s, const struct gw_frame *f)
{
	struct gw_stream *st;

	GW_ASSERT(f->stream < GW_STREAMS_MAX);
	st = &s->v[f->stream];
	if (f->value < st->send_max)
		return false;
	st->send_max = f->value;
	st->blocked = false;
	return true;
}

uint64_t
gw_streams_room(const struct gw_streams *s, uint16_t stream)
{
	const struct gw_stream *st = &s->v[stream];

	return st->ended_out ? 0 : st->send_max - st->sent;
}

uint64_t
gw_streams_send(struct gw_streams *s, uint16_t stream, size_t n)
{
	struct gw_stream *st = &s->v[stream];
	const uint64_t offset = st->sent;

	GW_ASSERT(n <= st->send_max - st->sent);
	st->sent += n;
	return offset;
}

static uint64_t
window_of(struct gw_streams *s, struct gw_stream *st)
{
	if (!st->wide && s->wide < GW_STREAMS_WIDE) {
		st->wide = true;
		s->wide++;
	}
	return st->wide ? s->window : GW_STREAM_WINDOW;
}

void
gw_streams_credit(struct gw_streams *s, uint16_t stream, size_t n)
{
	struct gw_stream *st = &s->v[stream];
	uint64_t window;

	GW_ASSERT(n <= st->received - st->credited);
	st->credited += n;
	if (st->ended_in && st->credited == st->received)
		narrow(s, st);
	if (st->due || st->ended_in)
		return;
	window = window_of(s, st);
	if (st->credited + window < st->granted + window / WINDOW_PARTS)
		return;
	st->due = true;
	s->due++;
}

void
gw_streams_end(struct gw_streams *s, uint16_t stream)
{
	struct gw_stream *st = &s->v[stream];

	if (st->ended_out)
		return;
	st->ended_out = true;
	st->end_due = true;
	s->due++;
}

void
gw_streams_reset(struct gw_streams *s, uint16_t stream, uint64_t code)
{
	struct gw_stream *st = &s->v[stream];

	if (st->ended_out && !st->end_due)
		return;
	gw_streams_end(s, stream);
	st->reset = true;
	st->code = code;
}

bool
gw_streams_reset_in(struct gw_streams *s, uint16_t stream)
{
	struct gw_stream *st = &s->v[stream];

	if (st->ended_in)
		return false;
	st->ended_in = true;
	narrow(s, st);
	return true;
}

bool
gw_streams_next(struct gw_streams *s, struct gw_frame *f)
{
	uint16_t i = 0;
	struct gw_stream *st;

	if (s->due == 0)
		return false;
	while (!s->v[i].due && !s->v[i].end_due)
		i++;
	GW_ASSERT(i < GW_STREAMS_MAX);
	st = &s->v[i];
	*f = (struct gw_frame){ .stream = i };
	if (st->due) {
		st->due = false;
		st->granted = st->credited + window_of(s, st);
		f->type = GW_FRAME_WINDOW;
		f->value = st->granted;
	} else {
		st->end_due = false;
		f->type = st->reset ? GW_FRAME_RESET : GW_FRAME_STREAM;
		f->flags = st->reset ? 0 : GW_FRAME_END;
		f->value = st->reset ? st->code : st->sent;
	}
	s->due--;
	return true;
}
