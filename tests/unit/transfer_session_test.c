/* What happens on a job's session: questions, refusals, stalls, progress. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "devices.h"
#include "os_fixture.h"

enum { SENDER, RECEIVER, BOTH };

static void
open_both(struct device v[BOTH])
{
	device_open(&v[SENDER], "alder");
	device_open(&v[RECEIVER], "birch");
	devices_make_file("file", 3 << 20);
	assert_int_equal(mkdir("target", 0755), 0);
}

static void
begin(struct device v[BOTH], bool accept, uint64_t rate, uint32_t timeout_ms)
{
	struct gw_recv_options ro = GW_RECV_OPTIONS_INIT;
	struct gw_send_options so = GW_SEND_OPTIONS_INIT;

	ro.once = true;
	ro.accept = accept;
	ro.on_conflict = GW_CONFLICT_ASK;
	ro.link.timeout_ms = so.link.timeout_ms = timeout_ms;
	so.link.retry_set = ro.link.retry_set = timeout_ms != 0;
	so.link.rate = rate;
	device_wait_recv(&v[RECEIVER], &ro, "target");
	device_send(&v[SENDER], &v[RECEIVER], &so, "file");
}

static void
close_both(struct device v[BOTH])
{
	device_close(&v[SENDER]);
	device_close(&v[RECEIVER]);
}

/* ---- questions ---- */

static void
a_refused_offer_ends_both_and_writes_nothing(void **state)
{
	struct device v[BOTH];

	(void)state;
	open_both(v);
	v[RECEIVER].answer = GW_ANSWER_NO;
	begin(v, false, 0, 0);
	devices_until_over(v, BOTH);
	for (unsigned i = 0; i < BOTH; i++) {
		assert_int_equal(v[i].end, GW_E_REFUSED);
		assert_int_equal(v[i].seen[GW_EVENT_ERROR], 1);
		assert_int_equal(v[i].seen[GW_EVENT_COMPLETE], 0);
	}
	assert_int_equal(os_fixture_lstat("target").st_nlink, 2);
	assert_false(os_fixture_exists("target/file"));
	close_both(v);
}

static void
an_offer_waits_for_its_answer_and_is_answered_once(void **state)
{
	struct device v[BOTH];

	(void)state;
	open_both(v);
	v[RECEIVER].hold = true;
	begin(v, false, 0, 0);
	assert_int_equal(
	    gw_job_answer(v[RECEIVER].job, GW_ANSWER_YES), GW_E_USAGE);
	devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_OFFER);
	assert_int_equal(v[RECEIVER].offer.offer.bytes, 3 << 20);
	assert_true(v[RECEIVER].offer.offer.needs_answer);
	assert_int_equal(
	    gw_job_answer(v[SENDER].job, GW_ANSWER_YES), GW_E_USAGE);
	assert_int_equal(gw_job_answer(v[RECEIVER].job, GW_ANSWER_YES), GW_OK);
	assert_int_equal(
	    gw_job_answer(v[RECEIVER].job, GW_ANSWER_YES), GW_E_USAGE);
	devices_until_over(v, BOTH);
	assert_int_equal(v[RECEIVER].end, GW_OK);
	assert_int_equal(v[SENDER].end, GW_OK);
	devices_same_file("file", "target/file");
	close_both(v);
}

static void
answer_a_conflict(unsigned answer, bool overwritten, bool renamed)
{
	struct device v[BOTH];

	open_both(v);
	os_fixture_text("target/file", "mine");
	v[RECEIVER].answer = answer;
	begin(v, true, 0, 0);
	devices_until_over(v, BOTH);
	assert_int_equal(v[RECEIVER].seen[GW_EVENT_CONFLICT], 1);
	assert_int_equal(v[RECEIVER].end, GW_OK);
	assert_int_equal(v[SENDER].end, GW_OK);
	if (overwritten)
		devices_same_file("file", "target/file");
	else
		assert_string_equal(
		    os_fixture_read("target/file", NULL), "mine");
	assert_int_equal(os_fixture_exists("target/file (1)"), renamed);
	assert_int_equal(
	    v[RECEIVER].complete.complete.skipped, !overwritten && !renamed);
	close_both(v);
}

static void
a_conflict_can_be_overwritten(void **state)
{
	(void)state;
	answer_a_conflict(GW_ANSWER_YES, true, false);
}

static void
a_conflict_can_be_renamed(void **state)
{
	(void)state;
	answer_a_conflict(GW_ANSWER_RENAME | GW_ANSWER_ALL, false, true);
}

static void
a_conflict_can_be_skipped(void **state)
{
	(void)state;
	answer_a_conflict(GW_ANSWER_NO, false, false);
}

/* ---- progress, rates, stalls ---- */

static void
progress_only_grows_and_ends_at_the_whole(void **state)
{
	struct device v[BOTH];
	uint64_t before[BOTH] = { 0 };

	(void)state;
	open_both(v);
	begin(v, true, 3 << 20, 0);
	for (uint64_t at = 1; at <= 3; at++) {
		devices_until_bytes(v, BOTH, &v[RECEIVER], at << 19);
		for (unsigned i = 0; i < BOTH; i++) {
			assert_true(v[i].bytes >= before[i]);
			assert_int_equal(v[i].bytes, v[i].most_bytes);
			before[i] = v[i].bytes;
		}
	}
	devices_until_over(v, BOTH);
	for (unsigned i = 0; i < BOTH; i++) {
		assert_true(v[i].most_bytes <= 3 << 20);
		assert_int_equal(v[i].complete.complete.bytes, 3 << 20);
		assert_true(v[i].complete.complete.seconds > 0);
	}
	close_both(v);
}

/* A limit that would take hours is lifted. */
static void
the_rate_of_a_running_job_can_be_changed(void **state)
{
	struct device v[BOTH];

	(void)state;
	open_both(v);
	begin(v, true, 1000, 0);
	devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_PROGRESS);
	assert_false(v[RECEIVER].over);
	gw_job_set_rate(v[SENDER].job, 0);
	gw_job_set_rate(v[RECEIVER].job, 0);
	devices_until_over(v, BOTH);
	assert_int_equal(v[SENDER].end, GW_OK);
	assert_int_equal(v[RECEIVER].end, GW_OK);
	close_both(v);
}

static void
a_silent_peer_is_given_up_after_the_timeout(void **state)
{
	for (unsigned silent = 0; silent < BOTH; silent++) {
		struct device v[BOTH];

		os_fixture_teardown(state);
		assert_int_equal(os_fixture_setup(state), 0);
		open_both(v);
		begin(v, true, 3 << 20, 700);
		devices_until_bytes(v, BOTH, &v[RECEIVER], 1 << 20);
		v[silent].deaf = true;
		devices_until(v, BOTH, &v[1 - silent], GW_EVENT_END);
		assert_int_equal(v[1 - silent].end, GW_E_STALLED);
		assert_int_equal(v[1 - silent].seen[GW_EVENT_ERROR], 1);
		v[silent].deaf = false;
		devices_until_over(v, BOTH);
		assert_int_not_equal(v[silent].end, GW_OK);
		close_both(v);
	}
}

/* A user who thinks is no stall. */
static void
a_question_may_be_open_for_longer_than_the_timeout(void **state)
{
	struct device v[BOTH];
	struct gw_job *job;

	(void)state;
	open_both(v);
	v[RECEIVER].hold = true;
	begin(v, false, 0, 3000);
	devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_OFFER);
	job = v[RECEIVER].job;
	for (unsigned i = 0; i < 18; i++) { /* progress comes each 200 ms */
		v[RECEIVER].seen[GW_EVENT_PROGRESS] = 0;
		devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_PROGRESS);
	}
	assert_false(v[SENDER].over);
	assert_int_equal(gw_job_answer(job, GW_ANSWER_YES), GW_OK);
	devices_until_over(v, BOTH);
	assert_int_equal(v[SENDER].end, GW_OK);
	assert_int_equal(v[RECEIVER].end, GW_OK);
	close_both(v);
}

#define IN_A_DIRECTORY(f)                                                      \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(a_refused_offer_ends_both_and_writes_nothing),
		IN_A_DIRECTORY(
		    an_offer_waits_for_its_answer_and_is_answered_once),
		IN_A_DIRECTORY(a_conflict_can_be_overwritten),
		IN_A_DIRECTORY(a_conflict_can_be_renamed),
		IN_A_DIRECTORY(a_conflict_can_be_skipped),
		IN_A_DIRECTORY(progress_only_grows_and_ends_at_the_whole),
		IN_A_DIRECTORY(the_rate_of_a_running_job_can_be_changed),
		IN_A_DIRECTORY(a_silent_peer_is_given_up_after_the_timeout),
		IN_A_DIRECTORY(
		    a_question_may_be_open_for_longer_than_the_timeout),
	};

	return cmocka_run_group_tests_name("job_session", tests, NULL, NULL);
}
