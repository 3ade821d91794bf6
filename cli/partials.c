/*
 * partials - godwit partials: what interrupted transfers left behind.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/say.h"
#include "cli/size.h"
#include "cli/text.h"

struct settings {
	struct cli_list clear;
	bool clear_all, json;
};

#define FIELD(member) offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "clear", "ID", "remove this one; may be repeated", cli_value_list,
	    FIELD(clear), 0, 0 },
	{ "clear-all", NULL, "remove all that no running process holds",
	    cli_value_switch, FIELD(clear_all), 0, 0 },
	{ "json", NULL, "list as JSON, one object a line", cli_value_switch,
	    FIELD(json), CLI_OPTION_CONFIG, 0 },
	{ .help = NULL },
};

static int partials_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_partials_command = {
	.name = "partials",
	.summary = "list or clear what interrupted transfers left behind",
	.usage = "partials [--json]\n"
		 "       godwit partials --clear ID | --clear-all",
	.about =
	    "What an interrupted transfer had received stays for 7 days, so "
	    "that the same\ncommand can go on from there. This lists it, or "
	    "gives the space back. The first\nletters of an ID are enough "
	    "where they are unique.\n",
	.examples = "  godwit partials\n"
		    "  godwit partials --clear 3f9a\n",
	.options = options,
	.main = partials_main,
};

/* ---- listing ---- */

static const char *
age_text(char out[CLI_SIZE_TEXT], int64_t seconds)
{
	unsigned long s = seconds > 0 ? (unsigned long)seconds : 0;

	if (s >= 2UL * 86400)
		snprintf(out, CLI_SIZE_TEXT, "%lu days", s / 86400 % 100000);
	else if (s >= 2UL * 3600)
		snprintf(out, CLI_SIZE_TEXT, "%lu h", s / 3600);
	else
		snprintf(out, CLI_SIZE_TEXT, "%lu min", s / 60);
	return out;
}

static void
print_one(const struct gw_partial *p)
{
	char size[CLI_SIZE_TEXT], age[CLI_SIZE_TEXT];
	char *first = cli_text_escape(p->first != NULL ? p->first : "");
	char *peer = cli_text_escape(p->peer != NULL ? p->peer : "");
	char *dir = cli_text_escape(p->dir != NULL ? p->dir : "");

	/* The journal of a running transfer may not be readable. */
	if (p->active && *first == '\0')
		printf("%.8s  %8s  %7s  in use by a running transfer\n", p->id,
		    "-", "-");
	else
		printf("%.8s  %8s  %7s  %s%s from %s, %llu of %llu files, in "
		       "%s%s\n",
		    p->id, cli_size_text(size, p->bytes),
		    age_text(age, p->age_s), first,
		    p->files_total > 1 ? " ..." : "", peer,
		    (unsigned long long)p->files_done,
		    (unsigned long long)p->files_total, dir,
		    p->active ? " (in use)" : "");
	free(dir);
	free(peer);
	free(first);
}

static enum gw_err
list(struct gw *g, bool json)
{
	struct gw_partials *all;
	struct gw_partial p;
	size_t count = 0;
	enum gw_err err = gw_partials_open(g, &all);

	if (err != GW_OK)
		return err;
	for (; gw_partials_next(all, &p); count++) {
		char *line;

		if (!json) {
			if (count == 0)
				printf("%-8s  %8s  %7s  WHAT\n", "ID", "SIZE",
				    "AGE");
			print_one(&p);
			continue;
		}
		line = cli_json_partial(&p);
		puts(line);
		free(line);
	}
	gw_partials_free(all);
	if (count == 0 && !json)
		puts("Nothing was left behind.");
	return GW_OK;
}

/* ---- clearing ---- */

struct ids {
	char (*list)[sizeof((struct gw_partial *)0)->id];
	size_t count;
};

/* The ids that begin with prefix; "" is all. */
static enum gw_err
find(struct gw *g, const char *prefix, struct ids *out)
{
	struct gw_partials *all;
	struct gw_partial p;
	enum gw_err err = gw_partials_open(g, &all);

	*out = (struct ids){ 0 };
	if (err != GW_OK)
		return err;
	while (gw_partials_next(all, &p)) {
		if (strncmp(p.id, prefix, strlen(prefix)) != 0)
			continue;
		out->list =
		    cli_resize(out->list, out->count + 1, sizeof *out->list);
		memcpy(out->list[out->count++], p.id, sizeof p.id);
	}
	gw_partials_free(all);
	return GW_OK;
}

static enum gw_err
clear_one(struct gw *g, const struct settings *o, const char *id)
{
	enum gw_err err = gw_partials_clear(g, id);

	if (err == GW_OK)
		printf("%.8s removed\n", id);
	else if (err == GW_E_AGAIN && o->clear_all)
		printf("%.8s kept: a running transfer holds it\n", id);
	else if (err == GW_E_AGAIN)
		cli_say_error(
		    "%.8s: a running transfer holds it: end that first", id);
	else
		cli_say_error("%.8s: %s", id, gw_err_text(err));
	return err;
}

static enum gw_err
clear(struct gw *g, const struct settings *o, const char *prefix)
{
	struct ids ids;
	enum gw_err err = find(g, prefix, &ids), one;

	if (err == GW_OK && ids.count == 0 && !o->clear_all) {
		cli_say_error("%s: nothing of this ID was left behind", prefix);
		err = GW_E_NO_PATH;
	} else if (err == GW_OK && ids.count > 1 && !o->clear_all) {
		cli_say_error("%s: %zu begin with it: give more of the ID",
		    prefix, ids.count);
		err = GW_E_USAGE;
	} else {
		for (size_t i = 0; i < ids.count; i++) {
			one = clear_one(g, o, ids.list[i]);
			if (one == GW_E_AGAIN && o->clear_all)
				continue;
			if (err == GW_OK)
				err = one;
		}
	}
	free(ids.list);
	return err;
}

static enum gw_err
work(struct gw *g, const struct settings *o)
{
	enum gw_err err = GW_OK, one;

	if (o->clear_all)
		return clear(g, o, "");
	if (o->clear.count == 0)
		return list(g, o->json);
	for (size_t i = 0; i < o->clear.count; i++) {
		one = clear(g, o, o->clear.items[i]);
		if (err == GW_OK)
			err = one;
	}
	return err;
}

static int
partials_main(const struct cli_command *c, struct cli_start *start)
{
	struct settings o = { .clear_all = false };
	struct cli_session s;
	enum gw_err err;
	int status;

	if (!cli_session_begin(&s, c, start, &o, &status))
		return status;
	if (s.args.operand_count != 0)
		err = cli_usage_error(
		    c, "%s: it takes no argument", s.args.operands[0]);
	else if (o.clear_all && o.clear.count != 0)
		err = cli_usage_error(c, "--clear and --clear-all: one of "
					 "them");
	else if ((err = gw_open(&s.options, &s.job.gw)) != GW_OK)
		cli_say_error("%s", s.why);
	else
		err = work(s.job.gw, &o);
	cli_session_end(&s);
	cli_list_fini(&o.clear);
	return gw_err_exit(err);
}
