/* Rules at work, as a program uses them: opening, reloading, looking, ends.
 * What TCP flows do: tcp_flow_test.c. */
#include "run/forward.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "forward_rig.h"

static void
a_rule_that_is_wrong_opens_nothing(void **state)
{
	static const char *const rules[] = { "tcp://127.0.0.1:0/127.0.0.1:1",
		"tcp://127.0.0.1:0" };
	struct rig *r = *state;
	struct gw_forward_options o = rig_options(r, rules, 2, 0);

	assert_int_equal(gw_forward_open(r->g, &o, &r->f), GW_E_USAGE);
	assert_non_null(strstr(gw_last_error(r->g), "goes nowhere"));
	assert_null(r->g->forwards);
}

static void
a_port_in_use_is_told_and_opens_nothing(void **state)
{
	struct rig *r = *state;
	const char *rule = "tcp://127.0.0.1:%u/127.0.0.1:1";
	struct gw_forward_options o;
	uint16_t port;
	int target = rig_target(&port);

	o = rig_options(r, &rule, 1, port);
	assert_int_equal(gw_forward_open(r->g, &o, &r->f), GW_E_ADDRESS);
	assert_non_null(strstr(gw_last_error(r->g), "in use"));
	assert_null(r->g->forwards);
	close(target);
}

static void
f8_more_ports_than_descriptors_are_refused(void **state)
{
	struct rig *r = *state;
	const char *rule = "tcp://127.0.0.1:30000-30099/127.0.0.1:1";
	struct gw_forward_options o = rig_options(r, &rule, 1, 0);

	o.max_files = 50;
	assert_int_equal(gw_forward_open(r->g, &o, &r->f), GW_E_LIMIT);
	assert_non_null(strstr(gw_last_error(r->g), "descriptors"));
}

static void
f28_a_target_that_is_the_own_listener_is_refused(void **state)
{
	static const char *const rules[] = { "tcp://127.0.0.1:%u/localhost:%u",
		"tcp://:%u/127.0.0.1:%u", "tcp://127.0.0.1:%u/127.0.0.1:%u",
		"tcp://0.0.0.0:%u/127.0.0.2:%u" };
	struct rig *r = *state;
	struct gw_forward_options o;
	uint16_t port;

	close(rig_target(&port));
	for (size_t i = 1; i < 4; i++) {
		o = rig_options(r, &rules[i], 1, port);
		assert_int_equal(gw_forward_open(r->g, &o, &r->f), GW_E_USAGE);
		assert_non_null(strstr(gw_last_error(r->g), "circles"));
	}
}

static void
f28_a_name_that_becomes_the_own_listener_is_dropped_as_a_loop(void **state)
{
	struct rig *r = *state;
	struct gw_forward_rule rule;
	uint16_t port;
	int c;
	char byte;

	close(rig_target(&port));
	rig_open(r, "tcp://127.0.0.1:%u/localhost:%u", port);
	c = rig_connect(r, port);
	assert_int_equal(rig_read(r, c, &byte, 1), -ECONNRESET);
	rig_until(r, GW_FORWARD_CLOSED, 0);
	rule = rig_rule(r, 0);
	assert_int_equal(rule.drops[GW_DROP_LOOP], 1);
	close(c);
}

static void
a_target_that_loops_is_passed_over_for_another(void **state)
{
	struct rig *r = *state;
	uint16_t port, other;
	int target = rig_target(&port), c, s;
	char rule[128];

	close(rig_target(&other));
	snprintf(rule, sizeof rule,
	    "tcp://127.0.0.1:%u/127.0.0.1:%u,127.0.0.1:%%u", (unsigned)other,
	    (unsigned)other);
	rig_open(r, rule, port);
	assert_non_null(
	    strstr(rig_until(r, GW_FORWARD_WARNING, 0)->text, "passed over"));
	c = rig_connect(r, other);
	s = rig_accept(r, target);
	close(c);
	close(s);
	close(target);
}

static void
a_reload_keeps_the_flows_of_rules_that_stay(void **state)
{
	static const char *const before[] = {
		"tcp://127.0.0.1:0/127.0.0.1:%u?name=stays",
		"tcp://127.0.0.1:0/127.0.0.1:%u?name=goes"
	};
	static const char *const after[] = {
		"tcp://127.0.0.1:0/127.0.0.1:%u?name=new",
		"tcp://127.0.0.1:0/127.0.0.1:%u?name=stays"
	};
	struct rig *r = *state;
	struct gw_forward_options o;
	uint16_t port;
	int target = rig_target(&port), c[2], s[2];
	char byte;

	o = rig_options(r, before, 2, port);
	assert_int_equal(gw_forward_open(r->g, &o, &r->f), GW_OK);
	for (size_t i = 0; i < 2; i++) {
		c[i] = rig_connect(r, rig_rule(r, i).port);
		s[i] = rig_accept(r, target);
		rig_until(r, GW_FORWARD_OPENED, i);
	}
	o = rig_options(r, after, 2, port);
	assert_int_equal(gw_forward_reload(r->f, &o), GW_OK);
	assert_string_equal(rig_rule(r, 0).name, "stays");
	assert_string_equal(rig_rule(r, 1).name, "new");
	assert_int_equal(
	    rig_until(r, GW_FORWARD_CLOSED, 0)->end, GW_FORWARD_RULE_GONE);
	assert_int_equal(rig_read(r, c[1], &byte, 1), -ECONNRESET);
	rig_write(r, c[0], "x", 1);
	assert_int_equal(rig_read(r, s[0], &byte, 1), 1);
	for (size_t i = 0; i < 2; i++) {
		close(c[i]);
		close(s[i]);
	}
	close(target);
}

static void
a_reload_with_a_wrong_rule_changes_nothing(void **state)
{
	const char *wrong = "nonsense";
	struct rig *r = *state;
	struct gw_forward_options o;
	uint16_t target_port;
	int target = rig_target(&target_port);

	rig_open(r, "tcp://127.0.0.1:0/127.0.0.1:%u", target_port);
	o = rig_options(r, &wrong, 1, 0);
	assert_int_equal(gw_forward_reload(r->f, &o), GW_E_USAGE);
	assert_int_equal(rig_rule(r, 0).id, 1);
	close(target);
}

static void
a_reload_goes_on_without_a_rule_whose_port_is_taken(void **state)
{
	struct rig *r = *state;
	char taken[64];
	const char *rules[] = { taken, "tcp://127.0.0.1:0/127.0.0.1:%u" };
	struct gw_forward_options o;
	struct gw_forward_rule rule;
	uint16_t port;
	int target = rig_target(&port);

	rig_open(r, "tcp://127.0.0.1:0/127.0.0.1:1?name=old", 0);
	snprintf(taken, sizeof taken, "tcp://127.0.0.1:%%u/127.0.0.1:1");
	o = rig_options(r, rules, 2, port);
	assert_int_equal(gw_forward_reload(r->f, &o), GW_E_ADDRESS);
	assert_int_equal(rig_rule(r, 0).id, 3);
	assert_false(gw_forward_rule(r->f, 1, &rule));
	close(target);
}

static void
f22_a_listener_of_another_process_is_taken_over(void **state)
{
	struct rig *r = *state;
	const char *rule = "tcp://127.0.0.1:%u/127.0.0.1:1";
	uint16_t port;
	int fd = rig_target(&port);
	struct gw_forward_options o = rig_options(r, &rule, 1, port);

	o.inherited = &fd;
	o.inherited_count = 1;
	if (gw_forward_open(r->g, &o, &r->f) != GW_OK)
		fail_msg("%s", gw_last_error(r->g));
	assert_int_equal(rig_rule(r, 0).port, port);
	close(fd);
}

static void
f22_draining_lets_flows_end_and_takes_no_new_ones(void **state)
{
	struct rig *r = *state;
	uint16_t port, at;
	int target = rig_target(&port), c, s, again;
	char byte;

	at = rig_open(r, "tcp://127.0.0.1:0/127.0.0.1:%u", port);
	c = rig_connect(r, at);
	s = rig_accept(r, target);
	rig_until(r, GW_FORWARD_OPENED, 0);
	gw_forward_drain(r->f);
	gw_forward_drain(r->f);
	/* Its port is free again. */
	{
		const char *rule = "tcp://127.0.0.1:%u/127.0.0.1:1";
		struct gw_forward_options o = rig_options(r, &rule, 1, at);
		struct gw_forward *other;

		assert_int_equal(gw_forward_open(r->g, &o, &other), GW_OK);
		gw_forward_close(other);
	}
	rig_write(r, s, "x", 1);
	assert_int_equal(rig_read(r, c, &byte, 1), 1);
	assert_int_equal(gw_forward_flows(r->f), 1);
	close(c);
	assert_int_equal(rig_read(r, s, &byte, 1), 0);
	close(s);
	assert_int_equal(
	    rig_until(r, GW_FORWARD_CLOSED, 0)->end, GW_FORWARD_FINISHED);
	assert_int_equal(gw_forward_flows(r->f), 0);
	again = target;
	close(again);
}

static void
closing_ends_all_flows_with_a_reset(void **state)
{
	struct rig *r = *state;
	uint16_t port, at;
	int target = rig_target(&port), c, s;
	char byte;

	at = rig_open(r, "tcp://127.0.0.1:0/127.0.0.1:%u", port);
	c = rig_connect(r, at);
	s = rig_accept(r, target);
	rig_until(r, GW_FORWARD_OPENED, 0);
	gw_forward_close(r->f);
	r->f = NULL;
	assert_int_equal(rig_read(r, c, &byte, 1), -ECONNRESET);
	assert_int_equal(rig_read(r, s, &byte, 1), -ECONNRESET);
	close(c);
	close(s);
	close(target);
	gw_forward_close(NULL);
}

static void
a_failed_allocation_opens_nothing_and_leaks_nothing(void **state)
{
	struct rig *r = *state;
	const char *rule = "tcp://127.0.0.1:0/127.0.0.1:1?perSource=3";
	struct gw_forward_options o = rig_options(r, &rule, 1, 0);
	enum gw_err err = GW_E_MEMORY;

	for (long n = 0; err != GW_OK; n++) {
		assert_true(n < 1000);
		test_fail_alloc(n);
		err = gw_forward_open(r->g, &o, &r->f);
		test_fail_alloc(-1);
		if (err != GW_OK)
			assert_int_equal(err, GW_E_MEMORY);
	}
}

static void
what_explains_a_packet_opens_nothing(void **state)
{
	static const char *const rules[] = {
		"udp://:5353/10.0.0.2:53,dns:53?allow=10.0.0.0/8",
		"tcp://:8000-8009/h:9000-9009"
	};
	struct rig *r = *state;
	struct gw_forward_options o = rig_options(r, rules, 2, 0);
	static struct gw_forward_explained e;
	char why[GW_RULE_WHY_MAX];

	assert_int_equal(
	    gw_forward_explain(&o, "udp 10.0.0.5:4000 -> :5353", &e, why),
	    GW_OK);
	assert_true(e.matched);
	assert_true(e.allowed);
	assert_int_equal(e.rule, 0);
	assert_string_equal(e.goes_to, "10.0.0.2:53, dns:53");
	assert_int_equal(
	    gw_forward_explain(&o, "udp 192.0.2.1:4000 -> :5353", &e, why),
	    GW_OK);
	assert_true(e.matched);
	assert_false(e.allowed);
	assert_int_equal(
	    gw_forward_explain(&o, "tcp 192.0.2.1:1 -> :8003", &e, why), GW_OK);
	assert_string_equal(e.goes_to, "h:9003");
	assert_int_equal(
	    gw_forward_explain(&o, "tcp 192.0.2.1:1 -> :8010", &e, why), GW_OK);
	assert_false(e.matched);
	assert_int_equal(
	    gw_forward_explain(&o, "tcp nonsense", &e, why), GW_E_USAGE);
	assert_true(why[0] != '\0');
}

static void
f28_an_explanation_tells_of_loops(void **state)
{
	static const char *const rules[] = {
		"tcp://:8080/localhost:8081,192.0.2.1:80",
		"tcp://127.0.0.1:8081/[::1]:8080"
	};
	struct rig *r = *state;
	struct gw_forward_options o = rig_options(r, rules, 2, 0);
	static struct gw_forward_explained e;
	char why[GW_RULE_WHY_MAX];

	assert_int_equal(
	    gw_forward_explain(&o, "tcp 10.0.0.5:1 -> :8080", &e, why), GW_OK);
	assert_string_equal(e.goes_to, "192.0.2.1:80");
	assert_string_equal(e.loops, "localhost:8081");
	assert_int_equal(e.loop_rule, 1);
	assert_int_equal(
	    gw_forward_explain(&o, "tcp 10.0.0.5:1 -> 127.0.0.1:8081", &e, why),
	    GW_OK);
	assert_string_equal(e.goes_to, "");
	assert_string_equal(e.loops, "[::1]:8080");
	assert_int_equal(e.loop_rule, 0);
	/* Seen from another machine these are other places. */
	o.via = "hall";
	assert_int_equal(
	    gw_forward_explain(&o, "tcp 10.0.0.5:1 -> :8080", &e, why), GW_OK);
	assert_string_equal(e.loops, "");
}

static void
a_rule_has_a_normal_form_or_a_reason(void **state)
{
	char out[GW_RULE_TEXT_MAX], why[GW_RULE_WHY_MAX];

	(void)state;
	assert_int_equal(gw_rule_normal("53:5353/udp", "dns", out, why), GW_OK);
	assert_string_equal(out, "udp://:53/dns:5353");
	assert_int_equal(gw_rule_normal("53", NULL, out, why), GW_E_USAGE);
	assert_non_null(strstr(why, "no rule"));
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_rule_that_is_wrong_opens_nothing),
		TEST(a_port_in_use_is_told_and_opens_nothing),
		TEST(f8_more_ports_than_descriptors_are_refused),
		TEST(f28_a_target_that_is_the_own_listener_is_refused),
		TEST(
		    f28_a_name_that_becomes_the_own_listener_is_dropped_as_a_loop),
		TEST(a_target_that_loops_is_passed_over_for_another),
		TEST(a_reload_keeps_the_flows_of_rules_that_stay),
		TEST(a_reload_with_a_wrong_rule_changes_nothing),
		TEST(a_reload_goes_on_without_a_rule_whose_port_is_taken),
		TEST(f22_a_listener_of_another_process_is_taken_over),
		TEST(f22_draining_lets_flows_end_and_takes_no_new_ones),
		TEST(closing_ends_all_flows_with_a_reset),
		TEST(a_failed_allocation_opens_nothing_and_leaks_nothing),
		TEST(what_explains_a_packet_opens_nothing),
		TEST(f28_an_explanation_tells_of_loops),
		TEST(a_rule_has_a_normal_form_or_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
