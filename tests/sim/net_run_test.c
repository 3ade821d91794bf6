/*
 * Engines driven in virtual time.  The engine here is stop and wait: each
 * number is sent until it is acknowledged, the other end takes it once.
 */
#include <stdlib.h>
#include <string.h>

#include "net_bed.h"
#include "unit/test.h"

#define MBIT UINT64_C(1000000)

struct end {
	struct net_addr peer;
	bool sender;
	uint32_t total;  /* numbers to be sent */
	uint32_t number; /* in work; of the receiver: expected next */
	bool due;        /* there is something to be sent */
	gw_usec resend_at, last_now;
	uint32_t ticks, inputs, notices;
	uint8_t out[4];
};

static void
end_input(void *arg, struct net_datagram *d, gw_usec now)
{
	struct end *e = arg;
	uint32_t number;

	e->inputs++;
	e->last_now = now;
	assert_int_equal(d->len, 4);
	memcpy(&number, d->bytes, 4);
	if (!e->sender) {
		/* Copies and repeats are acknowledged again. */
		assert_true(number <= e->number);
		e->number += number == e->number;
		e->peer = d->from;
		e->due = true;
		return;
	}
	if (number != e->number + 1)
		return;
	e->number = number;
	e->due = number < e->total;
	e->resend_at = GW_NEVER;
}

static void
end_tick(void *arg, gw_usec now)
{
	struct end *e = arg;

	e->ticks++;
	e->last_now = now;
	assert_true(now >= e->resend_at);
	e->due = true;
	e->resend_at = GW_NEVER;
}

static bool
end_output(void *arg, struct net_datagram *d, gw_usec now)
{
	struct end *e = arg;

	if (!e->due)
		return false;
	e->due = false;
	memcpy(e->out, &e->number, 4);
	d->to = e->peer;
	d->bytes = e->out;
	d->len = 4;
	if (e->sender)
		e->resend_at = now + 100 * GW_MSEC;
	return true;
}

static gw_usec
end_deadline(void *arg)
{
	return ((struct end *)arg)->resend_at;
}

static void
end_notice(void *arg, const struct net_datagram *d, gw_usec now)
{
	(void)now;
	assert_int_equal(d->kind, NET_REFUSED);
	((struct end *)arg)->notices++;
}

static struct net_node_ops
ops_of(struct end *e)
{
	return (struct net_node_ops){
		.arg = e,
		.input = end_input,
		.notice = end_notice,
		.tick = end_tick,
		.output = end_output,
		.deadline = end_deadline,
	};
}

struct two {
	struct bed bed;
	struct end end[2];
	struct net_node_ops ops[2];
};

static void
two_init(struct two *t, uint64_t seed, const struct net_link_options *o)
{
	memset(t, 0, sizeof(*t));
	bed_init(&t->bed, seed, o);
	t->end[0] = (struct end){
		.peer = net_addr(2, 4640),
		.sender = true,
		.total = 100,
		.due = true,
		.resend_at = GW_NEVER,
	};
	t->end[1].resend_at = GW_NEVER;
	t->ops[0] = ops_of(&t->end[0]);
	t->ops[1] = ops_of(&t->end[1]);
}

static bool
all_sent(void *arg, gw_usec now)
{
	const struct end *e = arg;

	(void)now;
	return e->number == e->total;
}

static gw_usec
two_run(struct two *t, gw_usec until)
{
	t->bed.now = net_run(t->bed.net,
	    &(struct net_run){
		.nodes = t->ops,
		.count = 2,
		.done = all_sent,
		.arg = &t->end[0],
	    },
	    t->bed.now, until);
	return t->bed.now;
}

static void
a_run_takes_as_long_as_the_distance_says(void **state)
{
	struct two t;

	(void)state;
	two_init(&t, 1, &(struct net_link_options){ .delay = 10 * GW_MSEC });
	assert_int_equal(
	    two_run(&t, GW_NEVER - 1), BED_START + 100 * 20 * GW_MSEC);
	assert_int_equal(t.end[1].number, 100);
	assert_int_equal(t.end[0].ticks, 0);
	bed_fini(&t.bed);
}

static void
everything_arrives_over_a_link_that_does_everything(void **state)
{
	const struct net_link_options o = {
		.rate = MBIT,
		.queue = 10000,
		.delay = 5000,
		.jitter = 90000,
		.loss = 0.2,
		.duplicate = 0.2,
		.reorder = 0.1,
		.reorder_by = 200000,
	};

	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		gw_usec end[2];

		for (unsigned i = 0; i < 2; i++) {
			struct two t;

			two_init(&t, seed, &o);
			end[i] = two_run(&t, BED_START + 3600 * GW_SEC);
			assert_int_equal(t.end[0].number, 100);
			assert_int_equal(t.end[1].number, 100);
			assert_in_range(t.end[0].ticks, 10, 2000);
			bed_fini(&t.bed);
		}
		assert_true(end[0] == end[1]);
	}
}

static void
a_run_ends_in_time_and_goes_on_from_there(void **state)
{
	struct two t;

	(void)state;
	two_init(&t, 1, &(struct net_link_options){ .delay = 10 * GW_MSEC });
	assert_int_equal(
	    two_run(&t, BED_START + 30 * GW_MSEC), BED_START + 30 * GW_MSEC);
	assert_int_equal(t.end[1].number, 2);
	assert_int_equal(
	    two_run(&t, GW_NEVER - 1), BED_START + 100 * 20 * GW_MSEC);
	bed_fini(&t.bed);
}

static void
a_run_ends_where_nothing_would_ever_happen(void **state)
{
	struct two t;

	(void)state;
	two_init(&t, 1, &(struct net_link_options){ .loss = 1 });
	t.ops[0].deadline = NULL;
	assert_int_equal(two_run(&t, BED_START + GW_SEC), BED_START);
	bed_fini(&t.bed);
}

static void
a_refusal_reaches_the_engine(void **state)
{
	struct two t;

	(void)state;
	two_init(&t, 1, &(struct net_link_options){ .delay = 1000 });
	net_set_presence(t.bed.net, t.bed.b, NET_CLOSED, BED_START);
	net_set_presence(t.bed.net, t.bed.b, NET_THERE, BED_START + 450000);
	two_run(&t, GW_NEVER - 1);
	assert_int_equal(t.end[0].notices, 5);
	assert_int_equal(t.end[0].ticks, 5);
	assert_int_equal(t.end[1].number, 100);
	bed_fini(&t.bed);
}

/* The first is lost; its repeat is due 100 ms later by the sender's clock. */
static gw_usec
when_repeated(int64_t jump, gw_usec sleep)
{
	struct two t;
	gw_usec at;

	two_init(&t, 1, &(struct net_link_options){ 0 });
	t.end[0].total = 1;
	net_cut(t.bed.net, t.bed.ab, BED_START, BED_START + GW_MSEC);
	net_jump_clock(t.bed.net, t.bed.a, jump, BED_START + 10 * GW_MSEC);
	net_sleep(t.bed.net, t.bed.a, BED_START + 50 * GW_MSEC,
	    BED_START + 50 * GW_MSEC + sleep);
	at = two_run(&t, GW_NEVER - 1);
	assert_int_equal(t.end[0].number, 1);
	assert_int_equal(t.end[0].ticks, 1);
	bed_fini(&t.bed);
	return (at - BED_START) / GW_MSEC;
}

static void
deadlines_are_kept_by_the_clock_of_the_node(void **state)
{
	(void)state;
	assert_int_equal(when_repeated(0, 0), 100);
	assert_int_equal(when_repeated(20 * 1000, 0), 80);
	assert_int_equal(when_repeated(-20 * 1000, 0), 120);
	assert_int_equal(when_repeated(0, 500 * GW_MSEC), 600);
	assert_int_equal(when_repeated(GW_SEC, 500 * GW_MSEC), 10);
}

static void
a_sleeping_node_is_left_alone(void **state)
{
	struct two t;

	(void)state;
	two_init(&t, 1, &(struct net_link_options){ .delay = 10 * GW_MSEC });
	net_sleep(t.bed.net, t.bed.b, BED_START + 5 * GW_MSEC,
	    BED_START + 60 * GW_SEC);
	assert_int_equal(
	    two_run(&t, BED_START + 59 * GW_SEC), BED_START + 59 * GW_SEC);
	assert_int_equal(t.end[1].inputs, 0);
	assert_in_range(t.end[0].ticks, 580, 590);
	two_run(&t, GW_NEVER - 1);
	assert_int_equal(t.end[1].number, 100);
	/* Its clock has not seen the minute. */
	assert_true(t.end[1].last_now + 59 * GW_SEC < t.bed.now);
	bed_fini(&t.bed);
}

/* ---- many ---- */

enum { PAIRS = 100 };

static bool
all_pairs_sent(void *arg, gw_usec now)
{
	const struct end *e = arg;

	for (unsigned i = 0; i < PAIRS; i++)
		if (!all_sent((void *)(uintptr_t)&e[2 * i], now))
			return false;
	return true;
}

/* Pairs behind a hub, over one slow link that all of them share. */
static void
many_nodes_share_a_link(void **state)
{
	struct end ends[2 * PAIRS] = { 0 };
	struct net_node_ops ops[2 * PAIRS];
	struct net *net = net_new(7);
	unsigned left, right;

	(void)state;
	for (unsigned i = 0; i < 2 * PAIRS; i++) {
		const struct net_addr a = net_addr(i, 4639);

		assert_int_equal(net_host(net, &a), i);
		ends[i].resend_at = GW_NEVER;
		ends[i].sender = ends[i].due = i % 2 == 0;
		ends[i].total = 20;
		ends[i].peer = net_addr(i ^ 1, 4639);
		ops[i] = ops_of(&ends[i]);
	}
	left = net_router(net);
	right = net_router(net);
	for (unsigned i = 0; i < 2 * PAIRS; i++)
		net_join(net, i, i % 2 == 0 ? left : right,
		    &(struct net_link_options){ .delay = 1000 });
	net_join(net, left, right,
	    &(struct net_link_options){
		.rate = MBIT,
		.overhead = 46,
		.queue = 3000,
		.loss = 0.01,
	    });
	net_run(net,
	    &(struct net_run){
		.nodes = ops,
		.count = 2 * PAIRS,
		.done = all_pairs_sent,
		.arg = ends,
	    },
	    BED_START, GW_NEVER - 1);
	for (unsigned i = 0; i < 2 * PAIRS; i++)
		assert_int_equal(ends[i].number, 20);
	assert_true(net_counters(net, 4 * PAIRS)->queue_full.datagrams > 100);
	net_free(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_takes_as_long_as_the_distance_says),
		cmocka_unit_test(
		    everything_arrives_over_a_link_that_does_everything),
		cmocka_unit_test(a_run_ends_in_time_and_goes_on_from_there),
		cmocka_unit_test(a_run_ends_where_nothing_would_ever_happen),
		cmocka_unit_test(a_refusal_reaches_the_engine),
		cmocka_unit_test(deadlines_are_kept_by_the_clock_of_the_node),
		cmocka_unit_test(a_sleeping_node_is_left_alone),
		cmocka_unit_test(many_nodes_share_a_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
