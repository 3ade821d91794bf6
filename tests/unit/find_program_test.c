/*
 * The program without a terminal: what it says and asks of the library where
 * one finds the other by a code or a name.
 */
#include "program.h"
#include "test.h"

static void
a_code_without_number_or_address_says_what_is_missing(void **state)
{
	(void)state;
	PLAY(transfer);
	run("godwit recv one-secret-code");
	says(result.err, "--from HOST");
}

static void
who_is_found_by_beacons_needs_no_address(void **state)
{
	(void)state;
	PLAY(found);
	assert_int_equal(run("godwit send photos"), 0);
	says(result.err, "\n    godwit recv 7-crane-otter\n");
	says(result.err, "or, where that finds nothing: godwit recv "
			 "7-crane-otter --from 192.168.1.5:40123\n");
	assert_true(result.seen.send.link.beacons);
	PLAY(found);
	assert_int_equal(run("godwit recv --yes"), 0);
	says(result.err, "\n    godwit send PATH --to 7-crane-otter\n");
	PLAY(found);
	assert_int_equal(run("godwit send photos --no-discovery"), 0);
	assert_false(result.seen.send.link.beacons);
}

static void
a_code_is_an_address(void **state)
{
	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit recv 7-Crane-otter -o in"), 0);
	assert_true(result.seen.recv.link.by_number);
	assert_true(result.seen.recv.accept);
	assert_string_equal(result.seen.host, "");
	assert_string_equal(result.seen.code, "7-Crane-otter");
	PLAY(transfer);
	assert_int_equal(run("godwit send photos --to 7-crane-otter"), 0);
	assert_true(result.seen.send.link.by_number);
	assert_string_equal(result.seen.host, "");
	assert_string_equal(result.seen.code, "7-crane-otter");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_code_without_number_or_address_says_what_is_missing),
		cmocka_unit_test(who_is_found_by_beacons_needs_no_address),
		cmocka_unit_test(a_code_is_an_address),
	};

	return cmocka_run_group_tests(tests, program_begin, program_end);
}
