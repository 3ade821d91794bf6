/*
 * quest - a dial to somebody whose address is not known: who waits with a code
 * of this number, who has this name, or where a remembered device is.
 *
 * Asks by beacon on every interface and dials those who answer, one after the
 * other, within the limits of candidates.h.  A name that nobody answers to is
 * looked up in DNS as well.  After five seconds it says what it has tried, and
 * goes on until its time is over.
 */
#ifndef GW_RUN_QUEST_H
#define GW_RUN_QUEST_H

#include "run/context.h"
#include "run/dial.h"
#include "wire/beacon.h"

struct gw_quest;

/* What the one that is looked for waits for. */
enum gw_quest_role {
	GW_QUEST_RECEIVER,
	GW_QUEST_SENDER,
	GW_QUEST_CONNECTION /* of a program, for whatever it is */
};

struct gw_quest_options {
	struct gw *g;
	/* As of a dial; its host is looked up in DNS, NULL: it is not; its
	 * port is for that alone; its peer is the key of a device. */
	struct gw_dial_options dial;
	enum gw_beacon_ask ask; /* NUMBER, NAME or KNOWN */
	uint32_t number;
	const char *name; /* who is meant, for people, too */
	enum gw_quest_role role;
	gw_usec patience;   /* until it fails */
	const char *before; /* host:port where it was last, or NULL */
	/* Something that a person should know. */
	void (*notice)(void *arg, const char *text);
	struct gw_entrance_owner owner;
};

enum { GW_QUEST_NOTICE_MAX = 1024 };

/* May a host be the name of a device?  It is no address, no domain, and not
 * this machine. */
bool gw_quest_may_be_name(const char *host);

/* As gw_dial_start: opened or failed comes exactly once, unless cancelled;
 * the owner of `dial` is not asked. */
GW_MUST_USE enum gw_err gw_quest_start(
    const struct gw_quest_options *, struct gw_quest **);
void gw_quest_cancel(struct gw_quest *); /* NULL is fine */

#endif /* GW_RUN_QUEST_H */
