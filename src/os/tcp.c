#include "os/tcp.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/assert.h"

const char *
gw_tcp_listen_reason(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "in use by another program";
	case EADDRNOTAVAIL:
		return "not an address of this machine";
	case EACCES:
		return "not allowed (ports below 1024 need privileges)";
	default:
		return strerror(error);
	}
}

static enum gw_err
cannot_listen(struct gw_why *why, const char *address, uint16_t port, int error)
{
	if (address == NULL)
		return gw_why(why, GW_E_ADDRESS, "port %u: %s", (unsigned)port,
		    gw_tcp_listen_reason(error));
	return gw_why(why, GW_E_ADDRESS, "%s port %u: %s", address,
	    (unsigned)port, gw_tcp_listen_reason(error));
}

static int
listen_on(const struct gw_addr *a, bool both, int backlog)
{
	int fd, saved, one = 1, only = !both;

	fd = socket(
	    a->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (a->ss.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
	if (bind(fd, (const struct sockaddr *)&a->ss, a->len) == 0 &&
	    listen(fd, backlog) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static bool
no_ipv6(int error)
{
	return error == EAFNOSUPPORT || error == EADDRNOTAVAIL ||
	       error == EPROTONOSUPPORT;
}

int
gw_tcp_listen_all(uint16_t port, int backlog)
{
	static const uint8_t any[16], any4[16] = { [10] = 0xff, [11] = 0xff };
	struct gw_addr a;
	int fd;

	gw_addr_from_mapped(&a, any, 0, port);
	fd = listen_on(&a, true, backlog);
	if (fd >= 0 || !no_ipv6(errno))
		return fd;
	gw_addr_from_mapped(&a, any4, 0, port);
	return listen_on(&a, false, backlog);
}

int
gw_tcp_listen_at(const struct gw_addr *a, int backlog)
{
	return listen_on(a, false, backlog);
}

enum gw_err
gw_tcp_listen(const char *address, uint16_t port, int backlog,
    struct gw_why *why, int *out)
{
	struct gw_addr a;
	enum gw_err err;
	int fd;

	if (address == NULL) {
		fd = gw_tcp_listen_all(port, backlog);
	} else {
		err = gw_addr_parse(&a, address, port, why);
		if (err == GW_E_RESOLVE)
			return gw_why(why, GW_E_ADDRESS,
			    "%s: listening needs a numeric address", address);
		if (err != GW_OK)
			return err;
		fd = listen_on(&a, gw_addr_is_any(&a), backlog);
	}
	if (fd < 0)
		return cannot_listen(why, address, port, errno);
	*out = fd;
	return GW_OK;
}

static bool
own_address(int fd, struct gw_addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;

	return getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	       gw_addr_from(a, (const struct sockaddr *)&ss, len);
}

uint16_t
gw_tcp_port(int fd)
{
	struct gw_addr a;

	return own_address(fd, &a) ? gw_addr_port(&a) : 0;
}

enum gw_err
gw_tcp_accept(int fd, int *connection, struct gw_addr *from)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int c;

	for (;;) {
		len = sizeof ss;
		c = accept4(fd, (struct sockaddr *)&ss, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (c >= 0 && gw_addr_from(from, (struct sockaddr *)&ss, len))
			break;
		if (c >= 0) {
			close(c); /* gone already: it has no address */
			continue;
		}
		if (errno == EAGAIN)
			return GW_E_AGAIN;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			return GW_E_LIMIT;
		/* Else one that failed while it waited (accept(2)): to the
		 * next, if this is a listening socket at all. */
		GW_ASSERT(errno != EBADF);
		GW_ASSERT(errno != EINVAL);
	}
	gw_tcp_tune(c);
	*connection = c;
	return GW_OK;
}

static enum gw_err
cannot_connect(struct gw_why *why, const struct gw_addr *a, int error)
{
	char text[GW_ADDR_TEXT];

	gw_addr_text(a, text);
	return gw_why(why, GW_E_CONNECT, "%s: %s", text, strerror(error));
}

static void
use_cubic(int fd)
{
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
}

void
gw_tcp_prepare(int fd, const struct gw_addr *to)
{
	if (gw_addr_is_loopback(to))
		use_cubic(fd);
}

enum gw_err
gw_tcp_connect(const struct gw_addr *a, struct gw_why *why, int *out)
{
	enum gw_err err;
	int fd;

	fd = socket(
	    a->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cannot_connect(why, a, errno);
	gw_tcp_prepare(fd, a);
	if (connect(fd, (const struct sockaddr *)&a->ss, a->len) != 0 &&
	    errno != EINPROGRESS && errno != EINTR) {
		err = cannot_connect(why, a, errno);
		close(fd);
		return err;
	}
	*out = fd;
	return GW_OK;
}

enum gw_err
gw_tcp_connected(int fd, const struct gw_addr *a, struct gw_why *why)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0)
		return cannot_connect(why, a, error);
	len = sizeof ss;
	if (getpeername(fd, (struct sockaddr *)&ss, &len) != 0) {
		/* In SYN_SENT there is no peer yet, and no error either. */
		if (errno == ENOTCONN)
			return GW_E_AGAIN;
		return cannot_connect(why, a, errno);
	}
	gw_tcp_tune(fd);
	return GW_OK;
}

static bool
both_ends_here(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct gw_addr here, there;

	if (getpeername(fd, (struct sockaddr *)&ss, &len) != 0 ||
	    !gw_addr_from(&there, (const struct sockaddr *)&ss, len))
		return false;
	if (gw_addr_is_loopback(&there))
		return true;
	/* To an address of its own a machine speaks from that address. */
	return own_address(fd, &here) && gw_addr_same_host(&here, &there);
}

void
gw_tcp_tune(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (both_ends_here(fd))
		use_cubic(fd);
}

void
gw_tcp_buffers(int fd, int send, int receive)
{
	if (send > 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof send);
	if (receive > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
}

enum gw_tcp_result
gw_tcp_send(int fd, const void *buf, size_t len, size_t *n)
{
	ssize_t r;

	do {
		r = send(fd, buf, len, MSG_NOSIGNAL);
	} while (r < 0 && errno == EINTR);
	if (r >= 0) {
		*n = (size_t)r;
		return GW_TCP_OK;
	}
	if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
		return GW_TCP_AGAIN;
	return GW_TCP_RESET;
}

enum gw_tcp_result
gw_tcp_recv(int fd, void *buf, size_t len, size_t *n)
{
	struct iovec place = { buf, len };

	return gw_tcp_recv_into(fd, &place, 1, n);
}

enum gw_tcp_result
gw_tcp_recv_into(int fd, struct iovec *places, unsigned count, size_t *n)
{
	struct msghdr h = { .msg_iov = places, .msg_iovlen = count };
	ssize_t r;

	do {
		r = recvmsg(fd, &h, 0);
	} while (r < 0 && errno == EINTR);
	if (r > 0) {
		*n = (size_t)r;
		return GW_TCP_OK;
	}
	if (r == 0)
		return GW_TCP_END;
	return errno == EAGAIN ? GW_TCP_AGAIN : GW_TCP_RESET;
}

enum gw_tcp_result
gw_tcp_peek(int fd)
{
	ssize_t r;
	char byte;

	do {
		r = recv(fd, &byte, 1, MSG_PEEK);
	} while (r < 0 && errno == EINTR);
	if (r > 0)
		return GW_TCP_OK;
	if (r == 0)
		return GW_TCP_END;
	return errno == EAGAIN ? GW_TCP_AGAIN : GW_TCP_RESET;
}

void
gw_tcp_shutdown(int fd)
{
	shutdown(fd, SHUT_WR);
}

void
gw_tcp_reset_on_close(int fd, bool on)
{
	struct linger l = { .l_onoff = on, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

size_t
gw_tcp_unacked(int fd)
{
	int n = 0;

	if (ioctl(fd, SIOCOUTQ, &n) != 0 || n < 0)
		return 0;
	return (size_t)n;
}
