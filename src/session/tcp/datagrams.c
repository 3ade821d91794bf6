/*
 * DATAGRAM frames on their way out: a queue, which frames.c empties.
 */
#include "session/tcp/tcp_session_private.h"

static const struct gw_tcp_session *
peek(const struct gw_session *base)
{
	return (const struct gw_tcp_session *)(const void *)base;
}

size_t
gw_tcp_session_datagram_max(const struct gw_session *base)
{
	const struct gw_tcp_session *s = peek(base);

	return gw_tcp_session_is_open(s) && !s->fin_wanted ? GW_PACKET_MAX : 0;
}

enum gw_err
gw_tcp_session_datagram(
    struct gw_session *base, struct gw_slice data, gw_usec now)
{
	struct gw_tcp_session *s = gw_tcp_session_of(base);

	(void)now;
	if (gw_tcp_session_datagram_max(base) == 0)
		return GW_E_LOST;
	if (data.n > GW_PACKET_MAX)
		return GW_E_LIMIT;
	return gw_queue_push(&s->link->messages, data) ? GW_OK : GW_E_AGAIN;
}

unsigned
gw_tcp_session_datagrams(const struct gw_session *base)
{
	const struct gw_tcp_session *s = peek(base);

	return s->link != NULL ? s->link->messages.count : 0;
}
