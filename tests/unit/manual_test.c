/*
 * Every option of the program stands in its man page and in the completion of
 * every shell, and no other one does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/file.h"
#include "test.h"

/* From the folder of the unit tests' data. */
#define ROOT TEST_DATA "/../../../"

enum { TEXT_MAX = 1 << 20 };

static char *
load(const char *path)
{
	char *text;
	size_t n;

	if (cli_file_read(path, TEXT_MAX, &text, &n) != 0)
		fail_msg("%s cannot be read", path);
	return text;
}

static bool
ends_word(char c)
{
	return c == '\0' || strchr(" \n\t'\"|)[={}", c) != NULL;
}

/* Is `before`name in the text, as a whole word? */
static bool
mentions(const char *text, const char *before, const char *name)
{
	char *word = cli_format("%s%s", before, name);
	const char *at = text;
	bool found = false;

	while (!found && (at = strstr(at, word)) != NULL) {
		at += strlen(word);
		found = ends_word(*at);
	}
	free(word);
	return found;
}

typedef void (*option_check)(
    const struct cli_command *, const struct cli_option *, const char *text);

/* For every option of the command; its man page if path is NULL. */
static void
for_options(const struct cli_command *c, const char *path, option_check check)
{
	const struct cli_option *tables[] = { c->options, c->shared };
	char *page =
	    cli_format(ROOT "docs/man/godwit-%s.1", cli_options_group(c));
	char *text = load(path != NULL ? path : page);

	for (size_t t = 0; t < 2; t++)
		for (const struct cli_option *o = tables[t];
		     o != NULL && o->help != NULL; o++)
			if (o->name != NULL)
				check(c, o, text);
	free(text);
	free(page);
}

static void
in_manual(
    const struct cli_command *c, const struct cli_option *o, const char *text)
{
	char letter[] = { o->letter, '\0' };

	if (!mentions(text, " -", o->name))
		fail_msg("godwit-%s(1) lacks --%s", c->name, o->name);
	if (o->letter != 0 && !mentions(text, ".It Fl ", letter))
		fail_msg("godwit-%s(1) lacks -%c", c->name, o->letter);
}

static void
in_dashed(
    const struct cli_command *c, const struct cli_option *o, const char *text)
{
	if (!mentions(text, "--", o->name))
		fail_msg("completion of %s lacks --%s", c->name, o->name);
}

static void
in_fish(
    const struct cli_command *c, const struct cli_option *o, const char *text)
{
	if (!mentions(text, "-l ", o->name))
		fail_msg("fish: %s lacks --%s", c->name, o->name);
}

static void
every_option_is_in_the_manual(void **state)
{
	const struct cli_command *c;

	(void)state;
	for (size_t i = 0; (c = cli_commands_at(i)) != NULL; i++)
		for_options(c, NULL, in_manual);
}

static void
every_option_is_completed(void **state)
{
	const struct cli_command *c;

	(void)state;
	for (size_t i = 0; (c = cli_commands_at(i)) != NULL; i++) {
		for_options(c, ROOT "cli/completions/godwit.bash", in_dashed);
		for_options(c, ROOT "cli/completions/_godwit", in_dashed);
		for_options(c, ROOT "cli/completions/godwit.fish", in_fish);
	}
}

/* Does any command have an option of this name? */
static bool
known(const char *name, size_t n)
{
	const struct cli_command *c;

	if (n == strlen("help") && memcmp(name, "help", n) == 0)
		return true;
	for (size_t i = 0; (c = cli_commands_at(i)) != NULL; i++) {
		const struct cli_option *tables[] = { c->options, c->shared };

		for (size_t t = 0; t < 2; t++)
			for (const struct cli_option *o = tables[t];
			     o != NULL && o->help != NULL; o++)
				if (o->name != NULL && strlen(o->name) == n &&
				    memcmp(o->name, name, n) == 0)
					return true;
	}
	return false;
}

static void
the_manual_promises_nothing_else(void **state)
{
	static const char *const pages[] = { ROOT "docs/man/godwit-send.1",
		ROOT "docs/man/godwit-recv.1", ROOT "docs/man/godwit-dgram.1",
		ROOT "docs/man/godwit-devices.1",
		ROOT "docs/man/godwit-doctor.1", ROOT "docs/man/godwit-pair.1",
		ROOT "docs/man/godwit-doctor.1",
		ROOT "docs/man/godwit-forward.1",
		ROOT "docs/man/godwit-partials.1",
		ROOT "docs/man/godwit-peers.1", ROOT "docs/man/godwit-serve.1",
		ROOT "docs/man/godwit-sockets.1",
		ROOT "docs/man/godwit-stream.1",
		ROOT "docs/man/godwit-trace.1" };
	static const char mark[] = ".It Fl ";

	(void)state;
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		char *text = load(pages[i]);

		for (char *at = text; (at = strstr(at, mark)) != NULL;) {
			char *dash = at + strcspn(at, "\n-");
			size_t n = strcspn(dash + 1, " \n");

			at = dash;
			if (*dash == '-' && !known(dash + 1, n))
				fail_msg(
				    "%s: --%.*s", pages[i], (int)n, dash + 1);
		}
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_is_in_the_manual),
		cmocka_unit_test(every_option_is_completed),
		cmocka_unit_test(the_manual_promises_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
