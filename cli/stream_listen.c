/*
 * stream listen - godwit stream listen [[ADDR:]PORT]
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/stream.h"
#include "cli/text.h"

struct settings {
	struct cli_common common; /* first: its offsets are ours */
	const char *for_device;
	bool keep;
};

#define FIELD(member) offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "keep", NULL,
	    "go on with the next connection when one has ended; the code "
	    "serves everybody who has it",
	    cli_value_switch, FIELD(keep), 0, 'k' },
	{ "for", "DEVICE",
	    "wait for this remembered device, and for nobody else; it needs "
	    "no code",
	    cli_value_text, FIELD(for_device), 0, 0 },
	{ "code-words", "N", "words of a code that is made, 2 to 8 [2]",
	    cli_value_words, FIELD(common.code_words), CLI_OPTION_CONFIG, 0 },
	{ "qr", NULL, "show the command for the other side as a QR code, too",
	    cli_value_switch, FIELD(common.qr), CLI_OPTION_CONFIG, 0 },
	{ .help = NULL },
};

static int listen_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_stream_listen_command = {
	.name = "stream listen",
	.group = "stream",
	.summary = "wait for a `godwit stream connect`",
	.usage = "stream listen [OPTION...] [[ADDR:]PORT]",
	.about =
	    "Waits for one connection, sends standard input to it, and "
	    "writes what comes from\nit to standard output. It shows the "
	    "command for the other side, with the code,\nwhich it makes "
	    "unless --code gives one. The end of standard input ends that\n"
	    "direction only. Without PORT it takes any that is free.\n",
	.examples = "  godwit stream listen\n"
		    "  godwit stream listen --for kitchen-pc\n"
		    "  godwit stream listen 127.0.0.1:9000 -v > received\n"
		    "  godwit stream listen --keep 9000 --code-file code\n",
	.options = options,
	.shared = cli_stream_options,
	.main = listen_main,
};

struct waiting {
	struct cli_stream t;
	struct settings *o;
	struct cli_address at;
	struct gw_acceptor *acceptor;
};

/* ---- what is asked for ---- */

/* A number alone is a port. */
static const char *
parse_at(const char *text, struct cli_address *at)
{
	char with_colon[16];

	if (*text == '\0' || strspn(text, "0123456789") != strlen(text) ||
	    strlen(text) > 6)
		return cli_address_parse_listen(text, at);
	snprintf(with_colon, sizeof with_colon, ":%s", text);
	return cli_address_parse_listen(with_colon, at);
}

static bool
names_host(const struct cli_address *at)
{
	struct gw_endpoint e;

	return at->host[0] != '\0' &&
	       gw_endpoint_parse(&e, at->host, at->port) == GW_E_RESOLVE;
}

static enum gw_err
check(struct waiting *w)
{
	struct cli_session *s = &w->t.s;
	struct cli_address nobody = { .given = false };
	const char *wrong;

	if (s->args.operand_count > 1)
		return cli_usage_error(s->command, "one [ADDR:]PORT is enough");
	wrong = s->args.operand_count == 1
		    ? parse_at(s->args.operands[0], &w->at)
		    : NULL;
	if (wrong == NULL && names_host(&w->at))
		wrong = "is no address of this machine: write [ADDR:]PORT";
	if (wrong != NULL)
		return cli_usage_error(
		    s->command, "\"%s\" %s", s->args.operands[0], wrong);
	if (w->o->for_device != NULL && cli_session_has_code(s, &w->o->common))
		return cli_usage_error(s->command,
		    "--for is for a remembered device, which needs no code: "
		    "one of them");
	return cli_stream_open(&w->t, &nobody);
}

/* ---- telling ---- */

/* As of a transfer that waits. */
static void
tell_listening(struct waiting *w)
{
	enum { MOST = 16 };
	struct gw_acceptor *a = w->acceptor;
	const char *addresses[MOST];
	size_t n = 0;

	while (n < MOST && (addresses[n] = gw_acceptor_address(a, n)) != NULL)
		n++;
	cli_report_listening(
	    &w->t.s.report, &(struct gw_event){ .kind = GW_EVENT_LISTENING,
				.listening = {
				    .name = gw_device_name(w->t.s.job.gw),
				    .addresses = addresses,
				    .address_count = n,
				    .port = gw_acceptor_port(a),
				    .code = gw_acceptor_code(a),
				    .found = gw_acceptor_is_found(a),
				} });
}

static void
tell_visitors(struct waiting *w)
{
	struct cli_screen *screen = &w->t.s.report.screen;
	struct gw_acceptor_event ev;

	while (gw_acceptor_next(w->acceptor, &ev)) {
		char *text = cli_text_sentence(ev.text != NULL ? ev.text : "");

		if (ev.kind == GW_ACCEPTOR_GUESS)
			cli_screen_warning(screen,
			    "%s tried a wrong code; %u %s left", ev.address,
			    ev.guesses_left,
			    ev.guesses_left == 1 ? "guess is" : "guesses are");
		else if (ev.kind == GW_ACCEPTOR_STRANGER)
			cli_screen_detail(screen, "%s: %s", ev.address, text);
		free(text);
	}
}

/* ---- one after another ---- */

static int
next_one(struct waiting *w)
{
	struct cli_stream *t = &w->t;
	enum gw_err err;

	do {
		tell_visitors(w);
		err = gw_accept(w->acceptor, 0, &t->c);
		if (err == GW_E_AGAIN && !cli_stream_wait(t, w->o->keep))
			return t->status;
	} while (err == GW_E_AGAIN);
	if (err != GW_OK)
		return cli_stream_fail(t, err,
		    "too many wrong codes were tried: the code is void; start "
		    "again with another one");
	if (!w->o->keep) { /* its port is free again */
		gw_acceptor_close(w->acceptor);
		w->acceptor = NULL;
	}
	t->status = cli_stream_pump(t, w->o->keep);
	cli_stream_linger(t, w->o->keep);
	return t->status;
}

static int
serve(struct waiting *w)
{
	struct cli_stream *t = &w->t;
	int status;

	for (;;) {
		status = next_one(w);
		if (!w->o->keep || t->stopped || t->out.error != 0 ||
		    t->in_error != 0 || status == gw_err_exit(GW_E_BURNED))
			return status;
		/* Standard input is one for all. */
		t->shut = t->out_over = t->closed = t->no_room = false;
		t->open = t->left = false;
		t->blocked_until = 0;
		t->sent = t->received = 0;
	}
}

static int
listen_main(const struct cli_command *c, struct cli_start *start)
{
	struct settings o = { .keep = false };
	struct gw_connection_options g;
	struct waiting w = { .o = &o };
	enum gw_err err;
	int status;

	if (!cli_stream_begin(&w.t, c, start, &o, &status))
		return status;
	err = check(&w);
	status = gw_err_exit(err);
	if (err == GW_OK) {
		cli_stream_link(&w.t, &g);
		g.many = o.keep;
		g.for_device = o.for_device;
		g.no_code = o.for_device != NULL;
		err = gw_listen(w.t.s.job.gw,
		    w.at.host[0] != '\0' ? w.at.host : NULL, w.at.port, &g,
		    &w.acceptor);
		if (err != GW_OK)
			status = cli_stream_fail(
			    &w.t, err, gw_last_error(w.t.s.job.gw));
	}
	if (err == GW_OK) {
		tell_listening(&w);
		status = serve(&w);
	}
	gw_acceptor_close(w.acceptor);
	cli_stream_end(&w.t);
	return status;
}
