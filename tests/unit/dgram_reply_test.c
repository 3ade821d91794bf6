/* What is answered, and who gets no answer. */
#include "cli/dgram_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test.h"

enum { SECOND = 1000000 };

/* ---- the option ---- */

static struct cli_reply
parsed(const char *text)
{
	struct cli_reply r = { .kind = CLI_REPLY_NONE };
	static char buf[64];

	snprintf(buf, sizeof buf, "%s", text);
	assert_null(cli_value_reply(buf, &r));
	return r;
}

static void
words_of_the_option(void **state)
{
	char wrong[][16] = { "", "shout", "echoes", "exec:", "text", "exec" };
	struct cli_reply r;

	(void)state;
	assert_int_equal(parsed("echo").kind, CLI_REPLY_ECHO);
	assert_int_equal(parsed("time").kind, CLI_REPLY_TIME);
	assert_int_equal(parsed("upper").kind, CLI_REPLY_UPPER);
	r = parsed("text:");
	assert_int_equal(r.kind, CLI_REPLY_TEXT);
	assert_string_equal(r.text, "");
	r = parsed("text:a:b");
	assert_string_equal(r.text, "a:b");
	r = parsed("exec:date");
	assert_int_equal(r.kind, CLI_REPLY_EXEC);
	assert_string_equal(r.text, "date");
	assert_string_equal(r.as_given, "exec:date");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		r.kind = CLI_REPLY_NONE;
		assert_non_null(cli_value_reply(wrong[i], &r));
		assert_int_equal(r.kind, CLI_REPLY_NONE);
	}
}

/* ---- the answer ---- */

static void
answers(const char *option, const void *data, size_t n, const void *expected,
    size_t expected_n)
{
	struct cli_reply r = parsed(option);
	size_t size;
	char *got = cli_reply_make(&r, data, n, 0, &size);

	assert_int_equal(size, expected_n);
	assert_memory_equal(got, expected, expected_n);
	free(got);
}

static void
answers_are_made_of_bytes(void **state)
{
	(void)state;
	answers("echo", "a\0b\xff", 4, "a\0b\xff", 4);
	answers("echo", "", 0, "", 0);
	answers("upper", "azAZ\0{`\xe4\n", 9, "AZAZ\0{`\xe4\n", 9);
	answers("text:hi", "whatever", 8, "hi", 2);
	answers("text:", "whatever", 8, "", 0);
}

static void
the_time_names_its_zone(void **state)
{
	struct cli_reply r = parsed("time");
	size_t size;
	char *got;

	(void)state;
	setenv("TZ", "XXX-05:30", 1);
	tzset();
	got = cli_reply_make(&r, "", 0, 1000000000, &size);
	assert_string_equal(got, "2001-09-09T07:16:40+05:30\n");
	assert_int_equal(size, strlen(got));
	free(got);
	setenv("TZ", "UTC", 1);
	tzset();
	got = cli_reply_make(&r, "", 0, 1000000000, &size);
	assert_string_equal(got, "2001-09-09T01:46:40+00:00\n");
	free(got);
}

/* ---- who gets none ---- */

static struct gw_arrival
from(const char *host, uint16_t port)
{
	struct gw_arrival a = { .cast = GW_CAST_HOST };

	assert_int_equal(
	    gw_endpoint_parse(&a.datagram.peer, host, port), GW_OK);
	return a;
}

static void
services_and_oneself_get_none(void **state)
{
	static const uint16_t ports[] = { 7, 13, 17, 19, 37 };
	struct cli_reply_guard g = { .port = 9000 };
	struct gw_arrival a = from("192.0.2.1", 9000);

	(void)state;
	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
		struct gw_arrival s = from("192.0.2.1", ports[i]);

		assert_int_equal(cli_reply_may(&g, &s, 1), CLI_REPLY_SERVICE);
	}
	a.from_self = true;
	assert_int_equal(cli_reply_may(&g, &a, 1), CLI_REPLY_SELF);
	a = from("192.0.2.1", 0);
	assert_int_equal(cli_reply_may(&g, &a, 1), CLI_REPLY_NO_PORT);
	for (int s = CLI_REPLY_SELF; s < CLI_REPLY_SILENCES; s++)
		assert_true(
		    strlen(cli_reply_reason((enum cli_reply_silence)s)) > 10);
}

static void
others_get_as_many_as_they_ask_for(void **state)
{
	struct cli_reply_guard g = { .port = 9000 };
	struct gw_arrival a = from("192.0.2.1", 40000);

	(void)state;
	for (int i = 0; i < 100000; i++)
		assert_int_equal(cli_reply_may(&g, &a, 1), CLI_REPLY_ANSWER);
}

static unsigned
answered(struct cli_reply_guard *g, const char *host, unsigned n, uint64_t now)
{
	struct gw_arrival a = from(host, 9000);
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++)
		count += cli_reply_may(g, &a, now) == CLI_REPLY_ANSWER;
	return count;
}

static void
who_speaks_from_our_port_gets_some_and_then_a_minute_of_silence(void **state)
{
	struct cli_reply_guard g = { .port = 9000 };
	uint64_t now = 5 * (uint64_t)SECOND;

	(void)state;
	assert_int_equal(answered(&g, "192.0.2.1", 1000, now), 20);
	/* That is between it and us. */
	assert_int_equal(answered(&g, "192.0.2.2", 20, now), 20);
	assert_int_equal(
	    answered(&g, "192.0.2.1", 10, now + 59 * (uint64_t)SECOND), 0);
	assert_int_equal(
	    answered(&g, "192.0.2.1", 10, now + 60 * (uint64_t)SECOND), 10);
}

static void
who_asks_now_and_then_is_always_answered(void **state)
{
	struct cli_reply_guard g = { .port = 9000 };

	(void)state;
	for (unsigned i = 1; i < 1000; i++)
		assert_int_equal(
		    answered(&g, "192.0.2.1", 1, i * (uint64_t)SECOND), 1);
}

static void
more_peers_than_there_is_room_for(void **state)
{
	struct cli_reply_guard g = { .port = 9000 };
	char host[32];

	(void)state;
	for (unsigned i = 1; i <= 200; i++) {
		snprintf(host, sizeof host, "10.0.%u.%u", i / 100, i % 100);
		assert_int_equal(answered(&g, host, 1, i * 1000), 1);
	}
	/* The newest are remembered. */
	assert_int_equal(answered(&g, host, 100, 200 * 1000), 19);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_the_option),
		cmocka_unit_test(answers_are_made_of_bytes),
		cmocka_unit_test(the_time_names_its_zone),
		cmocka_unit_test(services_and_oneself_get_none),
		cmocka_unit_test(others_get_as_many_as_they_ask_for),
		cmocka_unit_test(
		    who_speaks_from_our_port_gets_some_and_then_a_minute_of_silence),
		cmocka_unit_test(who_asks_now_and_then_is_always_answered),
		cmocka_unit_test(more_peers_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
