/*
 * Rules are the kernel's: tests/net/test_doctor.py.
 */
#include "doctor_fixture.h"
#include "os_fixture.h"
#include "test.h"

static void
managers_are_seen_by_their_files(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_file("/etc/ufw/ufw.conf", "# ENABLED=yes\nENABLED=no\n");
	doctor_file("/proc/7/comm", "firewalld-not\n");
	doctor_look(&d, gw_doctor_firewall);
	for (size_t i = 0; i < d.found.count; i++)
		assert_true(d.found.v[i].subject[0] != 'u' &&
			    d.found.v[i].subject[0] != 'f');
	doctor_file("/etc/ufw/ufw.conf", "# comment\nENABLED=yes\n");
	doctor_file("/proc/7/comm", "firewalld\n");
	doctor_look(&d, gw_doctor_firewall);
	assert_string_equal(doctor_one(&d, GW_GRADE_NOTE, "ufw")->advice,
	    "ufw allow 4638/udp && ufw allow 4639/udp && ufw allow 4639/tcp");
	doctor_says(doctor_one(&d, GW_GRADE_NOTE, "firewalld")->advice,
	    "firewall-cmd --permanent --add-port=4638/udp");
	doctor_end(&d);
}

static void
old_iptables_are_told_of(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_file("/proc/net/ip_tables_names", "nat\nfilter\n");
	doctor_file("/proc/net/ip6_tables_names", "nat\n");
	doctor_look(&d, gw_doctor_firewall);
	doctor_says(doctor_one(&d, GW_GRADE_NOTE, "iptables-legacy")->advice,
	    "iptables-legacy -S INPUT");
	for (size_t i = 0; i < d.found.count; i++)
		assert_string_not_equal(
		    d.found.v[i].subject, "ip6tables-legacy");
	doctor_end(&d);
}

static void
conntrack(struct doctor *d, const char *count)
{
	doctor_file("/proc/sys/net/netfilter/nf_conntrack_count", count);
	doctor_file("/proc/sys/net/netfilter/nf_conntrack_max", "1000\n");
	doctor_look(d, gw_doctor_conntrack);
}

static void
a_full_table_of_connections_is_a_problem(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	d.machine.root = "./nowhere";
	doctor_look(&d, gw_doctor_conntrack);
	doctor_says(doctor_one(&d, GW_GRADE_OK, "")->text, "not tracked");
	d.machine.root = ".";
	conntrack(&d, "799\n");
	doctor_one(&d, GW_GRADE_OK, "");
	conntrack(&d, "800\n");
	doctor_one(&d, GW_GRADE_NOTE, "");
	conntrack(&d, "1000\n");
	doctor_says(doctor_one(&d, GW_GRADE_PROBLEM, "")->advice,
	    "sysctl -w net.netfilter.nf_conntrack_max=2000");
	doctor_end(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(managers_are_seen_by_their_files),
		cmocka_unit_test(old_iptables_are_told_of),
		cmocka_unit_test(a_full_table_of_connections_is_a_problem),
	};

	return cmocka_run_group_tests(
	    tests, os_fixture_setup, os_fixture_teardown);
}
