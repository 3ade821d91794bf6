/*
 * usage: wire [SECONDS [RUNS [WORD...]]]
 *     2 seconds for each line, 3 runs; medians are shown.  Only lines of
 *     which all the words are true, as in "ceiling 1448" or "sessions=1.".
 */
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/kdf.h"

enum { STUCK_MSEC = 20, RUNS_MAX = 16 };

struct result {
	double rate;             /* bits a second, of content */
	double sender, receiver; /* CPU seconds per GB */
	double peak;             /* MB, of the larger one */
};

double
wire_seconds(int clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
wire_wait(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, STUCK_MSEC) == 1;
}

void
wire_die(const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
stay_on(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof set, &set);
}

/* In a process of its own, so that its memory and time are its own. */
static void
receive(const struct wire_kind *k, void *ends, double until, int to)
{
	uint64_t bytes;
	double seconds = 0, out[2];

	stay_on(1);
	bytes = k->receive(ends, until, &seconds);
	out[0] = (double)bytes;
	out[1] = seconds;
	if (write(to, out, sizeof out) != sizeof out)
		wire_die("pipe");
	_exit(0);
}

static double
reap(pid_t child, double *peak)
{
	struct rusage u;
	int status;

	if (wait4(child, &status, 0, &u) != child || status != 0)
		wire_die("a process that measures");
	if ((double)u.ru_maxrss / 1e3 > *peak)
		*peak = (double)u.ru_maxrss / 1e3;
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

struct line {
	const struct wire_kind *kind;
	size_t datagram; /* bytes of UDP payload; 0: none */
	unsigned sessions;
	struct result v[RUNS_MAX];
};

static struct result
run(const struct line *l, double seconds)
{
	const struct wire_kind *k = l->kind;
	/* Handshakes cost time, too: about a millisecond each. */
	double until =
		   wire_seconds(CLOCK_MONOTONIC) + seconds + l->sessions * 5e-3,
	       got[2];
	void *ends = k->open(l->datagram, l->sessions);
	struct result r = { 0 };
	pid_t child[2];
	int news[2];

	if (pipe(news) != 0 || (child[1] = fork()) < 0)
		wire_die("fork");
	if (child[1] == 0)
		receive(k, ends, until + 0.5, news[1]);
	if ((child[0] = fork()) < 0)
		wire_die("fork");
	if (child[0] == 0) {
		stay_on(0);
		k->send(ends, until);
		_exit(0);
	}
	if (read(news[0], got, sizeof got) != sizeof got)
		wire_die("the receiver");
	r.sender = reap(child[0], &r.peak) * 1e9 / got[0];
	r.receiver = reap(child[1], &r.peak) * 1e9 / got[0];
	r.rate = got[0] * 8 / got[1];
	k->close(ends);
	close(news[0]);
	close(news[1]);
	return r;
}

/* Does what it is have all of these words in it? */
static bool
is_wanted(const struct line *l, char **words, int count)
{
	char text[96];

	snprintf(text, sizeof text, "%s bytes=%zu sessions=%u.", l->kind->name,
	    l->datagram, l->sessions);
	while (count > 0 && strstr(text, words[count - 1]) != NULL)
		count--;
	return count == 0;
}

static int
by_rate(const void *a, const void *b)
{
	const struct result *x = a, *y = b;

	return (x->rate > y->rate) - (x->rate < y->rate);
}

static void
print(struct line *l, unsigned runs, double ceiling)
{
	struct result *m = &l->v[runs / 2];
	char size[24] = "-", share[24] = "-";

	qsort(l->v, runs, sizeof *l->v, by_rate);
	if (l->datagram != 0)
		snprintf(size, sizeof size, "%zu", l->datagram);
	if (ceiling > 0)
		snprintf(share, sizeof share, "%.2f", m->rate / ceiling);
	printf("%-24s %8u %6s %7.2f %8s %7.3f %8.3f %6.0f\n", l->kind->name,
	    l->sessions, size, m->rate / 1e9, share, m->sender, m->receiver,
	    m->peak);
}

int
main(int argc, char **argv)
{
	static const struct line all[] = {
		{ .kind = &wire_singly, .sessions = 1, .datagram = 1448 },
		{ .kind = &wire_trains, .sessions = 1, .datagram = 1448 },
		{ .kind = &wire_ceiling, .sessions = 1, .datagram = 1448 },
		{ .kind = &wire_session, .sessions = 1, .datagram = 1448 },
		{ .kind = &wire_session, .sessions = 10, .datagram = 1448 },
		{ .kind = &wire_session, .sessions = 100, .datagram = 1448 },
		{ .kind = &wire_session, .sessions = 1000, .datagram = 1448 },
		{ .kind = &wire_api_datagrams,
		    .sessions = 1,
		    .datagram = 1400 },
		{ .kind = &wire_api_datagrams_tcp,
		    .sessions = 1,
		    .datagram = 1400 },
		{ .kind = &wire_ceiling, .sessions = 1, .datagram = 8900 },
		{ .kind = &wire_session, .sessions = 1, .datagram = 8900 },
		{ .kind = &wire_session, .sessions = 1, .datagram = 16000 },
		{ .kind = &wire_api, .sessions = 1, .datagram = 16000 },
		{ .kind = &wire_api_tcp, .sessions = 1 },
		{ .kind = &wire_tcp_cubic, .sessions = 1 },
		{ .kind = &wire_tcp_bbr, .sessions = 1 },
		{ .kind = &wire_tcp_sealed, .sessions = 1 },
	};
	enum { LINES = sizeof all / sizeof all[0] };
	static struct line lines[LINES];
	unsigned count = 0;
	const double seconds = argc > 1 ? atof(argv[1]) : 2;
	const unsigned runs = argc > 2 ? (unsigned)atoi(argv[2]) : 3;
	double ceiling = 0;

	if (!gw_crypto_start() || runs == 0 || runs > RUNS_MAX)
		return 2;
	for (unsigned i = 0; i < LINES; i++)
		if (argc <= 3 || is_wanted(&all[i], argv + 3, argc - 3))
			lines[count++] = all[i];
	for (unsigned n = 0; n < runs; n++)
		for (unsigned i = 0; i < count; i++)
			lines[i].v[n] = run(&lines[i], seconds);
	printf("%-24s %8s %6s %7s %8s %16s %6s\n", "", "sessions", "bytes",
	    "Gbit/s", "ceiling", "CPU s/GB, from/to", "MB");
	for (unsigned i = 0; i < count; i++) {
		const bool bound = lines[i].kind == &wire_ceiling;

		print(&lines[i], runs,
		    lines[i].datagram != 0 && !bound ? ceiling : 0);
		if (bound)
			ceiling = lines[i].v[runs / 2].rate;
	}
	return 0;
}
