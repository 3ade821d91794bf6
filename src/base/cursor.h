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
#include <string.h>

#include "base/slice.h"

struct gw_reader {
	const uint8_t *p, *end;
	bool failed;
};

struct gw_writer {
	uint8_t *start, *p, *end;
	bool failed;
};

/* gw_reader, gw_read_u8, _u16, _u32, _u64: see below. */
/* QUIC variable-length integer (RFC 9000, 16); must be of minimal length. */
uint64_t gw_read_varint(struct gw_reader *);
/* varint length, then bytes; fails when longer than max. */
struct gw_slice gw_read_string(struct gw_reader *, size_t max);
void gw_read_copy(struct gw_reader *, void *out, size_t n);
/* True when nothing failed and everything was read. */
bool gw_reader_done(const struct gw_reader *);

/* gw_writer, gw_write_u8, _u16, _u32, _u64: see below. */
void gw_write_varint(struct gw_writer *, uint64_t); /* below 2^62 */
void gw_write_bytes(struct gw_writer *, const void *, size_t n);
void gw_write_string(struct gw_writer *, struct gw_slice); /* varint length */
/* Length of v as a varint: 1, 2, 4 or 8. */
size_t gw_varint_len(uint64_t v);

/* ---- what every packet goes through: in line ---- */

/* Stands for "no bytes", so that no pointer arithmetic meets NULL. */
extern const uint8_t gw_no_bytes[1];

static inline struct gw_reader
gw_reader(struct gw_slice s)
{
	const uint8_t *p = s.n == 0 ? gw_no_bytes : s.p;

	return (struct gw_reader){ .p = p, .end = p + s.n };
}

static inline size_t
gw_reader_left(const struct gw_reader *r)
{
	return (size_t)(r->end - r->p);
}

/* True when nothing failed, whatever is left over. */
static inline bool
gw_reader_ok(const struct gw_reader *r)
{
	return !r->failed;
}

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

/* From the machine's order to the network's, or back. */
static inline uint32_t
gw_big_u32(uint32_t v)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? v
						      : __builtin_bswap32(v);
}

static inline uint64_t
gw_big_u64(uint64_t v)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? v
						      : __builtin_bswap64(v);
}

/* Of 1, 2, 4 or 8 bytes. */
static inline uint64_t
gw_load_uint(const uint8_t *p, size_t n)
{
	uint32_t half;
	uint64_t whole;

	switch (n) {
	case 1:
		return p[0];
	case 2:
		return (uint64_t)p[0] << 8 | p[1];
	case 4:
		memcpy(&half, p, sizeof half);
		return gw_big_u32(half);
	default:
		memcpy(&whole, p, sizeof whole);
		return gw_big_u64(whole);
	}
}

static inline void
gw_store_uint(uint8_t *p, uint64_t v, size_t n)
{
	const uint32_t half = gw_big_u32((uint32_t)v);
	const uint64_t whole = gw_big_u64(v);

	switch (n) {
	case 1:
		p[0] = (uint8_t)v;
		break;
	case 2:
		p[0] = (uint8_t)(v >> 8);
		p[1] = (uint8_t)v;
		break;
	case 4:
		memcpy(p, &half, sizeof half);
		break;
	default:
		memcpy(p, &whole, sizeof whole);
		break;
	}
}

static inline uint64_t
gw_read_uint(struct gw_reader *r, size_t n)
{
	const uint8_t *p = gw_reader_take(r, n);

	return p != NULL ? gw_load_uint(p, n) : 0;
}

static inline struct gw_slice
gw_read_bytes(struct gw_reader *r, size_t n)
{
	const uint8_t *p = gw_reader_take(r, n);

	return p == NULL ? gw_slice(gw_no_bytes, 0) : gw_slice(p, n);
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

static inline struct gw_writer
gw_writer(void *buf, size_t cap)
{
	uint8_t *p = (uint8_t *)buf;

	return (struct gw_writer){
		.start = p,
		.p = p,
		.end = cap == 0 ? p : p + cap,
	};
}

static inline size_t
gw_writer_len(const struct gw_writer *w)
{
	return (size_t)(w->p - w->start);
}

static inline bool
gw_writer_ok(const struct gw_writer *w)
{
	return !w->failed;
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

	if (p != NULL)
		gw_store_uint(p, v, n);
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
