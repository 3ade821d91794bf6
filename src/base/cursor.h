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
uint8_t gw_read_u8(struct gw_reader *);
uint16_t gw_read_u16(struct gw_reader *);
uint32_t gw_read_u32(struct gw_reader *);
uint64_t gw_read_u64(struct gw_reader *);
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
void gw_write_u8(struct gw_writer *, uint8_t);
void gw_write_u16(struct gw_writer *, uint16_t);
void gw_write_u32(struct gw_writer *, uint32_t);
void gw_write_u64(struct gw_writer *, uint64_t);
void gw_write_varint(struct gw_writer *, uint64_t); /* below 2^62 */
void gw_write_bytes(struct gw_writer *, const void *, size_t n);
void gw_write_string(struct gw_writer *, struct gw_slice); /* varint length */
size_t gw_writer_len(const struct gw_writer *);
bool gw_writer_ok(const struct gw_writer *);
/* Length of v as a varint: 1, 2, 4 or 8. */
size_t gw_varint_len(uint64_t v);

#endif /* GW_BASE_CURSOR_H */
