#include "os/interfaces.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "alloc.h"
#include "os_fixture.h"
#include "test.h"

static const struct gw_netif *
named(const struct gw_netifs *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
	fail_msg("no %s", name);
	return NULL;
}

static void
loopback_is_one_of_them(void **state)
{
	struct gw_netifs l;
	const struct gw_netif *lo;
	char text[GW_ADDR_TEXT];

	(void)state;
	assert_int_equal(gw_netifs_list(&l), GW_OK);
	lo = named(&l, "lo");
	assert_int_equal(lo->index, 1);
	assert_true(lo->up);
	assert_true(lo->loopback);
	assert_false(lo->broadcast);
	assert_true(lo->addr_count >= 1);
	gw_addr_host(&lo->addrs[0].addr, text);
	assert_string_equal(text, "127.0.0.1");
	assert_int_equal(lo->addrs[0].prefix, 8);
	assert_int_equal(lo->addrs[0].broadcast.len, 0);
	gw_netifs_fini(&l);
	assert_int_equal(l.count, 0);
}

static void
they_agree_with_the_kernel(void **state)
{
	struct gw_netifs l;
	unsigned before = 0;

	(void)state;
	assert_int_equal(gw_netifs_list(&l), GW_OK);
	for (size_t i = 0; i < l.count; i++) {
		const struct gw_netif *n = &l.v[i];

		assert_true(n->index > before);
		before = n->index;
		assert_int_equal(if_nametoindex(n->name), n->index);
		for (size_t k = 0; k < n->addr_count; k++) {
			const struct gw_interface_addr *a = &n->addrs[k];

			assert_true(a->prefix <= 128);
			assert_true(a->addr.ss.ss_family == AF_INET ||
				    a->broadcast.len == 0);
			assert_ptr_equal(gw_netifs_with(&l, &a->addr), n);
		}
	}
	gw_netifs_fini(&l);
}

static void
whose_an_address_is(void **state)
{
	struct gw_netifs l;
	struct gw_addr a;

	(void)state;
	assert_int_equal(gw_netifs_list(&l), GW_OK);
	assert_int_equal(gw_addr_parse(&a, "127.9.9.9", 1, NULL), GW_OK);
	assert_ptr_equal(gw_netifs_with(&l, &a), named(&l, "lo"));
	assert_int_equal(gw_addr_parse(&a, "203.0.113.7", 1, NULL), GW_OK);
	assert_null(gw_netifs_with(&l, &a));
	assert_int_equal(gw_addr_parse(&a, "2001:db8::7", 1, NULL), GW_OK);
	assert_null(gw_netifs_with(&l, &a));
	gw_netifs_fini(&l);
}

static bool
speaks_from(
    const struct gw_netifs *l, unsigned n, const char *peer, const char *from)
{
	struct gw_addr to, own;
	char text[GW_ADDR_TEXT];

	assert_int_equal(gw_addr_parse(&to, peer, 1, NULL), GW_OK);
	if (!gw_netifs_source(l, n, &to, &own))
		return false;
	gw_addr_host(&own, text);
	assert_string_equal(text, from);
	return true;
}

static void
which_address_speaks_to_a_peer(void **state)
{
	struct gw_interface_addr addrs[4] = { { .prefix = 24 },
		{ .prefix = 23 }, { .prefix = 64 }, { .prefix = 24 } };
	static const char *const hosts[] = { "10.0.0.1", "10.0.2.1", "fd00::1",
		"10.0.0.9" };
	struct gw_netif v[2] = {
		{ .index = 3, .addrs = addrs, .addr_count = 3 },
		{ .index = 7, .addrs = addrs + 3, .addr_count = 1 }
	};
	struct gw_netifs l = { .v = v, .count = 2 };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
		    gw_addr_parse(&addrs[i].addr, hosts[i], 0, NULL), GW_OK);
	assert_true(speaks_from(&l, 3, "10.0.0.77", "10.0.0.1"));
	assert_true(speaks_from(&l, 3, "10.0.3.77", "10.0.2.1"));
	assert_true(speaks_from(&l, 3, "10.0.4.77", "10.0.0.1"));
	assert_true(speaks_from(&l, 7, "10.0.0.77", "10.0.0.9"));
	assert_true(speaks_from(&l, 3, "fd00::77", "fd00::1"));
	assert_false(speaks_from(&l, 7, "fd00::77", ""));
	assert_false(speaks_from(&l, 4, "10.0.0.77", ""));
}

static bool
is_on_link(const struct gw_netifs *l, unsigned n, const char *peer)
{
	struct gw_addr a;

	assert_int_equal(gw_addr_parse(&a, peer, 1, NULL), GW_OK);
	return gw_netifs_on_link(l, n, &a);
}

static void
who_is_on_a_link(void **state)
{
	struct gw_interface_addr addrs[4] = { { .prefix = 8 }, { .prefix = 23 },
		{ .prefix = 64 }, { .prefix = 32 } };
	static const char *const hosts[] = { "127.0.0.1", "10.0.2.1", "fd00::1",
		"192.0.2.9" };
	struct gw_netif v[2] = { { .index = 1,
				     .addrs = addrs,
				     .addr_count = 1,
				     .loopback = true },
		{ .index = 3, .addrs = addrs + 1, .addr_count = 3 } };
	struct gw_netifs l = { .v = v, .count = 2 };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
		    gw_addr_parse(&addrs[i].addr, hosts[i], 0, NULL), GW_OK);
	assert_true(is_on_link(&l, 3, "10.0.3.255"));
	assert_false(is_on_link(&l, 3, "10.0.4.0"));
	assert_true(is_on_link(&l, 3, "fd00::77"));
	assert_false(is_on_link(&l, 3, "fd00:0:0:1::77"));
	assert_true(is_on_link(&l, 3, "fe80::77%lo"));
	assert_true(is_on_link(&l, 3, "192.0.2.9"));
	assert_false(is_on_link(&l, 3, "192.0.2.8"));
	assert_false(is_on_link(&l, 3, "127.0.0.1"));
	assert_false(is_on_link(&l, 4, "10.0.3.255"));
	assert_true(is_on_link(&l, 1, "127.0.0.9"));
	assert_true(is_on_link(&l, 1, "10.0.2.1"));
	assert_false(is_on_link(&l, 1, "10.0.2.2"));
}

static void
two_lists_are_the_same_or_not(void **state)
{
	struct gw_interface_addr one[1] = { { .prefix = 24 } }, two[1];
	struct gw_netif a = { .name = "eth0",
		.index = 3,
		.up = true,
		.addrs = one,
		.addr_count = 1 },
			b;
	struct gw_netifs x = { .v = &a, .count = 1 },
			 y = { .v = &b, .count = 1 };

	(void)state;
	assert_int_equal(
	    gw_addr_parse(&one[0].addr, "10.0.0.1", 0, NULL), GW_OK);
	two[0] = one[0];
	b = a;
	b.addrs = two;
	assert_true(gw_netifs_same(&x, &y));
	strcpy(b.name, "eth1");
	assert_false(gw_netifs_same(&x, &y));
	strcpy(b.name, "eth0");
	b.running = true;
	assert_false(gw_netifs_same(&x, &y));
	b.running = false;
	two[0].prefix = 23;
	assert_false(gw_netifs_same(&x, &y));
	two[0].prefix = 24;
	two[0].broadcast = one[0].addr;
	assert_false(gw_netifs_same(&x, &y));
	two[0].broadcast.len = 0;
	assert_int_equal(
	    gw_addr_parse(&two[0].addr, "10.0.0.2", 0, NULL), GW_OK);
	assert_false(gw_netifs_same(&x, &y));
	y.count = 0;
	assert_false(gw_netifs_same(&x, &y));
}

static void
whose_broadcast_address_it_is(void **state)
{
	struct gw_netifs l;
	struct gw_addr a;

	(void)state;
	assert_int_equal(gw_netifs_list(&l), GW_OK);
	assert_int_equal(gw_addr_parse(&a, "127.255.255.255", 1, NULL), GW_OK);
	assert_ptr_equal(gw_netifs_broadcast(&l, &a), named(&l, "lo"));
	assert_int_equal(gw_addr_parse(&a, "127.0.0.1", 1, NULL), GW_OK);
	assert_null(gw_netifs_broadcast(&l, &a));
	assert_int_equal(gw_addr_parse(&a, "::1", 1, NULL), GW_OK);
	assert_null(gw_netifs_broadcast(&l, &a));
	for (size_t i = 0; i < l.count; i++)
		for (size_t k = 0; k < l.v[i].addr_count; k++) {
			a = l.v[i].addrs[k].broadcast;
			if (a.len != 0)
				assert_non_null(gw_netifs_broadcast(&l, &a));
		}
	gw_netifs_fini(&l);
}

static void
without_memory_nothing_is_listed(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		struct gw_netifs l = { .count = 0 };
		enum gw_err err;

		test_fail_alloc(n);
		err = gw_netifs_list(&l);
		test_fail_alloc(-1);
		if (err == GW_OK) {
			gw_netifs_fini(&l);
			break;
		}
		assert_int_equal(err, GW_E_MEMORY);
	}
}

/* In a network namespace of its own. */
static int
list_with_tun(void *arg)
{
	struct ifreq request = { .ifr_name = "vpn0", .ifr_flags = IFF_TUN };
	const struct gw_netif *tun;
	struct gw_netifs l;
	bool fine;
	int fd;

	(void)arg;
	if (unshare(CLONE_NEWNET) != 0 ||
	    (fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC)) < 0 ||
	    ioctl(fd, TUNSETIFF, &request) != 0)
		return 77;
	if (gw_netifs_list(&l) != GW_OK || l.count != 2)
		return 1;
	tun = &l.v[1];
	fine = strcmp(tun->name, "vpn0") == 0 && tun->point_to_point &&
	       tun->index == if_nametoindex("vpn0");
	gw_netifs_fini(&l);
	return fine ? 0 : 2;
}

static void
one_without_a_hardware_address_is_listed(void **state)
{
	int status = os_fixture_child(list_with_tun, NULL);

	(void)state;
	if (status == 77) {
		print_message("no namespace with a tunnel here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_is_one_of_them),
		cmocka_unit_test(they_agree_with_the_kernel),
		cmocka_unit_test(one_without_a_hardware_address_is_listed),
		cmocka_unit_test(whose_an_address_is),
		cmocka_unit_test(which_address_speaks_to_a_peer),
		cmocka_unit_test(who_is_on_a_link),
		cmocka_unit_test(two_lists_are_the_same_or_not),
		cmocka_unit_test(whose_broadcast_address_it_is),
		cmocka_unit_test(without_memory_nothing_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
