/* What a rule of a relay takes, and what is no rule. */
#include "relay_fixture.h"

static struct gw_relay_rule
rule(void)
{
	return (struct gw_relay_rule){ .port = 9000,
		.broadcast = true,
		.between = 3,
		.from = 3,
		.rate = 1 };
}

static void
a_rule_takes_what_it_names(void **state)
{
	struct gw_relay_rule r = rule();
	struct gw_endpoint to = relay_at("239.1.2.3", 9000);

	(void)state;
	assert_true(gw_relay_rule_takes(&r, GW_CAST_BROADCAST, &to));
	assert_false(gw_relay_rule_takes(&r, GW_CAST_GROUP, &to));
	assert_false(gw_relay_rule_takes(&r, GW_CAST_HOST, &to));
	r.groups[r.group_count++] = relay_at("239.1.2.3", 0);
	r.broadcast = false;
	assert_true(gw_relay_rule_takes(&r, GW_CAST_GROUP, &to));
	assert_false(gw_relay_rule_takes(&r, GW_CAST_BROADCAST, &to));
}

static void
what_is_wrong_is_said(void **state)
{
	struct gw_relay_rule r = rule();

	(void)state;
	assert_null(gw_relay_rule_wrong(&r));
	r.port = 0;
	assert_non_null(gw_relay_rule_wrong(&r));
	r = rule();
	r.broadcast = false;
	assert_non_null(gw_relay_rule_wrong(&r));
	r = rule();
	r.between = 4;
	assert_non_null(gw_relay_rule_wrong(&r));
	r = rule();
	r.from = 4;
	assert_non_null(gw_relay_rule_wrong(&r));
	r = rule();
	r.rate = 0;
	assert_non_null(gw_relay_rule_wrong(&r));
}

static void
rules_overlap_in_port_destination_and_interfaces(void **state)
{
	struct gw_relay_rule a = rule(), b = rule();

	(void)state;
	assert_true(gw_relay_rules_overlap(&a, &b));
	b.between = b.from = 6; /* one interface is common */
	assert_false(gw_relay_rules_overlap(&a, &b));
	b.between = b.from = 7;
	assert_true(gw_relay_rules_overlap(&a, &b));
	b.from = 4;
	assert_false(gw_relay_rules_overlap(&a, &b));
	b = rule();
	b.port = 9001;
	assert_false(gw_relay_rules_overlap(&a, &b));
}

static void
networks_of_one_family_do_not_hold_the_other(void **state)
{
	struct gw_relay_nets n = { .count = 1 };
	struct gw_endpoint v4 = relay_at("10.1.2.3", 0),
			   v6 = relay_at("fd00::1", 0);

	(void)state;
	assert_true(gw_ip_net_parse("::/0", &n.v[0]));
	assert_true(gw_relay_nets_have(&n, &v6));
	assert_false(gw_relay_nets_have(&n, &v4));
	assert_true(gw_ip_net_parse("10.1.0.0/16", &n.v[0]));
	assert_true(gw_relay_nets_have(&n, &v4));
	assert_false(gw_relay_nets_have(&n, &v6));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_takes_what_it_names),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(
		    rules_overlap_in_port_destination_and_interfaces),
		cmocka_unit_test(networks_of_one_family_do_not_hold_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
