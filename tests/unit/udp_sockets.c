#include "udp_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static uint8_t room[GW_UDP_BATCH][GW_UDP_ROOM];

struct gw_udp
udp_open(const char *address)
{
	struct gw_udp_options o = { .address = address, .broadcast = true };
	struct gw_udp u;

	assert_int_equal(gw_udp_open(&o, NULL, &u), GW_OK);
	return u;
}

bool
udp_has_ipv6(void)
{
	struct gw_udp_options o = { .address = "::1" };
	struct gw_udp u;
	bool has = gw_udp_open(&o, NULL, &u) == GW_OK;

	if (has)
		gw_udp_close(&u);
	return has;
}

struct gw_addr
udp_addr(const char *host, uint16_t port)
{
	struct gw_addr a;

	assert_int_equal(gw_addr_parse(&a, host, port, NULL), GW_OK);
	return a;
}

enum gw_err
udp_send(struct gw_udp *u, const char *host, uint16_t port, const void *data,
    size_t len)
{
	struct gw_udp_datagram d = { .data = (uint8_t *)(uintptr_t)data,
		.len = len,
		.peer = udp_addr(host, port) };

	return gw_udp_send(u, &d, NULL);
}

void
udp_wait(const struct gw_udp *u, short events)
{
	struct pollfd p = { .fd = u->fd, .events = events };

	assert_int_equal(poll(&p, 1, 60000), 1);
}

struct gw_udp_datagram *
udp_recv(struct gw_udp *u)
{
	static struct gw_udp_datagram d;
	size_t n;

	udp_wait(u, POLLIN);
	d = (struct gw_udp_datagram){ .data = room[0], .room = GW_UDP_ROOM };
	assert_int_equal(gw_udp_recv(u, &d, 1, &n), GW_OK);
	assert_int_equal(n, 1);
	return &d;
}

size_t
udp_recv_all(struct gw_udp *u, struct gw_udp_datagram v[GW_UDP_BATCH])
{
	size_t n;

	for (size_t i = 0; i < GW_UDP_BATCH; i++)
		v[i] = (struct gw_udp_datagram){ .data = room[i],
			.room = GW_UDP_ROOM };
	udp_wait(u, POLLIN);
	assert_int_equal(gw_udp_recv(u, v, GW_UDP_BATCH, &n), GW_OK);
	return n;
}

bool
udp_nothing(struct gw_udp *u)
{
	struct gw_udp_datagram d = { .data = room[0], .room = GW_UDP_ROOM };
	size_t n;

	return gw_udp_recv(u, &d, 1, &n) == GW_E_AGAIN;
}

void
udp_is(const struct gw_addr *a, const char *host, uint16_t port)
{
	char text[GW_ADDR_TEXT];

	assert_true(a->len != 0);
	gw_addr_host(a, text);
	assert_string_equal(text, host);
	assert_int_equal(gw_addr_port(a), port);
}
