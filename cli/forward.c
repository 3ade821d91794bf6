/*
 * forward - godwit forward RULE...: ports of this machine that go on to
 * others.
 */
#include "cli/forward.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cli/address.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/memory.h"
#include "cli/sandbox.h"
#include "cli/signals.h"
#include "cli/text.h"

enum {
	PATIENCE_MS = 500, /* with a reader, at the end */
	INHERITED = 3      /* the first descriptor that systemd passes */
};

#define FIELD(member) offsetof(struct cli_forward_settings, member)

static const char *
via(char *text, void *field)
{
	struct cli_address *a = field;
	const char *wrong = cli_address_parse_whom(text, a);

	if (wrong != NULL || a->device[0] != '\0')
		return wrong;
	if (a->port_given || strlen(a->host) > CLI_DEVICE_MAX)
		return "names no device: DEVICE or DEVICE=HOST[:PORT]";
	/* Wherever it is. */
	snprintf(a->device, sizeof a->device, "%s", a->host);
	a->host[0] = '\0';
	return NULL;
}

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "local", "RULE", "a rule, as an operand is one; may be repeated",
	    cli_value_list, FIELD(rules.typed), 0, 'L' },
	{ "rules", "FILE",
	    "rules of a file, one a line; SIGHUP reads it again, and flows "
	    "of rules that stay go on",
	    cli_value_text, FIELD(rules.file), CLI_OPTION_CONFIG, 0 },
	{ "to", "HOST:PORT", "the target of rules that name none",
	    cli_value_text, FIELD(rules.to), 0, 0 },
	{ "responses", "N",
	    "a udp flow ends when each of its datagrams has been answered N "
	    "times, as for DNS with 1; of rules that say nothing of it",
	    cli_value_count, FIELD(rules.responses), CLI_OPTION_CONFIG, 0 },
	{ "via", "DEVICE[=HOST[:PORT]]",
	    "through a remembered device, which runs godwit serve: ports of "
	    "this machine, targets that it reaches",
	    via, FIELD(via), 0, 0 },
	{ "reverse", NULL,
	    "with --via: ports of that device, targets that this one reaches",
	    cli_value_switch, FIELD(reverse), 0, 0 },
	{ "carrier", "WHAT", "with --via: auto, udp or tcp [auto]",
	    cli_value_carrier, FIELD(carrier), CLI_OPTION_CONFIG, 0 },
	{ "explain", "PACKET",
	    "say which rule would take it, and run nothing: "
	    "'udp 10.0.0.5:4000 -> :5353'",
	    cli_value_text, FIELD(explain), 0, 0 },
	{ "metrics", "[ADDR]:PORT",
	    "give the figures to Prometheus at /metrics there; without ADDR "
	    "to this machine only, * is all addresses",
	    cli_value_metrics, FIELD(metrics), 0, 0 },
	{ "drain", "TIME",
	    "when told to end, let flows go on for TIME at most [0]",
	    cli_value_duration, FIELD(drain), CLI_OPTION_CONFIG, 0 },
	{ .help = "Output:" },
	{ "json", NULL, "tell what happens as JSON, one object a line",
	    cli_value_switch, FIELD(json), CLI_OPTION_CONFIG, 0 },
	{ "every", "TIME", "with --json: the figures of all rules and flows",
	    cli_value_duration, FIELD(every), CLI_OPTION_CONFIG, 0 },
	{ "no-live", NULL, "no live view; a line for each flow that ends",
	    cli_value_switch, FIELD(no_live), CLI_OPTION_CONFIG, 0 },
	{ "quiet", NULL, "say only what must be known", cli_value_switch,
	    FIELD(quiet), CLI_OPTION_CONFIG, 'q' },
	{ "verbose", NULL, "say more: flows that begin", cli_value_switch,
	    FIELD(verbose), CLI_OPTION_CONFIG, 'v' },
	{ .help = NULL },
};

static int forward_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_forward_command = {
	.name = "forward",
	.summary = "send what comes to ports of this machine on to others",
	.usage = "forward [OPTION...] RULE...",
	.about =
	    "A RULE says what is listened to and where it goes, as gost "
	    "writes it, such as\ntcp://[ADDR]:PORT/HOST:PORT; as ssh does, "
	    "[BIND:]PORT:HOST:PORT; or as docker\ndoes, PORT:PORT/udp. The "
	    "normal form is shown. godwit-forward(1) has what may\nstand "
	    "after a ?, such as ttl=60s, and all else.\n",
	.examples = "  godwit forward tcp://:8080/192.168.1.5:80\n"
		    "  godwit forward 8080:192.168.1.5:80 2222:[fd00::5]:22\n"
		    "  godwit forward udp://:5353 --via gate=192.0.2.1 --to "
		    "10.0.0.2:53\n"
		    "  godwit forward 'tcp://:80/a:80,b:80?strategy=first'\n"
		    "  godwit forward --rules /etc/godwit/rules --metrics "
		    ":9100\n",
	.options = options,
	.main = forward_main,
};

/* Sockets that systemd listens at for us: LISTEN_FDS, sd_listen_fds(3). */
static size_t
inherited(int fds[], size_t most)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	long n;

	if (pid == NULL || count == NULL ||
	    strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	n = strtol(count, NULL, 10);
	if (n < 0 || n > (long)most)
		n = n < 0 ? 0 : (long)most;
	for (long i = 0; i < n; i++)
		fds[i] = INHERITED + (int)i;
	return (size_t)n;
}

/* ---- beginning ---- */

/* Each connection takes two descriptors. */
void
cli_forward_raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur == l.rlim_max)
		return;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

enum gw_err
cli_forward_metrics(struct cli_forward *w)
{
	const struct cli_address *at = &w->o->metrics;
	enum gw_err err;

	if (!at->given)
		return GW_OK;
	err = gw_forward_metrics(w->f, at->host, at->port);
	if (err != GW_OK) {
		cli_forward_fail(w, err, gw_last_error(w->gw));
		return err;
	}
	if (w->o->json)
		cli_forward_print(
		    w, cli_format("{\"event\":\"metrics\",\"port\":%u}",
			   (unsigned)gw_forward_metrics_port(w->f)));
	else
		cli_screen_info(&w->s.report.screen,
		    "Figures at port %u, /metrics",
		    (unsigned)gw_forward_metrics_port(w->f));
	return GW_OK;
}

static enum gw_err
open_all(struct cli_forward *w)
{
	enum { MOST = 256 };
	struct gw_options *o = &w->s.options;
	struct gw_forward_options fo = cli_forward_options(w);
	int fds[MOST];
	enum gw_err err;

	tzset(); /* the time zone is a file: while files may be read */
	cli_forward_raise_limit();
	err = cli_sandbox_enter_rules(
	    &w->s.report, o, w->o->rules.file, w->o->via.given);
	if (err != GW_OK)
		return err;
	w->s.job.signal_fd = cli_signals_open();
	if ((err = gw_open(o, &w->gw)) != GW_OK) {
		cli_forward_fail(w, err, w->s.why);
		return err;
	}
	w->s.job.gw = w->gw;
	fo.inherited = fds;
	fo.inherited_count = inherited(fds, MOST);
	err = gw_forward_open(w->gw, &fo, &w->f);
	for (size_t i = 0; i < fo.inherited_count; i++)
		close(fds[i]); /* it has duplicates */
	if (err != GW_OK) {
		cli_forward_fail(w, err, gw_last_error(w->gw));
		return err;
	}
	return GW_OK;
}

static int
explain(struct cli_forward *w)
{
	struct gw_forward_options o = cli_forward_options(w);
	static struct gw_forward_explained x;
	char why[GW_RULE_WHY_MAX], *line;
	enum gw_err err = gw_forward_explain(&o, w->o->explain, &x, why);

	if (err != GW_OK)
		return cli_forward_fail(w, err, why);
	line = cli_forward_explained(w->o->explain, &x, w->o->json);
	cli_forward_print(w, line);
	return x.matched && x.allowed && x.goes_to[0] != '\0'
		   ? 0
		   : gw_err_exit(GW_E_FAILED);
}

static int
forward(struct cli_forward *w)
{
	enum gw_err err;

	if (w->o->explain != NULL)
		return explain(w);
	if ((err = open_all(w)) != GW_OK)
		return gw_err_exit(err);
	cli_forward_tell_rules(w);
	if ((err = cli_forward_metrics(w)) != GW_OK)
		return gw_err_exit(err);
	cli_forward_run(w);
	if (w->useless != GW_OK)
		return gw_err_exit(w->useless);
	if (w->interrupted)
		return gw_err_exit(GW_E_INTERRUPTED);
	return w->out.error != 0 ? gw_err_exit(GW_E_DISK) : 0;
}

static enum gw_err
check(struct cli_forward *w)
{
	struct cli_forward_rules *r = &w->o->rules;
	char *why = NULL;
	enum gw_err err;

	for (size_t i = 0; i < w->s.args.operand_count; i++)
		cli_list_add(&r->typed, w->s.args.operands[i]);
	if (r->typed.count == 0 && r->file == NULL)
		return cli_usage_error(w->s.command,
		    "what is to be forwarded? Give a RULE, such as "
		    "tcp://:8080/192.168.1.5:80");
	if (w->o->every.given && (w->o->every.ms == 0 || !w->o->json))
		return cli_usage_error(w->s.command,
		    "--every TIME is for --json, and more than 0");
	if (w->o->reverse && !w->o->via.given)
		return cli_usage_error(w->s.command,
		    "--reverse is for --via DEVICE: ports of that device");
	if (cli_forward_rules_load(r, &why))
		return GW_OK;
	err = cli_usage_error(w->s.command, "%s", why);
	free(why);
	return err;
}

static int
forward_main(const struct cli_command *c, struct cli_start *start)
{
	struct cli_forward_settings o = { .json = false };
	struct cli_forward w = { .o = &o };
	int status;

	if (!cli_session_begin(&w.s, c, start, &o, &status))
		return status;
	w.s.report.screen.style = start->style;
	w.s.report.screen.quiet = o.quiet;
	w.s.report.screen.verbose = o.verbose;
	if (o.json)
		w.s.report.json_fd = STDOUT_FILENO;
	cli_style_detect_output(&w.live.style, &start->style);
	w.is_live = w.live.style.terminal && !o.json && !o.no_live && !o.quiet;
	if (check(&w) != GW_OK)
		status = gw_err_exit(GW_E_USAGE);
	else
		status = forward(&w);
	gw_forward_close(w.f);
	cli_output_finish(
	    &w.out, w.s.job.signal_fd, w.ending ? PATIENCE_MS : -1);
	cli_output_fini(&w.out);
	cli_forward_live_fini(&w.live);
	cli_forward_rules_fini(&o.rules);
	cli_session_end(&w.s);
	return status;
}
