/*
 * sender - the sending engine of one transfer over one session.
 *
 * Sans-IO and carrier-blind: control and content are byte streams, the disk
 * is a queue of READ jobs that the owner runs on worker threads in any
 * order; pieces leave in the order of the entries.  After a lost session a
 * new engine starts on the same manifest; what the receiver has comes back
 * in HAVE.  docs/protocol.md 4.
 */
#ifndef GW_TRANSFER_SENDER_H
#define GW_TRANSFER_SENDER_H

#include "base/hash.h"
#include "base/item.h"
#include "base/pool.h"
#include "base/time.h"
#include "transfer/manifest.h"
#include "wire/control.h"

struct gw_sender;

struct gw_sender_options {
	const struct gw_manifest *manifest;     /* complete; outlives it */
	const uint8_t *transfer_id, *source_id; /* 16 bytes each */
	struct gw_slice names; /* top level, as gw_offer_add_name made them */
	uint64_t name_count;
	uint64_t missed; /* entries that could not be listed */
	bool stream;     /* one entry whose size nobody knows */
	bool compress;   /* zstd where it pays */
	bool checksum;   /* wish that what is there is read again */
};

GW_MUST_USE enum gw_err gw_sender_new(
    const struct gw_sender_options *, struct gw_sender **);
/* No READ job may be with the owner. */
void gw_sender_free(struct gw_sender *);

/* ---- the two streams ---- */

void gw_sender_input(struct gw_sender *, struct gw_slice control);
/* Control bytes to send; lent until the next call. */
struct gw_slice gw_sender_control(struct gw_sender *);
void gw_sender_control_sent(struct gw_sender *, size_t n);
/* Content bytes to send, part by part; empty: none now. */
struct gw_slice gw_sender_content(struct gw_sender *);
void gw_sender_content_sent(struct gw_sender *, size_t n);

/* ---- reading ---- */

/* What a worker is to do, and what came of it. */
struct gw_read {
	struct gw_item item; /* the owner's queue */
	uint64_t entry;
	struct gw_slice path;
	const struct gw_manifest *manifest; /* for what the file was like */
	uint64_t offset;
	size_t want;      /* bytes into buf; 0: only look */
	bool first, last; /* check the file against its entry, before ... */
	bool find_data;   /* ... and after.  Find the next data instead */
	bool xattrs;      /* bring the user.* attributes */
	bool compress;    /* try, into spare */
	uint8_t *buf, *spare;
	const struct gw_hash *check; /* the receiver's block: send if other */

	/* set by the worker */
	size_t got;
	size_t wire_len; /* less than got: spare holds it compressed */
	bool same;       /* the block is what the receiver has */
	struct gw_hash hash;
	uint64_t data_start, data_end; /* of find_data */
	uint8_t *xattrs_bytes;         /* malloc'ed; the engine frees it */
	size_t xattrs_len;
	uint64_t compress_ns; /* how long compressing took */
	enum gw_err err;
	char reason[128];

	void *owner; /* of the worker's file, the owner's alone */
};

/* The job was done: its results are set. */
void gw_sender_read_done(struct gw_sender *, struct gw_read *);
/* The speed of the network of late and whether it was the limit: decides
 * what is worth compressing. */
void gw_sender_network(
    struct gw_sender *, uint64_t bytes_per_second, bool limits);

/* Tell the receiver what holds this side up (its user, say). */
GW_MUST_USE enum gw_err gw_sender_status(struct gw_sender *, enum gw_limiter);

/* ---- events ---- */

enum gw_sender_event_kind {
	GW_SENDER_READ, /* run this job, then gw_sender_read_done */
	GW_SENDER_ACCEPTED,
	GW_SENDER_REFUSED, /* over; by the receiver */
	GW_SENDER_RESULT,  /* entries are done with */
	GW_SENDER_RECEIPT, /* all are: the result of the transfer */
	GW_SENDER_FAILED   /* the receiver broke the protocol */
};

struct gw_sender_event {
	enum gw_sender_event_kind kind;
	union {
		struct gw_read *read;
		struct {
			enum gw_err err;
			struct gw_slice text;
		} refused;
		struct {
			uint64_t first, count;
			enum gw_entry_status status;
			struct gw_slice reason;
		} result;
		struct {
			uint64_t done, had, skipped, failed, bytes;
		} receipt;
		const char *failed;
	};
};

/* Slices are lent until the next call. */
bool gw_sender_event(struct gw_sender *, struct gw_sender_event *);

struct gw_sender_stats {
	uint64_t bytes; /* of content dealt with, had ones included */
	uint64_t moved; /* of them given to the network */
	uint64_t files; /* entries with a RESULT */
	uint64_t entry; /* being sent */
	unsigned reads; /* with the owner */
	bool accepted, content_sent;
	enum gw_limiter peer; /* what it says holds it up */
};
struct gw_sender_stats gw_sender_stats(const struct gw_sender *);

#endif /* GW_TRANSFER_SENDER_H */
