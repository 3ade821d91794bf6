/*
 * bottleneck - flows over one link, in virtual time, for what concerns
 * congestion control: each sender drives a gw_recovery, each receiver
 * acknowledges as it was asked to.  Packets have numbers and sizes, and no
 * bytes; a run is its options and its seed.
 *
 *	senders -> loss, policer -> queue, rate -> delay -> receivers
 *	        <- delay, loss, rate, lumps <-  ACKs
 */
#ifndef GW_TESTS_SIM_BOTTLENECK_H
#define GW_TESTS_SIM_BOTTLENECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ranges.h"
#include "session/udp/recovery.h"

enum {
	BN_FLOWS = 8,
	BN_FRAME = 1514, /* on the link */
	BN_DATAGRAM = 1472,
	BN_PAYLOAD = 1424, /* what a program gets of it */
	BN_PPM = 1000000
};

/* Payload in Mbit/s that a link of so much carries. */
static inline double
bn_payload(double mbit)
{
	return mbit * BN_PAYLOAD / BN_FRAME;
}

struct bn_link {
	uint64_t rate;    /* bytes of frames a second */
	gw_usec rtt;      /* of the empty path; half of it each way */
	uint64_t queue;   /* bytes; drop-tail */
	unsigned loss;    /* ppm of packets, drawn before the queue */
	unsigned burst;   /* packets lost together; 0: 1 */
	unsigned reorder; /* ppm of packets that are late by: */
	gw_usec late;
	gw_usec jitter;        /* each up to so late, order kept */
	uint64_t police;       /* bytes a second; 0: no policer */
	uint64_t police_burst; /* bytes */
	uint64_t mark;         /* CE above so many bytes queued; 0: none */
	unsigned ack_loss;     /* ppm */
	uint64_t ack_rate;     /* bytes a second of the way back; 0: plenty */
	gw_usec lump;          /* ACKs arrive together, every so often */
};

struct bn_flow_options {
	enum gw_congestion congestion;
	gw_usec start;
	uint64_t bytes;    /* payload to move; 0: without end */
	uint64_t app_rate; /* payload bytes a second; 0: all at once */
	uint64_t
	    granted; /* bytes that its receiver lets be under way; 0: all */
	gw_usec extra_rtt; /* beyond that of the link */
	bool unpaced;      /* as a kernel sends: whatever the window allows */
	gw_usec tick;      /* its loop wakes at multiples of this; 0: exactly */
	bool told_rtt;     /* it knows the RTT from its handshake */
};

struct bn_flow {
	struct bn_flow_options o;
	struct gw_recovery r;
	bool running, done;
	gw_usec wake, done_at;
	uint64_t number; /* next */
	/* data, in chunks of BN_PAYLOAD */
	uint64_t chunks, fresh; /* to move; not sent yet from here on */
	uint64_t written;       /* the program has given so many */
	uint32_t *again;        /* to be sent again: a ring */
	uint64_t again_first, again_end, again_cap;
	uint8_t *arrived; /* a bit a chunk */
	uint64_t arrived_cap;
	uint64_t received; /* chunks, each once */
	uint64_t acked;
	/* receiver */
	struct gw_ranges got;
	uint64_t largest;
	gw_usec largest_at;
	unsigned unacked;
	gw_usec ack_at;
	bool gap;
	uint64_t ect0, ce;
	struct gw_ack_frequency frequency;
	/* counted */
	uint64_t sent_packets, again_packets, acks;
	uint64_t link_lost, queue_lost; /* packets of this flow */
};

struct bn_event;

struct bn {
	struct bn_link link;
	struct bn_flow flow[BN_FLOWS];
	unsigned flows;
	gw_usec now;
	uint64_t random;
	/* link */
	uint64_t free_at; /* ns, when what is queued has left */
	unsigned burst_left;
	gw_usec last_packet;
	gw_usec last_arrival;
	uint64_t policer_tokens; /* bytes */
	gw_usec policer_at;
	uint64_t ack_free_at;              /* ns */
	uint64_t queue_sum, queue_samples; /* us, as packets find it */
	uint64_t queue_max;
	/* events */
	struct bn_event *heap;
	size_t heap_n, heap_cap;
	uint64_t order;
};

/* A link of so many Mbit/s and ms, with a queue of so many hundredths of
 * their product. */
struct bn_link bn_link_of(double mbit, double rtt_ms, double queue);
struct bn *bn_new(const struct bn_link *, uint64_t seed);
void bn_free(struct bn *);
struct bn_flow *bn_add(struct bn *, const struct bn_flow_options *);
/* Everything up to this time. */
void bn_run(struct bn *, gw_usec until);
/* Until this flow is done; false: not by then. */
bool bn_run_flow(struct bn *, const struct bn_flow *, gw_usec until);
/* The next thing that happens; false: nothing will. */
bool bn_step(struct bn *);
/* The program has more to send. */
void bn_write(struct bn *, struct bn_flow *, uint64_t bytes);
/* Payload that arrived, each byte once. */
uint64_t bn_received(const struct bn_flow *);
/* Mbit/s of payload over this time from now on. */
double bn_goodput(struct bn *, const struct bn_flow *, gw_usec time);
/* The part of the link's time that went by in its queue: 0.5 is half an RTT
 * of waiting, on average over packets. */
double bn_queueing(const struct bn *);
uint64_t bn_queued(const struct bn *);
double bn_random(struct bn *);

/* ---- between bottleneck.c and bottleneck_flow.c ---- */

struct bn_packet {
	uint64_t number;
	uint64_t chunk;
	uint32_t bytes;
	bool ect, ce;
};

void bn_link_send(struct bn *, unsigned flow, struct bn_packet);
void bn_link_ack(struct bn *, unsigned flow, const struct gw_ack *);
void bn_flow_arrived(struct bn *, unsigned flow, const struct bn_packet *);
void bn_flow_acked(struct bn *, unsigned flow, const struct gw_ack *);
/* Its timers, where they have come. */
void bn_flow_wake(struct bn *, unsigned flow);
void bn_flow_fini(struct bn_flow *);

#endif /* GW_TESTS_SIM_BOTTLENECK_H */
