#include "os/target.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os_fixture.h"

#define TEMP ".godwit-plain-0123456789abcdef.part"
#define PREFIX ".godwit-plain-"

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

static void
it_is_written_and_placed_as_any_other(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_file f = file("plain");
	uint32_t nth = 9;
	int fd;

	(void)state;
	assert_int_equal(gw_target_own(t, &f, &fd, &why), GW_OK);
	assert_int_equal(write(fd, "hello", 5), 5);
	assert_int_equal(gw_target_own_sync(fd, &why), GW_OK);
	assert_false(os_fixture_exists("plain"));
	assert_int_equal(
	    gw_target_place(t, &f, GW_PLACE_RENAME, &nth, &why), GW_OK);
	assert_int_equal(gw_target_sync_dirs(t, &why), GW_OK);
	assert_int_equal(nth, 0);
	close(fd);
	assert_string_equal(os_fixture_read("plain", NULL), "hello");
	assert_false(os_fixture_exists(TEMP));
	gw_target_close(t);
}

static void
it_has_the_permissions_of_a_new_file(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_file f = file("plain");
	mode_t before = umask(027);
	int fd;

	(void)state;
	assert_int_equal(gw_target_own(t, &f, &fd, &why), GW_OK);
	umask(before);
	assert_int_equal(os_fixture_lstat(TEMP).st_mode & 07777, 0640);
	close(fd);
	gw_target_close(t);
}

static void
it_can_be_dropped(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_file f = file("plain");
	int fd;

	(void)state;
	assert_int_equal(gw_target_own(t, &f, &fd, &why), GW_OK);
	assert_int_equal(gw_target_temp_drop(t, &f, &why), GW_OK);
	assert_false(os_fixture_exists(TEMP));
	close(fd);
	gw_target_close(t);
}

static void
a_path_out_of_the_target_is_refused(void **state)
{
	static const char *const paths[] = { "../x", "/x", "a/../x", "." };
	struct gw_target *t = open_here();
	int fd = -2;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct gw_target_file f = file(paths[i]);

		assert_int_equal(gw_target_own(t, &f, &fd, &why), GW_E_FAILED);
		assert_int_equal(fd, -2);
	}
	gw_target_close(t);
}

static void
a_sync_that_fails_is_a_disk_error(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(gw_target_own_sync(fds[1], &why), GW_E_DISK);
	assert_non_null(strstr(why.text, "sync: "));
	close(fds[0]);
	close(fds[1]);
}

/* A process that holds one until it is killed. */
static pid_t
another_process(const char *temp)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	if ((pid = fork()) == 0) {
		struct gw_target *t;
		struct gw_target_file f = file("x");
		int fd;

		f.temp = temp;
		if (gw_target_open(".", &why, &t) != GW_OK ||
		    gw_target_own(t, &f, &fd, &why) != GW_OK ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void
what_a_killed_process_left_is_swept(void **state)
{
	struct gw_target *t = open_here();
	pid_t pid = another_process(TEMP);

	(void)state;
	assert_int_equal(gw_target_own_sweep(t, PREFIX), 0);
	assert_true(os_fixture_exists(TEMP));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(os_fixture_exists(TEMP));
	assert_int_equal(gw_target_own_sweep(t, PREFIX), 1);
	assert_false(os_fixture_exists(TEMP));
	gw_target_close(t);
}

static void
nothing_else_is_swept(void **state)
{
	struct gw_target *t = open_here();

	(void)state;
	os_fixture_text("plain", "");
	os_fixture_text(".godwit-0123456789abcdef01234567.part", "");
	assert_int_equal(mkdir(PREFIX "dir", 0755), 0);
	assert_int_equal(symlink("plain", PREFIX "link"), 0);
	assert_int_equal(gw_target_own_sweep(t, PREFIX), 0);
	assert_true(os_fixture_exists("plain"));
	assert_true(os_fixture_exists(".godwit-0123456789abcdef01234567.part"));
	assert_true(os_fixture_exists(PREFIX "dir"));
	assert_true(os_fixture_exists(PREFIX "link"));
	gw_target_close(t);
}

#define IN_A_DIRECTORY(test)                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    test, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(it_is_written_and_placed_as_any_other),
		IN_A_DIRECTORY(it_has_the_permissions_of_a_new_file),
		IN_A_DIRECTORY(it_can_be_dropped),
		IN_A_DIRECTORY(a_path_out_of_the_target_is_refused),
		IN_A_DIRECTORY(a_sync_that_fails_is_a_disk_error),
		IN_A_DIRECTORY(what_a_killed_process_left_is_swept),
		IN_A_DIRECTORY(nothing_else_is_swept),
	};

	return cmocka_run_group_tests_name("os_target_own", tests, NULL, NULL);
}
