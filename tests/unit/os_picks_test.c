#include "os/picks.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "test.h"

static void
normalised_sorted_and_judged(void **state)
{
	static const char *const files[] = { "b/x", "a-", "./a//b/", "/abs",
		"a/./c", "a", "..", "x/../y", "..x", "" };
	struct gw_picks p;

	(void)state;
	assert_int_equal(gw_picks_init(&p, files, 10), GW_OK);
	assert_int_equal(p.good_count, 6);
	assert_string_equal(p.good[0], "..x");
	assert_string_equal(p.good[1], "a");
	assert_string_equal(p.good[2], "a/b");
	assert_string_equal(p.good[3], "a/c");
	assert_string_equal(p.good[4], "a-");
	assert_string_equal(p.good[5], "b/x");
	assert_int_equal(p.bad_count, 3);
	assert_string_equal(p.bad[0], "/abs");
	assert_string_equal(p.bad[1], "..");
	assert_string_equal(p.bad[2], "x/../y");
	assert_false(gw_picks_all(&p));
	gw_picks_fini(&p);
	assert_int_equal(gw_picks_init(&p, (const char *[]){ "./" }, 1), GW_OK);
	assert_true(gw_picks_all(&p));
	gw_picks_fini(&p);
}

/* No directory holds such a name, and nobody has room for it. */
static void
a_name_that_is_too_long_is_bad(void **state)
{
	char longest[NAME_MAX + 1], more[NAME_MAX + 2], below[NAME_MAX + 6],
	    huge[5000];
	const char *const files[] = { longest, more, below, huge };
	struct gw_picks p;

	(void)state;
	memset(longest, 'n', sizeof longest);
	longest[NAME_MAX] = '\0';
	memset(more, 'm', sizeof more);
	more[NAME_MAX + 1] = '\0';
	snprintf(below, sizeof below, "d/%s/e", more);
	memset(huge, 'h', sizeof huge);
	huge[sizeof huge - 1] = '\0';
	assert_int_equal(gw_picks_init(&p, files, 4), GW_OK);
	assert_int_equal(p.good_count, 1);
	assert_string_equal(p.good[0], longest);
	assert_int_equal(p.bad_count, 3);
	assert_string_equal(p.bad[2], huge);
	assert_string_equal(gw_picks_wrong(below), "a name in it is too long");
	assert_null(gw_picks_wrong(longest));
	gw_picks_fini(&p);
}

static void
names_level_by_level(void **state)
{
	static const char *const files[] = { "a/b/c", "a/b/d", "a/e", "f",
		"f/g", "f" };
	struct gw_names n = { 0 };
	struct gw_picks p;

	(void)state;
	assert_int_equal(gw_picks_init(&p, files, 6), GW_OK);
	assert_true(gw_picks_names(&p, 0, 6, 0, &n));
	assert_int_equal(n.count, 2);
	assert_string_equal(gw_names_get(&n, 0), "a");
	assert_int_equal(n.v[0].from, 0);
	assert_int_equal(n.v[0].to, 3);
	assert_string_equal(gw_names_get(&n, 1), "f");
	assert_int_equal(n.v[1].from, n.v[1].to); /* all of it */
	gw_names_fini(&n);
	assert_true(gw_picks_names(&p, 0, 3, 2, &n));
	assert_int_equal(n.count, 2);
	assert_string_equal(gw_names_get(&n, 0), "b");
	assert_int_equal(n.v[0].to, 2);
	assert_string_equal(gw_names_get(&n, 1), "e");
	gw_names_fini(&n);
	gw_picks_fini(&p);
}

static void
no_memory(void **state)
{
	static const char *const files[] = { "a", "/b", "c" };
	struct gw_picks p;
	enum gw_err err;
	long failed = 0;

	(void)state;
	for (;; failed++) {
		test_fail_alloc(failed);
		err = gw_picks_init(&p, files, 3);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		assert_int_equal(err, GW_E_MEMORY);
	}
	assert_true(failed >= 2);
	gw_picks_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalised_sorted_and_judged),
		cmocka_unit_test(a_name_that_is_too_long_is_bad),
		cmocka_unit_test(names_level_by_level),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
