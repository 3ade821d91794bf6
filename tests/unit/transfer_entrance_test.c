/* How a job lets its peer in: codes, guesses, coming back. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "devices.h"
#include "os/tcp.h"
#include "os_fixture.h"

enum { SENDER, RECEIVER, BOTH };

static void
open_both(struct device v[BOTH], bool once)
{
	struct gw_recv_options o = GW_RECV_OPTIONS_INIT;

	device_open(&v[SENDER], "alder");
	device_open(&v[RECEIVER], "birch");
	devices_make_file("file", 3 << 20);
	assert_int_equal(mkdir("target", 0755), 0);
	o.accept = true;
	o.once = once;
	device_wait_recv(&v[RECEIVER], &o, "target");
}

static void
close_both(struct device v[BOTH])
{
	device_close(&v[SENDER]);
	device_close(&v[RECEIVER]);
}

static void
try_code(struct device v[BOTH], const char *code)
{
	struct gw_send_options o = GW_SEND_OPTIONS_INIT;

	device_forget(&v[SENDER]);
	o.link.code = code;
	device_send(&v[SENDER], &v[RECEIVER], &o, "file");
	devices_until(v, BOTH, &v[SENDER], GW_EVENT_END);
}

/* ---- codes ---- */

static void
a_wrong_code_is_told_and_the_right_one_still_opens(void **state)
{
	struct device v[BOTH];

	(void)state;
	open_both(v, true);
	try_code(v, "1-wrong-code");
	assert_int_equal(v[SENDER].end, GW_E_AUTH);
	assert_int_equal(v[SENDER].error, GW_E_AUTH);
	assert_int_equal(v[SENDER].seen[GW_EVENT_CONNECTED], 0);
	devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_NOTICE);
	assert_int_equal(v[RECEIVER].what, GW_NOTICE_GUESS);
	assert_int_equal(v[RECEIVER].seen[GW_EVENT_CONNECTED], 0);
	try_code(v, v[RECEIVER].code);
	assert_int_equal(v[SENDER].end, GW_OK);
	devices_until_over(v, BOTH);
	assert_int_equal(v[RECEIVER].end, GW_OK);
	close_both(v);
}

static void
three_wrong_codes_burn_it_and_the_job_ends(void **state)
{
	struct device v[BOTH];

	(void)state;
	open_both(v, true);
	for (unsigned i = 0; i < 3; i++)
		try_code(v, "1-wrong-code");
	devices_until_over(v, BOTH);
	assert_int_equal(v[RECEIVER].end, GW_E_BURNED);
	assert_int_equal(v[RECEIVER].seen[GW_EVENT_NOTICE], 3);
	close_both(v);
}

struct busy { /* keeps libuv's threads, so that no listing goes on */
	uv_loop_t loop;
	uv_work_t work[64];
	uv_rwlock_t until;
};

static void
be_busy(uv_work_t *w)
{
	struct busy *b = w->data;

	uv_rwlock_rdlock(&b->until);
	uv_rwlock_rdunlock(&b->until);
}

static void
begin_busy(struct busy *b)
{
	assert_int_equal(uv_loop_init(&b->loop), 0);
	assert_int_equal(uv_rwlock_init(&b->until), 0);
	uv_rwlock_wrlock(&b->until);
	for (unsigned i = 0; i < sizeof b->work / sizeof *b->work; i++) {
		b->work[i].data = b;
		assert_int_equal(
		    uv_queue_work(&b->loop, &b->work[i], be_busy, NULL), 0);
	}
}

static void
end_busy(struct busy *b)
{
	uv_rwlock_wrunlock(&b->until);
	assert_int_equal(uv_run(&b->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&b->loop), 0);
	uv_rwlock_destroy(&b->until);
}

static bool
has_an_error(void *arg)
{
	const struct device *d = arg;

	return d->seen[GW_EVENT_ERROR] > 0;
}

static void
a_code_burned_while_it_still_lists_ends_it_at_once(void **state)
{
	struct gw_send_options so = GW_SEND_OPTIONS_INIT;
	struct gw_recv_options ro = GW_RECV_OPTIONS_INIT;
	const char *path = "file";
	struct device v[BOTH];
	struct busy busy;
	bool told;

	(void)state;
	open_both(v, true);
	device_forget(&v[RECEIVER]);
	begin_busy(&busy);
	so.link.listen = "127.0.0.1";
	so.paths = &path;
	so.path_count = 1;
	assert_int_equal(gw_send(v[SENDER].g, &so, &v[SENDER].job), GW_OK);
	device_pull(&v[SENDER]);
	ro.dir = "target";
	ro.link.host = "127.0.0.1";
	ro.link.port = v[SENDER].port;
	ro.link.code = "1-wrong-code";
	for (unsigned i = 0; i < 3; i++) {
		device_forget(&v[RECEIVER]);
		assert_int_equal(
		    gw_recv(v[RECEIVER].g, &ro, &v[RECEIVER].job), GW_OK);
		devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_END);
		assert_int_equal(v[RECEIVER].end, GW_E_AUTH);
	}
	told = devices_run(v, BOTH, has_an_error, &v[SENDER], 10000);
	end_busy(&busy); /* or the threads never end */
	assert_true(told);
	assert_int_equal(v[SENDER].error, GW_E_BURNED);
	devices_until_over(v, BOTH);
	assert_int_equal(v[SENDER].end, GW_E_BURNED);
	close_both(v);
}

static bool
has_a_new_code(void *arg)
{
	const struct device *d = arg;

	return d->seen[GW_EVENT_LISTENING] == 2;
}

static void
a_standing_recv_makes_a_new_code_when_one_is_burned(void **state)
{
	struct device v[BOTH];
	char old[160];

	(void)state;
	open_both(v, false);
	snprintf(old, sizeof old, "%s", v[RECEIVER].code);
	for (unsigned i = 0; i < 3; i++)
		try_code(v, "1-wrong-code");
	assert_true(devices_run(v, BOTH, has_a_new_code, &v[RECEIVER], 10000));
	assert_string_not_equal(v[RECEIVER].code, old);
	try_code(v, old);
	assert_int_equal(v[SENDER].end, GW_E_AUTH);
	try_code(v, v[RECEIVER].code);
	assert_int_equal(v[SENDER].end, GW_OK);
	close_both(v);
}

static void
a_code_serves_one_transfer_of_a_standing_recv(void **state)
{
	struct device v[BOTH];
	char old[160];

	(void)state;
	open_both(v, false);
	snprintf(old, sizeof old, "%s", v[RECEIVER].code);
	try_code(v, old);
	assert_int_equal(v[SENDER].end, GW_OK);
	assert_true(devices_run(v, BOTH, has_a_new_code, &v[RECEIVER], 10000));
	assert_string_not_equal(v[RECEIVER].code, old);
	assert_false(v[RECEIVER].over);
	try_code(v, old);
	assert_int_equal(v[SENDER].end, GW_E_AUTH);
	try_code(v, v[RECEIVER].code);
	assert_int_equal(v[SENDER].end, GW_OK);
	devices_same_file("file", "target/file (1)");
	close_both(v);
}

/* From its first success a code belongs to that device. */
static void
a_code_in_use_lets_no_other_device_in(void **state)
{
	struct gw_send_options o = GW_SEND_OPTIONS_INIT;
	struct device v[BOTH + 1];

	(void)state;
	open_both(v, true);
	device_open(&v[BOTH], "cedar");
	o.link.rate = 3 << 20;
	device_send(&v[SENDER], &v[RECEIVER], &o, "file");
	devices_until_bytes(v, BOTH + 1, &v[RECEIVER], 1 << 20);
	device_send(&v[BOTH], &v[RECEIVER], &o, "file");
	devices_until(v, BOTH + 1, &v[BOTH], GW_EVENT_END);
	assert_int_equal(v[BOTH].end, GW_E_REFUSED);
	assert_int_equal(v[BOTH].seen[GW_EVENT_CONNECTED], 0);
	devices_until_over(v, BOTH);
	assert_int_equal(v[SENDER].end, GW_OK);
	assert_int_equal(v[RECEIVER].end, GW_OK);
	device_close(&v[BOTH]);
	close_both(v);
}

/* ---- strangers, nobody ---- */

static void
a_stranger_is_told_and_disturbs_nobody(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct device v[BOTH];
	struct gw_addr to;
	size_t n;
	int fd;

	(void)state;
	open_both(v, true);
	assert_int_equal(
	    gw_addr_parse(&to, "127.0.0.1", v[RECEIVER].port, NULL), GW_OK);
	assert_int_equal(gw_tcp_connect(&to, NULL, &fd), GW_OK);
	assert_int_equal(gw_tcp_send(fd, text, sizeof text - 1, &n), GW_TCP_OK);
	devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_NOTICE);
	assert_int_equal(v[RECEIVER].what, GW_NOTICE_STRANGER);
	close(fd);
	try_code(v, v[RECEIVER].code);
	assert_int_equal(v[SENDER].end, GW_OK);
	close_both(v);
}

static void
nobody_there_is_told_with_the_address(void **state)
{
	struct gw_send_options o = GW_SEND_OPTIONS_INIT;
	struct device d, nobody = { .code = "7-crane-otter" };
	int fd;

	(void)state;
	device_open(&d, "alder");
	devices_make_file("file", 10);
	assert_int_equal(gw_tcp_listen("127.0.0.1", 0, 1, NULL, &fd), GW_OK);
	nobody.port = gw_tcp_port(fd);
	close(fd);
	device_send(&d, &nobody, &o, "file");
	devices_until_over(&d, 1);
	assert_int_equal(d.end, GW_E_CONNECT);
	assert_non_null(strstr(d.reason, "127.0.0.1"));
	device_close(&d);
}

static void
a_busy_port_is_another_port_unless_it_is_required(void **state)
{
	struct gw_recv_options o = GW_RECV_OPTIONS_INIT;
	struct device a, b;

	(void)state;
	device_open(&a, "alder");
	device_open(&b, "birch");
	device_wait_recv(&a, &o, "."); /* 4639, or that is busy already */
	device_wait_recv(&b, &o, ".");
	assert_int_not_equal(a.port, b.port);
	device_close(&a);
	device_close(&b);
}

/* ---- coming back ---- */

static bool
both_resumed(void *arg)
{
	const struct device *v = arg;

	return v[SENDER].resumed && v[RECEIVER].resumed;
}

static void
a_cut_connection_comes_back_by_itself(void **state)
{
	struct gw_send_options o = GW_SEND_OPTIONS_INIT;
	struct device v[BOTH];

	(void)state;
	open_both(v, true);
	o.link.rate = 3 << 20;
	device_send(&v[SENDER], &v[RECEIVER], &o, "file");
	for (unsigned i = 1; i <= 2; i++) {
		devices_until_bytes(v, BOTH, &v[RECEIVER], i << 20);
		v[SENDER].resumed = v[RECEIVER].resumed = false;
		assert_true(devices_cut(v[RECEIVER].port) > 0);
		assert_true(devices_run(v, BOTH, both_resumed, v, 10000));
	}
	devices_until_over(v, BOTH);
	assert_int_equal(v[SENDER].end, GW_OK);
	assert_int_equal(v[RECEIVER].end, GW_OK);
	devices_same_file("file", "target/file");
	assert_int_equal(v[RECEIVER].complete.complete.bytes, 3 << 20);
	close_both(v);
}

static void
without_retry_a_cut_connection_ends_it(void **state)
{
	struct gw_recv_options ro = GW_RECV_OPTIONS_INIT;
	struct gw_send_options so = GW_SEND_OPTIONS_INIT;
	struct device v[BOTH];

	(void)state;
	open_both(v, true);
	device_forget(&v[RECEIVER]);
	ro.accept = ro.once = true;
	so.link.retry_set = ro.link.retry_set = true;
	so.link.rate = 1 << 20;
	device_wait_recv(&v[RECEIVER], &ro, "target");
	device_send(&v[SENDER], &v[RECEIVER], &so, "file");
	devices_until_bytes(v, BOTH, &v[RECEIVER], 1 << 20);
	assert_true(devices_cut(v[RECEIVER].port) > 0);
	devices_until_over(v, BOTH);
	assert_int_equal(v[SENDER].end, GW_E_LOST);
	assert_int_equal(v[RECEIVER].end, GW_E_LOST);
	assert_int_equal(v[SENDER].seen[GW_EVENT_ERROR], 1);
	assert_false(os_fixture_exists("target/file"));
	close_both(v);
}

#define IN_A_DIRECTORY(f)                                                      \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(
		    a_wrong_code_is_told_and_the_right_one_still_opens),
		IN_A_DIRECTORY(three_wrong_codes_burn_it_and_the_job_ends),
		IN_A_DIRECTORY(
		    a_code_burned_while_it_still_lists_ends_it_at_once),
		IN_A_DIRECTORY(
		    a_standing_recv_makes_a_new_code_when_one_is_burned),
		IN_A_DIRECTORY(a_code_serves_one_transfer_of_a_standing_recv),
		IN_A_DIRECTORY(a_code_in_use_lets_no_other_device_in),
		IN_A_DIRECTORY(a_stranger_is_told_and_disturbs_nobody),
		IN_A_DIRECTORY(nobody_there_is_told_with_the_address),
		IN_A_DIRECTORY(
		    a_busy_port_is_another_port_unless_it_is_required),
		IN_A_DIRECTORY(a_cut_connection_comes_back_by_itself),
		IN_A_DIRECTORY(without_retry_a_cut_connection_ends_it),
	};

	return cmocka_run_group_tests_name("job_entrance", tests, NULL, NULL);
}
