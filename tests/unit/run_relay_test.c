/* gw_relay_*, in a network namespace where there is none but its own. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "godwit.h"
#include "os/udp.h"
#include "os_fixture.h"

enum { CANNOT = 77, PATIENCE_S = 60 };

static struct gw *g;
static struct gw_relay *r;
static char text[1024];

static int
shell_body(void *command)
{
	return execl("/bin/sh", "sh", "-c", (const char *)command, NULL);
}

static bool
does(const char *command)
{
	return os_fixture_child(shell_body, (void *)(uintptr_t)command) == 0;
}

static bool
opens(void)
{
	struct gw_options o = GW_OPTIONS_INIT;

	o.plain = true;
	return gw_open(&o, &g) == GW_OK;
}

/* A namespace with eth0, 10.0.1.1/24, and eth1, 10.0.2.1/24. */
static bool
moves(void)
{
	return unshare(CLONE_NEWNET) == 0 &&
	       does("ip link set lo up && for n in 0 1; do "
		    "ip link add eth$n type veth peer name far$n && "
		    "ip link set far$n up && "
		    "ip addr add 10.0.$((n + 1)).1/24 brd + dev eth$n && "
		    "ip link set eth$n up || exit 1; done") &&
	       opens();
}

static enum gw_err
open_relay(const char *rule, const struct gw_relay_options *o)
{
	struct gw_relay_options all =
	    o != NULL ? *o
		      : (struct gw_relay_options){ .between = "eth0,eth1" };

	all.rules = &rule;
	all.rule_count = 1;
	return gw_relay_open(g, &all, &r);
}

/* The text of the next event of this kind about an interface. */
static bool
told(enum gw_relay_event_kind kind, const char *interface, const char *words)
{
	time_t end = time(NULL) + PATIENCE_S;
	struct gw_relay_event e;

	while (time(NULL) < end) {
		while (gw_relay_next(r, &e))
			if (e.kind == kind &&
			    strcmp(e.interface, interface) == 0 &&
			    strstr(e.text, words) != NULL)
				return true;
		(void)gw_wait(g, 100);
	}
	return false;
}

/* ---- bodies, in a child ---- */

static int
changes_body(void *arg)
{
	(void)arg;
	if (!moves())
		return CANNOT;
	if (open_relay("9000", NULL) != GW_OK)
		return 1;
	if (!told(GW_RELAY_EVENT_INTERFACE, "eth0",
		"10.0.1.1/24: broadcasts leave for 10.0.1.255"))
		return 2;
	/* B8: gone, made again, and under another name. */
	if (!does("ip link del eth1") ||
	    !told(GW_RELAY_EVENT_INTERFACE, "eth1", "it is waited for"))
		return 3;
	if (!does("ip link add eth1 type veth peer name far1 && ip link set "
		  "eth1 up") ||
	    !told(GW_RELAY_EVENT_INTERFACE, "eth1", "no IPv4 address"))
		return 4;
	if (!does("ip addr add 10.0.7.1/26 brd + dev eth1") ||
	    !told(GW_RELAY_EVENT_INTERFACE, "eth1", "10.0.7.63"))
		return 5;
	if (!does("ip link set eth1 down && ip link set eth1 name other") ||
	    !told(GW_RELAY_EVENT_INTERFACE, "eth1", "is not there"))
		return 6;
	gw_relay_close(r);
	gw_close(g);
	return 0;
}

static int
taken_body(void *arg)
{
	struct gw_udp_options o = { .address = "0.0.0.0", .port = 9000 };
	struct gw_udp other;

	(void)arg;
	if (!moves())
		return CANNOT;
	if (gw_udp_open(&o, NULL, &other) != GW_OK)
		return 1;
	if (open_relay("9000", NULL) != GW_E_ADDRESS)
		return 2;
	if (strstr(gw_last_error(g), "in use by another program") == NULL)
		return 3;
	/* B1: one that shares it keeps what is sent to it alone. */
	gw_udp_close(&other);
	o.shared = true;
	if (gw_udp_open(&o, NULL, &other) != GW_OK)
		return 4;
	if (open_relay("9000", NULL) != GW_OK)
		return 5;
	gw_close(g); /* and the relay with it */
	gw_udp_close(&other);
	return 0;
}

static int
rights_body(void *arg)
{
	struct gw_relay_options o = { .between = "eth0,eth1",
		.source = "keep" };

	(void)arg;
	if (!moves())
		return CANNOT;
	if (open_relay("9000", &o) != GW_OK)
		return 1;
	gw_relay_close(r);
	os_fixture_ordinary_user();
	if (open_relay("9000", &o) != GW_E_ADDRESS)
		return 2;
	if (strstr(gw_last_error(g), "CAP_NET_RAW") == NULL)
		return 3;
	/* The other modes need nobody's leave. */
	if (open_relay("9000", NULL) != GW_OK)
		return 4;
	gw_close(g);
	return 0;
}

static const char *
explained(const char *datagram)
{
	bool carried = false, leaves;
	char *lines = NULL;

	text[0] = '\0';
	if (gw_relay_explain(r, datagram, &carried, &lines) != GW_OK)
		return gw_last_error(g);
	leaves = strstr(lines, "  eth") != NULL;
	if (carried != leaves) {
		free(lines);
		return "whether it is carried is said wrongly";
	}
	snprintf(text, sizeof text, "%s", lines);
	free(lines);
	return text;
}

static bool
explains(const char *datagram, const char *words)
{
	const char *lines = explained(datagram);

	if (strstr(lines, words) != NULL)
		return true;
	printf("%s\n", lines);
	return false;
}

static bool
all_are_explained(void)
{
	static const char *const v[][2] = {
		{ "udp 10.0.1.9:4000 -> 10.0.1.255:9000", "Rule 1 takes it" },
		{ "udp 10.0.1.8:4000 -> 255.255.255.255:9000",
		    "eth1: to 255.255.255.255:9000, from 10.0.2.1;" },
		{ "udp 10.0.1.9:4000 -> 10.0.1.1:9000", "to one host" },
		{ "udp 10.0.1.66:4000 -> 10.0.1.255:9000", "dropped: denied" },
		{ "udp 10.9.9.9:4000 -> 255.255.255.255:9000",
		    "say by which interface" },
		{ "udp 10.9.9.9:4000 -> 255.255.255.255:9000 on eth7",
		    "dropped: direction" },
		{ "udp 10.9.9.9:4000 -> 255.255.255.255:9000 on eth9",
		    "no rule joins that interface" },
		{ "udp 10.0.1.9:4000 -> :9000", "a relay carries" },
		{ "nonsense", "" },
	};

	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		if (!explains(v[i][0], v[i][1]))
			return false;
	return true;
}

static bool
all_were_counted(void)
{
	struct gw_relay_row row;

	if (!gw_relay_row(r, 0, &row) || row.heard != 3 || row.carried != 2)
		return false;
	if (row.drop_count != 1 || strcmp(row.drops[0].name, "denied") != 0)
		return false;
	return gw_relay_row(r, 2, &row) && !row.up && !gw_relay_row(r, 3, &row);
}

static int
explain_body(void *arg)
{
	struct gw_relay_options o = { .between = "eth0,eth1,eth7",
		.from = "eth0,eth1",
		.deny = "10.0.1.66",
		.dry = true };

	(void)arg;
	if (!moves())
		return CANNOT;
	if (open_relay("9000", &o) != GW_OK)
		return 1;
	if (strcmp(gw_relay_rule(r, 0),
		"9000?between=eth0,eth1,eth7&from=eth0,eth1&source=interface"
		"&deny=10.0.1.66") != 0 ||
	    gw_relay_rule(r, 1) != NULL)
		return 2;
	if (!all_are_explained())
		return 3;
	if (!all_were_counted())
		return 4;
	gw_close(g);
	return 0;
}

static int
memory_body(void *arg)
{
	(void)arg;
	if (!moves())
		return CANNOT;
	for (long n = 0;; n++) {
		enum gw_err err;

		test_fail_alloc(n);
		err = open_relay("ssdp", NULL);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		if (err != GW_E_MEMORY || gw_last_error(g)[0] == '\0')
			return 1;
	}
	/* What could not be had at first is had at last. */
	if (!told(GW_RELAY_EVENT_INTERFACE, "eth1", "10.0.2.1/24"))
		return 2;
	gw_close(g);
	return 0;
}

/* ---- cases ---- */

static void
runs(int (*body)(void *))
{
	int status = os_fixture_child(body, NULL);

	if (status == CANNOT)
		skip();
	assert_int_equal(status, 0);
}

static void
B8_interfaces_are_followed_by_name(void **state)
{
	(void)state;
	runs(changes_body);
}

static void
B1_a_port_is_shared_or_it_is_said_whose_it_is(void **state)
{
	(void)state;
	runs(taken_body);
}

static void
B5_only_a_kept_source_needs_rights(void **state)
{
	(void)state;
	runs(rights_body);
}

static void
what_would_become_of_a_datagram_is_said(void **state)
{
	(void)state;
	runs(explain_body);
}

static void
without_memory_none_is_opened_and_nothing_leaks(void **state)
{
	(void)state;
	runs(memory_body);
}

static void
wrong_rules_are_refused_with_a_reason(void **state)
{
	struct gw_relay_options none = { .rule_count = 0 };
	struct gw_relay_options one = { .between = "eth0" };
	const char *peers[] = { "eth9=10.0.0.1" };
	struct gw_relay_options peer = {
		.between = "eth0,eth1", .peers = peers, .peer_count = 1
	};

	(void)state;
	assert_true(opens());
	assert_int_equal(gw_relay_open(g, &none, &r), GW_E_USAGE);
	assert_int_equal(open_relay("9000", &one), GW_E_USAGE);
	assert_non_null(strstr(gw_last_error(g), "two interfaces or more"));
	assert_int_equal(open_relay("ssdp?sorce=keep", NULL), GW_E_USAGE);
	assert_non_null(strstr(gw_last_error(g), "sorce"));
	assert_int_equal(open_relay("9000", &peer), GW_E_USAGE);
	gw_relay_close(NULL);
	gw_close(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(B8_interfaces_are_followed_by_name),
		cmocka_unit_test(B1_a_port_is_shared_or_it_is_said_whose_it_is),
		cmocka_unit_test(B5_only_a_kept_source_needs_rights),
		cmocka_unit_test(what_would_become_of_a_datagram_is_said),
		cmocka_unit_test(
		    without_memory_none_is_opened_and_nothing_leaks),
		cmocka_unit_test(wrong_rules_are_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
