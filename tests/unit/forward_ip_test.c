#include "forward/ip.h"

#include <string.h>

#include "test.h"

static void
reads(const char *text, const char *again)
{
	struct gw_ip ip;
	char out[GW_IP_TEXT];

	if (!gw_ip_parse(text, &ip))
		fail_msg("%s: no address", text);
	gw_ip_text(&ip, out);
	assert_string_equal(out, again);
}

static void
addresses_are_written_as_rfc_5952_says(void **state)
{
	(void)state;
	reads("192.0.2.1", "192.0.2.1");
	reads("::", "::");
	reads("::1", "::1");
	reads("1::", "1::");
	reads("2001:DB8::1", "2001:db8::1");
	reads("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
	reads("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
	reads("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8");
	reads("1:2:3:4:5:6::", "1:2:3:4:5:6::");
	reads("::3:4:5:6:7:8", "::3:4:5:6:7:8");
	reads("0:0:0:0:0:0:0:1", "::1");
	reads("fe80::1:0", "fe80::1:0");
	reads("64:ff9b::192.0.2.33", "64:ff9b::c000:221");
	reads("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304");
}

static void
a_mapped_address_is_ipv4(void **state)
{
	(void)state;
	reads("::ffff:192.0.2.1", "192.0.2.1");
	reads("::ffff:c000:201", "192.0.2.1");
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = { "", "1", "1.2.3", "1.2.3.4.5",
		"256.1.1.1", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4",
		":", ":::", "1:::2", ":1", "1:", "1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9", "1::2::3",
		"12345::", "g::", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3",
		"::1.2.3.4:5", "[::1]", "fe80::1%eth0", "localhost",
		"1:2:3:4:5:6:7:8::" };
	struct gw_ip ip;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (gw_ip_parse(bad[i], &ip))
			fail_msg("%s was taken", bad[i]);
}

static bool
holds(const char *net, const char *ip)
{
	struct gw_ip_net n;
	struct gw_ip i;

	if (!gw_ip_net_parse(net, &n) || !gw_ip_parse(ip, &i))
		fail_msg("%s %s", net, ip);
	return gw_ip_net_has(&n, &i);
}

static void
a_network_has_what_begins_as_it_does(void **state)
{
	(void)state;
	assert_true(holds("10.0.0.0/8", "10.255.0.1"));
	assert_false(holds("10.0.0.0/8", "11.0.0.1"));
	assert_true(holds("192.0.2.128/25", "192.0.2.200"));
	assert_false(holds("192.0.2.128/25", "192.0.2.100"));
	assert_true(holds("192.0.2.1", "192.0.2.1"));
	assert_false(holds("192.0.2.1", "192.0.2.2"));
	assert_true(holds("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(holds("2001:db8::/33", "2001:db8:8000::1"));
}

static void
everything_of_one_family_has_nothing_of_the_other(void **state)
{
	(void)state;
	assert_true(holds("0.0.0.0/0", "192.0.2.1"));
	assert_false(holds("0.0.0.0/0", "2001:db8::1"));
	assert_true(holds("::/0", "2001:db8::1"));
	assert_false(holds("::/0", "192.0.2.1"));
}

static void
a_network_is_written_without_what_is_beyond_its_bits(void **state)
{
	struct gw_ip_net n;
	char out[GW_IP_TEXT];

	(void)state;
	assert_true(gw_ip_net_parse("10.1.2.3/12", &n));
	gw_ip_net_text(&n, out);
	assert_string_equal(out, "10.0.0.0/12");
	assert_true(gw_ip_net_parse("2001:db8:1::/32", &n));
	gw_ip_net_text(&n, out);
	assert_string_equal(out, "2001:db8::/32");
	assert_true(gw_ip_net_parse("::/0", &n));
	gw_ip_net_text(&n, out);
	assert_string_equal(out, "::/0");
	assert_true(gw_ip_net_parse("192.0.2.1/32", &n));
	gw_ip_net_text(&n, out);
	assert_string_equal(out, "192.0.2.1");
	assert_false(gw_ip_net_parse("10.0.0.0/33", &n));
	assert_false(gw_ip_net_parse("10.0.0.0/", &n));
	assert_false(gw_ip_net_parse("10.0.0.0/8x", &n));
	assert_false(gw_ip_net_parse("::/129", &n));
	assert_false(gw_ip_net_parse("example.org/8", &n));
}

static void
the_address_that_means_all_is_known(void **state)
{
	struct gw_ip ip;

	(void)state;
	assert_true(gw_ip_parse("0.0.0.0", &ip));
	assert_true(gw_ip_is_any(&ip));
	assert_true(gw_ip_parse("::", &ip));
	assert_true(gw_ip_is_any(&ip));
	assert_true(gw_ip_parse("::1", &ip));
	assert_false(gw_ip_is_any(&ip));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_written_as_rfc_5952_says),
		cmocka_unit_test(a_mapped_address_is_ipv4),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(a_network_has_what_begins_as_it_does),
		cmocka_unit_test(
		    everything_of_one_family_has_nothing_of_the_other),
		cmocka_unit_test(
		    a_network_is_written_without_what_is_beyond_its_bits),
		cmocka_unit_test(the_address_that_means_all_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
