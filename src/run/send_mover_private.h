/*
 * send_mover_private - shared by send_mover.c (the session, the disk work)
 * and send_events.c (what the list and the engine report).
 */
#ifndef GW_RUN_SEND_MOVER_PRIVATE_H
#define GW_RUN_SEND_MOVER_PRIVATE_H

#include "run/crew.h"
#include "run/rate.h"
#include "run/read_work.h"
#include "run/send_mover.h"
#include "run/send_paths.h"
#include "transfer/sender.h"

struct gw_send_mover {
	struct gw_mover base;
	struct gw *g;
	bool compress, checksum, dry_run;
	struct gw_send_paths paths;
	uint8_t transfer_id[16];

	struct gw_sender *engine;
	struct gw_conn *conn;
	struct gw_read_work reads;
	struct gw_crew *crew;
	struct gw_bucket bucket;
	struct gw_speed speed;
	bool suspended, blocked, limited;
	bool quiet;        /* its pipe; the peer was told */
	uint64_t finished; /* READ jobs that came back */
	uint64_t moved;    /* over all sessions */
	gw_usec started;
	char name[4 * 256];
};

void gw_send_on_scanned(struct gw_scan *, void *mover);
/* Entries that cannot or will not be sent. */
uint64_t gw_send_missed(const struct gw_send_mover *);
void gw_send_tell_offer(struct gw_send_mover *);
/* Act on one event of the engine other than READ. */
void gw_send_on_event(struct gw_send_mover *, const struct gw_sender_event *);

#endif /* GW_RUN_SEND_MOVER_PRIVATE_H */
