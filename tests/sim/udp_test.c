/* Sessions over UDP between two endpoints, on a virtual network. */
#include "udp_bed.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit/test.h"

enum { SEEDS = 1500 }; /* GODWIT_SEEDS asks for more (make soak) */

static void
a_session_opens_moves_and_closes(void **state)
{
	struct udp_bed_options o = { .link = {
					 .delay = 10000, .rate = 100000000 } };
	struct udp_bed b;

	(void)state;
	udp_bed_init(&b, &o);
	b.side[0].to_write[1] = 3000000;
	b.side[0].to_write[0] = 1000;
	b.side[1].to_write[0] = 500;
	b.side[0].finish = true;
	b.side[1].answers = true;
	udp_bed_dial(&b, &o);
	udp_bed_run(&b, 60 * GW_SEC);
	udp_bed_check(&b);
	assert_string_equal(b.side[0].peer_name, "attic");
	assert_string_equal(b.side[1].peer_name, "kitchen");
	udp_bed_fini(&b);
}

/* ---- any network, any order: a run is its seed ---- */

static uint64_t
next(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *x >> 33;
}

static double
chance(uint64_t *x, double most)
{
	return next(x) % 3 == 0 ? most * (double)(next(x) % 1000) / 1000 : 0;
}

static struct udp_bed_options
any_options(uint64_t seed)
{
	static const uint64_t rates[] = { 0, 1000000, 10000000, 100000000 };
	static const uint32_t rolls[] = { 0, 200, 300 };
	uint64_t x = seed * 7919 + 1;
	struct udp_bed_options o = { .seed = seed };

	o.link.rate = rates[next(&x) % 4];
	o.link.queue = 20000 + next(&x) % 200000;
	o.link.delay = next(&x) % 100000;
	o.link.jitter = next(&x) % 3 == 0 ? next(&x) % 20000 : 0;
	o.link.loss = chance(&x, 0.2);
	o.link.burst = (unsigned)(next(&x) % 5);
	o.link.burst_silence = 20000;
	o.link.reorder = chance(&x, 0.3);
	o.link.reorder_by = next(&x) % 30000;
	o.link.duplicate = chance(&x, 0.2);
	o.link.corrupt = chance(&x, 0.05);
	o.link.ecn_bleached = next(&x) % 5 == 0;
	o.link.mark_above = next(&x) % 5 == 0 ? 10000 : 0;
	o.roll = rolls[next(&x) % 3];
	o.congestion = (enum gw_congestion)(next(&x) % 3);
	o.window = (uint64_t)GW_STREAM_WINDOW << next(&x) % 4;
	return o;
}

/* Returns 1 where one side could not know how it ended. */
static unsigned
run_seed(uint64_t seed)
{
	struct udp_bed_options o = any_options(seed);
	uint64_t x = seed * 104729 + 3;
	unsigned unsure;
	struct udp_bed b;

	o.traced = getenv("GODWIT_TRACE") != NULL;
	udp_bed_init(&b, &o);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < UDP_BED_STREAMS; k++)
			b.side[i].to_write[k] =
			    next(&x) % 3 == 0 ? 0 : next(&x) % 300000;
	b.side[next(&x) % 2].finish = true;
	b.side[0].answers = b.side[1].answers = true;
	if (next(&x) % 4 == 0)
		b.side[0].finish = b.side[1].finish = true;
	udp_bed_dial(&b, &o);
	udp_bed_run(&b, 600 * GW_SEC);
	if (!b.side[0].fin || !b.side[1].fin || !b.side[0].closed ||
	    !b.side[1].closed || b.side[0].closed_event.closed.err != GW_OK ||
	    b.side[1].closed_event.closed.err != GW_OK)
		fprintf(stderr, "seed %llu: %s / %s\n",
		    (unsigned long long)seed, b.side[0].closed_text,
		    b.side[1].closed_text);
	if (b.log != NULL)
		fputs(b.log, stderr);
	udp_bed_check(&b);
	unsure = udp_bed_is_unsure(&b.side[0]) || udp_bed_is_unsure(&b.side[1]);
	udp_bed_fini(&b);
	return unsure;
}

static void
every_byte_once_and_in_place_whatever_the_network_does(void **state)
{
	const char *asked = getenv("GODWIT_SEEDS");
	const char *from = getenv("GODWIT_SEED");
	const uint64_t first = from != NULL ? strtoull(from, NULL, 10) : 0;
	const uint64_t n = asked != NULL ? strtoull(asked, NULL, 10) : SEEDS;
	uint64_t unsure = 0;

	(void)state;
	for (uint64_t seed = first; seed < first + n; seed++)
		unsure += run_seed(seed);
	assert_true(unsure <= n / 200 + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_opens_moves_and_closes),
		cmocka_unit_test(
		    every_byte_once_and_in_place_whatever_the_network_does),
	};

	return cmocka_run_group_tests_name("udp", tests, NULL, NULL);
}
