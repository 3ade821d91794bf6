/*
 * Sizes, rates and durations: what people write, and what they read.
 */
#include <string.h>

#include "cli/size.h"
#include "test.h"

static uint64_t
size(const char *text)
{
	uint64_t v = 12345;

	assert_null(cli_size_parse(text, &v));
	return v;
}

static uint64_t
rate(const char *text)
{
	uint64_t v = 12345;

	assert_null(cli_rate_parse(text, &v));
	return v;
}

static uint32_t
duration(const char *text)
{
	uint32_t v = 12345;

	assert_null(cli_duration_parse(text, &v));
	return v;
}

static void
sizes_are_bytes_with_decimal_and_binary_units(void **state)
{
	(void)state;
	assert_int_equal(size("0"), 0);
	assert_int_equal(size("4096"), 4096);
	assert_int_equal(size("1B"), 1);
	assert_int_equal(size("100MB"), 100000000);
	assert_int_equal(size("100mb"), 100000000);
	assert_int_equal(size("10MiB"), 10485760);
	assert_int_equal(size("10Mi"), 10485760);
	assert_int_equal(size("1.5G"), 1500000000);
	assert_int_equal(size("0.5KiB"), 512);
	assert_int_equal(size(".5k"), 500);
	assert_int_equal(size("2T"), 2000000000000);
}

static void
rates_are_bits_or_bytes_and_say_which(void **state)
{
	(void)state;
	assert_int_equal(rate("800mbit"), 100000000);
	assert_int_equal(rate("800Mbit/s"), 100000000);
	assert_int_equal(rate("2.5Gbit"), 312500000);
	assert_int_equal(rate("8bits"), 1);
	assert_int_equal(rate("100MB"), 100000000);
	assert_int_equal(rate("100MB/s"), 100000000);
	assert_int_equal(rate("1MiB/s"), 1048576);
	assert_int_equal(rate("1k"), 1000);
	assert_int_equal(rate("0"), 0);
}

static void
durations_have_units_and_may_be_sums(void **state)
{
	(void)state;
	assert_int_equal(duration("30s"), 30000);
	assert_int_equal(duration("30"), 30000);
	assert_int_equal(duration("0"), 0);
	assert_int_equal(duration("15m"), 900000);
	assert_int_equal(duration("15min"), 900000);
	assert_int_equal(duration("2h"), 7200000);
	assert_int_equal(duration("1h30m"), 5400000);
	assert_int_equal(duration("250ms"), 250);
	assert_int_equal(duration("0.5s"), 500);
	assert_int_equal(duration("24d"), 2073600000);
}

static void
what_is_no_size_is_refused_and_changes_nothing(void **state)
{
	static const char *const bad[] = { "", "MB", "-1", "10XB", "10MBx",
		"1 MB", "0x10", "800mbit", "99999999999999999999", "20000PB",
		"." };
	uint64_t v = 7;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_non_null(cli_size_parse(bad[i], &v));
	assert_int_equal(v, 7);
}

static void
what_is_no_rate_is_refused_and_changes_nothing(void **state)
{
	static const char *const bad[] = { "", "fast", "-5", "10mbyte", "1bit",
		"10/s/s", "8 mbit" };
	uint64_t v = 7;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_non_null(cli_rate_parse(bad[i], &v));
	assert_int_equal(v, 7);
}

static void
what_is_no_duration_is_refused_and_changes_nothing(void **state)
{
	static const char *const bad[] = { "", "s", "10x", "1h30", "25d", "-1s",
		"99999999999999999999s" };
	uint32_t v = 7;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_non_null(cli_duration_parse(bad[i], &v));
	assert_int_equal(v, 7);
}

static void
the_complaint_names_the_cure(void **state)
{
	uint64_t v;
	uint32_t ms;

	(void)state;
	assert_non_null(strstr(cli_size_parse("10XB", &v), "10MiB"));
	assert_non_null(strstr(cli_size_parse("8mbit", &v), "bytes"));
	assert_non_null(strstr(cli_rate_parse("10XB", &v), "800mbit"));
	assert_non_null(strstr(cli_duration_parse("10x", &ms), "15m"));
}

static void
sizes_are_shown_in_three_digits(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = { { 0, "0 B" }, { 999, "999 B" }, { 1000, "1.0 kB" },
		{ 9949, "9.9 kB" }, { 9950, "10 kB" }, { 999499, "999 kB" },
		{ 999500, "1.0 MB" }, { 1234567890, "1.2 GB" },
		{ 999500000000, "1.0 TB" }, { UINT64_MAX, "18 EB" } };
	char out[CLI_SIZE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(
		    cli_size_text(out, rows[i].bytes), rows[i].text);
	assert_string_equal(cli_rate_text(out, 293000000), "293 MB/s");
}

static void
times_are_shown_as_people_say_them(void **state)
{
	char out[CLI_SIZE_TEXT];

	(void)state;
	assert_string_equal(cli_duration_text(out, 0.04), "0.04 s");
	assert_string_equal(cli_duration_text(out, 4.12), "4.1 s");
	assert_string_equal(cli_duration_text(out, 59.4), "59 s");
	assert_string_equal(cli_duration_text(out, 59.6), "1 min 0 s");
	assert_string_equal(cli_duration_text(out, 187), "3 min 7 s");
	assert_string_equal(cli_duration_text(out, 7500), "2 h 5 min");
	assert_string_equal(cli_duration_text(out, -1), "< 0.01 s");
	assert_string_equal(cli_clock_text(out, 7400), "0:07");
	assert_string_equal(cli_clock_text(out, 754000), "12:34");
	assert_string_equal(cli_clock_text(out, 3723000), "1:02:03");
	assert_string_equal(cli_clock_text(out, UINT64_MAX), "> 4 days");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_bytes_with_decimal_and_binary_units),
		cmocka_unit_test(rates_are_bits_or_bytes_and_say_which),
		cmocka_unit_test(durations_have_units_and_may_be_sums),
		cmocka_unit_test(
		    what_is_no_size_is_refused_and_changes_nothing),
		cmocka_unit_test(
		    what_is_no_rate_is_refused_and_changes_nothing),
		cmocka_unit_test(
		    what_is_no_duration_is_refused_and_changes_nothing),
		cmocka_unit_test(the_complaint_names_the_cure),
		cmocka_unit_test(sizes_are_shown_in_three_digits),
		cmocka_unit_test(times_are_shown_as_people_say_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
