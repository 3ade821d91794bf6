/* Datagrams that a peer, which is a script, has delivered here. */
#include "run/via_udp.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "run/forward.h"
#include "run/serve.h"
#include "via_bed.h"

static struct peer *
deliver(struct via_bed *b, int *target)
{
	static char right[64], rule[64];
	const char *const rights[] = { right };
	struct peer *p;
	uint16_t port;

	*target = via_bed_bind(&port);
	snprintf(right, sizeof right, "udp:127.0.0.1:%u", (unsigned)port);
	snprintf(rule, sizeof rule, "udp://:1/127.0.0.1:%u", (unsigned)port);
	via_bed_serve(b, rights, 1);
	p = via_bed_come(b, 0, 1);
	via_bed_accepted(b, p, 1, false, rule);
	return p;
}

static struct gw_tunnel_datagram
opening(uint32_t flow, const char *text)
{
	return (struct gw_tunnel_datagram){ .flow = flow,
		.opens = true,
		.rule = 1,
		.ip = { [10] = 0xff, 0xff, 10, 9, 8, 7 },
		.ip_port = 999,
		.data = gw_slice_str(text) };
}

static void
a_flow_has_a_socket_until_it_is_over(void **state)
{
	struct via_bed *b = *state;
	int target, fd;
	struct peer *p = deliver(b, &target);
	struct gw_tunnel_datagram d = opening(4, "hello");
	struct sockaddr_storage from;
	socklen_t n = sizeof from;
	unsigned waits = 0;
	char got[16];
	ssize_t k;

	peer_datagram(p, &d);
	via_bed_hear(b, p, 0, GW_TUNNEL_KNOWN);
	while (
	    (k = recvfrom(target, got, sizeof got, 0, (void *)&from, &n)) < 0)
		via_bed_wait(b, &waits);
	assert_int_equal(k, 5);
	fd = target;
	assert_int_equal(sendto(fd, "hi", 2, 0, (void *)&from, n), 2);
	d = via_bed_hear_datagram(b, p);
	assert_int_equal(d.flow, 4);
	assert_false(d.opens);
	assert_int_equal(d.data.n, 2);
	assert_int_equal(b->set->files, 1);
	peer_say(p, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_OVER, .flow = 4 });
	via_bed_is_there(b, p);
	assert_int_equal(b->set->files, 0);
	assert_int_equal(via_bed_rule(b).flows, 0);
	/* What does not open it again is told that it is over. */
	d = opening(4, "more");
	d.opens = false;
	peer_datagram(p, &d);
	via_bed_hear(b, p, 0, GW_TUNNEL_OVER);
	close(target);
}

static void
f24_an_answer_that_becomes_stale_has_not_passed(void **state)
{
	struct via_bed *b = *state;
	int target;
	struct peer *p = deliver(b, &target);
	const struct gw_tunnel_datagram d = opening(4, "hello");
	struct sockaddr_storage from;
	socklen_t n = sizeof from;
	unsigned waits = 0;
	char got[16];

	peer_datagram(p, &d);
	via_bed_hear(b, p, 0, GW_TUNNEL_KNOWN);
	while (recvfrom(target, got, sizeof got, 0, (void *)&from, &n) < 0)
		via_bed_wait(b, &waits);
	p->takes_datagrams = false;
	assert_int_equal(sendto(target, "hi", 2, 0, (void *)&from, n), 2);
	while (via_bed_rule(b).packets_out == 0)
		via_bed_wait(b, &waits);
	assert_int_equal(via_bed_rule(b).bytes_out, 2);
	via_bed_leap(b, GW_TUNNEL_AGE);
	assert_int_equal(via_bed_rule(b).packets_out, 0);
	assert_int_equal(via_bed_rule(b).bytes_out, 0);
	assert_int_equal(via_bed_rule(b).drops[GW_DROP_STALE], 1);
	close(target);
}

/* The path becomes narrower in the moment in which room is made for it. */
static void
f24_an_answer_is_cut_for_the_path_as_it_is(void **state)
{
	struct via_bed *b = *state;
	int target;
	struct peer *p = deliver(b, &target);
	struct gw_tunnel_datagram d = opening(4, "hello");
	struct sockaddr_storage from;
	socklen_t n = sizeof from;
	static const uint8_t much[3000];
	unsigned waits = 0;
	size_t bytes = 0;
	char got[16];

	peer_datagram(p, &d);
	via_bed_hear(b, p, 0, GW_TUNNEL_KNOWN);
	while (recvfrom(target, got, sizeof got, 0, (void *)&from, &n) < 0)
		via_bed_wait(b, &waits);
	p->takes_datagrams = false;
	p->narrows = 500;
	assert_int_equal(
	    sendto(target, much, sizeof much, 0, (void *)&from, n), 3000);
	do {
		d = via_bed_hear_datagram(b, p);
		assert_true(d.data.n <= 500);
		bytes += d.data.n;
	} while (d.at + 1 < d.parts);
	assert_int_equal(bytes, 3000);
	assert_int_equal(via_bed_rule(b).packets_out, 1);
	assert_int_equal(via_bed_rule(b).bytes_out, 3000);
	close(target);
}

/* Those of one flow that are alike leave in one call, of others each in its
 * own; which of it happens nobody can tell from what comes. */
static void
what_comes_together_leaves_as_it_came(void **state)
{
	static const size_t sizes[] = { 300, 300, 300, 20, 300, 0, 300, 400,
		1000, 1000, 1000, 1000, 999, 1 };
	enum { COUNT = sizeof sizes / sizeof *sizes };
	struct via_bed *b = *state;
	int target;
	struct peer *p = deliver(b, &target);
	struct gw_tunnel_datagram d = opening(4, "hello");
	static uint8_t text[COUNT][1000], got[1000];

	peer_datagram(p, &d);
	via_bed_hear(b, p, 0, GW_TUNNEL_KNOWN);
	assert_int_equal(recv(target, got, sizeof got, 0), 5);
	d.opens = false;
	for (size_t i = 0; i < COUNT; i++) {
		memset(text[i], 'a' + (int)i, sizeof text[i]);
		d.data = gw_slice(text[i], sizes[i]);
		peer_datagram(p, &d);
	}
	peer_turn(p);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(
		    recv(target, got, sizeof got, MSG_DONTWAIT), sizes[i]);
		assert_memory_equal(got, text[i], sizes[i]);
	}
	/* The last of them before it is over. */
	peer_datagram(p, &d);
	peer_say(p, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_OVER, .flow = 4 });
	via_bed_is_there(b, p);
	assert_int_equal(recv(target, got, sizeof got, MSG_DONTWAIT), 1);
	assert_int_equal(via_bed_rule(b).flows, 0);
	assert_int_equal(via_bed_rule(b).packets_in, COUNT + 2);
	close(target);
}

static void
a_flow_that_is_idle_is_over_on_both_sides(void **state)
{
	struct via_bed *b = *state;
	int target;
	struct peer *p = deliver(b, &target);
	const struct gw_tunnel_datagram d = opening(4, "hello");
	struct gw_tunnel_message m;

	peer_datagram(p, &d);
	via_bed_hear(b, p, 0, GW_TUNNEL_KNOWN);
	for (unsigned i = 0; i < 6; i++) {
		via_bed_leap(b, 10 * GW_SEC);
		p->heard_at += 10 * GW_SEC;
		p->kicked = true;
		via_bed_is_there(b, p);
	}
	via_bed_leap(b, GW_SEC);
	m = via_bed_hear(b, p, 0, GW_TUNNEL_OVER);
	assert_int_equal(m.flow, 4);
	assert_int_equal(m.reason, GW_TUNNEL_TIME);
	assert_int_equal(b->set->files, 0);
	close(target);
}

static void
a_flow_too_many_is_dropped_and_opens_when_there_is_room(void **state)
{
	struct via_bed *b = *state;
	int target;
	struct peer *p = deliver(b, &target);
	struct gw_tunnel_datagram d = opening(4, "hello");

	b->set->files_max = 3;
	for (d.flow = 2; d.flow <= 10; d.flow += 2)
		peer_datagram(p, &d);
	via_bed_is_there(b, p);
	assert_int_equal(via_bed_rule(b).flows, 3);
	assert_int_equal(via_bed_rule(b).drops[GW_DROP_DESCRIPTORS], 2);
	peer_say(p, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_OVER, .flow = 2 });
	d.flow = 10;
	peer_datagram(p, &d);
	via_bed_is_there(b, p);
	assert_int_equal(via_bed_rule(b).flows, 3);
	close(target);
}

/* Of a name, what it leads to is not known yet, or is not allowed. */
static void
a_name_that_leads_elsewhere_than_may_be_is_not_followed(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "udp:localhost:*" };
	struct gw_tunnel_datagram d = opening(4, "hello");
	struct peer *p;
	char rule[64];
	uint16_t port;
	int target = via_bed_bind(&port);
	unsigned waits = 0;

	snprintf(rule, sizeof rule, "udp://:1/localhost:%u", (unsigned)port);
	via_bed_serve(b, rights, 1);
	p = via_bed_come(b, 0, 1);
	via_bed_accepted(b, p, 1, false, rule);
	while (via_bed_rule(b).drops[GW_DROP_DENIED] == 0) {
		peer_datagram(p, &d);
		via_bed_wait(b, &waits);
	}
	via_bed_is_there(b, p);
	assert_int_equal(b->set->files, 0);
	assert_int_equal(recv(target, rule, 1, 0), -1);
	close(target);
}

static void
a_rule_that_is_closed_ends_its_flows(void **state)
{
	struct via_bed *b = *state;
	int target;
	struct peer *p = deliver(b, &target);
	struct gw_tunnel_datagram d = opening(4, "hello");
	struct gw_tunnel_message m;

	for (; d.flow <= 20; d.flow += 2) {
		peer_datagram(p, &d);
		via_bed_hear(b, p, 0, GW_TUNNEL_KNOWN);
	}
	peer_say(p, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_CLOSE, .rule = 1 });
	for (unsigned i = 4; i <= 20; i += 2) {
		m = via_bed_hear(b, p, 0, GW_TUNNEL_OVER);
		assert_int_equal(m.reason, GW_TUNNEL_STOPPED);
	}
	assert_int_equal(b->set->files, 0);
	assert_null(b->set->first);
	close(target);
}

static void
without_memory_a_flow_does_not_begin(void **state)
{
	struct via_bed *b = *state;
	int target;
	struct peer *p = deliver(b, &target);
	struct gw_tunnel_datagram d = opening(4, "hello");

	for (long n = 0;; n++) {
		const uint64_t flows = via_bed_rule(b).flows;

		assert_true(n < 60);
		peer_datagram(p, &d);
		test_fail_alloc(n);
		via_bed_is_there(b, p);
		test_fail_alloc(-1);
		assert_int_equal(b->set->files, via_bed_rule(b).flows);
		if (via_bed_rule(b).flows == flows + 1)
			break;
		d.flow += 2;
	}
	via_bed_hear(b, p, 0, GW_TUNNEL_KNOWN);
	close(target);
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, via_bed_setup, via_bed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_flow_has_a_socket_until_it_is_over),
		CASE(f24_an_answer_that_becomes_stale_has_not_passed),
		CASE(f24_an_answer_is_cut_for_the_path_as_it_is),
		CASE(what_comes_together_leaves_as_it_came),
		CASE(a_flow_that_is_idle_is_over_on_both_sides),
		CASE(a_flow_too_many_is_dropped_and_opens_when_there_is_room),
		CASE(a_name_that_leads_elsewhere_than_may_be_is_not_followed),
		CASE(a_rule_that_is_closed_ends_its_flows),
		CASE(without_memory_a_flow_does_not_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
