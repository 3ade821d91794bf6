/*
 * names - names of addresses, asked for by the look-up helper (os/helper) and
 * kept.  Asking never blocks, and nobody has to wait for an answer.
 */
#ifndef GW_DIAG_NAMES_H
#define GW_DIAG_NAMES_H

#include "diag/socket_filter.h"
#include "os/why.h"

enum {
	GW_NAMES_MAX = 4096,  /* addresses; further ones get no name */
	GW_NAMES_AT_ONCE = 32 /* look-ups under way */
};

struct gw_names;

/* The helper's descriptor is borrowed; it is for this alone from now on. */
GW_MUST_USE enum gw_err gw_names_new(int helper_fd, struct gw_names **);
void gw_names_free(struct gw_names *);

/* Have it looked up, if it is not yet.  `device` is the interface of a
 * link-local address, else 0. */
GW_MUST_USE enum gw_err gw_names_want(
    struct gw_names *, const uint8_t address[16], uint32_t device);
/* Its name, bytes of others; NULL: none, or none yet. */
const char *gw_names_of(const struct gw_names *, const uint8_t address[16]);

/* Take answers and send questions, until all is answered or `patience` is over
 * (0: do not wait).  True: there are new names. */
bool gw_names_run(struct gw_names *, gw_usec patience);

/*
 * Give the hosts of a filter their addresses, by a helper that nobody else
 * has asked yet.  GW_E_RESOLVE: one has none, or no answer came in time;
 * why says which.
 */
GW_MUST_USE enum gw_err gw_names_of_filter(int helper_fd,
    struct gw_socket_filter *, gw_usec patience, struct gw_why *);

#endif /* GW_DIAG_NAMES_H */
