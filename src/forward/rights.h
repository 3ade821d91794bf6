/*
 * rights - what a device may have forwarded here: nothing but what one of
 * these lines allows.
 *
 *   tcp:HOST:PORTS          connections may go there
 *   udp:HOST:PORTS          datagrams may
 *   listen:tcp:HOST:PORTS   a port may be opened here, for --reverse
 *   listen:udp:HOST:PORTS
 *
 * HOST is an address, a network (10.0.0.0/8, [fd00::]/8), a name, or * for
 * all; PORTS is a port, a range, or * for all, of listeners for those from
 * 1024 on.  A listener at all addresses needs * as HOST.
 */
#ifndef GW_FORWARD_RIGHTS_H
#define GW_FORWARD_RIGHTS_H

#include "forward/rule.h"

enum { GW_RIGHT_TEXT = GW_RULE_HOST + 32 };

struct gw_right {
	bool listens;
	enum gw_rule_protocol protocol;
	bool any;                    /* all addresses */
	char name[GW_RULE_HOST + 1]; /* or this name; "": net */
	struct gw_ip_net net;
	uint16_t first, last; /* ports; 0 and 65535: all, as * says */
};

/* False: why says what is wrong, and *out is untouched. */
bool gw_right_parse(
    const char *text, struct gw_right *out, char why[GW_RULE_WHY]);
/* Reads as the same again. */
void gw_right_text(const struct gw_right *, char out[GW_RIGHT_TEXT]);

/*
 * May it go to this address, which the host as it stands in the rule has
 * turned out to be?  What a name leads to is this machine or its link only
 * where that address itself is allowed: host is NULL where it is one of this
 * machine's, which loopback and link-local ones are taken for anyway.
 */
bool gw_rights_reach(const struct gw_right *, size_t count,
    enum gw_rule_protocol, const char *host, const struct gw_ip *,
    uint16_t port);
/* Could it, as far as one knows before the name is looked up? */
bool gw_rights_might(const struct gw_right *, size_t count,
    enum gw_rule_protocol, const struct gw_rule_target *);
/* May this side listen where the rule says? */
bool gw_rights_listen(
    const struct gw_right *, size_t count, const struct gw_rule *);

#endif /* GW_FORWARD_RIGHTS_H */
