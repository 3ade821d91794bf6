/*
 * One table for command line, environment and configuration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/options.h"
#include "cli/values.h"
#include "test.h"

struct settings {
	const char *output;
	struct cli_list exclude;
	uint64_t rate;
	bool yes, quiet;
};

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "output", "DIR", "where to", cli_value_text,
	    offsetof(struct settings, output), CLI_OPTION_CONFIG, 'o' },
	{ "exclude", "PATTERN", "what not", cli_value_list,
	    offsetof(struct settings, exclude), CLI_OPTION_CONFIG, 0 },
	{ "yes", NULL, "no question", cli_value_switch,
	    offsetof(struct settings, yes), 0, 'y' },
	{ .help = NULL },
};

static const struct cli_option shared[] = {
	{ "limit-rate", "RATE", "how fast", cli_value_rate,
	    offsetof(struct settings, rate), CLI_OPTION_CONFIG, 0 },
	{ "quiet", NULL, "less", cli_value_switch,
	    offsetof(struct settings, quiet), CLI_OPTION_CONFIG, 'q' },
	{ .help = NULL },
};

static const struct cli_command command = { .name = "recv",
	.usage = "recv",
	.about = "",
	.examples = "",
	.options = options,
	.shared = shared };

enum { WORDS = 8 };

/* What standard error was told. */
static char told[4096];

struct run {
	struct settings settings;
	struct cli_args args;
	char *operands[WORDS], *argv[WORDS], *words;
	struct cli_config config;
};

static int saved;
static FILE *catch_file;

static void
catch_begin(void)
{
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	catch_file = tmpfile();
	dup2(fileno(catch_file), STDERR_FILENO);
}

static void
catch_end(void)
{
	ssize_t n;

	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(fileno(catch_file), told, sizeof told - 1, 0);
	told[n > 0 ? n : 0] = '\0';
	fclose(catch_file);
}

/* line: words with a '|' between them. */
static enum gw_err
parse(struct run *r, const char *line, const char *config)
{
	char *rest, *word;
	enum gw_err err;

	memset(r, 0, sizeof *r);
	rest = r->words = strdup(line);
	r->args.argv = r->argv;
	r->args.operands = r->operands;
	while (*line != '\0' && (word = strsep(&rest, "|")) != NULL)
		r->argv[r->args.argc++] = word;
	if (config != NULL) {
		char *text = strdup(config);

		assert_int_equal(cli_config_parse(&r->config, text), GW_OK);
		free(text);
	}
	catch_begin();
	err = cli_options_parse(&command, &r->args, &r->config, &r->settings);
	catch_end();
	return err;
}

static void
done(struct run *r)
{
	cli_list_fini(&r->settings.exclude);
	cli_config_fini(&r->config);
	free(r->words);
}

static void
every_form_of_an_option_is_understood(void **state)
{
	static const char *const lines[] = { "--output|dir", "--output=dir",
		"-o|dir", "-odir", "-yo|dir", "-qyodir" };
	struct run r;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_int_equal(parse(&r, lines[i], NULL), GW_OK);
		assert_string_equal(r.settings.output, "dir");
		assert_int_equal(r.args.operand_count, 0);
		done(&r);
	}
}

static void
operands_may_stand_anywhere(void **state)
{
	struct run r;

	(void)state;
	assert_int_equal(parse(&r, "a|-y|-|b|--|-q|--yes", NULL), GW_OK);
	assert_true(r.settings.yes);
	assert_false(r.settings.quiet);
	assert_int_equal(r.args.operand_count, 5);
	assert_string_equal(r.operands[1], "-");
	assert_string_equal(r.operands[3], "-q");
	assert_string_equal(r.operands[4], "--yes");
	done(&r);
}

static void
lists_grow_and_switches_can_be_undone(void **state)
{
	struct run r;

	(void)state;
	assert_int_equal(
	    parse(&r, "--exclude|*.o|--exclude=b/|--yes|--yes=no", NULL),
	    GW_OK);
	assert_int_equal(r.settings.exclude.count, 2);
	assert_string_equal(r.settings.exclude.items[1], "b/");
	assert_false(r.settings.yes);
	done(&r);
}

static void
mistakes_are_named(void **state)
{
	static const struct {
		const char *line, *word;
	} rows[] = { { "--outptu|x", "did you mean --output" },
		{ "--out|x", "did you mean --output" },
		{ "--zzz", "unknown option --zzz" },
		{ "-x", "unknown option -x" },
		{ "--output", "--output needs DIR" }, { "-o", "-o needs DIR" },
		{ "--limit-rate|fast", "--limit-rate: \"fast\"" },
		{ "--yes=perhaps", "neither yes nor no" },
		{ "--output=", "is empty" }, { "--=x", "unknown option" } };
	struct run r;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(parse(&r, rows[i].line, NULL), GW_E_USAGE);
		assert_non_null(strstr(told, rows[i].word));
		assert_non_null(strstr(told, "godwit recv --help"));
		done(&r);
	}
}

static void
help_beats_everything(void **state)
{
	struct run r;

	(void)state;
	assert_int_equal(parse(&r, "--help|--zzz", NULL), GW_OK);
	assert_true(r.args.help);
	done(&r);
	assert_int_equal(parse(&r, "-yh", NULL), GW_OK);
	assert_true(r.args.help);
	done(&r);
}

static void
flags_go_over_environment_over_configuration(void **state)
{
	const char *config = "output = c\nlimit-rate = 1k\nexclude = c1\n"
			     "exclude = c2\nsend.output = other\n"
			     "some-other-command = 1\n";
	struct run r;

	(void)state;
	assert_int_equal(parse(&r, "", config), GW_OK);
	assert_string_equal(r.settings.output, "c");
	assert_int_equal(r.settings.exclude.count, 2);
	done(&r);
	setenv("GODWIT_OUTPUT", "e", 1);
	setenv("GODWIT_LIMIT_RATE", "2k", 1);
	assert_int_equal(parse(&r, "--exclude|f", config), GW_OK);
	assert_string_equal(r.settings.output, "e");
	assert_int_equal(r.settings.rate, 2000);
	assert_int_equal(r.settings.exclude.count, 1);
	done(&r);
	assert_int_equal(parse(&r, "-of|--limit-rate=3k", config), GW_OK);
	assert_string_equal(r.settings.output, "f");
	assert_int_equal(r.settings.rate, 3000);
	done(&r);
	setenv("GODWIT_LIMIT_RATE", "fast", 1);
	assert_int_equal(parse(&r, "", NULL), GW_E_USAGE);
	assert_non_null(strstr(told, "GODWIT_LIMIT_RATE: \"fast\""));
	done(&r);
	unsetenv("GODWIT_OUTPUT");
	unsetenv("GODWIT_LIMIT_RATE");
}

static void
what_is_for_the_command_line_alone_stays_there(void **state)
{
	struct run r;

	(void)state;
	setenv("GODWIT_YES", "yes", 1);
	assert_int_equal(parse(&r, "", NULL), GW_OK);
	assert_false(r.settings.yes);
	done(&r);
	unsetenv("GODWIT_YES");
	assert_int_equal(parse(&r, "", "yes = yes"), GW_E_USAGE);
	assert_non_null(strstr(told, ":1: yes belongs on the command line"));
	done(&r);
	assert_int_equal(parse(&r, "", "\nrecv.colour = red"), GW_E_USAGE);
	assert_non_null(strstr(told, ":2: colour is no option"));
	done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_an_option_is_understood),
		cmocka_unit_test(operands_may_stand_anywhere),
		cmocka_unit_test(lists_grow_and_switches_can_be_undone),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(help_beats_everything),
		cmocka_unit_test(flags_go_over_environment_over_configuration),
		cmocka_unit_test(
		    what_is_for_the_command_line_alone_stays_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
