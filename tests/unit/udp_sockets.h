/*
 * udp_sockets - what the tests of src/os/udp share: sockets on loopback.
 */
#ifndef GW_TESTS_UNIT_UDP_SOCKETS_H
#define GW_TESTS_UNIT_UDP_SOCKETS_H

#include "os/udp.h"
#include "test.h"

/* NULL: both families.  May broadcast. */
struct gw_udp udp_open(const char *address);
bool udp_has_ipv6(void);
struct gw_addr udp_addr(const char *host, uint16_t port);
enum gw_err udp_send(struct gw_udp *, const char *host, uint16_t port,
    const void *data, size_t len);
void udp_wait(const struct gw_udp *, short events);
/* The next one; lives until the next call. */
struct gw_udp_datagram *udp_recv(struct gw_udp *);
/* A batch. */
size_t udp_recv_all(struct gw_udp *, struct gw_udp_datagram v[GW_UDP_BATCH]);
bool udp_nothing(struct gw_udp *);
void udp_is(const struct gw_addr *, const char *host, uint16_t port);

#endif /* GW_TESTS_UNIT_UDP_SOCKETS_H */
