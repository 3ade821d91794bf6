/*
 * style - how output to a terminal may look.
 */
#ifndef GW_CLI_STYLE_H
#define GW_CLI_STYLE_H

#include <stdbool.h>

struct cli_style {
	int fd;
	bool terminal; /* fd is one, and no dumb one */
	bool colour;
	bool utf8;
	unsigned columns, rows;
};

/* Look at standard error, TERM, NO_COLOR and the locale.  Call before
 * cli_text_init, which changes the locale. */
void cli_style_detect(struct cli_style *);
/* The same for standard output, after that. */
void cli_style_detect_output(
    struct cli_style *, const struct cli_style *of_errors);
/* The size may have changed. */
void cli_style_resize(struct cli_style *);
/* The start and end of a look: "" where colour is off. */
const char *cli_style_bold(const struct cli_style *);
const char *cli_style_dim(const struct cli_style *);
const char *cli_style_red(const struct cli_style *);
const char *cli_style_yellow(const struct cli_style *);
const char *cli_style_green(const struct cli_style *);
const char *cli_style_plain(const struct cli_style *);

#endif /* GW_CLI_STYLE_H */
