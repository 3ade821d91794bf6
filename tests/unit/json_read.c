#include "json_read.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

cJSON *
json_parsed(char *line)
{
	cJSON *o = cJSON_Parse(line);

	assert_non_null(o);
	assert_null(strchr(line, '\n'));
	free(line);
	return o;
}

const char *
json_string(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	assert_true(cJSON_IsString(v));
	return v->valuestring;
}

double
json_number(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	assert_true(cJSON_IsNumber(v));
	return v->valuedouble;
}
