#include <stdio.h>
#include <string.h>

#include "forward/rule.h"
#include "test.h"

static const char *
params_of(const char *prefix, const char *params)
{
	static char out[GW_RULE_TEXT];
	char text[1024], why[GW_RULE_WHY], *mark;
	struct gw_rule r;

	snprintf(text, sizeof text, "%s?%s", prefix, params);
	if (!gw_rule_parse(text, NULL, &r, why))
		fail_msg("%s: %s", text, why);
	gw_rule_text(&r, out);
	mark = strchr(out, '?');
	return mark != NULL ? mark + 1 : "";
}

static const char *
udp(const char *params)
{
	return params_of("udp://:53/a:53", params);
}

static const char *
tcp(const char *params)
{
	return params_of("tcp://:80/a:80", params);
}

static void
refused(const char *text, const char *why_not)
{
	struct gw_rule r;
	char why[GW_RULE_WHY] = "";

	if (gw_rule_parse(text, NULL, &r, why))
		fail_msg("%s was taken", text);
	if (strstr(why, why_not) == NULL)
		fail_msg("%s: %s", text, why);
}

static void
times_have_units_and_bare_numbers_are_seconds(void **state)
{
	(void)state;
	assert_string_equal(udp("ttl=5s"), "ttl=5s");
	assert_string_equal(udp("ttl=60"), "ttl=60s");
	assert_string_equal(udp("ttl=250ms"), "ttl=250ms");
	assert_string_equal(udp("ttl=1m30s"), "ttl=90s");
	assert_string_equal(udp("ttl=2h"), "ttl=7200s");
	assert_string_equal(udp("idle=1d"), "ttl=86400s");
	refused("udp://:53/a:53?ttl=0", "cannot be understood");
	refused("udp://:53/a:53?ttl=", "cannot be understood");
	refused("udp://:53/a:53?ttl=5x", "cannot be understood");
	refused("udp://:53/a:53?ttl=-5", "cannot be understood");
	refused("udp://:53/a:53?ttl=25d", "cannot be understood");
	refused("udp://:53/a:53?ttl=5s5", "cannot be understood");
}

static void
names_are_those_of_others_too_in_any_case(void **state)
{
	(void)state;
	assert_string_equal(udp("TTL=5s&Responses=1"), "ttl=5s&responses=1");
	assert_string_equal(
	    udp("proxy_timeout=5s&proxy_responses=1"), "ttl=5s&responses=1");
	assert_string_equal(tcp("proxyProtocol=2"), "proxy=v2");
	assert_string_equal(tcp("strategy=rand"), "strategy=random");
	assert_string_equal(tcp("max_fails=3"), "maxFails=3");
}

static void
the_order_of_the_normal_form_is_fixed(void **state)
{
	(void)state;
	assert_string_equal(udp("deny=10.0.0.0/8&ttl=5s&name=dns&life=1h"),
	    "name=dns&ttl=5s&life=3600s&deny=10.0.0.0/8");
	assert_string_equal(
	    udp("allow=10.0.0.0%2F8&allow=::1"), "allow=10.0.0.0/8,::1");
}

static void
what_is_the_default_is_not_written(void **state)
{
	(void)state;
	assert_string_equal(udp(""), "");
	assert_string_equal(udp("&&"), "");
	assert_string_equal(
	    udp("strategy=round&proxy=none&icmp=ignore&shed=reject"), "");
	assert_string_equal(udp("icmp=close"), "icmp=close");
	assert_string_equal(udp("icmp=Reflect"), "icmp=reflect");
	assert_string_equal(tcp("keepAlive=true&transparent=false"), "");
	assert_string_equal(tcp("keepAlive=false"), "keepAlive=false");
	assert_string_equal(tcp("transparent"), "transparent=true");
	assert_string_equal(udp("df=yes"), "df=true");
	assert_string_equal(udp("stateless=false"), "");
}

static void
a_buffer_for_whole_datagrams_is_not_needed_and_noted(void **state)
{
	struct gw_rule r;
	char why[GW_RULE_WHY];

	(void)state;
	assert_true(
	    gw_rule_parse("udp://:53/a:53?readBufferSize=4096", NULL, &r, why));
	assert_true(r.ignored_buffer);
	assert_true(gw_rule_parse("udp://:53/a:53", NULL, &r, why));
	assert_false(r.ignored_buffer);
}

static void
an_own_number_of_answers_is_kept_beside_stateless(void **state)
{
	(void)state;
	assert_string_equal(udp("responses=3&stateless=true"), "responses=3");
}

static void
what_is_unknown_or_for_the_other_protocol_is_refused(void **state)
{
	(void)state;
	refused("udp://:53/a:53?nonsense=1", "no parameter \"nonsense\"");
	refused("udp://:53/a:53?connect=1s", "connect is not for udp");
	refused("tcp://:53/a:53?responses=1", "responses is not for tcp");
	refused("tcp://:53/a:53?proxy=v2-each", "is for udp");
	refused("tcp://:53/a:53?strategy=best", "cannot be understood");
	refused("tcp://:53/a:53?max=0", "cannot be understood");
	refused("tcp://:53/a:53?max=1x", "cannot be understood");
	refused("tcp://:53/a:53?keepAlive=maybe", "cannot be understood");
	refused("tcp://:53/a:53?allow=10.0.0.0/33", "cannot be understood");
	refused("tcp://:53/a:53?source=a", "cannot be understood");
	refused("tcp://:53/a:53?name=%0a", "cannot be understood");
	refused("tcp://:53/a:53?name=a%2", "cannot be understood");
	refused("tcp://:53/a:53?name=a%26b", "cannot be understood");
	refused(
	    "tcp://:53/a:53?transparent=1&source=10.0.0.1", "no other source");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_have_units_and_bare_numbers_are_seconds),
		cmocka_unit_test(names_are_those_of_others_too_in_any_case),
		cmocka_unit_test(the_order_of_the_normal_form_is_fixed),
		cmocka_unit_test(what_is_the_default_is_not_written),
		cmocka_unit_test(
		    a_buffer_for_whole_datagrams_is_not_needed_and_noted),
		cmocka_unit_test(
		    an_own_number_of_answers_is_kept_beside_stateless),
		cmocka_unit_test(
		    what_is_unknown_or_for_the_other_protocol_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
