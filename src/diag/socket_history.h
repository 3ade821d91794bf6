/*
 * socket_history - what became of each socket: its states and when they began.
 *
 * Fed with four kinds of news, in any mixture:
 *  - snapshots: every socket there is, now and then;
 *  - endings: the kernel freed a socket, which may live on as TIME_WAIT;
 *  - transitions: the kernel changed a state, told to the microsecond, but
 *    of all network namespaces, and without those of what lives on as
 *    TIME_WAIT.
 *  - sessions: what their own process tells of all their states.
 * A transition of a socket that no snapshot or ending has shown is kept
 * aside until one does: it may be another namespace's.
 *
 * No system call and no clock here.  A connection is one entry from its
 * first state to the end of TIME_WAIT; the same addresses used again are a
 * new one.
 */
#ifndef GW_DIAG_SOCKET_HISTORY_H
#define GW_DIAG_SOCKET_HISTORY_H

#include "base/err.h"
#include "base/time.h"
#include "diag/socket.h"

enum {
	GW_HISTORY_STEPS = 12,      /* of one connection; it has 8 at most */
	GW_HISTORY_ASIDE_MAX = 4096 /* entries of which nobody is sure yet */
};

struct gw_history_step {
	gw_usec since;
	uint8_t state; /* enum gw_socket_state; GW_SOCKET_GONE is the last */
	bool exact;    /* told by the kernel, not found by a snapshot */
	bool before;   /* it began before `since`: nobody saw when */
};

struct gw_history_entry {
	struct gw_socket socket; /* as last seen; `state` is the last step's */
	struct gw_history_step steps[GW_HISTORY_STEPS];
	unsigned step_count;
	unsigned old;      /* of its steps: how things stood at the beginning */
	bool owner_sought; /* the caller's own note, like socket.owner */
};

/* One transition as the tracepoint tells it. */
struct gw_transition {
	uint64_t id; /* of the socket, used again once it is freed */
	gw_usec at;
	struct gw_socket_end local, remote; /* local.port 0: not chosen yet */
	uint8_t from, to;                   /* enum gw_socket_state */
	bool ipv6;
	bool ours;    /* surely of this network namespace */
	uint32_t pid; /* in whose time it happened */
};

/* A step that is news. */
struct gw_history_change {
	const struct gw_history_entry *entry; /* until it is forgotten */
	unsigned step;                        /* its number, until more news */
};

struct gw_history;

/* With a random seed.  GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_history_new(uint64_t seed, struct gw_history **);
void gw_history_free(struct gw_history *);

/*
 * All sockets as they were between `began` and `ended`; every news older than
 * `began` has been told before.  The first snapshot is how things stood, no
 * news.  GW_E_MEMORY.
 */
GW_MUST_USE enum gw_err gw_history_snapshot(struct gw_history *,
    const struct gw_socket *, size_t count, gw_usec began, gw_usec ended);
/* The kernel freed this one. */
GW_MUST_USE enum gw_err gw_history_ended(
    struct gw_history *, const struct gw_socket *, gw_usec now);
GW_MUST_USE enum gw_err gw_history_transition(
    struct gw_history *, const struct gw_transition *);

/*
 * A session with all of its states so far; before each snapshot, every one
 * that there is.  One that ended before `since` is no news.  GW_E_MEMORY.
 */
GW_MUST_USE enum gw_err gw_history_session(struct gw_history *,
    const struct gw_socket *, const struct gw_history_step *, unsigned count,
    gw_usec since);

/* Take the next news; false: no more.  Those of one entry come in order. */
bool gw_history_change(struct gw_history *, struct gw_history_change *);

/* The entry after this one (NULL: the first), or NULL; in the order in which
 * they were first seen.  The caller may set socket.owner. */
struct gw_history_entry *gw_history_next(
    const struct gw_history *, const struct gw_history_entry *);
/* A session is gone when it is CLOSED. */
bool gw_history_is_gone(const struct gw_history_entry *);
/* Forget what is gone since before that time and has been told, and what
 * was set aside a minute before it. */
void gw_history_forget(struct gw_history *, gw_usec before);

#endif /* GW_DIAG_SOCKET_HISTORY_H */
