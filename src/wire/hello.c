#include "wire/hello.h"

#include <assert.h>
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "base/escape.h"

enum {
	MAGIC_LEN = 4,
	REMEMBER = 0x80, /* in the length of a name, which is below that */
	/* gw_escape makes at most \xHH of a byte. */
	ESCAPED_MAX = 4 * GW_REASON_MAX + 1
};

static const uint8_t magic[MAGIC_LEN] = { 'g', 'd', 'w', 't' };

static_assert(GW_SYN_PAYLOAD >= 2 + GW_HELLO_SHARE, "a share fits SYN");
static_assert((int)GW_NAME_MAX < (int)REMEMBER, "a bit is free");
static_assert(GW_SYN_PAYLOAD >= 2 + GW_PSK_ID_LEN, "an id fits SYN");

/* ---- header ---- */

void
gw_hello_encode(const struct gw_hello *h, uint8_t out[GW_HELLO_HEADER])
{
	struct gw_writer w = gw_writer(out, GW_HELLO_HEADER);

	gw_write_bytes(&w, magic, MAGIC_LEN);
	gw_write_u8(&w, h->version);
	gw_write_u8(&w, h->type);
	gw_write_u16(&w, h->length);
	GW_ASSERT(gw_writer_ok(&w));
}

enum gw_hello_status
gw_hello_decode(struct gw_slice got, struct gw_hello *out)
{
	const size_t n = got.n < MAGIC_LEN ? got.n : MAGIC_LEN;

	if (n > 0 && memcmp(got.p, magic, n) != 0)
		return GW_HELLO_STRANGER;
	if (got.n < GW_HELLO_HEADER)
		return GW_HELLO_MORE;

	struct gw_reader r = gw_reader(got);
	gw_read_bytes(&r, MAGIC_LEN);
	out->version = gw_read_u8(&r);
	out->type = gw_read_u8(&r);
	out->length = gw_read_u16(&r);
	return GW_HELLO_READY;
}

const char *
gw_hello_type_name(uint8_t type)
{
	static const char *const name[] = {
		[GW_HELLO_SYN] = "SYN",
		[GW_HELLO_SYN_ACK] = "SYN_ACK",
		[GW_HELLO_ACK] = "ACK",
		[GW_HELLO_RST] = "RST",
		[GW_HELLO_COOKIE] = "COOKIE",
	};

	return type > 0 && type < sizeof(name) / sizeof(*name) ? name[type]
							       : "?";
}

const char *
gw_hello_describe(struct gw_slice got)
{
	static const struct {
		const char *begins, *what;
	} known[] = {
		{ "GET ", "a web browser" },
		{ "POST ", "a web client" },
		{ "HEAD ", "a web client" },
		{ "PUT ", "a web client" },
		{ "OPTIONS ", "a web client" },
		{ "CONNECT ", "a web client that takes this for a proxy" },
		{ "HTTP/", "a web server" },
		{ "\x16\x03", "something that speaks TLS" },
		{ "\x15\x03", "something that speaks TLS" },
		{ "SSH-", "something that speaks SSH" },
		{ "@RSYNCD:", "an rsync daemon" },
		{ "220 ", "a mail or FTP server" },
		{ "220-", "a mail or FTP server" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		const size_t len = strlen(known[i].begins);
		const size_t n = got.n < len ? got.n : len;

		if (n > 0 && memcmp(got.p, known[i].begins, n) == 0)
			return known[i].what;
	}
	return "something that is no godwit";
}

/* ---- payloads ---- */

static void
write_zeros(struct gw_writer *w)
{
	const size_t left = (size_t)(w->end - w->p);

	for (size_t i = 0; i < left; i++)
		gw_write_u8(w, 0);
}

/* Everything that is left is zero. */
static bool
read_zeros(struct gw_reader *r)
{
	const struct gw_slice rest = gw_read_bytes(r, gw_reader_left(r));
	uint8_t seen = 0;

	for (size_t i = 0; i < rest.n; i++)
		seen |= rest.p[i];
	return gw_reader_ok(r) && seen == 0;
}

void
gw_syn_encode(const struct gw_syn *m, uint8_t out[GW_SYN_PAYLOAD])
{
	struct gw_writer w = gw_writer(out, GW_SYN_PAYLOAD);

	gw_write_u8(&w, (uint8_t)m->mode);
	gw_write_u8(&w, m->ciphers);
	if (m->mode == GW_MODE_CODE)
		gw_write_bytes(&w, m->share, GW_HELLO_SHARE);
	else if (m->mode == GW_MODE_RESUMED)
		gw_write_bytes(&w, m->psk_id, GW_PSK_ID_LEN);
	write_zeros(&w);
	GW_ASSERT(gw_writer_ok(&w));
}

bool
gw_syn_decode(struct gw_slice s, struct gw_syn *out)
{
	struct gw_reader r = gw_reader(s);
	struct gw_syn m = { 0 };
	const uint8_t mode = gw_read_u8(&r);

	if (s.n != GW_SYN_PAYLOAD)
		return false;
	m.ciphers = gw_read_u8(&r);
	switch (mode) {
	case GW_MODE_CODE:
		gw_read_copy(&r, m.share, GW_HELLO_SHARE);
		break;
	case GW_MODE_KNOWN:
		break;
	case GW_MODE_RESUMED:
		gw_read_copy(&r, m.psk_id, GW_PSK_ID_LEN);
		break;
	default:
		return false;
	}
	m.mode = (enum gw_mode)mode;
	if (!read_zeros(&r))
		return false;
	*out = m;
	return true;
}

void
gw_syn_ack_encode(const struct gw_syn_ack *m, uint8_t out[GW_SYN_ACK_PAYLOAD])
{
	struct gw_writer w = gw_writer(out, GW_SYN_ACK_PAYLOAD);

	gw_write_u8(&w, m->cipher);
	gw_write_bytes(&w, m->token, GW_TOKEN_LEN);
	gw_write_bytes(&w, m->share, GW_HELLO_SHARE);
	GW_ASSERT(gw_writer_ok(&w));
}

bool
gw_syn_ack_decode(struct gw_slice s, struct gw_syn_ack *out)
{
	struct gw_reader r = gw_reader(s);
	struct gw_syn_ack m;

	m.cipher = gw_read_u8(&r);
	gw_read_copy(&r, m.token, GW_TOKEN_LEN);
	gw_read_copy(&r, m.share, GW_HELLO_SHARE);
	if (!gw_reader_done(&r))
		return false;
	*out = m;
	return true;
}

void
gw_name_encode(const char *name, uint8_t out[GW_NAME_PAYLOAD])
{
	struct gw_writer w = gw_writer(out, GW_NAME_PAYLOAD);
	const size_t n = strlen(name);

	GW_ASSERT(n <= GW_NAME_MAX);
	gw_write_u8(&w, (uint8_t)n);
	gw_write_bytes(&w, name, n);
	write_zeros(&w);
	GW_ASSERT(gw_writer_ok(&w));
}

bool
gw_name_decode(struct gw_slice s, char name[GW_NAME_MAX + 1])
{
	struct gw_reader r = gw_reader(s);
	const uint8_t n = gw_read_u8(&r);
	const struct gw_slice text = gw_read_bytes(&r, n);

	if (s.n != GW_NAME_PAYLOAD || !read_zeros(&r))
		return false;
	gw_text_clean(text, name, GW_NAME_MAX + 1);
	return true;
}

struct gw_intro
gw_intro(const char *name, bool remember)
{
	struct gw_intro m = { .remember = remember };
	const size_t n = strlen(name);

	GW_ASSERT(n <= GW_NAME_MAX);
	memcpy(m.name, name, n + 1);
	return m;
}

void
gw_intro_encode(const struct gw_intro *m, uint8_t out[GW_NAME_PAYLOAD])
{
	gw_name_encode(m->name, out);
	if (m->remember)
		out[0] |= REMEMBER;
}

bool
gw_intro_decode(struct gw_slice s, struct gw_intro *out)
{
	uint8_t bare[GW_NAME_PAYLOAD];

	if (s.n != GW_NAME_PAYLOAD)
		return false;
	memcpy(bare, s.p, sizeof(bare));
	bare[0] &= (uint8_t)~REMEMBER;
	if (!gw_name_decode(gw_slice(bare, sizeof(bare)), out->name))
		return false;
	out->remember = (s.p[0] & REMEMBER) != 0;
	return true;
}

size_t
gw_rst_encode(const struct gw_rst *m, uint8_t out[GW_RST_VERSION_BODY])
{
	struct gw_writer w = gw_writer(out, GW_RST_VERSION_BODY);

	gw_write_u8(&w, m->reason);
	gw_write_bytes(&w, m->token, GW_TOKEN_LEN);
	if (m->reason == GW_RST_VERSION) {
		gw_write_u8(&w, m->oldest);
		gw_write_u8(&w, m->newest);
	}
	GW_ASSERT(gw_writer_ok(&w));
	return gw_writer_len(&w);
}

bool
gw_rst_decode(struct gw_slice s, struct gw_rst *out)
{
	struct gw_reader r = gw_reader(s);
	struct gw_rst m = { 0 };

	m.reason = gw_read_u8(&r);
	gw_read_copy(&r, m.token, GW_TOKEN_LEN);
	if (m.reason == GW_RST_VERSION) {
		m.oldest = gw_read_u8(&r);
		m.newest = gw_read_u8(&r);
	}
	if (!gw_reader_ok(&r))
		return false;
	*out = m;
	return true;
}

void
gw_text_clean(struct gw_slice text, char *out, size_t size)
{
	char escaped[ESCAPED_MAX];
	const size_t n = text.n < size - 1 ? text.n : size - 1;

	GW_ASSERT(size > 0 && n <= GW_REASON_MAX);
	if (n > 0)
		memcpy(out, text.p, n);
	out[n] = '\0';
	gw_escape(escaped, sizeof(escaped), out);
	if (strlen(out) == n && strcmp(out, escaped) == 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (out[i] < 0x20 || out[i] > 0x7e || out[i] == '\\')
			out[i] = '?';
}
