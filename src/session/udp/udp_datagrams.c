/*
 * DATAGRAM frames on their way out: a queue, and what fits the path.
 */
#include "session/udp/udp_session_private.h"

/* Before the data of a frame that fills a packet: its type, padded. */
enum { HEAD = 16 };

static size_t
most(const struct gw_udp_link *l)
{
	return gw_pmtud_size(&l->mtu) - GW_UDP_OVERHEAD - HEAD;
}

size_t
gw_udp_session_datagram_max(const struct gw_session *base)
{
	const struct gw_udp_session *s =
	    (const struct gw_udp_session *)(const void *)base;

	return gw_udp_session_is_open(s) && !s->fin_wanted ? most(s->link) : 0;
}

enum gw_err
gw_udp_session_datagram(
    struct gw_session *base, struct gw_slice data, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);

	s->now = now;
	if (gw_udp_session_datagram_max(base) == 0)
		return GW_E_LOST;
	if (data.n > most(s->link))
		return GW_E_LIMIT;
	return gw_queue_push(&s->link->messages, data) ? GW_OK : GW_E_AGAIN;
}

unsigned
gw_udp_session_datagrams(const struct gw_session *base)
{
	const struct gw_udp_session *s =
	    (const struct gw_udp_session *)(const void *)base;

	return s->link != NULL ? s->link->messages.count : 0;
}

bool
gw_udp_session_next_datagram(
    struct gw_udp_session *s, size_t size, struct gw_slice *out)
{
	struct gw_udp_link *l = s->link;

	while (gw_queue_peek(&l->messages, out)) {
		if (out->n <= most(l))
			return out->n + GW_UDP_OVERHEAD + HEAD <= size;
		/* It was let in when the path still took it.  Who gave it is
		 * not told: to him it has left, as what is lost on the way
		 * has. */
		gw_queue_pop(&l->messages);
		l->messages_dropped++;
	}
	return false;
}
