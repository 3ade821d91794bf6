#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/say.h"
#include "cli/text.h"

static const struct cli_command *const commands[] = { &cli_send_command,
	&cli_recv_command, &cli_stream_command, &cli_dgram_command,
	&cli_forward_command, &cli_serve_command, &cli_peers_command,
	&cli_devices_command, &cli_pair_command, &cli_partials_command,
	&cli_relay_command, &cli_sockets_command, &cli_trace_command,
	&cli_doctor_command };

enum { COUNT = sizeof commands / sizeof *commands };

const struct cli_command *
cli_commands_at(size_t n)
{
	for (size_t i = 0; i < COUNT; i++) {
		const struct cli_command *const *parts = commands[i]->parts;

		if (parts == NULL) {
			if (n-- == 0)
				return commands[i];
			continue;
		}
		for (; *parts != NULL; parts++)
			if (n-- == 0)
				return *parts;
	}
	return NULL;
}

static const struct cli_command *
find_command(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(name, commands[i]->name) == 0 ||
		    (commands[i]->alias != NULL &&
			strcmp(name, commands[i]->alias) == 0))
			return commands[i];
	return NULL;
}

/* The part of this name, "listen" of "dgram listen"; or NULL. */
static const struct cli_command *
find_part(const struct cli_command *c, const char *name)
{
	size_t before = strlen(c->name) + 1;

	for (size_t i = 0; c->parts[i] != NULL; i++)
		if (strcmp(c->parts[i]->name + before, name) == 0)
			return c->parts[i];
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

	for (size_t i = 0; (c = cli_commands_at(i)) != NULL; i++)
		if ((line->command == NULL ||
			strcmp(line->command, cli_options_group(c)) == 0) &&
		    has_option(c, line->key))
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
	      "  There:  godwit recv 7-crane-otter     (as send prints it)\n\n"
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
unknown_part(const struct cli_command *c, const char *name)
{
	return gw_err_exit(
	    name == NULL
		? cli_usage_error(c, "%s what?", c->name)
		: cli_usage_error(c, "%s has no part %s", c->name, name));
}

static int
help(const char *name, const char *part)
{
	const struct cli_command *c, *p;

	if (name == NULL) {
		print_help(stdout);
		return 0;
	}
	if ((c = find_command(name)) == NULL)
		return unknown_command(name);
	if (c->parts != NULL && part != NULL) {
		if ((p = find_part(c, part)) == NULL)
			return unknown_part(c, part);
		c = p;
	}
	cli_options_help(c);
	return 0;
}

static bool
is_one_of(const char *s, const char *a, const char *b, const char *c)
{
	return strcmp(s, a) == 0 || strcmp(s, b) == 0 || strcmp(s, c) == 0;
}

static int
run(const struct cli_command *c, struct cli_start *start)
{
	const char *name;

	if (c->parts == NULL)
		return c->main(c, start);
	name = start->argc > 0 ? start->argv[0] : NULL;
	if (name != NULL && is_one_of(name, "--help", "-h", "help")) {
		cli_options_help(c);
		return 0;
	}
	if (name == NULL || find_part(c, name) == NULL)
		return unknown_part(c, name);
	start->argc--;
	start->argv++;
	c = find_part(c, name);
	return c->main(c, start);
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

/* A standard descriptor that is closed must not become a file or a socket of
 * ours, which would get what is meant for a person.  What takes its place can
 * be neither read nor written, as if it were closed. */
static bool
standard_taken(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null",
			fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

int
cli_commands_run(int argc, char **argv)
{
	struct cli_start start = { .argc = argc > 2 ? argc - 2 : 0,
		.argv = argv + 2 };
	const struct cli_command *c;

	if (!standard_taken()) {
		cli_say_error("/dev/null: %s", strerror(errno));
		return gw_err_exit(GW_E_FAILED);
	}
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
		return flushed(
		    help(argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL));
	if ((c = find_command(argv[1])) == NULL)
		return unknown_command(argv[1]);
	return flushed(run(c, &start));
}
