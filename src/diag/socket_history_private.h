/*
 * socket_history_private - what the files socket_history_*.c share: where
 * entries are kept and found.  `_snapshot` takes snapshots, `_kernel` what the
 * kernel says of its own accord, `_session` what processes say of sessions.
 */
#ifndef GW_DIAG_SOCKET_HISTORY_PRIVATE_H
#define GW_DIAG_SOCKET_HISTORY_PRIVATE_H

#include "base/map.h"
#include "diag/socket_history.h"

/* A list with a way back, for slots; the head is one without an entry. */
struct gw_history_link {
	struct gw_history_link *next, *previous;
};

struct gw_history_slot {
	struct gw_history_entry entry; /* first: the caller holds it */
	struct gw_history_link link;   /* in `sure` or `aside` */
	struct gw_key key;
	struct gw_history_slot *same;   /* further ones under this key */
	struct gw_history_slot *queued; /* after it in the queue of news */
	bool is_queued;
	bool sure; /* of this namespace; else it is aside */
	bool ours; /* the same, once it has both ends */
	uint64_t id;
	unsigned told;     /* steps that are no news any more */
	unsigned round;    /* of the last snapshot that had it */
	gw_usec missed_at; /* by the last snapshot; 0: it was there */
	gw_usec ended_at;  /* the kernel says so; 0: it does not */
	gw_usec heard_at;  /* last news but snapshots */
};

struct gw_history {
	uint64_t seed;
	struct gw_map *by_key; /* the first slot of those under a key */
	struct gw_map *by_id;
	struct gw_history_link sure, aside;
	size_t aside_count;
	struct gw_history_slot *news, *news_last;
	unsigned round;
};

/* A connection has its ends to itself, and keeps them when the kernel swaps
 * the socket for a smaller one.  What has no peer, or may change it, has not:
 * its cookie tells it. */
struct gw_key gw_history_key(
    const struct gw_history *, const struct gw_socket *, bool by_ends);
bool gw_history_is_connection(const struct gw_socket *);

struct gw_history_slot *gw_history_first(
    const struct gw_history *, const struct gw_key *);
struct gw_history_slot *gw_history_find_id(
    const struct gw_history *, uint64_t id);
/* The one under this key that is there still, as a snapshot would see it. */
struct gw_history_slot *gw_history_find_sure(
    const struct gw_history *, const struct gw_key *);

/* A new one without a step, under its key. */
GW_MUST_USE enum gw_err gw_history_add(struct gw_history *,
    const struct gw_socket *, bool sure, struct gw_history_slot **);
/* Under another key; GW_E_MEMORY: it stays where it was. */
GW_MUST_USE enum gw_err gw_history_move(
    struct gw_history *, struct gw_history_slot *, const struct gw_key *);
/* Forget one that is no news. */
void gw_history_drop(struct gw_history *, struct gw_history_slot *);
/* No snapshot has shown it yet. */
bool gw_history_is_unseen(const struct gw_history_slot *);
void gw_history_be_sure(struct gw_history *, struct gw_history_slot *);

GW_MUST_USE enum gw_err gw_history_bind_id(
    struct gw_history *, struct gw_history_slot *, uint64_t id);
void gw_history_release_id(struct gw_history *, struct gw_history_slot *);

/* There is at least one. */
const struct gw_history_step *gw_history_last(const struct gw_history_slot *);
void gw_history_push(
    struct gw_history *, struct gw_history_slot *, struct gw_history_step);
void gw_history_be_gone(
    struct gw_history *, struct gw_history_slot *, gw_usec at, bool exact);

static inline struct gw_history_slot *
gw_history_slot_of(struct gw_history_link *l)
{
	return (
	    struct gw_history_slot *)((char *)l -
				      offsetof(struct gw_history_slot, link));
}

#endif /* GW_DIAG_SOCKET_HISTORY_PRIVATE_H */
