#include "session/udp/cookie.h"

#include "base/assert.h"
#include "base/cursor.h"
#include "crypto/kdf.h"

#define CHANGE_AFTER (120 * GW_SEC)

void
gw_cookies_init(struct gw_cookies *c, const struct gw_random *r, gw_usec now)
{
	c->random = *r;
	c->changed = now;
	gw_random_fill(&c->random, c->secret, sizeof(c->secret));
}

void
gw_cookies_fini(struct gw_cookies *c)
{
	gw_wipe(c->secret, sizeof(c->secret));
}

static void
change(struct gw_cookies *c, gw_usec now)
{
	if (now - c->changed < CHANGE_AFTER)
		return;
	memcpy(c->secret[1], c->secret[0], GW_COOKIE_SECRET);
	gw_random_fill(&c->random, c->secret[0], GW_COOKIE_SECRET);
	if (now - c->changed >= 2 * CHANGE_AFTER)
		gw_random_fill(&c->random, c->secret[1], GW_COOKIE_SECRET);
	c->changed = now;
}

static void
make(const uint8_t secret[GW_COOKIE_SECRET], const struct gw_path *from,
    uint64_t scid, uint8_t out[GW_COOKIE_LEN])
{
	uint8_t text[16 + 4 + 2 + 8], full[32];
	struct gw_writer w = gw_writer(text, sizeof(text));

	gw_write_bytes(&w, from->ip, sizeof(from->ip));
	gw_write_u32(&w, from->zone);
	gw_write_u16(&w, from->port);
	gw_write_u64(&w, scid);
	GW_ASSERT(gw_writer_ok(&w));
	gw_hmac(gw_slice(secret, GW_COOKIE_SECRET),
	    gw_slice(text, sizeof(text)), full);
	memcpy(out, full, GW_COOKIE_LEN);
}

void
gw_cookies_make(struct gw_cookies *c, const struct gw_path *from, uint64_t scid,
    gw_usec now, uint8_t out[GW_COOKIE_LEN])
{
	change(c, now);
	make(c->secret[0], from, scid, out);
}

bool
gw_cookies_check(struct gw_cookies *c, const struct gw_path *from,
    uint64_t scid, struct gw_slice cookie, gw_usec now)
{
	uint8_t right[GW_COOKIE_LEN];

	change(c, now);
	if (cookie.n != GW_COOKIE_LEN)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		make(c->secret[i], from, scid, right);
		if (gw_equal(right, cookie.p, GW_COOKIE_LEN))
			return true;
	}
	return false;
}
