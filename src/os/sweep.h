/*
 * sweep - finds, and removes, the temporary files that an interrupted
 * transfer left below its target.
 */
#ifndef GW_OS_SWEEP_H
#define GW_OS_SWEEP_H

#include "os/stamp.h"
#include "os/why.h"

struct gw_sweep {
	const char *dir;   /* the target */
	uint64_t dev, ino; /* that it must have */
	const char *below; /* look only at this name in it; NULL: all */
	/* Is this left-over of the form ".godwit-<24 hex>.part" ours? */
	bool (*ours)(void *arg, const char *name, const struct gw_stamp *);
	void *arg;
	bool remove;
	/* set: */
	uint64_t files, bytes; /* on disk, found or removed */
};

/* GW_E_NO_PATH: the target is gone, or another directory has its path.
 * GW_E_FAILED: not all could be looked at, or removed; the rest was. */
GW_MUST_USE enum gw_err gw_sweep(struct gw_sweep *, struct gw_why *);

#endif /* GW_OS_SWEEP_H */
