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
 */
#include <errno.h>
#include <netinet/udp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ends.h"

enum {
	PIECE = 1 << 17, /* bytes of a stream that one call moves */
	AHEAD = 1024,    /* datagrams under way */
	LOST_MSEC = 50,
	FLOWS_MAX = 256
};

static uint8_t bytes[PIECE];

static void
stay_on(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof set, &set);
}

static void
watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		ends_die("epoll");
}

/* ---- streams ---- */

static void
pour_streams(const char *port, unsigned count, double until)
{
	const int epoll = epoll_create1(0);
	struct epoll_event ev[FLOWS_MAX];

	for (unsigned i = 0; i < count; i++)
		watch(epoll, ends_connected(SOCK_STREAM, port), EPOLLOUT);
	while (ends_seconds() < until) {
		const int n = epoll_wait(epoll, ev, FLOWS_MAX, 100);

		for (int i = 0; i < n; i++)
			if (send(ev[i].data.fd, bytes, sizeof bytes,
				MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
			    errno != EAGAIN)
				ends_die("send");
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
	while (ends_seconds() < until) {
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
			last = ends_seconds();
			first = first > 0 ? first : last;
			arrived += (uint64_t)got;
		}
	}
	printf("%llu %.6f\n", (unsigned long long)arrived, last - first);
}

static void
streams(char **v)
{
	const int listener = ends_bound(SOCK_STREAM, v[1]);
	const double until = ends_seconds() + atof(v[3]);
	pid_t child;

	if (listen(listener, FLOWS_MAX) != 0 || (child = fork()) < 0)
		ends_die("fork");
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

/* Says how many have arrived by now whenever more have. */
static _Noreturn void
take_datagrams(int sink, size_t size, int news)
{
	uint64_t arrived = 0;
	ssize_t got;

	for (;;) {
		if (!ends_waits(sink, -1))
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
	const unsigned train = (unsigned)(ENDS_TRAIN / size);
	const int sink = ends_bound(SOCK_DGRAM, v[1]);
	const int fd = ends_connected(SOCK_DGRAM, v[0]);
	const double since = ends_seconds(), until = since + atof(v[3]);
	uint64_t sent = 0, lost = 0, arrived = 0;
	int news[2];
	pid_t child;

	ends_set(sink, IPPROTO_UDP, UDP_GRO, 1);
	if (pipe(news) != 0 || (child = fork()) < 0)
		ends_die("fork");
	if (child == 0) {
		stay_on(1);
		take_datagrams(sink, size, news[1]);
	}
	stay_on(0);
	while (ends_seconds() < until) {
		if (sent < arrived + lost + AHEAD) {
			ends_send_train(fd, bytes, size, train);
			sent += train;
			if (ends_waits(news[0], 0))
				hear(news[0], &arrived);
		} else if (ends_waits(news[0], LOST_MSEC)) {
			hear(news[0], &arrived);
		} else {
			lost = sent - arrived;
		}
	}
	printf("%llu %.6f %.4f\n", (unsigned long long)(arrived * size),
	    ends_seconds() - since, (double)lost / (double)sent);
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
