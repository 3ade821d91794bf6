/*
 * relay - godwit relay PORT... --between eth0,eth1
 */
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/json.h"
#include "cli/json_build.h"
#include "cli/output.h"
#include "cli/relay_show.h"
#include "cli/relay_sites.h"
#include "cli/sandbox.h"
#include "cli/signals.h"
#include "cli/text.h"

enum { PATIENCE_MS = 500 };

struct settings {
	const char *between, *from, *group, *source, *allow, *deny, *rate,
	    *replies, *explain;
	struct cli_list peers, via, waits;
	struct cli_address listen, metrics;
	enum gw_carriers carrier;
	struct cli_duration every;
	bool no_discovery, json, quiet, verbose;
};

#define FIELD(member) offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ .help = "What is carried, where a rule does not say it:" },
	{ "between", "IF,IF...", "join these interfaces with one another",
	    cli_value_text, FIELD(between), CLI_OPTION_CONFIG, 0 },
	{ "from", "IF,...", "hear only these of them [all]", cli_value_text,
	    FIELD(from), 0, 0 },
	{ "group", "GROUP,...", "carry these multicast groups, not broadcasts",
	    cli_value_text, FIELD(group), 0, 0 },
	{ "source", "MODE",
	    "who seems to send it: interface, interface:keep-port, keep, or "
	    "an address [interface]",
	    cli_value_text, FIELD(source), CLI_OPTION_CONFIG, 0 },
	{ "allow", "NET,...", "only from these networks [all]", cli_value_text,
	    FIELD(allow), 0, 0 },
	{ "deny", "NET,...", "not from these", cli_value_text, FIELD(deny), 0,
	    0 },
	{ "rate", "N", "at most N a second from an interface [500]",
	    cli_value_text, FIELD(rate), CLI_OPTION_CONFIG, 0 },
	{ "replies", "N", "carry answers back for N seconds [5]",
	    cli_value_text, FIELD(replies), CLI_OPTION_CONFIG, 0 },
	{ "peer", "IF=ADDR,...",
	    "by IF send to these addresses, instead of to all; may be repeated",
	    cli_value_list, FIELD(peers), 0, 0 },
	{ .help = "Another site, by a session with the relay there:" },
	{ "via", "DEVICE[=HOST[:PORT]]",
	    "connect to this remembered device, where `godwit relay --for` "
	    "waits; may be repeated",
	    cli_value_list, FIELD(via), 0, 0 },
	{ "for", "DEVICE",
	    "wait for this remembered device, and let nobody else in; may be "
	    "repeated",
	    cli_value_list, FIELD(waits), 0, 0 },
	{ "listen", "[ADDR][:PORT]", "where to wait [port 4639]",
	    cli_value_listen, FIELD(listen), CLI_OPTION_CONFIG, 0 },
	{ "no-discovery", NULL,
	    "send and answer no beacons for that: neither be found without an "
	    "address, nor look for others",
	    cli_value_switch, FIELD(no_discovery), CLI_OPTION_CONFIG, 0 },
	{ "carrier", "WHAT",
	    "auto, udp or tcp; auto waits on both, and takes the better of "
	    "those that answer [auto]",
	    cli_value_carrier, FIELD(carrier), CLI_OPTION_CONFIG, 0 },
	{ .help = "Seeing it:" },
	{ "explain", "DATAGRAM",
	    "carry nothing; say what would become of \"udp A:P -> B:P [on "
	    "IF]\"",
	    cli_value_text, FIELD(explain), 0, 0 },
	{ "metrics", "[ADDR]:PORT",
	    "give the counts to Prometheus at /metrics there; without ADDR "
	    "to this machine only, * is all addresses",
	    cli_value_metrics, FIELD(metrics), 0, 0 },
	{ "every", "TIME", "print the counts every TIME", cli_value_duration,
	    FIELD(every), CLI_OPTION_CONFIG, 0 },
	{ "json", NULL, "tell everything as JSON, one object a line",
	    cli_value_switch, FIELD(json), CLI_OPTION_CONFIG, 0 },
	{ "quiet", NULL, "say only what must be known", cli_value_switch,
	    FIELD(quiet), CLI_OPTION_CONFIG, 'q' },
	{ "verbose", NULL, "tell of each datagram", cli_value_switch,
	    FIELD(verbose), CLI_OPTION_CONFIG, 'v' },
	{ .help = NULL },
};

static int relay_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_relay_command = {
	.name = "relay",
	.summary = "carry broadcasts and multicast to other subnets",
	.usage = "relay [OPTION...] PORT... --between IF[,IF...] [--via|--for "
		 "DEVICE]",
	.about =
	    "What comes to PORT by broadcast or to a group on one of the "
	    "interfaces leaves by\nthe others, once. PORT is a number, or "
	    "ssdp, mdns, wol, dhcp, or godwit: then\ncodes, names and peers "
	    "work across. After a ? come words of its own, as in\n"
	    "9000?group=239.1.2.3&source=keep. What is sent to this machine "
	    "alone is left to\nthose for whom it is. --via and --for join "
	    "the relay of another site. SIGUSR1 prints\nthe counts.\n",
	.examples =
	    "  godwit relay godwit ssdp mdns --between eth0,wlan0\n"
	    "  godwit relay 9000 --between eth0,eth1 --from eth0 -v\n"
	    "  godwit relay wol --between eth0,tun0 --peer tun0=10.8.0.2\n"
	    "  godwit relay ssdp mdns --between eth0 --via "
	    "attic=vpn.example.org\n"
	    "  godwit relay 9000 --between eth0,eth1 --explain \\\n"
	    "    'udp 192.168.1.5:4000 -> 255.255.255.255:9000'\n",
	.options = options,
	.main = relay_main,
};

struct relay {
	struct cli_session s;
	struct settings *o;
	struct gw *gw;
	struct gw_relay *r;
	struct cli_relay_sites sites;
	struct cli_output out;
	int counts_fd; /* SIGUSR1 */
	uint64_t next; /* counts, us; UINT64_MAX: never */
	bool interrupted, terminated;
};

/* ---- telling ---- */

static void
tell_line(struct relay *l, char *json)
{
	if (l->o->json)
		cli_output_text(&l->out, "%s\n", json);
	free(json);
}

static void
tell_event(struct relay *l, const struct gw_relay_event *e)
{
	struct cli_screen *screen = &l->s.report.screen;
	char *raw = cli_relay_sentence(l->r, e), *text;

	tell_line(l, cli_relay_json(e));
	text = cli_text_sentence(raw);
	cli_output_flush(&l->out);
	if (e->kind == GW_RELAY_EVENT_STORM ||
	    e->kind == GW_RELAY_EVENT_TROUBLE)
		cli_screen_warning(screen, "%s", text);
	else if (e->kind == GW_RELAY_EVENT_DATAGRAM)
		cli_screen_detail(screen, "%s", text);
	else
		cli_screen_info(screen, "%s", text);
	free(text);
	free(raw);
}

static void
tell_counts(struct relay *l)
{
	struct gw_relay_row row;
	struct gw_relay_site site;
	char *table;

	if (l->o->json) {
		for (size_t i = 0; gw_relay_site(l->r, i, &site); i++)
			tell_line(l, cli_relay_sites_json(&site));
		for (size_t i = 0; gw_relay_row(l->r, i, &row); i++)
			tell_line(l, cli_relay_json_row(&row));
		return;
	}
	table = cli_relay_table(l->r);
	cli_output_text(&l->out, "%s", table);
	free(table);
	table = cli_relay_sites_table(l->r);
	cli_output_text(&l->out, "%s", table);
	free(table);
}

static void
tell_events(struct relay *l)
{
	struct gw_relay_event e;

	while (!cli_output_full(&l->out) && gw_relay_next(l->r, &e))
		tell_event(l, &e);
}

static int
fail(struct relay *l, enum gw_err err, const char *reason)
{
	char *text = cli_text_sentence(reason);

	tell_line(l, cli_json_error(err, reason));
	cli_output_flush(&l->out);
	cli_screen_error(&l->s.report.screen, "%s", text);
	free(text);
	return gw_err_exit(err);
}

/* ---- opening ---- */

static enum gw_err
open_context(struct relay *l)
{
	struct cli_list nothing = { 0 };
	enum gw_err err;

	/* Only a session with another site needs an identity. */
	l->s.options.show_sessions = true;
	if (l->sites.count != 0 && l->o->explain == NULL)
		err = cli_sandbox_enter(
		    &l->s.report, &l->s.options, &nothing, NULL);
	else
		err =
		    cli_sandbox_enter_plain(&l->s.report, &l->s.options, false);
	if (err != GW_OK)
		return err;
	l->s.job.signal_fd = cli_signals_open();
	l->counts_fd = cli_signals_also(SIGUSR1);
	if ((err = gw_open(&l->s.options, &l->gw)) != GW_OK)
		fail(l, err, l->s.why);
	l->s.job.gw = l->gw;
	return err;
}

static enum gw_err
read_sites(struct relay *l)
{
	const struct settings *o = l->o;
	char *wrong = cli_relay_sites_read(&l->sites, &o->via, &o->waits);
	enum gw_err err = GW_OK;

	if (wrong != NULL)
		err = cli_usage_error(l->s.command, "%s", wrong);
	else if (o->waits.count == 0 && cli_session_typed(&l->s, "listen"))
		err = cli_usage_error(l->s.command,
		    "--listen is where devices come in that --for names");
	free(wrong);
	return err;
}

static enum gw_err
open_relay(struct relay *l)
{
	const struct settings *o = l->o;
	struct gw_relay_options r = {
		.rules = (const char *const *)l->s.args.operands,
		.rule_count = l->s.args.operand_count,
		.between = o->between,
		.from = o->from,
		.group = o->group,
		.source = o->source,
		.allow = o->allow,
		.deny = o->deny,
		.rate = o->rate,
		.replies = o->replies,
		.peers = o->peers.items,
		.peer_count = o->peers.count,
		.sites = l->sites.v,
		.site_count = l->sites.count,
		.listen = o->listen.host[0] != '\0' ? o->listen.host : NULL,
		.listen_port = o->listen.port,
		.no_discovery = o->no_discovery,
		.carriers = o->carrier,
		.tell_each = o->verbose,
		.dry = o->explain != NULL,
	};
	enum gw_err err = gw_relay_open(l->gw, &r, &l->r);

	if (err == GW_E_USAGE)
		return cli_usage_error(
		    l->s.command, "%s", gw_last_error(l->gw));
	if (err != GW_OK)
		fail(l, err, gw_last_error(l->gw));
	return err;
}

/* --metrics, if it was given. */
static enum gw_err
open_metrics(struct relay *l)
{
	const struct cli_address *at = &l->o->metrics;
	unsigned port;
	enum gw_err err;

	if (!at->given || l->o->explain != NULL)
		return GW_OK;
	err = gw_relay_metrics(l->r, at->host, at->port);
	if (err != GW_OK) {
		fail(l, err, gw_last_error(l->gw));
		return err;
	}
	port = gw_relay_metrics_port(l->r);
	tell_line(l, cli_format("{\"event\":\"metrics\",\"port\":%u}", port));
	cli_screen_info(
	    &l->s.report.screen, "Figures at port %u, /metrics", port);
	return GW_OK;
}

static void
tell_rules(struct relay *l)
{
	for (size_t i = 0; gw_relay_rule(l->r, i) != NULL; i++) {
		tell_line(l, cli_relay_json_rule(l->r, i));
		cli_screen_info(&l->s.report.screen, "Rule %zu: %s", i + 1,
		    gw_relay_rule(l->r, i));
	}
}

/* ---- the loop ---- */

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int
timeout(const struct relay *l)
{
	uint64_t at = now();

	if (l->next == UINT64_MAX)
		return -1;
	if (l->next <= at)
		return 0;
	return (int)((l->next - at + 999) / 1000);
}

static void
wait_for_more(struct relay *l)
{
	struct pollfd fds[] = {
		{ .fd = gw_fd(l->gw), .events = POLLIN },
		{ .fd = l->s.job.signal_fd, .events = POLLIN },
		{ .fd = l->counts_fd, .events = POLLIN },
		{ .fd = -1, .events = POLLOUT },
	};
	int n;

	cli_output_flush(&l->out);
	if (cli_output_waits(&l->out))
		fds[3].fd = STDOUT_FILENO;
	if (poll(fds, sizeof fds / sizeof *fds, timeout(l)) < 0)
		return;
	while ((n = cli_signals_take(l->s.job.signal_fd)) != 0)
		if (n == SIGINT)
			l->interrupted = true;
		else if (n != SIGWINCH)
			l->terminated = true;
	while (cli_signals_take(l->counts_fd) != 0)
		tell_counts(l);
	gw_dispatch(l->gw);
}

static int
run(struct relay *l)
{
	uint64_t every = (uint64_t)l->o->every.ms * 1000;

	l->next = every != 0 ? now() + every : UINT64_MAX;
	tell_rules(l);
	tell_events(l);
	tell_line(l, cli_json_finish(cli_json_begin("relaying")));
	cli_screen_info(&l->s.report.screen, "Relaying. Ctrl-C ends it.");
	while (!l->interrupted && !l->terminated && l->out.error == 0) {
		wait_for_more(l);
		tell_events(l);
		if (now() >= l->next) {
			tell_counts(l);
			l->next += every;
		}
	}
	if (l->out.error != 0)
		return fail(l, GW_E_DISK, strerror(l->out.error));
	tell_counts(l);
	return l->interrupted ? gw_err_exit(GW_E_INTERRUPTED) : 0;
}

static int
explain(struct relay *l)
{
	char *lines;
	bool carried;
	enum gw_err err =
	    gw_relay_explain(l->r, l->o->explain, &carried, &lines);

	if (err == GW_E_USAGE)
		return gw_err_exit(
		    cli_usage_error(l->s.command, "%s", gw_last_error(l->gw)));
	if (err != GW_OK)
		return fail(l, err, gw_last_error(l->gw));
	if (l->o->json)
		tell_line(
		    l, cli_relay_json_explained(l->o->explain, carried, lines));
	else
		cli_output_text(&l->out, "%s", lines);
	free(lines);
	return carried ? 0 : gw_err_exit(GW_E_FAILED);
}

static void
end(struct relay *l)
{
	cli_output_finish(&l->out, l->s.job.signal_fd,
	    l->interrupted || l->terminated ? PATIENCE_MS : -1);
	cli_output_fini(&l->out);
	gw_relay_close(l->r);
	if (l->counts_fd >= 0)
		close(l->counts_fd);
	cli_session_end(&l->s);
	cli_relay_sites_fini(&l->sites);
	cli_list_fini(&l->o->peers);
	cli_list_fini(&l->o->via);
	cli_list_fini(&l->o->waits);
}

static int
relay_main(const struct cli_command *c, struct cli_start *start)
{
	struct settings o = { .json = false };
	struct relay l = { .o = &o, .counts_fd = -1 };
	enum gw_err err;
	int status;

	if (!cli_session_begin(&l.s, c, start, &o, &status))
		return status;
	l.s.report.screen.style = start->style;
	l.s.report.screen.quiet = o.quiet;
	l.s.report.screen.verbose = o.verbose && !o.json;
	if (o.json)
		l.s.report.json_fd = STDOUT_FILENO;
	err = read_sites(&l);
	if (err == GW_OK)
		err = open_context(&l);
	if (err == GW_OK)
		err = open_relay(&l);
	if (err == GW_OK)
		err = open_metrics(&l);
	if (err != GW_OK)
		status = gw_err_exit(err);
	else
		status = o.explain != NULL ? explain(&l) : run(&l);
	end(&l);
	return status;
}
