/* Where copies go, from whom, and how answers come back: B2, B5, B6, B9. */
#include "relay_fixture.h"

static struct relay_fixture f;

static int
tear_down(void **state)
{
	(void)state;
	relay_close(&f);
	return 0;
}

#define HOST relay_at("10.0.1.9", 4000)
#define ALL relay_at("255.255.255.255", 9000)

static void
B2_the_destination_is_the_other_subnets_own_broadcast(void **state)
{
	struct gw_relay_link l = relay_link(2);

	(void)state;
	relay_open(&f, "9000");
	/* A broadcast address that nobody would guess. */
	l.addrs[0].broadcast = relay_at("10.0.3.63", 0);
	gw_relay_engine_link(f.e, 2, &l);
	relay_hear(&f, 0, HOST, relay_at("10.0.1.255", 9000), "x");
	assert_int_equal(f.count, 2);
	relay_is(&f.out[0].to, "10.0.2.255", 9000);
	relay_is(&f.out[1].to, "10.0.3.63", 9000);
	/* The limited one stays what it is, on one interface each. */
	relay_hear(&f, 0, HOST, ALL, "y");
	relay_is(&f.out[0].to, "255.255.255.255", 9000);
	relay_is(&f.out[1].to, "255.255.255.255", 9000);
	/* Without a subnet nothing is made up. */
	l.addr_count = 0;
	gw_relay_engine_link(f.e, 2, &l);
	relay_hear(&f, 0, HOST, relay_at("10.0.1.255", 9000), "z");
	relay_is(&f.out[1].to, "255.255.255.255", 9000);
}

static void
B5_modes_of_the_source(void **state)
{
	(void)state;
	relay_open(&f, "9000?source=keep 9001?source=interface "
		       "9002?source=interface:keep-port 9003?source=10.7.7.7");
	relay_hear(&f, 0, HOST, ALL, "x");
	assert_int_equal(f.out[0].via, GW_RELAY_VIA_RAW);
	relay_is(&f.out[0].from, "10.0.1.9", 4000);
	relay_hear(&f, 0, HOST, relay_at("255.255.255.255", 9001), "x");
	assert_int_equal(f.out[0].via, GW_RELAY_VIA_HELD);
	assert_int_equal(f.out[0].held_port, 0);
	relay_is(&f.out[0].from, "10.0.2.1", 0);
	relay_is(&f.out[1].from, "10.0.3.1", 0);
	relay_hear(&f, 0, HOST, relay_at("255.255.255.255", 9002), "x");
	assert_int_equal(f.out[0].via, GW_RELAY_VIA_HELD);
	assert_int_equal(f.out[0].held_port, 4000);
	relay_hear(&f, 0, HOST, relay_at("255.255.255.255", 9003), "x");
	assert_int_equal(f.out[0].via, GW_RELAY_VIA_RAW);
	relay_is(&f.out[0].from, "10.7.7.7", 4000);
}

static void
B5_a_port_that_a_rule_listens_at_needs_no_other_socket(void **state)
{
	(void)state;
	relay_open(&f, "dhcp mdns");
	/* A client asks, and a server answers. */
	relay_hear(&f, 0, relay_at("0.0.0.0", 68),
	    relay_at("255.255.255.255", 67), "discover");
	assert_int_equal(f.out[0].via, GW_RELAY_VIA_RULE);
	assert_int_equal(f.out[0].rule, 0);
	assert_int_equal(f.out[0].by, 1);
	relay_is(&f.out[0].from, "10.0.2.1", 68);
	relay_hear(&f, 1, relay_at("10.0.2.9", 67),
	    relay_at("255.255.255.255", 68), "offer");
	assert_int_equal(f.out[0].rule, 1);
	assert_int_equal(f.out[0].by, 0);
	relay_hear(&f, 1, relay_at("10.0.2.9", 5353),
	    relay_at("224.0.0.251", 5353), "mdns");
	assert_int_equal(f.out[0].by, 2);
}

static void
B5_ports_of_services_are_not_held(void **state)
{
	(void)state;
	relay_open(&f, "9000?source=interface:keep-port");
	assert_int_equal(relay_hear(&f, 0, relay_at("10.0.1.9", 53), ALL, "x"),
	    GW_RELAY_FATE_NO_ADDRESS);
	assert_int_equal(
	    relay_hear(&f, 0, relay_at("10.0.1.9", 1024), ALL, "y"),
	    GW_RELAY_FATE_CARRIED);
}

static void
B5_a_given_address_is_of_one_family(void **state)
{
	(void)state;
	relay_open(&f, "9000?group=ff02::7&source=10.7.7.7");
	assert_int_equal(relay_hear(&f, 0, relay_at("fe80::9", 4000),
			     relay_at("ff02::7", 9000), "x"),
	    GW_RELAY_FATE_NO_ADDRESS);
}

static void
B6_answers_come_back_to_who_asked(void **state)
{
	unsigned held;

	(void)state;
	relay_open(&f, "9000");
	relay_hear(&f, 0, HOST, ALL, "who?");
	held = f.out[0].held;
	assert_int_equal(f.out[1].held, held); /* one port for all */
	assert_int_equal(
	    relay_answer(&f, held, 1, relay_at("10.0.2.9", 9000), "I"),
	    GW_RELAY_FATE_CARRIED);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.out[0].via, GW_RELAY_VIA_HELD);
	assert_int_equal(f.out[0].link, 0);
	assert_true(f.out[0].answer);
	relay_is(&f.out[0].to, "10.0.1.9", 4000);
	relay_is(&f.out[0].from, "10.0.1.1", 0);
	assert_int_equal(gw_relay_engine_counts(f.e, 0, 0)->answered, 1);
	/* What this machine says is heard without a relay. */
	assert_int_equal(
	    relay_answer(&f, held, 1, relay_at("10.0.2.1", 9000), "I"),
	    GW_RELAY_FATE_OWN);
	/* From where nobody was asked nobody answers. */
	assert_int_equal(
	    relay_answer(&f, held, 0, relay_at("10.0.1.8", 9000), "I"),
	    GW_RELAY_FATE_STALE);
}

static void
B6_each_who_asks_has_a_port(void **state)
{
	unsigned held;

	(void)state;
	relay_open(&f, "9000");
	relay_hear(&f, 0, HOST, ALL, "who?");
	held = f.out[0].held;
	relay_hear(&f, 0, relay_at("10.0.1.10", 4000), ALL, "who else?");
	assert_int_not_equal(f.out[0].held, held);
	relay_hear(&f, 0, HOST, ALL, "and who else?");
	assert_int_equal(f.out[0].held, held);
}

static void
B6_the_port_is_held_as_long_as_the_question_says(void **state)
{
	struct gw_relay_news news;
	unsigned held;

	(void)state;
	relay_open(&f, "ssdp");
	relay_hear(&f, 0, HOST, relay_at("239.255.255.250", 1900),
	    "M-SEARCH * HTTP/1.1\r\nMX: 3\r\n\r\n");
	held = f.out[0].held;
	assert_int_equal(gw_relay_engine_deadline(f.e), f.now + 4 * GW_SEC);
	f.now += 4 * GW_SEC - 1;
	assert_int_equal(
	    relay_answer(&f, held, 1, relay_at("10.0.2.9", 1900), "I"),
	    GW_RELAY_FATE_CARRIED);
	f.now++;
	assert_int_equal(
	    relay_answer(&f, held, 1, relay_at("10.0.2.9", 1900), "I"),
	    GW_RELAY_FATE_STALE);
	gw_relay_engine_tick(f.e, f.now);
	assert_true(gw_relay_engine_news(f.e, &news));
	assert_int_equal(news.kind, GW_RELAY_NEWS_CLOSE);
	assert_int_equal(news.held, held);
	assert_false(gw_relay_engine_news(f.e, &news));
	assert_int_equal(gw_relay_engine_deadline(f.e), GW_NEVER);
}

static void
B6_answers_to_one_question_are_bounded(void **state)
{
	unsigned held, carried = 0;

	(void)state;
	relay_open(&f, "9000");
	relay_hear(&f, 0, HOST, ALL, "who?");
	held = f.out[0].held;
	for (unsigned i = 0; i < 2 * GW_RELAY_ANSWERS; i++)
		carried += relay_answer(&f, held, 1, relay_at("10.0.2.9", 1),
			       "I") == GW_RELAY_FATE_CARRIED;
	assert_int_equal(carried, GW_RELAY_ANSWERS);
	/* Who has no address gets none. */
	relay_hear(&f, 0, relay_at("0.0.0.0", 68), ALL, "new");
	assert_int_equal(
	    relay_answer(&f, f.out[0].held, 1, relay_at("10.0.2.9", 1), "I"),
	    GW_RELAY_FATE_NO_ADDRESS);
}

static void
B9_without_ipv4_the_system_chooses_the_source(void **state)
{
	struct gw_relay_link l = relay_link(1);

	(void)state;
	relay_open(&f, "9000?between=eth0,eth1 9001?group=ff02::7&between=eth0,"
		       "eth1");
	l.addrs[0] = l.addrs[1];
	l.addr_count = 1;
	gw_relay_engine_link(f.e, 1, &l);
	relay_hear(&f, 0, HOST, relay_at("10.0.1.255", 9000), "x");
	assert_int_equal(f.count, 1);
	relay_is(&f.out[0].to, "255.255.255.255", 9000);
	assert_int_equal(f.out[0].from.port, 0);
	assert_int_equal(f.out[0].from.ip[12], 0);
	/* IPv6 has none to lend. */
	l.addr_count = 0;
	gw_relay_engine_link(f.e, 1, &l);
	assert_int_equal(relay_hear(&f, 0, relay_at("fe80::9", 1),
			     relay_at("ff02::7", 9001), "x"),
	    GW_RELAY_FATE_NO_ADDRESS);
}

static void
B9_where_nobody_can_broadcast_peers_get_it(void **state)
{
	struct gw_relay_link l = relay_link(1);

	(void)state;
	relay_open(&f, "9000?between=eth0,eth1");
	l.broadcast = l.multicast = false;
	gw_relay_engine_link(f.e, 1, &l);
	assert_int_equal(
	    relay_hear(&f, 0, HOST, ALL, "x"), GW_RELAY_FATE_NO_ADDRESS);
	l.peers[0] = relay_at("10.0.2.50", 0);
	l.peers[1] = relay_at("fd00::50", 0);
	l.peers[2] = relay_at("10.0.2.51", 0);
	l.peer_count = 3;
	gw_relay_engine_link(f.e, 1, &l);
	assert_int_equal(
	    relay_hear(&f, 0, HOST, ALL, "y"), GW_RELAY_FATE_CARRIED);
	assert_int_equal(f.count, 2);
	relay_is(&f.out[0].to, "10.0.2.50", 9000);
	relay_is(&f.out[1].to, "10.0.2.51", 9000);
	assert_int_equal(f.out[0].hops, 0);
}

static void
what_could_not_be_sent_is_counted_where_it_should_have_left(void **state)
{
	struct gw_relay_arrival a = { .from = HOST,
		.to = ALL,
		.cast = GW_CAST_BROADCAST,
		.data = gw_slice_str("x") };
	struct gw_relay_emission out;

	(void)state;
	relay_open(&f, "9000");
	gw_relay_engine_input(f.e, 0, &a, f.now);
	while (gw_relay_engine_output(f.e, &out))
		gw_relay_engine_sent(f.e, &out, GW_RELAY_FATE_TOO_BIG);
	assert_int_equal(relay_fate_count(&f, 1, GW_RELAY_FATE_TOO_BIG), 1);
	assert_int_equal(relay_fate_count(&f, 2, GW_RELAY_FATE_TOO_BIG), 1);
	assert_int_equal(gw_relay_engine_counts(f.e, 0, 1)->sent, 0);
}

#define CASE(c) cmocka_unit_test_teardown(c, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(B2_the_destination_is_the_other_subnets_own_broadcast),
		CASE(B5_modes_of_the_source),
		CASE(B5_a_port_that_a_rule_listens_at_needs_no_other_socket),
		CASE(B5_ports_of_services_are_not_held),
		CASE(B5_a_given_address_is_of_one_family),
		CASE(B6_answers_come_back_to_who_asked),
		CASE(B6_each_who_asks_has_a_port),
		CASE(B6_the_port_is_held_as_long_as_the_question_says),
		CASE(B6_answers_to_one_question_are_bounded),
		CASE(B9_without_ipv4_the_system_chooses_the_source),
		CASE(B9_where_nobody_can_broadcast_peers_get_it),
		CASE(
		    what_could_not_be_sent_is_counted_where_it_should_have_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
