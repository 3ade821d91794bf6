#include "os/small_file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os_fixture.h"

static struct gw_why why;

static void
written_whole_and_read_back(void **state)
{
	char buf[8];
	size_t n = 0;

	(void)state;
	assert_int_equal(
	    gw_small_file_load("f", buf, 8, &n, &why), GW_E_NO_PATH);
	assert_int_equal(gw_small_file_store("f", "1234567", 7, &why), GW_OK);
	assert_int_equal(os_fixture_lstat("f").st_mode & 07777, 0600);
	assert_int_equal(gw_small_file_load("f", buf, 8, &n, &why), GW_OK);
	assert_int_equal(n, 7);
	assert_memory_equal(buf, "1234567", 7);
	assert_int_equal(gw_small_file_load("f", buf, 7, &n, &why), GW_OK);
	assert_int_equal(gw_small_file_load("f", buf, 6, &n, &why), GW_E_LIMIT);
	assert_int_equal(gw_small_file_store("f", "x", 1, &why), GW_OK);
	assert_int_equal(gw_small_file_load("f", buf, 8, &n, &why), GW_OK);
	assert_int_equal(n, 1);
	assert_int_equal(gw_small_file_store("no/f", "x", 1, &why), GW_E_DISK);
	assert_int_equal(gw_small_file_create("no/f", "x", 1, &why), GW_E_DISK);
}

static void
what_others_could_touch_is_not_trusted(void **state)
{
	char buf[8];
	size_t n;

	(void)state;
	os_fixture_text("open", "x"); /* 0644 */
	assert_int_equal(
	    gw_small_file_load("open", buf, 8, &n, &why), GW_E_DISK);
	assert_non_null(strstr(why.text, "chmod 600 open"));
	assert_int_equal(symlink("open", "link"), 0);
	assert_int_equal(
	    gw_small_file_load("link", buf, 8, &n, &why), GW_E_DISK);
	assert_non_null(strstr(why.text, "link: is a symbolic link"));
	mkfifo("fifo", 0600);
	assert_int_equal(
	    gw_small_file_load("fifo", buf, 8, &n, &why), GW_E_DISK);
	mkdir("dir", 0700);
	assert_int_equal(
	    gw_small_file_load("dir", buf, 8, &n, &why), GW_E_DISK);
}

static unsigned
files_here(void)
{
	DIR *d = opendir(".");
	unsigned n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

/* What a process does that needs an identity: make one or take the one that
 * another made meanwhile. */
static int
identity(int start, uint64_t *key)
{
	uint64_t own[512];
	size_t n;
	char go;
	enum gw_err err;

	for (size_t i = 0; i < 512; i++)
		own[i] = (uint64_t)getpid();
	if (read(start, &go, 1) != 0)
		return 1;
	err = gw_small_file_create("identity", own, sizeof own, &why);
	if (err != GW_OK && err != GW_E_AGAIN)
		return 2;
	if (gw_small_file_load("identity", own, sizeof own, &n, &why) !=
		GW_OK ||
	    n != sizeof own || own[0] != own[511])
		return 3;
	*key = own[0];
	return 0;
}

static void
two_processes_get_the_same(void **state)
{
	enum { RACERS = 4 };
	int start[2], result[2], status;
	uint64_t key, first = 0;

	(void)state;
	for (int round = 0; round < 20; round++) {
		assert_int_equal(pipe(start), 0);
		assert_int_equal(pipe(result), 0);
		for (int i = 0; i < RACERS; i++) {
			if (fork() != 0)
				continue;
			close(start[1]);
			status = identity(start[0], &key);
			if (write(result[1], &key, 8) != 8)
				status = 9;
			_exit(status);
		}
		close(start[0]);
		close(start[1]); /* go */
		for (int i = 0; i < RACERS; i++) {
			assert_int_not_equal(wait(&status), -1);
			assert_int_equal(status, 0);
			assert_int_equal(read(result[0], &key, 8), 8);
			if (i > 0)
				assert_int_equal(key, first);
			first = key;
		}
		close(result[0]);
		close(result[1]);
		assert_int_equal(files_here(), 1); /* no left-overs */
		unlink("identity");
	}
}

static void
create_never_replaces(void **state)
{
	(void)state;
	assert_int_equal(gw_small_file_create("f", "1", 1, &why), GW_OK);
	assert_int_equal(gw_small_file_create("f", "2", 1, &why), GW_E_AGAIN);
	assert_string_equal(os_fixture_read("f", NULL), "1");
	assert_int_equal(os_fixture_lstat("f").st_nlink, 1);
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(written_whole_and_read_back),
		T(what_others_could_touch_is_not_trusted),
		T(two_processes_get_the_same),
		T(create_never_replaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
