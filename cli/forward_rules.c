#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/forward.h"
#include "cli/memory.h"

enum { LINES = 65536 /* most of a file */ };

struct file {
	char **lines;
	size_t count;
};

static void
drop(struct file *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->lines[i]);
	free(f->lines);
	*f = (struct file){ .count = 0 };
}

/* A line without what surrounds it; "" for a comment. */
static char *
trim(char *line)
{
	size_t n;

	line += strspn(line, " \t");
	n = strlen(line);
	while (n > 0 && strchr(" \t\r\n", line[n - 1]) != NULL)
		line[--n] = '\0';
	if (*line == '#')
		*line = '\0';
	return line;
}

/* Returns what is wrong with it, in new storage, or NULL. */
static char *
take_line(struct file *f, const struct cli_forward_rules *r, char *line,
    unsigned number)
{
	char normal[GW_RULE_TEXT_MAX], why[GW_RULE_WHY_MAX];

	line = trim(line);
	if (*line == '\0')
		return NULL;
	if (f->count == LINES)
		return cli_format("%s: more than %d rules", r->file, LINES);
	if (gw_rule_normal(line, r->to, normal, why) != GW_OK)
		return cli_format("%s:%u: %s", r->file, number, why);
	f->lines = cli_resize(f->lines, f->count + 1, sizeof *f->lines);
	f->lines[f->count++] = cli_copy(line);
	return NULL;
}

static char *
read_file(struct file *f, const struct cli_forward_rules *r)
{
	FILE *in = fopen(r->file, "re");
	char *line = NULL, *why = NULL;
	unsigned number = 0;
	size_t room = 0;

	if (in == NULL)
		return cli_format("%s: %s", r->file, strerror(errno));
	while (why == NULL && getline(&line, &room, in) >= 0)
		why = take_line(f, r, line, ++number);
	if (why == NULL && ferror(in))
		why = cli_format("%s: %s", r->file, strerror(errno));
	free(line);
	fclose(in);
	return why;
}

bool
cli_forward_rules_load(struct cli_forward_rules *r, char **why)
{
	struct file f = { .count = 0 }, old = { r->lines, r->line_count };

	if (r->file != NULL && (*why = read_file(&f, r)) != NULL) {
		drop(&f);
		return false;
	}
	drop(&old);
	r->lines = f.lines;
	r->line_count = f.count;
	r->count = r->typed.count + f.count;
	r->all = cli_resize(r->all, r->count + 1, sizeof *r->all);
	for (size_t i = 0; i < r->count; i++)
		r->all[i] = i < r->typed.count ? r->typed.items[i]
					       : f.lines[i - r->typed.count];
	return true;
}

void
cli_forward_rules_fini(struct cli_forward_rules *r)
{
	struct file f = { r->lines, r->line_count };

	drop(&f);
	free(r->all);
	cli_list_fini(&r->typed);
}
