#include "diag/sock_diag.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "diag/inet_diag.h"

enum {
	/* What the kernel puts into one datagram at most. */
	BUFFER = 32768,
	NOTICES_BUFFER = 4 << 20,
	ANSWER_SECONDS = 10
};

struct gw_sock_diag {
	struct mnl_socket *ask, *notices; /* NULL: not opened */
	uint32_t sequence;
	struct gw_slice unread; /* of `heard` */
	_Alignas(uint32_t) uint8_t answer[BUFFER], heard[BUFFER];
};

static enum gw_err
denied(struct gw_why *why, const char *doing, int error)
{
	gw_why_errno(why, error, doing);
	return GW_E_DISK;
}

static struct mnl_socket *
open_netlink(unsigned groups)
{
	struct mnl_socket *s =
	    mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);

	if (s == NULL)
		return NULL;
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) == 0)
		return s;
	mnl_socket_close(s);
	return NULL;
}

enum gw_err
gw_sock_diag_open(struct gw_sock_diag **out, struct gw_why *why)
{
	struct gw_sock_diag *d = calloc(1, sizeof *d);
	struct timeval patience = { .tv_sec = ANSWER_SECONDS };

	if (d == NULL)
		return gw_why(why, GW_E_MEMORY, "out of memory");
	if ((d->ask = open_netlink(0)) == NULL) {
		free(d);
		return denied(
		    why, "the kernel does not tell its sockets", errno);
	}
	setsockopt(mnl_socket_get_fd(d->ask), SOL_SOCKET, SO_RCVTIMEO,
	    &patience, sizeof patience);
	*out = d;
	return GW_OK;
}

void
gw_sock_diag_free(struct gw_sock_diag *d)
{
	if (d == NULL)
		return;
	mnl_socket_close(d->ask);
	if (d->notices != NULL)
		mnl_socket_close(d->notices);
	free(d);
}

/* ---- the list ---- */

void
gw_sockets_fini(struct gw_sockets *l)
{
	free(l->v);
	*l = (struct gw_sockets){ .count = 0 };
}

enum gw_err
gw_sockets_add(struct gw_sockets *l, const struct gw_socket *s)
{
	if (l->count == l->room) {
		size_t room = l->room != 0 ? 2 * l->room : 256;
		struct gw_socket *v = realloc(l->v, room * sizeof *v);

		if (v == NULL)
			return GW_E_MEMORY;
		l->v = v;
		l->room = room;
	}
	l->v[l->count++] = *s;
	return GW_OK;
}

/* One question: its protocol, and what becomes of the answers. */
struct question {
	struct gw_inet_diag_request request;
	const struct gw_socket_filter *filter;
	struct gw_sockets *out;
};

/* One message of the answer.  *done: it was the last. */
static enum gw_err
take(const struct question *q, const struct gw_inet_diag_message *m, bool *done,
    struct gw_why *why)
{
	/* Left over from a question whose answer was cut short. */
	if (m->sequence != q->request.sequence)
		return GW_OK;
	switch (m->kind) {
	case GW_INET_DIAG_DONE:
		*done = true;
		return GW_OK;
	case GW_INET_DIAG_ERROR:
		/* No such protocol here: no such sockets. */
		*done = true;
		if (m->error == ENOENT &&
		    (q->request.ipv6 || q->request.protocol != GW_SOCKET_TCP))
			return GW_OK;
		if (m->error == ENOENT)
			return gw_why(why, GW_E_DISK,
			    "this kernel does not tell its sockets: the "
			    "module tcp_diag is missing");
		return denied(
		    why, "the kernel does not tell its sockets", m->error);
	case GW_INET_DIAG_SOCKET:
		if (gw_socket_filter_match(q->filter, &m->socket) &&
		    gw_sockets_add(q->out, &m->socket) != GW_OK)
			return gw_why(why, GW_E_MEMORY, "out of memory");
		break;
	case GW_INET_DIAG_OTHER:
		break;
	}
	return GW_OK;
}

static enum gw_err
ask(struct gw_sock_diag *d, const struct question *q, struct gw_why *why)
{
	_Alignas(uint32_t) uint8_t request[GW_INET_DIAG_REQUEST];
	size_t len = gw_inet_diag_ask(request, &q->request);
	struct gw_inet_diag_message m;
	enum gw_err err = GW_OK;
	bool done = false;
	ssize_t n;

	if (mnl_socket_sendto(d->ask, request, len) < 0)
		return denied(
		    why, "the kernel does not tell its sockets", errno);
	/* To its end, whatever happens: the kernel answers one at a time. */
	while (!done) {
		struct gw_slice s;

		n = mnl_socket_recvfrom(d->ask, d->answer, sizeof d->answer);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return denied(why, "the list of sockets was cut short",
			    n == 0 ? EIO : errno);
		s = gw_slice(d->answer, (size_t)n);
		while (
		    !done && gw_inet_diag_next(&s, q->request.protocol, &m)) {
			enum gw_err one = take(q, &m, &done, why);

			err = err == GW_OK ? one : err;
		}
	}
	return err;
}

enum gw_err
gw_sock_diag_list(struct gw_sock_diag *d, const struct gw_socket_filter *filter,
    bool details, struct gw_sockets *out, struct gw_why *why)
{
	enum gw_err err = GW_OK;

	out->count = 0;
	for (unsigned i = 0; i < 2 * GW_SOCKET_OF_KERNEL && err == GW_OK; i++) {
		struct question q = { { .protocol = i / 2,
					  .ipv6 = i % 2 != 0,
					  .details = details,
					  .sequence = ++d->sequence },
			filter, out };

		if (gw_socket_filter_wants(
			filter, q.request.protocol, q.request.ipv6))
			err = ask(d, &q, why);
	}
	return err;
}

/* ---- endings ---- */

static unsigned
group_bit(unsigned group)
{
	return 1U << (group - 1);
}

enum gw_err
gw_sock_diag_listen(struct gw_sock_diag *d, struct gw_why *why)
{
	int size = NOTICES_BUFFER;

	d->notices = open_netlink(group_bit(SKNLGRP_INET_TCP_DESTROY) |
				  group_bit(SKNLGRP_INET_UDP_DESTROY) |
				  group_bit(SKNLGRP_INET6_TCP_DESTROY) |
				  group_bit(SKNLGRP_INET6_UDP_DESTROY));
	if (d->notices == NULL)
		return denied(
		    why, "the kernel does not tell when sockets end", errno);
	/* The first only root may, the second does not tell failure. */
	if (setsockopt(mnl_socket_get_fd(d->notices), SOL_SOCKET,
		SO_RCVBUFFORCE, &size, sizeof size) != 0)
		setsockopt(mnl_socket_get_fd(d->notices), SOL_SOCKET, SO_RCVBUF,
		    &size, sizeof size);
	return GW_OK;
}

int
gw_sock_diag_fd(const struct gw_sock_diag *d)
{
	return d->notices != NULL ? mnl_socket_get_fd(d->notices) : -1;
}

/* More from the kernel into `heard`; false: nothing is there. */
static bool
hear(struct gw_sock_diag *d, bool *lost)
{
	ssize_t n;

	do {
		n = recv(mnl_socket_get_fd(d->notices), d->heard,
		    sizeof d->heard, MSG_DONTWAIT);
		if (n < 0 && errno == ENOBUFS)
			*lost = true;
	} while (n < 0 && (errno == EINTR || errno == ENOBUFS));
	d->unread = gw_slice(d->heard, n > 0 ? (size_t)n : 0);
	return n > 0;
}

bool
gw_sock_diag_ended(struct gw_sock_diag *d, struct gw_socket *out, bool *lost)
{
	struct gw_inet_diag_message m;

	if (d->notices == NULL)
		return false;
	do {
		while (d->unread.n > 0 &&
		       gw_inet_diag_next(&d->unread, GW_SOCKET_TCP, &m)) {
			if (m.kind != GW_INET_DIAG_SOCKET)
				continue;
			*out = m.socket;
			return true;
		}
	} while (hear(d, lost));
	return false;
}
