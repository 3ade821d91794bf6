#include "os/pipe.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "os_fixture.h"

enum { MIB = 1 << 20 };

static uint8_t data[MIB], back[MIB];

struct job { /* a call on another thread */
	struct gw_pipe *p;
	enum gw_err err;
	size_t n;
	struct gw_why why;
};

static void *
do_read(void *arg)
{
	struct job *j = arg;

	j->err = gw_pipe_read(j->p, back, sizeof back, &j->n, &j->why);
	return NULL;
}

static void *
do_write(void *arg)
{
	struct job *j = arg;

	j->err = gw_pipe_write(j->p, data, sizeof data, &j->why);
	return NULL;
}

static void
through(int from, int to)
{
	struct gw_pipe in, out;
	struct job r = { .p = &in }, w = { .p = &out };
	pthread_t ids[2];

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	memset(back, 0, sizeof back);
	assert_int_equal(gw_pipe_init(&in, from), GW_OK);
	assert_int_equal(gw_pipe_init(&out, to), GW_OK);
	pthread_create(&ids[0], NULL, do_read, &r);
	pthread_create(&ids[1], NULL, do_write, &w);
	pthread_join(ids[1], NULL);
	pthread_join(ids[0], NULL);
	assert_int_equal(w.err, GW_OK);
	assert_int_equal(r.err, GW_OK);
	assert_int_equal(r.n, MIB);
	assert_memory_equal(data, back, MIB);
	/* The end of input: less than was asked for. */
	assert_int_equal(gw_pipe_write(&out, "tail", 4, NULL), GW_OK);
	close(to);
	assert_int_equal(
	    gw_pipe_read(&in, back, sizeof back, &r.n, NULL), GW_OK);
	assert_int_equal(r.n, 4);
	assert_int_equal(
	    gw_pipe_read(&in, back, sizeof back, &r.n, NULL), GW_OK);
	assert_int_equal(r.n, 0);
	close(from);
	gw_pipe_fini(&in);
	gw_pipe_fini(&out);
}

static void
a_pipe(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	through(fds[0], fds[1]);
}

static void
a_socket(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	through(fds[0], fds[1]);
}

static void
a_file(void **state)
{
	struct gw_pipe p;
	size_t n;
	int fd = open("f", O_RDWR | O_CREAT, 0600);

	(void)state;
	assert_int_equal(gw_pipe_init(&p, fd), GW_OK);
	assert_int_equal(gw_pipe_write(&p, data, MIB, NULL), GW_OK);
	assert_int_equal(gw_pipe_write(&p, "x", 1, NULL), GW_OK);
	assert_int_equal(os_fixture_lstat("f").st_size, MIB + 1);
	lseek(fd, MIB, SEEK_SET);
	assert_int_equal(gw_pipe_read(&p, back, 10, &n, NULL), GW_OK);
	assert_int_equal(n, 1);
	assert_int_equal(back[0], 'x');
	gw_pipe_fini(&p);
	close(fd);
}

/* Nobody reads, nobody writes: and the calls can be called off. */
static void
a_blocked_call_is_called_off(void **state)
{
	struct gw_pipe in, out;
	struct job r = { .p = &in }, w = { .p = &out };
	pthread_t ids[2];
	int fds[2], other[2], flags;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(other), 0);
	flags = fcntl(fds[1], F_GETFL);
	assert_int_equal(gw_pipe_init(&out, fds[1]), GW_OK);
	assert_int_equal(gw_pipe_init(&in, other[0]), GW_OK);
	pthread_create(&ids[0], NULL, do_read, &r);
	pthread_create(&ids[1], NULL, do_write, &w);
	while (gw_pipe_waits(&in, gw_clock_now()) < 1000 ||
	       gw_pipe_waits(&out, gw_clock_now()) < 1000)
		usleep(1000);
	gw_pipe_cancel(&in);
	gw_pipe_cancel(&out);
	pthread_join(ids[0], NULL);
	pthread_join(ids[1], NULL);
	assert_int_equal(gw_pipe_waits(&in, gw_clock_now()), 0);
	assert_int_equal(gw_pipe_waits(&out, gw_clock_now()), 0);
	assert_int_equal(r.err, GW_E_INTERRUPTED);
	assert_int_equal(w.err, GW_E_INTERRUPTED);
	assert_int_equal(gw_pipe_write(&out, "x", 1, NULL), GW_E_INTERRUPTED);
	assert_int_equal(fcntl(fds[1], F_GETFL), flags);
	/* The same where a write cannot be told not to block. */
	gw_pipe_fini(&out);
	assert_int_equal(gw_pipe_init(&out, fds[1]), GW_OK);
	out.nowait = false;
	pthread_create(&ids[1], NULL, do_write, &w);
	usleep(20000);
	gw_pipe_cancel(&out);
	pthread_join(ids[1], NULL);
	assert_int_equal(w.err, GW_E_INTERRUPTED);
	gw_pipe_fini(&in);
	gw_pipe_fini(&out);
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		close(other[i]);
	}
}

static int
broken(void *arg)
{
	struct gw_pipe p;
	struct gw_why why;
	sigset_t set;
	int fds[2];

	(void)arg;
	signal(SIGPIPE, SIG_DFL);
	if (pipe(fds) != 0 || gw_pipe_init(&p, fds[1]) != GW_OK)
		return 1;
	close(fds[0]);
	if (gw_pipe_write(&p, "x", 1, &why) != GW_E_DISK ||
	    strcmp(why.text, "standard output: Broken pipe") != 0)
		return 2;
	sigpending(&set);
	if (sigismember(&set, SIGPIPE))
		return 3;
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, SIGPIPE) ? 4 : 0;
}

static void
a_closed_reader_is_an_error_and_no_signal(void **state)
{
	(void)state;
	assert_int_equal(os_fixture_child(broken, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe),
		cmocka_unit_test(a_socket),
		cmocka_unit_test_setup_teardown(
		    a_file, os_fixture_setup, os_fixture_teardown),
		cmocka_unit_test(a_blocked_call_is_called_off),
		cmocka_unit_test(a_closed_reader_is_an_error_and_no_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
