/*
 * tunnel_bed - a tunnel with a peer of the test, and flows that note what
 * they are told.
 */
#ifndef GW_TESTS_UNIT_TUNNEL_BED_H
#define GW_TESTS_UNIT_TUNNEL_BED_H

#include "run/via.h"
#include "test.h"
#include "tunnel_peer.h"

enum { BED_FLOWS = 8 };

struct bed;

struct bed_flow {
	struct gw_tunnel_flow in; /* first */
	struct bed *bed;
	bool there, ends;          /* it ends in the next call that it gets */
	bool gathers;              /* it wants to settle what comes */
	bool writes;               /* as much as a turn may */
	struct bed_flow *ends_too; /* the other one, when it does */
	unsigned messages, writables, stales, unsent, incomplete, losses;
	unsigned settled, settled_lost; /* how often; with the session gone */
	uint64_t settled_bytes;         /* that had come by the last time */
	enum gw_tunnel_kind last;
	uint64_t bytes; /* of data */
	unsigned datagrams;
	size_t datagram; /* length of the last one, */
	uint8_t first;   /* and its first byte */
};

struct bed {
	struct gw *g;
	struct gw_tunnel *t;
	struct peer p;
	/* what the owner was told */
	unsigned controls, losses;
	enum gw_tunnel_kind last;
	bool refuses; /* it says of control messages that they make no sense */
	enum gw_err err;
	char why[256];
	/* a rule: what the peer begins becomes the next of these flows */
	struct gw_via_rule rule;
	struct bed_flow flows[BED_FLOWS];
	unsigned count;
};

/* cmocka set-up and tear-down: *state is a struct bed, on the side that has
 * waited for the session. */
int bed_setup(void **state);
int bed_teardown(void **state);
/* The side that dialled. */
int bed_setup_initiator(void **state);

/* A flow of this side. */
struct bed_flow *bed_begin(struct bed *, bool connection);
void bed_end(struct bed_flow *);
/* Let the loop run what is due. */
void bed_dispatch(struct bed *);
/* The session has been given up, the owner was told once, and why. */
void bed_is_lost(const struct bed *, enum gw_err, const char *text);
void bed_is_there(const struct bed *);
/* Another session. */
void bed_attach(struct bed *);

#endif /* GW_TESTS_UNIT_TUNNEL_BED_H */
