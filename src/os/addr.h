/*
 * addr - an IP address with a port, and how people write it.
 *
 * IPv4-mapped IPv6 addresses are kept as plain IPv4.
 */
#ifndef GW_OS_ADDR_H
#define GW_OS_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "os/why.h"

enum { GW_ADDR_TEXT = 80 }; /* buffer for any text below */

struct gw_addr {
	struct sockaddr_storage ss; /* AF_INET or AF_INET6 */
	socklen_t len;
};

/*
 * "192.0.2.1", "2001:db8::1", "fe80::1%eth0", also in square brackets.
 * GW_E_RESOLVE: no numeric address, so a name to look up.  GW_E_ADDRESS: an
 * unknown zone, or a link-local address without one; why says so.
 */
GW_MUST_USE enum gw_err gw_addr_parse(
    struct gw_addr *, const char *host, uint16_t port, struct gw_why *);
/* From the kernel or the resolver; false: another family. */
bool gw_addr_from(struct gw_addr *, const struct sockaddr *, socklen_t);

/* "fe80::1%eth0" */
void gw_addr_host(const struct gw_addr *, char out[GW_ADDR_TEXT]);
/* "[fe80::1%eth0]:4639" or "192.0.2.1:4639" */
void gw_addr_text(const struct gw_addr *, char out[GW_ADDR_TEXT]);
uint16_t gw_addr_port(const struct gw_addr *);
void gw_addr_set_port(struct gw_addr *, uint16_t);
/* 16 bytes, IPv4 as ::ffff:a.b.c.d: to count by source. */
void gw_addr_mapped(const struct gw_addr *, uint8_t out[16]);
/* And back; a zone is an interface's index, 0: none. */
void gw_addr_from_mapped(
    struct gw_addr *, const uint8_t ip[16], uint32_t zone, uint16_t port);
uint32_t gw_addr_zone(const struct gw_addr *);
bool gw_addr_is_loopback(const struct gw_addr *);
/* 0.0.0.0 or ::, which stand for every address. */
bool gw_addr_is_any(const struct gw_addr *);
/* A multicast group. */
bool gw_addr_is_group(const struct gw_addr *);
/* Means something on one link only: 169.254/16, fe80::/10, ff02::/16, and
 * groups of this machine alone. */
bool gw_addr_is_link_local(const struct gw_addr *);
/* Same host, whatever the port. */
bool gw_addr_same_host(const struct gw_addr *, const struct gw_addr *);

/*
 * Addresses of this machine's interfaces that are up: IPv4, then global
 * IPv6, then link-local (with zone), loopback last; port 0.  The caller
 * frees the array.  GW_E_MEMORY; GW_E_FAILED: the kernel does not tell.
 */
GW_MUST_USE enum gw_err gw_addr_list(struct gw_addr **, size_t *count);

#endif /* GW_OS_ADDR_H */
