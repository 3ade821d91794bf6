#include "wire/beacon.h"

#include <string.h>

#include "test.h"

static uint8_t buf[GW_BEACON_LEN + 1];

static struct gw_beacon
fair(enum gw_beacon_kind kind)
{
	struct gw_beacon b = { .kind = kind, .run = { 1 } };

	memset(b.tags, 0xab, sizeof b.tags);
	if (kind == GW_BEACON_QUESTION)
		b.ask = GW_ASK_EVERYBODY;
	if (kind == GW_BEACON_QUESTION || kind == GW_BEACON_ANSWER)
		b.nonce = 77;
	if (kind == GW_BEACON_ANSWER || kind == GW_BEACON_HERE) {
		b.receives = true;
		b.port = 4639;
		strcpy(b.name, "kitchen-pc");
	}
	return b;
}

static void
comes_back(const struct gw_beacon *b)
{
	struct gw_beacon c;

	gw_beacon_encode(b, buf);
	assert_int_equal(
	    gw_beacon_decode(gw_slice(buf, GW_BEACON_LEN), &c), GW_BEACON_OK);
	assert_int_equal(c.kind, b->kind);
	assert_int_equal(c.ask, b->ask);
	assert_int_equal(c.receives, b->receives);
	assert_int_equal(c.sends, b->sends);
	assert_int_equal(c.nonce, b->nonce);
	assert_int_equal(c.number, b->number);
	assert_int_equal(c.port, b->port);
	assert_string_equal(c.name, b->name);
	assert_memory_equal(c.run, b->run, sizeof c.run);
	assert_memory_equal(c.tags, b->tags, sizeof c.tags);
}

static void
every_kind_comes_back(void **state)
{
	struct gw_beacon b;

	(void)state;
	for (enum gw_beacon_kind k = GW_BEACON_QUESTION; k <= GW_BEACON_BYE;
	     k++) {
		b = fair(k);
		comes_back(&b);
	}
	b = fair(GW_BEACON_QUESTION);
	b.ask = GW_ASK_NUMBER;
	b.number = UINT32_MAX;
	comes_back(&b);
	b.ask = GW_ASK_NAME;
	b.number = 0;
	memset(b.name, 'x', GW_NAME_MAX);
	comes_back(&b);
	b = fair(GW_BEACON_QUESTION);
	b.ask = GW_ASK_KNOWN;
	comes_back(&b);
	b = fair(GW_BEACON_ANSWER);
	b.number = 7;
	b.sends = true;
	b.receives = false;
	comes_back(&b);
}

static void
the_layout_is_that_of_the_header(void **state)
{
	static const uint8_t head[] = { 'g', 'd', 'w', 'b', 1, 2, 0, 3, 1 };
	struct gw_beacon b = fair(GW_BEACON_ANSWER);

	(void)state;
	b.sends = true;
	b.number = 0x01020304;
	gw_beacon_encode(&b, buf);
	assert_memory_equal(buf, head, sizeof head);
	assert_int_equal(buf[31], 77);
	assert_int_equal(buf[32], 1);
	assert_int_equal(buf[35], 4);
	assert_int_equal(buf[36] << 8 | buf[37], 4639);
	assert_int_equal(buf[38], 10);
	assert_memory_equal(buf + 39, "kitchen-pc\0", 11);
	assert_int_equal(buf[103], 0);
	assert_int_equal(buf[104], 0xab);
	assert_int_equal(buf[231], 0xab);
	assert_int_equal(buf[232], 0);
	assert_int_equal(buf[GW_BEACON_LEN - 1], 0);
}

static enum gw_beacon_status
decoded(size_t n)
{
	struct gw_beacon b;

	return gw_beacon_decode(gw_slice(buf, n), &b);
}

/* What a change of one byte makes of a fair one. */
static enum gw_beacon_status
with(enum gw_beacon_kind kind, size_t at, uint8_t value)
{
	struct gw_beacon b = fair(kind);

	gw_beacon_encode(&b, buf);
	buf[at] = value;
	return decoded(GW_BEACON_LEN);
}

static void
what_is_not_ours_is_told_from_what_is_broken(void **state)
{
	struct gw_beacon b = fair(GW_BEACON_HERE);

	(void)state;
	gw_beacon_encode(&b, buf);
	for (size_t n = 0; n <= 4; n++)
		assert_int_equal(decoded(n), GW_BEACON_STRANGER);
	for (size_t n = 5; n < GW_BEACON_LEN; n++)
		assert_int_equal(decoded(n), GW_BEACON_MALFORMED);
	assert_int_equal(decoded(GW_BEACON_LEN + 1), GW_BEACON_MALFORMED);
	assert_int_equal(with(GW_BEACON_HERE, 0, 'x'), GW_BEACON_STRANGER);
	assert_int_equal(with(GW_BEACON_HERE, 4, 2), GW_BEACON_VERSION);
	/* Of another version one knows nothing but that. */
	assert_int_equal(decoded(5), GW_BEACON_VERSION);
}

static void
what_a_kind_may_not_have_is_malformed(void **state)
{
	static const struct {
		enum gw_beacon_kind kind;
		size_t at;
		uint8_t value;
	} bad[] = {
		{ GW_BEACON_HERE, 5, 0 }, /* kind */
		{ GW_BEACON_HERE, 5, 5 },
		{ GW_BEACON_HERE, 6, 1 },   /* asks */
		{ GW_BEACON_HERE, 7, 4 },   /* offers */
		{ GW_BEACON_HERE, 8, 0 },   /* run id */
		{ GW_BEACON_HERE, 24, 1 },  /* nonce */
		{ GW_BEACON_HERE, 35, 1 },  /* number */
		{ GW_BEACON_HERE, 38, 65 }, /* length of the name */
		{ GW_BEACON_HERE, 38, 9 },  /* what follows it */
		{ GW_BEACON_HERE, 103, 1 },
		{ GW_BEACON_QUESTION, 6, 0 },
		{ GW_BEACON_QUESTION, 6, 2 }, /* which number? */
		{ GW_BEACON_QUESTION, 6, 3 }, /* which name? */
		{ GW_BEACON_QUESTION, 6, 5 },
		{ GW_BEACON_QUESTION, 7, 1 },
		{ GW_BEACON_QUESTION, 31, 0 }, /* nonce */
		{ GW_BEACON_QUESTION, 35, 1 },
		{ GW_BEACON_QUESTION, 37, 1 },
		{ GW_BEACON_ANSWER, 6, 1 },
		{ GW_BEACON_ANSWER, 31, 0 },
		{ GW_BEACON_BYE, 6, 1 },
		{ GW_BEACON_BYE, 7, 1 },
		{ GW_BEACON_BYE, 24, 1 },
		{ GW_BEACON_BYE, 35, 1 },
		{ GW_BEACON_BYE, 37, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(with(bad[i].kind, bad[i].at, bad[i].value),
		    GW_BEACON_MALFORMED);
	with(GW_BEACON_ANSWER, 36, 0);
	buf[37] = 0; /* no port */
	assert_int_equal(decoded(GW_BEACON_LEN), GW_BEACON_MALFORMED);
	with(GW_BEACON_ANSWER, 38, 0);
	memset(buf + 39, 0, GW_NAME_MAX); /* no name */
	assert_int_equal(decoded(GW_BEACON_LEN), GW_BEACON_MALFORMED);
	/* Nobody looks at the end. */
	assert_int_equal(with(GW_BEACON_HERE, 232, 9), GW_BEACON_OK);
	assert_int_equal(
	    with(GW_BEACON_HERE, GW_BEACON_LEN - 1, 9), GW_BEACON_OK);
}

static void
a_name_is_fit_for_a_terminal(void **state)
{
	struct gw_beacon b = fair(GW_BEACON_HERE), c;

	(void)state;
	strcpy(b.name, "a\033[2Jb");
	gw_beacon_encode(&b, buf);
	assert_int_equal(
	    gw_beacon_decode(gw_slice(buf, GW_BEACON_LEN), &c), GW_BEACON_OK);
	assert_null(strchr(c.name, '\033'));
}

static void
names_are_the_same_whatever_their_case(void **state)
{
	(void)state;
	assert_true(gw_beacon_same_name("Kitchen-PC", "kitchen-pc"));
	assert_true(gw_beacon_same_name("", ""));
	assert_false(gw_beacon_same_name("kitchen", "kitchen-pc"));
	assert_false(gw_beacon_same_name("kitchen-pc", "kitchen"));
	assert_false(gw_beacon_same_name("a@", "a`"));
	assert_false(gw_beacon_same_name("k\xc3\x84", "k\xc3\xa4"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_comes_back),
		cmocka_unit_test(the_layout_is_that_of_the_header),
		cmocka_unit_test(what_is_not_ours_is_told_from_what_is_broken),
		cmocka_unit_test(what_a_kind_may_not_have_is_malformed),
		cmocka_unit_test(a_name_is_fit_for_a_terminal),
		cmocka_unit_test(names_are_the_same_whatever_their_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
