/*
 * pair - godwit pair [CODE]: two devices keep each other's key.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/json_build.h"
#include "cli/signals.h"
#include "cli/text.h"

struct settings {
	struct cli_common common; /* first: its offsets are ours */
	struct cli_address with;
};

#define FIELD(member) offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "with", "HOST[:PORT]",
	    "where the other `godwit pair` waits, instead of looking for its "
	    "CODE",
	    cli_value_address, FIELD(with), 0, 0 },
	{ "code-file", "FILE", "read the code from the first line of FILE",
	    cli_value_text, FIELD(common.code_file), 0, 0 },
	{ "code-words", "N", "words of a code that is made, 2 to 8 [2]",
	    cli_value_words, FIELD(common.code_words), CLI_OPTION_CONFIG, 0 },
	{ "listen", "[ADDR][:PORT]",
	    "where to wait: ADDR, :PORT, ADDR:PORT or [IPV6]:PORT",
	    cli_value_listen, FIELD(common.listen), CLI_OPTION_CONFIG, 0 },
	{ "no-discovery", NULL,
	    "send and answer no beacons: neither be found without an address, "
	    "nor look for others",
	    cli_value_switch, FIELD(common.no_discovery), CLI_OPTION_CONFIG,
	    0 },
	{ "carrier", "WHAT",
	    "auto, udp or tcp; auto waits on both, and takes the better of "
	    "those that answer [auto]",
	    cli_value_carrier, FIELD(common.carrier), CLI_OPTION_CONFIG, 0 },
	{ .help = "Output:" },
	{ "json", NULL, "tell events as JSON, one object a line",
	    cli_value_switch, FIELD(common.json), CLI_OPTION_CONFIG, 0 },
	{ "qr", NULL,
	    "a side that waits shows the command for the other one as a QR "
	    "code, too",
	    cli_value_switch, FIELD(common.qr), CLI_OPTION_CONFIG, 0 },
	{ "quiet", NULL, "say only what must be known", cli_value_switch,
	    FIELD(common.quiet), CLI_OPTION_CONFIG, 'q' },
	{ "verbose", NULL, "say more", cli_value_switch, FIELD(common.verbose),
	    CLI_OPTION_CONFIG, 'v' },
	{ .help = NULL },
};

static int pair_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_pair_command = {
	.name = "pair",
	.summary = "make two devices remember each other",
	.usage = "pair [OPTION...]\n"
		 "       godwit pair [OPTION...] CODE [--with HOST[:PORT]]",
	.about =
	    "Both devices keep the other's key, so that they need no code "
	    "from then on. One side\nwaits and prints a code, the other one "
	    "gives it. It takes effect when both have\nasked for it. "
	    "`godwit devices` shows who is remembered.\n",
	.examples = "  godwit pair\n"
		    "  godwit pair 7-crane-otter\n"
		    "  godwit pair 7-crane-otter --with 192.168.1.5:40123\n",
	.options = options,
	.main = pair_main,
};

struct pairing {
	struct cli_session s;
	struct settings *o;
	struct gw_acceptor *acceptor;
	struct gw_connection *c;
	bool kept; /* here; the other side has not confirmed it yet */
	bool over;
	int status;
};

/* ---- telling ---- */

/* Takes the object. */
static void
tell_json(const struct pairing *p, cJSON *object)
{
	char *line = cli_json_finish(object);

	if (p->o->common.json)
		puts(line);
	free(line);
	fflush(stdout);
}

static void
fail(struct pairing *p, enum gw_err err, const char *reason)
{
	cli_report_failure(&p->s.report, err, reason);
	p->status = gw_err_exit(err);
	p->over = true;
}

/* The other side finds this one by the number of the code. */
static bool
is_found(const struct pairing *p)
{
	return gw_acceptor_is_found(p->acceptor) && p->s.report.code_shown &&
	       gw_code_is_spoken(gw_acceptor_code(p->acceptor));
}

/* What to type on the other device; takes the last. */
static void
tell_command(struct pairing *p, char *by_address)
{
	struct cli_screen *screen = &p->s.report.screen;
	const bool found = is_found(p);
	char *command =
	    found ? cli_format("godwit pair %s", gw_acceptor_code(p->acceptor))
		  : cli_copy(by_address);

	if (screen->quiet)
		fprintf(stderr, "%s\n", command);
	else
		cli_screen_info(screen, "On the other device:\n\n    %s%s%s\n",
		    cli_style_bold(&screen->style), command,
		    cli_style_plain(&screen->style));
	cli_report_qr(&p->s.report, command);
	if (found)
		cli_screen_info(screen, "%sor, where that finds nothing: %s%s",
		    cli_style_dim(&screen->style), by_address,
		    cli_style_plain(&screen->style));
	cli_screen_info(screen, "%sWaiting. Ctrl-C ends it.%s",
	    cli_style_dim(&screen->style), cli_style_plain(&screen->style));
	free(command);
	free(by_address);
}

static void
tell_listening(struct pairing *p)
{
	enum { MOST = 16 };
	const char *addresses[MOST], *code = gw_acceptor_code(p->acceptor);
	char at[CLI_ADDRESS_TEXT] = "HOST", *shown;
	cJSON *object = cli_json_begin("listening"),
	      *list = cJSON_AddArrayToObject(object, "addresses");
	size_t n = 0;

	while (n < MOST &&
	       (addresses[n] = gw_acceptor_address(p->acceptor, n)) != NULL)
		cJSON_AddItemToArray(list, cli_json_value(addresses[n++]));
	cli_json_number(object, "port", gw_acceptor_port(p->acceptor));
	cli_json_text(object, "code", code);
	cJSON_AddBoolToObject(
	    object, "found", gw_acceptor_is_found(p->acceptor));
	cli_json_text(object, "name", gw_device_name(p->s.job.gw));
	tell_json(p, object);
	if (n > 0)
		cli_address_text(at, addresses[cli_address_best(addresses, n)],
		    gw_acceptor_port(p->acceptor));
	shown = cli_text_quote(p->s.report.code_shown ? code : "-");
	tell_command(p, cli_format("godwit pair %s --with %s", shown, at));
	free(shown);
}

static void
tell_paired(struct pairing *p)
{
	struct gw_connection_info info;
	cJSON *object = cli_json_begin("paired");
	char *peer, *device;

	gw_connection_info(p->c, &info);
	cli_json_text(object, "peer", info.peer);
	cli_json_text(object, "device", info.device);
	cli_json_text(object, "key", info.key);
	tell_json(p, object);
	peer = cli_text_escape(info.peer);
	device = cli_text_escape(info.device);
	cli_screen_info(&p->s.report.screen,
	    "Paired with %s, which is remembered as %s: neither needs a code "
	    "from now on.",
	    peer, device);
	free(device);
	free(peer);
	p->status = 0;
	p->over = true;
}

/* ---- two steps: keep it, and hear that the other side has ---- */

/* The connection is open. */
static void
keep(struct pairing *p)
{
	struct gw_connection_info info;
	enum gw_err err;
	char *text;

	gw_connection_info(p->c, &info);
	if (!info.asks) {
		gw_connection_abort(p->c, GW_E_REFUSED,
		    "it wants to be remembered, and to transfer nothing: run "
		    "`godwit pair` on both sides");
		text = cli_format(
		    "%s does not ask to be remembered, so neither side is: "
		    "run `godwit pair` there, too",
		    info.peer);
		fail(p, GW_E_REFUSED, text);
		free(text);
	} else if ((err = gw_connection_remember(p->c)) != GW_OK) {
		gw_connection_abort(
		    p->c, GW_E_FAILED, "it could not keep the key");
		fail(p, err, gw_last_error(p->s.job.gw));
	} else {
		p->kept = true;
		(void)gw_connection_shutdown(p->c);
	}
}

static void
closed(struct pairing *p, const struct gw_connection_event *ev)
{
	struct gw_connection_info info;
	char *text;

	if (!p->kept) {
		fail(p, ev->err != GW_OK ? ev->err : GW_E_LOST, ev->text);
		return;
	}
	gw_connection_info(p->c, &info);
	text = cli_format(
	    "%s is remembered here as %s, but has not confirmed that it "
	    "remembers this device: if it does not let this one in, pair "
	    "again%s%s",
	    info.peer, info.device, ev->by_peer ? "; it says: " : "",
	    ev->by_peer ? ev->text : "");
	fail(p, ev->err == GW_E_REFUSED ? GW_E_REFUSED : GW_E_LOST, text);
	free(text);
}

/* Who pairs says nothing but that it has ended. */
static bool
has_ended(struct pairing *p, unsigned stream)
{
	char byte;
	size_t n = 1;

	return gw_stream_read(p->c, stream, &byte, 1, &n) != GW_OK || n == 0;
}

static void
refuse(struct pairing *p)
{
	gw_connection_abort(p->c, GW_E_REFUSED,
	    "it pairs, and takes part in no transfer: run `godwit pair` on "
	    "both sides");
	fail(p, GW_E_REFUSED,
	    "the other side wants to send or receive: run `godwit pair` there");
}

static void
take_event(struct pairing *p, const struct gw_connection_event *ev)
{
	switch (ev->kind) {
	case GW_CONNECTION_OPENED:
		keep(p);
		break;
	case GW_CONNECTION_NOTICE:
		cli_report_warning(&p->s.report, ev->text);
		break;
	case GW_CONNECTION_READABLE:
		if (!has_ended(p, ev->stream))
			refuse(p);
		break;
	case GW_CONNECTION_FIN:
		if (has_ended(p, GW_STREAM_FIRST))
			tell_paired(p);
		else
			refuse(p);
		break;
	case GW_CONNECTION_CLOSED:
		closed(p, ev);
		break;
	default:
		break;
	}
}

/* Guesses, strangers, and who has come through; the first one is it. */
static void
take_visitors(struct pairing *p)
{
	struct cli_screen *screen = &p->s.report.screen;
	struct gw_acceptor_event ev;
	enum gw_err err;

	while (gw_acceptor_next(p->acceptor, &ev))
		if (ev.kind == GW_ACCEPTOR_GUESS)
			cli_screen_warning(screen,
			    "%s tried a wrong code; %u more would make it void",
			    ev.address, ev.guesses_left);
	err = gw_accept(p->acceptor, 0, &p->c);
	if (err == GW_E_AGAIN)
		return;
	if (err != GW_OK) {
		fail(p, err,
		    "too many wrong codes were tried: the code is void; start "
		    "again for a new one");
		return;
	}
	gw_acceptor_close(p->acceptor);
	p->acceptor = NULL;
	keep(p);
}

static void
take_signals(struct pairing *p)
{
	int n;

	while ((n = cli_signals_take(p->s.job.signal_fd)) != 0) {
		if (n == SIGWINCH || p->over)
			continue;
		if (p->c != NULL)
			gw_connection_abort(
			    p->c, GW_E_INTERRUPTED, "it was interrupted");
		p->status = gw_err_exit(GW_E_INTERRUPTED);
		p->over = true;
	}
}

static int
run(struct pairing *p)
{
	struct gw_connection_event ev;
	struct pollfd fds[] = {
		{ .fd = gw_fd(p->s.job.gw), .events = POLLIN },
		{ .fd = p->s.job.signal_fd, .events = POLLIN },
	};

	for (;;) {
		if (p->acceptor != NULL)
			take_visitors(p);
		while (
		    p->c != NULL && !p->over && gw_connection_next(p->c, &ev))
			take_event(p, &ev);
		if (p->over)
			return p->status;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return gw_err_exit(GW_E_FAILED);
		if (fds[1].revents != 0)
			take_signals(p);
		if (fds[0].revents != 0)
			gw_dispatch(p->s.job.gw);
	}
}

/* ---- beginning ---- */

static bool
connects(const struct pairing *p)
{
	return cli_session_connects(&p->o->common, &p->o->with);
}

static enum gw_err
check(struct pairing *p)
{
	struct cli_session *s = &p->s;
	struct cli_common *o = &p->o->common;
	struct cli_list nothing = { 0 };
	const char *wrong;
	enum gw_err err;

	if (s->args.operand_count > 1)
		return cli_usage_error(s->command, "one CODE is enough");
	if (s->args.operand_count == 1 &&
	    (wrong = cli_secret_take(&o->code, s->args.operands[0])) != NULL)
		return cli_usage_error(s->command, "CODE %s", wrong);
	o->by_number = s->args.operand_count == 1 && !p->o->with.given;
	if (o->by_number &&
	    (o->no_discovery || (strcmp(o->code.text, "-") != 0 &&
				    !gw_code_is_spoken(o->code.text))))
		return cli_usage_error(s->command,
		    "CODE needs --with HOST[:PORT], as the other side prints "
		    "it, unless it is one like 7-crane-otter, whose number is "
		    "looked for by beacons");
	if (connects(p) && cli_session_typed(s, "listen"))
		return cli_usage_error(s->command,
		    "CODE or --with connects and --listen waits: one of them");
	o->no_progress = true;
	cli_session_report(s, o, false, false);
	if ((err = cli_session_code(s, o, connects(p))) != GW_OK)
		return err;
	return cli_session_open(s, o, &nothing, NULL);
}

static enum gw_err
begin(struct pairing *p)
{
	const struct cli_common *o = &p->o->common;
	struct gw_connection_options g = GW_CONNECTION_OPTIONS_INIT;
	const struct cli_address *at = &o->listen;
	enum gw_err err;

	g.code = o->code.given ? o->code.text : NULL;
	g.code_words = o->code_words;
	g.carriers = o->carrier;
	g.remember = true;
	g.beacons = !o->no_discovery;
	g.by_number = o->by_number;
	if (connects(p))
		err = gw_connect(p->s.job.gw,
		    p->o->with.given ? p->o->with.host : NULL, p->o->with.port,
		    &g, &p->c);
	else
		err = gw_listen(p->s.job.gw,
		    at->given && at->host[0] != '\0' ? at->host : NULL,
		    at->port, &g, &p->acceptor);
	if (err != GW_OK)
		cli_session_failed(&p->s, err);
	else if (p->acceptor != NULL)
		tell_listening(p);
	return err;
}

static int
pair_main(const struct cli_command *c, struct cli_start *start)
{
	struct settings o = { .with.given = false };
	struct pairing p = { .o = &o };
	enum gw_err err;
	int status;

	if (!cli_session_begin(&p.s, c, start, &o, &status))
		return status;
	if ((err = check(&p)) == GW_OK)
		err = begin(&p);
	status = err == GW_OK ? run(&p) : gw_err_exit(err);
	gw_acceptor_close(p.acceptor);
	gw_connection_close(p.c);
	cli_session_end(&p.s);
	cli_secret_wipe(&o.common.code);
	return status;
}
