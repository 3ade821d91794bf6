/*
 * read_work - READ jobs of the sending engine, on worker threads.
 */
#ifndef GW_RUN_READ_WORK_H
#define GW_RUN_READ_WORK_H

#include "os/pipe.h"
#include "os/source.h"
#include "run/loop.h"
#include "transfer/sender.h"

/* A source file that jobs read; opened by the first that comes. */
struct gw_read_file {
	uint64_t entry;
	unsigned refs; /* loop thread: jobs, and being the current one */
	uv_mutex_t lock;
	bool tried;
	int fd;
	struct gw_stamp stamp;
	enum gw_err err;
	struct gw_why why;
};

struct gw_read_work {
	struct gw_source *source; /* NULL: a stream */
	struct gw_pipe *pipe;     /* the stream */
	struct gw_read_file *current;
};

/* On the loop: give a job its file before it goes to a worker, and take it
 * back afterwards.  GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_read_work_attach(
    struct gw_read_work *, struct gw_read *);
void gw_read_work_detach(struct gw_read_work *, struct gw_read *);
/* No job is under way. */
void gw_read_work_fini(struct gw_read_work *);

/* On a worker: do it. */
void gw_read_work_do(struct gw_read_work *, struct gw_read *);

#endif /* GW_RUN_READ_WORK_H */
