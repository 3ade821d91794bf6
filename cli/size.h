/*
 * size - sizes, rates and durations as people write and read them.
 *
 * The parsers return NULL when the text is fine, else a sentence that says
 * what is wrong with it (static storage); the output is untouched then.
 */
#ifndef GW_CLI_SIZE_H
#define GW_CLI_SIZE_H

#include <stddef.h>
#include <stdint.h>

/* "4096", "100MB" (10^6), "10MiB" (2^20), "1.5G" (10^9): bytes. */
const char *cli_size_parse(const char *text, uint64_t *bytes);
/* As a size, a second; or in bits: "800mbit", "2.5Gbit".  A "/s" at the end
 * is fine.  0: no limit. */
const char *cli_rate_parse(const char *text, uint64_t *bytes_per_second);
/* "30s", "15m", "2h", "1h30m", "250ms"; a bare number is seconds.  At most
 * 24 days, so that it fits into milliseconds. */
const char *cli_duration_parse(const char *text, uint32_t *ms);

enum { CLI_SIZE_TEXT = 32 }; /* room for each of these */

/* "999 B", "1.2 GB": decimal, three digits. */
const char *cli_size_text(char out[CLI_SIZE_TEXT], uint64_t bytes);
/* "293 MB/s". */
const char *cli_rate_text(char out[CLI_SIZE_TEXT], uint64_t bytes);
/* What has passed: "< 0.01 s", "4.1 s", "3 min 7 s", "2 h 5 min". */
const char *cli_duration_text(char out[CLI_SIZE_TEXT], double seconds);
/* What is left, in columns that do not dance: "0:07", "12:34", "1:02:03". */
const char *cli_clock_text(char out[CLI_SIZE_TEXT], uint64_t ms);

#endif /* GW_CLI_SIZE_H */
