/*
 * devices - godwit devices: the devices that need no code, and this one's
 * name.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/say.h"
#include "cli/text.h"

struct settings {
	bool json;
};

#define FIELD(member) offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "json", NULL, "list as JSON, one object a line", cli_value_switch,
	    FIELD(json), CLI_OPTION_CONFIG, 0 },
	{ .help = NULL },
};

static int devices_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_devices_command = {
	.name = "devices",
	.summary = "list, rename or forget remembered devices",
	.usage = "devices [--json]\n"
		 "       godwit devices rename DEVICE NAME\n"
		 "       godwit devices forget DEVICE...\n"
		 "       godwit devices name [NAME]",
	.about =
	    "A remembered device needs no code: both sides know each other's "
	    "key. It comes\ninto this list with `godwit pair`, or when both "
	    "sides of a transfer say\n--remember. `name` shows or changes the "
	    "name that this device goes by.\n",
	.examples = "  godwit devices\n"
		    "  godwit devices rename debian kitchen-pc\n"
		    "  godwit devices forget kitchen-pc\n"
		    "  godwit devices name desk\n",
	.options = options,
	.main = devices_main,
};

/* ---- listing ---- */

static void
print_one(const struct gw_device *d)
{
	const time_t added = (time_t)d->added;
	char date[32] = "-", *name = cli_text_escape(d->name);
	struct tm tm;

	if (localtime_r(&added, &tm) != NULL)
		strftime(date, sizeof date, "%Y-%m-%d", &tm);
	printf("%-20s  %-10s  %s\n", name, date, d->key);
	free(name);
}

static enum gw_err
list(struct gw *g, bool json)
{
	struct gw_devices *all;
	struct gw_device d;
	size_t count = 0;
	enum gw_err err = gw_devices_open(g, &all);

	if (err != GW_OK)
		return err;
	for (; gw_devices_next(all, &d); count++) {
		char *line;

		if (!json) {
			if (count == 0)
				printf("%-20s  %-10s  KEY\n", "NAME", "SINCE");
			print_one(&d);
			continue;
		}
		line = cli_json_device(&d);
		puts(line);
		free(line);
	}
	gw_devices_free(all);
	if (count == 0 && !json)
		puts("No device is remembered. `godwit pair` on both of two "
		     "makes them so.");
	return GW_OK;
}

/* ---- changing ---- */

static void
tell(const char *before, const char *name, const char *after)
{
	char *safe = cli_text_escape(name);

	printf("%s%s%s\n", before, safe, after);
	free(safe);
}

static enum gw_err
rename_one(struct gw *g, char **words, size_t count)
{
	enum gw_err err;

	if (count != 2)
		return cli_usage_error(
		    &cli_devices_command, "rename needs DEVICE and NAME");
	if ((err = gw_device_rename(g, words[0], words[1])) == GW_OK)
		tell("It is called ", words[1], " now.");
	return err;
}

static enum gw_err
forget(struct gw *g, char **words, size_t count)
{
	enum gw_err err = GW_OK;

	if (count == 0)
		return cli_usage_error(
		    &cli_devices_command, "forget needs DEVICE");
	for (size_t i = 0; i < count && err == GW_OK; i++)
		if ((err = gw_device_forget(g, words[i])) == GW_OK)
			tell("", words[i],
			    " is forgotten: it needs a code again.");
	return err;
}

static enum gw_err
own_name(struct gw *g, char **words, size_t count)
{
	enum gw_err err;

	if (count > 1)
		return cli_usage_error(
		    &cli_devices_command, "name takes one NAME");
	if (count == 1 && (err = gw_device_set_name(g, words[0])) != GW_OK)
		return err;
	tell("", gw_device_name(g), "");
	return GW_OK;
}

static enum gw_err
work(struct gw *g, const struct settings *o, const struct cli_args *a)
{
	static const struct {
		const char *name;
		enum gw_err (*run)(struct gw *, char **, size_t);
	} verbs[] = { { "rename", rename_one }, { "forget", forget },
		{ "name", own_name } };

	if (a->operand_count == 0)
		return list(g, o->json);
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(a->operands[0], verbs[i].name) == 0)
			return verbs[i].run(
			    g, a->operands + 1, a->operand_count - 1);
	return cli_usage_error(&cli_devices_command,
	    "%s: it can rename, forget, or show and set a name",
	    a->operands[0]);
}

static int
devices_main(const struct cli_command *c, struct cli_start *start)
{
	struct settings o = { .json = false };
	struct cli_session s;
	enum gw_err err;
	int status;

	if (!cli_session_begin(&s, c, start, &o, &status))
		return status;
	if ((err = gw_open(&s.options, &s.job.gw)) != GW_OK)
		cli_say_error("%s", s.why);
	else if ((err = work(s.job.gw, &o, &s.args)) != GW_OK &&
		 gw_last_error(s.job.gw)[0] != '\0')
		cli_say_error("%s", gw_last_error(s.job.gw));
	cli_session_end(&s);
	return gw_err_exit(err);
}
