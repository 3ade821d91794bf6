/*
 * job - what a program holds of whatever it has started: events, and a way
 * to end it.  What the job does is its kind's: a transfer (transfer.h).
 */
#ifndef GW_RUN_JOB_H
#define GW_RUN_JOB_H

#include "run/context.h"
#include "run/events.h"

struct gw_job;

/* Each gets the job that begins the kind's own struct. */
struct gw_job_ops {
	/* As gw_job_cancel; `again`: it was called before. */
	void (*cancel)(struct gw_job *, bool again);
	/* As gw_job_answer; NULL: it never asks. */
	enum gw_err (*answer)(struct gw_job *, unsigned answer);
	/* As gw_job_set_rate; NULL: it has no limit. */
	void (*set_rate)(struct gw_job *, uint64_t rate);
	/* End it wherever it stands, wait for its disk work, and give back
	 * everything; the struct itself may follow when its handles have
	 * closed.  The job is off the context's list already. */
	void (*free)(struct gw_job *);
};

struct gw_job {
	const struct gw_job_ops *ops;
	struct gw *g;
	struct gw_job *next; /* of the context */
	struct gw_events events;
	bool cancelled;
};

/* Into a struct of zeros; the context knows it from here on. */
void gw_job_init(struct gw_job *, struct gw *, const struct gw_job_ops *);
/* What it has to tell is lost; its free calls this. */
void gw_job_fini(struct gw_job *);
/* The last event: there are no more. */
void gw_job_tell_end(struct gw_job *, enum gw_err);

#endif /* GW_RUN_JOB_H */
