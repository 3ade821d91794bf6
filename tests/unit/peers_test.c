/* gw_peers on real sockets, in a network namespace of its own. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "godwit.h"
#include "os/clock.h"
#include "os_fixture.h"
#include "run/context.h"
#include "run/device_store.h"
#include "run/discovery_port.h"
#include "test.h"

enum { PATIENCE = 60, CANNOT = 77 };

static struct gw *g;
static struct gw_peers *peers;
static struct gw_peer_event event;

static bool
begin_alone(bool plain)
{
	struct gw_options o = GW_OPTIONS_INIT;

	o.plain = plain;
	o.data_dir = "data";
	o.state_dir = "state";
	return unshare(CLONE_NEWNET) == 0 &&
	       os_fixture_shell("ip link set lo up") &&
	       gw_open(&o, &g) == GW_OK;
}

/* The next event, within reason. */
static bool
comes(void)
{
	gw_usec end = gw_clock_now() + PATIENCE * GW_SEC;

	while (gw_clock_now() < end) {
		if (gw_peers_next(peers, &event))
			return true;
		gw_wait(g, 100);
	}
	return false;
}

static struct gw_discovery_port *
waiter(const char *name)
{
	struct gw_discovery_port_options o = { .loop = &g->loop,
		.random = g->self.random };
	struct gw_announcement a = {
		.name = name, .port = 4711, .receives = true, .unasked = true
	};
	struct gw_discovery_port *p;

	if (gw_discovery_port_open(&o, NULL, &p) != GW_OK)
		return NULL;
	gw_discovery_port_announce(p, &a);
	return p;
}

/* Pull until there are so many, or none are left to pull. */
static bool
there_are(size_t n)
{
	struct gw_peer p;

	while (!gw_peers_at(peers, n - 1, &p))
		if (!comes())
			return false;
	return !gw_peers_at(peers, n, &p);
}

static bool
is_first(void)
{
	return event.kind == GW_PEER_THERE && event.peer.receives &&
	       event.peer.here && event.peer.device == NULL &&
	       strcmp(event.peer.name, "one") == 0;
}

static bool
second_is_listed(void)
{
	char text[GW_ENDPOINT_TEXT];
	struct gw_peer p;

	if (!gw_peers_at(peers, 1, &p))
		return false;
	gw_endpoint_text(&p.addresses[0].endpoint, text);
	return p.seen_ms <= 1000 * PATIENCE && strcmp(p.name, "two") == 0 &&
	       strcmp(text, "127.0.0.1:4711") == 0 &&
	       strcmp(p.addresses[0].interface, "lo") == 0;
}

static bool
only_loopback_was_asked(void)
{
	struct gw_peers_link l;

	return gw_peers_asked(peers, 0, &l) &&
	       strcmp(l.to, "127.255.255.255") == 0 && l.error == NULL &&
	       !gw_peers_asked(peers, 1, &l);
}

static bool
first_is_gone(void)
{
	struct gw_peer p;

	do {
		if (!comes())
			return false;
	} while (event.kind != GW_PEER_GONE);
	return strcmp(event.peer.name, "one") == 0 &&
	       gw_peers_at(peers, 0, &p) && strcmp(p.name, "two") == 0;
}

static int
come_and_go_body(void *arg)
{
	struct gw_discovery_port *one, *two;

	if (!begin_alone(arg != NULL))
		return CANNOT;
	if (gw_peers_open(g, &peers) != GW_OK ||
	    (one = waiter("one")) == NULL || !comes() || !is_first())
		return 1;
	if ((two = waiter("two")) == NULL || !there_are(2) ||
	    !second_is_listed())
		return 2;
	if (!only_loopback_was_asked())
		return 3;
	gw_discovery_port_close(one);
	if (!first_is_gone())
		return 4;
	gw_discovery_port_close(two);
	gw_close(g); /* with the peers that are left */
	return 0;
}

/* Two devices that remember each other, in one process. */
static bool
remember_each_other(struct gw_keypair *other, struct gw_device_book *theirs)
{
	static const uint8_t seed[32] = { [1] = 7 };
	const struct gw_device_entry *e;
	struct gw_device_store ours;
	bool done;

	gw_keypair_from(seed, other);
	if (gw_device_book_add(theirs, g->self.keys.public, "me", 1, &e) !=
		GW_OK ||
	    gw_device_store_open(g->data_dir, &ours, NULL) != GW_OK)
		return false;
	done = gw_device_book_add(
		   &ours.book, other->public, "my kitchen", 1, &e) == GW_OK &&
	       gw_device_store_save(&ours, NULL) == GW_OK;
	gw_device_store_close(&ours);
	return done;
}

static int
known_body(void *arg)
{
	struct gw_device_book theirs = { .count = 0 };
	struct gw_discovery_port_options o = { .book = &theirs };
	struct gw_announcement a = {
		.name = "kitchen-pc", .port = 4711, .receives = true
	};
	struct gw_discovery_port *p;
	struct gw_keypair other;

	(void)arg;
	if (!begin_alone(false))
		return CANNOT;
	o.loop = &g->loop;
	o.random = g->self.random;
	o.keys = &other;
	if (!remember_each_other(&other, &theirs) ||
	    gw_discovery_port_open(&o, NULL, &p) != GW_OK)
		return 1;
	gw_device_book_fini(&theirs);
	gw_discovery_port_announce(p, &a);
	if (gw_peers_open(g, &peers) != GW_OK || !comes())
		return 2;
	if (event.kind != GW_PEER_THERE || event.peer.device == NULL ||
	    strcmp(event.peer.device, "my-kitchen") != 0 ||
	    strcmp(event.peer.name, "kitchen-pc") != 0 ||
	    strlen(event.peer.key) != 64)
		return 3;
	gw_discovery_port_close(p);
	gw_close(g);
	return 0;
}

static void
in_a_namespace(int (*body)(void *), void *arg)
{
	int status = os_fixture_child(body, arg);

	if (status == CANNOT)
		skip();
	assert_int_equal(status, 0);
}

static void
they_come_and_go(void **state)
{
	(void)state;
	in_a_namespace(come_and_go_body, NULL);
}

static void
a_plain_context_will_do(void **state)
{
	static int plain;

	(void)state;
	in_a_namespace(come_and_go_body, &plain);
}

static void
a_remembered_device_is_recognised(void **state)
{
	(void)state;
	in_a_namespace(known_body, NULL);
}

static int
memory_body(void *arg)
{
	(void)arg;
	if (!begin_alone(false))
		return CANNOT;
	for (long n = 0;; n++) {
		enum gw_err err;

		test_fail_alloc(n);
		err = gw_peers_open(g, &peers);
		test_fail_alloc(-1);
		if (err == GW_OK) {
			gw_peers_free(peers);
			if (n > 8)
				break;
		} else if (err != GW_E_MEMORY || gw_last_error(g)[0] == '\0')
			return 1;
	}
	gw_peers_free(NULL);
	gw_close(g);
	return 0;
}

static void
without_memory_nobody_is_asked(void **state)
{
	(void)state;
	in_a_namespace(memory_body, NULL);
}

static int
book_body(void *arg)
{
	(void)arg;
	if (!begin_alone(false))
		return CANNOT;
	os_fixture_text("data/devices", "no list of devices\n");
	if (gw_peers_open(g, &peers) != GW_E_DISK ||
	    strstr(gw_last_error(g), "devices") == NULL)
		return 1;
	gw_close(g);
	return 0;
}

static void
a_list_of_devices_that_is_broken_is_told(void **state)
{
	(void)state;
	in_a_namespace(book_body, NULL);
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(they_come_and_go),
		CASE(a_plain_context_will_do),
		CASE(a_remembered_device_is_recognised),
		CASE(without_memory_nobody_is_asked),
		CASE(a_list_of_devices_that_is_broken_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
