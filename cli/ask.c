#include "cli/ask.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/size.h"
#include "cli/text.h"

enum { NAMES_SHOWN = 12 };

/* ---- answers ---- */

static bool
parse_offer(const char *line, unsigned *answer)
{
	static const struct {
		const char *word;
		unsigned answer;
	} words[] = { { "", GW_ANSWER_NO }, { "n", GW_ANSWER_NO },
		{ "no", GW_ANSWER_NO }, { "y", GW_ANSWER_YES },
		{ "yes", GW_ANSWER_YES } };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(line, words[i].word) == 0) {
			*answer = words[i].answer;
			return true;
		}
	return false;
}

static bool
parse_conflict(const char *line, unsigned *answer)
{
	static const struct {
		char letter;
		unsigned answer;
	} letters[] = { { 'r', GW_ANSWER_RENAME }, { 's', GW_ANSWER_NO },
		{ 'o', GW_ANSWER_YES }, { 'n', GW_ANSWER_NEWER } };

	/* Enter alone: nothing that is here is lost. */
	if (*line == '\0') {
		*answer = GW_ANSWER_RENAME;
		return true;
	}
	if (line[1] != '\0')
		return false;
	for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
		if (tolower((unsigned char)*line) == letters[i].letter) {
			*answer = letters[i].answer;
			if (isupper((unsigned char)*line))
				*answer |= GW_ANSWER_ALL;
			return true;
		}
	return false;
}

bool
cli_ask_parse(enum cli_question question, const char *line, unsigned *answer)
{
	if (line == NULL) {
		*answer = question == CLI_ASK_OFFER
			      ? GW_ANSWER_NO
			      : (unsigned)GW_ANSWER_NO | GW_ANSWER_ALL;
		return true;
	}
	return question == CLI_ASK_OFFER ? parse_offer(line, answer)
					 : parse_conflict(line, answer);
}

/* ---- questions ---- */

/* What a glance at the directory would not show. */
static const char *
remark(const char *name)
{
	return *name == '.' ? "   (hidden)" : "";
}

static char *
offer_question(const struct cli_report *r, const struct gw_event *e)
{
	const struct cli_style *s = &r->screen.style;
	char *what, *dir, *peer, *text, *longer;
	size_t shown = e->offer.name_count;

	if (shown > NAMES_SHOWN)
		shown = NAMES_SHOWN - 1;
	peer = cli_text_escape(e->offer.peer != NULL ? e->offer.peer : "");
	what = cli_report_contents(e);
	text = cli_format("%s%s%s offers %s:\n", cli_style_bold(s),
	    *peer != '\0' ? peer : "The other side", cli_style_plain(s), what);
	free(what);
	free(peer);
	for (size_t i = 0; i < shown; i++) {
		char *whole = cli_text_escape(e->offer.names[i]);
		/* A long one must not push the others off the screen. */
		char *name = cli_text_fit(
		    whole, s->columns > 40 ? s->columns - 17 : 24, s->utf8);

		longer = cli_format("%s    %s%s%s%s\n", text, name,
		    cli_style_yellow(s), remark(e->offer.names[i]),
		    cli_style_plain(s));
		free(name);
		free(whole);
		free(text);
		text = longer;
	}
	dir = cli_text_escape(r->dir != NULL ? r->dir : ".");
	if (shown < e->offer.name_count)
		longer = cli_format(
		    "%s    and %zu more\n", text, e->offer.name_count - shown);
	else
		longer = cli_copy(text);
	free(text);
	text = r->to_stdout
		   ? cli_format("%sAccept to standard output? [y/N] ", longer)
		   : cli_format("%sAccept into %s? [y/N] ", longer,
			 strcmp(dir, ".") == 0 ? "this directory" : dir);
	free(longer);
	free(dir);
	return text;
}

/* "1.2 MB, 2026-11-23 17:30". */
static void
describe(
    char *out, size_t size, enum gw_kind kind, uint64_t bytes, int64_t mtime)
{
	char amount[CLI_SIZE_TEXT] = "", day[32] = "";
	time_t t = (time_t)mtime;
	struct tm tm;

	if (kind == GW_KIND_DIR) {
		snprintf(out, size, "a directory");
		return;
	}
	if (kind == GW_KIND_SYMLINK) {
		snprintf(out, size, "a link");
		return;
	}
	if (localtime_r(&t, &tm) != NULL)
		strftime(day, sizeof day, "%Y-%m-%d %H:%M", &tm);
	snprintf(out, size, "%s, %s", cli_size_text(amount, bytes), day);
}

static char *
conflict_question(const struct cli_report *r, const struct gw_event *e)
{
	char ours[80], theirs[80];
	char *name = cli_text_escape(e->conflict.name), *text;

	describe(ours, sizeof ours, e->conflict.ours, e->conflict.our_size,
	    e->conflict.our_mtime);
	describe(theirs, sizeof theirs, e->conflict.theirs,
	    e->conflict.their_size, e->conflict.their_mtime);
	text = cli_format("%s%s%s is here already.\n"
			  "    here     %s\n"
			  "    offered  %s\n"
			  "[r]ename, [s]kip, [o]verwrite, [n]ewer; a capital "
			  "for all that follow: ",
	    cli_style_bold(&r->screen.style), name,
	    cli_style_plain(&r->screen.style), ours, theirs);
	free(name);
	return text;
}

static const char conflict_help[] =
    "    r  keep both: what is offered gets another name\n"
    "    s  keep what is here, leave out what is offered\n"
    "    o  replace what is here\n"
    "    n  replace what is here if it is older\n";

/* The last line is what is repeated under messages that come in between. */
static void
put_question(struct cli_ask *a, struct cli_report *r, const char *text)
{
	const char *last = strrchr(text, '\n');
	size_t above = last != NULL ? (size_t)(last + 1 - text) : 0;

	cli_screen_clear(&r->screen);
	/* What was typed before the question is no answer to it. */
	tcflush(a->terminal.in, TCIFLUSH);
	dprintf(a->terminal.out, "%.*s", (int)above, text);
	cli_screen_ask(&r->screen, a->terminal.out, text + above);
}

void
cli_ask_open(struct cli_ask *a, struct cli_report *r, const struct gw_event *e,
    struct gw_job *job)
{
	bool offer = e->kind == GW_EVENT_OFFER;
	char *text;

	cli_ask_withdraw(a, r);
	if (!cli_terminal_can_ask(&a->terminal)) {
		(void)gw_job_answer(
		    job, offer ? GW_ANSWER_NO : GW_ANSWER_RENAME);
		return;
	}
	a->open = offer ? CLI_ASK_OFFER : CLI_ASK_CONFLICT;
	text = offer ? offer_question(r, e) : conflict_question(r, e);
	put_question(a, r, text);
	free(text);
}

void
cli_ask_input(struct cli_ask *a, struct cli_report *r, struct gw_job *job)
{
	char line[256];
	ssize_t n = read(a->terminal.in, line, sizeof line - 1);
	bool ended = n <= 0; /* an empty line still has its newline */
	unsigned answer;

	if (a->open == CLI_ASK_NOTHING)
		return;
	while (n > 0 && isspace((unsigned char)line[n - 1]))
		n--;
	line[n > 0 ? n : 0] = '\0';
	if (!cli_ask_parse(a->open, ended ? NULL : line, &answer)) {
		if (a->open == CLI_ASK_CONFLICT)
			dprintf(a->terminal.out, "%s", conflict_help);
		dprintf(a->terminal.out, "%s", r->screen.question);
		return;
	}
	a->open = CLI_ASK_NOTHING;
	cli_screen_ask_end(&r->screen);
	if (ended)
		dprintf(a->terminal.out, "\n");
	if (gw_job_answer(job, answer) != GW_OK)
		cli_report_warning(r, "The answer came too late.");
}

void
cli_ask_withdraw(struct cli_ask *a, struct cli_report *r)
{
	if (a->open == CLI_ASK_NOTHING)
		return;
	a->open = CLI_ASK_NOTHING;
	cli_screen_ask_end(&r->screen);
	dprintf(a->terminal.out, "\n");
}
