/*
 * forward_events - what a set of rules has to tell its program, in order, up
 * to a number.
 */
#ifndef GW_RUN_FORWARD_EVENTS_H
#define GW_RUN_FORWARD_EVENTS_H

#include "base/err.h"

enum { GW_FORWARD_EVENTS = 4096, GW_FORWARD_EVENT_TEXT = 512 };

struct gw_forward_event_kept {
	struct gw_forward_event ev;
	char text[GW_FORWARD_EVENT_TEXT]; /* of a warning, or a flow's error */
};

struct gw_forward_events {
	struct gw_forward_event_kept *v;
	size_t room, first, count;
	uint64_t lost;
	struct gw_forward_event_kept taken;
};

/* All zeros is an empty one. */
void gw_forward_events_fini(struct gw_forward_events *);
/* Copied, with its text. */
void gw_forward_events_push(
    struct gw_forward_events *, const struct gw_forward_event *);
bool gw_forward_events_take(
    struct gw_forward_events *, struct gw_forward_event *);

#endif /* GW_RUN_FORWARD_EVENTS_H */
