/* Connections that come in and go through a peer, which is a script: their
 * bytes, windows and ends. */
#include "run/via_tcp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "run/forward.h"
#include "run/serve.h"
#include "via_bed.h"

static const char *const listening[] = { "tcp://127.0.0.1:0/10.0.0.1:80" };
static uint8_t some[GW_TUNNEL_DATA_MAX] = { 1, 2, 3 };

struct client {
	struct peer *p;
	int fd;
	uint16_t lane;
	uint32_t flow;
};

/* A client that the other side has been told of; even numbers are ours. */
static struct client
come_in(struct via_bed *b, struct peer *p)
{
	struct client c = { .p = p };
	struct gw_tunnel_message m;
	unsigned waits = 0;

	c.fd = via_bed_connect(via_bed_rule(b).port, SOCK_STREAM);
	for (;; c.lane = (uint16_t)((c.lane + 2) % 128)) {
		if (c.lane == 0)
			via_bed_wait(b, &waits);
		else if (peer_hear(p, c.lane, &m))
			break;
	}
	assert_int_equal(m.kind, GW_TUNNEL_FLOW);
	assert_int_equal(m.rule, 1);
	assert_int_equal(m.flow % 2, 0);
	c.flow = m.flow;
	return c;
}

static struct client
begin(struct via_bed *b)
{
	struct peer *p = via_bed_ask(b, listening, 1, false);

	via_bed_accept(b, p, 1);
	return come_in(b, p);
}

static void
say(struct client *c, enum gw_tunnel_kind kind, uint64_t total)
{
	peer_say(c->p, c->lane,
	    &(struct gw_tunnel_message){ .kind = kind,
		.flow = c->flow,
		.total = total,
		.reason = GW_TUNNEL_UNREACHABLE,
		.text = gw_slice_str("nobody is there") });
}

/* Nothing is left of it. */
static void
is_over(struct via_bed *b, enum gw_forward_end end)
{
	const struct gw_forward_event *e =
	    via_bed_told(b, GW_FORWARD_CLOSED, 0);

	assert_non_null(e);
	assert_int_equal(e->end, end);
	assert_int_equal(via_bed_rule(b).flows, 0);
	assert_int_equal(
	    b->set->files, b->serve != NULL ? 0 : via_bed_rule(b).port != 0);
}

static void
bytes_go_both_ways_until_both_have_ended(void **state)
{
	struct via_bed *b = *state;
	struct client c = begin(b);
	uint8_t got[64];

	say(&c, GW_TUNNEL_READY, 0);
	peer_data(c.p, c.lane, c.flow, "hello", 5);
	assert_int_equal(via_bed_read(b, c.fd, got, 5), 5);
	assert_memory_equal(got, "hello", 5);
	assert_int_equal(send(c.fd, "and you", 7, 0), 7);
	shutdown(c.fd, SHUT_WR);
	assert_int_equal(
	    via_bed_hear(b, c.p, c.lane, GW_TUNNEL_DATA).text.n, 7);
	via_bed_hear(b, c.p, c.lane, GW_TUNNEL_END);
	assert_int_equal(via_bed_rule(b).flows, 1);
	say(&c, GW_TUNNEL_END, 0);
	assert_int_equal(via_bed_read(b, c.fd, got, 1), 0);
	is_over(b, GW_FORWARD_FINISHED);
	/* What comes for it still is for nobody. */
	peer_data(c.p, c.lane, c.flow, "late", 4);
	say(&c, GW_TUNNEL_WINDOW, 1);
	via_bed_is_there(b, c.p);
	close(c.fd);
}

static void
who_may_not_come_in_is_reset(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, listening, 1, false);
	int fd = via_bed_connect(via_bed_rule(b).port, SOCK_STREAM);
	uint8_t got;

	/* The rule has not been accepted, and then is refused, */
	assert_int_equal(via_bed_read(b, fd, &got, 1), -1);
	close(fd);
	via_bed_accept(b, p, 1);
	peer_say(p, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_REFUSE, .rule = 1 });
	via_bed_turn(b);
	fd = via_bed_connect(via_bed_rule(b).port, SOCK_STREAM);
	assert_int_equal(via_bed_read(b, fd, &got, 1), -1);
	close(fd);
	/* and then nobody is there. */
	via_bed_accept(b, p, 1);
	peer_leave(p, GW_E_LOST, "");
	via_bed_turn(b);
	fd = via_bed_connect(via_bed_rule(b).port, SOCK_STREAM);
	assert_int_equal(via_bed_read(b, fd, &got, 1), -1);
	close(fd);
	assert_int_equal(via_bed_rule(b).drops[GW_DROP_PEER], 3);
}

static void
a_lost_session_resets_its_clients(void **state)
{
	struct via_bed *b = *state;
	struct client c = begin(b);
	uint8_t got;

	say(&c, GW_TUNNEL_READY, 0);
	peer_leave(c.p, GW_E_LOST, "");
	assert_int_equal(via_bed_read(b, c.fd, &got, 1), -1);
	is_over(b, GW_FORWARD_TARGET_RESET);
	close(c.fd);
}

static void
why_there_is_no_target_is_told(void **state)
{
	struct via_bed *b = *state;
	struct client c = begin(b);
	uint8_t got;

	say(&c, GW_TUNNEL_RESET, 0);
	say(&c, GW_TUNNEL_RESET, 0);
	assert_int_equal(via_bed_read(b, c.fd, &got, 1), -1);
	is_over(b, GW_FORWARD_UNREACHABLE);
	assert_string_equal(via_bed_rule(b).last_error, "nobody is there");
	via_bed_is_there(b, c.p);
	close(c.fd);
}

static void
an_answer_that_never_comes_is_waited_for_a_while(void **state)
{
	struct via_bed *b = *state;
	struct client c = begin(b);
	struct gw_tunnel_message m;

	via_bed_leap(b, 14 * GW_SEC);
	assert_int_equal(via_bed_rule(b).flows, 1);
	c.p->heard_at = gw_session_heard(c.p->conn.session) + 14 * GW_SEC;
	c.p->kicked = true;
	via_bed_turn(b);
	via_bed_leap(b, 2 * GW_SEC);
	m = via_bed_hear(b, c.p, c.lane, GW_TUNNEL_RESET);
	assert_int_equal(m.reason, GW_TUNNEL_UNREACHABLE);
	is_over(b, GW_FORWARD_UNREACHABLE);
	close(c.fd);
}

/* It may send so much; more is no accident. */
static void
data_beyond_the_window_ends_the_session(void **state)
{
	struct via_bed *b = *state;
	struct client c = begin(b);

	/* Before READY nothing opens the window. */
	peer_data(c.p, c.lane, c.flow, some, 60000);
	peer_data(c.p, c.lane, c.flow, some, GW_TUNNEL_WINDOW_MIN - 60000);
	via_bed_is_there(b, c.p);
	peer_data(c.p, c.lane, c.flow, some, 1);
	via_bed_is_lost(b, c.p, GW_E_PROTOCOL, "makes no sense");
	is_over(b, GW_FORWARD_TARGET_RESET);
	close(c.fd);
}

static void
data_after_its_end_ends_the_session(void **state)
{
	struct via_bed *b = *state;
	struct client c = begin(b);

	say(&c, GW_TUNNEL_READY, 0);
	say(&c, GW_TUNNEL_END, 0);
	say(&c, GW_TUNNEL_END, 0);
	via_bed_is_there(b, c.p);
	peer_data(c.p, c.lane, c.flow, some, 1);
	via_bed_is_lost(b, c.p, GW_E_PROTOCOL, "makes no sense");
	close(c.fd);
}

/* So many bytes are heard, and then no more. */
static void
hears_just(struct via_bed *b, struct client *c, size_t want)
{
	struct gw_tunnel_message m;
	unsigned waits = 0, more = 0;
	size_t n = 0;

	while (n < want || more++ < 5) {
		via_bed_wait(b, &waits);
		while (peer_hear(c->p, c->lane, &m))
			if (m.kind == GW_TUNNEL_DATA)
				n += m.text.n;
	}
	assert_int_equal(n, want);
}

static void
no_more_is_sent_than_the_window_lets(void **state)
{
	struct via_bed *b = *state;
	struct client c = begin(b);
	size_t all = 0;
	ssize_t n;

	say(&c, GW_TUNNEL_READY, 0);
	for (unsigned waits = 0; all < 3 * sizeof some; all += (size_t)n) {
		n = send(c.fd, some, sizeof some, 0);
		n = n > 0 ? n : 0;
		via_bed_wait(b, &waits);
	}
	hears_just(b, &c, GW_TUNNEL_WINDOW_MIN);
	/* Back, or the same again, is nothing. */
	say(&c, GW_TUNNEL_WINDOW, 0);
	say(&c, GW_TUNNEL_WINDOW, GW_TUNNEL_WINDOW_MIN);
	hears_just(b, &c, 0);
	say(&c, GW_TUNNEL_WINDOW, GW_TUNNEL_WINDOW_MIN + 1);
	hears_just(b, &c, 1);
	/* As much as there can be is as much as there is. */
	say(&c, GW_TUNNEL_WINDOW, UINT64_MAX);
	hears_just(b, &c, all - GW_TUNNEL_WINDOW_MIN - 1);
	say(&c, GW_TUNNEL_WINDOW, 1);
	assert_int_equal(send(c.fd, some, 100, 0), 100);
	hears_just(b, &c, 100);
	close(c.fd);
}

/* READY again, or of a flow that delivers, is not news. */
static void
what_makes_no_difference_is_left_out(void **state)
{
	struct via_bed *b = *state;
	struct client c = begin(b);

	for (unsigned i = 0; i < 3; i++)
		say(&c, GW_TUNNEL_READY, 0);
	say(&c, GW_TUNNEL_KNOWN, 0);
	say(&c, GW_TUNNEL_OVER, 0);
	via_bed_is_there(b, c.p);
	assert_int_equal(via_bed_rule(b).flows, 1);
	assert_null(via_bed_told(b, GW_FORWARD_OPENED, 1));
	close(c.fd);
}

static void
a_client_that_goes_is_told_as_broken(void **state)
{
	struct via_bed *b = *state;
	struct client c = begin(b);
	const struct linger l = { .l_onoff = 1 };
	struct gw_tunnel_message m;

	say(&c, GW_TUNNEL_READY, 0);
	via_bed_turn(b);
	setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	close(c.fd);
	m = via_bed_hear(b, c.p, c.lane, GW_TUNNEL_RESET);
	assert_int_equal(m.reason, GW_TUNNEL_BROKEN);
	is_over(b, GW_FORWARD_CLIENT_RESET);
}

/* What a client leaves unread is bounded by the window alone, which does not
 * open meanwhile. */
static void
who_reads_nothing_gets_no_larger_window(void **state)
{
	struct via_bed *b = *state;
	struct client c = begin(b);
	struct gw_tunnel_message m;
	uint64_t sent = 0, granted = GW_TUNNEL_WINDOW_MIN;
	unsigned quiet = 0;

	say(&c, GW_TUNNEL_READY, 0);
	while (quiet < 5) {
		const uint64_t left = granted - sent;
		const size_t n =
		    left < sizeof some ? (size_t)left : sizeof some;

		quiet++;
		if (n > 0) {
			peer_data(c.p, c.lane, c.flow, some, n);
			sent += n;
			quiet = 0;
		}
		via_bed_is_there(b, c.p);
		while (peer_hear(c.p, c.lane, &m)) {
			assert_int_equal(m.kind, GW_TUNNEL_WINDOW);
			assert_true(m.total > granted);
			granted = m.total;
		}
		/* The kernel takes some MiB for it. */
		assert_true(sent < 64 << 20);
	}
	assert_true(granted - sent == 0);
	close(c.fd);
}

/* Who keeps up gets a larger window, as long as all of the tunnel together
 * have no more than so much beyond the first ones: memory is bounded, though
 * each of thousands might keep up for a while and then stop. */
static void
windows_grow_as_far_as_all_together_may(void **state)
{
	struct via_bed *b = *state;
	struct client c = begin(b);
	struct gw_tunnel *t =
	    ((struct gw_via_rule *)(void *)b->set->first)->tunnel;
	const uint64_t before = GW_TUNNEL_WINDOWS - 3 * GW_TUNNEL_WINDOW_MIN;
	uint64_t sent = 0, granted = GW_TUNNEL_WINDOW_MIN, largest = 0;
	static uint8_t got[sizeof some];
	struct gw_tunnel_message m;

	t->widened = before;
	say(&c, GW_TUNNEL_READY, 0);
	while (sent < 4 << 20) {
		peer_data(c.p, c.lane, c.flow, some, sizeof some);
		sent += sizeof some;
		assert_int_equal(
		    via_bed_read(b, c.fd, got, sizeof got), sizeof got);
		while (peer_hear(c.p, c.lane, &m))
			granted = m.total;
		assert_true(granted - sent >= sizeof some);
		if (granted - sent > largest)
			largest = granted - sent;
	}
	assert_int_equal(t->widened, GW_TUNNEL_WINDOWS);
	assert_true(largest <= 4 * GW_TUNNEL_WINDOW_MIN);
	assert_true(largest > 2 * GW_TUNNEL_WINDOW_MIN);
	say(&c, GW_TUNNEL_RESET, 0);
	via_bed_turn(b);
	assert_int_equal(t->widened, before);
	t->widened = 0;
	close(c.fd);
}

/* What waits for a client that has become slow lies in memory for nothing. */
static void
who_falls_behind_gets_a_smaller_window_again(void **state)
{
	struct via_bed *b = *state;
	struct client c = begin(b);
	struct gw_tunnel *t =
	    ((struct gw_via_rule *)(void *)b->set->first)->tunnel;
	const int little = 1 << 16;
	static uint8_t got[sizeof some];
	struct gw_tunnel_message m;
	uint64_t sent = 0, granted = GW_TUNNEL_WINDOW_MIN;

	setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
	say(&c, GW_TUNNEL_READY, 0);
	for (bool slow = false;
	     !slow || t->widened > GW_TUNNEL_WINDOW_MAX / 4 * 3;) {
		uint64_t left = granted - sent;

		slow = slow || t->widened > GW_TUNNEL_WINDOW_MAX / 2;
		if (!slow && left > sizeof some)
			left = sizeof some;
		for (size_t n; left > 0; left -= n, sent += n) {
			n = left < sizeof some ? (size_t)left : sizeof some;
			peer_data(c.p, c.lane, c.flow, some, n);
		}
		assert_true(
		    via_bed_read(b, c.fd, got, slow ? 10000 : 60000) > 0);
		while (peer_hear(c.p, c.lane, &m))
			granted = m.total;
		assert_true(sent < 1 << 28);
	}
	via_bed_is_there(b, c.p);
	say(&c, GW_TUNNEL_RESET, 0);
	via_bed_turn(b);
	assert_int_equal(t->widened, 0);
	close(c.fd);
}

/* It is a flow, or has been reset. */
static bool
was_reset(struct via_bed *b, int fd)
{
	unsigned waits = 0;
	uint8_t got;

	while (via_bed_rule(b).flows == 0) {
		if (recv(fd, &got, 1, 0) < 0 && errno != EAGAIN)
			return true;
		via_bed_wait(b, &waits);
	}
	return false;
}

static void
without_memory_a_client_is_reset(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, listening, 1, false);
	int fd = -1;

	via_bed_accept(b, p, 1);
	for (long n = 0; n == 0 || was_reset(b, fd); n++) {
		assert_true(n < 60);
		assert_int_equal(b->set->files, 1); /* it listens */
		if (fd >= 0)
			close(fd);
		if (p->closed) { /* not even for what tells of it */
			via_bed_is_lost(b, p, GW_E_MEMORY, "no memory");
			via_bed_leap(b, 10 * GW_SEC);
			p = via_bed_peer(b);
			peer_answer(p, (const uint8_t[GW_KEY_LEN]){ 1 });
			via_bed_accept(b, p, 1);
		}
		fd = via_bed_connect(via_bed_rule(b).port, SOCK_STREAM);
		test_fail_alloc(n);
		via_bed_turn(b);
		test_fail_alloc(-1);
	}
	via_bed_is_there(b, p);
	close(fd);
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, via_bed_setup, via_bed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(bytes_go_both_ways_until_both_have_ended),
		CASE(who_may_not_come_in_is_reset),
		CASE(a_lost_session_resets_its_clients),
		CASE(why_there_is_no_target_is_told),
		CASE(an_answer_that_never_comes_is_waited_for_a_while),
		CASE(data_beyond_the_window_ends_the_session),
		CASE(data_after_its_end_ends_the_session),
		CASE(no_more_is_sent_than_the_window_lets),
		CASE(what_makes_no_difference_is_left_out),
		CASE(a_client_that_goes_is_told_as_broken),
		CASE(who_reads_nothing_gets_no_larger_window),
		CASE(windows_grow_as_far_as_all_together_may),
		CASE(who_falls_behind_gets_a_smaller_window_again),
		CASE(without_memory_a_client_is_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
