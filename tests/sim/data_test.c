/*
 * Streams with their windows over bad networks: every byte once and in
 * place, bounded memory, no stop.
 */
#include "data.h"

#include <stdlib.h>

#include "session/session.h"
#include "unit/test.h"

enum { RUNS = 60, MIB = 1 << 20 };

static uint64_t
seed(void)
{
	const char *given = getenv("GODWIT_SEED");

	return given != NULL ? strtoull(given, NULL, 10) : 1;
}

static struct data_options
options(unsigned run)
{
	return (struct data_options){
		.seed = seed() + run,
		.burst = 1,
		.delay = 10,
		.size = 600000,
		.stream_max = 4 * MIB,
		.session_max = 4 * MIB,
		.send_max = MIB,
	};
}

static void
check(const struct data *d)
{
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < DATA_STREAMS; k++) {
			const struct data_stream *in = &d->end[i].v[k];
			const struct data_stream *out = &d->end[1 - i].v[k];

			if (!out->send.reset)
				assert_int_equal(in->got, out->size);
			assert_true(
			    in->got <= gw_send_stream_size(&out->send) ||
			    !out->send.reset);
			assert_int_equal(
			    in->recv.size, gw_send_stream_size(&out->send));
			assert_null(out->send.ring.buf);
		}
}

static void
run(const struct data_options *o)
{
	struct data *d = data_new(o);

	data_run(d, 600 * GW_SEC);
	check(d);
	/* A ring is less than twice what the window lets wait, and a little
	 * is kept of each. */
	for (unsigned i = 0; i < 2; i++)
		assert_true(
		    d->end[i].most_held <=
		    2 * o->session_max + DATA_STREAMS * GW_RECV_STREAM_KEEP);
	data_free(d);
}

static void
nothing_is_sent_twice_where_nothing_is_lost(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct data_options o = options(i);
		struct data *d;
		uint64_t bytes = 0;

		o.size = 200000;
		d = data_new(&o);
		data_run(d, 60 * GW_SEC);
		check(d);
		for (unsigned k = 0; k < DATA_STREAMS; k++)
			bytes += d->end[0].v[k].size;
		assert_in_range(d->end[0].next * DATA_PACKET, bytes,
		    bytes + bytes / 2 + 100 * DATA_PACKET);
		data_free(d);
	}
}

static void
bytes_arrive_over_every_network(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RUNS; i++) {
		struct data_options o = options(100 + i);

		o.loss = i * 7 % 200;
		o.burst = 1 + i % 3 * 5;
		o.repeat = i % 4 * 30;
		o.jitter = i % 5 * 8;
		o.delay = 1 + i % 7 * 10;
		o.both = i % 2 == 0;
		run(&o);
	}
}

static void
small_windows_hold_up_but_do_not_stop(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RUNS / 2; i++) {
		struct data_options o = options(200 + i);

		o.loss = i % 2 * 50;
		o.burst = 4;
		o.jitter = i % 3 * 10;
		o.size = 900000;
		o.stream_max = GW_STREAM_WINDOW;
		o.session_max = GW_SESSION_WINDOW;
		o.send_max = i % 2 == 0 ? GW_SEND_STREAM_MIN : MIB;
		run(&o);
	}
}

/* Nobody says that a WINDOW was lost: the sender's BLOCKED, repeated by its
 * timer, makes up for it. */
static void
window_updates_that_are_lost_are_made_up_for(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RUNS / 2; i++) {
		struct data_options o = options(300 + i);

		o.loss = 300;
		o.burst = 3;
		o.size = 800000;
		o.stream_max = GW_STREAM_WINDOW;
		o.session_max = GW_SESSION_WINDOW;
		o.no_repeat = true;
		run(&o);
	}
}

static void
streams_that_are_given_up_leave_the_others_alone(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RUNS / 2; i++) {
		struct data_options o = options(400 + i);

		o.loss = i % 3 * 50;
		o.burst = 3;
		o.jitter = i % 4 * 5;
		o.both = true;
		o.resets = true;
		o.size = 700000;
		o.stream_max = MIB;
		o.session_max = MIB;
		run(&o);
	}
}

/* Who deals with nothing stops the peer, and nobody else in the session. */
static void
a_reader_that_stands_still_holds_no_more_than_its_window(void **state)
{
	struct data_options o = options(500);
	struct data *d;

	(void)state;
	o.size = 4 * MIB;
	o.loss = 20;
	d = data_new(&o);
	for (unsigned k = 0; k < DATA_STREAMS; k++)
		d->end[1].v[k].reader = k == 0 ? DATA_PAUSED : DATA_EAGER;
	while (d->now < 1002 * GW_SEC) {
		data_step(d);
		assert_true(d->end[1].v[0].got <= GW_STREAM_WINDOW);
	}
	assert_int_equal(d->end[1].v[0].got, GW_STREAM_WINDOW);
	assert_true(d->end[1].v[1].got > 2 * MIB);
	data_run(d, 60 * GW_SEC);
	check(d);
	data_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_sent_twice_where_nothing_is_lost),
		cmocka_unit_test(bytes_arrive_over_every_network),
		cmocka_unit_test(small_windows_hold_up_but_do_not_stop),
		cmocka_unit_test(window_updates_that_are_lost_are_made_up_for),
		cmocka_unit_test(
		    streams_that_are_given_up_leave_the_others_alone),
		cmocka_unit_test(
		    a_reader_that_stands_still_holds_no_more_than_its_window),
	};

	return cmocka_run_group_tests_name("data", tests, NULL, NULL);
}
