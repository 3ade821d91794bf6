/*
 * recovery_fixture - a gw_recovery, and the sending and acknowledging of
 * packets.
 */
#ifndef GW_TESTS_UNIT_RECOVERY_FIXTURE_H
#define GW_TESTS_UNIT_RECOVERY_FIXTURE_H

#include "session/udp/recovery.h"

enum { D = 1200, MS = 1000, RTT = 40 * MS };

extern struct gw_recovery r;
extern struct gw_ack ack;
extern gw_usec now;
extern uint64_t number; /* of the next packet */

void start_with(const struct gw_recovery_options *);
/* CUBIC, and this RTT in the handshake. */
void start(gw_usec rtt);
void finish(void);

void send_as(struct gw_sent_packet);
/* n full packets in one train. */
void send_full(unsigned n);
/* An ACK of one range. */
bool acked(uint64_t first, uint64_t last);
/* How many fates there are of this kind; the last of them. */
unsigned fates(enum gw_fate_kind, struct gw_fate *last);

#endif /* GW_TESTS_UNIT_RECOVERY_FIXTURE_H */
