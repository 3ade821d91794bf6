/*
 * udp_past - the sessions of an endpoint that have ended, the latest few: so
 * that who looks now and then sees how they ended.
 * Private to src/session.
 */
#ifndef GW_SESSION_UDP_UDP_PAST_H
#define GW_SESSION_UDP_UDP_PAST_H

#include "session/udp/udp_session.h"

enum { GW_UDP_PAST = 16 };

struct gw_udp_past {
	struct gw_udp_info v[GW_UDP_PAST]; /* a ring */
	unsigned n;                        /* that ever came */
};

/* It ends now, in whatever state.  Who only knocked is not kept. */
void gw_udp_past_add(
    struct gw_udp_past *, const struct gw_session *, gw_usec now);
/* The i-th, the latest first; NULL: there are no more. */
const struct gw_udp_info *gw_udp_past_at(const struct gw_udp_past *, unsigned);

#endif /* GW_SESSION_UDP_UDP_PAST_H */
