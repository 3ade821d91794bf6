#include "os/addr.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* sockaddr_storage may be read as what it holds: that is what it is for. */
static struct sockaddr_in *
v4(const struct gw_addr *a)
{
	return (struct sockaddr_in *)&a->ss;
}

static struct sockaddr_in6 *
v6(const struct gw_addr *a)
{
	return (struct sockaddr_in6 *)&a->ss;
}

static void
set_v4(struct gw_addr *a, struct in_addr in, uint16_t port)
{
	memset(a, 0, sizeof *a);
	v4(a)->sin_family = AF_INET;
	v4(a)->sin_addr = in;
	v4(a)->sin_port = htons(port);
	a->len = sizeof(struct sockaddr_in);
}

static void
set_v6(
    struct gw_addr *a, const struct in6_addr *in, uint32_t zone, uint16_t port)
{
	struct in_addr mapped;

	if (IN6_IS_ADDR_V4MAPPED(in)) {
		memcpy(&mapped, &in->s6_addr[12], 4);
		set_v4(a, mapped, port);
		return;
	}
	memset(a, 0, sizeof *a);
	v6(a)->sin6_family = AF_INET6;
	v6(a)->sin6_addr = *in;
	v6(a)->sin6_scope_id = zone;
	v6(a)->sin6_port = htons(port);
	a->len = sizeof(struct sockaddr_in6);
}

bool
gw_addr_from(struct gw_addr *a, const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET && len >= sizeof in) {
		memcpy(&in, sa, sizeof in);
		set_v4(a, in.sin_addr, ntohs(in.sin_port));
		return true;
	}
	if (sa->sa_family == AF_INET6 && len >= sizeof in6) {
		memcpy(&in6, sa, sizeof in6);
		set_v6(
		    a, &in6.sin6_addr, in6.sin6_scope_id, ntohs(in6.sin6_port));
		return true;
	}
	return false;
}

/* Copy host without square brackets; false: too long for an address. */
static bool
unbracket(char out[GW_ADDR_TEXT], const char *host)
{
	size_t n = strlen(host);

	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	if (n >= GW_ADDR_TEXT)
		return false;
	memcpy(out, host, n);
	out[n] = '\0';
	return true;
}

/* "eth0" or "3"; 0: there is no such interface. */
static uint32_t
zone_index(const char *zone)
{
	char *end, name[IF_NAMESIZE];
	unsigned long n;

	if (zone[0] < '0' || zone[0] > '9')
		return if_nametoindex(zone);
	n = strtoul(zone, &end, 10);
	if (*end != '\0' || n == 0 || n > UINT32_MAX)
		return if_nametoindex(zone);
	return if_indextoname((unsigned)n, name) != NULL ? (uint32_t)n : 0;
}

enum gw_err
gw_addr_parse(
    struct gw_addr *a, const char *host, uint16_t port, struct gw_why *why)
{
	char text[GW_ADDR_TEXT], *zone;
	struct in_addr in;
	struct in6_addr in6;
	uint32_t index = 0;

	if (!unbracket(text, host))
		return gw_why(why, GW_E_RESOLVE, "no numeric address");
	if (inet_pton(AF_INET, text, &in) == 1) {
		set_v4(a, in, port);
		return GW_OK;
	}
	if ((zone = strchr(text, '%')) != NULL)
		*zone++ = '\0';
	if (inet_pton(AF_INET6, text, &in6) != 1)
		return gw_why(why, GW_E_RESOLVE, "no numeric address");
	if (zone != NULL && (index = zone_index(zone)) == 0)
		return gw_why(why, GW_E_ADDRESS,
		    "%s: this machine has no interface %s", host, zone);
	if (zone == NULL && IN6_IS_ADDR_LINKLOCAL(&in6))
		return gw_why(why, GW_E_ADDRESS,
		    "%s is link-local: say through which interface, as in "
		    "%s%%eth0",
		    host, text);
	set_v6(a, &in6, index, port);
	return GW_OK;
}

void
gw_addr_host(const struct gw_addr *a, char out[GW_ADDR_TEXT])
{
	char text[INET6_ADDRSTRLEN] = "?", name[IF_NAMESIZE];

	if (a->ss.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4(a)->sin_addr, text, sizeof text);
		snprintf(out, GW_ADDR_TEXT, "%s", text);
		return;
	}
	inet_ntop(AF_INET6, &v6(a)->sin6_addr, text, sizeof text);
	if (v6(a)->sin6_scope_id == 0)
		snprintf(out, GW_ADDR_TEXT, "%s", text);
	else if (if_indextoname(v6(a)->sin6_scope_id, name) != NULL)
		snprintf(out, GW_ADDR_TEXT, "%s%%%s", text, name);
	else
		snprintf(
		    out, GW_ADDR_TEXT, "%s%%%u", text, v6(a)->sin6_scope_id);
}

void
gw_addr_text(const struct gw_addr *a, char out[GW_ADDR_TEXT])
{
	char host[GW_ADDR_TEXT];
	bool brackets = a->ss.ss_family == AF_INET6;

	gw_addr_host(a, host);
	/* The longest host is 62 bytes, so nothing is ever cut here. */
	snprintf(out, GW_ADDR_TEXT, brackets ? "[%.70s]:%u" : "%.70s:%u", host,
	    (unsigned)gw_addr_port(a));
}

uint16_t
gw_addr_port(const struct gw_addr *a)
{
	return ntohs(
	    a->ss.ss_family == AF_INET ? v4(a)->sin_port : v6(a)->sin6_port);
}

void
gw_addr_set_port(struct gw_addr *a, uint16_t port)
{
	if (a->ss.ss_family == AF_INET)
		v4(a)->sin_port = htons(port);
	else
		v6(a)->sin6_port = htons(port);
}

void
gw_addr_mapped(const struct gw_addr *a, uint8_t out[16])
{
	if (a->ss.ss_family == AF_INET6) {
		memcpy(out, &v6(a)->sin6_addr, 16);
		return;
	}
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	memcpy(out + 12, &v4(a)->sin_addr, 4);
}

void
gw_addr_from_mapped(
    struct gw_addr *a, const uint8_t ip[16], uint32_t zone, uint16_t port)
{
	struct in6_addr in6;

	memcpy(&in6, ip, sizeof in6);
	set_v6(a, &in6, zone, port);
}

uint32_t
gw_addr_zone(const struct gw_addr *a)
{
	return a->ss.ss_family == AF_INET6 ? v6(a)->sin6_scope_id : 0;
}

bool
gw_addr_is_any(const struct gw_addr *a)
{
	if (a->ss.ss_family == AF_INET)
		return v4(a)->sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&v6(a)->sin6_addr);
}

bool
gw_addr_is_group(const struct gw_addr *a)
{
	if (a->ss.ss_family == AF_INET)
		return IN_MULTICAST(ntohl(v4(a)->sin_addr.s_addr));
	return IN6_IS_ADDR_MULTICAST(&v6(a)->sin6_addr);
}

bool
gw_addr_is_link_local(const struct gw_addr *a)
{
	if (a->ss.ss_family == AF_INET)
		return ntohl(v4(a)->sin_addr.s_addr) >> 16 == 0xa9fe;
	return IN6_IS_ADDR_LINKLOCAL(&v6(a)->sin6_addr) ||
	       IN6_IS_ADDR_MC_LINKLOCAL(&v6(a)->sin6_addr) ||
	       IN6_IS_ADDR_MC_NODELOCAL(&v6(a)->sin6_addr);
}

bool
gw_addr_is_loopback(const struct gw_addr *a)
{
	if (a->ss.ss_family == AF_INET)
		return ntohl(v4(a)->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&v6(a)->sin6_addr);
}

bool
gw_addr_same_host(const struct gw_addr *a, const struct gw_addr *b)
{
	uint8_t x[16], y[16];

	gw_addr_mapped(a, x);
	gw_addr_mapped(b, y);
	if (memcmp(x, y, 16) != 0)
		return false;
	return a->ss.ss_family == AF_INET ||
	       v6(a)->sin6_scope_id == v6(b)->sin6_scope_id;
}

/* The order in which people can use them. */
static int
rank(const struct gw_addr *a)
{
	if (gw_addr_is_loopback(a))
		return 3;
	if (a->ss.ss_family == AF_INET)
		return 0;
	return IN6_IS_ADDR_LINKLOCAL(&v6(a)->sin6_addr) ? 2 : 1;
}

static void
insert(struct gw_addr *list, size_t count, const struct gw_addr *a)
{
	size_t i = count;

	while (i > 0 && rank(&list[i - 1]) > rank(a)) {
		list[i] = list[i - 1];
		i--;
	}
	list[i] = *a;
}

enum gw_err
gw_addr_list(struct gw_addr **list, size_t *count)
{
	struct ifaddrs *all, *i;
	struct gw_addr *v, a = { .len = 0 };
	size_t n = 0, most = 1;

	if (getifaddrs(&all) != 0)
		return GW_E_FAILED;
	for (i = all; i != NULL; i = i->ifa_next)
		most++;
	if ((v = calloc(most, sizeof *v)) == NULL) {
		freeifaddrs(all);
		return GW_E_MEMORY;
	}
	for (i = all; i != NULL; i = i->ifa_next) {
		if (i->ifa_addr == NULL || !(i->ifa_flags & IFF_UP))
			continue;
		if (gw_addr_from(&a, i->ifa_addr, sizeof a.ss))
			insert(v, n++, &a);
	}
	freeifaddrs(all);
	*list = v;
	*count = n;
	return GW_OK;
}
