#include "diag/finding.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "test.h"

static void
each_has_the_check_of_its_time(void **state)
{
	struct gw_findings l = { .check = "one" };

	(void)state;
	gw_found(&l, GW_GRADE_OK, "", "%d is well", 1);
	l.check = "two";
	gw_found(&l, GW_GRADE_PROBLEM, "eth0", "%s", "it is not");
	gw_advise(&l, "do %s", "that");
	assert_int_equal(l.count, 2);
	assert_string_equal(l.v[0].check, "one");
	assert_string_equal(l.v[0].text, "1 is well");
	assert_string_equal(l.v[0].advice, "");
	assert_string_equal(l.v[1].check, "two");
	assert_string_equal(l.v[1].subject, "eth0");
	assert_string_equal(l.v[1].text, "it is not");
	assert_string_equal(l.v[1].advice, "do that");
	assert_int_equal(gw_findings_of(&l, GW_GRADE_OK), 1);
	assert_int_equal(gw_findings_of(&l, GW_GRADE_NOTE), 0);
	assert_int_equal(gw_findings_of(&l, GW_GRADE_PROBLEM), 1);
	gw_findings_fini(&l);
	assert_int_equal(l.count, 0);
}

static void
grades_have_names(void **state)
{
	(void)state;
	assert_string_equal(gw_grade_name(GW_GRADE_OK), "ok");
	assert_string_equal(gw_grade_name(GW_GRADE_NOTE), "note");
	assert_string_equal(gw_grade_name(GW_GRADE_PROBLEM), "problem");
}

static void
what_is_too_long_is_cut(void **state)
{
	struct gw_findings l = { .check = "one" };
	char *much = calloc(1, 4096);

	(void)state;
	memset(much, 'x', 4095);
	gw_found(&l, GW_GRADE_NOTE, much, "%s", much);
	gw_advise(&l, "%s", much);
	assert_int_equal(strlen(l.v[0].subject), GW_FINDING_SUBJECT - 1);
	assert_int_equal(strlen(l.v[0].text), GW_FINDING_TEXT - 1);
	assert_int_equal(strlen(l.v[0].advice), GW_FINDING_TEXT - 1);
	free(much);
	gw_findings_fini(&l);
}

static void
without_memory_it_is_told_that_some_are_missing(void **state)
{
	struct gw_findings l = { .check = "one" };

	(void)state;
	test_fail_alloc(0);
	gw_found(&l, GW_GRADE_NOTE, "", "lost");
	test_fail_alloc(-1);
	gw_advise(&l, "lost with it");
	assert_int_equal(l.count, 0);
	assert_int_equal(l.err, GW_E_MEMORY);
	gw_found(&l, GW_GRADE_NOTE, "", "there");
	assert_int_equal(l.count, 1);
	assert_string_equal(l.v[0].advice, "");
	gw_findings_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_the_check_of_its_time),
		cmocka_unit_test(grades_have_names),
		cmocka_unit_test(what_is_too_long_is_cut),
		cmocka_unit_test(
		    without_memory_it_is_told_that_some_are_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
