/*
 * transfer - the job of one gw_send or gw_recv, from its start to its END
 * event.
 *
 * Waits or connects, gives the session to its mover, reconnects when it is
 * lost, and decides how it ends.  The states:
 *
 *   PREPARING -> WAITING ----> MOVING <-> CLOSING -> DRAINING -> ENDED
 *       |           ^         ^  |  ^         |         |
 *       +-> CONNECTING -------+  v  |         |         |
 *                   ^          RETRYING <-----+         |
 *                   +------- a standing recv -----------+
 *
 * The result is fixed at the RECEIPT.  Until that is acknowledged the peer
 * may come back for it: the conversation is held again, and tells nothing.
 */
#ifndef GW_RUN_TRANSFER_H
#define GW_RUN_TRANSFER_H

#include "crypto/code.h"
#include "run/dial.h"
#include "run/herald.h"
#include "run/job.h"
#include "run/known.h"
#include "run/listener.h"
#include "run/mover.h"
#include "run/quest.h"
#include "run/rate.h"

enum gw_transfer_state {
	GW_TRANSFER_PREPARING,  /* the mover lists its PATHs */
	GW_TRANSFER_WAITING,    /* listening */
	GW_TRANSFER_CONNECTING, /* dialling for the first time */
	GW_TRANSFER_MOVING,     /* a session is open */
	GW_TRANSFER_RETRYING,   /* it was lost; it may come back */
	GW_TRANSFER_CLOSING,    /* the RECEIPT is out, the session ends */
	GW_TRANSFER_DRAINING,   /* over; disk work finishes */
	GW_TRANSFER_ENDED
};

/* gw_link_options, copied and completed. */
struct gw_transfer_link {
	bool connects;  /* else it waits */
	bool beacons;   /* find, and be found, by them */
	bool by_number; /* connect: to who has the code */
	char *host, *listen;
	bool host_given;
	bool known;                    /* connect: without a code, ... */
	struct gw_known_device device; /* ... and only to this one */
	bool for_known, no_code;       /* wait */
	bool remember;
	char *for_device;
	uint16_t port;
	bool port_required, code_given;
	unsigned code_words;
	gw_usec timeout, retry;
	enum gw_carriers carriers;
	enum gw_congestion congestion;
};

struct gw_transfer {
	struct gw_job base; /* first: the job is it */
	enum gw_transfer_state state;
	bool sends;
	bool standing; /* goes on after a transfer */
	bool offline;  /* a dry run: nobody is waited for */
	struct gw_transfer_link link;
	struct gw_mover *mover;
	char code[GW_CODE_MAX + 1];
	uint64_t window; /* of a stream of its sessions, bytes */

	struct gw_door *door;
	struct gw_known *known; /* who needs no code at it; NULL: nobody */
	struct gw_listener *listener;
	struct gw_herald *herald; /* NULL: it is not found by beacons */
	struct gw_dial *dial;     /* or ... */
	struct gw_quest *quest;
	char at[GW_ADDRESS_TEXT]; /* where the peer was last */
	struct gw_conn *conn;
	struct gw_conn *successor; /* came before the disk work of the last
				      session was done */
	uint8_t peer[GW_KEY_LEN];
	char peer_name[GW_NAME_MAX + 1];
	bool have_peer;
	bool peer_known; /* it needs no code */
	bool by_code;    /* the transfer's code was used */
	struct gw_ticket ticket;
	bool have_ticket;

	enum gw_err result; /* of the transfer, or of the job at its end */
	bool result_fixed, failing;
	bool heard;        /* something came on a stream of this session */
	bool acknowledged; /* both sides have the RECEIPT */
	gw_usec retry_until, dial_at, close_by;

	uint64_t mark; /* of the last progress */
	gw_usec moved_at, stall_told;
	struct gw_speed speed;
	uv_timer_t beat, wake;
	gw_usec wake_at; /* when `wake` fires; GW_NEVER */
	unsigned handles;
	bool freed;
};

/* Start a job around a mover; both are the job's from here on, on failure
 * too.  `prepared` is false while the mover still lists its PATHs. */
GW_MUST_USE enum gw_err gw_transfer_start(struct gw *,
    const struct gw_link_options *, struct gw_transfer *, bool prepared);
/* Allocate one that gw_transfer_start can take; its mover may point to it. */
struct gw_transfer *gw_transfer_alloc(void);
/* The mover has its list. */
void gw_transfer_prepared(struct gw_transfer *);
/* End without ever connecting (a dry run; a PATH that is not there). */
void gw_transfer_end(struct gw_transfer *, enum gw_err);

#endif /* GW_RUN_TRANSFER_H */
