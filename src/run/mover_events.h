/*
 * mover_events - what both movers tell the program of a transfer.
 */
#ifndef GW_RUN_MOVER_EVENTS_H
#define GW_RUN_MOVER_EVENTS_H

#include "run/transfer.h"
#include "wire/control.h"

/* Fails the job when memory is short. */
void gw_mover_tell_offer(
    struct gw_transfer *, const struct gw_offer *, bool ask);
/* final_name: NULL when it is the entry's own; reason: of a failure. */
void gw_mover_tell_entry(struct gw_transfer *, const struct gw_entry *,
    enum gw_entry_status, const char *final_name, const char *reason);
/* The entry's path as a string, cut to `size`. */
void gw_mover_path(const struct gw_entry *, char *out, size_t size);

#endif /* GW_RUN_MOVER_EVENTS_H */
