/*
 * relay_pipes - the way to a device of another subnet, for a relay that
 * carries godwit's own beacons: an address and a port of this machine, udp and
 * tcp, whose sessions go on to it.
 *
 * A session is sealed from end to end; what passes here is bytes.  A pipe is
 * made for a device that has said at which port it waits, on the interface
 * where that is told; it goes when nothing has been said of it for two
 * minutes and nobody uses it.
 */
#ifndef GW_RUN_RELAY_PIPES_H
#define GW_RUN_RELAY_PIPES_H

#include "run/context.h"

enum { GW_RELAY_PIPES = 64 };

struct gw_relay_pipe {
	struct gw_endpoint target; /* of the device's sessions; port 0: free */
	struct gw_endpoint own;    /* where it is told to be */
	unsigned link;             /* by which those come who use it */
	gw_usec told;
};

struct gw_relay_pipes {
	struct gw *g;
	struct gw_forward *forward; /* NULL: there has been none */
	struct gw_relay_pipe v[GW_RELAY_PIPES];
};

/* The port at which `own`, an address of the interface, leads to `target`;
 * 0: none can be had. */
uint16_t gw_relay_pipes_port(struct gw_relay_pipes *, unsigned link,
    const struct gw_endpoint *own, const struct gw_endpoint *target,
    gw_usec now);
/* The interface is another one now. */
void gw_relay_pipes_close_link(struct gw_relay_pipes *, unsigned link);
void gw_relay_pipes_tick(struct gw_relay_pipes *, gw_usec now);
gw_usec gw_relay_pipes_deadline(const struct gw_relay_pipes *);
void gw_relay_pipes_fini(struct gw_relay_pipes *);

#endif /* GW_RUN_RELAY_PIPES_H */
