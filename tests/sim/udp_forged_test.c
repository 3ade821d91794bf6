/* Somebody on the path who is faster than the right one: SYN_ACKs that are
 * forged and come first. */
#include <string.h>

#include "udp_wire.h"
#include "unit/test.h"

enum { DELAY = 20000 };

static const struct udp_bed_options quiet = {
	.link = { .delay = DELAY },
	.no_growth = true,
};

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

static void
opens_and_closes(struct udp_bed *b, gw_usec within)
{
	assert_true(udp_bed_until(b, are_open, within));
	b->side[0].to_write[1] = 10000;
	b->side[0].finish = true;
	b->side[1].answers = true;
	udp_bed_run(b, 30 * GW_SEC);
	udp_bed_check(b);
}

/* Dial, and hold the first SYN_ACK back: where a forged one was faster. */
static const struct udp_wire_seen *
dial(struct udp_bed *b, struct udp_wire *w, const struct udp_bed_options *o)
{
	const struct udp_wire_seen *m;

	udp_bed_init(b, o);
	udp_wire_watch(w, b);
	udp_wire_drop(w, GW_HELLO_SYN_ACK, 1);
	udp_bed_dial(b, o);
	while ((m = udp_wire_nth(w, GW_HELLO_SYN_ACK, 0)) == NULL)
		udp_bed_linger(b, 1000);
	return m;
}

/* As whoever sent it would have: with the check that it needs. */
static void
inject(struct udp_bed *b, struct gw_hello_packet *p)
{
	uint8_t out[GW_PACKET_MIN];
	const struct gw_hash check = gw_hello_packet_check(p);
	size_t n;

	p->cookie = gw_slice(check.b, sizeof(check.b));
	n = gw_hello_packet_encode(p, out);
	udp_wire_inject(b, 0, &(struct net_addr){ .port = 0 }, out, n);
}

/* The right message under an id that leads nowhere. */
static void
another_id_under_the_right_message_is_noise(void **state)
{
	static struct udp_wire w;
	const struct udp_wire_seen *m;
	struct gw_hello_packet p;
	struct udp_bed b;
	uint64_t right;

	(void)state;
	m = dial(&b, &w, &quiet);
	assert_true(gw_hello_packet_decode(gw_slice(m->b, m->n), &p));
	right = p.scid;
	for (unsigned bit = 0; bit < 64; bit++) {
		p.scid = right ^ UINT64_C(1) << bit;
		inject(&b, &p);
	}
	udp_bed_linger(&b, 3 * DELAY);
	assert_null(udp_wire_nth(&w, GW_HELLO_ACK, 0));
	assert_false(b.side[0].closed);
	opens_and_closes(&b, GW_SEC);
	assert_int_equal(b.side[1].sessions, 1);
	udp_bed_fini(&b);
}

static void
a_message_that_does_not_open_is_noise(void **state)
{
	static struct udp_wire w;
	const struct udp_wire_seen *m;
	uint8_t body[GW_HELLO_MAX];
	struct gw_hello_packet p;
	struct udp_bed b;

	(void)state;
	m = dial(&b, &w, &quiet);
	assert_true(gw_hello_packet_decode(gw_slice(m->b, m->n), &p));
	memcpy(body, p.body.p, p.body.n);
	p.body.p = body;
	for (size_t i = 0; i < p.body.n; i++) {
		body[i] ^= 1;
		inject(&b, &p);
		body[i] ^= 1;
	}
	memset(body, 0, sizeof(body));
	inject(&b, &p);
	udp_bed_linger(&b, 3 * DELAY);
	assert_null(udp_wire_nth(&w, GW_HELLO_ACK, 0));
	assert_false(b.side[0].closed);
	opens_and_closes(&b, GW_SEC);
	udp_bed_fini(&b);
}

/* ---- another device ---- */

/* It answers a SYN that it overheard, in all the right forms. */
static void
impostor_answers(struct udp_bed *b, const struct udp_wire_seen *syn)
{
	static uint8_t out[1 << 16];
	uint8_t in[GW_PACKET_MIN];
	struct gw_udp_endpoint_options o = { .secret = { 9 } };
	struct gw_incoming d = { .p = in, .n = syn->n };
	struct gw_burst burst = { .buf = out, .cap = sizeof(out) };
	struct gw_udp_endpoint *e;
	struct gw_door *door;
	struct gw_keypair keys;
	uint32_t tickets[2];

	gw_keypair_from((const uint8_t[32]){ 66 }, &keys);
	assert_int_equal(gw_door_new(&door), GW_OK);
	assert_int_equal(gw_door_set_code(door, "1-no-idea"), GW_OK);
	o.session = (struct gw_session_options){ .self = &keys,
		.name = "attic",
		.window = GW_STREAM_WINDOW,
		.random = b->random,
		.door = door };
	assert_int_equal(gw_udp_endpoint_new(&o, b->now, &e), GW_OK);
	memcpy(in, syn->b, syn->n);
	memcpy(d.from.ip, syn->from.ip, sizeof(d.from.ip));
	d.from.port = syn->from.port;
	assert_non_null(
	    gw_udp_endpoint_input(e, &d, b->now, &tickets[0], &tickets[1]));
	assert_true(gw_udp_endpoint_output(e, &burst, b->now));
	udp_wire_inject(
	    b, 0, &(struct net_addr){ .port = 0 }, burst.buf, burst.len);
	gw_udp_endpoint_free(e);
	gw_door_free(door);
}

static void
another_device_that_is_faster_does_not_end_the_dial(void **state)
{
	static struct udp_wire w;
	struct udp_bed_options o = quiet;
	struct gw_keypair right;
	struct udp_bed b;

	(void)state;
	gw_keypair_from((const uint8_t[32]){ 2 }, &right);
	o.peer = right.public;
	(void)dial(&b, &w, &o);
	for (unsigned i = 0; i < 3; i++)
		impostor_answers(&b, udp_wire_nth(&w, GW_HELLO_SYN, 0));
	udp_bed_linger(&b, 3 * DELAY);
	assert_null(udp_wire_nth(&w, GW_HELLO_ACK, 0));
	assert_false(b.side[0].closed);
	opens_and_closes(&b, GW_SEC);
	assert_int_equal(gw_door_guesses_left(b.door), GW_GUESSES);
	udp_bed_fini(&b);
}

/* Nobody else comes: a second later it is told who answered. */
static void
the_wrong_device_alone_is_told_after_a_second(void **state)
{
	static struct udp_wire w;
	struct udp_bed_options o = quiet;
	struct gw_keypair right;
	struct udp_bed b;
	gw_usec since;

	(void)state;
	gw_keypair_from((const uint8_t[32]){ 77 }, &right);
	o.peer = right.public;
	udp_bed_init(&b, &o);
	udp_wire_watch(&w, &b);
	since = b.now;
	udp_bed_dial(&b, &o);
	assert_true(udp_bed_until(&b, is_closed, 5 * GW_SEC));
	assert_in_range(b.now - since, GW_SEC, GW_SEC + 3 * DELAY);
	assert_int_equal(b.side[0].closed_event.closed.err, GW_E_AUTH);
	/* It learned nothing that a guess could be made of. */
	assert_null(udp_wire_nth(&w, GW_HELLO_ACK, 0));
	udp_bed_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_id_under_the_right_message_is_noise),
		cmocka_unit_test(a_message_that_does_not_open_is_noise),
		cmocka_unit_test(
		    another_device_that_is_faster_does_not_end_the_dial),
		cmocka_unit_test(the_wrong_device_alone_is_told_after_a_second),
	};

	return cmocka_run_group_tests_name("udp_forged", tests, NULL, NULL);
}
