#include "os/watch.h"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test.h"

static void
only_those_that_are_ready_are_told_and_one_descriptor_speaks_for_all(
    void **state)
{
	enum { MANY = 100 };
	struct gw_watch_event v[GW_WATCH_BATCH];
	struct gw_watch w;
	struct pollfd p = { .events = POLLIN };
	int pipes[MANY][2];

	(void)state;
	assert_int_equal(gw_watch_open(&w, NULL), GW_OK);
	p.fd = w.fd;
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		assert_int_equal(
		    gw_watch_add(&w, pipes[i][0], &pipes[i]), GW_OK);
	}
	assert_int_equal(gw_watch_take(&w, v, GW_WATCH_BATCH), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(write(pipes[42][1], "x", 1), 1);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(gw_watch_take(&w, v, GW_WATCH_BATCH), 1);
	assert_ptr_equal(v[0].arg, &pipes[42]);
	assert_true(v[0].readable);
	assert_false(v[0].error);
	/* As long as it is, it is told again. */
	assert_int_equal(gw_watch_take(&w, v, GW_WATCH_BATCH), 1);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
	assert_int_equal(gw_watch_take(&w, v, 1000), GW_WATCH_BATCH);
	for (int i = 0; i < MANY; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	assert_int_equal(gw_watch_take(&w, v, GW_WATCH_BATCH), 0);
	gw_watch_close(&w);
}

static void
without_descriptors_there_is_none(void **state)
{
	struct rlimit old, low;
	struct gw_why why = { "" };
	struct gw_watch w;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(gw_watch_open(&w, &why), GW_E_LIMIT);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_string_not_equal(why.text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    only_those_that_are_ready_are_told_and_one_descriptor_speaks_for_all),
		cmocka_unit_test(without_descriptors_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
