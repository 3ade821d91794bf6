#include "udp_flow_fixture.h"

#include <string.h>

#include "test.h"

static void
fill(void *arg, void *out, size_t n)
{
	struct flow_bed *b = arg;

	for (size_t i = 0; i < n; i++) {
		b->random =
		    b->random * 6364136223846793005u + 1442695040888963407u;
		((uint8_t *)out)[i] = (uint8_t)(b->random >> 56);
	}
}

static void
init(struct flow_bed *b, const struct gw_udp_flow_options *o, uint32_t budget,
    unsigned targets)
{
	struct gw_udp_flow_options options = *o;
	struct gw_random random = { fill, b };
	char why[GW_RULE_WHY];

	*b = (struct flow_bed){ .budget = { .limit = budget }, .now = GW_SEC };
	assert_true(gw_rule_parse(
	    "udp://:5353-5355/10.0.0.1:53-55", NULL, &b->rule, why));
	for (unsigned i = 1; i < targets; i++)
		b->rule.targets[b->rule.target_count++] = b->rule.targets[0];
	gw_targets_init(&b->targets, targets);
	options.rule = &b->rule;
	options.targets = &b->targets;
	assert_int_equal(
	    gw_udp_flows_new(&options, &b->budget, &random, &b->t), GW_OK);
	for (unsigned i = 0; i < targets; i++) {
		const struct gw_place at = {
			.ip = { [10] = 0xff,
			    [11] = 0xff,
			    10,
			    0,
			    0,
			    (uint8_t)i },
			.port = 53,
		};

		gw_targets_set(&b->targets, i, &at, false);
	}
}

void
flow_bed_init(
    struct flow_bed *b, const struct gw_udp_flow_options *o, uint32_t budget)
{
	init(b, o, budget, 1);
}

void
flow_bed_targets(struct flow_bed *b, const struct gw_udp_flow_options *o,
    unsigned count, enum gw_targets_choice choice)
{
	init(b, o, 1000, count);
	b->targets.choice = choice;
}

void
flow_bed_fini(struct flow_bed *b)
{
	gw_udp_flows_shut(b->t, GW_FORWARD_STOPPED, b->now);
	(void)flow_reap(b, NULL);
	assert_int_equal(b->t->count, 0);
	assert_int_equal(b->budget.used, 0);
	assert_int_equal(gw_map_count(b->t->map), 0);
	assert_null(b->t->first);
	assert_null(b->t->last);
	assert_null(b->t->first_unreplied);
	assert_null(b->t->last_unreplied);
	gw_udp_flows_free(b->t);
}

struct gw_udp_flow_key
flow_key(uint32_t n)
{
	return (struct gw_udp_flow_key){
		.client = { [10] = 0xff, [11] = 0xff, 192, 0, 2, (uint8_t)n },
		.local = { [10] = 0xff, [11] = 0xff, 198, 51, 100, 1 },
		.port = (uint16_t)(1000 + n / 256),
		.local_port = 5353,
	};
}

enum gw_drop
flow_ask(
    struct flow_bed *b, uint32_t client, uint32_t n, struct gw_udp_flow **flow)
{
	const struct gw_udp_load l = { .count = 1, .bytes = n, .segment = n };
	const struct gw_udp_flow_key key = flow_key(client);
	struct gw_udp_flow *f = NULL;
	const enum gw_drop why =
	    gw_udp_flows_request(b->t, &key, &l, b->now, &f);

	if (why == GW_DROP_NONE)
		f->user = b;
	if (flow != NULL)
		*flow = f;
	return why;
}

struct gw_udp_flow *
flow_asked(struct flow_bed *b, uint32_t client)
{
	struct gw_udp_flow *f;

	assert_int_equal(flow_ask(b, client, 10, &f), GW_DROP_NONE);
	return f;
}

uint32_t
flow_answer(
    struct flow_bed *b, struct gw_udp_flow *f, uint32_t count, uint32_t n)
{
	const struct gw_udp_load l = {
		.count = count, .bytes = count * n, .segment = n
	};

	return gw_udp_flows_reply(b->t, f, &l, b->now);
}

unsigned
flow_reap(struct flow_bed *b, enum gw_forward_end *end)
{
	struct gw_udp_flow *f;
	unsigned n = 0;

	while ((f = gw_udp_flows_closed(b->t)) != NULL) {
		if (end != NULL)
			*end = f->end;
		gw_udp_flow_release(f);
		n++;
	}
	return n;
}

void
flow_wait(struct flow_bed *b, gw_usec us)
{
	b->now += us;
	gw_udp_flows_tick(b->t, b->now);
}
