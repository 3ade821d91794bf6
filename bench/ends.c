#include "ends.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

void
ends_die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
	    strerror(errno));
	exit(1);
}

double
ends_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct sockaddr_in
ends_at(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

void
ends_set(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof value);
}

int
ends_socket(int type)
{
	const int fd = socket(AF_INET, type, 0);

	if (fd < 0)
		ends_die("socket");
	if (type == SOCK_STREAM) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
		ends_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	} else {
		ends_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, ENDS_BUFFER);
		ends_set(fd, SOL_SOCKET, SO_SNDBUFFORCE, ENDS_BUFFER);
	}
	return fd;
}

int
ends_bound(int type, const char *port)
{
	const struct sockaddr_in a = ends_at(port);
	const int fd = ends_socket(type);

	if (bind(fd, (const struct sockaddr *)&a, sizeof a) != 0)
		ends_die(port);
	return fd;
}

int
ends_connected(int type, const char *port)
{
	const struct sockaddr_in a = ends_at(port);
	const int fd = ends_socket(type);

	if (connect(fd, (const struct sockaddr *)&a, sizeof a) != 0)
		ends_die(port);
	return fd;
}

int
ends_waits(int fd, int msec)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, msec) == 1;
}

void
ends_send_train(int fd, const uint8_t *bytes, size_t size, unsigned n)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
	} control = { .bytes = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)bytes, size * n };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	const uint16_t segment = (uint16_t)size;
	struct cmsghdr *c;

	if (n > 1) {
		h.msg_control = &control;
		h.msg_controllen = sizeof control;
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = IPPROTO_UDP;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof segment);
		memcpy(CMSG_DATA(c), &segment, sizeof segment);
	}
	if (sendmsg(fd, &h, 0) < 0 && errno != ECONNREFUSED)
		ends_die("send");
}
