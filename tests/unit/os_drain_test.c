#include "os/drain.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alloc.h"
#include "os_fixture.h"

enum { N = 1600 };

/* A pipe that holds n bytes, each of them `value`. */
static void
fill(int fds[2], size_t n, char value)
{
	char *bytes = malloc(n);

	assert_int_equal(pipe(fds), 0);
	memset(bytes, value, n);
	assert_int_equal(write(fds[1], bytes, n), (ssize_t)n);
	free(bytes);
}

static void
close_both(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static void
pipes_are_emptied_one_after_the_other(void **state)
{
	struct gw_drain_job job = { .n = N };
	struct gw_drain *d;
	uint64_t moved;
	int fds[2][2];
	size_t n;
	const char *got;

	(void)state;
	job.file = open("f", O_RDWR | O_CREAT, 0600);
	assert_int_equal(gw_drain_new(&d), GW_OK);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 2; i++) {
			fill(fds[i], N, (char)('a' + round % 20 + i));
			job.pipe = fds[i][0];
			job.offset = (round * 2 + i) * (uint64_t)N;
			assert_int_equal(gw_drain_give(d, &job), 0);
		}
		assert_int_equal(gw_drain_wait(d, &moved), 0);
		assert_int_equal(moved, 2 * N);
		close_both(fds[0]);
		close_both(fds[1]);
	}
	assert_int_equal(gw_drain_wait(d, &moved), 0);
	assert_int_equal(moved, 0);
	got = os_fixture_read("f", &n);
	assert_int_equal(n, 40 * N);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(got[i], 'a' + i / N / 2 % 20 + i / N % 2);
	gw_drain_free(d);
	close(job.file);
}

static void
it_can_be_done_in_this_thread(void **state)
{
	struct gw_drain_job job = { .offset = 3, .n = 5 };
	uint64_t moved;
	int fds[2];

	(void)state;
	os_fixture_text("f", "abcdefghijk");
	fill(fds, 5, '-');
	job.pipe = fds[0];
	job.file = open("f", O_RDWR);
	assert_int_equal(gw_drain_now(&job, &moved), 0);
	assert_int_equal(moved, 5);
	assert_string_equal(os_fixture_read("f", NULL), "abc-----ijk");
	close(job.file);
	job.file = open("f", O_RDONLY);
	close_both(fds);
	fill(fds, 5, '-');
	job.pipe = fds[0];
	assert_int_not_equal(gw_drain_now(&job, &moved), 0);
	assert_int_equal(moved, 0);
	close(job.file);
	close_both(fds);
}

static int
fails_in_the_middle(void *arg)
{
	struct rlimit limit = { N + N / 2, N + N / 2 };
	struct gw_drain_job job = { .n = N };
	struct gw_drain *d;
	uint64_t moved;
	int fds[3][2], first, second;

	(void)arg;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	job.file = open("f", O_RDWR | O_CREAT, 0600);
	if (gw_drain_new(&d) != GW_OK)
		return 1;
	for (unsigned i = 0; i < 3; i++)
		fill(fds[i], N, 'x');
	job.pipe = fds[0][0];
	first = gw_drain_give(d, &job);
	job.pipe = fds[1][0];
	job.offset = N;
	second = gw_drain_give(d, &job);
	if (first != 0 || second != 0)
		return 2;
	/* What comes after it is not begun. */
	job.pipe = fds[2][0];
	job.offset = 0;
	if (gw_drain_give(d, &job) != EFBIG)
		return 3;
	if (gw_drain_wait(d, &moved) != EFBIG || moved != N + N / 2)
		return 4;
	/* Then it is as new. */
	if (gw_drain_give(d, &job) != 0 || gw_drain_wait(d, &moved) != 0 ||
	    moved != N)
		return 5;
	gw_drain_free(d);
	return 0;
}

static void
what_could_not_be_written_is_told(void **state)
{
	(void)state;
	assert_int_equal(os_fixture_child(fails_in_the_middle, NULL), 0);
}

static void
without_memory_there_is_none(void **state)
{
	struct gw_drain *d;

	(void)state;
	test_fail_alloc(0);
	assert_int_equal(gw_drain_new(&d), GW_E_MEMORY);
	test_fail_alloc(-1);
	gw_drain_free(NULL);
}

#define IN_A_DIRECTORY(test)                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    test, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(pipes_are_emptied_one_after_the_other),
		IN_A_DIRECTORY(it_can_be_done_in_this_thread),
		IN_A_DIRECTORY(what_could_not_be_written_is_told),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests_name("os_drain", tests, NULL, NULL);
}
