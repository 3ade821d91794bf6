/*
 * godwit recv --classic --listen [ADDR]:PORT
 */
#include <string.h>

#include "cli/classic.h"

/* Nobody is asked, and no time comes along. */
static const char *
conflict_contradiction(const struct cli_classic_recv *o)
{
	if (o->on_conflict->what == GW_CONFLICT_ASK)
		return "--classic serves many at once and asks nobody: "
		       "--on-conflict can be rename, skip or overwrite";
	if (o->on_conflict->what == GW_CONFLICT_NEWER)
		return "--on-conflict=newer needs the time of the file there, "
		       "which --classic does not get";
	return NULL;
}

static enum gw_err
check(struct cli_session *s, const struct cli_classic_recv *o)
{
	static const char *const senseless[] = { "code", "code-file", "trace",
		"code-words", "qr", "from", "retry", "memory", "checksum",
		"archive", "stdout", "remember", "from-known", "max-files",
		"exec", "exec-timeout", NULL };
	const char *wrong;
	enum gw_err err =
	    cli_classic_check(s, o->common, o->classic, senseless);

	if (err != GW_OK)
		return err;
	if (s->args.operand_count > 0) {
		/* It may be a code, which is not to stay in argv. */
		memset(s->args.operands[0], '*', strlen(s->args.operands[0]));
		return cli_usage_error(
		    s->command, "a CODE has no meaning with --classic");
	}
	if (!o->common->listen.given || !o->common->listen.port_given)
		return cli_usage_error(s->command,
		    "--classic needs --listen [ADDR]:PORT: that protocol has "
		    "no standard port");
	if (cli_session_typed(s, "on-conflict") && o->on_conflict->given &&
	    (wrong = conflict_contradiction(o)) != NULL)
		return cli_usage_error(s->command, "%s", wrong);
	return GW_OK;
}

/* What the configuration says in general, and is impossible here, gives way
 * to the default. */
static enum gw_conflict
on_conflict(const struct cli_classic_recv *o)
{
	if (!o->on_conflict->given || conflict_contradiction(o) != NULL)
		return GW_CONFLICT_RENAME;
	return o->on_conflict->what;
}

static enum gw_err
start_job(struct cli_session *s, const struct cli_classic_recv *o)
{
	struct gw_classic_recv_options g = GW_CLASSIC_RECV_OPTIONS_INIT;
	const struct cli_address *listen = &o->common->listen;
	enum gw_err err;

	g.listen = listen->host[0] != '\0' ? listen->host : NULL;
	g.port = listen->port;
	g.dir = s->report.dir;
	g.on_conflict = on_conflict(o);
	g.reply = o->classic->reply;
	g.once = o->once;
	g.keep_partial = o->classic->keep_partial;
	g.max_size = o->classic->max_size;
	g.timeout_ms = o->common->timeout.ms;
	g.rate = o->common->rate;
	if ((err = gw_classic_recv(s->job.gw, &g, &s->job.job)) != GW_OK)
		cli_session_failed(s, err);
	return err;
}

int
cli_classic_recv(struct cli_session *s, const struct cli_classic_recv *o)
{
	struct cli_list nothing = { 0 };
	enum gw_err err = check(s, o);

	if (err != GW_OK)
		return gw_err_exit(err);
	cli_session_report(s, o->common, false, false);
	s->report.classic = true;
	s->report.dir = o->dir != NULL ? o->dir : ".";
	s->job.standing = !o->once;
	err = cli_session_present(s, s->report.dir);
	if (err == GW_OK)
		err = cli_session_open(s, o->common, &nothing, s->report.dir);
	if (err == GW_OK)
		err = start_job(s, o);
	return err == GW_OK ? cli_job_run(&s->job) : gw_err_exit(err);
}
