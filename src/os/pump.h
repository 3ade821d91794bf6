/*
 * pump - bytes between a connection and a file or pipe, without copying them
 * through this process where the kernel can do that: splice and sendfile.
 * Where it cannot, by way of a buffer.
 *
 * For worker threads: waits for disks and for the input of a pipe, never for
 * the other end of the connection, whose socket is non-blocking.
 */
#ifndef GW_OS_PUMP_H
#define GW_OS_PUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "os/pipe.h"

struct gw_pump;

GW_MUST_USE enum gw_err gw_pump_new(struct gw_pump **);
void gw_pump_free(struct gw_pump *);
/* From now on by way of a buffer; for tests, because what kernels cannot
 * splice changes. */
void gw_pump_copy(struct gw_pump *);

enum gw_pumped {
	GW_PUMPED_SOME,  /* there may be more, at once */
	GW_PUMPED_AGAIN, /* the connection gives, or takes, nothing just now */
	GW_PUMPED_END,   /* the source has ended: FIN, or the end of a file */
	GW_PUMPED_RESET, /* the connection is no more */
	GW_PUMPED_FAILED /* the file, or memory: see err */
};

struct gw_pump_job {
	int socket;
	int file;
	uint64_t offset; /* in the file, which need not stand there */
	uint64_t most;   /* bytes to move, at least 1 */
	bool spliced;    /* in: it is known that this file can be spliced into;
			  * set when that was found out */
	/* set: */
	uint64_t moved;  /* whatever came of it */
	enum gw_err err; /* with FAILED; why says what */
};

/* From the connection into a file; where much comes at a time, a second thread
 * writes it while the next is taken. */
enum gw_pumped gw_pump_in(
    struct gw_pump *, struct gw_pump_job *, struct gw_why *);
/* From a file into the connection. */
enum gw_pumped gw_pump_out(
    struct gw_pump *, struct gw_pump_job *, struct gw_why *);
/*
 * From a pipe into the connection; job->file and offset mean nothing.  Waits
 * for the first input; called off, err is GW_E_INTERRUPTED.  A pump serves
 * one pipe: it may hold what the connection did not take.
 */
enum gw_pumped gw_pump_stream(
    struct gw_pump *, struct gw_pipe *, struct gw_pump_job *, struct gw_why *);

#endif /* GW_OS_PUMP_H */
