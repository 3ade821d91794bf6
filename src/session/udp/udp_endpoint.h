/*
 * udp_endpoint - one UDP socket's worth of sessions.
 *
 * Knows whose a datagram is by its connection id, lets those in whom its
 * door may let in, answers without state where it is asked too much, and
 * keeps a session that its owner is done with for as long as TCP would keep
 * it (TIME_WAIT).  Sans-IO: datagrams in, bursts out, time passed in.
 * docs/protocol.md, "Packets".
 *
 * How an owner drives it:
 *	while (a datagram came)
 *		s = gw_udp_endpoint_input(e, &d, now)
 *	pull the events of every session that it gave
 *	while (gw_udp_endpoint_output(e, &burst, now)) send it
 *	at gw_udp_endpoint_deadline(e):
 *		while ((s = gw_udp_endpoint_tick(e, now)) != NULL)
 *			pull its events
 */
#ifndef GW_SESSION_UDP_UDP_ENDPOINT_H
#define GW_SESSION_UDP_UDP_ENDPOINT_H

#include "session/udp/udp_session.h"

struct gw_udp_endpoint;

struct gw_udp_endpoint_options {
	/* What sessions of this endpoint start from: self, name, prefer_aes,
	 * window, random, trace; and door: NULL, nobody may come in. */
	struct gw_session_options session;
	struct gw_udp_tuning udp;
	/* Of this device, lasting: resets that need no state come from it. */
	uint8_t secret[GW_KEY_LEN];
};

/* Options are copied, but for what they point to, which outlives it. */
GW_MUST_USE enum gw_err gw_udp_endpoint_new(
    const struct gw_udp_endpoint_options *, gw_usec now,
    struct gw_udp_endpoint **);
/* Frees every session that is left, too. */
void gw_udp_endpoint_free(struct gw_udp_endpoint *);

/* Nobody comes in any more; its door may go. */
void gw_udp_endpoint_shut(struct gw_udp_endpoint *);

/* Begin a session to somebody; session and udp as the endpoint's options, the
 * initiator's part of `session` filled. */
GW_MUST_USE enum gw_err gw_udp_endpoint_connect(struct gw_udp_endpoint *,
    const struct gw_session_options *, const struct gw_path *to, gw_usec now,
    struct gw_session **);

/*
 * A datagram came.  Returns the session whose it was, NULL: nobody's.  That
 * session may be new: then *ticket is what the door calls it, and it is the
 * caller's; *evicted is the ticket that had to go for it, here or elsewhere.
 * Both are 0 otherwise.
 */
struct gw_session *gw_udp_endpoint_input(struct gw_udp_endpoint *,
    struct gw_incoming *, gw_usec now, uint32_t *ticket, uint32_t *evicted);
/* ICMP says that nobody has that port: whoever is there is told. */
void gw_udp_endpoint_refused(
    struct gw_udp_endpoint *, const struct gw_path *, gw_usec now);
/* It says that no way leads there.  A dial ends; who is open goes on, as over
 * TCP (RFC 1122, 4.2.3.9): the way may come back. */
void gw_udp_endpoint_no_way(
    struct gw_udp_endpoint *, const struct gw_path *, gw_usec now);

/* Larger datagrams than this do not leave, or do not pass, on that path. */
void gw_udp_endpoint_too_large(struct gw_udp_endpoint *, const struct gw_path *,
    uint32_t bytes, gw_usec now);

/* The owner wrote to a session, credited or ended it: it may have something
 * to send. */
void gw_udp_endpoint_touch(struct gw_udp_endpoint *, struct gw_session *);
bool gw_udp_endpoint_output(
    struct gw_udp_endpoint *, struct gw_burst *, gw_usec now);
/* The next session whose time had come: pull its events.  NULL: that was all,
 * until gw_udp_endpoint_deadline is asked again. */
struct gw_session *gw_udp_endpoint_tick(struct gw_udp_endpoint *, gw_usec now);
gw_usec gw_udp_endpoint_deadline(struct gw_udp_endpoint *);

/* The owner is done with a session that came from here, whatever its state:
 * it is freed when it has nothing left to say. */
void gw_udp_endpoint_release(
    struct gw_udp_endpoint *, struct gw_session *, gw_usec now);
/* Sessions that are here, released ones too. */
size_t gw_udp_endpoint_count(const struct gw_udp_endpoint *);
/* Is any of them not in TIME_WAIT?  A program that ends need not wait for
 * those. */
bool gw_udp_endpoint_busy(const struct gw_udp_endpoint *);

/* Walk them: NULL gives the first, NULL comes after the last. */
struct gw_session *gw_udp_endpoint_next(
    const struct gw_udp_endpoint *, const struct gw_session *);

/* What became of sessions that have gone, the latest first: the i-th, as it
 * ended; NULL: it remembers no more.  Valid until the next call. */
const struct gw_udp_info *gw_udp_endpoint_past(
    const struct gw_udp_endpoint *, unsigned i);

struct gw_udp_endpoint_stats {
	uint64_t strangers; /* datagrams that were nobody's */
	uint64_t cookies;   /* that were asked for */
	uint64_t bad_cookies;
	uint64_t resets;  /* without state */
	uint64_t changes; /* of states, and sessions that came or went */
};
struct gw_udp_endpoint_stats gw_udp_endpoint_stats(
    const struct gw_udp_endpoint *);

#endif /* GW_SESSION_UDP_UDP_ENDPOINT_H */
