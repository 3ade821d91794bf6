/* gw_send and gw_recv: what is judged at once, and jobs without memory. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "devices.h"
#include "os/tcp.h"
#include "os_fixture.h"

static struct gw_send_options
sending(const char *const *path)
{
	struct gw_send_options o = GW_SEND_OPTIONS_INIT;

	o.link.listen = "127.0.0.1";
	o.paths = path;
	o.path_count = 1;
	return o;
}

static struct gw_recv_options
receiving(const char *dir)
{
	struct gw_recv_options o = GW_RECV_OPTIONS_INIT;

	o.link.listen = "127.0.0.1";
	o.dir = dir;
	o.accept = o.once = true;
	return o;
}

static void
assert_refused(struct device *d, const struct gw_send_options *so,
    const struct gw_recv_options *ro, enum gw_err want, const char *says)
{
	unsigned before = devices_descriptors();
	struct gw_job *job = NULL;
	enum gw_err err =
	    so != NULL ? gw_send(d->g, so, &job) : gw_recv(d->g, ro, &job);

	assert_int_equal(err, want);
	assert_null(job);
	if (strstr(gw_last_error(d->g), says) == NULL)
		fail_msg("'%s' does not say '%s'", gw_last_error(d->g), says);
	/* What it had opened may be closed by the loop. */
	while (gw_wait(d->g, 10) == GW_OK)
		;
	assert_int_equal(devices_descriptors(), before);
}

static void
a_send_that_cannot_be_is_refused_at_once(void **state)
{
	const char *there[] = { "file" }, *missing[] = { "not-there" };
	const char *both[] = { "file", "sub/file" }, *in[] = { "-" };
	struct gw_send_options o;
	struct device d;

	(void)state;
	device_open(&d, "alder");
	while (gw_wait(d.g, 10) == GW_OK)
		;
	os_fixture_text("file", "x");
	assert_int_equal(mkdir("sub", 0755), 0);
	os_fixture_text("sub/file", "y");
	o = sending(missing);
	assert_refused(&d, &o, NULL, GW_E_NO_PATH, "not-there");
	o = sending(there);
	o.path_count = 0;
	assert_refused(&d, &o, NULL, GW_E_USAGE, "nothing to send");
	o = sending(both);
	o.path_count = 2;
	assert_refused(&d, &o, NULL, GW_E_USAGE, "file");
	o.files_given = true;
	assert_refused(&d, &o, NULL, GW_E_USAGE, "one directory");
	o = sending(there);
	o.link.host = "127.0.0.1";
	assert_refused(&d, &o, NULL, GW_E_USAGE, "code");
	o.link.code = "short";
	assert_refused(&d, &o, NULL, GW_E_USAGE, "code");
	o = sending(in);
	o.input_fd = STDIN_FILENO;
	o.name = "a/b";
	assert_refused(&d, &o, NULL, GW_E_USAGE, "a/b");
	o = sending(there);
	o.link.listen = "192.0.2.1"; /* not ours */
	assert_refused(&d, &o, NULL, GW_E_ADDRESS, "192.0.2.1");
	device_close(&d);
}

static void
a_recv_that_cannot_be_is_refused_at_once(void **state)
{
	struct gw_recv_options o;
	struct device d;
	int busy;

	(void)state;
	device_open(&d, "birch");
	while (gw_wait(d.g, 10) == GW_OK)
		;
	o = receiving("not-there");
	assert_refused(&d, NULL, &o, GW_E_NO_PATH, "not-there");
	os_fixture_text("file", "x");
	o = receiving("file");
	assert_refused(&d, NULL, &o, GW_E_NO_PATH, "file");
	o = receiving(".");
	o.link.host = "127.0.0.1";
	assert_refused(&d, NULL, &o, GW_E_USAGE, "code");
	assert_int_equal(gw_tcp_listen("127.0.0.1", 0, 1, NULL, &busy), GW_OK);
	o = receiving(".");
	o.link.port = gw_tcp_port(busy);
	o.link.port_required = true;
	assert_refused(&d, NULL, &o, GW_E_ADDRESS, "in use");
	close(busy);
	device_close(&d);
}

static void
the_last_error_is_of_the_last_call(void **state)
{
	struct gw_recv_options o = receiving("not-there");
	struct gw_partials *p;
	struct device d;

	(void)state;
	device_open(&d, "birch");
	assert_int_equal(gw_recv(d.g, &o, &d.job), GW_E_NO_PATH);
	assert_string_not_equal(gw_last_error(d.g), "");
	o = receiving(".");
	assert_int_equal(gw_recv(d.g, &o, &d.job), GW_OK);
	assert_string_equal(gw_last_error(d.g), "");
	assert_int_equal(gw_partials_clear(d.g, "?"), GW_E_NO_PATH);
	assert_string_not_equal(gw_last_error(d.g), "");
	assert_int_equal(gw_partials_open(d.g, &p), GW_OK);
	assert_string_equal(gw_last_error(d.g), "");
	gw_partials_free(p);
	device_close(&d);
}

/* Strings may go as soon as the call is over. */
static void
options_are_copied(void **state)
{
	char path[] = "tree", dir[] = "target", code[] = "7-crane-otter";
	char address[] = "127.0.0.1", pattern[] = "empty";
	const char *paths[] = { path }, *exclude[] = { pattern };
	struct gw_recv_options ro = receiving(dir);
	struct gw_send_options so = sending(paths);
	struct device v[2];

	(void)state;
	device_open(&v[0], "alder");
	device_open(&v[1], "birch");
	devices_make_tree("tree");
	assert_int_equal(mkdir("target", 0755), 0);
	ro.link.listen = address;
	ro.link.code = code;
	assert_int_equal(gw_recv(v[1].g, &ro, &v[1].job), GW_OK);
	device_pull(&v[1]);
	assert_string_equal(v[1].code, "7-crane-otter");
	so.link.host = address;
	so.link.port = v[1].port;
	so.link.code = code;
	so.exclude = exclude;
	so.exclude_count = 1;
	assert_int_equal(gw_send(v[0].g, &so, &v[0].job), GW_OK);
	memset(path, 'x', 4);
	memset(dir, 'x', 6);
	memset(code, 'x', 13);
	memset(address, 'x', 9);
	memset(pattern, 'x', 5);
	devices_until_over(v, 2);
	assert_int_equal(v[0].end, GW_OK);
	assert_int_equal(v[1].end, GW_OK);
	assert_true(os_fixture_exists("target/tree/link"));
	assert_false(os_fixture_exists("target/tree/empty"));
	device_close(&v[0]);
	device_close(&v[1]);
}

static void
a_dry_run_tells_entries_and_sends_nothing(void **state)
{
	const char *paths[] = { "tree" };
	struct gw_send_options o = sending(paths);
	struct device d;

	(void)state;
	device_open(&d, "alder");
	devices_make_tree("tree");
	o.dry_run = true;
	assert_int_equal(gw_send(d.g, &o, &d.job), GW_OK);
	devices_until_over(&d, 1);
	assert_int_equal(d.end, GW_OK);
	assert_int_equal(d.seen[GW_EVENT_LISTENING], 0);
	assert_int_equal(d.seen[GW_EVENT_ENTRY], 6);
	assert_int_equal(d.complete.complete.files, 3);
	assert_int_equal(gw_job_answer(d.job, GW_ANSWER_YES), GW_E_USAGE);
	device_close(&d);
}

/* ---- without memory ---- */

static bool
sender_is_over(void *arg)
{
	const struct device *v = arg;

	return v[0].over;
}

/*
 * Two devices open, meet and move a tree on this carrier, the n-th allocation
 * fails: true if
 * all went well all the same.
 */
static bool
whole_run(long n, enum gw_carriers carriers)
{
	const char *paths[] = { "tree" };
	struct gw_send_options so = sending(paths);
	struct gw_recv_options ro = receiving("target");
	struct gw_options a = GW_OPTIONS_INIT, b = GW_OPTIONS_INIT;
	struct device v[2] = { { .answer = 0 }, { .answer = 0 } };
	bool good;

	a.data_dir = "a-data";
	a.state_dir = "a-state";
	b.data_dir = "b-data";
	b.state_dir = "b-state";
	so.link.retry_set = ro.link.retry_set = true; /* to 0 */
	so.link.carriers = ro.link.carriers = carriers;
	test_fail_alloc(n);
	if (gw_open(&a, &v[0].g) == GW_OK && gw_open(&b, &v[1].g) == GW_OK &&
	    gw_recv(v[1].g, &ro, &v[1].job) == GW_OK) {
		device_pull(&v[1]);
		so.link.host = "127.0.0.1";
		so.link.port = v[1].port;
		so.link.code = v[1].code;
		if (v[1].port != 0 && gw_send(v[0].g, &so, &v[0].job) != GW_OK)
			v[0].job = NULL;
	}
	if (v[0].job != NULL)
		assert_true(devices_run(v, 2, sender_is_over, v, 60000));
	if (v[0].job != NULL && v[0].end != GW_OK && !v[1].over)
		gw_job_cancel(v[1].job); /* nobody comes any more */
	if (v[0].job != NULL)
		devices_until_over(v, 2);
	test_fail_alloc(-1);
	good = v[0].job != NULL && v[0].end == GW_OK && v[1].end == GW_OK;
	/* Success is no less true for a lack of memory. */
	if (v[0].job != NULL && v[0].end == GW_OK)
		devices_same_tree("tree", "target/tree");
	device_close(&v[0]);
	device_close(&v[1]);
	return good;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static void
clean(void)
{
	static const char *const names[] = { "a-data", "a-state", "b-data",
		"b-state", "target" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)nftw(names[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
	assert_int_equal(mkdir("target", 0755), 0);
}

/* Every so many of them.  Some failures are overcome: it ends where many in a
 * row pass. */
static void
fail_each(enum gw_carriers carriers, unsigned step)
{
	unsigned failed = 0;
	unsigned passes = 0;

	devices_make_tree("tree");
	for (long n = 1 % step; passes < 30 / step; n += step) {
		assert_true(n < 5000);
		clean();
		if (whole_run(n, carriers)) {
			passes++;
		} else {
			passes = 0;
			failed++;
		}
	}
	assert_true(failed > 50 / step);
}

static void
whatever_allocation_fails_nothing_leaks_or_breaks(void **state)
{
	(void)state;
	fail_each(GW_CARRIERS_TCP, 1);
}

/* Whoever fails there lingers for a second, to say so again. */
static void
nor_on_udp(void **state)
{
	(void)state;
	fail_each(GW_CARRIERS_UDP, 4);
}

#define IN_A_DIRECTORY(f)                                                      \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(a_send_that_cannot_be_is_refused_at_once),
		IN_A_DIRECTORY(a_recv_that_cannot_be_is_refused_at_once),
		IN_A_DIRECTORY(the_last_error_is_of_the_last_call),
		IN_A_DIRECTORY(options_are_copied),
		IN_A_DIRECTORY(a_dry_run_tells_entries_and_sends_nothing),
		IN_A_DIRECTORY(
		    whatever_allocation_fails_nothing_leaks_or_breaks),
		IN_A_DIRECTORY(nor_on_udp),
	};

	return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
