#include "diag/socket.h"

#include <ctype.h>
#include <string.h>

#include "base/assert.h"

static const char *const names[GW_SOCKET_STATES + 1] = {
	[GW_SOCKET_LISTEN] = "LISTEN",
	[GW_SOCKET_SYN_SENT] = "SYN_SENT",
	[GW_SOCKET_SYN_RCVD] = "SYN_RCVD",
	[GW_SOCKET_ESTABLISHED] = "ESTABLISHED",
	[GW_SOCKET_FIN_WAIT_1] = "FIN_WAIT_1",
	[GW_SOCKET_FIN_WAIT_2] = "FIN_WAIT_2",
	[GW_SOCKET_CLOSING] = "CLOSING",
	[GW_SOCKET_TIME_WAIT] = "TIME_WAIT",
	[GW_SOCKET_CLOSE_WAIT] = "CLOSE_WAIT",
	[GW_SOCKET_LAST_ACK] = "LAST_ACK",
	[GW_SOCKET_CLOSED] = "CLOSED",
	[GW_SOCKET_UNCONNECTED] = "UNCONNECTED",
	[GW_SOCKET_CONNECTED] = "CONNECTED",
	[GW_SOCKET_GONE] = "gone",
};

#define ESTABLISHED                                                            \
	(GW_SOCKET_BIT(GW_SOCKET_ESTABLISHED) |                                \
	    GW_SOCKET_BIT(GW_SOCKET_CONNECTED))
#define ALL (GW_SOCKET_BIT(GW_SOCKET_STATES) - 1)

/* What netstat, ss and Windows call them, and sets of them; letters and
 * digits only. */
static const struct {
	const char *word;
	uint32_t states;
} aliases[] = {
	{ "listening", GW_SOCKET_LISTENING },
	{ "synrecv", GW_SOCKET_BIT(GW_SOCKET_SYN_RCVD) },
	{ "synreceived", GW_SOCKET_BIT(GW_SOCKET_SYN_RCVD) },
	{ "estab", ESTABLISHED },
	{ "established", ESTABLISHED },
	{ "close", GW_SOCKET_BIT(GW_SOCKET_CLOSED) },
	{ "unconn", GW_SOCKET_BIT(GW_SOCKET_UNCONNECTED) },
	{ "connected",
	    ALL & ~(GW_SOCKET_LISTENING | GW_SOCKET_BIT(GW_SOCKET_CLOSED)) },
};

const char *
gw_socket_state_name(enum gw_socket_state state)
{
	GW_ASSERT((unsigned)state <= GW_SOCKET_GONE);
	return names[state];
}

/* Letters and digits, small: "TIME-WAIT" and "time_wait" are "timewait".
 * False: too long for a state. */
static bool
normalise(char *out, size_t size, const char *word)
{
	size_t n = 0;

	for (; *word != '\0'; word++) {
		if (*word == '-' || *word == '_')
			continue;
		if (n + 1 == size)
			return false;
		out[n++] = (char)tolower((unsigned char)*word);
	}
	out[n] = '\0';
	return n > 0;
}

uint32_t
gw_socket_state_parse(const char *word)
{
	char text[16], name[16];

	if (!normalise(text, sizeof text, word))
		return 0;
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (strcmp(text, aliases[i].word) == 0)
			return aliases[i].states;
	for (unsigned i = 0; i < GW_SOCKET_STATES; i++)
		if (normalise(name, sizeof name, names[i]) &&
		    strcmp(text, name) == 0)
			return GW_SOCKET_BIT(i);
	return 0;
}

const char *
gw_socket_protocol_name(const struct gw_socket *s)
{
	static const char *const protocols[GW_SOCKET_PROTOCOLS][2] = {
		[GW_SOCKET_TCP] = { "tcp", "tcp6" },
		[GW_SOCKET_UDP] = { "udp", "udp6" },
		[GW_SOCKET_SESSION] = { "godwit/udp", "godwit/udp6" },
	};

	GW_ASSERT(s->protocol < GW_SOCKET_PROTOCOLS);
	return protocols[s->protocol][s->ipv6];
}

const char *
gw_socket_timer_name(const struct gw_socket *s)
{
	static const char *const timers[GW_TIMER_TIMERS] = {
		[GW_TIMER_RETRANSMIT] = "retransmission",
		[GW_TIMER_KEEPALIVE] = "keepalive",
		[GW_TIMER_TIME_WAIT] = "time-wait",
		[GW_TIMER_WINDOW_PROBE] = "window-probe",
	};

	GW_ASSERT(s->timer < GW_TIMER_TIMERS);
	return timers[s->timer];
}

bool
gw_socket_end_is_ipv4(const struct gw_socket_end *e)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(e->address, mapped, sizeof mapped) == 0;
}

bool
gw_socket_end_is_any(const struct gw_socket_end *e)
{
	static const uint8_t zeros[16];

	if (gw_socket_end_is_ipv4(e))
		return memcmp(e->address + 12, zeros, 4) == 0;
	return memcmp(e->address, zeros, sizeof zeros) == 0;
}

static bool
same_end(const struct gw_socket_end *a, const struct gw_socket_end *b)
{
	return a->port == b->port &&
	       memcmp(a->address, b->address, sizeof a->address) == 0;
}

bool
gw_socket_same_ends(const struct gw_socket *a, const struct gw_socket *b)
{
	return same_end(&a->local, &b->local) &&
	       same_end(&a->remote, &b->remote) && a->device == b->device;
}

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static bool
listens(const struct gw_socket *s)
{
	return (GW_SOCKET_BIT(s->state) & GW_SOCKET_LISTENING) != 0;
}

int
gw_socket_compare(const void *va, const void *vb)
{
	const struct gw_socket *a = va, *b = vb;
	int d;

	if (listens(a) != listens(b))
		return listens(a) ? -1 : 1;
	if ((d = compare_numbers(a->local.port, b->local.port)) != 0 ||
	    (d = compare_numbers(a->protocol, b->protocol)) != 0 ||
	    (d = memcmp(a->local.address, b->local.address, 16)) != 0 ||
	    (d = memcmp(a->remote.address, b->remote.address, 16)) != 0 ||
	    (d = compare_numbers(a->remote.port, b->remote.port)) != 0)
		return d;
	return compare_numbers(a->cookie, b->cookie);
}
