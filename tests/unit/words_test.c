/*
 * words: a list that two people can say, hear and type.
 */
#include "crypto/words.h"

#include <string.h>

#include "test.h"

enum { SHORTEST = 3, LONGEST = 8 };

static bool
is_in(const char *word)
{
	for (size_t i = 0; i < GW_WORDS; i++)
		if (strcmp(gw_words[i], word) == 0)
			return true;
	return false;
}

static void
there_are_as_many_as_twelve_bits_choose(void **state)
{
	(void)state;
	assert_int_equal(GW_WORDS, 1 << 12);
	for (size_t i = 0; i < GW_WORDS; i++)
		assert_non_null(gw_words[i]);
}

/* Which says that none is there twice, too. */
static void
they_stand_in_order(void **state)
{
	(void)state;
	for (size_t i = 1; i < GW_WORDS; i++)
		assert_true(strcmp(gw_words[i - 1], gw_words[i]) < 0);
}

static void
they_are_short_and_of_small_letters(void **state)
{
	(void)state;
	for (size_t i = 0; i < GW_WORDS; i++) {
		const size_t n = strlen(gw_words[i]);

		assert_in_range(n, SHORTEST, LONGEST);
		assert_int_equal(
		    strspn(gw_words[i], "abcdefghijklmnopqrstuvwxyz"), n);
	}
}

static void
each_can_be_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < GW_WORDS; i++)
		assert_non_null(strpbrk(gw_words[i], "aeiouy"));
}

static void
write_roman(unsigned n, char *out)
{
	static const struct {
		unsigned value;
		const char *text;
	} signs[] = { { 1000, "m" }, { 900, "cm" }, { 500, "d" }, { 400, "cd" },
		{ 100, "c" }, { 90, "xc" }, { 50, "l" }, { 40, "xl" },
		{ 10, "x" }, { 9, "ix" }, { 5, "v" }, { 4, "iv" }, { 1, "i" } };

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		for (; n >= signs[i].value; n -= signs[i].value)
			for (const char *p = signs[i].text; *p != '\0'; p++)
				*out++ = *p;
	*out = '\0';
}

static void
none_is_a_roman_numeral(void **state)
{
	char roman[32];

	(void)state;
	for (unsigned n = 1; n < 4000; n++) {
		write_roman(n, roman);
		if (n != 1009) /* to mix */
			assert_false(is_in(roman));
	}
}

static void
no_two_differ_by_a_final_s(void **state)
{
	char more[LONGEST + 2];

	(void)state;
	for (size_t i = 0; i < GW_WORDS; i++) {
		const size_t n = strlen(gw_words[i]);

		memcpy(more, gw_words[i], n);
		memcpy(more + n, "s", 2);
		assert_false(is_in(more));
	}
}

/* Said aloud they would be typed as what they mean. */
static void
no_word_is_a_number_or_a_sign(void **state)
{
	static const char *const not_in[] = { "zero", "one", "two", "three",
		"four", "five", "six", "seven", "eight", "nine", "ten",
		"eleven", "twelve", "twenty", "thirty", "forty", "fifty",
		"hundred", "thousand", "first", "third", "dash", "hyphen",
		"minus", "dot", "comma", "slash", "space", "point", "period",
		"capital", "plus", "colon" };

	(void)state;
	for (size_t i = 0; i < sizeof not_in / sizeof *not_in; i++)
		assert_false(is_in(not_in[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_are_as_many_as_twelve_bits_choose),
		cmocka_unit_test(they_stand_in_order),
		cmocka_unit_test(they_are_short_and_of_small_letters),
		cmocka_unit_test(each_can_be_said),
		cmocka_unit_test(none_is_a_roman_numeral),
		cmocka_unit_test(no_two_differ_by_a_final_s),
		cmocka_unit_test(no_word_is_a_number_or_a_sign),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
