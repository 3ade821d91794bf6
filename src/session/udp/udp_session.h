/*
 * udp_session - a session on the udp carrier: our own transport.
 *
 * Sans-IO: datagrams come in one by one, and bursts of them go out, each
 * with its path; time is passed in, events are pulled (session.h).  The
 * states are those of RFC 9293, by name; docs/protocol.md, "Packets".  An
 * endpoint (udp_endpoint.h) makes these sessions, and knows which datagram is
 * whose.  One thread at a time.
 */
#ifndef GW_SESSION_UDP_UDP_SESSION_H
#define GW_SESSION_UDP_UDP_SESSION_H

#include "session/session.h"
#include "session/udp/cc.h"
#include "session/udp/datagram.h"

enum gw_udp_state {
	GW_UDP_SYN_SENT,
	GW_UDP_SYN_RCVD,
	GW_UDP_ESTABLISHED,
	GW_UDP_FIN_WAIT_1,
	GW_UDP_FIN_WAIT_2,
	GW_UDP_CLOSING,
	GW_UDP_TIME_WAIT,
	GW_UDP_CLOSE_WAIT,
	GW_UDP_LAST_ACK,
	GW_UDP_CLOSED,
	GW_UDP_STATES
};
/* "FIN_WAIT_1" */
const char *gw_udp_state_name(enum gw_udp_state);

/* What belongs to the carrier, beside struct gw_session_options. */
struct gw_udp_tuning {
	enum gw_congestion congestion;
	uint64_t memory;   /* for buffers of the session, bytes; 0: 32 MiB */
	uint64_t kernel;   /* that its socket holds unread, bytes; 0: enough */
	uint64_t ahead;    /* that may wait unsent, bytes; 0: a window, for
			      an owner who writes only when ACKs come */
	uint32_t datagram; /* largest that its owner can send and take, bytes
			      of UDP payload; 0: 16,000 */
	uint64_t roll;     /* packets under one key; 0: GW_REKEY_RECORDS */
	bool hold;         /* initiator: wait for gw_udp_session_go before
			      the third message leaves */
	bool no_ecn;       /* its owner cannot mark packets */
	gw_usec idle;      /* nothing heard for so long: lost; 0: 60 s */
};

/* Datagrams that may be put in before all events must have been pulled. */
enum { GW_UDP_INPUTS = 128 };

/*
 * A datagram for this session came; it is opened in place, and what events
 * lend stays there: keep it until they are pulled.
 */
void gw_udp_session_input(struct gw_session *, struct gw_incoming *, gw_usec);
/* All datagrams that were there have been put in. */
void gw_udp_session_batch_end(struct gw_session *, gw_usec now);
/* Its owner pulled what it would: what is left is copied, so that the
 * datagrams may go.  full: it takes no more for now, and events are no reason
 * to wake up before it pulls again. */
void gw_udp_session_keep(struct gw_session *, bool full, gw_usec now);
/* The next burst to send; false: none now. */
bool gw_udp_session_output(struct gw_session *, struct gw_burst *, gw_usec);
/* The network says that nobody is there (ICMP), as anybody may. */
void gw_udp_session_refused(struct gw_session *, gw_usec now);
/* Likewise, that no way leads there: of use before somebody has answered. */
void gw_udp_session_no_way(struct gw_session *, gw_usec now);
/* A datagram of this size cannot leave (EMSGSIZE). */
void gw_udp_session_too_large(struct gw_session *, size_t n, gw_usec now);

/* The other side has answered (SYN_ACK). */
bool gw_udp_session_reached(const struct gw_session *);
/* Or somebody else has, with another key: for a second the right one may. */
bool gw_udp_session_doubts(const struct gw_session *);
/* Finish a handshake that was held; no-op otherwise. */
void gw_udp_session_go(struct gw_session *, gw_usec now);

/* Less than half of what may wait unsent does: time to write. */
bool gw_udp_session_wants(const struct gw_session *);

/* What people want to see of it. */
struct gw_udp_info {
	uint32_t serial; /* of its endpoint's sessions, from 1 on */
	bool initiator;
	struct gw_path peer;
	enum gw_udp_state state;
	gw_usec since; /* when it entered that state */
	/* The same of every state that it was in, else GW_NEVER; one follows
	 * another only in the order of their numbers. */
	gw_usec entered[GW_UDP_STATES];
	enum gw_cipher cipher;          /* 0: not known yet */
	uint64_t cwnd, in_flight, rate; /* bytes; bytes a second */
	uint64_t acked;                 /* bytes that have arrived */
	gw_usec srtt, min_rtt;
	uint64_t sent, received; /* datagrams */
	uint64_t lost, spurious; /* packets */
	struct gw_udp_bytes {
		uint64_t acked, unacked; /* of what was written */
		uint64_t got, unread;    /* of what came: all, and of it those
					    not dealt with */
	} bytes;
	uint32_t datagram; /* what the path takes, bytes */
	/* of DATAGRAM frames: packets that were lost; those that the path had
	 * become too narrow for */
	uint64_t messages_lost, messages_dropped;
	const char *congestion; /* "bbr"; NULL: no packet may leave yet */
};
struct gw_udp_info gw_udp_session_info(const struct gw_session *);
/* Of it, what costs nothing to say: bytes that have arrived. */
uint64_t gw_udp_session_acked(const struct gw_session *);

#endif /* GW_SESSION_UDP_UDP_SESSION_H */
