/*
 * dgram_json - what `godwit dgram --json` tells, godwit-dgram(1) "JSON".
 *
 * Each returns a line without its newline, in new storage.
 */
#ifndef GW_CLI_DGRAM_JSON_H
#define GW_CLI_DGRAM_JSON_H

#include "cli/dgram_show.h"
#include "godwit.h"

char *cli_dgram_json_listening(const struct gw_endpoint *,
    const char *const *groups, size_t group_count, const char *reply);
char *cli_dgram_json_arrival(
    const struct gw_arrival *, const struct cli_dgram_answer *);
/* One that left; interface NULL: routing chose. */
char *cli_dgram_json_sent(
    const struct gw_endpoint *, const char *interface, size_t size);
/* One that did not leave. */
char *cli_dgram_json_failed(
    const struct gw_endpoint *, const char *interface, const char *reason);
char *cli_dgram_json_unreachable(const struct gw_dgram_event *);
char *cli_dgram_json_lost(uint64_t count);
/* One that --reply answered; reason: or why it was not. */
char *cli_dgram_json_answered(
    const struct gw_endpoint *, size_t size, const char *reason);

/* What a `dgram send` comes to; round trips in microseconds, 0: none. */
struct cli_dgram_sum {
	uint64_t sent, answered, replies, errors;
	uint64_t least, median, most;
	bool waited; /* or else nobody knows what was lost */
};
char *cli_dgram_json_summary(const struct cli_dgram_sum *);

#endif /* GW_CLI_DGRAM_JSON_H */
