/*
 * prr - how much to send while a window shrinks: proportional rate reduction
 * (RFC 6937, with the slow start bound of its successor, RFC 9937).
 * Tests: tests/unit/prr_test.c.
 */
#ifndef GW_SESSION_UDP_PRR_H
#define GW_SESSION_UDP_PRR_H

#include <stdbool.h>
#include <stdint.h>

struct gw_prr {
	uint64_t flight;    /* bytes in flight as it began */
	uint64_t delivered; /* since */
	uint64_t sent;      /* since */
};

/* Bytes. */
struct gw_prr_ack {
	uint64_t acked;     /* newly */
	uint64_t sent;      /* since the ACK before it */
	uint64_t in_flight; /* after it */
	bool lost;          /* more is lost, it says */
	uint32_t datagram;
};

void gw_prr_begin(struct gw_prr *, uint64_t in_flight);
/* The window for now, on the way to `target`. */
uint64_t gw_prr_acked(
    struct gw_prr *, const struct gw_prr_ack *, uint64_t target);

#endif /* GW_SESSION_UDP_PRR_H */
