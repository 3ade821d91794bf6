/*
 * cookie - proof that somebody is reached at an address, without state.
 *
 * HMAC over address, connection id and time, under a secret that changes
 * every 120 s; the one before counts as well (as WireGuard does it).
 * Tests: tests/unit/cookie_test.c.
 */
#ifndef GW_SESSION_UDP_COOKIE_H
#define GW_SESSION_UDP_COOKIE_H

#include "base/random.h"
#include "base/slice.h"
#include "base/time.h"
#include "session/udp/datagram.h"

enum { GW_COOKIE_LEN = 16, GW_COOKIE_SECRET = 32 };

struct gw_cookies {
	uint8_t secret[2][GW_COOKIE_SECRET]; /* this one and the one before */
	gw_usec changed;
	struct gw_random random;
};

void gw_cookies_init(struct gw_cookies *, const struct gw_random *, gw_usec);
void gw_cookies_fini(struct gw_cookies *);
void gw_cookies_make(struct gw_cookies *, const struct gw_path *, uint64_t scid,
    gw_usec now, uint8_t out[GW_COOKIE_LEN]);
bool gw_cookies_check(struct gw_cookies *, const struct gw_path *,
    uint64_t scid, struct gw_slice cookie, gw_usec now);

#endif /* GW_SESSION_UDP_COOKIE_H */
