/*
 * values - what an option's text becomes: the `parse` of option tables.
 */
#ifndef GW_CLI_VALUES_H
#define GW_CLI_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "godwit.h"

struct cli_conflict {
	enum gw_conflict what;
	bool given;
};

struct cli_duration {
	uint32_t ms;
	bool given;
};

/* Field: bool.  yes/no, on/off, true/false, 1/0. */
const char *cli_value_switch(char *text, void *field);
/* Field: const char *, which points to text. */
const char *cli_value_text(char *text, void *field);
/* Field: struct cli_list. */
const char *cli_value_list(char *text, void *field);
/* Field: uint64_t. */
const char *cli_value_size(char *text, void *field);
const char *cli_value_rate(char *text, void *field);
/* Field: struct cli_duration. */
const char *cli_value_duration(char *text, void *field);
/* Field: unsigned, 2 to 8. */
const char *cli_value_words(char *text, void *field);
/* Field: unsigned, 1 to 1,000,000. */
const char *cli_value_count(char *text, void *field);
/* Field: unsigned, 1 to 255. */
const char *cli_value_hops(char *text, void *field);
/* Field: struct cli_conflict. */
const char *cli_value_conflict(char *text, void *field);
/* Field: enum gw_carriers. */
const char *cli_value_carrier(char *text, void *field);
/* Field: enum gw_congestion. */
const char *cli_value_congestion(char *text, void *field);
/* Field: struct cli_address. */
const char *cli_value_address(char *text, void *field);
const char *cli_value_whom(char *text, void *field);
const char *cli_value_listen(char *text, void *field);
/* A struct cli_address: [ADDR]:PORT, or a port; without ADDR 127.0.0.1, with
 * `*` all addresses, which is "". */
const char *cli_value_metrics(char *text, void *field);
/* Field: struct cli_secret. */
const char *cli_value_secret(char *text, void *field);

#endif /* GW_CLI_VALUES_H */
