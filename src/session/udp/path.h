/*
 * path - where a peer is reached: an address that the engine can compare
 * and keep, and that only its owner understands.
 */
#ifndef GW_SESSION_UDP_PATH_H
#define GW_SESSION_UDP_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct gw_path {
	uint8_t ip[16]; /* IPv6, or IPv4 mapped into it */
	uint32_t zone;  /* of a link-local address, else 0 */
	uint16_t port;
};

static inline bool
gw_path_same_host(const struct gw_path *a, const struct gw_path *b)
{
	return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 && a->zone == b->zone;
}

static inline bool
gw_path_eq(const struct gw_path *a, const struct gw_path *b)
{
	return a->port == b->port && gw_path_same_host(a, b);
}

#endif /* GW_SESSION_UDP_PATH_H */
