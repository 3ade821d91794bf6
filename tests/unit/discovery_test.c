#include "discovery/discovery.h"

#include <string.h>

#include "alloc.h"
#include "discovery_bed.h"

static struct bed bed;

static int
setup(void **state)
{
	(void)state;
	bed_init(&bed, 3);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bed_fini(&bed);
	return 0;
}

static void
who_asks_finds_who_waits(void **state)
{
	struct gw_spot spot = bed_spot(1);
	const struct gw_roster_entry *e = &bed.view[0].last;

	(void)state;
	bed_announce(&bed, 1, 0, false);
	bed_seek(&bed, 0, GW_ASK_EVERYBODY);
	bed_run(&bed, 60 * GW_MSEC);
	assert_int_equal(bed.view[0].there, 1);
	assert_string_equal(e->name, "dev1");
	assert_int_equal(e->port, 4639);
	assert_true(e->receives);
	assert_false(e->sends);
	assert_true(e->answered);
	assert_int_equal(e->known, GW_NOT_KNOWN);
	assert_int_equal(e->spot_count, 1);
	assert_memory_equal(e->spots[0].ip, spot.ip, 16);
	assert_int_equal(e->spots[0].interface, spot.interface);
	assert_memory_equal(e->run, gw_discovery_run(bed.d[1]), 16);
	/* Who neither asks nor waits has said and heard nothing. */
	assert_int_equal(bed.view[2].there, 0);
	assert_int_equal(bed.sent, bed.sent_to_all + 1);
}

static void
a_number_is_told_to_those_who_ask_for_it(void **state)
{
	struct gw_question q = { .ask = GW_ASK_NUMBER, .number = 7 };

	(void)state;
	bed_announce(&bed, 1, 7, false);
	bed_announce(&bed, 2, 8, false);
	bed_seek(&bed, 0, GW_ASK_EVERYBODY);
	bed_run(&bed, GW_SEC);
	assert_int_equal(bed.view[0].there, 2);
	assert_int_equal(bed.view[0].numbered, 0);
	memset(&bed.view[0], 0, sizeof bed.view[0]);
	gw_discovery_seek(bed.d[0], &q, bed.now);
	bed_run(&bed, GW_SEC);
	assert_int_equal(bed.view[0].there, 1);
	assert_int_equal(bed.view[0].last.number, 7);
	assert_string_equal(bed.view[0].last.name, "dev1");
	assert_true(bed.view[0].last.sends);
}

static void
two_with_one_number_are_both_found(void **state)
{
	struct gw_question q = { .ask = GW_ASK_NUMBER, .number = 7 };

	(void)state;
	bed_announce(&bed, 1, 7, false);
	bed_announce(&bed, 2, 7, false);
	gw_discovery_seek(bed.d[0], &q, bed.now);
	bed_run(&bed, 60 * GW_MSEC);
	assert_int_equal(bed.view[0].there, 2);
}

static void
a_name_is_found_whatever_its_case(void **state)
{
	struct gw_question q = { .ask = GW_ASK_NAME, .name = "DEV2" };

	(void)state;
	bed_announce(&bed, 1, 0, true);
	bed_announce(&bed, 2, 0, true);
	gw_discovery_seek(bed.d[0], &q, bed.now);
	bed_run(&bed, 2 * GW_SEC);
	assert_int_equal(bed.view[0].there, 1);
	assert_string_equal(bed.view[0].last.name, "dev2");
}

static void
who_waits_for_whoever_comes_is_heard_unasked(void **state)
{
	(void)state;
	bed_seek(&bed, 0, GW_ASK_EVERYBODY);
	bed_run(&bed, 10 * GW_SEC);
	assert_int_equal(bed.view[0].there, 0);
	bed_announce(&bed, 1, 0, true);
	bed_run(&bed, 51 * GW_MSEC);
	assert_int_equal(bed.view[0].there, 1);
	assert_false(bed.view[0].last.answered);
	/* Nobody asks any more: one beacon every half a minute. */
	gw_discovery_seek(bed.d[0], NULL, bed.now);
	bed_run(&bed, 5 * GW_SEC);
	bed.sent = 0;
	bed_run(&bed, 3000 * GW_SEC);
	assert_in_range(bed.sent, 95, 105);
}

static void
who_waits_for_one_is_silent_until_asked(void **state)
{
	(void)state;
	bed_announce(&bed, 1, 7, false);
	bed_run(&bed, 1000 * GW_SEC);
	assert_int_equal(bed.sent, 0);
}

static void
one_that_says_farewell_is_gone_at_once(void **state)
{
	(void)state;
	bed_announce(&bed, 1, 0, true);
	bed_seek(&bed, 0, GW_ASK_EVERYBODY);
	bed_run(&bed, GW_SEC);
	gw_discovery_announce(bed.d[1], NULL, bed.now);
	bed_run(&bed, 1);
	assert_int_equal(bed.view[0].there, 0);
	assert_int_equal(bed.view[0].gone, 1);
	bed_run(&bed, 100 * GW_SEC);
	assert_int_equal(bed.view[0].there, 0);
}

static void
one_that_falls_silent_is_gone_after_three_intervals(void **state)
{
	(void)state;
	bed_announce(&bed, 1, 0, true);
	bed_seek(&bed, 0, GW_ASK_EVERYBODY);
	bed_run(&bed, 2 * GW_SEC);
	bed.loss_permille = 1000;
	bed_run(&bed, (GW_BEACON_LIFE - 3) * GW_SEC);
	assert_int_equal(bed.view[0].there, 1);
	bed_run(&bed, 4 * GW_SEC);
	assert_int_equal(bed.view[0].there, 0);
	bed.loss_permille = 0;
	bed_run(&bed, 12 * GW_SEC);
	assert_int_equal(bed.view[0].there, 1);
}

static void
questions_come_often_at_first(void **state)
{
	uint64_t before;

	(void)state;
	bed_seek(&bed, 0, GW_ASK_EVERYBODY);
	bed_run(&bed, GW_SEC);
	assert_in_range(bed.sent, 4, 5); /* 0, 0.1, 0.3, 0.7, 1.5 s ... */
	bed_run(&bed, 59 * GW_SEC);
	assert_in_range(bed.sent, 30, 40);
	bed_run(&bed, 60 * GW_SEC);
	before = bed.sent;
	bed_run(&bed, 1000 * GW_SEC);
	assert_in_range(bed.sent - before, 90, 112);
	/* Another interface: from the beginning. */
	before = bed.sent;
	gw_discovery_again(bed.d[0], bed.now);
	bed_run(&bed, GW_SEC);
	assert_in_range(bed.sent - before, 4, 6);
}

static void
an_interface_that_flaps_makes_no_storm(void **state)
{
	(void)state;
	bed_seek(&bed, 0, GW_ASK_EVERYBODY);
	bed_announce(&bed, 1, 0, true);
	for (unsigned i = 0; i < 1000; i++) {
		gw_discovery_again(bed.d[0], bed.now);
		gw_discovery_again(bed.d[1], bed.now);
		bed_run(&bed, 10 * GW_MSEC);
	}
	/* Ten seconds, with four questions, as many answers and a beacon or
	 * two in each. */
	assert_in_range(bed.sent, 40, 130);
}

static void
a_third_of_all_may_get_lost(void **state)
{
	unsigned late = 0;

	(void)state;
	bed_fini(&bed);
	for (unsigned i = 0; i < 200; i++) {
		bed_init(&bed, 3);
		bed.seed = i;
		bed.loss_permille = 300;
		bed_announce(&bed, 1, 7, false);
		bed_seek(&bed, 0, GW_ASK_EVERYBODY);
		bed_run(&bed, 500 * GW_MSEC);
		late += bed.view[0].there == 0;
		bed_run(&bed, 20 * GW_SEC);
		assert_int_equal(bed.view[0].there, 1);
		bed_fini(&bed);
	}
	assert_true(late < 50);
	bed_init(&bed, 3);
}

static void
fifty_on_one_link_all_see_each_other(void **state)
{
	(void)state;
	bed_fini(&bed);
	bed_init(&bed, 50);
	for (size_t i = 0; i < 50; i++) {
		bed_announce(&bed, i, 0, true);
		bed_seek(&bed, i, GW_ASK_EVERYBODY);
	}
	bed_run(&bed, 60 * GW_MSEC);
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(bed.view[i].there, 49);
	/* What that costs all of them together: a minute of it. */
	bed_run(&bed, 60 * GW_SEC);
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(bed.view[i].there, 49);
}

static void
known_devices_recognise_each_other(void **state)
{
	(void)state;
	bed_make_tags(&bed, 0, 40);
	bed_make_tags(&bed, 1, 40);
	bed_announce(&bed, 1, 7, false);
	bed_announce(&bed, 2, 0, true);
	bed_seek(&bed, 0, GW_ASK_KNOWN);
	bed_run(&bed, 3 * GW_SEC);
	/* Not the stranger, who has been heard as well. */
	assert_int_equal(bed.view[0].there, 1);
	assert_string_equal(bed.view[0].last.name, "dev1");
	assert_true(bed.view[0].last.known >= 0);
}

static void
one_known_device_is_sought_alone(void **state)
{
	struct gw_question q = { .ask = GW_ASK_KNOWN, .known = 39 };

	(void)state;
	bed_make_tags(&bed, 0, 40);
	bed_make_tags(&bed, 1, 40);
	bed_announce(&bed, 1, 0, false);
	gw_discovery_seek(bed.d[0], &q, bed.now);
	bed_run(&bed, 60 * GW_MSEC);
	/* In the first answer, though it has room for less than 40. */
	assert_int_equal(bed.view[0].there, 1);
	assert_int_equal(bed.view[0].last.known, 39);
}

static void
without_tags_nobody_is_asked_whose_they_are(void **state)
{
	(void)state;
	bed_announce(&bed, 1, 0, true);
	bed_seek(&bed, 0, GW_ASK_KNOWN);
	bed_run(&bed, 3 * GW_SEC);
	assert_int_equal(bed.whos, 0);
	assert_int_equal(bed.view[0].there, 0);
}

/* Beacons of who knows 0, 3 and 40 devices look alike. */
static void
tags_do_not_tell_how_many_are_known(void **state)
{
	static const unsigned knows[] = { 0, 3, 40 };
	struct gw_discovery_out out;
	struct gw_beacon b[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		bed_make_tags(&bed, i, knows[i]);
		bed_announce(&bed, i, 0, true);
		assert_true(
		    gw_discovery_output(bed.d[i], &out, bed.now + GW_SEC));
		assert_int_equal(
		    gw_beacon_decode(
			gw_slice(out.data, sizeof out.data), &b[i]),
		    GW_BEACON_OK);
		for (size_t k = 1; k < GW_BEACON_TAGS; k++)
			assert_memory_not_equal(
			    &b[i].tags[k - 1], &b[i].tags[k], 8);
	}
}

/* The tags of a device's next beacon to all. */
static void
next_tags(size_t device, struct gw_tag *out)
{
	struct gw_discovery_out o;
	struct gw_beacon b;

	bed.now += 100 * GW_SEC;
	assert_true(gw_discovery_output(bed.d[device], &o, bed.now));
	assert_int_equal(gw_beacon_decode(gw_slice(o.data, sizeof o.data), &b),
	    GW_BEACON_OK);
	memcpy(out, b.tags, sizeof b.tags);
}

static bool
has(const struct gw_tag *tags, const struct gw_tag *one)
{
	for (size_t i = 0; i < GW_BEACON_TAGS; i++)
		if (memcmp(&tags[i], one, sizeof *one) == 0)
			return true;
	return false;
}

/* Nor what changes from one to the next, and what does not. */
static void
all_tags_last_as_long(void **state)
{
	struct gw_tag one[GW_BEACON_TAGS], two[GW_BEACON_TAGS];

	(void)state;
	bed_make_tags(&bed, 0, 3);
	bed_announce(&bed, 0, 0, true);
	next_tags(0, one);
	next_tags(0, two);
	for (size_t i = 0; i < GW_BEACON_TAGS; i++)
		assert_true(has(two, &one[i]));
	bed_make_tags(&bed, 0, 0); /* another hour */
	next_tags(0, two);
	for (size_t i = 0; i < GW_BEACON_TAGS; i++)
		assert_false(has(two, &one[i]));
}

/* Of an answer to one of them. */
static void
no_tag_comes_twice(void **state)
{
	struct gw_question q = { .ask = GW_ASK_KNOWN, .known = 5 };
	struct gw_discovery_out o;
	struct gw_beacon b;

	(void)state;
	bed_make_tags(&bed, 0, 10);
	bed_make_tags(&bed, 1, 10);
	bed_announce(&bed, 1, 7, false);
	gw_discovery_seek(bed.d[0], &q, bed.now);
	assert_true(gw_discovery_output(bed.d[0], &o, bed.now));
	assert_int_equal(gw_beacon_decode(gw_slice(o.data, sizeof o.data), &b),
	    GW_BEACON_OK);
	bed_give(&bed, 1, &b, &(struct gw_spot){ .interface = 3 }, true);
	bed.now += GW_SEC;
	assert_true(gw_discovery_output(bed.d[1], &o, bed.now));
	assert_false(o.to_all);
	assert_int_equal(gw_beacon_decode(gw_slice(o.data, sizeof o.data), &b),
	    GW_BEACON_OK);
	for (size_t i = 1; i < GW_BEACON_TAGS; i++)
		assert_memory_not_equal(&b.tags[0], &b.tags[i], 8);
}

static void
without_memory_there_is_none(void **state)
{
	const struct gw_tag tag = { { 1 } };
	struct gw_discovery *d;

	(void)state;
	test_fail_alloc(0);
	assert_int_equal(gw_discovery_new(&bed.random, &d), GW_E_MEMORY);
	test_fail_alloc(0);
	assert_int_equal(gw_discovery_tags(bed.d[0], &tag, 1), GW_E_MEMORY);
	test_fail_alloc(-1);
	gw_discovery_free(NULL);
	for (int i = 0; i < GW_DISCOVERY_DROP_COUNT; i++)
		assert_non_null(
		    gw_discovery_drop_name((enum gw_discovery_drop)i));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(who_asks_finds_who_waits),
		CASE(a_number_is_told_to_those_who_ask_for_it),
		CASE(two_with_one_number_are_both_found),
		CASE(a_name_is_found_whatever_its_case),
		CASE(who_waits_for_whoever_comes_is_heard_unasked),
		CASE(who_waits_for_one_is_silent_until_asked),
		CASE(one_that_says_farewell_is_gone_at_once),
		CASE(one_that_falls_silent_is_gone_after_three_intervals),
		CASE(questions_come_often_at_first),
		CASE(an_interface_that_flaps_makes_no_storm),
		CASE(a_third_of_all_may_get_lost),
		CASE(fifty_on_one_link_all_see_each_other),
		CASE(known_devices_recognise_each_other),
		CASE(one_known_device_is_sought_alone),
		CASE(without_tags_nobody_is_asked_whose_they_are),
		CASE(tags_do_not_tell_how_many_are_known),
		CASE(all_tags_last_as_long),
		CASE(no_tag_comes_twice),
		CASE(without_memory_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
