#include "wire/hello.h"

#include <string.h>

#include "test.h"

static void
fill(uint8_t *p, size_t n, uint8_t first)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(first + i);
}

/* ---- header ---- */

static void
the_header_comes_back(void **state)
{
	static const uint8_t want[] = { 'g', 'd', 'w', 't', 1, 2, 3, 4 };
	const struct gw_hello h = { 1, GW_HELLO_SYN_ACK, 0x0304 };
	uint8_t bytes[GW_HELLO_HEADER];
	struct gw_hello back;

	(void)state;
	gw_hello_encode(&h, bytes);
	assert_memory_equal(bytes, want, sizeof(want));
	assert_int_equal(gw_hello_decode(gw_slice(bytes, sizeof(bytes)), &back),
	    GW_HELLO_READY);
	assert_int_equal(back.version, 1);
	assert_int_equal(back.type, GW_HELLO_SYN_ACK);
	assert_int_equal(back.length, 0x0304);
	for (size_t n = 0; n < GW_HELLO_HEADER; n++)
		assert_int_equal(
		    gw_hello_decode(gw_slice(bytes, n), &back), GW_HELLO_MORE);
}

static void
the_first_wrong_byte_is_a_stranger(void **state)
{
	struct gw_hello h;

	(void)state;
	for (size_t at = 0; at < 4; at++) {
		uint8_t bytes[GW_HELLO_HEADER] = { 'g', 'd', 'w', 't', 1, 1 };

		bytes[at] ^= 0x20;
		for (size_t n = at + 1; n <= sizeof(bytes); n++)
			assert_int_equal(
			    gw_hello_decode(gw_slice(bytes, n), &h),
			    GW_HELLO_STRANGER);
		if (at > 0)
			assert_int_equal(
			    gw_hello_decode(gw_slice(bytes, at), &h),
			    GW_HELLO_MORE);
	}
}

static void
strangers_are_described(void **state)
{
	(void)state;
	assert_string_equal(
	    gw_hello_describe(gw_slice_str("GET /")), "a web browser");
	assert_string_equal(
	    gw_hello_describe(gw_slice_str("G")), "a web browser");
	assert_string_equal(gw_hello_describe(gw_slice_str("SSH-2.0")),
	    "something that speaks SSH");
	assert_string_equal(gw_hello_describe(gw_slice_str("GEX")),
	    "something that is no godwit");
	assert_string_equal(gw_hello_describe(gw_slice(NULL, 0)),
	    "something that is no godwit");
}

/* ---- payloads ---- */

static void
syn_comes_back_in_every_mode(void **state)
{
	(void)state;
	for (unsigned mode = GW_MODE_CODE; mode <= GW_MODE_RESUMED; mode++) {
		struct gw_syn m = { .mode = (enum gw_mode)mode, .ciphers = 3 };
		uint8_t bytes[GW_SYN_PAYLOAD];
		struct gw_syn back;

		if (mode == GW_MODE_CODE)
			fill(m.share, sizeof(m.share), 1);
		if (mode == GW_MODE_RESUMED)
			fill(m.psk_id, sizeof(m.psk_id), 9);
		gw_syn_encode(&m, bytes);
		assert_true(
		    gw_syn_decode(gw_slice(bytes, sizeof(bytes)), &back));
		assert_int_equal(back.mode, mode);
		assert_int_equal(back.ciphers, 3);
		assert_memory_equal(back.share, m.share, sizeof(m.share));
		assert_memory_equal(back.psk_id, m.psk_id, sizeof(m.psk_id));
	}
}

static void
syn_of_another_form_is_refused(void **state)
{
	const struct gw_syn m = { .mode = GW_MODE_RESUMED };
	uint8_t bytes[GW_SYN_PAYLOAD + 1] = { 0 };
	struct gw_syn back = { .ciphers = 77 };

	(void)state;
	gw_syn_encode(&m, bytes);
	for (size_t n = 0; n <= sizeof(bytes); n++)
		if (n != GW_SYN_PAYLOAD)
			assert_false(gw_syn_decode(gw_slice(bytes, n), &back));
	for (unsigned mode = 0; mode < 256; mode++) {
		bytes[0] = (uint8_t)mode;
		assert_int_equal(
		    gw_syn_decode(gw_slice(bytes, GW_SYN_PAYLOAD), &back),
		    mode >= 1 && mode <= 3);
	}
	/* What a mode has no use for is zero. */
	bytes[0] = GW_MODE_KNOWN;
	for (size_t at = 2; at < GW_SYN_PAYLOAD; at++) {
		bytes[at] = 1;
		back.ciphers = 77;
		assert_false(
		    gw_syn_decode(gw_slice(bytes, GW_SYN_PAYLOAD), &back));
		assert_int_equal(back.ciphers, 77);
		bytes[at] = 0;
	}
	bytes[0] = GW_MODE_CODE;
	bytes[2 + GW_HELLO_SHARE] = 1;
	assert_false(gw_syn_decode(gw_slice(bytes, GW_SYN_PAYLOAD), &back));
}

static void
syn_ack_comes_back(void **state)
{
	struct gw_syn_ack m = { .cipher = 2 }, back;
	uint8_t bytes[GW_SYN_ACK_PAYLOAD + 1] = { 0 };

	(void)state;
	fill(m.token, sizeof(m.token), 3);
	fill(m.share, sizeof(m.share), 100);
	gw_syn_ack_encode(&m, bytes);
	for (size_t n = 0; n <= sizeof(bytes); n++)
		assert_int_equal(gw_syn_ack_decode(gw_slice(bytes, n), &back),
		    n == GW_SYN_ACK_PAYLOAD);
	assert_int_equal(back.cipher, 2);
	assert_memory_equal(back.token, m.token, sizeof(m.token));
	assert_memory_equal(back.share, m.share, sizeof(m.share));
}

static void
names_come_back(void **state)
{
	static const char longest[] =
	    "a-name-of-sixty-four-bytes-is-the-longest-that-a-device-can-"
	    "have";
	static const char *const names[] = { "", "x", "kitchen-pc", longest };
	uint8_t bytes[GW_NAME_PAYLOAD + 1] = { 0 };
	char back[GW_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		gw_name_encode(names[i], bytes);
		for (size_t n = 0; n <= sizeof(bytes); n++)
			assert_int_equal(
			    gw_name_decode(gw_slice(bytes, n), back),
			    n == GW_NAME_PAYLOAD);
		assert_string_equal(back, names[i]);
	}
	bytes[0] = GW_NAME_MAX + 1;
	assert_false(gw_name_decode(gw_slice(bytes, GW_NAME_PAYLOAD), back));
	bytes[0] = GW_NAME_MAX - 1; /* the last byte is not zero */
	assert_false(gw_name_decode(gw_slice(bytes, GW_NAME_PAYLOAD), back));
}

static void
an_introduction_is_a_name_and_a_wish(void **state)
{
	uint8_t bytes[GW_NAME_PAYLOAD + 1] = { 0 };
	struct gw_intro m, back;

	(void)state;
	for (int remember = 0; remember < 2; remember++) {
		m = gw_intro("kitchen-pc", remember);
		gw_intro_encode(&m, bytes);
		for (size_t n = 0; n <= sizeof(bytes); n++)
			assert_int_equal(
			    gw_intro_decode(gw_slice(bytes, n), &back),
			    n == GW_NAME_PAYLOAD);
		assert_string_equal(back.name, "kitchen-pc");
		assert_int_equal(back.remember, remember);
		/* Who knows names only does not take it for one. */
		assert_int_equal(
		    gw_name_decode(gw_slice(bytes, GW_NAME_PAYLOAD), back.name),
		    !remember);
	}
	bytes[0] = 0x80 | (GW_NAME_MAX + 1);
	assert_false(gw_intro_decode(gw_slice(bytes, GW_NAME_PAYLOAD), &back));
}

static void
rst_comes_back(void **state)
{
	struct gw_rst m = { .reason = GW_RST_GUESS }, back;
	uint8_t bytes[GW_RST_VERSION_BODY];

	(void)state;
	fill(m.token, sizeof(m.token), 200);
	assert_int_equal(gw_rst_encode(&m, bytes), GW_RST_BODY);
	for (size_t n = 0; n <= sizeof(bytes); n++)
		assert_int_equal(
		    gw_rst_decode(gw_slice(bytes, n), &back), n >= GW_RST_BODY);
	assert_int_equal(back.reason, GW_RST_GUESS);
	assert_memory_equal(back.token, m.token, sizeof(m.token));

	m.reason = GW_RST_VERSION;
	m.oldest = 2;
	m.newest = 5;
	assert_int_equal(gw_rst_encode(&m, bytes), GW_RST_VERSION_BODY);
	for (size_t n = 0; n <= sizeof(bytes); n++)
		assert_int_equal(gw_rst_decode(gw_slice(bytes, n), &back),
		    n >= GW_RST_VERSION_BODY);
	assert_int_equal(back.oldest, 2);
	assert_int_equal(back.newest, 5);
}

/* ---- text ---- */

static void
text_becomes_harmless(void **state)
{
	static const struct {
		const char *in;
		size_t n;
		const char *out;
	} cases[] = {
		{ "plain text", 10, "plain text" },
		{ "d\xc3\xa9j\xc3\xa0", 6, "d\xc3\xa9j\xc3\xa0" },
		{ "a\x1b[2Jb", 6, "a?[2Jb" },
		{ "a\0b", 3, "a?b" },
		{ "back\\slash", 10, "back?slash" },
		{ "\xff\xfe", 2, "??" },
		{ "cut \xc3", 5, "cut ?" },
		{ "turn \xe2\x80\xae it", 11, "turn ??? it" },
		{ "", 0, "" },
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		gw_text_clean(
		    gw_slice(cases[i].in, cases[i].n), out, sizeof(out));
		assert_string_equal(out, cases[i].out);
	}
	gw_text_clean(gw_slice_str("0123456789"), out, 5);
	assert_string_equal(out, "0123");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_comes_back),
		cmocka_unit_test(the_first_wrong_byte_is_a_stranger),
		cmocka_unit_test(strangers_are_described),
		cmocka_unit_test(syn_comes_back_in_every_mode),
		cmocka_unit_test(syn_of_another_form_is_refused),
		cmocka_unit_test(syn_ack_comes_back),
		cmocka_unit_test(names_come_back),
		cmocka_unit_test(an_introduction_is_a_name_and_a_wish),
		cmocka_unit_test(rst_comes_back),
		cmocka_unit_test(text_becomes_harmless),
	};

	return cmocka_run_group_tests_name("hello", tests, NULL, NULL);
}
