/*
 * peers - godwit peers: who is there.
 */
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/peers_show.h"
#include "cli/sandbox.h"
#include "cli/say.h"
#include "cli/signals.h"

enum { WAIT_MS = 2000, REDRAW_MS = 1000 };

struct settings {
	struct cli_duration wait;
	bool json, watch;
};

#define FIELD(member) offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "watch", NULL, "go on, and show who comes and goes", cli_value_switch,
	    FIELD(watch), 0, 'w' },
	{ "wait", "TIME", "wait so long for answers (2 s)", cli_value_duration,
	    FIELD(wait), CLI_OPTION_CONFIG, 0 },
	{ "json", NULL, "print JSON, one object a line", cli_value_switch,
	    FIELD(json), CLI_OPTION_CONFIG, 0 },
	{ .help = NULL },
};

static int peers_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_peers_command = {
	.name = "peers",
	.summary = "show which devices wait in the networks here",
	.usage = "peers [OPTION...]",
	.about =
	    "Asks on every interface who waits, and lists their names, what "
	    "they wait for, and\nunder which addresses they are. A name is "
	    "what somebody says of himself; KNOWN AS\ntells which remembered "
	    "device it seems to be.\n",
	.examples = "  godwit peers\n"
		    "  godwit peers --watch\n"
		    "  godwit peers --json | jq -r .name\n",
	.options = options,
	.main = peers_main,
};

struct view {
	const struct settings *o;
	struct cli_session s;
	struct gw_peers *peers;
	struct cli_style out;
	bool live;      /* the table is drawn again and again */
	unsigned lines; /* of it, on the screen */
	bool ends;
	enum gw_err ended_by;
};

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
print(char *line)
{
	puts(line);
	free(line);
}

/* ---- what comes ---- */

static void
take_event(const struct view *v, const struct gw_peer_event *e)
{
	if (e->kind == GW_PEER_TROUBLE) {
		if (v->o->json)
			print(cli_peers_json_trouble(e->text));
		else
			cli_say_error("%s", e->text);
		return;
	}
	if (!v->o->watch || v->live)
		return; /* the table shows it */
	if (v->o->json)
		print(cli_peers_json(
		    e->kind == GW_PEER_THERE ? "there" : "gone", &e->peer));
	else
		print(cli_peers_change(e));
}

static void
take_signals(struct view *v)
{
	int n;

	while ((n = cli_signals_take(v->s.job.signal_fd)) != 0) {
		if (n == SIGWINCH) {
			cli_style_resize(&v->out);
			continue;
		}
		if (n == SIGALRM)
			continue;
		v->ends = true;
		if (n == SIGINT)
			v->ended_by = GW_E_INTERRUPTED;
	}
}

static void
wait_until(struct view *v, uint64_t end_ms)
{
	struct pollfd fds[] = { { .fd = gw_fd(v->s.job.gw), .events = POLLIN },
		{ .fd = v->s.job.signal_fd, .events = POLLIN } };
	struct gw_peer_event e;
	uint64_t now = 0;

	/* Once at least: what has come in time counts, however late we are. */
	while (!v->ends && now < end_ms) {
		now = now_ms();
		poll(fds, 2, now < end_ms ? (int)(end_ms - now) : 0);
		take_signals(v);
		gw_dispatch(v->s.job.gw);
		while (gw_peers_next(v->peers, &e))
			take_event(v, &e);
		/* Who reads may have gone. */
		if (fflush(stdout) != 0)
			v->ends = true;
	}
}

/* ---- what is shown ---- */

/* Over the table that is there. */
static void
draw(struct view *v)
{
	if (v->lines > 0)
		printf("\033[%uA\r", v->lines);
	v->lines = cli_peers_table(v->peers, &v->out,
	    v->out.rows > 4 ? v->out.rows - 1 : 3, "\033[K\n");
	fputs("\033[J", stdout);
	fflush(stdout);
}

static void
watch(struct view *v)
{
	while (!v->ends) {
		if (v->live)
			draw(v);
		wait_until(v, now_ms() + REDRAW_MS);
	}
	if (v->live)
		draw(v);
}

/* Once, at the end of the wait. */
static enum gw_err
show(struct view *v)
{
	const uint32_t wait = v->o->wait.given ? v->o->wait.ms : WAIT_MS;
	struct gw_peer p;

	wait_until(v, now_ms() + wait);
	if (v->ended_by != GW_OK)
		return v->ended_by;
	if (!gw_peers_at(v->peers, 0, &p)) {
		cli_peers_nobody(v->peers, wait);
		return GW_E_CONNECT;
	}
	if (!v->o->json)
		cli_peers_table(v->peers, &v->out, UINT32_MAX, "\n");
	for (size_t i = 0; v->o->json && gw_peers_at(v->peers, i, &p); i++)
		print(cli_peers_json(NULL, &p));
	return GW_OK;
}

/* ---- all of it ---- */

static enum gw_err
run(struct view *v)
{
	const struct cli_list nothing = { .count = 0 };
	enum gw_err err;

	err = cli_sandbox_enter(&v->s.report, &v->s.options, &nothing, NULL);
	if (err != GW_OK)
		return err;
	v->s.job.signal_fd = cli_signals_open();
	if ((err = gw_open(&v->s.options, &v->s.job.gw)) != GW_OK) {
		cli_say_error("%s", v->s.why);
		return err;
	}
	if ((err = gw_peers_open(v->s.job.gw, &v->peers)) != GW_OK) {
		cli_say_error("%s", gw_last_error(v->s.job.gw));
		return err;
	}
	if (!v->o->watch)
		return show(v);
	watch(v);
	return v->ended_by;
}

static int
peers_main(const struct cli_command *c, struct cli_start *start)
{
	struct settings o = { .json = false };
	struct view v = { .o = &o };
	enum gw_err err;
	int status;

	if (!cli_session_begin(&v.s, c, start, &o, &status))
		return status;
	v.s.report.screen.style = start->style;
	cli_style_detect_output(&v.out, &start->style);
	v.live = o.watch && !o.json && v.out.terminal;
	if (v.s.args.operand_count > 0)
		err = cli_usage_error(c, "it takes no arguments");
	else
		err = run(&v);
	gw_peers_free(v.peers);
	cli_session_end(&v.s);
	return gw_err_exit(err);
}
