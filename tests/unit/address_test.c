/*
 * HOST[:PORT] and [ADDR][:PORT], with every form of IPv6.
 */
#include <string.h>

#include "cli/address.h"
#include "test.h"

struct row {
	const char *text, *host;
	unsigned port; /* 0: none given */
};

static void
check(const char *(*parse)(const char *, struct cli_address *),
    const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct cli_address a = { .given = false };

		assert_null(parse(rows[i].text, &a));
		assert_true(a.given);
		assert_string_equal(a.host, rows[i].host);
		assert_int_equal(a.port, rows[i].port);
		assert_int_equal(a.port_given, rows[i].port != 0);
	}
}

static void
hosts_with_and_without_ports(void **state)
{
	static const struct row rows[] = { { "kitchen-pc", "kitchen-pc", 0 },
		{ "kitchen-pc:4640", "kitchen-pc", 4640 },
		{ "192.168.1.5", "192.168.1.5", 0 },
		{ "192.168.1.5:1", "192.168.1.5", 1 },
		{ "[fd00::1]:65535", "fd00::1", 65535 },
		{ "[fd00::1]", "fd00::1", 0 }, { "fd00::1", "fd00::1", 0 },
		{ "::1", "::1", 0 }, { "fe80::1%eth0", "fe80::1%eth0", 0 },
		{ "[fe80::1%eth0]:80", "fe80::1%eth0", 80 },
		{ "::ffff:10.0.0.1", "::ffff:10.0.0.1", 0 } };

	(void)state;
	check(cli_address_parse, rows, sizeof rows / sizeof *rows);
}

static void
places_to_listen_may_lack_a_host(void **state)
{
	static const struct row rows[] = { { ":4640", "", 4640 },
		{ "*:4640", "", 4640 }, { "*", "", 0 },
		{ "10.0.0.1", "10.0.0.1", 0 },
		{ "10.0.0.1:4640", "10.0.0.1", 4640 }, { "::1", "::1", 0 },
		{ "::", "::", 0 }, { "[::]:4640", "::", 4640 },
		{ "[fe80::1%eth0]:4640", "fe80::1%eth0", 4640 } };

	(void)state;
	check(cli_address_parse_listen, rows, sizeof rows / sizeof *rows);
}

static void
what_is_no_address_is_refused_and_changes_nothing(void **state)
{
	static const char *const bad[] = { "", ":4640", "host:", "host:0",
		"host:65536", "host:99999999999999999999", "host:http",
		"host:-1", "[fd00::1", "[host]:1", "[]:1", "[fd00::1]x",
		"[fd00::1]:", "fe80::1%", "a:b:c", "fd00::1::2", "user@host",
		"a b", "a/b", "host\n" };
	struct cli_address a = { .host = "before" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_non_null(cli_address_parse(bad[i], &a));
	assert_string_equal(a.host, "before");
	assert_false(a.given);
	assert_non_null(cli_address_parse_listen("", &a));
	assert_non_null(strstr(cli_address_parse_listen("4640", &a), ":PORT"));
	assert_false(a.given);
}

static void
a_host_of_any_length_fits_or_is_refused(void **state)
{
	char text[CLI_HOST_MAX + 2];
	struct cli_address a;

	(void)state;
	memset(text, 'a', sizeof text);
	text[CLI_HOST_MAX] = '\0';
	assert_null(cli_address_parse(text, &a));
	text[CLI_HOST_MAX] = 'a';
	text[CLI_HOST_MAX + 1] = '\0';
	assert_non_null(cli_address_parse(text, &a));
}

static void
ipv6_is_written_in_brackets(void **state)
{
	char out[CLI_ADDRESS_TEXT];

	(void)state;
	cli_address_text(out, "10.0.0.1", 4639);
	assert_string_equal(out, "10.0.0.1:4639");
	/* The other machine's interface has a name of its own. */
	cli_address_text(out, "fe80::1%eth0", 4639);
	assert_string_equal(out, "[fe80::1%INTERFACE]:4639");
	cli_address_text(out, "fd00::1", 4639);
	assert_string_equal(out, "[fd00::1]:4639");
}

static void
the_best_address_is_one_that_others_reach(void **state)
{
	static const char *const all[] = { "127.0.0.1", "::1", "fe80::1%eth0",
		"169.254.3.4", "fd00::1", "192.168.1.5" };

	(void)state;
	assert_int_equal(cli_address_best(all, 6), 5);
	assert_int_equal(cli_address_best(all, 5), 4);
	assert_int_equal(cli_address_best(all, 4), 2);
	assert_int_equal(cli_address_best(all, 1), 0);
	assert_false(cli_address_reachable("127.0.0.1"));
	assert_false(cli_address_reachable("fe80::1%eth0"));
	assert_true(cli_address_reachable("fd00::1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_with_and_without_ports),
		cmocka_unit_test(places_to_listen_may_lack_a_host),
		cmocka_unit_test(
		    what_is_no_address_is_refused_and_changes_nothing),
		cmocka_unit_test(a_host_of_any_length_fits_or_is_refused),
		cmocka_unit_test(ipv6_is_written_in_brackets),
		cmocka_unit_test(the_best_address_is_one_that_others_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
