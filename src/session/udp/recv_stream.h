/*
 * recv_stream - the data of one stream on its way in.
 *
 * What comes in order is lent straight from its packet; what comes early
 * waits in a ring, which is made when it is needed and as large as that is.
 * Keeps the rules of a stream's final size (RFC 9000, 4.5).  Windows are the
 * owner's (flow): they bound what is held here.
 * Private to src/session.  Tests: tests/unit/recv_stream_test.c,
 * tests/sim/data_test.c.
 */
#ifndef GW_SESSION_UDP_RECV_STREAM_H
#define GW_SESSION_UDP_RECV_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/ring.h"
#include "base/slice.h"

#define GW_SIZE_UNKNOWN UINT64_MAX

/* An empty ring that is larger is given back. */
enum { GW_RECV_STREAM_KEEP = 1 << 16 };

struct gw_recv_stream {
	struct gw_ring ring;
	struct gw_bits have; /* a bit for each byte that waits, from next on */
	uint64_t waiting;    /* bytes in the ring */
	uint64_t next;       /* all below was lent or taken */
	uint64_t highest;    /* end of the farthest byte that came */
	uint64_t size;       /* in the end, or GW_SIZE_UNKNOWN */
	uint64_t code;       /* of a reset */
	bool reset;
};

void gw_recv_stream_init(struct gw_recv_stream *);
void gw_recv_stream_fini(struct gw_recv_stream *);

/*
 * A chunk came, which the windows allow: its end lies at most as far past
 * `next` as the peer was granted.  Sets *lent to what of it is next in order,
 * n 0: nothing; those bytes are dealt with, and the caller's.  With lent NULL
 * all of it waits, for gw_recv_stream_next.
 * GW_E_PROTOCOL: against the final size.  GW_E_MEMORY: no room to let it
 * wait.  Nothing changed then, and its packet must not be acknowledged.
 */
GW_MUST_USE enum gw_err gw_recv_stream_data(struct gw_recv_stream *,
    uint64_t offset, struct gw_slice, bool end, struct gw_slice *lent);
/* What waits and is next in order, one piece of the ring; false: nothing.
 * Valid until gw_recv_stream_take or _data. */
bool gw_recv_stream_next(const struct gw_recv_stream *, struct gw_slice *);
/* n bytes of that are dealt with. */
void gw_recv_stream_take(struct gw_recv_stream *, size_t n);
/* All of it, up to its end, was lent or taken. */
bool gw_recv_stream_ended(const struct gw_recv_stream *);

/*
 * STREAM_RESET came: what waits is dropped, and what comes is ignored.  On a
 * stream that has all of its data already it changes nothing.
 * GW_E_PROTOCOL: against the final size.
 */
GW_MUST_USE enum gw_err gw_recv_stream_reset(
    struct gw_recv_stream *, uint64_t code, uint64_t size);

#endif /* GW_SESSION_UDP_RECV_STREAM_H */
