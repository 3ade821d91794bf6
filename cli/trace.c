/*
 * trace - godwit trace FILE: what a session did, for people.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/say.h"
#include "cli/trace_html.h"
#include "cli/trace_ladder.h"
#include "cli/trace_summary.h"
#include "cli/trace_svg.h"

struct settings {
	bool all, svg, html;
	unsigned session;
	const char *output;
};

#define FIELD(member) offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "all", NULL, "a line for every packet: fold nothing",
	    cli_value_switch, FIELD(all), 0, 'a' },
	{ "session", "N",
	    "the N-th session of FILE [the one with the most events]",
	    cli_value_count, FIELD(session), 0, 0 },
	{ "svg", NULL,
	    "draw sequence, RTT, window and rate over time, as one SVG",
	    cli_value_switch, FIELD(svg), 0, 0 },
	{ "html", NULL, "the same and the ladder, as one page of HTML",
	    cli_value_switch, FIELD(html), 0, 0 },
	{ "output", "FILE", "write to FILE [standard output]", cli_value_text,
	    FIELD(output), 0, 'o' },
	{ .help = NULL },
};

static int trace_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_trace_command = {
	.name = "trace",
	.summary = "draw what a connection did, from the file of --trace",
	.usage =
	    "trace [--all] [--session N] FILE\n"
	    "       godwit trace --svg | --html [--session N] [-o OUT] FILE",
	.about =
	    "FILE is what `godwit send --trace FILE` or `godwit recv --trace "
	    "FILE` wrote.\nDraws the ladder of the session: handshake, "
	    "segments, losses and their\nrepairs, full windows, and the close, "
	    "with the states of RFC 9293; or, as a\npicture, sequence, RTT, "
	    "window and rate over time.\n",
	.examples = "  godwit send photos/ --trace t.jsonl\n"
		    "  godwit trace t.jsonl\n"
		    "  godwit trace --html -o t.html t.jsonl\n",
	.options = options,
	.main = trace_main,
};

struct work {
	const struct settings *o;
	const char *path;
	const struct cli_style *style;
	FILE *in, *out;
};

static int
cannot(const char *path, const char *why, enum gw_err err)
{
	cli_say_error("%s: %s", path, why);
	return gw_err_exit(err);
}

static int
open_output(struct work *w)
{
	struct stat in, out;
	const int fd =
	    open(w->o->output, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);

	if (fd < 0)
		return cannot(w->o->output, strerror(errno), GW_E_DISK);
	if (fstat(fileno(w->in), &in) != 0 || fstat(fd, &out) != 0 ||
	    (in.st_dev == out.st_dev && in.st_ino == out.st_ino)) {
		close(fd);
		return cannot(w->o->output,
		    "that is the trace itself: choose "
		    "another name",
		    GW_E_USAGE);
	}
	if ((S_ISREG(out.st_mode) && ftruncate(fd, 0) != 0) ||
	    (w->out = fdopen(fd, "w")) == NULL) {
		close(fd);
		return cannot(w->o->output, strerror(errno), GW_E_DISK);
	}
	return 0;
}

static bool
draw(struct work *w, struct cli_trace_study *s, struct cli_trace_reader *r)
{
	const struct cli_trace_ladder_options ladder = { .style = w->style,
		.all = w->o->all };

	if (w->o->svg)
		return cli_trace_svg_page(s, r, w->out);
	if (w->o->html)
		return cli_trace_html(s, r, w->out);
	cli_trace_summary(s, w->style, w->out);
	if (!cli_trace_ladder(s, r, &ladder, w->out))
		return false;
	cli_trace_summary_end(s, w->style, w->out);
	return true;
}

static int
draw_chosen(
    struct work *w, struct cli_trace_study *s, struct cli_trace_reader *r)
{
	int status = 0;

	if (!cli_trace_study(s, r))
		return cannot(w->path, r->wrong, GW_E_FAILED);
	if (s->count == 0)
		return cannot(w->path,
		    "no session is in it: nothing was "
		    "connected",
		    GW_E_FAILED);
	if (!cli_trace_study_choose(s, w->o->session)) {
		char why[80];

		snprintf(why, sizeof why, "it has %u session%s, and no %u.",
		    s->count, s->count == 1 ? "" : "s", w->o->session);
		return cannot(w->path, why, GW_E_USAGE);
	}
	if (w->o->output != NULL && (status = open_output(w)) != 0)
		return status;
	if (!draw(w, s, r))
		status = cannot(w->path, r->wrong, GW_E_FAILED);
	if (w->out != stdout && fclose(w->out) != 0)
		status = cannot(w->o->output, strerror(errno), GW_E_DISK);
	return status;
}

static int
work(struct work *w)
{
	struct cli_trace_reader r;
	struct cli_trace_study s = { .count = 0 };
	struct stat st;
	int status;
	/* Not to wait for whoever writes a FIFO: those are refused. */
	const int fd =
	    open(w->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return cannot(w->path, strerror(errno), GW_E_NO_PATH);
	if ((w->in = fdopen(fd, "r")) == NULL) {
		close(fd);
		return cannot(w->path, strerror(errno), GW_E_MEMORY);
	}
	if (fstat(fileno(w->in), &st) != 0 || !S_ISREG(st.st_mode)) {
		fclose(w->in);
		return cannot(w->path,
		    "this is no file (it is read more than "
		    "once)",
		    GW_E_USAGE);
	}
	cli_trace_reader_init(&r, w->in);
	status = draw_chosen(w, &s, &r);
	cli_trace_study_fini(&s);
	cli_trace_reader_fini(&r);
	fclose(w->in);
	return status;
}

static const char *
contradiction(const struct cli_session *s, const struct settings *o)
{
	if (s->args.operand_count != 1)
		return s->args.operand_count == 0
			   ? "which FILE? `godwit send --trace FILE` writes one"
			   : "one FILE at a time";
	if (o->svg && o->html)
		return "--svg and --html: one of them";
	if (o->all && (o->svg || o->html))
		return "--all is for the ladder alone";
	if (o->output != NULL && !o->svg && !o->html)
		return "--output belongs to --svg and --html";
	return NULL;
}

static int
trace_main(const struct cli_command *c, struct cli_start *start)
{
	struct settings o = { .all = false };
	struct work w = { .o = &o, .out = stdout };
	struct cli_style style;
	struct cli_session s;
	const char *wrong;
	int status;

	if (!cli_session_begin(&s, c, start, &o, &status))
		return status;
	cli_style_detect_output(&style, &start->style);
	w.style = &style;
	if ((wrong = contradiction(&s, &o)) != NULL) {
		status = gw_err_exit(cli_usage_error(c, "%s", wrong));
	} else {
		w.path = s.args.operands[0];
		status = work(&w);
	}
	cli_session_end(&s);
	return status;
}
