/*
 * ack_out_fixture - what arrives, and ACKs that leave.
 */
#ifndef GW_TESTS_UNIT_ACK_OUT_FIXTURE_H
#define GW_TESTS_UNIT_ACK_OUT_FIXTURE_H

#include "session/udp/ack_out.h"

extern struct gw_ack_out a;
extern struct gw_ack ack; /* the last one that left */
extern gw_usec now;
extern uint64_t carrier; /* the packet that carries the next ACK */

void start(void);
/* One eliciting packet that is a batch of its own. */
void came(uint64_t number);
bool due(void);
/* An ACK leaves; returns the number of the packet that carries it. */
uint64_t tell(void);

#endif /* GW_TESTS_UNIT_ACK_OUT_FIXTURE_H */
