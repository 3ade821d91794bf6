#include "base/width.h"

#include "test.h"

static void
widths_are_those_of_unicode(void **state)
{
	static const struct {
		uint32_t code;
		unsigned width;
	} cases[] = {
		{ 'a', 1 },
		{ 0xe9, 1 },    /* e acute */
		{ 0x301, 0 },   /* combining acute */
		{ 0x416, 1 },   /* Cyrillic zhe */
		{ 0x115f, 2 },  /* Hangul choseong filler */
		{ 0x1160, 0 },  /* Hangul jungseong filler */
		{ 0x200d, 0 },  /* zero width joiner */
		{ 0x3042, 2 },  /* hiragana a */
		{ 0x4e2d, 2 },  /* CJK */
		{ 0xac00, 2 },  /* Hangul syllable */
		{ 0xff21, 2 },  /* full width A */
		{ 0xff71, 1 },  /* half width katakana */
		{ 0x1f426, 2 }, /* bird */
		{ 0x10ffff, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(gw_width(cases[i].code), cases[i].width);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths_are_those_of_unicode),
	};

	return cmocka_run_group_tests_name("width", tests, NULL, NULL);
}
