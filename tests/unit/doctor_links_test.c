#include "doctor_fixture.h"
#include "os_fixture.h"
#include "test.h"

static void
an_interface_in_use_is_well(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_interface(&d, "eth0");
	doctor_address(&d, "10.0.0.5", 24);
	doctor_look(&d, gw_doctor_interfaces);
	assert_string_equal(doctor_one(&d, GW_GRADE_OK, "eth0")->text,
	    "up (10.0.0.5/24), broadcast, multicast");
	doctor_end(&d);
}

static void
without_one_nobody_is_found(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_interface(&d, "lo")->loopback = true;
	doctor_address(&d, "127.0.0.1", 8);
	doctor_look(&d, gw_doctor_interfaces);
	doctor_says(doctor_one(&d, GW_GRADE_PROBLEM, "")->advice,
	    "connect to a network");
	doctor_interface(&d, "eth0")->up = false;
	doctor_look(&d, gw_doctor_interfaces);
	assert_string_equal(doctor_one(&d, GW_GRADE_PROBLEM, "")->advice,
	    "ip link set eth0 up");
	/* One without an address is none either: a port of a bridge. */
	d.machine.interfaces.v[1].up = true;
	doctor_look(&d, gw_doctor_interfaces);
	doctor_one(&d, GW_GRADE_OK, "eth0");
	doctor_one(&d, GW_GRADE_PROBLEM, "");
	doctor_end(&d);
}

static void
loopback_that_is_down_is_a_problem(void **state)
{
	struct doctor d = doctor_begin();
	struct gw_netif *lo = doctor_interface(&d, "lo");

	(void)state;
	lo->loopback = true;
	lo->up = false;
	doctor_look(&d, gw_doctor_interfaces);
	assert_string_equal(doctor_one(&d, GW_GRADE_PROBLEM, "lo")->advice,
	    "ip link set lo up");
	doctor_end(&d);
}

static void
what_does_not_carry_broadcast_is_noted(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_interface(&d, "tun0")->point_to_point = true;
	doctor_address(&d, "10.8.0.2", 32);
	doctor_interface(&d, "eth0")->broadcast = false;
	doctor_address(&d, "10.0.0.5", 24);
	doctor_interface(&d, "eth1");
	doctor_address(&d, "10.1.0.5", 32);
	doctor_interface(&d, "eth2")->running = false;
	doctor_address(&d, "10.2.0.5", 24);
	doctor_file("/sys/class/net/eth2/device", "");
	doctor_interface(&d, "docker0")->running = false;
	doctor_address(&d, "10.3.0.5", 24);
	doctor_look(&d, gw_doctor_interfaces);
	doctor_says(
	    doctor_one(&d, GW_GRADE_NOTE, "tun0")->text, "point-to-point");
	doctor_says(doctor_one(&d, GW_GRADE_NOTE, "eth0")->text,
	    "without broadcast (10.0.0.5/24)");
	doctor_says(doctor_one(&d, GW_GRADE_NOTE, "eth1")->text,
	    "its subnet has no broadcast address");
	doctor_says(
	    doctor_one(&d, GW_GRADE_NOTE, "eth2")->text, "carries nothing");
	/* A bridge without anybody on it is how bridges are. */
	doctor_says(doctor_one(&d, GW_GRADE_OK, "docker0")->text, "not used");
	doctor_none(&d, GW_GRADE_PROBLEM);
	doctor_end(&d);
}

static void
families_that_are_missing_are_noted(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_file("/proc/sys/net/ipv6/conf/eth0.5/disable_ipv6", "1\n");
	doctor_file("/proc/sys/net/ipv6/conf/eth1/disable_ipv6", "0\n");
	doctor_interface(&d, "eth0.5");
	doctor_address(&d, "10.0.0.5", 24);
	doctor_look(&d, gw_doctor_ipv4);
	doctor_none(&d, GW_GRADE_NOTE);
	doctor_look(&d, gw_doctor_ipv6);
	/* A dot of the name would part it. */
	assert_string_equal(doctor_one(&d, GW_GRADE_NOTE, "eth0.5")->advice,
	    "sysctl -w net.ipv6.conf.eth0/5.disable_ipv6=0");
	doctor_interface(&d, "eth1");
	doctor_address(&d, "10.1.0.5", 24);
	doctor_look(&d, gw_doctor_ipv6);
	doctor_says(doctor_one(&d, GW_GRADE_NOTE, "eth1")->text,
	    "not even a link-local one");
	doctor_address(&d, "::1", 128);
	doctor_look(&d, gw_doctor_ipv6);
	doctor_one(&d, GW_GRADE_NOTE, "eth0.5");
	doctor_end(&d);
}

static void
a_kernel_without_ipv6_is_noted_once(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	d.machine.root = "./nowhere";
	doctor_interface(&d, "eth0");
	doctor_address(&d, "::1", 64);
	doctor_look(&d, gw_doctor_ipv6);
	doctor_says(doctor_one(&d, GW_GRADE_NOTE, "")->text, "without IPv6");
	doctor_look(&d, gw_doctor_ipv4);
	doctor_says(doctor_one(&d, GW_GRADE_NOTE, "")->text, "by IPv6");
	doctor_end(&d);
}

static void
multicast_may_be_off_or_too_little(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_file("/proc/sys/net/ipv4/igmp_max_memberships", "2\n");
	doctor_interface(&d, "eth0");
	doctor_address(&d, "10.0.0.5", 24);
	doctor_interface(&d, "eth1");
	doctor_address(&d, "10.1.0.5", 24);
	doctor_look(&d, gw_doctor_multicast);
	doctor_none(&d, GW_GRADE_NOTE);
	doctor_interface(&d, "eth2")->multicast = false;
	doctor_address(&d, "10.2.0.5", 24);
	doctor_look(&d, gw_doctor_multicast);
	assert_string_equal(doctor_one(&d, GW_GRADE_NOTE, "eth2")->advice,
	    "ip link set dev eth2 multicast on");
	assert_string_equal(doctor_one(&d, GW_GRADE_NOTE, "")->advice,
	    "sysctl -w net.ipv4.igmp_max_memberships=6");
	doctor_end(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_in_use_is_well),
		cmocka_unit_test(without_one_nobody_is_found),
		cmocka_unit_test(loopback_that_is_down_is_a_problem),
		cmocka_unit_test_setup_teardown(
		    what_does_not_carry_broadcast_is_noted, os_fixture_setup,
		    os_fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    families_that_are_missing_are_noted, os_fixture_setup,
		    os_fixture_teardown),
		cmocka_unit_test(a_kernel_without_ipv6_is_noted_once),
		cmocka_unit_test_setup_teardown(
		    multicast_may_be_off_or_too_little, os_fixture_setup,
		    os_fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
