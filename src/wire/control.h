/*
 * control - the messages of a transfer's control stream.
 *
 * A message is a varint type, a varint length and its body.  Decoding
 * borrows from the bytes it is given; lists are walked with the functions
 * below, which check every element.
 */
#ifndef GW_WIRE_CONTROL_H
#define GW_WIRE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/ranges.h"
#include "wire/entry.h"

enum gw_message_type {
	GW_MSG_OFFER = 1,       /* sender: what the transfer is */
	GW_MSG_ACCEPT = 2,      /* receiver */
	GW_MSG_REFUSE = 3,      /* receiver */
	GW_MSG_ENTRY = 4,       /* sender: the next entry */
	GW_MSG_ENTRIES_END = 5, /* sender: how many there were */
	GW_MSG_HAVE = 6,        /* receiver: what it has of an entry */
	GW_MSG_GO = 7,          /* receiver: entries below are decided */
	GW_MSG_RESULT = 8,      /* receiver: a run of entries is done with */
	GW_MSG_RECEIPT = 9,     /* receiver: all of them are */
	GW_MSG_DONE = 10,       /* sender: it knows */
	GW_MSG_STATUS = 11      /* both: what holds me up */
};

enum {
	GW_OFFER_STREAM = 1,  /* one file whose size nobody knows yet */
	GW_OFFER_CHECKSUM = 2 /* wishes that what is there is read again */
};

enum { GW_ACCEPT_ARCHIVE = 1, GW_ACCEPT_GO_ALL = 2 };

enum gw_have { GW_HAVE_WHOLE = 1, GW_HAVE_SKIP = 2, GW_HAVE_BLOCKS = 3 };

struct gw_offer {
	uint8_t transfer_id[16], source_id[16];
	uint8_t flags;
	uint64_t files, dirs, others, bytes;
	uint64_t stored; /* of bytes: no holes */
	uint64_t linked; /* of stored: further names of hard links */
	uint64_t missed; /* entries that the sender cannot or does not send */
	uint64_t name_count;
	struct gw_slice names; /* strings, see gw_offer_name */
};

struct gw_message {
	enum gw_message_type type;
	union {
		struct gw_offer offer;
		uint8_t accept; /* flags */
		struct {
			enum gw_err err;
			struct gw_slice text;
		} refuse;
		struct gw_entry entry;
		uint64_t count; /* ENTRIES_END, GO */
		struct {
			uint64_t entry;
			enum gw_have what;
			uint64_t range_count;
			struct gw_slice ranges; /* see gw_have_range */
			/* One for each block in the ranges, or empty. */
			struct gw_slice hashes;
		} have;
		struct {
			uint64_t first, count;
			enum gw_entry_status status;
			struct gw_slice reason;
		} result;
		struct {
			uint64_t done, had, skipped, failed, bytes;
		} receipt;
		enum gw_limiter status;
	};
};

enum gw_split { GW_SPLIT_MORE, GW_SPLIT_MESSAGE, GW_SPLIT_BAD };

/*
 * Take one whole message off the front of *in.  MORE: it has not all come.
 * BAD: no such message, or over a limit; *in is untouched.
 */
enum gw_split gw_message_next(struct gw_slice *in, struct gw_message *);

/* Append a message.  GW_E_MEMORY; GW_E_LIMIT: it passes GW_MESSAGE_MAX. */
GW_MUST_USE enum gw_err gw_message_add(
    struct gw_bytes *, const struct gw_message *);
/* An entry that is encoded already. */
GW_MUST_USE enum gw_err gw_message_add_entry(
    struct gw_bytes *, struct gw_slice encoded);

/* Walk OFFER's names, checked when it was decoded: start with a copy of
 * `names`; false at the end. */
bool gw_offer_next_name(struct gw_slice *rest, struct gw_slice *name);
/* The same for HAVE's ranges of blocks (block numbers). */
bool gw_have_next_range(struct gw_slice *rest, struct gw_range *range);

/* For building the lists: append one element. */
GW_MUST_USE enum gw_err gw_offer_add_name(struct gw_bytes *, struct gw_slice);
GW_MUST_USE enum gw_err gw_have_add_range(
    struct gw_bytes *, const struct gw_range *);

#endif /* GW_WIRE_CONTROL_H */
