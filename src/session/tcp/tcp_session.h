/*
 * tcp_session - a session on the tcp carrier: records in a byte stream.
 *
 * The kernel's states are the states; the session keeps only opening, open,
 * closing, closed.  Bytes go in and out through lent buffers.  How an owner
 * drives it:
 *	buf = gw_tcp_session_recv_buf(s, &cap);  n = recv(fd, buf, cap);
 *	gw_tcp_session_recv_ack(s, n, now);
 *	while (gw_session_event(s, &ev)) ...
 *	out = gw_tcp_session_send_buf(s, now);  n = send(fd, out.p, out.n);
 *	gw_tcp_session_send_ack(s, n, now);
 * The sessions given here are those of gw_tcp_session_new.
 */
#ifndef GW_SESSION_TCP_TCP_SESSION_H
#define GW_SESSION_TCP_TCP_SESSION_H

#include "session/session.h"

/* Options are copied but for door, trace and random.arg, which outlive the
 * session. */
GW_MUST_USE enum gw_err gw_tcp_session_new(
    const struct gw_session_options *, gw_usec now, struct gw_session **);

/* Where to put bytes that arrive; NULL (cap 0) while events must be pulled
 * first, and after the end.  A session that waits for a peer holds at most
 * GW_PENDING_BYTES until that peer is authenticated. */
uint8_t *gw_tcp_session_recv_buf(struct gw_session *, size_t *cap);
void gw_tcp_session_recv_ack(struct gw_session *, size_t n, gw_usec now);
/* The carrier ended (FIN or reset of TCP).  Without a sealed FIN before it
 * that is a lost connection. */
void gw_tcp_session_recv_end(struct gw_session *, gw_usec now);
/*
 * Bytes to send now, in order; empty: none.  What gw_session_write took is
 * sealed straight from the caller's memory where it is long; what is short
 * is gathered into one record until this is called.
 */
struct gw_slice gw_tcp_session_send_buf(struct gw_session *, gw_usec now);
void gw_tcp_session_send_ack(struct gw_session *, size_t n, gw_usec now);

#endif /* GW_SESSION_TCP_TCP_SESSION_H */
