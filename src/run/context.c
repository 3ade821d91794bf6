#include "run/context.h"

#include <stdarg.h>
#include <stdio.h>

enum gw_err
gw_context_error(struct gw *g, enum gw_err err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(g->last_error, sizeof g->last_error, format, ap);
	va_end(ap);
	return err;
}
