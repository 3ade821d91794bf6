/*
 * forward_via - what is poured into a forwarder on one CPU, and counted where
 * it comes out on another.
 *
 *   forward-via tcp PORT SINK CONNECTIONS SECONDS
 *       as much as goes through: connects to PORT, and waits at SINK for
 *       those that the forwarder makes.  Prints bytes and seconds.
 *   forward-via udp PORT SINK BYTES SECONDS
 *       the same with datagrams, as many to a call as may be, and at most
 *       AHEAD of them under way.  Prints bytes, seconds, and the share of what
 *       was sent that did not arrive.
 *
 * CUBIC, since BBR paces loopback; it is chosen before a connection begins,
 * since pacing stays on where BBR has once been.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PIECE = 1 << 17,  /* bytes of a stream that one call moves */
	BUFFER = 8 << 20, /* of a socket for datagrams */
	AHEAD = 1024,     /* datagrams under way */
	LOST_MSEC = 50,
	FLOWS_MAX = 256
};

static uint8_t bytes[PIECE];

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "forward-via: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
stay_on(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof set, &set);
}

static struct sockaddr_in
at(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void
set(int fd, int level, int name, int value)
{
	setsockopt(fd, level, name, &value, sizeof value);
}

static int
open_socket(int type)
{
	const int fd = socket(AF_INET, type, 0);

	if (fd < 0)
		die("socket");
	if (type == SOCK_STREAM) {
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
	} else {
		set(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER);
		set(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER);
	}
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	return fd;
}

static int
bound(int type, const char *port)
{
	const struct sockaddr_in a = at(port);
	const int fd = open_socket(type);

	if (bind(fd, (const struct sockaddr *)&a, sizeof a) != 0)
		die(port);
	return fd;
}

static int
connected(int type, const char *port)
{
	const struct sockaddr_in a = at(port);
	const int fd = open_socket(type);

	if (connect(fd, (const struct sockaddr *)&a, sizeof a) != 0)
		die(port);
	return fd;
}

static int
waits(int fd, int msec)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, msec) == 1;
}

static void
watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		die("epoll");
}

/* ---- streams ---- */

static void
pour_streams(const char *port, unsigned count, double until)
{
	const int epoll = epoll_create1(0);
	struct epoll_event ev[FLOWS_MAX];

	for (unsigned i = 0; i < count; i++)
		watch(epoll, connected(SOCK_STREAM, port), EPOLLOUT);
	while (seconds() < until) {
		const int n = epoll_wait(epoll, ev, FLOWS_MAX, 100);

		for (int i = 0; i < n; i++)
			if (send(ev[i].data.fd, bytes, sizeof bytes,
				MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
			    errno != EAGAIN)
				die("send");
	}
}

static void
take_streams(int listener, double until)
{
	const int epoll = epoll_create1(0);
	struct epoll_event ev[FLOWS_MAX];
	double first = 0, last = 0;
	uint64_t arrived = 0;

	watch(epoll, listener, EPOLLIN);
	while (seconds() < until) {
		const int n = epoll_wait(epoll, ev, FLOWS_MAX, 100);

		for (int i = 0; i < n; i++) {
			ssize_t got;

			if (ev[i].data.fd == listener) {
				watch(epoll, accept(listener, NULL, NULL),
				    EPOLLIN);
				continue;
			}
			got = recv(
			    ev[i].data.fd, bytes, sizeof bytes, MSG_DONTWAIT);
			if (got <= 0)
				continue;
			last = seconds();
			first = first > 0 ? first : last;
			arrived += (uint64_t)got;
		}
	}
	printf("%llu %.6f\n", (unsigned long long)arrived, last - first);
}

static void
streams(char **v)
{
	const int listener = bound(SOCK_STREAM, v[1]);
	const double until = seconds() + atof(v[3]);
	pid_t child;

	if (listen(listener, FLOWS_MAX) != 0 || (child = fork()) < 0)
		die("fork");
	if (child == 0) {
		stay_on(0);
		pour_streams(v[0], (unsigned)atoi(v[2]), until);
		_exit(0);
	}
	stay_on(1);
	take_streams(listener, until);
	waitpid(child, NULL, 0);
}

/* ---- datagrams ---- */

static void
send_train(int fd, size_t size, unsigned n)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
	} control = { .bytes = { 0 } };
	struct iovec iov = { bytes, size * n };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control };
	const uint16_t segment = (uint16_t)size;
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof segment);
	memcpy(CMSG_DATA(c), &segment, sizeof segment);
	if (sendmsg(fd, &h, 0) < 0 && errno != ECONNREFUSED)
		die("send");
}

/* Says how many have arrived by now whenever more have. */
static _Noreturn void
take_datagrams(int sink, size_t size, int news)
{
	uint64_t arrived = 0;
	ssize_t got;

	for (;;) {
		if (!waits(sink, -1))
			continue;
		while (
		    (got = recv(sink, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0)
			arrived += ((size_t)got + size - 1) / size;
		if (write(news, &arrived, sizeof arrived) < 0)
			_exit(0);
	}
}

/* The latest of it. */
static void
hear(int news, uint64_t *arrived)
{
	uint64_t v[64];
	const ssize_t n = read(news, v, sizeof v);

	if (n > 0)
		*arrived = v[(size_t)n / sizeof *v - 1];
}

static void
datagrams(char **v)
{
	const size_t size = (size_t)atoi(v[2]);
	const unsigned train = (unsigned)(65507 / size);
	const int sink = bound(SOCK_DGRAM, v[1]);
	const int fd = connected(SOCK_DGRAM, v[0]);
	const double since = seconds(), until = since + atof(v[3]);
	uint64_t sent = 0, lost = 0, arrived = 0;
	int news[2];
	pid_t child;

	set(sink, IPPROTO_UDP, UDP_GRO, 1);
	if (pipe(news) != 0 || (child = fork()) < 0)
		die("fork");
	if (child == 0) {
		stay_on(1);
		take_datagrams(sink, size, news[1]);
	}
	stay_on(0);
	while (seconds() < until) {
		if (sent < arrived + lost + AHEAD) {
			send_train(fd, size, train);
			sent += train;
			if (waits(news[0], 0))
				hear(news[0], &arrived);
		} else if (waits(news[0], LOST_MSEC)) {
			hear(news[0], &arrived);
		} else {
			lost = sent - arrived;
		}
	}
	printf("%llu %.6f %.4f\n", (unsigned long long)(arrived * size),
	    seconds() - since, (double)lost / (double)sent);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int
main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "tcp") == 0) {
		streams(argv + 2);
	} else if (argc == 6 && strcmp(argv[1], "udp") == 0) {
		datagrams(argv + 2);
	} else {
		fprintf(stderr, "usage: see bench/forward_via.c\n");
		return 2;
	}
	return 0;
}
