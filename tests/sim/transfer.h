/*
 * transfer - a sending and a receiving engine, a tree and a disk; bytes,
 * jobs and tasks move in an order that the seed decides.
 */
#ifndef GW_TESTS_SIM_TRANSFER_H
#define GW_TESTS_SIM_TRANSFER_H

#include "disk.h"
#include "transfer/receiver.h"
#include "tree.h"

enum { TRANSFER_JOBS = 256 };

struct transfer_options {
	enum gw_conflict on_conflict;
	bool archive, checksum;
	bool replaces; /* asked, its user has it replaced; else left alone */
	unsigned cut_after; /* moves; 0: the session is not cut */
};

struct transfer {
	struct tree *tree;
	struct disk *disk;
	struct gw_sender *sender;
	struct gw_receiver *receiver;
	struct gw_read *reads[TRANSFER_JOBS];
	struct gw_task *tasks[TRANSFER_JOBS];
	unsigned read_n, task_n;
	bool replaces;
	size_t window;
	struct gw_bytes late; /* control that content has overtaken */
	gw_usec now;
	/* what came of it */
	bool finished, failed;
	enum gw_err err; /* of the receiver */
	uint64_t sent;   /* content bytes on the wire */
	struct {
		uint64_t done, had, skipped, failed;
	} receipt, counted;
	unsigned dropped, conflicts;
	uint64_t needs; /* UINT64_MAX: was not told */
	bool sender_has_receipt;
};

/* Run one session from its OFFER until it is finished, failed, cut, or the
 * disk is dead. */
void transfer_run(struct transfer *, struct tree *, struct disk *,
    const struct transfer_options *);

#endif /* GW_TESTS_SIM_TRANSFER_H */
