#include "cli/style.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	COLUMNS_DEFAULT = 80,
	COLUMNS_MOST = 400,
	ROWS_DEFAULT = 24,
	ROWS_LEAST = 4
};

static void
look(struct cli_style *s, int fd)
{
	const char *term = getenv("TERM"), *plain = getenv("NO_COLOR");

	s->fd = fd;
	s->terminal = isatty(fd) && term != NULL && *term != '\0' &&
		      strcmp(term, "dumb") != 0;
	s->colour = s->terminal && (plain == NULL || *plain == '\0');
	cli_style_resize(s);
}

void
cli_style_detect(struct cli_style *s)
{
	setlocale(LC_CTYPE, "");
	s->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	look(s, STDERR_FILENO);
}

void
cli_style_detect_output(struct cli_style *s, const struct cli_style *of_errors)
{
	s->utf8 = of_errors->utf8;
	look(s, STDOUT_FILENO);
}

void
cli_style_resize(struct cli_style *s)
{
	struct winsize w = { .ws_col = 0 };

	s->columns = COLUMNS_DEFAULT;
	s->rows = ROWS_DEFAULT;
	if (ioctl(s->fd, TIOCGWINSZ, &w) == 0 && w.ws_col != 0)
		s->columns = w.ws_col;
	if (w.ws_row != 0)
		s->rows = w.ws_row;
	if (s->columns > COLUMNS_MOST)
		s->columns = COLUMNS_MOST;
	if (s->rows < ROWS_LEAST)
		s->rows = ROWS_LEAST;
}

const char *
cli_style_bold(const struct cli_style *s)
{
	return s->colour ? "\033[1m" : "";
}

const char *
cli_style_dim(const struct cli_style *s)
{
	return s->colour ? "\033[2m" : "";
}

const char *
cli_style_red(const struct cli_style *s)
{
	return s->colour ? "\033[1;31m" : "";
}

const char *
cli_style_yellow(const struct cli_style *s)
{
	return s->colour ? "\033[33m" : "";
}

const char *
cli_style_green(const struct cli_style *s)
{
	return s->colour ? "\033[32m" : "";
}

const char *
cli_style_plain(const struct cli_style *s)
{
	return s->colour ? "\033[0m" : "";
}
