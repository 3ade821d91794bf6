/* A rule for datagrams: how its flows begin and end. */
#include "run/forward_udp.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "forward_udp_fixture.h"
#include "test.h"

static void
f6_after_its_ttl_a_flow_is_closed_and_the_next_one_opens_another(void **state)
{
	struct forward_bed b;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "?ttl=200ms");
	client = forward_client(&b, "127.0.0.1");
	forward_ask(&b, client, "q", "a");
	FORWARD_UNTIL(&b, b.closed == 1);
	assert_int_equal(b.end, GW_FORWARD_IDLE);
	forward_ask(&b, client, "q", "a");
	assert_int_equal(b.opened, 2);
	close(client);
	forward_bed_fini(&b);
}

static void
f6_with_one_response_a_flow_ends_at_its_answer(void **state)
{
	struct forward_bed b;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "?responses=1");
	client = forward_client(&b, "127.0.0.1");
	for (unsigned i = 1; i <= 5; i++) {
		forward_ask(&b, client, "q", "a");
		FORWARD_UNTIL(&b, b.closed == i);
		assert_int_equal(b.end, GW_FORWARD_ANSWERED);
	}
	close(client);
	forward_bed_fini(&b);
}

static void
f20_nobody_else_shares_the_listeners_port(void **state)
{
	struct sockaddr_storage ss;
	struct forward_bed b;
	const int one = 1;
	socklen_t len;
	int fd;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	len = forward_address(&ss, "127.0.0.1", forward_port(&b));
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), -1);
	close(fd);
	forward_bed_fini(&b);
}

static void
f17_a_target_that_is_not_there_is_counted_and_may_come_back(void **state)
{
	struct sockaddr_storage ss;
	struct forward_bed b;
	socklen_t len;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	client = forward_client(&b, "127.0.0.1");
	forward_ask(&b, client, "q", "a");
	close(b.target);
	for (int i = 1; i <= 20; i++) {
		forward_send(client, "q", 1);
		FORWARD_UNTIL(
		    &b, forward_drops(&b, GW_DROP_ICMP) == (uint64_t)i);
	}
	b.target = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	len = forward_address(&ss, "127.0.0.1", b.target_port);
	assert_int_equal(bind(b.target, (struct sockaddr *)&ss, len), 0);
	forward_ask(&b, client, "back", "again");
	assert_int_equal(b.opened, 1);
	assert_int_equal(b.closed, 0);
	close(client);
	forward_bed_fini(&b);
}

static void
f17_with_icmp_close_the_flow_ends(void **state)
{
	struct forward_bed b;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "?icmp=close");
	client = forward_client(&b, "127.0.0.1");
	close(b.target);
	b.target = -1;
	forward_send(client, "q", 1);
	FORWARD_UNTIL(&b, b.closed == 1);
	assert_int_equal(b.end, GW_FORWARD_ICMP);
	close(client);
	forward_bed_fini(&b);
}

static void
f27_who_may_is_asked_before_anything_is_opened(void **state)
{
	struct forward_bed b;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "?allow=10.0.0.0/8");
	client = forward_client(&b, "127.0.0.1");
	forward_send(client, "q", 1);
	FORWARD_UNTIL(&b, forward_drops(&b, GW_DROP_DENIED) == 1);
	assert_int_equal(b.opened, 0);
	close(client);
	forward_bed_fini(&b);
}

static void
f28_a_rule_that_feeds_itself_is_refused(void **state)
{
	static const char *const listens[] = { "127.0.0.1", "" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct forward_bed b;

		forward_bed_prepare(&b, listens[i], "");
		close(b.target);
		b.target = -1;
		snprintf(b.rule, sizeof b.rule, "udp://%s:%u/127.0.0.1:%u",
		    listens[i], (unsigned)b.target_port,
		    (unsigned)b.target_port);
		assert_int_equal(forward_bed_open(&b), GW_E_USAGE);
		assert_non_null(strstr(gw_last_error(b.g), "circles"));
		forward_bed_fini(&b);
	}
}

static void
f14_a_name_is_looked_up_before_the_first_datagram_is_taken(void **state)
{
	struct forward_bed b;
	int client;

	(void)state;
	forward_bed_prepare(&b, "127.0.0.1", "");
	snprintf(b.rule, sizeof b.rule, "udp://127.0.0.1:0/localhost:%u",
	    (unsigned)b.target_port);
	assert_int_equal(forward_bed_open(&b), GW_OK);
	client = forward_client(&b, "127.0.0.1");
	forward_send(client, "early", 5); /* the kernel keeps it */
	forward_target_gets(&b);
	assert_int_equal(b.len, 5);
	assert_int_equal(forward_drops(&b, GW_DROP_NO_TARGET), 0);
	close(client);
	forward_bed_fini(&b);
}

static void
f14_a_name_that_nobody_has_is_told_and_its_datagrams_counted(void **state)
{
	struct forward_bed b;
	int client;

	(void)state;
	forward_bed_prepare(&b, "127.0.0.1", "");
	snprintf(b.rule, sizeof b.rule, "udp://127.0.0.1:0/nobody.invalid:9");
	assert_int_equal(forward_bed_open(&b), GW_OK);
	client = forward_client(&b, "127.0.0.1");
	FORWARD_UNTIL(&b, b.warned > 0);
	assert_non_null(strstr(b.warning, "nobody.invalid"));
	forward_send(client, "q", 1);
	FORWARD_UNTIL(&b, forward_drops(&b, GW_DROP_NO_TARGET) == 1);
	close(client);
	forward_bed_fini(&b);
}

static void
drained_it_serves_who_is_there_and_nobody_else(void **state)
{
	struct forward_bed b;
	int first, second;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	first = forward_client(&b, "127.0.0.1");
	second = forward_client(&b, "127.0.0.1");
	forward_ask(&b, first, "q", "a");
	gw_forward_drain(b.set);
	forward_send(second, "q", 1);
	FORWARD_UNTIL(&b, forward_drops(&b, GW_DROP_CAP) == 1);
	forward_ask(&b, first, "q", "a");
	close(first);
	close(second);
	forward_bed_fini(&b);
}

static void
f22_a_socket_that_was_passed_on_is_listened_at(void **state)
{
	struct sockaddr_storage ss;
	socklen_t len = forward_address(&ss, "127.0.0.1", 0);
	struct forward_bed b;
	struct gw_addr a;
	int client;

	(void)state;
	forward_bed_prepare(&b, "127.0.0.1", "");
	b.inherited = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(b.inherited, (struct sockaddr *)&ss, len), 0);
	assert_int_equal(
	    getsockname(b.inherited, (struct sockaddr *)&ss, &len), 0);
	assert_true(gw_addr_from(&a, (struct sockaddr *)&ss, len));
	snprintf(b.rule, sizeof b.rule, "udp://127.0.0.1:%u/127.0.0.1:%u",
	    (unsigned)gw_addr_port(&a), (unsigned)b.target_port);
	assert_int_equal(forward_bed_open(&b), GW_OK);
	client = forward_client(&b, "127.0.0.1");
	forward_ask(&b, client, "q", "a");
	close(client);
	close(b.inherited);
	forward_bed_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    f6_after_its_ttl_a_flow_is_closed_and_the_next_one_opens_another),
		cmocka_unit_test(
		    f6_with_one_response_a_flow_ends_at_its_answer),
		cmocka_unit_test(f20_nobody_else_shares_the_listeners_port),
		cmocka_unit_test(
		    f17_a_target_that_is_not_there_is_counted_and_may_come_back),
		cmocka_unit_test(f17_with_icmp_close_the_flow_ends),
		cmocka_unit_test(
		    f27_who_may_is_asked_before_anything_is_opened),
		cmocka_unit_test(f28_a_rule_that_feeds_itself_is_refused),
		cmocka_unit_test(
		    f14_a_name_is_looked_up_before_the_first_datagram_is_taken),
		cmocka_unit_test(
		    f14_a_name_that_nobody_has_is_told_and_its_datagrams_counted),
		cmocka_unit_test(
		    drained_it_serves_who_is_there_and_nobody_else),
		cmocka_unit_test(
		    f22_a_socket_that_was_passed_on_is_listened_at),
	};

	return cmocka_run_group_tests(tests, forward_setup, NULL);
}
