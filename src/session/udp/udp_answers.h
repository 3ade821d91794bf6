/*
 * udp_answers - what an endpoint answers without keeping state of whom it
 * answers: COOKIE to who may not be where he says, RST to packets for nobody.
 * An answer is never larger than what it answers.
 * Tests: tests/sim: udp_opening, udp_flood, udp_gone.
 */
#ifndef GW_SESSION_UDP_UDP_ANSWERS_H
#define GW_SESSION_UDP_UDP_ANSWERS_H

#include "session/udp/cookie.h"
#include "wire/hello.h"
#include "wire/packet.h"

enum { GW_UDP_ANSWERS = 16, GW_UDP_ANSWER_MAX = 128 };

struct gw_udp_answer {
	uint8_t b[GW_UDP_ANSWER_MAX];
	size_t n;
	struct gw_path to;
};

struct gw_udp_answers {
	uint8_t secret[32]; /* of the reset tokens */
	struct gw_cookies cookies;
	/* Those that wait to leave; more are dropped, it is asked again. */
	struct gw_udp_answer waiting[GW_UDP_ANSWERS];
	unsigned n;
	gw_usec second; /* in which `resets` were sent */
	unsigned resets;
	uint64_t cookies_total, resets_total;
};

/* The secret is copied, and wiped by fini. */
void gw_udp_answers_init(struct gw_udp_answers *, const uint8_t secret[32],
    const struct gw_random *, gw_usec now);
void gw_udp_answers_fini(struct gw_udp_answers *);

/* What a session with this id says in its SYN_ACK. */
void gw_udp_answers_token(
    const struct gw_udp_answers *, uint64_t cid, uint8_t out[GW_TOKEN_LEN]);
/* A packet for nobody came; perhaps this device was started anew. */
void gw_udp_answers_reset(struct gw_udp_answers *, const struct gw_incoming *,
    uint64_t dcid, gw_usec now);
void gw_udp_answers_cookie(struct gw_udp_answers *, const struct gw_path *,
    const struct gw_hello_packet *syn, gw_usec now);
/* Does the SYN have a cookie that was given to this address? */
bool gw_udp_answers_proved(struct gw_udp_answers *, const struct gw_path *,
    const struct gw_hello_packet *syn, gw_usec now);

/* false: none waits. */
bool gw_udp_answers_output(struct gw_udp_answers *, struct gw_burst *);

#endif /* GW_SESSION_UDP_UDP_ANSWERS_H */
