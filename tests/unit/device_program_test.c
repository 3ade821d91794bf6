/*
 * `godwit devices`, and what send and recv make of the names of devices: the
 * program on an API that a script plays.
 */
#include <string.h>

#include "program.h"
#include "test.h"

static void
remembered_devices_are_listed_renamed_and_forgotten(void **state)
{
	static const struct gw_device all[] = { { .name = "kitchen-pc",
	    .key = "00112233445566778899aabbccddeeff"
		   "00112233445566778899aabbccddeeff",
	    .added = 1700000000 } };

	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit devices"), 0);
	says(result.out, "No device is remembered.");
	fake.devices = all;
	fake.device_count = 1;
	assert_int_equal(run("godwit devices"), 0);
	says(result.out, "kitchen-pc            2023-11-1");
	assert_int_equal(run("godwit devices --json"), 0);
	says(result.out, "{\"name\":\"kitchen-pc\",\"key\":\"00112233");
	assert_int_equal(run("godwit devices rename a b"), 0);
	assert_string_equal(result.seen.renamed[0], "a");
	assert_string_equal(result.seen.renamed[1], "b");
	assert_int_equal(run("godwit devices forget a"), 0);
	assert_string_equal(result.seen.forgotten, "a");
	assert_int_equal(run("godwit devices name"), 0);
	assert_string_equal(result.out, "desk\n");
	assert_int_equal(run("godwit devices name shelf"), 0);
	assert_string_equal(result.seen.renamed[1], "shelf");
	fake.device = GW_E_NO_PATH;
	fake.last_error = "no remembered device is called a";
	assert_int_equal(run("godwit devices forget a"), 7);
	says(result.err, "no remembered device is called a");
}

static void
what_makes_no_sense_is_refused(void **state)
{
	static const char *const lines[] = { "godwit devices x",
		"godwit devices rename a", "godwit devices forget",
		"godwit devices name a b" };

	(void)state;
	PLAY(transfer);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (run(lines[i]) != 2)
			fail_msg("%s: %d", lines[i], result.status);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    remembered_devices_are_listed_renamed_and_forgotten),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests_name(
	    "device_program", tests, program_begin, program_end);
}
