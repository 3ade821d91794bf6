/*
 * events - what a job has to tell its program, in order, owned.
 *
 * Events are copied in with their strings and stay whole until the next one
 * is taken.  Progress is not queued but overwritten: only the newest counts.
 */
#ifndef GW_RUN_EVENTS_H
#define GW_RUN_EVENTS_H

#include "base/bytes.h"
#include "base/err.h"

struct gw_event_node;

struct gw_events {
	struct gw_event_node *first, *last;
	struct gw_event_node *taken; /* the one the program looks at */
	bool lost; /* memory ran out: an error event replaces what is missing */
	bool ended; /* the END event comes after all others */
	enum gw_err end;
};

/* All zeros is an empty queue. */
void gw_events_fini(struct gw_events *);
void gw_events_push(struct gw_events *, const struct gw_event *);
bool gw_events_take(struct gw_events *, struct gw_event *);

/* Push a NOTICE or an ERROR with a formatted text. */
void gw_events_notice(struct gw_events *, enum gw_notice, uint64_t count,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
void gw_events_error(struct gw_events *, enum gw_err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif /* GW_RUN_EVENTS_H */
