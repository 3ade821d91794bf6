#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "transfer/journal.h"

#define TEMP_HEAD ".godwit-"

enum { TAG = 4, OWN = 8 }; /* bytes in a temporary's name */

/* Lower case, with a NUL after it. */
static void
hex(char *out, const uint8_t *b, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[b[i] >> 4];
		*out++ = digits[b[i] & 15];
	}
	*out = '\0';
}

void
gw_journal_name(const struct gw_journal_head *h, char out[GW_JOURNAL_NAME])
{
	uint8_t text[32 + 16 + 8 + 8];
	struct gw_writer w = gw_writer(text, sizeof text);
	struct gw_hash hash;

	gw_write_bytes(&w, h->peer, sizeof h->peer);
	gw_write_bytes(&w, h->source_id, sizeof h->source_id);
	gw_write_u64(&w, h->dev);
	gw_write_u64(&w, h->ino);
	hash = gw_hash_of(gw_slice(text, sizeof text));
	hex(out, hash.b, sizeof hash.b);
	memcpy(out + 2 * sizeof hash.b, ".journal", sizeof ".journal");
}

/* What the names of one journal's temporaries have in common. */
static void
tag_of(uint64_t seed, char out[2 * TAG + 1])
{
	struct gw_key key = gw_hash_key(seed, gw_slice(NULL, 0));

	hex(out, key.b, TAG);
}

void
gw_journal_temp(uint64_t seed, struct gw_slice path, char out[GW_TEMP_NAME])
{
	struct gw_key key = gw_hash_key(seed, path);
	char tag[2 * TAG + 1], own[2 * OWN + 1];

	tag_of(seed, tag);
	hex(own, key.b, OWN);
	snprintf(out, GW_TEMP_NAME, TEMP_HEAD "%s%s.part", tag, own);
}

bool
gw_journal_owns_temp(uint64_t seed, const char *name)
{
	const size_t head = sizeof TEMP_HEAD - 1;
	char tag[2 * TAG + 1];

	tag_of(seed, tag);
	return strncmp(name, TEMP_HEAD, head) == 0 &&
	       strncmp(name + head, tag, sizeof tag - 1) == 0;
}

struct gw_hash
gw_journal_stamp(const struct gw_entry *e)
{
	uint8_t text[40];
	struct gw_writer w = gw_writer(text, sizeof text);

	gw_write_u64(&w, e->size);
	gw_write_u64(&w, (uint64_t)e->mtime_s);
	gw_write_u32(&w, e->mtime_ns);
	gw_write_u64(&w, (uint64_t)e->ctime_s);
	gw_write_u32(&w, e->ctime_ns);
	gw_write_u64(&w, e->ino);
	return gw_hash_of(gw_slice(text, gw_writer_len(&w)));
}
