/*
 * cursor - bounds-checked reading and writing of bytes, big-endian.
 *
 * A cursor that ran out stays failed: read or write a whole message, then
 * ask gw_reader_ok or gw_writer_ok once.  After a failure reads give zeros
 * and writes change nothing.
 */
#ifndef GW_BASE_CURSOR_H
#define GW_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct gw_reader {
	const uint8_t *p, *end;
	bool failed;
};

struct gw_writer {
	uint8_t *start, *p, *end;
	bool failed;
};

struct gw_reader gw_reader(struct gw_slice);
/* gw_read_u8, _u16, _u32, _u64: see below. */
/* QUIC variable-length integer (RFC 9000, 16); must be of minimal length. */
uint64_t gw_read_varint(struct gw_reader *);
struct gw_slice gw_read_bytes(struct gw_reader *, size_t n);
/* varint length, then bytes; fails when longer than max. */
struct gw_slice gw_read_string(struct gw_reader *, size_t max);
void gw_read_copy(struct gw_reader *, void *out, size_t n);
size_t gw_reader_left(const struct gw_reader *);
/* True when nothing failed, whatever is left over. */
bool gw_reader_ok(const struct gw_reader *);
/* True when nothing failed and everything was read. */
bool gw_reader_done(const struct gw_reader *);

struct gw_writer gw_writer(void *buf, size_t cap);
/* gw_write_u8, _u16, _u32, _u64: see below. */
void gw_write_varint(struct gw_writer *, uint64_t); /* below 2^62 */
void gw_write_bytes(struct gw_writer *, const void *, size_t n);
void gw_write_string(struct gw_writer *, struct gw_slice); /* varint length */
size_t gw_writer_len(const struct gw_writer *);
bool gw_writer_ok(const struct gw_writer *);
/* Length of v as a varint: 1, 2, 4 or 8. */
size_t gw_varint_len(uint64_t v);

/* ---- what every packet goes through: in line ---- */

/* The next n bytes, or NULL: too few are left, or it failed before. */
static inline const uint8_t *
gw_reader_take(struct gw_reader *r, size_t n)
{
	const uint8_t *at = r->p;

	if (r->failed || n > (size_t)(r->end - r->p)) {
		r->failed = true;
		return NULL;
	}
	r->p += n;
	return at;
}

static inline uint64_t
gw_read_uint(struct gw_reader *r, size_t n)
{
	const uint8_t *p = gw_reader_take(r, n);
	uint64_t v = 0;

	for (size_t i = 0; p != NULL && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static inline uint8_t
gw_read_u8(struct gw_reader *r)
{
	return (uint8_t)gw_read_uint(r, 1);
}

static inline uint16_t
gw_read_u16(struct gw_reader *r)
{
	return (uint16_t)gw_read_uint(r, 2);
}

static inline uint32_t
gw_read_u32(struct gw_reader *r)
{
	return (uint32_t)gw_read_uint(r, 4);
}

static inline uint64_t
gw_read_u64(struct gw_reader *r)
{
	return gw_read_uint(r, 8);
}

/* Room for n bytes, or NULL: too little is left, or it failed before. */
static inline uint8_t *
gw_writer_claim(struct gw_writer *w, size_t n)
{
	uint8_t *at = w->p;

	if (w->failed || n > (size_t)(w->end - w->p)) {
		w->failed = true;
		return NULL;
	}
	if (n > 0)
		w->p += n;
	return at;
}

static inline void
gw_write_uint(struct gw_writer *w, uint64_t v, size_t n)
{
	uint8_t *p = gw_writer_claim(w, n);

	for (size_t i = n; p != NULL && i > 0; i--) {
		p[i - 1] = (uint8_t)v;
		v >>= 8;
	}
}

static inline void
gw_write_u8(struct gw_writer *w, uint8_t v)
{
	gw_write_uint(w, v, 1);
}

static inline void
gw_write_u16(struct gw_writer *w, uint16_t v)
{
	gw_write_uint(w, v, 2);
}

static inline void
gw_write_u32(struct gw_writer *w, uint32_t v)
{
	gw_write_uint(w, v, 4);
}

static inline void
gw_write_u64(struct gw_writer *w, uint64_t v)
{
	gw_write_uint(w, v, 8);
}

#endif /* GW_BASE_CURSOR_H */
