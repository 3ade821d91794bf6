/*
 * json_build - the pieces that lines of JSON are made of.
 */
#ifndef GW_CLI_JSON_BUILD_H
#define GW_CLI_JSON_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/* An object with the member "event", without it if NULL. */
cJSON *cli_json_begin(const char *event);
/* Its line without a newline, in new storage; the object is gone.  What would
 * act on a terminal is escaped. */
char *cli_json_finish(cJSON *);

void cli_json_number(cJSON *, const char *key, uint64_t);
/* A string, or null.  JSON has no bytes: what is not UTF-8 is escaped, and
 * told again in hexadecimal under the key with _hex. */
void cli_json_text(cJSON *, const char *key, const char *text);
/* The same as a value, without the second member. */
cJSON *cli_json_value(const char *text);
/* Digits of a string's bytes; new storage. */
char *cli_json_hex(const char *bytes);
/* Any bytes: "text", null if they are not UTF-8, and "hex". */
void cli_json_bytes(cJSON *, const void *, size_t);

#endif /* GW_CLI_JSON_BUILD_H */
