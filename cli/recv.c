/*
 * recv - godwit recv [CODE]
 */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "cli/classic.h"
#include "cli/commands.h"

struct settings {
	struct cli_common common; /* first: its offsets are ours */
	struct cli_address from;
	const char *output, *exec;
	struct cli_duration exec_timeout;
	unsigned max_files;
	struct cli_conflict on_conflict;
	bool from_known, only_known, yes, once, archive, to_stdout;
	struct cli_classic classic;
};

#define FIELD(member) offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "from", "[DEVICE=]HOST[:PORT]",
	    "connect to a `godwit send` that waits there; needs its code, or "
	    "DEVICE, which is remembered and must answer",
	    cli_value_whom, FIELD(from), 0, 0 },
	{ "from-known", NULL,
	    "when waiting: take what remembered devices offer without asking",
	    cli_value_switch, FIELD(from_known), CLI_OPTION_CONFIG, 0 },
	{ "code", "CODE",
	    "the same as CODE with --from; else the code to wait with. `-`: "
	    "take it from --code-file, GODWIT_CODE or the prompt",
	    cli_value_secret, FIELD(common.code), 0, 0 },
	{ "output", "DIR", "put it into DIR [the working directory]",
	    cli_value_text, FIELD(output), CLI_OPTION_CONFIG, 'o' },
	{ "yes", NULL, "accept every offer without asking", cli_value_switch,
	    FIELD(yes), CLI_OPTION_CONFIG, 'y' },
	{ "once", NULL, "when waiting: leave after one transfer",
	    cli_value_switch, FIELD(once), CLI_OPTION_CONFIG, 0 },
	{ "on-conflict", "WHAT",
	    "when a name is taken: ask, rename, skip, overwrite, or newer "
	    "(overwrite what is older) [ask on a terminal, else rename]",
	    cli_value_conflict, FIELD(on_conflict), CLI_OPTION_CONFIG, 0 },
	{ "archive", NULL, "keep hard links and user.* attributes as well",
	    cli_value_switch, FIELD(archive), CLI_OPTION_CONFIG, 'a' },
	{ "stdout", NULL, "write the one file to standard output",
	    cli_value_switch, FIELD(to_stdout), 0, 0 },
	{ "classic", NULL,
	    "serve plain senders, as many as come: small programs that send a "
	    "name and bytes, in the clear; needs --listen with a port",
	    cli_value_switch, FIELD(classic.on), 0, 0 },
	{ "reply", "WORD", "with --classic: the word that is sent [ok]",
	    cli_value_text, FIELD(classic.reply), 0, 0 },
	{ "max-size", "SIZE",
	    "the largest offer that is taken; with --classic: the largest file",
	    cli_value_size, FIELD(classic.max_size), CLI_OPTION_CONFIG, 0 },
	{ "max-files", "N",
	    "the most files, directories and links that an offer may have",
	    cli_value_count, FIELD(max_files), CLI_OPTION_CONFIG, 0 },
	{ "exec", "CMD",
	    "after each transfer run CMD by a shell, in DIR: the names are its "
	    "standard input, each ended by NUL",
	    cli_value_text, FIELD(exec), CLI_OPTION_CONFIG, 0 },
	{ "exec-timeout", "TIME", "end a CMD that runs for TIME [10m]",
	    cli_value_duration, FIELD(exec_timeout), CLI_OPTION_CONFIG, 0 },
	{ "keep-partial", NULL,
	    "with --classic: keep what came of a file that failed, as "
	    "NAME.partial",
	    cli_value_switch, FIELD(classic.keep_partial), CLI_OPTION_CONFIG,
	    0 },
	{ .help = NULL },
};

static int recv_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_recv_command = {
	.name = "recv",
	.alias = "receive",
	.summary = "receive files and directories",
	.usage = "recv [OPTION...] CODE [--from HOST[:PORT]]\n"
		 "       godwit recv [OPTION...] --from DEVICE[=HOST[:PORT]]\n"
		 "       godwit recv [OPTION...]\n"
		 "       godwit recv --classic --listen [ADDR]:PORT [-o DIR]",
	.about =
	    "With CODE it fetches what a waiting `godwit send` offers, which "
	    "it finds by the\nnumber in it, or at the address after --from. "
	    "Without them it waits itself: it\nprints a code and the command "
	    "for the other side, asks before it accepts, and\ngoes on "
	    "waiting afterwards.\n"
	    "An interrupted transfer goes on when the same command is given "
	    "again.\n",
	.examples =
	    "  godwit recv 7-crane-otter\n"
	    "  godwit recv 7-crane-otter --from 192.168.1.5:40123\n"
	    "  godwit recv - --from kitchen-pc        (asks for the code)\n"
	    "  godwit recv --yes --once -o ~/inbox\n"
	    "  godwit recv --from-known -o ~/inbox\n"
	    "  godwit recv 7-crane-otter --from kitchen-pc --stdout | tar x\n"
	    "  godwit recv --classic --listen :8008 -o ~/inbox\n",
	.options = options,
	.shared = cli_common_options,
	.main = recv_main,
};

/* ---- does it fit together? ---- */

/* CODE as an argument. */
static enum gw_err
take_operand(struct cli_session *s, struct settings *o)
{
	char *operand;
	const char *wrong;
	bool second = s->args.operand_count > 0 && o->common.code.given;

	if (s->args.operand_count == 0)
		return GW_OK;
	operand = s->args.operands[0];
	/* What is refused below is gone from argv, too. */
	if (second) {
		wrong = "comes second";
		memset(operand, '*', strlen(operand));
	} else {
		wrong = cli_secret_take(&o->common.code, operand);
	}
	if (second || s->args.operand_count > 1)
		return cli_usage_error(
		    s->command, "more than one CODE: give one");
	if (wrong != NULL)
		return cli_usage_error(s->command, "CODE %s", wrong);
	o->common.by_number = !o->from.given;
	return GW_OK;
}

static bool
connects(const struct settings *o)
{
	return cli_session_connects(&o->common, &o->from);
}

/* What becomes of the content. */
static const char *
output_contradiction(const struct cli_session *s, const struct settings *o)
{
	if (o->exec_timeout.given && o->exec_timeout.ms == 0)
		return "--exec-timeout must be more than 0";
	if (!o->to_stdout)
		return NULL;
	if (o->exec != NULL)
		return "--stdout keeps no file for --exec: one of them";
	if (cli_session_typed(s, "output"))
		return "--stdout and --output: one of them";
	if (cli_session_typed(s, "archive"))
		return "--stdout keeps no links and attributes: leave out "
		       "--archive";
	if (isatty(STDOUT_FILENO))
		return "--stdout would write to the terminal: send it into a "
		       "pipe or a file";
	return NULL;
}

static const char *
contradiction(const struct cli_session *s, const struct settings *o)
{
	if (s->args.operand_count != 0 && o->from.device[0] != '\0')
		return "a remembered device needs no CODE: leave it out, or "
		       "name only HOST[:PORT] after --from";
	if (o->common.by_number && o->common.no_discovery)
		return "with --no-discovery CODE needs --from HOST[:PORT], as "
		       "the sending side prints it";
	if (o->common.by_number && strcmp(o->common.code.text, "-") != 0 &&
	    !gw_code_is_spoken(o->common.code.text))
		return "only a CODE like 7-crane-otter is found by its number: "
		       "this one needs --from HOST[:PORT]";
	if (connects(o) && cli_session_typed(s, "from-known"))
		return "CODE or --from connects and --from-known waits: one of "
		       "them";
	if (connects(o) && cli_session_typed(s, "listen"))
		return "CODE or --from connects and --listen waits: one of "
		       "them";
	return output_contradiction(s, o);
}

/* Unattended is what --yes and --from-known mean, and a pipe knows no names. */
static void
default_conflict(struct settings *o, bool can_ask)
{
	const bool unattended = o->yes || (o->from_known && !connects(o));

	if (o->on_conflict.given &&
	    (o->on_conflict.what != GW_CONFLICT_ASK || can_ask))
		return;
	o->on_conflict.what = can_ask && !unattended && !o->to_stdout
				  ? GW_CONFLICT_ASK
				  : GW_CONFLICT_RENAME;
}

static enum gw_err
check(struct cli_session *s, struct settings *o)
{
	const char *wrong;
	bool can_ask;
	enum gw_err err;

	if ((err = take_operand(s, o)) != GW_OK)
		return err;
	if ((wrong = contradiction(s, o)) != NULL)
		return cli_usage_error(s->command, "%s", wrong);
	cli_session_report(s, &o->common, false, o->to_stdout);
	s->report.dir = o->output != NULL ? o->output : ".";
	can_ask = cli_terminal_can_ask(&s->job.ask.terminal);
	/* Nobody could be asked about what comes by a code: none is made. */
	o->only_known = o->from_known && !connects(o) && !o->yes && !can_ask &&
			!cli_session_has_code(s, &o->common);
	if (!connects(o) && !o->yes && !can_ask && !o->only_known)
		return cli_usage_error(s->command,
		    "it asks before it accepts, and there is no terminal to "
		    "ask on: add --yes to accept every offer, or --from-known "
		    "to accept those of remembered devices");
	if (o->on_conflict.what == GW_CONFLICT_ASK &&
	    cli_session_typed(s, "on-conflict") && !can_ask)
		return cli_usage_error(
		    s->command, "--on-conflict=ask needs a terminal");
	default_conflict(o, can_ask);
	return GW_OK;
}

/* ---- the job ---- */

static enum gw_err
start_job(struct cli_session *s, struct settings *o)
{
	struct gw_recv_options g = GW_RECV_OPTIONS_INIT;
	enum gw_err err;

	cli_session_link(&o->common, &o->from, &g.link);
	/* Who is remembered needs no code, but what it offers is asked about,
	 * unless it is said that nothing is.  A code that was given is for one
	 * that has it. */
	g.link.for_known =
	    !connects(o) && (o->from_known || g.link.code == NULL);
	g.link.no_code = o->only_known;
	g.accept_known = o->from_known;
	g.max_size = o->classic.max_size;
	g.max_files = o->max_files;
	g.dir = s->report.dir;
	g.on_conflict = o->on_conflict.what;
	/* Whoever names the sender and its code has accepted. */
	g.accept = o->yes || connects(o);
	g.once = o->once;
	g.archive = o->archive && !o->to_stdout;
	g.checksum = o->common.checksum;
	g.output_fd = o->to_stdout ? STDOUT_FILENO : -1;
	/* With a code that it was given it leaves after one transfer. */
	s->job.standing = !connects(o) && !o->once && g.link.code == NULL;
	err = gw_recv(s->job.gw, &g, &s->job.job);
	cli_secret_wipe(&o->common.code);
	if (err != GW_OK)
		cli_session_failed(s, err);
	return err;
}

static enum gw_err
prepare(struct cli_session *s, struct settings *o)
{
	struct cli_list nothing = { 0 };
	enum gw_err err;

	if ((err = cli_classic_only(s)) != GW_OK)
		return err;
	if ((err = check(s, o)) != GW_OK)
		return err;
	if (!o->to_stdout &&
	    (err = cli_session_present(s, s->report.dir)) != GW_OK)
		return err;
	if ((err = cli_session_whom(s, &o->common, &o->from)) != GW_OK)
		return err;
	if (o->exec != NULL &&
	    (err = cli_hook_start(&s->report, o->exec, s->report.dir,
		 o->exec_timeout.given ? o->exec_timeout.ms : CLI_HOOK_MS,
		 &s->job.hook)) != GW_OK)
		return err;
	return cli_session_open(
	    s, &o->common, &nothing, o->to_stdout ? NULL : s->report.dir);
}

/* It may come to be remembered while this one waits. */
static void
warn_of_nobody(struct cli_session *s)
{
	struct gw_devices *all;
	struct gw_device d;

	if (gw_devices_open(s->job.gw, &all) != GW_OK)
		return; /* which the job tells */
	if (!gw_devices_next(all, &d))
		cli_report_warning(&s->report,
		    "no device is remembered, so nobody can come yet: run "
		    "`godwit pair` on both");
	gw_devices_free(all);
}

static int
recv_entries(struct cli_session *s, struct settings *o)
{
	enum gw_err err = prepare(s, o);

	if (err == GW_OK && o->only_known)
		warn_of_nobody(s);
	if (err == GW_OK)
		err = start_job(s, o);
	return err == GW_OK ? cli_job_run(&s->job) : gw_err_exit(err);
}

static int
recv_plain(struct cli_session *s, struct settings *o)
{
	const struct cli_classic_recv c = { .common = &o->common,
		.classic = &o->classic,
		.dir = o->output,
		.on_conflict = &o->on_conflict,
		.once = o->once };

	return cli_classic_recv(s, &c);
}

static int
recv_main(const struct cli_command *c, struct cli_start *start)
{
	struct settings o = { .common.code.given = false };
	struct cli_session s;
	int status;

	if (!cli_session_begin(&s, c, start, &o, &status))
		return status;
	status = o.classic.on ? recv_plain(&s, &o) : recv_entries(&s, &o);
	cli_session_end(&s);
	cli_secret_wipe(&o.common.code);
	return status;
}
