/*
 * handshake - the three messages that open a session, one side of them.
 *
 * Noise_XXpsk3_25519_ChaChaPoly_SHA256, prologue "godwit/1 tcp" or
 * "godwit/1 udp".  With mode
 * CODE the psk is HKDF(ISK, info "godwit psk") of CPace, whose shares travel
 * in SYN and SYN_ACK: sid = the initiator's Noise ephemeral key, CI =
 * "godwit/1", PRS = the normalised code, no associated data.  With KNOWN it
 * is 32 zero bytes, with RESUMED the ticket's.
 *
 * Sans-IO: bytes in (in_space, input), bytes out (output, sent), an outcome.
 * Private to src/session.  Tests: tests/sim/handshake_test.c.
 */
#ifndef GW_SESSION_HANDSHAKE_H
#define GW_SESSION_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "crypto/code.h"
#include "crypto/cpace.h"
#include "crypto/noise.h"
#include "session/session.h"
#include "wire/hello.h"

enum {
	GW_HANDSHAKE_IN = GW_HELLO_HEADER + GW_HELLO_MAX,
	GW_HANDSHAKE_OUT = 512, /* SYN_ACK and RST; SYN; ACK */
	GW_CLOSE_TEXT = GW_REASON_MAX + 1
};

/* How a session ended. */
struct gw_close {
	enum gw_err err;
	bool guess, by_peer, unknown_ticket, forgotten, refused;
	char text[GW_CLOSE_TEXT];
};

enum gw_handshake_outcome {
	GW_HANDSHAKE_MORE,  /* bytes of the peer are missing */
	GW_HANDSHAKE_SENT,  /* a message was answered; there is output */
	GW_HANDSHAKE_KEYS,  /* the keys are there; see below */
	GW_HANDSHAKE_FAILED /* over; *close says how */
};

enum gw_handshake_step {
	GW_STEP_SYN,     /* responder waits for SYN */
	GW_STEP_SYN_ACK, /* initiator waits for SYN_ACK */
	GW_STEP_ACK,     /* responder waits for ACK */
	GW_STEP_DONE
};

struct gw_handshake {
	enum gw_handshake_step step;
	bool initiator;
	enum gw_mode mode;
	enum gw_cipher cipher; /* chosen with SYN_ACK */
	bool prefer_aes;
	struct gw_random random;
	struct gw_door *door; /* responder */
	uint32_t door_serial; /* when SYN came */

	struct gw_noise noise;
	struct gw_cpace cpace; /* initiator, until SYN_ACK */
	struct gw_intro intro; /* of this side */
	char code[GW_CODE_MAX + 1];
	struct gw_ticket ticket;
	bool pinned;
	uint8_t peer[GW_KEY_LEN]; /* pinned key */
	const struct gw_refused_keys *refused;
	uint8_t token[GW_TOKEN_LEN];
	bool token_given;
	uint8_t ids[16]; /* of the initiator, of the responder */
	bool ids_given;
	struct gw_intro peer_intro; /* responder, from ACK */

	uint8_t in[GW_HANDSHAKE_IN];
	size_t in_len;
	uint8_t out[GW_HANDSHAKE_OUT];
	size_t out_len, out_sent;
};

/* An initiator has its SYN to send at once. */
void gw_handshake_init(
    struct gw_handshake *, enum gw_carrier, const struct gw_session_options *);
/* Responder, before the first input: the token that its RST will bear, where
 * it is not to be random. */
void gw_handshake_set_token(
    struct gw_handshake *, const uint8_t token[GW_TOKEN_LEN]);
/* Before SYN (responder) or SYN_ACK (initiator) is used: the connection ids
 * that it came with, on udp.  Messages of others do not open. */
void gw_handshake_set_ids(
    struct gw_handshake *, uint64_t initiator, uint64_t responder);
/* Wipes everything. */
void gw_handshake_fini(struct gw_handshake *);

/* Where to put bytes that arrive. */
uint8_t *gw_handshake_in_space(struct gw_handshake *, size_t *cap);
void gw_handshake_in_added(struct gw_handshake *, size_t n);
/*
 * Work on what came; call again after GW_HANDSHAKE_SENT.  After KEYS a
 * responder knows its peer; an initiator has its ACK to send and must not
 * trust anything before CONFIRM opened under the keys.
 */
enum gw_handshake_outcome gw_handshake_advance(
    struct gw_handshake *, struct gw_close *);
/* What came after the last message that was used. */
struct gw_slice gw_handshake_rest(const struct gw_handshake *);

struct gw_slice gw_handshake_output(const struct gw_handshake *);
void gw_handshake_sent(struct gw_handshake *, size_t n);

/* After KEYS. */
const uint8_t *gw_handshake_peer(const struct gw_handshake *);
void gw_handshake_split(const struct gw_handshake *, struct gw_noise_keys *);
/* {HKDF(exporter, "godwit ticket id"), HKDF(exporter, "godwit ticket psk")} */
void gw_handshake_ticket(const struct gw_noise_keys *, struct gw_ticket *);

/* Initiator, after ACK: a RST came instead of CONFIRM.  MORE: it is not
 * complete yet; else FAILED. */
enum gw_handshake_outcome gw_handshake_reset(
    const struct gw_handshake *, struct gw_slice got, struct gw_close *);

/* Fill *close; text is made by the format. */
void gw_close_set(struct gw_close *, enum gw_err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif /* GW_SESSION_HANDSHAKE_H */
