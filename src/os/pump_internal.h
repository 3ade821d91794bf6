/*
 * pump_internal - what the files of os/pump share.
 */
#ifndef GW_OS_PUMP_INTERNAL_H
#define GW_OS_PUMP_INTERNAL_H

#include "os/drain.h"
#include "os/pump.h"

enum {
	GW_PUMP_PIPES = 2,
	GW_PUMP_PIECE = 1 << 20,   /* of one call */
	GW_PUMP_BUFFER = 256 << 10 /* where bytes have to be copied */
};

struct gw_pump {
	/* From connection to file, made when needed; empty between calls. */
	int pipe[GW_PUMP_PIPES][2];
	struct gw_drain *drain; /* once there was much to move */
	bool alone;             /* there can be none */
	bool plain;             /* splice or sendfile cannot do it here */
	uint8_t *buf;
	size_t start, end; /* of a stream: read, and not sent yet */
};

void gw_pump_close_pipes(struct gw_pump *);
/* What is left to move, at most so much. */
size_t gw_pump_piece(const struct gw_pump_job *, size_t most);
/* The call does not know how, with these descriptors. */
bool gw_pump_cannot(int error);
/* GW_PUMPED_FAILED, and why. */
enum gw_pumped gw_pump_failed(
    struct gw_pump_job *, struct gw_why *, int error, const char *doing);
/* false: out of memory, and job->err says so. */
bool gw_pump_has_buffer(struct gw_pump *, struct gw_pump_job *);

#endif /* GW_OS_PUMP_INTERNAL_H */
