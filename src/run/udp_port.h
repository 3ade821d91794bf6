/*
 * udp_port - a UDP socket with an endpoint on it, on the loop: the udp
 * carrier of every session that comes in or is dialled there.
 *
 * Each session has a conn, as one on tcp has.
 */
#ifndef GW_RUN_UDP_PORT_H
#define GW_RUN_UDP_PORT_H

#include "os/addr.h"
#include "run/conn.h"
#include "run/loop.h"
#include "session/udp/udp_endpoint.h"

struct gw_udp_port;

struct gw_udp_port_options {
	struct gw_loop *loop;
	const char *address; /* NULL: all, both families */
	uint16_t port;       /* 0: any */
	/* Whose sessions these are; its door NULL: nobody may come in. */
	struct gw_udp_endpoint_options endpoint;
	const char *shown_in; /* see udp_board; NULL: nowhere */
	/*
	 * Somebody began a handshake: conn->ticket names it at the door, and
	 * *evicted* (0: none) is the handshake that had to go for it.  The
	 * conn is the owner's.  From the loop.
	 */
	void (*came)(void *arg, struct gw_conn *, uint32_t evicted);
	void *arg;
};

/* GW_E_ADDRESS: why says what is in the way. */
GW_MUST_USE enum gw_err gw_udp_port_open(
    const struct gw_udp_port_options *, struct gw_why *, struct gw_udp_port **);
/* It goes when its last conn has been closed and no session is left; when the
 * loop ends, none but those in TIME_WAIT, or a second later.  Nobody comes in
 * any more.  NULL is fine. */
void gw_udp_port_close(struct gw_udp_port *);

uint16_t gw_udp_port_number(const struct gw_udp_port *);

/* Begin a session; the options' initiator part is filled.  The conn is the
 * caller's. */
GW_MUST_USE enum gw_err gw_udp_port_connect(struct gw_udp_port *,
    const struct gw_session_options *, const struct gw_addr *,
    struct gw_conn **);

#endif /* GW_RUN_UDP_PORT_H */
