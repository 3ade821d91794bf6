/*
 * loss - which packets are lost, by time (RACK-TLP, RFC 8985), and when to
 * probe (PTO, RFC 9002 6.2).
 *
 * A packet is lost when one that left later is acknowledged and a round trip
 * and the reordering window have passed since it left.  The window starts at
 * a quarter of the lowest RTT, grows by as much with each round trip in which
 * a packet called lost turns up, up to the smoothed RTT, and falls back
 * after 16 episodes of loss without.  Three later packets acknowledged are
 * enough until the first reordering is seen, and never again.
 *
 * An *episode* is the losses of about one round trip; one whose packets have
 * all turned up was none.
 * Tests: tests/unit/loss_test.c.
 */
#ifndef GW_SESSION_UDP_LOSS_H
#define GW_SESSION_UDP_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include "session/udp/rtt.h"
#include "session/udp/sent.h"

struct gw_loss {
	uint64_t acked_end;    /* above the largest acknowledged; 0: none */
	uint32_t window_steps; /* reordering window, quarters of min RTT */
	uint32_t calm;         /* episodes since it grew */
	gw_usec window_grown;
	bool reordering; /* has been seen */

	gw_usec loss_time; /* the oldest is lost then; GW_NEVER */
	gw_usec last_sent; /* eliciting */
	unsigned pto_count;
	unsigned probes; /* to be sent whatever the window says */
	bool ending;     /* the first two PTOs come without back-off */

	bool recovering; /* nothing sent since the episode began is acked */
	uint64_t episode_first, episode_end; /* numbers */
	uint64_t episode_lost, episode_late; /* packets */

	/* Lost packets without an acknowledged one between them. */
	bool run;
	gw_usec run_since;
};

/* What one look found. */
struct gw_loss_found {
	uint64_t packets, bytes; /* of what counts as congestion */
	uint64_t marked;         /* of all, those that left ECT(0) */
	unsigned ranges;         /* of numbers, apart */
	uint64_t newest;         /* the newest that counts */
	bool episode;            /* a new one begins */
	bool persistent;         /* congestion, RFC 9002 7.6 */
};

void gw_loss_init(struct gw_loss *);
/* An eliciting packet leaves. */
void gw_loss_sent(struct gw_loss *, gw_usec now);
/* Before an ACK is looked at; `newest` of its packets is newly
 * acknowledged.  `oldest` of them had not been called lost. */
void gw_loss_acked(struct gw_loss *, uint64_t oldest, uint64_t newest);
/* This one had been called lost.  True: so all of its episode is undone. */
bool gw_loss_late(struct gw_loss *, const struct gw_sent *, uint64_t number,
    const struct gw_rtt *, gw_usec now);
/* A new episode begins for another reason (CE); false: one is under way. */
bool gw_loss_begin(struct gw_loss *, const struct gw_sent *);
/* Mark as lost what is. */
void gw_loss_detect(struct gw_loss *, struct gw_sent *, const struct gw_rtt *,
    gw_usec now, struct gw_loss_found *);
/* The time after which a packet is lost, from its sending. */
gw_usec gw_loss_delay(const struct gw_loss *, const struct gw_rtt *);
/* The next timer; GW_NEVER. */
gw_usec gw_loss_deadline(
    const struct gw_loss *, const struct gw_sent *, const struct gw_rtt *);
/* The probe timer has run out: probes are to be sent. */
void gw_loss_pto(struct gw_loss *);

#endif /* GW_SESSION_UDP_LOSS_H */
