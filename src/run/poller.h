/*
 * poller - many sockets of one owner, watched edge-triggered by one epoll of
 * their own, so that neither a watcher is changed nor the loop woken for each
 * chunk that moves.
 *
 * One descriptor of it is in the loop.  A turn takes all edges that there
 * are, and goes on with items that have more to do, until nothing is left or
 * a millisecond has passed.
 */
#ifndef GW_RUN_POLLER_H
#define GW_RUN_POLLER_H

#include <sys/epoll.h>

#include "run/loop.h"

struct gw_poller;

struct gw_poll_item {
	int fd;
	/* EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR as edges; 0: its
	 * turn to go on.  May remove and free the item. */
	void (*on)(struct gw_poll_item *, uint32_t events);
	struct gw_poll_item *prev, *next; /* of those with more to do */
	bool queued;
};

enum { GW_POLLER_BATCH = 128 };

struct gw_poller {
	struct gw_loop *loop;
	int fd;
	uv_poll_t poll;
	uv_idle_t idle;
	unsigned handles;
	struct gw_poll_item *first, *last; /* with more to do */
	struct gw_poll_item *end; /* the last of those whose turn it is */
	struct epoll_event batch[GW_POLLER_BATCH];
	int at, count;             /* of the batch that is being told */
	void (*turned)(void *arg); /* after a turn */
	void (*closed)(void *arg);
	void *arg;
};

/* GW_E_LIMIT: no descriptor is left. */
GW_MUST_USE enum gw_err gw_poller_init(struct gw_poller *, struct gw_loop *);
/* No item is left; `closed` follows, and then its storage may go. */
void gw_poller_close(struct gw_poller *);

/* All edges from now on, and one for what is there already.  GW_E_LIMIT: the
 * kernel has no room for it. */
GW_MUST_USE enum gw_err gw_poller_add(
    struct gw_poller *, struct gw_poll_item *);
/* It is told nothing more; the descriptor is the caller's to close. */
void gw_poller_remove(struct gw_poller *, struct gw_poll_item *);
/* It has more to do: it gets its turn after the others. */
void gw_poller_again(struct gw_poller *, struct gw_poll_item *);

#endif /* GW_RUN_POLLER_H */
