/*
 * noise - handshakes of the Noise Protocol Framework, revision 34.
 *
 * Noise_*_25519_ChaChaPoly_SHA256 for the patterns below.  Knows no sockets
 * and no time.  One static allocation-free struct; a failed read or write
 * changes nothing.  Secrets are wiped by gw_noise_fini.
 */
#ifndef GW_CRYPTO_NOISE_H
#define GW_CRYPTO_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { GW_DH_LEN = 32, GW_PSK_LEN = 32, GW_SHA256_LEN = 32 };

enum gw_noise_pattern {
	GW_NOISE_NN,
	GW_NOISE_NNPSK0,
	GW_NOISE_XX,
	GW_NOISE_XXPSK3,
	GW_NOISE_XXPSK0_PSK3,
	GW_NOISE_KK,
	GW_NOISE_KKPSK0
};

enum gw_noise_result {
	GW_NOISE_OK,
	GW_NOISE_BAD,        /* malformed, or a key or tag is wrong */
	GW_NOISE_BAD_PAYLOAD /* keys opened, the final payload did not: with
				XXpsk3 that is a wrong psk, a guess */
};

struct gw_keypair {
	uint8_t secret[GW_DH_LEN];
	uint8_t public[GW_DH_LEN];
};

struct gw_noise_options {
	enum gw_noise_pattern pattern;
	bool initiator;
	struct gw_slice prologue;
	const struct gw_keypair *self;      /* static; NULL with NN */
	const uint8_t *peer;                /* static, 32 bytes; KK only */
	const struct gw_keypair *ephemeral; /* fresh, from the caller */
};

struct gw_noise; /* defined below; contents are private to noise.c */

/* Everything is copied.  Psks are given with gw_noise_psk, at the latest
 * before the message that uses them. */
void gw_noise_init(struct gw_noise *, const struct gw_noise_options *);
void gw_noise_fini(struct gw_noise *);
/* Next psk, in the order in which the pattern uses them. */
void gw_noise_psk(struct gw_noise *, const uint8_t psk[GW_PSK_LEN]);

/* Both sides, at the same place between two messages: what they must agree
 * on and learned after the beginning.  (MixHash, as with the prologue.) */
void gw_noise_bind(struct gw_noise *, struct gw_slice);

/* True when it is this side's turn to write. */
bool gw_noise_my_turn(const struct gw_noise *);
bool gw_noise_complete(const struct gw_noise *);

/* Write the next message with its payload.  false: `cap` too small. */
bool gw_noise_write(struct gw_noise *, struct gw_slice payload, uint8_t *out,
    size_t cap, size_t *len);
/* Read the next message; payload goes to out (cap >= msg.n suffices). */
enum gw_noise_result gw_noise_read(struct gw_noise *, struct gw_slice msg,
    uint8_t *out, size_t cap, size_t *len);

/* The peer's static key, once a message brought it; NULL before. */
const uint8_t *gw_noise_peer(const struct gw_noise *);
/* The peer's ephemeral key, once known; NULL before. */
const uint8_t *gw_noise_peer_ephemeral(const struct gw_noise *);
/* The handshake hash h as it stands (channel binding when complete). */
const uint8_t *gw_noise_hash(const struct gw_noise *);

/* After completion: HKDF(ck, "", 3).  The first two are those of Split();
 * the third is ours, for what the session exports. */
struct gw_noise_keys {
	uint8_t from_initiator[32];
	uint8_t from_responder[32];
	uint8_t exporter[32];
};
void gw_noise_split(const struct gw_noise *, struct gw_noise_keys *);

/* Make a key pair from 32 random bytes. */
void gw_keypair_from(const uint8_t random[32], struct gw_keypair *);

struct gw_noise {
	enum gw_noise_pattern pattern;
	bool initiator, has_key;
	uint8_t message, psk_used, psk_count;
	bool have_peer, have_peer_ephemeral;
	uint64_t n;
	uint8_t k[32], ck[32], h[32];
	uint8_t psk[2][GW_PSK_LEN];
	uint8_t peer[GW_DH_LEN], peer_ephemeral[GW_DH_LEN];
	struct gw_keypair self, ephemeral;
};

#endif /* GW_CRYPTO_NOISE_H */
