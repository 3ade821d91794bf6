#include "os/roots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os_fixture.h"

static struct gw_why why;

static void
name_is(const char *path, const char *name)
{
	struct gw_roots *r;

	assert_int_equal(gw_roots_new(&path, 1, &why, &r), GW_OK);
	assert_string_equal(gw_roots_get(r, 0)->name, name);
	assert_int_equal(gw_roots_get(r, 0)->path[0], '/');
	gw_roots_free(r);
}

static void
real_base_names(void **state)
{
	const char *own = strrchr(*state, '/') + 1;

	mkdir("d", 0755);
	mkdir("d/e", 0755);
	os_fixture_text("f", "x");
	assert_int_equal(symlink("d/e", "l"), 0);
	assert_int_equal(symlink("f", "fl"), 0);
	name_is("d", "d");
	name_is("d/", "d");
	name_is("d///", "d");
	name_is("./d", "d");
	name_is("d/e", "e");
	name_is("d/e/..", "d");
	name_is("d/.", "d");
	name_is("d/./", "d");
	name_is(".", own);
	name_is("d/../", own);
	name_is("f", "f");
	name_is("l", "l"); /* followed, by its own name */
	name_is("l/", "l");
	name_is("l/.", "e");
	name_is("fl", "fl");
	assert_int_equal(chdir("d"), 0);
	name_is("..", own);
}

static void
links_are_followed(void **state)
{
	const char *paths[] = { "l" };
	struct gw_roots *r;

	(void)state;
	os_fixture_text("f", "12345");
	assert_int_equal(symlink("f", "l"), 0);
	assert_int_equal(gw_roots_new(paths, 1, &why, &r), GW_OK);
	assert_int_equal(gw_roots_get(r, 0)->stamp.kind, GW_KIND_FILE);
	assert_int_equal(gw_roots_get(r, 0)->stamp.size, 5);
	assert_string_equal(strrchr(gw_roots_get(r, 0)->path, '/'), "/f");
	gw_roots_free(r);
}

static void
refuses(enum gw_err err, const char *a, const char *b, const char *text)
{
	const char *paths[] = { a, b };
	struct gw_roots *r = NULL;

	why.text[0] = '\0';
	assert_int_equal(gw_roots_new(paths, b != NULL ? 2 : 1, &why, &r), err);
	assert_null(r);
	if (strstr(why.text, text) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", text, why.text);
}

static void
what_cannot_be_sent(void **state)
{
	struct gw_roots *r;

	(void)state;
	mkdir("a", 0755);
	mkdir("b", 0755);
	os_fixture_text("a/x", "");
	os_fixture_text("b/x", "");
	mkfifo("fifo", 0600);
	assert_int_equal(symlink("nowhere", "broken"), 0);
	refuses(GW_E_NO_PATH, "none", NULL, "none: No such file");
	refuses(GW_E_NO_PATH, "a/x/y", NULL, "Not a directory");
	refuses(GW_E_NO_PATH, "broken", NULL, "broken: No such file");
	refuses(GW_E_NO_PATH, "", NULL, "empty");
	refuses(GW_E_USAGE, "a/x", "b/x", "a/x and b/x");
	refuses(GW_E_USAGE, "a", "a/", "both arrive as a");
	refuses(GW_E_USAGE, "/", NULL, "no name");
	refuses(GW_E_USAGE, "fifo", NULL, "neither a file");
	assert_int_equal(gw_roots_new(NULL, 0, &why, &r), GW_E_USAGE);
}

static void
found_by_the_first_component(void **state)
{
	enum { MANY = 50 };
	char names[MANY][8];
	const char *paths[MANY];
	struct gw_roots *r;
	const struct gw_root *root;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], 8, "n%d", i * 7 % MANY);
		os_fixture_text(names[i], "");
		paths[i] = names[i];
	}
	assert_int_equal(gw_roots_new(paths, MANY, &why, &r), GW_OK);
	assert_int_equal(gw_roots_count(r), MANY);
	for (size_t i = 0; i < MANY; i++) {
		assert_string_equal(gw_roots_get(r, i)->name, names[i]);
		root = gw_roots_find(r, names[i], strlen(names[i]));
		assert_ptr_equal(root, gw_roots_get(r, i));
	}
	assert_ptr_equal(
	    gw_roots_find(r, "n7/x/y", 6), gw_roots_find(r, "n7", 2));
	assert_null(gw_roots_find(r, "n", 1));
	assert_null(gw_roots_find(r, "n77", 3));
	assert_null(gw_roots_find(r, "", 0));
	gw_roots_free(r);
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(real_base_names),
		T(links_are_followed),
		T(what_cannot_be_sent),
		T(found_by_the_first_component),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
