/*
 * pattern - which names --exclude means.
 *
 * A pattern without a slash matches a base name at any depth; with one
 * (other than at its end) it matches the whole path below its PATH, a slash
 * at its start changes nothing else.  A slash at its end: directories only.
 * `*`, `?` and `[a-z]` as in the shell, never matching a slash; `**` as a
 * whole component matches any number of components, none included, but at
 * least one at the end ("a/" followed by `**` is all that is in a).  A
 * backslash takes the next character literally.
 */
#ifndef GW_OS_PATTERN_H
#define GW_OS_PATTERN_H

#include <stdbool.h>

/* path: below its PATH, without a slash at either end. */
bool gw_pattern_match(const char *pattern, const char *path, bool is_dir);

#endif /* GW_OS_PATTERN_H */
