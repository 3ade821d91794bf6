/* gw_dgram as a program uses it, against itself and against bare sockets. */
#include "run/dgram.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "os/clock.h"
#include "udp_sockets.h"

static struct gw *g;

static int
setup(void **state)
{
	struct gw_options o = GW_OPTIONS_INIT;

	(void)state;
	o.plain = true;
	return gw_open(&o, &g) == GW_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	gw_close(g);
	return 0;
}

static struct gw_dgram *
open_at(const char *address)
{
	struct gw_dgram_options o = { .address = address, .broadcast = true };
	struct gw_dgram *d;

	assert_int_equal(gw_dgram_open(g, &o, &d), GW_OK);
	return d;
}

static struct gw_endpoint
at(const char *host, uint16_t port)
{
	struct gw_endpoint e;

	assert_int_equal(gw_endpoint_parse(&e, host, port), GW_OK);
	return e;
}

static uint16_t
port_of(const struct gw_dgram *d)
{
	struct gw_endpoint e;

	gw_dgram_local(d, &e);
	assert_int_not_equal(e.port, 0);
	return e.port;
}

static enum gw_err
put(struct gw_dgram *d, const char *host, uint16_t port, const char *text)
{
	struct gw_datagram out = {
		.data = text, .size = strlen(text), .peer = at(host, port)
	};

	return gw_dgram_send(d, &out);
}

/* The next event of this kind; others fail the test. */
static struct gw_dgram_event
next(struct gw_dgram *d, enum gw_dgram_event_kind kind)
{
	gw_usec end = gw_clock_now() + 60 * GW_SEC;
	struct gw_dgram_event e = { .kind = kind };

	while (!gw_dgram_next(d, &e)) {
		assert_true(gw_clock_now() < end);
		(void)gw_wait(g, 1000);
	}
	assert_int_equal(e.kind, kind);
	return e;
}

static bool
quiet(struct gw_dgram *d)
{
	struct gw_dgram_event e;

	for (int i = 0; i < 5; i++) {
		if (gw_dgram_next(d, &e))
			return false;
		(void)gw_wait(g, 10);
	}
	return true;
}

static void
is(const struct gw_endpoint *e, const char *host, uint16_t port)
{
	char text[GW_ENDPOINT_TEXT];
	struct gw_endpoint bare = *e;

	bare.port = 0;
	gw_endpoint_text(&bare, text);
	assert_string_equal(text, host);
	assert_int_equal(e->port, port);
}

static void
has(const struct gw_dgram_event *e, const char *text)
{
	assert_int_equal(e->arrived.datagram.size, strlen(text));
	assert_memory_equal(e->arrived.datagram.data, text, strlen(text));
}

/* ---- there and back ---- */

static void
a_question_is_answered_from_where_it_went(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "127.0.0.88", "::1" };
	struct gw_dgram *server = open_at(NULL), *client = open_at(NULL);

	(void)state;
	for (int i = 0; i < 2 + udp_has_ipv6(); i++) {
		struct gw_dgram_event e;
		uint64_t before = gw_clock_now();

		assert_int_equal(
		    put(client, hosts[i], port_of(server), "hello"), GW_OK);
		e = next(server, GW_DGRAM_ARRIVED);
		has(&e, "hello");
		assert_int_equal(e.arrived.datagram.peer.port, port_of(client));
		is(&e.arrived.datagram.local, hosts[i], port_of(server));
		is(&e.arrived.own, hosts[i], port_of(server));
		assert_string_equal(e.arrived.interface_name, "lo");
		assert_int_equal(e.arrived.datagram.interface, 1);
		assert_int_equal(e.arrived.cast, GW_CAST_HOST);
		assert_false(e.arrived.from_self);
		assert_in_range(
		    e.arrived.usec, before - 20000, gw_clock_now() + 20000);
		assert_int_equal(gw_dgram_answer(server, &e.arrived,
				     e.arrived.datagram.data, 3),
		    GW_OK);
		e = next(client, GW_DGRAM_ARRIVED);
		has(&e, "hel");
		is(&e.arrived.datagram.peer, hosts[i], port_of(server));
	}
	gw_dgram_close(server);
	gw_dgram_close(client);
}

static void
nothing_is_a_datagram_too(void **state)
{
	struct gw_dgram *a = open_at("127.0.0.1"), *b = open_at("127.0.0.1");
	struct gw_dgram_event e;

	(void)state;
	assert_int_equal(put(a, "127.0.0.1", port_of(b), ""), GW_OK);
	e = next(b, GW_DGRAM_ARRIVED);
	has(&e, "");
	assert_int_equal(gw_dgram_answer(b, &e.arrived, NULL, 0), GW_OK);
	e = next(a, GW_DGRAM_ARRIVED);
	has(&e, "");
	gw_dgram_close(a);
	gw_dgram_close(b);
}

static void
the_largest_passes_and_one_byte_more_is_refused(void **state)
{
	struct gw_dgram *a = open_at(NULL), *b = open_at(NULL);
	char *data = calloc(1, GW_DATAGRAM_MAX + 1);
	struct gw_datagram out = { .data = data,
		.size = GW_DATAGRAM_MAX,
		.peer = at("127.0.0.1", port_of(b)) };
	struct gw_dgram_event e;

	(void)state;
	data[GW_DATAGRAM_MAX - 1] = 'z';
	assert_int_equal(gw_dgram_send(a, &out), GW_OK);
	e = next(b, GW_DGRAM_ARRIVED);
	assert_int_equal(e.arrived.datagram.size, GW_DATAGRAM_MAX);
	assert_memory_equal(e.arrived.datagram.data, data, GW_DATAGRAM_MAX);
	out.size++;
	assert_int_equal(gw_dgram_send(a, &out), GW_E_LIMIT);
	assert_non_null(strstr(gw_last_error(g), "65,507"));
	free(data);
	gw_dgram_close(a);
	gw_dgram_close(b);
}

static void
a_broadcast_is_answered_and_needs_to_be_asked_for(void **state)
{
	struct gw_dgram_options o = { .port = 0 };
	struct gw_dgram *a = open_at(NULL), *b = open_at(NULL), *plain;
	struct gw_dgram_event e;

	(void)state;
	assert_int_equal(put(a, "127.255.255.255", port_of(b), "all"), GW_OK);
	e = next(b, GW_DGRAM_ARRIVED);
	assert_int_equal(e.arrived.cast, GW_CAST_BROADCAST);
	is(&e.arrived.datagram.local, "127.255.255.255", port_of(b));
	assert_int_equal(gw_dgram_answer(b, &e.arrived, "me", 2), GW_OK);
	e = next(a, GW_DGRAM_ARRIVED);
	has(&e, "me");
	is(&e.arrived.datagram.peer, "127.0.0.1", port_of(b));
	assert_int_equal(gw_dgram_open(g, &o, &plain), GW_OK);
	assert_int_equal(
	    put(plain, "127.255.255.255", port_of(b), "all"), GW_E_USAGE);
	assert_non_null(strstr(gw_last_error(g), "EACCES"));
	gw_dgram_close(a);
	gw_dgram_close(b);
	gw_dgram_close(plain);
}

static void
what_one_has_sent_oneself_is_known(void **state)
{
	struct gw_dgram *a = open_at(NULL), *b = open_at("127.0.0.1");
	struct gw_dgram_event e;

	(void)state;
	assert_int_equal(put(a, "127.0.0.1", port_of(a), "echo"), GW_OK);
	e = next(a, GW_DGRAM_ARRIVED);
	assert_true(e.arrived.from_self);
	assert_int_equal(put(b, "127.0.0.1", port_of(b), "echo"), GW_OK);
	e = next(b, GW_DGRAM_ARRIVED);
	assert_true(e.arrived.from_self);
	assert_int_equal(put(a, "127.0.0.1", port_of(b), "other"), GW_OK);
	e = next(b, GW_DGRAM_ARRIVED);
	assert_false(e.arrived.from_self);
	gw_dgram_close(a);
	gw_dgram_close(b);
}

/* ---- what goes wrong ---- */

static void
a_port_that_nobody_has_is_told_and_others_are_served(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "::1" };
	struct gw_dgram *a = open_at(NULL), *b = open_at(NULL);

	(void)state;
	for (int i = 0; i < 1 + udp_has_ipv6(); i++) {
		struct gw_dgram *gone = open_at(NULL);
		uint16_t port = port_of(gone);
		struct gw_dgram_event e;

		gw_dgram_close(gone);
		gw_dispatch(g);
		assert_int_equal(put(a, hosts[i], port, "x"), GW_OK);
		e = next(a, GW_DGRAM_UNREACHABLE);
		is(&e.unreachable.to, hosts[i], port);
		is(&e.unreachable.from, hosts[i], 0);
		assert_int_equal(e.unreachable.what, GW_UNREACHABLE_PORT);
		assert_non_null(
		    strstr(e.unreachable.reason, ": nobody listens there"));
		assert_true(quiet(a));
		assert_int_equal(put(b, hosts[i], port_of(a), "y"), GW_OK);
		e = next(a, GW_DGRAM_ARRIVED);
		has(&e, "y");
	}
	gw_dgram_close(a);
	gw_dgram_close(b);
}

static unsigned
wakes_in_a_while(void)
{
	unsigned wakes = 0;

	for (int i = 0; i < 50; i++)
		wakes += gw_wait(g, 2) == GW_OK;
	return wakes;
}

/* And while nobody asks, the loop does not spin. */
static void
what_is_not_pulled_waits(void **state)
{
	struct gw_dgram *a = open_at(NULL), *b = open_at(NULL);
	struct gw_dgram *gone = open_at(NULL);
	uint16_t port = port_of(gone);
	char text[8];

	(void)state;
	gw_dgram_close(gone);
	gw_dispatch(g);
	assert_int_equal(put(a, "127.0.0.1", port, "x"), GW_OK);
	assert_true(wakes_in_a_while() < 20);
	next(a, GW_DGRAM_UNREACHABLE);
	assert_true(quiet(a));
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof text, "%d", i);
		assert_int_equal(put(b, "127.0.0.1", port_of(a), text), GW_OK);
	}
	assert_true(wakes_in_a_while() < 20);
	for (int i = 0; i < 100; i++) {
		struct gw_dgram_event e = next(a, GW_DGRAM_ARRIVED);

		snprintf(text, sizeof text, "%d", i);
		has(&e, text);
	}
	assert_true(quiet(a));
	gw_dgram_close(a);
	gw_dgram_close(b);
}

static void
what_found_no_room_is_counted(void **state)
{
	struct gw_dgram_options o = { .address = "127.0.0.1",
		.receive_buffer = 4096 };
	struct gw_dgram *a, *b = open_at(NULL);
	struct gw_dgram_event e;
	uint64_t arrived = 0, lost = 0;

	(void)state;
	assert_int_equal(gw_dgram_open(g, &o, &a), GW_OK);
	assert_int_equal(gw_dgram_receive_buffer(a), 4096);
	for (int i = 0; i < 500; i++)
		assert_int_equal(
		    put(b, "127.0.0.1", port_of(a), "filling"), GW_OK);
	do {
		while (gw_dgram_next(a, &e))
			arrived += e.kind == GW_DGRAM_ARRIVED;
	} while (gw_wait(g, 100) == GW_OK);
	/* The count comes with the next one. */
	assert_int_equal(put(b, "127.0.0.1", port_of(a), "end"), GW_OK);
	while (arrived + lost < 501) {
		while (gw_dgram_next(a, &e)) {
			arrived += e.kind == GW_DGRAM_ARRIVED;
			if (e.kind == GW_DGRAM_LOST)
				lost += e.lost.count;
		}
		(void)gw_wait(g, 1000);
	}
	assert_int_equal(arrived + lost, 501);
	assert_true(lost > 0);
	gw_dgram_close(a);
	gw_dgram_close(b);
}

static void
errors_of_calls_are_in_words(void **state)
{
	struct gw_dgram *a = open_at("127.0.0.1"), *b;
	struct gw_dgram_options o = { .address = "127.0.0.1",
		.port = port_of(a) };
	struct gw_datagram nowhere = { .size = 0 };
	struct gw_endpoint host = at("127.0.0.1", 0);

	(void)state;
	assert_int_equal(gw_dgram_open(g, &o, &b), GW_E_ADDRESS);
	assert_non_null(strstr(gw_last_error(g), "in use"));
	assert_int_equal(gw_dgram_send(a, &nowhere), GW_E_USAGE);
	assert_string_not_equal(gw_last_error(g), "");
	assert_int_equal(put(a, "127.0.0.1", 0, "x"), GW_E_USAGE);
	assert_int_equal(put(a, "::1", 1, "x"), GW_E_ADDRESS);
	assert_int_equal(gw_dgram_join(a, &host, 1), GW_E_USAGE);
	host = at("239.1.1.1", 0);
	assert_int_equal(gw_dgram_join(a, &host, 99999), GW_E_ADDRESS);
	assert_int_equal(gw_dgram_join(a, &host, 1), GW_OK);
	assert_string_equal(gw_last_error(g), "");
	gw_dgram_close(a);
}

/* ---- names ---- */

static void
names_are_found(void **state)
{
	struct gw_dgram *d = open_at(NULL);
	struct gw_dgram_event e;

	(void)state;
	assert_int_equal(gw_dgram_lookup(d, "localhost", 7), GW_OK);
	assert_int_equal(gw_dgram_lookup(d, "localhost", 7), GW_E_AGAIN);
	e = next(d, GW_DGRAM_FOUND);
	assert_int_equal(e.found.err, GW_OK);
	assert_true(e.found.count > 0);
	assert_int_equal(e.found.endpoints[0].port, 7);
	assert_int_equal(gw_dgram_lookup(d, "127.0.0.5", 9), GW_OK);
	e = next(d, GW_DGRAM_FOUND);
	assert_int_equal(e.found.count, 1);
	is(&e.found.endpoints[0], "127.0.0.5", 9);
	assert_int_equal(gw_dgram_lookup(d, "no such host", 7), GW_OK);
	e = next(d, GW_DGRAM_FOUND);
	assert_int_equal(e.found.err, GW_E_RESOLVE);
	assert_non_null(strstr(e.found.reason, "no such host: "));
	/* Closing does not wait for an answer. */
	assert_int_equal(gw_dgram_lookup(d, "localhost", 7), GW_OK);
	gw_dgram_close(d);
}

/* ---- the loop ---- */

static void
one_descriptor_is_enough(void **state)
{
	struct gw_dgram *a = open_at(NULL);
	struct gw_udp bare = udp_open(NULL);
	struct pollfd p = { .fd = gw_fd(g), .events = POLLIN };
	struct gw_dgram_event e;

	(void)state;
	while (poll(&p, 1, 50) == 1)
		gw_dispatch(g);
	assert_int_equal(
	    udp_send(&bare, "127.0.0.1", port_of(a), "wake", 4), GW_OK);
	assert_int_equal(poll(&p, 1, 60000), 1);
	gw_dispatch(g);
	assert_true(gw_dgram_next(a, &e));
	has(&e, "wake");
	gw_udp_close(&bare);
	gw_dgram_close(a);
}

static void
a_context_closes_what_is_left(void **state)
{
	struct gw_options o = GW_OPTIONS_INIT;
	struct gw_dgram_options d = { .port = 0 };
	struct gw_dgram *one, *two;
	struct gw *other;

	(void)state;
	o.plain = true;
	assert_int_equal(gw_open(&o, &other), GW_OK);
	assert_int_equal(gw_dgram_open(other, &d, &one), GW_OK);
	assert_int_equal(gw_dgram_open(other, &d, &two), GW_OK);
	gw_dgram_close(NULL);
	gw_dgram_close(one);
	assert_int_equal(gw_dgram_lookup(two, "localhost", 1), GW_OK);
	gw_close(other);
}

static void
without_memory_it_says_so(void **state)
{
	struct gw_dgram_options o = { .port = 0 };

	(void)state;
	for (long n = 0;; n++) {
		struct gw_dgram *d;
		enum gw_err err;

		test_fail_alloc(n);
		err = gw_dgram_open(g, &o, &d);
		test_fail_alloc(-1);
		if (err == GW_OK) {
			gw_dgram_close(d);
			break;
		}
		assert_int_equal(err, GW_E_MEMORY);
		assert_string_not_equal(gw_last_error(g), "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_answered_from_where_it_went),
		cmocka_unit_test(nothing_is_a_datagram_too),
		cmocka_unit_test(
		    the_largest_passes_and_one_byte_more_is_refused),
		cmocka_unit_test(
		    a_broadcast_is_answered_and_needs_to_be_asked_for),
		cmocka_unit_test(what_one_has_sent_oneself_is_known),
		cmocka_unit_test(
		    a_port_that_nobody_has_is_told_and_others_are_served),
		cmocka_unit_test(what_is_not_pulled_waits),
		cmocka_unit_test(what_found_no_room_is_counted),
		cmocka_unit_test(errors_of_calls_are_in_words),
		cmocka_unit_test(names_are_found),
		cmocka_unit_test(one_descriptor_is_enough),
		cmocka_unit_test(a_context_closes_what_is_left),
		cmocka_unit_test(without_memory_it_says_so),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
