#include "run/mover_events.h"

#include <stdlib.h>
#include <string.h>

void
gw_mover_path(const struct gw_entry *e, char *out, size_t size)
{
	size_t n = e->path.n < size ? e->path.n : size - 1;

	memcpy(out, e->path.p, n);
	out[n] = '\0';
}

/* The names of an offer as strings, one after the other in `text`. */
static size_t
split_names(const struct gw_offer *o, const char **names, char *text)
{
	struct gw_slice rest = o->names, name;
	size_t n = 0;

	while (gw_offer_next_name(&rest, &name)) {
		names[n++] = memcpy(text, name.p, name.n);
		text += name.n;
		*text++ = '\0';
	}
	return n;
}

void
gw_mover_tell_offer(struct gw_transfer *job, const struct gw_offer *o, bool ask)
{
	const char **names = calloc((size_t)o->name_count + 1, sizeof *names);
	char *text = malloc(o->names.n + (size_t)o->name_count + 1);
	struct gw_event ev = { .kind = GW_EVENT_OFFER,
		.offer = {
		    .peer = job->peer_name,
		    .files = o->files,
		    .dirs = o->dirs,
		    .others = o->others,
		    .bytes = o->bytes,
		    .bytes_known = !(o->flags & GW_OFFER_STREAM),
		    .needs_answer = ask,
		} };

	if (names != NULL && text != NULL) {
		ev.offer.name_count = split_names(o, names, text);
		ev.offer.names = names;
		gw_events_push(&job->base.events, &ev);
	} else {
		gw_transfer_fail(
		    job, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
	}
	free(names);
	free(text);
}

void
gw_mover_tell_entry(struct gw_transfer *job, const struct gw_entry *e,
    enum gw_entry_status status, const char *final_name, const char *reason)
{
	char path[GW_PATH_MAX + 1];

	gw_mover_path(e, path, sizeof path);
	gw_events_push(
	    &job->base.events, &(struct gw_event){ .kind = GW_EVENT_ENTRY,
				   .entry = { .name = path,
				       .final_name = final_name,
				       .kind = e->kind,
				       .bytes = e->size,
				       .status = status,
				       .reason = reason } });
}
