/*
 * socket_filter_private - what socket_filter and socket_filter_words share.
 */
#ifndef GW_DIAG_SOCKET_FILTER_PRIVATE_H
#define GW_DIAG_SOCKET_FILTER_PRIVATE_H

#include "diag/socket_filter.h"

enum gw_filter_kind {
	GW_FILTER_PORT,
	GW_FILTER_ADDRESS,
	GW_FILTER_PROCESS,
	GW_FILTER_KINDS /* how many */
};
enum gw_filter_side {
	GW_FILTER_EITHER,
	GW_FILTER_LOCAL,
	GW_FILTER_REMOTE,
	GW_FILTER_SIDES /* how many */
};

struct gw_filter_term {
	enum gw_filter_kind kind;
	enum gw_filter_side side;
	bool negated;
	uint16_t first_port, last_port; /* 0 and 0: any */
	/* Of an address; a host that has none yet has a name instead. */
	uint8_t address[16];
	unsigned bits;
	const char *name; /* or of a process */
	size_t name_length;
	uint32_t pid; /* 0: by name */
};

/* Bits of `kinds`: protocol and family. */
static inline uint32_t
gw_filter_kind_bit(enum gw_socket_protocol protocol, bool ipv6)
{
	return 1U << (2 * (unsigned)protocol + ipv6);
}

/* GW_E_MEMORY, GW_E_LIMIT. */
GW_MUST_USE enum gw_err gw_filter_add_term(
    struct gw_socket_filter *, const struct gw_filter_term *);

#endif /* GW_DIAG_SOCKET_FILTER_PRIVATE_H */
