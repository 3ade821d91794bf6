/*
 * Any text as the format of the tracepoint, and any bytes as its records: two
 * bytes of length and the text, or no text and the format of Linux 6.18; then
 * a record.  Nothing is read past their ends.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "diag/trace_format.h"
#include "fuzz.h"

static const struct gw_trace_format usual = { {
    { 8, 8 },
    { 16, 4 },
    { 20, 4 },
    { 24, 2 },
    { 26, 2 },
    { 28, 2 },
    { 30, 2 },
    { 40, 16 },
    { 56, 16 },
} };

static void
take(const struct gw_trace_format *f, const uint8_t *data, size_t size)
{
	struct gw_transition t;
	uint64_t lost;

	if (gw_trace_record(f, gw_slice(data, size), &t, &lost) !=
	    GW_TRACE_TRANSITION)
		return;
	GW_ASSERT(t.id != 0);
	GW_ASSERT(t.from < GW_SOCKET_STATES);
	GW_ASSERT(t.to < GW_SOCKET_STATES);
	GW_ASSERT(!t.ours);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_trace_format f = usual;
	size_t n;
	char *text;

	if (size < 2)
		return 0;
	n = (size_t)data[0] << 8 | data[1];
	data += 2;
	size -= 2;
	if (n > size)
		n = size;
	if (n > 0) {
		text = malloc(n + 1);
		GW_ASSERT(text != NULL);
		memcpy(text, data, n);
		text[n] = '\0';
		if (!gw_trace_format_parse(&f, text))
			GW_ASSERT(memcmp(&f, &usual, sizeof f) == 0);
		free(text);
	}
	take(&f, data + n, size - n);
	return 0;
}
