/*
 * Addresses that change under a session: a NAT that forgot, a laptop in
 * another network.  The newest authenticated packet shows the new address;
 * until it has proved that it is reached it gets no more than three times
 * what came from it (RFC 9000, 8 and 9).
 */
#include "session/udp/udp_session_private.h"

enum {
	FACTOR = 3,
	PTOS = 6, /* in which a new address has to prove itself */
	AGAIN_PTOS = 1
};

static void
trace(const struct gw_udp_session *s, enum gw_trace_path what)
{
	gw_trace(s->base.trace,
	    &(struct gw_trace_event){ .kind = GW_TRACE_PATH, .path = what });
}

void
gw_udp_session_new_address(
    struct gw_udp_session *s, const struct gw_incoming *d)
{
	struct gw_udp_link *l = s->link;
	const gw_usec pto = gw_recovery_stats(&l->recovery).pto;

	if (gw_path_eq(&d->from, &s->path)) {
		if (l->probe.active)
			l->probe.allowance += FACTOR * d->n;
		return;
	}
	trace(s, GW_TRACE_PATH_PROBING);
	if (!l->probe.active)
		l->probe.old = s->path;
	l->probe.active = true;
	l->probe.challenge = gw_random_u64(&s->random);
	l->probe.allowance = FACTOR * d->n;
	l->probe.until = s->now + PTOS * pto;
	l->probe.again = s->now + AGAIN_PTOS * pto;
	s->path = d->from;
	l->due |= GW_DUE_CHALLENGE;
}

void
gw_udp_session_on_response(struct gw_udp_session *s, uint64_t value)
{
	struct gw_udp_link *l = s->link;
	const bool elsewhere = !gw_path_same_host(&s->path, &l->probe.old);

	if (!l->probe.active || value != l->probe.challenge)
		return;
	trace(s, GW_TRACE_PATH_PROVED);
	l->probe.active = false;
	l->due &= ~(unsigned)GW_DUE_CHALLENGE;
	gw_recovery_new_path(&l->recovery, elsewhere, s->now);
	if (elsewhere) {
		gw_pmtud_new_path(&l->mtu);
		gw_recovery_datagram(
		    &l->recovery, gw_pmtud_size(&l->mtu), s->now);
	}
}

void
gw_udp_session_paths_tick(struct gw_udp_session *s)
{
	struct gw_udp_link *l = s->link;

	if (!l->probe.active)
		return;
	if (s->now >= l->probe.until) {
		/* Nobody there: it was a forgery, or it went back. */
		trace(s, GW_TRACE_PATH_GIVEN_UP);
		l->probe.active = false;
		l->due &= ~(unsigned)GW_DUE_CHALLENGE;
		s->path = l->probe.old;
		return;
	}
	if (s->now >= l->probe.again) {
		l->probe.again = s->now + gw_recovery_stats(&l->recovery).pto;
		l->due |= GW_DUE_CHALLENGE;
	}
}

gw_usec
gw_udp_session_paths_deadline(const struct gw_udp_session *s)
{
	const struct gw_udp_link *l = s->link;

	return l->probe.active ? gw_usec_min(l->probe.again, l->probe.until)
			       : GW_NEVER;
}
