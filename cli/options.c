#include "cli/options.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/memory.h"
#include "cli/say.h"

enum { SHARED_BIT = 32 };

const char *
cli_options_group(const struct cli_command *c)
{
	return c->group != NULL ? c->group : c->name;
}

enum gw_err
cli_usage_error(const struct cli_command *c, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text != NULL)
		cli_say_error("%s", text);
	free(text);
	fprintf(stderr, "Try `godwit %s --help`.\n", c->name);
	return GW_E_USAGE;
}

/* ---- finding a row ---- */

/* One row and its bit in `seen`. */
struct found {
	const struct cli_option *option;
	uint64_t bit;
};

static bool
matches(const struct cli_option *o, const char *name, size_t n, char letter)
{
	if (o->name == NULL)
		return false;
	if (letter != 0)
		return o->letter == letter;
	return strlen(o->name) == n && memcmp(o->name, name, n) == 0;
}

static bool
find_in(const struct cli_option *table, unsigned first_bit, const char *name,
    size_t n, struct found *out)
{
	char letter = n == 0 ? *name : '\0';

	for (unsigned i = 0; table != NULL && table[i].help != NULL; i++)
		if (matches(&table[i], name, n, letter)) {
			out->option = &table[i];
			out->bit = UINT64_C(1) << (first_bit + i);
			return true;
		}
	return false;
}

/* n == 0: name is a letter. */
static bool
find(const struct cli_command *c, const char *name, size_t n, struct found *out)
{
	return find_in(c->options, 0, name, n, out) ||
	       find_in(c->shared, SHARED_BIT, name, n, out);
}

/* ---- what might have been meant ---- */

/* Insertions, deletions and changes that make one of the other. */
static unsigned
distance(const char *a, size_t an, const char *b)
{
	enum { LONGEST = 31 };
	unsigned row[LONGEST + 1];
	size_t bn = strlen(b);

	if (an > LONGEST || bn > LONGEST)
		return LONGEST;
	for (unsigned j = 0; j <= bn; j++)
		row[j] = j;
	for (unsigned i = 1; i <= an; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= bn; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[bn];
}

static void
nearest(const struct cli_option *table, const char *name, size_t n,
    unsigned *best, const char **out)
{
	for (; table != NULL && table->help != NULL; table++) {
		unsigned d;

		if (table->name == NULL)
			continue;
		d = distance(name, n, table->name);
		/* The beginning of a name counts as a near miss. */
		if (n >= 3 && strncmp(table->name, name, n) == 0)
			d = 1;
		if (d < *best) {
			*best = d;
			*out = table->name;
		}
	}
}

static enum gw_err
unknown_option(const struct cli_command *c, const char *name, size_t n)
{
	unsigned best = n > 5 ? 4 : 3;
	const char *meant = NULL;

	nearest(c->options, name, n, &best, &meant);
	nearest(c->shared, name, n, &best, &meant);
	if (meant != NULL)
		return cli_usage_error(c,
		    "unknown option --%.*s; did you mean --%s?", (int)n, name,
		    meant);
	return cli_usage_error(c, "unknown option --%.*s", (int)n, name);
}

/* ---- the command line ---- */

static enum gw_err
apply(const struct cli_command *c, const struct cli_option *o, char *value,
    void *settings)
{
	const char *wrong =
	    o->parse(value, (unsigned char *)settings + o->field);

	if (wrong == NULL)
		return GW_OK;
	return cli_usage_error(c, "--%s: \"%s\" %s", o->name, value, wrong);
}

static enum gw_err
long_option(
    const struct cli_command *c, struct cli_args *a, int *i, void *settings)
{
	char *name = a->argv[*i] + 2, *equals = strchr(name, '=');
	size_t n = equals != NULL ? (size_t)(equals - name) : strlen(name);
	char yes[] = "yes", *value = equals != NULL ? equals + 1 : NULL;
	struct found f;

	if (n == 4 && memcmp(name, "help", 4) == 0) {
		a->help = true;
		return GW_OK;
	}
	if (n == 0 || !find(c, name, n, &f))
		return unknown_option(c, name, n);
	if (value == NULL && f.option->value == NULL)
		value = yes;
	else if (value == NULL && *i + 1 < a->argc)
		value = a->argv[++*i];
	if (value == NULL)
		return cli_usage_error(c, "--%s needs %s after it",
		    f.option->name, f.option->value);
	a->seen |= f.bit;
	return apply(c, f.option, value, settings);
}

/* "-qv", "-oDIR", "-o DIR". */
static enum gw_err
short_options(
    const struct cli_command *c, struct cli_args *a, int *i, void *settings)
{
	char yes[] = "yes";
	struct found f;
	enum gw_err err;

	for (char *s = a->argv[*i] + 1; *s != '\0'; s++) {
		if (*s == 'h') {
			a->help = true;
			return GW_OK;
		}
		if (!find(c, s, 0, &f))
			return cli_usage_error(c, "unknown option -%.*s",
			    isprint((unsigned char)*s) ? 1 : 0, s);
		a->seen |= f.bit;
		if (f.option->value == NULL) {
			err = apply(c, f.option, yes, settings);
			if (err != GW_OK)
				return err;
			continue;
		}
		if (s[1] != '\0')
			return apply(c, f.option, s + 1, settings);
		if (*i + 1 == a->argc)
			return cli_usage_error(
			    c, "-%c needs %s after it", *s, f.option->value);
		return apply(c, f.option, a->argv[++*i], settings);
	}
	return GW_OK;
}

static enum gw_err
parse_line(const struct cli_command *c, struct cli_args *a, void *settings)
{
	bool only_operands = false;
	enum gw_err err = GW_OK;

	for (int i = 0; i < a->argc && err == GW_OK && !a->help; i++) {
		char *arg = a->argv[i];

		if (only_operands || arg[0] != '-' || arg[1] == '\0')
			a->operands[a->operand_count++] = arg;
		else if (strcmp(arg, "--") == 0)
			only_operands = true;
		else if (arg[1] == '-')
			err = long_option(c, a, &i, settings);
		else
			err = short_options(c, a, &i, settings);
	}
	return err;
}

/* ---- environment and configuration ---- */

static enum gw_err
from_environment(const struct cli_command *c, struct cli_args *a,
    const struct cli_option *table, unsigned first_bit, void *settings)
{
	for (unsigned i = 0; table != NULL && table[i].help != NULL; i++) {
		uint64_t bit = UINT64_C(1) << (first_bit + i);
		char name[64] = "GODWIT_", *value;
		const char *wrong;

		if (!(table[i].flags & CLI_OPTION_CONFIG) || (a->seen & bit))
			continue;
		for (size_t k = 0; table[i].name[k] != '\0'; k++)
			name[7 + k] =
			    table[i].name[k] == '-'
				? '_'
				: (char)toupper(
				      (unsigned char)table[i].name[k]);
		if ((value = getenv(name)) == NULL || *value == '\0')
			continue;
		a->seen |= bit;
		wrong = table[i].parse(
		    value, (unsigned char *)settings + table[i].field);
		if (wrong != NULL)
			return cli_usage_error(
			    c, "%s: \"%s\" %s", name, value, wrong);
	}
	return GW_OK;
}

static enum gw_err
config_error(const struct cli_config *config,
    const struct cli_config_line *line, const char *wrong)
{
	cli_say_error("%s:%u: %s %s", config->path != NULL ? config->path : "",
	    line->number, line->key, wrong);
	return GW_E_USAGE;
}

static enum gw_err
from_config(const struct cli_command *c, const struct cli_args *a,
    const struct cli_config *config, void *settings)
{
	for (size_t i = 0; i < config->count; i++) {
		const struct cli_config_line *line = &config->lines[i];
		struct found f;
		const char *wrong;

		if (line->command != NULL &&
		    strcmp(line->command, cli_options_group(c)) != 0)
			continue;
		if (!find(c, line->key, strlen(line->key), &f)) {
			/* It may be an option of another command. */
			if (line->command == NULL || c->group != NULL)
				continue;
			return config_error(config, line, "is no option");
		}
		if (!(f.option->flags & CLI_OPTION_CONFIG))
			return config_error(config, line,
			    "belongs on the command line, not here");
		if (a->seen & f.bit)
			continue;
		wrong = f.option->parse(
		    line->value, (unsigned char *)settings + f.option->field);
		if (wrong != NULL)
			return config_error(config, line, wrong);
	}
	return GW_OK;
}

enum gw_err
cli_options_parse(const struct cli_command *c, struct cli_args *a,
    const struct cli_config *config, void *settings)
{
	enum gw_err err = parse_line(c, a, settings);

	a->typed = a->seen;
	if (err != GW_OK || a->help)
		return err;
	err = from_environment(c, a, c->options, 0, settings);
	if (err == GW_OK)
		err = from_environment(c, a, c->shared, SHARED_BIT, settings);
	if (err == GW_OK && config != NULL)
		err = from_config(c, a, config, settings);
	return err;
}

bool
cli_options_typed(
    const struct cli_command *c, const struct cli_args *a, const char *name)
{
	struct found f;

	return find(c, name, strlen(name), &f) && (a->typed & f.bit) != 0;
}
