/*
 * recovery_private - what recovery.c and recovery_ack.c (ACKs) share.
 */
#ifndef GW_SESSION_UDP_RECOVERY_PRIVATE_H
#define GW_SESSION_UDP_RECOVERY_PRIVATE_H

#include "session/udp/recovery.h"

/* Find what is lost, and tell the controller of that and of `ce` packets
 * newly marked. */
void gw_recovery_look_for_loss(struct gw_recovery *, uint64_t ce, gw_usec now);
/* Let go of packets that no ACK is to be expected for any more. */
void gw_recovery_forget(struct gw_recovery *, gw_usec now);

#endif /* GW_SESSION_UDP_RECOVERY_PRIVATE_H */
