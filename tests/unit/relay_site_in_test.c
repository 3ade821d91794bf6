/* A site that says what no relay says, or too much: nothing of it is believed,
 * nothing is hurt, and what is dropped has a name. */
#include "run/relay_sites.h"

#include <stdio.h>
#include <string.h>

#include "os_fixture.h"
#include "site_rig.h"

static const enum gw_carriers carriers[] = { GW_CARRIERS_UDP, GW_CARRIERS_TCP };
enum { CARRIERS = sizeof carriers / sizeof *carriers, LINK = 0, NUMBERS = 64 };

/* Of what came from the site, by the name of what became of it; "heard",
 * "carried" too. */
static uint64_t
count(struct site_rig *rig, const char *name)
{
	struct gw_relay_row row;

	assert_true(gw_relay_row(rig->r, LINK, &row));
	assert_string_equal(row.interface, "@dialling");
	if (strcmp(name, "heard") == 0)
		return row.heard;
	for (size_t i = 0; i < row.drop_count; i++)
		if (strcmp(row.drops[i].name, name) == 0)
			return row.drops[i].count;
	return 0;
}

/* Until so many messages have been taken. */
static void
until_received(struct site_rig *rig, uint64_t n)
{
	for (int i = 0; i < 12000 && site_look(rig)->received < n; i++)
		site_turn(rig);
	assert_int_equal(site_look(rig)->received, n);
}

/* The session lives, and what is right is heard. */
static void
is_heard(struct site_rig *rig)
{
	static uint64_t number = UINT64_C(1) << 32;
	struct gw_relay_message m = site_datagram(number++, "right");
	uint64_t heard = count(rig, "heard");

	memset(m.origin, 'r', sizeof m.origin);
	site_say(rig, &m);
	for (int i = 0; i < 12000 && count(rig, "heard") == heard; i++)
		site_turn(rig);
	assert_int_equal(count(rig, "heard"), heard + 1);
	assert_true(site_look(rig)->connected);
}

static void
noise_ends_the_session_and_is_counted(void **state)
{
	static const uint8_t hello[] = { 0, 0, 0, 20, 1, 1, 0, 1, [23] = 7 };
	static const struct {
		const void *bytes;
		size_t n;
	} noise[] = {
		{ "\0\0\0\5hello", 9 }, { "\0\0\0\0", 4 },
		{ "\xff\xff\xff\xff", 4 }, /* more than any message has */
		{ "\0\1\0\x80", 4 }, { "GET / HTTP/1.1\r\n\r\n", 18 },
		{ hello, sizeof hello }, /* a zero is none */
	};
	struct site_rig *rig = *state;
	uint64_t sum = 0;

	site_wait(rig);
	for (unsigned k = 0; k < CARRIERS; k++)
		for (size_t i = 0; i < sizeof noise / sizeof *noise; i++) {
			/* With and without a hello before. */
			if (i % 2 == 0)
				site_dial(rig, carriers[k]);
			else
				site_greet(rig, carriers[k]);
			site_write(rig, noise[i].bytes, noise[i].n);
			site_until_closed(rig);
			assert_int_equal(site_look(rig)->malformed, ++sum);
			assert_false(site_look(rig)->connected);
		}
	site_greet(rig, GW_CARRIERS_TCP);
	is_heard(rig);
}

static void
a_wrong_hello_ends_the_session(void **state)
{
	struct site_rig *rig = *state;
	struct gw_relay_message m = site_hello();

	site_wait(rig);
	site_greet(rig, GW_CARRIERS_TCP);
	site_say(rig, &m);
	site_until(rig, GW_RELAY_EVENT_SITE, "says hello twice");
	site_until_closed(rig);
	site_dial(rig, GW_CARRIERS_TCP);
	m.version++;
	site_say(rig, &m);
	assert_non_null(
	    strstr(ends_until(&rig->e, 1, GW_CONNECTION_CLOSED)->text,
		"another version"));
	site_until_closed(rig);
	/* One that seems to be this relay itself. */
	site_dial(rig, GW_CARRIERS_TCP);
	m = site_hello();
	memcpy(m.origin, gw_relay_engine_origin(rig->r->e), sizeof m.origin);
	site_say(rig, &m);
	assert_non_null(
	    strstr(ends_until(&rig->e, 1, GW_CONNECTION_CLOSED)->text,
		"has reached itself"));
	site_until_closed(rig);
	assert_int_equal(site_look(rig)->sessions, 1);
}

static void
nothing_counts_before_hello(void **state)
{
	struct site_rig *rig = *state;
	struct gw_relay_message hello = site_hello(),
				m = site_datagram(1, "early");

	site_wait(rig);
	site_dial(rig, GW_CARRIERS_TCP);
	/* Nor does a hello that is a datagram. */
	site_throw(rig, &m);
	site_throw(rig, &hello);
	for (int i = 0; i < 12000 && site_look(rig)->malformed < 2; i++)
		site_turn(rig);
	assert_int_equal(site_look(rig)->malformed, 2);
	assert_false(site_look(rig)->connected);
	assert_int_equal(count(rig, "heard"), 0);
	site_say(rig, &hello);
	site_until(rig, GW_RELAY_EVENT_SITE, "connected over tcp");
	is_heard(rig);
}

static void
what_it_makes_up_is_dropped_by_name(void **state)
{
	struct site_rig *rig = *state;
	struct gw_relay_message m = site_datagram(1, "x");

	site_wait(rig);
	site_greet(rig, GW_CARRIERS_TCP);
	/* As if this relay had heard it first. */
	memcpy(m.origin, gw_relay_engine_origin(rig->r->e), sizeof m.origin);
	site_say(rig, &m);
	until_received(rig, 1);
	assert_int_equal(count(rig, "by another way"), 1);
	/* A port and a group that no rule names. */
	m = site_datagram(2, "x");
	m.to.port = 9001;
	site_say(rig, &m);
	m = site_datagram(3, "x");
	m.group = true;
	memset(m.to.ip + 12, 239, 4);
	site_say(rig, &m);
	until_received(rig, 3);
	assert_int_equal(site_look(rig)->foreign, 2);
	/* From where nobody can be answered. */
	m = site_datagram(4, "x");
	m.from.port = 0;
	site_say(rig, &m);
	until_received(rig, 4);
	assert_int_equal(count(rig, "no source port"), 1);
	/* Answers to questions that nobody has put. */
	for (uint64_t i = 0; i < NUMBERS; i++) {
		m = (struct gw_relay_message){ .kind = GW_RELAY_ANSWER,
			.question = UINT64_C(1) << i,
			.from = m.to,
			.data = gw_slice_str("here") };
		m.from.ip[12] = 10;
		site_say(rig, &m);
	}
	until_received(rig, 4 + NUMBERS);
	assert_int_equal(site_look(rig)->stale, NUMBERS);
	assert_int_equal(site_look(rig)->malformed, 0);
	is_heard(rig);
}

/* One that gives each datagram to another relay that there is not. */
static void
a_site_that_says_it_is_many_is_one(void **state)
{
	enum { MANY = 128 };
	struct site_rig *rig = *state;
	char text[16];

	site_wait(rig);
	site_greet(rig, GW_CARRIERS_TCP);
	for (unsigned i = 0; i < 2 * MANY; i++) {
		struct gw_relay_message m;

		snprintf(text, sizeof text, "%u", i);
		m = site_datagram(i % 2 == 0 ? 1 : UINT64_MAX, text);
		memcpy(m.origin, &i, sizeof i);
		site_say(rig, &m);
	}
	until_received(rig, 2 * MANY);
	/* It has one rate, whoever it says it is. */
	assert_int_equal(count(rig, "heard"), 2 * MANY);
	assert_true(
	    count(rig, "rate") + count(rig, "no interface") == 2 * MANY);
	for (int i = 0; i < 12000 && count(rig, "rate") == 0; i++) {
		struct gw_relay_message m;

		snprintf(text, sizeof text, "more %d", i);
		m = site_datagram((uint64_t)i + 2, text);
		site_say(rig, &m);
	}
	assert_true(count(rig, "rate") > 0);
	is_heard(rig);
}

/* What it throws is taken and counted, or was dropped and is counted: on tcp
 * they come faster than they are taken. */
static void
a_flood_is_counted_to_the_last(void **state)
{
	enum { FLOOD = 3000 };
	struct site_rig *rig = *state;
	const struct gw_relay_site *s;
	char text[16];

	site_wait(rig);
	site_greet(rig, GW_CARRIERS_TCP);
	for (unsigned i = 0; i < FLOOD; i++) {
		struct gw_relay_message m;

		snprintf(text, sizeof text, "%u", i);
		m = site_datagram(i + 1, text);
		/* Some of them are no messages. */
		if (i % 10 == 0)
			m.sites = 0;
		site_throw(rig, &m);
	}
	for (int i = 0; i < 12000; i++) {
		s = site_look(rig);
		if (s->received + s->malformed + s->crowded >= FLOOD)
			break;
		site_turn(rig);
	}
	s = site_look(rig);
	assert_int_equal(s->received + s->malformed + s->crowded, FLOOD);
	assert_true(s->malformed > 0);
	assert_true(s->crowded > 0);
	assert_int_equal(count(rig, "heard"), s->received);
	assert_int_equal(
	    count(rig, "rate") + count(rig, "no interface"), s->received);
	is_heard(rig);
}

/* A circle whose other half somebody else carries. */
static void
B4_the_same_again_and_again_trips_it(void **state)
{
	struct site_rig *rig = *state;
	uint64_t number = 0;

	site_wait(rig);
	site_greet(rig, GW_CARRIERS_TCP);
	for (int i = 0; i < 12000 && count(rig, "tripped") == 0; i++) {
		struct gw_relay_message m = site_datagram(++number, "round");

		site_say(rig, &m);
	}
	site_until(rig, GW_RELAY_EVENT_STORM, "");
	assert_int_equal(rig->last.pause_ms, 5000);
	until_received(rig, number);
	assert_true(count(rig, "repeated") >= GW_RELAY_STORM);
	assert_true(count(rig, "tripped") > 0);
	assert_int_equal(count(rig, "repeated") + count(rig, "tripped") +
			     count(rig, "no interface"),
	    number);
	/* It stays an interface, of which nothing is carried for a while. */
	is_heard(rig);
}

static void
half_a_message_and_an_end_is_an_end(void **state)
{
	struct site_rig *rig = *state;

	site_wait(rig);
	for (unsigned k = 0; k < CARRIERS; k++) {
		site_greet(rig, carriers[k]);
		site_write(rig, "\0\0\1\0x", 5);
		assert_int_equal(gw_connection_shutdown(rig->e.at[1].c), GW_OK);
		site_until(rig, GW_RELAY_EVENT_SITE, "it is waited for");
		site_until_closed(rig);
		assert_int_equal(site_look(rig)->malformed, 0);
	}
	/* What there was of it does not stand before what comes next. */
	site_greet(rig, GW_CARRIERS_TCP);
	is_heard(rig);
}

#define CASE(c) cmocka_unit_test_setup_teardown(c, site_setup, site_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(noise_ends_the_session_and_is_counted),
		CASE(a_wrong_hello_ends_the_session),
		CASE(nothing_counts_before_hello),
		CASE(what_it_makes_up_is_dropped_by_name),
		CASE(a_site_that_says_it_is_many_is_one),
		CASE(a_flood_is_counted_to_the_last),
		CASE(B4_the_same_again_and_again_trips_it),
		CASE(half_a_message_and_an_end_is_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
