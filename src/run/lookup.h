/*
 * lookup - from a host's name to its addresses, without keeping the loop
 * waiting: by the helper process where there is one, else on a worker thread.
 */
#ifndef GW_RUN_LOOKUP_H
#define GW_RUN_LOOKUP_H

#include "os/helper.h"
#include "run/loop.h"

struct gw_lookup;

struct gw_lookup_options {
	struct gw_loop *loop;
	int helper_fd;    /* -1: there is no helper */
	const char *host; /* a name or an address, also in brackets */
	uint16_t port;    /* for the addresses that are found */
	gw_usec give_up;  /* when, as gw_clock_now counts; GW_NEVER */
	/* Comes once, from the loop, never from inside a call here, unless
	 * cancelled.  The lookup is gone then. */
	void (*done)(void *arg, const struct gw_helper_answer *);
	void *arg;
};

/* GW_E_RESOLVE: no host has such a long name; GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_lookup_start(
    const struct gw_lookup_options *, struct gw_lookup **);
/* No call comes any more.  NULL is fine. */
void gw_lookup_cancel(struct gw_lookup *);

#endif /* GW_RUN_LOOKUP_H */
