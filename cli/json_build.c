#include "cli/json_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/text.h"
#include "godwit.h"

cJSON *
cli_json_begin(const char *event)
{
	cJSON *o = cJSON_CreateObject();

	if (event != NULL)
		cJSON_AddStringToObject(o, "event", event);
	return o;
}

/*
 * cJSON leaves all but ASCII controls as they are.  On a terminal others act
 * too (C1 controls, directional overrides): these become \uXXXX.
 */
static char *
defuse(const char *text)
{
	char *out = cli_alloc(strlen(text) + 1, 6), *at = out;
	size_t n;

	for (; *text != '\0'; text += n) {
		char one[5] = "", escaped[16];

		/* Most of it, and there may be very much of it. */
		if (*text >= ' ' && *text < '\x7f') {
			*at++ = *text;
			n = 1;
			continue;
		}
		if ((n = cli_text_utf8_length(text)) == 0)
			n = 1;
		memcpy(one, text, n);
		gw_escape(escaped, sizeof escaped, one);
		if (strcmp(one, "\x7f") == 0) {
			at = stpcpy(at, "\\u007f");
		} else if (strncmp(escaped, "\\u{", 3) == 0) {
			unsigned long c = strtoul(escaped + 3, NULL, 16);

			if (c > 0xffff)
				at += sprintf(at, "\\u%04lx\\u%04lx",
				    0xd800 + ((c - 0x10000) >> 10),
				    0xdc00 + ((c - 0x10000) & 0x3ff));
			else
				at += sprintf(at, "\\u%04lx", c);
		} else {
			at = stpcpy(at, one);
		}
	}
	return out;
}

/* cJSON gives up quietly when memory ends; we do so aloud. */
char *
cli_json_finish(cJSON *o)
{
	char *text = o != NULL ? cJSON_PrintUnformatted(o) : NULL, *mine;

	cJSON_Delete(o);
	if (text == NULL) {
		fputs("godwit: out of memory\n", stderr);
		exit(gw_err_exit(GW_E_MEMORY));
	}
	mine = defuse(text);
	cJSON_free(text);
	return mine;
}

void
cli_json_number(cJSON *o, const char *key, uint64_t v)
{
	char digits[24];

	/* cJSON's own numbers are exact to 15 digits only. */
	snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);
	cJSON_AddRawToObject(o, key, digits);
}

char *
cli_json_hex(const char *bytes)
{
	size_t n = strlen(bytes);
	char *out = cli_alloc(n + 1, 2);

	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", (unsigned char)bytes[i]);
	return out;
}

cJSON *
cli_json_value(const char *text)
{
	char *escaped;
	cJSON *v;

	if (text == NULL)
		return cJSON_CreateNull();
	if (cli_text_is_utf8(text))
		return cJSON_CreateString(text);
	escaped = cli_text_escape(text);
	v = cJSON_CreateString(escaped);
	free(escaped);
	return v;
}

/* JSON has no bytes: what is not UTF-8 is escaped, and told again in
 * hexadecimal under the key with _hex. */
void
cli_json_text(cJSON *o, const char *key, const char *text)
{
	cJSON_AddItemToObject(o, key, cli_json_value(text));
	if (text != NULL && !cli_text_is_utf8(text)) {
		char *twin = cli_format("%s_hex", key),
		     *digits = cli_json_hex(text);

		cJSON_AddStringToObject(o, twin, digits);
		free(digits);
		free(twin);
	}
}

/* The string of JSON for bytes that are UTF-8, NUL among them or not; NULL if
 * they are not. */
static char *
quote(const char *text, size_t n)
{
	char *copy = cli_copy_n(text, n), *out = cli_alloc(n + 1, 6), *at = out;

	*at++ = '"';
	for (size_t i = 0, length; i < n; i += length) {
		length = copy[i] != '\0' ? cli_text_utf8_length(copy + i) : 1;
		if (length == 0) {
			free(copy);
			free(out);
			return NULL;
		}
		if (copy[i] == '"' || copy[i] == '\\')
			at += sprintf(at, "\\%c", copy[i]);
		else if ((unsigned char)copy[i] < 0x20)
			at += sprintf(at, "\\u%04x", (unsigned)copy[i]);
		else
			at = (char *)memcpy(at, copy + i, length) + length;
	}
	*at = '"'; /* room was zeroed */
	free(copy);
	return out;
}

void
cli_json_bytes(cJSON *o, const void *data, size_t n)
{
	const unsigned char *bytes = data;
	char *text = quote(data, n), *digits = cli_alloc(n + 1, 2);

	for (size_t i = 0; i < n; i++)
		sprintf(digits + 2 * i, "%02x", bytes[i]);
	if (text != NULL)
		cJSON_AddRawToObject(o, "text", text);
	else
		cJSON_AddNullToObject(o, "text");
	cJSON_AddStringToObject(o, "hex", digits);
	free(digits);
	free(text);
}
