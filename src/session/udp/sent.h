/*
 * sent - what has been sent and what is known of it, by packet number.
 *
 * A ring of 32 bytes a packet and, for what packets sent together share, a
 * ring of trains; both grow by doubling, up to GW_SENT_MAX, and nothing is
 * allocated per packet.  A packet is let go when its fate has been taken and
 * no ACK for it is to be expected any more.
 *
 * Knows no clock beyond the times that it is given, and decides nothing.
 * Tests: tests/unit/sent_test.c.
 */
#ifndef GW_SESSION_UDP_SENT_H
#define GW_SESSION_UDP_SENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/time.h"
#include "session/udp/rate.h"

enum {
	GW_SENT_MAX = 1 << 19, /* packets held */
	GW_SENT_GAP_MAX = 64,  /* numbers left out at once */
	GW_SENT_GAPS = 8       /* of these, the last are remembered */
};

/* What a packet carried, for who has to repeat it. */
struct gw_sent_content {
	uint64_t offset;
	uint32_t length; /* 0: no chunk (or an empty one: see controls) */
	uint16_t stream;
	uint16_t controls; /* bits that mean something to the owner only */
};

struct gw_sent_packet {
	uint64_t number; /* rising; up to GW_SENT_GAP_MAX may be left out */
	uint32_t bytes;  /* of the datagram */
	bool eliciting;  /* in flight, counts; an ACK alone does not */
	bool mtu_probe;  /* its loss is no congestion */
	bool ect;        /* left marked ECT(0) */
	struct gw_sent_content content;
};

enum gw_fate_kind { GW_FATE_ACKED, GW_FATE_LOST };

struct gw_fate {
	enum gw_fate_kind kind;
	bool late; /* acknowledged, but had been given as lost before */
	bool mtu_probe;
	bool eliciting;
	uint32_t bytes;
	uint64_t number;
	struct gw_sent_content content;
};

enum gw_sent_state {
	GW_SENT_OUT, /* nothing is known */
	GW_SENT_ACKED,
	GW_SENT_LOST,    /* called lost; may still turn up */
	GW_SENT_LEFT_OUT /* no such packet */
};

enum {
	GW_SENT_ELICITING = 1,
	GW_SENT_MTU_PROBE = 2,
	GW_SENT_ECT = 4,
	GW_SENT_QUEUED = 8, /* its fate waits to be taken */
	GW_SENT_LATE = 16,
	GW_SENT_ELSEWHERE = 32 /* on a path that is no longer used */
};

struct gw_sent_entry {
	struct gw_sent_content content;
	uint32_t bytes;
	uint32_t train;
	uint32_t next; /* whose fate is taken after this one's */
	uint8_t state;
	uint8_t flags;
};

struct gw_sent {
	struct gw_sent_entry *v;
	size_t cap;
	uint64_t base, end; /* numbers held */
	uint64_t oldest;    /* none below it is GW_SENT_OUT */
	struct gw_train *trains;
	size_t train_cap;
	uint32_t train_base, train_end;
	uint64_t in_flight; /* bytes of eliciting packets that are out */
	uint64_t eliciting; /* and their number */
	uint64_t first_fate, last_fate;
	size_t fates;
	struct {
		uint64_t first, end;
	} gaps[GW_SENT_GAPS];
	unsigned gap;      /* the one to overwrite next */
	uint64_t gaps_end; /* above all of them; 0: none */
};

/* What was newly acknowledged.  Starts as GW_SENT_NEWS_INIT. */
struct gw_sent_news {
	uint64_t packets;
	uint64_t newest, oldest; /* of those that were out */
	/* Of eliciting packets on this path: */
	uint64_t bytes;
	uint64_t newest_eliciting; /* GW_SENT_NONE */
	uint64_t marked;           /* that left ECT(0) */
};

#define GW_SENT_NONE UINT64_MAX
#define GW_SENT_NEWS_INIT                                                      \
	{                                                                      \
		.oldest = GW_SENT_NONE, .newest_eliciting = GW_SENT_NONE       \
	}

/* GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_sent_init(struct gw_sent *);
void gw_sent_fini(struct gw_sent *);
/* Packets with one `train` left at one time; it is the last one, or a new
 * one where `new_train` is not NULL.  GW_E_LIMIT: too many; GW_E_MEMORY; on
 * error nothing changes. */
GW_MUST_USE enum gw_err gw_sent_add(struct gw_sent *,
    const struct gw_sent_packet *, const struct gw_train *new_train);

static inline struct gw_sent_entry *
gw_sent_at(const struct gw_sent *s, uint64_t number)
{
	return &s->v[number & (s->cap - 1)];
}

static inline struct gw_train *
gw_sent_train(const struct gw_sent *s, const struct gw_sent_entry *e)
{
	return &s->trains[e->train & (s->train_cap - 1)];
}

/* One of first..last was left out; the last GW_SENT_GAPS gaps are known. */
static inline bool
gw_sent_hits_gap(const struct gw_sent *s, uint64_t first, uint64_t last)
{
	if (first >= s->gaps_end)
		return false;
	for (unsigned i = 0; i < GW_SENT_GAPS; i++)
		if (first < s->gaps[i].end && last >= s->gaps[i].first)
			return true;
	return false;
}

/* The last train; NULL: none. */
struct gw_train *gw_sent_last_train(const struct gw_sent *);
/* Acknowledge those of first..last that are GW_SENT_OUT, up to the first that
 * is GW_SENT_LOST: returns its number, last + 1 if there is none. */
uint64_t gw_sent_acked(
    struct gw_sent *, uint64_t first, uint64_t last, struct gw_sent_news *);
/* Acknowledge one that is GW_SENT_LOST. */
void gw_sent_found(struct gw_sent *, uint64_t number, struct gw_sent_news *);
/* GW_SENT_OUT becomes GW_SENT_LOST. */
void gw_sent_lost(struct gw_sent *, uint64_t number);
/* Everything that is out is lost, on a path that is no longer used; what is
 * said of it from now on changes its fate only. */
void gw_sent_leave_path(struct gw_sent *);
/* The next fate, oldest news first; false: none. */
bool gw_sent_fate(struct gw_sent *, struct gw_fate *);
/* Let go, from the oldest on, what is done, and what was sent before
 * `horizon` and is lost or needs no ACK. */
void gw_sent_forget(struct gw_sent *, gw_usec horizon);
/* No room for another train of packets. */
bool gw_sent_full(const struct gw_sent *);

#endif /* GW_SESSION_UDP_SENT_H */
