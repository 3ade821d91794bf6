/*
 * tracepoint - every change of state of a TCP socket, from the kernel's
 * tracepoint sock:inet_sock_set_state, by perf events.
 *
 * For root, or CAP_PERFMON with a readable tracefs.  Nothing is left behind,
 * whatever way the process ends: the kernel removes what a descriptor holds.
 * Sees all network namespaces.
 */
#ifndef GW_DIAG_TRACEPOINT_H
#define GW_DIAG_TRACEPOINT_H

#include "diag/socket_history.h"
#include "os/why.h"

struct gw_tracepoint;

/* GW_E_FAILED: not allowed, or not in this kernel; why says which. */
GW_MUST_USE enum gw_err gw_tracepoint_open(
    struct gw_tracepoint **, struct gw_why *);
void gw_tracepoint_free(struct gw_tracepoint *);

/* Readable when there is something to take. */
int gw_tracepoint_fd(const struct gw_tracepoint *);
/*
 * Collect what has happened up to now; then take it in the order of time.
 * What is younger than GW_TRACEPOINT_DELAY may not be in order yet and stays
 * for the next time.
 */
#define GW_TRACEPOINT_DELAY (2 * GW_MSEC)
GW_MUST_USE enum gw_err gw_tracepoint_collect(
    struct gw_tracepoint *, gw_usec now);
bool gw_tracepoint_take(struct gw_tracepoint *, struct gw_transition *);
/* Is something kept back? */
bool gw_tracepoint_pending(const struct gw_tracepoint *);
/* How many the kernel had no room for, so far. */
uint64_t gw_tracepoint_lost(const struct gw_tracepoint *);

#endif /* GW_DIAG_TRACEPOINT_H */
