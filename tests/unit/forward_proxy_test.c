#include "forward/proxy.h"

#include <string.h>

#include "test.h"

static void
f15_the_header_for_ipv4_is_laid_out_as_published(void **state)
{
	static const uint8_t wanted[28] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
		0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, /* signature */
		0x21,                               /* version 2, PROXY */
		0x11,                               /* AF_INET, STREAM */
		0, 12, 192, 0, 2, 1, 198, 51, 100, 2, 0x30, 0x39, 0x01, 0xbb };
	struct gw_proxy_ends e = { .protocol = GW_RULE_TCP,
		.source_port = 12345,
		.destination_port = 443 };
	uint8_t out[GW_PROXY_V2_MAX];

	(void)state;
	assert_true(gw_ip_parse("192.0.2.1", &e.source));
	assert_true(gw_ip_parse("198.51.100.2", &e.destination));
	assert_int_equal(gw_proxy_v2(&e, out), sizeof wanted);
	assert_memory_equal(out, wanted, sizeof wanted);
	e.protocol = GW_RULE_UDP;
	assert_int_equal(gw_proxy_v2(&e, out), sizeof wanted);
	assert_int_equal(out[13], 0x12);
}

static void
f15_the_header_for_ipv6_is_laid_out_as_published(void **state)
{
	struct gw_proxy_ends e = {
		.protocol = GW_RULE_UDP, .source_port = 1, .destination_port = 2
	};
	uint8_t out[GW_PROXY_V2_MAX];

	(void)state;
	assert_true(gw_ip_parse("2001:db8::1", &e.source));
	assert_true(gw_ip_parse("2001:db8::2", &e.destination));
	assert_int_equal(gw_proxy_v2(&e, out), 52);
	assert_int_equal(out[13], 0x22);
	assert_int_equal(out[14], 0);
	assert_int_equal(out[15], 36);
	assert_memory_equal(out + 16, e.source.b, 16);
	assert_memory_equal(out + 32, e.destination.b, 16);
	assert_memory_equal(out + 48, "\0\1\0\2", 4);
}

static void
two_families_are_told_as_ipv6(void **state)
{
	struct gw_proxy_ends e = { .protocol = GW_RULE_TCP };
	uint8_t out[GW_PROXY_V2_MAX];

	(void)state;
	assert_true(gw_ip_parse("192.0.2.1", &e.source));
	assert_true(gw_ip_parse("2001:db8::2", &e.destination));
	assert_int_equal(gw_proxy_v2(&e, out), 52);
	assert_int_equal(out[13], 0x21);
	assert_memory_equal(out + 16, e.source.b, 16);
}

static void
f15_the_simple_header_is_laid_out_as_published(void **state)
{
	struct gw_proxy_ends e = {
		.protocol = GW_RULE_UDP, .source_port = 1, .destination_port = 2
	};
	uint8_t out[GW_PROXY_SPP];

	(void)state;
	assert_true(gw_ip_parse("192.0.2.1", &e.source));
	assert_true(gw_ip_parse("2001:db8::2", &e.destination));
	gw_proxy_spp(&e, out);
	assert_memory_equal(
	    out, "\x56\xec\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x01", 18);
	assert_memory_equal(out + 18, e.destination.b, 16);
	assert_memory_equal(out + 34, "\0\1\0\2", 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    f15_the_header_for_ipv4_is_laid_out_as_published),
		cmocka_unit_test(
		    f15_the_header_for_ipv6_is_laid_out_as_published),
		cmocka_unit_test(two_families_are_told_as_ipv6),
		cmocka_unit_test(
		    f15_the_simple_header_is_laid_out_as_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
