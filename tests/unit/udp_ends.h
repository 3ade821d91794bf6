/*
 * udp_ends - two UDP sockets on loopback with a batch on each: a sends to b.
 */
#ifndef GW_TESTS_UNIT_UDP_ENDS_H
#define GW_TESTS_UNIT_UDP_ENDS_H

#include "os/udp_batch.h"

enum ends_kind {
	ENDS_V4,
	ENDS_V6,
	ENDS_BOTH, /* sockets of IPv6 that take both; IPv4 between them */
	ENDS_KINDS
};

struct udp_end {
	int fd;
	struct gw_addr addr; /* by which the other one reaches it */
	struct gw_udp_batch *batch;
};

struct udp_ends {
	struct udp_end a, b;
};

/* The next kind from this one on that this machine has; ENDS_KINDS: none. */
enum ends_kind ends_kind(unsigned kind);
/* Options may be NULL; their fd means nothing. */
void ends_init(struct udp_ends *, enum ends_kind,
    const struct gw_udp_batch_options *a, const struct gw_udp_batch_options *b);
void ends_fini(struct udp_ends *);
/* A socket of its own, bound to loopback or to all. */
int ends_socket(enum ends_kind, struct gw_addr *);

/* len bytes that differ from place to place. */
const uint8_t *ends_bytes(size_t len);
/* Send such bytes, from a to b. */
enum gw_train_result ends_send(
    struct udp_ends *, size_t len, size_t segment, size_t *sent);
/* Wait for the next datagram at b, as long as it takes. */
void ends_next(struct udp_ends *, struct gw_udp_arrival *);
/* The next ones are those bytes in segments; then nothing waits. */
void ends_check_train(struct udp_ends *, size_t len, size_t segment);
void ends_check_nothing(struct udp_ends *);

#endif /* GW_TESTS_UNIT_UDP_ENDS_H */
