/*
 * What routes say is asked of the kernel: tests/net/test_doctor.py.
 */
#include "doctor_fixture.h"
#include "os_fixture.h"
#include "test.h"

static void
set(const char *all, const char *eth0, const char *eth1)
{
	doctor_file("/proc/sys/net/ipv4/conf/all/rp_filter", all);
	doctor_file("/proc/sys/net/ipv4/conf/eth0/rp_filter", eth0);
	doctor_file("/proc/sys/net/ipv4/conf/eth1/rp_filter", eth1);
}

static struct doctor
two(const char *other)
{
	struct doctor d = doctor_begin();

	doctor_interface(&d, "lo")->loopback = true;
	doctor_address(&d, "127.0.0.1", 8);
	doctor_interface(&d, "eth0");
	doctor_address(&d, "10.0.0.5", 24);
	doctor_interface(&d, "eth1");
	doctor_address(&d, other, 16);
	return d;
}

static void
strict_matters_where_two_are_in_one_subnet(void **state)
{
	struct doctor d = two("10.0.9.9");

	(void)state;
	set("0\n", "0\n", "1\n");
	doctor_look(&d, gw_doctor_rp_filter);
	doctor_says(doctor_one(&d, GW_GRADE_PROBLEM, "eth1")->text,
	    "eth0 is in the same subnet");
	assert_string_equal(doctor_one(&d, GW_GRADE_PROBLEM, NULL)->advice,
	    "sysctl -w net.ipv4.conf.eth1.rp_filter=2");
	set("1\n", "0\n", "2\n");
	doctor_look(&d, gw_doctor_rp_filter);
	doctor_one(&d, GW_GRADE_PROBLEM, "eth0");
	set("2\n", "1\n", "1\n");
	doctor_look(&d, gw_doctor_rp_filter);
	doctor_none(&d, GW_GRADE_PROBLEM);
	doctor_end(&d);
}

static void
strict_does_not_matter_elsewhere(void **state)
{
	struct doctor d = two("10.1.0.9");

	(void)state;
	set("1\n", "1\n", "1\n");
	doctor_look(&d, gw_doctor_rp_filter);
	doctor_none(&d, GW_GRADE_PROBLEM);
	doctor_end(&d);
	/* Nor where the other one is down, or it cannot be known. */
	d = two("10.0.9.9");
	d.machine.interfaces.v[1].up = false;
	doctor_look(&d, gw_doctor_rp_filter);
	doctor_none(&d, GW_GRADE_PROBLEM);
	d.machine.interfaces.v[1].up = true;
	d.machine.root = "./nowhere";
	doctor_look(&d, gw_doctor_rp_filter);
	doctor_none(&d, GW_GRADE_PROBLEM);
	doctor_end(&d);
}

static void
families_do_not_meet(void **state)
{
	struct doctor d = two("::1");

	(void)state;
	set("1\n", "1\n", "1\n");
	doctor_look(&d, gw_doctor_rp_filter);
	doctor_none(&d, GW_GRADE_PROBLEM);
	doctor_end(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strict_matters_where_two_are_in_one_subnet),
		cmocka_unit_test(strict_does_not_matter_elsewhere),
		cmocka_unit_test(families_do_not_meet),
	};

	return cmocka_run_group_tests(
	    tests, os_fixture_setup, os_fixture_teardown);
}
