/* Connections that a peer, which is a script, has delivered here: how they
 * begin, and how they end where they cannot. */
#include "run/via_tcp.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "run/forward.h"
#include "run/serve.h"
#include "via_bed.h"

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

static uint16_t
serve(struct via_bed *b, struct peer **p, int *listener)
{
	static char right[64], rule[64];
	const char *const rights[] = { right };
	uint16_t port;

	*listener = via_bed_listen(&port);
	snprintf(right, sizeof right, "tcp:127.0.0.1:%u", (unsigned)port);
	snprintf(rule, sizeof rule, "tcp://:1/127.0.0.1:%u", (unsigned)port);
	via_bed_serve(b, rights, 1);
	*p = via_bed_come(b, 0, 1);
	via_bed_accepted(b, *p, 1, false, rule);
	return port;
}

static void
ask(struct peer *p, uint32_t flow)
{
	peer_say(p, 2,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_FLOW, .flow = flow, .rule = 1 });
}

static void
what_comes_before_the_target_is_there_is_kept_for_it(void **state)
{
	struct via_bed *b = *state;
	struct peer *p;
	uint8_t got[16];
	int listener, fd;

	serve(b, &p, &listener);
	ask(p, 4);
	peer_data(p, 2, 4, "hello", 5);
	peer_say(p, 2,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_END, .flow = 4 });
	/* Nor does any of this upset one that is not open yet. */
	for (unsigned k = GW_TUNNEL_READY; k < GW_TUNNEL_KINDS; k++)
		if (k == GW_TUNNEL_READY || k == GW_TUNNEL_WINDOW)
			peer_say(p, 2,
			    &(struct gw_tunnel_message){
				.kind = k, .flow = 4, .total = UINT64_MAX });
	fd = via_bed_accept_at(b, listener);
	via_bed_hear(b, p, 2, GW_TUNNEL_READY);
	assert_int_equal(via_bed_read(b, fd, got, sizeof got), 5);
	close(fd);
	via_bed_hear(b, p, 2, GW_TUNNEL_END);
	is_over(b, GW_FORWARD_FINISHED);
	close(listener);
}

static void
a_target_that_is_not_there_is_told(void **state)
{
	struct via_bed *b = *state;
	struct gw_tunnel_message m;
	struct peer *p;
	int listener;

	serve(b, &p, &listener);
	close(listener);
	ask(p, 4);
	peer_data(p, 2, 4, "hello", 5);
	m = via_bed_hear(b, p, 2, GW_TUNNEL_RESET);
	assert_int_equal(m.reason, GW_TUNNEL_UNREACHABLE);
	assert_int_not_equal(m.text.n, 0);
	is_over(b, GW_FORWARD_UNREACHABLE);
	via_bed_is_there(b, p);
}

/* A right for a name is none for this machine, wherever that name leads. */
static void
a_name_that_leads_elsewhere_than_may_be_is_not_followed(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:localhost:*" };
	struct gw_tunnel_message m;
	struct peer *p;
	char rule[64];
	uint16_t port;
	int listener = via_bed_listen(&port);

	snprintf(rule, sizeof rule, "tcp://:1/localhost:%u", (unsigned)port);
	via_bed_serve(b, rights, 1);
	p = via_bed_come(b, 0, 1);
	via_bed_accepted(b, p, 1, false, rule);
	ask(p, 4);
	m = via_bed_hear(b, p, 2, GW_TUNNEL_RESET);
	assert_int_equal(m.reason, GW_TUNNEL_UNREACHABLE);
	if (memcmp(m.text.p, "where the target is may not", 27) != 0)
		fail_msg("%.*s", (int)m.text.n, (const char *)m.text.p);
	assert_int_equal(accept(listener, NULL, NULL), -1);
	close(listener);
}

static void
a_rule_that_is_closed_ends_its_flows_and_no_other(void **state)
{
	struct via_bed *b = *state;
	struct gw_tunnel_message m;
	struct peer *p, *other;
	int listener, fd[2];
	char rule[64];
	uint16_t port = serve(b, &p, &listener);

	snprintf(rule, sizeof rule, "tcp://:2/127.0.0.1:%u", (unsigned)port);
	other = via_bed_come(b, 1, 1);
	via_bed_accepted(b, other, 1, false, rule);
	ask(p, 4);
	fd[0] = via_bed_accept_at(b, listener);
	ask(other, 4);
	fd[1] = via_bed_accept_at(b, listener);
	via_bed_hear(b, p, 2, GW_TUNNEL_READY);
	via_bed_hear(b, other, 2, GW_TUNNEL_READY);
	peer_say(p, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_CLOSE, .rule = 1 });
	m = via_bed_hear(b, p, 2, GW_TUNNEL_RESET);
	assert_int_equal(m.reason, GW_TUNNEL_STOPPED);
	assert_int_equal(via_bed_read(b, fd[0], rule, 1), -1);
	/* Nonsense ends that session, and what was on it. */
	ask(p, 5);
	via_bed_is_lost(b, p, GW_E_PROTOCOL, "makes no sense");
	peer_data(other, 2, 4, "x", 1);
	assert_int_equal(via_bed_read(b, fd[1], rule, 1), 1);
	via_bed_is_there(b, other);
	close(fd[0]);
	close(fd[1]);
	close(listener);
}

static void
without_descriptors_a_flow_is_refused(void **state)
{
	struct via_bed *b = *state;
	struct gw_tunnel_message m;
	struct peer *p;
	int listener, fd;

	serve(b, &p, &listener);
	b->set->files_max = 1;
	ask(p, 4);
	fd = via_bed_accept_at(b, listener);
	via_bed_hear(b, p, 2, GW_TUNNEL_READY);
	ask(p, 6);
	m = via_bed_hear(b, p, 2, GW_TUNNEL_RESET);
	assert_int_equal(m.flow, 6);
	assert_int_equal(m.reason, GW_TUNNEL_LIMIT);
	assert_int_equal(via_bed_rule(b).drops[GW_DROP_CAP], 1);
	peer_leave(p, GW_E_LOST, "");
	assert_int_equal(via_bed_read(b, fd, &m, 1), -1);
	is_over(b, GW_FORWARD_CLIENT_RESET);
	close(fd);
	close(listener);
}

static void
without_memory_a_flow_is_refused_and_no_other_suffers(void **state)
{
	struct via_bed *b = *state;
	struct gw_tunnel_message m;
	struct peer *p;
	int listener, fd;
	uint8_t got[8];

	serve(b, &p, &listener);
	ask(p, 4);
	fd = via_bed_accept_at(b, listener);
	via_bed_hear(b, p, 2, GW_TUNNEL_READY);
	for (long n = 0;; n++) {
		assert_true(n < 60);
		ask(p, (uint32_t)(6 + 2 * n));
		test_fail_alloc(n);
		via_bed_is_there(b, p);
		test_fail_alloc(-1);
		peer_data(p, 2, 4, "still", 5);
		assert_int_equal(via_bed_read(b, fd, got, 5), 5);
		m = via_bed_hear_any(b, p, 2);
		if (m.kind == GW_TUNNEL_READY)
			break;
		assert_int_equal(m.kind, GW_TUNNEL_RESET);
		assert_int_equal(m.reason, GW_TUNNEL_LIMIT);
		assert_int_equal(b->set->files, 1);
	}
	close(fd);
	close(listener);
}

static void
what_has_to_wait_for_a_target_needs_memory_or_ends(void **state)
{
	struct via_bed *b = *state;
	struct gw_tunnel_message m;
	struct peer *p;
	uint32_t flow = 2;
	uint8_t got[8];
	int listener, fd;

	serve(b, &p, &listener);
	ask(p, flow);
	fd = via_bed_accept_at(b, listener);
	via_bed_hear(b, p, 2, GW_TUNNEL_READY);
	close(fd);
	via_bed_hear(b, p, 2, GW_TUNNEL_END);
	for (long n = 0;; n++) {
		assert_true(n < 60);
		ask(p, flow += 2);
		peer_data(p, 2, flow, "hello", 5);
		test_fail_alloc(n);
		via_bed_is_there(b, p);
		test_fail_alloc(-1);
		m = via_bed_hear_any(b, p, 2);
		if (m.kind == GW_TUNNEL_READY)
			break;
		assert_int_equal(m.kind, GW_TUNNEL_RESET);
		assert_int_equal(m.reason, GW_TUNNEL_LIMIT);
	}
	do /* those that had begun before their data came are over */
		fd = via_bed_accept_at(b, listener);
	while (via_bed_read(b, fd, got, 5) != 5 && close(fd) == 0);
	assert_memory_equal(got, "hello", 5);
	close(fd);
	close(listener);
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, via_bed_setup, via_bed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_comes_before_the_target_is_there_is_kept_for_it),
		CASE(a_target_that_is_not_there_is_told),
		CASE(a_name_that_leads_elsewhere_than_may_be_is_not_followed),
		CASE(a_rule_that_is_closed_ends_its_flows_and_no_other),
		CASE(without_descriptors_a_flow_is_refused),
		CASE(without_memory_a_flow_is_refused_and_no_other_suffers),
		CASE(what_has_to_wait_for_a_target_needs_memory_or_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
