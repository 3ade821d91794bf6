/*
 * cc - congestion control: how much may be in flight, and how fast.
 *
 * One small interface for all controllers.  They hear one summary for an ACK
 * and one for losses, never of single packets, and answer with a window, a
 * rate and the size of a train.  They see bytes and times only.
 *
 * Tests: tests/unit/cc_test.c, and those of each.
 */
#ifndef GW_SESSION_UDP_CC_H
#define GW_SESSION_UDP_CC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h" /* enum gw_congestion */
#include "base/time.h"
#include "session/trace.h"
#include "session/udp/bbr.h"
#include "session/udp/cubic.h"
#include "session/udp/ledbat.h"
#include "session/udp/rate.h"

enum {
	GW_CC_INITIAL_DATAGRAMS = 10 /* window before anything is known */
};

struct gw_cc_options {
	enum gw_congestion congestion;
	uint32_t datagram; /* bytes */
	uint64_t seed;
	gw_usec rtt; /* as far as known; 0 */
	const struct gw_trace *trace;
};

/* What an ACK brought.  Losses that it brought to light come first. */
struct gw_cc_ack {
	gw_usec now;
	uint64_t acked;     /* bytes, newly; may be 0 */
	uint64_t sent;      /* bytes, since the last such summary */
	uint64_t in_flight; /* bytes, after it */
	gw_usec rtt;        /* of its newest packet; 0: none */
	gw_usec min_rtt, smoothed_rtt;
	uint64_t delivered; /* bytes, ever */
	uint64_t lost;      /* bytes, ever, less those found */
	uint64_t held_back; /* bytes that the peer may hold back an ACK for */
	struct gw_rate_sample rate;
	bool window_limited; /* since the last one, the window was full */
	bool recovering;     /* an episode of loss is not over */
	bool silence;        /* before it none came for some RTTs */
};

struct gw_cc_loss {
	gw_usec now;
	uint64_t bytes;           /* 0: no loss, but CE marks */
	uint64_t ce;              /* packets newly marked */
	unsigned ranges;          /* of lost packets, apart */
	uint64_t in_flight;       /* bytes, without what was lost */
	uint64_t delivered, lost; /* bytes, ever */
	/* Of the newest lost packet: */
	uint64_t sent_in_flight; /* bytes in flight as it left */
	uint64_t lost_since;     /* bytes lost since */
	bool app_limited;
	bool episode; /* the first of about a round trip */
};

struct gw_cc;

struct gw_cc_ops {
	const char *name;
	void (*init)(struct gw_cc *, const struct gw_cc_options *, gw_usec now);
	/* Nothing is in flight and something is about to be. */
	void (*restart)(
	    struct gw_cc *, bool app_limited, uint64_t delivered, gw_usec now);
	void (*acked)(struct gw_cc *, const struct gw_cc_ack *);
	void (*lost)(struct gw_cc *, const struct gw_cc_loss *);
	/* What the last episode called lost has all turned up. */
	void (*undo)(struct gw_cc *, const struct gw_cc_ack *);
	/* Nothing came through for several probe timeouts. */
	void (*persistent)(struct gw_cc *, gw_usec now);
	const char *(*state)(const struct gw_cc *);
};

struct gw_cc {
	const struct gw_cc_ops *ops;
	const struct gw_trace *trace;
	uint32_t datagram;
	uint64_t window;  /* bytes that may be in flight */
	uint64_t rate;    /* bytes a second, above 0 */
	uint64_t quantum; /* bytes of a train */
	bool holding;     /* sends less than it could: samples tell nothing */
	union {
		struct gw_bbr bbr;
		struct gw_cubic cubic;
		struct gw_ledbat ledbat;
	} u;
};

void gw_cc_init(struct gw_cc *, const struct gw_cc_options *, gw_usec now);
/* Datagrams are larger or smaller from now on. */
void gw_cc_datagram(struct gw_cc *, uint32_t bytes);
/* Sets rate and quantum; the rate is at least a datagram a second. */
void gw_cc_set_rate(struct gw_cc *, uint64_t rate);
const char *gw_congestion_name(enum gw_congestion);

extern const struct gw_cc_ops gw_bbr_ops;
extern const struct gw_cc_ops gw_cubic_ops;
extern const struct gw_cc_ops gw_ledbat_ops;

#endif /* GW_SESSION_UDP_CC_H */
