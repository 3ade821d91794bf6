/*
 * recv_mover - the receiving side of a job: target, journal, engine, disk,
 * streams.
 */
#ifndef GW_RUN_RECV_MOVER_H
#define GW_RUN_RECV_MOVER_H

#include "run/transfer.h"

/* A mover for these options, for a job that is not started yet.  GW_E_DISK,
 * GW_E_NO_PATH: the target cannot be used. */
GW_MUST_USE enum gw_err gw_recv_mover_new(struct gw *,
    const struct gw_recv_options *, struct gw_transfer *, struct gw_mover **);

#endif /* GW_RUN_RECV_MOVER_H */
