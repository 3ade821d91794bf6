/*
 * Any datagram as text, in hexadecimal and as JSON: nothing of it acts on a
 * terminal, and what is told of its bytes is true.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "cli/dgram_show.h"
#include "cli/json_build.h"
#include "cli/text.h"
#include "fuzz.h"

/* But newlines where lines are what it is made of. */
static void
check_harmless(const char *text, bool lines)
{
	GW_ASSERT(cli_text_is_utf8(text));
	for (; *text != '\0'; text++) {
		GW_ASSERT(
		    (unsigned char)*text >= 0x20 || (lines && *text == '\n'));
		GW_ASSERT(*text != 0x7f);
	}
}

static void
check_payload(const uint8_t *data, size_t n)
{
	char *text = cli_dgram_payload(data, n);

	check_harmless(text, false);
	GW_ASSERT((n == 0) == (*text == '\0'));
	free(text);
}

static void
check_hexdump(const uint8_t *data, size_t n)
{
	enum { DIGITS = 10, ROW = 16 };
	char *text = cli_dgram_hexdump(data, n), *line = text, two[3];

	check_harmless(text, true);
	for (size_t i = 0; i < n; i++) {
		size_t column = i % ROW;

		if (i != 0 && column == 0)
			line = strchr(line, '\n') + 1;
		snprintf(two, sizeof two, "%02x", data[i]);
		GW_ASSERT(memcmp(line + DIGITS + 2 * column + column / 2, two,
			      2) == 0);
	}
	free(text);
}

static void
check_json(const uint8_t *data, size_t n)
{
	cJSON *o = cli_json_begin("datagram"), *text;
	const char *digits;
	char *line, two[3];

	cli_json_bytes(o, data, n);
	line = cli_json_finish(o);
	check_harmless(line, false);
	o = cJSON_Parse(line);
	GW_ASSERT(o != NULL);
	digits = cJSON_GetStringValue(cJSON_GetObjectItem(o, "hex"));
	GW_ASSERT(strlen(digits) == 2 * n);
	for (size_t i = 0; i < n; i++) {
		snprintf(two, sizeof two, "%02x", data[i]);
		GW_ASSERT(memcmp(two, digits + 2 * i, 2) == 0);
	}
	text = cJSON_GetObjectItem(o, "text");
	GW_ASSERT(cJSON_IsNull(text) || cJSON_IsString(text));
	/* A string of C ends at the first NUL. */
	if (cJSON_IsString(text) && memchr(data, 0, n) == NULL) {
		GW_ASSERT(strlen(text->valuestring) == n);
		GW_ASSERT(memcmp(text->valuestring, data, n) == 0);
	}
	cJSON_Delete(o);
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	check_payload(data, n);
	check_hexdump(data, n);
	check_json(data, n);
	return 0;
}
