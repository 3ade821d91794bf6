/* What interrupted transfers leave, listed and cleared through godwit.h. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "devices.h"
#include "os_fixture.h"

enum { SENDER, RECEIVER, BOTH, SIZE = 8 << 20, RATE = 8 << 20 };

static void
open_both(struct device v[BOTH])
{
	device_open(&v[SENDER], "alder");
	device_open(&v[RECEIVER], "birch");
	devices_make_file("file", SIZE);
	assert_int_equal(mkdir("target", 0755), 0);
}

static void
close_both(struct device v[BOTH])
{
	device_close(&v[SENDER]);
	device_close(&v[RECEIVER]);
}

static void
begin(struct device v[BOTH], uint64_t rate)
{
	struct gw_recv_options ro = GW_RECV_OPTIONS_INIT;
	struct gw_send_options so = GW_SEND_OPTIONS_INIT;

	ro.once = ro.accept = true;
	so.link.rate = rate;
	device_forget(&v[RECEIVER]);
	device_forget(&v[SENDER]);
	device_wait_recv(&v[RECEIVER], &ro, "target");
	device_send(&v[SENDER], &v[RECEIVER], &so, "file");
}

static void
cancel_half_way(struct device v[BOTH])
{
	begin(v, RATE);
	devices_until_bytes(v, BOTH, &v[RECEIVER], 3 << 20);
	gw_job_cancel(v[RECEIVER].job);
	devices_until_over(v, BOTH);
	assert_int_equal(v[RECEIVER].end, GW_E_INTERRUPTED);
	assert_int_equal(v[SENDER].end, GW_E_PEER_GONE);
}

/* How many there are; the last one's id. */
static unsigned
list(struct device *d, struct gw_partial *out)
{
	struct gw_partials *p;
	unsigned n = 0;

	assert_int_equal(gw_partials_open(d->g, &p), GW_OK);
	while (gw_partials_next(p, out))
		n++;
	assert_false(gw_partials_next(p, out));
	gw_partials_free(p);
	return n;
}

static unsigned
files_in(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n +=
		    strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

static void
a_transfer_cancelled_half_way_is_listed(void **state)
{
	struct device v[BOTH];
	struct gw_partials *p;
	struct gw_partial one;
	char target[300];

	open_both(v);
	assert_int_equal(list(&v[RECEIVER], &one), 0);
	cancel_half_way(v);
	snprintf(target, sizeof target, "%s/target", (const char *)*state);
	assert_int_equal(gw_partials_open(v[RECEIVER].g, &p), GW_OK);
	assert_true(gw_partials_next(p, &one));
	assert_int_equal(strlen(one.id), 32);
	assert_string_equal(one.peer, "alder");
	assert_string_equal(one.dir, target);
	assert_string_equal(one.first, "file");
	assert_true(one.bytes >= 2 << 20);
	assert_true(one.bytes <= SIZE);
	assert_int_equal(one.files_done, 0);
	assert_int_equal(one.files_total, 1);
	assert_true(one.age_s >= 0 && one.age_s < 60);
	assert_false(one.active);
	assert_false(gw_partials_next(p, &one));
	gw_partials_free(p);
	gw_partials_free(NULL);
	assert_int_equal(list(&v[SENDER], &one), 0);
	close_both(v);
}

static void
clearing_removes_its_files_and_journal(void **state)
{
	struct device v[BOTH];
	struct gw_partial one;

	(void)state;
	open_both(v);
	cancel_half_way(v);
	os_fixture_text("target/.godwit-mine.part", "not of this transfer");
	assert_int_equal(files_in("target"), 2);
	assert_int_equal(list(&v[RECEIVER], &one), 1);
	assert_int_equal(gw_partials_clear(v[RECEIVER].g, one.id), GW_OK);
	assert_int_equal(list(&v[RECEIVER], &one), 0);
	assert_int_equal(files_in("target"), 1);
	assert_int_equal(files_in("birch-state"), 0);
	assert_string_equal(os_fixture_read("target/.godwit-mine.part", NULL),
	    "not of this transfer");
	close_both(v);
}

static void
what_is_no_id_is_refused(void **state)
{
	static const char *const bad[] = { "", "x", "../birch-data/identity",
		"0123456789ABCDEF0123456789ABCDEF",
		"0123456789abcdef0123456789abcdef",
		"0123456789abcdef0123456789abcdef0" };
	struct device d;

	(void)state;
	device_open(&d, "birch");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(gw_partials_clear(d.g, bad[i]), GW_E_NO_PATH);
		assert_non_null(strstr(gw_last_error(d.g), bad[i]));
	}
	assert_true(os_fixture_exists("birch-data/identity"));
	device_close(&d);
}

static void
one_that_is_being_received_is_active_and_stays(void **state)
{
	struct device v[BOTH];
	struct gw_partial one;

	(void)state;
	open_both(v);
	begin(v, RATE);
	devices_until_bytes(v, BOTH, &v[RECEIVER], 1 << 20);
	assert_int_equal(list(&v[RECEIVER], &one), 1);
	assert_true(one.active);
	assert_int_equal(gw_partials_clear(v[RECEIVER].g, one.id), GW_E_AGAIN);
	assert_non_null(strstr(gw_last_error(v[RECEIVER].g), one.id));
	devices_until_over(v, BOTH);
	assert_int_equal(v[RECEIVER].end, GW_OK);
	devices_same_file("file", "target/file");
	assert_int_equal(list(&v[RECEIVER], &one), 0);
	close_both(v);
}

static void
it_is_mentioned_and_goes_on_where_it_stopped(void **state)
{
	struct device v[BOTH];
	struct gw_partial one;

	(void)state;
	open_both(v);
	cancel_half_way(v);
	begin(v, 0);
	assert_int_equal(v[RECEIVER].seen[GW_EVENT_NOTICE], 1);
	assert_int_equal(v[RECEIVER].what, GW_NOTICE_PARTIALS);
	devices_until_over(v, BOTH);
	assert_int_equal(v[RECEIVER].end, GW_OK);
	assert_int_equal(v[SENDER].end, GW_OK);
	devices_same_file("file", "target/file");
	assert_int_equal(v[RECEIVER].complete.complete.bytes, SIZE);
	assert_true(v[RECEIVER].complete.complete.moved <= SIZE - (2 << 20));
	assert_int_equal(list(&v[RECEIVER], &one), 0);
	assert_int_equal(files_in("target"), 1);
	close_both(v);
}

static void
set_age(struct device *d, int64_t days)
{
	struct timespec t[2] = { { .tv_sec = time(NULL) - days * 86400 - 60 } };
	struct gw_partial one;
	char path[80];

	t[1] = t[0];
	assert_int_equal(list(d, &one), 1);
	snprintf(path, sizeof path, "birch-state/%s.journal", one.id);
	assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
	assert_int_equal(list(d, &one), 1);
	assert_true(one.age_s >= days * 86400);
}

static void
after_a_week_a_recv_clears_it(void **state)
{
	struct gw_recv_options o = GW_RECV_OPTIONS_INIT;
	struct device v[BOTH];
	struct gw_partial one;

	(void)state;
	open_both(v);
	cancel_half_way(v);
	set_age(&v[RECEIVER], 6);
	device_forget(&v[RECEIVER]);
	device_wait_recv(&v[RECEIVER], &o, "target");
	assert_int_equal(v[RECEIVER].what, GW_NOTICE_PARTIALS);
	set_age(&v[RECEIVER], 7);
	device_forget(&v[RECEIVER]);
	device_wait_recv(&v[RECEIVER], &o, "target");
	assert_int_equal(v[RECEIVER].seen[GW_EVENT_NOTICE], 0);
	assert_int_equal(list(&v[RECEIVER], &one), 0);
	assert_int_equal(files_in("target"), 0);
	close_both(v);
}

static void
what_is_no_journal_is_passed_over(void **state)
{
	struct gw_partial one;
	struct device d;

	(void)state;
	device_open(&d, "birch");
	os_fixture_text("birch-state/x.journal", "x");
	os_fixture_text("birch-state/0123456789abcdef0123456789abcdef.journal",
	    "not a journal at all");
	os_fixture_text(
	    "birch-state/0123456789abcdef0123456789abcde0.journal", "");
	assert_int_equal(list(&d, &one), 0);
	assert_int_equal(
	    gw_partials_clear(d.g, "0123456789abcdef0123456789abcdef"), GW_OK);
	assert_false(os_fixture_exists(
	    "birch-state/0123456789abcdef0123456789abcdef.journal"));
	device_close(&d);
}

#define IN_A_DIRECTORY(f)                                                      \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(a_transfer_cancelled_half_way_is_listed),
		IN_A_DIRECTORY(clearing_removes_its_files_and_journal),
		IN_A_DIRECTORY(what_is_no_id_is_refused),
		IN_A_DIRECTORY(one_that_is_being_received_is_active_and_stays),
		IN_A_DIRECTORY(it_is_mentioned_and_goes_on_where_it_stopped),
		IN_A_DIRECTORY(after_a_week_a_recv_clears_it),
		IN_A_DIRECTORY(what_is_no_journal_is_passed_over),
	};

	return cmocka_run_group_tests_name("partials", tests, NULL, NULL);
}
