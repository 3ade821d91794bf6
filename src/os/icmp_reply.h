/*
 * icmp_reply - tells who has sent a datagram to this machine that it went no
 * further, as hosts and routers do: ICMP, destination unreachable.  Needs the
 * right to open raw sockets.
 */
#ifndef GW_OS_ICMP_REPLY_H
#define GW_OS_ICMP_REPLY_H

#include "os/addr.h"
#include "os/raw.h"

enum { GW_ICMP_REPLY = 8 + 40 + 8 }; /* bytes, IPv6's */

/* As gw_raw_open; closed with gw_raw_close. */
GW_MUST_USE enum gw_err gw_icmp_reply_open(struct gw_raw *, struct gw_why *);

/*
 * The message about a datagram from `client` to `local`, of one family, with
 * their ports: its length.  Of the datagram it quotes the headers, since no
 * more is needed to know whose it was; of those of IPv6 the kernel makes the
 * check sum.
 */
size_t gw_icmp_reply_message(const struct gw_addr *client,
    const struct gw_addr *local, enum gw_unreachable,
    uint8_t out[GW_ICMP_REPLY]);
/* Send it, from `local`, a unicast address of this machine.  Never waits;
 * false: it has not left. */
bool gw_icmp_reply_send(const struct gw_raw *, const struct gw_addr *client,
    const struct gw_addr *local, enum gw_unreachable);

#endif /* GW_OS_ICMP_REPLY_H */
