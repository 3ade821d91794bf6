/*
 * udp_registry - the sessions of an endpoint: found by connection id, ours and
 * the peer's, and by where the peer is, in line where they may have to send, in
 * order of their next deadline.  Nothing that a stranger's packet asks for
 * walks over all.  Says each how many share what the endpoint has, memory and
 * room in the socket: those that were opened.  Private to src/session/udp.
 */
#ifndef GW_SESSION_UDP_UDP_REGISTRY_H
#define GW_SESSION_UDP_UDP_REGISTRY_H

#include "base/heap.h"
#include "base/map.h"
#include "session/session.h"
#include "session/udp/datagram.h"

/* What several of them may have in common: anybody can choose it. */
enum gw_udp_by { GW_UDP_BY_PEER, GW_UDP_BY_PATH, GW_UDP_BYS };

struct gw_udp_entry {
	struct gw_heap_item timer; /* first */
	struct gw_session *session;
	struct gw_udp_entry *next, *prev; /* all of them */
	struct gw_udp_entry *next_active; /* those that may have to send */
	struct gw_udp_entry *next_stale;  /* whose timer is to be set anew */
	struct {
		struct gw_udp_entry *next; /* of those that have it, too */
		struct gw_key key;
		bool known; /* it is found by it */
	} by[GW_UDP_BYS];
	uint64_t peer;       /* by which it is found, if it is */
	struct gw_path path; /* the same */
	struct gw_udp_entry *next_refused, *prev_refused;
	bool active, stale;
	bool shares;   /* what its endpoint has: it was opened */
	bool released; /* by its owner */
	bool refused;
};

struct gw_udp_registry {
	uint64_t seed;
	struct gw_map *by_cid;         /* -> entry */
	struct gw_map *by[GW_UDP_BYS]; /* -> the first of those */
	struct gw_udp_entry *last;     /* who was found last; NULL: is gone */
	struct gw_udp_entry *all;
	struct gw_udp_entry *active, **active_last;
	struct gw_udp_entry *stale;
	struct gw_udp_entry *refused, *refused_last; /* the oldest first */
	size_t refused_count;
	struct gw_heap timers;
	size_t count, sharers;
	unsigned share; /* what each was told: of how many it is one */
};

GW_MUST_USE enum gw_err gw_udp_registry_init(
    struct gw_udp_registry *, uint64_t seed);
/* It is empty. */
void gw_udp_registry_fini(struct gw_udp_registry *);

/* NULL: nobody. */
struct gw_udp_entry *gw_udp_registry_find(
    const struct gw_udp_registry *, uint64_t cid);
/* The same for a packet, which mostly is one of the session before. */
struct gw_udp_entry *gw_udp_registry_find_again(
    struct gw_udp_registry *, uint64_t cid);
/* Those whose peer has that id; on by by[GW_UDP_BY_PEER].next.  NULL: nobody.
 */
struct gw_udp_entry *gw_udp_registry_find_peer(
    const struct gw_udp_registry *, uint64_t peer);
/* Those whose peer is there; on by by[GW_UDP_BY_PATH].next.  NULL: nobody. */
struct gw_udp_entry *gw_udp_registry_find_path(
    const struct gw_udp_registry *, const struct gw_path *);
/* Of one that is there. */
struct gw_udp_entry *gw_udp_registry_of(
    const struct gw_udp_registry *, struct gw_session *);

/* It is active.  GW_E_MEMORY: nothing changed. */
GW_MUST_USE enum gw_err gw_udp_registry_add(
    struct gw_udp_registry *, struct gw_session *, struct gw_udp_entry **);
/* Frees the session, too. */
void gw_udp_registry_drop(struct gw_udp_registry *, struct gw_udp_entry *);

/* It never was more than a handshake, and that is over.  Who was refused is
 * remembered for a while, in case it did not hear that. */
void gw_udp_registry_refuse(struct gw_udp_registry *, struct gw_udp_entry *);

/* Something happened to it: it may have to send, at another time. */
void gw_udp_registry_activate(struct gw_udp_registry *, struct gw_udp_entry *);
/* The first in the line of those, which leaves it; NULL: nobody. */
struct gw_udp_entry *gw_udp_registry_active(struct gw_udp_registry *);

/* One whose time has come, and who does not come again before the deadline
 * was asked for; NULL: nobody. */
struct gw_udp_entry *gw_udp_registry_due(struct gw_udp_registry *, gw_usec now);
gw_usec gw_udp_registry_deadline(struct gw_udp_registry *);

#endif /* GW_SESSION_UDP_UDP_REGISTRY_H */
