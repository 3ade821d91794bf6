#include "os/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum gw_err
gw_why(struct gw_why *why, enum gw_err err, const char *format, ...)
{
	va_list ap;

	if (why != NULL) {
		va_start(ap, format);
		vsnprintf(why->text, sizeof why->text, format, ap);
		va_end(ap);
	}
	return err;
}

static enum gw_err
of_errno(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return GW_E_SPACE;
	case EIO:
	case EROFS:
	case ESTALE:
	case ENXIO:
	case ENODEV:
		return GW_E_DISK;
	case ENOMEM:
		return GW_E_MEMORY;
	case EMFILE:
	case ENFILE:
		return GW_E_LIMIT;
	case ENOENT:
	case ENOTDIR:
		return GW_E_NO_PATH;
	default:
		return GW_E_FAILED;
	}
}

enum gw_err
gw_why_errno(struct gw_why *why, int error, const char *doing)
{
	char buf[128];

	/* GNU strerror_r: thread-safe, and gives the text it likes. */
	return gw_why(why, of_errno(error), "%s: %s", doing,
	    strerror_r(error, buf, sizeof buf));
}
