#include "cli/text.h"

#include <ctype.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cli/memory.h"
#include "godwit.h"

enum { UTF8_MAX = 4 }; /* bytes of one character */

void
cli_text_init(void)
{
	/* Names are shown as UTF-8 whatever the locale is; only the widths
	 * of characters are taken from it. */
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		setlocale(LC_CTYPE, "");
}

char *
cli_text_escape(const char *name)
{
	size_t n = gw_escape(NULL, 0, name);
	char *s = cli_alloc(n + 1, 1);

	gw_escape(s, n + 1, name);
	return s;
}

char *
cli_text_sentence(const char *text)
{
	size_t len = strlen(text), used = 0, room = gw_escape(NULL, 0, text);
	char *part = cli_copy(text), *out = cli_alloc(room + 1, 1);

	for (size_t from = 0, to; from <= len; from = to + 1) {
		to = from + strcspn(text + from, "\\");
		part[to] = '\0';
		used += gw_escape(out + used, room + 1 - used, part + from);
		if (to < len)
			out[used++] = '\\';
	}
	free(part);
	return out;
}

/* The character at s: its length in bytes, and its columns. */
static size_t
step(const char *s, size_t *columns)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t n = mbrtowc(&c, s, UTF8_MAX, &state);
	int w;

	if (n == 0 || n > UTF8_MAX) {
		*columns = 1;
		return 1;
	}
	w = wcwidth(c);
	*columns = w < 0 ? 1 : (size_t)w;
	return n;
}

size_t
cli_text_columns(const char *s)
{
	size_t sum = 0, w;

	for (; *s != '\0'; sum += w)
		s += step(s, &w);
	return sum;
}

/* How many bytes from the start take at most `columns`. */
static size_t
head(const char *s, size_t columns)
{
	size_t at = 0, used = 0, w, n;

	while (s[at] != '\0') {
		n = step(s + at, &w);
		if (used + w > columns)
			break;
		used += w;
		at += n;
	}
	return at;
}

/* Where the longest end begins that takes at most `columns`. */
static size_t
tail(const char *s, size_t columns)
{
	size_t left = cli_text_columns(s), at = 0, w;

	while (left > columns) {
		at += step(s + at, &w);
		left -= w;
	}
	/* Not with an accent whose letter is gone. */
	for (size_t n; s[at] != '\0'; at += n) {
		n = step(s + at, &w);
		if (w != 0)
			break;
	}
	return at;
}

char *
cli_text_begin(const char *s, size_t columns)
{
	return cli_copy_n(s, head(s, columns));
}

char *
cli_text_fit(const char *s, size_t columns, bool utf8)
{
	const char *mark = utf8 ? "\xe2\x80\xa6" : "...";
	size_t mark_columns = utf8 ? 1 : 3, front;

	if (cli_text_columns(s) <= columns)
		return cli_copy(s);
	if (columns <= mark_columns)
		return cli_text_begin(s, columns);
	columns -= mark_columns;
	front = columns / 2;
	return cli_format("%.*s%s%s", (int)head(s, front), s, mark,
	    s + tail(s, columns - front));
}

static bool
is_plain(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (!isascii((unsigned char)*s) ||
		    (!isalnum((unsigned char)*s) &&
			strchr("-_./:@%+,=", *s) == NULL))
			return false;
	return true;
}

/* Between $' and ': octal for what a terminal must not see. */
static char *
quote_ansi(const char *s)
{
	char *out = cli_alloc(strlen(s) + 1, 4), *at = stpcpy(out, "$'");

	for (; *s != '\0'; s++)
		if (*s == '\'' || *s == '\\')
			at += sprintf(at, "\\%c", *s);
		else if (iscntrl((unsigned char)*s) || (*s & 0x80) != 0)
			at += sprintf(at, "\\%03o", (unsigned char)*s);
		else
			*at++ = *s;
	stpcpy(at, "'");
	return out;
}

static char *
quote_single(const char *s)
{
	char *out = cli_alloc(strlen(s) + 1, 4), *at = stpcpy(out, "'");

	for (; *s != '\0'; s++)
		if (*s == '\'')
			at = stpcpy(at, "'\\''");
		else
			*at++ = *s;
	stpcpy(at, "'");
	return out;
}

char *
cli_text_quote(const char *s)
{
	char *safe;
	bool shows_itself;

	if (is_plain(s))
		return cli_copy(s);
	safe = cli_text_sentence(s);
	shows_itself = strcmp(safe, s) == 0;
	free(safe);
	return shows_itself ? quote_single(s) : quote_ansi(s);
}

/* The first bytes of characters, and what their second byte may be: what is
 * left out is longer than needed, a surrogate, or beyond U+10FFFF. */
static const struct {
	unsigned char first, last, second_first, second_last, length;
} utf8_rows[] = { { 0x01, 0x7f, 0, 0, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 } };

static bool
utf8_follows(const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return false;
	return true;
}

size_t
cli_text_utf8_length(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; i < sizeof utf8_rows / sizeof *utf8_rows; i++) {
		size_t n = utf8_rows[i].length;

		if (*s < utf8_rows[i].first || *s > utf8_rows[i].last)
			continue;
		if (n == 1)
			return 1;
		return s[1] >= utf8_rows[i].second_first &&
			       s[1] <= utf8_rows[i].second_last &&
			       utf8_follows(s + 2, n - 2)
			   ? n
			   : 0;
	}
	return 0;
}

bool
cli_text_is_utf8(const char *s)
{
	size_t n;

	for (; *s != '\0'; s += n)
		if ((n = cli_text_utf8_length(s)) == 0)
			return false;
	return true;
}
