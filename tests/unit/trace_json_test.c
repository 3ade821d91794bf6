/* Events of a session as lines of JSON, each read by a real parser. */
#include "run/trace_json.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static char line[GW_TRACE_LINE + 1];

static cJSON *
parsed(size_t n)
{
	cJSON *o;

	assert_true(n > 0 && n <= GW_TRACE_LINE);
	line[n] = '\0';
	assert_int_equal(line[n - 1], '\n');
	assert_null(memchr(line, '\n', n - 1));
	o = cJSON_ParseWithLength(line, n);
	if (o == NULL)
		fail_msg("no JSON: %s", line);
	return o;
}

static cJSON *
written(const struct gw_trace_event *e)
{
	return parsed(gw_trace_json(line, 1500042, 0xabcU, e));
}

static void
assert_text(const cJSON *o, const char *key, const char *want)
{
	const char *is =
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));

	assert_non_null(is);
	assert_string_equal(is, want);
}

static void
assert_number(const cJSON *o, const char *key, double want)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	assert_true(cJSON_IsNumber(v));
	assert_true(v->valuedouble == want);
}

static void
every_line_has_time_event_and_session(void **state)
{
	cJSON *o = written(&(struct gw_trace_event){
	    .kind = GW_TRACE_STATE, .state = { "SYN_SENT", "ESTABLISHED" } });

	(void)state;
	assert_number(o, "t", 1.500042);
	assert_text(o, "event", "connection_state_updated");
	assert_text(o, "session", "0000000000000abc");
	assert_text(o, "old", "SYN_SENT");
	assert_text(o, "new", "ESTABLISHED");
	cJSON_Delete(o);
}

/* All kinds, filled with next to nothing. */
static void
every_kind_is_json(void **state)
{
	(void)state;
	for (int kind = GW_TRACE_STARTED; kind <= GW_TRACE_CLOSED; kind++) {
		struct gw_trace_event e = { .kind = (enum gw_trace_kind)kind };

		switch (e.kind) {
		case GW_TRACE_STARTED:
			e.started.carrier = e.started.name = "x";
			break;
		case GW_TRACE_ADDRESS:
			e.address = "x";
			break;
		case GW_TRACE_OPENED:
			e.opened.peer = e.opened.cipher = "x";
			break;
		case GW_TRACE_HELLO:
			e.hello.type = "SYN";
			break;
		case GW_TRACE_CONGESTION:
			e.congestion.algorithm = e.congestion.was =
			    e.congestion.is = "x";
			break;
		case GW_TRACE_WINDOW:
			e.window.algorithm = "x";
			break;
		case GW_TRACE_STATE:
			e.state.was = e.state.is = "x";
			break;
		case GW_TRACE_ECN:
			e.ecn = "x";
			break;
		case GW_TRACE_ILLEGAL:
			e.illegal = "x";
			break;
		case GW_TRACE_CLOSED:
			e.closed.text = "";
			break;
		default:
			break;
		}
		cJSON_Delete(written(&e));
	}
}

static void
a_packet_tells_its_frames(void **state)
{
	const struct gw_pframe frames[] = {
		{ .type = GW_PFRAME_ACK,
		    .ack = { .delay = 1250,
			.v = { { 5, 9 }, { 1, 3 } },
			.count = 2 } },
		{ .type = GW_PFRAME_STREAM,
		    .stream = { .id = 1,
			.offset = 1152,
			.data = { NULL, 100 },
			.end = true } },
		{ .type = GW_PFRAME_WINDOW,
		    .window = { .id = 1, .at = 262144 } },
		{ .type = GW_PFRAME_FIN, .fin = { .total = 7 } },
		{ .type = GW_PFRAME_PATH_CHALLENGE },
	};
	const struct gw_trace_event e = { .kind = GW_TRACE_PACKET,
		.packet = { frames, 5, 7, 1200, true, true } };
	cJSON *o = written(&e);
	const cJSON *list = cJSON_GetObjectItem(o, "frames");
	const cJSON *f;

	(void)state;
	assert_text(o, "event", "packet_sent");
	assert_text(o, "packet_type", "sealed");
	assert_number(o, "packet_number", 7);
	assert_number(o, "length", 1200);
	assert_int_equal(cJSON_GetArraySize(list), 5);
	f = cJSON_GetArrayItem(list, 0);
	assert_text(f, "frame_type", "ack");
	assert_number(f, "ack_delay", 1.25);
	f = cJSON_GetArrayItem(cJSON_GetObjectItem(f, "acked_ranges"), 1);
	assert_int_equal(cJSON_GetArrayItem(f, 0)->valuedouble, 1);
	assert_int_equal(cJSON_GetArrayItem(f, 1)->valuedouble, 3);
	f = cJSON_GetArrayItem(list, 1);
	assert_text(f, "frame_type", "stream");
	assert_number(f, "offset", 1152);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(f, "fin")));
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(f, "again")));
	assert_number(cJSON_GetArrayItem(list, 2), "limit", 262144);
	assert_number(cJSON_GetArrayItem(list, 3), "total", 7);
	/* Its value is a secret of the path: it is not told. */
	f = cJSON_GetArrayItem(list, 4);
	assert_text(f, "frame_type", "path_challenge");
	assert_int_equal(cJSON_GetArraySize(f), 1);
	cJSON_Delete(o);
}

/* The longest that there can be: it finds room, and is JSON. */
static void
the_longest_packet_finds_room(void **state)
{
	static struct gw_pframe frames[GW_TRACE_FRAMES];
	struct gw_pframe ack = { .type = GW_PFRAME_ACK_ECN,
		.ack = { .delay = UINT64_MAX,
		    .count = GW_ACK_RANGES,
		    .ecn = true,
		    .ce = UINT64_MAX } };
	const struct gw_trace_event e = { .kind = GW_TRACE_PACKET,
		.packet = { frames, GW_TRACE_FRAMES, UINT64_MAX, SIZE_MAX,
		    false, false } };
	cJSON *o;

	(void)state;
	for (unsigned i = 0; i < GW_ACK_RANGES; i++)
		ack.ack.v[i] = (struct gw_ack_range){ UINT64_MAX, UINT64_MAX };
	frames[0] = ack;
	for (unsigned i = 1; i < GW_TRACE_FRAMES; i++)
		frames[i] = (struct gw_pframe){ .type = GW_PFRAME_STREAM,
			.stream = { .id = UINT16_MAX,
			    .offset = UINT64_MAX,
			    .data = { NULL, SIZE_MAX },
			    .end = true } };
	o = written(&e);
	assert_number(cJSON_GetArrayItem(cJSON_GetObjectItem(o, "frames"), 0),
	    "more_ranges", GW_ACK_RANGES - 16);
	cJSON_Delete(o);
}

/* Names and reasons are the other side's to choose. */
static void
whatever_a_peer_calls_itself_is_a_string(void **state)
{
	char longest[2000];
	cJSON *o = written(&(struct gw_trace_event){ .kind = GW_TRACE_OPENED,
	    .opened = { "a\"b\\c\n\033[2J\xff", "AES" } });

	(void)state;
	assert_text(o, "peer", "a\"b\\x5cc\\x0a\\x1b[2J\\xff");
	cJSON_Delete(o);
	memset(longest, '\1', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	o = written(&(struct gw_trace_event){
	    .kind = GW_TRACE_CLOSED, .closed = { GW_E_LOST, longest } });
	assert_text(o, "error", "lost");
	cJSON_Delete(o);
}

static void
rates_are_in_bits_and_times_in_milliseconds(void **state)
{
	const struct gw_trace_event e = { .kind = GW_TRACE_METRICS,
		.metrics = { .srtt = 50480,
		    .min_rtt = 40000,
		    .window = 12000,
		    .pacing_rate = 125000 } };
	cJSON *o = written(&e);

	(void)state;
	assert_number(o, "smoothed_rtt", 50.48);
	assert_number(o, "min_rtt", 40);
	assert_number(o, "congestion_window", 12000);
	assert_number(o, "pacing_rate", 1000000);
	assert_null(cJSON_GetObjectItem(o, "delivery_rate"));
	assert_null(cJSON_GetObjectItem(o, "bytes_sent"));
	cJSON_Delete(o);
}

static void
a_trace_says_when_it_began_and_what_it_lacks(void **state)
{
	const struct gw_trace_began b = { "godwit 1.0.0", 1000000 };
	cJSON *o = parsed(gw_trace_json_began(line, &b));

	(void)state;
	assert_number(o, "t", 0);
	assert_text(o, "event", "trace_started");
	assert_number(o, "trace_version", 1);
	assert_text(o, "program", "godwit 1.0.0");
	assert_text(o, "time", "1970-01-01T00:00:01.000000Z");
	cJSON_Delete(o);
	o = parsed(gw_trace_json_dropped(line, 1, 5));
	assert_text(o, "event", "events_dropped");
	assert_number(o, "count", 5);
	cJSON_Delete(o);
	o = parsed(gw_trace_json_ended(line, 1, 10, 5));
	assert_text(o, "event", "trace_ended");
	assert_number(o, "events", 10);
	assert_number(o, "dropped", 5);
	cJSON_Delete(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_has_time_event_and_session),
		cmocka_unit_test(every_kind_is_json),
		cmocka_unit_test(a_packet_tells_its_frames),
		cmocka_unit_test(the_longest_packet_finds_room),
		cmocka_unit_test(whatever_a_peer_calls_itself_is_a_string),
		cmocka_unit_test(rates_are_in_bits_and_times_in_milliseconds),
		cmocka_unit_test(a_trace_says_when_it_began_and_what_it_lacks),
	};

	return cmocka_run_group_tests_name("trace_json", tests, NULL, NULL);
}
