/*
 * forward - the set of rules that are at work: what godwit.h calls struct
 * gw_forward.
 *
 * It knows rules and forwarders, not what they move; forwarder.h is the line
 * between the two.  Its own are the descriptors that all share (a number of
 * them, F8), one poller, the pipes, and what the program is told.
 */
#ifndef GW_RUN_FORWARD_H
#define GW_RUN_FORWARD_H

#include "os/conduit.h"
#include "os/interfaces.h"
#include "run/forward_events.h"
#include "run/forwarder.h"
#include "run/poller.h"

struct gw_metrics;
struct gw_udp_bursts;
struct gw_via;

struct gw_forward {
	struct gw *g;
	struct gw_forward *next; /* of the context */
	struct gw_forwarder *first, **last;
	unsigned ids;     /* of rules that were given */
	uint64_t numbers; /* of flows */
	size_t files, files_max;
	int reserve; /* a descriptor to let go when there is no other */
	int *inherited;
	size_t inherited_count;
	struct gw_udp_bursts *bursts; /* of all udp rules; NULL: none yet */
	struct gw_poller poller;
	struct gw_conduit_pool pool;
	struct gw_forward_events events;
	struct gw_metrics *metrics; /* or NULL */
	struct gw_netifs own;       /* of this machine, as they were lately */
	gw_usec own_until;          /* are they good enough; 0: not any more */
	struct gw_via *via;         /* through which device; NULL: none */
};

/* ---- for serve, whose rules come and go with devices ---- */

void gw_forward_append(struct gw_forward *, struct gw_forwarder *);
/* Close one that is in the set. */
void gw_forward_remove(
    struct gw_forward *, struct gw_forwarder *, enum gw_forward_end);

#endif /* GW_RUN_FORWARD_H */
