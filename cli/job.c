#include "cli/job.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/advice.h"
#include "cli/signals.h"

/* Who sends SIGTERM does not send it twice. */
enum { GRACE_SECONDS = 10 };

/* ---- signals ---- */

_Noreturn static void
leave_at_once(struct cli_job *j)
{
	cli_screen_fini(&j->report->screen);
	_exit(j->terminated && j->standing ? 0 : gw_err_exit(GW_E_INTERRUPTED));
}

static void
stop(struct cli_job *j)
{
	if (++j->interrupts > 1)
		leave_at_once(j);
	cli_ask_withdraw(&j->ask, j->report);
	/* The terminal has echoed ^C into the line. */
	cli_screen_clear(&j->report->screen);
	if (j->connected && !j->report->classic)
		cli_screen_info(&j->report->screen,
		    "Stopping%s. Ctrl-C again leaves at once.",
		    cli_advice_goes_on(j->report) ? "; what has arrived is kept"
						  : "");
	gw_job_cancel(j->job);
}

static void
take_signals(struct cli_job *j)
{
	int n;

	while ((n = cli_signals_take(j->signal_fd)) != 0) {
		if (n == SIGWINCH) {
			cli_screen_resize(&j->report->screen);
			continue;
		}
		if (n != SIGINT && !j->terminated) {
			j->terminated = true;
			alarm(GRACE_SECONDS);
		}
		stop(j);
	}
}

/* ---- events ---- */

/* Does this event end what the open question is about? */
static bool
ends_question(const struct gw_event *e)
{
	switch (e->kind) {
	case GW_EVENT_LISTENING:
	case GW_EVENT_CONNECTED:
	case GW_EVENT_COMPLETE:
	case GW_EVENT_ERROR:
	case GW_EVENT_END:
		return true;
	default:
		return false;
	}
}

static void
take_event(struct cli_job *j, const struct gw_event *e)
{
	if (ends_question(e))
		cli_ask_withdraw(&j->ask, j->report);
	if (e->kind == GW_EVENT_CONNECTED)
		j->connected = true;
	else if (e->kind == GW_EVENT_LISTENING)
		j->connected = false;
	cli_report_event(j->report, e);
	if (j->hook != NULL)
		cli_hook_event(j->hook, j->report, e);
	if (e->kind == GW_EVENT_CONFLICT ||
	    (e->kind == GW_EVENT_OFFER && e->offer.needs_answer))
		cli_ask_open(&j->ask, j->report, e, j->job);
}

/* Take all events there are; true: the last one was END. */
static bool
take_events(struct cli_job *j, enum gw_err *err)
{
	struct gw_event e;

	while (gw_job_event(j->job, &e)) {
		take_event(j, &e);
		if (e.kind == GW_EVENT_END) {
			*err = e.end.err;
			return true;
		}
	}
	return false;
}

static void
wait_for_something(struct cli_job *j)
{
	struct pollfd fds[] = {
		{ .fd = gw_fd(j->gw), .events = POLLIN },
		{ .fd = j->signal_fd, .events = POLLIN },
		{ .fd = j->ask.open != CLI_ASK_NOTHING ? j->ask.terminal.in
						       : -1,
		    .events = POLLIN },
		{ .fd = j->hook != NULL ? cli_hook_fd(j->hook) : -1,
		    .events = POLLIN },
	};

	if (poll(fds, sizeof fds / sizeof *fds, -1) < 0 && errno != EINTR)
		leave_at_once(j);
	if (fds[1].revents != 0)
		take_signals(j);
	if (fds[2].revents != 0 && j->ask.open != CLI_ASK_NOTHING)
		cli_ask_input(&j->ask, j->report, j->job);
	if (fds[3].revents != 0)
		cli_hook_take(j->hook, j->report);
	if (fds[0].revents != 0)
		gw_dispatch(j->gw);
}

/* Commands of --exec that are under way go on without us; who is not in a
 * hurry hears what becomes of them. */
static void
wait_for_commands(struct cli_job *j)
{
	while (j->hook != NULL && cli_hook_busy(j->hook) && j->interrupts == 0)
		wait_for_something(j);
}

int
cli_job_run(struct cli_job *j)
{
	enum gw_err err;

	while (!take_events(j, &err))
		wait_for_something(j);
	wait_for_commands(j);
	if (err == GW_E_INTERRUPTED && j->terminated && j->standing)
		return 0;
	/* Some entries failed: each has been named, and so has their sum. */
	if (err != GW_OK && err != GW_E_SOME_FAILED && !j->report->told_error &&
	    err != GW_E_INTERRUPTED)
		cli_report_failure(j->report, err, NULL);
	return gw_err_exit(err);
}
