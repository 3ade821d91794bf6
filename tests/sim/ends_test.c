/* How an open session ends. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "pair.h"
#include "session/tcp/tcp_session_private.h"
#include "unit/test.h"

enum { BIG = 3 * 1000 * 1000 };

static void
a_stream_ends_and_the_others_go_on(void **state)
{
	struct pair p;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ 0 });
	check_send(&p, 0, 7, 100);
	gw_session_end(p.side[0].session, 7);
	gw_session_end(p.side[0].session, 7);
	gw_session_end(p.side[0].session, 8);
	assert_int_equal(gw_session_writable(p.side[0].session, 7), 0);
	pair_run(&p);
	assert_true(p.side[1].ended[7]);
	assert_true(p.side[1].ended[8]);
	assert_false(p.side[1].ended[6]);
	check_send(&p, 0, 6, 100);
	assert_int_equal(p.side[1].got_of[6], 100);
	pair_fini(&p);
}

static void
fin_comes_after_all_that_was_written(void **state)
{
	struct pair p;
	uint8_t *data = pair_bytes(0, 0, 100000);

	(void)state;
	check_open_pair(&p, &(struct pair_options){ 0 });
	assert_int_equal(gw_session_write(p.side[0].session, 0,
			     gw_slice(data, 100000), p.now),
	    100000);
	assert_int_equal(
	    gw_session_write(p.side[0].session, 1, gw_slice(data, 0), p.now),
	    0);
	gw_session_end(p.side[0].session, 0);
	gw_session_finish(p.side[0].session, p.now);
	gw_session_finish(p.side[0].session, p.now);
	assert_int_equal(gw_session_writable(p.side[0].session, 0), 0);
	pair_run(&p);
	assert_true(p.side[1].fin);
	assert_true(p.side[1].ended[0]);
	assert_int_equal(p.side[1].got_of[0], 100000);
	assert_false(p.side[0].closed);

	/* The other direction still works, with its windows. */
	check_send(&p, 1, 0, BIG);
	assert_int_equal(p.side[0].got_of[0], BIG);
	gw_session_finish(p.side[1].session, p.now);
	pair_run(&p);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(p.side[i].fin);
		check_end(&p, i, GW_OK, false);
	}
	pair_fini(&p);
	free(data);
}

static void
both_may_finish_at_once(void **state)
{
	struct pair p;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ 0 });
	gw_session_finish(p.side[0].session, p.now);
	gw_session_finish(p.side[1].session, p.now);
	pair_run(&p);
	check_end(&p, 0, GW_OK, false);
	check_end(&p, 1, GW_OK, false);
	pair_fini(&p);
}

/* When the last byte of our FIN leaves, nothing else may wake the owner. */
static void
the_end_asks_to_be_pulled(void **state)
{
	struct gw_session *s;
	struct gw_slice out;
	struct pair p;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ 0 });
	gw_session_finish(p.side[1].session, p.now);
	pair_run(&p);
	s = p.side[0].session;
	gw_session_finish(s, p.now);
	pair_pull(&p, 0);
	assert_false(p.side[0].closed);
	out = gw_tcp_session_send_buf(s, p.now);
	assert_true(out.n > 0);
	pair_pull(&p, 0);
	assert_false(p.side[0].closed); /* our FIN has not left */
	gw_tcp_session_send_ack(s, out.n, p.now);
	assert_int_equal(gw_session_deadline(s), 0);
	pair_pull(&p, 0);
	check_end(&p, 0, GW_OK, false);
	pair_fini(&p);
}

static void
an_end_without_fin_is_a_loss(void **state)
{
	struct pair p;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ 0 });
	check_send(&p, 0, 0, 100);
	pair_cut(&p);
	check_end(&p, 0, GW_E_LOST, false);
	check_end(&p, 1, GW_E_LOST, false);
	pair_fini(&p);

	/* One FIN is not both. */
	check_open_pair(&p, &(struct pair_options){ 0 });
	gw_session_finish(p.side[0].session, p.now);
	pair_run(&p);
	pair_cut(&p);
	check_end(&p, 0, GW_E_LOST, false);
	check_end(&p, 1, GW_E_LOST, false);
	pair_fini(&p);
}

/* What had arrived whole before the carrier ended is still delivered. */
static void
a_loss_comes_after_what_arrived(void **state)
{
	struct gw_session_event ev;
	struct gw_slice out;
	struct pair p;
	size_t cap;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ 0 });
	gw_session_write(p.side[0].session, 0, gw_slice("last", 4), p.now);
	out = gw_tcp_session_send_buf(p.side[0].session, p.now);
	memcpy(gw_tcp_session_recv_buf(p.side[1].session, &cap), out.p, out.n);
	gw_tcp_session_recv_ack(p.side[1].session, out.n, p.now);
	gw_tcp_session_recv_end(p.side[1].session, p.now);
	assert_int_equal(gw_session_deadline(p.side[1].session), 0);
	assert_null(gw_tcp_session_recv_buf(p.side[1].session, &cap));
	assert_int_equal(cap, 0);
	assert_true(gw_session_event(p.side[1].session, &ev));
	assert_int_equal(ev.kind, GW_SESSION_DATA);
	assert_memory_equal(ev.data.bytes.p, "last", 4);
	assert_true(gw_session_event(p.side[1].session, &ev));
	assert_int_equal(ev.kind, GW_SESSION_CLOSED);
	assert_int_equal(ev.closed.err, GW_E_LOST);
	assert_false(gw_session_event(p.side[1].session, &ev));
	pair_fini(&p);
}

static void
an_abort_tells_the_peer_why(void **state)
{
	struct pair p;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ 0 });
	gw_session_write(p.side[0].session, 0, gw_slice("data", 4), p.now);
	p.side[1].check = false;
	gw_session_abort(
	    p.side[0].session, GW_E_SPACE, "no space\x1b[2J left", p.now);
	pair_run(&p);
	check_end(&p, 0, GW_E_SPACE, false);
	check_end(&p, 1, GW_E_SPACE, true);
	assert_string_equal(p.side[1].closed_text, "no space?[2J left");
	assert_int_equal(p.side[1].got_of[0], 4);
	pair_fini(&p);
}

static void
an_abort_finds_room_when_the_pipe_is_full(void **state)
{
	uint8_t *data = pair_bytes(0, 1, BIG);
	char text[1000];
	struct pair p;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	check_open_pair(
	    &p, &(struct pair_options){ .window = { 0, 64 << 20 } });
	check_send(&p, 0, 0, 1);
	const size_t n =
	    gw_session_write(p.side[0].session, 0, gw_slice(data, BIG), p.now);
	assert_int_equal(gw_session_writable(p.side[0].session, 0), 0);
	gw_session_abort(p.side[0].session, GW_E_REFUSED, text, p.now);
	pair_run(&p);
	assert_int_equal(p.side[1].got_of[0], 1 + n);
	check_end(&p, 1, GW_E_REFUSED, true);
	assert_int_equal(strlen(p.side[1].closed_text), GW_REASON_MAX);
	pair_fini(&p);
	free(data);
}

static void
after_the_end_nothing_works_and_nothing_breaks(void **state)
{
	struct pair p;
	size_t cap = 1;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ 0 });
	gw_session_abort(p.side[0].session, GW_E_FAILED, "", p.now);
	pair_run(&p);
	for (unsigned i = 0; i < 2; i++) {
		struct gw_session *s = p.side[i].session;
		struct gw_session_event ev;

		assert_false(gw_session_is_open(s));
		assert_int_equal(
		    gw_session_write(s, 0, gw_slice("x", 1), p.now), 0);
		assert_int_equal(gw_session_writable(s, 0), 0);
		assert_null(gw_tcp_session_recv_buf(s, &cap));
		assert_int_equal(cap, 0);
		gw_session_end(s, 0);
		gw_session_finish(s, p.now);
		gw_session_abort(s, GW_E_FAILED, "", p.now);
		gw_tcp_session_recv_end(s, p.now);
		gw_session_tick(s, p.now + 100 * GW_SEC);
		assert_false(gw_session_event(s, &ev));
		assert_int_equal(gw_session_deadline(s), GW_NEVER);
		assert_int_equal(gw_tcp_session_send_buf(s, p.now).n, 0);
	}
	pair_fini(&p);
}

static void
a_quiet_session_is_still_heard(void **state)
{
	struct pair p;
	uint64_t sent;

	(void)state;
	check_open_pair(&p, &(struct pair_options){ 0 });
	sent = p.side[0].wire_sent;
	pair_sleep(&p, 60 * GW_SEC);
	for (unsigned i = 0; i < 2; i++)
		assert_true(
		    p.now - gw_session_heard(p.side[i].session) <= 2 * GW_SEC);
	/* By a ping in two seconds, no more. */
	assert_in_range(p.side[0].wire_sent - sent, 29 * 36, 31 * 36);
	assert_false(p.side[0].closed);
	pair_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_ends_and_the_others_go_on),
		cmocka_unit_test(fin_comes_after_all_that_was_written),
		cmocka_unit_test(both_may_finish_at_once),
		cmocka_unit_test(the_end_asks_to_be_pulled),
		cmocka_unit_test(an_end_without_fin_is_a_loss),
		cmocka_unit_test(a_loss_comes_after_what_arrived),
		cmocka_unit_test(an_abort_tells_the_peer_why),
		cmocka_unit_test(an_abort_finds_room_when_the_pipe_is_full),
		cmocka_unit_test(
		    after_the_end_nothing_works_and_nothing_breaks),
		cmocka_unit_test(a_quiet_session_is_still_heard),
	};

	return cmocka_run_group_tests_name("ends", tests, NULL, NULL);
}
