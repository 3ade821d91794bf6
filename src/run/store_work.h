/*
 * store_work - tasks of the receiving engine, on worker threads.
 */
#ifndef GW_RUN_STORE_WORK_H
#define GW_RUN_STORE_WORK_H

#include "os/journal_file.h"
#include "os/pipe.h"
#include "os/target.h"
#include "run/loop.h"
#include "transfer/task.h"

/* Where tasks write; several workers use it at a time. */
struct gw_store_work {
	struct gw_target *target;
	struct gw_pipe *pipe; /* OUT tasks */
	struct gw_journal_file *journal;
	uv_mutex_t journal_lock;
};

void gw_store_work_do(struct gw_store_work *, struct gw_task *);

#endif /* GW_RUN_STORE_WORK_H */
