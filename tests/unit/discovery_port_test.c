/* On real sockets, in a network namespace that only the test has: what finds
 * whom elsewhere shows in tests/net/test_discovery.py. */
#include "run/discovery_port.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "crypto/kdf.h"
#include "os/clock.h"
#include "os/random.h"
#include "os/udp.h"
#include "os_fixture.h"
#include "test.h"

enum { PATIENCE = 60, CANNOT = 77 };

struct side {
	struct gw_discovery_port *port;
	struct gw_finding last;
	unsigned devices, gone, troubles;
	bool close_at_first;
};

static struct gw_loop loop;

static void
on_ready(void *arg)
{
	struct side *s = arg;
	struct gw_finding f;

	while (gw_discovery_port_next(s->port, &f)) {
		s->devices += f.kind == GW_FINDING_DEVICE;
		s->gone += f.kind == GW_FINDING_GONE;
		s->troubles += f.kind == GW_FINDING_TROUBLE;
		s->last = f;
	}
	if (s->close_at_first) {
		gw_discovery_port_close(s->port);
		s->port = NULL;
	}
}

static struct gw_discovery_port_options
options(struct side *s)
{
	return (struct gw_discovery_port_options){ .loop = &loop,
		.random = gw_random_os(),
		.ready = on_ready,
		.arg = s };
}

static bool
open_side(struct side *s)
{
	const struct gw_discovery_port_options o = options(s);

	return gw_discovery_port_open(&o, NULL, &s->port) == GW_OK;
}

/* The loop turns until it is so, or for too long. */
#define UNTIL(condition)                                                       \
	do {                                                                   \
		gw_usec end = gw_clock_now() + PATIENCE * GW_SEC;              \
		while (!(condition) && gw_clock_now() < end)                   \
			gw_loop_wait(&loop, 100);                              \
		if (!(condition))                                              \
			return 100 + __LINE__ % 100;                           \
	} while (false)

static const struct gw_announcement sender = {
	.name = "kitchen-pc", .port = 4711, .number = 7, .sends = true
};
static const struct gw_announcement receiver = {
	.name = "kitchen-pc", .port = 4711, .receives = true, .unasked = true
};
static const struct gw_seek everybody = { .ask = GW_ASK_EVERYBODY };

static bool
begin_alone(void)
{
	return gw_crypto_start() && unshare(CLONE_NEWNET) == 0 &&
	       os_fixture_shell("ip link set lo up") &&
	       gw_loop_init(&loop) == GW_OK;
}

static int
end(struct side *a, struct side *b)
{
	gw_discovery_port_close(a->port);
	gw_discovery_port_close(b->port);
	gw_loop_fini(&loop);
	return 0;
}

/* With nothing but loopback. */
static int
number_body(void *arg)
{
	struct gw_seek seek = { .ask = GW_ASK_NUMBER, .number = 7 };
	struct side a = { .port = NULL }, b = { .port = NULL };
	char text[GW_ADDR_TEXT];

	(void)arg;
	if (!begin_alone())
		return CANNOT;
	if (!open_side(&a) || !open_side(&b))
		return 1;
	gw_discovery_port_announce(a.port, &sender);
	gw_discovery_port_seek(b.port, &seek);
	UNTIL(b.devices > 0);
	gw_addr_text(&b.last.addresses[0].addr, text);
	if (b.devices != 1 || a.devices != 0 || b.last.number != 7 ||
	    b.last.count != 1 || !b.last.sends || b.last.receives ||
	    b.last.known || strcmp(b.last.name, "kitchen-pc") != 0 ||
	    strcmp(text, "127.0.0.1:4711") != 0 ||
	    strcmp(b.last.addresses[0].interface, "lo") != 0)
		return 2;
	return end(&a, &b);
}

static int
farewell_body(void *arg)
{
	struct side a = { .port = NULL }, b = { .port = NULL };

	(void)arg;
	if (!begin_alone())
		return CANNOT;
	if (!open_side(&a) || !open_side(&b))
		return 1;
	gw_discovery_port_seek(b.port, &everybody);
	gw_discovery_port_announce(a.port, &receiver);
	UNTIL(b.devices > 0);
	gw_discovery_port_close(a.port);
	a.port = NULL;
	UNTIL(b.gone > 0);
	return end(&a, &b);
}

/* A link comes, while it runs, and another program is found there. */
static int
link_body(void *arg)
{
	struct side a = { .port = NULL }, b = { .port = NULL };
	struct gw_tried t;
	size_t n = 0;

	(void)arg;
	if (!begin_alone())
		return CANNOT;
	if (!open_side(&a) || !open_side(&b))
		return 1;
	gw_discovery_port_seek(b.port, &everybody);
	gw_discovery_port_announce(a.port, &receiver);
	UNTIL(b.devices > 0);
	if (!os_fixture_shell("ip link add one type veth peer name other") ||
	    !os_fixture_shell(
		"ip address add 192.0.2.1/24 broadcast + dev one") ||
	    !os_fixture_shell("ip link set one up && ip link set other up"))
		return CANNOT;
	/* Broadcasts come back to this machine, too. */
	UNTIL(b.last.count > 1);
	if (strcmp(b.last.addresses[1].interface, "one") != 0)
		return 2;
	for (; gw_discovery_port_tried(b.port, n, &t); n++)
		if (strcmp(t.interface, "one") == 0 &&
		    strncmp(t.to, "192.0.2.255", 11) != 0)
			return 3;
	if (n != 3)
		return 4;
	return end(&a, &b);
}

/* In a callback, and with a hundred more beside it. */
static int
closing_body(void *arg)
{
	enum { MANY = 20 };
	struct side a = { .port = NULL }, b[MANY];
	unsigned closed = 0;

	(void)arg;
	memset(b, 0, sizeof b);
	if (!begin_alone())
		return CANNOT;
	if (!open_side(&a))
		return 1;
	gw_discovery_port_announce(a.port, &receiver);
	for (size_t i = 0; i < MANY; i++) {
		b[i].close_at_first = true;
		if (!open_side(&b[i]))
			return 2;
		gw_discovery_port_seek(b[i].port, &everybody);
	}
	for (size_t i = 0; i < MANY; i++) {
		UNTIL(b[i].port == NULL);
		closed++;
	}
	return closed == MANY ? end(&a, &b[0]) : 3;
}

/* Another program has the port for itself. */
static int
taken_body(void *arg)
{
	const struct gw_udp_options o = { .port = GW_BEACON_PORT };
	struct side a = { .port = NULL }, b = { .port = NULL };
	struct gw_udp u;

	(void)arg;
	if (!begin_alone())
		return CANNOT;
	if (gw_udp_open(&o, NULL, &u) != GW_OK || !open_side(&a))
		return 1;
	UNTIL(a.troubles > 0);
	if (strstr(a.last.trouble, "4638") == NULL)
		return 2;
	/* Whom it asks it finds all the same. */
	gw_udp_close(&u);
	if (!open_side(&b))
		return 3;
	gw_discovery_port_announce(b.port, &sender);
	gw_discovery_port_seek(a.port, &everybody);
	UNTIL(a.devices > 0);
	return a.troubles == 1 ? end(&a, &b) : 4;
}

/* Each has the other's key; and a third nobody's. */
static int
known_body(void *arg)
{
	struct gw_device_entry entry = { .name = "my kitchen" };
	struct gw_device_book book = { .entries = &entry, .count = 1 };
	struct gw_keypair keys[2];
	struct side a = { .port = NULL }, b = { .port = NULL };
	struct gw_discovery_port_options o = options(&a);
	struct gw_seek seek = { .ask = GW_ASK_KNOWN };
	const uint8_t seeds[2][32] = { { [1] = 1 }, { [1] = 2 } };

	(void)arg;
	if (!begin_alone())
		return CANNOT;
	for (size_t i = 0; i < 2; i++)
		gw_keypair_from(seeds[i], &keys[i]);
	o.book = &book;
	o.keys = &keys[0];
	memcpy(entry.key, keys[1].public, sizeof entry.key);
	if (gw_discovery_port_open(&o, NULL, &a.port) != GW_OK)
		return 1;
	o.arg = &b;
	o.keys = &keys[1];
	memcpy(entry.key, keys[0].public, sizeof entry.key);
	if (gw_discovery_port_open(&o, NULL, &b.port) != GW_OK)
		return 1;
	gw_discovery_port_announce(a.port, &sender);
	seek.key = keys[1].public; /* itself: nobody */
	gw_discovery_port_seek(b.port, &seek);
	for (unsigned i = 0; i < 5; i++)
		gw_loop_wait(&loop, 100);
	if (b.devices != 0)
		return 2;
	seek.key = keys[0].public;
	gw_discovery_port_seek(b.port, &seek);
	UNTIL(b.devices > 0);
	if (!b.last.known || strcmp(b.last.known_name, "my kitchen") != 0 ||
	    memcmp(b.last.known_key, keys[0].public, GW_KEY_LEN) != 0)
		return 3;
	return end(&a, &b);
}

static int
memory_body(void *arg)
{
	struct side a = { .port = NULL }, none = { .port = NULL };

	(void)arg;
	if (!begin_alone())
		return CANNOT;
	for (long n = 0;; n++) {
		const struct gw_discovery_port_options o = options(&a);
		enum gw_err err;

		test_fail_alloc(n);
		err = gw_discovery_port_open(&o, NULL, &a.port);
		test_fail_alloc(-1);
		if (err == GW_OK && n > 12)
			break;
		if (err == GW_OK) {
			struct gw_tried t;

			/* Whoever asks nobody finds nobody. */
			if (!gw_discovery_port_tried(a.port, 0, &t))
				return 2;
			gw_discovery_port_close(a.port);
			a.port = NULL;
		} else if (err != GW_E_MEMORY)
			return 1;
	}
	return end(&a, &none);
}

static bool
asks(const struct side *s, const char *to)
{
	struct gw_tried t;

	for (size_t i = 0; gw_discovery_port_tried(s->port, i, &t); i++)
		if (strstr(t.to, to) != NULL)
			return true;
	return false;
}

/* Of the kernel's word, and of what is made of it: whatever finds no memory, it
 * is taken up again, though nothing else happens. */
static int
behind_body(void *arg)
{
	struct side a = { .port = NULL }, none = { .port = NULL };
	char line[80], to[16];

	(void)arg;
	if (!begin_alone() ||
	    !os_fixture_shell("ip link add new type bridge && "
			      "ip link set new addrgenmode none && "
			      "ip link set new up"))
		return CANNOT;
	if (!open_side(&a))
		return 1;
	/* Within a second comes all that the kernel says of that. */
	for (gw_usec end = gw_clock_now() + 2 * GW_SEC; gw_clock_now() < end;)
		gw_loop_wait(&loop, 100);
	for (long n = 0; n < 5; n++) {
		snprintf(to, sizeof to, "10.9.%ld.255", n);
		snprintf(line, sizeof line,
		    "ip addr add 10.9.%ld.1/24 brd + dev new", n);
		if (!os_fixture_shell(line))
			return 2;
		test_fail_alloc(n);
		gw_loop_wait(&loop, 100);
		test_fail_alloc(-1);
		UNTIL(asks(&a, to));
	}
	return end(&a, &none);
}

static void
in_a_namespace(int (*body)(void *))
{
	int status = os_fixture_child(body, NULL);

	if (status == CANNOT)
		skip();
	assert_int_equal(status, 0);
}

#define CASE(name, body)                                                       \
	static void name(void **state)                                         \
	{                                                                      \
		(void)state;                                                   \
		in_a_namespace(body);                                          \
	}

CASE(a_number_is_found_on_one_machine, number_body)
CASE(who_ends_says_farewell, farewell_body)
CASE(a_link_that_comes_is_used, link_body)
CASE(it_may_be_closed_when_it_tells, closing_body)
CASE(a_port_that_is_taken_is_told_once, taken_body)
CASE(a_known_device_is_recognised, known_body)
CASE(without_memory_it_does_not_open, memory_body)
CASE(without_memory_for_a_link_it_looks_again, behind_body)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_found_on_one_machine),
		cmocka_unit_test(who_ends_says_farewell),
		cmocka_unit_test(a_link_that_comes_is_used),
		cmocka_unit_test(it_may_be_closed_when_it_tells),
		cmocka_unit_test(a_port_that_is_taken_is_told_once),
		cmocka_unit_test(a_known_device_is_recognised),
		cmocka_unit_test(without_memory_it_does_not_open),
		cmocka_unit_test(without_memory_for_a_link_it_looks_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
