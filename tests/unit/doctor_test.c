/*
 * Reading the machine, and all checks at once where nobody is disturbed: in
 * a network namespace of its own.
 */
#include "diag/doctor.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "alloc.h"
#include "doctor_fixture.h"
#include "os_fixture.h"
#include "test.h"

static void
files_are_read_below_the_root(void **state)
{
	struct doctor d = doctor_begin();
	char text[GW_MACHINE_TEXT];
	long v = 7;

	(void)state;
	doctor_file("/proc/a", "  42 rest\n");
	doctor_file("/proc/b", "none\n");
	assert_true(gw_machine_text(&d.machine, text, "/proc/%s", "a"));
	assert_string_equal(text, "  42 rest\n");
	assert_true(gw_machine_number(&d.machine, &v, "/proc/%s", "a"));
	assert_int_equal(v, 42);
	assert_false(gw_machine_number(&d.machine, &v, "/proc/b"));
	assert_false(gw_machine_number(&d.machine, &v, "/proc/c"));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(v, 42);
	assert_true(gw_machine_has(&d.machine, "/proc/a"));
	assert_false(gw_machine_has(&d.machine, "/proc/c"));
	doctor_end(&d);
}

static void
the_larger_setting_is_in_force(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_file("/proc/sys/net/ipv4/conf/all/x", "1\n");
	assert_int_equal(gw_machine_setting(&d.machine, "e", "x"), -1);
	doctor_file("/proc/sys/net/ipv4/conf/e/x", "0\n");
	assert_int_equal(gw_machine_setting(&d.machine, "e", "x"), 1);
	doctor_file("/proc/sys/net/ipv4/conf/e/x", "2\n");
	assert_int_equal(gw_machine_setting(&d.machine, "e", "x"), 2);
	doctor_end(&d);
}

static int
look_alone(void *arg)
{
	struct gw_findings l = { .count = 0 };
	bool found = false;

	(void)arg;
	if (unshare(CLONE_NEWNET) != 0)
		return 77;
	for (long n = 0;; n++) {
		test_fail_alloc(n);
		if (gw_doctor_look(&l) == GW_OK)
			break;
		gw_findings_fini(&l);
	}
	test_fail_alloc(-1);
	gw_findings_fini(&l);
	if (gw_doctor_look(&l) != GW_OK)
		return 1;
	/* Loopback is down in a new one. */
	for (size_t i = 0; i < l.count; i++)
		found |= strcmp(l.v[i].check, "interface") == 0 &&
			 strcmp(l.v[i].subject, "lo") == 0 &&
			 l.v[i].grade == GW_GRADE_PROBLEM;
	gw_findings_fini(&l);
	return found ? 0 : 2;
}

static void
it_looks_at_a_machine_without_network(void **state)
{
	int status = os_fixture_child(look_alone, NULL);

	(void)state;
	if (status == 77) {
		print_message("no network namespace of its own\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_are_read_below_the_root,
		    os_fixture_setup, os_fixture_teardown),
		cmocka_unit_test_setup_teardown(the_larger_setting_is_in_force,
		    os_fixture_setup, os_fixture_teardown),
		cmocka_unit_test(it_looks_at_a_machine_without_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
