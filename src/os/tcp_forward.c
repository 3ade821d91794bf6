#include "os/tcp_forward.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/tcp.h"

enum { PROBE_AFTER = 60, PROBE_EVERY = 15, PROBES = 4 }; /* seconds, times */

static bool
set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static void
set_keepalive(int fd)
{
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, PROBE_AFTER);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_EVERY);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES);
}

static bool
set_transparent(int fd, int family)
{
	return family == AF_INET6 ? set(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
				  : set(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
}

static bool
is_short_of(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	       error == ENOMEM;
}

/* ---- listening ---- */

enum gw_err
gw_tcp_forward_listen(
    const struct gw_tcp_listen *l, struct gw_why *why, int *out)
{
	const int backlog = l->backlog > 0 ? l->backlog : SOMAXCONN;
	const bool all = l->address[0] == '\0';
	struct gw_addr a;
	enum gw_err err;
	int fd;

	if (all) {
		fd = gw_tcp_listen_all(l->port, backlog);
	} else {
		err = gw_addr_parse(&a, l->address, l->port, why);
		if (err != GW_OK)
			return err == GW_E_RESOLVE ? GW_E_ADDRESS : err;
		fd = gw_tcp_listen_at(&a, backlog);
	}
	if (fd < 0) {
		err = is_short_of(errno) ? GW_E_LIMIT : GW_E_ADDRESS;
		return gw_why(why, err,
		    all ? "%sport %u: %s" : "%s port %u: %s", l->address,
		    (unsigned)l->port, gw_tcp_listen_reason(errno));
	}
	/* Connections that come in have these from it. */
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (l->keepalive)
		set_keepalive(fd);
	*out = fd;
	return GW_OK;
}

static bool
listens_at(int fd, const char *address, uint16_t port)
{
	struct gw_addr own, peer, wanted;
	int type = 0, listening = 0, only = 0;
	socklen_t len = sizeof type, n = sizeof listening;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
	    type != SOCK_STREAM ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) != 0 ||
	    !listening)
		return false;
	gw_tcp_ends(fd, &own, &peer);
	if (own.len == 0 || gw_addr_port(&own) != port)
		return false;
	n = sizeof only;
	getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &n);
	if (address[0] == '\0')
		return gw_addr_is_any(&own) && !only;
	return gw_addr_parse(&wanted, address, port, NULL) == GW_OK &&
	       gw_addr_same_host(&own, &wanted) &&
	       (!gw_addr_is_any(&own) || own.ss.ss_family == AF_INET || only);
}

int
gw_tcp_inherit(const int *fds, size_t count, const char *address, uint16_t port)
{
	for (size_t i = 0; i < count; i++) {
		int fd;

		if (!listens_at(fds[i], address, port))
			continue;
		fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
		if (fd >= 0)
			fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		return fd;
	}
	return -1;
}

/* ---- connecting ---- */

/* F11: the port is chosen when the target is known, so that one address can
 * have the same port toward many of them. */
static bool
bind_from(int fd, const struct gw_tcp_from *from)
{
	struct gw_addr a = from->addr;

	if (from->transparent && !set_transparent(fd, a.ss.ss_family))
		return false;
	set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	gw_addr_set_port(&a, 0);
	return bind(fd, (const struct sockaddr *)&a.ss, a.len) == 0;
}

static enum gw_err
cannot(struct gw_why *why, const struct gw_addr *to, int error)
{
	char text[GW_ADDR_TEXT];
	enum gw_err err = GW_E_CONNECT;

	if (is_short_of(error))
		err = GW_E_LIMIT;
	else if (error == EADDRNOTAVAIL)
		err = GW_E_ADDRESS;
	gw_addr_text(to, text);
	return gw_why(why, err, "%s: %s", text, strerror(error));
}

enum gw_err
gw_tcp_forward_connect(const struct gw_addr *to, const struct gw_tcp_from *from,
    struct gw_why *why, int *out)
{
	int fd, error;

	fd = socket(
	    to->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cannot(why, to, errno);
	if (from->keepalive)
		set_keepalive(fd);
	gw_tcp_prepare(fd, to);
	if ((from->addr.len == 0 || bind_from(fd, from)) &&
	    (connect(fd, (const struct sockaddr *)&to->ss, to->len) == 0 ||
		errno == EINPROGRESS || errno == EINTR)) {
		*out = fd;
		return GW_OK;
	}
	error = errno;
	close(fd);
	return cannot(why, to, error);
}

void
gw_tcp_ends(int fd, struct gw_addr *own, struct gw_addr *peer)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;

	own->len = peer->len = 0;
	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		gw_addr_from(own, (const struct sockaddr *)&ss, len);
	len = sizeof ss;
	if (getpeername(fd, (struct sockaddr *)&ss, &len) == 0)
		gw_addr_from(peer, (const struct sockaddr *)&ss, len);
}

/* ---- what the system allows ---- */

enum gw_err
gw_transparent_test(int family, struct gw_why *why)
{
	/* Addresses for documentation are nobody's. */
	const char *foreign = family == AF_INET6 ? "2001:db8::1" : "192.0.2.1";
	struct gw_addr a, own, peer;
	enum gw_err err = gw_addr_parse(&a, foreign, 0, why);
	int fd;

	if (err != GW_OK)
		return err;
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return gw_why(
		    why, GW_E_ADDRESS, "transparent: %s", strerror(errno));
	if (!set_transparent(fd, family))
		err = gw_why(why, GW_E_ADDRESS,
		    "transparent: this process may not speak from addresses "
		    "of others (%s): it needs CAP_NET_ADMIN",
		    strerror(errno));
	else if (bind(fd, (const struct sockaddr *)&a.ss, a.len) != 0)
		err = gw_why(why, GW_E_ADDRESS,
		    "transparent: the kernel does not let it speak from "
		    "addresses of others: %s",
		    strerror(errno));
	gw_tcp_ends(fd, &own, &peer);
	if (err == GW_OK && (own.len == 0 || !gw_addr_same_host(&own, &a)))
		err = gw_why(why, GW_E_ADDRESS,
		    "transparent: the kernel takes another address than it "
		    "was told to");
	close(fd);
	return err;
}

size_t
gw_files_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur > INT32_MAX)
		return 1024;
	return (size_t)l.rlim_cur;
}
