#include "os/tcp_path.h"

/* The C library's own description of this lacks what came later. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

/* The kernel says "unlimited" so. */
static uint64_t
rate(uint64_t bytes)
{
	return bytes == UINT64_MAX ? 0 : bytes;
}

bool
gw_tcp_path_look(int fd, struct gw_tcp_path *out)
{
	struct tcp_info i = { .tcpi_state = 0 };
	socklen_t n = sizeof i;
	const socklen_t least = offsetof(struct tcp_info, tcpi_delivery_rate) +
				sizeof i.tcpi_delivery_rate;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &n) != 0 || n < least)
		return false;
	*out = (struct gw_tcp_path){
		.state = i.tcpi_state,
		.retransmitted = i.tcpi_total_retrans,
		.srtt = i.tcpi_rtt,
		.min_rtt = i.tcpi_min_rtt == UINT32_MAX ? 0 : i.tcpi_min_rtt,
		.rttvar = i.tcpi_rttvar,
		.window = (uint64_t)i.tcpi_snd_cwnd * i.tcpi_snd_mss,
		.in_flight = (uint64_t)i.tcpi_unacked * i.tcpi_snd_mss,
		.pacing_rate = rate(i.tcpi_pacing_rate),
		.delivery_rate = rate(i.tcpi_delivery_rate),
	};
	return true;
}

const char *
gw_tcp_state_name(unsigned state)
{
	static const char *const names[] = { "?", "ESTABLISHED", "SYN_SENT",
		"SYN_RCVD", "FIN_WAIT_1", "FIN_WAIT_2", "TIME_WAIT", "CLOSED",
		"CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "SYN_RCVD" };

	return state < sizeof names / sizeof *names ? names[state] : "?";
}
