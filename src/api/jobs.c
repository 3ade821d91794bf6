/*
 * gw_send and gw_recv.
 */
#include <stdlib.h>

#include "api/partials.h"
#include "run/recv_mover.h"
#include "run/send_mover.h"
#include "run/transfer.h"

/* A failure that nobody put into words, such as a lack of memory. */
static enum gw_err
in_words(struct gw *g, enum gw_err err)
{
	if (g->last_error[0] != '\0')
		return err;
	return gw_context_error(g, err, "%s", gw_err_text(err));
}

/* The mover is made first, because it may say that it cannot be done. */
static enum gw_err
start(struct gw *g, const struct gw_link_options *link, struct gw_transfer *job,
    struct gw_job **out)
{
	enum gw_err err = gw_transfer_start(g, link, job, !job->sends);

	if (err != GW_OK)
		return in_words(g, err);
	if (job->sends)
		gw_send_mover_prepare(job->mover);
	*out = &job->base;
	return GW_OK;
}

enum gw_err
gw_send(struct gw *g, const struct gw_send_options *o, struct gw_job **out)
{
	struct gw_transfer *job;
	enum gw_err err;

	g->last_error[0] = '\0';
	if ((err = gw_context_whole(g)) != GW_OK)
		return err;
	if ((job = gw_transfer_alloc()) == NULL)
		return in_words(g, GW_E_MEMORY);
	job->sends = true;
	job->offline = o->dry_run;
	if ((err = gw_send_mover_new(g, o, job, &job->mover)) != GW_OK) {
		free(job);
		return in_words(g, err);
	}
	return start(g, &o->link, job, out);
}

enum gw_err
gw_recv(struct gw *g, const struct gw_recv_options *o, struct gw_job **out)
{
	struct gw_transfer *job;
	enum gw_err err;

	g->last_error[0] = '\0';
	if ((err = gw_context_whole(g)) != GW_OK)
		return err;
	if ((job = gw_transfer_alloc()) == NULL)
		return in_words(g, GW_E_MEMORY);
	/* A code that the user gave serves one transfer. */
	job->standing = o->link.host == NULL && o->link.device == NULL &&
			!o->once && o->link.code == NULL;
	if ((err = gw_recv_mover_new(g, o, job, &job->mover)) != GW_OK) {
		free(job);
		return in_words(g, err);
	}
	if (o->output_fd == -1)
		gw_partials_mention(g, &job->base);
	return start(g, &o->link, job, out);
}
