/*
 * udp_owner - what the owner of a side of udp_bed does with its session.
 * Private to udp_bed.
 */
#ifndef GW_TESTS_SIM_UDP_OWNER_H
#define GW_TESTS_SIM_UDP_OWNER_H

#include "udp_bed.h"

/* An endpoint gave a session, perhaps a new one. */
void udp_owner_came(
    struct udp_side *, struct gw_session *, uint32_t ticket, uint32_t evicted);
void udp_owner_pull(struct udp_side *); /* events */
void udp_owner_credit(struct udp_side *);
/* All that the script says: of struct udp_side. */
void udp_owner_work(void *, gw_usec now);

#endif /* GW_TESTS_SIM_UDP_OWNER_H */
