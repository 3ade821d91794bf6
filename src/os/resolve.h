/*
 * resolve - from a host's name to addresses, and back.  Blocks: for a worker
 * thread or the helper process only.
 */
#ifndef GW_OS_RESOLVE_H
#define GW_OS_RESOLVE_H

#include "os/addr.h"

enum {
	GW_RESOLVE_MAX = 16,
	GW_RESOLVE_NAME = 256 /* buffer for a name */
};

struct gw_resolved {
	struct gw_addr v[GW_RESOLVE_MAX]; /* best first (RFC 6724) */
	size_t count;                     /* at least 1 after success */
};

/* Numeric addresses and names.  GW_E_RESOLVE: no such host, or nobody could
 * be asked; GW_E_ADDRESS: see gw_addr_parse; why says which host. */
GW_MUST_USE enum gw_err gw_resolve(
    const char *host, uint16_t port, struct gw_why *, struct gw_resolved *);

/* The name of an address, as its owner tells it: bytes.  GW_E_RESOLVE: it has
 * none, or nobody could be asked. */
GW_MUST_USE enum gw_err gw_resolve_name(
    const struct gw_addr *, char out[GW_RESOLVE_NAME]);

#endif /* GW_OS_RESOLVE_H */
