/*
 * partials - what the other files of the API use of it.
 */
#ifndef GW_API_PARTIALS_H
#define GW_API_PARTIALS_H

#include "run/job.h"

/* Before receiving: clears what nobody came back for, and tells the job's
 * program what else earlier transfers left. */
void gw_partials_mention(struct gw *, struct gw_job *);

#endif /* GW_API_PARTIALS_H */
