/* From a file or a pipe into a connection. */
#include "os/pump.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "os/tcp.h"
#include "os_fixture.h"

enum { MUCH = 3 << 20 };

static struct gw_why why;

struct reader {
	pthread_t thread;
	int fd;
	uint8_t *data;
	size_t n;
};

static void *
read_it(void *arg)
{
	struct reader *r = arg;
	enum gw_tcp_result came;
	size_t n;

	r->data = malloc(MUCH + 1);
	for (;;) {
		came = gw_tcp_recv(r->fd, r->data + r->n, MUCH + 1 - r->n, &n);
		if (came == GW_TCP_OK)
			r->n += n;
		else if (came == GW_TCP_AGAIN)
			connection_wait(r->fd, POLLIN);
		else
			return NULL;
	}
}

typedef enum gw_pumped (*way)(
    struct gw_pump *, struct gw_pump_job *, void *arg);

/* Everything that `step` moves has to be the pattern. */
static void
give_all(struct gw_pump_job job, way step, void *arg)
{
	struct reader r = { .n = 0 };
	uint8_t *want = connection_pattern(MUCH);
	enum gw_pumped came;
	struct gw_pump *p;
	int ends[2];

	connection_make(ends);
	r.fd = ends[1];
	job.socket = ends[0];
	job.most = 1 << 20;
	assert_int_equal(gw_pump_new(&p), GW_OK);
	assert_int_equal(pthread_create(&r.thread, NULL, read_it, &r), 0);
	do {
		came = step(p, &job, arg);
		job.offset += job.moved;
		if (came == GW_PUMPED_AGAIN)
			connection_wait(ends[0], POLLOUT);
	} while (came == GW_PUMPED_SOME || came == GW_PUMPED_AGAIN);
	assert_int_equal(came, GW_PUMPED_END);
	gw_tcp_shutdown(ends[0]);
	pthread_join(r.thread, NULL);
	assert_int_equal(r.n, MUCH);
	assert_memory_equal(r.data, want, MUCH);
	free(r.data);
	free(want);
	gw_pump_free(p);
	close(ends[0]);
	close(ends[1]);
}

static enum gw_pumped
out(struct gw_pump *p, struct gw_pump_job *job, void *arg)
{
	(void)arg;
	return gw_pump_out(p, job, &why);
}

static enum gw_pumped
copy(struct gw_pump *p, struct gw_pump_job *job, void *arg)
{
	gw_pump_copy(p);
	return out(p, job, arg);
}

static void
a_file_goes_out(void **state)
{
	uint8_t *data = connection_pattern(MUCH);
	struct gw_pump_job job = { .offset = 0 };

	(void)state;
	os_fixture_write("f", data, MUCH);
	job.file = open("f", O_RDONLY);
	give_all(job, out, NULL);
	give_all(job, copy, NULL);
	close(job.file);
	free(data);
}

/* What sendfile refuses is read; here that does not work either. */
static void
a_file_that_cannot_be_read_is_told(void **state)
{
	struct gw_pump_job job = { .most = 100 };
	struct gw_pump *p;
	int ends[2];

	(void)state;
	connection_make(ends);
	job.socket = ends[0];
	job.file = open(".", O_RDONLY | O_DIRECTORY);
	assert_int_equal(gw_pump_new(&p), GW_OK);
	assert_int_equal(gw_pump_out(p, &job, &why), GW_PUMPED_FAILED);
	assert_non_null(strstr(why.text, "read: "));
	close(job.file);
	gw_pump_free(p);
	close(ends[0]);
	close(ends[1]);
}

static int
sends_to_nobody(void *arg)
{
	struct gw_pump_job job = { .most = 100 };
	struct gw_pump *p;
	struct gw_pipe from;
	int ends[2], fds[2];

	(void)arg;
	signal(SIGPIPE, SIG_DFL);
	connection_make(ends);
	job.socket = ends[0];
	job.file = open("f", O_RDONLY);
	gw_tcp_reset_on_close(ends[1], true);
	close(ends[1]);
	if (gw_pump_new(&p) != GW_OK || pipe(fds) != 0 ||
	    gw_pipe_init(&from, fds[0]) != GW_OK || write(fds[1], "x", 1) != 1)
		return 1;
	for (int i = 0; i < 3; i++)
		if (gw_pump_out(p, &job, &why) != GW_PUMPED_RESET)
			return 2;
	if (gw_pump_stream(p, &from, &job, &why) != GW_PUMPED_RESET)
		return 3;
	gw_pipe_fini(&from);
	gw_pump_free(p);
	return 0;
}

static void
a_connection_that_is_gone_is_no_signal(void **state)
{
	(void)state;
	os_fixture_text("f", "1234");
	assert_int_equal(os_fixture_child(sends_to_nobody, NULL), 0);
}

static enum gw_pumped
stream(struct gw_pump *p, struct gw_pump_job *job, void *arg)
{
	return gw_pump_stream(p, arg, job, &why);
}

static void
feed(int from, int to)
{
	struct connection_writer w = { .fd = to, .n = MUCH };
	struct gw_pipe pipe;

	assert_int_equal(gw_pipe_init(&pipe, from), GW_OK);
	connection_write(&w);
	give_all((struct gw_pump_job){ .offset = 0 }, stream, &pipe);
	pthread_join(w.thread, NULL);
	gw_pipe_fini(&pipe);
}

static void *
write_pipe(void *arg)
{
	struct connection_writer *w = arg;
	uint8_t *data = connection_pattern(w->n);
	ssize_t r;

	for (size_t at = 0; at < w->n; at += (size_t)r) {
		/* In all sizes, with pauses. */
		size_t n = 1 + at % 50000;

		r = write(w->fd, data + at, n < w->n - at ? n : w->n - at);
		if (r < 0)
			break;
		if (at % 7 == 0)
			usleep(100);
	}
	free(data);
	close(w->fd);
	return NULL;
}

static void
a_pipe_goes_out(void **state)
{
	struct connection_writer w = { .n = MUCH };
	struct gw_pipe from;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	w.fd = fds[1];
	assert_int_equal(gw_pipe_init(&from, fds[0]), GW_OK);
	assert_int_equal(pthread_create(&w.thread, NULL, write_pipe, &w), 0);
	give_all((struct gw_pump_job){ .offset = 0 }, stream, &from);
	pthread_join(w.thread, NULL);
	gw_pipe_fini(&from);
	close(fds[0]);
}

/* splice is for pipes only: a socket as input is copied. */
static void
an_input_that_is_no_pipe_goes_out(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	feed(fds[0], fds[1]);
	close(fds[0]);
	close(fds[1]);
}

struct waiting {
	struct gw_pump *pump;
	struct gw_pipe pipe;
	struct gw_pump_job job;
	enum gw_pumped came;
};

static void *
wait_for_input(void *arg)
{
	struct waiting *w = arg;

	w->came = gw_pump_stream(w->pump, &w->pipe, &w->job, &why);
	return NULL;
}

static void
waiting_for_input_is_called_off(void **state)
{
	struct waiting w = { .job = { .most = 100 } };
	pthread_t thread;
	int ends[2], fds[2];

	(void)state;
	connection_make(ends);
	assert_int_equal(pipe(fds), 0);
	w.job.socket = ends[0];
	assert_int_equal(gw_pump_new(&w.pump), GW_OK);
	assert_int_equal(gw_pipe_init(&w.pipe, fds[0]), GW_OK);
	/* What there is goes before it waits. */
	assert_int_equal(write(fds[1], "abc", 3), 3);
	assert_int_equal(
	    gw_pump_stream(w.pump, &w.pipe, &w.job, &why), GW_PUMPED_SOME);
	assert_int_equal(w.job.moved, 3);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_input, &w), 0);
	usleep(20000);
	gw_pipe_cancel(&w.pipe);
	pthread_join(thread, NULL);
	assert_int_equal(w.came, GW_PUMPED_FAILED);
	assert_int_equal(w.job.err, GW_E_INTERRUPTED);
	gw_pipe_fini(&w.pipe);
	gw_pump_free(w.pump);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(fds[i]);
	}
}

#define IN_A_DIRECTORY(test)                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    test, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(a_file_goes_out),
		IN_A_DIRECTORY(a_file_that_cannot_be_read_is_told),
		IN_A_DIRECTORY(a_connection_that_is_gone_is_no_signal),
		cmocka_unit_test(a_pipe_goes_out),
		cmocka_unit_test(an_input_that_is_no_pipe_goes_out),
		cmocka_unit_test(waiting_for_input_is_called_off),
	};

	return cmocka_run_group_tests_name("os_pump_out", tests, NULL, NULL);
}
