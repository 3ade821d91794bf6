/* Relays of several sites: B3's end, and B6 through them. */
#include <stdio.h>
#include <string.h>

#include "relay_fixture.h"

enum { SITES = 6, LINKS = 2, ETH = LINKS, QUEUE = 256 };

struct site {
	struct gw_relay_ruleset set;
	struct gw_relay_engine *e;
	/* Where its links lead: a site and that one's link; -1: nowhere. */
	int to[LINKS], their[LINKS];
	unsigned heard; /* what left by its interface */
	struct gw_relay_emission last;
	uint64_t fates[GW_RELAY_FATE_COUNT]; /* of what came */
};

struct flight {
	int site, link;
	struct gw_relay_emission out;
};

static struct site sites[SITES];
static struct flight queue[QUEUE];
static size_t first, count;
static bool newest_first; /* what left last arrives first */
static gw_usec now;

static void
fill(void *arg, void *out, size_t n)
{
	memset(out, *(uint8_t *)arg, n);
}

static void
make(struct site *s, const char *rule)
{
	static uint8_t letter = 'a';
	struct gw_random random = { .fill = fill, .arg = &letter };
	struct gw_relay_word between = { "between", "eth0" };
	struct gw_relay_link l = relay_link(0), far = { .remote = true };
	char why[GW_RELAY_WHY];

	memset(s, 0, sizeof *s);
	assert_true(gw_relay_ruleset_add_site(&s->set, "left", why));
	assert_true(gw_relay_ruleset_add_site(&s->set, "right", why));
	if (!gw_relay_ruleset_add(&s->set, rule, &between, 1, why))
		fail_msg("%s", why);
	assert_int_equal(gw_relay_engine_new(
			     s->set.rules, s->set.count, &random, now, &s->e),
	    GW_OK);
	letter++;
	/* All have the same addresses: it must be no matter. */
	gw_relay_engine_link(s->e, ETH, &l);
	for (unsigned i = 0; i < LINKS; i++) {
		gw_relay_engine_link(s->e, i, &far);
		s->to[i] = -1;
	}
}

static void
join(int a, int b)
{
	struct gw_relay_link far = { .up = true, .remote = true };

	sites[a].to[1] = b;
	sites[a].their[1] = 0;
	sites[b].to[0] = a;
	sites[b].their[0] = 1;
	gw_relay_engine_link(sites[a].e, 1, &far);
	gw_relay_engine_link(sites[b].e, 0, &far);
}

/* n sites in a row, or in a ring. */
static void
begin(int n, bool ring, const char *rule)
{
	now = 1000 * GW_SEC;
	first = count = 0;
	newest_first = false;
	for (int i = 0; i < n; i++)
		make(&sites[i], rule);
	for (int i = 0; i + 1 < n; i++)
		join(i, i + 1);
	if (ring)
		join(n - 1, 0);
}

static int
tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < SITES; i++) {
		gw_relay_engine_free(sites[i].e);
		sites[i].e = NULL;
	}
	return 0;
}

static void
pull(struct site *s)
{
	struct gw_relay_emission out;

	while (gw_relay_engine_output(s->e, &out)) {
		gw_relay_engine_sent(s->e, &out, GW_RELAY_FATE_CARRIED);
		if (out.link == ETH) {
			s->heard++;
			s->last = out;
			continue;
		}
		assert_int_equal(out.via, GW_RELAY_VIA_SITE);
		assert_true(first + count < QUEUE);
		queue[first + count++] =
		    (struct flight){ s->to[out.link], s->their[out.link], out };
	}
}

static enum gw_relay_fate
arrive(struct site *s, const struct flight *f)
{
	const struct gw_relay_emission *o = &f->out;
	struct gw_relay_arrival a = { .link = (unsigned)f->link,
		.from = o->from,
		.to = o->to,
		.hops = o->hops,
		.data = o->data,
		.sites = o->sites,
		.number = o->number,
		.question = o->question };
	enum gw_relay_fate fate;
	size_t rule;

	a.cast = o->answer  ? GW_CAST_HOST
		 : o->group ? GW_CAST_GROUP
			    : GW_CAST_BROADCAST;
	memcpy(a.origin, o->origin, sizeof a.origin);
	if (o->answer)
		fate = gw_relay_engine_site_answer(s->e, &a, now);
	else {
		rule = gw_relay_engine_find(s->e, &a);
		fate = rule == s->set.count ? GW_RELAY_FATE_NO_RULE
					    : gw_relay_engine_input(s->e,
						  (unsigned)rule, &a, now);
	}
	s->fates[fate]++;
	pull(s);
	return fate;
}

/* Until nothing is under way any more. */
static void
settle(void)
{
	while (count > 0) {
		struct flight f;

		if (newest_first)
			f = queue[first + --count];
		else {
			f = queue[first++];
			count--;
		}
		arrive(&sites[f.site], &f);
	}
	first = 0;
}

static enum gw_relay_fate
say(int site, const char *from, const char *to, uint16_t port, const char *data)
{
	struct gw_relay_arrival a = { .link = ETH,
		.from = relay_at(from, 4000),
		.to = relay_at(to, port),
		.hops = 255,
		.data = gw_slice_str(data) };
	enum gw_relay_fate fate;

	a.cast = strncmp(to, "239", 3) == 0 ? GW_CAST_GROUP : GW_CAST_BROADCAST;
	fate = gw_relay_engine_input(sites[site].e, 0, &a, now);
	pull(&sites[site]);
	settle();
	return fate;
}

static void
B3_what_is_said_at_one_site_is_heard_at_the_other(void **state)
{
	(void)state;
	begin(2, false, "9000");
	assert_int_equal(
	    say(0, "10.0.1.9", "10.0.1.255", 9000, "x"), GW_RELAY_FATE_CARRIED);
	assert_int_equal(sites[0].heard, 0);
	assert_int_equal(sites[1].heard, 1);
	relay_is(&sites[1].last.to, "10.0.1.255", 9000);
	relay_is(&sites[1].last.from, "10.0.1.1", 0);
	assert_int_equal(sites[1].last.hops, 255);
	say(0, "10.0.1.7", "255.255.255.255", 9000, "y");
	assert_int_equal(sites[1].heard, 2);
	relay_is(&sites[1].last.to, "255.255.255.255", 9000);
}

static void
B5_the_receiving_site_says_who_seems_to_send_it(void **state)
{
	(void)state;
	begin(2, false, "9000?source=keep");
	say(0, "10.9.9.9", "10.0.1.255", 9000, "x");
	assert_int_equal(sites[1].last.via, GW_RELAY_VIA_RAW);
	relay_is(&sites[1].last.from, "10.9.9.9", 4000);
}

static void
B3_a_ring_of_three_hears_each_datagram_once(void **state)
{
	static const char *const beacons[] = { "a", "b", "c" };

	(void)state;
	begin(3, true, "9000");
	for (unsigned i = 1; i <= 200; i++) {
		/* The same each time: programs that repeat themselves. */
		newest_first = i % 2 == 0;
		say((int)(i % 3), "10.0.1.9", "10.0.1.255", 9000,
		    beacons[i % 3]);
		now += GW_SEC / 2;
		assert_int_equal(
		    sites[0].heard + sites[1].heard + sites[2].heard, 2 * i);
	}
	assert_true(sites[0].fates[GW_RELAY_FATE_SEEN] > 0);
	assert_int_equal(sites[0].fates[GW_RELAY_FATE_ECHO], 0);
}

static void
B3_four_sessions_and_no_more(void **state)
{
	(void)state;
	begin(6, false, "9000");
	say(0, "10.0.1.9", "10.0.1.255", 9000, "x");
	for (int i = 1; i <= GW_RELAY_SITES; i++)
		assert_int_equal(sites[i].heard, 1);
	assert_int_equal(sites[5].heard, 0);
}

static void
B3_the_same_number_does_not_count_twice(void **state)
{
	struct flight f;

	(void)state;
	begin(2, false, "9000");
	say(0, "10.0.1.9", "10.0.1.255", 9000, "x");
	f = queue[0];
	assert_int_equal(arrive(&sites[1], &f), GW_RELAY_FATE_SEEN);
	now += 10 * GW_SEC;
	assert_int_equal(arrive(&sites[1], &f), GW_RELAY_FATE_SEEN);
	/* Nor does what this relay has heard first itself. */
	memcpy(f.out.origin, gw_relay_engine_origin(sites[1].e),
	    sizeof f.out.origin);
	f.out.number = 4711;
	assert_int_equal(arrive(&sites[1], &f), GW_RELAY_FATE_SEEN);
	f.out.number = 4712;
	/* An address of ours may be another site's as well. */
	f.out.from = relay_at("10.0.1.1", 4000);
	memset(f.out.origin, 'z', sizeof f.out.origin);
	assert_int_equal(arrive(&sites[1], &f), GW_RELAY_FATE_CARRIED);
	assert_int_equal(sites[1].heard, 2);
}

static void
B3_no_site_silences_another(void **state)
{
	static const uint64_t numbers[] = { 2, 1000, UINT64_MAX };
	struct flight f;

	(void)state;
	begin(3, false, "9000");
	say(0, "10.0.1.9", "10.0.1.255", 9000, "x");
	/* The last one speaks in the name of the first one. */
	f = queue[0];
	f.site = 1;
	f.link = 1;
	for (unsigned i = 0; i < 3; i++) {
		f.out.number = numbers[i];
		f.out.data = gw_slice_str(i == 0 ? "a" : i == 1 ? "b" : "c");
		assert_int_equal(arrive(&sites[1], &f), GW_RELAY_FATE_CARRIED);
		count = 0;
	}
	assert_int_equal(sites[1].heard, 4);
	say(0, "10.0.1.9", "10.0.1.255", 9000, "y");
	assert_int_equal(sites[1].heard, 5);
	say(0, "10.0.1.9", "10.0.1.255", 9000, "z");
	assert_int_equal(sites[1].heard, 6);
}

static void
B3_two_relays_of_one_site_are_not_heard_twice(void **state)
{
	struct flight f;

	(void)state;
	begin(3, false, "9000"); /* 0 and 2 are at the same site */
	say(0, "10.0.1.9", "10.0.1.255", 9000, "x");
	f = queue[0];
	f.link = 1;
	memset(f.out.origin, 'z', sizeof f.out.origin);
	assert_int_equal(sites[1].heard, 1);
	arrive(&sites[1], &f);
	assert_int_equal(sites[1].heard, 1);
}

static void
what_the_rules_here_do_not_name_is_refused(void **state)
{
	(void)state;
	begin(2, false, "9000");
	gw_relay_engine_free(sites[1].e);
	make(&sites[1], "9001?group=239.1.2.3");
	join(0, 1);
	say(0, "10.0.1.9", "10.0.1.255", 9000, "x");
	assert_int_equal(sites[1].fates[GW_RELAY_FATE_NO_RULE], 1);
	assert_int_equal(sites[1].heard, 0);
	tear_down(NULL);
	begin(2, false, "9000?deny=10.0.1.9");
	sites[0].set.rules[0].deny.count = 0;
	assert_int_equal(
	    say(0, "10.0.1.9", "10.0.1.255", 9000, "x"), GW_RELAY_FATE_DENIED);
}

static void
a_site_that_is_not_in_from_is_not_heard(void **state)
{
	(void)state;
	begin(2, false, "9000?from=eth0");
	say(0, "10.0.1.9", "10.0.1.255", 9000, "x");
	assert_int_equal(sites[1].fates[GW_RELAY_FATE_DIRECTION], 1);
	tear_down(NULL);
	begin(2, false, "9000?from=@left,@right");
	assert_int_equal(say(0, "10.0.1.9", "10.0.1.255", 9000, "x"),
	    GW_RELAY_FATE_DIRECTION);
}

static void
B4_a_site_has_a_rate_like_an_interface(void **state)
{
	char text[16];

	(void)state;
	begin(2, false, "9000?rate=10");
	for (unsigned i = 0; i < 30; i++) {
		struct flight f = { 0 };

		snprintf(text, sizeof text, "%u", i);
		f.out.from = relay_at("10.0.1.9", 4000);
		f.out.to = relay_at("10.0.1.255", 9000);
		f.out.data = gw_slice_str(text);
		f.out.sites = 1;
		f.out.number = i;
		arrive(&sites[1], &f);
	}
	assert_int_equal(sites[1].heard, 10);
	assert_int_equal(sites[1].fates[GW_RELAY_FATE_RATE], 20);
}

static void
what_was_too_long_on_the_way_is_dropped(void **state)
{
	struct gw_relay_arrival a = { .from = relay_at("10.0.1.9", 4000),
		.to = relay_at("10.0.1.255", 9000),
		.cast = GW_CAST_BROADCAST,
		.sites = 1,
		.data = gw_slice_str("x"),
		.late = true };

	(void)state;
	begin(2, false, "9000");
	assert_int_equal(
	    gw_relay_engine_input(sites[1].e, 0, &a, now), GW_RELAY_FATE_LATE);
}

/* The last site answers what came there. */
static enum gw_relay_fate
answer(int site)
{
	struct gw_relay_arrival a = { .link = ETH,
		.from = relay_at("10.0.1.77", 1900),
		.cast = GW_CAST_HOST,
		.data = gw_slice_str("here") };
	enum gw_relay_fate fate = gw_relay_engine_answer(
	    sites[site].e, sites[site].last.held, &a, now);

	pull(&sites[site]);
	settle();
	return fate;
}

static void
B6_an_answer_goes_back_through_all_sites_to_who_asked(void **state)
{
	(void)state;
	begin(3, false, "9000");
	say(0, "10.0.1.9", "10.0.1.255", 9000, "where?");
	assert_int_equal(answer(2), GW_RELAY_FATE_CARRIED);
	assert_int_equal(sites[0].heard, 1);
	assert_true(sites[0].last.answer);
	assert_int_equal(sites[0].last.via, GW_RELAY_VIA_HELD);
	relay_is(&sites[0].last.to, "10.0.1.9", 4000);
	relay_is(&sites[0].last.from, "10.0.1.1", 0);
	/* On the way there nobody else hears of it. */
	assert_int_equal(sites[1].heard, 1);
	now += GW_RELAY_REPLIES + GW_SEC;
	assert_int_equal(answer(2), GW_RELAY_FATE_STALE);
}

static void
B6_nobody_gets_an_answer_who_has_not_asked_there(void **state)
{
	struct flight f = { .link = 1, .out = { .answer = true } };

	(void)state;
	begin(3, false, "9000");
	say(1, "10.0.1.9", "10.0.1.255", 9000, "where?");
	f.out.question = 4711;
	assert_int_equal(arrive(&sites[1], &f), GW_RELAY_FATE_STALE);
	f.out.question = 0;
	assert_int_equal(arrive(&sites[1], &f), GW_RELAY_FATE_STALE);
	/* A question that did not go by that link. */
	tear_down(NULL);
	begin(2, false, "9000");
	say(0, "10.0.1.9", "10.0.1.255", 9000, "where?");
	f.out.question = queue[0].out.question;
	f.link = 0;
	assert_int_equal(arrive(&sites[0], &f), GW_RELAY_FATE_STALE);
	f.link = 1;
	assert_int_equal(arrive(&sites[0], &f), GW_RELAY_FATE_CARRIED);
	assert_int_equal(sites[0].heard, 1);
}

static void
names_of_sites_stand_in_rules(void **state)
{
	struct gw_relay_ruleset s = { .count = 0 };
	struct gw_relay_word between = { "between", "eth0" };
	char why[GW_RELAY_WHY], text[GW_RELAY_TEXT], again[GW_RELAY_TEXT];

	(void)state;
	assert_true(gw_relay_ruleset_add_site(&s, "attic", why));
	assert_true(gw_relay_ruleset_add_site(&s, "cellar", why));
	assert_false(gw_relay_ruleset_add_site(&s, "attic", why));
	assert_non_null(strstr(why, "twice"));
	assert_false(gw_relay_ruleset_add_site(&s, "my pc", why));
	assert_non_null(strstr(why, "devices rename"));
	assert_true(gw_relay_ruleset_add(&s, "9000", &between, 1, why));
	assert_true(gw_relay_ruleset_add(
	    &s, "9001?between=eth0,@cellar&from=eth0", NULL, 0, why));
	gw_relay_rule_text(&s, 0, text);
	assert_string_equal(
	    text, "9000?between=@attic,@cellar,eth0&source=interface");
	gw_relay_rule_text(&s, 1, text);
	assert_string_equal(
	    text, "9001?between=@cellar,eth0&from=eth0&source=interface");
	s.count = 0;
	assert_true(gw_relay_ruleset_add(&s, text, NULL, 0, why));
	gw_relay_rule_text(&s, 0, again);
	assert_string_equal(again, text);
	assert_false(
	    gw_relay_ruleset_add(&s, "9002?between=eth0,@roof", NULL, 0, why));
	assert_non_null(strstr(why, "--via"));
	assert_false(gw_relay_ruleset_add(&s, "godwit", &between, 1, why));
	assert_non_null(strstr(why, "does not go to another site"));
	assert_false(gw_relay_ruleset_add_peers(&s, "@attic=10.0.0.1", why));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(B3_what_is_said_at_one_site_is_heard_at_the_other),
		CASE(B5_the_receiving_site_says_who_seems_to_send_it),
		CASE(B3_a_ring_of_three_hears_each_datagram_once),
		CASE(B3_four_sessions_and_no_more),
		CASE(B3_the_same_number_does_not_count_twice),
		CASE(B3_no_site_silences_another),
		CASE(B3_two_relays_of_one_site_are_not_heard_twice),
		CASE(what_the_rules_here_do_not_name_is_refused),
		CASE(a_site_that_is_not_in_from_is_not_heard),
		CASE(B4_a_site_has_a_rate_like_an_interface),
		CASE(what_was_too_long_on_the_way_is_dropped),
		CASE(B6_an_answer_goes_back_through_all_sites_to_who_asked),
		CASE(B6_nobody_gets_an_answer_who_has_not_asked_there),
		CASE(names_of_sites_stand_in_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
