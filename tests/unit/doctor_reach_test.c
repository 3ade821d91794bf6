#include <stdio.h>
#include <unistd.h>

#include "doctor_fixture.h"
#include "loopback.h"
#include "test.h"

static bool
reach(struct doctor *d, const char *host, uint16_t port)
{
	bool reached = false;

	gw_findings_fini(&d->found);
	assert_int_equal(
	    gw_doctor_reach(&d->found, host, port, &reached), GW_OK);
	return reached;
}

static void
who_listens_is_reached(void **state)
{
	struct doctor d = doctor_begin();
	uint16_t port;
	int fd = loopback_listen(&port);

	(void)state;
	assert_true(reach(&d, "127.0.0.1", port));
	doctor_says(doctor_one(&d, GW_GRADE_OK, NULL)->text, "waits there");
	/* Over udp nobody does. */
	doctor_says(doctor_one(&d, GW_GRADE_NOTE, NULL)->text, "nobody waits");
	close(fd);
	doctor_end(&d);
}

static void
who_is_silent_over_udp_may_be_there(void **state)
{
	struct doctor d = doctor_begin();
	uint16_t port;
	int fd = loopback_datagram(&port);

	(void)state;
	assert_true(reach(&d, "127.0.0.1", port));
	doctor_says(doctor_one(&d, GW_GRADE_OK, NULL)->text, "no refusal");
	doctor_one(&d, GW_GRADE_NOTE, NULL);
	close(fd);
	doctor_end(&d);
}

static void
where_nobody_waits_nothing_is_reached(void **state)
{
	struct doctor d = doctor_begin();
	uint16_t port;
	int fd = loopback_listen(&port);
	char subject[64];

	(void)state;
	close(fd);
	assert_false(reach(&d, "127.0.0.1", port));
	snprintf(subject, sizeof subject, "tcp 127.0.0.1:%u", port);
	doctor_says(doctor_one(&d, GW_GRADE_PROBLEM, subject)->advice,
	    "start the other side first");
	snprintf(subject, sizeof subject, "udp 127.0.0.1:%u", port);
	doctor_one(&d, GW_GRADE_PROBLEM, subject);
	doctor_end(&d);
}

static void
what_is_no_address_is_told(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	assert_false(reach(&d, "fe80::1%nosuch", 4639));
	doctor_says(doctor_one(&d, GW_GRADE_PROBLEM, NULL)->text, "nosuch");
	doctor_end(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_listens_is_reached),
		cmocka_unit_test(who_is_silent_over_udp_may_be_there),
		cmocka_unit_test(where_nobody_waits_nothing_is_reached),
		cmocka_unit_test(what_is_no_address_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
