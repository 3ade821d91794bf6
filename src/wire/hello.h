/*
 * hello - the messages that open a session, as bytes.
 *
 * Every message is a clear header and a body of at most GW_HELLO_MAX bytes:
 *
 *	0  magic "gdwt"
 *	4  u8  version
 *	5  u8  type: 1 SYN, 2 SYN_ACK, 3 ACK, 4 RST; on udp also 5 COOKIE
 *	6  u16 length of the body
 *
 * The header and the beginning of RST (reason, token) are the same in every
 * version, so that sides of different versions can tell each other so.
 * Bodies of SYN, SYN_ACK and ACK are the three messages of
 * Noise_XXpsk3_25519_ChaChaPoly_SHA256; their payloads have one size each,
 * so that nothing shows in a length, and SYN is larger than what it is
 * answered with.  Numbers are big-endian.  docs/protocol.md, "Handshake".
 */
#ifndef GW_WIRE_HELLO_H
#define GW_WIRE_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "wire/limits.h"

enum gw_mode { /* how the two sides come to share a psk */
	GW_MODE_CODE = 1,
	GW_MODE_KNOWN = 2,
	GW_MODE_RESUMED = 3
};

enum gw_hello_type {
	GW_HELLO_SYN = 1,
	GW_HELLO_SYN_ACK = 2,
	GW_HELLO_ACK = 3,
	GW_HELLO_RST = 4,
	GW_HELLO_COOKIE = 5 /* wire/packet: say SYN again, with this cookie */
};

enum gw_rst_reason {
	GW_RST_VERSION = 1,        /* it says which versions it speaks */
	GW_RST_GUESS = 2,          /* the code is wrong */
	GW_RST_UNKNOWN_TICKET = 3, /* no such psk: use the code again */
	GW_RST_NO_CODE = 4,        /* no code opens here (any more) */
	GW_RST_TAKEN = 5,          /* the code belongs to another device */
	GW_RST_UNKNOWN_DEVICE = 6, /* KNOWN, and this key is not known */
	GW_RST_NO_STATE = 7        /* on udp: no such session (any more) */
};

enum {
	GW_HELLO_HEADER = 8,
	GW_HELLO_SHARE = 32, /* a CPace share */
	GW_SYN_PAYLOAD = 200,
	GW_SYN_ACK_PAYLOAD = 1 + GW_TOKEN_LEN + GW_HELLO_SHARE,
	GW_NAME_PAYLOAD = 1 + GW_NAME_MAX, /* of ACK; also CONFIRM's data */
	GW_RST_BODY = 1 + GW_TOKEN_LEN,
	GW_RST_VERSION_BODY = GW_RST_BODY + 2
};

/* Bits of gw_syn.ciphers, and one of them is gw_syn_ack.cipher; the numbers
 * of enum gw_cipher.  Further bits of SYN are ignored. */
enum {
	GW_HELLO_AES = 1 << 0,    /* AES-256-GCM, offered where it is fast */
	GW_HELLO_CHACHA = 1 << 1, /* ChaCha20-Poly1305 */
};

/* ---- header ---- */

struct gw_hello {
	uint8_t version, type;
	uint16_t length; /* of the body */
};

enum gw_hello_status {
	GW_HELLO_MORE,    /* these bytes may become a header */
	GW_HELLO_READY,   /* *out is filled */
	GW_HELLO_STRANGER /* no godwit speaks so */
};

void gw_hello_encode(const struct gw_hello *, uint8_t out[GW_HELLO_HEADER]);
/* From the first bytes that came; STRANGER at the first wrong one. */
enum gw_hello_status gw_hello_decode(struct gw_slice got, struct gw_hello *out);
/* "SYN_ACK"; "?" for what is none. */
const char *gw_hello_type_name(uint8_t type);
/* What a stranger's first bytes look like: "a web browser", ... */
const char *gw_hello_describe(struct gw_slice got);

/* ---- payloads ---- */

/*
 * SYN, GW_SYN_PAYLOAD bytes: u8 mode, u8 ciphers, then with CODE the share
 * Ya[32], with RESUMED the psk's id[16]; zeros to the end.
 */
struct gw_syn {
	enum gw_mode mode;
	uint8_t ciphers;
	uint8_t share[GW_HELLO_SHARE]; /* CODE */
	uint8_t psk_id[GW_PSK_ID_LEN]; /* RESUMED */
};
void gw_syn_encode(const struct gw_syn *, uint8_t out[GW_SYN_PAYLOAD]);
bool gw_syn_decode(struct gw_slice, struct gw_syn *);

/* SYN_ACK: u8 cipher, token[16], Yb[32] (zeros but with CODE). */
struct gw_syn_ack {
	uint8_t cipher; /* the chosen one */
	uint8_t token[GW_TOKEN_LEN];
	uint8_t share[GW_HELLO_SHARE];
};
void gw_syn_ack_encode(
    const struct gw_syn_ack *, uint8_t out[GW_SYN_ACK_PAYLOAD]);
bool gw_syn_ack_decode(struct gw_slice, struct gw_syn_ack *);

/*
 * A device's name: u8 length, then GW_NAME_MAX bytes, zeros after
 * the name.  name is made fit for a terminal (gw_text_clean) when decoded.
 */
void gw_name_encode(const char *name, uint8_t out[GW_NAME_PAYLOAD]);
bool gw_name_decode(struct gw_slice, char name[GW_NAME_MAX + 1]);

/*
 * What both sides say of themselves, in ACK and in CONFIRM: the name as above;
 * the highest bit of its length: "I ask to be remembered, and will remember
 * you".
 */
struct gw_intro {
	char name[GW_NAME_MAX + 1];
	bool remember;
};
/* name: at most GW_NAME_MAX bytes. */
struct gw_intro gw_intro(const char *name, bool remember);
void gw_intro_encode(const struct gw_intro *, uint8_t out[GW_NAME_PAYLOAD]);
bool gw_intro_decode(struct gw_slice, struct gw_intro *);

/*
 * RST: u8 reason, token[16]; with VERSION also u8 oldest, u8 newest.  What
 * follows that is ignored.  A reason that is not known decodes, too.
 */
struct gw_rst {
	uint8_t reason; /* enum gw_rst_reason */
	uint8_t token[GW_TOKEN_LEN];
	uint8_t oldest, newest; /* VERSION, else 0 */
};
/* Returns the length: GW_RST_BODY or GW_RST_VERSION_BODY. */
size_t gw_rst_encode(const struct gw_rst *, uint8_t out[GW_RST_VERSION_BODY]);
bool gw_rst_decode(struct gw_slice, struct gw_rst *);

/*
 * Text of a peer as a string that is harmless on a terminal: what gw_escape
 * would not leave as it is loses everything but printable ASCII to '?'.
 * size > text.n; longer text is cut.
 */
void gw_text_clean(struct gw_slice text, char *out, size_t size);

#endif /* GW_WIRE_HELLO_H */
