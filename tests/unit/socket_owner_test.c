#include "diag/socket_owner.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "loopback.h"
#include "test.h"

static struct gw_why why;

static uint32_t
inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint32_t)st.st_ino;
}

static void
a_socket_is_its_process(void **state)
{
	uint16_t port;
	int fd = loopback_listen(&port), again = dup(fd), pipes[2];
	struct gw_socket_owners *o;
	const struct gw_socket_owner *v;
	size_t count;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	prctl(PR_SET_NAME, "its (own) name");
	assert_int_equal(gw_socket_owners_scan(&o, &why), GW_OK);
	v = gw_socket_owners_of(o, inode(fd), &count);
	/* Once, under however many numbers it is open. */
	assert_int_equal(count, 1);
	assert_int_equal(v->pid, getpid());
	assert_string_equal(v->name, "its (own) name");
	gw_socket_owners_of(o, 0, &count);
	assert_int_equal(count, 0);
	gw_socket_owners_of(o, UINT32_MAX, &count);
	assert_int_equal(count, 0);
	if (geteuid() == 0)
		assert_int_equal(gw_socket_owners_denied(o), 0);
	gw_socket_owners_free(o);
	gw_socket_owners_free(NULL);
	close(pipes[0]);
	close(pipes[1]);
	close(again);
	close(fd);
}

static void
processes_that_share_it_are_all_told(void **state)
{
	uint16_t port;
	int fd = loopback_listen(&port), hold[2];
	struct gw_socket_owners *o;
	const struct gw_socket_owner *v;
	size_t count;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(hold), 0);
	if ((pid = fork()) == 0) {
		close(hold[1]);
		_exit((int)read(hold[0], &byte, 1));
	}
	close(hold[0]);
	assert_int_equal(gw_socket_owners_scan(&o, &why), GW_OK);
	v = gw_socket_owners_of(o, inode(fd), &count);
	assert_int_equal(count, 2);
	assert_true(v[0].pid < v[1].pid);
	assert_true(v[0].pid == (uint32_t)pid || v[1].pid == (uint32_t)pid);
	gw_socket_owners_free(o);
	close(hold[1]);
	waitpid(pid, NULL, 0);
	close(fd);
}

static void
who_shares_our_namespace(void **state)
{
	(void)state;
	assert_true(gw_socket_owner_is_near((uint32_t)getpid()));
	assert_false(gw_socket_owner_is_near(0));
	assert_false(gw_socket_owner_is_near(INT32_MAX));
}

static void
without_memory_it_says_so(void **state)
{
	uint16_t port;
	int fd = loopback_listen(&port);
	struct gw_socket_owners *o = NULL;
	enum gw_err err;

	(void)state;
	for (long n = 0; n < 200; n++) {
		test_fail_alloc(n);
		err = gw_socket_owners_scan(&o, &why);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		assert_int_equal(err, GW_E_MEMORY);
		assert_null(o);
	}
	gw_socket_owners_free(o);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_is_its_process),
		cmocka_unit_test(processes_that_share_it_are_all_told),
		cmocka_unit_test(who_shares_our_namespace),
		cmocka_unit_test(without_memory_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
