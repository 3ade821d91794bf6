#include "session/session.h"

#include "base/assert.h"
#include "session/carrier.h"

void
gw_session_free(struct gw_session *s)
{
	if (s != NULL)
		s->ops->free(s);
}

void
gw_session_set_user(struct gw_session *s, void *user)
{
	s->user = user;
}

void *
gw_session_user(const struct gw_session *s)
{
	return s->user;
}

const struct gw_trace *
gw_session_trace(const struct gw_session *s)
{
	return s->trace;
}

void
gw_session_trace_begin(struct gw_session *s, const struct gw_session_options *o,
    enum gw_carrier carrier, uint64_t number)
{
	if (o->trace == NULL)
		return;
	s->own_trace = *o->trace;
	s->own_trace.session = number;
	s->trace = &s->own_trace;
	gw_trace(s->trace,
	    &(struct gw_trace_event){
		.kind = GW_TRACE_STARTED,
		.started = { carrier == GW_CARRIER_UDP ? "udp" : "tcp",
		    o->initiator, o->name },
	    });
}

void
gw_session_trace_opened(
    const struct gw_session *s, const char *peer, enum gw_cipher cipher)
{
	gw_trace(s->trace, &(struct gw_trace_event){
			       .kind = GW_TRACE_OPENED,
			       .opened = { peer, gw_cipher_name(cipher) },
			   });
}

void
gw_session_trace_closed(
    const struct gw_session *s, enum gw_err err, const char *text)
{
	gw_trace(s->trace, &(struct gw_trace_event){
			       .kind = GW_TRACE_CLOSED,
			       .closed = { err, text },
			   });
}

void
gw_session_tick(struct gw_session *s, gw_usec now)
{
	s->ops->tick(s, now);
}

gw_usec
gw_session_deadline(const struct gw_session *s)
{
	return s->ops->deadline(s);
}

gw_usec
gw_session_heard(const struct gw_session *s)
{
	return s->ops->heard(s);
}

bool
gw_session_event(struct gw_session *s, struct gw_session_event *ev)
{
	return s->ops->event(s, ev);
}

size_t
gw_session_writable(const struct gw_session *s, uint16_t stream)
{
	GW_ASSERT(stream < GW_STREAMS_MAX);
	return s->ops->writable(s, stream);
}

size_t
gw_session_write(
    struct gw_session *s, uint16_t stream, struct gw_slice data, gw_usec now)
{
	GW_ASSERT(stream < GW_STREAMS_MAX);
	return s->ops->write(s, stream, data, now);
}

bool
gw_session_blocked(const struct gw_session *s, uint16_t stream)
{
	GW_ASSERT(stream < GW_STREAMS_MAX);
	return s->ops->blocked(s, stream);
}

void
gw_session_credit(struct gw_session *s, uint16_t stream, size_t n)
{
	GW_ASSERT(stream < GW_STREAMS_MAX);
	s->ops->credit(s, stream, n);
}

void
gw_session_end(struct gw_session *s, uint16_t stream)
{
	GW_ASSERT(stream < GW_STREAMS_MAX);
	s->ops->end(s, stream);
}

uint64_t
gw_session_unsent(const struct gw_session *s, uint16_t stream, bool *held)
{
	GW_ASSERT(stream < GW_STREAMS_MAX);
	return s->ops->unsent(s, stream, held);
}

void
gw_session_reset(struct gw_session *s, uint16_t stream, uint64_t code)
{
	GW_ASSERT(stream < GW_STREAMS_MAX);
	s->ops->reset(s, stream, code);
}

size_t
gw_session_datagram_max(const struct gw_session *s)
{
	return s->ops->datagram_max(s);
}

enum gw_err
gw_session_datagram(struct gw_session *s, struct gw_slice data, gw_usec now)
{
	return s->ops->datagram(s, data, now);
}

unsigned
gw_session_datagrams(const struct gw_session *s)
{
	return s->ops->datagrams(s);
}

void
gw_session_finish(struct gw_session *s, gw_usec now)
{
	s->ops->finish(s, now);
}

void
gw_session_abort(
    struct gw_session *s, enum gw_err err, const char *text, gw_usec now)
{
	s->ops->abort(s, err, text, now);
}

bool
gw_session_is_open(const struct gw_session *s)
{
	return s->ops->is_open(s);
}
