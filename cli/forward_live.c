/*
 * The live view of `godwit forward`: rules, flows, and what happened last,
 * drawn over itself.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/forward.h"
#include "cli/memory.h"
#include "cli/serve_show.h"
#include "cli/size.h"
#include "cli/text.h"

enum {
	LEAST_ROWS = 8,
	/* columns: of an address; of all else in the line of a flow */
	ENDS_MIN = 9,
	ENDS_MAX = 21,
	FIXED = 54
};

struct frame {
	struct cli_forward_live *l;
	struct cli_output *out;
	unsigned left; /* lines that still fit */
};

/* ---- lines ---- */

enum cut { MIDDLE, END }; /* of what is too long */

/* A line as it stands, that is not too long. */
static void
put(struct frame *f, const char *look, const char *line)
{
	cli_output_text(f->out, "%s%s%s\033[K\n", look, line,
	    cli_style_plain(&f->l->style));
	f->left--;
	f->l->lines++;
}

static void
draw(struct frame *f, const char *look, const char *text, enum cut how)
{
	const struct cli_style *s = &f->l->style;
	size_t room = s->columns > 1 ? s->columns - 1 : 1;
	char *safe, *cut;

	if (f->left == 0)
		return;
	safe = cli_text_sentence(text);
	cut = how == MIDDLE ? cli_text_fit(safe, room, s->utf8)
			    : cli_text_begin(safe, room);
	put(f, look, cut);
	free(cut);
	free(safe);
}

/* On as many lines as it takes: advice is of no use without its end. */
static void
draw_whole(struct frame *f, const char *look, const char *text)
{
	const struct cli_style *s = &f->l->style;
	size_t room = s->columns > 1 ? s->columns - 1 : 1;
	char *safe = cli_text_sentence(text), *at = safe;

	while (f->left > 0) {
		char *line = cli_text_begin(at, room);
		size_t n = strlen(line), space = n;

		while (at[n] != '\0' && space > 0 && at[space] != ' ')
			space--;
		if (space > 0 && space < n)
			line[n = space] = '\0';
		put(f, look, line);
		free(line);
		at += n;
		at += strspn(at, " ");
		if (*at == '\0' || n == 0)
			break;
	}
	free(safe);
}

/* Columns of an address, so that figures have room beside two of them. */
static unsigned
ends_width(const struct cli_style *s)
{
	unsigned room = s->columns > FIXED ? (s->columns - FIXED) / 2 : 0;

	return room < ENDS_MIN ? ENDS_MIN : room > ENDS_MAX ? ENDS_MAX : room;
}

/* What is wider is cut in its middle; what is narrower gets blanks. */
static char *
cell(const struct frame *f, const char *text)
{
	const struct cli_style *s = &f->l->style;
	unsigned width = ends_width(s);
	char *cut = cli_text_fit(text, width, s->utf8), *padded;

	padded = cli_format(
	    "%s%*s", cut, (int)(width + 1 - cli_text_columns(cut)), "");
	free(cut);
	return padded;
}

static void
draw_rule(struct frame *f, const struct gw_forward_rule *r)
{
	char in[CLI_SIZE_TEXT], out[CLI_SIZE_TEXT];
	char *drops = cli_forward_drops(r->drops), *text;

	cli_size_text(in, r->bytes_in);
	cli_size_text(out, r->bytes_out);
	text = cli_format("%3u  %s%s%s  flows %llu of %llu, in %s, out %s%s%s",
	    r->id, r->text, r->via != NULL ? ", with " : "",
	    r->via != NULL ? r->via : "", (unsigned long long)r->flows,
	    (unsigned long long)r->flows_total, in, out,
	    *drops != '\0' ? ", dropped: " : "", drops);
	draw(f, "", text, MIDDLE);
	free(text);
	if (*r->last_error != '\0') {
		text = cli_format("     %s", r->last_error);
		draw_whole(f, cli_style_yellow(&f->l->style), text);
		free(text);
	}
	free(drops);
}

static void
draw_flow(struct frame *f, const struct gw_forward_flow *w)
{
	char *client = cli_forward_end(&w->client);
	char *target = cli_forward_end(&w->target);
	char age[CLI_SIZE_TEXT], idle[CLI_SIZE_TEXT] = "-";
	char in[CLI_SIZE_TEXT], out[CLI_SIZE_TEXT], *ends[2], *text;

	ends[0] = cell(f, client);
	ends[1] = cell(f, target);
	cli_clock_text(age, w->age_ms);
	if (w->idle_left_ms != UINT64_MAX)
		cli_clock_text(idle, w->idle_left_ms);
	cli_size_text(in, w->bytes_in);
	cli_size_text(out, w->bytes_out);
	text = cli_format("%3u  %s%s%-10s%8s%8s%9s%9s  %s%s%s", w->rule,
	    ends[0], ends[1], w->state, age, idle, in, out,
	    w->one_way ? "one-way" : "",
	    w->one_way && *w->error != '\0' ? ", " : "", w->error);
	draw(f, w->one_way ? cli_style_dim(&f->l->style) : "", text, END);
	free(text);
	free(client);
	free(target);
	free(ends[0]);
	free(ends[1]);
}

/* ---- the picture ---- */

static void
draw_devices(struct frame *f, const struct gw_serve *s, unsigned keep)
{
	struct gw_serve_peer p;

	for (size_t n = 0; gw_serve_peer(s, n, &p); n++) {
		const char *look =
		    *p.address == '\0' ? cli_style_dim(&f->l->style) : "";
		char *text, *line;

		if (f->left <= keep) {
			draw(f, cli_style_dim(&f->l->style),
			    "     ... and more devices", END);
			return;
		}
		text = cli_serve_device(&p);
		line = cli_format("     %s", text);
		draw(f, look, line, END);
		free(line);
		free(text);
	}
}

static void
draw_rules(struct frame *f, const struct gw_forward *set, unsigned keep)
{
	struct gw_forward_rule r;

	for (size_t n = 0; gw_forward_rule(set, n, &r); n++) {
		if (f->left <= keep) {
			draw(f, cli_style_dim(&f->l->style),
			    "     ... and more rules", END);
			return;
		}
		draw_rule(f, &r);
	}
}

/* Returns how many found no room. */
static uint64_t
draw_flows(struct frame *f, const struct gw_forward *set, unsigned keep)
{
	struct gw_forward_rule r;
	struct gw_forward_flow w;
	uint64_t shown = 0;
	int width = (int)ends_width(&f->l->style);
	char *head = cli_format("     %-*s %-*s STATE          AGE ENDS IN"
				"       IN      OUT",
	    width, "CLIENT", width, "TARGET");

	draw(f, cli_style_bold(&f->l->style), head, END);
	free(head);
	for (size_t n = 0; gw_forward_rule(set, n, &r); n++) {
		const void *at = NULL;

		while (f->left > keep && gw_forward_flow(set, n, &at, &w)) {
			draw_flow(f, &w);
			shown++;
		}
	}
	return gw_forward_flows(set) - shown;
}

static void
sum_up(struct frame *f, const struct gw_forward *set, uint64_t now_ms)
{
	struct cli_forward_live *l = f->l;
	uint64_t in = 0, out = 0, passed = now_ms - l->at_ms;
	uint64_t flows = gw_forward_flows(set);
	char rate_in[CLI_SIZE_TEXT], rate_out[CLI_SIZE_TEXT], *text;
	struct gw_forward_rule r;
	size_t n;

	for (n = 0; gw_forward_rule(set, n, &r); n++) {
		in += r.bytes_in;
		out += r.bytes_out;
	}
	/* Rules that went in a reload take their figures with them. */
	if (passed == 0 || in < l->bytes_in || out < l->bytes_out) {
		l->bytes_in = in;
		l->bytes_out = out;
		passed = 1000;
	}
	cli_rate_text(rate_in, (in - l->bytes_in) * 1000 / passed);
	cli_rate_text(rate_out, (out - l->bytes_out) * 1000 / passed);
	text =
	    cli_format("%zu rule%s, %llu flow%s; %s in, %s out. Ctrl-C ends.",
		n, n == 1 ? "" : "s", (unsigned long long)flows,
		flows == 1 ? "" : "s", rate_in, rate_out);
	draw(f, cli_style_dim(&l->style), text, MIDDLE);
	free(text);
	l->bytes_in = in;
	l->bytes_out = out;
	l->at_ms = now_ms;
}

void
cli_forward_live_draw(struct cli_forward_live *l, const struct gw_forward *set,
    const struct gw_serve *serve, struct cli_output *out, uint64_t now_ms)
{
	/* The cursor rests on a line of its own. */
	unsigned rows =
	    l->style.rows > LEAST_ROWS ? l->style.rows - 1 : LEAST_ROWS;
	struct frame f = { .l = l, .out = out, .left = rows };
	uint64_t more;

	/* Who does not read gets the next picture. */
	if (cli_output_waits(out))
		return;
	if (l->lines > 0)
		cli_output_text(out, "\033[%uA\r", l->lines);
	l->lines = 0;
	sum_up(&f, set, now_ms);
	if (serve != NULL)
		draw_devices(&f, serve, rows / 4 * 3);
	draw_rules(&f, set, rows / 2);
	more = draw_flows(&f, set, CLI_FORWARD_LAST + 1);
	if (more > 0) {
		char *text = cli_format(
		    "     ... and %llu more", (unsigned long long)more);

		draw(&f, cli_style_dim(&l->style), text, END);
		free(text);
	}
	for (size_t i = 0; i < CLI_FORWARD_LAST; i++)
		if (l->last[i] != NULL)
			draw_whole(&f, cli_style_dim(&l->style), l->last[i]);
	cli_output_text(out, "\033[J");
	cli_output_flush(out);
}

void
cli_forward_live_note(struct cli_forward_live *l, char *line)
{
	free(l->last[0]);
	memmove(l->last, l->last + 1, sizeof l->last - sizeof l->last[0]);
	l->last[CLI_FORWARD_LAST - 1] = line;
}

void
cli_forward_live_resize(struct cli_forward_live *l)
{
	cli_style_resize(&l->style);
}

void
cli_forward_live_fini(struct cli_forward_live *l)
{
	for (size_t i = 0; i < CLI_FORWARD_LAST; i++)
		free(l->last[i]);
}
