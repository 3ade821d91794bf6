#include "run/endpoint.h"

#include <string.h>

#include "test.h"

static void
reads_as(const char *host, uint16_t port, const char *text)
{
	struct gw_endpoint e;
	char out[GW_ENDPOINT_TEXT];

	assert_int_equal(gw_endpoint_parse(&e, host, port), GW_OK);
	gw_endpoint_text(&e, out);
	assert_string_equal(out, text);
}

static void
text_and_back(void **state)
{
	struct gw_endpoint e = { .port = 7 }, before = e;

	(void)state;
	reads_as("192.0.2.1", 7, "192.0.2.1:7");
	reads_as("192.0.2.1", 0, "192.0.2.1");
	reads_as("[2001:DB8::1]", 7, "[2001:db8::1]:7");
	reads_as("2001:db8::1", 0, "2001:db8::1");
	reads_as("fe80::1%lo", 7, "[fe80::1%lo]:7");
	reads_as("ff02::1", 7, "[ff02::1]:7");
	assert_int_equal(gw_endpoint_parse(&e, "localhost", 7), GW_E_RESOLVE);
	assert_int_equal(gw_endpoint_parse(&e, "fe80::1", 7), GW_E_ADDRESS);
	assert_int_equal(
	    gw_endpoint_parse(&e, "fe80::1%none", 7), GW_E_ADDRESS);
	assert_memory_equal(&e, &before, sizeof e);
}

static void
groups_are_known(void **state)
{
	struct gw_endpoint e;

	(void)state;
	assert_int_equal(gw_endpoint_parse(&e, "224.0.0.251", 1), GW_OK);
	assert_true(gw_endpoint_is_group(&e));
	assert_int_equal(gw_endpoint_parse(&e, "ff05::1", 1), GW_OK);
	assert_true(gw_endpoint_is_group(&e));
	assert_int_equal(gw_endpoint_parse(&e, "255.255.255.255", 1), GW_OK);
	assert_false(gw_endpoint_is_group(&e));
	assert_int_equal(gw_endpoint_parse(&e, "::1", 1), GW_OK);
	assert_false(gw_endpoint_is_group(&e));
}

static void
no_address_is_all_zeros(void **state)
{
	static const struct gw_endpoint zeros;
	struct gw_addr a = { .len = 0 };
	struct gw_endpoint e = gw_endpoint_of(&a);

	(void)state;
	assert_memory_equal(&e, &zeros, sizeof e);
	gw_endpoint_addr(&zeros, &a);
	assert_int_equal(a.len, 0);
	/* But these are addresses. */
	assert_int_equal(gw_endpoint_parse(&e, "0.0.0.0", 0), GW_OK);
	gw_endpoint_addr(&e, &a);
	assert_true(gw_addr_is_any(&a));
	assert_int_equal(gw_endpoint_parse(&e, "::", 9), GW_OK);
	gw_endpoint_addr(&e, &a);
	assert_true(a.len != 0);
	assert_true(gw_addr_is_any(&a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_back),
		cmocka_unit_test(groups_are_known),
		cmocka_unit_test(no_address_is_all_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
