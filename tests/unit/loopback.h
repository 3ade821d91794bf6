/*
 * loopback - sockets on 127.0.0.1, for tests of what looks at sockets.
 */
#ifndef GW_TESTS_UNIT_LOOPBACK_H
#define GW_TESTS_UNIT_LOOPBACK_H

#include <stdbool.h>
#include <stdint.h>

/* Does this kernel tell its sockets?  Else it has been said why not. */
bool loopback_is_told(void);

/* A listener on a free port. */
int loopback_listen(uint16_t *port);
/* A connection to it, and its other end. */
int loopback_connect(uint16_t port);
int loopback_accept(int listener);
/* A datagram socket on a free port. */
int loopback_datagram(uint16_t *port);
/* The port it has. */
uint16_t loopback_port(int fd);

#endif /* GW_TESTS_UNIT_LOOPBACK_H */
