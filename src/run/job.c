#include "run/job.h"

#include "run/loop.h"

void
gw_job_init(struct gw_job *job, struct gw *g, const struct gw_job_ops *ops)
{
	job->ops = ops;
	job->g = g;
	job->next = g->jobs;
	g->jobs = job;
}

void
gw_job_fini(struct gw_job *job)
{
	gw_events_fini(&job->events);
}

void
gw_job_tell_end(struct gw_job *job, enum gw_err err)
{
	gw_events_push(&job->events,
	    &(struct gw_event){ .kind = GW_EVENT_END, .end = { .err = err } });
}

/* ---- the program's side, as godwit.h has it ---- */

void
gw_job_free(struct gw_job *job)
{
	struct gw_job **at;
	struct gw *g;

	if (job == NULL)
		return;
	g = job->g;
	for (at = &g->jobs; *at != job; at = &(*at)->next)
		;
	*at = job->next;
	job->ops->free(job);
	gw_loop_poke(&g->loop); /* so that its descriptors close */
}

void
gw_job_cancel(struct gw_job *job)
{
	bool again = job->cancelled;

	job->cancelled = true;
	job->ops->cancel(job, again);
}

bool
gw_job_event(struct gw_job *job, struct gw_event *out)
{
	return gw_events_take(&job->events, out);
}

enum gw_err
gw_job_answer(struct gw_job *job, unsigned answer)
{
	return job->ops->answer != NULL ? job->ops->answer(job, answer)
					: GW_E_USAGE;
}

void
gw_job_set_rate(struct gw_job *job, uint64_t rate)
{
	if (job->ops->set_rate != NULL)
		job->ops->set_rate(job, rate);
}
