/*
 * godwit forward while it runs: signals, what is told, when.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/forward.h"
#include "cli/json.h"
#include "cli/memory.h"
#include "cli/serve_show.h"
#include "cli/signals.h"
#include "cli/text.h"

enum { REDRAW_MS = 500 };

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- saying ---- */

void
cli_forward_print(struct cli_forward *w, char *line)
{
	if (cli_output_full(&w->out))
		w->unsaid++;
	else
		cli_output_text(&w->out, "%s\n", line);
	free(line);
}

/* The same for people, with the time before it. */
static void
print_text(struct cli_forward *w, char *line)
{
	char *safe = cli_text_sentence(line), when[16] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm) != NULL)
		strftime(when, sizeof when, "%H:%M:%S", &tm);
	free(line);
	cli_forward_print(w, cli_format("%s %s", when, safe));
	free(safe);
}

int
cli_forward_fail(struct cli_forward *w, enum gw_err err, const char *reason)
{
	char *text = cli_text_sentence(
	    reason != NULL && *reason != '\0' ? reason : gw_err_text(err));

	if (w->o->json)
		cli_forward_print(w, cli_json_error(err, reason));
	cli_output_flush(&w->out);
	cli_screen_error(&w->s.report.screen, "%s", text);
	free(text);
	return gw_err_exit(err);
}

void
cli_forward_tell_rules(struct cli_forward *w)
{
	struct gw_forward_rule r;

	for (size_t n = 0; gw_forward_rule(w->f, n, &r); n++) {
		char *text;

		if (w->o->json) {
			cli_forward_print(
			    w, cli_forward_json_rule("listening", &r));
			continue;
		}
		text = cli_text_sentence(r.text);
		cli_screen_info(&w->s.report.screen, "Rule %u: %s (port %u)",
		    r.id, text, (unsigned)r.port);
		free(text);
	}
}

static void
tell_event(struct cli_forward *w, const struct gw_forward_event *e)
{
	if (e->kind == GW_FORWARD_USELESS)
		w->useless = e->err;
	if (w->o->json && e->kind != GW_FORWARD_USELESS) {
		cli_forward_print(w, cli_forward_json_event(e));
		return;
	}
	if (e->lost != 0)
		w->unsaid += e->lost;
	if (e->kind == GW_FORWARD_OPENED && !w->o->verbose)
		return;
	if (e->kind == GW_FORWARD_USELESS) {
		cli_forward_fail(w, e->err, e->text);
		return;
	}
	if (w->is_live) {
		cli_forward_live_note(&w->live, cli_forward_note(e));
		return;
	}
	if (e->kind == GW_FORWARD_WARNING) {
		char *told = cli_forward_told(e);
		char *text = cli_text_sentence(told);

		cli_output_flush(&w->out);
		cli_screen_warning(&w->s.report.screen, "%s", text);
		free(text);
		free(told);
	} else if (e->kind == GW_FORWARD_PEER) {
		char *text = cli_text_sentence(e->text);

		cli_output_flush(&w->out);
		cli_screen_info(&w->s.report.screen, "%s", text);
		free(text);
	} else if (!w->o->quiet) {
		print_text(w, cli_forward_line(e));
	}
}

/* Who is connected, of a serve. */
static void
tell_devices(struct cli_forward *w)
{
	if (w->serve != NULL && w->o->json)
		cli_forward_print(w, cli_serve_json(w->serve));
}

static void
tell_figures(struct cli_forward *w)
{
	struct gw_forward_rule r;
	struct gw_forward_flow flow;

	tell_devices(w);
	for (size_t n = 0; gw_forward_rule(w->f, n, &r); n++) {
		const void *at = NULL;

		cli_forward_print(w, cli_forward_json_rule("rule", &r));
		while (gw_forward_flow(w->f, n, &at, &flow))
			cli_forward_print(w, cli_forward_json_flow(&flow));
	}
}

struct gw_forward_options
cli_forward_options(const struct cli_forward *w)
{
	struct gw_forward_options o = GW_FORWARD_OPTIONS_INIT;

	o.rules = w->o->rules.all;
	o.rule_count = w->o->rules.count;
	o.to = w->o->rules.to;
	if (!w->o->via.given)
		return o;
	o.via = w->o->via.device;
	o.via_host = w->o->via.host[0] != '\0' ? w->o->via.host : NULL;
	o.via_port = w->o->via.port;
	o.reverse = w->o->reverse;
	o.carriers = w->o->carrier;
	return o;
}

/* ---- running ---- */

/* The picture stays as it is: what is told in it has a line in it. */
static void
tell(struct cli_forward *w, enum gw_err err, const char *reason)
{
	if (w->is_live)
		cli_forward_live_note(
		    &w->live, cli_format("godwit: %s", reason));
	else
		cli_forward_fail(w, err, reason);
}

static void
reload(struct cli_forward *w)
{
	struct gw_forward_options o;
	char *why = NULL;
	enum gw_err err;

	if (!cli_forward_rules_load(&w->o->rules, &why)) {
		tell(w, GW_E_USAGE, why);
		free(why);
		return;
	}
	o = cli_forward_options(w);
	err = gw_forward_reload(w->f, &o);
	if (err != GW_OK)
		tell(w, err, gw_last_error(w->gw));
	if (!w->is_live)
		cli_forward_tell_rules(w);
	else if (err == GW_OK)
		cli_forward_live_note(&w->live,
		    cli_format("%s was read again.", w->o->rules.file));
}

static void
tell_drain(struct cli_forward *w)
{
	char *text = cli_format("No new flows; %llu go on.",
	    (unsigned long long)gw_forward_flows(w->f));

	if (w->is_live) {
		cli_forward_live_note(&w->live, text);
		return;
	}
	cli_screen_info(&w->s.report.screen, "%s", text);
	free(text);
}

/* The first tells it to end, the second at once. */
static void
end(struct cli_forward *w, int signal)
{
	w->interrupted |= signal == SIGINT;
	if (w->ending || !w->o->drain.given) {
		w->ends_at = 0;
	} else {
		w->ends_at = now_ms() + w->o->drain.ms;
		gw_forward_drain(w->f);
		tell_drain(w);
	}
	w->ending = true;
}

static void
take_signals(struct cli_forward *w)
{
	int n;

	while ((n = cli_signals_take(w->s.job.signal_fd)) != 0) {
		if (n == SIGWINCH)
			cli_forward_live_resize(&w->live);
		else if (n == SIGHUP && w->o->rules.file != NULL)
			reload(w);
		else if (n != SIGALRM)
			end(w, n);
	}
}

static void
take_events(struct cli_forward *w)
{
	struct gw_forward_event e;
	bool peers = false;

	while (gw_forward_next(w->f, &e)) {
		tell_event(w, &e);
		peers |= e.kind == GW_FORWARD_PEER;
	}
	if (peers)
		tell_devices(w);
}

static void
do_what_is_due(struct cli_forward *w)
{
	uint64_t now = now_ms();

	if (w->draws_at <= now) {
		cli_forward_live_draw(&w->live, w->f, w->serve, &w->out, now);
		w->draws_at = now + REDRAW_MS;
	}
	if (w->tells_at <= now) {
		tell_figures(w);
		w->tells_at = now + w->o->every.ms;
	}
	if (w->unsaid != 0 && !cli_output_full(&w->out)) {
		char *text = cli_format("%llu lines found no reader",
		    (unsigned long long)w->unsaid);

		w->unsaid = 0;
		if (w->o->json)
			cli_forward_print(w, cli_json_notice(text));
		else if (!w->is_live)
			print_text(w, cli_copy(text));
		free(text);
	}
	cli_output_flush(&w->out);
}

static int
patience(const struct cli_forward *w)
{
	uint64_t at = w->ends_at, now = now_ms();

	if (w->draws_at < at)
		at = w->draws_at;
	if (w->tells_at < at)
		at = w->tells_at;
	if (at <= now)
		return 0;
	return at - now < INT32_MAX ? (int)(at - now) : -1;
}

static bool
is_over(const struct cli_forward *w)
{
	if (w->out.error != 0 || w->useless != GW_OK)
		return true;
	return w->ending &&
	       (w->ends_at <= now_ms() || gw_forward_flows(w->f) == 0);
}

void
cli_forward_run(struct cli_forward *w)
{
	struct pollfd p[3] = { { .fd = gw_fd(w->gw), .events = POLLIN },
		{ .fd = w->s.job.signal_fd, .events = POLLIN },
		{ .events = POLLOUT } };

	w->ends_at = w->draws_at = w->tells_at = UINT64_MAX;
	if (w->is_live)
		w->draws_at = 0;
	if (w->o->every.given && w->o->json)
		w->tells_at = now_ms() + w->o->every.ms;
	while (!is_over(w)) {
		do_what_is_due(w);
		p[2].fd = cli_output_waits(&w->out) ? STDOUT_FILENO : -1;
		if (poll(p, 3, patience(w)) <= 0)
			continue;
		if (p[1].revents != 0)
			take_signals(w);
		if (p[0].revents != 0)
			gw_dispatch(w->gw);
		take_events(w);
	}
	take_events(w);
}
