/*
 * classic_recv - the job of one gw_classic_recv.
 *
 *   SERVING -> ENDING -> ENDED
 *      |                   ^
 *      +-------------------+
 */
#ifndef GW_RUN_CLASSIC_RECV_H
#define GW_RUN_CLASSIC_RECV_H

#include "run/job.h"

/* As gw_classic_recv; without last_error where gw_err_text says enough. */
GW_MUST_USE enum gw_err gw_classic_recv_start(
    struct gw *, const struct gw_classic_recv_options *, struct gw_job **);

#endif /* GW_RUN_CLASSIC_RECV_H */
