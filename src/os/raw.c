#include "os/raw.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum gw_err
gw_raw_open(struct gw_raw *out, int protocol_v4, int protocol_v6,
    const char *to, struct gw_why *why)
{
	enum { TYPE = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC };
	struct gw_raw r;
	char buf[128];

	r.v4 = socket(AF_INET, TYPE, protocol_v4);
	if (r.v4 < 0 && (errno == EPERM || errno == EACCES))
		return gw_why(why, GW_E_ADDRESS,
		    "%s one must be root, or have the capability CAP_NET_RAW",
		    to);
	if (r.v4 < 0)
		return gw_why(why, GW_E_ADDRESS, "%s: a raw socket: %s", to,
		    strerror_r(errno, buf, sizeof buf));
	r.v6 = socket(AF_INET6, TYPE, protocol_v6);
	*out = r;
	return GW_OK;
}

void
gw_raw_close(struct gw_raw *r)
{
	close(r->v4);
	if (r->v6 >= 0)
		close(r->v6);
	*r = (struct gw_raw){ -1, -1 };
}

uint32_t
gw_raw_sum(uint32_t so_far, const uint8_t *p, size_t n)
{
	for (; n > 1; p += 2, n -= 2)
		so_far += (uint32_t)(p[0] << 8 | p[1]);
	if (n == 1)
		so_far += (uint32_t)(p[0] << 8);
	return so_far;
}

uint16_t
gw_raw_checksum(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
