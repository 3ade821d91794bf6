/*
 * watch - thousands of descriptors behind one, which is readable when one of
 * them is.
 */
#ifndef GW_OS_WATCH_H
#define GW_OS_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "os/why.h"

enum { GW_WATCH_BATCH = 64 };

struct gw_watch {
	int fd; /* to be polled by whoever waits for all of them */
};

/* One of them can be read, or has an error to tell. */
struct gw_watch_event {
	void *arg;
	bool readable, error;
};

/* GW_E_LIMIT: out of descriptors. */
GW_MUST_USE enum gw_err gw_watch_open(struct gw_watch *, struct gw_why *);
void gw_watch_close(struct gw_watch *);
/* Until it is closed.  GW_E_LIMIT: the system watches no more; GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_watch_add(struct gw_watch *, int fd, void *arg);
/* Not any more: only for one that another descriptor keeps open. */
void gw_watch_remove(struct gw_watch *, int fd);
/* What is ready now: at most n, at most GW_WATCH_BATCH. */
size_t gw_watch_take(struct gw_watch *, struct gw_watch_event *v, size_t n);

#endif /* GW_OS_WATCH_H */
