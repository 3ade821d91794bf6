/*
 * site_rig - a relay that is joined with another site, and whoever that is:
 * both in one process, over loopback.  The relay's one interface is not there,
 * so that nothing leaves; what comes is counted all the same.
 */
#ifndef GW_TESTS_UNIT_SITE_RIG_H
#define GW_TESTS_UNIT_SITE_RIG_H

#include "connection_ends.h"
#include "run/relay.h"
#include "test.h"
#include "wire/relay_link.h"

enum { SITE_PORT = 9000 }; /* of the one rule */

struct site_rig {
	void *directory; /* what os_fixture keeps */
	struct ends e;   /* 0: the relay's context; 1: who speaks to it */
	struct gw_relay *r;
	uint16_t port; /* where the relay waits */
	/* What the relay has told of the site, the latest. */
	struct gw_relay_event last;
	struct gw_relay_site site; /* as of site_look */
};

/* cmocka set-up and tear-down, in a directory: the two remember each other. */
int site_setup(void **state);
int site_teardown(void **state);

/* The relay waits for the other one, which is called "dialling"; or for two
 * that never come; or connects to "dialling", which waits at its acceptor. */
void site_wait(struct site_rig *);
void site_wait_for_others(struct site_rig *);
void site_via(struct site_rig *);

/* The other one connects. */
void site_dial(struct site_rig *, enum gw_carriers);
/* Dispatch both for a moment, and take what is told. */
void site_turn(struct site_rig *);
/* Until the relay tells of the site, or of a storm, with these words. */
void site_until(struct site_rig *, enum gw_relay_event_kind, const char *words);
/* Until the session of the other one is closed; it hangs up then. */
void site_until_closed(struct site_rig *);
/* Where it is now. */
const struct gw_relay_site *site_look(struct site_rig *);

/* What Prometheus is told. */
const char *site_metrics(struct site_rig *);

/* Messages as another relay would make them. */
struct gw_relay_message site_hello(void);
struct gw_relay_message site_datagram(uint64_t number, const char *data);
/* Say it on the stream, with its length; or as a datagram of the session. */
void site_say(struct site_rig *, const struct gw_relay_message *);
void site_throw(struct site_rig *, const struct gw_relay_message *);
/* Any bytes on the stream. */
void site_write(struct site_rig *, const void *, size_t);
/* Connect, and say hello: it is an interface of the relay from then on. */
void site_greet(struct site_rig *, enum gw_carriers);

#endif /* GW_TESTS_UNIT_SITE_RIG_H */
