#include "cli/common.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/sandbox.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/text.h"

#define FIELD(member) offsetof(struct cli_common, member)

const struct cli_option cli_common_options[] = {
	{ .help = "Connection:" },
	{ "code-file", "FILE", "read the code from the first line of FILE",
	    cli_value_text, FIELD(code_file), 0, 0 },
	{ "remember", NULL,
	    "let both sides remember each other, if the other one says so as "
	    "well: no code is needed from then on",
	    cli_value_switch, FIELD(remember), 0, 0 },
	{ "code-words", "N", "words of a code that is made, 2 to 8 [2]",
	    cli_value_words, FIELD(code_words), CLI_OPTION_CONFIG, 0 },
	{ "listen", "[ADDR][:PORT]",
	    "where to wait: ADDR, :PORT, ADDR:PORT or [IPV6]:PORT",
	    cli_value_listen, FIELD(listen), CLI_OPTION_CONFIG, 0 },
	{ "no-discovery", NULL,
	    "send and answer no beacons: neither be found without an address, "
	    "nor look for others",
	    cli_value_switch, FIELD(no_discovery), CLI_OPTION_CONFIG, 0 },
	{ "carrier", "WHAT",
	    "auto, udp or tcp; auto waits on both, and takes the better of "
	    "those that answer [auto]",
	    cli_value_carrier, FIELD(carrier), CLI_OPTION_CONFIG, 0 },
	{ "congestion", "NAME",
	    "how fast this side sends on udp: bbr, cubic or ledbat [bbr]",
	    cli_value_congestion, FIELD(congestion), CLI_OPTION_CONFIG, 0 },
	{ "background", NULL,
	    "send on udp only what others leave free; the same as "
	    "--congestion ledbat",
	    cli_value_switch, FIELD(background), CLI_OPTION_CONFIG, 0 },
	{ "timeout", "TIME",
	    "end a connection on which nothing moves for TIME (90s, 15m, 2h) "
	    "[60s]",
	    cli_value_duration, FIELD(timeout), CLI_OPTION_CONFIG, 0 },
	{ "retry", "TIME",
	    "after a lost connection try for TIME to go on; 0: do not [30s]",
	    cli_value_duration, FIELD(retry), CLI_OPTION_CONFIG, 0 },
	{ "limit-rate", "RATE",
	    "at most RATE: 800mbit (bits) or 100MB (bytes) a second",
	    cli_value_rate, FIELD(rate), CLI_OPTION_CONFIG, 0 },
	{ "memory", "SIZE", "memory for data in flight [64MiB]", cli_value_size,
	    FIELD(memory), CLI_OPTION_CONFIG, 0 },
	{ "checksum", NULL,
	    "when going on, read what is there again and compare",
	    cli_value_switch, FIELD(checksum), CLI_OPTION_CONFIG, 0 },
	{ .help = "Output:" },
	{ "trace", "FILE",
	    "write what the connection does, for `godwit trace`: segments, "
	    "states, timers, windows",
	    cli_value_text, FIELD(trace), 0, 0 },
	{ "json", NULL, "tell events as JSON, one object a line",
	    cli_value_switch, FIELD(json), CLI_OPTION_CONFIG, 0 },
	{ "no-progress", NULL, "no live line", cli_value_switch,
	    FIELD(no_progress), CLI_OPTION_CONFIG, 0 },
	{ "qr", NULL,
	    "a side that waits shows the command for the other one as a QR "
	    "code, too",
	    cli_value_switch, FIELD(qr), CLI_OPTION_CONFIG, 0 },
	{ "quiet", NULL, "say only what must be known", cli_value_switch,
	    FIELD(quiet), CLI_OPTION_CONFIG, 'q' },
	{ "verbose", NULL, "say more: each entry, cipher, confinement",
	    cli_value_switch, FIELD(verbose), CLI_OPTION_CONFIG, 'v' },
	{ .help = NULL },
};

bool
cli_session_begin(struct cli_session *s, const struct cli_command *c,
    struct cli_start *start, void *settings, int *status)
{
	enum gw_err err;

	*s = (struct cli_session){ .command = c,
		.start = start,
		.args = { .argc = start->argc, .argv = start->argv },
		.options = GW_OPTIONS_INIT };
	s->options.why = s->why;
	s->options.why_size = sizeof s->why;
	s->report.json_fd = -1;
	s->job.signal_fd = -1;
	s->job.ask.terminal = (struct cli_terminal){ -1, -1, -1 };
	s->args.operands =
	    cli_alloc((size_t)start->argc, sizeof *s->args.operands);
	err = cli_config_load(&s->config);
	if (err == GW_OK)
		err = cli_commands_check_config(&s->config);
	if (err == GW_OK)
		err = cli_options_parse(c, &s->args, &s->config, settings);
	*status = gw_err_exit(err);
	if (err == GW_OK && !s->args.help)
		return true;
	if (err == GW_OK)
		cli_options_help(c);
	cli_session_end(s);
	return false;
}

void
cli_session_report(struct cli_session *s, const struct cli_common *o,
    bool stdin_is_data, bool to_stdout)
{
	struct cli_screen *screen = &s->report.screen;

	if (o->json)
		s->report.json_fd = to_stdout ? STDERR_FILENO : STDOUT_FILENO;
	s->report.to_stdout = to_stdout;
	screen->style = s->start->style;
	screen->silent = o->json && to_stdout;
	screen->quiet = o->quiet;
	screen->verbose = o->verbose;
	s->report.qr = o->qr;
	screen->live = screen->style.terminal && !o->no_progress && !o->quiet &&
		       !screen->silent && !(o->json && isatty(STDOUT_FILENO));
	s->job.report = &s->report;
	s->job.signal_fd = cli_signals_open();
	cli_terminal_open(&s->job.ask.terminal, stdin_is_data);
}

/* ---- the code ---- */

static enum gw_err
ask_for_code(struct cli_session *s, struct cli_common *o)
{
	struct cli_terminal t;
	const char *wrong;
	enum gw_err err;

	/* A terminal to type a secret on is found even from within a pipe. */
	cli_terminal_open(&t, true);
	if (!cli_terminal_can_ask(&t)) {
		cli_terminal_close(&t);
		return cli_usage_error(s->command,
		    "a code is needed, and there is no terminal to ask for "
		    "it: give --code-file, GODWIT_CODE or --code");
	}
	do {
		err = cli_terminal_ask_code(&t, s->job.signal_fd, &o->code);
		wrong = err == GW_OK ? cli_secret_check(&o->code) : NULL;
		if (wrong != NULL)
			cli_say_error("%s", wrong);
	} while (wrong != NULL);
	cli_terminal_close(&t);
	return err;
}

static enum gw_err
find_code(struct cli_session *s, struct cli_common *o, bool needed)
{
	bool elsewhere = strcmp(o->code.text, "-") == 0;

	if (o->code.given && !elsewhere) {
		if (o->code_file != NULL)
			return cli_usage_error(s->command,
			    "a code and --code-file: one of them is enough");
		return GW_OK;
	}
	cli_secret_wipe(&o->code);
	if (o->code_file != NULL)
		return cli_secret_from_file(&o->code, o->code_file);
	if (s->start->code.given) {
		o->code = s->start->code;
		return GW_OK;
	}
	return needed || elsewhere ? ask_for_code(s, o) : GW_OK;
}

enum gw_err
cli_session_present(struct cli_session *s, const char *path)
{
	char *why;

	if (access(path, F_OK) == 0)
		return GW_OK;
	why = cli_format("%s: %s", path, strerror(errno));
	cli_report_failure(&s->report, GW_E_NO_PATH, why);
	free(why);
	return GW_E_NO_PATH;
}

bool
cli_session_typed(const struct cli_session *s, const char *option)
{
	return cli_options_typed(s->command, &s->args, option);
}

/* What the connection options say against each other; NULL: nothing. */
static const char *
contradiction(const struct cli_session *s, const struct cli_common *o)
{
	if (o->timeout.given && o->timeout.ms == 0)
		return "--timeout must be more than 0";
	if (o->background && cli_session_typed(s, "background") &&
	    cli_session_typed(s, "congestion") &&
	    o->congestion != GW_CONGESTION_LEDBAT)
		return "--background is --congestion ledbat: one of them";
	if (o->carrier == GW_CARRIERS_TCP && cli_session_typed(s, "carrier") &&
	    (cli_session_typed(s, "background") ||
		cli_session_typed(s, "congestion")))
		return "on tcp the kernel decides how fast it sends: "
		       "--congestion and --background are for udp";
	return NULL;
}

enum gw_err
cli_session_code(struct cli_session *s, struct cli_common *o, bool needed)
{
	enum gw_err err;
	const char *wrong;

	if ((wrong = contradiction(s, o)) != NULL)
		return cli_usage_error(s->command, "%s", wrong);
	err = find_code(s, o, needed);
	cli_secret_wipe(&s->start->code);
	if (err != GW_OK)
		return err;
	/* One that will be made may be shown. */
	s->report.code_shown = !o->code.given || o->code.shown;
	if (o->code.given && (wrong = cli_secret_check(&o->code)) != NULL)
		return cli_usage_error(s->command, "%s", wrong);
	return GW_OK;
}

bool
cli_session_has_code(const struct cli_session *s, const struct cli_common *o)
{
	return o->code.given || o->code_file != NULL || s->start->code.given;
}

/* Not if it is an address. */
static bool
may_be_name(const char *host)
{
	return strchr(host, ':') == NULL &&
	       host[strspn(host, "0123456789.")] != '\0';
}

/* Why it asks for a code: a slip of the pen, perhaps. */
static void
tell_unknown(struct cli_session *s, const struct cli_address *to)
{
	char *name;

	if (!to->given || !may_be_name(to->host))
		return;
	name = cli_text_escape(to->host);
	cli_screen_info(&s->report.screen,
	    "%s is not remembered here: it takes the code that is shown "
	    "there. `godwit devices` lists those that need none.",
	    name);
	free(name);
}

enum gw_err
cli_session_whom(
    struct cli_session *s, struct cli_common *o, struct cli_address *to)
{
	const bool has_code = cli_session_has_code(s, o);

	if (to->is_code && !to->port_given && !has_code) {
		o->code = (struct cli_secret){ .given = true, .shown = true };
		snprintf(o->code.text, sizeof o->code.text, "%s", to->host);
		*to = (struct cli_address){ .given = false };
		o->by_number = true;
	}
	if (to->device[0] != '\0' && has_code)
		return cli_usage_error(s->command,
		    "a remembered device needs no code: leave the code out, or "
		    "%s= before the address",
		    to->device);
	/* A remembered device goes before a host of that name. */
	if (to->given && to->device[0] == '\0' && !has_code &&
	    strlen(to->host) <= CLI_DEVICE_MAX &&
	    gw_device_known(&s->options, to->host))
		snprintf(to->device, sizeof to->device, "%s", to->host);
	s->report.known = to->device[0] != '\0';
	if (!s->report.known && !has_code)
		tell_unknown(s, to);
	return cli_session_code(
	    s, o, cli_session_connects(o, to) && !s->report.known);
}

bool
cli_session_connects(const struct cli_common *o, const struct cli_address *to)
{
	return to->given || o->by_number;
}

const char *
cli_session_host(const struct cli_address *to)
{
	/* A device that is named alone is looked for. */
	return to->given && strcmp(to->host, to->device) != 0 ? to->host : NULL;
}

const char *
cli_session_device(const struct cli_address *to)
{
	return to->device[0] != '\0' ? to->device : NULL;
}

void
cli_session_link(const struct cli_common *o, const struct cli_address *to,
    struct gw_link_options *link)
{
	if (to->given) {
		link->host = cli_session_host(to);
		link->device = cli_session_device(to);
		link->port = to->port;
	} else if (o->by_number) {
		link->by_number = true;
	} else if (o->listen.given) {
		link->listen =
		    o->listen.host[0] != '\0' ? o->listen.host : NULL;
		link->port = o->listen.port;
		link->port_required = o->listen.port_given;
	}
	link->beacons = !o->no_discovery;
	link->code = o->code.given ? o->code.text : NULL;
	link->code_words = o->code_words;
	link->remember = o->remember;
	link->timeout_ms = o->timeout.ms;
	link->retry_ms = o->retry.ms;
	link->retry_set = o->retry.given;
	link->rate = o->rate;
	link->carriers = o->carrier;
	link->congestion = o->background ? GW_CONGESTION_LEDBAT : o->congestion;
}

/* ---- opening and ending ---- */

enum gw_err
cli_session_open(struct cli_session *s, const struct cli_common *o,
    const struct cli_list *read, const char *dir)
{
	struct cli_trace_file trace = { .path = o->trace };
	enum gw_err err;

	s->options.memory = o->memory;
	s->options.show_sessions = true;
	/* The time zone is a file: read it while that is allowed. */
	tzset();
	if ((err = cli_trace_file_open(&trace, &s->report)) != GW_OK)
		return err;
	err = cli_sandbox_enter(&s->report, &s->options, read, dir);
	if (err == GW_OK)
		err = cli_trace_file_start(&trace, &s->report);
	s->trace = trace;
	s->options.trace = trace.log;
	if (err != GW_OK)
		return err;
	if ((err = gw_open(&s->options, &s->job.gw)) != GW_OK)
		cli_report_failure(&s->report, err, s->why);
	return err;
}

void
cli_session_failed(struct cli_session *s, enum gw_err err)
{
	cli_report_failure(&s->report, err, gw_last_error(s->job.gw));
}

void
cli_session_end(struct cli_session *s)
{
	gw_job_free(s->job.job);
	cli_hook_free(s->job.hook);
	gw_close(s->job.gw);
	cli_trace_file_end(&s->trace, &s->report);
	cli_report_fini(&s->report);
	cli_terminal_close(&s->job.ask.terminal);
	if (s->job.signal_fd != -1)
		close(s->job.signal_fd);
	cli_secret_wipe(&s->start->code);
	cli_config_fini(&s->config);
	free(s->args.operands);
}
