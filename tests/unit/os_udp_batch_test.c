#include "os/udp_batch.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "test.h"
#include "udp_ends.h"

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* ---- setting up ---- */

static void
what_is_offered_is_in_force_unless_forbidden(void **state)
{
	const struct gw_udp_batch_options none = { .no_gso = true,
		.no_gro = true };
	struct gw_udp_batch_facts facts;
	struct gw_udp_offer offer;
	struct udp_ends e;

	(void)state;
	gw_udp_batch_probe(&offer);
	ends_init(&e, ENDS_V4, NULL, &none);
	gw_udp_batch_facts(e.a.batch, &facts);
	assert_int_equal(facts.has.gso, offer.gso);
	assert_int_equal(facts.has.gro, offer.gro);
	assert_int_equal(facts.has.ecn, offer.ecn);
	gw_udp_batch_facts(e.b.batch, &facts);
	assert_false(facts.has.gso);
	assert_false(facts.has.gro);
	ends_fini(&e);
}

static void
the_buffers_that_were_granted_are_told(void **state)
{
	const struct gw_udp_batch_options small = { .kernel_bytes = 10000 };
	struct gw_udp_batch_facts facts, plain;
	struct gw_addr a;
	struct udp_ends e;
	int fd;

	(void)state;
	ends_init(&e, ENDS_V4, NULL, &small);
	gw_udp_batch_facts(e.a.batch, &facts);
	assert_int_equal(
	    2 * facts.send_buffer, option(e.a.fd, SOL_SOCKET, SO_SNDBUF));
	assert_int_equal(
	    2 * facts.receive_buffer, option(e.a.fd, SOL_SOCKET, SO_RCVBUF));
	assert_true(facts.receive_buffer >= 100000);
	/* What is there already is not made smaller. */
	fd = ends_socket(ENDS_V4, &a);
	gw_udp_batch_facts(e.b.batch, &plain);
	assert_int_equal(
	    2 * plain.receive_buffer, option(fd, SOL_SOCKET, SO_RCVBUF));
	close(fd);
	ends_fini(&e);
}

static void
datagrams_are_kept_whole(void **state)
{
	struct udp_ends e;

	(void)state;
	for (enum ends_kind kind = ends_kind(0); kind < ENDS_KINDS;
	     kind = ends_kind(kind + 1)) {
		ends_init(&e, kind, NULL, NULL);
		if (kind != ENDS_V6)
			assert_int_equal(
			    option(e.a.fd, IPPROTO_IP, IP_MTU_DISCOVER),
			    IP_PMTUDISC_PROBE);
		if (kind != ENDS_V4)
			assert_int_equal(
			    option(e.a.fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER),
			    IPV6_PMTUDISC_PROBE);
		ends_fini(&e);
	}
}

static void
only_a_udp_socket_will_do(void **state)
{
	struct gw_udp_batch_options o = { 0 };
	struct gw_udp_batch *b = NULL;
	struct gw_why why;

	(void)state;
	o.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(gw_udp_batch_new(&o, &why, &b), GW_E_FAILED);
	assert_string_equal(why.text, "not a UDP socket");
	close(o.fd);
	o.fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(gw_udp_batch_new(&o, &why, &b), GW_E_FAILED);
	close(o.fd);
	assert_null(b);
}

static void
without_memory_nothing_is_left(void **state)
{
	struct gw_udp_batch_options o = { 0 };
	struct gw_udp_batch *b = NULL;
	struct gw_addr a;
	enum gw_err err;
	long n;

	(void)state;
	o.fd = ends_socket(ENDS_V4, &a);
	for (n = 0;; n++) {
		test_fail_alloc(n);
		err = gw_udp_batch_new(&o, NULL, &b);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		assert_int_equal(err, GW_E_MEMORY);
		assert_null(b);
	}
	assert_int_equal(n, 4);
	gw_udp_batch_free(b);
	gw_udp_batch_free(NULL);
	close(o.fd);
}

/* ---- trains ---- */

static void
check_trains(enum ends_kind kind, const struct gw_udp_batch_options *o)
{
	static const struct {
		size_t len, segment;
	} trains[] = {
		{ 1448, 1448 },
		{ 2 * 1448, 1448 },
		{ 40 * 1448 + 100, 1448 },
		{ 64 * 1000, 1000 },
		{ 7 * 8900 + 1, 8900 },
		{ 1, 1 },
		{ 3, 1 },
		{ 60000, 60000 },
	};
	struct gw_udp_batch_facts facts;
	struct udp_ends e;
	uint64_t total = 0;
	size_t sent;

	ends_init(&e, kind, o, o);
	for (size_t i = 0; i < sizeof trains / sizeof trains[0]; i++) {
		const size_t len = trains[i].len, segment = trains[i].segment;

		assert_int_equal(
		    ends_send(&e, len, segment, &sent), GW_TRAIN_SENT);
		assert_int_equal(sent, len);
		ends_check_train(&e, len, segment);
		total += (len + segment - 1) / segment;
	}
	gw_udp_batch_facts(e.b.batch, &facts);
	assert_int_equal(facts.received, total);
	assert_int_equal(facts.kernel_dropped, 0);
	ends_fini(&e);
}

static void
trains_arrive_whole_and_in_order(void **state)
{
	(void)state;
	for (enum ends_kind kind = ends_kind(0); kind < ENDS_KINDS;
	     kind = ends_kind(kind + 1))
		for (unsigned without = 0; without < 4; without++)
			check_trains(kind, &(struct gw_udp_batch_options){
					       .no_gso = (without & 1) != 0,
					       .no_gro = (without & 2) != 0,
					       .buffers = 3,
					   });
}

static void
a_train_comes_in_one_where_the_kernel_can(void **state)
{
	struct gw_udp_batch_facts facts;
	struct gw_udp_arrival a;
	struct udp_ends e;
	size_t sent;

	(void)state;
	ends_init(&e, ENDS_V4, NULL, NULL);
	gw_udp_batch_facts(e.a.batch, &facts);
	if (!facts.has.gso || !facts.has.gro) {
		ends_fini(&e);
		skip();
	}
	assert_int_equal(ends_send(&e, 5000, 1400, &sent), GW_TRAIN_SENT);
	ends_next(&e, &a);
	assert_int_equal(a.train, 1400);
	ends_fini(&e);
}

/* What is left is told of: whoever did not fill all buffers took all. */
static void
who_fills_all_buffers_may_have_left_some(void **state)
{
	static const struct gw_udp_batch_options three = { .buffers = 3 };
	struct gw_udp_arrival a;
	struct udp_ends e;
	size_t sent;

	(void)state;
	ends_init(&e, ENDS_V4, NULL, &three);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(ends_send(&e, 9, 9, &sent), GW_TRAIN_SENT);
	assert_int_equal(gw_udp_batch_fill(e.b.batch), GW_OK);
	assert_true(gw_udp_batch_full(e.b.batch));
	for (unsigned i = 0; i < 3; i++)
		ends_next(&e, &a);
	assert_int_equal(gw_udp_batch_fill(e.b.batch), GW_OK);
	assert_false(gw_udp_batch_full(e.b.batch));
	for (unsigned i = 0; i < 2; i++)
		ends_next(&e, &a);
	ends_check_nothing(&e);
	assert_false(gw_udp_batch_full(e.b.batch));
	ends_fini(&e);
}

static void
a_source_address_can_be_chosen(void **state)
{
	static const char *const own[] = { "127.0.0.2", "::1", "127.0.0.2" };
	struct gw_udp_arrival a;
	struct gw_addr from;
	struct udp_ends e;
	size_t sent;

	(void)state;
	for (enum ends_kind kind = ends_kind(0); kind < ENDS_KINDS;
	     kind = ends_kind(kind + 1)) {
		ends_init(&e, kind, NULL, NULL);
		if (kind == ENDS_V4) {
			/* One that is bound to all addresses. */
			struct gw_udp_batch_options o = { 0 };

			gw_udp_batch_free(e.a.batch);
			close(e.a.fd);
			o.fd = e.a.fd =
			    socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
			assert_int_equal(
			    gw_udp_batch_new(&o, NULL, &e.a.batch), GW_OK);
		}
		assert_int_equal(
		    gw_addr_parse(&from, own[kind], 0, NULL), GW_OK);
		const struct gw_udp_train t = {
			.to = &e.b.addr,
			.from = &from,
			.bytes = ends_bytes(3000),
			.len = 3000,
			.segment = 1000,
		};
		assert_int_equal(gw_udp_batch_send(e.a.batch, &t, &sent, NULL),
		    GW_TRAIN_SENT);
		for (unsigned i = 0; i < 3; i++) {
			ends_next(&e, &a);
			assert_true(gw_addr_same_host(a.from, &from));
			assert_true(gw_addr_same_host(a.to, &e.b.addr));
		}
		ends_fini(&e);
	}
}

static void
marks_cross(void **state)
{
	struct gw_udp_arrival a;
	struct udp_ends e;
	size_t sent;

	(void)state;
	for (enum ends_kind kind = ends_kind(0); kind < ENDS_KINDS;
	     kind = ends_kind(kind + 1)) {
		ends_init(&e, kind, NULL, NULL);
		for (uint8_t i = 0; i < 12; i++) {
			const struct gw_udp_train t = {
				.to = &e.b.addr,
				.bytes = ends_bytes(2000),
				.len = 2000,
				.segment = i < 4 ? 2000 : 1000,
				.ecn = i % 4,
			};

			assert_int_equal(
			    gw_udp_batch_send(e.a.batch, &t, &sent, NULL),
			    GW_TRAIN_SENT);
			for (unsigned k = 0; k < (i < 4 ? 1 : 2); k++) {
				ends_next(&e, &a);
				assert_int_equal(a.ecn, i % 4);
			}
		}
		ends_fini(&e);
	}
}

static void
empty_datagrams_count_too(void **state)
{
	struct gw_udp_batch_facts facts;
	struct gw_udp_arrival a;
	struct udp_ends e;

	(void)state;
	ends_init(&e, ENDS_V4, NULL, NULL);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(
		    sendto(e.a.fd, "", 0, 0, (struct sockaddr *)&e.b.addr.ss,
			e.b.addr.len),
		    0);
	for (unsigned i = 0; i < 3; i++) {
		ends_next(&e, &a);
		assert_int_equal(a.len, 0);
		assert_int_equal(gw_addr_port(a.from), gw_addr_port(&e.a.addr));
	}
	ends_check_nothing(&e);
	gw_udp_batch_facts(e.b.batch, &facts);
	assert_int_equal(facts.received, 3);
	ends_fini(&e);
}

static void
what_does_not_fit_its_buffer_is_marked(void **state)
{
	const struct gw_udp_batch_options small = { .buffer_bytes = 1000,
		.no_gro = true };
	struct gw_udp_arrival a;
	struct udp_ends e;
	size_t sent;

	(void)state;
	ends_init(&e, ENDS_V4, NULL, &small);
	assert_int_equal(ends_send(&e, 1001, 1001, &sent), GW_TRAIN_SENT);
	assert_int_equal(ends_send(&e, 1000, 1000, &sent), GW_TRAIN_SENT);
	ends_next(&e, &a);
	assert_true(a.cut);
	assert_int_equal(a.len, 1000);
	ends_next(&e, &a);
	assert_false(a.cut);
	assert_int_equal(a.len, 1000);
	ends_fini(&e);
}

/* Three of 400 bytes and a buffer of 1,000. */
static void
of_a_train_that_does_not_fit_only_the_end_is_marked(void **state)
{
	const struct gw_udp_batch_options small = { .buffer_bytes = 1000 };
	struct gw_udp_batch_facts facts;
	struct gw_udp_arrival a;
	struct udp_ends e;
	size_t sent;

	(void)state;
	ends_init(&e, ENDS_V4, NULL, &small);
	gw_udp_batch_facts(e.a.batch, &facts);
	if (!facts.has.gso || !facts.has.gro) {
		ends_fini(&e);
		skip();
	}
	assert_int_equal(ends_send(&e, 1200, 400, &sent), GW_TRAIN_SENT);
	for (unsigned i = 0; i < 3; i++) {
		ends_next(&e, &a);
		assert_int_equal(a.cut, i == 2);
		assert_int_equal(a.len, i == 2 ? 200 : 400);
	}
	ends_check_nothing(&e);
	ends_fini(&e);
}

static void
drops_of_the_kernel_are_counted(void **state)
{
	const struct gw_udp_batch_options one = { .no_gso = true,
		.no_gro = true };
	struct gw_udp_batch_facts facts;
	struct gw_udp_arrival a;
	struct udp_ends e;
	const int small = 10000;
	uint64_t came = 0;
	size_t sent;

	(void)state;
	ends_init(&e, ENDS_V4, &one, &one);
	setsockopt(e.b.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	for (unsigned round = 1; round <= 2; round++) {
		for (unsigned i = 0; i < 200; i++)
			assert_int_equal(
			    ends_send(&e, 1000, 1000, &sent), GW_TRAIN_SENT);
		while (gw_udp_batch_fill(e.b.batch) == GW_OK)
			while (gw_udp_batch_next(e.b.batch, &a))
				came++;
		/* The count comes with the next that finds room. */
		assert_int_equal(
		    ends_send(&e, 1000, 1000, &sent), GW_TRAIN_SENT);
		ends_next(&e, &a);
		gw_udp_batch_facts(e.b.batch, &facts);
		assert_in_range(came, round, round * 100);
		assert_int_equal(facts.kernel_dropped, round * 200 - came);
	}
	ends_fini(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_offered_is_in_force_unless_forbidden),
		cmocka_unit_test(the_buffers_that_were_granted_are_told),
		cmocka_unit_test(datagrams_are_kept_whole),
		cmocka_unit_test(only_a_udp_socket_will_do),
		cmocka_unit_test(without_memory_nothing_is_left),
		cmocka_unit_test(trains_arrive_whole_and_in_order),
		cmocka_unit_test(a_train_comes_in_one_where_the_kernel_can),
		cmocka_unit_test(who_fills_all_buffers_may_have_left_some),
		cmocka_unit_test(a_source_address_can_be_chosen),
		cmocka_unit_test(marks_cross),
		cmocka_unit_test(empty_datagrams_count_too),
		cmocka_unit_test(what_does_not_fit_its_buffer_is_marked),
		cmocka_unit_test(
		    of_a_train_that_does_not_fit_only_the_end_is_marked),
		cmocka_unit_test(drops_of_the_kernel_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
