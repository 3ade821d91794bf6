#include "os/full_io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os_fixture.h"

static void
all_or_the_end(void **state)
{
	int fd = open("f", O_RDWR | O_CREAT, 0600);
	char buf[10] = "";
	size_t got = 99;

	(void)state;
	assert_true(gw_full_pwrite(fd, "abcdef", 6, 4));
	assert_true(gw_full_pread(fd, buf, 10, 0, &got));
	assert_int_equal(got, 10);
	assert_memory_equal(buf, "\0\0\0\0abcdef", 10);
	assert_true(gw_full_pread(fd, buf, 10, 8, &got));
	assert_int_equal(got, 2);
	assert_true(gw_full_pread(fd, buf, 10, 100, &got));
	assert_int_equal(got, 0);
	close(fd);
	assert_false(gw_full_pread(-1, buf, 1, 0, &got));
	assert_int_equal(errno, EBADF);
}

static int
limited(void *arg)
{
	struct rlimit r = { 10, 10 };
	int fd = open("f", O_RDWR | O_CREAT, 0600);

	(void)arg;
	signal(SIGXFSZ, SIG_IGN);
	if (fd < 0 || setrlimit(RLIMIT_FSIZE, &r) != 0)
		return 1;
	/* The kernel takes a part first, and says why not at the rest. */
	if (gw_full_pwrite(fd, "0123456789abcdef", 16, 0) || errno != EFBIG)
		return 2;
	close(fd);
	return 0;
}

static void
a_write_that_ends_early_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(os_fixture_child(limited, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    all_or_the_end, os_fixture_setup, os_fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_write_that_ends_early_is_an_error, os_fixture_setup,
		    os_fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
