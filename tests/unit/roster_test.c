#include "discovery/roster.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

static struct gw_roster r;

static int
setup(void **state)
{
	(void)state;
	memset(&r, 0, sizeof r);
	return 0;
}

static struct gw_beacon
of_run(unsigned n)
{
	struct gw_beacon b = { .kind = GW_BEACON_HERE,
		.port = 4639,
		.receives = true,
		.name = "kitchen-pc" };

	memcpy(b.run, &n, sizeof n);
	return b;
}

static struct gw_spot
at_host(unsigned n)
{
	struct gw_spot s = { .interface = 1, .port = 1000 };

	memcpy(s.ip, &n, sizeof n);
	return s;
}

static struct gw_roster_entry *
add(unsigned run, unsigned host, bool answered, gw_usec now)
{
	struct gw_beacon b = of_run(run);
	struct gw_spot s = at_host(host);

	return gw_roster_add(&r, &b, &s, answered, now);
}

static unsigned
count(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < GW_ROSTER_MAX; i++)
		n += r.v[i].id != 0;
	return n;
}

static void
an_entry_is_found_by_what_it_says(void **state)
{
	struct gw_roster_entry *e = add(7, 1, false, GW_SEC);
	struct gw_beacon b = of_run(7);
	const struct gw_spot s = at_host(2);

	(void)state;
	assert_ptr_equal(gw_roster_find(&r, &b, &s), e);
	assert_string_equal(e->name, "kitchen-pc");
	assert_true(e->changed);
	b.port++;
	assert_null(gw_roster_find(&r, &b, &s));
	b = of_run(8);
	assert_null(gw_roster_find(&r, &b, &s));
	b = of_run(7);
	strcpy(b.name, "kitchen");
	assert_null(gw_roster_find(&r, &b, &s));
}

static void
it_is_at_a_bounded_number_of_spots(void **state)
{
	struct gw_roster_entry *e = add(7, 0, true, GW_SEC);
	struct gw_spot s;

	(void)state;
	e->changed = false;
	s = at_host(0);
	assert_true(gw_roster_seen(e, &s, 2 * GW_SEC));
	assert_false(e->changed);
	for (unsigned i = 1; i < GW_ROSTER_SPOTS; i++) {
		s = at_host(i);
		assert_false(gw_roster_has_spot(e, &s));
		assert_true(gw_roster_seen(e, &s, 2 * GW_SEC));
		assert_true(gw_roster_has_spot(e, &s));
		assert_true(e->changed);
		assert_int_equal(e->spot_count, i + 1);
	}
	s = at_host(77);
	assert_false(gw_roster_seen(e, &s, 2 * GW_SEC));
	assert_int_equal(e->spot_count, GW_ROSTER_SPOTS);
}

/* Somebody says the same at as many addresses as one has. */
static void
who_repeats_what_it_says_elsewhere_does_not_hide_it(void **state)
{
	struct gw_roster_entry *e = add(7, 0, true, GW_SEC), *f;
	struct gw_beacon b = of_run(7);
	struct gw_spot s;

	(void)state;
	for (unsigned i = 1; i < GW_ROSTER_SPOTS; i++) {
		s = at_host(i);
		assert_ptr_equal(gw_roster_find(&r, &b, &s), e);
		assert_true(gw_roster_seen(e, &s, GW_SEC));
	}
	s = at_host(77);
	assert_null(gw_roster_find(&r, &b, &s));
	assert_non_null(f = add(7, 77, true, GW_SEC));
	assert_ptr_equal(gw_roster_find(&r, &b, &s), f);
	s = at_host(3);
	assert_ptr_equal(gw_roster_find(&r, &b, &s), e);
}

static void
forged_ones_push_out_only_their_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		add(i, 66, false, i);
	assert_int_equal(count(), GW_ROSTER_PER_SOURCE);
	for (unsigned i = 0; i < 10000; i++)
		add(20000 + i, 1000 + i, false, 20000 + i);
	assert_int_equal(count(), GW_ROSTER_MAX);
	/* One that answers is taken in all the same. */
	assert_non_null(add(50000, 5, true, 50000));
	assert_non_null(add(50001, 6, true, 50001));
	assert_int_equal(count(), GW_ROSTER_MAX);
	assert_null(add(50002, 7, false, 50002));
}

static void
who_answered_or_is_known_stays(void **state)
{
	struct gw_roster_entry *e;
	unsigned known = 0;

	(void)state;
	for (unsigned i = 0; i < GW_ROSTER_MAX; i++) {
		e = add(i, i, i % 2 == 0, i);
		assert_non_null(e);
		if (i % 2 != 0)
			e->known = 3;
	}
	assert_null(add(1000, 1000, false, 1000));
	assert_null(add(1000, 1000, true, 1000));
	for (size_t i = 0; i < GW_ROSTER_MAX; i++)
		known += r.v[i].known == 3;
	assert_int_equal(known, GW_ROSTER_MAX / 2);
}

static void
of_one_address_only_so_many_answer(void **state)
{
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		n += add(i, 66, true, i) != NULL;
	assert_int_equal(n, GW_ROSTER_PER_SOURCE);
	assert_non_null(add(2000, 67, true, 2000));
}

static void
what_is_not_seen_any_more_goes(void **state)
{
	struct gw_roster_entry *e = add(7, 1, true, GW_SEC);
	const gw_usec life = GW_BEACON_LIFE * GW_SEC;
	struct gw_spot s = at_host(2);
	uint64_t id = e->id;

	(void)state;
	assert_int_equal(gw_roster_deadline(&r), GW_SEC + life);
	gw_roster_seen(e, &s, 10 * GW_SEC);
	e->changed = false;
	e->told = true;
	gw_roster_expire(&r, GW_SEC + life - 1);
	assert_int_equal(e->spot_count, 2);
	gw_roster_expire(&r, GW_SEC + life);
	assert_int_equal(e->spot_count, 1);
	assert_memory_equal(e->spots[0].ip, s.ip, 16);
	assert_true(e->changed);
	assert_int_equal(gw_roster_deadline(&r), 10 * GW_SEC + life);
	gw_roster_expire(&r, 10 * GW_SEC + life);
	assert_int_equal(count(), 0);
	assert_int_equal(e->gone, id);
	assert_int_equal(gw_roster_deadline(&r), GW_NEVER);
}

static void
that_somebody_went_is_not_forgotten_by_replacing_him(void **state)
{
	struct gw_roster_entry *e = NULL;
	uint64_t id;

	(void)state;
	for (unsigned i = 0; i < GW_ROSTER_PER_SOURCE; i++)
		e = add(i, 66, false, 100 - i);
	/* The last is the oldest here. */
	e->told = true;
	id = e->id;
	assert_ptr_equal(add(500, 66, false, 200), e);
	assert_int_equal(e->gone, id);
	/* Again, before anybody has heard of the second. */
	e->seen = 0;
	assert_ptr_equal(add(501, 66, false, 201), e);
	assert_int_equal(e->gone, id);
	gw_roster_drop(e);
	assert_int_equal(e->gone, id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    an_entry_is_found_by_what_it_says, setup),
		cmocka_unit_test_setup(
		    it_is_at_a_bounded_number_of_spots, setup),
		cmocka_unit_test_setup(
		    who_repeats_what_it_says_elsewhere_does_not_hide_it, setup),
		cmocka_unit_test_setup(
		    forged_ones_push_out_only_their_own, setup),
		cmocka_unit_test_setup(who_answered_or_is_known_stays, setup),
		cmocka_unit_test_setup(
		    of_one_address_only_so_many_answer, setup),
		cmocka_unit_test_setup(what_is_not_seen_any_more_goes, setup),
		cmocka_unit_test_setup(
		    that_somebody_went_is_not_forgotten_by_replacing_him,
		    setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
