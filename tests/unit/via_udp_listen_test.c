/* Datagrams that come in and go through a peer, which is a script. */
#include "run/via_udp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "run/forward.h"
#include "run/serve.h"
#include "via_bed.h"

static const char *const listening[] = { "udp://127.0.0.1:0/10.0.0.1:53" };

static struct peer *
listen_for(struct via_bed *b)
{
	struct peer *p = via_bed_ask(b, listening, 1, false);

	via_bed_accept(b, p, 1);
	return p;
}

static int
client(struct via_bed *b)
{
	return via_bed_connect(via_bed_rule(b).port, SOCK_DGRAM);
}

static struct gw_tunnel_datagram
pass(struct via_bed *b, struct peer *p, int fd, const char *text)
{
	struct gw_tunnel_datagram d;

	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
	d = via_bed_hear_datagram(b, p);
	assert_int_equal(d.data.n, strlen(text));
	assert_memory_equal(d.data.p, text, strlen(text));
	return d;
}

static void
answer(struct peer *p, uint32_t flow, const char *text)
{
	const struct gw_tunnel_datagram d = { .flow = flow,
		.data = gw_slice_str(text) };

	peer_datagram(p, &d);
}

static void
reads(struct via_bed *b, int fd, const char *text)
{
	char got[64];

	assert_int_equal(via_bed_read(b, fd, got, strlen(text)), strlen(text));
	assert_memory_equal(got, text, strlen(text));
}

static void
nothing_comes(struct via_bed *b, int fd)
{
	uint8_t got;

	for (unsigned i = 0; i < 5; i++)
		via_bed_turn(b);
	assert_int_equal(recv(fd, &got, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
f26_a_flow_is_opened_until_it_is_known_there(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = listen_for(b);
	int fd = client(b);
	struct gw_tunnel_datagram d = pass(b, p, fd, "one");

	assert_true(d.opens);
	assert_int_equal(d.rule, 1);
	assert_int_equal(d.flow % 2, 0);
	d = pass(b, p, fd, "two");
	assert_true(d.opens);
	peer_say(p, 0,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_KNOWN, .flow = d.flow });
	via_bed_turn(b);
	assert_false(pass(b, p, fd, "three").opens);
	/* It has ended there, and is opened again. */
	peer_say(p, 0,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_OVER, .flow = d.flow });
	via_bed_turn(b);
	assert_true(pass(b, p, fd, "four").opens);
	answer(p, d.flow, "answer");
	reads(b, fd, "answer");
	assert_false(pass(b, p, fd, "five").opens);
	close(fd);
}

/* The other side accepts the rule with these times, in ms. */
static void
agree(struct via_bed *b, struct peer *p, uint32_t idle, uint32_t unreplied)
{
	peer_say(p, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_ACCEPT,
		.rule = 1,
		.idle_ms = idle,
		.unreplied_ms = unreplied });
	via_bed_turn(b);
}

static void
f26_what_may_have_ended_there_is_opened_again(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, listening, 1, false);
	int fd = client(b);
	uint32_t flow;

	/* What is under way may be late by 15 s, and so may answers. */
	agree(b, p, 40000, 32000);
	flow = pass(b, p, fd, "1").flow;
	answer(p, flow, "answer");
	reads(b, fd, "answer");
	via_bed_leap(b, 1 * GW_SEC);
	assert_false(pass(b, p, fd, "2").opens);
	via_bed_leap(b, 1 * GW_SEC);
	assert_true(pass(b, p, fd, "3").opens);
	peer_say(p, 0,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_KNOWN, .flow = flow });
	via_bed_turn(b);
	assert_false(pass(b, p, fd, "4").opens);
	close(fd);
}

static void
answers_go_to_the_client_whose_flow_it_is(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = listen_for(b);
	int one = client(b), other = client(b);
	const uint32_t first = pass(b, p, one, "1").flow,
		       second = pass(b, p, other, "2").flow;

	assert_int_not_equal(first, second);
	answer(p, second, "for two");
	/* Nobody's: no number, or one that we would not give. */
	answer(p, second + 2, "x");
	answer(p, first + 1, "x");
	answer(p, UINT32_MAX, "x");
	reads(b, other, "for two");
	nothing_comes(b, one);
	nothing_comes(b, other);
	via_bed_is_there(b, p);
	close(one);
	close(other);
}

/* Larger than there are datagrams: 64 parts of a way that takes large ones. */
static void
an_answer_that_no_datagram_can_hold_is_dropped(void **state)
{
	struct via_bed *b = *state;
	static uint8_t some[60000];
	struct peer *p = listen_for(b);
	int fd = client(b);
	struct gw_tunnel_datagram d = { .flow = pass(b, p, fd, "1").flow,
		.part = true,
		.parts = GW_TUNNEL_PARTS,
		.data = gw_slice(some, sizeof some) };

	for (d.at = 0; d.at < d.parts; d.at++)
		peer_datagram(p, &d);
	via_bed_is_there(b, p);
	nothing_comes(b, fd);
	assert_int_equal(via_bed_rule(b).drops[GW_DROP_TOO_BIG], 1);
	answer(p, d.flow, "fits");
	reads(b, fd, "fits");
	close(fd);
}

static void
what_ends_nothing_is_left_out(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = listen_for(b);
	int fd = client(b);
	const uint32_t flow = pass(b, p, fd, "1").flow;

	for (unsigned k = GW_TUNNEL_KNOWN; k < GW_TUNNEL_KINDS; k++)
		for (unsigned lane = 0; lane < 2; lane++)
			if (k != GW_TUNNEL_FLOW && k != GW_TUNNEL_DATA)
				peer_say(p, (uint16_t)lane,
				    &(struct gw_tunnel_message){
					.kind = k, .flow = flow });
	peer_data(p, 0, flow, "no", 2);
	peer_data(p, 2, flow, "no", 2);
	via_bed_is_there(b, p);
	assert_int_equal(via_bed_rule(b).flows, 1);
	nothing_comes(b, fd);
	pass(b, p, fd, "2");
	close(fd);
}

static void
what_the_other_side_does_not_take_is_dropped_by_name(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, listening, 1, false);
	int fd = client(b);

	/* Not accepted, */
	assert_int_equal(send(fd, "1", 1, 0), 1);
	via_bed_drops(b, GW_DROP_PEER, 1);
	via_bed_accept(b, p, 1);
	pass(b, p, fd, "2");
	/* full, and then too late, */
	p->takes_datagrams = false;
	for (unsigned i = 0; i < GW_TUNNEL_WAITING + 3; i++) {
		assert_int_equal(send(fd, "3", 1, 0), 1);
		if (i % 16 == 0)
			via_bed_turn(b);
	}
	via_bed_drops(b, GW_DROP_QUEUE, 3);
	via_bed_leap(b, GW_TUNNEL_AGE + 1);
	via_bed_drops(b, GW_DROP_STALE, GW_TUNNEL_WAITING);
	/* and gone. */
	peer_leave(p, GW_E_LOST, "");
	via_bed_turn(b);
	assert_int_equal(send(fd, "4", 1, 0), 1);
	via_bed_drops(b, GW_DROP_PEER, 2);
	assert_int_equal(via_bed_rule(b).flows, 1);
	close(fd);
}

static void
f26_a_flow_goes_on_in_the_next_session(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = listen_for(b), *next;
	int fd = client(b);
	const uint32_t flow = pass(b, p, fd, "1").flow;
	struct gw_tunnel_datagram d;

	answer(p, flow, "first");
	reads(b, fd, "first");
	peer_leave(p, GW_E_LOST, "");
	via_bed_turn(b);
	via_bed_leap(b, GW_SEC);
	next = via_bed_peer(b);
	peer_answer(next, (const uint8_t[GW_KEY_LEN]){ 1 });
	via_bed_accept(b, next, 1);
	d = pass(b, next, fd, "2");
	assert_true(d.opens);
	assert_int_equal(d.flow, flow);
	answer(next, flow, "second");
	reads(b, fd, "second");
	close(fd);
}

static void
f26_the_shorter_idle_time_ends_a_flow_and_tells_so(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, listening, 1, false);
	int fd = client(b);
	struct gw_tunnel_message m;
	uint32_t flow;

	agree(b, p, 4000, 2000);
	flow = pass(b, p, fd, "1").flow;
	via_bed_leap(b, 1 * GW_SEC);
	assert_int_equal(via_bed_rule(b).flows, 1);
	via_bed_leap(b, 2 * GW_SEC);
	m = via_bed_hear(b, p, 0, GW_TUNNEL_OVER);
	assert_int_equal(m.flow, flow);
	assert_int_equal(m.reason, GW_TUNNEL_TIME);
	assert_int_equal(via_bed_rule(b).flows, 0);
	answer(p, flow, "late");
	nothing_comes(b, fd);
	close(fd);
}

/* What the other side has sent just before it ended the flow. */
static void
f26_an_answer_that_is_under_way_finds_its_flow(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, listening, 1, false);
	int fd = client(b);
	uint32_t flow;

	agree(b, p, 4000, 2000);
	flow = pass(b, p, fd, "1").flow;
	via_bed_leap(b, 2500 * GW_MSEC);
	assert_int_equal(via_bed_rule(b).flows, 1);
	answer(p, flow, "late");
	reads(b, fd, "late");
	close(fd);
}

/* No time at all is what an odd peer may say: its flows end as soon as the
 * other side can have ended them. */
static void
an_idle_time_of_nothing_harms_nobody(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, listening, 1, false);
	int fd = client(b);

	peer_say(p, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_ACCEPT, .rule = 1 });
	via_bed_turn(b);
	for (unsigned i = 0; i < 3; i++) {
		pass(b, p, fd, "1");
		via_bed_leap(b, GW_SEC);
		via_bed_hear(b, p, 0, GW_TUNNEL_OVER);
		assert_int_equal(via_bed_rule(b).flows, 0);
	}
	via_bed_is_there(b, p);
	close(fd);
}

static uint64_t
drops(const struct via_bed *b)
{
	const struct gw_forward_rule r = via_bed_rule(b);
	uint64_t n = 0;

	for (unsigned i = 0; i < GW_DROPS; i++)
		n += r.drops[i];
	return n;
}

static void
without_memory_a_client_s_datagram_is_dropped(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = listen_for(b);
	int fd = client(b), other;
	const uint64_t before = via_bed_rule(b).flows;

	for (long n = 0; via_bed_rule(b).flows == before; n++) {
		const uint64_t dropped = drops(b);
		unsigned waits = 0;

		assert_true(n < 60);
		other = client(b);
		assert_int_equal(send(other, "2", 1, 0), 1);
		test_fail_alloc(n);
		via_bed_turn(b);
		test_fail_alloc(-1);
		while (drops(b) == dropped && via_bed_rule(b).flows == before)
			via_bed_wait(b, &waits);
		close(other);
		via_bed_is_there(b, p);
	}
	pass(b, p, fd, "2");
	close(fd);
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, via_bed_setup, via_bed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(f26_a_flow_is_opened_until_it_is_known_there),
		CASE(f26_what_may_have_ended_there_is_opened_again),
		CASE(answers_go_to_the_client_whose_flow_it_is),
		CASE(an_answer_that_no_datagram_can_hold_is_dropped),
		CASE(what_ends_nothing_is_left_out),
		CASE(what_the_other_side_does_not_take_is_dropped_by_name),
		CASE(f26_a_flow_goes_on_in_the_next_session),
		CASE(f26_the_shorter_idle_time_ends_a_flow_and_tells_so),
		CASE(f26_an_answer_that_is_under_way_finds_its_flow),
		CASE(an_idle_time_of_nothing_harms_nobody),
		CASE(without_memory_a_client_s_datagram_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
