#include "os/link_watch.h"

#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "os_fixture.h"
#include "test.h"

enum { PATIENCE_MS = 30000, CANNOT = 77 };

static const struct gw_netif *
named(const struct gw_link_watch *w, const char *name)
{
	const struct gw_netifs *l = gw_link_watch_list(w);

	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return &l->v[i];
	return NULL;
}

static bool
has_address(const struct gw_link_watch *w, const char *name, const char *host)
{
	const struct gw_netif *n = named(w, name);
	char text[GW_ADDR_TEXT];

	for (size_t i = 0; n != NULL && i < n->addr_count; i++) {
		gw_addr_host(&n->addrs[i].addr, text);
		if (strcmp(text, host) == 0)
			return true;
	}
	return false;
}

/* The next change, within reason. */
static bool
changes(struct gw_link_watch *w)
{
	struct pollfd p = { .fd = gw_link_watch_fd(w), .events = POLLIN };

	while (poll(&p, 1, PATIENCE_MS) > 0)
		if (gw_link_watch_update(w))
			return true;
	return false;
}

/* Not the whole of it may be told at once. */
#define UNTIL(w, condition)                                                    \
	do {                                                                   \
		while (!(condition))                                           \
			if (!changes(w))                                       \
				return __LINE__ % 100 + 100;                   \
	} while (false)

/* It comes, gets an address, and goes up. */
static int
it_comes(struct gw_link_watch *w)
{
	if (!os_fixture_shell("ip link set lo up") ||
	    !os_fixture_shell("ip link add one type veth peer name other"))
		return CANNOT;
	UNTIL(w, named(w, "lo")->up && named(w, "one") != NULL);
	if (!os_fixture_shell(
		"ip address add 192.0.2.1/24 broadcast + dev one"))
		return 3;
	UNTIL(w, has_address(w, "one", "192.0.2.1"));
	if (!os_fixture_shell("ip link set one up && ip link set other up"))
		return 4;
	UNTIL(w, named(w, "one")->up && named(w, "one")->running);
	return 0;
}

/* It gets another name, and goes. */
static int
it_goes(struct gw_link_watch *w)
{
	unsigned index = named(w, "one")->index;

	if (!os_fixture_shell(
		"ip link set one down && ip link set one name two"))
		return 5;
	UNTIL(w, named(w, "two") != NULL && named(w, "one") == NULL);
	if (named(w, "two")->index != index)
		return 6;
	if (!os_fixture_shell("ip link del two"))
		return 7;
	UNTIL(w, named(w, "two") == NULL);
	return 0;
}

/* In a network namespace of its own. */
static int
changes_body(void *arg)
{
	struct gw_link_watch *w;
	int status;

	(void)arg;
	if (unshare(CLONE_NEWNET) != 0)
		return CANNOT;
	if (gw_link_watch_open(&w, NULL) != GW_OK)
		return 1;
	if (gw_link_watch_update(w) || named(w, "lo") == NULL ||
	    named(w, "lo")->up)
		return 2;
	if ((status = it_comes(w)) == 0)
		status = it_goes(w);
	gw_link_watch_free(w);
	return status;
}

static void
every_change_is_told_and_listed(void **state)
{
	int status = os_fixture_child(changes_body, NULL);

	(void)state;
	if (status == CANNOT)
		skip();
	assert_int_equal(status, 0);
}

/* Far more notices than the socket holds, and the last change is known. */
static int
storm_body(void *arg)
{
	struct gw_link_watch *w;

	(void)arg;
	if (unshare(CLONE_NEWNET) != 0)
		return CANNOT;
	if (gw_link_watch_open(&w, NULL) != GW_OK)
		return 1;
	if (!os_fixture_shell("for i in $(seq 1500); do echo link set lo up; "
			      "echo link set lo down; done | ip -batch -") ||
	    !os_fixture_shell(
		"ip link set lo up && ip address add 192.0.2.7/32 dev lo"))
		return CANNOT;
	UNTIL(w, has_address(w, "lo", "192.0.2.7") && named(w, "lo")->up);
	gw_link_watch_free(w);
	return 0;
}

static void
a_storm_of_notices_loses_nothing(void **state)
{
	int status = os_fixture_child(storm_body, NULL);

	(void)state;
	if (status == CANNOT)
		skip();
	assert_int_equal(status, 0);
}

/* What ends duplicate address detection changes no list. */
static int
ready_body(void *arg)
{
	struct gw_link_watch *w;
	struct pollfd p = { .events = POLLIN };

	(void)arg;
	if (unshare(CLONE_NEWNET) != 0 ||
	    !os_fixture_shell("ip link add one type veth peer name other") ||
	    !os_fixture_shell("ip link set other up"))
		return CANNOT;
	if (gw_link_watch_open(&w, NULL) != GW_OK)
		return 1;
	if (!os_fixture_shell("ip link set one up"))
		return 2;
	UNTIL(w, named(w, "one")->addr_count > 0 && named(w, "one")->running);
	p.fd = gw_link_watch_fd(w);
	/* It takes a second or two, and is told. */
	if (!os_fixture_shell("ip -6 address show dev one | grep -q tentative"))
		return CANNOT;
	if (poll(&p, 1, PATIENCE_MS) <= 0 || !changes(w))
		return 3;
	gw_link_watch_free(w);
	return 0;
}

static void
an_address_that_becomes_usable_is_a_change(void **state)
{
	int status = os_fixture_child(ready_body, NULL);

	(void)state;
	if (status == CANNOT)
		skip();
	assert_int_equal(status, 0);
}

static void
nothing_happens_where_nothing_changes(void **state)
{
	struct gw_link_watch *w;

	(void)state;
	assert_int_equal(gw_link_watch_open(&w, NULL), GW_OK);
	assert_non_null(named(w, "lo"));
	assert_false(gw_link_watch_update(w));
	gw_link_watch_free(w);
	gw_link_watch_free(NULL);
}

static void
without_memory_it_does_not_open(void **state)
{
	(void)state;
	for (long n = 0;; n++) {
		struct gw_link_watch *w;
		enum gw_err err;

		test_fail_alloc(n);
		err = gw_link_watch_open(&w, NULL);
		test_fail_alloc(-1);
		if (err == GW_OK) {
			gw_link_watch_free(w);
			break;
		}
		assert_int_equal(err, GW_E_MEMORY);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_change_is_told_and_listed),
		cmocka_unit_test(a_storm_of_notices_loses_nothing),
		cmocka_unit_test(an_address_that_becomes_usable_is_a_change),
		cmocka_unit_test(nothing_happens_where_nothing_changes),
		cmocka_unit_test(without_memory_it_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
