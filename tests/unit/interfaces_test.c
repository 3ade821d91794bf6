/* The list of interfaces as a program gets it. */
#include <string.h>

#include "alloc.h"
#include "godwit.h"
#include "test.h"

static struct gw *g;

static int
setup(void **state)
{
	struct gw_options o = GW_OPTIONS_INIT;

	(void)state;
	o.plain = true;
	return gw_open(&o, &g) == GW_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	gw_close(g);
	return 0;
}

static void
loopback_is_among_them(void **state)
{
	struct gw_interfaces *all;
	struct gw_interface i, first = { .name = NULL };
	char text[GW_ENDPOINT_TEXT];
	unsigned before = 0, loopbacks = 0;

	(void)state;
	assert_int_equal(gw_interfaces_open(g, &all), GW_OK);
	while (gw_interfaces_next(all, &i)) {
		assert_true(i.index > before);
		before = i.index;
		if (first.name == NULL)
			first = i;
		if (!i.loopback)
			continue;
		loopbacks++;
		assert_string_equal(i.name, "lo");
		assert_true(i.up);
		gw_endpoint_text(&i.addresses[0].address, text);
		assert_string_equal(text, "127.0.0.1");
		assert_int_equal(i.addresses[0].prefix, 8);
	}
	assert_int_equal(loopbacks, 1);
	/* What was pulled first is still there. */
	assert_int_equal(strlen(first.name) > 0, 1);
	for (size_t k = 0; k < first.address_count; k++)
		assert_true(first.addresses[k].prefix <= 128);
	assert_false(gw_interfaces_next(all, &i));
	gw_interfaces_free(all);
	gw_interfaces_free(NULL);
}

static void
without_memory_it_says_so(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		struct gw_interfaces *all;
		enum gw_err err;

		test_fail_alloc(n);
		err = gw_interfaces_open(g, &all);
		test_fail_alloc(-1);
		if (err == GW_OK) {
			gw_interfaces_free(all);
			break;
		}
		assert_int_equal(err, GW_E_MEMORY);
		assert_string_not_equal(gw_last_error(g), "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_is_among_them),
		cmocka_unit_test(without_memory_it_says_so),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
