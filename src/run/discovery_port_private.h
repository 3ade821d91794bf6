/*
 * discovery_port_private - what discovery_port.c and discovery_findings.c
 * share.
 */
#ifndef GW_RUN_DISCOVERY_PORT_PRIVATE_H
#define GW_RUN_DISCOVERY_PORT_PRIVATE_H

#include "os/link_watch.h"
#include "os/udp.h"
#include "run/discovery_known.h"
#include "run/discovery_links.h"
#include "run/discovery_port.h"

struct gw_discovery_port {
	struct gw_discovery_port_options o;
	struct gw_discovery *d;
	struct gw_discovery_known known;
	uint8_t self[GW_KEY_LEN];
	uint64_t period; /* of the tags; 0: there are none yet */

	struct gw_udp own, shared;
	bool has_shared;
	struct gw_link_watch *watch;
	struct gw_discovery_links links;
	bool links_due; /* they are not yet those of the list */

	uv_timer_t timer;
	uv_poll_t own_poll, links_poll, shared_poll;
	unsigned handles;

	char trouble[320]; /* to be told; "": none */
	struct gw_udp_datagram v[GW_UDP_BATCH];
	uint8_t rooms[GW_UDP_BATCH][2 * GW_BEACON_LEN];
};

/* An address of the kernel's: the spot's host, and this port. */
void gw_discovery_port_address(
    const struct gw_spot *, uint16_t port, struct gw_addr *);

/* The shared port is not to be had. */
void gw_discovery_port_no_shared(struct gw_discovery_port *, const char *why);
/* Look whether there is something to tell. */
void gw_discovery_port_note_trouble(struct gw_discovery_port *);

#endif /* GW_RUN_DISCOVERY_PORT_PRIVATE_H */
