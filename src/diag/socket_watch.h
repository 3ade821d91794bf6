/*
 * socket_watch - follows the sockets of this machine: asks for all of them
 * ten times a second, hears which ones end, and where that is allowed hears
 * of every change of state.  What it learns goes into a socket_history.
 */
#ifndef GW_DIAG_SOCKET_WATCH_H
#define GW_DIAG_SOCKET_WATCH_H

#include "diag/socket_filter.h"
#include "diag/socket_history.h"
#include "os/why.h"

/* From one list to the next, so that no state of 200 ms is missed. */
#define GW_SOCKET_WATCH_INTERVAL (100 * GW_MSEC)

struct gw_socket_watch;

struct gw_socket_watch_options {
	/* Of any state a connection was in; valid as long as the watch. */
	const struct gw_socket_filter *filter;
	bool owners; /* find out processes */
};

/* GW_E_DISK: the kernel denies it; GW_E_MEMORY; why says so. */
GW_MUST_USE enum gw_err gw_socket_watch_new(
    const struct gw_socket_watch_options *, struct gw_socket_watch **,
    struct gw_why *);
void gw_socket_watch_free(struct gw_socket_watch *);

/* Is every change of state heard?  If not, why_not (may be NULL) points to the
 * reason, which lives with the watch. */
bool gw_socket_watch_hears_all(
    const struct gw_socket_watch *, const char **why_not);
/* How long from one list to the next just now: more than the interval when
 * there are very many sockets. */
gw_usec gw_socket_watch_interval(const struct gw_socket_watch *);
/* Changes of state that the kernel had no room to tell, so far. */
uint64_t gw_socket_watch_lost(const struct gw_socket_watch *);

/* Call _run when the descriptor is readable, and after that many milliseconds
 * without; it takes as long as a list, and 2 ms. */
int gw_socket_watch_fd(const struct gw_socket_watch *);
int gw_socket_watch_timeout_ms(const struct gw_socket_watch *);
GW_MUST_USE enum gw_err gw_socket_watch_run(
    struct gw_socket_watch *, struct gw_why *);

/* News of what the filter lets pass, those of one run in the order of time;
 * see socket_history. */
bool gw_socket_watch_change(
    struct gw_socket_watch *, struct gw_history_change *);
/* All that the filter lets pass, in the order of first sight. */
const struct gw_history_entry *gw_socket_watch_next(
    const struct gw_socket_watch *, const struct gw_history_entry *);
/* The time that all of this is told in. */
gw_usec gw_socket_watch_now(void);
void gw_socket_watch_forget(struct gw_socket_watch *, gw_usec before);

#endif /* GW_DIAG_SOCKET_WATCH_H */
