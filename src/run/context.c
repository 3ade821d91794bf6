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

enum gw_err
gw_context_whole(struct gw *g)
{
	if (g->data_dir != NULL)
		return GW_OK;
	return gw_context_error(g, GW_E_USAGE,
	    "this context was opened plain: it has no identity and no "
	    "directories");
}
