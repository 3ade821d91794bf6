/* Forwarded connections, as both of their ends see them. */
#include "run/tcp_flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forward_rig.h"

static void
bytes_go_both_ways_and_are_counted(void **state)
{
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN);
	char got[8];

	rig_write(r, e.client, "question", 8);
	assert_int_equal(rig_read(r, e.server, got, 8), 8);
	assert_memory_equal(got, "question", 8);
	rig_write(r, e.server, "yes", 3);
	assert_int_equal(rig_read(r, e.client, got, 3), 3);
	assert_memory_equal(got, "yes", 3);
	assert_int_equal(rig_rule(r, 0).bytes_in, 8);
	assert_int_equal(rig_rule(r, 0).bytes_out, 3);
	rig_ends_close(&e);
}

/* More than all buffers on the way hold, against a reader that starts late:
 * whatever is spliced or copied, it is the same. */
static void
much_comes_whole_to_a_slow_reader(void **state)
{
	enum { MUCH = 48 << 20, CHUNK = 1 << 20 };
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN);
	uint8_t *out = malloc(MUCH), *in = malloc(MUCH);
	size_t sent = 0, got = 0;

	assert_non_null(out);
	assert_non_null(in);
	for (size_t i = 0; i < MUCH; i++)
		out[i] = (uint8_t)(i * 2654435761u >> 13);
	while (got < MUCH) {
		ssize_t k = 0;

		if (sent < MUCH)
			k = send(
			    e.client, out + sent, MUCH - sent, MSG_NOSIGNAL);
		if (k > 0)
			sent += (size_t)k;
		gw_dispatch(r->g);
		/* It reads only when nothing more can be written. */
		if (k > 0)
			continue;
		rig_turn(r);
		k = recv(e.server, in + got,
		    MUCH - got < CHUNK ? MUCH - got : CHUNK, 0);
		if (k > 0)
			got += (size_t)k;
	}
	assert_memory_equal(in, out, MUCH);
	assert_int_equal(rig_rule(r, 0).bytes_in, MUCH);
	free(out);
	free(in);
	rig_ends_close(&e);
}

static void
an_end_of_one_side_leaves_the_other_open(void **state)
{
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN);
	char got[8];

	rig_write(r, e.client, "all", 3);
	shutdown(e.client, SHUT_WR);
	assert_int_equal(rig_read(r, e.server, got, 8), 3);
	assert_int_equal(rig_read(r, e.server, got, 1), 0);
	for (int i = 0; i < 5; i++)
		rig_turn(r);
	assert_int_equal(rig_count(r, GW_FORWARD_CLOSED), 0);
	rig_write(r, e.server, "answer", 6);
	assert_int_equal(rig_read(r, e.client, got, 6), 6);
	shutdown(e.server, SHUT_WR);
	assert_int_equal(rig_read(r, e.client, got, 1), 0);
	assert_int_equal(
	    rig_until(r, GW_FORWARD_CLOSED, 0)->end, GW_FORWARD_FINISHED);
	rig_ends_close(&e);
}

static void
a_reset_is_passed_on_either_way(void **state)
{
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN);
	int c, s;
	char byte;

	rig_reset(e.client);
	assert_int_equal(rig_read(r, e.server, &byte, 1), -ECONNRESET);
	assert_int_equal(
	    rig_until(r, GW_FORWARD_CLOSED, 0)->end, GW_FORWARD_CLIENT_RESET);
	c = rig_connect(r, e.at);
	s = rig_accept(r, e.target);
	rig_until(r, GW_FORWARD_OPENED, 1);
	rig_reset(s);
	assert_int_equal(rig_read(r, c, &byte, 1), -ECONNRESET);
	assert_int_equal(
	    rig_until(r, GW_FORWARD_CLOSED, 1)->end, GW_FORWARD_TARGET_RESET);
	close(c);
	close(e.server);
	close(e.target);
}

/* As a server does that refuses what is still being sent to it. */
static void
what_was_said_before_a_reset_comes_first(void **state)
{
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN);
	char got[8];

	assert_int_equal(send(e.server, "no more", 7, 0), 7);
	rig_reset(e.server);
	assert_int_equal(send(e.client, "much", 4, 0), 4);
	assert_int_equal(rig_read(r, e.client, got, 7), 7);
	assert_memory_equal(got, "no more", 7);
	assert_int_equal(rig_read(r, e.client, got, 1), -ECONNRESET);
	assert_int_equal(
	    rig_until(r, GW_FORWARD_CLOSED, 0)->end, GW_FORWARD_TARGET_RESET);
	assert_int_equal(rig_rule(r, 0).bytes_out, 7);
	close(e.client);
	close(e.target);
}

static void
what_was_said_before_the_target_was_there_comes_first(void **state)
{
	struct rig *r = *state;
	uint16_t port, at;
	int target = rig_target(&port), c, s;
	char got[8];

	at = rig_open(r, "tcp://127.0.0.1:0/localhost:%u", port);
	c = rig_connect(r, at);
	rig_write(r, c, "early", 5);
	shutdown(c, SHUT_WR);
	s = rig_accept(r, target);
	assert_int_equal(rig_read(r, s, got, 8), 5);
	assert_memory_equal(got, "early", 5);
	close(c);
	close(s);
	close(target);
}

static void
no_target_resets_the_client_and_is_counted(void **state)
{
	struct rig *r = *state;
	const struct gw_forward_event *e;
	uint16_t port, at;
	int c;
	char byte;

	close(rig_target(&port));
	at = rig_open(r, RIG_PLAIN, port);
	c = rig_connect(r, at);
	assert_int_equal(rig_read(r, c, &byte, 1), -ECONNRESET);
	e = rig_until(r, GW_FORWARD_CLOSED, 0);
	assert_int_equal(e->end, GW_FORWARD_UNREACHABLE);
	assert_non_null(strstr(e->text, "refused"));
	assert_int_equal(rig_rule(r, 0).drops[GW_DROP_UNREACHABLE], 1);
	close(c);
}

static void
a_target_that_is_gone_is_passed_over_for_the_next(void **state)
{
	struct rig *r = *state;
	uint16_t port, dead, at;
	int target = rig_target(&port);
	char rule[128];

	close(rig_target(&dead));
	snprintf(rule, sizeof rule,
	    "tcp://127.0.0.1:0/127.0.0.1:%u,127.0.0.1:%%u", (unsigned)dead);
	at = rig_open(r, rule, port);
	for (int i = 0; i < 4; i++) {
		int c = rig_connect(r, at), s = rig_accept(r, target);

		close(c);
		close(s);
	}
	assert_int_equal(rig_rule(r, 0).drops[GW_DROP_UNREACHABLE], 0);
	close(target);
}

static void
targets_take_turns(void **state)
{
	struct rig *r = *state;
	uint16_t one, two, at;
	int a = rig_target(&one), b = rig_target(&two);
	char rule[128];

	snprintf(rule, sizeof rule,
	    "tcp://127.0.0.1:0/127.0.0.1:%u,127.0.0.1:%%u", (unsigned)one);
	at = rig_open(r, rule, two);
	for (int i = 0; i < 2; i++) {
		int c = rig_connect(r, at), s = rig_accept(r, a), d, t;

		d = rig_connect(r, at);
		t = rig_accept(r, b);
		close(c);
		close(s);
		close(d);
		close(t);
	}
	close(a);
	close(b);
}

static void
a_silent_flow_ends_after_its_ttl_and_a_busy_one_does_not(void **state)
{
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN "?ttl=400ms");
	struct gw_forward_flow info;
	const void *at = NULL;
	char byte;

	for (int i = 0; i < 10; i++) {
		rig_write(r, e.client, "x", 1);
		assert_int_equal(rig_read(r, e.server, &byte, 1), 1);
		usleep(100000);
	}
	assert_int_equal(rig_count(r, GW_FORWARD_CLOSED), 0);
	assert_true(gw_forward_flow(r->f, 0, &at, &info));
	assert_true(info.idle_left_ms <= 400);
	assert_true(info.age_ms >= 1000);
	assert_true(info.one_way);
	assert_false(gw_forward_flow(r->f, 0, &at, &info));
	assert_int_equal(
	    rig_until(r, GW_FORWARD_CLOSED, 0)->end, GW_FORWARD_IDLE);
	rig_ends_close(&e);
}

static void
a_flow_ends_after_its_life_busy_or_not(void **state)
{
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN "?life=300ms");

	for (int i = 0; i < 1000 && rig_count(r, GW_FORWARD_CLOSED) == 0; i++) {
		if (send(e.client, "x", 1, MSG_NOSIGNAL) < 0)
			break;
		rig_turn(r);
	}
	assert_int_equal(
	    rig_until(r, GW_FORWARD_CLOSED, 0)->end, GW_FORWARD_LIFE);
	rig_ends_close(&e);
}

static void
f15_a_proxy_header_comes_before_the_first_byte(void **state)
{
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN "?proxy=v2");
	uint8_t got[28];
	char text[4];

	rig_write(r, e.client, "text", 4);
	assert_int_equal(rig_read(r, e.server, got, sizeof got), sizeof got);
	assert_memory_equal(got, "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16);
	assert_memory_equal(got + 16, "\x7f\0\0\1\x7f\0\0\1", 8);
	assert_int_equal(got[26] << 8 | got[27], e.at);
	assert_int_equal(rig_read(r, e.server, text, 4), 4);
	assert_memory_equal(text, "text", 4);
	assert_int_equal(rig_rule(r, 0).bytes_in, 4);
	rig_ends_close(&e);
}

static void
f11_a_source_address_is_the_one_that_targets_see(void **state)
{
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN "?source=127.0.0.9");
	const struct gw_forward_event *ev = rig_until(r, GW_FORWARD_OPENED, 0);
	char text[GW_ENDPOINT_TEXT];

	gw_endpoint_text(&ev->flow.source, text);
	assert_memory_equal(text, "127.0.0.9:", 10);
	rig_ends_close(&e);
}

static void
f11_a_source_that_is_not_ours_is_no_fault_of_the_target(void **state)
{
	struct rig *r = *state;
	uint16_t port, at;
	int target = rig_target(&port), c;
	char byte;

	at = rig_open(r, RIG_PLAIN "?source=192.0.2.1", port);
	c = rig_connect(r, at);
	assert_int_equal(rig_read(r, c, &byte, 1), -ECONNRESET);
	assert_int_equal(rig_rule(r, 0).drops[GW_DROP_NO_PORT], 1);
	assert_int_equal(rig_rule(r, 0).drops[GW_DROP_UNREACHABLE], 0);
	close(c);
	close(target);
}

static void
f7_descriptors_are_back_when_all_flows_have_gone(void **state)
{
	enum { MANY = 100 };
	struct rig *r = *state;
	uint16_t port, at;
	int target = rig_target(&port), c[MANY], s[MANY], before, after;

	at = rig_open(r, RIG_PLAIN, port);
	rig_turn(r);
	before = dup(0);
	close(before);
	for (int i = 0; i < MANY; i++) {
		c[i] = rig_connect(r, at);
		s[i] = rig_accept(r, target);
	}
	for (int i = 0; i < MANY; i++) {
		close(c[i]);
		close(s[i]);
	}
	rig_until(r, GW_FORWARD_CLOSED, MANY - 1);
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
	assert_int_equal(gw_forward_flows(r->f), 0);
	assert_int_equal(rig_rule(r, 0).flows_total, MANY);
	close(target);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(bytes_go_both_ways_and_are_counted),
		TEST(much_comes_whole_to_a_slow_reader),
		TEST(an_end_of_one_side_leaves_the_other_open),
		TEST(a_reset_is_passed_on_either_way),
		TEST(what_was_said_before_a_reset_comes_first),
		TEST(what_was_said_before_the_target_was_there_comes_first),
		TEST(no_target_resets_the_client_and_is_counted),
		TEST(a_target_that_is_gone_is_passed_over_for_the_next),
		TEST(targets_take_turns),
		TEST(a_silent_flow_ends_after_its_ttl_and_a_busy_one_does_not),
		TEST(a_flow_ends_after_its_life_busy_or_not),
		TEST(f15_a_proxy_header_comes_before_the_first_byte),
		TEST(f11_a_source_address_is_the_one_that_targets_see),
		TEST(f11_a_source_that_is_not_ours_is_no_fault_of_the_target),
		TEST(f7_descriptors_are_back_when_all_flows_have_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
