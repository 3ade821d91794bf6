/*
 * Addresses that change under a session: a NAT that forgot, a laptop in
 * another network.  The newest authenticated packet shows the new address;
 * until it has proved that it is reached it gets no more than three times
 * what came from it (RFC 9000, 8 and 9).
 */
#include "session/udp/udp_session_private.h"

enum {
	TRAIN_PTOS = 2,
	BURST_MAX = 64, /* packets; the kernel takes no more in one call */
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
	l->trains = (struct gw_udp_trains){ .sent = false };
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

/* ---- larger datagrams ---- */

bool
gw_udp_session_mtu_probe(struct gw_udp_session *s, struct gw_burst *b)
{
	static const uint8_t zeros[GW_PACKET_MAX];
	static const uint8_t ping[16] = { GW_PFRAME_PING };
	struct gw_udp_link *l = s->link;
	struct gw_sent_packet sent = {
		.number = l->next_number,
		.eliciting = true,
		.mtu_probe = true,
	};
	struct gw_slice text[2] = { gw_slice(ping, sizeof(ping)) };
	uint32_t size;

	/* Nothing goes before what confirms the keys, nor after the FIN: then
	 * nothing large follows. */
	if (!gw_udp_session_is_open(s) || s->fin_sent || l->probe.active ||
	    (!s->initiator && !l->confirm_told) ||
	    !gw_pmtud_probe(&l->mtu, s->now, &size) || size > b->cap ||
	    gw_keys_prepare(&l->out, sent.number) != GW_OK)
		return false;
	sent.bytes = size;
	text[1] = gw_slice(zeros, size - GW_UDP_OVERHEAD - sizeof(ping));
	gw_udp_session_seal(s, sent.number, text, b->buf);
	gw_pmtud_sent(&l->mtu, sent.number, size);
	l->next_number++;
	l->datagrams_sent++;
	if (gw_recovery_sent(&l->recovery, &sent, s->now) != GW_OK)
		return false;
	gw_udp_session_trace_probe(s, sent.number, size);
	b->len = b->segment = size;
	return true;
}

void
gw_udp_session_too_large(struct gw_session *base, size_t n, gw_usec now)
{
	struct gw_udp_session *s = gw_udp_session_of(base);
	uint64_t number;

	s->now = now;
	if (s->link == NULL)
		return;
	if (gw_pmtud_probing(&s->link->mtu, (uint32_t)n, &number))
		gw_recovery_withdraw(&s->link->recovery, number);
	gw_pmtud_too_large(&s->link->mtu, (uint32_t)n);
	gw_recovery_datagram(
	    &s->link->recovery, gw_pmtud_size(&s->link->mtu), now);
}

/* ---- trains ---- */

/* Those of which nothing arrives, while what goes alone does, are given up. */
unsigned
gw_udp_session_longest_train(struct gw_udp_session *s)
{
	const uint64_t ptos = s->link->recovery.n_ptos;
	struct gw_udp_trains *t = &s->link->trains;

	if (t->sent && !t->passed && ptos >= t->ptos + TRAIN_PTOS)
		t->off = true;
	if (t->off)
		return 1;
	if (!t->sent)
		t->ptos = ptos;
	return BURST_MAX;
}

bool
gw_udp_session_goes_alone(const struct gw_udp_session *s, size_t n)
{
	return n < gw_pmtud_size(&s->link->mtu) / 2 &&
	       s->link->messages.count == 0 && gw_udp_session_has_data(s);
}
