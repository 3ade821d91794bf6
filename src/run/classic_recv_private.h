/*
 * classic_recv_private - shared by classic_recv.c (life, listening),
 * classic_recv_peers.c (who is served) and classic_recv_events.c (what its
 * program is told).
 */
#ifndef GW_RUN_CLASSIC_RECV_PRIVATE_H
#define GW_RUN_CLASSIC_RECV_PRIVATE_H

#include "run/classic_peer.h"
#include "run/classic_recv.h"

enum gw_classic_recv_state {
	GW_CLASSIC_RECV_SERVING,
	GW_CLASSIC_RECV_ENDING, /* nobody new; some are not done yet */
	GW_CLASSIC_RECV_ENDED
};

struct gw_classic_recv {
	struct gw_job base; /* first: the job is it */
	enum gw_classic_recv_state state;
	char *listen, *reply;
	bool once, keep_partial;
	uint64_t max_size;
	gw_usec timeout;
	struct gw_classic_store *store;
	enum gw_err result;

	int fd;
	bool listening, paused;
	uv_poll_t poll;
	uv_timer_t resume; /* after a pause */

	struct gw_classic_peer *peers;
	unsigned peer_count;
	const struct gw_classic_peer *chosen; /* once: whose file it is */
	uint64_t files;                       /* kept */
	uint64_t ended_bytes;                 /* of peers that are gone */

	struct gw_bucket bucket;
	struct gw_speed speed;
	gw_usec moved_at;
	uint64_t mark; /* bytes that had moved then */
	uv_timer_t beat;
	unsigned handles;
};

/* ---- classic_recv.c ---- */

/* Nobody new any more; END comes when the last one is gone. */
void gw_classic_recv_finish(struct gw_classic_recv *, enum gw_err);
/* A peer is gone: there is room for one, or it was the last. */
void gw_classic_recv_one_less(struct gw_classic_recv *);

/* ---- classic_recv_peers.c ---- */

/* Take a connection. */
void gw_classic_recv_welcome(
    struct gw_classic_recv *, int fd, const struct gw_addr *);
/* Is there room for one more?  Makes some, if that can be. */
bool gw_classic_recv_room(struct gw_classic_recv *);
/* All of them but one (or NULL). */
void gw_classic_recv_fail_all(struct gw_classic_recv *,
    const struct gw_classic_peer *but, enum gw_err, const char *why);

/* ---- classic_recv_events.c ---- */

void gw_classic_recv_tell_listening(struct gw_classic_recv *);
void gw_classic_recv_tell_named(
    struct gw_classic_recv *, const struct gw_classic_peer *);
void gw_classic_recv_tell_ended(struct gw_classic_recv *,
    const struct gw_classic_peer *, const struct gw_classic_receiver_event *);
void gw_classic_recv_tell_progress(struct gw_classic_recv *, gw_usec now);

#endif /* GW_RUN_CLASSIC_RECV_PRIVATE_H */
