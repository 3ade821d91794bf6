/*
 * A hostile device that has been let in: the input is what it says to whoever
 * forwards through it, or lets it forward, as messages, bytes of streams and
 * datagrams, and what clients, targets and time do meanwhile.  Whatever comes,
 * memory and descriptors keep their limits, nothing is there that no right
 * allows, another device is served as ever, and at the end nothing is left.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "fuzz.h"
#include "tunnel_rig.h"

enum { STEPS_MAX = 200 };

static uint8_t some[GW_TUNNEL_DATA_MAX];

/* ---- what the device says ---- */

static uint16_t
read_lane(struct gw_reader *in)
{
	const uint8_t v = gw_read_u8(in);

	return v < 128 ? v % 6 : v % GW_STREAMS_MAX;
}

static uint32_t
read_flow(struct gw_reader *in)
{
	const uint8_t v = gw_read_u8(in);

	return v < 240 ? v % 24 : gw_read_u32(in);
}

static uint64_t
read_total(struct gw_reader *in)
{
	const uint8_t v = gw_read_u8(in);

	return v < 128   ? GW_TUNNEL_WINDOW_MIN + (uint64_t)v * 1000
	       : v < 250 ? v
			 : UINT64_MAX - v;
}

static void
say_message(struct tunnel_rig *r, struct gw_reader *in)
{
	const uint16_t lane = read_lane(in);
	struct gw_tunnel_message m = { .kind = GW_TUNNEL_HELLO };
	uint8_t how;

	/* One after the other: an initializer has no order. */
	m.kind += gw_read_u8(in) % (GW_TUNNEL_KINDS - GW_TUNNEL_HELLO);
	m.flow = read_flow(in);
	m.rule = gw_read_u8(in) % 5;
	m.port = gw_read_u8(in) % 3;
	how = gw_read_u8(in);
	m.id[0] = how % 3;
	m.reverse = how & 1;
	m.reason = how % GW_TUNNEL_REASONS;
	if (m.kind == GW_TUNNEL_WINDOW)
		m.total = read_total(in);
	m.idle_ms = m.unreplied_ms = how < 128 ? 60000U * how : 10U * how;
	if (how < 230)
		m.text = gw_slice_str(r->texts[how / 2 % TUNNEL_RIG_TEXTS]);
	else
		m.text = gw_read_bytes(in, how - 230);
	if (m.kind == GW_TUNNEL_DATA || m.text.n > GW_TUNNEL_TEXT)
		peer_data(r->now, lane, m.flow, some, how);
	else
		peer_say(r->now, lane, &m);
}

static void
say_data(struct tunnel_rig *r, struct gw_reader *in)
{
	const uint16_t lane = read_lane(in);
	const uint32_t flow = read_flow(in);

	peer_data(r->now, lane, flow, some,
	    gw_read_u16(in) % (GW_TUNNEL_DATA_MAX + 1));
}

static void
say_bytes(struct tunnel_rig *r, struct gw_reader *in)
{
	const uint16_t lane = read_lane(in);
	const size_t n = gw_read_u8(in), left = gw_reader_left(in);
	const struct gw_slice s = gw_read_bytes(in, n < left ? n : left);

	if (lane % 2 == 0)
		peer_bytes(r->now, lane, s.p, s.n);
	else
		peer_event(
		    r->now, &(struct gw_session_event){
				.kind = GW_SESSION_DATAGRAM, .datagram = s });
}

static void
say_datagram(struct tunnel_rig *r, struct gw_reader *in)
{
	const uint8_t how = gw_read_u8(in);
	struct gw_tunnel_datagram d = { .flow = read_flow(in),
		.opens = how & 1,
		.part = how & 2,
		.rule = how / 4 % 5,
		.port = how / 64,
		.parts = 2,
		.data = gw_slice(some, how & 32 ? 60000 : how) };

	if (d.part) {
		d.parts = (uint8_t)(2 + gw_read_u8(in) % 63);
		d.at = gw_read_u8(in) % d.parts;
		d.number = gw_read_u8(in) % 4;
	}
	peer_datagram(r->now, &d);
}

static void
end_something(struct tunnel_rig *r, struct gw_reader *in)
{
	const uint8_t how = gw_read_u8(in);
	struct gw_session_event ev = { .kind = GW_SESSION_FIN };

	if (how % 4 == 0) {
		ev.kind = GW_SESSION_RESET;
		ev.reset.stream = how % GW_STREAMS_MAX;
	} else if (how % 4 == 1) {
		ev.kind = GW_SESSION_DATA;
		ev.data.stream = how % GW_STREAMS_MAX;
		ev.data.bytes = gw_slice(some, 0);
		ev.data.end = how & 8;
	}
	if (how % 4 == 2)
		peer_leave(r->now, how & 8 ? GW_OK : GW_E_LOST, "");
	else
		peer_event(r->now, &ev);
}

/* ---- what others do ---- */

/* A client of a rule, or a target that takes what came. */
static void
socket_comes(struct tunnel_rig *r, struct gw_reader *in)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct gw_forward_rule rule;
	int fd;

	if (!gw_forward_rule(r->set, gw_read_u8(in) % 3, &rule) ||
	    rule.port < 1024) {
		tunnel_rig_keep(r, accept4(r->tcp, NULL, NULL, SOCK_NONBLOCK));
		return;
	}
	a.sin_port = htons(rule.port);
	fd = socket(
	    AF_INET, (rule.tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0);
	(void)!connect(fd, (struct sockaddr *)&a, sizeof a);
	tunnel_rig_keep(r, fd);
}

static void
socket_does(struct tunnel_rig *r, struct gw_reader *in)
{
	const uint8_t how = gw_read_u8(in);
	static uint8_t got[65536];
	struct sockaddr_in from;
	socklen_t n = sizeof from;
	int *fd;

	while (recvfrom(r->udp, got, sizeof got, 0, (void *)&from, &n) >= 0)
		if (how & 1)
			(void)!sendto(
			    r->udp, some, how * 100U, 0, (void *)&from, n);
	if (r->count == 0)
		return;
	fd = &r->sockets[how / 8 % r->count];
	switch (how % 8) {
	case 0:
		close(*fd);
		*fd = r->sockets[--r->count];
		break;
	case 1:
		shutdown(*fd, SHUT_WR);
		break;
	case 2:
		while (recv(*fd, got, sizeof got, 0) > 0)
			;
		break;
	default:
		(void)!send(*fd, some, how * 200U, MSG_NOSIGNAL);
		break;
	}
}

static void
set_taking(struct tunnel_rig *r, struct gw_reader *in)
{
	const uint8_t how = gw_read_u8(in);

	r->now->takes = how % 4 == 0 ? 0 : how % 4 == 1 ? how * 10U : SIZE_MAX;
	r->now->takes_datagrams = how & 8;
	r->now->full = how & 32;
	r->now->datagram_max = how & 16 ? 1200 : how * 4U;
	r->now->kicked = true;
}

static void
sleep_a_while(struct tunnel_rig *r, struct gw_reader *in)
{
	const uint8_t how = gw_read_u8(in);

	peer_leap((gw_usec)how * 100 * GW_MSEC);
	if (how % 2 == 0)
		r->now->heard_at += (gw_usec)how * 100 * GW_MSEC;
	r->now->kicked = true;
}

static void
change(struct tunnel_rig *r, struct gw_reader *in)
{
	const uint8_t how = gw_read_u8(in);

	if (r->serve != NULL)
		tunnel_rig_come(r, how % 3, how / 4 % 4);
	else if (how == 255)
		gw_forward_drain(r->set);
	else
		tunnel_rig_dialled(r, how);
}

/* ---- one input ---- */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const steps[])(struct tunnel_rig *,
	    struct gw_reader *) = { say_message, say_message, say_message,
		say_data, say_bytes, say_datagram, end_something, socket_comes,
		socket_does, set_taking, sleep_a_while, change };
	struct gw_reader in = gw_reader(gw_slice(data, size));
	static struct tunnel_rig r;

	tunnel_rig_begin(&r, gw_read_u8(&in));
	for (unsigned i = 0; i < STEPS_MAX && gw_reader_left(&in) > 0; i++) {
		const uint8_t what = gw_read_u8(&in);

		steps[what % (sizeof steps / sizeof *steps)](&r, &in);
		if (what < 200)
			tunnel_rig_turn(&r);
		tunnel_rig_check(&r);
	}
	tunnel_rig_end(&r);
	return 0;
}
