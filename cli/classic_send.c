/*
 * godwit send --classic FILE --to HOST:PORT
 */
#include <string.h>
#include <unistd.h>

#include "cli/classic.h"

static bool
sends_input(const struct cli_session *s)
{
	return strcmp(s->args.operands[0], "-") == 0;
}

static enum gw_err
check(struct cli_session *s, const struct cli_classic_send *o)
{
	static const char *const senseless[] = { "code", "code-file", "trace",
		"code-words", "qr", "listen", "retry", "memory", "checksum",
		"exclude", "files-from", "null", "dry-run", "compress", NULL };
	enum gw_err err =
	    cli_classic_check(s, o->common, o->classic, senseless);

	if (err != GW_OK)
		return err;
	if (s->args.operand_count != 1)
		return cli_usage_error(
		    s->command, "--classic sends one file: give one");
	if (!o->to->given || !o->to->port_given || o->to->device[0] != '\0')
		return cli_usage_error(s->command,
		    "--classic needs --to HOST:PORT: that protocol has no "
		    "standard port");
	if (o->name != NULL && !sends_input(s))
		return cli_usage_error(
		    s->command, "--name is for standard input (FILE `-`)");
	return GW_OK;
}

static enum gw_err
start_job(struct cli_session *s, const struct cli_classic_send *o)
{
	struct gw_classic_send_options g = GW_CLASSIC_SEND_OPTIONS_INIT;
	enum gw_err err;

	g.host = o->to->host;
	g.port = o->to->port;
	g.path = s->args.operands[0];
	g.input_fd = STDIN_FILENO;
	g.name = o->name;
	g.reply = o->classic->reply;
	g.no_reply = o->classic->no_reply;
	g.timeout_ms = o->common->timeout.ms;
	g.rate = o->common->rate;
	if ((err = gw_classic_send(s->job.gw, &g, &s->job.job)) != GW_OK)
		cli_session_failed(s, err);
	return err;
}

int
cli_classic_send(struct cli_session *s, const struct cli_classic_send *o)
{
	struct cli_list read = { 0 };
	enum gw_err err = check(s, o);

	if (err != GW_OK)
		return gw_err_exit(err);
	cli_session_report(s, o->common, sends_input(s), false);
	s->report.sends = s->report.classic = true;
	s->report.from_input = sends_input(s);
	if (!sends_input(s)) {
		cli_list_add(&read, s->args.operands[0]);
		err = cli_session_present(s, s->args.operands[0]);
	}
	if (err == GW_OK)
		err = cli_session_open(s, o->common, &read, NULL);
	cli_list_fini(&read);
	if (err == GW_OK)
		err = start_job(s, o);
	return err == GW_OK ? cli_job_run(&s->job) : gw_err_exit(err);
}
