/*
 * tcp_path - what the kernel knows of the path of a TCP connection.
 */
#ifndef GW_OS_TCP_PATH_H
#define GW_OS_TCP_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

struct gw_tcp_path {
	gw_usec srtt, min_rtt, rttvar;
	uint64_t window, in_flight;          /* bytes */
	unsigned state;                      /* the kernel's number */
	uint64_t retransmitted;              /* segments */
	uint64_t pacing_rate, delivery_rate; /* bytes a second; 0: none */
};

/* false: it does not tell, and nothing changed. */
bool gw_tcp_path_look(int fd, struct gw_tcp_path *);
/* "ESTABLISHED"; "?" for what is none. */
const char *gw_tcp_state_name(unsigned state);

#endif /* GW_OS_TCP_PATH_H */
