/* What a job does for a peer that lacks its RECEIPT. */
#include <string.h>
#include <sys/stat.h>

#include "devices.h"
#include "os_fixture.h"

enum { SENDER, RECEIVER, BOTH };

static void
close_both(struct device v[BOTH])
{
	device_close(&v[SENDER]);
	device_close(&v[RECEIVER]);
}

static bool
has_a_new_code(void *arg)
{
	const struct device *d = arg;

	return d->seen[GW_EVENT_LISTENING] == 2;
}

static bool
has_all_bytes(void *arg)
{
	const struct device *d = arg;

	return d->bytes == 1000;
}

static bool
has_completed(void *arg)
{
	return ((const struct device *)arg)->seen[GW_EVENT_COMPLETE] > 0;
}

static bool
is_over(void *arg)
{
	return ((const struct device *)arg)->over;
}

static bool
has_progressed(void *arg)
{
	return ((const struct device *)arg)->seen[GW_EVENT_PROGRESS] > 0;
}

/* Only one of them is awake. */
static void
run_alone(
    struct device v[BOTH], unsigned who, bool (*until)(void *), const void *d)
{
	v[who].deaf = false;
	v[1 - who].deaf = true;
	assert_true(devices_run(v, BOTH, until, (void *)(uintptr_t)d, 60000));
	v[1 - who].deaf = false;
}

/* The receiver is done; the sender sent all, and has no word of it. */
static void
lose_the_receipt(struct device v[BOTH], bool once, uint32_t retry_ms)
{
	struct gw_recv_options ro = GW_RECV_OPTIONS_INIT;
	struct gw_send_options so = GW_SEND_OPTIONS_INIT;

	device_open(&v[SENDER], "alder");
	device_open(&v[RECEIVER], "birch");
	devices_make_file("file", 1000);
	assert_int_equal(mkdir("target", 0755), 0);
	ro.once = once;
	ro.link.retry_ms = retry_ms;
	v[RECEIVER].hold = true;
	device_wait_recv(&v[RECEIVER], &ro, "target");
	device_send(&v[SENDER], &v[RECEIVER], &so, "file");
	devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_OFFER);
	assert_int_equal(gw_job_answer(v[RECEIVER].job, GW_ANSWER_YES), GW_OK);
	v[RECEIVER].seen[GW_EVENT_PROGRESS] = 0;
	run_alone(v, RECEIVER, has_progressed, &v[RECEIVER]);
	run_alone(v, SENDER, has_all_bytes, &v[SENDER]);
	run_alone(v, RECEIVER, has_completed, &v[RECEIVER]);
	assert_int_equal(v[SENDER].seen[GW_EVENT_COMPLETE], 0);
	assert_true(devices_cut(v[RECEIVER].port) > 0);
}

static void
was_told_once(const struct device *d)
{
	assert_int_equal(d->seen[GW_EVENT_OFFER], 1);
	assert_int_equal(d->seen[GW_EVENT_ENTRY], 1);
	assert_int_equal(d->seen[GW_EVENT_COMPLETE], 1);
	assert_int_equal(d->seen[GW_EVENT_ERROR], 0);
}

static void
a_lost_receipt_is_fetched_with_the_same_code(void **state)
{
	struct device v[BOTH];

	(void)state;
	lose_the_receipt(v, false, 30000);
	devices_until(v, BOTH, &v[SENDER], GW_EVENT_END);
	assert_int_equal(v[SENDER].end, GW_OK);
	assert_true(devices_run(v, BOTH, has_a_new_code, &v[RECEIVER], 10000));
	for (unsigned i = 0; i < BOTH; i++)
		was_told_once(&v[i]);
	assert_int_not_equal(v[RECEIVER].what, GW_NOTICE_GUESS);
	assert_false(os_fixture_exists("target/file (1)"));
	devices_same_file("file", "target/file");
	close_both(v);
}

static void
a_lost_receipt_is_fetched_from_a_recv_of_one_transfer(void **state)
{
	struct device v[BOTH];

	(void)state;
	lose_the_receipt(v, true, 30000);
	devices_until_over(v, BOTH);
	for (unsigned i = 0; i < BOTH; i++) {
		assert_int_equal(v[i].end, GW_OK);
		was_told_once(&v[i]);
	}
	close_both(v);
}

static void
a_receipt_that_nobody_fetches_leaves_the_result_as_it_is(void **state)
{
	struct device v[BOTH];

	(void)state;
	lose_the_receipt(v, true, 500);
	v[SENDER].deaf = true;
	devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_END);
	assert_int_equal(v[RECEIVER].end, GW_OK);
	was_told_once(&v[RECEIVER]);
	v[SENDER].deaf = false;
	close_both(v);
}

static void
an_interrupt_ends_the_wait_for_who_lacks_the_receipt(void **state)
{
	struct device v[BOTH];

	(void)state;
	lose_the_receipt(v, true, 30000);
	v[SENDER].deaf = true;
	devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_NOTICE);
	assert_int_equal(v[RECEIVER].what, GW_NOTICE_RETRY);
	assert_false(v[RECEIVER].over);
	gw_job_cancel(v[RECEIVER].job);
	assert_true(devices_run(v, BOTH, is_over, &v[RECEIVER], 10000));
	assert_int_equal(v[RECEIVER].end, GW_OK);
	was_told_once(&v[RECEIVER]);
	v[SENDER].deaf = false;
	close_both(v);
}

/* It began anew, and does not ask for the old one's. */
static void
a_new_run_of_the_sender_is_told_in_full(void **state)
{
	struct gw_send_options so = GW_SEND_OPTIONS_INIT;
	struct device v[BOTH];

	(void)state;
	lose_the_receipt(v, true, 30000);
	device_forget(&v[SENDER]);
	v[RECEIVER].hold = false;
	device_send(&v[SENDER], &v[RECEIVER], &so, "file");
	devices_until_over(v, BOTH);
	for (unsigned i = 0; i < BOTH; i++)
		assert_int_equal(v[i].end, GW_OK);
	assert_int_equal(v[RECEIVER].seen[GW_EVENT_OFFER], 2);
	assert_int_equal(v[RECEIVER].seen[GW_EVENT_ENTRY], 2);
	assert_int_equal(v[RECEIVER].seen[GW_EVENT_COMPLETE], 2);
	assert_false(os_fixture_exists("target/file (1)"));
	close_both(v);
}

#define IN_A_DIRECTORY(f)                                                      \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(a_lost_receipt_is_fetched_with_the_same_code),
		IN_A_DIRECTORY(
		    a_lost_receipt_is_fetched_from_a_recv_of_one_transfer),
		IN_A_DIRECTORY(
		    a_receipt_that_nobody_fetches_leaves_the_result_as_it_is),
		IN_A_DIRECTORY(
		    an_interrupt_ends_the_wait_for_who_lacks_the_receipt),
		IN_A_DIRECTORY(a_new_run_of_the_sender_is_told_in_full),
	};

	return cmocka_run_group_tests_name("job_receipt", tests, NULL, NULL);
}
