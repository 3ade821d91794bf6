#include "os/target_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os_fixture.h"

#define TEMP ".godwit-000000000123456789abcdef.part"

static struct gw_why why;

static struct gw_target *
open_here(void)
{
	struct gw_target *t;

	assert_int_equal(gw_target_open(".", &why, &t), GW_OK);
	return t;
}

static struct gw_target_file
file(const char *path)
{
	return (struct gw_target_file){
		.path = gw_slice_str(path), .temp = TEMP, .entry = 7
	};
}

static enum gw_err
write_whole(struct gw_target *t, const char *path, const char *text,
    struct gw_target_whole *w)
{
	*w = (struct gw_target_whole){ .file = file(path),
		.data = gw_slice_str(text),
		.attrs = { .mode = 0640,
		    .mtime_s = 1234567890,
		    .mtime_ns = 123456789 } };
	return gw_target_write_whole(t, w, &why);
}

static enum gw_err
deliver(struct gw_target *t, const char *path, const char *text,
    enum gw_place how, uint32_t *nth)
{
	struct gw_target_whole w;
	struct gw_target_file f = file(path);
	enum gw_err err = write_whole(t, path, text, &w);

	if (err == GW_OK)
		err = gw_target_sync(t, &f, 1, &why);
	if (err == GW_OK)
		err = gw_target_place(t, &f, how, nth, &why);
	return err;
}

static void
nothing_is_ever_replaced_unasked(void **state)
{
	struct gw_target *t = open_here();
	uint32_t nth = 77;

	(void)state;
	for (int how = GW_NOREPLACE_RENAME; how <= GW_NOREPLACE_RESERVE;
	     how++) {
		t->noreplace = (enum gw_noreplace)how;
		unlink("f (1).txt");
		os_fixture_text("f.txt", "mine");
		assert_int_equal(
		    deliver(t, "f.txt", "theirs", GW_PLACE_RENAME, &nth),
		    GW_OK);
		assert_int_equal(nth, 1);
		assert_string_equal(os_fixture_read("f.txt", NULL), "mine");
		assert_string_equal(
		    os_fixture_read("f (1).txt", NULL), "theirs");
		assert_false(os_fixture_exists(TEMP));
		assert_int_equal(
		    deliver(t, "f.txt", "theirs", GW_PLACE_SKIP, &nth),
		    GW_E_AGAIN);
		assert_string_equal(os_fixture_read("f.txt", NULL), "mine");
		assert_false(os_fixture_exists(TEMP));
		assert_int_equal(
		    deliver(t, "f.txt", "theirs", GW_PLACE_REPLACE, &nth),
		    GW_OK);
		assert_int_equal(nth, 0);
		assert_string_equal(os_fixture_read("f.txt", NULL), "theirs");
		assert_int_equal(t->noreplace, how);
	}
	gw_target_close(t);
}

static void
a_directory_is_never_replaced(void **state)
{
	struct gw_target *t = open_here();
	uint32_t nth;

	(void)state;
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(
	    deliver(t, "d", "x", GW_PLACE_REPLACE, &nth), GW_E_FAILED);
	assert_non_null(strstr(why.text, "directory"));
	assert_true(S_ISDIR(os_fixture_lstat("d").st_mode));
	assert_int_equal(deliver(t, "d", "x", GW_PLACE_RENAME, &nth), GW_OK);
	assert_string_equal(os_fixture_read("d (1)", NULL), "x");
	/* A link is replaced itself. */
	os_fixture_text("victim", "precious");
	assert_int_equal(symlink("victim", "l"), 0);
	assert_int_equal(deliver(t, "l", "x", GW_PLACE_REPLACE, &nth), GW_OK);
	assert_string_equal(os_fixture_read("victim", NULL), "precious");
	assert_string_equal(os_fixture_read("l", NULL), "x");
	gw_target_close(t);
}

static void
place_without_a_temporary_file_says_so(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_file f = file("x");
	uint32_t nth;

	(void)state;
	assert_int_equal(
	    gw_target_place(t, &f, GW_PLACE_RENAME, &nth, &why), GW_E_NO_PATH);
	assert_int_equal(gw_target_sync(t, &f, 1, &why), GW_OK);
	gw_target_close(t);
}

static void
links_are_made_and_placed(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_link l = { .file = file("l"),
		.target = gw_slice_str("../any\nwhere"),
		.attrs = { .mtime_s = 1000, .mtime_ns = 5 } };
	uint32_t nth;

	(void)state;
	os_fixture_text("l", "mine");
	assert_int_equal(gw_target_symlink(t, &l, &why), GW_OK);
	assert_int_equal(l.nth, 1);
	assert_true(gw_target_is_link(t, gw_slice_str("l (1)"), l.target));
	assert_false(gw_target_is_link(
	    t, gw_slice_str("l (1)"), gw_slice_str("../any")));
	assert_false(gw_target_is_link(t, gw_slice_str("l"), l.target));
	assert_int_equal(os_fixture_lstat("l (1)").st_mtim.tv_sec, 1000);
	l.how = GW_PLACE_SKIP;
	assert_int_equal(gw_target_symlink(t, &l, &why), GW_E_AGAIN);
	assert_false(os_fixture_exists(TEMP));

	assert_int_equal(deliver(t, "one", "x", GW_PLACE_RENAME, &nth), GW_OK);
	l = (struct gw_target_link){ .file = file("two"),
		.target = gw_slice_str("one") };
	assert_int_equal(gw_target_hardlink(t, &l, &why), GW_OK);
	assert_int_equal(os_fixture_lstat("two").st_nlink, 2);
	/* Once more over itself: rename does nothing then. */
	l.how = GW_PLACE_REPLACE;
	assert_int_equal(gw_target_hardlink(t, &l, &why), GW_OK);
	assert_false(os_fixture_exists(TEMP));
	/* Not to what a link points to, nor to nothing. */
	l.target = gw_slice_str("l (1)");
	assert_int_equal(gw_target_hardlink(t, &l, &why), GW_E_FAILED);
	l.target = gw_slice_str("none");
	assert_int_equal(gw_target_hardlink(t, &l, &why), GW_E_NO_PATH);
	assert_int_equal(gw_target_sync_dirs(t, &why), GW_OK);
	gw_target_close(t);
}

static void
odd_names_are_bytes(void **state)
{
	static const char *const odd[] = { "new\nline", "\xff\xfe\x80", "-rf",
		" ", "~", "a\\b", "\x1b[31m", "...", "..a" };
	struct gw_target *t = open_here();
	char longest[256];
	uint32_t nth;

	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		assert_int_equal(
		    deliver(t, odd[i], "x", GW_PLACE_RENAME, &nth), GW_OK);
		assert_true(os_fixture_exists(odd[i]));
	}
	memset(longest, 'w', 255);
	longest[255] = '\0';
	for (uint32_t i = 0; i < 12; i++) {
		assert_int_equal(
		    deliver(t, longest, "x", GW_PLACE_RENAME, &nth), GW_OK);
		assert_int_equal(nth, i);
	}
	memcpy(longest + 250, " (11)", 5);
	assert_true(os_fixture_exists(longest));
	gw_target_close(t);
}

static void
modes_and_times_of_directories_are_synced(void **state)
{
	const struct gw_target_attrs a = { .mode = 0755 };
	struct gw_target *t;
	struct gw_stamp st;
	char name[16];
	bool made;

	(void)state;
	assert_int_equal(gw_target_open(".", &why, &t), GW_OK);
	for (unsigned i = 0; i <= GW_ATTRS_EACH; i++) {
		snprintf(name, sizeof name, "%u", i);
		assert_int_equal(
		    gw_target_mkdir(t, gw_slice_str(name), &made, &st, &why),
		    GW_OK);
		assert_false(t->touched_many);
		assert_int_equal(gw_target_dir_attrs(
				     t, gw_slice_str(name), st.ino, &a, &why),
		    GW_OK);
		assert_int_equal(
		    t->attrs_synced, i < GW_ATTRS_EACH ? i + 1 : GW_ATTRS_EACH);
	}
	assert_true(t->touched_many); /* the last of them, by syncfs */
	assert_int_equal(gw_target_sync_dirs(t, &why), GW_OK);
	assert_false(t->touched_many);
	assert_int_equal(t->attrs_synced, 0);
	gw_target_close(t);
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_is_ever_replaced_unasked),
		T(a_directory_is_never_replaced),
		T(place_without_a_temporary_file_says_so),
		T(links_are_made_and_placed),
		T(odd_names_are_bytes),
		T(modes_and_times_of_directories_are_synced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
