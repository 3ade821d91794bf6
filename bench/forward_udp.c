/*
 * forward_udp - loads for a forwarder of datagrams, and the barest ones there
 * can be.
 *
 *   forward-udp load PORT SINK BYTES CLIENTS TRAIN SECONDS
 *       sends to a forwarder at PORT and counts what comes out at SINK, both
 *       of loopback: so many in turn that nothing has to be dropped.  TRAIN
 *       datagrams of one client leave in one call.  Prints how many arrived
 *       and the seconds.
 *   forward-udp ask PORT SINK BYTES SECONDS
 *       one question at a time, answered at SINK: prints the microseconds of
 *       the median and of the 99th percentile.  PORT may be SINK.
 *   forward-udp one PORT SINK, forward-udp many PORT SINK
 *       a loop that forwards, without clients, answers or counting: recvfrom
 *       and sendto, or 64 with recvmmsg and sendmmsg.
 *
 * All of it runs on one CPU, and nobody takes it from another who has work, so
 * that whoever is measured finds as much waiting as a busy one would; its CPU
 * time is what counts (bench/forward_udp.py).
 */
#include <errno.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ends.h"

enum {
	BATCH = 64,
	ROOM = 65536,
	WINDOW = 128, /* datagrams under way */
	LOST_MSEC = 50,
	ASKED_MAX = 1000000
};

/* ---- load ---- */

/* Datagrams that wait, merged or not. */
static unsigned
take(int fd, size_t size)
{
	static uint8_t room[ROOM];
	unsigned n = 0;
	ssize_t got;

	while ((got = recv(fd, room, sizeof room, MSG_DONTWAIT)) >= 0)
		n += (unsigned)(((size_t)got + size - 1) / size);
	return n;
}

static void
load(char **v)
{
	static uint8_t bytes[ROOM];
	const size_t size = (size_t)atoi(v[2]);
	const unsigned clients = (unsigned)atoi(v[3]);
	const unsigned most = (unsigned)(65507 / size);
	const unsigned asked = (unsigned)atoi(v[4]);
	const unsigned train = asked < most ? asked : most;
	const int sink = ends_bound(SOCK_DGRAM, v[1]);
	int *fd = calloc(clients, sizeof *fd);
	unsigned next = 0;
	uint64_t arrived = 0;
	double since, until;

	if (fd == NULL)
		ends_die("memory");
	ends_set(sink, IPPROTO_UDP, UDP_GRO, 1);
	for (unsigned i = 0; i < clients; i++)
		fd[i] = ends_connected(SOCK_DGRAM, v[0]);
	since = ends_seconds();
	until = since + atof(v[5]);
	while (ends_seconds() < until) {
		unsigned out = 0, in = 0;

		for (; out < WINDOW; out += train)
			ends_send_train(
			    fd[next++ % clients], bytes, size, train);
		while (in < out && ends_waits(sink, LOST_MSEC))
			in += take(sink, size);
		arrived += in;
	}
	printf(
	    "%llu %.6f\n", (unsigned long long)arrived, ends_seconds() - since);
}

/* ---- ask ---- */

static int
by_time(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
ask(char **v)
{
	static uint8_t bytes[ROOM];
	static double took[ASKED_MAX];
	const size_t size = (size_t)atoi(v[2]);
	const int sink = ends_bound(SOCK_DGRAM, v[1]);
	const int fd = ends_connected(SOCK_DGRAM, v[0]);
	const double until = ends_seconds() + atof(v[3]);
	unsigned n = 0;

	while (ends_seconds() < until && n < ASKED_MAX) {
		const double since = ends_seconds();
		struct sockaddr_in from;
		socklen_t len = sizeof from;

		send(fd, bytes, size, 0);
		if (!ends_waits(sink, LOST_MSEC) ||
		    recvfrom(sink, bytes, sizeof bytes, 0,
			(struct sockaddr *)&from, &len) < 0)
			continue;
		sendto(sink, bytes, size, 0, (struct sockaddr *)&from, len);
		if (!ends_waits(fd, LOST_MSEC) ||
		    recv(fd, bytes, sizeof bytes, 0) < 0)
			continue;
		took[n++] = (ends_seconds() - since) * 1e6;
	}
	if (n == 0)
		ends_die("nothing came back");
	qsort(took, n, sizeof took[0], by_time);
	printf("%.1f %.1f\n", took[n / 2], took[n * 99 / 100]);
}

/* ---- bare loops ---- */

static _Noreturn void
one(char **v)
{
	static uint8_t room[ROOM];
	const struct sockaddr_in to = ends_at(v[1]);
	const int in = ends_bound(SOCK_DGRAM, v[0]),
		  out = ends_socket(SOCK_DGRAM);
	struct sockaddr_in from;

	for (;;) {
		socklen_t len = sizeof from;
		const ssize_t n = recvfrom(
		    in, room, sizeof room, 0, (struct sockaddr *)&from, &len);

		if (n >= 0)
			sendto(out, room, (size_t)n, 0,
			    (const struct sockaddr *)&to, sizeof to);
	}
}

static _Noreturn void
many(char **v)
{
	static uint8_t rooms[BATCH][ROOM + 320];
	static struct mmsghdr h[BATCH];
	static struct iovec iov[BATCH];
	static struct sockaddr_in names[BATCH];
	const struct sockaddr_in to = ends_at(v[1]);
	const int in = ends_bound(SOCK_DGRAM, v[0]),
		  out = ends_socket(SOCK_DGRAM);

	for (;;) {
		int n;

		for (unsigned i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){ rooms[i], ROOM };
			h[i].msg_hdr = (struct msghdr){ .msg_name = &names[i],
				.msg_namelen = sizeof names[i],
				.msg_iov = &iov[i],
				.msg_iovlen = 1 };
		}
		n = recvmmsg(in, h, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++) {
			iov[i].iov_len = h[i].msg_len;
			names[i] = to;
			h[i].msg_hdr.msg_namelen = sizeof names[i];
		}
		if (n > 0)
			sendmmsg(out, h, (unsigned)n, 0);
	}
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(char **);
		int words;
	} modes[] = { { "load", load, 6 }, { "ask", ask, 4 }, { "one", one, 2 },
		{ "many", many, 2 } };
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	(void)sched_setaffinity(0, sizeof cpu, &cpu);
	(void)sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 });
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		if (argc == modes[i].words + 2 &&
		    strcmp(argv[1], modes[i].name) == 0) {
			modes[i].run(argv + 2);
			return 0;
		}
	fprintf(stderr, "usage: see bench/forward_udp.c\n");
	return 2;
}
