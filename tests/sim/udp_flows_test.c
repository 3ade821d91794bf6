/*
 * Flows of a UDP listener under clients that come and go, targets that
 * refuse, names that move and a clock that jumps: what must hold after each
 * step does, and the same seed gives the same story.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forward/udp_flow.h"
#include "unit/test.h"

enum { CLIENTS = 200, SOURCES = 20, STEPS = 20000, TARGETS = 3 };

struct bed {
	uint64_t random;
	struct gw_udp_flow_budget budget;
	struct gw_targets targets;
	struct gw_rule rule;
	struct gw_udp_flows *t;
	gw_usec now;
	/* What the owner knows: descriptors that are open, and a count of all
	 * that came and became of it. */
	uint32_t open;
	uint64_t came, passed, refused;
	uint64_t answered, answers_passed;
	uint64_t story; /* a hash of everything that happened */
};

static uint64_t
seed_of_run(void)
{
	const char *text = getenv("GODWIT_SEED");

	return text != NULL ? strtoull(text, NULL, 0) : 20261126;
}

static uint64_t
next(struct bed *b)
{
	b->random = b->random * 6364136223846793005u + 1442695040888963407u;
	return b->random >> 33;
}

static uint64_t
below(struct bed *b, uint64_t n)
{
	return next(b) % n;
}

static void
fill(void *arg, void *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)next(arg);
}

static void
note(struct bed *b, uint64_t what)
{
	b->story = (b->story ^ what) * 0x100000001b3u;
}

static struct gw_udp_flow_key
key_of(uint64_t client)
{
	return (struct gw_udp_flow_key){
		.client = { [10] = 0xff,
		    [11] = 0xff,
		    192,
		    0,
		    2,
		    (uint8_t)(client % SOURCES) },
		.local = { [10] = 0xff,
		    [11] = 0xff,
		    198,
		    51,
		    100,
		    (uint8_t)(client % 2) },
		.port = (uint16_t)(client + 1),
		.local_port = 53,
	};
}

/* ---- what may happen ---- */

static struct gw_udp_load
some_load(struct bed *b)
{
	struct gw_udp_load l = { .segment = (uint32_t)below(b, 1400) };

	l.count = l.segment == 0 || b->t->o.requests > 0
		      ? 1
		      : 1 + (uint32_t)below(b, 10);
	l.bytes = l.count * l.segment;
	if (l.count > 1)
		l.bytes -= (uint32_t)below(b, l.segment);
	return l;
}

static void
somebody_asks(struct bed *b)
{
	static const enum gw_drop shed[] = { GW_DROP_DESCRIPTORS,
		GW_DROP_NO_PORT, GW_DROP_NO_ROUTE };
	const struct gw_udp_flow_key key = key_of(below(b, CLIENTS));
	const struct gw_udp_load l = some_load(b);
	struct gw_udp_flow *f = NULL;
	const enum gw_drop why =
	    gw_udp_flows_request(b->t, &key, &l, b->now, &f);

	note(b, why);
	b->came += l.count;
	if (why != GW_DROP_NONE) {
		b->refused += l.count;
		return;
	}
	assert_memory_equal(&f->key, &key, sizeof key);
	assert_false(f->over);
	if (f->user == NULL && below(b, 20) == 0) {
		gw_udp_flows_fail(b->t, f, &l, shed[below(b, 3)], b->now);
		b->refused += l.count;
		return;
	}
	if (f->user == NULL) {
		f->user = b;
		b->open++;
	}
	b->passed += l.count;
	if (below(b, 30) == 0) {
		gw_udp_flows_lost_request(b->t, f, &l, GW_DROP_QUEUE);
		b->passed -= l.count;
		b->refused += l.count;
	}
}

static struct gw_udp_flow *
some_flow(struct bed *b)
{
	struct gw_udp_flow *f = b->t->first;

	if (f == NULL)
		return NULL;
	for (uint64_t i = below(b, b->t->count); i > 0; i--)
		f = f->next;
	return f;
}

static void
a_target_answers(struct bed *b)
{
	struct gw_udp_flow *f = some_flow(b);
	const struct gw_udp_load l = some_load(b);
	uint32_t passed;

	if (f == NULL)
		return;
	passed = gw_udp_flows_reply(b->t, f, &l, b->now);
	assert_true(passed <= l.count);
	b->answered += l.count;
	b->answers_passed += passed;
	note(b, passed);
}

static void
a_target_refuses(struct bed *b)
{
	struct gw_udp_flow *f = some_flow(b);

	if (f != NULL)
		gw_udp_flows_refused(b->t, f, b->now);
}

static void
a_name_moves(struct bed *b)
{
	const struct gw_place at = { .ip = { 10, (uint8_t)below(b, 256) },
		.port = 53 };
	const bool gone = below(b, 4) == 0;

	gw_targets_set(&b->targets, (unsigned)below(b, TARGETS),
	    gone ? NULL : &at, below(b, 8) == 0);
}

static void
time_passes(struct bed *b)
{
	/* Mostly moments, sometimes minutes. */
	b->now +=
	    below(b, 50) == 0 ? below(b, 200 * GW_SEC) : below(b, GW_SEC / 2);
	gw_udp_flows_tick(b->t, b->now);
}

static void
owner_reaps(struct bed *b)
{
	struct gw_udp_flow *f;

	while ((f = gw_udp_flows_closed(b->t)) != NULL) {
		note(b, f->end);
		assert_true(f->end != GW_FORWARD_EVICTED || !f->answered);
		if (f->user != NULL)
			b->open--;
		gw_udp_flow_release(f);
	}
}

/* ---- what always holds ---- */

static void
check(const struct bed *b)
{
	const struct gw_udp_flows *t = b->t;
	uint64_t drops = 0, reply_drops, ended = 0;
	uint32_t n = 0, of_source[256] = { 0 };

	for (const struct gw_udp_flow *f = t->first; f != NULL; f = f->next) {
		n++;
		assert_false(f->over);
		of_source[f->key.client[15]]++;
		assert_true(of_source[f->key.client[15]] <= t->o.per_source);
		/* Nobody is kept past the time that is his. */
		assert_true(f->due.at <= gw_udp_flow_deadline(t, f));
		assert_true(gw_udp_flow_deadline(t, f) > b->now || f->retired);
	}
	assert_int_equal(n, t->count);
	assert_int_equal(n, b->budget.used);
	assert_true(n <= t->o.limit);
	for (unsigned e = 0; e < GW_FORWARD_ENDS; e++)
		ended += t->ended[e];
	assert_int_equal(t->opened, ended + t->count);
	/* Nothing is lost that is not counted. */
	for (enum gw_drop d = GW_DROP_NONE + 1; d < GW_DROPS; d++)
		drops += d == GW_DROP_ICMP ? 0 : t->drops[d];
	reply_drops = t->drops[GW_DROP_LATE] + t->drops[GW_DROP_RATE];
	assert_int_equal(t->requests.packets, b->passed);
	assert_int_equal(drops - reply_drops, b->refused);
	assert_int_equal(b->came, b->passed + b->refused);
	assert_int_equal(t->replies.packets, b->answers_passed);
	assert_int_equal(b->answered, b->answers_passed + reply_drops);
}

struct kind {
	struct gw_udp_flow_options o;
	enum gw_targets_choice choice;
};

static uint64_t
run(const struct kind *kind, uint64_t seed)
{
	static void (*const steps[])(struct bed *) = { somebody_asks,
		somebody_asks, somebody_asks, a_target_answers,
		a_target_answers, a_target_refuses, time_passes, owner_reaps };
	struct bed b = {
		.random = seed, .budget = { .limit = 100 }, .now = GW_SEC
	};
	const struct gw_random random = { fill, &b };
	struct gw_udp_flow_options options = kind->o;
	char why[GW_RULE_WHY];

	assert_true(gw_rule_parse("udp://:53/10.0.0.1:53,10.0.0.2:53,"
				  "10.0.0.3:53?deny=192.0.2.7",
	    NULL, &b.rule, why));
	gw_targets_init(&b.targets, TARGETS);
	b.targets.choice = kind->choice;
	options.targets = &b.targets;
	options.rule = &b.rule;
	assert_int_equal(
	    gw_udp_flows_new(&options, &b.budget, &random, &b.t), GW_OK);
	for (int i = 0; i < 10; i++)
		a_name_moves(&b);
	for (int i = 0; i < STEPS; i++) {
		if (below(&b, 100) == 0)
			a_name_moves(&b);
		steps[below(&b, sizeof steps / sizeof steps[0])](&b);
		if (i % 16 == 0)
			check(&b);
	}
	gw_udp_flows_shut(b.t, GW_FORWARD_STOPPED, b.now);
	owner_reaps(&b);
	check(&b);
	assert_int_equal(b.open, 0);
	b.now += 1000 * GW_SEC;
	gw_udp_flows_tick(b.t, b.now);
	assert_int_equal(gw_udp_sources_count(&b.t->sources), 0);
	gw_udp_flows_free(b.t);
	return b.story;
}

static const struct kind kinds[] = {
	{ .choice = GW_TARGETS_ROUND },
	{ .o = { .at_cap = GW_UDP_CAP_EVICT, .limit = 50 } },
	{ .o = { .responses = 1, .per_source = 100 } },
	{ .o = { .requests = 3, .life = 30 * GW_SEC },
	    .choice = GW_TARGETS_FIRST },
	{ .o = { .icmp = GW_UDP_ICMP_CLOSE, .idle = 5 * GW_SEC },
	    .choice = GW_TARGETS_HASH },
	{ .o = { .guard_rate = 10000,
	      .guard_burst = 50000,
	      .ratio = 3,
	      .at_cap = GW_UDP_CAP_EVICT },
	    .choice = GW_TARGETS_RANDOM },
};

static void
whatever_happens_all_is_bounded_and_counted(void **state)
{
	const uint64_t seed = seed_of_run();

	(void)state;
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
		for (uint64_t n = 0; n < 5; n++) {
			print_message(
			    "seed %" PRIu64 ", kind %zu\n", seed + n, k);
			(void)run(&kinds[k], seed + n);
		}
}

static void
the_same_seed_tells_the_same_story(void **state)
{
	const uint64_t seed = seed_of_run();

	(void)state;
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
		assert_true(run(&kinds[k], seed) == run(&kinds[k], seed));
		assert_true(run(&kinds[k], seed) != run(&kinds[k], seed + 1));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_happens_all_is_bounded_and_counted),
		cmocka_unit_test(the_same_seed_tells_the_same_story),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
