/*
 * random - random bytes from the kernel.
 */
#ifndef GW_OS_RANDOM_H
#define GW_OS_RANDOM_H

#include "base/random.h"

/* A source that never fails and any thread may use. */
struct gw_random gw_random_os(void);

#endif /* GW_OS_RANDOM_H */
