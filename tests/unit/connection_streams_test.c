/* Streams, windows and datagrams of a connection, as programs use them. */
#include <string.h>

#include "connection_ends.h"
#include "os_fixture.h"
#include "run/connection.h"

static const enum gw_carriers carriers[] = { GW_CARRIERS_UDP, GW_CARRIERS_TCP };
enum { CARRIERS = sizeof carriers / sizeof *carriers };

static void
bytes_arrive_both_ways_on_many_streams(void **state)
{
	unsigned mine, theirs;
	struct ends e;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		ends_pair(&e, carriers[k]);
		ends_move(&e, 1, 0, 0, 5000000);
		ends_move(&e, 0, 0, 0, 5000000);
		assert_int_equal(gw_stream_open(e.at[1].c, &mine), GW_OK);
		assert_int_equal(mine, 2);
		assert_int_equal(gw_stream_open(e.at[0].c, &theirs), GW_OK);
		assert_int_equal(theirs, 1);
		ends_move(&e, 1, mine, 0, 300000);
		ends_move(&e, 0, mine, 0, 300000); /* in answer */
		ends_move(&e, 0, theirs, 0, 300000);
		ends_close(&e);
	}
}

static void
ids_are_those_of_the_side_and_used_once(void **state)
{
	struct ends e;
	uint8_t byte;
	unsigned id;
	size_t n;

	(void)state;
	ends_pair(&e, GW_CARRIERS_TCP);
	for (unsigned i = 2; i < 256; i += 2) {
		assert_int_equal(gw_stream_open(e.at[1].c, &id), GW_OK);
		assert_int_equal(id, i);
	}
	assert_int_equal(gw_stream_open(e.at[1].c, &id), GW_E_LIMIT);
	for (unsigned i = 1; i < 256; i += 2) {
		assert_int_equal(gw_stream_open(e.at[0].c, &id), GW_OK);
		assert_int_equal(id, i);
	}
	assert_int_equal(gw_stream_open(e.at[0].c, &id), GW_E_LIMIT);
	/* 2 has not come yet, 256 never does. */
	assert_int_equal(gw_stream_write(e.at[0].c, 2, "x", 1, &n), GW_E_USAGE);
	assert_int_equal(
	    gw_stream_read(e.at[0].c, 256, &byte, 1, &n), GW_E_USAGE);
	assert_int_equal(
	    gw_stream_write(e.at[1].c, 1000, "x", 1, &n), GW_E_USAGE);
	assert_int_equal(gw_stream_shutdown(e.at[0].c, 4), GW_E_USAGE);
	assert_int_equal(gw_stream_reset(e.at[0].c, 4, 0), GW_E_USAGE);
	ends_move(&e, 1, 254, 0, 100);
	ends_close(&e);
}

static void
each_stream_ends_by_itself(void **state)
{
	struct ends e;
	unsigned id;
	bool over;
	size_t n;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		ends_pair(&e, carriers[k]);
		assert_int_equal(gw_stream_open(e.at[1].c, &id), GW_OK);
		ends_move(&e, 1, id, 0, 10);
		assert_int_equal(gw_stream_shutdown(e.at[1].c, id), GW_OK);
		assert_int_equal(gw_stream_shutdown(e.at[1].c, id), GW_E_USAGE);
		assert_int_equal(
		    gw_stream_write(e.at[1].c, id, "x", 1, &n), GW_E_USAGE);
		for (over = false; !over; ends_turn(&e))
			assert_int_equal(ends_drain(&e, 0, id, 10, &over), 0);
		for (over = false; !over;) /* as often as one asks */
			ends_drain(&e, 0, id, 10, &over);
		ends_move(&e, 0, id, 0, 10);
		ends_move(&e, 1, 0, 0, 10);
		ends_close(&e);
	}
}

/* ---- windows ---- */

static void
a_write_waits_while_the_other_side_does_not_read(void **state)
{
	struct ends e;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		uint64_t sent, more, got = 0;
		uint8_t byte;
		bool over;
		size_t n;

		ends_pair(&e, carriers[k]);
		sent = ends_choke(&e, 1, 0);
		/* A window of 256 KiB, and what waits for it on this side. */
		for (unsigned still = 0; still < 20; still++) {
			ends_run(&e, 25);
			more = ends_fill(&e, 1, 0, sent);
			sent += more;
			still = more > 0 ? 0 : still;
		}
		assert_in_range(sent, 256 * 1024, 256 * 1024 + (1 << 20));
		assert_int_equal(
		    gw_stream_write(e.at[1].c, 0, "x", 1, &n), GW_E_AGAIN);
		ends_run(&e, 300);
		ends_forget(&e, 1);
		assert_int_equal(
		    gw_stream_write(e.at[1].c, 0, "x", 1, &n), GW_E_AGAIN);
		assert_false(ends_told(&e, 1, GW_CONNECTION_WRITABLE));

		/* One byte that is read opens it. */
		assert_int_equal(
		    gw_stream_read(e.at[0].c, 0, &byte, 1, &n), GW_OK);
		assert_int_equal(byte, ends_byte(1, 0, 0));
		ends_until(&e, 1, GW_CONNECTION_WRITABLE);
		more = ends_fill(&e, 1, 0, sent);
		assert_true(more > 0);
		sent += more;
		for (got = 1; got < sent; ends_turn(&e))
			got += ends_drain(&e, 0, 0, got, &over);
		assert_int_equal(got, sent);
		ends_close(&e);
	}
}

/* All that was written has arrived, and the other side has not said a word:
 * whoever waited for room is told. */
static void
room_that_bytes_leave_behind_is_told(void **state)
{
	enum { BEFORE = 300000 }; /* what is read opens the window wide */
	struct gw_connection_info i;
	struct ends e;
	uint64_t sent;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		ends_pair(&e, carriers[k]);
		ends_move(&e, 1, 0, 0, BEFORE);
		ends_run(&e, 50); /* the window is known */
		ends_forget(&e, 1);
		sent = ends_fill(&e, 1, 0, BEFORE);
		assert_true(sent > 0);
		do {
			ends_turn(&e);
			gw_connection_info(e.at[0].c, &i);
		} while (i.received < BEFORE + sent);
		ends_run(&e, 200);
		assert_true(ends_told(&e, 1, GW_CONNECTION_WRITABLE));
		assert_true(ends_fill(&e, 1, 0, BEFORE + sent) > 0);
		ends_close(&e);
	}
}

/* Another stream's window is its own. */
static void
a_stream_that_nobody_reads_holds_up_no_other(void **state)
{
	struct ends e;
	unsigned id;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		ends_pair(&e, carriers[k]);
		ends_choke(&e, 1, 0);
		assert_int_equal(gw_stream_open(e.at[1].c, &id), GW_OK);
		ends_move(&e, 1, id, 0, 3000000);
		ends_close(&e);
	}
}

static void
what_is_left_after_a_read_is_told_again(void **state)
{
	struct ends e;
	uint8_t b[10];
	size_t n;

	(void)state;
	ends_pair(&e, GW_CARRIERS_TCP);
	assert_int_equal(
	    gw_stream_read(e.at[0].c, 0, b, sizeof b, &n), GW_E_AGAIN);
	assert_int_equal(
	    gw_stream_write(e.at[1].c, 0, "0123456789", 10, &n), GW_OK);
	for (unsigned i = 0; i < 5; i++) {
		ends_until(&e, 0, GW_CONNECTION_READABLE);
		ends_forget(&e, 0);
		assert_int_equal(gw_stream_read(e.at[0].c, 0, b, 2, &n), GW_OK);
		assert_int_equal(n, 2);
		assert_int_equal(b[0], '0' + 2 * i);
	}
	assert_int_equal(
	    gw_stream_read(e.at[0].c, 0, b, sizeof b, &n), GW_E_AGAIN);
	ends_run(&e, 50);
	assert_false(ends_told(&e, 0, GW_CONNECTION_READABLE));
	ends_close(&e);
}

/* ---- reset ---- */

static void
a_stream_that_is_given_up_tells_its_code(void **state)
{
	const struct gw_connection_event *ev;
	struct ends e;
	uint8_t byte;
	unsigned id;
	size_t n;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		ends_pair(&e, carriers[k]);
		assert_int_equal(gw_stream_open(e.at[1].c, &id), GW_OK);
		ends_fill(&e, 1, id, 0);
		ends_until_stream(&e, 0, GW_CONNECTION_READABLE, id);
		assert_int_equal(
		    gw_stream_reset(e.at[1].c, id, 0xfedcba98), GW_OK);
		ev = ends_until_stream(&e, 0, GW_CONNECTION_RESET, id);
		assert_int_equal(ev->code, 0xfedcba98);
		assert_int_equal(gw_stream_read(e.at[0].c, id, &byte, 1, &n),
		    GW_E_PEER_GONE);
		assert_int_equal(
		    gw_stream_write(e.at[1].c, id, "x", 1, &n), GW_E_USAGE);
		/* The other direction lives, and so does the rest. */
		ends_move(&e, 0, id, 0, 100000);
		ends_move(&e, 1, 0, 0, 3000000);
		ends_close(&e);
	}
}

/* ---- datagrams ---- */

static void
datagrams_arrive_whole(void **state)
{
	static uint8_t out[70000], in[70000];
	struct ends e;
	size_t n, most;

	(void)state;
	memset(out, 'd', sizeof out);
	for (unsigned k = 0; k < CARRIERS; k++) {
		ends_pair(&e, carriers[k]);
		most = gw_datagram_max(e.at[1].c);
		assert_in_range(most, 1152, 65507);
		assert_int_equal(
		    gw_datagram_send(e.at[1].c, out, 65508), GW_E_LIMIT);
		assert_int_equal(
		    gw_datagram_receive(e.at[0].c, in, sizeof in, &n),
		    GW_E_AGAIN);
		assert_int_equal(gw_datagram_send(e.at[1].c, out, 0), GW_OK);
		assert_int_equal(gw_datagram_send(e.at[1].c, out, 1152), GW_OK);
		ends_until(&e, 0, GW_CONNECTION_DATAGRAM);
		ends_run(&e, 100);
		assert_int_equal(
		    gw_datagram_receive(e.at[0].c, in, 5, &n), GW_OK);
		assert_int_equal(n, 0);
		assert_int_equal(
		    gw_datagram_receive(e.at[0].c, in, 5, &n), GW_E_LIMIT);
		assert_int_equal(n, 1152);
		assert_int_equal(
		    gw_datagram_receive(e.at[0].c, in, sizeof in, &n), GW_OK);
		assert_int_equal(n, 1152);
		assert_memory_equal(in, out, n);
		ends_close(&e);
	}
}

static void
what_nobody_takes_is_dropped_and_counted(void **state)
{
	struct gw_connection_info i;
	struct ends e;
	unsigned sent, got;
	size_t n;
	uint8_t b[1200] = { 0 };

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		ends_pair(&e, carriers[k]);
		for (sent = 0; sent < 1000;) {
			enum gw_err err = gw_datagram_send(e.at[1].c, b, 1100);

			sent += err == GW_OK;
			if (err == GW_OK)
				continue;
			assert_int_equal(err, GW_E_AGAIN);
			ends_until(&e, 1, GW_CONNECTION_SENDABLE);
			ends_forget(&e, 1);
		}
		ends_run(&e, 500);
		gw_connection_info(e.at[0].c, &i);
		assert_in_range(i.datagrams_dropped, 1, 1000 - 200);
		for (got = 0;
		     gw_datagram_receive(e.at[0].c, b, sizeof b, &n) == GW_OK;)
			got++;
		assert_in_range(got, 200, 256);
		ends_close(&e);
	}
}

/* Who writes takes room for the end of what blocked. */
static void
room_is_told_before_that_it_is_still_blocked(void **state)
{
	struct gw_connection_event ev;
	struct gw_program_stream *s;
	struct ends e;

	(void)state;
	ends_pair(&e, GW_CARRIERS_TCP);
	ends_move(&e, 1, 0, 0, 100);
	s = e.at[1].c->v[0];
	s->blocked_due = s->writable_due = e.at[1].c->any_due = true;
	do
		assert_true(gw_connection_next(e.at[1].c, &ev));
	while (ev.kind != GW_CONNECTION_WRITABLE &&
	       ev.kind != GW_CONNECTION_BLOCKED);
	assert_int_equal(ev.kind, GW_CONNECTION_WRITABLE);
	assert_true(gw_connection_next(e.at[1].c, &ev));
	assert_int_equal(ev.kind, GW_CONNECTION_BLOCKED);
	ends_close(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_arrive_both_ways_on_many_streams),
		cmocka_unit_test(ids_are_those_of_the_side_and_used_once),
		cmocka_unit_test(each_stream_ends_by_itself),
		cmocka_unit_test(
		    a_write_waits_while_the_other_side_does_not_read),
		cmocka_unit_test(room_that_bytes_leave_behind_is_told),
		cmocka_unit_test(room_is_told_before_that_it_is_still_blocked),
		cmocka_unit_test(a_stream_that_nobody_reads_holds_up_no_other),
		cmocka_unit_test(what_is_left_after_a_read_is_told_again),
		cmocka_unit_test(a_stream_that_is_given_up_tells_its_code),
		cmocka_unit_test(datagrams_arrive_whole),
		cmocka_unit_test(what_nobody_takes_is_dropped_and_counted),
	};

	return cmocka_run_group_tests_name(
	    "connection_streams", tests, os_fixture_setup, os_fixture_teardown);
}
