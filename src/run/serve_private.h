/*
 * What the files of a serve share.
 */
#ifndef GW_RUN_SERVE_PRIVATE_H
#define GW_RUN_SERVE_PRIVATE_H

#include "run/serve.h"

/* ---- serve.c ---- */

/* Its id is known: take over what it had before it was lost. */
void gw_serve_adopt(struct gw_serve_one *);

/* ---- serve_rules.c ---- */

/* What a device says of rules: see struct gw_tunnel_owner. */
bool gw_serve_on_control(void *one, const struct gw_tunnel_message *);
/* May it have this rule?  False: why says what it lacks. */
bool gw_serve_allows(const struct gw_serve_one *, const struct gw_rule *,
    bool reverse, char why[GW_RULE_WHY]);
void gw_serve_tell(struct gw_serve *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* GW_RUN_SERVE_PRIVATE_H */
