/*
 * drop - why a forwarder did not pass something on.  The enum is public, as
 * are the functions that name it; they stand in godwit.h.
 */
#ifndef GW_FORWARD_DROP_H
#define GW_FORWARD_DROP_H

#include "base/err.h"

#endif /* GW_FORWARD_DROP_H */
