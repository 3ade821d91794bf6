/*
 * conn - a TCP socket with a session on it, on the loop.
 *
 * Moves bytes between the two and tells its owner whenever there may be
 * events to pull or room to write.  Knows nothing of transfers.
 */
#ifndef GW_RUN_CONN_H
#define GW_RUN_CONN_H

#include <uv.h>

#include "run/loop.h"
#include "session/session.h"

enum { GW_ADDRESS_TEXT = 80 };

struct gw_conn {
	struct gw_loop *loop;
	struct gw_session *session;
	char address[GW_ADDRESS_TEXT]; /* of the peer, for people */
	uint32_t ticket;               /* at the door, 0 = none */
	/*
	 * Something may have changed: pull events, write streams.  Returns
	 * true when it has more to write at once.  May close the conn.
	 */
	bool (*ready)(struct gw_conn *, void *owner);
	void *owner;

	uint64_t sent, received; /* bytes on the wire */
	bool send_blocked;       /* the socket took no more the last time */
	bool authenticated;      /* closing waits for the last words */

	/* private to conn.c */
	int fd;
	int interest;
	bool closing, in_ready, kicked;
	unsigned handles;
	uv_poll_t poll;
	uv_timer_t timer;
};

/*
 * Take a connected, non-blocking socket and a session.  On failure both are
 * still the caller's.
 */
GW_MUST_USE enum gw_err gw_conn_open(struct gw_loop *, int fd,
    struct gw_session *, const char *address, struct gw_conn **);
/* Who is told; calls ready soon. */
void gw_conn_set_owner(
    struct gw_conn *, bool (*ready)(struct gw_conn *, void *), void *owner);
/* Call ready from the loop soon, and send what there is to send. */
void gw_conn_kick(struct gw_conn *);
/*
 * The owner is done with it; NULL is fine.  What is left is sent and the
 * socket drained for up to a second, because closing a socket with unread
 * data makes the kernel send a reset that may overtake our last words.
 */
void gw_conn_close(struct gw_conn *);

#endif /* GW_RUN_CONN_H */
