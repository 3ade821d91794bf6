#include "run/discovery_known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "crypto/kdf.h"
#include "discovery/roster.h"
#include "test.h"

enum { DEVICES = 40 };

static struct gw_keypair keys[DEVICES];
static struct gw_device_entry entries[DEVICES];
static struct gw_device_book book = { .entries = entries };
static const uint8_t run[GW_BEACON_RUN_LEN] = { 1, 2, 3 };

static int
setup(void **state)
{
	(void)state;
	assert_true(gw_crypto_start());
	for (uint8_t i = 0; i < DEVICES; i++) {
		uint8_t seed[32] = { [1] = i };

		gw_keypair_from(seed, &keys[i]);
		memcpy(entries[i].key, keys[i].public, GW_KEY_LEN);
		snprintf(entries[i].name, sizeof entries[i].name, "dev%u", i);
	}
	book.count = DEVICES;
	return 0;
}

/* What device `of` knows, everybody being remembered. */
static struct gw_discovery_known
known_of(unsigned of)
{
	struct gw_discovery_known k;

	assert_int_equal(gw_discovery_known_init(&k, &keys[of], &book), GW_OK);
	return k;
}

/* The tags that one beacon of `from` bears for `to` and some others. */
static void
tags_for(unsigned from, unsigned to, uint64_t period, struct gw_tag *tags)
{
	struct gw_discovery_known k = known_of(from);
	int index = gw_discovery_known_find(&k, keys[to].public);

	assert_true(index >= 0);
	memset(tags, 0x55, GW_BEACON_TAGS * sizeof *tags);
	gw_discovery_known_tag(&k, (size_t)index, keys[from].public, period,
	    run, &tags[GW_BEACON_TAGS - 1]);
	gw_discovery_known_fini(&k);
}

static void
all_but_this_device_are_known(void **state)
{
	struct gw_discovery_known k = known_of(7);

	(void)state;
	assert_int_equal(k.count, DEVICES - 1);
	assert_int_equal(
	    gw_discovery_known_find(&k, keys[7].public), GW_NOT_KNOWN);
	assert_string_equal(
	    k.v[gw_discovery_known_find(&k, keys[8].public)].name, "dev8");
	gw_discovery_known_fini(&k);
	assert_int_equal(k.count, 0);
	gw_discovery_known_fini(&k);
}

static void
a_key_that_is_none_is_left_out(void **state)
{
	struct gw_discovery_known k;

	(void)state;
	memset(entries[3].key, 0, GW_KEY_LEN);
	k = known_of(7);
	assert_int_equal(k.count, DEVICES - 2);
	gw_discovery_known_fini(&k);
	setup(state);
}

static void
both_sides_recognise_each_other(void **state)
{
	struct gw_tag tags[GW_BEACON_TAGS];
	struct gw_discovery_known k = known_of(5);
	int index = gw_discovery_known_find(&k, keys[30].public);

	(void)state;
	tags_for(30, 5, 1000, tags);
	assert_int_equal(gw_discovery_known_whose(&k, tags, 1000, run), index);
	/* Clocks may differ. */
	assert_int_equal(gw_discovery_known_whose(&k, tags, 999, run), index);
	assert_int_equal(gw_discovery_known_whose(&k, tags, 1001, run), index);
	assert_int_equal(
	    gw_discovery_known_whose(&k, tags, 1002, run), GW_NOT_KNOWN);
	gw_discovery_known_fini(&k);
}

static void
a_tag_means_nothing_elsewhere(void **state)
{
	static const uint8_t other[GW_BEACON_RUN_LEN] = { 1, 2, 4 };
	struct gw_tag tags[GW_BEACON_TAGS];
	struct gw_discovery_known k = known_of(5), third = known_of(6),
				  sender = known_of(30);

	(void)state;
	tags_for(30, 5, 1000, tags);
	/* Under another run id it is a replay. */
	assert_int_equal(
	    gw_discovery_known_whose(&k, tags, 1000, other), GW_NOT_KNOWN);
	assert_int_equal(
	    gw_discovery_known_whose(&third, tags, 1000, run), GW_NOT_KNOWN);
	/* Nor is it believed by who made it. */
	assert_int_equal(
	    gw_discovery_known_whose(&sender, tags, 1000, run), GW_NOT_KNOWN);
	gw_discovery_known_fini(&k);
	gw_discovery_known_fini(&third);
	gw_discovery_known_fini(&sender);
}

static void
without_memory_none_is_known(void **state)
{
	struct gw_discovery_known k;

	(void)state;
	test_fail_alloc(0);
	assert_int_equal(
	    gw_discovery_known_init(&k, &keys[0], &book), GW_E_MEMORY);
	test_fail_alloc(-1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_but_this_device_are_known),
		cmocka_unit_test(a_key_that_is_none_is_left_out),
		cmocka_unit_test(both_sides_recognise_each_other),
		cmocka_unit_test(a_tag_means_nothing_elsewhere),
		cmocka_unit_test(without_memory_none_is_known),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
