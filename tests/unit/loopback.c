#include "loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "diag/sock_diag.h"
#include "test.h"

bool
loopback_is_told(void)
{
	struct gw_socket_filter f = { .count = 0 };
	struct gw_sockets l = { .count = 0 };
	struct gw_sock_diag *d;
	struct gw_why why;
	enum gw_err err = gw_sock_diag_open(&d, &why);

	if (err == GW_OK) {
		err = gw_sock_diag_list(d, &f, false, &l, &why);
		gw_sock_diag_free(d);
		gw_sockets_fini(&l);
	}
	if (err != GW_OK)
		fprintf(stderr, "not here: %s\n", why.text);
	return err == GW_OK;
}

static struct sockaddr_in
address(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
}

uint16_t
loopback_port(int fd)
{
	struct sockaddr_in a;
	socklen_t n = sizeof a;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	return ntohs(a.sin_port);
}

static int
bound(int type, uint16_t *port)
{
	struct sockaddr_in a = address(0);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	*port = loopback_port(fd);
	return fd;
}

int
loopback_listen(uint16_t *port)
{
	int fd = bound(SOCK_STREAM, port);

	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

int
loopback_datagram(uint16_t *port)
{
	return bound(SOCK_DGRAM, port);
}

int
loopback_connect(uint16_t port)
{
	struct sockaddr_in a = address(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

int
loopback_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}
