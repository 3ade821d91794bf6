#include "session/udp/flow.h"

#include "session/session.h"

enum { PARTS = 4 };

void
gw_flow_init(struct gw_flow *f, uint64_t window)
{
	*f = (struct gw_flow){ .window = window };
}

void
gw_flow_stream_init(const struct gw_flow *f, struct gw_flow_stream *s)
{
	(void)f;
	*s = (struct gw_flow_stream){ .send_max = GW_STREAM_WINDOW,
		.granted = GW_STREAM_WINDOW };
}

bool
gw_flow_allows(const struct gw_flow_stream *s, uint64_t end)
{
	return end <= s->granted;
}

static void
mark(struct gw_flow *f, struct gw_flow_stream *s)
{
	f->due += !s->due;
	s->due = true;
}

void
gw_flow_credit(struct gw_flow *f, struct gw_flow_stream *s, uint64_t n)
{
	s->credited += n;
	if (s->credited + f->window >= s->granted + f->window / PARTS)
		mark(f, s);
}

bool
gw_flow_next(struct gw_flow *f, struct gw_flow_stream *s, uint64_t *granted)
{
	if (!s->due)
		return false;
	s->due = false;
	f->due--;
	if (s->credited + f->window > s->granted)
		s->granted = s->credited + f->window;
	*granted = s->granted;
	return true;
}

void
gw_flow_lost(struct gw_flow *f, struct gw_flow_stream *s)
{
	mark(f, s);
}
