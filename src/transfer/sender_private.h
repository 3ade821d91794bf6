/*
 * sender_private - shared by the files of sender: sender.c (the engine and
 * its control stream), sender_plan.c (what to read next), sender_content.c
 * (pieces).
 */
#ifndef GW_TRANSFER_SENDER_PRIVATE_H
#define GW_TRANSFER_SENDER_PRIVATE_H

#include "transfer/sender.h"
#include "wire/piece.h"

enum gw_sender_state {
	GW_SENDER_OFFERED,   /* OFFER is out */
	GW_SENDER_SENDING,   /* accepted */
	GW_SENDER_CONFIRMED, /* the RECEIPT is here */
	GW_SENDER_OVER       /* refused or failed */
};

enum {
	RING = 256,                   /* READ jobs planned and not yet sent */
	READAHEAD = 16 << 20,         /* bytes in them */
	READAHEAD_COMPRESS = 4 << 20, /* what is read late is decided late */
	READAHEAD_UNKNOWN = 2 << 20,  /* until the network was measured */
	SMALL = 65536,                /* buffers up to here are not pooled */
	ANNOUNCE_AHEAD = 1024 /* entries ahead of content, when no HAVE is
				 waited for */
};

/* What is known of an entry, a byte each. */
enum {
	MARK_HAD = 1,    /* the receiver wants no content */
	MARK_RESULT = 2, /* its RESULT came */
};

/* Blocks of an entry that the receiver has; entries in rising order. */
struct gw_sender_have {
	uint64_t entry;
	struct gw_ranges blocks;
	struct gw_hash *hashes; /* one a block, in order; NULL: trusted */
};

struct gw_sender_slot {
	struct gw_read read;
	bool done;
};

/* Where planning stands: an entry and an offset in it. */
struct gw_sender_plan {
	uint64_t entry;
	struct gw_entry e;
	bool open;  /* e is being planned */
	bool first; /* nothing of it was planned yet */
	bool waits; /* for a find_data, or for the stream's last block */
	uint64_t offset;
	uint64_t data_end; /* sparse: where the known data ends */
	size_t have;       /* next in haves */
};

struct gw_sender {
	struct gw_sender_options o;
	enum gw_sender_state state;
	uint64_t count;
	uint8_t *marks;

	struct gw_bytes in, out;
	size_t in_used; /* of `in`, lent out by the last event */
	uint64_t announced, announced_sent;
	bool end_announced;
	bool archive, go_all, told_accepted;
	uint64_t go;
	const char *failure;
	bool failure_told;

	struct gw_sender_have *haves;
	size_t have_n, have_cap;

	struct gw_sender_plan plan;
	struct gw_sender_slot *ring;
	uint64_t planned, offered, emitted; /* counts of READ jobs */
	size_t in_flight;                   /* bytes wanted by them */
	uint64_t failed_entry;              /* its FAIL is out */
	struct gw_pool pool;

	struct gw_slice parts[5]; /* of the pieces being sent */
	unsigned part, part_n;
	uint8_t heads[2][GW_PIECE_HEADER];
	char fail_reason[128];

	uint64_t network, zstd_speed; /* bytes a second */
	bool network_known;
	bool network_limits;
	double ratio;
	unsigned since_probe;

	struct gw_sender_stats stats;
};

void gw_sender_fail(struct gw_sender *, const char *why);

/* sender_plan.c */
/* Plan the next READ job; false: nothing to plan now. */
bool gw_sender_plan_one(struct gw_sender *);
void gw_sender_plan_done(struct gw_sender *, struct gw_read *);
/* Every entry was planned. */
bool gw_sender_planned_all(const struct gw_sender *);
struct gw_sender_slot *gw_sender_slot(struct gw_sender *, uint64_t n);
void gw_sender_release(struct gw_sender *, struct gw_sender_slot *);

#endif /* GW_TRANSFER_SENDER_PRIVATE_H */
