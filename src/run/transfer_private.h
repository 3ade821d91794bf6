/*
 * transfer_private - shared by the files of transfer: transfer.c (life and
 * end), transfer_entrance.c (waiting, connecting, coming back),
 * transfer_find.c (codes, beacons, addresses), transfer_session.c (the
 * session under way, progress and stalls).
 */
#ifndef GW_RUN_TRANSFER_PRIVATE_H
#define GW_RUN_TRANSFER_PRIVATE_H

#include "run/transfer.h"

enum {
	BEAT_MS = 200,
	CLOSING_MAX = 10000000, /* us, for the last words of a session */
	DIAL_AGAIN = 1000000,   /* us */
	LOOK_AGAIN = 5000000,   /* us that one looks for who was lost */
	STALL_AFTER = 10000000  /* us; then it says who stalls */
};

void gw_transfer_set_state(struct gw_transfer *, enum gw_transfer_state);
/* Over: DRAINING is done when the disk is. */
void gw_transfer_drained(struct gw_transfer *);
/* An error that ends the transfer, unless its result is fixed already. */
void gw_transfer_broken(struct gw_transfer *, enum gw_err, const char *text);
void gw_transfer_wake_at(struct gw_transfer *, gw_usec at);

/* transfer_entrance.c */
GW_MUST_USE enum gw_err gw_transfer_open_entrance(struct gw_transfer *);
/* Wait for the next transfer: with a fresh code, if the last one used it. */
void gw_transfer_wait_again(struct gw_transfer *);
/* The session was lost: try to get it back. */
void gw_transfer_lost(struct gw_transfer *, enum gw_err, const char *text);
void gw_transfer_retry_beat(struct gw_transfer *, gw_usec now);
struct gw_udp_tuning gw_transfer_tuning(const struct gw_transfer *);

/* transfer_find.c */
/* Be found by beacons, where that is wanted and works. */
GW_MUST_USE enum gw_err gw_transfer_be_found(struct gw_transfer *);
/* Put up the code that was given, or a fresh one; tells the program, soon. */
void gw_transfer_new_code(struct gw_transfer *);
/* Tell where it waits, to the program and by beacons. */
void gw_transfer_tell_listening(struct gw_transfer *);
/* By address, or to whom beacons find. */
GW_MUST_USE enum gw_err gw_transfer_dial(
    struct gw_transfer *, const struct gw_entrance_owner *);
void gw_transfer_cancel_dial(struct gw_transfer *);

/* transfer_session.c */
/* Start the mover on job->successor, if the disk is at rest. */
void gw_transfer_begin(struct gw_transfer *);
void gw_transfer_beat(struct gw_transfer *, gw_usec now);

#endif /* GW_RUN_TRANSFER_PRIVATE_H */
