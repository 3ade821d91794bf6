/*
 * code: what is made, and the one form of what people type.
 */
#include "crypto/code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/words.h"
#include "test.h"

/* Random enough, and the same every time. */
static void
fill(void *arg, void *out, size_t n)
{
	uint64_t *state = arg;
	uint8_t *p = out;

	while (n-- > 0) {
		*state = *state * UINT64_C(6364136223846793005) + 1442695041;
		*p++ = (uint8_t)(*state >> 56);
	}
}

/* Which word of the list, or -1. */
static int
index_of(const char *word)
{
	int low = 0, high = GW_WORDS;

	while (low < high) {
		const int middle = low + (high - low) / 2;
		const int order = strcmp(gw_words[middle], word);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

/* How many words; each is of the list, and the number is good. */
static unsigned
take_apart(const char *code, unsigned *number, bool *used)
{
	char copy[GW_CODE_MAX + 1], *rest = copy, *part;
	unsigned words = 0;

	assert_in_range(strlen(code), 1, GW_CODE_MAX);
	memcpy(copy, code, strlen(code) + 1);
	part = strtok_r(rest, "-", &rest);
	assert_int_equal(strspn(part, "0123456789"), strlen(part));
	*number = (unsigned)strtoul(part, NULL, 10);
	for (; (part = strtok_r(NULL, "-", &rest)) != NULL; words++) {
		const int at = index_of(part);

		assert_true(at >= 0);
		used[at] = true;
	}
	return words;
}

static void
what_is_made_has_a_number_and_words(void **state)
{
	static const struct {
		unsigned asked, got;
	} counts[] = { { 0, 2 }, { 1, 2 }, { 2, 2 }, { 3, 3 }, { 8, 8 },
		{ 9, 8 }, { 4000000000, 8 } };
	uint64_t seed = 1;
	const struct gw_random random = { fill, &seed };
	bool used[GW_WORDS];
	unsigned number;

	(void)state;
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		char code[GW_CODE_MAX + 1], normal[GW_CODE_MAX + 1];

		gw_code_make(&random, counts[i].asked, code);
		assert_int_equal(
		    take_apart(code, &number, used), counts[i].got);
		assert_in_range(number, 1, 999);
		/* It is as both sides use it. */
		assert_int_equal(gw_code_normal(code, normal), GW_OK);
		assert_string_equal(normal, code);
		assert_true(gw_code_is_spoken(code));
	}
}

static void
every_number_and_every_word_is_made(void **state)
{
	static bool used[GW_WORDS], number_used[1000];
	uint64_t seed = 2;
	const struct gw_random random = { fill, &seed };
	unsigned number;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char code[GW_CODE_MAX + 1];

		gw_code_make(&random, 8, code);
		assert_int_equal(take_apart(code, &number, used), 8);
		assert_in_range(number, 1, 999);
		number_used[number] = true;
	}
	for (size_t i = 0; i < GW_WORDS; i++)
		assert_true(used[i]);
	for (size_t i = 1; i < 1000; i++)
		assert_true(number_used[i]);
}

static void
words_have_numbers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GW_WORDS; i++)
		assert_ptr_equal(gw_code_word(i), gw_words[i]);
}

static void
however_it_is_said_it_is_one_code(void **state)
{
	static const char *const same[] = { "7-crane-otter", "7 crane otter",
		"7_crane_otter", "07-crane-otter", "0007 Crane OTTER",
		"  7-crane-otter\n", "\t7 - crane -- otter \r\n",
		"7\tcrane\notter", "7- crane_ _otter", "\v7-crane-otter\f" };
	char out[GW_CODE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		assert_int_equal(gw_code_normal(same[i], out), GW_OK);
		assert_string_equal(out, "7-crane-otter");
		assert_true(gw_code_is_spoken(same[i]));
	}
}

static void
spoken_codes_need_no_word_of_the_list(void **state)
{
	static const char *const codes[][2] = { { "1-a-b", "1-a-b" },
		{ "000-A-B", "0-a-b" }, { "00 x y z", "0-x-y-z" },
		{ "12345678901234567890-a-b", "12345678901234567890-a-b" } };
	char out[GW_CODE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		assert_int_equal(gw_code_normal(codes[i][0], out), GW_OK);
		assert_string_equal(out, codes[i][1]);
		assert_true(gw_code_is_spoken(codes[i][0]));
	}
}

/* Only white space at its ends and capital letters go. */
static void
any_other_code_stays_as_it_is(void **state)
{
	static const char *const codes[][2] = {
		{ "correct horse", "correct horse" },
		{ " Tr0ub4dor&3 ", "tr0ub4dor&3" },
		{ "7-crane-otter-", "7-crane-otter-" },
		{ "-7-crane-otter", "-7-crane-otter" },
		{ "-crane-otter", "-crane-otter" },
		{ "7crane-otter", "7crane-otter" },
		{ "7-crane-0tter", "7-crane-0tter" },
		{ "7-cranes", "7-cranes" }, /* one word only */
		{ "12345678", "12345678" },
		{ "007--007", "007--007" },
		{ "\xc3\x84\xc3\xb6\xc3\xbc\xff!",
		    "\xc3\x84\xc3\xb6\xc3\xbc\xff!" },
	};
	char out[GW_CODE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		assert_int_equal(gw_code_normal(codes[i][0], out), GW_OK);
		assert_string_equal(out, codes[i][1]);
		assert_false(gw_code_is_spoken(codes[i][0]));
	}
}

static void
what_is_no_code_is_refused(void **state)
{
	static const char *const bad[] = { "", " ", "\t\r\n \v\f", "-", "7",
		"7-", "7-crane", "7-a", "1234567", " 1234567 ", "crane-o",
		"secret\tsecret", "secret\nsecret", "secret\x1b[2Jsecret",
		"secret\x7fsecret", "\x01secretsecret" };
	char out[GW_CODE_MAX + 1] = "untouched";

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(gw_code_normal(bad[i], out), GW_E_USAGE);
		assert_string_equal(out, "untouched");
		assert_false(gw_code_is_spoken(bad[i]));
	}
}

static void
a_code_has_a_longest(void **state)
{
	char code[2 * GW_CODE_MAX] = "7-a-", spaced[4 * GW_CODE_MAX];
	char out[GW_CODE_MAX + 1];

	(void)state;
	memset(code + 4, 'x', GW_CODE_MAX - 4);
	for (int spoken = 1; spoken >= 0; spoken--) {
		assert_int_equal(strlen(code), GW_CODE_MAX);
		assert_int_equal(gw_code_normal(code, out), GW_OK);
		assert_string_equal(out, code);
		assert_int_equal(gw_code_is_spoken(code), spoken);
		/* The white space around it does not count. */
		snprintf(spaced, sizeof spaced, "%50s%s\n\n", "", code);
		assert_int_equal(gw_code_normal(spaced, out), GW_OK);
		assert_string_equal(out, code);
		memcpy(code + GW_CODE_MAX, "x", 2);
		assert_int_equal(gw_code_normal(code, out), GW_E_USAGE);
		assert_false(gw_code_is_spoken(code));
		code[GW_CODE_MAX] = '\0';
		code[0] = 'x';
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_has_a_number_and_words),
		cmocka_unit_test(every_number_and_every_word_is_made),
		cmocka_unit_test(words_have_numbers),
		cmocka_unit_test(however_it_is_said_it_is_one_code),
		cmocka_unit_test(spoken_codes_need_no_word_of_the_list),
		cmocka_unit_test(any_other_code_stays_as_it_is),
		cmocka_unit_test(what_is_no_code_is_refused),
		cmocka_unit_test(a_code_has_a_longest),
	};

	return cmocka_run_group_tests_name("code", tests, NULL, NULL);
}
