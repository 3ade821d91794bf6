/*
 * qr - text as a QR code on a terminal.
 *
 * In colours where there are any: dark squares on a light ground, whatever
 * the terminal's own are.  Without, the light squares are drawn, for a dark
 * terminal.  Two rows go into a line where there is UTF-8.
 */
#ifndef GW_CLI_QR_H
#define GW_CLI_QR_H

#include "cli/style.h"

enum { CLI_QR_QUIET = 4 }; /* light squares all around, as scanners want it */

/* Whole lines in new storage, the last without its newline.  NULL: it does
 * not fit into a code, or the code into the columns of a terminal. */
char *cli_qr_draw(const char *text, const struct cli_style *);

#endif /* GW_CLI_QR_H */
