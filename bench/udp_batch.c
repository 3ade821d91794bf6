/*
 * udp_batch - how fast src/os/udp_batch moves datagrams over loopback, from
 * one process to another one, with and without GSO and GRO.  No encryption,
 * no transport: the bound for both.  The receiver tells the sender how much
 * has come, and 2 MB may be under way, so that nothing is dropped.
 *
 * usage: udp_batch [SECONDS]    (2, for each line)
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/udp_batch.h"

enum { WINDOW = 2000000, STUCK_MSEC = 20 };

struct end {
	int fd;
	struct gw_addr addr;
	struct gw_udp_batch *batch;
};

/* What one process has to say of its part. */
struct part {
	double seconds, cpu;
	uint64_t bytes, datagrams, dropped;
};

static double
seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "udp_batch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
open_end(struct end *e)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;

	if (gw_addr_parse(&e->addr, "127.0.0.1", 0, NULL) != GW_OK)
		die("127.0.0.1");
	e->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (e->fd < 0 ||
	    bind(e->fd, (struct sockaddr *)&e->addr.ss, e->addr.len) != 0 ||
	    getsockname(e->fd, (struct sockaddr *)&ss, &len) != 0)
		die("socket");
	gw_addr_from(&e->addr, (struct sockaddr *)&ss, len);
}

/* Before there is anything to receive: the kernel's buffer shall be large. */
static void
start_end(struct end *e, bool no_gso, bool no_gro)
{
	struct gw_udp_batch_options o = {
		.no_gso = no_gso,
		.no_gro = no_gro,
	};

	open_end(e);
	o.fd = e->fd;
	if (gw_udp_batch_new(&o, NULL, &e->batch) != GW_OK)
		die("batch");
}

static void
stay_on(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof set, &set);
}

static bool
wait_for(const struct end *e, short events)
{
	struct pollfd p = { .fd = e->fd, .events = events };

	return poll(&p, 1, STUCK_MSEC) == 1;
}

/* How much has come, as the other end last said. */
static void
take_news(struct end *e, uint64_t *come)
{
	struct gw_udp_arrival a;
	uint64_t number;

	while (gw_udp_batch_fill(e->batch) == GW_OK)
		while (gw_udp_batch_next(e->batch, &a)) {
			if (a.len != sizeof number)
				continue;
			memcpy(&number, a.bytes, sizeof number);
			*come = number > *come ? number : *come;
		}
}

static void
send_all(struct end *e, const struct gw_addr *to, size_t segment, double until)
{
	static uint8_t bytes[GW_TRAIN_BYTES];
	const size_t fit = GW_TRAIN_BYTES / segment;
	const size_t n = fit < GW_TRAIN_SEGMENTS ? fit : GW_TRAIN_SEGMENTS;
	const struct gw_udp_train t = {
		.to = to,
		.bytes = bytes,
		.len = n * segment,
		.segment = segment,
	};
	uint64_t gone = 0, come = 0, lost = 0;
	size_t sent;

	while (seconds_of(CLOCK_MONOTONIC) < until) {
		while (gone - come - lost + t.len > WINDOW) {
			/* What was dropped, if anything was, never comes. */
			if (!wait_for(e, POLLIN))
				lost = gone - come;
			take_news(e, &come);
			if (lost > gone - come)
				lost = gone - come;
		}
		if (gw_udp_batch_send(e->batch, &t, &sent, NULL) ==
		    GW_TRAIN_WAIT)
			wait_for(e, POLLOUT);
		gone += sent;
	}
}

static void
tell(struct end *e, const struct gw_addr *to, uint64_t come)
{
	const struct gw_udp_train t = {
		.to = to,
		.bytes = (const uint8_t *)&come,
		.len = sizeof come,
		.segment = sizeof come,
	};
	size_t sent;

	(void)gw_udp_batch_send(e->batch, &t, &sent, NULL);
}

static void
receive_all(
    struct end *e, const struct gw_addr *to, double until, struct part *part)
{
	struct gw_udp_batch_facts facts;
	struct gw_udp_arrival a;
	double first = 0, last = 0;

	while (seconds_of(CLOCK_MONOTONIC) < until) {
		if (gw_udp_batch_fill(e->batch) != GW_OK) {
			wait_for(e, POLLIN);
			continue;
		}
		last = seconds_of(CLOCK_MONOTONIC);
		first = first > 0 ? first : last;
		while (gw_udp_batch_next(e->batch, &a))
			part->bytes += a.len;
		tell(e, to, part->bytes);
	}
	gw_udp_batch_facts(e->batch, &facts);
	part->datagrams = facts.received;
	part->dropped = facts.kernel_dropped;
	part->seconds = last - first;
}

static void
run(size_t segment, bool no_gso, bool no_gro, double seconds)
{
	struct end from, to;
	struct part received = { 0 }, sent = { 0 };
	const double until = seconds_of(CLOCK_MONOTONIC) + seconds;
	int news[2];
	pid_t child;

	start_end(&from, no_gso, no_gro);
	start_end(&to, no_gso, no_gro);
	if (pipe(news) != 0 || (child = fork()) < 0)
		die("fork");
	if (child == 0) {
		stay_on(0);
		send_all(&from, &to.addr, segment, until);
		sent.cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
		if (write(news[1], &sent, sizeof sent) != sizeof sent)
			die("pipe");
		_exit(0);
	}
	stay_on(1);
	received.cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	receive_all(&to, &from.addr, until, &received);
	received.cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - received.cpu;
	if (read(news[0], &sent, sizeof sent) != sizeof sent)
		die("the sender");
	(void)waitpid(child, NULL, 0);
	printf("%7zu  %3s %3s %8.2f %9.2f %8llu %9.3f %9.3f\n", segment,
	    no_gso ? "-" : "GSO", no_gro ? "-" : "GRO",
	    (double)received.bytes * 8 / received.seconds / 1e9,
	    (double)received.datagrams / received.seconds / 1e6,
	    (unsigned long long)received.dropped,
	    sent.cpu * 1e9 / (double)received.bytes,
	    received.cpu * 1e9 / (double)received.bytes);
	fflush(stdout);
	gw_udp_batch_free(from.batch);
	gw_udp_batch_free(to.batch);
	close(from.fd);
	close(to.fd);
	close(news[0]);
	close(news[1]);
}

int
main(int argc, char **argv)
{
	static const size_t segments[] = { 1448, 8900 };
	const double seconds = argc > 1 ? atof(argv[1]) : 2;
	struct gw_udp_offer offer;

	gw_udp_batch_probe(&offer);
	printf("the kernel offers:%s%s%s\n", offer.gso ? " GSO" : "",
	    offer.gro ? " GRO" : "", offer.ecn ? " ECN" : "");
	printf("  bytes            Gbit/s  mill. /s  dropped   CPU seconds per "
	       "GB, sender, receiver\n");
	for (unsigned i = 0; i < sizeof segments / sizeof segments[0]; i++)
		for (unsigned without = 0; without < 4; without++)
			run(segments[i], (without & 1) != 0, (without & 2) != 0,
			    seconds);
	return 0;
}
