/* Who may have what forwarded: nothing, but for what a right says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "forward/rights.h"

static struct gw_right
right(const char *text)
{
	char why[GW_RULE_WHY], again[GW_RIGHT_TEXT];
	struct gw_right r, same;

	assert_true(gw_right_parse(text, &r, why));
	gw_right_text(&r, again);
	assert_true(gw_right_parse(again, &same, why));
	assert_memory_equal(&r, &same, sizeof r);
	return r;
}

static bool
reaches(const char *text, const char *host, const char *at, uint16_t port)
{
	const struct gw_right r = right(text);
	struct gw_ip ip;

	assert_true(gw_ip_parse(at, &ip));
	return gw_rights_reach(&r, 1, GW_RULE_TCP, host, &ip, port);
}

static bool
listens(const char *text, const char *rule_text)
{
	const struct gw_right r = right(text);
	char why[GW_RULE_WHY];
	struct gw_rule rule;

	assert_true(gw_rule_parse(rule_text, NULL, &rule, why));
	return gw_rights_listen(&r, 1, &rule);
}

static bool
might(const char *text, const char *rule_text)
{
	const struct gw_right r = right(text);
	char why[GW_RULE_WHY];
	struct gw_rule rule;

	assert_true(gw_rule_parse(rule_text, NULL, &rule, why));
	return gw_rights_might(&r, 1, rule.protocol, &rule.targets[0]);
}

static void
what_is_no_right_is_said_to_be_none(void **state)
{
	static const char *const wrong[] = { "", "10.0.0.2:80", "tcp:80",
		"tcp:10.0.0.2", "tcp:10.0.0.2:0", "tcp:10.0.0.2:65536",
		"tcp:10.0.0.2:90-80", "tcp:10.0.0.2:80-", "tcp::80",
		"tcp:10.0.0.256:80", "tcp:a b:80", "listen:tcp:host:80",
		"listen:80", "icmp:10.0.0.2:80", "tcp:10.0.0.0/33:80" };
	char why[GW_RULE_WHY];
	struct gw_right r;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		why[0] = '\0';
		assert_false(gw_right_parse(wrong[i], &r, why));
		assert_true(why[0] != '\0');
	}
}

static void
the_normal_form_is_that_of_addresses(void **state)
{
	char text[GW_RIGHT_TEXT];
	struct gw_right r;

	(void)state;
	r = right("listen:udp:[fd00::]/8:5000-5010");
	gw_right_text(&r, text);
	assert_string_equal(text, "listen:udp:[fd00::/8]:5000-5010");
	r = right("tcp:*:*");
	gw_right_text(&r, text);
	assert_string_equal(text, "tcp:*:*");
	r = right("tcp:10.1.2.3/8:80");
	gw_right_text(&r, text);
	assert_string_equal(text, "tcp:10.0.0.0/8:80");
}

static void
without_a_right_nothing_is_allowed(void **state)
{
	char why[GW_RULE_WHY];
	struct gw_rule rule;
	struct gw_ip ip;

	(void)state;
	assert_true(gw_ip_parse("10.0.0.2", &ip));
	assert_true(gw_rule_parse("tcp://:80/10.0.0.2:80", NULL, &rule, why));
	assert_false(
	    gw_rights_reach(NULL, 0, GW_RULE_TCP, "10.0.0.2", &ip, 80));
	assert_false(gw_rights_might(NULL, 0, GW_RULE_TCP, &rule.targets[0]));
	assert_false(gw_rights_listen(NULL, 0, &rule));
}

static void
protocol_address_and_port_all_count(void **state)
{
	(void)state;
	assert_true(
	    reaches("tcp:10.0.0.0/8:80-90", "10.9.9.9", "10.9.9.9", 90));
	assert_false(
	    reaches("tcp:10.0.0.0/8:80-90", "10.9.9.9", "10.9.9.9", 91));
	assert_false(
	    reaches("tcp:10.0.0.0/8:80-90", "11.0.0.1", "11.0.0.1", 80));
	assert_false(
	    reaches("udp:10.0.0.0/8:80-90", "10.9.9.9", "10.9.9.9", 80));
	assert_false(
	    reaches("listen:tcp:10.0.0.0/8:80", "10.9.9.9", "10.9.9.9", 80));
	assert_true(reaches("tcp:*:*", "x", "127.0.0.1", 1));
	assert_false(might("tcp:10.0.0.0/8:80", "tcp://:80-81/10.0.0.1:80-81"));
	assert_true(might("tcp:10.0.0.0/8:80", "tcp://:80/some.name:80"));
	assert_false(might("tcp:other:80", "tcp://:80/some.name:80"));
}

/* DNS rebinding: the name is allowed, and turns out to be this machine. */
static void
a_name_leads_neither_here_nor_to_the_link(void **state)
{
	static const char *const inner[] = { "127.0.0.1", "0.0.0.0",
		"169.254.1.1", "224.0.0.1", "::1", "::", "fe80::1", "ff02::1" };

	(void)state;
	assert_true(
	    reaches("tcp:db.internal:80", "DB.internal", "10.0.0.2", 80));
	assert_false(reaches("tcp:db.internal:80", "other", "10.0.0.2", 80));
	for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
		assert_false(
		    reaches("tcp:db.internal:80", "db.internal", inner[i], 80));
	assert_false(reaches("tcp:db.internal:80", NULL, "10.0.0.2", 80));
	assert_true(reaches("tcp:10.0.0.2:80", NULL, "10.0.0.2", 80));
	/* A network is checked against what the name has become. */
	assert_false(
	    reaches("tcp:10.0.0.0/8:80", "some.name", "127.0.0.1", 80));
}

static void
a_wildcard_or_a_low_port_needs_its_own_right(void **state)
{
	(void)state;
	assert_true(listens("listen:tcp:127.0.0.1:8000-8010",
	    "tcp://127.0.0.1:8000-8010/a:1-11"));
	assert_false(listens(
	    "listen:tcp:127.0.0.1:8000-8010", "tcp://127.0.0.1:7999/a:1"));
	assert_false(listens("listen:tcp:127.0.0.1:8000-8010",
	    "tcp://127.0.0.1:8010-8011/a:1-2"));
	assert_false(listens("listen:tcp:0.0.0.0/0:8000", "tcp://:8000/a:1"));
	assert_false(
	    listens("listen:tcp:0.0.0.0/0:8000", "tcp://0.0.0.0:8000/a:1"));
	assert_true(listens("listen:tcp:*:8000", "tcp://:8000/a:1"));
	assert_true(listens("listen:tcp:0.0.0.0:8000", "tcp://:8000/a:1"));
	assert_false(listens("listen:tcp:*:*", "tcp://:80/a:1"));
	assert_true(listens("listen:tcp:*:*", "tcp://:1024/a:1"));
	assert_true(listens("listen:tcp:*:80", "tcp://:80/a:1"));
	assert_false(listens("tcp:*:8000", "tcp://:8000/a:1"));
	assert_false(listens("listen:udp:*:8000", "tcp://:8000/a:1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_right_is_said_to_be_none),
		cmocka_unit_test(the_normal_form_is_that_of_addresses),
		cmocka_unit_test(without_a_right_nothing_is_allowed),
		cmocka_unit_test(protocol_address_and_port_all_count),
		cmocka_unit_test(a_name_leads_neither_here_nor_to_the_link),
		cmocka_unit_test(a_wildcard_or_a_low_port_needs_its_own_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
