/* The trace of godwit.h: a whole transfer, told by both sides. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "devices.h"
#include "os_fixture.h"

enum { SENDER, RECEIVER, BOTH };

static struct gw_trace_log *
trace_to(const char *file)
{
	struct gw_trace_log *log;
	const int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(gw_trace_open(fd, &log), GW_OK);
	return log;
}

/* The device again, with a trace. */
static void
open_traced(struct device *d, const char *name, struct gw_trace_log *log)
{
	struct gw_options o = GW_OPTIONS_INIT;
	char data[64], state[64];

	device_open(d, name);
	gw_close(d->g);
	snprintf(data, sizeof data, "%s-data", name);
	snprintf(state, sizeof state, "%s-state", name);
	o.data_dir = data;
	o.state_dir = state;
	o.device_name = name;
	o.trace = log;
	assert_int_equal(gw_open(&o, &d->g), GW_OK);
}

static void
assert_in_order(const char *file, const char *const *parts)
{
	size_t n;
	const char *text = os_fixture_read(file, &n);

	for (; *parts != NULL; parts++) {
		const char *at = strstr(text, *parts);

		if (at == NULL)
			fail_msg(
			    "%s lacks %s, or has it too early", file, *parts);
		text = at;
	}
}

static void
both_sides_tell_what_their_session_does(void **state)
{
	static const char *const sent[] = { "trace_started",
		"connection_started", "\"carrier\":\"tcp\"",
		"\"role\":\"initiator\"", "\"name\":\"alder\"", "path_assigned",
		"127.0.0.1:", "\"packet_type\":\"SYN\"",
		"\"packet_type\":\"SYN_ACK\"", "\"packet_type\":\"ACK\"",
		"\"peer\":\"birch\"", "\"new\":\"established\"",
		"\"packet_type\":\"FIN\"", "\"error\":\"ok\"",
		"\"new\":\"over\"", "\"dropped\":0}", NULL };
	static const char *const received[] = { "trace_started",
		"\"role\":\"responder\"", "\"packet_type\":\"SYN\"",
		"\"packet_type\":\"SYN_ACK\"", "\"packet_type\":\"ACK\"",
		"\"peer\":\"alder\"", "\"packet_type\":\"FIN\"",
		"\"new\":\"over\"", "trace_ended", NULL };
	const struct gw_send_options so = GW_SEND_OPTIONS_INIT;
	struct gw_recv_options ro = GW_RECV_OPTIONS_INIT;
	struct gw_trace_log *logs[BOTH] = { trace_to("send"),
		trace_to("recv") };
	struct device v[BOTH];
	uint64_t dropped = 1;

	(void)state;
	open_traced(&v[SENDER], "alder", logs[SENDER]);
	open_traced(&v[RECEIVER], "birch", logs[RECEIVER]);
	(void)mkdir("target", 0755);
	os_fixture_text("file", "content");
	ro.accept = ro.once = true;
	device_wait_recv(&v[RECEIVER], &ro, "target");
	devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_LISTENING);
	device_send(&v[SENDER], &v[RECEIVER], &so, "file");
	devices_until(v, BOTH, &v[SENDER], GW_EVENT_END);
	devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_END);
	assert_int_equal(v[SENDER].end, GW_OK);
	device_close(&v[SENDER]);
	device_close(&v[RECEIVER]);
	assert_int_equal(gw_trace_close(logs[SENDER], &dropped), GW_OK);
	assert_int_equal(dropped, 0);
	assert_int_equal(gw_trace_close(logs[RECEIVER], NULL), GW_OK);
	assert_in_order("send", sent);
	assert_in_order("recv", received);
}

static void
none_is_fine(void **state)
{
	(void)state;
	assert_int_equal(gw_trace_close(NULL, NULL), GW_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_tell_what_their_session_does),
		cmocka_unit_test(none_is_fine),
	};

	return cmocka_run_group_tests_name(
	    "trace", tests, os_fixture_setup, os_fixture_teardown);
}
