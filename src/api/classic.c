/*
 * gw_classic_send and gw_classic_recv.
 */
#include "run/classic_recv.h"
#include "run/classic_send.h"

/* A failure that nobody put into words, such as a lack of memory. */
static enum gw_err
in_words(struct gw *g, enum gw_err err)
{
	if (err == GW_OK || g->last_error[0] != '\0')
		return err;
	return gw_context_error(g, err, "%s", gw_err_text(err));
}

enum gw_err
gw_classic_send(
    struct gw *g, const struct gw_classic_send_options *o, struct gw_job **out)
{
	g->last_error[0] = '\0';
	return in_words(g, gw_classic_send_start(g, o, out));
}

enum gw_err
gw_classic_recv(
    struct gw *g, const struct gw_classic_recv_options *o, struct gw_job **out)
{
	g->last_error[0] = '\0';
	return in_words(g, gw_classic_recv_start(g, o, out));
}
