#include "os/addr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct gw_why why;

static void
reads_as(const char *host, const char *text)
{
	struct gw_addr a;
	char out[GW_ADDR_TEXT];

	assert_int_equal(gw_addr_parse(&a, host, 4639, &why), GW_OK);
	gw_addr_text(&a, out);
	assert_string_equal(out, text);
	assert_int_equal(gw_addr_port(&a), 4639);
	gw_addr_set_port(&a, 1);
	assert_int_equal(gw_addr_port(&a), 1);
}

static void
numeric_addresses(void **state)
{
	(void)state;
	reads_as("127.0.0.1", "127.0.0.1:4639");
	reads_as("[127.0.0.1]", "127.0.0.1:4639");
	reads_as("::1", "[::1]:4639");
	reads_as("[2001:DB8:0::1]", "[2001:db8::1]:4639");
	reads_as("::ffff:192.0.2.1", "192.0.2.1:4639");
	reads_as("fe80::1%lo", "[fe80::1%lo]:4639");
	reads_as("fe80::1%1", "[fe80::1%lo]:4639");
	reads_as("[fe80::1%lo]", "[fe80::1%lo]:4639");
	reads_as("::", "[::]:4639");
}

static void
what_is_no_address(void **state)
{
	static const char *const names[] = { "", "localhost", "1.2.3",
		"1.2.3.4.5", "256.1.1.1", "[::1", "::1]", ":::", "a%lo",
		"0x7f.1", "192.0.2.1%lo" };
	struct gw_addr a;
	char longest[1000];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_int_equal(
		    gw_addr_parse(&a, names[i], 1, &why), GW_E_RESOLVE);
	memset(longest, '1', sizeof longest);
	longest[999] = '\0';
	assert_int_equal(gw_addr_parse(&a, longest, 1, &why), GW_E_RESOLVE);
	assert_int_equal(gw_addr_parse(&a, "fe80::1", 1, &why), GW_E_ADDRESS);
	assert_non_null(strstr(why.text, "fe80::1%eth0"));
	assert_int_equal(
	    gw_addr_parse(&a, "fe80::1%nosuchif0", 1, &why), GW_E_ADDRESS);
	assert_non_null(strstr(why.text, "no interface nosuchif0"));
	assert_int_equal(gw_addr_parse(&a, "fe80::1%", 1, &why), GW_E_ADDRESS);
	assert_int_equal(
	    gw_addr_parse(&a, "fe80::1%99999", 1, &why), GW_E_ADDRESS);
}

static void
comparing(void **state)
{
	struct gw_addr a, b;
	uint8_t m[16];

	(void)state;
	assert_int_equal(gw_addr_parse(&a, "192.0.2.1", 1, &why), GW_OK);
	assert_int_equal(gw_addr_parse(&b, "::ffff:192.0.2.1", 2, &why), GW_OK);
	assert_true(gw_addr_same_host(&a, &b));
	assert_false(gw_addr_is_loopback(&a));
	gw_addr_mapped(&a, m);
	assert_memory_equal(m, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16);
	assert_int_equal(gw_addr_parse(&b, "192.0.2.2", 1, &why), GW_OK);
	assert_false(gw_addr_same_host(&a, &b));
	assert_int_equal(gw_addr_parse(&a, "127.9.9.9", 1, &why), GW_OK);
	assert_true(gw_addr_is_loopback(&a));
	assert_int_equal(gw_addr_parse(&a, "::1", 1, &why), GW_OK);
	assert_true(gw_addr_is_loopback(&a));
	assert_int_equal(gw_addr_parse(&a, "fe80::1%lo", 1, &why), GW_OK);
	assert_int_equal(gw_addr_parse(&b, "fe80::1%lo", 1, &why), GW_OK);
	assert_true(gw_addr_same_host(&a, &b));
}

static void
kinds_of_addresses(void **state)
{
	static const struct {
		const char *host;
		bool any, group, link_local;
	} rows[] = { { "0.0.0.0", true, false, false },
		{ "::", true, false, false },
		{ "192.0.2.1", false, false, false },
		{ "2001:db8::1", false, false, false },
		{ "224.0.0.1", false, true, false },
		{ "239.255.255.255", false, true, false },
		{ "240.0.0.1", false, false, false },
		{ "169.254.3.4", false, false, true },
		{ "fe80::1%lo", false, false, true },
		{ "ff02::1", false, true, true },
		{ "ff01::1", false, true, true },
		{ "ff05::2", false, true, false } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct gw_addr a, b;
		uint8_t ip[16];

		assert_int_equal(
		    gw_addr_parse(&a, rows[i].host, 7, &why), GW_OK);
		assert_int_equal(gw_addr_is_any(&a), rows[i].any);
		assert_int_equal(gw_addr_is_group(&a), rows[i].group);
		assert_int_equal(gw_addr_is_link_local(&a), rows[i].link_local);
		/* There and back. */
		gw_addr_mapped(&a, ip);
		gw_addr_from_mapped(&b, ip, gw_addr_zone(&a), 7);
		assert_true(gw_addr_same_host(&a, &b));
		assert_int_equal(a.len, b.len);
		assert_int_equal(gw_addr_port(&b), 7);
	}
}

static void
own_addresses(void **state)
{
	struct gw_addr *list;
	size_t n, loopback = 0;
	char text[GW_ADDR_TEXT];

	(void)state;
	assert_int_equal(gw_addr_list(&list, &n), GW_OK);
	for (size_t i = 0; i < n; i++) {
		gw_addr_host(&list[i], text);
		if (gw_addr_is_loopback(&list[i]))
			loopback++;
		else
			assert_int_equal(loopback, 0); /* they come last */
		if (strncmp(text, "fe80:", 5) == 0)
			assert_non_null(strchr(text, '%'));
	}
	assert_true(loopback > 0);
	free(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numeric_addresses),
		cmocka_unit_test(what_is_no_address),
		cmocka_unit_test(comparing),
		cmocka_unit_test(kinds_of_addresses),
		cmocka_unit_test(own_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
