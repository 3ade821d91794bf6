/* Ports that lead to a device of another subnet. */
#include "run/relay_pipes.h"

#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/udp.h"
#include "os_fixture.h"
#include "udp_sockets.h"

enum { CANNOT = 77 };

static struct gw *g;
static struct gw_relay_pipes p;
static struct gw_relay_device d;
static gw_usec now;
static const uint8_t run[GW_BEACON_RUN_LEN] = { 1 },
		     other_run[] = { 2, [15] = 0 };

static struct gw_endpoint
at(const char *host, uint16_t port)
{
	struct gw_endpoint e;

	assert_int_equal(gw_endpoint_parse(&e, host, port), GW_OK);
	return e;
}

static int
set_up(void **state)
{
	struct gw_options o = GW_OPTIONS_INIT;

	(void)state;
	o.plain = true;
	if (gw_open(&o, &g) != GW_OK)
		return -1;
	p = (struct gw_relay_pipes){ .g = g };
	now = gw_clock_now();
	d = (struct gw_relay_device){ .run = run,
		.own = at("127.0.0.1", 0),
		.at = at("127.0.0.1", 4639) };
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	gw_relay_pipes_fini(&p);
	gw_close(g);
	return 0;
}

/* Until the socket has something, while the pipe works. */
static void
work(const struct gw_udp *u)
{
	struct pollfd fd = { .fd = u->fd, .events = POLLIN };

	for (int i = 0; i < 6000 && poll(&fd, 1, 0) <= 0; i++)
		(void)gw_wait(g, 10);
}

static void
what_comes_to_the_port_goes_to_the_device_and_back(void **state)
{
	struct gw_udp device = udp_open("127.0.0.1"),
		      asker = udp_open("127.0.0.1");
	struct gw_udp_datagram *got;
	uint16_t port;

	(void)state;
	d.at.port = device.port;
	port = gw_relay_pipes_port(&p, &d, now);
	assert_int_not_equal(port, 0);
	assert_int_equal(udp_send(&asker, "127.0.0.1", port, "SYN", 3), GW_OK);
	work(&device);
	got = udp_recv(&device);
	assert_memory_equal(got->data, "SYN", 3);
	assert_int_equal(udp_send(&device, "127.0.0.1",
			     gw_addr_port(&got->peer), "SYN+ACK", 7),
	    GW_OK);
	work(&asker);
	got = udp_recv(&asker);
	assert_memory_equal(got->data, "SYN+ACK", 7);
	udp_is(&got->peer, "127.0.0.1", port);
	gw_udp_close(&device);
	gw_udp_close(&asker);
}

static bool
takes_tcp_at(const char *host, uint16_t port)
{
	struct gw_addr to = udp_addr(host, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = connect(fd, (struct sockaddr *)&to.ss, to.len) == 0;

	close(fd);
	return ok;
}

static bool
takes_tcp(uint16_t port)
{
	return takes_tcp_at("127.0.0.1", port);
}

static void
it_is_the_same_number_for_tcp_and_the_same_each_time(void **state)
{
	uint16_t port = gw_relay_pipes_port(&p, &d, now), other;

	(void)state;
	assert_true(takes_tcp(port));
	assert_int_equal(gw_relay_pipes_port(&p, &d, now), port);
	d.at.port++;
	other = gw_relay_pipes_port(&p, &d, now);
	assert_int_not_equal(other, port);
	assert_int_not_equal(other, 0);
	/* The first one goes on. */
	assert_true(takes_tcp(port));
	assert_true(takes_tcp(other));
}

static void
one_device_cannot_take_all(void **state)
{
	unsigned had = 0;

	(void)state;
	for (uint16_t i = 0; i < 20; i++) {
		d.at.port = (uint16_t)(5000 + i);
		had += gw_relay_pipes_port(&p, &d, now) != 0;
	}
	assert_int_equal(had, 8);
	d.at = at("127.0.0.2", 5000);
	assert_int_not_equal(gw_relay_pipes_port(&p, &d, now), 0);
}

static uint16_t
from(unsigned n)
{
	char host[32];

	snprintf(host, sizeof host, "127.0.%u.%u", n / 8 + 1, n % 8 + 1);
	d.at = at(host, 4639);
	return gw_relay_pipes_port(&p, &d, now);
}

static void
one_that_has_answered_makes_room_for_itself(void **state)
{
	(void)state;
	d.was_asked = true;
	assert_int_not_equal(from(0), 0);
	d.was_asked = false;
	for (unsigned i = 1; i < GW_RELAY_PIPES; i++)
		assert_int_not_equal(from(i), 0);
	assert_int_equal(from(GW_RELAY_PIPES), 0);
	d.was_asked = true;
	for (unsigned i = 0; i < GW_RELAY_PIPES - 1; i++)
		assert_int_not_equal(from(100 + i), 0);
	/* Those stay. */
	assert_int_equal(from(200), 0);
	assert_int_not_equal(from(0), 0);
}

static void
it_goes_when_nothing_is_said_of_it_for_two_minutes(void **state)
{
	uint16_t port = gw_relay_pipes_port(&p, &d, now);
	gw_usec end = gw_relay_pipes_deadline(&p);

	(void)state;
	assert_int_equal(end, now + 120 * GW_SEC);
	gw_relay_pipes_tick(&p, end - 1);
	assert_int_not_equal(gw_relay_pipes_deadline(&p), GW_NEVER);
	gw_relay_pipes_tick(&p, end);
	assert_int_equal(gw_relay_pipes_deadline(&p), GW_NEVER);
	(void)gw_wait(g, 100);
	assert_false(takes_tcp(port));
}

static void
it_goes_with_its_interface(void **state)
{
	uint16_t one = gw_relay_pipes_port(&p, &d, now), two;

	(void)state;
	d.link = 1;
	two = gw_relay_pipes_port(&p, &d, now);
	assert_int_not_equal(one, two);
	gw_relay_pipes_close_link(&p, 0);
	(void)gw_wait(g, 100);
	assert_false(takes_tcp(one));
	assert_true(takes_tcp(two));
}

static void
a_device_has_one_port_in_both_families(void **state)
{
	struct gw_udp device = udp_open(NULL), asker = udp_open(NULL);
	uint16_t port, again;

	(void)state;
	d.at.port = device.port;
	port = gw_relay_pipes_port(&p, &d, now);
	if (udp_has_ipv6()) {
		d.at = at("::1", device.port);
		d.own = at("::1", 0);
		again = gw_relay_pipes_port(&p, &d, now);
		assert_int_equal(again, port);
		assert_int_equal(udp_send(&asker, "::1", port, "6", 1), GW_OK);
		work(&device);
		assert_memory_equal(udp_recv(&device)->data, "6", 1);
	}
	assert_int_equal(udp_send(&asker, "127.0.0.1", port, "4", 1), GW_OK);
	work(&device);
	assert_memory_equal(udp_recv(&device)->data, "4", 1);
	/* Another run is another device. */
	d.run = other_run;
	assert_int_not_equal(gw_relay_pipes_port(&p, &d, now), port);
	gw_udp_close(&device);
	gw_udp_close(&asker);
}

static void
who_says_the_same_from_elsewhere_gets_another_port(void **state)
{
	uint16_t port = gw_relay_pipes_port(&p, &d, now);

	(void)state;
	d.at = at("127.0.0.9", d.at.port);
	assert_int_not_equal(gw_relay_pipes_port(&p, &d, now), port);
}

static void
an_address_that_is_not_ours_has_none(void **state)
{
	(void)state;
	d.own = at("192.0.2.7", 0);
	assert_int_equal(gw_relay_pipes_port(&p, &d, now), 0);
	assert_int_equal(gw_relay_pipes_deadline(&p), GW_NEVER);
}

static bool
ports_are(const char *range)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "w");

	return f != NULL && fputs(range, f) >= 0 && fclose(f) == 0;
}

/* In a namespace with four ports: a second address gets the first one's number
 * after four pipes at most. */
static uint16_t
another_of_that_number(uint16_t port)
{
	uint16_t other = 0;

	d.own = at("127.0.0.2", 0);
	for (uint16_t i = 1; i <= 4 && other != port; i++) {
		d.at.port = (uint16_t)(5000 + i);
		other = gw_relay_pipes_port(&p, &d, now);
	}
	return other;
}

static int
one_number_body(void *arg)
{
	struct gw_udp device, asker;
	uint16_t port;

	(void)arg;
	if (unshare(CLONE_NEWNET) != 0 ||
	    !os_fixture_shell("ip link set lo up") || set_up(NULL) != 0)
		return CANNOT;
	device = udp_open("127.0.0.1");
	asker = udp_open("127.0.0.1");
	d.at.port = device.port;
	if (!ports_are("40000 40003"))
		return CANNOT;
	port = gw_relay_pipes_port(&p, &d, now);
	if (port == 0 || another_of_that_number(port) != port)
		return 1;
	if (!ports_are("32768 60999") ||
	    udp_send(&asker, "127.0.0.1", port, "x", 1) != GW_OK)
		return 2;
	work(&device);
	/* Nobody has anything to say of either; one is used. */
	gw_relay_pipes_tick(&p, now + 120 * GW_SEC);
	(void)gw_wait(g, 100);
	if (!takes_tcp_at("127.0.0.1", port))
		return 3;
	if (takes_tcp_at("127.0.0.2", port))
		return 4;
	return tear_down(NULL);
}

static void
what_one_address_does_with_a_number_is_not_another_ones_use(void **state)
{
	int status = os_fixture_child(one_number_body, NULL);

	(void)state;
	if (status == CANNOT)
		skip();
	assert_int_equal(status, 0);
}

#define CASE(c) cmocka_unit_test_setup_teardown(c, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_comes_to_the_port_goes_to_the_device_and_back),
		CASE(it_is_the_same_number_for_tcp_and_the_same_each_time),
		CASE(one_device_cannot_take_all),
		CASE(one_that_has_answered_makes_room_for_itself),
		CASE(it_goes_when_nothing_is_said_of_it_for_two_minutes),
		CASE(it_goes_with_its_interface),
		CASE(a_device_has_one_port_in_both_families),
		CASE(who_says_the_same_from_elsewhere_gets_another_port),
		CASE(an_address_that_is_not_ours_has_none),
		cmocka_unit_test(
		    what_one_address_does_with_a_number_is_not_another_ones_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
