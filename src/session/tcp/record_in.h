/*
 * record_in - bytes of the socket become opened frames.
 *
 * Records are opened where they arrived; what they carry is lent until the
 * next gw_record_in_space.  Key rolls every `roll` records.
 * Private to src/session.  Tests: tests/unit/record_in_test.c.
 */
#ifndef GW_SESSION_TCP_RECORD_IN_H
#define GW_SESSION_TCP_RECORD_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "crypto/aead.h"
#include "wire/record.h"

struct gw_record_in {
	struct gw_aead *aead;
	uint64_t number; /* of the next record */
	uint64_t roll;   /* records under one key */
	uint8_t *buf;
	size_t start, end; /* what came and is not yet opened */
};

enum gw_record_status {
	GW_RECORD_NONE,    /* no whole record is there */
	GW_RECORD_FRAME,   /* *frame and *data are filled */
	GW_RECORD_DAMAGED, /* not what the peer sealed */
	GW_RECORD_ILLEGAL, /* the peer sealed what the protocol forbids */
	GW_RECORD_FAILED   /* the cipher refused to roll */
};

GW_MUST_USE enum gw_err gw_record_in_init(struct gw_record_in *, enum gw_cipher,
    const uint8_t secret[GW_SECRET_LEN], uint64_t roll);
void gw_record_in_fini(struct gw_record_in *);

/* Where to put bytes that arrive, room for one record at least; cap 0:
 * whole records wait. */
uint8_t *gw_record_in_space(struct gw_record_in *, size_t *cap);
void gw_record_in_added(struct gw_record_in *, size_t n);
/* Bytes that are not yet opened. */
struct gw_slice gw_record_in_peek(const struct gw_record_in *);
enum gw_record_status gw_record_in_next(
    struct gw_record_in *, struct gw_frame *, struct gw_slice *data);

#endif /* GW_SESSION_TCP_RECORD_IN_H */
