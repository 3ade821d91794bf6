#include "cli/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/memory.h"
#include "cli/say.h"

enum { CONFIG_MAX = 1 << 20 };

static char *
trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* `~/` as a shell would have it; new storage. */
static char *
expand(const char *value)
{
	const char *home = getenv("HOME");

	if (strncmp(value, "~/", 2) == 0 && home != NULL)
		return cli_format("%s%s", home, value + 1);
	return cli_copy(value);
}

static const char *
parse_line(char *text, struct cli_config_line *line)
{
	char *equals = strchr(text, '='), *key, *dot;

	if (equals == NULL)
		return "is no line of the form key = value";
	*equals = '\0';
	key = trim(text);
	if (*key == '\0')
		return "has no key";
	if (strpbrk(key, " \t") != NULL)
		return "has a space in its key";
	line->command = NULL;
	if ((dot = strchr(key, '.')) != NULL) {
		*dot = '\0';
		line->command = cli_copy(key);
		key = dot + 1;
	}
	line->key = cli_copy(key);
	line->value = expand(trim(equals + 1));
	return NULL;
}

enum gw_err
cli_config_parse(struct cli_config *c, char *text)
{
	char *line;

	for (unsigned number = 1; (line = strsep(&text, "\n")) != NULL;
	     number++) {
		struct cli_config_line parsed = { .number = number };

		line = trim(line);
		if (*line == '\0' || *line == '#')
			continue;
		if ((c->wrong = parse_line(line, &parsed)) != NULL) {
			c->wrong_line = number;
			return GW_E_USAGE;
		}
		c->lines = cli_resize(c->lines, c->count + 1, sizeof *c->lines);
		c->lines[c->count++] = parsed;
	}
	return GW_OK;
}

static char *
user_file(void)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	/* The specification has it that a relative path is ignored. */
	if (base != NULL && *base == '/')
		return cli_format("%s/godwit/config", base);
	if (home != NULL && *home != '\0')
		return cli_format("%s/.config/godwit/config", home);
	return NULL;
}

enum gw_err
cli_config_load(struct cli_config *c)
{
	char *text;
	size_t n;
	int error;
	enum gw_err err;

	*c = (struct cli_config){ .path = user_file() };
	if (c->path == NULL)
		return GW_OK;
	error = cli_file_read(c->path, CONFIG_MAX, &text, &n);
	if (error == ENOENT || error == ENOTDIR)
		return GW_OK;
	if (error != 0) {
		cli_say_error("%s: %s", c->path, strerror(error));
		return GW_E_DISK;
	}
	err = cli_config_parse(c, text);
	free(text);
	if (err != GW_OK)
		cli_say_error("%s:%u: %s", c->path, c->wrong_line, c->wrong);
	return err;
}

void
cli_config_fini(struct cli_config *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->lines[i].command);
		free(c->lines[i].key);
		free(c->lines[i].value);
	}
	free(c->lines);
	free(c->path);
	*c = (struct cli_config){ 0 };
}
