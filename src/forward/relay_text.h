/*
 * relay_text - the rules of a relay as people write them:
 *
 *   PORT|NAME[?KEY=VALUE[&KEY=VALUE...]]
 *
 * such as ssdp, 9000, or 9000?group=239.1.2.3&source=keep.  Knows text only:
 * whether an interface is there, nobody asks.
 */
#ifndef GW_FORWARD_RELAY_TEXT_H
#define GW_FORWARD_RELAY_TEXT_H

#include "forward/relay_rule.h"

enum {
	GW_RELAY_WHY = 256,
	GW_RELAY_TEXT = 6144 /* buffer for a rule's normal form */
};

struct gw_relay_ruleset {
	struct gw_relay_rule rules[GW_RELAY_RULES];
	size_t count;
	/* Interfaces, by their numbers; of other sites "@" and the device. */
	char names[GW_RELAY_LINKS][GW_RELAY_PLACE];
	uint32_t sites; /* which are such */
	size_t name_count;
	struct gw_endpoint peers[GW_RELAY_LINKS][GW_RELAY_PEERS];
	size_t peer_counts[GW_RELAY_LINKS];
};

/*
 * Another site, by the name of its device; before any rule.  Each rule joins
 * all sites, but one that names some of them, as @DEVICE.
 */
bool gw_relay_ruleset_add_site(
    struct gw_relay_ruleset *, const char *device, char why[GW_RELAY_WHY]);
/*
 * Keys: between and from (interfaces), group, broadcast (yes, no), source
 * (interface, interface:keep-port, keep, an address), allow and deny
 * (networks), rate (datagrams a second), replies (seconds).  Values that are
 * lists have commas.
 */
struct gw_relay_word {
	const char *key, *value;
};

/*
 * Add what a text says: one rule, or those of a well-known name.  Words hold
 * where the text does not say otherwise; group and broadcast only for a port
 * that is a number.  False: why says what is wrong, and the set is as it was.
 */
bool gw_relay_ruleset_add(struct gw_relay_ruleset *, const char *text,
    const struct gw_relay_word *, size_t word_count, char why[GW_RELAY_WHY]);
/* "tun0=10.8.0.2,10.8.0.3", of an interface that a rule names. */
bool gw_relay_ruleset_add_peers(
    struct gw_relay_ruleset *, const char *text, char why[GW_RELAY_WHY]);
/* The normal form of a rule: reads as the same again. */
void gw_relay_rule_text(
    const struct gw_relay_ruleset *, size_t rule, char out[GW_RELAY_TEXT]);
/* The n-th well-known name, or NULL. */
const char *gw_relay_well_known(size_t n);

#endif /* GW_FORWARD_RELAY_TEXT_H */
