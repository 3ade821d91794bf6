/* Who asked, and what port their answers come to. */
#include "test.h"

#include "forward/relay_held.h"

static struct gw_relay_held h;

static int
set_up(void **state)
{
	(void)state;
	h = (struct gw_relay_held){ .serial = 0 };
	return 0;
}

static struct gw_relay_asker
asker(unsigned link, uint16_t port)
{
	return (struct gw_relay_asker){ .link = link,
		.who = { .ip = { [15] = 1 }, .port = port } };
}

static unsigned
take(unsigned link, uint16_t port, gw_usec now, gw_usec until)
{
	struct gw_relay_asker a = asker(link, port);

	return gw_relay_held_take(&h, &a, now, until);
}

static void
who_asks_again_keeps_the_place_and_gets_more_time(void **state)
{
	unsigned one = take(0, 1000, 10, 100), two = take(0, 1001, 10, 100);
	uint64_t serial;

	(void)state;
	assert_int_not_equal(one, two);
	serial = h.v[one].serial;
	assert_int_equal(take(0, 1000, 20, 150), one);
	assert_int_equal(h.v[one].serial, serial);
	assert_non_null(gw_relay_held_at(&h, one, 149));
	assert_null(gw_relay_held_at(&h, one, 150));
	/* A shorter wish takes nothing away. */
	assert_int_equal(take(0, 1000, 20, 30), one);
	assert_non_null(gw_relay_held_at(&h, one, 149));
	/* From another interface it is somebody else. */
	assert_int_not_equal(take(1, 1000, 20, 150), one);
}

static void
places_end_in_time_and_are_told_once(void **state)
{
	unsigned one = take(0, 1000, 10, 100), two = take(0, 1001, 10, 200), at;

	(void)state;
	assert_int_equal(gw_relay_held_deadline(&h), 100);
	assert_false(gw_relay_held_ended(&h, 99, &at));
	assert_true(gw_relay_held_ended(&h, 100, &at));
	assert_int_equal(at, one);
	assert_false(gw_relay_held_ended(&h, 100, &at));
	assert_int_equal(gw_relay_held_deadline(&h), 200);
	assert_true(gw_relay_held_ended(&h, 500, &at));
	assert_int_equal(at, two);
	assert_false(gw_relay_held_ended(&h, 500, &at));
	assert_int_equal(gw_relay_held_deadline(&h), GW_NEVER);
}

static void
when_all_are_taken_the_oldest_gives_way(void **state)
{
	unsigned first = take(0, 1, 10, 100), at;
	uint64_t serial = h.v[first].serial;

	(void)state;
	for (uint16_t i = 2; i <= GW_RELAY_HELD; i++)
		take(0, i, 10, 100u + i);
	at = take(0, 9999, 10, 1000);
	assert_int_equal(at, first);
	assert_int_not_equal(h.v[at].serial, serial);
	assert_int_equal(gw_relay_held_at(&h, at, 20)->asker.who.port, 9999);
}

static void
what_has_ended_is_another_one_when_it_asks_again(void **state)
{
	unsigned one = take(0, 1000, 10, 100);
	uint64_t serial = h.v[one].serial;

	(void)state;
	one = take(0, 1000, 100, 200);
	assert_int_not_equal(h.v[one].serial, serial);
}

#define CASE(f) cmocka_unit_test_setup(f, set_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(who_asks_again_keeps_the_place_and_gets_more_time),
		CASE(places_end_in_time_and_are_told_once),
		CASE(when_all_are_taken_the_oldest_gives_way),
		CASE(what_has_ended_is_another_one_when_it_asks_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
