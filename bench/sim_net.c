/*
 * sim_net - how many datagrams a second of CPU the virtual network of
 * tests/sim moves, each over one link and back as an acknowledgment a tenth
 * of its size would.
 *
 * usage: sim_net [DATAGRAMS]    (2000000)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/net.h"

enum { SIZE = 1200, START = 1000000 };

static double
cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Sends its datagrams `every` microseconds, several at a time; the other end
 * answers each tenth. */
struct end {
	struct net_addr peer;
	uint64_t left, now_due, got;
	gw_usec next, every;
	unsigned each_time;
	bool answers;
	uint8_t bytes[SIZE];
};

static void
input(void *arg, struct net_datagram *d, gw_usec now)
{
	struct end *e = arg;

	(void)d;
	(void)now;
	e->got++;
	e->now_due += e->answers && e->got % 10 == 0;
}

static void
tick(void *arg, gw_usec now)
{
	struct end *e = arg;
	const uint64_t n = e->left < e->each_time ? e->left : e->each_time;

	e->left -= n;
	e->now_due += n;
	e->next = e->left > 0 ? now + e->every : GW_NEVER;
}

static bool
output(void *arg, struct net_datagram *d, gw_usec now)
{
	struct end *e = arg;

	(void)now;
	if (e->now_due == 0)
		return false;
	e->now_due--;
	d->to = e->peer;
	d->bytes = e->bytes;
	d->len = e->answers ? SIZE / 10 : SIZE;
	return true;
}

static gw_usec
deadline(void *arg)
{
	return ((struct end *)arg)->next;
}

static void
run(const char *name, uint64_t datagrams, unsigned routers,
    const struct net_link_options *o)
{
	struct net *net = net_new(1);
	struct end ends[2] = { 0 };
	struct net_node_ops ops[2];
	uint64_t hops = 0;
	unsigned at;
	double spent;

	for (unsigned i = 0; i < 2; i++) {
		const struct net_addr a = net_addr(i, 1);

		net_host(net, &a);
		ends[i].peer = net_addr(1 - i, 1);
		ends[i].next = GW_NEVER;
		ops[i] = (struct net_node_ops){ .arg = &ends[i],
			.input = input,
			.tick = tick,
			.output = output,
			.deadline = deadline };
	}
	at = 0;
	for (unsigned i = 0; i < routers; i++) {
		const unsigned r = net_router(net);

		net_join(net, at, r, o);
		at = r;
	}
	net_join(net, at, 1, o);
	/* 1 Gbit/s in trains of ten. */
	ends[0].next = START;
	ends[0].every = 100;
	ends[0].each_time = 10;
	ends[0].left = datagrams;
	ends[1].answers = true;
	spent = cpu_seconds();
	net_run(net, &(struct net_run){ .nodes = ops, .count = 2 }, START,
	    GW_NEVER - 1);
	spent = cpu_seconds() - spent;
	for (unsigned i = 0; i < 2 * (routers + 1); i++)
		hops += net_counters(net, i)->in.datagrams;
	printf("%-44s %8.2f %8.2f %10llu\n", name,
	    (double)net_totals(net)->sent.datagrams / spent / 1e6,
	    (double)hops / spent / 1e6, (unsigned long long)ends[1].got);
	net_free(net);
}

int
main(int argc, char **argv)
{
	const uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000000;
	const struct net_link_options lan = { .rate = 1000000000 }, wan = {
		.rate = 1000000000,
		.overhead = 42,
		.queue = 25000000,
		.delay = 100000,
		.loss = 0.001,
	};
	struct net_link_options bad = wan;

	bad.jitter = 3000;
	bad.loss = 0.03;
	bad.burst = 5;
	bad.burst_silence = 20000;
	bad.reorder = 0.01;
	bad.reorder_by = 3000;
	bad.duplicate = 0.01;
	bad.corrupt = 0.001;
	printf("millions a second of CPU %*s %8s %8s %10s\n", 19, "", "sent",
	    "links", "arrived");
	run("perfect link", n, 0, &(struct net_link_options){ 0 });
	run("1 Gbit/s, no delay", n, 0, &lan);
	run("1 Gbit/s, 200 ms, 0.1 % loss", n, 0, &wan);
	run("the same with all that may befall", n, 0, &bad);
	run("the same over a chain of three", n, 2, &bad);
	return 0;
}
