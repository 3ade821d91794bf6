/*
 * classic_send_private - shared by classic_send.c (life, the connection) and
 * classic_send_events.c (what its program is told).
 */
#ifndef GW_RUN_CLASSIC_SEND_PRIVATE_H
#define GW_RUN_CLASSIC_SEND_PRIVATE_H

#include "classic/sender.h"
#include "run/classic_send.h"
#include "run/classic_source.h"
#include "run/connect.h"
#include "run/rate.h"

enum gw_classic_send_state {
	GW_CLASSIC_SEND_CONNECTING,
	GW_CLASSIC_SEND_TALKING,
	GW_CLASSIC_SEND_ENDED
};

struct gw_classic_send {
	struct gw_job base; /* first: the job is it */
	enum gw_classic_send_state state;
	struct gw_classic_source source;
	struct gw_classic_sender engine;
	char *host, *reply;
	gw_usec timeout;
	struct gw_connect *connect;
	char address[GW_ADDR_TEXT]; /* of the receiver */
	int fd;
	bool takes_less; /* the connection took less than there was, of late */
	bool deaf;       /* its FIN came: there is nothing more to read */
	enum gw_err result;

	gw_usec began, moved_at;
	uint64_t mark; /* bytes that had moved then */
	struct gw_bucket bucket;
	struct gw_speed speed;
	uv_poll_t poll;
	uv_timer_t timer, beat;
	bool polls;
	unsigned handles;
};

/* The receiver is there: CONNECTED, OFFER. */
void gw_classic_send_tell_connected(struct gw_classic_send *);
void gw_classic_send_tell_progress(struct gw_classic_send *, gw_usec now);
/* ENTRY, COMPLETE. */
void gw_classic_send_tell_done(struct gw_classic_send *);

#endif /* GW_RUN_CLASSIC_SEND_PRIVATE_H */
