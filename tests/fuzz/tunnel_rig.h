/*
 * tunnel_rig - who forwards through another device, or lets that forward, and
 * nothing on the other side but whoever fuzzes it; with targets on loopback.
 */
#ifndef GW_TESTS_FUZZ_TUNNEL_RIG_H
#define GW_TESTS_FUZZ_TUNNEL_RIG_H

#include "run/forward.h"
#include "run/serve.h"
#include "unit/tunnel_peer.h"

enum {
	TUNNEL_RIG_FILES = 24, /* descriptors that may be used */
	TUNNEL_RIG_PEERS = 6,
	TUNNEL_RIG_SOCKETS = 8,
	TUNNEL_RIG_TEXTS = 8
};

struct tunnel_rig {
	struct gw_forward *set;
	struct gw_serve *serve; /* NULL: it forwards through the device */
	struct peer p[TUNNEL_RIG_PEERS], *now;
	unsigned peers;
	int sockets[TUNNEL_RIG_SOCKETS]; /* of clients, and what targets took */
	unsigned count;
	/* the same for all */
	int tcp, udp;      /* targets */
	char (*texts)[64]; /* of rules, allowed and not */
};

/* Bit 0 of `how`: it serves; bit 1: it forwards with --reverse.  A device is
 * there, and has been let in. */
void tunnel_rig_begin(struct tunnel_rig *, uint8_t how);
/* A device that comes last is served as if nothing had been; then all is
 * closed, and nothing is left. */
void tunnel_rig_end(struct tunnel_rig *);
/* What can happen now does. */
void tunnel_rig_turn(struct tunnel_rig *);
/* Another session, of that device, which says HELLO with that id (0: not). */
void tunnel_rig_come(struct tunnel_rig *, unsigned device, unsigned id);
/* If somebody is dialled, it is there, or not. */
void tunnel_rig_dialled(struct tunnel_rig *, unsigned how);
/* A client of a rule, or what a target was given; closed at the end. */
void tunnel_rig_keep(struct tunnel_rig *, int fd);
/* Limits are kept, and rights. */
void tunnel_rig_check(struct tunnel_rig *);

#endif /* GW_TESTS_FUZZ_TUNNEL_RIG_H */
