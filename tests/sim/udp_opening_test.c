/* The three packets of the handshake: lost, late, twice, changed on the way,
 * and the door behind them. */
#include <string.h>

#include "udp_wire.h"
#include "unit/test.h"

enum { DELAY = 20000, DIAL_MOST = 12 };

static const struct udp_bed_options quiet = {
	.link = { .delay = DELAY, .rate = 100000000 },
	.no_growth = true,
};

static struct udp_bed_options
with_code(const char *code)
{
	struct udp_bed_options o = quiet;

	o.code[0] = code;
	return o;
}

static bool
are_open(struct udp_bed *b)
{
	return b->side[0].opened && b->side[1].opened;
}

static bool
is_closed(struct udp_bed *b)
{
	return b->side[0].closed;
}

/* It opens; then both ends close well. */
static void
opens_and_closes(struct udp_bed *b, gw_usec within)
{
	assert_true(udp_bed_until(b, are_open, within));
	b->side[0].finish = true;
	b->side[1].answers = true;
	udp_bed_run(b, 30 * GW_SEC);
	udp_bed_check(b);
}

/* ---- lost ---- */

/* Whichever of the four is lost, up to three times, it opens. */
static void
handshake_anti_deadlock_probe(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4 * 3; i++) {
		static const uint8_t types[] = { GW_HELLO_SYN, GW_HELLO_SYN_ACK,
			GW_HELLO_ACK, UDP_WIRE_SEALED };
		struct udp_wire w;
		struct udp_bed b;

		udp_bed_init(&b, &quiet);
		udp_wire_watch(&w, &b);
		udp_wire_drop(&w, types[i / 3], 1 + i % 3);
		udp_bed_dial(&b, &quiet);
		opens_and_closes(&b, 4 * GW_SEC);
		assert_int_equal(w.dropped, 1 + i % 3);
		assert_int_equal(gw_door_guesses_left(b.door), GW_GUESSES);
		assert_int_equal(b.side[1].sessions, 1);
		udp_bed_fini(&b);
	}
}

/* interop runner: 30 % in bursts of three */
static void
handshakeloss(void **state)
{
	struct udp_bed_options o = quiet;

	(void)state;
	o.link.loss = 0.3;
	o.link.burst = 3;
	o.link.burst_silence = 100000;
	for (o.seed = 1; o.seed <= 200; o.seed++) {
		struct udp_bed b;

		udp_bed_init(&b, &o);
		udp_bed_dial(&b, &o);
		udp_bed_until(&b, are_open, DIAL_MOST * GW_SEC);
		if (!b.side[0].opened)
			assert_int_equal(b.side[0].closed_event.closed.err,
			    GW_E_CONNECT); /* once in very long */
		udp_bed_fini(&b);
	}
}

/* interop runner: 30 % damaged; none of it is a guess */
static void
handshakecorruption(void **state)
{
	struct udp_bed_options o = quiet;
	unsigned opened = 0;

	(void)state;
	o.link.corrupt = 0.3;
	for (o.seed = 1; o.seed <= 200; o.seed++) {
		struct udp_bed b;

		udp_bed_init(&b, &o);
		udp_bed_dial(&b, &o);
		opened += udp_bed_until(&b, are_open, DIAL_MOST * GW_SEC);
		assert_int_equal(gw_door_guesses_left(b.door), GW_GUESSES);
		udp_bed_fini(&b);
	}
	assert_true(opened >= 195);
}

static void
repeated_messages_are_the_same_and_back_off(void **state)
{
	static const gw_usec gaps[] = { 250000, 500000, 1000000, 2000000,
		2000000, 2000000, 2000000 };
	struct udp_wire w;
	struct udp_bed b;
	unsigned k = 0;

	(void)state;
	udp_bed_init(&b, &quiet);
	udp_wire_watch(&w, &b);
	udp_wire_drop(&w, GW_HELLO_SYN, 100);
	udp_bed_dial(&b, &quiet);
	udp_bed_linger(&b, 20 * GW_SEC);
	assert_int_equal(w.n, 8);
	for (unsigned i = 0; i + 1 < w.n; i++, k++) {
		assert_int_equal(w.v[i + 1].at - w.v[i].at, gaps[k]);
		assert_int_equal(w.v[i + 1].n, w.v[0].n);
		assert_memory_equal(w.v[i + 1].b, w.v[0].b, w.v[0].n);
	}
	assert_int_equal(b.side[0].closed_event.closed.err, GW_E_CONNECT);
	udp_bed_fini(&b);

	/* SYN_ACK likewise: and never more than what the SYN had. */
	udp_bed_init(&b, &quiet);
	udp_wire_watch(&w, &b);
	udp_wire_drop(&w, GW_HELLO_SYN_ACK, 100);
	udp_bed_dial(&b, &quiet);
	udp_bed_linger(&b, 3 * GW_SEC);
	assert_non_null(udp_wire_nth(&w, GW_HELLO_SYN_ACK, 3));
	for (unsigned i = 1; i < 4; i++)
		assert_memory_equal(udp_wire_nth(&w, GW_HELLO_SYN_ACK, i)->b,
		    udp_wire_nth(&w, GW_HELLO_SYN_ACK, 0)->b,
		    udp_wire_nth(&w, GW_HELLO_SYN_ACK, 0)->n);
	udp_bed_fini(&b);
}

/* ---- twice, and later ---- */

static void
replay_all(struct udp_bed *b, const struct udp_wire *w, unsigned n)
{
	for (unsigned k = 0; k < 3; k++)
		for (unsigned i = 0; i < n; i++)
			udp_wire_inject(b, 1 - w->v[i].side, &w->v[i].from,
			    w->v[i].b, w->v[i].n);
	udp_bed_linger(b, 100000);
}

static void
duplicates_and_replays_change_nothing(void **state)
{
	static struct udp_wire w;
	struct udp_bed b;
	unsigned n;

	(void)state;
	udp_bed_init(&b, &quiet);
	udp_wire_watch(&w, &b);
	udp_bed_dial(&b, &quiet);
	/* At every step of it, all that was sent so far. */
	for (unsigned i = 0; i < 8; i++) {
		udp_bed_linger(&b, DELAY / 2);
		replay_all(&b, &w, w.n < 8 ? w.n : 8);
	}
	assert_true(are_open(&b));
	assert_int_equal(b.side[1].sessions, 1);
	b.side[0].to_write[1] = 300000;
	b.side[1].to_write[0] = 300000;
	n = w.n < 40 ? w.n : 40;
	for (unsigned i = 0; i < 10; i++)
		replay_all(&b, &w, n);
	opens_and_closes(&b, GW_SEC);
	/* After the end, the SYN begins a handshake that nobody finishes. */
	replay_all(&b, &w, n);
	udp_bed_linger(&b, 10 * GW_SEC);
	assert_int_equal(b.side[1].sessions, 2);
	assert_int_equal(b.side[1].failed, 1);
	assert_int_equal(gw_udp_endpoint_count(b.side[1].endpoint), 0);
	assert_int_equal(gw_door_guesses_left(b.door), GW_GUESSES);
	udp_bed_fini(&b);
}

/* ---- changed ---- */

/* Every bit of a message that is held back, one by one. */
static void
flip_every_bit(uint8_t type)
{
	static struct udp_wire w;
	const struct udp_wire_seen *m;
	uint8_t changed[GW_PACKET_MIN];
	struct udp_bed b;

	udp_bed_init(&b, &quiet);
	udp_wire_watch(&w, &b);
	udp_wire_drop(&w, type, 1);
	udp_bed_dial(&b, &quiet);
	while ((m = udp_wire_nth(&w, type, 0)) == NULL)
		udp_bed_linger(&b, 1000);
	assert_true(m->n <= sizeof(changed));
	for (size_t i = 0; i < 8 * m->n; i++) {
		memcpy(changed, m->b, m->n);
		changed[i / 8] ^= (uint8_t)(1U << i % 8);
		udp_wire_inject(&b, 1 - m->side, &m->from, changed, m->n);
	}
	udp_bed_linger(&b, 3 * DELAY);
	assert_false(b.side[0].opened && b.side[1].opened);
	assert_false(b.side[0].closed);
	opens_and_closes(&b, 4 * GW_SEC);
	assert_int_equal(gw_door_guesses_left(b.door), GW_GUESSES);
	assert_int_equal(b.side[1].sessions, 1);
	assert_int_equal(b.side[1].failed, 0);
	udp_bed_fini(&b);
}

static void
a_changed_syn_ack_or_ack_is_noise(void **state)
{
	(void)state;
	flip_every_bit(GW_HELLO_SYN_ACK);
	flip_every_bit(GW_HELLO_ACK);
}

static void
a_forged_reset_ends_nothing(void **state)
{
	static struct udp_wire w;
	const struct udp_wire_seen *syn;
	const uint8_t body[GW_RST_VERSION_BODY] = { GW_RST_GUESS, 1, 2, 3 };
	struct gw_hello_packet p = {
		.version = GW_PROTOCOL_VERSION,
		.type = GW_HELLO_RST,
	};
	uint8_t rst[GW_PACKET_MIN];
	struct udp_bed b;

	(void)state;
	udp_bed_init(&b, &quiet);
	udp_wire_watch(&w, &b);
	udp_bed_dial(&b, &quiet);
	/* After SYN, after ACK, and when it is open; each reason there is. */
	for (unsigned i = 0; i < 12; i++) {
		udp_bed_linger(&b, DELAY / 2);
		syn = udp_wire_nth(&w, GW_HELLO_SYN, 0);
		memcpy(&p.dcid, syn->b + 16, 8);
		p.dcid = __builtin_bswap64(p.dcid);
		for (uint8_t reason = 1; reason < 9; reason++) {
			uint8_t copy[sizeof(body)];
			size_t n;

			memcpy(copy, body, sizeof(body));
			copy[0] = reason;
			p.body = gw_slice(copy, reason == GW_RST_VERSION
						    ? GW_RST_VERSION_BODY
						    : GW_RST_BODY);
			n = gw_hello_packet_encode(&p, rst);
			udp_wire_inject(
			    &b, 0, &(struct net_addr){ .port = 0 }, rst, n);
		}
	}
	opens_and_closes(&b, 4 * GW_SEC);
	udp_bed_fini(&b);
}

/* ---- codes ---- */

/* Dial, until side 0 knows how it ended. */
static void
dial_badly(struct udp_bed *b, const char *code, gw_usec within)
{
	const struct udp_bed_options o = with_code(code);

	udp_bed_dial(b, &o);
	assert_true(udp_bed_until(b, is_closed, within));
	assert_false(b->side[0].opened);
	assert_int_equal(b->side[0].closed_event.closed.err, GW_E_AUTH);
	udp_bed_linger(b, DELAY);
}

static void
a_wrong_code_is_told_within_a_second(void **state)
{
	struct udp_bed b;

	(void)state;
	udp_bed_init(&b, &quiet);
	dial_badly(&b, "8-crane-otter", GW_SEC);
	assert_int_equal(b.side[1].failed, 1);
	assert_int_equal(gw_door_guesses_left(b.door), GW_GUESSES - 1);
	udp_bed_dial(&b, &quiet);
	opens_and_closes(&b, GW_SEC);
	udp_bed_fini(&b);
}

static void
the_third_guess_burns_the_code(void **state)
{
	struct udp_bed b;

	(void)state;
	udp_bed_init(&b, &quiet);
	for (unsigned i = 1; i <= GW_GUESSES; i++) {
		dial_badly(&b, "8-crane-otter", GW_SEC);
		assert_int_equal(gw_door_guesses_left(b.door), GW_GUESSES - i);
	}
	assert_true(gw_door_burned(b.door));
	dial_badly(&b, "7-crane-otter", GW_SEC);
	assert_int_equal(b.side[1].failed, 4);
	udp_bed_fini(&b);
}

/* The dialer says ACK again, and that is no second guess. */
static void
a_lost_reset_is_repeated_and_counts_once(void **state)
{
	static struct udp_wire w;
	struct udp_bed b;

	(void)state;
	udp_bed_init(&b, &quiet);
	udp_wire_watch(&w, &b);
	udp_wire_drop(&w, GW_HELLO_RST, 2);
	dial_badly(&b, "8-crane-otter", 2 * GW_SEC);
	assert_int_equal(w.dropped, 2);
	assert_non_null(udp_wire_nth(&w, GW_HELLO_ACK, 2));
	assert_int_equal(gw_door_guesses_left(b.door), GW_GUESSES - 1);
	assert_int_equal(b.side[1].failed, 1);
	udp_bed_linger(&b, 10 * GW_SEC);
	assert_int_equal(gw_udp_endpoint_count(b.side[1].endpoint), 0);
	udp_bed_fini(&b);
}

static void
another_version_is_told_so(void **state)
{
	static struct udp_wire w;
	const struct udp_wire_seen *syn;
	uint8_t newer[GW_PACKET_MIN];
	struct udp_bed b;

	(void)state;
	udp_bed_init(&b, &quiet);
	udp_wire_watch(&w, &b);
	udp_wire_drop(&w, GW_HELLO_SYN, 1);
	udp_bed_dial(&b, &quiet);
	udp_bed_linger(&b, 1000);
	syn = udp_wire_nth(&w, GW_HELLO_SYN, 0);
	assert_int_equal(syn->n, sizeof(newer));
	memcpy(newer, syn->b, sizeof(newer));
	newer[12] = 9;
	udp_wire_inject(&b, 1, &syn->from, newer, sizeof(newer));
	udp_bed_linger(&b, 200000);
	assert_true(b.side[0].closed);
	assert_int_equal(b.side[0].closed_event.closed.err, GW_E_VERSION);
	udp_bed_fini(&b);
}

/* Too many wanted in: the listener has forgotten it, and says so. */
static void
whoever_had_to_go_is_told(void **state)
{
	static struct udp_wire w;
	struct gw_udp_endpoint *e;
	struct udp_bed b;

	(void)state;
	udp_bed_init(&b, &quiet);
	udp_wire_watch(&w, &b);
	udp_bed_dial(&b, &quiet);
	while (udp_wire_nth(&w, GW_HELLO_ACK, 0) == NULL)
		udp_bed_linger(&b, 1000);
	e = b.side[1].endpoint;
	assert_int_equal(gw_udp_endpoint_count(e), 1);
	gw_session_abort(gw_udp_endpoint_next(e, NULL), GW_E_LIMIT, "", b.now);
	gw_udp_endpoint_release(e, gw_udp_endpoint_next(e, NULL), b.now);
	assert_true(udp_bed_until(&b, is_closed, GW_SEC));
	assert_int_equal(b.side[0].closed_event.closed.err, GW_E_CONNECT);
	udp_bed_linger(&b, DELAY);
	udp_bed_dial(&b, &quiet);
	opens_and_closes(&b, GW_SEC);
	udp_bed_fini(&b);
}

/* ---- tickets ---- */

static void
a_ticket_brings_it_back(void **state)
{
	struct udp_bed_options o = quiet;
	struct gw_ticket ticket;
	struct udp_bed b;

	(void)state;
	udp_bed_init(&b, &quiet);
	udp_bed_dial(&b, &quiet);
	opens_and_closes(&b, GW_SEC);
	ticket = b.side[0].ticket;
	o.ticket = &ticket;
	for (unsigned i = 0; i < 3; i++) {
		udp_bed_linger(&b, 2 * GW_SEC);
		udp_bed_dial(&b, &o);
		opens_and_closes(&b, GW_SEC);
		/* The newest replaces the one before. */
		ticket = b.side[0].ticket;
	}
	assert_int_equal(b.side[1].sessions, 4);
	udp_bed_fini(&b);
}

static void
an_unknown_ticket_is_told_so_and_is_no_guess(void **state)
{
	const struct gw_ticket ticket = { .id = { 1 }, .psk = { 2 } };
	struct udp_bed_options o = quiet;
	struct udp_bed b;

	(void)state;
	o.ticket = &ticket;
	udp_bed_init(&b, &quiet);
	udp_bed_dial(&b, &o);
	assert_true(udp_bed_until(&b, is_closed, GW_SEC));
	assert_true(b.side[0].closed_event.closed.unknown_ticket);
	assert_int_equal(gw_door_guesses_left(b.door), GW_GUESSES);
	udp_bed_linger(&b, DELAY);
	udp_bed_dial(&b, &quiet);
	opens_and_closes(&b, GW_SEC);
	udp_bed_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_anti_deadlock_probe),
		cmocka_unit_test(handshakeloss),
		cmocka_unit_test(handshakecorruption),
		cmocka_unit_test(repeated_messages_are_the_same_and_back_off),
		cmocka_unit_test(duplicates_and_replays_change_nothing),
		cmocka_unit_test(a_changed_syn_ack_or_ack_is_noise),
		cmocka_unit_test(a_forged_reset_ends_nothing),
		cmocka_unit_test(a_wrong_code_is_told_within_a_second),
		cmocka_unit_test(the_third_guess_burns_the_code),
		cmocka_unit_test(a_lost_reset_is_repeated_and_counts_once),
		cmocka_unit_test(another_version_is_told_so),
		cmocka_unit_test(whoever_had_to_go_is_told),
		cmocka_unit_test(a_ticket_brings_it_back),
		cmocka_unit_test(an_unknown_ticket_is_told_so_and_is_no_guess),
	};

	return cmocka_run_group_tests_name("udp_opening", tests, NULL, NULL);
}
