/*
 * scan - lists the PATHs of a send into a manifest, on a worker thread.
 */
#ifndef GW_RUN_SCAN_H
#define GW_RUN_SCAN_H

#include <stdatomic.h>

#include "os/walk.h"
#include "run/loop.h"
#include "transfer/manifest.h"

/* Something that will not be sent, and why. */
struct gw_scan_miss {
	struct gw_scan_miss *next;
	bool special; /* FIFO, socket, device */
	char *path;
	char reason[128];
};

struct gw_scan {
	struct gw_work work;
	struct gw_walk_options options; /* roots and lists outlive it */
	atomic_bool cancelled;
	bool running;
	void (*done)(struct gw_scan *, void *arg);
	void *arg;

	/* what came of it */
	struct gw_manifest *manifest;
	struct gw_scan_miss *misses;
	uint64_t failed, special;
	enum gw_err err;
};

/* Starts; done comes on the loop. */
void gw_scan_start(struct gw_loop *, struct gw_scan *);
/* Let it end soon; done comes all the same. */
void gw_scan_cancel(struct gw_scan *);
/* Not while it runs. */
void gw_scan_fini(struct gw_scan *);

#endif /* GW_RUN_SCAN_H */
