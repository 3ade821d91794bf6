/* Whom to try next, and how many in all. */
#include "run/candidates.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

static void
fill(void *arg, void *out, size_t n)
{
	uint64_t *state = arg;
	uint8_t *p = out;

	while (n-- > 0) {
		*state = *state * UINT64_C(6364136223846793005) + 1442695041;
		*p++ = (uint8_t)(*state >> 56);
	}
}

static uint64_t seed;
static const struct gw_random dice = { fill, &seed };
static struct gw_candidates list;
static gw_usec clock_now;

static int
setup(void **state)
{
	(void)state;
	memset(&list, 0, sizeof list);
	clock_now = 0;
	return 0;
}

/* A device with this run id, at one address or two. */
static void
add(uint8_t run, const char *a, const char *b)
{
	struct gw_finding f = { .name = "pc", .run = { run } };
	const char *at[] = { a, b };

	for (size_t i = 0; i < 2 && at[i] != NULL; i++)
		assert_int_equal(gw_addr_parse(&f.addresses[f.count++].addr,
				     at[i], 4639, NULL),
		    GW_OK);
	gw_candidates_add(&list, &f, clock_now);
}

static struct gw_candidate *
pick(gw_usec now)
{
	return gw_candidates_pick(&list, &dice, now);
}

static void
fail_one(void)
{
	struct gw_candidate *c = pick(0);

	assert_non_null(c);
	gw_candidates_tried(&list, c);
	gw_candidates_refused(c);
}

static bool
is_there(const char *host)
{
	char text[GW_ADDR_TEXT];

	for (size_t i = 0; i < list.count; i++) {
		gw_addr_host(&list.v[i].addr, text);
		if (strcmp(text, host) == 0)
			return true;
	}
	return false;
}

static void
each_address_of_a_device_is_one_and_told_once(void **state)
{
	char text[256];

	(void)state;
	add(1, "192.0.2.1", "192.0.2.2");
	add(1, "192.0.2.2", "192.0.2.1");
	add(2, "192.0.2.1", NULL);
	assert_int_equal(list.count, 3);
	assert_int_equal(gw_candidates_devices(&list), 2);
	gw_candidates_text(&list, text, sizeof text);
	assert_string_equal(text, "pc at 192.0.2.1:4639, pc at 192.0.2.1:4639");
	gw_candidates_text(&list, text, 32);
	assert_string_equal(text, "pc at 192.0.2.1:4639, ...");
	/* However much room there is, it does not end within that. */
	for (size_t size = 32; size < 48; size++) {
		gw_candidates_text(&list, text, size);
		assert_string_equal(text, "pc at 192.0.2.1:4639, ...");
	}
}

static void
programs_of_one_machine_share_an_address(void **state)
{
	(void)state;
	assert_true(gw_candidates_one_machine(&list));
	add(1, "192.0.2.1", "192.0.2.2");
	assert_true(gw_candidates_one_machine(&list));
	add(2, "192.0.2.7", "192.0.2.2");
	add(3, "192.0.2.1", NULL);
	assert_true(gw_candidates_one_machine(&list));
	/* With the second, not with the first. */
	add(4, "192.0.2.7", NULL);
	assert_false(gw_candidates_one_machine(&list));
}

static void
three_may_guess_and_two_of_one_address(void **state)
{
	(void)state;
	for (uint8_t i = 1; i <= 60; i++)
		add(i, "192.0.2.66", NULL);
	fail_one();
	fail_one();
	assert_null(pick(0));
	assert_false(gw_candidates_spent(&list));
	add(99, "192.0.2.1", NULL);
	fail_one();
	assert_true(gw_candidates_spent(&list));
	add(100, "192.0.2.2", NULL);
	assert_null(pick(0));
}

static void
an_address_without_a_try_goes_first(void **state)
{
	(void)state;
	for (uint8_t i = 1; i <= 60; i++)
		add(i, "192.0.2.66", NULL);
	add(99, "192.0.2.1", NULL);
	fail_one();
	fail_one();
	/* Whoever came first: each address has had one by now. */
	assert_true(list.hosts[0].n == 1 && list.hosts[1].n == 1);
}

static void
chance_decides_among_equals(void **state)
{
	unsigned first = 0;

	(void)state;
	add(1, "192.0.2.1", NULL);
	add(2, "192.0.2.2", NULL);
	for (unsigned i = 0; i < 200; i++)
		first += pick(0) == &list.v[0];
	assert_in_range(first, 50, 150);
}

static void
who_refuses_is_not_asked_there_again(void **state)
{
	(void)state;
	add(1, "192.0.2.1", NULL);
	fail_one();
	assert_null(pick(0));
	/* Somebody else may have said that it is there: its key will tell. */
	add(1, "192.0.2.3", NULL);
	assert_ptr_equal(pick(0), &list.v[1]);
}

static void
one_host_leaves_room_for_others(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * GW_CANDIDATES_MAX; i++)
		add((uint8_t)i, "192.0.2.66", NULL);
	assert_int_equal(list.count, GW_CANDIDATES_HOST);
	add(200, "192.0.2.1", NULL);
	assert_int_equal(list.count, GW_CANDIDATES_HOST + 1);
}

static void
a_guess_that_was_given_elsewhere_counts(void **state)
{
	(void)state;
	gw_candidates_tried(&list, NULL);
	add(1, "192.0.2.1", NULL);
	add(2, "192.0.2.2", NULL);
	add(3, "192.0.2.3", NULL);
	fail_one();
	fail_one();
	assert_true(gw_candidates_spent(&list));
}

static void
where_nobody_was_reached_it_is_tried_later(void **state)
{
	struct gw_candidate *c;

	(void)state;
	add(1, "192.0.2.1", NULL);
	c = pick(5);
	assert_int_equal(gw_candidates_deadline(&list, 5), GW_NEVER);
	gw_candidates_unreached(c, 5);
	assert_null(pick(6));
	assert_int_equal(gw_candidates_deadline(&list, 6), 5 + 2 * GW_SEC);
	assert_ptr_equal(pick(5 + 2 * GW_SEC), c);
	assert_int_equal(list.tries, 0);
}

static void
where_keys_prove_more_are_tried(void **state)
{
	(void)state;
	list.proved = true;
	for (uint8_t i = 1; i <= GW_FIND_TRIES_PROVED + 1; i++)
		add(i, "192.0.2.66", NULL);
	for (unsigned i = 0; i < GW_FIND_TRIES_PROVED; i++)
		fail_one();
	assert_null(pick(0));
}

static void
more_than_fit_are_forgotten(void **state)
{
	char at[32];

	(void)state;
	for (unsigned i = 0; i < 2 * GW_CANDIDATES_MAX; i++) {
		snprintf(at, sizeof at, "192.0.%u.%u", i / 250, i % 250 + 1);
		add((uint8_t)i, at, NULL);
	}
	assert_int_equal(list.count, GW_CANDIDATES_MAX);
	/* Whom nobody has tried yet stays; of others one makes room. */
	add(7, "192.0.9.1", NULL);
	assert_false(is_there("192.0.9.1"));
	gw_candidates_unreached(&list.v[5], 0);
	gw_candidates_unreached(&list.v[9], 0);
	gw_candidates_unreached(&list.v[9], 0);
	add(7, "192.0.9.1", NULL);
	assert_int_equal(list.count, GW_CANDIDATES_MAX);
	assert_true(is_there("192.0.9.1"));
	assert_false(is_there("192.0.0.10"));
	/* Its rest is over: somebody may be at it. */
	clock_now = 2 * GW_SEC;
	add(7, "192.0.9.2", NULL);
	assert_false(is_there("192.0.9.2"));
}

/* Forged addresses cost no guess, but time. */
static void
all_have_a_turn_before_anybody_has_a_second(void **state)
{
	char at[32];
	bool had[200] = { false };

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		snprintf(at, sizeof at, "192.0.2.%u", i + 1);
		add((uint8_t)i, at, NULL);
	}
	for (unsigned i = 0; i < 200; i++) {
		struct gw_candidate *c = pick(i * 50 * GW_MSEC);

		assert_non_null(c);
		assert_false(had[c - list.v]);
		had[c - list.v] = true;
		gw_candidates_unreached(c, i * 50 * GW_MSEC);
	}
	assert_int_equal(list.tries, 0);
}

static void
the_more_there_are_the_shorter_is_a_turn(void **state)
{
	char at[32];

	(void)state;
	add(1, "192.0.2.1", NULL);
	assert_int_equal(gw_candidates_turn(&list, &list.v[0]), GW_NEVER);
	add(2, "192.0.2.2", NULL);
	assert_int_equal(gw_candidates_turn(&list, &list.v[0]), 2 * GW_SEC);
	gw_candidates_unreached(&list.v[0], 0);
	assert_int_equal(gw_candidates_turn(&list, &list.v[0]), 4 * GW_SEC);
	for (unsigned i = 3; i <= 100; i++) {
		snprintf(at, sizeof at, "192.0.2.%u", i);
		add((uint8_t)i, at, NULL);
	}
	assert_int_equal(gw_candidates_turn(&list, &list.v[5]), 100 * GW_MSEC);
	/* Those who were refused wait for nothing. */
	for (unsigned i = 2; i < 100; i++)
		gw_candidates_refused(&list.v[i]);
	assert_int_equal(gw_candidates_turn(&list, &list.v[1]), 2 * GW_SEC);
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_address_of_a_device_is_one_and_told_once),
		CASE(programs_of_one_machine_share_an_address),
		CASE(three_may_guess_and_two_of_one_address),
		CASE(an_address_without_a_try_goes_first),
		CASE(chance_decides_among_equals),
		CASE(who_refuses_is_not_asked_there_again),
		CASE(one_host_leaves_room_for_others),
		CASE(a_guess_that_was_given_elsewhere_counts),
		CASE(where_nobody_was_reached_it_is_tried_later),
		CASE(where_keys_prove_more_are_tried),
		CASE(more_than_fit_are_forgotten),
		CASE(all_have_a_turn_before_anybody_has_a_second),
		CASE(the_more_there_are_the_shorter_is_a_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
