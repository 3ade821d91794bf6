#include "forward/match.h"

#include <string.h>

#include "test.h"

static const char *const texts[] = {
	"udp://:5353/a:53",
	"udp://10.0.0.1:5353/b:53",
	"tcp://:5353/c:53",
	"udp://0.0.0.0:6000-6009/d:1",
	"udp://[::]:6000-6009/e:1",
	"udp://[fe80::1%eth0]:7000/f:1",
};

enum { COUNT = sizeof texts / sizeof *texts };

static size_t
find(const char *question)
{
	struct gw_rule rules[COUNT];
	struct gw_match_question q;
	char why[GW_RULE_WHY];

	for (size_t i = 0; i < COUNT; i++)
		assert_true(gw_rule_parse(texts[i], NULL, &rules[i], why));
	if (!gw_match_parse(question, &q, why))
		fail_msg("%s: %s", question, why);
	return gw_match_find(rules, COUNT, &q);
}

static void
the_most_exact_address_takes_it(void **state)
{
	(void)state;
	assert_int_equal(find("udp 10.0.0.5:4000 -> :5353"), 0);
	assert_int_equal(find("udp 10.0.0.5:4000 -> 10.0.0.1:5353"), 1);
	assert_int_equal(find("udp 10.0.0.5:4000 -> 10.0.0.2:5353"), 0);
	assert_int_equal(find("TCP 10.0.0.5:4000 -> 10.0.0.1:5353"), 2);
	assert_int_equal(find("udp [2001:db8::1]:4000 -> [fe80::1]:7000"), 5);
}

static void
the_family_and_the_range_count(void **state)
{
	(void)state;
	assert_int_equal(find("udp 10.0.0.5:4000 -> :6009"), 3);
	assert_int_equal(find("udp [2001:db8::1]:4000 -> :6000"), 4);
	assert_int_equal(find("udp 10.0.0.5:4000 -> :6010"), COUNT);
	assert_int_equal(find("udp 10.0.0.5:4000 -> :5999"), COUNT);
	assert_int_equal(find("tcp 10.0.0.5:4000 -> :6000"), COUNT);
}

static void
what_is_no_question_is_refused(void **state)
{
	static const char *const bad[] = { "", "udp", "udp 10.0.0.5:4000",
		"udp 10.0.0.5 -> :53", "udp :4000 -> :53",
		"udp 10.0.0.5:4000 -> 53", "udp 10.0.0.5:4000 => :53",
		"icmp 10.0.0.5:4000 -> :53", "udp 10.0.0.5:0 -> :53",
		"udp 10.0.0.5:4000 -> :65536",
		"udp 10.0.0.5:4000 -> :", "udp 10.0.0.5:4000 -> a:53",
		"udp 10.0.0.5:4000 -> :53 x", "udp [::1:4000 -> :53",
		"udp 10.0.0.5:+4 -> :53" };
	struct gw_match_question q = { .port = 7 };
	char why[GW_RULE_WHY];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		why[0] = '\0';
		if (gw_match_parse(bad[i], &q, why))
			fail_msg("%s was taken", bad[i]);
		assert_true(why[0] != '\0');
		assert_int_equal(q.port, 7);
	}
}

static struct gw_rule
rule(const char *text)
{
	struct gw_rule r;
	char why[GW_RULE_WHY];

	if (!gw_rule_parse(text, NULL, &r, why))
		fail_msg("%s: %s", text, why);
	return r;
}

static bool
clash(const char *a, const char *b)
{
	const struct gw_rule ra = rule(a), rb = rule(b);
	uint16_t one = 0, other = 0;
	const bool both = gw_match_clash(&ra, &rb, &one);

	assert_int_equal(gw_match_clash(&rb, &ra, &other), both);
	assert_int_equal(one, other);
	assert_true(!both || one == 53);
	return both;
}

static void
two_rules_cannot_have_one_port(void **state)
{
	(void)state;
	assert_true(clash("udp://:53/a:1", "udp://:53/b:1"));
	assert_true(clash("udp://:53/a:1", "udp://127.0.0.1:53/b:1"));
	assert_true(clash("udp://:53/a:1", "udp://[::1]:53/b:1"));
	assert_true(clash("udp://0.0.0.0:53/a:1", "udp://127.0.0.1:53/b:1"));
	assert_true(clash("udp://[::]:53/a:1", "udp://[fe80::1%eth0]:53/b:1"));
	assert_true(clash("udp://:50-53/a:1", "udp://:53-60/b:1"));
	assert_false(clash("udp://:53/a:1", "tcp://:53/b:1"));
	assert_false(clash("udp://:53/a:1", "udp://:54/b:1"));
	assert_false(clash("udp://:50-52/a:1", "udp://:53-60/b:1"));
	assert_false(clash("udp://0.0.0.0:53/a:1", "udp://[::]:53/b:1"));
	assert_false(clash("udp://127.0.0.1:53/a:1", "udp://127.0.0.2:53/b:1"));
	assert_false(clash(
	    "udp://[fe80::1%eth0]:53/a:1", "udp://[fe80::1%eth1]:53/b:1"));
	/* Each gets another one. */
	assert_false(clash("udp://:0/a:1", "udp://:0/b:1"));
}

static size_t
listener(enum gw_rule_protocol protocol, const char *address, uint16_t port,
    uint16_t count)
{
	struct gw_rule rules[COUNT];
	const struct gw_match_ports ports = { port, count };
	struct gw_ip ip;

	for (size_t i = 0; i < COUNT; i++)
		rules[i] = rule(texts[i]);
	assert_true(gw_ip_parse(address, &ip));
	return gw_match_listener(rules, COUNT, protocol, &ip, &ports);
}

static void
f28_the_rule_that_listens_where_a_target_is(void **state)
{
	(void)state;
	assert_int_equal(listener(GW_RULE_UDP, "127.0.0.1", 5353, 1), 0);
	assert_int_equal(listener(GW_RULE_UDP, "::1", 5350, 4), 0);
	assert_int_equal(listener(GW_RULE_UDP, "::1", 5350, 3), COUNT);
	assert_int_equal(listener(GW_RULE_TCP, "127.0.0.1", 5353, 1), 2);
	assert_int_equal(listener(GW_RULE_UDP, "127.0.0.1", 6009, 9), 3);
	assert_int_equal(listener(GW_RULE_UDP, "::1", 6009, 9), 4);
	assert_int_equal(listener(GW_RULE_UDP, "fe80::1", 7000, 1), 5);
	assert_int_equal(listener(GW_RULE_UDP, "fe80::2", 7000, 1), COUNT);
	assert_int_equal(listener(GW_RULE_TCP, "127.0.0.1", 6000, 1), COUNT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_exact_address_takes_it),
		cmocka_unit_test(the_family_and_the_range_count),
		cmocka_unit_test(what_is_no_question_is_refused),
		cmocka_unit_test(two_rules_cannot_have_one_port),
		cmocka_unit_test(f28_the_rule_that_listens_where_a_target_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
