/*
 * bbr - BBRv3 (draft-ietf-ccwg-bbr of August 2026): a model of the path,
 * bandwidth and round trip, and a machine that keeps it true by sending now
 * faster, now slower.
 *
 *	STARTUP -> DRAIN -> DOWN -> CRUISE -> REFILL -> UP -> DOWN ...
 *	                    any -> PROBE_RTT -> CRUISE or STARTUP
 *
 * What differs from the draft, and why (figures are of tests/sim):
 *
 * 1. Loss is not congestion by itself (design.md 4).  Loss above 2 % in a
 *    round counts only if that round's lowest RTT exceeded 1.25 times the
 *    lowest, CE was seen, or more sending no longer delivers more; above 10 %
 *    it always counts (outside of probes: in two rounds in a row, since a
 *    round of a short path is few packets).  So also for the short-term
 *    bounds, which the draft lowers for any loss.  "More sending no longer
 *    delivers more" is asked where the last probe did not raise the RTT: there
 *    delay says nothing, and loss counts as in the draft.  So it does for a
 *    program that sends in bursts: nothing else ends its probe.
 * 2. What a path loses without congestion, a smoothed share of it, is sent on
 *    top of the bandwidth, so that as much arrives; and twice as much is not
 *    yet congestion.  (200 Mbit/s, 3 % in bursts: 184 Mbit/s of 188, else
 *    177.)
 * 3. Windows are 1.15 BDP while it cruises, 1.3 while it goes down, 1.5 to 2
 *    while it probes, 1.9 in STARTUP (draft: 2, 2, 2.25, 2), plus twice the
 *    jitter of the RTT.  So STARTUP does not overrun a queue of one BDP, and a
 *    CUBIC flow beside it in such a queue keeps 0.4 to 0.7 of the link, not
 *    0.2.  But in STARTUP, as long as the RTT is the lowest and little is lost,
 *    the window doubles in a round trip, as in slow start, and not only 1.75
 *    times, since the bandwidth is that of a round trip ago (100 MB over 500
 *    Mbit/s and 80 ms: 2.52 s, else 2.59).
 * 4. PROBE_UP ends when a queue is seen to grow (four RTTs in a row above 1.25
 *    times the lowest, and an eighth more than before it), not only after
 *    three rounds without growth: alone it keeps the RTT at 1.05 of the base.
 * 5. If not even STARTUP raised the RTT, PROBE_RTT comes at once, and where the
 *    RTT stays as low as ever it is put off only once: otherwise flows that
 *    arrive in a full queue take it for the path.
 * 6. The plateau of STARTUP and PROBE_UP is judged by the highest sample of a
 *    round, not by that of the ACK that begins it: where ACKs come in lumps
 *    the first of a lump says little (lumps of two RTTs: 88 Mbit/s of 94,
 *    else 32).
 * 7. Where PROBE_RTT still sees twice the lowest RTT it goes on with less in
 *    flight, and if that shortens the queue, what came through it is the
 *    bandwidth; else the estimate of before times an RTT of the queue is in
 *    flight.  (From 10 to 0.1 Mbit/s: full use and a short queue 12 s later
 *    without loss, else never.)  On paths of seconds it comes every 20 round
 *    trips, and a probe begins once the ACKs of the last are in: in the draft
 *    these overlap, and the bandwidth of long ago is never let go.
 * 8. Each of several flows remembers the best moment that it had, together
 *    more than there is, and keeps a queue.  So where a queue stands and
 *    nothing was lost to it for a while, the bandwidth outside of probes is
 *    what the last round delivered, and what ACKs in lumps need is not on top
 *    of what the gain gives.  Where something was lost, somebody pushes (most
 *    of the world is CUBIC), and it holds on to what it had.  (RTT of the base
 *    of two, four, six flows in a queue of four BDP: 1.2, 1.3 to 1.7, 2.2; else
 *    1.6, 3.9, 4.4.)
 * 9. A silence in STARTUP (a machine or a link that stood still for a while) is
 *    no plateau: the rounds that are counted begin anew after it.  Else STARTUP
 *    ends at whatever it had reached, and it takes 3 s until the first probe
 *    and 2 s more from 20 to 300 Mbit/s (100 MB over 500 Mbit/s and 80 ms, a
 *    second's standstill 0.4 s after the start: 8.7 s, now 4.7).
 *
 * Private to src/session.  Tests: tests/unit/bbr_test.c, bbr_states_test.c,
 * bbr_model_test.c; tests/sim/congestion_test.c, bbr_quiche_test.c,
 * bbr_paths_test.c, cc_paths_test.c.
 */
#ifndef GW_SESSION_UDP_BBR_H
#define GW_SESSION_UDP_BBR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum gw_bbr_state {
	GW_BBR_STARTUP,
	GW_BBR_DRAIN,
	GW_BBR_DOWN,
	GW_BBR_CRUISE,
	GW_BBR_REFILL,
	GW_BBR_UP,
	GW_BBR_PROBE_RTT
};

/* What the ACKs that come in now tell of the last probe for bandwidth. */
enum gw_bbr_acks {
	GW_BBR_ACKS_INIT,
	GW_BBR_ACKS_REFILLING,
	GW_BBR_ACKS_STARTING,
	GW_BBR_ACKS_FEEDBACK,
	GW_BBR_ACKS_STOPPING
};

struct gw_bbr {
	enum gw_bbr_state state;
	unsigned pacing_gain, window_gain; /* percent */
	uint64_t random;                   /* state of the generator */
	uint64_t initial_window;

	/* rounds, counted by packets */
	uint64_t round_count, round_end; /* round_end: bytes delivered */
	bool round_start;
	uint64_t drain_round;

	/* bandwidth, bytes a second */
	uint64_t max_bw[2]; /* of the cycle before and of this one */
	uint64_t round_bw, last_round_bw; /* highest of this round, the last */
	unsigned cycle;
	uint64_t bw; /* what it acts on */
	bool full_bw_reached, full_bw_now;
	uint64_t full_bw;
	unsigned full_bw_count;

	/* round trip */
	gw_usec min_rtt, min_rtt_stamp;
	bool min_rtt_doubtful;
	gw_usec recent_rtt, recent_stamp; /* lowest since PROBE_RTT was due */
	gw_usec low_stamp; /* when it was last about as low as min_rtt */
	gw_usec probe_rtt_done;
	bool probe_rtt_round_done;
	uint64_t probe_rtt_window;
	uint64_t prior_window;
	gw_usec prior_min_rtt;  /* before PROBE_RTT */
	bool prior_app_limited; /* and whether the program had enough to send */
	gw_usec hold_rtt;       /* lowest since it holds the window down */
	uint64_t hold_bw;       /* and the highest */
	uint64_t queued_bw;     /* of a round of it that saw a queue; 0: none */
	gw_usec queued_rtt;     /* lowest of that round */
	bool idle_restart;

	/* aggregation of ACKs */
	gw_usec extra_start;
	uint64_t extra_delivered;
	uint64_t extra[2]; /* largest of some rounds before, and of these */
	uint64_t extra_round;
	uint64_t held_back;

	/* long term */
	uint64_t inflight_longterm;
	uint64_t probe_up_acked, probe_up_acked_per_inc;
	unsigned probe_up_rounds;
	uint64_t rounds_since_probe;
	gw_usec cycle_stamp, probe_wait;
	enum gw_bbr_acks acks;
	bool probe_sample;            /* ACKs are of what a probe sent */
	bool too_high, precautionary; /* the probe before this one was */

	/* short term */
	uint64_t bw_shortterm, inflight_shortterm;
	uint64_t bw_latest, inflight_latest;
	uint64_t loss_round_end;
	bool loss_round_start;
	bool loss_in_round;

	/* what a round says of its losses */
	unsigned round_samples;
	gw_usec last_rtt,
	    jitter; /* of one ACK to the next, smoothed, times 16 */
	gw_usec round_rtt, last_round_rtt; /* lowest of this and the last */
	uint64_t round_lost;               /* gw_cc_ack.lost as it began */
	uint64_t round_delivered;          /* and .delivered */
	gw_usec loss_round_rtt; /* lowest since loss_round_end was set */
	uint64_t loss_round_lost, loss_round_delivered; /* as then */
	unsigned loss_round_ranges;
	bool loss_round_ce;
	bool heavy_before; /* the loss round before lost very much */
	bool rtt_rises;    /* when last tried, more sending raised the RTT */
	bool startup_loss; /* STARTUP met too much loss */
	bool saturated; /* when last tried, more sending did not deliver more */
	uint64_t up_bw; /* as UP began */
	gw_usec up_rtt; /* lowest of the round before */
	gw_usec pushed; /* when a queue was last seen to overflow; 0: never */
	bool crowded;   /* a queue stands, and that was long ago */
	uint64_t stray; /* share lost without congestion, of 65536 */

	/* to go back, if a loss was none */
	enum gw_bbr_state undo_state;
	bool undo_to_state;
	uint64_t undo_bw_shortterm, undo_inflight_shortterm;
	uint64_t undo_inflight_longterm;
	bool restore; /* prior_window, as soon as the episode is over */
};

#endif /* GW_SESSION_UDP_BBR_H */
