/*
 * entrance - what opens a session, on either side, gives it to its owner
 * through these calls.  They come from the loop, never from inside a call
 * that the owner makes.
 */
#ifndef GW_RUN_ENTRANCE_H
#define GW_RUN_ENTRANCE_H

#include "run/conn.h"
#include "session/udp/udp_session.h"

struct gw_entrance_owner {
	/* An authenticated session; the conn is the owner's from here on. */
	void (*opened)(
	    void *arg, struct gw_conn *, const struct gw_session_event *);
	/* A handshake failed: `closed` of the event says how.  A listener
	 * goes on, a dial is over. */
	void (*failed)(
	    void *arg, const struct gw_session_event *, const char *address);
	void *arg;
};

/* What every session of this device starts from. */
struct gw_self {
	struct gw_keypair keys;
	char name[GW_NAME_MAX + 1];
	struct gw_random random;
	const struct gw_trace *trace; /* NULL: none */
	const char *shown_in; /* where its sessions over udp are shown (see
				 udp_board), or NULL */
};

#endif /* GW_RUN_ENTRANCE_H */
