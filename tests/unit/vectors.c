#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

cJSON *
vectors_load(const char *name)
{
	char path[512], *text;
	cJSON *json;
	FILE *f;
	long size;

	snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	rewind(f);
	text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, f), size);
	fclose(f);
	json = cJSON_Parse(text);
	free(text);
	assert_non_null(json);
	return json;
}

struct bytes
vectors_hex_item(const cJSON *string)
{
	struct bytes out = { { 0 }, 0 };
	const char *hex = cJSON_GetStringValue(string);

	for (; hex != NULL && hex[0] != '\0'; hex += 2) {
		assert_true(out.n < sizeof out.b);
		const char digits[] = { hex[0], hex[1], '\0' };
		char *end;

		out.b[out.n++] = (uint8_t)strtoul(digits, &end, 16);
		assert_ptr_equal(end, digits + 2);
	}
	return out;
}

struct bytes
vectors_hex(const cJSON *object, const char *member)
{
	return vectors_hex_item(
	    cJSON_GetObjectItemCaseSensitive(object, member));
}
