/*
 * recv_mover_private - shared by recv_mover.c (the session, the disk work)
 * and recv_events.c (what the engine reports, what the program answers).
 */
#ifndef GW_RUN_RECV_MOVER_PRIVATE_H
#define GW_RUN_RECV_MOVER_PRIVATE_H

#include "run/crew.h"
#include "run/rate.h"
#include "run/recv_mover.h"
#include "run/store_work.h"
#include "transfer/receiver.h"

/* What the program was asked and has not answered. */
enum gw_recv_asked { NOTHING, OFFER, CONFLICT };

struct gw_recv_mover {
	struct gw_mover base;
	struct gw *g;
	bool accept, accept_known, archive, checksum, stream;
	uint64_t max_size, max_files;     /* 0: no limit */
	enum gw_conflict conflict_option; /* as it was given */
	enum gw_conflict on_conflict;     /* perhaps answered "for all" */

	struct gw_store_work store;
	struct gw_pipe pipe;
	struct gw_crew *crew;

	struct gw_receiver *engine;
	struct gw_conn *conn;
	bool suspended, limited;
	bool quiet; /* its pipe; the peer was told */
	enum gw_recv_asked asked;
	uint8_t accepted[16]; /* transfer that the user said yes to */
	bool was_accepted;
	struct gw_bucket bucket;
	uint64_t owed; /* credit that the rate limit holds back */
	uint64_t finished, moved;
	gw_usec started;
	char name[4 * 256];
};

/* Let the sender say why its content is not taken. */
void gw_recv_tell_limit(struct gw_recv_mover *);
/* Refuse more content than this side takes: an offer, or a stream whose size
 * no offer told.  True: it is refused. */
bool gw_recv_check_size(struct gw_recv_mover *, uint64_t bytes);
/* Act on one event of the engine. */
void gw_recv_on_event(struct gw_recv_mover *, const struct gw_receiver_event *);
enum gw_err gw_recv_answer(struct gw_mover *, unsigned answer);

#endif /* GW_RUN_RECV_MOVER_PRIVATE_H */
