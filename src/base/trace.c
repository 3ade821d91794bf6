#include "base/trace.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* A trace line is one short fact; what is longer is cut. */
enum { LINE_MAX_LEN = 512 };

void
gw_trace(const struct gw_trace *t, const char *format, ...)
{
	if (t == NULL || t->line == NULL)
		return;

	char text[LINE_MAX_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	t->line(t->arg, text);
}
