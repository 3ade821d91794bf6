#include "wire/beacon.h"

#include <assert.h>
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "wire/hello.h"

enum {
	MAGIC_LEN = 4,
	TAGS_LEN = GW_BEACON_TAGS * GW_BEACON_TAG_LEN,
	USED = 104 + TAGS_LEN,
	RECEIVES = 1,
	SENDS = 2
};

static const uint8_t magic[MAGIC_LEN] = { 'g', 'd', 'w', 'b' };

static_assert(
    (int)USED <= (int)GW_BEACON_LEN, "a beacon has room for its fields");

static bool
has_run(const struct gw_beacon *b)
{
	static const uint8_t none[GW_BEACON_RUN_LEN];

	return memcmp(b->run, none, sizeof none) != 0;
}

static bool
is_fair_question(const struct gw_beacon *b)
{
	if (b->nonce == 0 || b->port != 0 || b->receives || b->sends)
		return false;
	if ((b->ask == GW_ASK_NUMBER) != (b->number != 0))
		return false;
	if ((b->ask == GW_ASK_NAME) != (b->name[0] != '\0'))
		return false;
	return b->ask >= GW_ASK_EVERYBODY && b->ask <= GW_ASK_KNOWN;
}

/* What the table in the header allows. */
static bool
is_fair(const struct gw_beacon *b)
{
	const bool present = b->port != 0 && b->name[0] != '\0';

	if (!has_run(b))
		return false;
	switch (b->kind) {
	case GW_BEACON_QUESTION:
		return is_fair_question(b);
	case GW_BEACON_ANSWER:
		return b->ask == GW_ASK_NOTHING && present && b->nonce != 0;
	case GW_BEACON_HERE:
		return b->ask == GW_ASK_NOTHING && present && b->nonce == 0 &&
		       b->number == 0;
	case GW_BEACON_BYE:
		return b->ask == GW_ASK_NOTHING && b->nonce == 0 &&
		       b->number == 0 && b->port == 0 && b->name[0] == '\0' &&
		       !b->receives && !b->sends;
	}
	return false;
}

void
gw_beacon_encode(const struct gw_beacon *b, uint8_t out[GW_BEACON_LEN])
{
	struct gw_writer w = gw_writer(out, GW_BEACON_LEN);
	uint8_t name[GW_NAME_PAYLOAD];

	GW_ASSERT(is_fair(b));
	gw_name_encode(b->name, name);
	gw_write_bytes(&w, magic, MAGIC_LEN);
	gw_write_u8(&w, GW_PROTOCOL_VERSION);
	gw_write_u8(&w, (uint8_t)b->kind);
	gw_write_u8(&w, (uint8_t)b->ask);
	gw_write_u8(&w, (b->receives ? RECEIVES : 0) | (b->sends ? SENDS : 0));
	gw_write_bytes(&w, b->run, sizeof b->run);
	gw_write_u64(&w, b->nonce);
	gw_write_u32(&w, b->number);
	gw_write_u16(&w, b->port);
	gw_write_bytes(&w, name, sizeof name);
	gw_write_u8(&w, 0);
	gw_write_bytes(&w, b->tags, TAGS_LEN);
	GW_ASSERT(gw_writer_len(&w) == USED);
	memset(out + USED, 0, GW_BEACON_LEN - USED);
}

enum gw_beacon_status
gw_beacon_decode(struct gw_slice s, struct gw_beacon *out)
{
	struct gw_reader r = gw_reader(s);
	struct gw_beacon b;
	struct gw_slice name;
	uint8_t offers;

	if (s.n <= MAGIC_LEN || memcmp(s.p, magic, MAGIC_LEN) != 0)
		return GW_BEACON_STRANGER;
	gw_read_bytes(&r, MAGIC_LEN);
	if (gw_read_u8(&r) != GW_PROTOCOL_VERSION)
		return GW_BEACON_VERSION;
	if (s.n != GW_BEACON_LEN)
		return GW_BEACON_MALFORMED;
	b.kind = (enum gw_beacon_kind)gw_read_u8(&r);
	b.ask = (enum gw_beacon_ask)gw_read_u8(&r);
	offers = gw_read_u8(&r);
	b.receives = (offers & RECEIVES) != 0;
	b.sends = (offers & SENDS) != 0;
	gw_read_copy(&r, b.run, sizeof b.run);
	b.nonce = gw_read_u64(&r);
	b.number = gw_read_u32(&r);
	b.port = gw_read_u16(&r);
	name = gw_read_bytes(&r, GW_NAME_PAYLOAD);
	if (offers > (RECEIVES | SENDS) || !gw_name_decode(name, b.name) ||
	    gw_read_u8(&r) != 0)
		return GW_BEACON_MALFORMED;
	gw_read_copy(&r, b.tags, TAGS_LEN);
	if (!is_fair(&b))
		return GW_BEACON_MALFORMED;
	*out = b;
	return GW_BEACON_OK;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
gw_beacon_same_name(const char *a, const char *b)
{
	for (; *a != '\0' && lower(*a) == lower(*b); a++, b++)
		;
	return lower(*a) == lower(*b);
}
