/* Sending, what is refused at once, and what ICMP says afterwards. */
#include <poll.h>
#include <string.h>

#include "udp_sockets.h"

static struct gw_why why;

static enum gw_err
refused(struct gw_udp *u, const struct gw_udp_datagram *d, const char *says)
{
	enum gw_err err = gw_udp_send(u, d, &why);

	if (err == GW_OK || strstr(why.text, says) == NULL)
		fail_msg("%d '%s' lacks '%s'", err, why.text, says);
	return err;
}

/* A port that nobody has. */
static uint16_t
free_port(const char *address)
{
	struct gw_udp u = udp_open(address);
	uint16_t port = u.port;

	gw_udp_close(&u);
	return port;
}

static void
broadcast_needs_to_be_asked_for(void **state)
{
	struct gw_udp_options o = { .port = 0 };
	struct gw_udp_datagram d = { .data = (uint8_t *)"x",
		.len = 1,
		.peer = udp_addr("127.255.255.255", 9) };
	struct gw_udp u;

	(void)state;
	assert_int_equal(gw_udp_open(&o, &why, &u), GW_OK);
	assert_int_equal(refused(&u, &d, "that of lo"), GW_E_USAGE);
	assert_non_null(strstr(why.text, "EACCES"));
	assert_non_null(strstr(why.text, "127.255.255.255:9: "));
	/* A socket goes on after that. */
	d.peer = udp_addr("127.0.0.1", u.port);
	assert_int_equal(gw_udp_send(&u, &d, &why), GW_OK);
	assert_int_equal(udp_recv(&u)->len, 1);
	gw_udp_close(&u);
}

static void
what_is_too_long_is_said_to_be(void **state)
{
	static uint8_t data[GW_UDP_ROOM];
	struct gw_udp u = udp_open(NULL);
	struct gw_udp_datagram d = { .data = data,
		.len = GW_UDP_MAX + 1,
		.peer = udp_addr("127.0.0.1", 9) };

	(void)state;
	assert_int_equal(
	    refused(&u, &d, "65508 bytes are too many"), GW_E_LIMIT);
	gw_udp_close(&u);
}

static void
no_source_that_is_not_ours(void **state)
{
	struct gw_udp u = udp_open(NULL);
	struct gw_udp_datagram d = { .data = (uint8_t *)"x",
		.len = 1,
		.peer = udp_addr("127.0.0.1", 9),
		.local = udp_addr("203.0.113.7", 0) };

	(void)state;
	assert_int_equal(refused(&u, &d, "unreachable"), GW_E_CONNECT);
	d.local = udp_addr("::1", 0);
	assert_int_equal(refused(&u, &d, "another family"), GW_E_ADDRESS);
	d.local.len = 0;
	d.interface = 99999;
	assert_int_equal(
	    refused(&u, &d, "cannot be reached from"), GW_E_ADDRESS);
	gw_udp_close(&u);
}

static void
the_source_can_be_chosen(void **state)
{
	struct gw_udp u = udp_open(NULL), to = udp_open(NULL);
	struct gw_udp_datagram d = { .data = (uint8_t *)"x",
		.len = 1,
		.peer = udp_addr("127.0.0.1", to.port),
		.local = udp_addr("127.0.0.42", 0),
		.interface = 1 };

	(void)state;
	assert_int_equal(gw_udp_send(&u, &d, &why), GW_OK);
	udp_is(&udp_recv(&to)->peer, "127.0.0.42", u.port);
	if (udp_has_ipv6()) {
		d.peer = udp_addr("::1", to.port);
		d.local = udp_addr("::1", 0);
		assert_int_equal(gw_udp_send(&u, &d, &why), GW_OK);
		udp_is(&udp_recv(&to)->peer, "::1", u.port);
	}
	gw_udp_close(&u);
	gw_udp_close(&to);
}

static void
port_unreachable(struct gw_udp *u, const char *host)
{
	uint16_t port = free_port(host);
	struct gw_udp_error e;

	assert_int_equal(udp_send(u, host, port, "x", 1), GW_OK);
	udp_wait(u, 0); /* an error needs no asking for */
	assert_int_equal(gw_udp_next_error(u, &e), GW_OK);
	assert_int_equal(e.what, GW_UNREACHABLE_PORT);
	udp_is(&e.to, host, port);
	udp_is(&e.from, host, 0);
	assert_int_equal(gw_udp_next_error(u, &e), GW_E_AGAIN);
}

static void
a_port_that_nobody_has_is_told(void **state)
{
	struct gw_udp u = udp_open(NULL);
	struct pollfd p = { .fd = u.fd, .events = POLLIN };

	(void)state;
	port_unreachable(&u, "127.0.0.1");
	if (udp_has_ipv6())
		port_unreachable(&u, "::1");
	/* And then the socket is quiet. */
	assert_int_equal(poll(&p, 1, 0), 0);
	gw_udp_close(&u);
	u = udp_open("127.0.0.1");
	port_unreachable(&u, "127.0.0.1");
	gw_udp_close(&u);
}

static void
errors_of_one_peer_do_not_touch_another(void **state)
{
	struct gw_udp u = udp_open(NULL), to = udp_open(NULL);
	uint16_t port = free_port("127.0.0.1");
	struct gw_udp_error e;
	unsigned errors = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		/* Each leaves an error that the next call would give. */
		assert_int_equal(
		    udp_send(&u, "127.0.0.1", port, "x", 1), GW_OK);
		assert_int_equal(
		    udp_send(&u, "127.0.0.1", to.port, "y", 1), GW_OK);
		assert_int_equal(udp_recv(&to)->data[0], 'y');
		assert_int_equal(
		    udp_send(&to, "127.0.0.1", u.port, "z", 1), GW_OK);
		assert_int_equal(udp_recv(&u)->data[0], 'z');
	}
	while (gw_udp_next_error(&u, &e) == GW_OK)
		errors++;
	assert_true(errors > 0); /* the kernel limits how many it tells */
	gw_udp_close(&u);
	gw_udp_close(&to);
}

static void
a_full_buffer_is_told(void **state)
{
	struct gw_udp u = udp_open(NULL), to = udp_open("127.0.0.1");
	enum gw_err err = GW_OK;

	(void)state;
	/* On loopback it does not fill up: what matters is that nothing
	 * blocks, and that every refusal has a name. */
	for (int i = 0; i < 2000 && err == GW_OK; i++)
		err = udp_send(&u, "127.0.0.1", to.port, "x", 1);
	assert_true(err == GW_OK || err == GW_E_AGAIN || err == GW_E_LIMIT);
	gw_udp_close(&u);
	gw_udp_close(&to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broadcast_needs_to_be_asked_for),
		cmocka_unit_test(what_is_too_long_is_said_to_be),
		cmocka_unit_test(no_source_that_is_not_ours),
		cmocka_unit_test(the_source_can_be_chosen),
		cmocka_unit_test(a_port_that_nobody_has_is_told),
		cmocka_unit_test(errors_of_one_peer_do_not_touch_another),
		cmocka_unit_test(a_full_buffer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
