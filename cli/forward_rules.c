#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/forward.h"
#include "cli/memory.h"

enum { LINES = 65536 /* most of a file */ };

struct list {
	const char **v; /* own */
	size_t count;
};

static void
drop(struct list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free((char *)(uintptr_t)l->v[i]);
	free(l->v);
	*l = (struct list){ .count = 0 };
}

/* A rule that can be read; with what --responses says to those of datagrams
 * that say nothing of it themselves. */
static void
add(struct list *l, const struct cli_forward_rules *r, const char *text,
    const char *normal)
{
	const bool more = r->responses != 0 &&
			  strncmp(normal, "udp:", 4) == 0 &&
			  strstr(normal, "?responses=") == NULL &&
			  strstr(normal, "&responses=") == NULL;

	l->v = cli_resize(l->v, l->count + 1, sizeof *l->v);
	l->v[l->count++] =
	    more ? cli_format("%s%cresponses=%u", normal,
		       strchr(normal, '?') != NULL ? '&' : '?', r->responses)
		 : cli_copy(text);
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
take_line(struct list *f, const struct cli_forward_rules *r, char *line,
    unsigned number)
{
	char normal[GW_RULE_TEXT_MAX], why[GW_RULE_WHY_MAX];

	line = trim(line);
	if (*line == '\0')
		return NULL;
	if (f->count >= r->typed.count + LINES)
		return cli_format("%s: more than %d rules", r->file, LINES);
	if (gw_rule_normal(line, r->to, normal, why) != GW_OK)
		return cli_format("%s:%u: %s", r->file, number, why);
	add(f, r, line, normal);
	return NULL;
}

static char *
read_file(struct list *f, const struct cli_forward_rules *r)
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
	struct list all = { .count = 0 }, old = { r->all, r->count };
	char normal[GW_RULE_TEXT_MAX], wrong[GW_RULE_WHY_MAX];

	*why = NULL;
	for (size_t i = 0; i < r->typed.count && *why == NULL; i++)
		if (gw_rule_normal(r->typed.items[i], r->to, normal, wrong) ==
		    GW_OK)
			add(&all, r, r->typed.items[i], normal);
		else
			*why = cli_format("%s: %s", r->typed.items[i], wrong);
	if (*why == NULL && r->file != NULL)
		*why = read_file(&all, r);
	if (*why != NULL) {
		drop(&all);
		return false;
	}
	drop(&old);
	r->all = all.v;
	r->count = all.count;
	return true;
}

void
cli_forward_rules_fini(struct cli_forward_rules *r)
{
	struct list all = { r->all, r->count };

	drop(&all);
	cli_list_fini(&r->typed);
}
