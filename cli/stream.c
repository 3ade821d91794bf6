/*
 * stream - godwit stream listen|connect
 */
#include "cli/stream.h"

#include <stddef.h>
#include <string.h>

#include "cli/commands.h"

#define FIELD(member) offsetof(struct cli_common, member)

const struct cli_option cli_stream_options[] = {
	{ "code", "CODE",
	    "the code that both sides have. `-`: take it from --code-file, "
	    "GODWIT_CODE or the prompt",
	    cli_value_secret, FIELD(code), 0, 0 },
	{ "code-file", "FILE", "read the code from the first line of FILE",
	    cli_value_text, FIELD(code_file), 0, 0 },
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
	{ "timeout", "TIME",
	    "the connection is lost when nothing at all comes for TIME, "
	    "though a live peer sends something every 2 s [60s]",
	    cli_value_duration, FIELD(timeout), CLI_OPTION_CONFIG, 0 },
	{ "memory", "SIZE", "memory for data in flight [64MiB]", cli_value_size,
	    FIELD(memory), CLI_OPTION_CONFIG, 0 },
	{ .help = "Output:" },
	{ "quiet", NULL, "say only what must be known", cli_value_switch,
	    FIELD(quiet), CLI_OPTION_CONFIG, 'q' },
	{ "verbose", NULL,
	    "say more: every state as it changes, full windows, the sum",
	    cli_value_switch, FIELD(verbose), CLI_OPTION_CONFIG, 'v' },
	{ .help = NULL },
};

static const struct cli_command *const parts[] = { &cli_stream_listen_command,
	&cli_stream_connect_command, NULL };

const struct cli_command cli_stream_command = {
	.name = "stream",
	.summary = "connect standard input and output of two machines",
	.usage = "stream listen [OPTION...] [[ADDR:]PORT]\n"
		 "       godwit stream connect [OPTION...] CODE\n"
		 "       godwit stream connect [OPTION...] HOST[:PORT]",
	.about = "As nc does with TCP: standard input goes to the other side, "
		 "what comes from there\nto standard output; but encrypted, "
		 "only for who has the code, and found by it.\n",
	.examples = "  godwit stream listen\n"
		    "  godwit stream connect 7-crane-otter\n",
	.parts = parts,
};

bool
cli_stream_begin(struct cli_stream *t, const struct cli_command *c,
    struct cli_start *start, void *settings, int *status)
{
	memset(t, 0, sizeof *t);
	t->o = settings;
	return cli_session_begin(&t->s, c, start, settings, status);
}

enum gw_err
cli_stream_open(struct cli_stream *t, struct cli_address *to)
{
	struct cli_common *o = t->o;
	struct cli_list nothing = { 0 };
	enum gw_err err;

	o->no_progress = true;
	cli_session_report(&t->s, o, true, true);
	t->s.report.stream = true;
	if ((err = cli_session_whom(&t->s, o, to)) != GW_OK)
		return err;
	return cli_session_open(&t->s, o, &nothing, NULL);
}

void
cli_stream_link(const struct cli_stream *t, struct gw_connection_options *g)
{
	const struct cli_common *o = t->o;

	*g = (struct gw_connection_options)GW_CONNECTION_OPTIONS_INIT;
	g->code = o->code.given ? o->code.text : NULL;
	g->code_words = o->code_words;
	g->beacons = !o->no_discovery;
	g->by_number = o->by_number;
	g->carriers = o->carrier;
	g->congestion = o->congestion;
	g->idle_ms = o->timeout.ms;
}

int
cli_stream_fail(struct cli_stream *t, enum gw_err err, const char *reason)
{
	if (reason != NULL && *reason == '\0')
		reason = NULL;
	cli_report_failure(&t->s.report, err, reason);
	return gw_err_exit(err);
}

void
cli_stream_end(struct cli_stream *t)
{
	gw_connection_close(t->c);
	cli_output_fini(&t->out);
	cli_session_end(&t->s);
	cli_secret_wipe(&t->o->code);
}
