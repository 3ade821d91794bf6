#include "os/sigpipe.h"

#include <errno.h>
#include <unistd.h>

#include "os_fixture.h"

static bool
pending(void)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, SIGPIPE) == 1;
}

static int
writes(void *arg)
{
	struct gw_sigpipe held;
	int fds[2];

	(void)arg;
	signal(SIGPIPE, SIG_DFL);
	if (pipe(fds) != 0)
		return 1;
	close(fds[0]);
	gw_sigpipe_hold(&held);
	if (write(fds[1], "x", 1) != -1 || errno != EPIPE)
		return 2;
	gw_sigpipe_release(&held, true);
	if (pending())
		return 3;
	/* Nothing came: nothing is waited for. */
	gw_sigpipe_hold(&held);
	gw_sigpipe_release(&held, true);
	gw_sigpipe_hold(&held);
	gw_sigpipe_release(&held, false);
	return pending() ? 4 : 0;
}

static void
a_broken_pipe_is_no_signal(void **state)
{
	(void)state;
	assert_int_equal(os_fixture_child(writes, NULL), 0);
}

static int
has_one(void *arg)
{
	struct gw_sigpipe held;
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGPIPE);
	gw_sigpipe_hold(&held);
	gw_sigpipe_release(&held, true);
	return pending() ? 0 : 1;
}

static void
a_signal_of_somebody_else_stays(void **state)
{
	(void)state;
	assert_int_equal(os_fixture_child(has_one, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broken_pipe_is_no_signal),
		cmocka_unit_test(a_signal_of_somebody_else_stays),
	};

	return cmocka_run_group_tests_name("os_sigpipe", tests, NULL, NULL);
}
