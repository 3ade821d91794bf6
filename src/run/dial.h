/*
 * dial - from a host's name to an authenticated session.
 *
 * Looks the name up and tries its addresses a quarter of a second apart (RFC
 * 8305), on tcp and udp at once.  The handshake is finished on one of them:
 * udp, if it answers within 250 ms of tcp; tcp on paths below 1 ms, where the
 * kernel is faster than we are.
 *
 * The other side may forget it: others wanted in, or it was started anew.  Then
 * it begins again, for ten seconds, and with a code no more than
 * GW_FIND_GUESSES times in all: each time whoever answers may guess.
 */
#ifndef GW_RUN_DIAL_H
#define GW_RUN_DIAL_H

#include "run/entrance.h"

struct gw_dial;

struct gw_dial_options {
	struct gw_loop *loop;
	const struct gw_self *self;
	bool remember;    /* this side asks to be remembered */
	uint64_t window;  /* of a stream, bytes */
	const char *host; /* name or address */
	uint16_t port;
	int helper_fd; /* looks names up; -1: a worker does */
	enum gw_mode mode;
	const char *code; /* GW_MODE_CODE */
	/* Who gets no guess; lent until the dial is gone.  NULL: everybody
	 * may have one. */
	const struct gw_refused_keys *refused;
	const struct gw_ticket *ticket; /* GW_MODE_RESUMED */
	const uint8_t *peer;            /* the key it must be, or NULL */
	bool once; /* who is forgotten by the other side is told so: the owner
		      counts its attempts; otherwise it begins anew */
	enum gw_carriers carriers;
	struct gw_udp_tuning udp;
	struct gw_entrance_owner owner;
};

/* Start; opened or failed comes exactly once, unless cancelled. */
GW_MUST_USE enum gw_err gw_dial_start(
    const struct gw_dial_options *, struct gw_dial **);
/* Does anybody answer?  From then on others may have had their guess. */
bool gw_dial_is_reached(const struct gw_dial *);
/* Give up; no call comes any more.  NULL is fine.  After opened or failed
 * the dial is gone and must not be cancelled. */
void gw_dial_cancel(struct gw_dial *);

#endif /* GW_RUN_DIAL_H */
