/*
 * match - which rule would take what comes from there to here, and what rules
 * have to do with each other.
 */
#ifndef GW_FORWARD_MATCH_H
#define GW_FORWARD_MATCH_H

#include "forward/rule.h"

/* "udp 10.0.0.5:4000 -> :5353" */
struct gw_match_question {
	enum gw_rule_protocol protocol;
	struct gw_ip client;
	uint16_t client_port;
	struct gw_ip local; /* where it is sent to */
	bool local_any;     /* no address stood there: any of this machine */
	uint16_t port;
};

struct gw_match_ports {
	uint16_t first, count;
};

/* False: why says what is wrong, and *out is untouched. */
bool gw_match_parse(
    const char *text, struct gw_match_question *out, char why[GW_RULE_WHY]);

/*
 * The rule that takes it: the one with the most exact address, as kernels
 * choose among sockets; the first of those.  Returns its place, or `count`:
 * none listens there.
 */
size_t gw_match_find(const struct gw_rule *rules, size_t count,
    const struct gw_match_question *);

/* The first rule of this protocol that listens at one of these ports of an
 * address of this machine; `count`: none does. */
size_t gw_match_listener(const struct gw_rule *rules, size_t count,
    enum gw_rule_protocol, const struct gw_ip *, const struct gw_match_ports *);

/* Would both listen at one port, which only one can?  *port is that. */
bool gw_match_clash(
    const struct gw_rule *, const struct gw_rule *, uint16_t *port);

#endif /* GW_FORWARD_MATCH_H */
