/* Rules of a relay as people write them (B5, B7). */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "forward/relay_text.h"

static struct gw_relay_ruleset set;
static char why[GW_RELAY_WHY], text[GW_RELAY_TEXT], longest[8192];

static int
set_up(void **state)
{
	(void)state;
	memset(&set, 0, sizeof set);
	return 0;
}

static const struct gw_relay_word between = { "between", "eth0,eth1" };

static bool
add(const char *rule)
{
	return gw_relay_ruleset_add(&set, rule, &between, 1, why);
}

static void
is(size_t rule, const char *wanted)
{
	gw_relay_rule_text(&set, rule, text);
	assert_string_equal(text, wanted);
}

static void
refused(const char *rule, const char *reason)
{
	struct gw_relay_ruleset before = set;

	assert_false(add(rule));
	if (strstr(why, reason) == NULL)
		fail_msg("%s", why);
	assert_memory_equal(&before, &set, sizeof set);
}

static void
a_port_alone_is_its_broadcasts(void **state)
{
	(void)state;
	assert_true(add("9000"));
	is(0, "9000?between=eth0,eth1&source=interface");
	assert_true(set.rules[0].broadcast);
	assert_int_equal(set.rules[0].from, 3);
	assert_int_equal(set.rules[0].replies, GW_RELAY_REPLIES);
}

static void
well_known_names_are_their_ports_and_groups(void **state)
{
	(void)state;
	assert_true(add("ssdp"));
	assert_true(add("mdns"));
	assert_true(add("wol"));
	assert_true(add("dhcp"));
	is(0, "1900?between=eth0,eth1&group=239.255.255.250,ff02::c,ff05::c"
	      "&source=interface");
	assert_true(set.rules[0].by_mx);
	is(1, "5353?between=eth0,eth1&group=224.0.0.251,ff02::fb"
	      "&source=interface:keep-port");
	is(2, "9?between=eth0,eth1&source=interface");
	is(3, "7?between=eth0,eth1&source=interface");
	is(4, "67?between=eth0,eth1&source=interface:keep-port");
	is(5, "68?between=eth0,eth1&source=interface:keep-port");
	assert_true(add("godwit"));
	is(6, "4638?between=eth0,eth1&group=ff12::e764:7774&broadcast=yes"
	      "&source=interface");
	assert_true(set.rules[6].beacons);
	assert_false(set.rules[5].beacons);
	assert_int_equal(set.count, 7);
	assert_string_equal(gw_relay_well_known(0), "ssdp");
	assert_null(gw_relay_well_known(100));
}

static void
words_say_the_rest_and_the_normal_form_reads_as_the_same(void **state)
{
	static const char *const rules[] = {
		"9000?between=eth0,eth1&from=eth1&group=239.1.2.3,ff05::7"
		"&broadcast=yes&source=keep&allow=10.0.0.0/8,fd00::/8"
		"&deny=10.0.0.1&rate=7&replies=60",
		"9001?between=eth0,eth1,tun0&source=10.0.0.7",
		"9002?between=eth0,eth1&source=interface:keep-port",
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(add(rules[i]));
		is(i, rules[i]);
	}
	assert_int_equal(set.rules[0].from, 2);
	assert_int_equal(set.rules[0].rate, 7);
	assert_int_equal(set.rules[1].between, 7);
	assert_string_equal(set.names[2], "tun0");
}

static void
options_hold_where_a_rule_says_nothing_else(void **state)
{
	static const struct gw_relay_word words[] = {
		{ "between", "eth0,eth1" },
		{ "source", "keep" },
		{ "group", "239.1.2.3" },
	};

	(void)state;
	assert_true(gw_relay_ruleset_add(&set, "9000", words, 3, why));
	is(0, "9000?between=eth0,eth1&group=239.1.2.3&source=keep");
	assert_true(
	    gw_relay_ruleset_add(&set, "9001?source=interface", words, 3, why));
	is(1, "9001?between=eth0,eth1&group=239.1.2.3&source=interface");
	/* A name knows its groups better. */
	assert_true(gw_relay_ruleset_add(&set, "mdns", words, 3, why));
	is(2, "5353?between=eth0,eth1&group=224.0.0.251,ff02::fb&source=keep");
	assert_true(
	    gw_relay_ruleset_add(&set, "wol?between=eth1,eth2", words, 3, why));
	is(3, "9?between=eth1,eth2&source=keep");
}

static void
mistakes_are_named(void **state)
{
	static const struct {
		const char *rule, *reason;
	} v[] = {
		{ "0", "no port" },
		{ "65536", "no port" },
		{ "upnp", "none of ssdp, mdns, wol, dhcp" },
		{ "", "no port" },
		{ "9000?source", "should be KEY=VALUE" },
		{ "9000?sorce=keep", "no word of a rule" },
		{ "9000?source=1.1.1.1", "source is keep" },
		{ "9000?source=kept", "source is keep" },
		{ "9000?group=10.0.0.1", "no multicast group" },
		{ "9000?group=", "no numeric address" },
		{ "9000?allow=10.0.0.0/33", "no network" },
		{ "9000?rate=0", "rate is a number" },
		{ "9000?replies=61", "replies is a number" },
		{ "9000?broadcast=maybe", "yes or no" },
		{ "9000?broadcast=no", "neither broadcasts nor a group" },
		{ "godwit?source=keep", "this needs source=interface" },
		{ "9000?from=eth2", "only interfaces that it joins" },
		{ "9000?between=averylonginterface,eth0", "no name of an" },
		{ "9000?between=a/b,eth0", "no name of an" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		if (i != 6)
			refused(v[i].rule, v[i].reason);
	/* An address is a mode. */
	assert_true(add(v[6].rule));
}

static void
B7_one_interface_is_refused(void **state)
{
	(void)state;
	refused("9000?between=eth0", "joins two interfaces or more");
	refused("9000?between=eth0,eth0", "eth0 stands there twice");
	assert_false(gw_relay_ruleset_add(&set, "9000", NULL, 0, why));
	assert_non_null(strstr(why, "--between eth0,eth1"));
}

static void
B7_a_rule_that_says_the_same_again_is_refused(void **state)
{
	(void)state;
	assert_true(add("9000"));
	refused("9000", "rule 1 carries the same already");
	refused("9000?source=keep", "rule 1 carries the same already");
	refused("9000?between=eth1,eth2,eth0", "rule 1");
	assert_true(add("9000?group=239.1.2.3"));
	refused("9000?group=239.1.2.4,239.1.2.3", "rule 2");
	/* Another group, other interfaces, the other direction: fine. */
	assert_true(add("9000?group=239.1.2.4"));
	assert_true(add("9000?between=eth1,eth2"));
	assert_true(add("9001?from=eth0"));
	assert_true(add("9001?from=eth1"));
	assert_int_equal(set.count, 6);
}

static void
B7_many_rules_up_to_a_limit(void **state)
{
	char rule[16];

	(void)state;
	for (unsigned i = 0; i < GW_RELAY_RULES; i++) {
		snprintf(rule, sizeof rule, "%u", 9000 + i);
		assert_true(add(rule));
	}
	refused("8999", "at most 32 rules");
}

static void
B9_peers_are_of_an_interface_that_is_joined(void **state)
{
	(void)state;
	assert_true(add("9000?between=eth0,tun0"));
	assert_int_equal(
	    set.name_count, 2); /* not eth1, which it does not join */
	assert_true(
	    gw_relay_ruleset_add_peers(&set, "tun0=10.8.0.2,fd00::2", why));
	assert_int_equal(set.peer_counts[1], 2);
	assert_int_equal(set.peers[1][0].ip[15], 2);
	assert_false(gw_relay_ruleset_add_peers(&set, "tun1=10.8.0.2", why));
	assert_false(gw_relay_ruleset_add_peers(&set, "tun0", why));
	assert_false(gw_relay_ruleset_add_peers(&set, "=10.8.0.2", why));
	assert_false(gw_relay_ruleset_add_peers(&set, "tun0=", why));
	assert_false(gw_relay_ruleset_add_peers(&set, "tun0=224.0.0.1", why));
	assert_non_null(strstr(why, "a group, and no peer"));
	assert_false(gw_relay_ruleset_add_peers(&set,
	    "tun0=10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,10.0.0.1,"
	    "10.0.0.1,10.0.0.1,10.0.0.1",
	    why));
	assert_int_equal(set.peer_counts[1], 2);
}

static void __attribute__((format(printf, 1, 2)))
append(const char *format, ...)
{
	size_t n = strlen(longest);
	va_list ap;

	va_start(ap, format);
	vsnprintf(longest + n, sizeof longest - n, format, ap);
	va_end(ap);
}

static void
the_longest_rule_has_room(void **state)
{
	static const char net[] = "fd00:1111:2222:3333:4444:5555:6666:7778/127";

	(void)state;
	longest[0] = '\0';
	append("65535?rate=999999&replies=60&broadcast=yes&source="
	       "fd00:1111:2222:3333:4444:5555:6666:7777");
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < GW_RELAY_NETS; i++)
			append("%s%s",
			    i > 0    ? ","
			    : k == 0 ? "&allow="
				     : "&deny=",
			    net);
	for (unsigned i = 0; i < GW_RELAY_LINKS; i++)
		append("%sinterface-%05u", i > 0 ? "," : "&between=", i);
	for (unsigned i = 0; i < GW_RELAY_LINKS - 1; i++)
		append("%sinterface-%05u", i > 0 ? "," : "&from=", i);
	assert_true(add(longest));
	gw_relay_rule_text(&set, 0, text);
	memset(&set, 0, sizeof set);
	assert_true(gw_relay_ruleset_add(&set, text, NULL, 0, why));
}

#define CASE(f) cmocka_unit_test_setup(f, set_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_port_alone_is_its_broadcasts),
		CASE(well_known_names_are_their_ports_and_groups),
		CASE(words_say_the_rest_and_the_normal_form_reads_as_the_same),
		CASE(options_hold_where_a_rule_says_nothing_else),
		CASE(mistakes_are_named),
		CASE(B7_one_interface_is_refused),
		CASE(B7_a_rule_that_says_the_same_again_is_refused),
		CASE(B7_many_rules_up_to_a_limit),
		CASE(B9_peers_are_of_an_interface_that_is_joined),
		CASE(the_longest_rule_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
