#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "cli/say.h"
#include "cli/text.h"

static const struct cli_command *const commands[] = { &cli_send_command,
	&cli_recv_command, &cli_partials_command, &cli_sockets_command };

enum { COUNT = sizeof commands / sizeof *commands };

const struct cli_command *
cli_commands_at(size_t n)
{
	return n < COUNT ? commands[n] : NULL;
}

const struct cli_command *
cli_commands_find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(name, commands[i]->name) == 0 ||
		    (commands[i]->alias != NULL &&
			strcmp(name, commands[i]->alias) == 0))
			return commands[i];
	return NULL;
}

static bool
has_option(const struct cli_command *c, const char *key)
{
	const struct cli_option *tables[] = { c->options, c->shared };

	for (size_t t = 0; t < 2; t++)
		for (const struct cli_option *o = tables[t];
		     o != NULL && o->help != NULL; o++)
			if (o->name != NULL && strcmp(o->name, key) == 0)
				return true;
	return false;
}

static bool
is_known(const struct cli_config_line *line)
{
	const struct cli_command *c;

	if (line->command != NULL)
		return (c = cli_commands_find(line->command)) != NULL &&
		       has_option(c, line->key);
	for (size_t i = 0; i < COUNT; i++)
		if (has_option(commands[i], line->key))
			return true;
	return false;
}

enum gw_err
cli_commands_check_config(const struct cli_config *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct cli_config_line *line = &c->lines[i];

		if (is_known(line))
			continue;
		cli_say_error("%s:%u: no option is called %s%s%s", c->path,
		    line->number, line->command != NULL ? line->command : "",
		    line->command != NULL ? "." : "", line->key);
		return GW_E_USAGE;
	}
	return GW_OK;
}

/* ---- the program ---- */

static void
print_help(FILE *to)
{
	fputs("Usage: godwit COMMAND [OPTION...] [ARGUMENT...]\n\n"
	      "Moves files from machine to machine: encrypted, checked, and "
	      "after an\ninterruption on from where it was. No server, no "
	      "account.\n\nCommands:\n",
	    to);
	for (size_t i = 0; i < COUNT; i++)
		fprintf(to, "  %-10s %s\n", commands[i]->name,
		    commands[i]->summary);
	fputs("  help       `godwit help COMMAND` explains a command\n\n"
	      "Examples:\n"
	      "  Here:   godwit send photos/\n"
	      "  There:  godwit recv 7-crane-otter --from HOST:PORT"
	      "     (as send prints it)\n\n"
	      "      --version   print the version\n"
	      "  -h, --help      this page\n\n"
	      "The whole story: man godwit\n",
	    to);
}

static int
unknown_command(const char *name)
{
	cli_say_error("no command is called %s", name);
	fputs("Try `godwit --help`.\n", stderr);
	return gw_err_exit(GW_E_USAGE);
}

static int
help(const char *name)
{
	const struct cli_command *c;

	if (name == NULL) {
		print_help(stdout);
		return 0;
	}
	if ((c = cli_commands_find(name)) == NULL)
		return unknown_command(name);
	cli_options_help(c);
	return 0;
}

static bool
is_one_of(const char *s, const char *a, const char *b, const char *c)
{
	return strcmp(s, a) == 0 || strcmp(s, b) == 0 || strcmp(s, c) == 0;
}

/* Is everything that was printed really out? */
static int
flushed(int status)
{
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) {
		cli_say_error("standard output cannot be written");
		return gw_err_exit(GW_E_DISK);
	}
	return status;
}

int
cli_commands_run(int argc, char **argv)
{
	struct cli_start start = { .argc = argc > 2 ? argc - 2 : 0,
		.argv = argv + 2 };
	const struct cli_command *c;

	/* Before anything else can inherit it. */
	cli_secret_from_environment(&start.code);
	cli_style_detect(&start.style);
	cli_text_init();
	if (argc < 2) {
		print_help(stderr);
		return gw_err_exit(GW_E_USAGE);
	}
	if (is_one_of(argv[1], "--version", "-V", "version")) {
		printf("godwit %s\n", gw_version());
		return flushed(0);
	}
	if (is_one_of(argv[1], "--help", "-h", "help"))
		return flushed(help(argc > 2 ? argv[2] : NULL));
	if ((c = cli_commands_find(argv[1])) == NULL)
		return unknown_command(argv[1]);
	return flushed(c->main(c, &start));
}
