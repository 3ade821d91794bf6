/*
 * inet_diag - the messages of the kernel's socket diagnosis (NETLINK_SOCK_DIAG)
 * as bytes.
 *
 * What the kernel says is taken for true, but not for as long as it says.
 * No system call here.
 */
#ifndef GW_DIAG_INET_DIAG_H
#define GW_DIAG_INET_DIAG_H

#include "base/slice.h"
#include "diag/socket.h"

enum { GW_INET_DIAG_REQUEST = 128 }; /* room for one */

struct gw_inet_diag_request {
	enum gw_socket_protocol protocol;
	bool ipv6;
	bool details; /* RTT, window, memory and drops as well */
	uint32_t sequence;
};

enum gw_inet_diag_kind {
	GW_INET_DIAG_SOCKET,
	GW_INET_DIAG_OTHER, /* nothing for us */
	GW_INET_DIAG_DONE,  /* all have been told */
	GW_INET_DIAG_ERROR  /* see `error` */
};

struct gw_inet_diag_message {
	enum gw_inet_diag_kind kind;
	uint32_t sequence;
	int error; /* an errno */
	struct gw_socket socket;
};

/* A state by the kernel's number (1 is ESTABLISHED); false: no such one. */
bool gw_inet_diag_state(uint32_t kernel, enum gw_socket_state *);

/* Ask for all sockets of one kind.  Returns the length; `out` is aligned as
 * for uint32_t. */
size_t gw_inet_diag_ask(void *out, const struct gw_inet_diag_request *);

/*
 * Take the next message from the front of what was received; false: no whole
 * one is left.  `bytes` is aligned as for uint32_t.  The protocol of a
 * socket is `protocol` unless the message says another one.
 */
bool gw_inet_diag_next(struct gw_slice *bytes, enum gw_socket_protocol protocol,
    struct gw_inet_diag_message *);

#endif /* GW_DIAG_INET_DIAG_H */
