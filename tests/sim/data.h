/*
 * data - streams between two ends over a network that loses, repeats and
 * reorders, without keys and congestion control: send_stream, recv_stream,
 * flow and ack_out as a session on udp has them, and the bytes between.
 *
 * Packets are real ones (wire/head, wire/frame).  A packet counts as lost
 * when three later ones were acknowledged, or after a while; so some that
 * arrive are called lost.  Every step is a millisecond of virtual time.
 */
#ifndef GW_TESTS_SIM_DATA_H
#define GW_TESTS_SIM_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "session/udp/ack_out.h"
#include "session/udp/flow.h"
#include "session/udp/recv_stream.h"
#include "session/udp/send_stream.h"

enum {
	DATA_STREAMS = 4,
	DATA_FLIGHT = 1 << 14, /* packets that an end remembers */
	DATA_PACKET = 1400,
	DATA_CODE = 42 /* of resets */
};

/* How the owner of a stream reads it. */
enum data_reader {
	DATA_EAGER,  /* at once, and deals with it at once */
	DATA_SLOW,   /* deals with a little now and then */
	DATA_LAZY,   /* lets it wait, and takes a little now and then */
	DATA_PAUSED, /* deals with nothing until some time has passed */
	DATA_READERS
};

struct data_options {
	uint64_t seed;
	unsigned loss, repeat; /* of 1000 packets */
	unsigned burst;        /* packets lost together, at least 1 */
	unsigned delay;        /* ms */
	unsigned jitter;       /* ms at most, in which packets overtake */
	uint64_t size;         /* of each stream, about */
	uint64_t stream_max, session_max, send_max;
	bool no_repeat; /* nobody tells flow what was lost: BLOCKED has to do */
	bool resets;    /* some streams are given up half-way */
	bool both;      /* data in both directions */
};

struct data_stream {
	struct gw_send_stream send;
	struct gw_recv_stream recv;
	struct gw_flow_stream flow;
	uint64_t size;     /* to be written; reset_at: then it is given up */
	uint64_t reset_at; /* or UINT64_MAX */
	enum data_reader reader;
	uint64_t got, held; /* given in order; of that, not dealt with */
	bool ended;
};

struct data_sent {
	uint64_t number;
	gw_usec at;
	uint64_t offset, n;
	uint16_t stream;
	bool chunk, end, frames, reset, ack, eliciting;
	bool acked, lost;
};

struct data_end {
	struct gw_flow flow;
	struct gw_ack_out acks;
	struct data_stream v[DATA_STREAMS];
	struct data_sent sent[DATA_FLIGHT]; /* by number */
	uint64_t next, oldest; /* numbers: the next; nothing below waits */
	uint64_t acked_next;   /* one more than the largest acknowledged */
	uint64_t in_flight;
	uint64_t most_held; /* bytes of rings, ever */
};

struct data_packet {
	uint8_t bytes[DATA_PACKET];
	size_t n;
	uint64_t number;
	gw_usec at; /* when it arrives */
	unsigned to;
	bool used;
};

struct data_wire;

struct data {
	struct data_options o;
	struct data_end end[2];
	gw_usec now;
	uint64_t random_state;
	struct gw_random random;
	struct data_wire *wire; /* packets under way */
	unsigned bursting;      /* packets that are lost next */
};

struct data *data_new(const struct data_options *);
void data_free(struct data *);
/* A millisecond. */
void data_step(struct data *);
/* All streams came to their end, on both sides. */
bool data_done(const struct data *);
/* Until it is done; fails the test when that takes too long. */
void data_run(struct data *, gw_usec most);

/* ---- between data.c and data_packets.c ---- */

uint64_t data_below(struct data *, uint64_t bound);
/* Which stream it is, as its sender sees it: their bytes differ. */
uint16_t data_name(unsigned from, unsigned id);
void data_post(struct data *, unsigned from, const struct data_packet *);
void data_arrive(struct data *, const struct data_packet *);
/* Bytes in order, for the owner of stream `id` that `from` sends. */
void data_give(struct data_end *, unsigned from, unsigned id, struct gw_slice);
void data_find_losses(struct data *, struct data_end *);
/* One packet, with a chunk if that is allowed; false: nothing to say. */
bool data_send(struct data *, unsigned from, bool data);

#endif /* GW_TESTS_SIM_DATA_H */
