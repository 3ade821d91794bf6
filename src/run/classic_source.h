/*
 * classic_source - what a plain send gives: one file, or standard input; moved
 * in pieces on a worker thread, straight into the connection.
 */
#ifndef GW_RUN_CLASSIC_SOURCE_H
#define GW_RUN_CLASSIC_SOURCE_H

#include "os/pump.h"
#include "os/stamp.h"
#include "run/loop.h"

struct gw_classic_source {
	struct gw_work work;
	char *name;      /* what the receiver is told */
	bool stream;     /* has no size, and may let us wait for ever */
	uint64_t size;   /* else, when it was opened */
	uint64_t offset; /* moved so far, and where in the file that is */
	uint64_t start;  /* of it, in the file */
	bool busy;       /* a piece is under way */

	/* what came of the last piece: END only if all that was there when it
	 * was opened went, and nothing has changed since */
	enum gw_pumped came;
	uint64_t moved;
	enum gw_err err;
	struct gw_why why;
	void (*done)(struct gw_classic_source *); /* on the loop */

	/* private */
	int fd, socket;
	bool close_fd;
	uint64_t most;
	struct gw_pipe pipe;
	struct gw_pump *pump;
	struct gw_stamp stamp;
};

/* Open it; all zeros before.  GW_E_NO_PATH, GW_E_USAGE, GW_E_MEMORY,
 * GW_E_LIMIT: why says it.  _fini in any case. */
GW_MUST_USE enum gw_err gw_classic_source_open(struct gw_classic_source *,
    const struct gw_classic_send_options *, struct gw_why *);
/* Not while it is busy. */
void gw_classic_source_fini(struct gw_classic_source *);

/* Move at most so much into the socket; then done comes. */
void gw_classic_source_move(
    struct gw_classic_source *, struct gw_loop *, int socket, uint64_t most);
/* Whatever it waits for, it ends soon; done comes all the same. */
void gw_classic_source_cancel(struct gw_classic_source *);

#endif /* GW_RUN_CLASSIC_SOURCE_H */
