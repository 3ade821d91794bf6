/* What is known of a datagram that arrived. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "os/clock.h"
#include "udp_sockets.h"

static void
every_size_arrives_whole_and_also_none(void **state)
{
	static const size_t sizes[] = { 0, 1, 10, 512, 1472, 1473, 4096, 65506,
		GW_UDP_MAX };
	struct gw_udp u = udp_open(NULL), from = udp_open(NULL);
	uint8_t *data = malloc(GW_UDP_ROOM);

	(void)state;
	for (size_t i = 0; i < GW_UDP_ROOM; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		const char *hosts[] = { "127.0.0.1", "::1" };

		for (int v6 = 0; v6 <= udp_has_ipv6(); v6++) {
			struct gw_udp_datagram *d;

			assert_int_equal(
			    udp_send(&from, hosts[v6], u.port, data, sizes[i]),
			    GW_OK);
			d = udp_recv(&u);
			assert_int_equal(d->len, sizes[i]);
			assert_memory_equal(d->data, data, sizes[i]);
		}
	}
	free(data);
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
what_does_not_fit_is_known_to_be_cut(void **state)
{
	struct gw_udp u = udp_open("127.0.0.1"), from = udp_open(NULL);
	uint8_t room[4];
	struct gw_udp_datagram d = { .data = room, .room = sizeof room };
	size_t n;

	(void)state;
	assert_int_equal(
	    udp_send(&from, "127.0.0.1", u.port, "hello", 5), GW_OK);
	assert_int_equal(gw_udp_recv(&u, &d, 1, &n), GW_OK);
	assert_int_equal(d.len, 5);
	assert_true(d.len > d.room);
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
who_sent_it_and_where_to(void **state)
{
	struct gw_udp u = udp_open(NULL), from = udp_open(NULL);
	struct gw_udp_datagram *d;

	(void)state;
	udp_send(&from, "127.0.0.5", u.port, "x", 1);
	d = udp_recv(&u);
	udp_is(&d->peer, "127.0.0.1", from.port);
	udp_is(&d->local, "127.0.0.5", u.port);
	udp_is(&d->own, "127.0.0.5", u.port);
	assert_int_equal(d->interface, 1);
	assert_int_equal(d->cast, GW_CAST_HOST);
	assert_int_equal(d->lost_before, 0);
	if (udp_has_ipv6()) {
		udp_send(&from, "::1", u.port, "x", 1);
		d = udp_recv(&u);
		udp_is(&d->peer, "::1", from.port);
		udp_is(&d->local, "::1", u.port);
		udp_is(&d->own, "::1", u.port);
		assert_int_equal(d->interface, 1);
		assert_int_equal(d->cast, GW_CAST_HOST);
	}
	gw_udp_close(&u);
	gw_udp_close(&from);
	/* On a socket of one family it is the same. */
	u = udp_open("127.0.0.5");
	from = udp_open("127.0.0.9");
	udp_send(&from, "127.0.0.5", u.port, "x", 1);
	d = udp_recv(&u);
	udp_is(&d->peer, "127.0.0.9", from.port);
	udp_is(&d->local, "127.0.0.5", u.port);
	udp_is(&d->own, "127.0.0.5", u.port);
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
a_broadcast_is_known_and_answered_from_an_own_address(void **state)
{
	const char *binds[] = { NULL, "0.0.0.0" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct gw_udp u = udp_open(binds[i]), from = udp_open(NULL);
		struct gw_udp_datagram *d;

		assert_int_equal(
		    udp_send(&from, "127.255.255.255", u.port, "x", 1), GW_OK);
		d = udp_recv(&u);
		udp_is(&d->local, "127.255.255.255", u.port);
		udp_is(&d->own, "127.0.0.1", u.port);
		assert_int_equal(d->cast, GW_CAST_BROADCAST);
		gw_udp_close(&u);
		gw_udp_close(&from);
	}
}

static void
an_answer_leaves_from_the_address_that_was_hit(void **state)
{
	struct gw_udp u = udp_open(NULL), from = udp_open(NULL);
	struct gw_udp_datagram *d, answer;

	(void)state;
	udp_send(&from, "127.0.0.77", u.port, "x", 1);
	d = udp_recv(&u);
	answer = (struct gw_udp_datagram){
		.data = d->data, .len = d->len, .peer = d->peer, .local = d->own
	};
	assert_int_equal(gw_udp_send(&u, &answer, NULL), GW_OK);
	udp_is(&udp_recv(&from)->peer, "127.0.0.77", u.port);
	gw_udp_close(&u);
	gw_udp_close(&from);
}

/* Sent, and taken 50 ms later: was it stamped when it came? */
static bool
is_stamped(struct gw_udp *u, struct gw_udp *from)
{
	struct timespec wait = { .tv_nsec = 50000000 };
	gw_usec before = gw_clock_now(), after;
	struct gw_udp_datagram *d;

	udp_send(from, "127.0.0.1", u->port, "x", 1);
	after = gw_clock_now();
	nanosleep(&wait, NULL);
	d = udp_recv(u);
	assert_in_range(
	    d->wall_usec / 1000000, gw_clock_wall() - 60, gw_clock_wall());
	/* Two clocks that are not read at the same moment. */
	return d->at + 20000 >= before && d->at <= after + 20000;
}

static void
the_time_is_that_of_the_kernel(void **state)
{
	struct gw_udp u = udp_open(NULL), from = udp_open(NULL);
	int tries = 0;

	(void)state;
	/* It begins to stamp a while after somebody has asked for it. */
	while (!is_stamped(&u, &from))
		assert_true(++tries < 200);
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
many_come_in_one_call_and_in_order(void **state)
{
	struct gw_udp_datagram v[GW_UDP_BATCH];
	struct gw_udp u = udp_open(NULL), from = udp_open(NULL);
	uint8_t next = 0;

	(void)state;
	for (uint8_t i = 0; i < GW_UDP_BATCH + 3; i++)
		assert_int_equal(
		    udp_send(&from,
			i % 2 == 0 || !udp_has_ipv6() ? "127.0.0.1" : "::1",
			u.port, &i, 1),
		    GW_OK);
	for (int round = 0; round < 2; round++) {
		size_t n = udp_recv_all(&u, v);

		assert_int_equal(n, round == 0 ? GW_UDP_BATCH : 3);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(v[i].data[0], next++);
	}
	assert_true(udp_nothing(&u));
	gw_udp_close(&u);
	gw_udp_close(&from);
}

/* The count comes with what arrives after it, and is no sum. */
static void
what_the_kernel_dropped_is_counted_once(void **state)
{
	struct gw_udp_options o = { .address = "127.0.0.1",
		.receive_buffer = 4096 };
	struct gw_udp u, from = udp_open(NULL);
	unsigned got = 0, lost = 0, sent = 0;
	static uint8_t data[1000];

	(void)state;
	assert_int_equal(gw_udp_open(&o, NULL, &u), GW_OK);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 200; i++, sent++)
			assert_int_equal(udp_send(&from, "127.0.0.1", u.port,
					     data, sizeof data),
			    GW_OK);
		while (!udp_nothing(&u))
			got++;
		udp_send(&from, "127.0.0.1", u.port, "end", 3);
		lost += udp_recv(&u)->lost_before;
		assert_int_equal(got + lost, sent);
	}
	assert_true(lost > 0);
	gw_udp_close(&u);
	gw_udp_close(&from);
}

static void
hops_are_told_and_sent_in_both_families(void **state)
{
	struct gw_udp_options o = {
		.tell_hops = true, .no_loop = true, .device = "lo"
	};
	struct gw_udp u, from = udp_open(NULL);
	static const char *const hosts[] = { "127.0.0.1", "::1" };
	struct gw_udp_datagram *d;

	(void)state;
	assert_int_equal(gw_udp_open(&o, NULL, &u), GW_OK);
	for (size_t i = 0; i < (udp_has_ipv6() ? 2 : 1); i++) {
		struct gw_udp_datagram out = { .data =
						   (uint8_t *)(uintptr_t) "x",
			.len = 1,
			.peer = udp_addr(hosts[i], u.port),
			.local = udp_addr(hosts[i], 0),
			.interface = 1,
			.hops = 3 };

		assert_int_equal(gw_udp_send(&from, &out, NULL), GW_OK);
		assert_int_equal(udp_recv(&u)->hops, 3);
		out.hops = 255;
		assert_int_equal(gw_udp_send(&from, &out, NULL), GW_OK);
		assert_int_equal(udp_recv(&u)->hops, 255);
		out.hops = 0; /* the system's */
		assert_int_equal(gw_udp_send(&from, &out, NULL), GW_OK);
		d = udp_recv(&u);
		assert_int_not_equal(d->hops, 0);
		assert_int_not_equal(d->hops, 3);
		/* Who does not ask is not told. */
		out.peer = udp_addr(hosts[i], from.port);
		assert_int_equal(gw_udp_send(&from, &out, NULL), GW_OK);
		assert_int_equal(udp_recv(&from)->hops, 0);
	}
	gw_udp_close(&u);
	gw_udp_close(&from);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_arrives_whole_and_also_none),
		cmocka_unit_test(what_does_not_fit_is_known_to_be_cut),
		cmocka_unit_test(who_sent_it_and_where_to),
		cmocka_unit_test(
		    a_broadcast_is_known_and_answered_from_an_own_address),
		cmocka_unit_test(
		    an_answer_leaves_from_the_address_that_was_hit),
		cmocka_unit_test(the_time_is_that_of_the_kernel),
		cmocka_unit_test(many_come_in_one_call_and_in_order),
		cmocka_unit_test(what_the_kernel_dropped_is_counted_once),
		cmocka_unit_test(hops_are_told_and_sent_in_both_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
