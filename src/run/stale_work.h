/*
 * stale_work - before LINKS, on a worker thread: temporaries of an earlier
 * attempt whose entries are gone from the source.
 */
#ifndef GW_RUN_STALE_WORK_H
#define GW_RUN_STALE_WORK_H

#include "os/target.h"
#include "transfer/task.h"

/* Remove those of the task's seed below its names. */
void gw_stale_work_do(const struct gw_target *, struct gw_task *);

#endif /* GW_RUN_STALE_WORK_H */
