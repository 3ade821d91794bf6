#include "run/udp_socket.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

enum { WAIT_MS = 60000 };

static struct gw_udp_socket
opened(const char *address)
{
	struct gw_udp_socket s;
	struct gw_why why = { "" };

	assert_int_equal(gw_udp_socket_open(&s, address, 0, &why), GW_OK);
	return s;
}

static struct gw_path
path_to(const char *host, uint16_t port)
{
	struct gw_addr a;
	struct gw_path p;
	struct gw_why why;

	assert_int_equal(gw_addr_parse(&a, host, port, &why), GW_OK);
	gw_path_from_addr(&a, &p);
	return p;
}

static struct gw_incoming
received(struct gw_udp_socket *s)
{
	struct pollfd p = { .fd = s->udp.fd, .events = POLLIN };
	struct gw_incoming d;

	while (!gw_udp_socket_next(s, &d)) {
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		assert_true(gw_udp_socket_fill(s));
	}
	return d;
}

static void
send_all(struct gw_udp_socket *s, struct gw_burst *b)
{
	size_t at = 0, too_large;

	while (at < b->len) {
		assert_true(gw_udp_socket_send(s, b, &at, &too_large));
		assert_int_equal(too_large, 0);
	}
}

static void
a_burst_arrives_as_the_datagrams_it_is(void **state)
{
	enum { SIZE = 1200, N = 200 };
	static uint8_t bytes[SIZE * N - 700];
	struct gw_udp_socket a = opened("127.0.0.1"), b = opened("127.0.0.1");
	struct gw_burst burst = {
		.buf = bytes,
		.len = sizeof bytes,
		.segment = SIZE,
		.to = path_to("127.0.0.1", b.udp.port),
		.ect = true,
	};
	size_t sum = 0;

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i / SIZE);
	send_all(&a, &burst);
	for (unsigned i = 0; i < N; i++) {
		struct gw_incoming d = received(&b);

		assert_int_equal(d.n, i + 1 < N ? SIZE : SIZE - 700);
		assert_int_equal(d.p[0], i);
		assert_int_equal(d.p[d.n - 1], i);
		assert_int_equal(d.from.port, a.udp.port);
		if (a.has_ecn && b.has_ecn)
			assert_int_equal(d.mark, GW_MARK_ECT0);
		sum += d.n;
	}
	assert_int_equal(sum, sizeof bytes);
	gw_udp_socket_close(&a);
	gw_udp_socket_close(&b);
}

/* Bound to all addresses, asked at an unusual one. */
static void
an_answer_leaves_from_the_address_that_was_asked(void **state)
{
	struct gw_udp_socket a = opened("127.0.0.1"), all = opened(NULL);
	uint8_t word[] = "word";
	struct gw_burst burst = {
		.buf = word,
		.len = sizeof word,
		.segment = sizeof word,
		.to = path_to("127.0.0.9", all.udp.port),
	};
	const struct gw_path asked = burst.to;
	struct gw_incoming d;

	(void)state;
	send_all(&a, &burst);
	d = received(&all);
	burst.to = d.from;
	assert_memory_equal(d.from.local, asked.ip, sizeof asked.ip);
	send_all(&all, &burst);
	d = received(&a);
	assert_true(gw_path_eq(&d.from, &asked));
	gw_udp_socket_close(&a);
	gw_udp_socket_close(&all);
}

/* As when this machine gets another address: better from that than not. */
static void
a_local_address_that_is_gone_is_no_obstacle(void **state)
{
	struct gw_udp_socket a = opened(NULL), b = opened("127.0.0.1");
	uint8_t word[] = "word";
	struct gw_burst burst = {
		.buf = word,
		.len = sizeof word,
		.segment = sizeof word,
		.to = path_to("127.0.0.1", b.udp.port),
	};
	const struct gw_path gone = path_to("192.0.2.77", 0);
	struct gw_incoming d;

	(void)state;
	memcpy(burst.to.local, gone.ip, sizeof gone.ip);
	send_all(&a, &burst);
	d = received(&b);
	assert_int_equal(d.n, sizeof word);
	gw_udp_socket_close(&a);
	gw_udp_socket_close(&b);
}

static void
nobody_there_is_told_with_the_path(void **state)
{
	struct gw_udp_socket a = opened("127.0.0.1"), b = opened("127.0.0.1");
	struct pollfd p = { .fd = a.udp.fd };
	uint8_t word[] = "word";
	struct gw_burst burst = {
		.buf = word,
		.len = sizeof word,
		.segment = sizeof word,
		.to = path_to("127.0.0.1", b.udp.port),
	};
	struct gw_udp_news n;

	(void)state;
	gw_udp_socket_close(&b);
	send_all(&a, &burst);
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_true(gw_udp_socket_news(&a, &n));
	assert_true(n.refused);
	assert_true(gw_path_eq(&n.path, &burst.to));
	assert_false(gw_udp_socket_news(&a, &n));
	gw_udp_socket_close(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_arrives_as_the_datagrams_it_is),
		cmocka_unit_test(
		    an_answer_leaves_from_the_address_that_was_asked),
		cmocka_unit_test(a_local_address_that_is_gone_is_no_obstacle),
		cmocka_unit_test(nobody_there_is_told_with_the_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
