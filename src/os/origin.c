#include "os/origin.h"

#include <unistd.h>

uint64_t
gw_origin_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t n = sizeof cookie;

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 ? cookie
								       : 0;
}

static bool
address_of(int fd, struct gw_addr *a)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;

	return getsockname(fd, (struct sockaddr *)&ss, &n) == 0 &&
	       gw_addr_from(a, (struct sockaddr *)&ss, n);
}

bool
gw_origin_address(
    int bound_socket, const struct gw_addr *to, struct gw_addr *from)
{
	struct gw_addr bound, chosen;
	bool known;
	int fd;

	if (!address_of(bound_socket, &bound))
		return false;
	if (!gw_addr_is_any(&bound)) {
		*from = bound;
		return true;
	}
	/* Connecting UDP asks the routes, and nobody else. */
	fd = socket(to->ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	known = connect(fd, (const struct sockaddr *)&to->ss, to->len) == 0 &&
		address_of(fd, &chosen);
	close(fd);
	if (!known)
		return false;
	gw_addr_set_port(&chosen, gw_addr_port(&bound));
	*from = chosen;
	return true;
}
