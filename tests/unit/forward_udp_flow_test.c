/* Sockets of flows: from where, toward where, how many. */
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "forward_udp_fixture.h"
#include "test.h"

static unsigned
descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
f10_the_port_toward_the_target_stays_and_is_told(void **state)
{
	struct sockaddr_storage first;
	struct forward_bed b;
	struct gw_addr a;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	client = forward_client(&b, "127.0.0.1");
	forward_ask(&b, client, "q", "a");
	first = b.from;
	for (int i = 0; i < 20; i++) {
		forward_ask(&b, client, "q", "a");
		assert_memory_equal(&b.from, &first, b.from_len);
	}
	assert_true(gw_addr_from(&a, (struct sockaddr *)&first, sizeof first));
	assert_int_equal(b.flow.source.port, gw_addr_port(&a));
	assert_int_equal(b.flow.target.port, b.target_port);
	close(client);
	forward_bed_fini(&b);
}

static void
f7_flows_leave_no_descriptor_behind(void **state)
{
	enum { CLIENTS = 200 };
	struct forward_bed b;
	int client[CLIENTS];
	unsigned before;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "?ttl=300ms&perSource=1000");
	for (unsigned i = 0; i < CLIENTS; i++)
		client[i] = forward_client(&b, "127.0.0.1");
	before = descriptors();
	for (unsigned i = 0; i < CLIENTS; i++)
		forward_send(client[i], "q", 1);
	for (unsigned i = 0; i < CLIENTS; i++)
		forward_target_gets(&b);
	assert_int_equal(b.opened, CLIENTS);
	FORWARD_UNTIL(&b, b.closed == CLIENTS);
	assert_int_equal(descriptors(), before);
	for (unsigned i = 0; i < CLIENTS; i++)
		close(client[i]);
	forward_bed_fini(&b);
}

static void
f8_without_descriptors_flows_are_shed_and_the_listener_lives(void **state)
{
	struct rlimit old, low;
	struct forward_bed b;
	int first, second;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	first = forward_client(&b, "127.0.0.1");
	second = forward_client(&b, "127.0.0.1");
	forward_ask(&b, first, "q", "a");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 3; /* all that are open stay */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	forward_send(second, "q", 1);
	FORWARD_UNTIL(&b, forward_drops(&b, GW_DROP_DESCRIPTORS) == 1);
	assert_int_equal(b.closed, 0); /* counted, and no more */
	assert_string_not_equal(b.f->base.last_error, "");
	forward_ask(&b, first, "q", "a");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	forward_ask(&b, second, "q", "a");
	close(first);
	close(second);
	forward_bed_fini(&b);
}

static void
f8_at_the_cap_new_clients_are_dropped_and_counted(void **state)
{
	struct forward_bed b;
	int first, second;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "?max=1&perSource=2");
	first = forward_client(&b, "127.0.0.1");
	second = forward_client(&b, "127.0.0.1");
	forward_ask(&b, first, "q", "a");
	forward_send(second, "q", 1);
	FORWARD_UNTIL(&b, forward_drops(&b, GW_DROP_CAP) == 1);
	forward_ask(&b, first, "q", "a");
	close(first);
	close(second);
	forward_bed_fini(&b);
}

static void
f11_a_source_address_is_used_and_never_shadowed(void **state)
{
	struct gw_addr a;
	struct forward_bed b;
	const int one = 1;
	char host[GW_ADDR_TEXT];
	int client, fd;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "?source=127.0.0.9");
	client = forward_client(&b, "127.0.0.1");
	forward_ask(&b, client, "q", "a");
	assert_true(gw_addr_from(&a, (struct sockaddr *)&b.from, b.from_len));
	gw_addr_host(&a, host);
	assert_string_equal(host, "127.0.0.9");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	assert_int_equal(bind(fd, (struct sockaddr *)&b.from, b.from_len), -1);
	close(fd);
	close(client);
	forward_bed_fini(&b);
}

static void
f15_a_source_that_is_not_to_be_had_is_refused_at_once(void **state)
{
	struct forward_bed b;

	(void)state;
	forward_bed_prepare(&b, "127.0.0.1", "?source=192.0.2.77");
	assert_int_equal(forward_bed_open(&b), GW_E_ADDRESS);
	assert_non_null(strstr(gw_last_error(b.g), "192.0.2.77"));
	forward_bed_fini(&b);
}

static void
f12_an_answer_comes_from_the_address_that_was_asked(void **state)
{
	struct forward_bed b;
	int one, two;

	(void)state;
	forward_bed_init(&b, "", "");
	/* Connected sockets get nothing from another address. */
	one = forward_client(&b, "127.0.0.1");
	two = forward_client(&b, "127.4.5.6");
	forward_ask(&b, one, "q1", "a1");
	forward_ask(&b, two, "q2", "a2");
	forward_ask(&b, one, "q3", "a3");
	assert_int_equal(b.opened, 2);
	close(one);
	close(two);
	forward_bed_fini(&b);
}

static void
f13_one_listener_of_both_families_serves_both(void **state)
{
	struct forward_bed b;
	int four, six;

	(void)state;
	forward_bed_init(&b, "", "");
	four = forward_client(&b, "127.0.0.1");
	six = socket(AF_INET6, SOCK_DGRAM, 0);
	close(six);
	if (six < 0) {
		close(four);
		forward_bed_fini(&b);
		skip();
	}
	six = forward_client(&b, "::1");
	forward_ask(&b, four, "q4", "a4");
	forward_ask(&b, six, "q6", "a6");
	close(four);
	close(six);
	forward_bed_fini(&b);
}

static void
f15_the_first_datagram_or_each_says_for_whom_it_is(void **state)
{
	static const char *const ways[] = { "?proxy=v2", "?proxy=v2-each" };
	static const uint8_t signature[] = "\r\n\r\n\0\r\nQUIT\n\x21\x12\0\x0c"
					   "\x7f\0\0\x01\x7f\0\0\x01";

	(void)state;
	for (unsigned way = 0; way < 2; way++) {
		struct sockaddr_in own;
		socklen_t len = sizeof own;
		struct forward_bed b;
		int client;

		forward_bed_init(&b, "127.0.0.1", ways[way]);
		client = forward_client(&b, "127.0.0.1");
		getsockname(client, (struct sockaddr *)&own, &len);
		for (unsigned i = 0; i < 3; i++) {
			const size_t head = i == 0 || way == 1 ? 28 : 0;

			forward_send(client, "payload", 7);
			forward_target_gets(&b);
			assert_int_equal(b.len, head + 7);
			assert_memory_equal(b.bytes + head, "payload", 7);
			if (head == 0)
				continue;
			assert_memory_equal(
			    b.bytes, signature, sizeof signature - 1);
			assert_memory_equal(b.bytes + 24, &own.sin_port, 2);
		}
		close(client);
		forward_bed_fini(&b);
	}
}

static void
f15_by_the_simple_protocol_answers_bear_the_header_too(void **state)
{
	struct forward_bed b;
	uint8_t header[38];
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "?proxy=spp");
	client = forward_client(&b, "127.0.0.1");
	for (unsigned i = 0; i < 3; i++) {
		forward_send(client, "payload", 7);
		forward_target_gets(&b);
		assert_int_equal(b.len, sizeof header + 7);
		assert_memory_equal(b.bytes, "\x56\xec", 2);
		assert_memory_equal(b.bytes + sizeof header, "payload", 7);
		memcpy(header, b.bytes, sizeof header);
		forward_target_says(&b, b.bytes, sizeof header + 7);
		forward_client_gets(&b, client, "payload", 7);
		forward_target_says(&b, header, sizeof header);
		forward_client_gets(&b, client, "", 0);
		/* Who does not know of it answers without. */
		forward_target_says(&b, "plain", 5);
		forward_client_gets(&b, client, "plain", 5);
	}
	close(client);
	forward_bed_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    f10_the_port_toward_the_target_stays_and_is_told),
		cmocka_unit_test(f7_flows_leave_no_descriptor_behind),
		cmocka_unit_test(
		    f8_without_descriptors_flows_are_shed_and_the_listener_lives),
		cmocka_unit_test(
		    f8_at_the_cap_new_clients_are_dropped_and_counted),
		cmocka_unit_test(
		    f11_a_source_address_is_used_and_never_shadowed),
		cmocka_unit_test(
		    f15_a_source_that_is_not_to_be_had_is_refused_at_once),
		cmocka_unit_test(
		    f12_an_answer_comes_from_the_address_that_was_asked),
		cmocka_unit_test(f13_one_listener_of_both_families_serves_both),
		cmocka_unit_test(
		    f15_the_first_datagram_or_each_says_for_whom_it_is),
		cmocka_unit_test(
		    f15_by_the_simple_protocol_answers_bear_the_header_too),
	};

	return cmocka_run_group_tests(tests, forward_setup, NULL);
}
