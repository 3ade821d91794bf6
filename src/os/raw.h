/*
 * raw - raw sockets of both families, and the check sum of the headers that
 * whoever uses them writes himself.
 */
#ifndef GW_OS_RAW_H
#define GW_OS_RAW_H

#include <stddef.h>
#include <stdint.h>

#include "os/why.h"

struct gw_raw {
	int v4, v6; /* sockets; v6 is -1 where there is no IPv6 */
};

/* For these protocols; `to` says in words what one needs them for.
 * GW_E_ADDRESS: it is not allowed, or there are none; why says so, and what to
 * do. */
GW_MUST_USE enum gw_err gw_raw_open(struct gw_raw *, int protocol_v4,
    int protocol_v6, const char *to, struct gw_why *);
void gw_raw_close(struct gw_raw *);

/* RFC 1071: what is added up, piece by piece (all but the last of an even
 * length), and the check sum in the end. */
uint32_t gw_raw_sum(uint32_t so_far, const uint8_t *, size_t);
uint16_t gw_raw_checksum(uint32_t sum);

#endif /* GW_OS_RAW_H */
