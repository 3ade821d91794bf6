/* Handshakes between two sessions: who gets in, and who does not. */
#include <string.h>

#include "check.h"
#include "pair.h"
#include "session/tcp/tcp_session_private.h"
#include "unit/test.h"
#include "wire/hello.h"

/* ---- who gets in ---- */

static void
the_same_code_opens(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){ 0 });
	assert_false(gw_session_is_open(p.side[0].session));
	pair_run(&p);
	check_open(&p);
	assert_string_equal(p.side[0].peer_name, "attic");
	assert_string_equal(p.side[1].peer_name, "kitchen");
	assert_int_equal(p.side[0].opened_event.opened.mode, GW_MODE_CODE);
	assert_int_equal(gw_door_guesses_left(p.door), GW_GUESSES);
	pair_fini(&p);
}

static void
each_side_learns_whether_the_other_asks_to_be_remembered(void **state)
{
	struct pair p;

	(void)state;
	for (unsigned ask = 0; ask < 4; ask++) {
		pair_init(&p,
		    &(struct pair_options){ .remember = { ask & 1, ask & 2 } });
		pair_run(&p);
		check_open(&p);
		assert_int_equal(
		    p.side[0].opened_event.opened.remember, (ask & 2) != 0);
		assert_int_equal(
		    p.side[1].opened_event.opened.remember, (ask & 1) != 0);
		assert_string_equal(p.side[0].peer_name, "attic");
		assert_string_equal(p.side[1].peer_name, "kitchen");
		pair_fini(&p);
	}
}

static void
it_opens_byte_by_byte_too(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){ 0 });
	p.chunk = 1;
	pair_run(&p);
	check_open(&p);
	pair_fini(&p);
}

static void
messages_have_the_lengths_of_the_protocol(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){ 0 });
	pair_move(&p, 0);
	assert_int_equal(p.side[0].wire_sent, SYN_LEN);
	assert_int_equal(SYN_LEN, 256);
	pair_move(&p, 1);
	assert_int_equal(p.side[1].wire_sent, SYN_ACK_LEN);
	pair_move(&p, 0);
	assert_int_equal(p.side[0].wire_sent, SYN_LEN + ACK_LEN);
	assert_true(p.side[1].opened);
	assert_false(p.side[0].opened); /* not before CONFIRM */
	pair_move(&p, 1);
	check_open(&p);
	pair_fini(&p);
}

static void
aes_is_used_when_both_have_it(void **state)
{
	(void)state;
	for (unsigned both = 0; both < 4; both++) {
		struct pair p;
		struct pair_options o = { .aes = { both & 1, both >> 1 } };

		pair_init(&p, &o);
		pair_run(&p);
		check_open(&p);
		assert_int_equal(p.side[0].opened_event.opened.cipher,
		    both == 3 ? GW_AES_256_GCM : GW_CHACHA20_POLY1305);
		pair_fini(&p);
	}
}

static void
a_cipher_that_was_not_offered_is_refused(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){ .aes = { true, true } });
	/* SYN has been made: only the check of the answer sees this. */
	gw_tcp_session_of(p.side[0].session)->handshake->prefer_aes = false;
	pair_run(&p);
	check_closed(&p, 0, GW_E_PROTOCOL);
	assert_false(p.side[1].opened);
	pair_fini(&p);
}

static void
the_right_pinned_key_opens(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){ .pin_right = true });
	pair_run(&p);
	check_open(&p);
	pair_fini(&p);
}

static void
known_devices_need_no_code(void **state)
{
	const struct pair_options o = { .mode = GW_MODE_KNOWN,
		.pin_right = true };
	struct pair p;

	(void)state;
	pair_init(&p, &o);
	assert_int_equal(gw_door_set_code(p.door, NULL), GW_OK);
	assert_int_equal(
	    gw_door_set_known(
		p.door, (const uint8_t(*)[GW_KEY_LEN])p.side[0].keys.public, 1),
	    GW_OK);
	pair_run(&p);
	check_open(&p);
	assert_int_equal(p.side[1].opened_event.opened.mode, GW_MODE_KNOWN);
	pair_fini(&p);
}

static void
a_ticket_opens_without_the_code(void **state)
{
	struct pair_options o = { 0 };
	struct gw_ticket first;
	struct pair p;

	(void)state;
	pair_init(&p, &o);
	pair_run(&p);
	check_open(&p);
	first = p.side[0].opened_event.opened.ticket;

	o.mode = GW_MODE_RESUMED;
	o.ticket = &first;
	o.pin_right = true;
	pair_again(&p, &o);
	pair_run(&p);
	check_open(&p);
	assert_int_equal(p.side[1].opened_event.opened.mode, GW_MODE_RESUMED);
	assert_memory_not_equal(
	    &p.side[0].opened_event.opened.ticket, &first, sizeof(first));

	/* The newer ticket has replaced the first. */
	pair_again(&p, &o);
	pair_run(&p);
	check_closed(&p, 0, GW_E_AUTH);
	pair_fini(&p);
}

static void
the_same_device_comes_back_with_the_code(void **state)
{
	struct pair_options o = { 0 };
	struct pair p;

	(void)state;
	pair_init(&p, &o);
	pair_run(&p);
	pair_again(&p, &o);
	pair_run(&p);
	check_open(&p);
	pair_fini(&p);
}

static void
names_cannot_play_with_the_terminal(void **state)
{
	const struct pair_options o = {
		.name = { "\x1b[2Jkitch\xc3\xa9n\n", "d\xc3\xa9j\xc3\xa0 vu" },
	};
	struct pair p;

	(void)state;
	pair_init(&p, &o);
	pair_run(&p);
	check_open(&p);
	assert_string_equal(p.side[1].peer_name, "?[2Jkitch??n?");
	assert_string_equal(p.side[0].peer_name, "d\xc3\xa9j\xc3\xa0 vu");
	pair_fini(&p);
}

/* ---- who does not ---- */

static void
three_wrong_codes_burn_the_code(void **state)
{
	struct pair_options o = { .code = { "7-crane-heron" } };
	struct pair p;

	(void)state;
	pair_init(&p, &o);
	for (unsigned left = GW_GUESSES; left-- > 0;) {
		pair_run(&p);
		check_closed(&p, 0, GW_E_AUTH);
		check_flags(&p, 0, false, true, false);
		check_closed(&p, 1, left > 0 ? GW_E_AUTH : GW_E_BURNED);
		check_flags(&p, 1, true, false, false);
		assert_int_equal(gw_door_guesses_left(p.door), left);
		assert_int_equal(gw_door_burned(p.door), left == 0);
		pair_again(&p, &o);
	}
	/* Now not even the right one opens, and it is no guess. */
	o.code[0] = NULL;
	pair_again(&p, &o);
	pair_run(&p);
	check_closed(&p, 0, GW_E_AUTH);
	assert_non_null(strstr(p.side[0].closed_text, "ask for a new one"));
	check_closed(&p, 1, GW_E_AUTH);
	check_flags(&p, 1, false, false, false);
	/* A new code does. */
	assert_int_equal(gw_door_set_code(p.door, "8-otter-crane"), GW_OK);
	o.code[0] = "8-otter-crane";
	pair_again(&p, &o);
	pair_run(&p);
	check_open(&p);
	pair_fini(&p);
}

/* Whoever began before the code was burned learns nothing any more. */
static void
pending_handshakes_are_no_further_guesses(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){ 0 }); /* the right code */
	pair_move(&p, 0);
	pair_move(&p, 1); /* SYN_ACK has been sent */
	for (unsigned i = 0; i < GW_GUESSES; i++)
		gw_door_guess(p.door);
	pair_run(&p);
	check_closed(&p, 0, GW_E_AUTH);
	check_flags(&p, 0, false, true, false);
	assert_non_null(strstr(p.side[0].closed_text, "no longer valid"));
	check_closed(&p, 1, GW_E_AUTH);
	check_flags(&p, 1, false, false, false);

	/* Nor is a new code, even the same one, opened by an old SYN. */
	assert_int_equal(gw_door_set_code(p.door, "7-crane-otter"), GW_OK);
	pair_again(&p, &(struct pair_options){ 0 });
	pair_move(&p, 0);
	pair_move(&p, 1);
	assert_int_equal(gw_door_set_code(p.door, "7-crane-otter"), GW_OK);
	pair_run(&p);
	check_closed(&p, 0, GW_E_AUTH);
	pair_fini(&p);
}

static void
a_code_belongs_to_the_first_that_had_it(void **state)
{
	struct pair_options o = { 0 };
	struct gw_keypair other, first;
	struct pair p;

	(void)state;
	pair_init(&p, &o);
	pair_run(&p);
	check_open(&p);
	first = p.side[0].keys;
	gw_keypair_from((const uint8_t[32]){ 42 }, &other);
	p.side[0].keys = other;
	pair_again(&p, &o);
	pair_run(&p);
	check_closed(&p, 0, GW_E_REFUSED);
	check_flags(&p, 0, false, true, false);
	check_closed(&p, 1, GW_E_REFUSED);
	check_flags(&p, 1, false, false, false);
	assert_int_equal(gw_door_guesses_left(p.door), GW_GUESSES);
	p.side[0].keys = first;
	pair_again(&p, &o);
	pair_run(&p);
	check_open(&p);
	pair_fini(&p);
}

static void
an_unknown_ticket_is_no_guess(void **state)
{
	const struct gw_ticket ticket = { .id = { 1 }, .psk = { 2 } };
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){
			  .mode = GW_MODE_RESUMED, .ticket = &ticket });
	pair_run(&p);
	check_closed(&p, 0, GW_E_AUTH);
	check_flags(&p, 0, false, true, true);
	check_closed(&p, 1, GW_E_AUTH);
	check_flags(&p, 1, false, false, true);
	assert_int_equal(gw_door_guesses_left(p.door), GW_GUESSES);
	pair_fini(&p);
}

static void
a_wrong_ticket_psk_is_no_guess(void **state)
{
	const struct gw_ticket ticket = { .id = { 1 }, .psk = { 2 } };
	const uint8_t psk[GW_KEY_LEN] = { 3 };
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){
			  .mode = GW_MODE_RESUMED, .ticket = &ticket });
	gw_door_keep_psk(p.door, p.side[0].keys.public, ticket.id, psk);
	pair_run(&p);
	check_closed(&p, 1, GW_E_PROTOCOL);
	check_flags(&p, 1, false, false, false);
	check_closed(&p, 0, GW_E_LOST);
	assert_int_equal(gw_door_guesses_left(p.door), GW_GUESSES);
	pair_fini(&p);
}

static void
a_stolen_ticket_is_of_no_use(void **state)
{
	const struct gw_ticket ticket = { .id = { 1 }, .psk = { 2 } };
	const uint8_t somebody[GW_KEY_LEN] = { 3 };
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){
			  .mode = GW_MODE_RESUMED, .ticket = &ticket });
	gw_door_keep_psk(p.door, somebody, ticket.id, ticket.psk);
	pair_run(&p);
	check_closed(&p, 0, GW_E_AUTH);
	check_flags(&p, 0, false, true, true);
	check_closed(&p, 1, GW_E_AUTH);
	pair_fini(&p);
}

static void
known_mode_is_refused_where_nobody_is_known(void **state)
{
	const struct pair_options o = { .mode = GW_MODE_KNOWN,
		.pin_right = true };
	static const uint8_t somebody[1][GW_KEY_LEN] = { { 9 } };
	struct pair p;

	(void)state;
	pair_init(&p, &o);
	pair_run(&p);
	check_closed(&p, 0, GW_E_AUTH);
	check_closed(&p, 1, GW_E_AUTH);
	assert_int_equal(p.side[0].wire_sent, SYN_LEN);

	/* Somebody else is known. */
	assert_int_equal(gw_door_set_known(p.door, somebody, 1), GW_OK);
	pair_again(&p, &o);
	pair_run(&p);
	check_closed(&p, 0, GW_E_AUTH);
	check_flags(&p, 0, false, true, false);
	check_closed(&p, 1, GW_E_AUTH);
	assert_int_equal(gw_door_guesses_left(p.door), GW_GUESSES);
	pair_fini(&p);
}

static void
another_key_than_the_pinned_gets_no_third_message(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){ .pin_wrong = true });
	pair_run(&p);
	check_closed(&p, 0, GW_E_AUTH);
	check_flags(&p, 0, false, false, false);
	assert_int_equal(p.side[0].wire_sent, SYN_LEN);
	check_closed(&p, 1, GW_E_LOST);
	assert_int_equal(gw_door_guesses_left(p.door), GW_GUESSES);
	pair_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_code_opens),
		cmocka_unit_test(
		    each_side_learns_whether_the_other_asks_to_be_remembered),
		cmocka_unit_test(it_opens_byte_by_byte_too),
		cmocka_unit_test(messages_have_the_lengths_of_the_protocol),
		cmocka_unit_test(aes_is_used_when_both_have_it),
		cmocka_unit_test(a_cipher_that_was_not_offered_is_refused),
		cmocka_unit_test(the_right_pinned_key_opens),
		cmocka_unit_test(known_devices_need_no_code),
		cmocka_unit_test(a_ticket_opens_without_the_code),
		cmocka_unit_test(the_same_device_comes_back_with_the_code),
		cmocka_unit_test(names_cannot_play_with_the_terminal),
		cmocka_unit_test(three_wrong_codes_burn_the_code),
		cmocka_unit_test(pending_handshakes_are_no_further_guesses),
		cmocka_unit_test(a_code_belongs_to_the_first_that_had_it),
		cmocka_unit_test(an_unknown_ticket_is_no_guess),
		cmocka_unit_test(a_wrong_ticket_psk_is_no_guess),
		cmocka_unit_test(a_stolen_ticket_is_of_no_use),
		cmocka_unit_test(known_mode_is_refused_where_nobody_is_known),
		cmocka_unit_test(
		    another_key_than_the_pinned_gets_no_third_message),
	};

	return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
