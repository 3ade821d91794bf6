#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/target.h"
#include "os_fixture.h"

static const struct {
	const char *path;
	uint32_t nth;
	const char *out;
} table[] = {
	{ "a", 0, "a" },
	{ "a", 1, "a (1)" },
	{ "a.txt", 2, "a (2).txt" },
	{ "dir.d/a", 3, "dir.d/a (3)" },
	{ "x/y/a.tar.gz", 10, "x/y/a.tar (10).gz" },
	{ ".hidden", 1, ".hidden (1)" },
	{ ".hidden.c", 1, ".hidden (1).c" },
	{ "end.", 1, "end (1)." },
	{ "a. long tail that is surely no extension", 1,
	    "a. long tail that is surely no extension (1)" },
};

static void
alternatives_keep_the_extension(void **state)
{
	char out[GW_TARGET_PATH];

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		assert_int_equal(
		    gw_target_alternative(
			gw_slice_str(table[i].path), table[i].nth, out),
		    strlen(table[i].out));
		assert_string_equal(out, table[i].out);
	}
}

static void
alternatives_fit_in_a_name(void **state)
{
	char path[300] = "d/", out[GW_TARGET_PATH];
	size_t n;

	(void)state;
	memset(path + 2, 'n', 251);
	memcpy(path + 253, ".txt", 5); /* 255 bytes in all */
	n = gw_target_alternative(gw_slice_str(path), 1, out);
	assert_int_equal(n, 2 + 255);
	assert_string_equal(out + n - 9, "n (1).txt");
	n = gw_target_alternative(gw_slice_str(path), 9999, out);
	assert_int_equal(n, 2 + 255);
	assert_string_equal(out + n - 12, "n (9999).txt");

	/* 85 characters of three bytes: cut between two of them. */
	for (size_t i = 0; i < 85; i++)
		memcpy(path + 2 + 3 * i, "\xe2\x82\xac", 3);
	path[2 + 255] = '\0';
	n = gw_target_alternative(gw_slice_str(path), 1, out);
	assert_int_equal(n, 2 + 249 + 4);
	assert_memory_equal(out + n - 7, "\xe2\x82\xac (1)", 7);

	/* Bytes that look like the middle of a character, without an end. */
	memset(path + 2, 0x80, 255);
	n = gw_target_alternative(gw_slice_str(path), 1, out);
	assert_int_equal(n, 2 + 255);
}

static void
alternatives_of_paths_too_long_do_not_fit(void **state)
{
	static char path[GW_TARGET_PATH + 1];
	char out[GW_TARGET_PATH];

	(void)state;
	memset(path, 'p', sizeof path);
	for (size_t i = 100; i < sizeof path; i += 100)
		path[i] = '/';
	assert_int_equal(
	    gw_target_alternative(gw_slice(path, sizeof path), 0, out), 0);
	assert_int_equal(
	    gw_target_alternative(gw_slice(path, GW_TARGET_PATH - 2), 1, out),
	    0);
}

static void
what_is_there(void **state)
{
	struct gw_target *t;
	struct gw_stamp s;
	struct gw_why why;
	struct gw_target_file f = { .path = gw_slice_str("d/x"),
		.temp = ".godwit-1.part" };
	bool there = true;

	(void)state;
	assert_int_equal(gw_target_open(".", &why, &t), GW_OK);
	assert_int_equal(
	    gw_target_stat(t, gw_slice_str("x"), &there, &s, &why), GW_OK);
	assert_false(there);
	assert_int_equal(gw_target_stat_temp(t, &f, &there, &s, &why), GW_OK);
	assert_false(there);
	mkdir("d", 0755);
	os_fixture_text("d/.godwit-1.part", "12345");
	assert_int_equal(symlink("nowhere", "x"), 0);
	assert_int_equal(gw_target_stat_temp(t, &f, &there, &s, &why), GW_OK);
	assert_true(there);
	assert_int_equal(s.kind, GW_KIND_FILE);
	assert_int_equal(s.size, 5);
	assert_int_equal(s.nlink, 1);
	assert_int_equal(
	    gw_target_stat(t, gw_slice_str("x"), &there, &s, &why), GW_OK);
	assert_true(there);
	assert_int_equal(s.kind, GW_KIND_SYMLINK);
	assert_int_equal(
	    gw_target_stat(t, gw_slice_str("d"), &there, &s, &why), GW_OK);
	assert_int_equal(s.kind, GW_KIND_DIR);
	gw_target_close(t);
}

static void
finds_a_file_under_its_alternatives(void **state)
{
	struct gw_target *t;
	struct gw_stamp s;
	struct gw_why why;
	uint32_t nth = 99;
	char name[32];

	(void)state;
	assert_int_equal(gw_target_open(".", &why, &t), GW_OK);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "f (%d).c", i);
		os_fixture_text(name, name);
	}
	assert_int_equal(gw_target_find(t, gw_slice_str("f.c"),
			     os_fixture_lstat("f (13).c").st_ino, &nth, &s),
	    GW_OK);
	assert_int_equal(nth, 13);
	assert_int_equal(s.size, 8);
	unlink("f (5).c"); /* a gap is passed over */
	assert_int_equal(gw_target_find(t, gw_slice_str("f.c"),
			     os_fixture_lstat("f (6).c").st_ino, &nth, &s),
	    GW_OK);
	assert_int_equal(nth, 6);
	assert_int_equal(
	    gw_target_find(t, gw_slice_str("f.c"), 1, &nth, &s), GW_E_NO_PATH);
	mkdir("f.c", 0755); /* a directory is not it */
	assert_int_equal(gw_target_find(t, gw_slice_str("f.c"),
			     os_fixture_lstat("f.c").st_ino, &nth, &s),
	    GW_E_NO_PATH);
	assert_int_equal(nth, 6);
	gw_target_close(t);
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alternatives_keep_the_extension),
		cmocka_unit_test(alternatives_fit_in_a_name),
		cmocka_unit_test(alternatives_of_paths_too_long_do_not_fit),
		T(what_is_there),
		T(finds_a_file_under_its_alternatives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
