#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/say.h"
#include "cli/signals.h"
#include "cli/sockets.h"
#include "cli/sockets_explain.h"
#include "cli/sockets_json.h"
#include "cli/sockets_live.h"
#include "cli/sockets_row.h"
#include "diag/socket_watch.h"

/* How long what is gone stays in the table. */
#define GONE_STAYS (5 * GW_SEC)
/* Between two drawings, if nothing changes but the time. */
#define REDRAW (500 * GW_MSEC)
#define REDRAW_LEAST (100 * GW_MSEC)

struct watching {
	struct cli_sockets *c;
	struct gw_socket_watch *watch;
	struct cli_sockets_live live;
	bool is_live;
	bool begun; /* what was there at the beginning has been told */
	bool news;  /* since it was drawn */
	gw_usec drawn_at;
	uint64_t lost; /* changes, as far as that has been told */
	int signal_fd;
	enum gw_err ended_by; /* GW_OK: it goes on */
	bool ends;
};

/* ---- a line a change ---- */

/* What to add to the watch's times to have microseconds since 1970. */
static uint64_t
wall_offset(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * GW_SEC + (uint64_t)t.tv_nsec / 1000 -
	       gw_socket_watch_now();
}

static void
print_time(gw_usec wall)
{
	time_t seconds = (time_t)(wall / GW_SEC);
	char text[16];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof text, "%H:%M:%S", &tm);
	printf("%s.%03u  ", text, (unsigned)(wall % GW_SEC / 1000));
}

static void
print_change(
    const struct watching *w, const struct gw_history_entry *e, unsigned step)
{
	static const enum cli_sockets_column cells[] = { CLI_COLUMN_PROTO,
		CLI_COLUMN_LOCAL, CLI_COLUMN_REMOTE, CLI_COLUMN_PROCESS };
	char text[CLI_SOCKETS_TEXT];

	print_time(e->steps[step].since + wall_offset());
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		if (cells[i] == CLI_COLUMN_PROCESS && !w->c->o.processes)
			continue;
		cli_sockets_cell(text, cells[i], &e->socket, w->c->names);
		printf("%s  ", *text != '\0' ? text : "-");
	}
	cli_sockets_path(text, e, step, 0);
	puts(text);
	if (w->c->o.explain) {
		char *sentences = cli_sockets_sentences(e->steps[step].state,
		    e->socket.protocol == GW_SOCKET_SESSION, 4,
		    cli_sockets_width(w->c));

		puts(sentences);
		free(sentences);
	}
}

static void
print_json(
    const struct watching *w, const struct gw_history_entry *e, unsigned step)
{
	struct cli_sockets_json_options j = { .names = w->c->names,
		.processes = w->c->o.processes };
	char *line = cli_sockets_json_change(e, step, wall_offset(), &j);

	puts(line);
	free(line);
	if (w->c->o.explain) {
		line = cli_sockets_json_meaning(e->steps[step].state);
		puts(line);
		free(line);
	}
}

/* How things stood at the beginning. */
static void
print_first(const struct watching *w)
{
	struct cli_sockets_json_options j = { .names = w->c->names,
		.processes = w->c->o.processes };
	const struct gw_history_entry *e = NULL;

	while ((e = gw_socket_watch_next(w->watch, e)) != NULL) {
		char *line;

		/* Only that is no change. */
		if (e->old == 0)
			continue;
		if (!w->c->o.json) {
			print_change(w, e, e->old - 1);
			continue;
		}
		line = cli_sockets_json(&e->socket, &j);
		puts(line);
		free(line);
	}
}

/* ---- one round ---- */

static void
want_names(const struct watching *w)
{
	const struct gw_history_entry *e = NULL;

	while ((e = gw_socket_watch_next(w->watch, e)) != NULL) {
		const struct gw_socket *s = &e->socket;
		enum gw_err err = GW_OK;

		if (!gw_socket_end_is_any(&s->local))
			err = gw_names_want(
			    w->c->names, s->local.address, s->device);
		if (err == GW_OK && !gw_socket_end_is_any(&s->remote))
			err = gw_names_want(
			    w->c->names, s->remote.address, s->device);
		if (err != GW_OK)
			return;
	}
}

static void
tell_changes(struct watching *w)
{
	struct gw_history_change change;

	while (gw_socket_watch_change(w->watch, &change)) {
		w->news = true;
		w->live.explains = w->c->o.explain;
		w->live.latest = change.entry->steps[change.step].state;
		w->live.of_session =
		    change.entry->socket.protocol == GW_SOCKET_SESSION;
		if (w->is_live)
			continue;
		if (w->c->o.json)
			print_json(w, change.entry, change.step);
		else
			print_change(w, change.entry, change.step);
	}
}

static void
tell_lost(struct watching *w)
{
	uint64_t lost = gw_socket_watch_lost(w->watch);

	if (lost == w->lost || w->is_live)
		return;
	fprintf(stderr, "godwit: %llu changes came too fast to be told\n",
	    (unsigned long long)(lost - w->lost));
	w->lost = lost;
}

static void
draw(struct watching *w)
{
	gw_usec now = gw_socket_watch_now(),
		least = w->news ? REDRAW_LEAST : REDRAW;

	if (!w->is_live || now < w->drawn_at + least)
		return;
	w->drawn_at = now;
	w->news = false;
	cli_sockets_live_draw(&w->live, w->watch);
}

static enum gw_err
run(struct watching *w)
{
	struct gw_why why;
	enum gw_err err = gw_socket_watch_run(w->watch, &why);
	gw_usec now = gw_socket_watch_now();

	if (err != GW_OK) {
		cli_say_error("%s", why.text);
		return err;
	}
	if (w->c->names != NULL) {
		want_names(w);
		w->news = gw_names_run(w->c->names, 0) || w->news;
	}
	if (!w->begun && !w->is_live)
		print_first(w);
	w->begun = true;
	tell_changes(w);
	tell_lost(w);
	w->c->listed =
	    w->c->listed || gw_socket_watch_next(w->watch, NULL) != NULL;
	draw(w);
	gw_socket_watch_forget(
	    w->watch, now > GONE_STAYS ? now - GONE_STAYS : 0);
	if (!w->is_live && fflush(stdout) != 0)
		w->ends = true;
	return GW_OK;
}

static void
take_signals(struct watching *w)
{
	int number;

	while ((number = cli_signals_take(w->signal_fd)) != 0) {
		if (number == SIGWINCH && w->is_live)
			cli_sockets_live_resize(&w->live);
		if (number == SIGWINCH || number == SIGALRM)
			continue;
		w->ends = true;
		if (number == SIGINT)
			w->ended_by = GW_E_INTERRUPTED;
	}
}

static enum gw_err
loop(struct watching *w)
{
	struct pollfd fds[] = { { .fd = gw_socket_watch_fd(w->watch),
				    .events = POLLIN },
		{ .fd = w->signal_fd, .events = POLLIN } };
	enum gw_err err = GW_OK;

	while (err == GW_OK && !w->ends) {
		err = run(w);
		if (err == GW_OK && !w->ends)
			(void)poll(
			    fds, 2, gw_socket_watch_timeout_ms(w->watch));
		take_signals(w);
	}
	return err != GW_OK ? err : w->ended_by;
}

/* ---- all of it ---- */

static void
say_how(struct watching *w)
{
	const char *why_not;
	bool all = gw_socket_watch_hears_all(w->watch, &why_not);

	w->live.how = all ? "every change of state is seen"
			  : "states of 200 ms and more are seen";
	if (!w->c->o.verbose)
		return;
	if (all)
		fprintf(stderr, "Changes: each one, from the tracepoint "
				"inet_sock_set_state.\n");
	else
		fprintf(stderr,
		    "Changes: from a list every %u ms and the ends of "
		    "sockets, so states of 200 ms and more are seen (not each "
		    "one: %s).\n",
		    (unsigned)(gw_socket_watch_interval(w->watch) / GW_MSEC),
		    why_not);
}

enum gw_err
cli_sockets_watch(struct cli_sockets *c)
{
	struct watching w = { .c = c,
		.live = { .c = c },
		.is_live = c->style.terminal && !c->o.json };
	struct gw_socket_watch_options o = { .filter = &c->filter,
		.owners = c->o.processes ||
			  gw_socket_filter_wants_owner(&c->filter) };
	struct gw_why why;
	enum gw_err err = gw_socket_watch_new(&o, &w.watch, &why);

	if (err != GW_OK) {
		cli_say_error("%s", why.text);
		return err;
	}
	w.signal_fd = cli_signals_open();
	/* Whoever reads may stop: then there is nothing left to do. */
	signal(SIGPIPE, SIG_DFL);
	say_how(&w);
	err = loop(&w);
	if (w.is_live && w.begun) {
		w.drawn_at = 0;
		draw(&w);
	}
	cli_sockets_live_fini(&w.live);
	gw_socket_watch_free(w.watch);
	if (w.signal_fd != -1)
		close(w.signal_fd);
	return err;
}
