#include "session/door.h"

#include <string.h>

#include "alloc.h"
#include "test.h"

#define NOW (1000 * GW_SEC)

static struct gw_door *
new_door(void)
{
	struct gw_door *d = NULL;

	assert_int_equal(gw_door_new(&d), GW_OK);
	return d;
}

/* 2001:db8:0:<net>::<host> */
static struct gw_source
v6(uint8_t net, uint8_t host)
{
	return (struct gw_source){ { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, net, 0, 0,
	    0, 0, 0, 0, 0, host } };
}

/* 10.0.<a>.<b>, mapped */
static struct gw_source
v4(uint8_t a, uint8_t b)
{
	return (struct gw_source){ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
	    10, 0, a, b } };
}

static uint64_t chance;

/* Returns the new ticket; *evicted as admit says. */
static uint32_t
admit(struct gw_door *d, struct gw_source from, gw_usec now, uint32_t *evicted)
{
	const uint32_t ticket = gw_door_admit(d, &from, chance++, now, evicted);

	assert_int_not_equal(ticket, 0);
	assert_int_not_equal(ticket, *evicted);
	return ticket;
}

/* ---- pending ---- */

static void
a_source_has_four_places(void **state)
{
	struct gw_door *d = new_door();
	uint32_t first, second, evicted;

	(void)state;
	first = admit(d, v4(0, 1), NOW, &evicted);
	assert_int_equal(evicted, 0);
	admit(d, v4(0, 2), NOW, &evicted); /* somebody else, in between */
	second = admit(d, v4(0, 1), NOW, &evicted);
	admit(d, v4(0, 1), NOW, &evicted);
	admit(d, v4(0, 1), NOW, &evicted);
	assert_int_equal(evicted, 0);
	assert_int_equal(gw_door_pending(d), 5);
	admit(d, v4(0, 1), NOW, &evicted);
	assert_int_equal(evicted, first);
	assert_int_equal(gw_door_pending(d), 5);
	admit(d, v4(0, 1), NOW, &evicted);
	assert_int_equal(evicted, second);
	gw_door_free(d);
}

static void
ipv6_counts_by_64_bits_and_ipv4_whole(void **state)
{
	struct gw_door *d = new_door();
	uint32_t first, evicted;

	(void)state;
	first = admit(d, v6(1, 1), NOW, &evicted);
	for (uint8_t i = 2; i <= 4; i++)
		admit(d, v6(1, i), NOW, &evicted);
	admit(d, v6(2, 1), NOW, &evicted);
	assert_int_equal(evicted, 0);
	admit(d, v6(1, 99), NOW, &evicted);
	assert_int_equal(evicted, first);
	for (uint8_t i = 1; i <= 20; i++) {
		admit(d, v4(0, i), NOW, &evicted);
		assert_int_equal(evicted, 0);
	}
	gw_door_free(d);
}

static void
at_the_cap_the_largest_source_loses_its_oldest(void **state)
{
	struct gw_door *d = new_door();
	uint32_t evicted, of_three = 0;

	(void)state;
	/* 61 sources with one each, but number 30 has three in between. */
	for (uint8_t i = 0; i < GW_PENDING_MAX - 3; i++) {
		admit(d, v4(0, i), NOW, &evicted);
		if (i == 30) {
			of_three = admit(d, v4(9, 9), NOW, &evicted);
			admit(d, v4(9, 9), NOW, &evicted);
			admit(d, v4(9, 9), NOW, &evicted);
		}
	}
	assert_int_equal(gw_door_pending(d), GW_PENDING_MAX);
	admit(d, v4(1, 1), NOW, &evicted);
	assert_int_equal(evicted, of_three);
	admit(d, v4(1, 2), NOW, &evicted);
	assert_int_equal(evicted, of_three + 1);
	assert_int_equal(gw_door_pending(d), GW_PENDING_MAX);
	gw_door_free(d);
}

/* Returns the first of 64, each of another source. */
static uint32_t
fill(struct gw_door *d)
{
	uint32_t evicted, first = 0;

	for (uint8_t i = 0; i < GW_PENDING_MAX; i++) {
		const uint32_t t = admit(d, v4(0, i), NOW, &evicted);

		assert_int_equal(evicted, 0);
		if (i == 0)
			first = t;
	}
	return first;
}

static void
among_equals_the_oldest_that_had_its_time_goes(void **state)
{
	struct gw_door *d = new_door();
	const uint32_t first = fill(d);
	uint32_t evicted;

	(void)state;
	for (uint8_t i = 0; i < GW_PENDING_MAX; i++) {
		admit(d, v4(1, i), NOW + GW_DOOR_GRACE, &evicted);
		assert_int_equal(evicted, first + i);
	}
	gw_door_free(d);
}

static void
among_equals_that_have_just_come_chance_decides(void **state)
{
	struct gw_door *d = new_door();
	const uint32_t first = fill(d);
	uint32_t evicted;
	unsigned gone[GW_PENDING_MAX] = { 0 };

	(void)state;
	chance = 17;
	admit(d, v4(1, 0), NOW + GW_DOOR_GRACE - 1, &evicted);
	assert_int_equal(evicted, first + 17);
	/* Anybody, and the newest as well as the oldest. */
	for (uint64_t i = 0; i < GW_PENDING_MAX; i++) {
		struct gw_door *other = new_door();
		const uint32_t base = fill(other);

		chance = i;
		admit(other, v4(1, 0), NOW, &evicted);
		gone[evicted - base]++;
		gw_door_free(other);
	}
	for (unsigned i = 0; i < GW_PENDING_MAX; i++)
		assert_int_equal(gone[i], 1);
	gw_door_free(d);
}

static void
chance_is_among_the_largest_and_takes_their_oldest(void **state)
{
	uint32_t evicted, first[2], single = 0;

	(void)state;
	for (uint64_t k = 0; k < 20; k++) {
		struct gw_door *d = new_door();

		for (uint8_t i = 0; i < GW_PENDING_MAX - 4; i++)
			single = admit(d, v4(0, i), NOW, &evicted);
		first[0] = admit(d, v4(9, 1), NOW, &evicted);
		first[1] = admit(d, v4(9, 2), NOW, &evicted);
		admit(d, v4(9, 1), NOW, &evicted);
		admit(d, v4(9, 2), NOW, &evicted);
		chance = k;
		admit(d, v4(1, 1), NOW, &evicted);
		assert_true(evicted > single);
		assert_true(evicted == first[0] || evicted == first[1]);
		gw_door_free(d);
	}
}

/* The right peer gets its place among ten thousand others, and keeps it as
 * long as fewer than 64 sources come after it. */
static void
a_crowd_does_not_shut_the_door(void **state)
{
	struct gw_door *d = new_door();
	uint32_t evicted, mine = 0;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		if (i == 5000)
			mine = admit(d, v4(77, 77), NOW, &evicted);
		admit(d, v4(0, (uint8_t)(i % 8)), NOW, &evicted);
		assert_true(mine == 0 || evicted != mine);
		assert_true(gw_door_pending(d) <= GW_PENDING_MAX);
	}
	gw_door_free(d);
}

static void
who_leaves_makes_room(void **state)
{
	struct gw_door *d = new_door();
	uint32_t a, b, evicted;

	(void)state;
	a = admit(d, v4(0, 1), NOW, &evicted);
	b = admit(d, v4(0, 1), NOW, &evicted);
	gw_door_leave(d, a);
	gw_door_leave(d, a);
	gw_door_leave(d, 12345);
	assert_int_equal(gw_door_pending(d), 1);
	gw_door_leave(d, b);
	assert_int_equal(gw_door_pending(d), 0);
	assert_int_equal(gw_door_deadline(d), GW_NEVER);
	gw_door_free(d);
}

static void
a_handshake_has_five_seconds(void **state)
{
	const gw_usec limit = GW_PENDING_SECONDS * GW_SEC;
	struct gw_door *d = new_door();
	uint32_t a, b, evicted;

	(void)state;
	assert_int_equal(gw_door_expired(d, NOW), 0);
	a = admit(d, v4(0, 1), NOW, &evicted);
	b = admit(d, v4(0, 2), NOW + 10, &evicted);
	assert_int_equal(gw_door_deadline(d), NOW + limit);
	assert_int_equal(gw_door_expired(d, NOW + limit - 1), 0);
	assert_int_equal(gw_door_expired(d, NOW + limit), a);
	assert_int_equal(gw_door_expired(d, NOW + limit), 0);
	assert_int_equal(gw_door_deadline(d), NOW + 10 + limit);
	assert_int_equal(gw_door_expired(d, NOW + 10 + limit), b);
	assert_int_equal(gw_door_pending(d), 0);
	gw_door_free(d);
}

/* ---- the code ---- */

static const uint8_t alice[GW_KEY_LEN] = { 1 };
static const uint8_t bob[GW_KEY_LEN] = { 2 };

static void
three_guesses_burn_a_code(void **state)
{
	struct gw_door *d = new_door();
	uint32_t serial;

	(void)state;
	assert_null(gw_door_code(d));
	assert_false(gw_door_burned(d));
	assert_int_equal(gw_door_set_code(d, "7-crane-otter"), GW_OK);
	assert_string_equal(gw_door_code(d), "7-crane-otter");
	serial = gw_door_serial(d);
	assert_int_equal(gw_door_guesses_left(d), 3);
	assert_int_equal(gw_door_guess(d), 2);
	assert_int_equal(gw_door_guess(d), 1);
	assert_non_null(gw_door_code(d));
	assert_int_equal(gw_door_serial(d), serial);
	assert_int_equal(gw_door_guess(d), 0);
	assert_null(gw_door_code(d));
	assert_true(gw_door_burned(d));
	assert_int_not_equal(gw_door_serial(d), serial);
	assert_int_equal(gw_door_guess(d), 0);
	assert_int_equal(gw_door_enter(d, alice, true), GW_DOOR_SHUT);

	/* A new code starts anew. */
	serial = gw_door_serial(d);
	assert_int_equal(gw_door_set_code(d, "8-otter-crane"), GW_OK);
	assert_int_not_equal(gw_door_serial(d), serial);
	assert_false(gw_door_burned(d));
	assert_int_equal(gw_door_guesses_left(d), 3);
	assert_int_equal(gw_door_enter(d, alice, true), GW_DOOR_WELCOME);
	gw_door_free(d);
}

static void
a_code_belongs_to_its_first_key(void **state)
{
	struct gw_door *d = new_door();

	(void)state;
	assert_int_equal(gw_door_set_code(d, "7-crane-otter"), GW_OK);
	assert_int_equal(gw_door_enter(d, alice, true), GW_DOOR_WELCOME);
	assert_int_equal(gw_door_enter(d, bob, true), GW_DOOR_TAKEN);
	assert_int_equal(gw_door_enter(d, alice, true), GW_DOOR_WELCOME);
	assert_int_equal(gw_door_set_code(d, "7-crane-otter"), GW_OK);
	assert_int_equal(gw_door_enter(d, bob, true), GW_DOOR_WELCOME);
	assert_int_equal(gw_door_set_code(d, NULL), GW_OK);
	assert_null(gw_door_code(d));
	assert_false(gw_door_burned(d));
	assert_int_equal(gw_door_enter(d, bob, true), GW_DOOR_SHUT);
	gw_door_free(d);
}

static void
a_code_has_a_longest(void **state)
{
	struct gw_door *d = new_door();
	char code[130];

	(void)state;
	memset(code, 'x', sizeof(code));
	code[129] = '\0';
	assert_int_equal(gw_door_set_code(d, code), GW_E_LIMIT);
	assert_null(gw_door_code(d));
	code[128] = '\0';
	assert_int_equal(gw_door_set_code(d, code), GW_OK);
	assert_string_equal(gw_door_code(d), code);
	gw_door_free(d);
}

/* ---- coming back ---- */

static void
a_psk_lets_its_device_come_back(void **state)
{
	const uint8_t id1[GW_PSK_ID_LEN] = { 1 }, id2[GW_PSK_ID_LEN] = { 2 };
	const uint8_t psk1[GW_KEY_LEN] = { 11 }, psk2[GW_KEY_LEN] = { 22 };
	struct gw_door *d = new_door();
	uint8_t psk[GW_KEY_LEN] = { 99 };

	(void)state;
	assert_int_equal(gw_door_set_code(d, "7-crane-otter"), GW_OK);
	assert_false(gw_door_psk(d, id1, psk));
	assert_int_equal(psk[0], 99);
	assert_int_equal(gw_door_enter(d, alice, false), GW_DOOR_SHUT);
	gw_door_keep_psk(d, alice, id1, psk1);
	assert_true(gw_door_psk(d, id1, psk));
	assert_memory_equal(psk, psk1, GW_KEY_LEN);
	assert_int_equal(gw_door_enter(d, alice, false), GW_DOOR_WELCOME);
	assert_int_equal(gw_door_enter(d, bob, false), GW_DOOR_SHUT);

	/* Its newest replaces the older one. */
	gw_door_keep_psk(d, alice, id2, psk2);
	assert_false(gw_door_psk(d, id1, psk));
	assert_true(gw_door_psk(d, id2, psk));

	/* Burning the code does not send it away; a new code does. */
	while (gw_door_guess(d) > 0)
		;
	assert_true(gw_door_psk(d, id2, psk));
	assert_int_equal(gw_door_enter(d, alice, false), GW_DOOR_WELCOME);
	assert_int_equal(gw_door_set_code(d, "8-otter-crane"), GW_OK);
	assert_false(gw_door_psk(d, id2, psk));
	assert_int_equal(gw_door_enter(d, alice, false), GW_DOOR_SHUT);
	gw_door_free(d);
}

static void
sixteen_psks_are_kept(void **state)
{
	const uint8_t psk[GW_KEY_LEN] = { 5 };
	struct gw_door *d = new_door();
	uint8_t out[GW_KEY_LEN];

	(void)state;
	for (uint8_t i = 0; i < GW_DOOR_PSKS + 3; i++)
		gw_door_keep_psk(d, (uint8_t[GW_KEY_LEN]){ i },
		    (uint8_t[GW_PSK_ID_LEN]){ i }, psk);
	for (uint8_t i = 0; i < GW_DOOR_PSKS + 3; i++)
		assert_int_equal(
		    gw_door_psk(d, (uint8_t[GW_PSK_ID_LEN]){ i }, out), i >= 3);
	gw_door_free(d);
}

static void
known_devices_are_a_list(void **state)
{
	const uint8_t both[2][GW_KEY_LEN] = { { 1 }, { 2 } };
	struct gw_door *d = new_door();

	(void)state;
	assert_false(gw_door_knows_any(d));
	assert_false(gw_door_knows(d, alice));
	assert_int_equal(gw_door_set_known(d, both, 2), GW_OK);
	assert_true(gw_door_knows_any(d));
	assert_true(gw_door_knows(d, alice));
	assert_true(gw_door_knows(d, bob));
	assert_false(gw_door_knows(d, (uint8_t[GW_KEY_LEN]){ 3 }));
	test_fail_alloc(0);
	assert_int_equal(gw_door_set_known(d, both, 1), GW_E_MEMORY);
	test_fail_alloc(-1);
	assert_true(gw_door_knows(d, bob));
	assert_int_equal(gw_door_set_known(d, NULL, 0), GW_OK);
	assert_false(gw_door_knows_any(d));
	gw_door_free(d);
}

static void
without_memory_there_is_no_door(void **state)
{
	struct gw_door *d = NULL;

	(void)state;
	test_fail_alloc(0);
	assert_int_equal(gw_door_new(&d), GW_E_MEMORY);
	test_fail_alloc(-1);
	assert_null(d);
	gw_door_free(NULL);
}

static void
a_door_for_many_lets_in_whoever_has_the_code(void **state)
{
	struct gw_door *d = new_door();

	(void)state;
	assert_int_equal(gw_door_set_code(d, "7-crane-otter"), GW_OK);
	gw_door_let_many(d);
	assert_int_equal(gw_door_enter(d, alice, true), GW_DOOR_WELCOME);
	assert_int_equal(gw_door_enter(d, bob, true), GW_DOOR_WELCOME);
	assert_int_equal(gw_door_enter(d, alice, true), GW_DOOR_WELCOME);
	/* Guesses count on, whoever comes in between. */
	assert_int_equal(gw_door_guess(d), 2);
	assert_int_equal(gw_door_enter(d, bob, true), GW_DOOR_WELCOME);
	assert_int_equal(gw_door_guess(d), 1);
	assert_int_equal(gw_door_guess(d), 0);
	assert_true(gw_door_burned(d));
	assert_int_equal(gw_door_enter(d, bob, true), GW_DOOR_SHUT);
	gw_door_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_has_four_places),
		cmocka_unit_test(ipv6_counts_by_64_bits_and_ipv4_whole),
		cmocka_unit_test(
		    at_the_cap_the_largest_source_loses_its_oldest),
		cmocka_unit_test(
		    among_equals_the_oldest_that_had_its_time_goes),
		cmocka_unit_test(
		    among_equals_that_have_just_come_chance_decides),
		cmocka_unit_test(
		    chance_is_among_the_largest_and_takes_their_oldest),
		cmocka_unit_test(a_crowd_does_not_shut_the_door),
		cmocka_unit_test(who_leaves_makes_room),
		cmocka_unit_test(a_handshake_has_five_seconds),
		cmocka_unit_test(three_guesses_burn_a_code),
		cmocka_unit_test(a_code_belongs_to_its_first_key),
		cmocka_unit_test(a_code_has_a_longest),
		cmocka_unit_test(a_psk_lets_its_device_come_back),
		cmocka_unit_test(sixteen_psks_are_kept),
		cmocka_unit_test(known_devices_are_a_list),
		cmocka_unit_test(without_memory_there_is_no_door),
		cmocka_unit_test(a_door_for_many_lets_in_whoever_has_the_code),
	};

	return cmocka_run_group_tests_name("door", tests, NULL, NULL);
}
