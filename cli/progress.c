#include "cli/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/size.h"
#include "cli/text.h"

enum {
	PART_TEXT = 160,
	BAR_LEAST = 10,
	BAR_MOST = 24,
	NAME_WANTED = 16, /* a bar or a count of files is worth less */
	NAME_LEAST = 8,   /* less of a name than this says nothing */
	GAP = 2
};

enum part_id {
	PART_PERCENT,
	PART_BAR,
	PART_BYTES,
	PART_RATE,
	PART_LEFT,
	PART_FILES,
	PART_LIMIT,
	PART_STALL,
	PART_NAME,
	PART_COUNT
};

/* What goes first when there is no room; the name gets what is left. */
static const enum part_id sacrifice[] = { PART_FILES, PART_BAR, PART_LIMIT,
	PART_LEFT, PART_RATE, PART_PERCENT, PART_STALL, PART_BYTES };

struct part {
	char text[PART_TEXT]; /* "" if there is nothing to say */
	const char *look;
	size_t columns;
};

static void
set(struct part *p, const char *look, const char *text)
{
	snprintf(p->text, sizeof p->text, "%s", text);
	p->look = look;
	p->columns = cli_text_columns(p->text);
}

static bool
total_known(const struct cli_progress *p)
{
	return p->bytes_total != 0 && p->bytes <= p->bytes_total;
}

/* 100 % is for what is confirmed, so the live line stops short of it. */
static unsigned
percent(const struct cli_progress *p)
{
	if (p->bytes == p->bytes_total)
		return 100;
	return (unsigned)((double)p->bytes / (double)p->bytes_total * 100);
}

/* ---- the parts ---- */

static void
set_percent(struct part *part, const struct cli_progress *p)
{
	char text[8];

	if (!total_known(p))
		return;
	snprintf(text, sizeof text, "%3u%%", percent(p));
	set(part, "", text);
}

/* Without the looks that tell its halves apart it is drawn in ASCII. */
static void
set_bar(
    struct part *part, const struct cli_progress *p, const struct cli_style *s)
{
	unsigned columns = s->columns / 6, done;
	char text[PART_TEXT] = "", *at = text;

	if (!total_known(p))
		return;
	if (columns < BAR_LEAST)
		columns = BAR_LEAST;
	if (columns > BAR_MOST)
		columns = BAR_MOST;
	done = (unsigned)((double)p->bytes / (double)p->bytes_total * columns);
	for (unsigned i = 0; i < columns; i++) {
		if (s->utf8)
			at = stpcpy(
			    at, i < done ? "\xe2\x94\x81" : "\xe2\x94\x80");
		else
			*at++ = i < done ? '=' : i == done ? '>' : '-';
	}
	set(part, cli_style_green(s), text);
}

static void
set_bytes(struct part *part, const struct cli_progress *p, bool brief)
{
	char done[CLI_SIZE_TEXT], total[CLI_SIZE_TEXT];
	char text[2 * CLI_SIZE_TEXT + 8];

	cli_size_text(done, p->bytes);
	if (!total_known(p) || brief)
		snprintf(text, sizeof text, "%7s", done);
	else
		snprintf(text, sizeof text, "%7s of %s", done,
		    cli_size_text(total, p->bytes_total));
	set(part, "", text);
}

static void
set_speed(struct part parts[PART_COUNT], const struct cli_progress *p,
    const struct cli_style *s)
{
	char rate[CLI_SIZE_TEXT], clock[CLI_SIZE_TEXT];
	char text[CLI_SIZE_TEXT + 8];

	snprintf(text, sizeof text, "%8s", cli_rate_text(rate, p->rate));
	set(&parts[PART_RATE], cli_style_bold(s), text);
	if (p->eta_ms < 0)
		return;
	snprintf(text, sizeof text, "%s left",
	    cli_clock_text(clock, (uint64_t)p->eta_ms));
	set(&parts[PART_LEFT], "", text);
}

static void
set_files(
    struct part *part, const struct cli_progress *p, const struct cli_style *s)
{
	char text[64];

	if (p->files_total <= 1)
		return;
	snprintf(text, sizeof text, "%llu/%llu files",
	    (unsigned long long)p->files, (unsigned long long)p->files_total);
	set(part, cli_style_dim(s), text);
}

static void
set_limit(
    struct part *part, const struct cli_progress *p, const struct cli_style *s)
{
	static const char *const names[] = { [GW_LIMIT_NONE] = "",
		[GW_LIMIT_NETWORK] = "limit: network",
		[GW_LIMIT_DISK_HERE] = "limit: disk here",
		[GW_LIMIT_DISK_THERE] = "limit: disk there",
		[GW_LIMIT_PEER] = "limit: other side",
		[GW_LIMIT_USER] = "waiting for you",
		[GW_LIMIT_RATE] = "limit: --limit-rate" };

	if ((size_t)p->limiter < sizeof names / sizeof *names)
		set(part, cli_style_dim(s), names[p->limiter]);
}

char *
cli_progress_stall(enum gw_limiter limiter, const char *peer)
{
	char *who = cli_text_sentence(
		 peer != NULL && *peer != '\0' ? peer : "the other side"),
	     *text;

	switch (limiter) {
	case GW_LIMIT_DISK_HERE:
		text = cli_copy("waiting for the disk here");
		break;
	case GW_LIMIT_DISK_THERE:
		text = cli_format("waiting for the disk of %s", who);
		break;
	case GW_LIMIT_PEER:
		text =
		    cli_format("%s is busy, or somebody is asked there", who);
		break;
	case GW_LIMIT_USER:
		text = cli_copy("waiting for your answer");
		break;
	case GW_LIMIT_RATE:
		text = cli_copy("held back by --limit-rate");
		break;
	default:
		text = cli_copy("the network brings nothing");
		break;
	}
	free(who);
	return text;
}

static void
set_stall(struct part *part, const struct cli_progress *p,
    const struct cli_style *s, bool brief)
{
	static const char *const names[] = { [GW_LIMIT_NONE] = "network",
		[GW_LIMIT_NETWORK] = "network",
		[GW_LIMIT_DISK_HERE] = "disk here",
		[GW_LIMIT_DISK_THERE] = "disk there",
		[GW_LIMIT_PEER] = "other side",
		[GW_LIMIT_USER] = "you",
		[GW_LIMIT_RATE] = "--limit-rate" };
	unsigned seconds = (unsigned)(p->stalled_ms / 1000);
	char *who = brief ? cli_copy(names[p->limiter])
			  : cli_progress_stall(p->limiter, p->peer);
	char *text = cli_format(
	    brief ? "stalled %u s: %s" : "nothing moves for %u s: %s", seconds,
	    who);

	set(part, cli_style_yellow(s), text);
	free(text);
	free(who);
}

/* ---- the line ---- */

static size_t
width(const struct part parts[PART_COUNT])
{
	size_t sum = 0;

	for (size_t i = 0; i < PART_COUNT; i++)
		if (parts[i].columns != 0)
			sum += parts[i].columns + (sum != 0 ? GAP : 0);
	return sum;
}

/* Of the name is shown what there is room for. */
static void
fit_name(struct part parts[PART_COUNT], const struct cli_progress *p,
    const struct cli_style *s)
{
	size_t used = width(parts), most = s->columns - 1;
	char *escaped, *cut;

	if (p->name == NULL || *p->name == '\0' ||
	    used + GAP + NAME_LEAST > most)
		return;
	escaped = cli_text_escape(p->name);
	most -= used + GAP;
	/* No wider than half of a wide terminal: the eye needs a place. */
	if (most > s->columns / 2)
		most = s->columns / 2;
	cut = cli_text_fit(escaped, most, s->utf8);
	set(&parts[PART_NAME], cli_style_dim(s), cut);
	free(cut);
	free(escaped);
}

static char *
join(const struct part parts[PART_COUNT], const struct cli_style *s)
{
	enum { LOOKS = 16 };
	char *line = cli_alloc(PART_COUNT, PART_TEXT + GAP + LOOKS);
	char *at = line;

	for (size_t i = 0; i < PART_COUNT; i++) {
		if (parts[i].columns == 0)
			continue;
		if (at > line)
			at = stpcpy(at, "  ");
		at = stpcpy(at, parts[i].look);
		at = stpcpy(at, parts[i].text);
		if (*parts[i].look != '\0')
			at = stpcpy(at, cli_style_plain(s));
	}
	return line;
}

/* Say the same in fewer columns, then say less. */
static void
squeeze(struct part parts[PART_COUNT], const struct cli_progress *p,
    const struct cli_style *s)
{
	size_t most = s->columns - 1, wanted = most;

	if (width(parts) > most && parts[PART_STALL].columns != 0)
		set_stall(&parts[PART_STALL], p, s, true);
	if (p->name != NULL && *p->name != '\0' && most > GAP + NAME_WANTED)
		wanted -= GAP + NAME_WANTED;
	for (size_t i = 0; i < sizeof sacrifice / sizeof *sacrifice; i++) {
		/* Beyond these two nothing makes room for a name. */
		if (sacrifice[i] == PART_LIMIT && width(parts) > most)
			set_bytes(&parts[PART_BYTES], p, true);
		if (sacrifice[i] == PART_LIMIT)
			wanted = most;
		if (width(parts) > wanted)
			parts[sacrifice[i]].columns = 0;
	}
}

char *
cli_progress_line(const struct cli_progress *p, const struct cli_style *s)
{
	struct part parts[PART_COUNT] = { 0 };

	set_percent(&parts[PART_PERCENT], p);
	set_bar(&parts[PART_BAR], p, s);
	set_bytes(&parts[PART_BYTES], p, false);
	set_files(&parts[PART_FILES], p, s);
	if (p->stalled_ms >= CLI_STALL_MS) {
		set_stall(&parts[PART_STALL], p, s, false);
	} else {
		set_speed(parts, p, s);
		set_limit(&parts[PART_LIMIT], p, s);
	}
	squeeze(parts, p, s);
	fit_name(parts, p, s);
	return join(parts, s);
}
