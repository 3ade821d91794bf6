#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/text.h"

void
cli_say_error(const char *format, ...)
{
	va_list ap;
	char *raw, *safe;

	va_start(ap, format);
	if (vasprintf(&raw, format, ap) < 0)
		raw = NULL;
	va_end(ap);
	if (raw == NULL)
		return;
	safe = cli_text_sentence(raw);
	fprintf(stderr, "godwit: %s\n", safe);
	free(safe);
	free(raw);
}
