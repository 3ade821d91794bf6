#include "os/helper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os_fixture.h"

static struct gw_why why;

static bool
answered(int fd, struct gw_helper_answer *a)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 30000) == 1 && gw_helper_take(fd, a) == GW_OK;
}

static void
answers_come_with_their_ids(void **state)
{
	struct gw_helper_answer a;
	unsigned seen = 0;
	int fd;

	(void)state;
	assert_int_equal(gw_helper_fork(&why, &fd), GW_OK);
	assert_int_equal(gw_helper_take(fd, &a), GW_E_AGAIN);
	assert_int_equal(gw_helper_ask(fd, 7, "localhost", 4639), GW_OK);
	assert_int_equal(gw_helper_ask(fd, 8, "no such host", 1), GW_OK);
	assert_int_equal(gw_helper_ask(fd, 9, "fe80::1", 1), GW_OK);
	for (int i = 0; i < 3; i++) {
		assert_true(answered(fd, &a));
		seen |= 1u << (a.id - 7);
		if (a.id == 7) {
			assert_int_equal(a.err, GW_OK);
			assert_true(gw_addr_is_loopback(&a.found.v[0]));
			assert_int_equal(gw_addr_port(&a.found.v[0]), 4639);
		} else if (a.id == 8) {
			assert_int_equal(a.err, GW_E_RESOLVE);
			assert_non_null(strstr(a.why.text, "no such host: "));
		} else {
			assert_int_equal(a.err, GW_E_ADDRESS);
		}
	}
	assert_int_equal(seen, 7);
	close(fd);
	wait(NULL);
}

static void
names_of_addresses(void **state)
{
	struct gw_helper_answer a;
	struct pollfd p;
	struct gw_addr addr;
	int fd;

	(void)state;
	assert_int_equal(gw_helper_fork(&why, &fd), GW_OK);
	assert_int_equal(gw_helper_take_name(fd, &a), GW_E_AGAIN);
	assert_int_equal(gw_addr_parse(&addr, "127.0.0.1", 0, &why), GW_OK);
	assert_int_equal(gw_helper_ask_name(fd, 3, &addr), GW_OK);
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_int_equal(gw_helper_take_name(fd, &a), GW_OK);
	assert_int_equal(a.id, 3);
	assert_int_equal(a.err, GW_OK);
	assert_non_null(strstr(a.name, "localhost"));
	/* A name is no answer to the other question, nor the reverse. */
	assert_int_equal(gw_helper_ask_name(fd, 4, &addr), GW_OK);
	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_int_equal(gw_helper_take(fd, &a), GW_E_FAILED);
	assert_int_equal(gw_helper_ask(fd, 5, "127.0.0.1", 1), GW_OK);
	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_int_equal(gw_helper_take_name(fd, &a), GW_E_FAILED);
	close(fd);
	wait(NULL);
}

static void
a_name_that_no_host_can_have(void **state)
{
	char name[GW_HELPER_HOST_MAX + 2];
	int fd;

	(void)state;
	assert_int_equal(gw_helper_fork(&why, &fd), GW_OK);
	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	assert_int_equal(gw_helper_ask(fd, 1, name, 1), GW_E_RESOLVE);
	close(fd);
	wait(NULL);
}

static void
ends_when_the_socket_closes(void **state)
{
	int fd, status;
	pid_t pid;

	(void)state;
	assert_int_equal(gw_helper_fork(&why, &fd), GW_OK);
	close(fd);
	pid = wait(&status); /* would hang if it did not */
	assert_true(pid > 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int
forks_and_dies(void *arg)
{
	int fd, *write_end = arg;

	if (gw_helper_fork(&why, &fd) != GW_OK)
		return 1;
	(void)write_end; /* inherited by the helper, which must close it */
	raise(SIGKILL);
	return 2;
}

/* Nobody is left who holds the pipe open: parent and helper are gone, or
 * the helper never kept it. */
static void
keeps_no_descriptor(void **state)
{
	int fds[2], fd;
	struct pollfd p;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(gw_helper_fork(&why, &fd), GW_OK);
	close(fds[1]);
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_true(p.revents & POLLHUP);
	close(fds[0]);
	close(fd);
	wait(NULL);

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(os_fixture_child(forks_and_dies, fds), 128 + SIGKILL);
	close(fds[1]);
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	assert_int_equal(poll(&p, 1, 10000), 1);
	close(fds[0]);
}

static int
gone(void *arg)
{
	struct gw_helper_answer a;
	int fd;

	(void)arg;
	signal(SIGPIPE, SIG_DFL);
	if (gw_helper_fork(&why, &fd) != GW_OK)
		return 1;
	shutdown(fd, SHUT_WR);
	wait(NULL);
	if (gw_helper_take(fd, &a) != GW_E_FAILED)
		return 2;
	if (gw_helper_ask(fd, 1, "localhost", 1) != GW_E_FAILED)
		return 3;
	return 0;
}

static void
a_helper_that_is_gone_is_noticed(void **state)
{
	(void)state;
	assert_int_equal(os_fixture_child(gone, NULL), 0);
}

static void
ctrl_c_does_not_end_it(void **state)
{
	struct gw_helper_answer a;
	char path[64], line[64];
	pid_t helper = 0;
	FILE *f;
	int fd;

	(void)state;
	assert_int_equal(gw_helper_fork(&why, &fd), GW_OK);
	/* It answers, so it has set itself up; it is our only child. */
	assert_int_equal(gw_helper_ask(fd, 1, "127.0.0.1", 1), GW_OK);
	assert_true(answered(fd, &a));
	snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	if ((f = fopen(path, "r")) == NULL)
		skip();
	if (fgets(line, sizeof line, f) != NULL)
		helper = (pid_t)strtol(line, NULL, 10);
	fclose(f);
	if (helper <= 0)
		skip();
	assert_int_equal(kill(helper, SIGINT), 0);
	assert_int_equal(gw_helper_ask(fd, 2, "127.0.0.1", 1), GW_OK);
	assert_true(answered(fd, &a));
	assert_int_equal(a.id, 2);
	close(fd);
	wait(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_come_with_their_ids),
		cmocka_unit_test(names_of_addresses),
		cmocka_unit_test(a_name_that_no_host_can_have),
		cmocka_unit_test(ends_when_the_socket_closes),
		cmocka_unit_test(keeps_no_descriptor),
		cmocka_unit_test(a_helper_that_is_gone_is_noticed),
		cmocka_unit_test(ctrl_c_does_not_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
