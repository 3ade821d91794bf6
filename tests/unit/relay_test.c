/* What a relay carries, and what not: B1, B3, B4, B7, B8. */
#include <stdio.h>

#include "alloc.h"
#include "relay_fixture.h"
#include "wire/beacon.h"

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
B1_unicast_is_never_carried(void **state)
{
	(void)state;
	relay_open(&f, "9000");
	assert_int_equal(
	    relay_hear(&f, 0, HOST, relay_at("10.0.1.1", 9000), "x"),
	    GW_RELAY_FATE_UNICAST);
	assert_int_equal(relay_fate_count(&f, 0, GW_RELAY_FATE_UNICAST), 1);
	assert_int_equal(
	    relay_hear(&f, 0, HOST, ALL, "x"), GW_RELAY_FATE_CARRIED);
}

static void
B1_only_the_groups_that_a_rule_names(void **state)
{
	(void)state;
	relay_open(&f, "9000?group=239.1.2.3,ff02::7");
	assert_int_equal(
	    relay_hear(&f, 0, HOST, ALL, "x"), GW_RELAY_FATE_NO_RULE);
	assert_int_equal(
	    relay_hear(&f, 0, HOST, relay_at("239.1.2.4", 9000), "x"),
	    GW_RELAY_FATE_NO_RULE);
	assert_int_equal(
	    relay_hear(&f, 0, HOST, relay_at("239.1.2.3", 9001), "x"),
	    GW_RELAY_FATE_NO_RULE);
	assert_int_equal(
	    relay_hear(&f, 0, HOST, relay_at("239.1.2.3", 9000), "x"),
	    GW_RELAY_FATE_CARRIED);
	assert_int_equal(relay_hear(&f, 0, relay_at("fe80::9", 4000),
			     relay_at("ff02::7", 9000), "x"),
	    GW_RELAY_FATE_CARRIED);
	assert_int_equal(f.count, 2);
	relay_is(&f.out[0].to, "ff02::7", 9000);
	assert_int_equal(f.out[0].to.zone, 2);
	assert_int_equal(f.out[1].to.zone, 3);
	relay_is(&f.out[0].from, "fe80::2:1", 0);
}

static void
B3_never_back_to_where_it_came_from(void **state)
{
	(void)state;
	relay_open(&f, "9000");
	for (unsigned i = 0; i < 3; i++) {
		relay_hear(
		    &f, i, relay_at("10.9.9.9", 4000), ALL, i == 0 ? "a" : "b");
		for (size_t k = 0; k < f.count; k++)
			assert_int_not_equal(f.out[k].link, i);
		f.now += 2 * GW_RELAY_ECHO;
	}
}

static void
B3_what_is_said_now_and_then_passes_each_time(void **state)
{
	(void)state;
	relay_open(&f, "9000");
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(relay_hear(&f, 0, HOST, ALL, "beacon"),
		    GW_RELAY_FATE_CARRIED);
		assert_int_equal(f.count, 2);
		f.now += 10 * GW_SEC;
	}
}

static void
B3_an_echo_is_dropped_where_it_was_sent(void **state)
{
	(void)state;
	relay_open(&f, "9000");
	relay_hear(&f, 0, HOST, ALL, "beacon");
	/* Another relay, in its own name. */
	assert_int_equal(
	    relay_hear(&f, 1, relay_at("10.0.2.7", 999), ALL, "beacon"),
	    GW_RELAY_FATE_ECHO);
	assert_int_equal(relay_fate_count(&f, 1, GW_RELAY_FATE_ECHO), 1);
	/* Something else from there is none. */
	assert_int_equal(
	    relay_hear(&f, 1, relay_at("10.0.2.7", 999), ALL, "other"),
	    GW_RELAY_FATE_CARRIED);
	f.now += GW_RELAY_ECHO;
	assert_int_equal(
	    relay_hear(&f, 1, relay_at("10.0.2.7", 999), ALL, "beacon"),
	    GW_RELAY_FATE_CARRIED);
}

static void
B3_a_program_that_repeats_its_beacon_passes(void **state)
{
	(void)state;
	relay_open(&f, "9000");
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(relay_hear(&f, 0, HOST, ALL, "beacon"),
		    GW_RELAY_FATE_CARRIED);
		f.now += GW_SEC;
	}
}

static void
B3_what_goes_in_circles_elsewhere_dies_here(void **state)
{
	unsigned carried = 0;

	(void)state;
	relay_open(&f, "9000");
	for (unsigned i = 0; i < 1000; i++) {
		carried += relay_hear(&f, 0, HOST, ALL, "round") ==
			   GW_RELAY_FATE_CARRIED;
		f.now += 10;
	}
	assert_int_equal(carried, GW_RELAY_REPEATS);
}

static void
B3_what_this_machine_sends_is_not_carried(void **state)
{
	(void)state;
	relay_open(&f, "9000 9001?source=10.7.7.7");
	assert_int_equal(
	    relay_hear(&f, 0, relay_at("10.0.1.1", 4000), ALL, "x"),
	    GW_RELAY_FATE_OWN);
	assert_int_equal(
	    relay_hear(&f, 1, relay_at("10.0.1.1", 4000), ALL, "x"),
	    GW_RELAY_FATE_OWN);
	assert_int_equal(relay_hear(&f, 1, relay_at("10.7.7.7", 4000),
			     relay_at("255.255.255.255", 9001), "x"),
	    GW_RELAY_FATE_OWN);
}

static void
B3_with_the_source_kept_others_may_say_the_same(void **state)
{
	(void)state;
	relay_open(&f, "9000?source=keep");
	relay_hear(&f, 0, HOST, ALL, "who is there?");
	assert_int_equal(
	    relay_hear(&f, 1, HOST, ALL, "who is there?"), GW_RELAY_FATE_ECHO);
	assert_int_equal(
	    relay_hear(&f, 1, relay_at("10.0.2.9", 4000), ALL, "who is there?"),
	    GW_RELAY_FATE_CARRIED);
}

static void
B3_ttl_stays_as_it_is(void **state)
{
	struct gw_relay_arrival a = { .from = relay_at("10.0.1.9", 5353),
		.to = relay_at("224.0.0.251", 5353),
		.cast = GW_CAST_GROUP,
		.data = gw_slice_str("mdns") };
	struct gw_relay_emission out;
	static const uint8_t hops[] = { 255, 1 };

	(void)state;
	relay_open(&f, "mdns");
	for (size_t i = 0; i < 2; i++) {
		a.hops = hops[i];
		assert_int_equal(gw_relay_engine_input(f.e, 0, &a, f.now),
		    GW_RELAY_FATE_CARRIED);
		while (gw_relay_engine_output(f.e, &out))
			assert_int_equal(out.hops, hops[i]);
	}
}

/* As others say the same many times. */
static unsigned
storm(unsigned n)
{
	unsigned echoes = 0;

	for (unsigned i = 0; i < n; i++)
		echoes += relay_hear(&f, 1, relay_at("10.0.2.7", 999), ALL,
			      "beacon") == GW_RELAY_FATE_ECHO;
	return echoes;
}

static void
B4_a_storm_trips_the_rule_there_and_it_recovers_by_itself(void **state)
{
	struct gw_relay_news news;

	(void)state;
	relay_open(&f, "9000");
	relay_hear(&f, 0, HOST, ALL, "beacon");
	assert_false(gw_relay_engine_news(f.e, &news));
	assert_int_equal(storm(1000), GW_RELAY_STORM + GW_RELAY_BESIDE);
	assert_true(gw_relay_engine_news(f.e, &news));
	assert_int_equal(news.kind, GW_RELAY_NEWS_STORM);
	assert_int_equal(news.rule, 0);
	assert_int_equal(news.link, 1);
	assert_int_equal(news.pause, GW_RELAY_PAUSE);
	assert_false(gw_relay_engine_news(f.e, &news));
	assert_true(gw_relay_engine_is_tripped(f.e, 0, 1));
	assert_int_equal(
	    relay_hear(&f, 1, relay_at("10.0.2.9", 4000), ALL, "else"),
	    GW_RELAY_FATE_TRIPPED);
	/* The other interfaces go on. */
	assert_int_equal(
	    relay_hear(&f, 0, HOST, ALL, "else"), GW_RELAY_FATE_CARRIED);

	f.now = gw_relay_engine_deadline(f.e);
	assert_true(f.now <= 1000 * GW_SEC + GW_RELAY_PAUSE);
	f.now = 1000 * GW_SEC + GW_RELAY_PAUSE;
	gw_relay_engine_tick(f.e, f.now);
	do
		assert_true(gw_relay_engine_news(f.e, &news));
	while (news.kind == GW_RELAY_NEWS_CLOSE);
	assert_int_equal(news.kind, GW_RELAY_NEWS_CALM);
	assert_int_equal(news.link, 1);
	assert_int_equal(
	    relay_hear(&f, 1, relay_at("10.0.2.9", 4000), ALL, "else now"),
	    GW_RELAY_FATE_CARRIED);
}

static void
B4_the_rate_is_of_one_rule_and_interface(void **state)
{
	char data[16];
	unsigned carried = 0;

	(void)state;
	relay_open(&f, "9000?rate=20 9001");
	for (unsigned i = 0; i < 100; i++) {
		snprintf(data, sizeof data, "%u", i);
		carried +=
		    relay_hear(&f, 0, HOST, ALL, data) == GW_RELAY_FATE_CARRIED;
	}
	assert_int_equal(carried, 20);
	assert_int_equal(relay_fate_count(&f, 0, GW_RELAY_FATE_RATE), 80);
	assert_int_equal(relay_hear(&f, 1, relay_at("10.0.2.9", 1), ALL, "x"),
	    GW_RELAY_FATE_CARRIED);
	assert_int_equal(
	    relay_hear(&f, 0, HOST, relay_at("255.255.255.255", 9001), "x"),
	    GW_RELAY_FATE_CARRIED);
}

static void
B7_direction_and_networks_decide(void **state)
{
	(void)state;
	relay_open(&f, "9000?from=eth0&allow=10.0.1.0/24&deny=10.0.1.66");
	assert_int_equal(
	    relay_hear(&f, 0, HOST, ALL, "x"), GW_RELAY_FATE_CARRIED);
	assert_int_equal(relay_hear(&f, 1, relay_at("10.0.1.8", 1), ALL, "y"),
	    GW_RELAY_FATE_DIRECTION);
	assert_int_equal(
	    relay_hear(&f, 0, relay_at("10.0.1.66", 4000), ALL, "x"),
	    GW_RELAY_FATE_DENIED);
	assert_int_equal(
	    relay_hear(&f, 0, relay_at("10.0.2.9", 4000), ALL, "x"),
	    GW_RELAY_FATE_DENIED);
}

static void
B7_rules_are_told_apart_by_port_and_interfaces(void **state)
{
	struct gw_relay_arrival a = { .to = ALL, .cast = GW_CAST_BROADCAST };

	(void)state;
	relay_open(&f, "9000?between=eth0,eth1 9000?between=eth2,eth3 9001");
	assert_int_equal(gw_relay_engine_find(f.e, &a), 0);
	a.link = 2;
	assert_int_equal(gw_relay_engine_find(f.e, &a), 1);
	a.to.port = 9001;
	assert_int_equal(gw_relay_engine_find(f.e, &a), 2);
	a.to.port = 9002;
	assert_int_equal(gw_relay_engine_find(f.e, &a), 3);
}

static void
B8_interfaces_come_and_go(void **state)
{
	struct gw_relay_link l = relay_link(1), gone = { .up = false };

	(void)state;
	relay_open(&f, "9000?between=eth0,eth1");
	gw_relay_engine_link(f.e, 1, &gone);
	assert_int_equal(
	    relay_hear(&f, 0, HOST, ALL, "x"), GW_RELAY_FATE_NO_WAY);
	l.index = 77;
	l.addrs[0].broadcast = relay_at("10.0.2.127", 0);
	gw_relay_engine_link(f.e, 1, &l);
	assert_int_equal(
	    relay_hear(&f, 0, HOST, relay_at("10.0.1.255", 9000), "x"),
	    GW_RELAY_FATE_CARRIED);
	relay_is(&f.out[0].to, "10.0.2.127", 9000);
}

static struct gw_slice
beacon(enum gw_beacon_kind kind, uint16_t port)
{
	static uint8_t bytes[GW_BEACON_LEN];
	struct gw_beacon b = { .kind = kind,
		.ask = kind == GW_BEACON_QUESTION ? GW_ASK_EVERYBODY
						  : GW_ASK_NOTHING,
		.run = { 1 },
		.receives = kind == GW_BEACON_HERE,
		.nonce = kind == GW_BEACON_QUESTION ? 7 : 0,
		.port = port,
		.name = "kitchen" };

	if (kind == GW_BEACON_QUESTION)
		b.name[0] = '\0';
	gw_beacon_encode(&b, bytes);
	return gw_slice(bytes, sizeof bytes);
}

static enum gw_relay_fate
hear_beacon(unsigned link, const char *from, struct gw_slice data)
{
	struct gw_relay_arrival a = { .link = link,
		.from = relay_at(from, 40000),
		.to = relay_at("255.255.255.255", GW_BEACON_PORT),
		.cast = GW_CAST_BROADCAST,
		.data = data };
	enum gw_relay_fate fate = gw_relay_engine_input(f.e, 0, &a, f.now);
	struct gw_relay_emission out;

	while (gw_relay_engine_output(f.e, &out))
		;
	return fate;
}

static void
B3_beacons_with_another_port_are_echoes_as_well(void **state)
{
	(void)state;
	relay_open(&f, "godwit");
	assert_int_equal(
	    hear_beacon(0, "10.0.1.9", beacon(GW_BEACON_HERE, 4639)),
	    GW_RELAY_FATE_CARRIED);
	/* Another relay has put its own port there. */
	assert_int_equal(
	    hear_beacon(1, "10.0.2.7", beacon(GW_BEACON_HERE, 50001)),
	    GW_RELAY_FATE_ECHO);
	assert_int_equal(
	    hear_beacon(0, "10.0.1.9", beacon(GW_BEACON_QUESTION, 0)),
	    GW_RELAY_FATE_CARRIED);
}

static void
at_the_port_of_beacons_nothing_else_is_carried(void **state)
{
	struct gw_slice cut = beacon(GW_BEACON_HERE, 4639);

	(void)state;
	relay_open(&f, "godwit");
	cut.n--;
	assert_int_equal(
	    hear_beacon(0, "10.0.1.9", cut), GW_RELAY_FATE_NO_BEACON);
	assert_int_equal(hear_beacon(0, "10.0.1.9", gw_slice_str("x")),
	    GW_RELAY_FATE_NO_BEACON);
}

/* Whoever forges a source would have this machine lead others to any host. */
static void
no_beacon_leads_to_who_is_not_on_the_interface(void **state)
{
	struct gw_relay_arrival a = { .link = 1,
		.from = relay_at("192.0.2.1", 4638),
		.to = relay_at("10.0.2.1", 40000),
		.cast = GW_CAST_HOST };
	struct gw_relay_emission out;

	(void)state;
	relay_open(&f, "godwit");
	assert_int_equal(
	    hear_beacon(0, "192.0.2.1", beacon(GW_BEACON_HERE, 4639)),
	    GW_RELAY_FATE_ELSEWHERE);
	assert_int_equal(
	    hear_beacon(0, "10.0.1.9", beacon(GW_BEACON_QUESTION, 0)),
	    GW_RELAY_FATE_CARRIED);
	a.data = beacon(GW_BEACON_HERE, 4639);
	assert_int_equal(
	    gw_relay_engine_answer(f.e, 0, &a, f.now), GW_RELAY_FATE_ELSEWHERE);
	a.from = relay_at("10.0.2.7", 4638);
	assert_int_equal(
	    gw_relay_engine_answer(f.e, 0, &a, f.now), GW_RELAY_FATE_CARRIED);
	while (gw_relay_engine_output(f.e, &out))
		;
}

static void
without_memory_there_is_no_engine(void **state)
{
	struct gw_relay_engine *e;

	(void)state;
	relay_open(&f, "9000");
	for (long n = 0; n < 2; n++) {
		test_fail_alloc(n);
		assert_int_equal(gw_relay_engine_new(
				     f.set.rules, 1, &relay_random, f.now, &e),
		    GW_E_MEMORY);
	}
	test_fail_alloc(-1);
}

static void
every_datagram_is_counted_once(void **state)
{
	const struct gw_relay_counts *n;
	uint64_t sum = 0;

	(void)state;
	relay_open(&f, "9000?rate=30");
	for (unsigned i = 0; i < 100; i++) {
		relay_hear(&f, 0, HOST, ALL, i % 3 == 0 ? "a" : "b");
		relay_hear(&f, 0, HOST, relay_at("10.0.1.1", 9000), "u");
		relay_hear(&f, 0, relay_at("10.0.1.9", 0), ALL, "p");
	}
	n = gw_relay_engine_counts(f.e, 0, 0);
	for (unsigned i = 0; i < GW_RELAY_FATE_COUNT; i++)
		sum += n->fates[i];
	assert_int_equal(n->heard, 300);
	assert_int_equal(sum, 300);
	assert_int_equal(n->fates[GW_RELAY_FATE_NO_PORT], 100);
	assert_int_equal(gw_relay_engine_counts(f.e, 0, 1)->sent,
	    n->fates[GW_RELAY_FATE_CARRIED]);
	assert_int_equal(gw_relay_engine_counts(f.e, 0, 1)->bytes,
	    n->fates[GW_RELAY_FATE_CARRIED]);
	for (unsigned i = 0; i < GW_RELAY_FATE_COUNT; i++)
		assert_true(gw_relay_fate_text(i)[0] != '\0');
}

#define CASE(c) cmocka_unit_test_teardown(c, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(B1_unicast_is_never_carried),
		CASE(B1_only_the_groups_that_a_rule_names),
		CASE(B3_never_back_to_where_it_came_from),
		CASE(B3_what_is_said_now_and_then_passes_each_time),
		CASE(B3_an_echo_is_dropped_where_it_was_sent),
		CASE(B3_a_program_that_repeats_its_beacon_passes),
		CASE(B3_what_goes_in_circles_elsewhere_dies_here),
		CASE(B3_what_this_machine_sends_is_not_carried),
		CASE(B3_with_the_source_kept_others_may_say_the_same),
		CASE(B3_ttl_stays_as_it_is),
		CASE(B4_a_storm_trips_the_rule_there_and_it_recovers_by_itself),
		CASE(B4_the_rate_is_of_one_rule_and_interface),
		CASE(B7_direction_and_networks_decide),
		CASE(B7_rules_are_told_apart_by_port_and_interfaces),
		CASE(B8_interfaces_come_and_go),
		CASE(B3_beacons_with_another_port_are_echoes_as_well),
		CASE(at_the_port_of_beacons_nothing_else_is_carried),
		CASE(no_beacon_leads_to_who_is_not_on_the_interface),
		CASE(without_memory_there_is_no_engine),
		CASE(every_datagram_is_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
