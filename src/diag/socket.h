/*
 * socket - one socket of this machine, as a row of a table.
 *
 * What is shown, whoever tells it: no structure of the kernel is known here.
 * State names are those of RFC 9293; a datagram socket is UNCONNECTED or
 * CONNECTED.
 */
#ifndef GW_DIAG_SOCKET_H
#define GW_DIAG_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

enum gw_socket_protocol {
	GW_SOCKET_TCP,
	GW_SOCKET_UDP,
	GW_SOCKET_SESSION,   /* of godwit, over UDP: its process shows it */
	GW_SOCKET_PROTOCOLS, /* how many */
	GW_SOCKET_OF_KERNEL = GW_SOCKET_SESSION /* of which it tells */
};

enum gw_socket_state { /* in the order of a connection's life */
	GW_SOCKET_LISTEN,
	GW_SOCKET_SYN_SENT,
	GW_SOCKET_SYN_RCVD,
	GW_SOCKET_ESTABLISHED,
	GW_SOCKET_FIN_WAIT_1,
	GW_SOCKET_FIN_WAIT_2,
	GW_SOCKET_CLOSING,
	GW_SOCKET_TIME_WAIT,
	GW_SOCKET_CLOSE_WAIT,
	GW_SOCKET_LAST_ACK,
	GW_SOCKET_CLOSED,
	GW_SOCKET_UNCONNECTED,
	GW_SOCKET_CONNECTED,
	GW_SOCKET_STATES, /* how many */
	/* No state of a socket, but what follows the last one. */
	GW_SOCKET_GONE = GW_SOCKET_STATES
};

/* One of a set of states. */
#define GW_SOCKET_BIT(state) ((uint32_t)1 << (state))
#define GW_SOCKET_LISTENING                                                    \
	(GW_SOCKET_BIT(GW_SOCKET_LISTEN) | GW_SOCKET_BIT(GW_SOCKET_UNCONNECTED))

struct gw_socket_end {
	uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d; all zeros: any */
	uint16_t port;       /* 0: none */
};

enum gw_socket_timer {
	GW_TIMER_NONE,
	GW_TIMER_RETRANSMIT,
	GW_TIMER_KEEPALIVE,
	GW_TIMER_TIME_WAIT,
	GW_TIMER_WINDOW_PROBE,
	GW_TIMER_TIMERS /* how many */
};

struct gw_socket_tcp {
	gw_usec rtt, rtt_var, rtt_min; /* 0: not measured */
	uint32_t cwnd;                 /* segments */
	uint32_t mss;                  /* bytes */
	uint32_t retransmitted;        /* segments, in its life */
	uint32_t lost;                 /* segments, just now */
	uint64_t delivery_rate;        /* bytes a second; 0: not known */
	uint64_t acked, received;      /* bytes of its life */
};

struct gw_socket_session {
	uint64_t cwnd, in_flight; /* bytes */
	uint64_t rate;            /* of delivery, bytes a second */
	gw_usec rtt, rtt_min;     /* 0: not measured */
	uint64_t sent, received;  /* datagrams */
	uint64_t lost, spurious;  /* packets; of them not lost after all */
	uint64_t acked, got;      /* bytes of its life */
	uint32_t datagram;        /* largest that the path takes, bytes */
	bool initiator;           /* this side began it */
	gw_usec in_state;         /* how long it is by now */
	char cipher[24], congestion[24]; /* "AES-256-GCM", "bbr"; or "" */
};

struct gw_socket_owner {
	uint32_t pid;    /* 0: nobody, not known, or not allowed to know */
	uint32_t others; /* more processes that have it open */
	char name[16];   /* bytes that the process chose */
};

struct gw_socket {
	struct gw_socket_end local, remote;
	uint64_t cookie; /* tells sockets apart while they live */
	uint32_t device; /* index of the interface it is bound to; 0: none */
	uint32_t inode;  /* 0: no process holds it any more */
	uint32_t uid;
	/* Bytes; of a listener: connections that wait for accept, and how
	 * many may. */
	uint32_t recv_queue, send_queue;
	uint32_t drops;    /* arrived, and thrown away for want of room */
	uint32_t timer_ms; /* until it fires */
	uint8_t protocol, state, timer; /* of the enums above */
	uint8_t retransmits;            /* of the timer: so far, unanswered */
	bool ipv6;                      /* the socket, whatever the address */
	bool ipv6_only;                 /* bound to [::], not to 0.0.0.0 too */
	bool drops_known;
	bool tcp_known;     /* tcp */
	bool session_known; /* session; never both */
	union {
		struct gw_socket_tcp tcp;
		struct gw_socket_session session;
	};
	struct gw_socket_owner owner;
};

/* "SYN_SENT", ..., "gone"; static storage. */
const char *gw_socket_state_name(enum gw_socket_state);
/*
 * The set of states that a word means, as people type them: "TIME-WAIT",
 * "timewait", "syn_recv", "estab" (of both protocols), "listening" (datagram
 * sockets without a peer too), "connected" (whatever has a peer).  0: none.
 */
uint32_t gw_socket_state_parse(const char *);

/* "tcp", "udp", "godwit/udp"; with 6 for a socket of IPv6. */
const char *gw_socket_protocol_name(const struct gw_socket *);
/* "retransmission", "time-wait", ...; NULL: none runs. */
const char *gw_socket_timer_name(const struct gw_socket *);

bool gw_socket_end_is_any(const struct gw_socket_end *); /* of the address */
bool gw_socket_end_is_ipv4(const struct gw_socket_end *);
/* Both ends, and the device. */
bool gw_socket_same_ends(const struct gw_socket *, const struct gw_socket *);

/* For qsort: what listens first, then by port, protocol and addresses. */
int gw_socket_compare(const void *, const void *);

#endif /* GW_DIAG_SOCKET_H */
