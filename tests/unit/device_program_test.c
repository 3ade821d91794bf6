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
a_remembered_name_needs_no_code(void **state)
{
	static const struct gw_device all[] = { { .name = "hall" } };

	(void)state;
	PLAY(transfer);
	fake.devices = all;
	fake.device_count = 1;
	assert_int_equal(run("godwit send x --to hall"), 0);
	assert_int_equal(run("godwit send x --to hall=192.0.2.1:9"), 0);
	assert_string_equal(result.seen.host, "192.0.2.1");
	assert_int_equal(run("godwit recv --from hall"), 0);
	/* Whoever gives a code means the host. */
	assert_int_equal(run("godwit send x --to hall --code 7-a-b"), 0);
	assert_string_equal(result.seen.code, "7-a-b");
	assert_int_equal(run("godwit send x --to yard"), 2);
}

static void
an_inbox_without_a_terminal_has_no_code(void **state)
{
	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit recv --from-known --once --max-size 5MB "
			     "--max-files 7"),
	    0);
	assert_true(result.seen.recv.link.for_known);
	assert_true(result.seen.recv.link.no_code);
	assert_true(result.seen.recv.accept_known);
	assert_false(result.seen.recv.accept);
	assert_int_equal(result.seen.recv.max_size, 5000000);
	assert_int_equal(result.seen.recv.max_files, 7);
	assert_int_equal(run("godwit recv --from-known --yes --once"), 0);
	assert_false(result.seen.recv.link.no_code);
	assert_int_equal(run("godwit recv --yes --once --remember"), 0);
	assert_true(result.seen.recv.link.for_known);
	assert_false(result.seen.recv.accept_known);
	assert_true(result.seen.recv.link.remember);
	assert_int_equal(run("godwit recv --yes --code 7-a-b"), 0);
	assert_false(result.seen.recv.link.for_known);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	static const char *const lines[] = { "godwit devices x",
		"godwit devices rename a", "godwit devices forget",
		"godwit devices name a b", "godwit pair a", "godwit pair a b",
		"godwit pair --with host --listen :1 a",
		"godwit send x --for a --to b",
		"godwit send x --for a --code c", "godwit send x --to =host",
		"godwit send x --to a=b --code c-d-e",
		"godwit recv --from a=b 7-a-b",
		"godwit recv --from-known --from b",
		"godwit recv --from-known --code 7-crane-otter" };

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
		cmocka_unit_test(a_remembered_name_needs_no_code),
		cmocka_unit_test(an_inbox_without_a_terminal_has_no_code),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests_name(
	    "device_program", tests, program_begin, program_end);
}
