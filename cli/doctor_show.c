#include "cli/doctor_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_build.h"
#include "cli/text.h"

enum { INDENT = 9 }; /* of what follows "problem" */

static const char *
look_of(enum gw_grade grade, const struct cli_style *s)
{
	switch (grade) {
	case GW_GRADE_PROBLEM:
		return cli_style_red(s);
	case GW_GRADE_NOTE:
		return cli_style_yellow(s);
	case GW_GRADE_OK:
		break;
	}
	return cli_style_green(s);
}

/* From column `at` on. */
static void
print_sentence(const char *bytes, size_t at, unsigned width)
{
	char *text = cli_text_sentence(bytes), *word = text;

	while (*word != '\0') {
		size_t n = strcspn(word, " ");
		char end = word[n];

		word[n] = '\0';
		if (width != 0 && at > INDENT &&
		    at + 1 + cli_text_columns(word) > width) {
			printf("\n%*s", INDENT - 1, "");
			at = INDENT - 1;
		}
		at += 1 + cli_text_columns(word);
		printf(" %s", word);
		word += n + (end != '\0');
	}
	putchar('\n');
	free(text);
}

static void
print_one(const struct gw_finding *f, unsigned width, const struct cli_style *s)
{
	char *subject = cli_text_sentence(f->subject);
	size_t at = INDENT + strlen(f->check) + 1;

	printf("%s%-*s%s%s", look_of(f->grade, s), INDENT,
	    gw_grade_name(f->grade), cli_style_plain(s), f->check);
	if (subject[0] != '\0') {
		printf(" %s", subject);
		at += 1 + cli_text_columns(subject);
	}
	putchar(':');
	print_sentence(f->text, at, width);
	free(subject);
	if (f->advice[0] == '\0')
		return;
	/* In one line, so that it can be copied. */
	printf(
	    "%*s%sTo do:%s", INDENT, "", cli_style_bold(s), cli_style_plain(s));
	print_sentence(f->advice, 0, 0);
}

void
cli_doctor_show(const struct gw_findings *l,
    const struct cli_doctor_show_options *o, const struct cli_style *s)
{
	static const enum gw_grade order[] = { GW_GRADE_PROBLEM, GW_GRADE_NOTE,
		GW_GRADE_OK };
	size_t well = gw_findings_of(l, GW_GRADE_OK);

	for (size_t g = 0; g < sizeof order / sizeof *order; g++)
		for (size_t i = 0; i < l->count; i++)
			if (l->v[i].grade == order[g] &&
			    (o->all || order[g] != GW_GRADE_OK))
				print_one(&l->v[i], o->width, s);
	if (well == l->count)
		printf("All is well: %zu things were looked at.%s\n", well,
		    o->all ? "" : " -v shows them.");
	else
		printf("%zu of %zu things that were looked at are well.%s\n",
		    well, l->count, o->all ? "" : " -v shows them.");
}

char *
cli_doctor_json(const struct gw_finding *f)
{
	cJSON *o = cli_json_begin("finding");

	cli_json_text(o, "check", f->check);
	cli_json_text(o, "subject", f->subject[0] != '\0' ? f->subject : NULL);
	cli_json_text(o, "grade", gw_grade_name(f->grade));
	cli_json_text(o, "text", f->text);
	cli_json_text(o, "advice", f->advice[0] != '\0' ? f->advice : NULL);
	return cli_json_finish(o);
}
