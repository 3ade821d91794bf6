#include "session/udp/udp_answers.h"

#include <string.h>

#include "base/assert.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"

enum {
	RESETS_PER_SECOND = 20,
	/* The smallest sealed packet, be it a ping; the reset is smaller. */
	RESET_FROM = GW_PACKET_HEADER + 16 + GW_TAG_LEN
};

void
gw_udp_answers_init(struct gw_udp_answers *a, const uint8_t secret[32],
    const struct gw_random *random, gw_usec now)
{
	memset(a, 0, sizeof(*a));
	memcpy(a->secret, secret, sizeof(a->secret));
	gw_cookies_init(&a->cookies, random, now);
}

void
gw_udp_answers_fini(struct gw_udp_answers *a)
{
	gw_cookies_fini(&a->cookies);
	gw_wipe(a->secret, sizeof(a->secret));
}

static void
answer(struct gw_udp_answers *a, const struct gw_path *to,
    const struct gw_hello_packet *p)
{
	uint8_t out[GW_PACKET_MIN];
	const size_t n = gw_hello_packet_encode(p, out);
	struct gw_udp_answer *w;

	GW_ASSERT(n <= sizeof(w->b));
	if (a->n == GW_UDP_ANSWERS)
		return;
	w = &a->waiting[a->n++];
	memcpy(w->b, out, n);
	w->n = n;
	w->to = *to;
}

void
gw_udp_answers_token(
    const struct gw_udp_answers *a, uint64_t cid, uint8_t out[GW_TOKEN_LEN])
{
	uint8_t full[32];

	gw_hmac(gw_slice(a->secret, sizeof(a->secret)),
	    gw_slice(&cid, sizeof(cid)), full);
	memcpy(out, full, GW_TOKEN_LEN);
}

void
gw_udp_answers_reset(struct gw_udp_answers *a, const struct gw_incoming *d,
    uint64_t dcid, gw_usec now)
{
	struct gw_rst rst = { .reason = GW_RST_NO_STATE };
	uint8_t body[GW_RST_VERSION_BODY];
	struct gw_hello_packet p = {
		.scid = dcid,
		.version = GW_PROTOCOL_VERSION,
		.type = GW_HELLO_RST,
	};

	if (d->n < RESET_FROM)
		return;
	if (now - a->second >= GW_SEC) {
		a->second = now;
		a->resets = 0;
	}
	if (a->resets >= RESETS_PER_SECOND)
		return;
	a->resets++;
	a->resets_total++;
	gw_udp_answers_token(a, dcid, rst.token);
	p.body = gw_slice(body, gw_rst_encode(&rst, body));
	answer(a, &d->from, &p);
}

void
gw_udp_answers_cookie(struct gw_udp_answers *a, const struct gw_path *to,
    const struct gw_hello_packet *syn, gw_usec now)
{
	uint8_t cookie[GW_COOKIE_LEN];

	gw_cookies_make(&a->cookies, to, syn->scid, now, cookie);
	a->cookies_total++;
	answer(a, to,
	    &(struct gw_hello_packet){
		.dcid = syn->scid,
		.version = GW_PROTOCOL_VERSION,
		.type = GW_HELLO_COOKIE,
		.cookie = gw_slice(cookie, sizeof(cookie)),
	    });
}

bool
gw_udp_answers_proved(struct gw_udp_answers *a, const struct gw_path *from,
    const struct gw_hello_packet *syn, gw_usec now)
{
	return gw_cookies_check(&a->cookies, from, syn->scid, syn->cookie, now);
}

bool
gw_udp_answers_output(struct gw_udp_answers *a, struct gw_burst *b)
{
	const struct gw_udp_answer *w;

	if (a->n == 0)
		return false;
	w = &a->waiting[--a->n];
	GW_ASSERT(b->cap >= w->n);
	memcpy(b->buf, w->b, w->n);
	b->len = b->segment = w->n;
	b->to = w->to;
	b->ect = false;
	return true;
}
