#include "os/target.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cursor.h"
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
whole_file_arrives_with_its_attributes(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_whole w;
	struct gw_target_file f = file("plain");
	struct stat st;
	uint32_t nth = 9;

	(void)state;
	assert_int_equal(write_whole(t, "plain", "hello", &w), GW_OK);
	assert_false(os_fixture_exists("plain"));
	assert_string_equal(os_fixture_read(TEMP, NULL), "hello");
	assert_int_equal(gw_target_sync(t, &f, 1, &why), GW_OK);
	assert_int_equal(
	    gw_target_place(t, &f, GW_PLACE_RENAME, &nth, &why), GW_OK);
	assert_int_equal(gw_target_sync_dirs(t, &why), GW_OK);
	assert_int_equal(nth, 0);
	assert_false(os_fixture_exists(TEMP));
	st = os_fixture_lstat("plain");
	assert_int_equal(st.st_ino, w.stamp.ino);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(w.stamp.mode, 0640);
	assert_int_equal(st.st_mtim.tv_sec, 1234567890);
	assert_int_equal(st.st_mtim.tv_nsec, 123456789);
	assert_int_equal(w.stamp.mtime_ns, 123456789);
	gw_target_close(t);
}

static void
dangerous_mode_bits_are_cleared(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_whole w = { .file = file("x"),
		.attrs = { .mode = 07777 } };

	(void)state;
	assert_int_equal(gw_target_write_whole(t, &w, &why), GW_OK);
	assert_int_equal(os_fixture_lstat(TEMP).st_mode & 07777, 0777);
	w.attrs.mode = 06000;
	assert_int_equal(gw_target_write_whole(t, &w, &why), GW_OK);
	assert_int_equal(os_fixture_lstat(TEMP).st_mode & 07777, 0);
	gw_target_close(t);
}

static void
a_left_over_makes_way_and_other_things_do_not(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_whole w;

	(void)state;
	os_fixture_text(TEMP, "an old attempt, longer than the new one");
	assert_int_equal(write_whole(t, "a", "new", &w), GW_OK);
	assert_string_equal(os_fixture_read(TEMP, NULL), "new");

	/* A link is replaced itself, and not what it points to. */
	unlink(TEMP);
	os_fixture_text("victim", "precious");
	assert_int_equal(symlink("victim", TEMP), 0);
	assert_int_equal(write_whole(t, "a", "new", &w), GW_OK);
	assert_string_equal(os_fixture_read("victim", NULL), "precious");
	assert_true(S_ISREG(os_fixture_lstat(TEMP).st_mode));

	unlink(TEMP);
	assert_int_equal(mkdir(TEMP, 0755), 0);
	assert_int_equal(write_whole(t, "a", "new", &w), GW_E_FAILED);
	assert_non_null(strstr(why.text, "create: "));
	assert_true(S_ISDIR(os_fixture_lstat(TEMP).st_mode));

	if (geteuid() == 0) { /* nor what belongs to somebody else */
		assert_int_equal(rmdir(TEMP), 0);
		os_fixture_text(TEMP, "theirs");
		assert_int_equal(chown(TEMP, 65534, 65534), 0);
		assert_int_equal(write_whole(t, "a", "new", &w), GW_E_FAILED);
		assert_string_equal(os_fixture_read(TEMP, NULL), "theirs");
	}
	gw_target_close(t);
}

static void
bad_paths_are_refused(void **state)
{
	static const char *const bad[] = { "", "/", "/etc/x", "..", ".", "a/..",
		"../x", "a/../../x", "a//b", "a/", "./a" };
	struct gw_target *t = open_here();
	struct gw_target_whole w;
	struct gw_target_file f;
	struct gw_stamp stamp;
	char nul[] = { 'a', 0, 'b' }, longer[300];
	bool made;

	(void)state;
	assert_int_equal(mkdir("a", 0755), 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(write_whole(t, bad[i], "x", &w), GW_E_FAILED);
		assert_int_equal(gw_target_mkdir(t, gw_slice_str(bad[i]), &made,
				     &stamp, &why),
		    GW_E_FAILED);
		f = file(bad[i]);
		assert_int_not_equal(
		    gw_target_temp_open(t, &f, 0, &stamp, &why), GW_OK);
	}
	w.file.path = gw_slice(nul, 3);
	assert_int_equal(gw_target_write_whole(t, &w, &why), GW_E_FAILED);
	memset(longer, 'n', sizeof longer);
	w.file.path = gw_slice(longer, 256);
	assert_int_equal(gw_target_write_whole(t, &w, &why), GW_E_FAILED);
	assert_non_null(strstr(why.text, "too long"));
	gw_target_close(t);
}

static void
links_in_the_way_are_never_followed(void **state)
{
	struct gw_target *t;
	struct gw_target_whole w;
	struct gw_stamp stamp;
	bool made, there;

	(void)state;
	assert_int_equal(mkdir("outside", 0755), 0);
	assert_int_equal(mkdir("inside", 0755), 0);
	assert_int_equal(chdir("inside"), 0);
	t = open_here();
	assert_int_equal(symlink("../outside", "link"), 0);
	assert_int_equal(write_whole(t, "link/x", "x", &w), GW_E_FAILED);
	assert_non_null(strstr(why.text, "symbolic link"));
	assert_int_equal(
	    gw_target_mkdir(t, gw_slice_str("link/d"), &made, &stamp, &why),
	    GW_E_FAILED);
	assert_int_equal(
	    gw_target_mkdir(t, gw_slice_str("link"), &made, &stamp, &why),
	    GW_E_FAILED);
	assert_int_equal(
	    gw_target_stat(t, gw_slice_str("link/x"), &there, &stamp, &why),
	    GW_E_FAILED);
	assert_int_equal(rmdir("../outside"), 0); /* still empty */
	gw_target_close(t);
}

/* Somebody swaps a directory for a link to elsewhere between our calls. */
static void
a_parent_replaced_by_a_link_is_not_followed(void **state)
{
	struct gw_target *t;
	struct gw_target_whole w;
	struct gw_target_file f = file("d/x");
	struct gw_target_attrs a = { .mode = 0777 };
	struct gw_stamp stamp;
	uint32_t nth;
	bool made;

	(void)state;
	assert_int_equal(mkdir("outside", 0750), 0);
	assert_int_equal(mkdir("inside", 0755), 0);
	assert_int_equal(chdir("inside"), 0);
	t = open_here();
	assert_int_equal(
	    gw_target_mkdir(t, gw_slice_str("d"), &made, &stamp, &why), GW_OK);
	assert_true(made);
	assert_int_equal(write_whole(t, "d/x", "x", &w), GW_OK);
	assert_int_equal(rename("d", "moved"), 0);
	assert_int_equal(symlink("../outside", "d"), 0);
	/* What is open may still lead into the directory that it was ... */
	assert_int_equal(write_whole(t, "d/y", "y", &w), GW_OK);
	/* ... but a name is only given where the path really leads. */
	assert_int_equal(gw_target_sync(t, &f, 1, &why), GW_OK);
	assert_int_equal(
	    gw_target_place(t, &f, GW_PLACE_RENAME, &nth, &why), GW_E_FAILED);
	assert_int_equal(write_whole(t, "d/z", "z", &w), GW_E_FAILED);
	assert_int_equal(
	    gw_target_dir_attrs(t, gw_slice_str("d"), stamp.ino, &a, &why),
	    GW_E_FAILED);
	assert_int_equal(os_fixture_lstat("../outside").st_mode & 0777, 0750);
	assert_int_equal(rmdir("../outside"), 0);
	gw_target_close(t);
}

static void
a_directory_that_was_removed_is_found_anew(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_whole w;
	struct gw_stamp stamp;
	uint32_t nth;
	bool made;

	(void)state;
	assert_int_equal(
	    gw_target_mkdir(t, gw_slice_str("d"), &made, &stamp, &why), GW_OK);
	assert_int_equal(deliver(t, "d/x", "1", GW_PLACE_RENAME, &nth), GW_OK);
	assert_int_equal(unlink("d/x"), 0);
	assert_int_equal(rmdir("d"), 0);
	assert_int_equal(write_whole(t, "d/x", "2", &w), GW_E_NO_PATH);
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(deliver(t, "d/x", "3", GW_PLACE_RENAME, &nth), GW_OK);
	assert_string_equal(os_fixture_read("d/x", NULL), "3");
	assert_int_equal(
	    gw_target_mkdir(t, gw_slice_str("d/e"), &made, &stamp, &why),
	    GW_OK);
	gw_target_close(t);
}

static void
mkdir_makes_or_finds(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_attrs a = {
		.mode = 05751, .mtime_s = -5, .mtime_ns = 999999999
	};
	struct gw_stamp stamp, again;
	struct stat st;
	bool made;

	(void)state;
	assert_int_equal(
	    gw_target_mkdir(t, gw_slice_str("d"), &made, &stamp, &why), GW_OK);
	assert_true(made);
	assert_int_equal(os_fixture_lstat("d").st_mode & 07777, 0700);
	assert_int_equal(
	    gw_target_mkdir(t, gw_slice_str("d"), &made, &again, &why), GW_OK);
	assert_false(made);
	assert_int_equal(again.ino, stamp.ino);
	os_fixture_text("file", "x");
	assert_int_equal(
	    gw_target_mkdir(t, gw_slice_str("file"), &made, &again, &why),
	    GW_E_FAILED);
	assert_int_equal(
	    gw_target_mkdir(t, gw_slice_str("no/d"), &made, &again, &why),
	    GW_E_NO_PATH);
	assert_int_equal(
	    gw_target_dir_attrs(t, gw_slice_str("d"), stamp.ino + 1, &a, &why),
	    GW_E_FAILED);
	assert_int_equal(
	    gw_target_dir_attrs(t, gw_slice_str("d"), stamp.ino, &a, &why),
	    GW_OK);
	st = os_fixture_lstat("d");
	assert_int_equal(st.st_mode & 07777, 0751);
	assert_int_equal(st.st_mtim.tv_sec, -5);
	assert_int_equal(st.st_mtim.tv_nsec, 999999999);
	/* A set-group-id bit that this side gave it stays. */
	assert_int_equal(chmod(".", 02755), 0);
	assert_int_equal(
	    gw_target_mkdir(t, gw_slice_str("g"), &made, &stamp, &why), GW_OK);
	if (os_fixture_lstat("g").st_mode & S_ISGID) {
		assert_int_equal(gw_target_dir_attrs(
				     t, gw_slice_str("g"), stamp.ino, &a, &why),
		    GW_OK);
		assert_int_equal(os_fixture_lstat("g").st_mode & 07777, 02751);
	}
	assert_int_equal(gw_target_sync_dirs(t, &why), GW_OK);
	gw_target_close(t);
}

static size_t
wire_xattrs(uint8_t *buf, size_t cap, const char *name, const char *value)
{
	struct gw_writer w = gw_writer(buf, cap);

	gw_write_string(&w, gw_slice_str("user.first"));
	gw_write_string(&w, gw_slice("\0\1", 2));
	gw_write_string(&w, gw_slice_str(name));
	gw_write_string(&w, gw_slice_str(value));
	assert_true(gw_writer_ok(&w));
	return gw_writer_len(&w);
}

static void
only_user_attributes_are_taken(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_whole w = { .file = file("x"),
		.attrs = { .mode = 0444 } };
	uint8_t buf[256];
	char value[8];

	(void)state;
	os_fixture_text("probe", "");
	if (setxattr("probe", "user.x", "y", 1, 0) != 0)
		skip();
	w.xattrs =
	    gw_slice(buf, wire_xattrs(buf, sizeof buf, "user.second", "value"));
	assert_int_equal(gw_target_write_whole(t, &w, &why), GW_OK);
	assert_false(w.xattrs_lost);
	assert_int_equal(getxattr(TEMP, "user.first", value, 8), 2);
	assert_int_equal(getxattr(TEMP, "user.second", value, 8), 5);
	w.xattrs = gw_slice(
	    buf, wire_xattrs(buf, sizeof buf, "trusted.evil", "value"));
	assert_int_equal(gw_target_write_whole(t, &w, &why), GW_OK);
	assert_true(w.xattrs_lost);
	assert_int_equal(getxattr(TEMP, "trusted.evil", value, 8), -1);
	w.xattrs.n -= 3; /* torn */
	assert_int_equal(gw_target_write_whole(t, &w, &why), GW_OK);
	assert_true(w.xattrs_lost);
	gw_target_close(t);
}

static void
where_and_how_much_space(void **state)
{
	struct gw_target *t = open_here();
	uint64_t bytes = 0;

	assert_string_equal(gw_target_where(t).path, *state);
	assert_int_equal(gw_target_where(t).ino, os_fixture_lstat(".").st_ino);
	assert_int_equal(gw_target_space(t, &bytes, &why), GW_OK);
	assert_true(bytes > 0);
	gw_target_close(t);
	assert_int_equal(gw_target_open("none", &why, &t), GW_E_NO_PATH);
	os_fixture_text("file", "");
	assert_int_equal(gw_target_open("file", &why, &t), GW_E_NO_PATH);
}

static int
denied(void *arg)
{
	struct gw_target *t;
	struct gw_target_whole w;
	struct gw_stamp stamp;
	bool made;

	(void)arg;
	os_fixture_ordinary_user();
	if (gw_target_open("closed", &why, &t) != GW_E_DISK)
		return 1;
	if (gw_target_open("open", &why, &t) != GW_OK)
		return 2;
	if (write_whole(t, "closed/x", "x", &w) != GW_E_FAILED ||
	    strcmp(why.text, "create: Permission denied") != 0)
		return 3;
	if (gw_target_mkdir(t, gw_slice_str("closed/d"), &made, &stamp, &why) !=
	    GW_E_FAILED)
		return 4;
	/* Finished, without write permission, and yet to be gone on with. */
	w.file = file("again");
	w.attrs.mode = 0;
	if (gw_target_write_whole(t, &w, &why) != GW_OK ||
	    gw_target_temp_open(t, &w.file, w.stamp.ino, &stamp, &why) != GW_OK)
		return 5;
	gw_target_temp_close(t, w.file.entry);
	/* One that cannot be opened is made durable all the same. */
	if (gw_target_write_whole(t, &w, &why) != GW_OK ||
	    gw_target_sync(t, &w.file, 1, &why) != GW_OK)
		return 6;
	gw_target_close(t);
	return 0;
}

static void
permissions_are_reported_and_overcome(void **state)
{
	(void)state;
	assert_int_equal(mkdir("closed", 0755), 0);
	assert_int_equal(mkdir("open", 0755), 0);
	assert_int_equal(mkdir("open/closed", 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown("open", 65534, 65534), 0);
	} else {
		assert_int_equal(chmod("closed", 0555), 0);
		assert_int_equal(chmod("open/closed", 0555), 0);
	}
	assert_int_equal(os_fixture_child(denied, NULL), 0);
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(whole_file_arrives_with_its_attributes),
		T(dangerous_mode_bits_are_cleared),
		T(a_left_over_makes_way_and_other_things_do_not),
		T(bad_paths_are_refused),
		T(links_in_the_way_are_never_followed),
		T(a_parent_replaced_by_a_link_is_not_followed),
		T(a_directory_that_was_removed_is_found_anew),
		T(mkdir_makes_or_finds),
		T(only_user_attributes_are_taken),
		T(where_and_how_much_space),
		T(permissions_are_reported_and_overcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
