/*
 * socket_filter - which sockets are meant: words as people type them.
 *
 *	8008  8000-8010  :8008          a port, on either side
 *	127.0.0.1:8008  [::1]:8008      an address and a port
 *	10.0.0.0/8  fe80::1  localhost  an address, on either side
 *	local=:22  remote=10.0.0.9      on one side; lport=, rport=, host=,
 *port= tcp  udp  ipv4  ipv6  tcp6      protocol and family listening  TIME_WAIT
 *state=..  a state, or several: a,b proc=sshd  pid=4711             a process;
 *the name may have * and ?
 *
 * "!" before a word, or "!=" in it, means all but those.  Words of one kind
 * are alternatives, different kinds must all hold.  No system call here: the
 * names of hosts are given back to be looked up.
 */
#ifndef GW_DIAG_SOCKET_FILTER_H
#define GW_DIAG_SOCKET_FILTER_H

#include "base/err.h"
#include "diag/socket.h"

enum { GW_FILTER_HOST_MAX = 255, GW_FILTER_TERMS_MAX = 4096 };

struct gw_filter_term;

struct gw_socket_filter {
	/* Sets of bits that are wanted (0: all) and not wanted. */
	uint32_t states, not_states;
	uint32_t kinds, not_kinds; /* of protocol and family */
	struct gw_filter_term *terms;
	size_t count, room;
};

/* All zeros lets everything pass. */
void gw_socket_filter_fini(struct gw_socket_filter *);

/*
 * Add a word, which stays valid as long as the filter.  NULL, or what is
 * wrong with it (static storage): "has port 0, which no socket has".  Then
 * nothing has changed.
 */
const char *gw_socket_filter_add(struct gw_socket_filter *, const char *word);

/* The next name to look up, from *i = 0 on; false: no more. */
bool gw_socket_filter_host(const struct gw_socket_filter *, size_t *i,
    char name[GW_FILTER_HOST_MAX + 1]);
/* It has these addresses (IPv4 mapped), at least one.  GW_E_MEMORY,
 * GW_E_LIMIT. */
GW_MUST_USE enum gw_err gw_socket_filter_resolve(struct gw_socket_filter *,
    size_t i, const uint8_t (*addresses)[16], size_t count);

/* Can a socket of this kind pass? */
bool gw_socket_filter_wants(
    const struct gw_socket_filter *, enum gw_socket_protocol, bool ipv6);
/* Does it pass, as far as processes do not matter? */
bool gw_socket_filter_match(
    const struct gw_socket_filter *, const struct gw_socket *);
/* The same, as far as states do not matter either. */
bool gw_socket_filter_match_ends(
    const struct gw_socket_filter *, const struct gw_socket *);
/* The states that pass, as a set. */
uint32_t gw_socket_filter_states(const struct gw_socket_filter *);

/* Do processes matter? */
bool gw_socket_filter_wants_owner(const struct gw_socket_filter *);
/* Do these, which have the socket open, let it pass? */
bool gw_socket_filter_match_owners(const struct gw_socket_filter *,
    const struct gw_socket_owner *, size_t count);

#endif /* GW_DIAG_SOCKET_FILTER_H */
