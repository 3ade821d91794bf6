#include "run/udp_board.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/origin.h"
#include "os/session_files.h"
#include "os/session_page.h"
#include "wire/limits.h"

#define CHANGES_EVERY (20 * GW_MSEC)
#define FIGURES_EVERY (250 * GW_MSEC)
/* How long what has ended stays on it. */
#define PAST_STAYS (2 * GW_SEC)

enum { ORIGINS = 16 }; /* a name hardly has more addresses */

static_assert((int)GW_UDP_STATES == (int)GW_SHOWN_STATES, "the same states");
static_assert((int)GW_UDP_SYN_SENT == (int)GW_SHOWN_SYN_SENT, "numbers");
static_assert((int)GW_UDP_ESTABLISHED == (int)GW_SHOWN_ESTABLISHED, "numbers");
static_assert((int)GW_UDP_FIN_WAIT_2 == (int)GW_SHOWN_FIN_WAIT_2, "numbers");
static_assert((int)GW_UDP_TIME_WAIT == (int)GW_SHOWN_TIME_WAIT, "numbers");
static_assert((int)GW_UDP_CLOSE_WAIT == (int)GW_SHOWN_CLOSE_WAIT, "numbers");
static_assert((int)GW_UDP_CLOSED == (int)GW_SHOWN_CLOSED, "numbers");

/* The address here of a session that has not heard anything yet: asking for
 * it costs system calls. */
struct origin {
	uint32_t serial; /* 0: none */
	struct gw_path peer;
	struct gw_shown_end local;
};

struct gw_udp_board {
	int fd; /* of the socket */
	const struct gw_udp_endpoint *endpoint;
	struct gw_session_file *file;
	struct gw_session_page page;
	uint64_t changes;               /* that are written */
	gw_usec written;                /* when */
	struct origin origins[ORIGINS]; /* by serial */
	uint8_t buf[GW_SESSION_PAGE_BYTES];
};

/* ---- one session ---- */

static struct gw_shown_end
end_of(const struct gw_addr *a)
{
	struct gw_shown_end e = { .zone = gw_addr_zone(a),
		.port = gw_addr_port(a) };

	gw_addr_mapped(a, e.address);
	return e;
}

static struct gw_shown_end
local_of(struct gw_udp_board *b, const struct gw_udp_info *i)
{
	static const uint8_t zeros[sizeof i->peer.local];
	struct origin *o = &b->origins[i->serial % ORIGINS];
	struct gw_shown_end known = { .port = 0 };
	struct gw_addr peer, local;

	memcpy(known.address, i->peer.local, sizeof known.address);
	if (memcmp(known.address, zeros, sizeof zeros) != 0)
		return known;
	if (o->serial == i->serial && gw_path_eq(&o->peer, &i->peer))
		return o->local;
	gw_addr_from_mapped(&peer, i->peer.ip, i->peer.zone, i->peer.port);
	*o = (struct origin){ .serial = i->serial, .peer = i->peer };
	if (gw_origin_address(b->fd, &peer, &local))
		o->local = end_of(&local);
	return o->local;
}

static void
set_steps(struct gw_shown_session *s, const struct gw_udp_info *i)
{
	for (unsigned k = 0;
	     k < GW_UDP_STATES && s->step_count < GW_SESSION_STEPS; k++)
		if (i->entered[k] != GW_NEVER)
			s->steps[s->step_count++] =
			    (struct gw_shown_step){ i->entered[k], (uint8_t)k };
}

static void
add(struct gw_udp_board *b, struct gw_session_page_writer *w,
    const struct gw_udp_info *i)
{
	struct gw_shown_session s = {
		.serial = i->serial,
		.initiator = i->initiator,
		.local = local_of(b, i),
		.remote = { .zone = i->peer.zone, .port = i->peer.port },
		.figures = {
		    .cwnd = i->cwnd,
		    .in_flight = i->in_flight,
		    .rate = i->rate,
		    .srtt = i->srtt,
		    .min_rtt = i->min_rtt == GW_NEVER ? 0 : i->min_rtt,
		    .sent = i->sent,
		    .received = i->received,
		    .lost = i->lost,
		    .spurious = i->spurious,
		    .acked = i->bytes.acked,
		    .unacked = i->bytes.unacked,
		    .got = i->bytes.got,
		    .unread = i->bytes.unread,
		    .datagram = i->datagram,
		},
	};

	memcpy(s.remote.address, i->peer.ip, sizeof s.remote.address);
	set_steps(&s, i);
	if (i->cipher != 0)
		snprintf(
		    s.cipher, sizeof s.cipher, "%s", gw_cipher_name(i->cipher));
	if (i->congestion != NULL)
		snprintf(
		    s.congestion, sizeof s.congestion, "%s", i->congestion);
	gw_session_page_add(w, &s);
}

/* ---- all of them ---- */

/* Those that are open, or those that are not; `ends`: they end now. */
static void
add_sessions(struct gw_udp_board *b, struct gw_session_page_writer *w,
    bool opening, const gw_usec *ends)
{
	const struct gw_session *s = NULL;

	while ((s = gw_udp_endpoint_next(b->endpoint, s)) != NULL) {
		struct gw_udp_info i = gw_udp_session_info(s);

		if ((i.entered[GW_UDP_ESTABLISHED] == GW_NEVER) != opening)
			continue;
		if (ends != NULL && i.state != GW_UDP_CLOSED)
			i.entered[GW_UDP_CLOSED] = *ends;
		add(b, w, &i);
	}
}

static void
write_page(struct gw_udp_board *b, gw_usec now, bool ends)
{
	const struct gw_udp_info *past;
	struct gw_session_page_writer w;
	size_t n;

	gw_session_page_begin(&w, b->buf, &b->page);
	/* What counts comes first, should there be no room. */
	add_sessions(b, &w, false, ends ? &now : NULL);
	for (unsigned i = 0;
	     (past = gw_udp_endpoint_past(b->endpoint, i)) != NULL; i++)
		if (past->since + PAST_STAYS > now)
			add(b, &w, past);
	add_sessions(b, &w, true, ends ? &now : NULL);
	n = gw_session_page_end(&w);
	gw_session_file_write(b->file, gw_slice(b->buf, n));
	b->changes = gw_udp_endpoint_stats(b->endpoint).changes;
	b->written = now;
}

struct gw_udp_board *
gw_udp_board_new(const char *dir, int fd, const struct gw_udp_endpoint *e,
    bool listens, gw_usec now)
{
	struct gw_udp_board *b;

	if (dir == NULL || (b = calloc(1, sizeof *b)) == NULL)
		return NULL;
	b->fd = fd;
	b->endpoint = e;
	b->page.cookie = gw_origin_cookie(fd);
	b->page.backlog = listens ? GW_PENDING_MAX : 0;
	if (gw_session_file_new(dir, NULL, &b->file) != GW_OK) {
		free(b);
		return NULL;
	}
	write_page(b, now, false);
	return b;
}

gw_usec
gw_udp_board_turn(struct gw_udp_board *b, gw_usec now)
{
	gw_usec due;

	if (b == NULL)
		return GW_NEVER;
	due = b->written +
	      (gw_udp_endpoint_stats(b->endpoint).changes != b->changes
		      ? CHANGES_EVERY
		      : FIGURES_EVERY);
	if (now < due)
		return due;
	/* Figures that nothing has changed since stay as they are. */
	write_page(b, now, false);
	return GW_NEVER;
}

void
gw_udp_board_free(struct gw_udp_board *b, gw_usec now)
{
	if (b == NULL)
		return;
	write_page(b, now, true);
	gw_session_file_free(b->file);
	free(b);
}
