#include <string.h>

#include "discovery_bed.h"

static struct bed bed;

/* Device 0 asks for everybody; device 1 waits, and answers. */
static int
setup(void **state)
{
	(void)state;
	bed_init(&bed, 3);
	bed_seek(&bed, 0, GW_ASK_EVERYBODY);
	bed_announce(&bed, 1, 0, false);
	bed_run(&bed, 10 * GW_SEC);
	bed.sent = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bed_fini(&bed);
	return 0;
}

static struct gw_beacon
beacon(enum gw_beacon_kind kind, unsigned run)
{
	struct gw_beacon b = { .kind = kind };

	memcpy(b.run, &run, sizeof run);
	if (kind == GW_BEACON_QUESTION) {
		b.ask = GW_ASK_EVERYBODY;
		b.nonce = run;
	} else if (kind != GW_BEACON_BYE) {
		b.port = 4639;
		b.receives = true;
		strcpy(b.name, "forged");
	}
	if (kind == GW_BEACON_ANSWER)
		b.nonce = 1;
	return b;
}

static struct gw_spot
spot(unsigned host)
{
	struct gw_spot s = { .interface = 3, .port = 5000 };

	memcpy(s.ip, &host, sizeof host);
	return s;
}

static uint64_t
answers(void)
{
	return bed.sent - bed.sent_to_all;
}

static void
ask(unsigned run, unsigned host)
{
	struct gw_beacon b = beacon(GW_BEACON_QUESTION, run);
	struct gw_spot s = spot(host);

	bed_give(&bed, 1, &b, &s, true);
}

static void
quiet(void)
{
	gw_discovery_seek(bed.d[0], NULL, bed.now);
	bed_run(&bed, 2 * GW_SEC);
	bed.sent = bed.sent_to_all = 0;
}

static void
a_source_gets_so_many_answers_a_second(void **state)
{
	(void)state;
	quiet();
	for (unsigned i = 1; i <= 100; i++) {
		ask(i, 66);
		bed_run(&bed, 10 * GW_MSEC);
	}
	bed_run(&bed, 100 * GW_MSEC);
	assert_in_range(answers(), 5, 10); /* a burst, and a second of it */
	assert_true(
	    gw_discovery_dropped(bed.d[1], GW_DISCOVERY_DROP_RATE) >= 90);
}

static void
all_together_get_so_many_answers_a_second(void **state)
{
	(void)state;
	quiet();
	for (unsigned i = 1; i <= 1000; i++) {
		ask(i, i);
		bed_run(&bed, GW_MSEC);
	}
	bed_run(&bed, 100 * GW_MSEC);
	assert_in_range(answers(), 40, 100);
}

static void
the_last_answers_stay_for_known_devices(void **state)
{
	struct gw_question q = { .ask = GW_ASK_KNOWN, .known = 2 };

	(void)state;
	quiet();
	bed_make_tags(&bed, 0, 3);
	bed_make_tags(&bed, 1, 3);
	memset(&bed.view[0], 0, sizeof bed.view[0]);
	for (unsigned i = 1; i <= 1000; i++)
		ask(i, i);
	gw_discovery_seek(bed.d[0], &q, bed.now);
	bed_run(&bed, 60 * GW_MSEC);
	assert_int_equal(bed.view[0].there, 1);
	assert_int_equal(bed.view[0].last.known, 2);
}

static void
a_question_by_both_families_gets_one_answer(void **state)
{
	struct gw_beacon b = beacon(GW_BEACON_QUESTION, 9);
	struct gw_spot s = spot(66);

	(void)state;
	quiet();
	bed_give(&bed, 1, &b, &s, true);
	s.ip[0] = 0xfe;
	bed_give(&bed, 1, &b, &s, true);
	bed_run(&bed, 100 * GW_MSEC);
	assert_int_equal(answers(), 1);
	s.interface = 4; /* but one by each link that it came by */
	bed_give(&bed, 1, &b, &s, true);
	bed_run(&bed, 100 * GW_MSEC);
	assert_int_equal(answers(), 2);
}

static void
answers_come_within_their_time(void **state)
{
	(void)state;
	quiet();
	ask(1, 66);
	assert_true(gw_discovery_deadline(bed.d[1]) <=
		    bed.now + GW_ANSWER_DELAY * GW_MSEC);
	bed_run(&bed, GW_ANSWER_DELAY * GW_MSEC);
	assert_int_equal(answers(), 1);
}

static void
what_another_network_sends_is_not_heard(void **state)
{
	struct gw_beacon b = beacon(GW_BEACON_QUESTION, 9);
	uint8_t data[GW_BEACON_LEN];
	struct gw_discovery_in in = { .data = gw_slice(data, sizeof data),
		.from = spot(66),
		.shared = true,
		.to_all = true };

	(void)state;
	quiet();
	gw_beacon_encode(&b, data);
	gw_discovery_input(bed.d[1], &in, bed.now);
	assert_int_equal(
	    gw_discovery_dropped(bed.d[1], GW_DISCOVERY_DROP_OFF_LINK), 1);
	in.on_link = true;
	in.to_all = false; /* to the shared port, but to this host alone */
	gw_discovery_input(bed.d[1], &in, bed.now);
	assert_int_equal(
	    gw_discovery_dropped(bed.d[1], GW_DISCOVERY_DROP_UNICAST), 1);
	bed_run(&bed, GW_SEC);
	assert_int_equal(answers(), 0);
}

static void
garbage_is_counted_by_reason(void **state)
{
	uint8_t data[GW_BEACON_LEN] = "gdwb\001";
	struct gw_discovery_in in = { .data = gw_slice(data, sizeof data),
		.from = spot(66),
		.shared = true,
		.to_all = true,
		.on_link = true };

	(void)state;
	gw_discovery_input(bed.d[1], &in, bed.now);
	data[4] = 2;
	gw_discovery_input(bed.d[1], &in, bed.now);
	gw_discovery_input(bed.d[1], &in, bed.now);
	data[0] = 'x';
	gw_discovery_input(bed.d[1], &in, bed.now);
	assert_int_equal(
	    gw_discovery_dropped(bed.d[1], GW_DISCOVERY_DROP_MALFORMED), 1);
	assert_int_equal(
	    gw_discovery_dropped(bed.d[1], GW_DISCOVERY_DROP_VERSION), 2);
	assert_int_equal(
	    gw_discovery_dropped(bed.d[1], GW_DISCOVERY_DROP_STRANGER), 1);
}

static void
an_answer_that_nobody_asked_for_is_nothing(void **state)
{
	struct gw_beacon b = beacon(GW_BEACON_ANSWER, 9);
	struct gw_spot s = spot(66);

	(void)state;
	bed_give(&bed, 0, &b, &s, false);
	assert_int_equal(
	    gw_discovery_dropped(bed.d[0], GW_DISCOVERY_DROP_UNASKED), 1);
	bed_give(&bed, 0, &b, &s, true); /* nor at the wrong port */
	assert_int_equal(
	    gw_discovery_dropped(bed.d[0], GW_DISCOVERY_DROP_UNASKED), 2);
	b = beacon(GW_BEACON_HERE, 9);
	bed_give(&bed, 0, &b, &s, false);
	assert_int_equal(
	    gw_discovery_dropped(bed.d[0], GW_DISCOVERY_DROP_UNASKED), 3);
	assert_int_equal(bed.view[0].there, 1);
}

static void
a_flood_of_forged_beacons_hides_nobody(void **state)
{
	struct gw_beacon b;
	struct gw_spot s;

	(void)state;
	bed_make_tags(&bed, 0, 1);
	/* Ten thousand a second, each from another address. */
	for (unsigned i = 1; i <= 20000; i++) {
		b = beacon(GW_BEACON_HERE, i);
		s = spot(1000 + i);
		bed_give(&bed, 0, &b, &s, true);
		if (i == 10000) {
			bed.view[0].real = 0;
			bed_announce(&bed, 2, 0, false);
		}
		bed_run(&bed, 100);
	}
	assert_true(bed.view[0].there <= GW_ROSTER_MAX);
	assert_true(bed.view[0].events < 2 * 2 * GW_ROSTER_NEW + 200);
	assert_true(bed.whos <= 2 * GW_RECOGNISE_PER_SECOND + 100);
	assert_true(
	    gw_discovery_dropped(bed.d[0], GW_DISCOVERY_DROP_RATE) > 10000);
	/* Nor is one that came in the middle of it hidden. */
	bed_run(&bed, 12 * GW_SEC);
	assert_int_equal(bed.view[0].real, 1);
}

/* Whoever hears the question can answer it, as often as he likes. */
static void
who_answers_again_and_again_keeps_nobody_from_being_recognised(void **state)
{
	struct gw_question q = { .ask = GW_ASK_KNOWN, .known = 0 };
	struct gw_spot asker = bed_spot(0), s = spot(66);
	struct gw_discovery_out out;
	struct gw_beacon question, b;

	(void)state;
	quiet();
	bed_make_tags(&bed, 0, 1);
	bed_make_tags(&bed, 1, 1);
	memset(&bed.view[0], 0, sizeof bed.view[0]);
	gw_discovery_seek(bed.d[0], &q, bed.now);
	assert_true(gw_discovery_output(bed.d[0], &out, bed.now));
	assert_int_equal(
	    gw_beacon_decode(gw_slice(out.data, sizeof out.data), &question),
	    GW_BEACON_OK);
	bed_give(&bed, 1, &question, &asker, true);
	for (unsigned i = 0; i < 6000; i++) {
		b = beacon(GW_BEACON_ANSWER, 1 + i % GW_ROSTER_PER_SOURCE);
		b.nonce = question.nonce;
		bed_give(&bed, 0, &b, &s, false);
		bed_run(&bed, 10);
	}
	assert_int_equal(bed.view[0].there, 1);
	assert_int_equal(bed.view[0].last.known, 0);
}

/* Said with the run id of a device that has answered. */
static void
nobody_speaks_for_a_device_that_has_answered(void **state)
{
	struct gw_beacon b = beacon(GW_BEACON_HERE, 1);
	struct gw_spot s = spot(66);
	struct gw_roster_entry e = bed.view[0].last;

	(void)state;
	memcpy(b.run, gw_discovery_run(bed.d[1]), sizeof b.run);
	strcpy(b.name, e.name);
	b.port = e.port;
	bed.view[0].events = 0;
	bed_give(&bed, 0, &b, &s, true);
	assert_int_equal(bed.view[0].events, 0);
	b.port++; /* another port is another device */
	bed_give(&bed, 0, &b, &s, true);
	assert_int_equal(bed.view[0].there, 2);
	/* And nobody else takes leave for it. */
	b = beacon(GW_BEACON_BYE, 1);
	memcpy(b.run, gw_discovery_run(bed.d[1]), sizeof b.run);
	bed_give(&bed, 0, &b, &s, true);
	assert_int_equal(bed.view[0].there, 1);
}

static void
our_own_voice_is_not_heard(void **state)
{
	struct gw_beacon b = beacon(GW_BEACON_HERE, 1);
	struct gw_spot s = spot(66);

	(void)state;
	memcpy(b.run, gw_discovery_run(bed.d[0]), sizeof b.run);
	bed_give(&bed, 0, &b, &s, true);
	assert_int_equal(bed.view[0].there, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_source_gets_so_many_answers_a_second),
		CASE(all_together_get_so_many_answers_a_second),
		CASE(the_last_answers_stay_for_known_devices),
		CASE(a_question_by_both_families_gets_one_answer),
		CASE(answers_come_within_their_time),
		CASE(what_another_network_sends_is_not_heard),
		CASE(garbage_is_counted_by_reason),
		CASE(an_answer_that_nobody_asked_for_is_nothing),
		CASE(a_flood_of_forged_beacons_hides_nobody),
		CASE(
		    who_answers_again_and_again_keeps_nobody_from_being_recognised),
		CASE(nobody_speaks_for_a_device_that_has_answered),
		CASE(our_own_voice_is_not_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
