#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/size.h"
#include "cli/sockets_row.h"

/* At the end of what is there. */
static void put(char out[CLI_SOCKETS_TEXT], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(char out[CLI_SOCKETS_TEXT], const char *format, ...)
{
	size_t used = strlen(out);
	va_list ap;

	va_start(ap, format);
	vsnprintf(out + used, CLI_SOCKETS_TEXT - used, format, ap);
	va_end(ap);
}

enum detail {
	DETAIL_CARRIER,
	DETAIL_RTT,
	DETAIL_CWND,
	DETAIL_RETRANS,
	DETAIL_LOST,
	DETAIL_RATE,
	DETAIL_DATAGRAMS,
	DETAIL_BYTES,
	DETAIL_TIMER,
	DETAIL_DROPS,
	DETAIL_OWNER,
	DETAILS
};

static void
rtt_detail(char out[CLI_SOCKETS_TEXT], gw_usec rtt, gw_usec least)
{
	char text[CLI_SOCKETS_TIME];

	if (rtt == 0)
		return;
	put(out, "rtt %s", cli_sockets_time(text, rtt));
	if (least != 0)
		put(out, " (least %s)", cli_sockets_time(text, least));
}

static void
rate_detail(char out[CLI_SOCKETS_TEXT], uint64_t rate)
{
	char text[CLI_SOCKETS_TIME];

	if (rate == 0)
		return;
	cli_sockets_rate(text, rate, " ");
	put(out, "rate %s", text);
}

static void
bytes_detail(char out[CLI_SOCKETS_TEXT], uint64_t acked, uint64_t received)
{
	char a[CLI_SIZE_TEXT], b[CLI_SIZE_TEXT];

	put(out, "acknowledged %s  received %s", cli_size_text(a, acked),
	    cli_size_text(b, received));
}

static void
tcp_detail(char out[CLI_SOCKETS_TEXT], const struct gw_socket_tcp *t,
    enum detail which)
{
	switch (which) {
	case DETAIL_RTT:
		rtt_detail(out, t->rtt, t->rtt_min);
		break;
	case DETAIL_CWND:
		put(out, "cwnd %u of %u B", t->cwnd, t->mss);
		break;
	case DETAIL_RETRANS:
		put(out, "retrans %u", t->retransmitted);
		break;
	case DETAIL_LOST:
		if (t->lost != 0)
			put(out, "lost %u", t->lost);
		break;
	case DETAIL_RATE:
		rate_detail(out, t->delivery_rate);
		break;
	case DETAIL_BYTES:
		bytes_detail(out, t->acked, t->received);
		break;
	default:
		break;
	}
}

static void
window_detail(char out[CLI_SOCKETS_TEXT], const struct gw_socket_session *x)
{
	char a[CLI_SIZE_TEXT], b[CLI_SIZE_TEXT];

	if (x->cwnd == 0)
		return;
	put(out, "%s%scwnd %s  in flight %s", x->congestion,
	    x->congestion[0] != '\0' ? " " : "", cli_size_text(a, x->cwnd),
	    cli_size_text(b, x->in_flight));
}

static void
session_detail(char out[CLI_SOCKETS_TEXT], const struct gw_socket_session *x,
    enum detail which)
{
	char a[CLI_SOCKETS_TIME];

	switch (which) {
	case DETAIL_CARRIER:
		put(out, "%s  for %s  carrier udp",
		    x->initiator ? "begun here" : "begun there",
		    cli_sockets_time(a, x->in_state));
		if (x->cipher[0] != '\0')
			put(out, "  cipher %s", x->cipher);
		break;
	case DETAIL_RTT:
		rtt_detail(out, x->rtt, x->rtt_min);
		break;
	case DETAIL_CWND:
		window_detail(out, x);
		break;
	case DETAIL_LOST:
		put(out, "lost %" PRIu64, x->lost);
		if (x->spurious != 0)
			put(out, " (%" PRIu64 " of them not)", x->spurious);
		break;
	case DETAIL_RATE:
		rate_detail(out, x->rate);
		break;
	case DETAIL_DATAGRAMS:
		put(out, "datagrams %" PRIu64 " out %" PRIu64 " in", x->sent,
		    x->received);
		if (x->datagram != 0)
			put(out, " of %" PRIu32 " B", x->datagram);
		break;
	case DETAIL_BYTES:
		bytes_detail(out, x->acked, x->got);
		break;
	default:
		break;
	}
}

static void
timer_detail(char out[CLI_SOCKETS_TEXT], const struct gw_socket *s)
{
	char left[CLI_SOCKETS_TIME];

	put(out, "timer %s in %s", gw_socket_timer_name(s),
	    cli_sockets_time(left, s->timer_ms * GW_MSEC));
	if (s->retransmits > 0)
		put(out, " (%u so far)", s->retransmits);
}

bool
cli_sockets_detail(
    char out[CLI_SOCKETS_TEXT], const struct gw_socket *s, unsigned n)
{
	*out = '\0';
	switch (n) {
	case DETAIL_TIMER:
		if (gw_socket_timer_name(s) != NULL)
			timer_detail(out, s);
		break;
	case DETAIL_DROPS:
		if (s->drops_known)
			put(out, "drops %u", s->drops);
		break;
	case DETAIL_OWNER:
		put(out, "uid %u", s->uid);
		break;
	default:
		if (s->tcp_known)
			tcp_detail(out, &s->tcp, n);
		else if (s->session_known)
			session_detail(out, &s->session, n);
		break;
	}
	return n < DETAILS;
}
