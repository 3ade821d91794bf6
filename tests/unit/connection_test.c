/* gw_listen, gw_accept, gw_dial, and how connections end. */
#include <string.h>
#include <unistd.h>

#include "connection_ends.h"
#include "devices.h"
#include "os_fixture.h"

static const enum gw_carriers carriers[] = { GW_CARRIERS_UDP, GW_CARRIERS_TCP };
enum { CARRIERS = sizeof carriers / sizeof *carriers };

static void
shut_both(struct ends *e)
{
	assert_int_equal(gw_connection_shutdown(e->at[1].c), GW_OK);
	ends_until(e, 0, GW_CONNECTION_FIN);
	assert_int_equal(gw_connection_shutdown(e->at[0].c), GW_OK);
	for (unsigned i = 0; i < 2; i++) {
		const struct gw_connection_event *ev =
		    ends_until(e, i, GW_CONNECTION_CLOSED);

		assert_int_equal(ev->err, GW_OK);
		assert_false(ev->by_peer);
	}
}

/* The slowest machine gets through TIME_WAIT in that time. */
static void
until_closed(struct ends *e)
{
	struct gw_connection_info i;

	for (unsigned turn = 0; turn < 600; turn++) {
		gw_connection_info(e->at[1].c, &i);
		if (strcmp(i.state, "CLOSED") == 0)
			break;
		ends_run(e, 100);
	}
	ends_run(e, 50);
}

/* ---- beginning ---- */

static void
both_know_each_other_when_the_handshake_is_complete(void **state)
{
	struct gw_connection_info i;
	struct ends e;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		ends_pair(&e, carriers[k]);
		for (unsigned side = 0; side < 2; side++) {
			gw_connection_info(e.at[side].c, &i);
			assert_string_equal(i.state, "ESTABLISHED");
			assert_string_equal(i.carrier,
			    carriers[k] == GW_CARRIERS_UDP ? "udp" : "tcp");
			assert_string_equal(
			    i.peer, side == 0 ? "dialling" : "waiting");
			assert_string_equal(
			    i.key, gw_device_key(e.at[1 - side].g));
			assert_non_null(i.cipher);
			assert_non_null(strstr(i.address, "127.0.0.1"));
			assert_true(i.cwnd > 0);
			assert_true(i.datagram_max > 1000);
		}
		ends_run(&e, 20);
		assert_string_equal(ends_states(&e, 1), "SYN_SENT>ESTABLISHED");
		assert_string_equal(ends_states(&e, 0), "SYN_RCVD>ESTABLISHED");
		ends_close(&e);
	}
}

static void
of_two_carriers_one_is_taken(void **state)
{
	struct gw_connection_info i;
	struct ends e;

	(void)state;
	ends_pair(&e, GW_CARRIERS_AUTO);
	gw_connection_info(e.at[1].c, &i);
	assert_non_null(i.carrier);
	ends_move(&e, 1, 0, 0, 100000);
	ends_close(&e);
}

static void
gw_dial_returns_when_it_is_open(void **state)
{
	struct gw_connection_options o = GW_CONNECTION_OPTIONS_INIT;
	struct gw_connection *c, *d;
	struct gw_acceptor *a;
	struct gw_connection_event ev;
	struct ends e;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		/* Both ends in one context, which dispatches for both. */
		ends_open(&e, NULL);
		o.carriers = carriers[k];
		o.code = NULL;
		assert_int_equal(
		    gw_listen(e.at[0].g, "127.0.0.1", 0, &o, &a), GW_OK);
		o.code = gw_acceptor_code(a);
		assert_true(gw_code_is_spoken(o.code));
		assert_int_equal(gw_accept(a, 0, &d), GW_E_AGAIN);
		assert_int_equal(gw_dial(e.at[0].g, "127.0.0.1",
				     gw_acceptor_port(a), &o, &c),
		    GW_OK);
		assert_int_equal(gw_accept(a, -1, &d), GW_OK);
		while (gw_connection_next(c, &ev))
			assert_int_not_equal(ev.kind, GW_CONNECTION_OPENED);
		gw_connection_close(c);
		gw_connection_close(d);
		gw_acceptor_close(a);
		ends_close(&e);
	}
}

static void
what_cannot_be_is_said_at_once(void **state)
{
	struct gw_connection_options o = GW_CONNECTION_OPTIONS_INIT;
	struct gw_connection *c;
	struct gw_acceptor *a;
	struct gw_options plain = GW_OPTIONS_INIT;
	struct ends e;
	struct gw *g;

	(void)state;
	ends_open(&e, NULL);
	g = e.at[1].g;
	assert_int_equal(gw_dial(g, "127.0.0.1", 1, &o, &c), GW_E_USAGE);
	assert_non_null(strstr(gw_last_error(g), "code"));
	o.code = "short";
	assert_int_equal(gw_dial(g, "127.0.0.1", 1, &o, &c), GW_E_USAGE);
	o.code = ENDS_CODE;
	o.congestion = GW_CONGESTION_CUBIC;
	assert_int_equal(gw_dial(g, "127.0.0.1", 1, &o, &c), GW_E_CONNECT);
	assert_non_null(strstr(gw_last_error(g), "127.0.0.1"));
	assert_int_equal(
	    gw_listen(g, "127.0.0.1", e.port, &o, &a), GW_E_ADDRESS);
	assert_non_null(strstr(gw_last_error(g), "in use"));
	assert_int_equal(gw_listen(g, "192.0.2.1", 0, &o, &a), GW_E_ADDRESS);
	ends_close(&e);
	plain.plain = true;
	assert_int_equal(gw_open(&plain, &g), GW_OK);
	assert_int_equal(gw_listen(g, NULL, 0, NULL, &a), GW_E_USAGE);
	gw_close(g);
}

/* ---- the end ---- */

static void
fin_each_way_closes_and_time_wait_is_kept(void **state)
{
	struct gw_connection_info i;
	struct ends e;

	(void)state;
	ends_pair(&e, GW_CARRIERS_UDP);
	shut_both(&e);
	gw_connection_info(e.at[1].c, &i);
	assert_string_equal(i.state, "TIME_WAIT");
	until_closed(&e);
	assert_string_equal(ends_states(&e, 1),
	    "SYN_SENT>ESTABLISHED>FIN_WAIT_1>FIN_WAIT_2>TIME_WAIT>CLOSED");
	assert_string_equal(ends_states(&e, 0),
	    "SYN_RCVD>ESTABLISHED>CLOSE_WAIT>LAST_ACK>CLOSED");
	ends_close(&e);

	ends_pair(&e, GW_CARRIERS_TCP);
	shut_both(&e);
	ends_run(&e, 50);
	gw_connection_info(e.at[1].c, &i);
	assert_string_equal(i.state, "CLOSED");
	ends_close(&e);
}

static void
one_direction_goes_on_when_the_other_has_ended(void **state)
{
	struct ends e;
	uint8_t byte;
	bool over = false;
	size_t n;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		ends_pair(&e, carriers[k]);
		ends_move(&e, 1, 0, 0, 1000);
		assert_int_equal(gw_connection_shutdown(e.at[1].c), GW_OK);
		assert_int_equal(
		    gw_stream_write(e.at[1].c, 0, "x", 1, &n), GW_E_USAGE);
		ends_until(&e, 0, GW_CONNECTION_FIN);
		assert_int_equal(
		    gw_stream_read(e.at[0].c, 0, &byte, 1, &n), GW_OK);
		assert_int_equal(n, 0);
		ends_move(&e, 0, 0, 0, 3000000);
		assert_int_equal(gw_stream_shutdown(e.at[0].c, 0), GW_OK);
		while (!over) {
			ends_turn(&e);
			assert_int_equal(
			    ends_drain(&e, 1, 0, 3000000, &over), 0);
		}
		over = false;
		assert_false(ends_told(&e, 1, GW_CONNECTION_CLOSED));
		assert_int_equal(gw_connection_shutdown(e.at[0].c), GW_OK);
		assert_int_equal(
		    ends_until(&e, 1, GW_CONNECTION_CLOSED)->err, GW_OK);
		ends_close(&e);
	}
}

static void
an_abort_tells_its_code_and_text(void **state)
{
	const struct gw_connection_event *ev;
	struct ends e;
	size_t n;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		ends_pair(&e, carriers[k]);
		gw_connection_abort(e.at[0].c, GW_E_SPACE, "no room at all");
		ev = ends_until(&e, 1, GW_CONNECTION_CLOSED);
		assert_int_equal(ev->err, GW_E_SPACE);
		assert_true(ev->by_peer);
		assert_string_equal(ev->text, "no room at all");
		ev = ends_until(&e, 0, GW_CONNECTION_CLOSED);
		assert_false(ev->by_peer);
		assert_int_equal(
		    gw_stream_write(e.at[1].c, 0, "x", 1, &n), GW_E_SPACE);
		assert_int_equal(gw_stream_shutdown(e.at[1].c, 0), GW_E_SPACE);
		ends_close(&e);
	}
}

static void
closing_sends_what_was_written(void **state)
{
	uint64_t sent, got;
	struct ends e;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		bool over = false;

		ends_pair(&e, carriers[k]);
		sent = ends_fill(&e, 1, 0, 0);
		assert_true(sent >= 256 * 1024);
		gw_connection_close(e.at[1].c);
		e.at[1].c = NULL;
		for (got = 0; !over; ends_turn(&e))
			got += ends_drain(&e, 0, 0, got, &over);
		assert_int_equal(got, sent);
		ends_until(&e, 0, GW_CONNECTION_FIN);
		assert_int_equal(gw_connection_shutdown(e.at[0].c), GW_OK);
		assert_int_equal(
		    ends_until(&e, 0, GW_CONNECTION_CLOSED)->err, GW_OK);
		ends_close(&e);
	}
}

/* RFC 9293, 3.6.1: data that nobody reads any more is answered by RST. */
static void
closing_with_something_unread_resets(void **state)
{
	const struct gw_connection_event *ev;
	struct ends e;
	size_t n;

	(void)state;
	for (unsigned k = 0; k < 2 * CARRIERS; k++) {
		ends_pair(&e, carriers[k % 2]);
		if (k >= CARRIERS) { /* it comes after the close */
			gw_connection_close(e.at[0].c);
			e.at[0].c = NULL;
			ends_until(&e, 1, GW_CONNECTION_FIN);
		}
		assert_int_equal(
		    gw_stream_write(e.at[1].c, 0, "x", 1, &n), GW_OK);
		if (k < CARRIERS) {
			ends_until(&e, 0, GW_CONNECTION_READABLE);
			gw_connection_close(e.at[0].c);
			e.at[0].c = NULL;
		}
		ev = ends_until(&e, 1, GW_CONNECTION_CLOSED);
		assert_int_equal(ev->err, GW_E_INTERRUPTED);
		assert_true(ev->by_peer);
		ends_close(&e);
	}
}

static void
a_peer_that_is_silent_for_too_long_is_lost(void **state)
{
	const struct gw_connection_event *ev;
	struct ends e;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		const struct gw_connection_options o = { .idle_ms = 300,
			.carriers = carriers[k] };

		/* Pings come every 2 s only; the other side waits 60 s. */
		ends_open(&e, NULL);
		ends_connect(&e, &o);
		ev = ends_until(&e, 1, GW_CONNECTION_CLOSED);
		assert_int_equal(ev->err, GW_E_LOST);
		assert_false(ev->by_peer);
		assert_non_null(strstr(ev->text, "nothing came"));
		ends_close(&e);
	}
}

static void
nothing_stays_open(void **state)
{
	struct ends e;
	unsigned before;

	(void)state;
	ends_open(&e, NULL);
	ends_close(&e);
	before = devices_descriptors();
	for (unsigned k = 0; k < CARRIERS; k++) {
		ends_pair(&e, carriers[k]);
		shut_both(&e);
		ends_close(&e);
		ends_pair(&e, carriers[k]);
		ends_close(&e);
	}
	assert_int_equal(devices_descriptors(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    both_know_each_other_when_the_handshake_is_complete),
		cmocka_unit_test(of_two_carriers_one_is_taken),
		cmocka_unit_test(gw_dial_returns_when_it_is_open),
		cmocka_unit_test(what_cannot_be_is_said_at_once),
		cmocka_unit_test(fin_each_way_closes_and_time_wait_is_kept),
		cmocka_unit_test(
		    one_direction_goes_on_when_the_other_has_ended),
		cmocka_unit_test(an_abort_tells_its_code_and_text),
		cmocka_unit_test(closing_sends_what_was_written),
		cmocka_unit_test(closing_with_something_unread_resets),
		cmocka_unit_test(a_peer_that_is_silent_for_too_long_is_lost),
		cmocka_unit_test(nothing_stays_open),
	};

	return cmocka_run_group_tests_name(
	    "connection", tests, os_fixture_setup, os_fixture_teardown);
}
