/* An open session: streams and their windows. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "pair.h"
#include "session/tcp/tcp_session_private.h"
#include "unit/test.h"

enum { BIG = 3 * 1000 * 1000 };

static void
bytes_arrive_on_both_ways(void **state)
{
	struct pair p;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ .aes = { true, true } });
	check_send(&p, 0, 1, BIG);
	check_send(&p, 1, 255, BIG);
	assert_int_equal(p.side[1].got_of[1], BIG);
	assert_int_equal(p.side[0].got_of[255], BIG);
	pair_fini(&p);
}

static void
bytes_arrive_whatever_the_pieces_are(void **state)
{
	static const size_t chunks[] = { 1, 7, 1000, 65535, 65572, 100000 };
	struct pair p;

	(void)state;
	for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
		check_open_pair(&p, &(struct pair_options){ 0 });
		p.chunk = chunks[i];
		check_send(&p, 0, 0, 1);
		check_send(&p, 0, 0, i < 2 ? 70000 : BIG);
		assert_false(p.side[1].closed);
		pair_fini(&p);
	}
}

/* Writes of all sizes on several streams, with a pipe that moves now and
 * then, arrive in order on each. */
static void
mixed_writes_keep_their_order(void **state)
{
	uint64_t sent[4] = { 0 };
	struct pair p;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ .seed = 5 });
	for (unsigned i = 0; i < 3000; i++) {
		const uint16_t stream = (uint16_t)gw_random_below(&p.random, 4);
		const size_t most = i % 5 == 0 ? 150000 : 500;
		const size_t n = 1 + gw_random_below(&p.random, most);
		uint8_t *data = pair_bytes(stream, sent[stream], n);
		const size_t room =
		    gw_session_writable(p.side[0].session, stream);
		const size_t taken = gw_session_write(
		    p.side[0].session, stream, gw_slice(data, n), p.now);

		assert_true(taken >= (n < room ? n : room));
		assert_true(taken <= n);
		sent[stream] += taken;
		free(data);
		if (gw_random_below(&p.random, 4) == 0)
			pair_move(&p, gw_random_below(&p.random, 2) != 0);
	}
	pair_run(&p);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(sent[i] > 1000000);
		assert_int_equal(p.side[1].got_of[i], sent[i]);
	}
	pair_fini(&p);
}

static void
small_writes_share_a_record(void **state)
{
	struct pair p;
	uint64_t before;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ 0 });
	before = gw_tcp_session_of(p.side[0].session)->link->out.number;
	p.side[1].check = false;
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(gw_session_write(p.side[0].session, 2,
				     gw_slice("0123456789", 10), p.now),
		    10);
	pair_run(&p);
	assert_int_equal(p.side[1].got_of[2], 10000);
	assert_int_equal(
	    gw_tcp_session_of(p.side[0].session)->link->out.number, before + 1);
	pair_fini(&p);
}

static void
keys_roll_without_a_word(void **state)
{
	struct pair p;

	(void)state;
	for (unsigned aes = 0; aes < 2; aes++) {
		const struct pair_options o = { .aes = { aes, aes } };

		pair_init(&p, &o);
		gw_tcp_session_of(p.side[0].session)->roll =
		    gw_tcp_session_of(p.side[1].session)->roll = 3;
		pair_run(&p);
		for (unsigned i = 0; i < 20; i++) {
			check_send(&p, 0, 0, 1000);
			check_send(&p, 1, 0, 1000);
		}
		assert_int_equal(p.side[0].got_of[0], 20000);
		assert_int_equal(p.side[1].got_of[0], 20000);
		pair_fini(&p);

		/* And they do: one that rolls at another record is out. */
		pair_init(&p, &o);
		gw_tcp_session_of(p.side[0].session)->roll = 3;
		gw_tcp_session_of(p.side[1].session)->roll = 4;
		pair_run(&p);
		for (unsigned i = 0; i < 3; i++)
			check_send(&p, 0, 0, 1000);
		assert_int_equal(p.side[1].got_of[0], 3000);
		gw_session_write(p.side[0].session, 0, gw_slice("x", 1), p.now);
		pair_run(&p);
		check_end(&p, 1, GW_E_LOST, false);
		pair_fini(&p);
	}
}

/* ---- windows ---- */

static void
an_owner_that_deals_with_nothing_stops_the_peer(void **state)
{
	uint8_t *data = pair_bytes(0, 0, BIG);
	struct pair p;
	size_t n;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ .window = { 0, 1 << 20 } });
	p.side[1].no_credit = true;
	n = gw_session_write(p.side[0].session, 0, gw_slice(data, BIG), p.now);
	assert_int_equal(n, GW_STREAM_WINDOW);
	assert_true(gw_session_blocked(p.side[0].session, 0));
	assert_false(gw_session_blocked(p.side[0].session, 1));
	pair_run(&p);
	assert_int_equal(gw_session_writable(p.side[0].session, 0), 0);
	assert_int_equal(
	    gw_session_writable(p.side[0].session, 1), GW_STREAM_WINDOW);

	/* The first credit opens it to the whole window. */
	gw_session_credit(p.side[1].session, 0, 1000);
	pair_run(&p);
	assert_false(gw_session_blocked(p.side[0].session, 0));
	assert_int_equal(gw_session_writable(p.side[0].session, 0),
	    1000 + (1 << 20) - GW_STREAM_WINDOW);
	n += gw_session_write(p.side[0].session, 0,
	    gw_slice(data + GW_STREAM_WINDOW, BIG - GW_STREAM_WINDOW), p.now);
	assert_int_equal(n, 1000 + (1 << 20));
	pair_run(&p);
	assert_int_equal(p.side[1].got_of[0], 1000 + (1 << 20));

	/* Small credits do not cost a record each. */
	const uint64_t before =
	    gw_tcp_session_of(p.side[1].session)->link->out.number;
	for (unsigned i = 0; i < 1000; i++) {
		gw_session_credit(p.side[1].session, 0, 500);
		pair_run(&p);
	}
	assert_in_range(
	    gw_tcp_session_of(p.side[1].session)->link->out.number - before, 1,
	    2);
	pair_fini(&p);
	free(data);
}

static void
a_full_pipe_stops_a_writer_and_lets_it_go_on(void **state)
{
	uint8_t *data = pair_bytes(0, 0, BIG);
	struct pair p;
	size_t n;

	(void)state;
	check_open_pair(
	    &p, &(struct pair_options){ .window = { 0, 64 << 20 } });
	check_send(&p, 0, 0, 1); /* opens the window */
	free(data);
	data = pair_bytes(0, 1, BIG);
	n = gw_session_write(p.side[0].session, 0, gw_slice(data, BIG), p.now);
	assert_true(n < BIG);
	assert_false(gw_session_blocked(p.side[0].session, 0));
	assert_int_equal(gw_session_writable(p.side[0].session, 0), 0);
	/* Only a little leaves: as much may come after it. */
	gw_tcp_session_send_buf(p.side[0].session, p.now);
	pair_run(&p);
	assert_true(gw_session_writable(p.side[0].session, 0) > 0);
	pair_write(&p, 0, 0, data + n, BIG - n);
	pair_run(&p);
	assert_int_equal(p.side[1].got_of[0], 1 + BIG);
	pair_fini(&p);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_arrive_on_both_ways),
		cmocka_unit_test(bytes_arrive_whatever_the_pieces_are),
		cmocka_unit_test(mixed_writes_keep_their_order),
		cmocka_unit_test(small_writes_share_a_record),
		cmocka_unit_test(keys_roll_without_a_word),
		cmocka_unit_test(
		    an_owner_that_deals_with_nothing_stops_the_peer),
		cmocka_unit_test(a_full_pipe_stops_a_writer_and_lets_it_go_on),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
