/*
 * herald - makes a side that waits findable: a number for its code that nobody
 * here has yet, and answers to who asks for it.
 */
#ifndef GW_RUN_HERALD_H
#define GW_RUN_HERALD_H

#include "discovery/discovery.h"
#include "os/why.h"
#include "run/context.h"

struct gw_herald;

struct gw_herald_options {
	struct gw *g;
	/* From the loop, after gw_herald_choose, once. */
	void (*chosen)(void *arg, uint32_t number);
	void *arg;
};

/* Any error: beacons do not work here, and why says so; one waits without. */
GW_MUST_USE enum gw_err gw_herald_open(
    const struct gw_herald_options *, struct gw_why *, struct gw_herald **);
/*
 * The same for connections of a program that listens at `address` (NULL: all)
 * and `port`: announced at once, with this number, or 0.  *out is NULL where
 * nobody else could come anyway, or where beacons do not work: then one comes
 * by address.  GW_E_MEMORY.
 */
struct gw_herald_place {
	const char *address;
	uint16_t port;
	uint32_t number;
	bool unasked; /* as of an announcement */
};
GW_MUST_USE enum gw_err gw_herald_open_at(
    struct gw *, const struct gw_herald_place *, struct gw_herald **out);
/* With a farewell, if it was announced; NULL is fine. */
void gw_herald_close(struct gw_herald *);

/* Listening at this address (NULL: all), could nobody else come anyway? */
bool gw_herald_is_idle(const char *listen);

/* Take a number, ask who has it, and take another until nobody does; small
 * ones first. */
void gw_herald_choose(struct gw_herald *);
/* As gw_discovery_port_announce. */
void gw_herald_announce(struct gw_herald *, const struct gw_announcement *);

#endif /* GW_RUN_HERALD_H */
