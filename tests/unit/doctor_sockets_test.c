#include "doctor_fixture.h"
#include "os_fixture.h"
#include "test.h"

static void
judge(struct doctor *d, bool receiving, size_t granted)
{
	gw_findings_fini(&d->found);
	d->found.check = "buffers";
	gw_doctor_judge_buffer(&d->machine, &d->found, receiving, granted);
}

static void
small_buffers_are_told_with_the_command(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_file("/proc/sys/net/core/rmem_max", "212992\n");
	judge(&d, true, 212992);
	doctor_says(doctor_one(&d, GW_GRADE_NOTE, "receiving")->text,
	    "212992 bytes where godwit asks for 7000000");
	doctor_says(d.found.v[0].advice,
	    "sysctl -w net.core.rmem_max=7000000 (to keep it: ");
	judge(&d, true, 5000);
	doctor_one(&d, GW_GRADE_PROBLEM, "receiving");
	judge(&d, false, 5000);
	doctor_says(doctor_one(&d, GW_GRADE_PROBLEM, "sending")->advice,
	    "sysctl -w net.core.wmem_max=7000000");
	judge(&d, true, 2500000);
	doctor_one(&d, GW_GRADE_OK, "receiving");
	/* The limit is not to blame. */
	doctor_file("/proc/sys/net/core/rmem_max", "8000000\n");
	judge(&d, true, 212992);
	doctor_says(d.found.v[0].advice, "allows it");
	doctor_end(&d);
}

static void
what_the_kernel_gives_is_asked_of_it(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_look(&d, gw_doctor_buffers);
	assert_int_equal(d.found.count, 2);
	assert_string_equal(d.found.v[0].subject, "receiving");
	assert_string_equal(d.found.v[1].subject, "sending");
	doctor_end(&d);
}

static void
trains_are_tried_on_loopback(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_interface(&d, "nosuch0");
	doctor_look(&d, gw_doctor_offload);
	/* Whether the kernel offers it or not: the datagrams have come. */
	doctor_none(&d, GW_GRADE_PROBLEM);
	assert_int_equal(d.found.count, 3);
	assert_string_equal(d.found.v[0].subject, "UDP_SEGMENT");
	assert_string_equal(d.found.v[1].subject, "UDP_GRO");
	doctor_says(doctor_one(&d, GW_GRADE_OK, "nosuch0")->text,
	    "does not tell its features");
	doctor_end(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_buffers_are_told_with_the_command),
		cmocka_unit_test(what_the_kernel_gives_is_asked_of_it),
		cmocka_unit_test(trains_are_tried_on_loopback),
	};

	return cmocka_run_group_tests(
	    tests, os_fixture_setup, os_fixture_teardown);
}
