/*
 * text - strings on their way to a person: columns, cutting, quoting.
 *
 * Everything that another machine chose passes through here or gw_escape
 * before a terminal sees it.
 */
#ifndef GW_CLI_TEXT_H
#define GW_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Call once, before threads: makes widths of characters known. */
void cli_text_init(void);

/* gw_escape into new storage. */
char *cli_text_escape(const char *name);
/* The same for whole sentences, which may hold escaped names already: their
 * backslashes stay as they are.  New storage. */
char *cli_text_sentence(const char *);

/* Columns on a terminal; escaped text, valid UTF-8. */
size_t cli_text_columns(const char *);
/* At most `columns` wide, cut out of the middle ("holid…0042.jpg"); the mark
 * is "..." without utf8.  Escaped text in, new storage out. */
char *cli_text_fit(const char *, size_t columns, bool utf8);
/* At most `columns` wide, cut at the end, without a mark.  Escaped text in,
 * new storage out. */
char *cli_text_begin(const char *, size_t columns);

/* One word for a shell, quoted only where it must be; new storage. */
char *cli_text_quote(const char *);

/* Bytes of the character at s, which is not its end; 0: no UTF-8 (RFC 3629). */
size_t cli_text_utf8_length(const char *s);
/* Is all of it UTF-8? */
bool cli_text_is_utf8(const char *);

#endif /* GW_CLI_TEXT_H */
