/*
 * bbr_private - what bbr.c, bbr_states.c (the machine) and bbr_model.c (the
 * model of the path) share.
 */
#ifndef GW_SESSION_UDP_BBR_PRIVATE_H
#define GW_SESSION_UDP_BBR_PRIVATE_H

#include "session/udp/cc.h"

#define GW_BBR_INFINITE UINT64_MAX

enum {
	GW_BBR_MIN_PIPE = 4,    /* datagrams in flight, at least */
	GW_BBR_BETA = 70,       /* percent that stay after a cut */
	GW_BBR_LOSS_THRESH = 2, /* percent of a round */
	GW_BBR_LOSS_ALWAYS = 10,
	GW_BBR_STRAY_ONE = 65536,
	GW_BBR_STARTUP_GAIN = 277 /* percent */
};

static inline uint64_t
gw_bbr_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t
gw_bbr_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- the machine, bbr_states.c ---- */

void gw_bbr_set_state(struct gw_cc *, enum gw_bbr_state);
const char *gw_bbr_state_name(enum gw_bbr_state);
void gw_bbr_start_down(struct gw_cc *, const struct gw_cc_ack *);
void gw_bbr_start_refill(struct gw_cc *, uint64_t delivered);
void gw_bbr_exit_probe_rtt(struct gw_cc *, const struct gw_cc_ack *);
/* An ACK: what it changes of the cycle that probes for bandwidth, and of
 * PROBE_RTT and the lowest RTT. */
void gw_bbr_update_cycle(struct gw_cc *, const struct gw_cc_ack *);
void gw_bbr_update_min_rtt(struct gw_cc *, const struct gw_cc_ack *);
/* The window to go back to; known_good: the one of now, whatever it was. */
void gw_bbr_save_window(struct gw_cc *, bool known_good);
void gw_bbr_restore_window(struct gw_cc *);

/* ---- the model, bbr_model.c ---- */

void gw_bbr_model_init(struct gw_bbr *, const struct gw_cc_options *,
    uint64_t window, gw_usec now);
/* A new round starts with what is sent now. */
void gw_bbr_start_round(struct gw_bbr *, uint64_t delivered);
/* The first half of what an ACK changes: rounds, bandwidth, short-term
 * bounds, aggregation. */
void gw_bbr_model_acked(struct gw_cc *, const struct gw_cc_ack *);
/* The last: the signals of one round. */
void gw_bbr_model_advance(struct gw_bbr *, const struct gw_cc_ack *);
void gw_bbr_note_loss(struct gw_cc *, const struct gw_cc_loss *);
void gw_bbr_reset_full_bw(struct gw_bbr *, uint64_t base);
void gw_bbr_reset_short_term(struct gw_bbr *);
void gw_bbr_reset_signals(struct gw_bbr *);
uint64_t gw_bbr_max_bw(const struct gw_bbr *);
/* The highest sample of this round and the last. */
uint64_t gw_bbr_round_bw(const struct gw_bbr *);

/* So many bytes lost of so many in flight are too many, and congestion. */
bool gw_bbr_is_too_high(
    const struct gw_bbr *, uint64_t lost, uint64_t in_flight, bool app_limited);

/* Nothing of this round came through an empty queue. */
bool gw_bbr_queue_grows(const struct gw_bbr *);

/* Bytes: a share of the bandwidth-delay product; what is wanted in flight at
 * that share; the same less room for others; the most. */
uint64_t gw_bbr_bdp(const struct gw_bbr *, uint64_t bw, unsigned percent);
uint64_t gw_bbr_inflight(const struct gw_cc *, uint64_t bw, unsigned percent);
uint64_t gw_bbr_with_headroom(const struct gw_cc *);
uint64_t gw_bbr_target(const struct gw_cc *);
uint64_t gw_bbr_max_inflight(const struct gw_cc *);

/* What is to be sent for so much to arrive. */
static inline uint64_t
gw_bbr_with_stray(const struct gw_bbr *b, uint64_t bytes)
{
	return bytes * GW_BBR_STRAY_ONE / (GW_BBR_STRAY_ONE - b->stray);
}

static inline bool
gw_bbr_in_probe_bw(const struct gw_bbr *b)
{
	return b->state >= GW_BBR_DOWN && b->state <= GW_BBR_UP;
}

#endif /* GW_SESSION_UDP_BBR_PRIVATE_H */
