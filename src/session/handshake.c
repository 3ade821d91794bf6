#include "session/handshake.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "crypto/kdf.h"
#include "session/handshake_steps.h"

static const char *const prologue[] = {
	[GW_CARRIER_TCP] = "godwit/1 tcp",
	[GW_CARRIER_UDP] = "godwit/1 udp",
};
static const char channel[] = "godwit/1";

static_assert(GW_PROTOCOL_VERSION == 1, "prologue and channel name it");
static_assert(GW_HANDSHAKE_OUT >= GW_HELLO_HEADER + GW_DH_LEN + GW_SYN_PAYLOAD +
				      GW_TAG_LEN + GW_HELLO_HEADER +
				      GW_RST_VERSION_BODY,
    "the longest message and a RST fit");

void
gw_close_set(struct gw_close *c, enum gw_err err, const char *format, ...)
{
	va_list args;

	*c = (struct gw_close){ .err = err };
	va_start(args, format);
	vsnprintf(c->text, sizeof(c->text), format, args);
	va_end(args);
}

enum gw_handshake_outcome
gw_handshake_broken(struct gw_close *close)
{
	gw_close_set(close, GW_E_PROTOCOL,
	    "a message of the handshake was damaged on the way, or the other "
	    "side breaks the protocol");
	return GW_HANDSHAKE_FAILED;
}

static void
copy_string(char *out, size_t cap, const char *from)
{
	const size_t n = strlen(from);

	GW_ASSERT(n < cap);
	memcpy(out, from, n + 1);
}

static void
copy_options(struct gw_handshake *h, const struct gw_session_options *o)
{
	h->initiator = o->initiator;
	h->prefer_aes = o->prefer_aes;
	h->random = o->random;
	h->intro = gw_intro(o->name, o->remember);
	if (!o->initiator) {
		GW_ASSERT(o->door != NULL);
		h->door = o->door;
		return;
	}
	h->mode = o->mode;
	if (o->mode == GW_MODE_CODE)
		copy_string(h->code, sizeof(h->code), o->code);
	if (o->mode == GW_MODE_RESUMED)
		h->ticket = *o->ticket;
	GW_ASSERT(o->mode != GW_MODE_KNOWN || o->peer != NULL);
	if (o->peer != NULL) {
		h->pinned = true;
		memcpy(h->peer, o->peer, GW_KEY_LEN);
	}
	h->refused = o->refused;
}

void
gw_handshake_init(struct gw_handshake *h, enum gw_carrier carrier,
    const struct gw_session_options *o)
{
	uint8_t seed[32];
	struct gw_keypair ephemeral;

	memset(h, 0, sizeof(*h));
	copy_options(h, o);
	gw_random_fill(&h->random, seed, sizeof(seed));
	gw_keypair_from(seed, &ephemeral);
	gw_noise_init(
	    &h->noise, &(struct gw_noise_options){
			   .pattern = GW_NOISE_XXPSK3,
			   .initiator = o->initiator,
			   .prologue = gw_slice_str(prologue[carrier]),
			   .self = o->self,
			   .ephemeral = &ephemeral,
		       });
	if (o->initiator) {
		gw_initiator_start(h);
		h->step = GW_STEP_SYN_ACK;
	} else {
		h->step = GW_STEP_SYN;
	}
	gw_wipe(seed, sizeof(seed));
	gw_wipe(&ephemeral, sizeof(ephemeral));
}

void
gw_handshake_set_token(
    struct gw_handshake *h, const uint8_t token[GW_TOKEN_LEN])
{
	memcpy(h->token, token, GW_TOKEN_LEN);
	h->token_given = true;
}

void
gw_handshake_set_ids(
    struct gw_handshake *h, uint64_t initiator, uint64_t responder)
{
	struct gw_writer w = gw_writer(h->ids, sizeof(h->ids));

	gw_write_u64(&w, initiator);
	gw_write_u64(&w, responder);
	GW_ASSERT(gw_writer_ok(&w));
	h->ids_given = true;
}

void
gw_handshake_bind(struct gw_handshake *h)
{
	if (h->ids_given)
		gw_noise_bind(&h->noise, gw_slice(h->ids, sizeof(h->ids)));
}

void
gw_handshake_fini(struct gw_handshake *h)
{
	gw_noise_fini(&h->noise);
	gw_cpace_fini(&h->cpace);
	gw_wipe(h, sizeof(*h));
}

/* ---- what the steps share ---- */

static void
put_message(
    struct gw_handshake *h, enum gw_hello_type type, struct gw_slice body)
{
	uint8_t *at = h->out + h->out_len;

	GW_ASSERT(body.n + GW_HELLO_HEADER <= sizeof(h->out) - h->out_len);
	gw_hello_encode(
	    &(struct gw_hello){
		.version = GW_PROTOCOL_VERSION,
		.type = (uint8_t)type,
		.length = (uint16_t)body.n,
	    },
	    at);
	memcpy(at + GW_HELLO_HEADER, body.p, body.n);
	h->out_len += GW_HELLO_HEADER + body.n;
}

void
gw_handshake_put(
    struct gw_handshake *h, enum gw_hello_type type, struct gw_slice payload)
{
	uint8_t body[GW_HANDSHAKE_OUT];
	size_t len = 0;
	const bool ok =
	    gw_noise_write(&h->noise, payload, body, sizeof(body), &len);

	GW_ASSERT(ok);
	put_message(h, type, gw_slice(body, len));
}

void
gw_handshake_put_rst(struct gw_handshake *h, const struct gw_rst *rst)
{
	uint8_t body[GW_RST_VERSION_BODY];
	const size_t len = gw_rst_encode(rst, body);

	put_message(h, GW_HELLO_RST, gw_slice(body, len));
}

struct gw_cpace_input
gw_handshake_cpace_input(const char *code, const uint8_t *initiator_ephemeral)
{
	return (struct gw_cpace_input){
		.password = gw_slice_str(code),
		.ci = gw_slice_str(channel),
		.sid = gw_slice(initiator_ephemeral, GW_DH_LEN),
	};
}

void
gw_handshake_code_psk(struct gw_handshake *h, const uint8_t isk[GW_CPACE_ISK])
{
	uint8_t psk[GW_PSK_LEN];

	gw_hkdf(gw_slice(NULL, 0), gw_slice(isk, GW_CPACE_ISK),
	    gw_slice_str("godwit psk"), psk, sizeof(psk));
	gw_noise_psk(&h->noise, psk);
	gw_wipe(psk, sizeof(psk));
}

/* ---- RST instead of an answer ---- */

static void
close_by_rst(const struct gw_rst *rst, struct gw_close *close)
{
	switch (rst->reason) {
	case GW_RST_GUESS:
		gw_close_set(close, GW_E_AUTH, "the code is wrong");
		break;
	case GW_RST_NO_CODE:
		gw_close_set(close, GW_E_AUTH,
		    "that code is no longer valid: ask for a new one");
		break;
	case GW_RST_TAKEN:
		gw_close_set(close, GW_E_REFUSED,
		    "that code was used by another device already: ask for a "
		    "new one");
		break;
	case GW_RST_UNKNOWN_TICKET:
		gw_close_set(close, GW_E_AUTH,
		    "the other side does not remember this one");
		close->unknown_ticket = true;
		break;
	case GW_RST_NO_STATE:
		gw_close_set(close, GW_E_CONNECT,
		    "the other side knows nothing of this attempt: it was "
		    "started anew, or too many want something of it at once; "
		    "try again");
		close->forgotten = true;
		break;
	case GW_RST_UNKNOWN_DEVICE:
		gw_close_set(close, GW_E_AUTH,
		    "the other side does not know this device: use a code");
		break;
	default:
		gw_close_set(close, GW_E_FAILED,
		    "the other side refused, for a reason that this version "
		    "does not know (%u)",
		    rst->reason);
		break;
	}
	close->by_peer = true;
}

static void
close_by_version(
    struct gw_close *close, unsigned oldest, unsigned newest, bool by_peer)
{
	char theirs[32];

	if (oldest == newest)
		snprintf(theirs, sizeof(theirs), "%u", newest);
	else
		snprintf(theirs, sizeof(theirs), "%u to %u", oldest, newest);
	gw_close_set(close, GW_E_VERSION,
	    "the other side speaks version %s of the protocol, this side "
	    "version %d: update the older of the two",
	    theirs, GW_PROTOCOL_VERSION);
	close->by_peer = by_peer;
}

enum gw_handshake_outcome
gw_handshake_reset(
    const struct gw_handshake *h, struct gw_slice got, struct gw_close *close)
{
	static const uint8_t zeros[GW_TOKEN_LEN];
	const bool unanswered = h->step == GW_STEP_SYN_ACK;
	struct gw_hello hello;
	struct gw_rst rst;

	switch (gw_hello_decode(got, &hello)) {
	case GW_HELLO_MORE:
		return GW_HANDSHAKE_MORE;
	case GW_HELLO_STRANGER:
		return gw_handshake_broken(close);
	case GW_HELLO_READY:
		break;
	}
	if (hello.type != GW_HELLO_RST || hello.length > GW_HELLO_MAX)
		return gw_handshake_broken(close);
	if (got.n < (size_t)GW_HELLO_HEADER + hello.length)
		return GW_HANDSHAKE_MORE;
	if (!gw_rst_decode(
		gw_slice(got.p + GW_HELLO_HEADER, hello.length), &rst) ||
	    !gw_equal(rst.token, unanswered ? zeros : h->token, GW_TOKEN_LEN))
		return gw_handshake_broken(close);
	if (rst.reason == GW_RST_VERSION && unanswered)
		close_by_version(close, rst.oldest, rst.newest, true);
	else if (hello.version != GW_PROTOCOL_VERSION)
		close_by_version(close, hello.version, hello.version, true);
	else if (rst.reason == GW_RST_UNKNOWN_TICKET &&
		 h->mode != GW_MODE_RESUMED)
		return gw_handshake_broken(close);
	else
		close_by_rst(&rst, close);
	return GW_HANDSHAKE_FAILED;
}

/* ---- bytes in ---- */

uint8_t *
gw_handshake_in_space(struct gw_handshake *h, size_t *cap)
{
	*cap = sizeof(h->in) - h->in_len;
	return h->in + h->in_len;
}

void
gw_handshake_in_added(struct gw_handshake *h, size_t n)
{
	GW_ASSERT(n <= sizeof(h->in) - h->in_len);
	h->in_len += n;
}

/* A header of another version.  Only SYN and RST have a meaning then. */
static enum gw_handshake_outcome
other_version(struct gw_handshake *h, const struct gw_hello *hello,
    struct gw_close *close)
{
	const size_t rst_len = GW_HELLO_HEADER + GW_RST_VERSION_BODY;

	if (h->step == GW_STEP_ACK)
		return gw_handshake_broken(close);
	if (h->step == GW_STEP_SYN && hello->type == GW_HELLO_SYN) {
		/* Never more bytes out than came in. */
		if (hello->length >= GW_RST_VERSION_BODY) {
			if (h->in_len < rst_len)
				return GW_HANDSHAKE_MORE;
			gw_responder_other_version(h);
		}
	} else if (h->step == GW_STEP_SYN_ACK && hello->type == GW_HELLO_RST) {
		return gw_handshake_reset(h, gw_slice(h->in, h->in_len), close);
	}
	close_by_version(close, hello->version, hello->version, false);
	return GW_HANDSHAKE_FAILED;
}

static enum gw_handshake_outcome
on_message(struct gw_handshake *h, struct gw_slice body, struct gw_close *close)
{
	switch (h->step) {
	case GW_STEP_SYN:
		return gw_responder_on_syn(h, body, close);
	case GW_STEP_SYN_ACK:
		return gw_initiator_on_syn_ack(h, body, close);
	case GW_STEP_ACK:
		return gw_responder_on_ack(h, body, close);
	case GW_STEP_DONE:
		break;
	}
	return gw_handshake_broken(close);
}

enum gw_handshake_outcome
gw_handshake_advance(struct gw_handshake *h, struct gw_close *close)
{
	static const uint8_t expected[] = {
		[GW_STEP_SYN] = GW_HELLO_SYN,
		[GW_STEP_SYN_ACK] = GW_HELLO_SYN_ACK,
		[GW_STEP_ACK] = GW_HELLO_ACK,
	};
	const struct gw_slice got = gw_slice(h->in, h->in_len);
	enum gw_handshake_outcome outcome;
	struct gw_hello hello;
	size_t used;

	GW_ASSERT(h->step != GW_STEP_DONE);
	switch (gw_hello_decode(got, &hello)) {
	case GW_HELLO_MORE:
		return GW_HANDSHAKE_MORE;
	case GW_HELLO_STRANGER:
		gw_close_set(close, GW_E_STRANGER, "it looks like %s",
		    gw_hello_describe(got));
		return GW_HANDSHAKE_FAILED;
	case GW_HELLO_READY:
		break;
	}
	if (hello.version != GW_PROTOCOL_VERSION)
		return other_version(h, &hello, close);
	if (h->step == GW_STEP_SYN_ACK && hello.type == GW_HELLO_RST)
		return gw_handshake_reset(h, got, close);
	if (hello.type != expected[h->step] || hello.length > GW_HELLO_MAX)
		return gw_handshake_broken(close);
	used = (size_t)GW_HELLO_HEADER + hello.length;
	if (got.n < used)
		return GW_HANDSHAKE_MORE;
	outcome = on_message(
	    h, gw_slice(got.p + GW_HELLO_HEADER, hello.length), close);
	h->in_len -= used;
	memmove(h->in, h->in + used, h->in_len);
	return outcome;
}

struct gw_slice
gw_handshake_rest(const struct gw_handshake *h)
{
	return gw_slice(h->in, h->in_len);
}

/* ---- bytes out ---- */

struct gw_slice
gw_handshake_output(const struct gw_handshake *h)
{
	return gw_slice(h->out + h->out_sent, h->out_len - h->out_sent);
}

void
gw_handshake_sent(struct gw_handshake *h, size_t n)
{
	GW_ASSERT(n <= h->out_len - h->out_sent);
	h->out_sent += n;
	if (h->out_sent == h->out_len)
		h->out_sent = h->out_len = 0;
}

/* ---- keys ---- */

const uint8_t *
gw_handshake_peer(const struct gw_handshake *h)
{
	return gw_noise_peer(&h->noise);
}

void
gw_handshake_split(const struct gw_handshake *h, struct gw_noise_keys *keys)
{
	GW_ASSERT(gw_noise_complete(&h->noise));
	gw_noise_split(&h->noise, keys);
}

void
gw_handshake_ticket(const struct gw_noise_keys *keys, struct gw_ticket *out)
{
	const struct gw_slice exporter =
	    gw_slice(keys->exporter, sizeof(keys->exporter));

	gw_hkdf(gw_slice(NULL, 0), exporter, gw_slice_str("godwit ticket id"),
	    out->id, sizeof(out->id));
	gw_hkdf(gw_slice(NULL, 0), exporter, gw_slice_str("godwit ticket psk"),
	    out->psk, sizeof(out->psk));
}
