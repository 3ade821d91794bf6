#include "forward/rule.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

/* What people type, and the normal form of it. */
static void
becomes_with(const char *text, const char *to, const char *normal)
{
	struct gw_rule r, again;
	char why[GW_RULE_WHY], out[GW_RULE_TEXT];

	if (!gw_rule_parse(text, to, &r, why))
		fail_msg("%s: %s", text, why);
	gw_rule_text(&r, out);
	assert_string_equal(out, normal);
	if (!gw_rule_parse(out, NULL, &again, why))
		fail_msg("%s: %s", out, why);
	gw_rule_text(&again, out);
	assert_string_equal(out, normal);
}

static void
becomes(const char *text, const char *normal)
{
	becomes_with(text, NULL, normal);
}

static void
refused(const char *text, const char *why_not)
{
	struct gw_rule r = { .port = 7 };
	char why[GW_RULE_WHY] = "";

	if (gw_rule_parse(text, NULL, &r, why))
		fail_msg("%s was taken", text);
	if (strstr(why, why_not) == NULL)
		fail_msg("%s: %s", text, why);
	assert_int_equal(r.port, 7);
}

static void
a_url_of_gost_is_understood(void **state)
{
	(void)state;
	becomes("udp://:5353/192.168.1.1:53", "udp://:5353/192.168.1.1:53");
	becomes("tcp://:2222/192.168.1.1:22", "tcp://:2222/192.168.1.1:22");
	becomes("udp://:5353/192.168.1.1:53,192.168.1.2:53,192.168.1.3:53",
	    "udp://:5353/192.168.1.1:53,192.168.1.2:53,192.168.1.3:53");
	becomes("udp://:5353/192.168.1.1:53?ttl=5s&keepAlive=true"
		"&readBufferSize=4096&backlog=128",
	    "udp://:5353/192.168.1.1:53?ttl=5s&backlog=128");
	becomes("udp://:5353/192.168.1.1:53?ttl=60",
	    "udp://:5353/192.168.1.1:53?ttl=60s");
	becomes("udp://:5353/192.168.1.1:53?stateless=true",
	    "udp://:5353/192.168.1.1:53?responses=1");
	becomes("udp://:5353/192.168.1.1:53?keepAlive=false",
	    "udp://:5353/192.168.1.1:53?responses=1");
	becomes("tcp://:8000-8003/192.168.1.1:8000-8003",
	    "tcp://:8000-8003/192.168.1.1:8000-8003");
	becomes("tcp://:8080/a:80,b:80?strategy=round&maxFails=1"
		"&failTimeout=30s",
	    "tcp://:8080/a:80,b:80?maxFails=1&failTimeout=30s");
	becomes("tcp://:8080/a:80?strategy=fifo",
	    "tcp://:8080/a:80?strategy=first");
	becomes(":8080/example.org:80", "tcp://:8080/example.org:80");
}

static void
a_triple_of_ssh_listens_for_this_machine(void **state)
{
	(void)state;
	becomes("8080:example.org:80", "tcp://127.0.0.1:8080/example.org:80");
	becomes(
	    "8080:[2001:db8::1]:80", "tcp://127.0.0.1:8080/[2001:db8::1]:80");
	becomes("10.0.0.1:8080:example.org:80",
	    "tcp://10.0.0.1:8080/example.org:80");
	becomes("*:8080:example.org:80", "tcp://:8080/example.org:80");
	becomes(":8080:example.org:80", "tcp://:8080/example.org:80");
	becomes("[::1]:8080:[::1]:80", "tcp://[::1]:8080/[::1]:80");
	becomes(
	    "localhost:8080:localhost:80", "tcp://127.0.0.1:8080/localhost:80");
	becomes("2000:example.org:2000/udp",
	    "udp://127.0.0.1:2000/example.org:2000");
}

static void
a_url_of_wstunnel_is_understood(void **state)
{
	(void)state;
	becomes("udp://1212:1.1.1.1:53?timeout_sec=10",
	    "udp://127.0.0.1:1212/1.1.1.1:53?ttl=10s");
	becomes("tcp://0.0.0.0:1212:google.com:443",
	    "tcp://0.0.0.0:1212/google.com:443");
}

static void
a_pair_of_docker_goes_to_this_machine(void **state)
{
	(void)state;
	becomes("53:53/udp", "udp://:53/127.0.0.1:53");
	becomes("8080:80", "tcp://:8080/127.0.0.1:80");
	becomes("8080:80/tcp", "tcp://:8080/127.0.0.1:80");
	becomes("192.0.2.1:8080:80", "tcp://192.0.2.1:8080/127.0.0.1:80");
	becomes(
	    "7000-7003:8000-8003/udp", "udp://:7000-7003/127.0.0.1:8000-8003");
}

static void
targets_may_stand_apart(void **state)
{
	(void)state;
	becomes_with("udp://:5353", "10.0.0.2:53", "udp://:5353/10.0.0.2:53");
	becomes_with("udp://:53/", "10.0.0.2,10.0.0.3",
	    "udp://:53/10.0.0.2:53,10.0.0.3:53");
	becomes_with("53:5353/udp", "10.0.0.2", "udp://:53/10.0.0.2:5353");
	becomes_with("udp://:5353/a:53", "10.0.0.2:53", "udp://:5353/a:53");
	becomes_with("127.0.0.1:80", "a:80", "tcp://127.0.0.1:80/a:80");
}

static void
a_target_without_a_port_gets_those_listened_at(void **state)
{
	(void)state;
	becomes("udp://:53/10.0.0.1", "udp://:53/10.0.0.1:53");
	becomes("udp://:5000-5009/a", "udp://:5000-5009/a:5000-5009");
	becomes("tcp://:5000-5009/a:80", "tcp://:5000-5009/a:80");
	refused("tcp://:0/a", "needs a port");
}

static void
f13_addresses_are_canonical_and_zones_survive(void **state)
{
	(void)state;
	becomes("udp://[FE80::1%eth0]:53/[fe80:0::2%wlan0]:53",
	    "udp://[fe80::1%eth0]:53/[fe80::2%wlan0]:53");
	becomes("udp://:53/[fe80::2%25eth0]:53", "udp://:53/[fe80::2%eth0]:53");
	becomes("udp://:53/[fe80::2%25]:53", "udp://:53/[fe80::2%25]:53");
	becomes("udp://:53/[fe80::2%3]:53", "udp://:53/[fe80::2%3]:53");
	becomes("udp://:53/[fe80::2%2525x]:53", "udp://:53/[fe80::2%2525x]:53");
	becomes("udp://:53/[::ffff:10.0.0.1]:53", "udp://:53/10.0.0.1:53");
	becomes("udp://:53/a:53?source=fe80::1%25eth0",
	    "udp://:53/a:53?source=fe80::1%25eth0");
}

static void
f13_which_family_is_listened_at_is_said(void **state)
{
	(void)state;
	becomes("tcp://:80/a:80", "tcp://:80/a:80");
	becomes("tcp://*:80/a:80", "tcp://:80/a:80");
	becomes("tcp4://:80/a:80", "tcp://0.0.0.0:80/a:80");
	becomes("tcp6://:80/a:80", "tcp://[::]:80/a:80");
	becomes("udp6://:80/a:80", "udp://[::]:80/a:80");
	becomes("UDP://[::]:80/a:80", "udp://[::]:80/a:80");
}

static void
what_is_no_rule_is_refused_with_a_reason(void **state)
{
	(void)state;
	refused("", "empty");
	refused("   ", "empty");
	refused("80", "no rule");
	refused("udp://:53", "goes nowhere: write udp://:53/HOST:PORT");
	refused("udp://:53/", "goes nowhere");
	refused("rudp://:53/a:53", "tcp or udp");
	refused("http://:53/a:53", "tcp or udp");
	refused("udp://53/a:53", "before the /");
	refused("udp://::1:53/a:53", "before the /");
	refused("udp://example.org:53/a:53", "no address to listen at");
	refused("udp://[10.0.0.1]:53/a:53", "no address to listen at");
	refused("udp://[::1:53/a:53", "before the /");
	refused("udp://:65536/a:53", "no port to listen at");
	refused("udp://:9-5/a:53", "no port to listen at");
	refused("udp://:0-5/a:53", "no port to listen at");
	refused("udp://:53x/a:53", "no port to listen at");
	refused("udp://:53/a:0", "no port of a target");
	refused("udp://:53/a:1-2", "1 ports to listen at, but 2");
	refused("udp://:53/a:b:c", "a target is HOST:PORT");
	refused("udp://:53/:53", "no host");
	refused("udp://:53/a b:53", "no host");
	refused("udp://:53/1.2.3:53", "no host");
	refused("udp://:53/256.1.1.1:53", "no host");
	refused("udp://:53/a:53,", "no host");
	refused("a:b:c:d:e", "no rule");
	refused("udp://:53/u@a:53", "no host");
}

static void
append(char *text, size_t room, const char *more)
{
	size_t n = strlen(text);

	snprintf(text + n, room - n, "%s", more);
}

static void
more_targets_than_there_is_room_for_are_refused(void **state)
{
	char text[512] = "udp://:53/a:1";

	(void)state;
	for (int i = 1; i < GW_RULE_TARGETS; i++)
		append(text, sizeof text, ",a:1");
	becomes(text, text);
	append(text, sizeof text, ",a:1");
	refused(text, "more than 16 targets");
}

static void
a_long_text_is_refused(void **state)
{
	static char text[GW_RULE_TEXT + 8];

	(void)state;
	memset(text, 'a', sizeof text - 1);
	refused(text, "too long");
}

static void
the_longest_rule_can_be_written(void **state)
{
	static char text[GW_RULE_TEXT], out[GW_RULE_TEXT];
	char host[GW_RULE_HOST + 1], why[GW_RULE_WHY];
	struct gw_rule r;

	(void)state;
	memset(host, 'h', GW_RULE_HOST);
	host[GW_RULE_HOST] = '\0';
	append(text, sizeof text, "tcp://:1-65535/");
	for (int i = 0; i < GW_RULE_TARGETS; i++) {
		append(text, sizeof text, host);
		append(text, sizeof text, i < GW_RULE_TARGETS - 1 ? "," : "?");
	}
	for (int i = 0; i < GW_RULE_NETS; i++)
		append(text, sizeof text,
		    "allow=1111:2222:3333:4444:5555:6666:7777:8888"
		    "&deny=1111:2222:3333:4444:5555:6666:7777:8888&");
	if (!gw_rule_parse(text, NULL, &r, why))
		fail_msg("%s", why);
	gw_rule_text(&r, out);
	assert_true(strlen(out) > 5000);
}

static void
f28_f27_clients_are_allowed_and_denied_by_network(void **state)
{
	struct gw_rule r;
	struct gw_ip in, out, denied;
	char why[GW_RULE_WHY];

	(void)state;
	assert_true(gw_ip_parse("10.1.2.3", &in));
	assert_true(gw_ip_parse("10.6.6.6", &denied));
	assert_true(gw_ip_parse("192.0.2.1", &out));
	assert_true(gw_rule_parse("udp://:53/a:53", NULL, &r, why));
	assert_true(gw_rule_allows(&r, &out));
	assert_true(gw_rule_parse("udp://:53/a:53?allow=10.0.0.0/8,::1"
				  "&deny=10.6.0.0/16",
	    NULL, &r, why));
	assert_true(gw_rule_allows(&r, &in));
	assert_false(gw_rule_allows(&r, &denied));
	assert_false(gw_rule_allows(&r, &out));
}

static void
ports_of_a_range_go_one_to_one_or_all_to_one(void **state)
{
	struct gw_rule r;
	char why[GW_RULE_WHY];

	(void)state;
	assert_true(
	    gw_rule_parse("udp://:100-109/a:200-209,b:7", NULL, &r, why));
	assert_int_equal(gw_rule_target_port(&r, 0, 100), 200);
	assert_int_equal(gw_rule_target_port(&r, 0, 109), 209);
	assert_int_equal(gw_rule_target_port(&r, 1, 109), 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_of_gost_is_understood),
		cmocka_unit_test(a_triple_of_ssh_listens_for_this_machine),
		cmocka_unit_test(a_url_of_wstunnel_is_understood),
		cmocka_unit_test(a_pair_of_docker_goes_to_this_machine),
		cmocka_unit_test(targets_may_stand_apart),
		cmocka_unit_test(
		    a_target_without_a_port_gets_those_listened_at),
		cmocka_unit_test(f13_addresses_are_canonical_and_zones_survive),
		cmocka_unit_test(f13_which_family_is_listened_at_is_said),
		cmocka_unit_test(what_is_no_rule_is_refused_with_a_reason),
		cmocka_unit_test(
		    more_targets_than_there_is_room_for_are_refused),
		cmocka_unit_test(a_long_text_is_refused),
		cmocka_unit_test(the_longest_rule_can_be_written),
		cmocka_unit_test(
		    f28_f27_clients_are_allowed_and_denied_by_network),
		cmocka_unit_test(ports_of_a_range_go_one_to_one_or_all_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
