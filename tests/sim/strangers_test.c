/* Handshakes that meet a hostile network, other versions, or no godwit. */
#include <string.h>

#include "check.h"
#include "pair.h"
#include "session/tcp/tcp_session.h"
#include "unit/test.h"
#include "wire/hello.h"

/* ---- the network plays ---- */

/* Whatever single byte is changed, nobody gets in, and only the sealed
 * payload of the third message can count as a guess. */
static void
a_changed_byte_opens_nothing(void **state)
{
	static const struct {
		unsigned from;
		uint64_t begin, end;
	} messages[] = {
		{ 0, 0, SYN_LEN + ACK_LEN },
		{ 1, 0, SYN_ACK_LEN },
	};
	struct pair p;

	(void)state;
	for (unsigned m = 0; m < 2; m++) {
		for (uint64_t at = 0; at < messages[m].end; at++) {
			const bool guess =
			    m == 0 && at >= (uint64_t)ACK_PAYLOAD_AT;

			pair_init(&p, &(struct pair_options){ .seed = at });
			p.flip = true;
			p.flip_from = messages[m].from;
			p.flip_at = at;
			p.flip_mask = (uint8_t)(1U << at % 8);
			pair_run(&p);
			pair_sleep(&p, 11 * GW_SEC);
			assert_false(p.side[0].opened);
			assert_false(p.side[1].opened);
			assert_true(p.side[0].closed);
			assert_true(p.side[1].closed);
			assert_int_equal(
			    p.side[1].closed_event.closed.guess, guess);
			assert_int_equal(gw_door_guesses_left(p.door),
			    GW_GUESSES - (guess ? 1 : 0));
			pair_fini(&p);
		}
	}
}

/* A changed CONFIRM keeps the initiator from opening. */
static void
without_confirm_an_initiator_does_not_open(void **state)
{
	struct pair p;

	(void)state;
	for (uint64_t at = 0; at < 4 + 16 + GW_NAME_PAYLOAD + 16; at++) {
		pair_init(&p, &(struct pair_options){ .seed = at });
		p.flip = true;
		p.flip_from = 1;
		p.flip_at = SYN_ACK_LEN + at;
		p.flip_mask = 0x40;
		pair_run(&p);
		pair_sleep(&p, 11 * GW_SEC);
		assert_false(p.side[0].opened);
		assert_true(p.side[0].closed);
		assert_true(p.side[1].opened);
		pair_fini(&p);
	}
}

static void
a_cut_anywhere_is_a_lost_connection(void **state)
{
	struct pair p;

	(void)state;
	for (size_t at = 0; at < SYN_LEN + ACK_LEN; at++) {
		uint8_t some[SYN_LEN + ACK_LEN];
		struct gw_slice out;

		pair_init(&p, &(struct pair_options){ 0 });
		if (at >= SYN_LEN) {
			pair_move(&p, 0);
			pair_move(&p, 1);
		}
		out = gw_tcp_session_send_buf(p.side[0].session, p.now);
		memcpy(some, out.p, out.n);
		pair_inject(&p, 1, some, at < SYN_LEN ? at : at - SYN_LEN);
		pair_move(&p, 1);
		pair_cut(&p);
		pair_run(&p);
		check_closed(&p, 0, at < SYN_LEN ? GW_E_CONNECT : GW_E_LOST);
		check_closed(&p, 1, GW_E_LOST);
		check_flags(&p, 1, false, false, false);
		pair_fini(&p);
	}
}

static void
a_reset_without_the_token_is_not_believed(void **state)
{
	uint8_t forged[GW_HELLO_HEADER + GW_RST_BODY] = { 'g', 'd', 'w', 't',
		GW_PROTOCOL_VERSION, GW_HELLO_RST, 0, GW_RST_BODY,
		GW_RST_GUESS };
	struct pair p;

	(void)state;
	/* After ACK with no token: not the answer "your code is wrong". */
	pair_init(&p, &(struct pair_options){ 0 });
	pair_move(&p, 0);
	pair_move(&p, 1);
	pair_inject(&p, 0, forged, sizeof(forged));
	pair_run(&p);
	check_closed(&p, 0, GW_E_PROTOCOL);
	check_flags(&p, 0, false, false, false);
	pair_fini(&p);

	/* In answer to SYN with a token. */
	pair_init(&p, &(struct pair_options){ 0 });
	forged[GW_HELLO_HEADER + 1] = 1;
	pair_inject(&p, 0, forged, sizeof(forged));
	pair_run(&p);
	check_closed(&p, 0, GW_E_PROTOCOL);
	pair_fini(&p);

	/* A ticket was not even named. */
	pair_init(&p, &(struct pair_options){ 0 });
	forged[GW_HELLO_HEADER + 1] = 0;
	forged[GW_HELLO_HEADER] = GW_RST_UNKNOWN_TICKET;
	pair_inject(&p, 0, forged, sizeof(forged));
	pair_run(&p);
	check_closed(&p, 0, GW_E_PROTOCOL);
	check_flags(&p, 0, false, false, false);
	pair_fini(&p);
}

/* ---- other versions ---- */

static void
a_newer_initiator_is_told_our_versions(void **state)
{
	uint8_t syn[64] = { 'g', 'd', 'w', 't', 9, GW_HELLO_SYN, 0, 56 };
	static const uint8_t want[] = { 'g', 'd', 'w', 't', 1, GW_HELLO_RST, 0,
		GW_RST_VERSION_BODY, GW_RST_VERSION, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 1, 1 };
	struct gw_slice out;
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){ 0 });
	pair_feed(&p, 1, syn, sizeof(want) - 1); /* less than the answer is */
	assert_false(p.side[1].closed);
	pair_feed(&p, 1, syn + sizeof(want) - 1, 1);
	check_closed(&p, 1, GW_E_VERSION);
	assert_non_null(strstr(p.side[1].closed_text, "version 9"));
	assert_non_null(strstr(p.side[1].closed_text, "version 1"));
	out = gw_tcp_session_send_buf(p.side[1].session, p.now);
	assert_int_equal(out.n, sizeof(want));
	assert_memory_equal(out.p, want, sizeof(want));
	pair_fini(&p);
}

static void
a_newer_syn_that_is_too_short_gets_no_answer(void **state)
{
	static const uint8_t syn[] = { 'g', 'd', 'w', 't', 2, GW_HELLO_SYN, 0,
		GW_RST_VERSION_BODY - 1 };
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){ 0 });
	pair_feed(&p, 1, syn, sizeof(syn));
	check_closed(&p, 1, GW_E_VERSION);
	assert_int_equal(
	    gw_tcp_session_send_buf(p.side[1].session, p.now).n, 0);
	pair_fini(&p);
}

static void
an_older_initiator_understands_the_refusal(void **state)
{
	uint8_t rst[64] = { 'g', 'd', 'w', 't', 7, GW_HELLO_RST, 0, 40,
		GW_RST_VERSION };
	struct pair p;

	(void)state;
	rst[GW_HELLO_HEADER + GW_RST_BODY] = 3;
	rst[GW_HELLO_HEADER + GW_RST_BODY + 1] = 7;
	pair_init(&p, &(struct pair_options){ 0 });
	p.chunk = 1;
	pair_inject(&p, 0, rst, GW_HELLO_HEADER + 40);
	while (pair_move(&p, 1))
		;
	check_closed(&p, 0, GW_E_VERSION);
	check_flags(&p, 0, false, true, false);
	assert_non_null(strstr(p.side[0].closed_text, "version 3 to 7"));
	pair_fini(&p);

	/* It answers in another version: a word, no hang. */
	rst[5] = GW_HELLO_SYN_ACK;
	pair_init(&p, &(struct pair_options){ 0 });
	pair_inject(&p, 0, rst, GW_HELLO_HEADER);
	pair_run(&p);
	check_closed(&p, 0, GW_E_VERSION);
	pair_fini(&p);
}

/* ---- no godwit at all ---- */

static void
strangers_are_known_by_their_first_byte(void **state)
{
	static const struct {
		const char *says, *word;
	} strangers[] = {
		{ "GET / HTTP/1.1\r\n", "web browser" },
		{ "POST /x HTTP/1.1\r\n", "web client" },
		{ "HTTP/1.1 400 Bad Request\r\n", "web server" },
		{ "\x16\x03\x01\x02\x05", "TLS" },
		{ "SSH-2.0-OpenSSH_9.2\r\n", "SSH" },
		{ "\xf3\x01 random", "no godwit" },
		{ "gdwx", "no godwit" },
	};
	struct pair p;

	(void)state;
	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
		for (unsigned to = 0; to < 2; to++) {
			const char *says = strangers[i].says;

			pair_init(&p, &(struct pair_options){ 0 });
			gw_tcp_session_send_ack(p.side[0].session,
			    gw_tcp_session_send_buf(p.side[0].session, p.now).n,
			    p.now);
			pair_inject(&p, to, says, strlen(says));
			pair_move(&p, 1 - to);
			check_closed(&p, to, GW_E_STRANGER);
			assert_non_null(
			    strstr(p.side[to].closed_text, strangers[i].word));
			assert_int_equal(
			    gw_tcp_session_send_buf(p.side[to].session, p.now)
				.n,
			    0);
			pair_fini(&p);
		}
	}
	/* One byte that cannot be ours is enough. */
	pair_init(&p, &(struct pair_options){ 0 });
	pair_feed(&p, 1, "G", 1);
	check_closed(&p, 1, GW_E_STRANGER);
	pair_fini(&p);
}

static void
a_message_that_is_too_long_ends_at_its_header(void **state)
{
	static const uint8_t syn[] = { 'g', 'd', 'w', 't', 1, GW_HELLO_SYN, 4,
		1 };
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){ 0 });
	pair_feed(&p, 1, syn, sizeof(syn));
	check_closed(&p, 1, GW_E_PROTOCOL);
	pair_fini(&p);
}

static void
silence_ends(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, &(struct pair_options){ 0 });
	assert_int_equal(gw_session_deadline(p.side[1].session),
	    p.now + GW_PENDING_SECONDS * GW_SEC);
	gw_session_tick(
	    p.side[1].session, p.now + GW_PENDING_SECONDS * GW_SEC - 1);
	pair_pull(&p, 1);
	assert_false(p.side[1].closed);
	gw_session_tick(p.side[1].session, p.now + GW_PENDING_SECONDS * GW_SEC);
	assert_int_equal(gw_session_deadline(p.side[1].session), 0);
	pair_pull(&p, 1);
	check_closed(&p, 1, GW_E_STALLED);
	assert_int_equal(gw_session_deadline(p.side[1].session), GW_NEVER);

	gw_session_tick(p.side[0].session, p.now + 10 * GW_SEC - 1);
	pair_pull(&p, 0);
	assert_false(p.side[0].closed);
	gw_session_tick(p.side[0].session, p.now + 10 * GW_SEC);
	pair_pull(&p, 0);
	check_closed(&p, 0, GW_E_CONNECT);
	pair_fini(&p);
}

static void
an_owner_may_give_up_in_the_middle(void **state)
{
	struct pair p;

	(void)state;
	for (unsigned moves = 0; moves < 3; moves++) {
		pair_init(&p, &(struct pair_options){ 0 });
		for (unsigned i = 0; i < moves; i++)
			pair_move(&p, i % 2);
		gw_session_abort(
		    p.side[0].session, GW_E_INTERRUPTED, "interrupted", p.now);
		pair_run(&p);
		check_closed(&p, 0, GW_E_INTERRUPTED);
		assert_true(p.side[1].closed);
		assert_false(p.side[1].closed_event.closed.guess);
		pair_fini(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_changed_byte_opens_nothing),
		cmocka_unit_test(without_confirm_an_initiator_does_not_open),
		cmocka_unit_test(a_cut_anywhere_is_a_lost_connection),
		cmocka_unit_test(a_reset_without_the_token_is_not_believed),
		cmocka_unit_test(a_newer_initiator_is_told_our_versions),
		cmocka_unit_test(a_newer_syn_that_is_too_short_gets_no_answer),
		cmocka_unit_test(an_older_initiator_understands_the_refusal),
		cmocka_unit_test(strangers_are_known_by_their_first_byte),
		cmocka_unit_test(a_message_that_is_too_long_ends_at_its_header),
		cmocka_unit_test(silence_ends),
		cmocka_unit_test(an_owner_may_give_up_in_the_middle),
	};

	return cmocka_run_group_tests_name("strangers", tests, NULL, NULL);
}
