#include "forward/drop.h"

#include <string.h>

#include "test.h"

static void
every_drop_has_a_name_and_a_text_of_its_own(void **state)
{
	(void)state;
	for (enum gw_drop a = GW_DROP_NONE; a < GW_DROPS; a++) {
		assert_non_null(gw_drop_name(a));
		assert_non_null(gw_drop_text(a));
		for (const char *c = gw_drop_name(a); *c != '\0'; c++)
			assert_true((*c >= 'a' && *c <= 'z') || *c == '-');
		for (enum gw_drop b = GW_DROP_NONE; b < a; b++) {
			assert_string_not_equal(
			    gw_drop_name(a), gw_drop_name(b));
			assert_string_not_equal(
			    gw_drop_text(a), gw_drop_text(b));
		}
	}
}

static void
every_end_of_a_flow_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (enum gw_forward_end a = GW_FORWARD_FINISHED; a < GW_FORWARD_ENDS;
	     a++)
		for (enum gw_forward_end b = GW_FORWARD_FINISHED; b < a; b++)
			assert_string_not_equal(
			    gw_forward_end_name(a), gw_forward_end_name(b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_drop_has_a_name_and_a_text_of_its_own),
		cmocka_unit_test(every_end_of_a_flow_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
