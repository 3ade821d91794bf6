/*
 * send - godwit send PATH...
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/classic.h"
#include "cli/commands.h"
#include "cli/file.h"

enum { FILES_FROM_MAX = 1 << 30 };

struct settings {
	struct cli_common common; /* first: its offsets are ours */
	struct cli_address to;
	const char *name, *files_from, *for_device;
	struct cli_list exclude;
	bool null, dry_run, compress;
	struct cli_classic classic;

	struct cli_list paths, files;
	char *files_text; /* what `files` points into */
};

#define FIELD(member) offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "to", "[DEVICE=]HOST[:PORT]",
	    "connect to a `godwit recv` that waits there; HOST may be its "
	    "code; "
	    "needs that, or "
	    "DEVICE, which is remembered and must answer",
	    cli_value_whom, FIELD(to), 0, 0 },
	{ "for", "DEVICE",
	    "wait for this remembered device, and for nobody else; it needs "
	    "no code",
	    cli_value_text, FIELD(for_device), 0, 0 },
	{ "code", "CODE",
	    "with --to: the code shown there; else the one to wait with. "
	    "`-`: take it from --code-file, GODWIT_CODE or the prompt",
	    cli_value_secret, FIELD(common.code), 0, 0 },
	{ "name", "NAME", "name that standard input gets there [stdin]",
	    cli_value_text, FIELD(name), 0, 0 },
	{ "exclude", "PATTERN",
	    "leave out what matches: *.o, build/, src/**/tmp; may be repeated",
	    cli_value_list, FIELD(exclude), CLI_OPTION_CONFIG, 0 },
	{ "files-from", "FILE",
	    "send only what FILE lists, below the one PATH; `-`: standard "
	    "input",
	    cli_value_text, FIELD(files_from), 0, 0 },
	{ "null", NULL, "names in that list end with NUL, not newline",
	    cli_value_switch, FIELD(null), 0, '0' },
	{ "dry-run", NULL, "list what would be sent, and send nothing",
	    cli_value_switch, FIELD(dry_run), 0, 'n' },
	{ "compress", NULL,
	    "compress (zstd) where that makes the transfer faster",
	    cli_value_switch, FIELD(compress), CLI_OPTION_CONFIG, 'z' },
	{ "classic", NULL,
	    "speak the plain protocol of small programs: one FILE, in the "
	    "clear, unchecked and unconfirmed",
	    cli_value_switch, FIELD(classic.on), 0, 0 },
	{ "reply", "WORD", "with --classic: the word to wait for [ok]",
	    cli_value_text, FIELD(classic.reply), 0, 0 },
	{ "no-reply", NULL, "with --classic: none comes", cli_value_switch,
	    FIELD(classic.no_reply), 0, 0 },
	{ .help = NULL },
};

static int send_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_send_command = {
	.name = "send",
	.alias = "tx",
	.summary = "send files and directories",
	.usage = "send [OPTION...] PATH...\n"
		 "       godwit send [OPTION...] --name NAME -\n"
		 "       godwit send --classic FILE --to HOST:PORT",
	.about =
	    "Sends PATHs to one other machine. Without --to it prints a code "
	    "and the\ncommand for the other side, and waits until that comes "
	    "for them. It says\n\"durable\" and ends with 0 when the other "
	    "side has every byte, checked and\nsafe on its disk. PATH `-` is "
	    "standard input.\n",
	.examples =
	    "  godwit send photos/ notes.txt\n"
	    "  godwit send report.pdf --to 12-maple-fox\n"
	    "  godwit send report.pdf --to kitchen-pc\n"
	    "  godwit send report.pdf --to kitchen-pc=192.168.1.5\n"
	    "  tar c /etc | godwit send --name etc.tar -\n"
	    "  git ls-files -z | godwit send -0 --files-from - .\n"
	    "  godwit send --classic report.pdf --to 192.168.1.8:8008\n",
	.options = options,
	.shared = cli_common_options,
	.main = send_main,
};

/* ---- does it fit together? ---- */

static bool
sends_input(const struct settings *s)
{
	return s->paths.count == 1 && strcmp(s->paths.items[0], "-") == 0;
}

static bool
is_input(const char *path)
{
	return path != NULL && strcmp(path, "-") == 0;
}

/* Who reads standard input: at most one may. */
static const char *
input_contradiction(const struct settings *s)
{
	bool input = sends_input(s);

	for (size_t i = 0; s->paths.count > 1 && i < s->paths.count; i++)
		if (is_input(s->paths.items[i]))
			return "`-` (standard input) goes alone";
	if (s->name != NULL && !input)
		return "--name is for standard input (PATH `-`)";
	if (is_input(s->common.code_file) && input)
		return "standard input cannot be both the data and the code";
	if (is_input(s->common.code_file) && is_input(s->files_from))
		return "standard input cannot be both the list and the code";
	return NULL;
}

static const char *
contradiction(const struct settings *s)
{
	if (s->paths.count == 0)
		return "nothing to send: name at least one PATH";
	if (s->null && s->files_from == NULL)
		return "--null belongs to --files-from";
	if (s->files_from != NULL && (sends_input(s) || s->paths.count != 1))
		return "--files-from needs one PATH, below which its names "
		       "are";
	return input_contradiction(s);
}

static enum gw_err
load_list(struct cli_session *s, struct settings *o)
{
	size_t n;
	int error;

	if (o->files_from == NULL)
		return GW_OK;
	error =
	    cli_file_read(o->files_from, FILES_FROM_MAX, &o->files_text, &n);
	if (error != 0) {
		char *why = cli_format(
		    "--files-from: %s: %s", o->files_from, strerror(error));

		cli_report_failure(&s->report, GW_E_DISK, why);
		free(why);
		return GW_E_DISK;
	}
	if (!o->null && memchr(o->files_text, '\0', n) != NULL)
		return cli_usage_error(s->command,
		    "--files-from: %s has NUL bytes: add --null",
		    o->files_from);
	cli_file_split(o->files_text, n, o->null, &o->files);
	return GW_OK;
}

static enum gw_err
check(struct cli_session *s, struct settings *o)
{
	const char *wrong;
	bool uses_input;

	for (size_t i = 0; i < s->args.operand_count; i++)
		cli_list_add(&o->paths, s->args.operands[i]);
	if (o->for_device != NULL && o->to.given)
		return cli_usage_error(
		    s->command, "--to connects and --for waits: one of them");
	if (o->for_device != NULL && cli_session_has_code(s, &o->common))
		return cli_usage_error(s->command,
		    "--for is for a remembered device, which needs no code: "
		    "one of them");
	if (o->to.given && cli_session_typed(s, "listen"))
		return cli_usage_error(s->command,
		    "--to connects and --listen waits: one of them");
	if ((wrong = contradiction(o)) != NULL)
		return cli_usage_error(s->command, "%s", wrong);
	uses_input = sends_input(o) ||
		     (o->files_from != NULL && strcmp(o->files_from, "-") == 0);
	cli_session_report(s, &o->common, uses_input, false);
	s->report.sends = true;
	s->report.dry_run = o->dry_run;
	s->report.from_input = sends_input(o);
	return GW_OK;
}

/* ---- the job ---- */

static enum gw_err
start_job(struct cli_session *s, struct settings *o)
{
	struct gw_send_options g = GW_SEND_OPTIONS_INIT;
	enum gw_err err;

	cli_session_link(&o->common, &o->to, &g.link);
	g.link.for_device = o->for_device;
	g.link.no_code = o->for_device != NULL;
	g.paths = o->paths.items;
	g.path_count = o->paths.count;
	g.input_fd = STDIN_FILENO;
	g.name = o->name;
	g.exclude = o->exclude.items;
	g.exclude_count = o->exclude.count;
	g.files = o->files.items;
	g.file_count = o->files.count;
	g.files_given = o->files_from != NULL;
	g.compress = o->compress;
	g.checksum = o->common.checksum;
	g.dry_run = o->dry_run;
	err = gw_send(s->job.gw, &g, &s->job.job);
	cli_secret_wipe(&o->common.code);
	if (err != GW_OK)
		cli_session_failed(s, err);
	return err;
}

static enum gw_err
prepare(struct cli_session *s, struct settings *o)
{
	struct cli_list none = { 0 };
	enum gw_err err;

	if ((err = cli_classic_only(s)) != GW_OK)
		return err;
	if ((err = check(s, o)) != GW_OK)
		return err;
	if ((err = load_list(s, o)) != GW_OK)
		return err;
	for (size_t i = 0; i < o->paths.count && !sends_input(o); i++)
		if ((err = cli_session_present(s, o->paths.items[i])) != GW_OK)
			return err;
	if (!o->dry_run &&
	    (err = cli_session_whom(s, &o->common, &o->to)) != GW_OK)
		return err;
	return cli_session_open(
	    s, &o->common, sends_input(o) ? &none : &o->paths, NULL);
}

static int
send_paths(struct cli_session *s, struct settings *o)
{
	enum gw_err err = prepare(s, o);

	if (err == GW_OK)
		err = start_job(s, o);
	return err == GW_OK ? cli_job_run(&s->job) : gw_err_exit(err);
}

static int
send_plain(struct cli_session *s, struct settings *o)
{
	const struct cli_classic_send c = { .common = &o->common,
		.classic = &o->classic,
		.to = &o->to,
		.name = o->name };

	return cli_classic_send(s, &c);
}

static int
send_main(const struct cli_command *c, struct cli_start *start)
{
	struct settings o = { .common.code.given = false };
	struct cli_session s;
	int status;

	if (!cli_session_begin(&s, c, start, &o, &status))
		return status;
	status = o.classic.on ? send_plain(&s, &o) : send_paths(&s, &o);
	cli_session_end(&s);
	cli_secret_wipe(&o.common.code);
	cli_list_fini(&o.paths);
	cli_list_fini(&o.files);
	cli_list_fini(&o.exclude);
	free(o.files_text);
	return status;
}
