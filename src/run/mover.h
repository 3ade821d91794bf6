/*
 * mover - what a job does over its session: send or receive.
 *
 * A job drives a mover through these operations and does not know which of
 * the two it is; the mover reports back through the gw_transfer_ calls below.
 */
#ifndef GW_RUN_MOVER_H
#define GW_RUN_MOVER_H

#include "run/conn.h"

struct gw_transfer;
struct gw_mover;

struct gw_measure {
	uint64_t bytes, bytes_total;
	uint64_t files, files_total;
	uint64_t mark; /* changes whenever anything got on */
	const char *name;
	enum gw_limiter limiter;
	bool waits_for_user; /* here or there: no stall */
};

/* A pipe that takes so long for a block waits for its user, usec. */
enum { GW_PIPE_QUIET = 500000 };

struct gw_mover_ops {
	/* A session is open: begin, or go on where the last one stopped. */
	enum gw_err (*begin)(struct gw_mover *, struct gw_conn *);
	/* Bytes of a stream arrived. */
	void (*input)(
	    struct gw_mover *, uint16_t stream, struct gw_slice, gw_usec now);
	/* Move into the session what can be moved.  True: there is more, and
	 * room for it may come at once. */
	bool (*pump)(struct gw_mover *, gw_usec now);
	/* No more input now: the session's events stay where they are until
	 * gw_transfer_wake. */
	bool (*full)(const struct gw_mover *);
	/* When pump has something to do by itself. */
	gw_usec (*deadline)(const struct gw_mover *, gw_usec now);
	/* The session is gone: bring to the disk what arrived, then be idle.
	 * begin may come after that. */
	void (*suspend)(struct gw_mover *);
	/* What has moved can be taken up in another session: not that of a
	 * pipe. */
	bool (*resumable)(const struct gw_mover *);
	/* Disk work is still under way. */
	bool (*busy)(const struct gw_mover *);
	/* Answer to an OFFER or CONFLICT; GW_E_USAGE: none was asked. */
	enum gw_err (*answer)(struct gw_mover *, unsigned answer);
	void (*set_rate)(struct gw_mover *, uint64_t rate);
	void (*measure)(struct gw_mover *, struct gw_measure *, gw_usec now);
	/* Forget the transfer that is over; a next one may begin. */
	void (*reset)(struct gw_mover *);
	void (*free)(struct gw_mover *); /* only when not busy */
};

struct gw_mover {
	const struct gw_mover_ops *ops;
	struct gw_transfer *job;
	uint64_t files; /* that arrived, in the session under way */
};

/* ---- what a mover tells its job ---- */

/* The transfer reached its RECEIPT: the result is fixed.  The second time it
 * was fixed already, and the peer had not heard of it. */
void gw_transfer_result(struct gw_transfer *, const struct gw_event *complete);
/* The peer has the RECEIPT: end the session in good order. */
void gw_transfer_finish(struct gw_transfer *);
/* The peer began another transfer instead of coming back for its RECEIPT:
 * the result is open again. */
void gw_transfer_anew(struct gw_transfer *);
/* The transfer failed on this side; the peer is told. */
void gw_transfer_fail(struct gw_transfer *, enum gw_err, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
/* Disk work made progress: pump again; or, after suspend, it is idle. */
void gw_transfer_wake(struct gw_transfer *);

#endif /* GW_RUN_MOVER_H */
