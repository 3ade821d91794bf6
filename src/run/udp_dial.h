/*
 * udp_dial - from a host's name to somebody who answers there on udp.
 *
 * Looks the name up and sends a SYN to each of its addresses, a quarter of a
 * second apart; the first that answers is it.  The third message waits for
 * the owner, who may be trying another carrier as well.
 */
#ifndef GW_RUN_UDP_DIAL_H
#define GW_RUN_UDP_DIAL_H

#include "run/entrance.h"
#include "run/loop.h"

struct gw_udp_dial;

struct gw_udp_dial_options {
	struct gw_loop *loop;
	const char *host; /* name or address */
	uint16_t port;
	int helper_fd; /* looks names up; -1: a worker does */
	struct gw_session_options session; /* the initiator's, filled */
	struct gw_udp_tuning udp;
	const char *shown_in; /* see udp_board; NULL: nowhere */
	/*
	 * From the loop, never from inside a call here; exactly one of them
	 * comes, once.  reached: somebody answers, `rtt` after the SYN; the
	 * conn is the owner's, see gw_udp_session_go.
	 */
	void (*reached)(void *arg, struct gw_conn *, gw_usec rtt);
	void (*failed)(void *arg, const struct gw_session_event *closed);
	void *arg;
};

GW_MUST_USE enum gw_err gw_udp_dial_start(
    const struct gw_udp_dial_options *, struct gw_udp_dial **);
/* Has somebody answered, if only with the wrong key? */
bool gw_udp_dial_is_answered(const struct gw_udp_dial *);
/* Gives up if nothing came yet.  The socket stays for as long as a conn that
 * was given lives; NULL is fine. */
void gw_udp_dial_free(struct gw_udp_dial *);

#endif /* GW_RUN_UDP_DIAL_H */
