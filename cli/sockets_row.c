#include "cli/sockets_row.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "cli/size.h"
#include "godwit.h"

/* ---- addresses ---- */

/* "%eth0", of the same interface mostly: asking again costs a system call. */
static size_t
zone_text(char *out, size_t size, uint32_t device)
{
	static uint32_t known;
	static char name[IF_NAMESIZE];
	int n;

	if (known != device) {
		if (if_indextoname(device, name) == NULL)
			snprintf(name, sizeof name, "%u", device);
		known = device;
	}
	n = snprintf(out, size, "%%%s", name);
	return n > 0 ? (size_t)n : 0;
}

/* inet_ntop and printf cost more than all the rest of a long list. */
static char *
decimal(char *at, unsigned v)
{
	char digits[10];
	size_t n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	while (n > 0)
		*at++ = digits[--n];
	*at = '\0';
	return at;
}

static size_t
ipv4_text(char *out, const uint8_t *bytes)
{
	char *at = out;

	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*at++ = '.';
		at = decimal(at, bytes[i]);
	}
	return (size_t)(at - out);
}

size_t
cli_sockets_address(char out[CLI_SOCKETS_TEXT], const struct gw_socket_end *e)
{
	if (gw_socket_end_is_ipv4(e))
		return ipv4_text(out, e->address + 12);
	inet_ntop(AF_INET6, e->address, out, INET6_ADDRSTRLEN);
	return strlen(out);
}

static bool
is_link_local(const struct gw_socket_end *e)
{
	return e->address[0] == 0xfe && (e->address[1] & 0xc0) == 0x80;
}

static size_t
star(char *out)
{
	out[0] = '*';
	out[1] = '\0';
	return 1;
}

static size_t
end_text(char out[CLI_SOCKETS_TEXT], const struct gw_socket *s, bool remote,
    const struct gw_names *names)
{
	const struct gw_socket_end *e = remote ? &s->remote : &s->local;
	const char *name =
	    names != NULL ? gw_names_of(names, e->address) : NULL;
	/* What it is bound to stands at its own end. */
	bool zone = is_link_local(e) || (!remote && s->device != 0);
	size_t n;
	char *at;

	if (e->port == 0 && gw_socket_end_is_any(e)) {
		return star(out);
	}
	if (name != NULL) {
		/* Leaves room for the port. */
		gw_escape(out, CLI_SOCKETS_TEXT - 16, name);
		n = strlen(out);
	} else if (gw_socket_end_is_any(e) && s->ipv6 && !s->ipv6_only &&
		   !zone) {
		/* Both of IPv4 and IPv6. */
		n = star(out);
	} else {
		bool brackets = !gw_socket_end_is_ipv4(e);

		n = brackets;
		out[0] = '[';
		n += cli_sockets_address(out + n, e);
		if (zone && s->device != 0)
			n += zone_text(
			    out + n, CLI_SOCKETS_TEXT - n - 16, s->device);
		if (brackets)
			out[n++] = ']';
	}
	at = out + n;
	*at++ = ':';
	at = decimal(at, e->port);
	return (size_t)(at - out);
}

/* ---- numbers ---- */

const char *
cli_sockets_time(char out[CLI_SOCKETS_TIME], gw_usec t)
{
	char text[CLI_SIZE_TEXT];

	if (t < 10 * GW_MSEC)
		snprintf(out, CLI_SOCKETS_TIME, "%.3g ms", (double)t / 1e3);
	else if (t < GW_SEC)
		snprintf(out, CLI_SOCKETS_TIME, "%.0f ms", (double)t / 1e3);
	else if (t < 60 * GW_SEC)
		snprintf(out, CLI_SOCKETS_TIME, "%.1f s", (double)t / 1e6);
	else
		snprintf(out, CLI_SOCKETS_TIME, "%s",
		    cli_duration_text(text, (double)t / 1e6));
	return out;
}

void
cli_sockets_rate(char out[CLI_SOCKETS_TIME], uint64_t bytes, const char *gap)
{
	static const char *const units[] = { "bit/s", "kbit/s", "Mbit/s",
		"Gbit/s", "Tbit/s" };
	double v = (double)bytes * 8;
	size_t unit = 0;

	while (v >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
		v /= 1000;
		unit++;
	}
	snprintf(out, CLI_SOCKETS_TIME,
	    v < 9.95 && unit > 0 ? "%.1f%s%s" : "%.0f%s%s", v, gap,
	    units[unit]);
}

/* Without gaps: a cell is one word. */
static size_t
squeeze(char *s)
{
	char *to = s;

	for (const char *from = s; *from != '\0'; from++)
		if (*from != ' ')
			*to++ = *from;
	*to = '\0';
	return (size_t)(to - s);
}

static size_t
process_text(char out[CLI_SOCKETS_TEXT], const struct gw_socket_owner *o)
{
	size_t n;

	if (o->pid == 0) {
		*out = '\0';
		return 0;
	}
	gw_escape(out, CLI_SOCKETS_TEXT - 32, o->name);
	n = strlen(out);
	n += (size_t)sprintf(out + n, "/%u", o->pid);
	if (o->others > 0)
		n += (size_t)sprintf(out + n, "+%u", o->others);
	return n;
}

static size_t
tcp_cell(char out[CLI_SOCKETS_TEXT], enum cli_sockets_column column,
    const struct gw_socket *s)
{
	const struct gw_socket_tcp *t = &s->tcp;

	*out = '\0';
	if (!s->tcp_known)
		return 0;
	switch (column) {
	case CLI_COLUMN_RTT:
		if (t->rtt == 0)
			return 0;
		cli_sockets_time(out, t->rtt);
		return squeeze(out);
	case CLI_COLUMN_CWND:
		return (size_t)(decimal(out, t->cwnd) - out);
	case CLI_COLUMN_RETRANS:
		return (size_t)(decimal(out, t->retransmitted) - out);
	case CLI_COLUMN_RATE:
		if (t->delivery_rate == 0)
			return 0;
		cli_sockets_rate(out, t->delivery_rate, "");
		return strlen(out);
	default:
		return 0;
	}
}

/* Packets are its segments. */
static uint64_t
packets(const struct gw_socket_session *x)
{
	return x->datagram != 0 ? (x->cwnd + x->datagram - 1) / x->datagram : 0;
}

static size_t
number(char out[CLI_SOCKETS_TEXT], uint64_t v)
{
	return (
	    size_t)(decimal(out, v < UINT32_MAX ? (unsigned)v : UINT32_MAX) -
		    out);
}

static size_t
session_cell(char out[CLI_SOCKETS_TEXT], enum cli_sockets_column column,
    const struct gw_socket *s)
{
	const struct gw_socket_session *x = &s->session;

	*out = '\0';
	switch (column) {
	case CLI_COLUMN_RTT:
		if (x->rtt == 0)
			return 0;
		cli_sockets_time(out, x->rtt);
		return squeeze(out);
	case CLI_COLUMN_CWND:
		return x->cwnd != 0 ? number(out, packets(x)) : 0;
	case CLI_COLUMN_RETRANS:
		return number(out, x->lost);
	case CLI_COLUMN_RATE:
		if (x->rate == 0)
			return 0;
		cli_sockets_rate(out, x->rate, "");
		return strlen(out);
	default:
		return 0;
	}
}

size_t
cli_sockets_cell(char out[CLI_SOCKETS_TEXT], enum cli_sockets_column column,
    const struct gw_socket *s, const struct gw_names *names)
{
	switch (column) {
	case CLI_COLUMN_PROTO:
		return (size_t)(stpcpy(out, gw_socket_protocol_name(s)) - out);
	case CLI_COLUMN_STATE:
		return (
		    size_t)(stpcpy(out, gw_socket_state_name(s->state)) - out);
	case CLI_COLUMN_RECV_Q:
		return (size_t)(decimal(out, s->recv_queue) - out);
	case CLI_COLUMN_SEND_Q:
		return (size_t)(decimal(out, s->send_queue) - out);
	case CLI_COLUMN_LOCAL:
	case CLI_COLUMN_REMOTE:
		return end_text(out, s, column == CLI_COLUMN_REMOTE, names);
	case CLI_COLUMN_DROPS:
		*out = '\0';
		return s->drops_known ? (size_t)(decimal(out, s->drops) - out)
				      : 0;
	case CLI_COLUMN_PROCESS:
		return process_text(out, &s->owner);
	default:
		return s->session_known ? session_cell(out, column, s)
					: tcp_cell(out, column, s);
	}
}

/* ---- history ---- */

/* One state and the time spent in it, up to `until`, which is exact or not;
 * 0: no time.  How much room it took. */
static size_t
step_text(char *out, size_t size, const struct gw_history_step *step,
    gw_usec until, bool exact)
{
	const char *name = gw_socket_state_name(step->state), *mark = "";
	gw_usec spent = until > step->since ? until - step->since : 0;
	bool rough = !step->exact || !exact;
	char text[CLI_SOCKETS_TIME];
	int n;

	if (step->state == GW_SOCKET_GONE || until == 0)
		return (size_t)snprintf(out, size, "%s", name);
	if (step->before)
		mark = ">";
	else if (rough)
		mark = "~";
	/* Lists come ten times a second. */
	if (rough && spent < 60 * GW_SEC)
		snprintf(text, sizeof text, "%.1f s", (double)spent / 1e6);
	else
		cli_sockets_time(text, spent);
	n = snprintf(out, size, "%s %s%s", name, mark, text);
	return n > 0 ? (size_t)n : 0;
}

void
cli_sockets_path(char out[CLI_SOCKETS_TEXT], const struct gw_history_entry *e,
    unsigned step, gw_usec now)
{
	static const char arrow[] = " -> ";
	size_t n = 0;

	for (unsigned i = 0; i < step && n + 64 < CLI_SOCKETS_TEXT; i++) {
		const struct gw_history_step *next = &e->steps[i + 1];

		n += step_text(out + n, CLI_SOCKETS_TEXT - n, &e->steps[i],
		    next->since, next->exact);
		memcpy(out + n, arrow, sizeof arrow);
		n += sizeof arrow - 1;
	}
	/* What is over does not last. */
	if (step + 1 == e->step_count && gw_history_is_gone(e))
		now = 0;
	step_text(out + n, CLI_SOCKETS_TEXT - n, &e->steps[step], now, true);
}
