/*
 * What the files rule*.c share.
 */
#ifndef GW_FORWARD_RULE_PRIVATE_H
#define GW_FORWARD_RULE_PRIVATE_H

#include <stdio.h>

#include "forward/rule.h"

/* Say what is wrong; false, so that callers can return the call. */
bool gw_rule_wrong(char why[GW_RULE_WHY], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A number at *text, at most `most`; *text is behind it then. */
bool gw_rule_number(const char **text, uint64_t most, uint64_t *out);

/* NAME=VALUE&...; text is written to. */
bool gw_rule_params_parse(struct gw_rule *, char *text, char why[GW_RULE_WHY]);

/* A text that grows in a buffer that is large enough. */
struct gw_rule_writer {
	char *out;
	size_t n, room;
};
void gw_rule_put(struct gw_rule_writer *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A host; what stands for the % before a zone differs. */
void gw_rule_put_host(
    struct gw_rule_writer *, const char *host, const char *mark);
/* "?NAME=VALUE&..." of what is no default. */
void gw_rule_params_put(struct gw_rule_writer *, const struct gw_rule *);

/* An address, canonical, with its zone kept: "::1", "fe80::1%eth0".  False:
 * it is none, or longer than GW_RULE_HOST. */
bool gw_rule_address(const char *text, char out[GW_RULE_HOST + 1]);

#endif /* GW_FORWARD_RULE_PRIVATE_H */
