#include "run/discovery_links.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "test.h"

static struct gw_discovery_links l;
static struct gw_interface_addr addrs[16];
static struct gw_netif netifs[4];
static struct gw_netifs list = { .v = netifs, .addrs = addrs };

static int
setup(void **state)
{
	(void)state;
	gw_discovery_links_init(&l, 4638);
	memset(netifs, 0, sizeof netifs);
	memset(addrs, 0, sizeof addrs);
	list.count = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	gw_discovery_links_fini(&l);
	return 0;
}

static struct gw_netif *
interface(const char *name)
{
	struct gw_netif *n = &netifs[list.count++];

	n->index = (unsigned)list.count;
	snprintf(n->name, sizeof n->name, "%s", name);
	n->up = n->broadcast = n->multicast = true;
	n->addrs = &addrs[4 * (list.count - 1)];
	return n;
}

static void
address(struct gw_netif *n, const char *host, const char *broadcast)
{
	struct gw_interface_addr *a = &n->addrs[n->addr_count++];

	/* Zones of this machine's interfaces: lo, whatever its name. */
	assert_int_equal(gw_addr_parse(&a->addr, host, 0, NULL), GW_OK);
	if (broadcast != NULL)
		assert_int_equal(
		    gw_addr_parse(&a->broadcast, broadcast, 0, NULL), GW_OK);
}

static void
update(void)
{
	assert_int_equal(gw_discovery_links_update(&l, &list, NULL), GW_OK);
}

static void
goes(size_t link, size_t way, const char *to)
{
	char text[GW_ADDR_TEXT];

	assert_true(link < l.count);
	assert_true(way < l.v[link].count);
	gw_addr_host(&l.v[link].ways[way].to, text);
	text[strcspn(text, "%")] = '\0';
	assert_string_equal(text, to);
	assert_int_equal(gw_addr_port(&l.v[link].ways[way].to), 4638);
}

static void
every_subnet_and_the_group_are_ways(void **state)
{
	struct gw_netif *n = interface("eth0");

	(void)state;
	address(n, "192.0.2.1", "192.0.2.255");
	address(n, "10.1.2.3", "10.1.255.255");
	address(n, "2001:db8::1", NULL);
	address(n, "fe80::1%lo", NULL);
	update();
	assert_int_equal(l.count, 1);
	assert_string_equal(l.v[0].name, "eth0");
	assert_int_equal(l.v[0].count, 3);
	goes(0, 0, "192.0.2.255");
	goes(0, 1, "10.1.255.255");
	goes(0, 2, "ff12::e764:7774");
	assert_int_equal(gw_addr_zone(&l.v[0].ways[2].to), 1);
	assert_true(gw_addr_same_host(&l.v[0].ways[1].from, &n->addrs[1].addr));
}

static void
where_a_subnet_has_no_such_address_it_is_255_255_255_255(void **state)
{
	struct gw_netif *n = interface("eth0");

	(void)state;
	address(n, "192.0.2.1", NULL);
	update();
	assert_int_equal(l.v[0].count, 1);
	goes(0, 0, "255.255.255.255");
}

static void
loopback_has_an_address_of_all(void **state)
{
	struct gw_netif *n = interface("lo");

	(void)state;
	n->loopback = true;
	n->broadcast = n->multicast = false;
	address(n, "127.0.0.1", NULL);
	address(n, "192.0.2.77", NULL);
	address(n, "::1", NULL);
	update();
	assert_int_equal(l.v[0].count, 1);
	goes(0, 0, "127.255.255.255");
}

static void
an_interface_without_ipv4_or_broadcast_is_none_to_leave(void **state)
{
	struct gw_netif *six = interface("six"), *tun = interface("tun");

	(void)state;
	address(six, "fe80::1%lo", NULL);
	tun->broadcast = tun->multicast = false;
	address(tun, "10.9.0.1", NULL);
	address(tun, "fe80::2%lo", NULL);
	update();
	assert_int_equal(l.count, 2);
	assert_int_equal(l.v[0].count, 1);
	goes(0, 0, "ff12::e764:7774");
	assert_int_equal(l.v[1].count, 0);
}

static void
those_that_are_down_are_not_used(void **state)
{
	(void)state;
	interface("eth0")->up = false;
	interface("eth1");
	update();
	assert_int_equal(l.count, 1);
	assert_string_equal(l.v[0].name, "eth1");
}

static void
more_addresses_than_there_is_room_for_are_left(void **state)
{
	static struct gw_interface_addr many[GW_WAYS_MAX + 3];
	struct gw_netif *n = interface("eth0");

	(void)state;
	memset(many, 0, sizeof many);
	n->addrs = many;
	for (unsigned i = 0; i < GW_WAYS_MAX + 3; i++)
		address(n, "192.0.2.1", "192.0.2.255");
	update();
	assert_int_equal(l.v[0].count, GW_WAYS_MAX);
}

/* The first one cannot be sent from: no such interface. */
static void
what_fails_on_one_interface_stops_no_other_and_is_told_once(void **state)
{
	const struct gw_udp_options o = { .broadcast = true };
	const struct gw_discovery_link *link;
	const struct gw_way *way;
	struct gw_netif *gone = interface("gone"), *lo = interface("lo");
	struct gw_udp u;

	(void)state;
	assert_int_equal(gw_udp_open(&o, NULL, &u), GW_OK);
	gone->index = 99999;
	address(gone, "192.0.2.1", "192.0.2.255");
	lo->index = 1;
	lo->loopback = true;
	address(lo, "127.0.0.1", NULL);
	update();
	for (unsigned i = 0; i < 20; i++) {
		assert_false(
		    i < 5 && gw_discovery_links_trouble(&l, &link, &way));
		gw_discovery_links_send(&l, &u, gw_slice_str("x"));
		if (i == 10)
			update(); /* what is known stays known */
	}
	assert_int_equal(l.v[1].ways[0].failures, 0);
	assert_true(gw_discovery_links_trouble(&l, &link, &way));
	assert_string_equal(link->name, "gone");
	assert_non_null(strstr(way->why.text, "192.0.2.255"));
	assert_false(gw_discovery_links_trouble(&l, &link, &way));
	update();
	assert_false(gw_discovery_links_trouble(&l, &link, &way));
	gw_udp_close(&u);
}

static void
groups_are_joined_where_there_is_ipv6(void **state)
{
	const struct gw_udp_options o = { .shared = true };
	struct gw_netif *n = interface("lo");
	struct gw_udp u;

	(void)state;
	assert_int_equal(gw_udp_open(&o, NULL, &u), GW_OK);
	address(n, "127.0.0.1", "127.255.255.255");
	n->index = 1;
	assert_int_equal(gw_discovery_links_update(&l, &list, &u), GW_OK);
	assert_false(l.v[0].joined);
	address(n, "fe80::1%lo", NULL);
	assert_int_equal(gw_discovery_links_update(&l, &list, &u), GW_OK);
	assert_int_equal(l.v[0].joined, u.family == AF_INET6);
	assert_int_equal(gw_discovery_links_update(&l, &list, &u), GW_OK);
	assert_int_equal(l.v[0].joined, u.family == AF_INET6);
	n->up = false; /* left */
	assert_int_equal(gw_discovery_links_update(&l, &list, &u), GW_OK);
	assert_int_equal(l.count, 0);
	gw_udp_close(&u);
}

static void
without_memory_all_stays_as_it_was(void **state)
{
	(void)state;
	address(interface("eth0"), "192.0.2.1", "192.0.2.255");
	update();
	list.count = 0;
	test_fail_alloc(0);
	assert_int_equal(
	    gw_discovery_links_update(&l, &list, NULL), GW_E_MEMORY);
	test_fail_alloc(-1);
	assert_int_equal(l.count, 1);
	goes(0, 0, "192.0.2.255");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_subnet_and_the_group_are_ways),
		CASE(where_a_subnet_has_no_such_address_it_is_255_255_255_255),
		CASE(loopback_has_an_address_of_all),
		CASE(an_interface_without_ipv4_or_broadcast_is_none_to_leave),
		CASE(those_that_are_down_are_not_used),
		CASE(more_addresses_than_there_is_room_for_are_left),
		CASE(
		    what_fails_on_one_interface_stops_no_other_and_is_told_once),
		CASE(groups_are_joined_where_there_is_ipv6),
		CASE(without_memory_all_stays_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
