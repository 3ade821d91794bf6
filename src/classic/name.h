/*
 * name - from the bytes that a plain sender wrote first to the name of a
 * file.
 *
 * Plain senders write a base name and nothing around it; some pad it with
 * NULs to the size of their buffer, end it with a newline, or send the path
 * that their user typed.  docs/protocol.md 6.2.
 */
#ifndef GW_CLASSIC_NAME_H
#define GW_CLASSIC_NAME_H

#include "base/slice.h"
#include "wire/limits.h"

/*
 * Trailing NULs go, then one newline, then one carriage return; then all up
 * to the last `/` or `\`, and *cut says so.  Returns NULL, or why it is no
 * name (static storage): it is empty, `.` or `..`, longer than a name may be,
 * or holds a NUL, newline or carriage return; out and *cut are untouched then.
 */
const char *gw_classic_name(
    struct gw_slice raw, char out[GW_COMPONENT_MAX + 1], bool *cut);

#endif /* GW_CLASSIC_NAME_H */
