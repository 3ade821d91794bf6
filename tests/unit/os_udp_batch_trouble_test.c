/* What the network says of what was sent. */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "os/udp_batch.h"
#include "test.h"
#include "udp_ends.h"

static void
wait_for_trouble(struct udp_end *e, struct gw_udp_trouble *t)
{
	struct pollfd p = { .fd = e->fd };

	assert_int_equal(poll(&p, 1, 60000), 1);
	assert_true(p.revents & POLLERR);
	assert_true(gw_udp_batch_trouble(e->batch, t));
}

/* Somebody who is no more. */
static void
closed_port(enum ends_kind kind, struct gw_addr *a)
{
	const int fd = ends_socket(kind, a);

	assert_true(fd >= 0);
	close(fd);
}

/* A datagram from b to a. */
static void
answer(struct udp_ends *e)
{
	const struct gw_udp_train t = {
		.to = &e->a.addr,
		.bytes = ends_bytes(9),
		.len = 9,
		.segment = 9,
	};
	struct gw_udp_arrival a;
	size_t sent;

	assert_int_equal(
	    gw_udp_batch_send(e->b.batch, &t, &sent, NULL), GW_TRAIN_SENT);
	assert_int_equal(gw_udp_batch_fill(e->a.batch), GW_OK);
	assert_true(gw_udp_batch_next(e->a.batch, &a));
	assert_int_equal(a.len, 9);
	assert_int_equal(gw_udp_batch_fill(e->a.batch), GW_E_AGAIN);
}

static void
a_port_that_nobody_has_is_told_and_hurts_nobody(void **state)
{
	struct gw_udp_trouble t;
	struct gw_addr nobody;
	struct udp_ends e;
	size_t sent;

	(void)state;
	for (enum ends_kind kind = ends_kind(0); kind < ENDS_KINDS;
	     kind = ends_kind(kind + 1)) {
		closed_port(kind, &nobody);
		ends_init(&e, kind, NULL, NULL);
		const struct gw_udp_train train = {
			.to = &nobody,
			.bytes = ends_bytes(500),
			.len = 500,
			.segment = 500,
		};
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(
			    gw_udp_batch_send(e.a.batch, &train, &sent, NULL),
			    GW_TRAIN_SENT);
			/* Neither receiving nor sending meets it. */
			answer(&e);
			assert_int_equal(
			    gw_udp_batch_send(e.a.batch, &train, &sent, NULL),
			    GW_TRAIN_SENT);
			assert_int_equal(
			    ends_send(&e, 3000, 1000, &sent), GW_TRAIN_SENT);
			ends_check_train(&e, 3000, 1000);
		}
		for (unsigned i = 0; i < 6; i++) {
			wait_for_trouble(&e.a, &t);
			assert_int_equal(t.kind, GW_TROUBLE_REFUSED);
			assert_true(gw_addr_same_host(&t.to, &nobody));
			assert_int_equal(
			    gw_addr_port(&t.to), gw_addr_port(&nobody));
			assert_true(gw_addr_same_host(&t.from, &nobody));
			assert_int_equal(t.head_len, sizeof t.head);
			assert_memory_equal(
			    t.head, ends_bytes(500), sizeof t.head);
		}
		assert_false(gw_udp_batch_trouble(e.a.batch, &t));
		ends_fini(&e);
	}
}

/* Loopback takes 65,536 bytes, with 48 of headers. */
static void
what_an_interface_does_not_take_is_told(void **state)
{
	struct gw_udp_trouble t;
	struct udp_ends e;
	size_t sent = 1;

	(void)state;
	if (ends_kind(ENDS_V6) != ENDS_V6)
		skip();
	ends_init(&e, ENDS_V6, NULL, NULL);
	assert_int_equal(ends_send(&e, 65500, 65500, &sent), GW_TRAIN_TOO_BIG);
	assert_int_equal(sent, 0);
	wait_for_trouble(&e.a, &t);
	assert_int_equal(t.kind, GW_TROUBLE_TOO_BIG);
	assert_int_equal(t.mtu, 65536);
	assert_int_equal(t.from.len, 0);
	assert_int_equal(ends_send(&e, 65400, 65400, &sent), GW_TRAIN_SENT);
	ends_check_train(&e, 65400, 65400);
	ends_fini(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_port_that_nobody_has_is_told_and_hurts_nobody),
		cmocka_unit_test(what_an_interface_does_not_take_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
