/*
 * send_mover - the sending side of a job: PATHs, engine, disk, streams.
 */
#ifndef GW_RUN_SEND_MOVER_H
#define GW_RUN_SEND_MOVER_H

#include "run/transfer.h"

/*
 * A mover for these options, for a job that is not started yet; the roots
 * are looked at here and now (GW_E_NO_PATH, GW_E_USAGE), their trees later.
 */
GW_MUST_USE enum gw_err gw_send_mover_new(struct gw *,
    const struct gw_send_options *, struct gw_transfer *, struct gw_mover **);
/* List the trees; gw_transfer_prepared comes when that is done. */
void gw_send_mover_prepare(struct gw_mover *);

#endif /* GW_RUN_SEND_MOVER_H */
