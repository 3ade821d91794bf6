#include "cli/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/text.h"

enum { REDRAW_MS = 100 };

static long long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The cursor rests at the start of the line, also after the terminal became
 * narrower and broke it into several rows. */
static void
erase(struct cli_screen *s)
{
	if (s->line_shown)
		fputs("\r\033[J", stderr);
	s->line_shown = false;
}

static void
speak(struct cli_screen *s, const char *before, const char *format, va_list ap)
{
	erase(s);
	if (s->question != NULL)
		fputs("\n", stderr);
	fputs(before, stderr);
	vfprintf(stderr, format, ap);
	fputs("\n", stderr);
	if (s->question != NULL)
		fputs(s->question, stderr);
	fflush(stderr);
}

void
cli_screen_error(struct cli_screen *s, const char *format, ...)
{
	va_list ap;
	char before[64];

	if (s->silent)
		return;
	snprintf(before, sizeof before, "%sgodwit:%s ",
	    cli_style_red(&s->style), cli_style_plain(&s->style));
	va_start(ap, format);
	speak(s, before, format, ap);
	va_end(ap);
}

void
cli_screen_warning(struct cli_screen *s, const char *format, ...)
{
	va_list ap;
	char before[64];

	if (s->silent || s->quiet)
		return;
	snprintf(before, sizeof before, "%sgodwit:%s ",
	    cli_style_yellow(&s->style), cli_style_plain(&s->style));
	va_start(ap, format);
	speak(s, before, format, ap);
	va_end(ap);
}

void
cli_screen_info(struct cli_screen *s, const char *format, ...)
{
	va_list ap;

	if (s->silent || s->quiet)
		return;
	va_start(ap, format);
	speak(s, "", format, ap);
	va_end(ap);
}

void
cli_screen_detail(struct cli_screen *s, const char *format, ...)
{
	va_list ap;

	if (s->silent || !s->verbose)
		return;
	va_start(ap, format);
	speak(s, "", format, ap);
	va_end(ap);
}

void
cli_screen_progress(struct cli_screen *s, const struct cli_progress *p)
{
	long long now = now_ms();
	pid_t foreground;
	char *line;

	if (!s->live || s->question != NULL)
		return;
	if (s->line_shown && now - s->shown_ms < REDRAW_MS)
		return;
	/* Another process owns the terminal: do not write into its work. */
	foreground = tcgetpgrp(STDERR_FILENO);
	if (foreground != -1 && foreground != getpgrp())
		return;
	line = cli_progress_line(p, &s->style);
	/* The cursor rests at the start: what the terminal echoes, ^C, goes
	 * over the line and not behind it onto the next row. */
	fprintf(stderr, "\r%s\033[K\r", line);
	fflush(stderr);
	s->line_shown = true;
	s->shown_ms = now;
	free(line);
}

void
cli_screen_clear(struct cli_screen *s)
{
	erase(s);
	fflush(stderr);
}

void
cli_screen_resize(struct cli_screen *s)
{
	cli_style_resize(&s->style);
	erase(s);
	fflush(stderr);
}

void
cli_screen_ask(struct cli_screen *s, int fd, const char *question)
{
	cli_screen_clear(s);
	free(s->question);
	s->question = cli_copy(question);
	dprintf(fd, "%s", question);
}

void
cli_screen_ask_end(struct cli_screen *s)
{
	free(s->question);
	s->question = NULL;
}

void
cli_screen_fini(struct cli_screen *s)
{
	erase(s);
	fflush(stderr);
	cli_screen_ask_end(s);
}
