/*
 * classic_send - the job of one gw_classic_send.
 *
 *   CONNECTING -> TALKING -> ENDED
 *       |                      ^
 *       +----------------------+
 */
#ifndef GW_RUN_CLASSIC_SEND_H
#define GW_RUN_CLASSIC_SEND_H

#include "run/job.h"

/* As gw_classic_send; without last_error where gw_err_text says enough. */
GW_MUST_USE enum gw_err gw_classic_send_start(
    struct gw *, const struct gw_classic_send_options *, struct gw_job **);

#endif /* GW_RUN_CLASSIC_SEND_H */
