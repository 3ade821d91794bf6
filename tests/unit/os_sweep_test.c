#include "os/sweep.h"

#include <string.h>
#include <unistd.h>

#include "os_fixture.h"

#define A ".godwit-0000000000000000000000aa.part"
#define B ".godwit-0000000000000000000000bb.part"

static struct gw_why why;
static unsigned asked;

static bool
only_a(void *arg, const char *name, const struct gw_stamp *s)
{
	(void)s;
	asked++;
	return strcmp(name, arg) == 0;
}

static struct gw_sweep
here(void)
{
	struct stat st = os_fixture_lstat(".");

	asked = 0;
	return (struct gw_sweep){ .dir = ".",
		.dev = st.st_dev,
		.ino = st.st_ino,
		.ours = only_a,
		.arg = (void *)(uintptr_t)A };
}

static void
make_left_overs(void)
{
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	mkdir("f", 0755);
	os_fixture_text(A, "12345");
	os_fixture_text("d/e/" A, "123");
	os_fixture_text("f/" A, "1");
	os_fixture_text("d/" B, "of another");
	os_fixture_text("d/.godwit-0000000000000000000000aa.party", "");
	os_fixture_text("d/.godwit-0000000000000000000000aA.part", "");
	os_fixture_text("d/a" A, "");
	mkdir("d/e/.godwit-0000000000000000000000cc.part", 0755);
}

static void
finds_and_removes_only_its_own(void **state)
{
	struct gw_sweep s;

	(void)state;
	make_left_overs();
	s = here();
	assert_int_equal(gw_sweep(&s, &why), GW_OK);
	assert_int_equal(s.files, 3);
	assert_int_equal(s.bytes, 9);
	assert_int_equal(asked, 4);
	assert_true(os_fixture_exists(A));
	s.remove = true;
	assert_int_equal(gw_sweep(&s, &why), GW_OK);
	assert_int_equal(s.files, 3);
	assert_false(os_fixture_exists(A));
	assert_false(os_fixture_exists("d/e/" A));
	assert_false(os_fixture_exists("f/" A));
	assert_true(os_fixture_exists("d/" B));
	assert_int_equal(gw_sweep(&s, &why), GW_OK);
	assert_int_equal(s.files, 0);
}

static void
only_below_one_name(void **state)
{
	struct gw_sweep s;

	(void)state;
	make_left_overs();
	s = here();
	s.below = "d";
	s.remove = true;
	assert_int_equal(gw_sweep(&s, &why), GW_OK);
	assert_int_equal(s.files, 1);
	assert_true(os_fixture_exists(A));
	assert_false(os_fixture_exists("d/e/" A));
}

static void
another_directory_is_left_alone(void **state)
{
	struct gw_sweep s;

	(void)state;
	make_left_overs();
	s = here();
	s.remove = true;
	s.ino++;
	assert_int_equal(gw_sweep(&s, &why), GW_E_NO_PATH);
	assert_true(os_fixture_exists(A));
	s.dir = "gone";
	assert_int_equal(gw_sweep(&s, &why), GW_E_NO_PATH);
}

static int
what_is_closed(void *arg)
{
	struct gw_sweep *s = arg;

	os_fixture_ordinary_user();
	if (gw_sweep(s, &why) != GW_E_FAILED || s->files != 2)
		return 1;
	if (strstr(why.text, "/d/e: ") == NULL)
		return 2;
	s->remove = true; /* from directories that are not ours */
	return gw_sweep(s, &why) == GW_E_FAILED ? 0 : 3;
}

static void
what_cannot_be_looked_at_or_removed_is_told(void **state)
{
	struct gw_sweep s;

	(void)state;
	make_left_overs();
	s = here();
	assert_int_equal(chmod("d/e", 0), 0);
	assert_int_equal(chmod("d", 0555), 0);
	assert_int_equal(os_fixture_child(what_is_closed, &s), 0);
	assert_int_equal(chmod("d/e", 0755), 0);
	assert_true(os_fixture_exists("d/e/" A));
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(finds_and_removes_only_its_own),
		T(only_below_one_name),
		T(another_directory_is_left_alone),
		T(what_cannot_be_looked_at_or_removed_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
