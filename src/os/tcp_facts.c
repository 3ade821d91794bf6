#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "os/tcp.h"

bool
gw_tcp_facts(int fd, struct gw_tcp_facts *out)
{
	struct tcp_info i = { .tcpi_state = 0 };
	socklen_t n = sizeof i;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &n) != 0)
		return false;
	*out = (struct gw_tcp_facts){
		.state = i.tcpi_state,
		.rtt = i.tcpi_rtt,
		.min_rtt = i.tcpi_min_rtt != UINT32_MAX ? i.tcpi_min_rtt : 0,
		.cwnd = (uint64_t)i.tcpi_snd_cwnd * i.tcpi_snd_mss,
		.in_flight = (uint64_t)i.tcpi_unacked * i.tcpi_snd_mss,
		.rate = i.tcpi_delivery_rate,
		.retransmitted = i.tcpi_total_retrans,
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
