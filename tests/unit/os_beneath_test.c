#include "os/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "os_fixture.h"

static int (*const ways[])(
    int, struct gw_slice, int) = { gw_beneath_open, gw_beneath_open_stepwise };

static void
fails(int dir, const char *path, int flags, int error)
{
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(ways[i](dir, gw_slice_str(path), flags), -1);
		assert_int_equal(errno, error);
	}
}

static void
never_leaves_the_directory(void **state)
{
	int dir, fd;
	struct stat st;

	(void)state;
	mkdir("in", 0755);
	mkdir("in/a", 0755);
	mkdir("in/a/b", 0755);
	mkdir("out", 0755);
	os_fixture_text("in/a/b/file", "x");
	os_fixture_text("out/file", "secret");
	assert_int_equal(symlink("../out", "in/up"), 0);
	assert_int_equal(symlink("a", "in/within"), 0);
	assert_int_equal(symlink("b/file", "in/a/link"), 0);
	dir = open("in", O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	for (size_t i = 0; i < 2; i++) {
		fd = ways[i](dir, gw_slice_str("a/b/file"), O_RDONLY);
		assert_true(fd >= 0);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
		fd = ways[i](dir, gw_slice(NULL, 0), O_PATH | O_DIRECTORY);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_ino, os_fixture_lstat("in").st_ino);
		close(fd);
	}
	fails(dir, "up/file", O_RDONLY, ELOOP);
	fails(dir, "up", O_RDONLY | O_DIRECTORY, ELOOP);
	fails(dir, "within/b", O_RDONLY | O_DIRECTORY, ELOOP);
	fails(dir, "a/link", O_RDONLY, ELOOP);
	fails(dir, "a/../../out/file", O_RDONLY, EINVAL);
	fails(dir, "/etc/passwd", O_RDONLY, EINVAL);
	fails(dir, "a/none", O_RDONLY, ENOENT);
	fails(dir, "a/b/file/x", O_RDONLY, ENOTDIR);
	close(dir);
}

static void
sane_paths(void **state)
{
	static const char *const bad[] = { "", "/", "a/", "/a", "a//b", ".",
		"..", "a/.", "a/..", "./a", "../a", "a/../b" };
	static char longest[GW_BENEATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(gw_beneath_sane(gw_slice_str(bad[i])));
	assert_true(gw_beneath_sane(gw_slice_str("a")));
	assert_true(gw_beneath_sane(gw_slice_str(".../..a/a..")));
	assert_false(gw_beneath_sane(gw_slice("a\0b", 3)));
	assert_false(gw_beneath_sane(gw_slice("a/\0", 3)));
	memset(longest, 'x', sizeof longest);
	assert_false(gw_beneath_sane(gw_slice(longest, sizeof longest)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(never_leaves_the_directory,
		    os_fixture_setup, os_fixture_teardown),
		cmocka_unit_test(sane_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
