/*
 * connect - from a host's name to a connected socket.
 *
 * Looks the name up, through the helper process where there is one, and tries
 * its addresses a quarter of a second apart (RFC 8305) until one connects.
 */
#ifndef GW_RUN_CONNECT_H
#define GW_RUN_CONNECT_H

#include "os/addr.h"
#include "run/loop.h"

struct gw_connect;

/* These come from the loop, never from inside a call of the owner's. */
struct gw_connect_owner {
	/* The socket is the owner's. */
	void (*connected)(void *arg, int fd, const struct gw_addr *);
	/* GW_E_RESOLVE, GW_E_CONNECT, ...; the text says why, or is "". */
	void (*failed)(void *arg, enum gw_err, const char *text);
	void *arg;
};

struct gw_connect_options {
	struct gw_loop *loop;
	const char *host; /* name or address */
	uint16_t port;
	int helper_fd; /* looks names up; -1: a worker does */
	struct gw_connect_owner owner;
};

/* Start; connected or failed comes exactly once, unless cancelled. */
GW_MUST_USE enum gw_err gw_connect_start(
    const struct gw_connect_options *, struct gw_connect **);
/* Give up; no call comes any more.  NULL is fine.  After connected or failed
 * it is gone and must not be cancelled. */
void gw_connect_cancel(struct gw_connect *);

#endif /* GW_RUN_CONNECT_H */
