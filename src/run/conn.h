/*
 * conn - a session with its carrier, on the loop.
 *
 * Moves bytes between the two and tells its owner whenever there may be
 * events to pull or room to write.  Knows nothing of transfers.  A carrier
 * (tcp_conn) makes it; its own struct begins with this one.
 */
#ifndef GW_RUN_CONN_H
#define GW_RUN_CONN_H

#include "session/session.h"

enum { GW_ADDRESS_TEXT = 80 };

struct gw_conn;

struct gw_conn_ops {
	void (*kick)(struct gw_conn *);
	void (*flush)(struct gw_conn *);
	void (*close)(struct gw_conn *);
};

struct gw_conn {
	const struct gw_conn_ops *ops;
	struct gw_session *session;
	const char *carrier;           /* "tcp" */
	const char *why;               /* that one: a clause; static */
	char address[GW_ADDRESS_TEXT]; /* of the peer, for people */
	uint32_t ticket;               /* at the door, 0 = none */
	/*
	 * Something may have changed: pull events, write streams.  Returns
	 * true when it has more to write at once.  May close the conn.
	 */
	bool (*ready)(struct gw_conn *, void *owner);
	void *owner;
	bool full; /* set by it: it pulls no events before the next kick */

	uint64_t sent, received; /* bytes: that the wire has taken (udp: the
				    other side has), that came */
	bool send_blocked;       /* the carrier took no more the last time */
	bool authenticated;      /* closing waits for the last words */
};

/* Who is told; calls ready soon. */
void gw_conn_set_owner(
    struct gw_conn *, bool (*ready)(struct gw_conn *, void *), void *owner);
/* The address of the peer is known: its session's trace has it, too. */
void gw_conn_trace_address(const struct gw_conn *);
/* Call ready from the loop soon, and send what there is to send. */
void gw_conn_kick(struct gw_conn *);
/* Send at once what may leave, so that there is room; nobody is called, and
 * within ready nothing happens: what is written there leaves after it. */
void gw_conn_flush(struct gw_conn *);
/*
 * The owner is done with it; NULL is fine, and so is a second call.  What is
 * left is sent, and the last words of a session that was authenticated get
 * up to a second to arrive.
 */
void gw_conn_close(struct gw_conn *);

#endif /* GW_RUN_CONN_H */
