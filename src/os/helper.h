/*
 * helper - a process that looks names up for one that is confined.
 *
 * Look-ups read configuration, load plug-ins and talk to servers: what a
 * confined process must not.  The helper is forked first; it keeps no
 * descriptor but one end of a socket pair, cannot write files (where
 * Landlock is in the kernel), and ends when the other end is closed or its
 * parent dies.  Each look-up has a process of its own, so a slow one delays
 * no other.
 */
#ifndef GW_OS_HELPER_H
#define GW_OS_HELPER_H

#include "os/resolve.h"

enum { GW_HELPER_HOST_MAX = 255 };

struct gw_helper_answer {
	uint32_t id;
	enum gw_err err; /* as gw_resolve */
	struct gw_resolved found;
	char name[GW_RESOLVE_NAME]; /* instead, of gw_helper_take_name */
	struct gw_why why;
};

/*
 * Fork it.  Call before any thread exists, and after a secret in argv has
 * been overwritten: the helper is a copy of the process.  The descriptor is
 * non-blocking, and for one context.
 */
GW_MUST_USE enum gw_err gw_helper_fork(struct gw_why *, int *fd);

/* Ask; the answer bears the id.  GW_E_AGAIN: too many are under way;
 * GW_E_RESOLVE: no host has such a name; GW_E_FAILED: the helper is gone. */
GW_MUST_USE enum gw_err gw_helper_ask(
    int fd, uint32_t id, const char *host, uint16_t port);
/* Ask for the name of an address; gw_helper_take_name takes the answer. */
GW_MUST_USE enum gw_err gw_helper_ask_name(
    int fd, uint32_t id, const struct gw_addr *);
/* Take an answer when fd is readable.  GW_E_AGAIN: none; GW_E_FAILED: the
 * helper is gone, no answer will come. */
GW_MUST_USE enum gw_err gw_helper_take(int fd, struct gw_helper_answer *);
GW_MUST_USE enum gw_err gw_helper_take_name(int fd, struct gw_helper_answer *);

#endif /* GW_OS_HELPER_H */
