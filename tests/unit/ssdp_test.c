/* How long a question of UPnP wants to be answered. */
#include "test.h"

#include "forward/ssdp.h"

static unsigned
mx_of(const char *text)
{
	unsigned seconds = 77;

	return gw_ssdp_mx(gw_slice_str(text), &seconds) ? seconds : 1000;
}

enum { NONE = 1000 };

static void
the_line_says_how_many_seconds(void **state)
{
	(void)state;
	assert_int_equal(mx_of("M-SEARCH * HTTP/1.1\r\n"
			       "HOST: 239.255.255.250:1900\r\n"
			       "MAN: \"ssdp:discover\"\r\nMX: 3\r\n"
			       "ST: ssdp:all\r\n\r\n"),
	    3);
	assert_int_equal(mx_of("m-search * HTTP/1.1\nmx:\t 120\n"), 120);
	assert_int_equal(mx_of("M-SEARCH \nMX:0"), 0);
}

static void
what_is_no_question_has_none(void **state)
{
	(void)state;
	assert_int_equal(mx_of("NOTIFY * HTTP/1.1\r\nMX: 3\r\n"), NONE);
	assert_int_equal(mx_of("M-SEARCH * HTTP/1.1\r\nST: x\r\n"), NONE);
	assert_int_equal(mx_of("M-SEARCH \r\nMX:\r\n"), NONE);
	assert_int_equal(mx_of("M-SEARCH \r\nMX: -3\r\n"), NONE);
	assert_int_equal(mx_of("M-SEARCH \r\nMX: 1000\r\n"), NONE);
	assert_int_equal(mx_of("M-SEARCH"), NONE);
	assert_int_equal(mx_of(""), NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_says_how_many_seconds),
		cmocka_unit_test(what_is_no_question_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
