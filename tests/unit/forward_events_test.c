#include "run/forward_events.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "test.h"

static void
push(struct gw_forward_events *e, uint64_t id, const char *text)
{
	struct gw_forward_event ev = { .kind = GW_FORWARD_CLOSED,
		.flow = { .id = id, .error = text } };

	gw_forward_events_push(e, &ev);
}

static void
events_come_in_order_with_texts_of_their_own(void **state)
{
	struct gw_forward_events e = { .count = 0 };
	struct gw_forward_event ev;
	char text[16];

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof text, "error %u", i);
		push(&e, i, text);
		if (i % 3 != 0)
			continue;
		assert_true(gw_forward_events_take(&e, &ev));
	}
	for (unsigned i = 34; i < 100; i++) {
		assert_true(gw_forward_events_take(&e, &ev));
		assert_int_equal(ev.flow.id, i);
		snprintf(text, sizeof text, "error %u", i);
		assert_string_equal(ev.flow.error, text);
	}
	assert_false(gw_forward_events_take(&e, &ev));
	push(&e, 1, NULL);
	assert_true(gw_forward_events_take(&e, &ev));
	assert_string_equal(ev.text, "");
	gw_forward_events_fini(&e);
}

static void
what_finds_no_room_is_counted_and_told(void **state)
{
	struct gw_forward_events e = { .count = 0 };
	struct gw_forward_event ev;

	(void)state;
	for (unsigned i = 0; i < GW_FORWARD_EVENTS + 7; i++)
		push(&e, i, "");
	assert_true(gw_forward_events_take(&e, &ev));
	assert_int_equal(ev.lost, 0);
	push(&e, 0, "");
	for (unsigned i = 0; i < GW_FORWARD_EVENTS; i++)
		assert_true(gw_forward_events_take(&e, &ev));
	assert_int_equal(ev.lost, 7);
	assert_false(gw_forward_events_take(&e, &ev));
	test_fail_alloc(0);
	push(&e, 0, "");
	test_fail_alloc(-1);
	push(&e, 0, "");
	assert_true(gw_forward_events_take(&e, &ev));
	assert_int_equal(ev.lost, 1);
	gw_forward_events_fini(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_in_order_with_texts_of_their_own),
		cmocka_unit_test(what_finds_no_room_is_counted_and_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
