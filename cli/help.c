/*
 * help - the page of --help, out of the same table that is parsed.
 */
#include <stdio.h>
#include <string.h>

#include "cli/options.h"

enum { HELP_COLUMN = 25, HELP_WIDTH = 79 };

/* Words from `column` on, broken at HELP_WIDTH; ends the line. */
static void
print_wrapped(const char *text, int column)
{
	int at = column;

	while (*text != '\0') {
		int n = (int)strcspn(text, " ");

		if (at > column && at + 1 + n > HELP_WIDTH) {
			printf("\n%*s", column, "");
			at = column;
		}
		at += printf("%s%.*s", at > column ? " " : "", n, text);
		text += n;
		text += *text == ' ';
	}
	putchar('\n');
}

static void
print_table(const struct cli_option *o)
{
	for (; o != NULL && o->help != NULL; o++) {
		int n;

		if (o->name == NULL) {
			printf("\n%s\n", o->help);
			continue;
		}
		n = o->letter != 0 ? printf("  -%c, --%s", o->letter, o->name)
				   : printf("      --%s", o->name);
		if (o->value != NULL)
			n += printf(" %s", o->value);
		if (n + 1 > HELP_COLUMN) {
			putchar('\n');
			n = 0;
		}
		printf("%*s", HELP_COLUMN - n, "");
		print_wrapped(o->help, HELP_COLUMN);
	}
}

static void
print_parts(const struct cli_command *c)
{
	size_t before = strlen(c->name) + 1;

	printf("\nParts:\n");
	for (size_t i = 0; c->parts[i] != NULL; i++)
		printf("  %-10s %s\n", c->parts[i]->name + before,
		    c->parts[i]->summary);
	printf("  `godwit help %s PART` explains one.\n", c->name);
}

void
cli_options_help(const struct cli_command *c)
{
	printf("Usage: godwit %s\n\n%s", c->usage, c->about);
	if (c->parts != NULL) {
		print_parts(c);
	} else {
		print_table(c->options);
		print_table(c->shared);
		printf("  -h, --help             this page\n");
	}
	printf("\nExamples:\n%s", c->examples);
	printf("\nThe whole story: man godwit-%s\n", cli_options_group(c));
}
