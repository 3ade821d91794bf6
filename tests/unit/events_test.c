#include "run/events.h"

#include <string.h>

#include "alloc.h"
#include "test.h"

static void
strings_are_copied(void **state)
{
	struct gw_events q = { 0 };
	struct gw_event ev;
	char code[] = "7-crane-otter", address[] = "192.0.2.1";
	const char *list[] = { address, address };

	(void)state;
	gw_events_push(&q, &(struct gw_event){ .kind = GW_EVENT_LISTENING,
			       .listening = { .name = "here",
				   .addresses = list,
				   .address_count = 2,
				   .port = 4639,
				   .code = code } });
	memset(code, 'x', sizeof code - 1);
	memset(address, 'x', sizeof address - 1);
	list[0] = list[1] = NULL;
	assert_true(gw_events_take(&q, &ev));
	assert_int_equal(ev.kind, GW_EVENT_LISTENING);
	assert_string_equal(ev.listening.name, "here");
	assert_string_equal(ev.listening.code, "7-crane-otter");
	assert_int_equal(ev.listening.address_count, 2);
	assert_string_equal(ev.listening.addresses[0], "192.0.2.1");
	assert_string_equal(ev.listening.addresses[1], "192.0.2.1");
	assert_int_equal(ev.listening.port, 4639);
	assert_false(gw_events_take(&q, &ev));
	gw_events_fini(&q);
}

static void
order_is_kept_and_null_stays_null(void **state)
{
	struct gw_events q = { 0 };
	struct gw_event ev;

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		gw_events_push(&q, &(struct gw_event){ .kind = GW_EVENT_ENTRY,
				       .entry = { .name = "n", .bytes = i } });
	for (uint64_t i = 0; i < 100; i++) {
		assert_true(gw_events_take(&q, &ev));
		assert_int_equal(ev.entry.bytes, i);
		assert_string_equal(ev.entry.name, "n");
		assert_null(ev.entry.final_name);
		assert_null(ev.entry.reason);
	}
	assert_false(gw_events_take(&q, &ev));
	gw_events_fini(&q);
}

static void
only_the_newest_progress_counts(void **state)
{
	struct gw_events q = { 0 };
	struct gw_event ev;

	(void)state;
	for (uint64_t i = 1; i <= 50; i++)
		gw_events_push(
		    &q, &(struct gw_event){ .kind = GW_EVENT_PROGRESS,
			    .progress = { .bytes = i } });
	assert_true(gw_events_take(&q, &ev));
	assert_int_equal(ev.progress.bytes, 50);
	assert_false(gw_events_take(&q, &ev));
	gw_events_fini(&q);
}

static void
errors_and_notices_are_formatted(void **state)
{
	struct gw_events q = { 0 };
	struct gw_event ev;

	(void)state;
	gw_events_error(&q, GW_E_LOST, "%s went away", "bob");
	gw_events_notice(&q, GW_NOTICE_GUESS, 2, "guess from %s", "eve");
	assert_true(gw_events_take(&q, &ev));
	assert_int_equal(ev.error.err, GW_E_LOST);
	assert_string_equal(ev.error.reason, "bob went away");
	assert_true(gw_events_take(&q, &ev));
	assert_int_equal(ev.notice.what, GW_NOTICE_GUESS);
	assert_int_equal(ev.notice.count, 2);
	assert_string_equal(ev.notice.text, "guess from eve");
	gw_events_error(&q, GW_E_LOST, "left in the queue");
	gw_events_fini(&q);
}

static void
without_memory_an_error_comes_and_still_the_end(void **state)
{
	struct gw_events q = { 0 };
	struct gw_event ev;

	(void)state;
	gw_events_error(&q, GW_E_LOST, "before");
	test_fail_alloc(0);
	gw_events_error(&q, GW_E_LOST, "forgotten");
	test_fail_alloc(0);
	gw_events_push(&q,
	    &(struct gw_event){ .kind = GW_EVENT_END, .end = { GW_E_LOST } });
	test_fail_alloc(-1);
	assert_true(gw_events_take(&q, &ev));
	assert_string_equal(ev.error.reason, "before");
	assert_true(gw_events_take(&q, &ev));
	assert_int_equal(ev.kind, GW_EVENT_ERROR);
	assert_int_equal(ev.error.err, GW_E_MEMORY);
	assert_true(gw_events_take(&q, &ev));
	assert_int_equal(ev.kind, GW_EVENT_END);
	assert_int_equal(ev.end.err, GW_E_LOST);
	assert_false(gw_events_take(&q, &ev));
	gw_events_fini(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_copied),
		cmocka_unit_test(order_is_kept_and_null_stays_null),
		cmocka_unit_test(only_the_newest_progress_counts),
		cmocka_unit_test(errors_and_notices_are_formatted),
		cmocka_unit_test(
		    without_memory_an_error_comes_and_still_the_end),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
