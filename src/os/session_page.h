/*
 * session_page - what a process shows of its sessions over UDP, as bytes: the
 * content of the files of session_files.
 *
 * One page is one UDP socket's.  Its reader trusts nothing in it: whatever
 * comes out of _open and _next is within bounds and in order.  No system
 * call here.
 */
#ifndef GW_OS_SESSION_PAGE_H
#define GW_OS_SESSION_PAGE_H

#include <stdbool.h>

#include "base/cursor.h"
#include "base/time.h"

enum {
	GW_SESSION_PAGE_MAX = 256,     /* sessions on a page */
	GW_SESSION_PAGE_BYTES = 81920, /* room for all of them */
	GW_SESSION_STEPS = 8,          /* states of one session */
	GW_SESSION_WORD = 24           /* buffer for a word */
};

/* As RFC 9293 names them, in the order in which one may follow another. */
enum gw_shown_state {
	GW_SHOWN_SYN_SENT,
	GW_SHOWN_SYN_RCVD,
	GW_SHOWN_ESTABLISHED,
	GW_SHOWN_FIN_WAIT_1,
	GW_SHOWN_FIN_WAIT_2,
	GW_SHOWN_CLOSING,
	GW_SHOWN_TIME_WAIT,
	GW_SHOWN_CLOSE_WAIT,
	GW_SHOWN_LAST_ACK,
	GW_SHOWN_CLOSED,
	GW_SHOWN_STATES /* how many */
};

struct gw_shown_end {
	uint8_t address[16]; /* IPv4 mapped; zeros: not known */
	uint32_t zone;
	uint16_t port;
};

struct gw_shown_step {
	gw_usec at; /* when it began, as gw_clock_now counts */
	uint8_t state;
};

struct gw_shown_session {
	uint32_t serial; /* of its socket's sessions, from 1 on */
	bool initiator;
	struct gw_shown_end local, remote;
	struct gw_shown_step steps[GW_SESSION_STEPS];
	unsigned step_count; /* at least 1; the last is the state */
	char cipher[GW_SESSION_WORD], congestion[GW_SESSION_WORD]; /* or "" */
	struct gw_shown_figures {
		uint64_t cwnd, in_flight, rate; /* bytes; bytes a second */
		gw_usec srtt, min_rtt;          /* 0: not measured */
		uint64_t sent, received;        /* datagrams */
		uint64_t lost, spurious;        /* packets */
		uint64_t acked, unacked;        /* bytes of what was written */
		uint64_t got, unread;           /* bytes of what came */
		uint64_t datagram;              /* largest that passes, bytes */
	} figures;
};

/* What all of them have in common. */
struct gw_session_page {
	uint64_t cookie;   /* of the socket, SO_COOKIE */
	uint32_t backlog;  /* handshakes that may be under way; 0: nobody may
			      come in */
	uint32_t count;    /* of sessions on it */
	uint32_t left_out; /* that there was no room for */
};

/* ---- writing ---- */

struct gw_session_page_writer {
	struct gw_writer w;
	struct gw_session_page page;
};

/* buf: GW_SESSION_PAGE_BYTES.  The page's counts mean nothing yet. */
void gw_session_page_begin(struct gw_session_page_writer *, uint8_t *buf,
    const struct gw_session_page *);
/* As many as there is room for; others are counted. */
void gw_session_page_add(
    struct gw_session_page_writer *, const struct gw_shown_session *);
/* Returns how many bytes it is. */
size_t gw_session_page_end(struct gw_session_page_writer *);

/* ---- reading ---- */

struct gw_session_page_reader {
	struct gw_reader r;
	uint32_t left;
};

/* false: these bytes are no page, or one that is just being written.  What
 * follows the page does not matter; it has to stay where it is. */
bool gw_session_page_open(
    struct gw_slice, struct gw_session_page *, struct gw_session_page_reader *);
/* The next session; false: no more, or no such thing. */
bool gw_session_page_next(
    struct gw_session_page_reader *, struct gw_shown_session *);

#endif /* GW_OS_SESSION_PAGE_H */
