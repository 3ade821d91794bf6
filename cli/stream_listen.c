/*
 * stream listen - godwit stream listen [ADDR:]PORT
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
	bool keep;
};

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "keep", NULL,
	    "go on with the next connection when one has ended; the code "
	    "serves everybody who has it",
	    cli_value_switch, offsetof(struct settings, keep), 0, 'k' },
	{ "code-words", "N", "words of a code that is made, 2 to 8 [2]",
	    cli_value_words, offsetof(struct settings, common.code_words),
	    CLI_OPTION_CONFIG, 0 },
	{ .help = NULL },
};

static int listen_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_stream_listen_command = {
	.name = "stream listen",
	.group = "stream",
	.summary = "wait for a `godwit stream connect`",
	.usage = "stream listen [OPTION...] [ADDR:]PORT",
	.about =
	    "Waits for one connection, sends standard input to it, and "
	    "writes what comes from\nit to standard output. Without --code "
	    "it makes a code and shows it. The end of\nstandard input ends "
	    "that direction only.\n",
	.examples = "  godwit stream listen 9000\n"
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

static enum gw_err
check(struct waiting *w)
{
	struct cli_session *s = &w->t.s;
	const char *wrong;

	if (s->args.operand_count != 1)
		return cli_usage_error(
		    s->command, s->args.operand_count == 0
				    ? "listen where? Write [ADDR:]PORT"
				    : "one [ADDR:]PORT is enough");
	wrong = parse_at(s->args.operands[0], &w->at);
	if (wrong == NULL && !w->at.port_given)
		wrong = "has no port: write [ADDR:]PORT";
	if (wrong != NULL)
		return cli_usage_error(
		    s->command, "\"%s\" %s", s->args.operands[0], wrong);
	return cli_stream_open(&w->t, false);
}

/* ---- telling ---- */

static void
tell_listening(struct waiting *w)
{
	enum { MOST = 16 };
	struct cli_screen *screen = &w->t.s.report.screen;
	const bool made = !w->o->common.code.given;
	const char *addresses[MOST];
	char at[CLI_ADDRESS_TEXT] = "HOST";
	char *code;
	size_t n = 0;

	while (n < MOST &&
	       (addresses[n] = gw_acceptor_address(w->acceptor, n)) != NULL)
		n++;
	if (n > 0)
		cli_address_text(at, addresses[cli_address_best(addresses, n)],
		    gw_acceptor_port(w->acceptor));
	code = cli_text_escape(gw_acceptor_code(w->acceptor));
	if (made || w->t.s.report.code_shown)
		cli_screen_info(screen,
		    "Waiting at %s. On the other side:\n"
		    "  godwit stream connect %s --code %s",
		    at, at, code);
	else
		cli_screen_info(screen,
		    "Waiting at %s. On the other side, with the same code:\n"
		    "  godwit stream connect %s",
		    at, at);
	/* What nobody can know must be said in any case. */
	if (made && screen->quiet)
		cli_screen_warning(screen, "the code is %s", code);
	free(code);
	for (size_t i = 1; i < n; i++)
		cli_screen_detail(screen, "Also at %s.", addresses[i]);
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
