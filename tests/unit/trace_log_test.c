/* A trace on its way into a file: nobody waits for the disk. */
#include "run/trace_log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "os_fixture.h"

enum { LINES = 1 << 20 };

static const struct gw_trace_event something = { .kind = GW_TRACE_STATE,
	.state = { "SYN_SENT", "ESTABLISHED" } };

static struct gw_trace_log *
opened(int fd)
{
	struct gw_trace_log *l;

	assert_true(fd >= 0);
	assert_int_equal(gw_trace_log_open(fd, "godwit 0", &l), GW_OK);
	return l;
}

static int
new_file(const char *name)
{
	return open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static void
what_is_told_is_in_the_file_in_order(void **state)
{
	struct gw_trace_log *l = opened(new_file("t"));
	const struct gw_trace *t = gw_trace_log_trace(l);
	uint64_t dropped = 1;
	const char *text, *first, *second, *last;
	size_t n;

	(void)state;
	gw_trace(t, &something);
	gw_trace(t, &(struct gw_trace_event){ .kind = GW_TRACE_UNDONE });
	assert_int_equal(gw_trace_log_close(l, &dropped), GW_OK);
	assert_int_equal(dropped, 0);
	text = os_fixture_read("t", &n);
	assert_true(strncmp(text, "{\"t\":0.000000,\"event\":\"trace_started\"",
			37) == 0);
	first = strstr(text, "connection_state_updated");
	second = strstr(text, "loss_undone");
	last = strstr(text, "\"trace_ended\",\"events\":2,\"dropped\":0}\n");
	assert_true(first != NULL && second > first && last > second);
	assert_int_equal(last[strlen(last) - 1], '\n');
}

static void
off_there_is_no_trace(void **state)
{
	uint64_t dropped;

	(void)state;
	assert_null(gw_trace_log_trace(NULL));
	gw_trace(NULL, &something);
	assert_int_equal(gw_trace_log_close(NULL, &dropped), GW_OK);
}

struct reader {
	int fd;
	uint64_t lines, told, tellings; /* by lines of events_dropped */
	char last[300];
};

static void *
read_all(void *arg)
{
	struct reader *r = arg;
	FILE *f = fdopen(r->fd, "r");
	char line[9000];

	while (fgets(line, sizeof line, f) != NULL) {
		const char *at = strstr(line, "\"count\":");

		r->lines++;
		if (at != NULL) {
			r->told += strtoull(at + 8, NULL, 10);
			r->tellings++;
		}
		snprintf(r->last, sizeof r->last, "%.299s", line);
	}
	fclose(f);
	return NULL;
}

/* A pipe that nobody reads yet is as slow as a disk can be. */
static void
what_finds_no_room_is_counted_and_nobody_waits(void **state)
{
	struct reader r = { .lines = 0 };
	struct gw_trace_log *l;
	const struct gw_trace *t;
	char want[80];
	uint64_t dropped = 0;
	pthread_t thread;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	l = opened(ends[1]);
	t = gw_trace_log_trace(l);
	/* It would stand here for ever if it waited. */
	for (unsigned i = 0; i < LINES / 8; i++)
		gw_trace(t, &something);
	r.fd = ends[0];
	assert_int_equal(pthread_create(&thread, NULL, read_all, &r), 0);
	/* There is room again, and soon none. */
	for (unsigned i = 0; i < LINES / 8; i++)
		gw_trace(t, &something);
	assert_int_equal(gw_trace_log_close(l, &dropped), GW_OK);
	pthread_join(thread, NULL);
	assert_true(dropped > 0 && dropped < LINES / 4);
	/* The header, what was kept, how many were not, the end. */
	assert_int_equal(r.lines, 1 + LINES / 4 - dropped + r.tellings + 1);
	assert_true(r.tellings > 0);
	assert_int_equal(r.told, dropped);
	snprintf(want, sizeof want, "\"dropped\":%llu}\n",
	    (unsigned long long)dropped);
	assert_non_null(strstr(r.last, want));
}

static void
a_full_disk_is_told_at_the_end(void **state)
{
	struct gw_trace_log *l = opened(open("/dev/full", O_WRONLY));
	const struct gw_trace *t = gw_trace_log_trace(l);
	uint64_t dropped;

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		gw_trace(t, &something);
	assert_int_equal(gw_trace_log_close(l, &dropped), GW_E_DISK);
}

static void *
tell_some(void *trace)
{
	for (unsigned i = 0; i < 100; i++)
		gw_trace(trace, &something);
	return NULL;
}

static void
several_threads_may_tell(void **state)
{
	struct gw_trace_log *l = opened(new_file("many"));
	struct gw_trace t = *gw_trace_log_trace(l);
	pthread_t threads[4];
	uint64_t dropped;
	size_t n, lines = 0;
	const char *text;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, tell_some, &t), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(gw_trace_log_close(l, &dropped), GW_OK);
	text = os_fixture_read("many", &n);
	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++) {
		lines++;
		assert_true(p[1] == '{' || p[1] == '\0');
	}
	assert_int_equal(lines, 402);
}

static void
without_memory_there_is_none(void **state)
{
	struct gw_trace_log *l = NULL;
	enum gw_err err;
	const int fd = new_file("none");
	uint64_t dropped;

	(void)state;
	for (long n = 0; n < 10; n++) {
		test_fail_alloc(n);
		err = gw_trace_log_open(fd, "godwit 0", &l);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		assert_int_equal(err, GW_E_MEMORY);
		assert_null(l);
	}
	assert_int_equal(err, GW_OK);
	assert_int_equal(gw_trace_log_close(l, &dropped), GW_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_is_in_the_file_in_order),
		cmocka_unit_test(off_there_is_no_trace),
		cmocka_unit_test(
		    what_finds_no_room_is_counted_and_nobody_waits),
		cmocka_unit_test(a_full_disk_is_told_at_the_end),
		cmocka_unit_test(several_threads_may_tell),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests_name(
	    "trace_log", tests, os_fixture_setup, os_fixture_teardown);
}
