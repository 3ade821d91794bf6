/*
 * why - the reason of a failure in words, and errno as enum gw_err.
 *
 * errno never leaves src/os: functions return enum gw_err and, where they
 * take a struct gw_why (NULL is fine), say there what happened.  The text is
 * not escaped: names in it are bytes.
 */
#ifndef GW_OS_WHY_H
#define GW_OS_WHY_H

#include "base/err.h"

struct gw_why {
	char text[256]; /* cut to fit, ended by NUL */
};

/* Set the text, and return err, so that callers can return the call. */
enum gw_err gw_why(struct gw_why *, enum gw_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The text becomes "doing: Permission denied".  Returns what errno means for
 * a file: GW_E_SPACE (ENOSPC, EDQUOT), GW_E_DISK (EIO, EROFS, ESTALE, ENXIO,
 * ENODEV: the file system will not get better), GW_E_MEMORY, GW_E_LIMIT (out
 * of descriptors), GW_E_NO_PATH (ENOENT, ENOTDIR), else GW_E_FAILED: this
 * one file fails, others may do.
 */
enum gw_err gw_why_errno(struct gw_why *, int error, const char *doing);

#endif /* GW_OS_WHY_H */
