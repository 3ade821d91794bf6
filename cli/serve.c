/*
 * serve - godwit serve: what remembered devices may forward through this one.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/forward.h"
#include "cli/json_build.h"
#include "cli/sandbox.h"
#include "cli/signals.h"

enum { PATIENCE_MS = 500 /* with a reader, at the end */ };

struct serve_settings {
	struct cli_forward_settings f; /* first */
	struct cli_list rights;        /* and marks, each before a device */
	struct cli_address listen;
};

#define FIELD(member) offsetof(struct serve_settings, member)

static const char mark[] = "--for";

static const char *
for_device(char *text, void *field)
{
	if (*text == '\0')
		return "is empty";
	cli_list_add(field, mark);
	cli_list_add(field, text);
	return NULL;
}

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "for", "DEVICE",
	    "whom what follows is for; else all remembered devices", for_device,
	    FIELD(rights), 0, 0 },
	{ "allow-forward", "RIGHT",
	    "allow tcp:HOST:PORTS or udp:HOST:PORTS, or to listen here, "
	    "listen:tcp:ADDRESS:PORTS; nothing else is",
	    cli_value_list, FIELD(rights), 0, 0 },
	{ "listen", "[ADDR:]PORT", "wait there [:4639, or any if that is busy]",
	    cli_value_listen, FIELD(listen), CLI_OPTION_CONFIG, 0 },
	{ "carrier", "WHAT", "wait on auto (both), udp or tcp [auto]",
	    cli_value_carrier, FIELD(f.carrier), CLI_OPTION_CONFIG, 0 },
	{ "metrics", "[ADDR]:PORT",
	    "give the figures to Prometheus at /metrics there; without ADDR "
	    "to this machine only, * is all addresses",
	    cli_value_metrics, FIELD(f.metrics), 0, 0 },
	{ .help = "Output:" },
	{ "json", NULL, "tell what happens as JSON, one object a line",
	    cli_value_switch, FIELD(f.json), CLI_OPTION_CONFIG, 0 },
	{ "every", "TIME", "with --json: the figures of all rules and flows",
	    cli_value_duration, FIELD(f.every), CLI_OPTION_CONFIG, 0 },
	{ "no-live", NULL, "no live view; a line for each flow that ends",
	    cli_value_switch, FIELD(f.no_live), CLI_OPTION_CONFIG, 0 },
	{ "quiet", NULL, "say only what must be known", cli_value_switch,
	    FIELD(f.quiet), CLI_OPTION_CONFIG, 'q' },
	{ "verbose", NULL, "say more: flows that begin", cli_value_switch,
	    FIELD(f.verbose), CLI_OPTION_CONFIG, 'v' },
	{ .help = NULL },
};

static int serve_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_serve_command = {
	.name = "serve",
	.summary = "let remembered devices forward ports through this one",
	.usage = "serve [OPTION...] --allow-forward RIGHT",
	.about =
	    "The other side of godwit forward --via. Only devices that are "
	    "remembered (godwit\npair) come in, and only what is allowed is "
	    "forwarded: being paired alone allows\nnothing. * as HOST is all, "
	    "also this machine.\n",
	.examples =
	    "  godwit serve --allow-forward tcp:10.0.0.0/8:80-90\n"
	    "  godwit serve --for laptop --allow-forward udp:10.0.0.2:53\n"
	    "  godwit serve --for laptop --allow-forward "
	    "listen:tcp:127.0.0.1:8000-8010\n",
	.options = options,
	.main = serve_main,
};

/* ---- telling ---- */

static void
tell_listening(struct cli_forward *w, const struct gw_serve *s)
{
	char at[CLI_ADDRESS_TEXT];
	const char *address = gw_serve_address(s, 0);
	cJSON *o;

	if (!w->o->json) {
		cli_address_text(
		    at, address != NULL ? address : "", gw_serve_port(s));
		cli_screen_info(&w->s.report.screen,
		    "Waiting for remembered devices at %s", at);
		return;
	}
	o = cli_json_begin("listening");
	cli_json_number(o, "port", gw_serve_port(s));
	cli_json_text(o, "address", address);
	cli_forward_print(w, cli_json_finish(o));
}

/* ---- beginning ---- */

static size_t
rights_of(const struct cli_list *list, struct gw_serve_right *out)
{
	const char *device = NULL;
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == mark)
			device = list->items[++i];
		else
			out[n++] =
			    (struct gw_serve_right){ device, list->items[i] };
	return n;
}

static enum gw_err
check(struct cli_forward *w, const struct gw_serve_right *v, size_t count)
{
	char normal[GW_RULE_WHY_MAX * 2], why[GW_RULE_WHY_MAX];

	if (w->s.args.operand_count > 0)
		return cli_usage_error(w->s.command,
		    "%s: it takes options only", w->s.args.operands[0]);
	if (count == 0)
		return cli_usage_error(w->s.command,
		    "what may be forwarded? --allow-forward "
		    "tcp:10.0.0.0/8:80-90 says so");
	if (w->o->every.given && (w->o->every.ms == 0 || !w->o->json))
		return cli_usage_error(w->s.command,
		    "--every TIME is for --json, and more than 0");
	for (size_t i = 0; i < count; i++)
		if (gw_right_normal(v[i].right, normal, why) != GW_OK)
			return cli_usage_error(
			    w->s.command, "%s: %s", v[i].right, why);
	return GW_OK;
}

static int
serve(struct cli_forward *w, const struct gw_serve_options *so)
{
	struct cli_list nothing = { 0 };
	struct gw_serve *s;
	enum gw_err err;

	tzset(); /* the time zone is a file: while files may be read */
	cli_forward_raise_limit();
	err = cli_sandbox_enter(&w->s.report, &w->s.options, &nothing, NULL);
	if (err != GW_OK)
		return gw_err_exit(err);
	w->s.job.signal_fd = cli_signals_open();
	if ((err = gw_open(&w->s.options, &w->gw)) != GW_OK)
		return cli_forward_fail(w, err, w->s.why);
	w->s.job.gw = w->gw;
	if ((err = gw_serve_open(w->gw, so, &s)) != GW_OK)
		return cli_forward_fail(w, err, gw_last_error(w->gw));
	w->serve = s;
	w->f = gw_serve_forward(s);
	tell_listening(w, s);
	if ((err = cli_forward_metrics(w)) == GW_OK)
		cli_forward_run(w);
	gw_serve_close(s);
	w->serve = NULL;
	w->f = NULL;
	if (err != GW_OK)
		return gw_err_exit(err);
	if (w->interrupted)
		return gw_err_exit(GW_E_INTERRUPTED);
	return w->out.error != 0 ? gw_err_exit(GW_E_DISK) : 0;
}

static int
serve_main(const struct cli_command *c, struct cli_start *start)
{
	struct serve_settings o = { .f = { .json = false } };
	struct cli_forward w = { .o = &o.f };
	struct gw_serve_options so = GW_SERVE_OPTIONS_INIT;
	struct gw_serve_right *v;
	int status;

	if (!cli_session_begin(&w.s, c, start, &o, &status))
		return status;
	w.s.report.screen.style = start->style;
	w.s.report.screen.quiet = o.f.quiet;
	w.s.report.screen.verbose = o.f.verbose;
	if (o.f.json)
		w.s.report.json_fd = STDOUT_FILENO;
	cli_style_detect_output(&w.live.style, &start->style);
	w.is_live =
	    w.live.style.terminal && !o.f.json && !o.f.no_live && !o.f.quiet;
	v = cli_alloc(o.rights.count + 1, sizeof *v);
	so.rights = v;
	so.right_count = rights_of(&o.rights, v);
	so.address = o.listen.host[0] != '\0' ? o.listen.host : NULL;
	so.port = o.listen.port;
	so.carriers = o.f.carrier;
	if (check(&w, v, so.right_count) != GW_OK)
		status = gw_err_exit(GW_E_USAGE);
	else
		status = serve(&w, &so);
	free(v);
	cli_output_finish(
	    &w.out, w.s.job.signal_fd, w.ending ? PATIENCE_MS : -1);
	cli_output_fini(&w.out);
	cli_forward_live_fini(&w.live);
	cli_list_fini(&o.rights);
	cli_session_end(&w.s);
	return status;
}
