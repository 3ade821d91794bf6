/*
 * What the doctor has found, as people and scripts are told it.
 */
#include "cli/doctor_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"
#include "test.h"

enum { OUTPUT = 8192 };

static struct gw_findings
three(void)
{
	struct gw_findings l = { .check = "beacon" };

	gw_found(&l, GW_GRADE_OK, "lo", "comes back");
	gw_found(&l, GW_GRADE_NOTE, "",
	    "a limit that is told in quite a lot "
	    "of words, so many that no line of a "
	    "terminal takes them all");
	gw_advise(&l, "do what has to be done; in one line, however long it "
		      "may be for the terminal, so that it can be copied");
	l.check = "port";
	gw_found(&l, GW_GRADE_PROBLEM, "udp 4639", "in use by ev\033il");
	return l;
}

static char *
shown(const struct gw_findings *l, bool all, unsigned width)
{
	struct cli_doctor_show_options o = { .all = all, .width = width };
	struct cli_style style = { .columns = width + 1 };
	FILE *file = tmpfile();
	int before = dup(STDOUT_FILENO);
	char *text = cli_alloc(OUTPUT, 1);

	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	cli_doctor_show(l, &o, &style);
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	rewind(file);
	text[fread(text, 1, OUTPUT - 1, file)] = '\0';
	fclose(file);
	return text;
}

static void
the_worst_comes_first_and_what_is_well_is_a_line(void **state)
{
	struct gw_findings l = three();
	char *text = shown(&l, false, 0);

	(void)state;
	assert_string_equal(text,
	    "problem  port udp 4639: in use by ev\\x1bil\n"
	    "note     beacon: a limit that is told in quite a lot of words, so "
	    "many that no line of a terminal takes them all\n"
	    "         To do: do what has to be done; in one line, however long "
	    "it may be for the terminal, so that it can be copied\n"
	    "1 of 3 things that were looked at are well. -v shows them.\n");
	free(text);
	text = shown(&l, true, 0);
	assert_non_null(strstr(text, "\nok       beacon lo: comes back\n"));
	assert_null(strstr(text, "-v"));
	free(text);
	gw_findings_fini(&l);
}

static void
sentences_fit_the_terminal_and_advice_stays_whole(void **state)
{
	struct gw_findings l = three();
	char *text = shown(&l, false, 60);

	(void)state;
	assert_non_null(strstr(text,
	    "note     beacon: a limit that is told in quite a lot of\n"
	    "         words, so many that no line of a terminal takes\n"
	    "         them all\n"
	    "         To do: do what has to be done; in one line, however"
	    " long"));
	free(text);
	gw_findings_fini(&l);
}

static void
where_all_is_well_it_says_so(void **state)
{
	struct gw_findings l = { .check = "clock" };
	char *text;

	(void)state;
	gw_found(&l, GW_GRADE_OK, "", "fine");
	text = shown(&l, false, 0);
	assert_string_equal(
	    text, "All is well: 1 things were looked at. -v shows them.\n");
	free(text);
	gw_findings_fini(&l);
}

static void
scripts_get_an_object_each(void **state)
{
	struct gw_findings l = three();
	char *line = cli_doctor_json(&l.v[1]);

	(void)state;
	assert_non_null(strstr(line, "{\"event\":\"finding\",\"check\":"
				     "\"beacon\",\"subject\":null,\"grade\":"
				     "\"note\",\"text\":\"a limit"));
	free(line);
	line = cli_doctor_json(&l.v[2]);
	assert_string_equal(line,
	    "{\"event\":\"finding\",\"check\":\"port\",\"subject\":\"udp "
	    "4639\",\"grade\":\"problem\",\"text\":\"in use by "
	    "ev\\u001bil\",\"advice\":null}");
	free(line);
	gw_findings_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_worst_comes_first_and_what_is_well_is_a_line),
		cmocka_unit_test(
		    sentences_fit_the_terminal_and_advice_stays_whole),
		cmocka_unit_test(where_all_is_well_it_says_so),
		cmocka_unit_test(scripts_get_an_object_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
