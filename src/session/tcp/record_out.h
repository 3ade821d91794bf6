/*
 * record_out - frames become sealed records in an outbox.
 *
 * Data of a stream is sealed straight from the caller's memory when there is
 * much of it, and gathered in a staging buffer when there is little, so that
 * small writes do not cost a record each.  What is staged always has its
 * room in the outbox.  Key rolls every `roll` records.
 * Private to src/session.  Tests: tests/unit/record_out_test.c.
 */
#ifndef GW_SESSION_TCP_RECORD_OUT_H
#define GW_SESSION_TCP_RECORD_OUT_H

#include "base/err.h"
#include "crypto/aead.h"
#include "session/tcp/outbox.h"
#include "session/tcp/streams.h"
#include "wire/record.h"

struct gw_record_out {
	struct gw_aead *aead;
	uint64_t number; /* of the next record */
	uint64_t roll;   /* records under one key */
	struct gw_outbox box;
	uint8_t *staging; /* GW_RECORD_DATA bytes */
	size_t staged;
	uint16_t staged_stream;
	uint64_t staged_offset;
	enum gw_err err; /* sticky: the cipher refused */
};

GW_MUST_USE enum gw_err gw_record_out_init(struct gw_record_out *,
    enum gw_cipher, const uint8_t secret[GW_SECRET_LEN], uint64_t roll);
void gw_record_out_fini(struct gw_record_out *);

/* Seal a frame; length is set from data.  false: no room now (or err). */
bool gw_record_out_put(
    struct gw_record_out *, const struct gw_frame *, struct gw_slice data);
/* Seal a frame into `out`, beside the outbox (data.n + 36 bytes); it must
 * go out after all that was put before.  false: err. */
bool gw_record_out_seal(struct gw_record_out *, const struct gw_frame *,
    struct gw_slice data, uint8_t *out);

/* Bytes of this stream that certainly find room. */
size_t gw_record_out_room(const struct gw_record_out *, uint16_t stream);
/* Take data of a stream within its window and this room; returns how much. */
size_t gw_record_out_write(struct gw_record_out *, struct gw_streams *,
    uint16_t stream, struct gw_slice);
/* Seal what is staged. */
void gw_record_out_flush(struct gw_record_out *);

#endif /* GW_SESSION_TCP_RECORD_OUT_H */
