#include "os/session_page.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "test.h"

static uint8_t buf[GW_SESSION_PAGE_BYTES];

static const struct gw_session_page page = { .cookie = 4711, .backlog = 64 };

static struct gw_shown_session
session(uint32_t serial)
{
	return (struct gw_shown_session){ .serial = serial,
		.initiator = true,
		.local = { .address = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		    .port = 7 },
		.remote = { .address = { 0xfe, 0x80, [15] = 9 },
		    .zone = 3,
		    .port = 65535 },
		.steps = { { 100, GW_SHOWN_SYN_SENT },
		    { 100, GW_SHOWN_ESTABLISHED },
		    { GW_NEVER - 1, GW_SHOWN_CLOSED } },
		.step_count = 3,
		.cipher = "AES-256-GCM",
		.congestion = "bbr",
		.figures = { .cwnd = 1,
		    .in_flight = 2,
		    .rate = UINT64_MAX,
		    .srtt = 4,
		    .min_rtt = 5,
		    .sent = 6,
		    .received = 7,
		    .lost = 8,
		    .spurious = 9,
		    .acked = 10,
		    .unacked = 11,
		    .got = 12,
		    .unread = 13,
		    .datagram = 14 } };
}

static size_t
written(const struct gw_shown_session *v, size_t n)
{
	struct gw_session_page_writer w;

	gw_session_page_begin(&w, buf, &page);
	for (size_t i = 0; i < n; i++)
		gw_session_page_add(&w, &v[i]);
	return gw_session_page_end(&w);
}

/* What a reader gets of it; 0: nothing. */
static unsigned
read_back(size_t n, struct gw_shown_session *last)
{
	struct gw_session_page_reader r;
	struct gw_session_page p;
	struct gw_shown_session s;
	unsigned count = 0;

	if (!gw_session_page_open(gw_slice(buf, n), &p, &r))
		return 0;
	while (gw_session_page_next(&r, &s)) {
		*last = s;
		count++;
	}
	return count;
}

static void
what_was_written_is_read(void **state)
{
	struct gw_shown_session v[] = { session(1), session(UINT32_MAX) }, s;
	struct gw_session_page_reader r;
	struct gw_session_page p;
	size_t n;

	(void)state;
	v[0].initiator = false;
	v[0].cipher[0] = v[0].congestion[0] = '\0';
	v[0].step_count = 1;
	n = written(v, 2);
	/* What follows does not count. */
	assert_true(gw_session_page_open(gw_slice(buf, n + 100), &p, &r));
	assert_int_equal(p.cookie, 4711);
	assert_int_equal(p.backlog, 64);
	assert_int_equal(p.count, 2);
	assert_int_equal(p.left_out, 0);
	assert_true(gw_session_page_next(&r, &s));
	assert_false(s.initiator);
	assert_int_equal(s.step_count, 1);
	assert_string_equal(s.cipher, "");
	assert_true(gw_session_page_next(&r, &s));
	assert_int_equal(s.serial, UINT32_MAX);
	assert_true(s.initiator);
	assert_memory_equal(s.local.address, v[1].local.address, 16);
	assert_int_equal(s.remote.zone, 3);
	assert_int_equal(s.remote.port, 65535);
	assert_int_equal(s.step_count, 3);
	assert_int_equal(s.steps[1].state, GW_SHOWN_ESTABLISHED);
	assert_int_equal(s.steps[2].at, GW_NEVER - 1);
	assert_string_equal(s.cipher, "AES-256-GCM");
	assert_string_equal(s.congestion, "bbr");
	assert_memory_equal(&s.figures, &v[1].figures, sizeof s.figures);
	assert_false(gw_session_page_next(&r, &s));
	assert_false(gw_session_page_next(&r, &s));
}

static void
a_torn_page_is_none(void **state)
{
	struct gw_shown_session s = session(1), last;
	size_t n = written(&s, 1);

	(void)state;
	assert_int_equal(read_back(n, &last), 1);
	for (size_t i = 0; i < n; i++) {
		buf[i] ^= 0x40;
		assert_int_equal(read_back(n, &last), 0);
		buf[i] ^= 0x40;
		assert_int_equal(read_back(i, &last), 0);
	}
}

/* A liar's: everything fits together but what is in it. */
static void
sealed(size_t n)
{
	struct gw_hash h = gw_hash_of(gw_slice(buf + 28, n - 28));

	memcpy(buf + 12, h.b, sizeof h.b);
}

static void
what_cannot_be_is_not_taken(void **state)
{
	struct gw_shown_session s, last;
	size_t n;

	(void)state;
	s = session(0);
	assert_int_equal(read_back(written(&s, 1), &last), 0);
	s = session(1);
	s.steps[0].state = GW_SHOWN_ESTABLISHED; /* begins with no SYN */
	assert_int_equal(read_back(written(&s, 1), &last), 0);
	s = session(1);
	s.steps[2].state = GW_SHOWN_ESTABLISHED; /* again */
	assert_int_equal(read_back(written(&s, 1), &last), 0);
	s = session(1);
	s.steps[2].state = GW_SHOWN_STATES;
	assert_int_equal(read_back(written(&s, 1), &last), 0);
	s = session(1);
	s.steps[1].at = 99; /* before */
	assert_int_equal(read_back(written(&s, 1), &last), 0);
	s = session(1);
	s.steps[2].at = GW_NEVER;
	assert_int_equal(read_back(written(&s, 1), &last), 0);
	s = session(1);
	strcpy(s.cipher, "a\033[2J"); /* acts on a terminal */
	assert_int_equal(read_back(written(&s, 1), &last), 0);
	s = session(1);
	n = written(&s, 1);
	sealed(n);
	assert_int_equal(read_back(n, &last), 1);
	buf[43] = 255; /* more than are there */
	sealed(n);
	assert_int_equal(read_back(n, &last), 1);
	buf[42] = 255; /* more than there can be */
	sealed(n);
	assert_int_equal(read_back(n, &last), 0);
	n = written(&s, 1);
	buf[52] = 2; /* initiator */
	sealed(n);
	assert_int_equal(read_back(n, &last), 0);
}

static void
there_is_room_for_so_many_and_others_are_counted(void **state)
{
	static struct gw_shown_session v[GW_SESSION_PAGE_MAX + 3];
	struct gw_session_page_reader r;
	struct gw_session_page p;
	struct gw_shown_session last;
	size_t n;

	(void)state;
	for (unsigned i = 0; i < GW_SESSION_PAGE_MAX + 3; i++) {
		v[i] = session(i + 1);
		/* As long as one can be. */
		memset(v[i].cipher, 'c', GW_SESSION_WORD - 1);
		memset(v[i].congestion, 'd', GW_SESSION_WORD - 1);
		v[i].step_count = GW_SESSION_STEPS;
		for (unsigned k = 0; k < GW_SESSION_STEPS; k++)
			v[i].steps[k] = (struct gw_shown_step){ k, (uint8_t)k };
	}
	n = written(v, GW_SESSION_PAGE_MAX + 3);
	assert_true(n <= sizeof buf);
	assert_true(gw_session_page_open(gw_slice(buf, n), &p, &r));
	assert_int_equal(p.count, GW_SESSION_PAGE_MAX);
	assert_int_equal(p.left_out, 3);
	assert_int_equal(read_back(n, &last), GW_SESSION_PAGE_MAX);
	assert_int_equal(last.serial, GW_SESSION_PAGE_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(a_torn_page_is_none),
		cmocka_unit_test(what_cannot_be_is_not_taken),
		cmocka_unit_test(
		    there_is_room_for_so_many_and_others_are_counted),
	};

	return cmocka_run_group_tests_name(
	    "os_session_page", tests, NULL, NULL);
}
