/*
 * listener - where sessions come in: one port number on tcp and udp, a door
 * for both, and the handshakes under way.
 */
#ifndef GW_RUN_LISTENER_H
#define GW_RUN_LISTENER_H

#include "os/why.h"
#include "run/entrance.h"

struct gw_listener;

struct gw_listener_options {
	struct gw_loop *loop;
	const struct gw_self *self;
	bool remember;       /* this side asks to be remembered */
	uint64_t window;     /* of a stream, bytes */
	const char *address; /* NULL: all, both families */
	uint16_t port;       /* 0: any */
	enum gw_carriers carriers;
	struct gw_udp_tuning udp;
	bool any_port_then; /* when `port` is busy take any */
	struct gw_door *door;
	struct gw_entrance_owner owner;
};

/* GW_E_ADDRESS: why says what is in the way.  door and self outlive the
 * listener. */
GW_MUST_USE enum gw_err gw_listener_new(
    const struct gw_listener_options *, struct gw_why *, struct gw_listener **);
/* Closes what is pending, too. */
void gw_listener_close(struct gw_listener *);

uint16_t gw_listener_port(const struct gw_listener *);
/* The addresses it can be reached at, best first, at most max of them, as
 * text without the port. */
size_t gw_listener_addresses(
    const struct gw_listener *, char (*out)[GW_ADDRESS_TEXT], size_t max);

#endif /* GW_RUN_LISTENER_H */
