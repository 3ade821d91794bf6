#include "run/forward_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 };

void
gw_forward_events_fini(struct gw_forward_events *e)
{
	free(e->v);
	memset(e, 0, sizeof *e);
}

/* Twice the room, with what is there at its beginning. */
static bool
grow(struct gw_forward_events *e)
{
	size_t room = e->room != 0 ? 2 * e->room : FIRST_ROOM;
	struct gw_forward_event_kept *v;

	if (room > GW_FORWARD_EVENTS || (v = malloc(room * sizeof *v)) == NULL)
		return false;
	for (size_t i = 0; i < e->count; i++)
		v[i] = e->v[(e->first + i) % e->room];
	free(e->v);
	e->v = v;
	e->room = room;
	e->first = 0;
	return true;
}

void
gw_forward_events_push(
    struct gw_forward_events *e, const struct gw_forward_event *ev)
{
	struct gw_forward_event_kept *k;
	const char *text =
	    ev->kind >= GW_FORWARD_WARNING ? ev->text : ev->flow.error;

	if (e->count == e->room && !grow(e)) {
		e->lost++;
		return;
	}
	k = &e->v[(e->first + e->count++) % e->room];
	k->ev = *ev;
	k->ev.lost = e->lost;
	e->lost = 0;
	snprintf(k->text, sizeof k->text, "%s", text != NULL ? text : "");
}

bool
gw_forward_events_take(
    struct gw_forward_events *e, struct gw_forward_event *out)
{
	if (e->count == 0) {
		/* A burst is over: its room goes. */
		if (e->room > FIRST_ROOM) {
			free(e->v);
			e->v = NULL;
			e->room = e->first = 0;
		}
		return false;
	}
	e->taken = e->v[e->first];
	e->first = (e->first + 1) % e->room;
	e->count--;
	e->taken.ev.text = e->taken.ev.flow.error = e->taken.text;
	*out = e->taken.ev;
	return true;
}
