#include "diag/trace_format.h"

#include <linux/perf_event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "test.h"

/* As Linux 6.18 tells it. */
static const char text[] =
    "name: inet_sock_set_state\nID: 2287\nformat:\n"
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
    "\tfield:const void * skaddr;\toffset:8;\tsize:8;\tsigned:0;\n"
    "\tfield:int oldstate;\toffset:16;\tsize:4;\tsigned:1;\n"
    "\tfield:int newstate;\toffset:20;\tsize:4;\tsigned:1;\n"
    "\tfield:__u16 sport;\toffset:24;\tsize:2;\tsigned:0;\n"
    "\tfield:__u16 dport;\toffset:26;\tsize:2;\tsigned:0;\n"
    "\tfield:__u16 family;\toffset:28;\tsize:2;\tsigned:0;\n"
    "\tfield:__u16 protocol;\toffset:30;\tsize:2;\tsigned:0;\n"
    "\tfield:__u8 saddr[4];\toffset:32;\tsize:4;\tsigned:0;\n"
    "\tfield:__u8 daddr[4];\toffset:36;\tsize:4;\tsigned:0;\n"
    "\tfield:__u8 saddr_v6[16];\toffset:40;\tsize:16;\tsigned:0;\n"
    "\tfield:__u8 daddr_v6[16];\toffset:56;\tsize:16;\tsigned:0;\n\n"
    "print fmt: \"family=%s field:int oldstate;\"\n";

static struct gw_trace_format
format(void)
{
	struct gw_trace_format f;

	assert_true(gw_trace_format_parse(&f, text));
	return f;
}

static void
the_fields_are_found(void **state)
{
	struct gw_trace_format f = format();

	(void)state;
	assert_int_equal(f.fields[GW_TRACE_SKADDR].offset, 8);
	assert_int_equal(f.fields[GW_TRACE_SKADDR].size, 8);
	assert_int_equal(f.fields[GW_TRACE_OLDSTATE].offset, 16);
	assert_int_equal(f.fields[GW_TRACE_PROTOCOL].offset, 30);
	assert_int_equal(f.fields[GW_TRACE_SADDR].offset, 40);
	assert_int_equal(f.fields[GW_TRACE_DADDR].offset, 56);
	assert_int_equal(f.fields[GW_TRACE_DADDR].size, 16);
}

/* A copy in which `from` has become `to`, which is no longer. */
static char *
changed(const char *from, const char *to)
{
	char *copy = strdup(text), *at = strstr(copy, from);

	assert_non_null(at);
	for (size_t i = 0; i < strlen(from); i++)
		at[i] = i < strlen(to) ? to[i] : ' ';
	return copy;
}

static void
a_format_that_lacks_a_field_is_refused(void **state)
{
	static const char *const pairs[][2] = { { " skaddr", " sk_ddr" },
		{ " newstate;", " newstatf;" }, { "daddr_v6", "xaddr_v6" },
		/* Of another size than it can be. */
		{ "oldstate;\toffset:16;\tsize:4;",
		    "oldstate;\toffset:16;\tsize:3;" } };
	struct gw_trace_format f;

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		char *bad = changed(pairs[i][0], pairs[i][1]);

		assert_false(gw_trace_format_parse(&f, bad));
		free(bad);
	}
	assert_false(gw_trace_format_parse(&f, ""));
}

/* A record as the ring has it. */
struct record {
	uint8_t b[256];
	size_t n;
};

static void
put(struct record *r, const void *p, size_t n)
{
	memcpy(r->b + r->n, p, n);
	r->n += n;
}

static struct record
sample(uint16_t family, uint16_t protocol, uint32_t from, uint32_t to)
{
	struct perf_event_header h = { .type = PERF_RECORD_SAMPLE };
	uint32_t pid = 4711, tid = 4712, size = 76;
	uint64_t time = UINT64_C(1170952246789), address = 0xffff8880deadbeef;
	uint16_t sport = 40925, dport = 80;
	struct record r = { .n = 0 };
	uint8_t raw[76] = { 0 };

	memcpy(raw + 8, &address, 8);
	memcpy(raw + 16, &from, 4);
	memcpy(raw + 20, &to, 4);
	memcpy(raw + 24, &sport, 2);
	memcpy(raw + 26, &dport, 2);
	memcpy(raw + 28, &family, 2);
	memcpy(raw + 30, &protocol, 2);
	raw[40 + 15] = 1;
	raw[56 + 15] = 2;
	put(&r, &h, sizeof h);
	put(&r, &pid, 4);
	put(&r, &tid, 4);
	put(&r, &time, 8);
	put(&r, &size, 4);
	put(&r, raw, sizeof raw);
	return r;
}

static enum gw_trace_record
take(const struct record *r, size_t n, struct gw_transition *t, uint64_t *lost)
{
	struct gw_trace_format f = format();
	uint8_t *exact = malloc(n > 0 ? n : 1);
	enum gw_trace_record kind;

	assert_non_null(exact);
	memcpy(exact, r->b, n);
	kind = gw_trace_record(&f, gw_slice(exact, n), t, lost);
	free(exact);
	return kind;
}

static void
a_transition_is_read(void **state)
{
	struct record r = sample(AF_INET6, IPPROTO_TCP, 2, 1);
	struct gw_transition t;
	uint64_t lost;

	(void)state;
	assert_int_equal(take(&r, r.n, &t, &lost), GW_TRACE_TRANSITION);
	assert_true(t.id == 0xffff8880deadbeef);
	assert_int_equal(t.at, 1170952246);
	assert_int_equal(t.from, GW_SOCKET_SYN_SENT);
	assert_int_equal(t.to, GW_SOCKET_ESTABLISHED);
	assert_int_equal(t.local.port, 40925);
	assert_int_equal(t.remote.port, 80);
	assert_int_equal(t.local.address[15], 1);
	assert_int_equal(t.remote.address[15], 2);
	assert_int_equal(t.pid, 4711);
	assert_true(t.ipv6);
	assert_false(t.ours);
}

static void
what_is_not_tcp_is_left_out(void **state)
{
	struct record v[] = { sample(AF_UNIX, IPPROTO_TCP, 2, 1),
		sample(AF_INET, IPPROTO_SCTP, 2, 1),
		sample(AF_INET, IPPROTO_TCP, 0, 1),
		sample(AF_INET, IPPROTO_TCP, 2, 99) };
	struct gw_transition t;
	uint64_t lost;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
		    take(&v[i], v[i].n, &t, &lost), GW_TRACE_OTHER);
}

static void
lost_records_are_counted(void **state)
{
	struct perf_event_header h = { .type = PERF_RECORD_LOST };
	struct record r = { .n = 0 };
	uint64_t id = 1, count = 77, lost = 0;
	struct gw_transition t;

	(void)state;
	put(&r, &h, sizeof h);
	put(&r, &id, 8);
	put(&r, &count, 8);
	assert_int_equal(take(&r, r.n, &t, &lost), GW_TRACE_LOST);
	assert_int_equal(lost, 77);
	assert_int_equal(take(&r, r.n - 1, &t, &lost), GW_TRACE_OTHER);
}

static void
cut_anywhere_a_record_is_none(void **state)
{
	struct record r = sample(AF_INET, IPPROTO_TCP, 2, 1);
	struct gw_transition t = { .id = 5 };
	uint64_t lost = 6;

	(void)state;
	for (size_t n = 0; n < r.n; n++)
		assert_int_equal(take(&r, n, &t, &lost), GW_TRACE_OTHER);
	assert_int_equal(t.id, 5);
	assert_int_equal(lost, 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fields_are_found),
		cmocka_unit_test(a_format_that_lacks_a_field_is_refused),
		cmocka_unit_test(a_transition_is_read),
		cmocka_unit_test(what_is_not_tcp_is_left_out),
		cmocka_unit_test(lost_records_are_counted),
		cmocka_unit_test(cut_anywhere_a_record_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
