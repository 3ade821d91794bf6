#include "os/why.h"

#include <errno.h>
#include <string.h>

#include "test.h"

static void
errno_has_a_meaning_and_a_text(void **state)
{
	static const struct {
		int error;
		enum gw_err err;
	} table[] = { { ENOSPC, GW_E_SPACE }, { EDQUOT, GW_E_SPACE },
		{ EIO, GW_E_DISK }, { EROFS, GW_E_DISK },
		{ ENOMEM, GW_E_MEMORY }, { EMFILE, GW_E_LIMIT },
		{ ENOENT, GW_E_NO_PATH }, { EACCES, GW_E_FAILED },
		{ ENAMETOOLONG, GW_E_FAILED } };
	struct gw_why why;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		assert_int_equal(
		    gw_why_errno(&why, table[i].error, "x"), table[i].err);
	assert_int_equal(gw_why_errno(NULL, EIO, "x"), GW_E_DISK);
	gw_why_errno(&why, EACCES, "open");
	assert_string_equal(why.text, "open: Permission denied");
}

static void
long_texts_are_cut(void **state)
{
	struct gw_why why;
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof text);
	text[999] = '\0';
	assert_int_equal(gw_why(&why, GW_E_LIMIT, "%s", text), GW_E_LIMIT);
	assert_int_equal(strlen(why.text), sizeof why.text - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errno_has_a_meaning_and_a_text),
		cmocka_unit_test(long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
