#include "wire/packet.h"

#include <string.h>

#include "test.h"

static uint8_t buf[GW_PACKET_MIN + 1];

static const uint8_t body[GW_HELLO_MAX + 1] = { 7, 8, 9 };
static const uint8_t cookie[GW_COOKIE_MAX + 1] = { 4, 5, 6 };

static struct gw_hello_packet
hello(
    uint8_t type, uint64_t dcid, uint64_t scid, size_t cookie_n, size_t body_n)
{
	return (struct gw_hello_packet){
		.dcid = dcid,
		.scid = scid,
		.version = GW_PROTOCOL_VERSION,
		.type = type,
		.cookie = gw_slice(cookie, cookie_n),
		.body = gw_slice(body, body_n),
	};
}

/* Encodes to n bytes, which decode to the same. */
static void
round_trip(const struct gw_hello_packet *p, size_t n)
{
	struct gw_hello_packet back;
	uint64_t dcid = 0;

	assert_int_equal(gw_hello_packet_encode(p, buf), n);
	assert_int_equal(
	    gw_packet_look(gw_slice(buf, n), &dcid), GW_PACKET_HELLO);
	assert_int_equal(dcid, p->dcid);
	assert_true(gw_hello_packet_decode(gw_slice(buf, n), &back));
	assert_int_equal(back.dcid, p->dcid);
	assert_int_equal(back.scid, p->scid);
	assert_int_equal(back.version, p->version);
	assert_int_equal(back.type, p->type);
	assert_true(gw_slice_eq(back.cookie, p->cookie));
	assert_true(gw_slice_eq(back.body, p->body));
}

static void
handshake_packets_come_back(void **state)
{
	static const size_t clear = 25;
	struct gw_hello_packet p;

	(void)state;
	p = hello(GW_HELLO_SYN, 0, 1, 0, 248);
	round_trip(&p, GW_PACKET_MIN);
	p = hello(GW_HELLO_SYN, 0, UINT64_MAX, GW_COOKIE_MAX, GW_HELLO_MAX);
	round_trip(&p, GW_PACKET_MIN);
	p = hello(GW_HELLO_SYN_ACK, 1, 2, 0, 145);
	round_trip(&p, clear + 145);
	p = hello(GW_HELLO_ACK, UINT64_MAX, 2, 0, GW_HELLO_MAX);
	round_trip(&p, clear + GW_HELLO_MAX);
	p = hello(GW_HELLO_COOKIE, 3, 0, 1, 0);
	round_trip(&p, clear + 1);
	p = hello(GW_HELLO_RST, 3, 0, 0, GW_RST_BODY);
	round_trip(&p, clear + GW_RST_BODY);
	p = hello(GW_HELLO_RST, 0, 3, 0, GW_RST_VERSION_BODY);
	round_trip(&p, clear + GW_RST_VERSION_BODY);
}

static void
a_handshake_packet_has_its_layout(void **state)
{
	static const uint8_t want[] = { 0, 1, 2, 3, 4, 5, 6, 7, 'g', 'd', 'w',
		't', 1, 2, 0, 3, 8, 9, 10, 11, 12, 13, 14, 15, 0, 7, 8, 9 };
	const struct gw_hello_packet p = hello(GW_HELLO_SYN_ACK,
	    UINT64_C(0x0001020304050607), UINT64_C(0x08090a0b0c0d0e0f), 0, 3);

	(void)state;
	assert_int_equal(gw_hello_packet_encode(&p, buf), sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
}

/* Is what was encoded still good after a byte became another? */
static bool
good_with(size_t n, size_t at, uint8_t value)
{
	const uint8_t was = buf[at];
	struct gw_hello_packet back = { .type = 77 };
	bool ok;

	buf[at] = value;
	ok = gw_hello_packet_decode(gw_slice(buf, n), &back);
	buf[at] = was;
	if (!ok)
		assert_int_equal(back.type, 77);
	return ok;
}

static void
fields_that_a_type_does_not_have_are_refused(void **state)
{
	struct gw_hello_packet p = hello(GW_HELLO_SYN, 0, 1, 0, 248);
	size_t n = gw_hello_packet_encode(&p, buf);

	(void)state;
	assert_true(good_with(n, 23, 9));  /* another scid */
	assert_false(good_with(n, 7, 1));  /* it cannot know ours */
	assert_false(good_with(n, 23, 0)); /* none of its own */
	assert_false(good_with(n, 8, 'h'));
	assert_false(good_with(n, 13, 0));
	assert_false(good_with(n, 13, 6));
	assert_false(good_with(n, 15, 0)); /* the body is shorter: no zeros */
	assert_false(good_with(n, 24, GW_COOKIE_MAX + 1));
	assert_false(good_with(n, n - 1, 1));

	p = hello(GW_HELLO_SYN_ACK, 1, 2, 0, 145);
	n = gw_hello_packet_encode(&p, buf);
	assert_false(good_with(n, 7, 0));
	assert_false(good_with(n, 23, 0));
	assert_false(good_with(n, 24, 1));
	assert_false(good_with(n, 15, 144)); /* something behind the body */
	assert_false(good_with(n, 15, 146));
	assert_false(good_with(n, 13, GW_HELLO_COOKIE));

	p = hello(GW_HELLO_COOKIE, 1, 0, 8, 0);
	n = gw_hello_packet_encode(&p, buf);
	assert_false(good_with(n, 7, 0));
	assert_false(good_with(n, 23, 2));
	assert_false(good_with(n, 24, 0));
	assert_false(good_with(n, 24, 7));

	p = hello(GW_HELLO_RST, 1, 0, 0, 17);
	n = gw_hello_packet_encode(&p, buf);
	assert_false(good_with(n, 7, 0)); /* whose is it? */
	assert_false(good_with(n, 24, 1));
}

static void
a_handshake_packet_has_its_length(void **state)
{
	struct gw_hello_packet p = hello(GW_HELLO_ACK, 1, 2, 0, 129), back;
	size_t n = gw_hello_packet_encode(&p, buf);

	(void)state;
	for (size_t i = 0; i < n + 2; i++)
		assert_int_equal(
		    gw_hello_packet_decode(gw_slice(buf, i), &back), i == n);
	p = hello(GW_HELLO_SYN, 0, 2, 0, 248);
	n = gw_hello_packet_encode(&p, buf);
	for (size_t i = 0; i < n + 2; i++)
		assert_int_equal(
		    gw_hello_packet_decode(gw_slice(buf, i), &back), i == n);
}

static void
of_another_version_only_the_layout_counts(void **state)
{
	struct gw_hello_packet p = hello(GW_HELLO_SYN, 0, 1, 0, 248), back;
	size_t n = gw_hello_packet_encode(&p, buf);

	(void)state;
	buf[12] = GW_PROTOCOL_VERSION + 1;
	buf[7] = 1;
	buf[n - 1] = 1;
	assert_true(gw_hello_packet_decode(gw_slice(buf, 300), &back));
	assert_int_equal(back.version, GW_PROTOCOL_VERSION + 1);
	assert_int_equal(back.scid, 1);
	buf[13] = 99;
	assert_true(gw_hello_packet_decode(gw_slice(buf, 300), &back));
	assert_int_equal(back.type, 99);
	assert_false(gw_hello_packet_decode(gw_slice(buf, 25 + 247), &back));
	buf[24] = GW_COOKIE_MAX + 1;
	assert_false(gw_hello_packet_decode(gw_slice(buf, n), &back));
	buf[24] = 0;
	buf[14] = (GW_HELLO_MAX + 1) >> 8;
	buf[15] = (GW_HELLO_MAX + 1) & 0xff;
	assert_false(gw_hello_packet_decode(gw_slice(buf, n), &back));
}

static void
one_look_tells_what_a_datagram_is(void **state)
{
	static const struct {
		uint8_t byte;
		enum gw_packet_kind kind;
	} looks[] = {
		{ 'g', GW_PACKET_HELLO },
		{ 0x80, GW_PACKET_SEALED },
		{ 0x81, GW_PACKET_SEALED },
		{ 0xff, GW_PACKET_SEALED }, /* the decoder refuses it */
		{ 0, GW_PACKET_NONE },
		{ 'h', GW_PACKET_NONE },
	};

	(void)state;
	memset(buf, 0, sizeof(buf));
	buf[6] = 1;
	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++) {
		uint64_t dcid = 77;

		buf[8] = looks[i].byte;
		assert_int_equal(
		    gw_packet_look(gw_slice(buf, 9), &dcid), looks[i].kind);
		assert_int_equal(
		    dcid, looks[i].kind == GW_PACKET_NONE ? 77 : 256);
		assert_int_equal(
		    gw_packet_look(gw_slice(buf, 8), &dcid), GW_PACKET_NONE);
	}
	assert_int_equal(gw_packet_look(gw_slice(NULL, 0), &(uint64_t){ 0 }),
	    GW_PACKET_NONE);
}

static void
a_sealed_packet_has_its_layout(void **state)
{
	static const uint8_t want[GW_PACKET_HEADER] = { 1, 2, 3, 4, 5, 6, 7, 8,
		0x81, 0, 0, 0, 9, 10, 11, 12 };
	const struct gw_packet p = { UINT64_C(0x0102030405060708), true,
		0x090a0b0c };
	struct gw_packet back = { 0 };

	(void)state;
	memset(buf, 0, sizeof(buf));
	gw_packet_encode(&p, buf);
	assert_memory_equal(buf, want, sizeof(want));
	assert_false(gw_packet_decode(gw_slice(buf, 32), &back));
	assert_int_equal(back.dcid, 0);
	assert_true(gw_packet_decode(gw_slice(buf, 33), &back));
	assert_int_equal(back.dcid, p.dcid);
	assert_int_equal(back.low, p.low);
	assert_true(back.phase);
	gw_packet_encode(&(struct gw_packet){ .dcid = 1 }, buf);
	assert_true(gw_packet_decode(gw_slice(buf, 33), &back));
	assert_false(back.phase);
	for (size_t i = 0; i < 33; i++)
		assert_false(gw_packet_decode(gw_slice(buf, i), &back));
}

static void
spare_bits_of_a_sealed_packet_are_zero(void **state)
{
	struct gw_packet back;

	(void)state;
	gw_packet_encode(&(struct gw_packet){ .dcid = 1 }, buf);
	for (size_t at = 8; at < 12; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			buf[at] ^= (uint8_t)(1U << bit);
			assert_int_equal(
			    gw_packet_decode(gw_slice(buf, 100), &back),
			    at == 8 && bit == 0);
			buf[at] ^= (uint8_t)(1U << bit);
		}
}

static void
a_packet_that_no_datagram_holds_is_refused(void **state)
{
	static uint8_t large[GW_PACKET_MAX + 1];
	struct gw_packet back;

	(void)state;
	gw_packet_encode(&(struct gw_packet){ .dcid = 1 }, large);
	assert_true(gw_packet_decode(gw_slice(large, GW_PACKET_MAX), &back));
	assert_false(
	    gw_packet_decode(gw_slice(large, GW_PACKET_MAX + 1), &back));
}

static void
the_nearest_number_is_meant(void **state)
{
	static const uint64_t half = UINT64_C(1) << 31;
	static const uint64_t wrap = UINT64_C(1) << 32;
	static const uint64_t nexts[] = { 0, 1, 100, UINT64_C(1) << 31,
		(UINT64_C(1) << 32) - 1, UINT64_C(1) << 32,
		(UINT64_C(1) << 32) + 1, UINT64_C(3) << 31,
		UINT64_C(0x123456789abcdef), (UINT64_C(1) << 62) - 1 };
	static const int64_t away[] = { 0, 1, -1, 1000, -1000 };

	(void)state;
	for (size_t i = 0; i < sizeof(nexts) / sizeof(*nexts); i++) {
		const uint64_t next = nexts[i];

		for (size_t k = 0; k < sizeof(away) / sizeof(*away); k++) {
			const uint64_t n = next + (uint64_t)away[k];

			if (away[k] < 0 && next < (uint64_t)-away[k])
				continue;
			assert_int_equal(
			    gw_packet_number((uint32_t)n, next), n);
		}
		assert_int_equal(
		    gw_packet_number((uint32_t)(next + half), next),
		    next + half);
		if (next >= half)
			assert_int_equal(
			    gw_packet_number((uint32_t)(next - half + 1), next),
			    next - half + 1);
	}
	/* RFC 9000, A.3 */
	assert_int_equal(gw_packet_number(0x9b32, 0xa82f30eb), 0x100009b32);
	/* Nothing lies below 0. */
	assert_int_equal(gw_packet_number(UINT32_MAX, 0), wrap - 1);
	assert_int_equal(
	    gw_packet_number(0, UINT64_MAX), UINT64_MAX - (wrap - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake_packets_come_back),
		cmocka_unit_test(a_handshake_packet_has_its_layout),
		cmocka_unit_test(fields_that_a_type_does_not_have_are_refused),
		cmocka_unit_test(a_handshake_packet_has_its_length),
		cmocka_unit_test(of_another_version_only_the_layout_counts),
		cmocka_unit_test(one_look_tells_what_a_datagram_is),
		cmocka_unit_test(a_sealed_packet_has_its_layout),
		cmocka_unit_test(spare_bits_of_a_sealed_packet_are_zero),
		cmocka_unit_test(a_packet_that_no_datagram_holds_is_refused),
		cmocka_unit_test(the_nearest_number_is_meant),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
