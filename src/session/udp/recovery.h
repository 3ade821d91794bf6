/*
 * recovery - what was sent on a path: is it there, is it lost, how much more
 * may go out and when.
 *
 * The one thing of this folder that a connection talks to.  It knows packet
 * numbers, sizes and times, and nothing of keys, frames or bytes: what a
 * packet carried is kept for the owner and given back with its fate.
 *
 *	while ((n = gw_recovery_budget(r, now)) > 0)
 *		send a train of at most n bytes; gw_recovery_sent() for each
 *	nothing more to send: gw_recovery_app_limited(), whatever n is
 *	an ACK came: gw_recovery_acked(), then all of gw_recovery_fate()
 *	gw_recovery_deadline() passed: gw_recovery_tick(), then as above, and
 *	    gw_recovery_probes() packets whatever the budget says
 *
 * Below an RTT of 1 ms (a LAN, loopback) packets are clocked by ACKs and not
 * paced, whatever the controller says: there a pacer only costs.
 *
 * Nothing is allocated per packet.  Tests: tests/unit/recovery_test.c,
 * recovery_ack_test.c, ack_policy_test.c; tests/sim/congestion_test.c,
 * cc_paths_test.c.
 */
#ifndef GW_SESSION_UDP_RECOVERY_H
#define GW_SESSION_UDP_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/time.h"
#include "session/trace.h"
#include "session/udp/cc.h"
#include "session/udp/ecn.h"
#include "session/udp/loss.h"
#include "session/udp/pacer.h"
#include "session/udp/rate.h"
#include "session/udp/rtt.h"
#include "session/udp/sent.h"
#include "wire/ack.h"

struct gw_recovery_options {
	enum gw_congestion congestion;
	uint32_t datagram;            /* bytes of a full one */
	uint64_t seed;                /* for when to probe */
	gw_usec rtt;                  /* of the handshake; 0: not known */
	bool no_ecn;                  /* this host cannot mark */
	const struct gw_trace *trace; /* NULL: none */
};

struct gw_recovery_counts {
	uint64_t packets, bytes;
};

struct gw_recovery_stats {
	gw_usec srtt, rttvar, min_rtt, pto;
	uint64_t window, in_flight;          /* bytes */
	uint64_t pacing_rate, delivery_rate; /* bytes a second */
	uint64_t quantum;                    /* bytes of a train */
	struct gw_recovery_counts sent, acked, lost, spurious;
	uint64_t persistent, ptos, ce;  /* how often */
	bool lan;                       /* not paced */
	const char *congestion, *state; /* names */
};

struct gw_recovery {
	struct gw_recovery_options options;
	struct gw_sent sent;
	struct gw_rtt rtt;
	struct gw_loss loss;
	struct gw_rate rate;
	struct gw_pacer pacer;
	struct gw_ecn ecn;
	struct gw_cc cc;
	uint32_t datagram;
	uint64_t limited_end;    /* the window was full until this number */
	uint64_t sent_since_ack; /* bytes */
	bool acked_since_train;
	struct gw_ack_frequency asked;
	uint32_t thin;    /* times as few ACKs as the window would have */
	uint64_t thinned; /* number sent when that was last judged */
	/* the newest ACK: what the next one repeats is skipped */
	struct gw_ack_range last[GW_ACK_RANGES];
	unsigned last_count;
	/* counted */
	struct gw_recovery_counts n_sent, n_acked, n_lost, n_spurious;
	uint64_t n_persistent, n_ptos, n_ce;
	uint64_t delivery_rate;
	gw_usec traced; /* metrics, last */
};

/* GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_recovery_init(
    struct gw_recovery *, const struct gw_recovery_options *, gw_usec now);
void gw_recovery_fini(struct gw_recovery *);

/* Bytes that window and pacer let out now; 0: none.  At least a datagram, and
 * where it is paced a whole train, so that trains stay long. */
uint64_t gw_recovery_budget(const struct gw_recovery *, gw_usec now);
/* A packet never left this machine: it fills no window, nothing waits for it
 * at the pacer, and it says nothing of the path. */
void gw_recovery_withdraw(struct gw_recovery *, uint64_t number);
/* The path is so short that nothing is paced: the CPU is what limits. */
bool gw_recovery_is_lan(const struct gw_recovery *);
/* When the pacer has something again; GW_NEVER: it waits for an ACK. */
gw_usec gw_recovery_send_at(const struct gw_recovery *, gw_usec now);
/* The next train leaves marked ECT(0). */
bool gw_recovery_ect(const struct gw_recovery *);
/* All packets of a train, one call each, with one `now`.  On error nothing
 * changes and the packet must not go out: GW_E_LIMIT, that many are out
 * already (the budget is 0 long before); GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_recovery_sent(
    struct gw_recovery *, const struct gw_sent_packet *, gw_usec now);
/* There is nothing more to send.  Where the window would take more, what is
 * delivered from now on says little of the path; else this does nothing. */
void gw_recovery_app_limited(struct gw_recovery *);
/* An ACK frame.  false: it acknowledges what was never sent, so the peer
 * breaks the protocol; nothing changed. */
bool gw_recovery_acked(
    struct gw_recovery *, const struct gw_ack *, gw_usec now);
void gw_recovery_tick(struct gw_recovery *, gw_usec now);
gw_usec gw_recovery_deadline(const struct gw_recovery *);

/* What became of packets, until false. */
bool gw_recovery_fate(struct gw_recovery *, struct gw_fate *);
/* So many eliciting packets go out now whatever the budget says. */
unsigned gw_recovery_probes(const struct gw_recovery *);
/* What the oldest packet that is out carried; false: none is out. */
bool gw_recovery_oldest(const struct gw_recovery *, struct gw_sent_content *);

/* Packets from now on take another path: RTT, controller and ECN start anew,
 * and what is out is given up (whole), or only the port has changed. */
void gw_recovery_new_path(struct gw_recovery *, bool whole, gw_usec now);
/* The path takes larger (smaller) datagrams. */
void gw_recovery_datagram(struct gw_recovery *, uint32_t bytes, gw_usec now);
/* The last that there is to say goes out: from here on the first two probe
 * timeouts come without back-off, since the peer gives up after three. */
void gw_recovery_ending(struct gw_recovery *);
/* What the peer should be asked for: true where it differs from last time. */
bool gw_recovery_ack_frequency(struct gw_recovery *, struct gw_ack_frequency *);
struct gw_recovery_stats gw_recovery_stats(const struct gw_recovery *);

#endif /* GW_SESSION_UDP_RECOVERY_H */
