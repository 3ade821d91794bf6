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
#include "wire/limits.h"

enum { GW_RELAY_PIPES = 64 };

struct gw_relay_pipe {
	/* What a device is: its run, and the port that it tells; 0: free. */
	uint8_t run[GW_BEACON_RUN_LEN];
	uint16_t device_port;
	unsigned link; /* by which those come who use it */
	uint16_t port; /* of this machine, in both families */
	/* Of IPv4 and of IPv6: where it is told to be, and where it is; port
	 * 0: not of this family. */
	struct gw_endpoint own[2], target[2];
	gw_usec told;
	bool was_asked; /* only such ones stay when there is no room */
};

struct gw_relay_pipes {
	struct gw *g;
	struct gw_forward *forward; /* NULL: there has been none */
	struct gw_relay_pipe v[GW_RELAY_PIPES];
};

/* A device that has told of itself from `at`, with the port of its sessions,
 * and shall be told of as `own`, an address of an interface. */
struct gw_relay_device {
	const uint8_t *run;
	struct gw_endpoint at;
	unsigned link;
	struct gw_endpoint own;
	bool was_asked; /* it has answered a question */
};

/* The port at which `own` leads to the device; 0: none can be had. */
uint16_t gw_relay_pipes_port(
    struct gw_relay_pipes *, const struct gw_relay_device *, gw_usec now);
/* The interface is another one now. */
void gw_relay_pipes_close_link(struct gw_relay_pipes *, unsigned link);
void gw_relay_pipes_tick(struct gw_relay_pipes *, gw_usec now);
gw_usec gw_relay_pipes_deadline(const struct gw_relay_pipes *);
void gw_relay_pipes_fini(struct gw_relay_pipes *);

#endif /* GW_RUN_RELAY_PIPES_H */
