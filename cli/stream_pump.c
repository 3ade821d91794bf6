/*
 * One connection with standard input and output on it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/signals.h"
#include "cli/size.h"
#include "cli/stream.h"
#include "cli/text.h"

/* A window that is full for less is one at work. */
enum { PATIENCE_MS = 500 };

/* ---- telling ---- */

static void
tell_opened(struct cli_stream *t)
{
	struct gw_connection_info i;
	char *peer;

	t->open = true;
	gw_connection_info(t->c, &i);
	peer = cli_text_escape(i.peer);
	cli_screen_detail(&t->s.report.screen,
	    "Connected to %s (%s), on %s, %s.", peer, i.address, i.carrier,
	    i.cipher);
	free(peer);
}

static void
tell_state(struct cli_stream *t, const struct gw_connection_event *ev)
{
	const double ms = (double)ev->state.usec / 1000;

	if (ms < 10000)
		cli_screen_detail(&t->s.report.screen, "%s -> %s  %.*f ms",
		    ev->state.from, ev->state.to, ms < 10 ? 1 : 0, ms);
	else
		cli_screen_detail(&t->s.report.screen, "%s -> %s  %.1f s",
		    ev->state.from, ev->state.to, ms / 1000);
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Once it has been so for a while; returns for how long poll may wait. */
static int
tell_blocked(struct cli_stream *t)
{
	uint64_t now;

	if (t->blocked_until == 0 || t->closed)
		return -1;
	if ((now = now_ms()) < t->blocked_until)
		return (int)(t->blocked_until - now);
	t->blocked_until = 0;
	cli_screen_detail(&t->s.report.screen,
	    "The other side's window is full: it does not read.");
	return -1;
}

/* Whoever watches a terminal and does not see that end. */
static void
tell_end(struct cli_stream *t)
{
	if (!t->in_over && isatty(STDIN_FILENO))
		cli_screen_info(&t->s.report.screen,
		    "The other side sends no more; Ctrl-D ends this one.");
}

static void
tell_sum(struct cli_stream *t)
{
	cli_screen_detail(&t->s.report.screen,
	    "%llu bytes sent, %llu received.", (unsigned long long)t->sent,
	    (unsigned long long)t->received);
}

/* What the other side's word means here. */
static void
take_end(struct cli_stream *t, const struct gw_connection_event *ev)
{
	char *why;

	t->closed = true;
	t->err = ev->err;
	if (ev->err == GW_OK || t->left)
		return;
	if (ev->by_peer && ev->err == GW_E_INTERRUPTED)
		t->err = GW_E_PEER_GONE;
	why = ev->by_peer && t->open && ev->text[0] != '\0'
		  ? cli_format("the other side ended it: %s", ev->text)
		  : cli_copy(ev->text);
	(void)cli_stream_fail(t, t->err, why);
	free(why);
}

static void
take_event(struct cli_stream *t, const struct gw_connection_event *ev)
{
	switch (ev->kind) {
	case GW_CONNECTION_STATE:
		tell_state(t, ev);
		if (strcmp(ev->state.to, "ESTABLISHED") == 0)
			tell_opened(t);
		break;
	case GW_CONNECTION_WRITABLE:
		t->no_room = false;
		t->blocked_until = 0;
		break;
	case GW_CONNECTION_BLOCKED:
		t->blocked_until = now_ms() + PATIENCE_MS;
		break;
	case GW_CONNECTION_RESET:
		t->out_over = true;
		break;
	case GW_CONNECTION_NOTICE:
		cli_report_warning(&t->s.report, ev->text);
		break;
	case GW_CONNECTION_CLOSED:
		take_end(t, ev);
		break;
	default:
		break;
	}
}

static void
take_events(struct cli_stream *t)
{
	struct gw_connection_event ev;

	while (gw_connection_next(t->c, &ev))
		take_event(t, &ev);
}

/* ---- moving ---- */

/* From the other side, as much as standard output has room for. */
static void
take_bytes(struct cli_stream *t)
{
	char piece[CLI_STREAM_PIECE];
	size_t n;

	while (!t->out_over && !cli_output_full(&t->out) &&
	       gw_stream_read(t->c, GW_STREAM_FIRST, piece, sizeof piece, &n) ==
		   GW_OK) {
		if (n == 0) {
			t->out_over = true;
			tell_end(t);
		}
		t->received += n;
		cli_output_add(&t->out, piece, n);
		cli_output_flush(&t->out);
	}
}

static void
give_bytes(struct cli_stream *t)
{
	size_t n;

	while (t->in_start < t->in_end && !t->no_room) {
		switch (gw_stream_write(t->c, GW_STREAM_FIRST,
		    t->in + t->in_start, t->in_end - t->in_start, &n)) {
		case GW_OK:
			t->in_start += n;
			t->sent += n;
			break;
		case GW_E_AGAIN:
			t->no_room = true;
			break;
		default: /* CLOSED says why */
			t->in_start = t->in_end;
			t->in_over = true;
			break;
		}
	}
	if (t->in_over && t->in_start == t->in_end && !t->shut)
		t->shut = gw_connection_shutdown(t->c) == GW_OK;
}

/* There is none; or it is a terminal whose foreground others have. */
static bool
has_no_input(int error)
{
	return error == EBADF || (error == EIO && isatty(STDIN_FILENO));
}

static void
read_input(struct cli_stream *t)
{
	ssize_t n = read(STDIN_FILENO, t->in, sizeof t->in);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0 && !has_no_input(errno))
		t->in_error = errno;
	t->in_start = 0;
	t->in_end = n > 0 ? (size_t)n : 0;
	t->in_over = n <= 0;
}

static bool
wants_input(const struct cli_stream *t)
{
	return t->c != NULL && !t->closed && !t->in_over &&
	       t->in_start == t->in_end;
}

/* The other side has ended: whoever reads our output shall see that.  The
 * descriptor stays taken, so that nothing else ever gets its number. */
static void
end_output(struct cli_stream *t)
{
	int ends[2];

	if (!t->out_over || t->out_ended || cli_output_waits(&t->out))
		return;
	t->out_ended = true;
	if (pipe(ends) != 0)
		return;
	dup2(ends[1], STDOUT_FILENO);
	close(ends[0]);
	close(ends[1]);
}

/* ---- waiting ---- */

static void
take_signals(struct cli_stream *t, bool standing)
{
	int n;

	while ((n = cli_signals_take(t->s.job.signal_fd)) != 0) {
		if (n == SIGWINCH)
			continue;
		t->stopped = true;
		t->status =
		    n != SIGINT && standing ? 0 : gw_err_exit(GW_E_INTERRUPTED);
	}
}

bool
cli_stream_wait(struct cli_stream *t, bool standing)
{
	struct pollfd p[] = {
		{ .fd = gw_fd(t->s.job.gw), .events = POLLIN },
		{ .fd = t->s.job.signal_fd, .events = POLLIN },
		{ .fd = wants_input(t) ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = cli_output_waits(&t->out) ? STDOUT_FILENO : -1,
		    .events = POLLOUT },
	};

	if (poll(p, sizeof p / sizeof *p, tell_blocked(t)) < 0 &&
	    errno != EINTR)
		return true;
	if (p[1].revents != 0)
		take_signals(t, standing);
	if (p[2].revents != 0)
		read_input(t);
	if (p[3].revents != 0)
		cli_output_flush(&t->out);
	if (p[0].revents != 0)
		gw_dispatch(t->s.job.gw);
	return !t->stopped;
}

/* What CLOSED says then is told already. */
static void
leave(struct cli_stream *t, enum gw_err err, const char *text)
{
	t->left = true;
	gw_connection_abort(t->c, err, text);
}

/* Nobody reads what comes, or what is to be sent cannot be read: that is no
 * good end. */
static bool
standard_failed(struct cli_stream *t)
{
	const bool out = t->out.error != 0;
	char *why;

	if ((!out && t->in_error == 0) || t->closed)
		return false;
	leave(t, GW_E_FAILED,
	    out ? "its standard output takes no more"
		: "its standard input cannot be read");
	why = cli_format("standard %s: %s", out ? "output" : "input",
	    strerror(out ? t->out.error : t->in_error));
	t->status = cli_stream_fail(t, GW_E_DISK, why);
	free(why);
	return true;
}

int
cli_stream_pump(struct cli_stream *t, bool standing)
{
	for (;;) {
		take_events(t);
		take_bytes(t);
		if (standard_failed(t))
			return t->status;
		give_bytes(t);
		if (!standing) /* else the next one needs it */
			end_output(t);
		if (t->closed)
			break;
		if (!cli_stream_wait(t, standing)) {
			leave(t, GW_E_INTERRUPTED, "it was interrupted");
			return t->status;
		}
	}
	/* What came before the end is worth having. */
	while (t->out.error == 0 && !t->stopped) {
		take_bytes(t);
		if (!cli_output_waits(&t->out))
			break;
		(void)cli_stream_wait(t, standing);
	}
	tell_sum(t);
	if (t->stopped)
		return t->status;
	if (t->out.error != 0 && t->err == GW_OK)
		return cli_stream_fail(t, GW_E_DISK, strerror(t->out.error));
	return gw_err_exit(t->err);
}

void
cli_stream_linger(struct cli_stream *t, bool standing)
{
	struct gw_connection_info i;

	gw_connection_info(t->c, &i);
	while (t->closed && t->err == GW_OK && !t->stopped &&
	       strcmp(i.state, "CLOSED") != 0) {
		(void)cli_stream_wait(t, standing);
		take_events(t);
		gw_connection_info(t->c, &i);
	}
	take_events(t);
	gw_connection_close(t->c);
	t->c = NULL;
}
