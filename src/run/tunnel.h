/*
 * tunnel - ports forwarded through a session with another device.
 *
 * Binds what wire/tunnel says to a session: messages about rules on stream 0,
 * TCP flows on lanes, datagrams as datagrams of the session, in parts where
 * they are larger.  It knows which flow something is for; what a flow does is
 * via_tcp's and via_udp's, and which rules there are via's and serve's.
 *
 * Everything is taken out of the session as it comes, and each TCP flow has a
 * window of its own: a slow one keeps nobody else waiting.
 *
 * A tunnel outlives its sessions: flows of datagrams go on in the next one.
 */
#ifndef GW_RUN_TUNNEL_H
#define GW_RUN_TUNNEL_H

#include <sys/uio.h>

#include "base/bytes.h"
#include "base/map.h"
#include "base/ring.h"
#include "forward/tunnel_parts.h"
#include "forward/tunnel_queue.h"
#include "run/forwarder.h"
#include "wire/tunnel.h"

struct gw_tunnel;
struct gw_tunnel_flow;
struct gw_tunnel_lane;
struct gw_via_rule;

/* What a flow has nothing to do about is NULL: datagrams have no data, never
 * wait for room, and go on in the next session. */
struct gw_tunnel_flow_ops {
	/* READY, END, RESET, WINDOW; KNOWN, OVER.  May free the flow, as all
	 * of these may. */
	void (*message)(
	    struct gw_tunnel_flow *, const struct gw_tunnel_message *);
	void (*data)(struct gw_tunnel_flow *, struct gw_slice);
	void (*datagram)(struct gw_tunnel_flow *, struct gw_slice);
	/* There was no room; there may be now. */
	void (*writable)(struct gw_tunnel_flow *);
	/* All that has come is told: what gw_tunnel_settle_later was for. */
	void (*settle)(struct gw_tunnel_flow *);
	/* A datagram of so many bytes had been taken to be sent, and will not
	 * be. */
	void (*dropped)(struct gw_tunnel_flow *, enum gw_drop, size_t n);
	/* Of one that the other side has sent, not all parts came. */
	void (*incomplete)(struct gw_tunnel_flow *);
	void (*lost)(struct gw_tunnel_flow *); /* the session has gone */
};

enum {
	GW_TUNNEL_PLACES = 4, /* messages that are made at once */
	GW_TUNNEL_SPARES = 8  /* rings that are kept */
};

/* Lines that a flow may stand in. */
enum gw_tunnel_row {
	GW_TUNNEL_FOR_ROOM,  /* for room */
	GW_TUNNEL_TO_SETTLE, /* for the end of what comes */
	GW_TUNNEL_ROWS
};

/* Embedded in a flow. */
struct gw_tunnel_flow {
	const struct gw_tunnel_flow_ops *ops;
	struct gw_tunnel *tunnel;
	struct gw_via_rule *rule;
	uint32_t id;
	uint16_t lane; /* 0: datagrams */
	bool in[GW_TUNNEL_ROWS];
	struct gw_tunnel_flow *next[GW_TUNNEL_ROWS];
	struct gw_tunnel_line line;
	uint16_t number; /* of the next datagram in parts */
	bool known;      /* there; datagrams need no opening */
	gw_usec told;    /* the other side that this one knows it */
};

struct gw_tunnel_owner {
	/* HELLO, OPEN, ACCEPT, REFUSE, CLOSE.  False: it makes no sense. */
	bool (*control)(void *arg, const struct gw_tunnel_message *);
	/* The session has gone, and flows that end with it have. */
	void (*lost)(void *arg, enum gw_err, const char *text);
	void *arg;
};

/* Why its session is to be given up. */
enum gw_tunnel_fault {
	GW_TUNNEL_SOUND,
	GW_TUNNEL_SENSELESS, /* what came */
	GW_TUNNEL_CROWDED,   /* more waits for the other side than it may */
	GW_TUNNEL_NO_MEMORY,
	GW_TUNNEL_FAULTS
};

enum {
	GW_TUNNEL_GIVEN = 64 /* datagrams that wait in the session, a train;
				others wait here, where they take turns and
				become stale */
};

/* A packet that the session has taken, and may not have sent yet. */
struct gw_tunnel_given {
	uint32_t flow;
	size_t whole;
	bool more;
};

struct gw_tunnel {
	struct gw *g;
	struct gw_conn *conn; /* NULL: none now */
	struct gw_tunnel_owner owner;
	bool initiator;
	struct gw_tunnel_lane *lanes[GW_STREAMS_MAX];
	size_t backlog;       /* bytes that wait on all of them */
	struct gw_map *flows; /* by id */
	uint32_t next_id;
	uint16_t on_lane[GW_STREAMS_MAX]; /* connections */
	uint64_t widened; /* bytes of windows beyond what flows begin with */
	struct {
		struct gw_tunnel_flow *first, **last;
	} rows[GW_TUNNEL_ROWS];
	struct gw_tunnel_queue queue;
	struct gw_tunnel_given given[GW_TUNNEL_GIVEN]; /* the last of them */
	uint64_t given_count;
	struct gw_tunnel_parts parts;
	struct gw_via_rule *rules;
	uint16_t numbers; /* the last one that this side gave a rule */
	struct gw_ring spares[GW_TUNNEL_SPARES]; /* size 0: none */
	uint8_t *buffer; /* for a datagram, or data with its heads */
	size_t fresh;    /* bytes of data that have had no time to leave */
	bool more;       /* there is more to write once this has left */
	bool in_ready;   /* what is written leaves after it by itself */
	bool heard;      /* the owner has understood something, this session */
	enum gw_tunnel_fault broken;
	uv_timer_t timer;
};

/* GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_tunnel_new(
    struct gw *, bool initiator, struct gw_tunnel **);
/* No rule is left.  NULL is fine. */
void gw_tunnel_free(struct gw_tunnel *);

/* Go on with this session, which is the tunnel's from here on. */
void gw_tunnel_attach(struct gw_tunnel *, struct gw_conn *);
/* Give it up and tell the peer; flows are told, the owner is not. */
void gw_tunnel_detach(struct gw_tunnel *, enum gw_err, const char *text);
/* Take over the rules and flows of another one, which has neither then. */
void gw_tunnel_adopt(struct gw_tunnel *, struct gw_tunnel *from);

struct gw_via_rule *gw_tunnel_rule(const struct gw_tunnel *, uint16_t number);
/* How many there are. */
unsigned gw_tunnel_rules(const struct gw_tunnel *);

/* ---- for rules and flows ---- */

/* A message on stream 0, or on a lane; nothing without a session. */
void gw_tunnel_say(
    struct gw_tunnel *, uint16_t lane, const struct gw_tunnel_message *);

/* A new flow of this side: number and, for connections, lane.  GW_E_LIMIT,
 * GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_tunnel_flow_begin(
    struct gw_tunnel *, struct gw_tunnel_flow *, bool connection);
/* One that the peer has begun; id and lane are set. */
GW_MUST_USE enum gw_err gw_tunnel_flow_take(
    struct gw_tunnel *, struct gw_tunnel_flow *);
/* Datagrams of it that wait are `dropped` before. */
void gw_tunnel_flow_end(struct gw_tunnel_flow *);

/* Bytes of data that it may send now; 0: `writable` will come. */
size_t gw_tunnel_room(struct gw_tunnel_flow *);
/* Where n bytes of them go, in messages of their own; returns how many. */
unsigned gw_tunnel_places(
    struct gw_tunnel *, size_t n, struct iovec places[GW_TUNNEL_PLACES]);
/* The first n bytes of those places. */
void gw_tunnel_data(struct gw_tunnel_flow *, size_t n);
/* Call `settle` once all that has come by now is told: what belongs together
 * is dealt with together. */
void gw_tunnel_settle_later(struct gw_tunnel_flow *);

/* A ring for whoever has none, perhaps a large one; and back when it is empty:
 * memory that is always new is slow. */
void gw_tunnel_ring_take(struct gw_tunnel *, struct gw_ring *);
void gw_tunnel_ring_give(struct gw_tunnel *, struct gw_ring *);

/* Send one, in parts if it is large; `head` says what opens the flow.  What
 * did not go is the caller's to count: `dropped` does not come for it. */
enum gw_drop gw_tunnel_datagram(struct gw_tunnel_flow *,
    const struct gw_tunnel_datagram *head, struct gw_slice);

#endif /* GW_RUN_TUNNEL_H */
