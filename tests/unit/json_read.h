/*
 * json_read - what a line of JSON says, for tests: each fails where it is not
 * as it is asked for.
 */
#ifndef GW_TESTS_UNIT_JSON_READ_H
#define GW_TESTS_UNIT_JSON_READ_H

#include <cjson/cJSON.h>

/* One object in one line, which is freed. */
cJSON *json_parsed(char *line);
const char *json_string(const cJSON *, const char *key);
double json_number(const cJSON *, const char *key);

#endif /* GW_TESTS_UNIT_JSON_READ_H */
