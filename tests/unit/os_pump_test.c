/* From a connection into a file. */
#include "os/pump.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alloc.h"
#include "connection.h"
#include "os/tcp.h"
#include "os_fixture.h"

enum { MUCH = 3 << 20 };

static struct gw_why why;

static void
has_pattern(const char *path, size_t n)
{
	uint8_t *want = connection_pattern(n), *got = malloc(n + 1);
	int fd = open(path, O_RDONLY);

	assert_int_equal(read(fd, got, n + 1), (ssize_t)n);
	assert_memory_equal(got, want, n);
	close(fd);
	free(got);
	free(want);
}

/* All that a peer writes, until its FIN. */
static void
take_all(int file, bool by_copies)
{
	struct connection_writer w = { .n = MUCH };
	struct gw_pump_job job = { .file = file };
	struct gw_pump *p;
	enum gw_pumped came;
	int ends[2];

	connection_make(ends);
	w.fd = ends[0];
	job.socket = ends[1];
	job.most = 1 << 20;
	assert_int_equal(gw_pump_new(&p), GW_OK);
	if (by_copies)
		gw_pump_copy(p);
	connection_write(&w);
	do {
		came = gw_pump_in(p, &job, &why);
		job.offset += job.moved;
		assert_true(job.moved <= job.most);
		if (came == GW_PUMPED_AGAIN)
			connection_wait(ends[1], POLLIN);
	} while (came == GW_PUMPED_SOME || came == GW_PUMPED_AGAIN);
	assert_int_equal(came, GW_PUMPED_END);
	assert_int_equal(job.offset, MUCH);
	pthread_join(w.thread, NULL);
	gw_pump_free(p);
	close(ends[0]);
	close(ends[1]);
}

static void
what_comes_goes_into_the_file(void **state)
{
	int fd = open("f", O_RDWR | O_CREAT, 0600);

	(void)state;
	take_all(fd, false);
	has_pattern("f", MUCH);
	assert_int_equal(ftruncate(fd, 0), 0);
	take_all(fd, true);
	has_pattern("f", MUCH);
	close(fd);
}

/* One that is open for appending is no target of splice. */
static void
where_it_cannot_splice_it_copies(void **state)
{
	int fd = open("f", O_RDWR | O_CREAT | O_APPEND, 0600);

	(void)state;
	take_all(fd, false);
	has_pattern("f", MUCH);
	close(fd);
}

static void
it_takes_no_more_than_it_may(void **state)
{
	struct gw_pump_job job = { .most = 5 };
	struct gw_pump *p;
	int ends[2];
	size_t n;

	(void)state;
	connection_make(ends);
	job.socket = ends[1];
	job.file = open("f", O_RDWR | O_CREAT, 0600);
	assert_int_equal(gw_pump_new(&p), GW_OK);
	assert_int_equal(gw_pump_in(p, &job, &why), GW_PUMPED_AGAIN);
	assert_int_equal(job.moved, 0);
	assert_int_equal(gw_tcp_send(ends[0], "123456789", 9, &n), GW_TCP_OK);
	connection_wait(ends[1], POLLIN);
	assert_int_equal(gw_pump_in(p, &job, &why), GW_PUMPED_SOME);
	assert_int_equal(job.moved, 5);
	job.offset = 5;
	assert_int_equal(gw_pump_in(p, &job, &why), GW_PUMPED_AGAIN);
	assert_int_equal(job.moved, 4);
	assert_string_equal(os_fixture_read("f", NULL), "123456789");
	close(job.file);
	gw_pump_free(p);
	close(ends[0]);
	close(ends[1]);
}

static void
a_reset_is_told_once_all_before_it_is_taken(void **state)
{
	struct gw_pump_job job = { .most = 100 };
	struct gw_pump *p;
	int ends[2];
	size_t n;

	(void)state;
	connection_make(ends);
	job.socket = ends[1];
	job.file = open("f", O_RDWR | O_CREAT, 0600);
	assert_int_equal(gw_pump_new(&p), GW_OK);
	assert_int_equal(gw_tcp_send(ends[0], "1234", 4, &n), GW_TCP_OK);
	connection_wait(ends[1], POLLIN);
	gw_tcp_reset_on_close(ends[0], true);
	close(ends[0]);
	assert_int_equal(gw_pump_in(p, &job, &why), GW_PUMPED_RESET);
	assert_int_equal(job.moved, 4);
	close(job.file);
	gw_pump_free(p);
	close(ends[1]);
}

static void
a_file_that_cannot_be_written_is_told(void **state)
{
	struct gw_pump_job job = { .most = 100 };
	struct gw_pump *p;
	int ends[2];
	size_t n;

	(void)state;
	os_fixture_text("f", "");
	connection_make(ends);
	job.socket = ends[1];
	assert_int_equal(gw_pump_new(&p), GW_OK);
	assert_int_equal(gw_tcp_send(ends[0], "1234", 4, &n), GW_TCP_OK);
	connection_wait(ends[1], POLLIN);
	job.file = open("f", O_RDONLY);
	assert_int_equal(gw_pump_in(p, &job, &why), GW_PUMPED_FAILED);
	assert_int_not_equal(job.err, GW_OK);
	assert_non_null(strstr(why.text, "write: "));
	close(job.file);
	/* What it could not write is gone, and the pump is good again. */
	assert_int_equal(gw_tcp_send(ends[0], "567", 3, &n), GW_TCP_OK);
	connection_wait(ends[1], POLLIN);
	job.file = open("f", O_RDWR);
	assert_int_equal(gw_pump_in(p, &job, &why), GW_PUMPED_AGAIN);
	assert_string_equal(os_fixture_read("f", NULL), "567");
	close(job.file);
	gw_pump_free(p);
	close(ends[0]);
	close(ends[1]);
}

/* In the middle of much, while another thread writes. */
static int
fails_in_the_middle(void *arg)
{
	struct rlimit limit = { MUCH / 2, MUCH / 2 };
	struct connection_writer w = { .n = MUCH };
	struct gw_pump_job job = { .most = MUCH };
	struct gw_pump *p;
	enum gw_pumped came;
	int ends[2];

	(void)arg;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	connection_make(ends);
	w.fd = ends[0];
	job.socket = ends[1];
	job.file = open("f", O_RDWR | O_CREAT, 0600);
	if (gw_pump_new(&p) != GW_OK)
		return 1;
	connection_write(&w);
	do {
		came = gw_pump_in(p, &job, &why);
		job.offset += job.moved;
		if (came == GW_PUMPED_AGAIN)
			connection_wait(ends[1], POLLIN);
	} while (came == GW_PUMPED_SOME || came == GW_PUMPED_AGAIN);
	gw_tcp_reset_on_close(ends[1], true);
	close(ends[1]);
	pthread_join(w.thread, NULL);
	gw_pump_free(p);
	return came == GW_PUMPED_FAILED && job.offset == MUCH / 2 ? 0 : 2;
}

static void
a_file_that_ends_in_the_middle_is_told(void **state)
{
	(void)state;
	assert_int_equal(os_fixture_child(fails_in_the_middle, NULL), 0);
}

static void
a_full_disk_is_told(void **state)
{
	struct gw_pump_job job = { .most = 100 };
	struct gw_pump *p;
	int ends[2];
	size_t n;

	(void)state;
	connection_make(ends);
	job.socket = ends[1];
	job.file = open("/dev/full", O_WRONLY);
	assert_int_equal(gw_pump_new(&p), GW_OK);
	assert_int_equal(gw_tcp_send(ends[0], "1234", 4, &n), GW_TCP_OK);
	connection_wait(ends[1], POLLIN);
	assert_int_equal(gw_pump_in(p, &job, &why), GW_PUMPED_FAILED);
	assert_int_equal(job.err, GW_E_SPACE);
	close(job.file);
	gw_pump_free(p);
	close(ends[0]);
	close(ends[1]);
}

static void
without_memory_it_says_so(void **state)
{
	struct gw_pump_job job = { .most = 100 };
	struct gw_pump *p;
	int ends[2];
	size_t n;

	(void)state;
	test_fail_alloc(0);
	assert_int_equal(gw_pump_new(&p), GW_E_MEMORY);
	test_fail_alloc(-1);
	/* A buffer is made when it is needed. */
	connection_make(ends);
	job.socket = ends[1];
	job.file = open("f", O_RDWR | O_CREAT | O_APPEND, 0600);
	assert_int_equal(gw_pump_new(&p), GW_OK);
	assert_int_equal(gw_tcp_send(ends[0], "1234", 4, &n), GW_TCP_OK);
	connection_wait(ends[1], POLLIN);
	test_fail_alloc(0);
	assert_int_equal(gw_pump_in(p, &job, &why), GW_PUMPED_FAILED);
	test_fail_alloc(-1);
	assert_int_equal(job.err, GW_E_MEMORY);
	gw_pump_free(p);
	gw_pump_free(NULL);
	close(job.file);
	close(ends[0]);
	close(ends[1]);
}

#define IN_A_DIRECTORY(test)                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    test, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(what_comes_goes_into_the_file),
		IN_A_DIRECTORY(where_it_cannot_splice_it_copies),
		IN_A_DIRECTORY(it_takes_no_more_than_it_may),
		IN_A_DIRECTORY(a_reset_is_told_once_all_before_it_is_taken),
		IN_A_DIRECTORY(a_file_that_cannot_be_written_is_told),
		IN_A_DIRECTORY(a_file_that_ends_in_the_middle_is_told),
		IN_A_DIRECTORY(a_full_disk_is_told),
		IN_A_DIRECTORY(without_memory_it_says_so),
	};

	return cmocka_run_group_tests_name("os_pump", tests, NULL, NULL);
}
