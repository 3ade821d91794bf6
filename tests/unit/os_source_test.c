#include "os/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cursor.h"
#include "os_fixture.h"

static struct gw_why why;

struct place {
	struct gw_roots *roots;
	struct gw_source *source;
};

static struct place
open_roots(const char *const *paths, size_t n)
{
	struct place p;

	assert_int_equal(gw_roots_new(paths, n, &why, &p.roots), GW_OK);
	assert_int_equal(gw_source_new(p.roots, &p.source), GW_OK);
	return p;
}

static void
close_roots(struct place *p)
{
	gw_source_free(p->source);
	gw_roots_free(p->roots);
}

static enum gw_err
open_path(struct place *p, const char *path, int *fd)
{
	struct gw_stamp stamp;

	why.text[0] = '\0';
	return gw_source_open(p->source, gw_slice_str(path), fd, &stamp, &why);
}

static void
reads_what_is_below_the_roots(void **state)
{
	struct place p;
	struct gw_stamp stamp;
	char buf[100];
	struct gw_source_read r = { .buf = buf, .n = 100, .offset = 2 };
	int fd;

	(void)state;
	mkdir("t", 0755);
	mkdir("t/d", 0755);
	os_fixture_text("t/d/file", "0123456789");
	os_fixture_text("single", "abc");
	p = open_roots((const char *[]){ "t", "single" }, 2);
	assert_int_equal(chdir("/"), 0); /* paths are absolute by now */
	assert_int_equal(gw_source_open(p.source, gw_slice_str("t/d/file"), &fd,
			     &stamp, &why),
	    GW_OK);
	assert_int_equal(stamp.size, 10);
	assert_int_equal(gw_source_read(fd, &r, &why), GW_OK);
	assert_int_equal(r.got, 8);
	assert_memory_equal(buf, "23456789", 8);
	close(fd);
	assert_int_equal(open_path(&p, "single", &fd), GW_OK);
	close(fd);
	assert_int_equal(open_path(&p, "t/d", &fd), GW_E_FAILED);
	assert_int_equal(open_path(&p, "t", &fd), GW_E_FAILED);
	assert_int_equal(open_path(&p, "t/none", &fd), GW_E_NO_PATH);
	assert_int_equal(open_path(&p, "other/x", &fd), GW_E_NO_PATH);
	assert_int_equal(open_path(&p, "other", &fd), GW_E_NO_PATH);
	assert_int_equal(open_path(&p, "t/../single", &fd), GW_E_FAILED);
	assert_int_equal(open_path(&p, "single/x", &fd), GW_E_NO_PATH);
	close_roots(&p);
}

static void
links_that_appear_are_not_followed(void **state)
{
	struct place p;
	int fd;

	(void)state;
	mkdir("t", 0755);
	mkdir("t/d", 0755);
	mkdir("out", 0755);
	os_fixture_text("out/file", "secret");
	os_fixture_text("t/d/file", "x");
	os_fixture_text("single", "x");
	p = open_roots((const char *[]){ "t", "single" }, 2);
	assert_int_equal(rename("t/d", "t/was"), 0);
	assert_int_equal(symlink("../out", "t/d"), 0);
	assert_int_equal(open_path(&p, "t/d/file", &fd), GW_E_FAILED);
	assert_int_equal(symlink("../out/file", "t/link"), 0);
	assert_int_equal(open_path(&p, "t/link", &fd), GW_E_FAILED);
	assert_non_null(strstr(why.text, "symbolic link"));
	/* Neither is a PATH that was replaced. */
	assert_int_equal(rename("single", "gone"), 0);
	assert_int_equal(symlink("out/file", "single"), 0);
	assert_int_equal(open_path(&p, "single", &fd), GW_E_FAILED);
	assert_int_equal(rename("t", "t2"), 0);
	assert_int_equal(rename("out", "t"), 0);
	assert_int_equal(open_path(&p, "t/file", &fd), GW_E_NO_PATH);
	close_roots(&p);
}

static void
a_path_that_was_replaced_is_gone(void **state)
{
	struct place p;
	int fd;

	(void)state;
	mkdir("t", 0755);
	mkdir("other", 0755);
	os_fixture_text("t/x", "x");
	os_fixture_text("other/x", "secret");
	os_fixture_text("single", "x");
	p = open_roots((const char *[]){ "t", "single" }, 2);
	assert_int_equal(rename("t", "away"), 0);
	assert_int_equal(rename("other", "t"), 0);
	assert_int_equal(open_path(&p, "t/x", &fd), GW_E_NO_PATH);
	assert_int_equal(rename("single", "kept"), 0);
	os_fixture_text("single", "secret");
	assert_int_equal(open_path(&p, "single", &fd), GW_E_NO_PATH);
	close_roots(&p);
}

static void
a_fifo_does_not_hold_us(void **state)
{
	struct place p;
	int fd;

	(void)state;
	mkdir("t", 0755);
	p = open_roots((const char *[]){ "t" }, 1);
	assert_int_equal(mkfifo("t/x", 0600), 0);
	assert_int_equal(open_path(&p, "t/x", &fd), GW_E_FAILED);
	close_roots(&p);
}

static int
open_denied(void *arg)
{
	struct place p = open_roots((const char *[]){ "t" }, 1);
	int fd;

	(void)arg;
	os_fixture_ordinary_user();
	if (open_path(&p, "t/secret", &fd) != GW_E_FAILED ||
	    strcmp(why.text, "open: Permission denied") != 0)
		return 1;
	/* Another's file: the access time is not ours to keep. */
	if (open_path(&p, "t/open", &fd) != GW_OK)
		return 2;
	close(fd);
	close_roots(&p);
	return 0;
}

static void
permission_is_told(void **state)
{
	(void)state;
	mkdir("t", 0755);
	os_fixture_text("t/secret", "x");
	os_fixture_text("t/open", "x");
	chmod("t/secret", geteuid() == 0 ? 0600 : 0);
	assert_int_equal(os_fixture_child(open_denied, NULL), 0);
}

static void
holes_are_found(void **state)
{
	enum { MIB = 1 << 20 };
	int fd;

	(void)state;
	fd = open("f", O_RDWR | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, 10 * MIB), 0);
	assert_int_equal(pwrite(fd, "x", 1, 3 * MIB), 1);
	if (gw_source_next_data(fd, 0, 10 * MIB) == 0)
		skip(); /* a file system without holes */
	assert_int_equal(gw_source_next_data(fd, 0, 10 * MIB), 3 * MIB);
	assert_int_equal(gw_source_next_data(fd, 3 * MIB, 10 * MIB), 3 * MIB);
	assert_in_range(
	    gw_source_data_end(fd, 3 * MIB, 10 * MIB), 3 * MIB + 1, 4 * MIB);
	assert_int_equal(gw_source_next_data(fd, 4 * MIB, 10 * MIB), 10 * MIB);
	assert_int_equal(gw_source_next_data(fd, 10 * MIB, 10 * MIB), 10 * MIB);
	assert_int_equal(gw_source_data_end(fd, 4 * MIB, 10 * MIB), 4 * MIB);
	/* It shrank since: still bounded. */
	assert_int_equal(gw_source_next_data(fd, 0, 2 * MIB), 2 * MIB);
	close(fd);
}

static void
user_attributes_go_on_the_wire(void **state)
{
	uint8_t buf[300];
	struct gw_reader r;
	struct gw_slice name, value;
	size_t n = 99;
	int fd;

	(void)state;
	os_fixture_text("f", "");
	fd = open("f", O_RDONLY);
	assert_int_equal(
	    gw_source_xattrs(fd, buf, sizeof buf, &n, &why), GW_OK);
	assert_int_equal(n, 0);
	if (setxattr("f", "user.a", "1\0002", 3, 0) != 0)
		skip();
	if (geteuid() == 0) /* not ours to send */
		setxattr("f", "trusted.x", "y", 1, 0);
	assert_int_equal(
	    gw_source_xattrs(fd, buf, sizeof buf, &n, &why), GW_OK);
	r = gw_reader(gw_slice(buf, n));
	name = gw_read_string(&r, 100);
	value = gw_read_string(&r, 100);
	assert_true(gw_reader_done(&r));
	assert_true(gw_slice_eq(name, gw_slice_str("user.a")));
	assert_true(gw_slice_eq(value, gw_slice("1\0002", 3)));
	assert_int_equal(gw_source_xattrs(fd, buf, 5, &n, &why), GW_E_LIMIT);
	assert_int_equal(gw_source_xattrs(fd, buf, 10, &n, &why), GW_E_LIMIT);
	assert_int_equal(gw_source_xattrs(fd, buf, 11, &n, &why), GW_OK);
	close(fd);
}

static void
a_change_shows_in_the_stamp(void **state)
{
	struct gw_stamp a, b;
	int fd;

	(void)state;
	os_fixture_text("f", "1");
	fd = open("f", O_RDWR);
	assert_int_equal(gw_source_stamp(fd, &a, &why), GW_OK);
	assert_int_equal(gw_source_stamp(fd, &b, &why), GW_OK);
	assert_true(gw_stamp_unchanged(&a, &b));
	assert_int_equal(
	    futimens(fd, (struct timespec[2]){ { 1, 1 }, { 1, 1 } }), 0);
	assert_int_equal(gw_source_stamp(fd, &b, &why), GW_OK);
	assert_false(gw_stamp_unchanged(&a, &b));
	b = a;
	b.size++;
	assert_false(gw_stamp_unchanged(&a, &b));
	b = a;
	b.ino++;
	assert_false(gw_stamp_unchanged(&a, &b));
	close(fd);
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(reads_what_is_below_the_roots),
		T(links_that_appear_are_not_followed),
		T(a_path_that_was_replaced_is_gone),
		T(a_fifo_does_not_hold_us),
		T(permission_is_told),
		T(holes_are_found),
		T(user_attributes_go_on_the_wire),
		T(a_change_shows_in_the_stamp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
