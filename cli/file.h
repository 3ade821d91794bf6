/*
 * file - small files, and lists of names, read whole.
 */
#ifndef GW_CLI_FILE_H
#define GW_CLI_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/memory.h"

/* Read at most `most` bytes, with a NUL after them, into new storage.
 * Returns errno; EFBIG: it is larger.  "-" is standard input. */
int cli_file_read(const char *path, size_t most, char **text, size_t *n);

/* Split into lines, or into what NULs separate; empty ones are left out.
 * The list points into text, which is changed. */
void cli_file_split(char *text, size_t n, bool nul, struct cli_list *);

#endif /* GW_CLI_FILE_H */
