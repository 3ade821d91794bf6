#include "base/cursor.h"

#include <string.h>

#include "base/assert.h"

const uint8_t gw_no_bytes[1] = { 0 };

uint64_t
gw_read_varint(struct gw_reader *r)
{
	uint64_t v;
	unsigned bits;

	if (r->failed || gw_reader_left(r) == 0) {
		r->failed = true;
		return 0;
	}
	/* Its first two bits say how long it is. */
	bits = 8U << (*r->p >> 6);
	v = gw_read_uint(r, bits / 8);
	v &= UINT64_MAX >> 2 >> (64 - bits);
	/* One value, one encoding: what is compared or hashed as bytes must
	 * not have a second form. */
	if (r->failed || gw_varint_len(v) != bits / 8) {
		r->failed = true;
		return 0;
	}
	return v;
}

struct gw_slice
gw_read_string(struct gw_reader *r, size_t max)
{
	const uint64_t n = gw_read_varint(r);

	if (n > max)
		r->failed = true;
	return gw_read_bytes(r, (size_t)n);
}

void
gw_read_copy(struct gw_reader *r, void *out, size_t n)
{
	const uint8_t *p = gw_reader_take(r, n);

	if (n == 0)
		return;
	if (p == NULL)
		memset(out, 0, n);
	else
		memcpy(out, p, n);
}

bool
gw_reader_done(const struct gw_reader *r)
{
	return !r->failed && r->p == r->end;
}

size_t
gw_varint_len(uint64_t v)
{
	if (v < UINT64_C(1) << 6)
		return 1;
	if (v < UINT64_C(1) << 14)
		return 2;
	if (v < UINT64_C(1) << 30)
		return 4;
	GW_ASSERT(v < UINT64_C(1) << 62);
	return 8;
}

void
gw_write_varint(struct gw_writer *w, uint64_t v)
{
	const size_t n = gw_varint_len(v);
	const uint64_t log2_n = n == 1 ? 0 : n == 2 ? 1 : n == 4 ? 2 : 3;

	gw_write_uint(w, v | log2_n << (8 * n - 2), n);
}

void
gw_write_bytes(struct gw_writer *w, const void *data, size_t n)
{
	uint8_t *p = gw_writer_claim(w, n);

	if (p != NULL && n > 0)
		memcpy(p, data, n);
}

void
gw_write_string(struct gw_writer *w, struct gw_slice s)
{
	gw_write_varint(w, s.n);
	gw_write_bytes(w, s.p, s.n);
}
