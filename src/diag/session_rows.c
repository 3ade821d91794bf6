#include "diag/session_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "diag/socket_filter_private.h"
#include "os/clock.h"
#include "os/session_files.h"
#include "os/session_page.h"

enum { READS = 3 }; /* it may be written just now */

static_assert((int)GW_SESSION_STEPS <= (int)GW_HISTORY_STEPS, "all of them");
static_assert((int)GW_SOCKET_CLOSED - (int)GW_SOCKET_SYN_SENT ==
		  (int)GW_SHOWN_CLOSED - (int)GW_SHOWN_SYN_SENT,
    "the same states, in the same order");
static_assert((int)GW_SOCKET_TIME_WAIT - (int)GW_SOCKET_SYN_SENT ==
		  (int)GW_SHOWN_TIME_WAIT,
    "the same states, in the same order");
static_assert(sizeof((struct gw_socket_session *)0)->cipher == GW_SESSION_WORD,
    "words of the same length");
static_assert(
    sizeof((struct gw_socket_session *)0)->congestion == GW_SESSION_WORD,
    "words of the same length");

struct gw_session_rows {
	struct gw_session_files *files;
	struct gw_sockets udp; /* of the kernel */
	struct gw_session_row *v;
	size_t count, room;
	uint8_t buf[GW_SESSION_PAGE_BYTES];
};

enum gw_err
gw_session_rows_new(struct gw_session_rows **out)
{
	struct gw_session_rows *r = calloc(1, sizeof *r);

	if (r == NULL)
		return GW_E_MEMORY;
	if (gw_session_files_new(&r->files) != GW_OK) {
		free(r);
		return GW_E_MEMORY;
	}
	*out = r;
	return GW_OK;
}

void
gw_session_rows_free(struct gw_session_rows *r)
{
	struct gw_shown_file *f = NULL;

	if (r == NULL)
		return;
	while ((f = gw_session_files_next(r->files, f)) != NULL)
		free(f->user);
	gw_session_files_free(r->files);
	gw_sockets_fini(&r->udp);
	free(r->v);
	free(r);
}

int
gw_session_rows_fd(const struct gw_session_rows *r)
{
	return gw_session_files_fd(r->files);
}

bool
gw_session_rows_told(struct gw_session_rows *r)
{
	return gw_session_files_told(r->files);
}

/* ---- rows ---- */

static enum gw_err
add(struct gw_session_rows *r, const struct gw_session_row *row)
{
	if (r->count == r->room) {
		size_t room = r->room != 0 ? 2 * r->room : 16;
		struct gw_session_row *v = realloc(r->v, room * sizeof *v);

		if (v == NULL)
			return GW_E_MEMORY;
		r->v = v;
		r->room = room;
	}
	r->v[r->count++] = *row;
	return GW_OK;
}

/* What it has from the socket that it runs on. */
static struct gw_socket
row_of(const struct gw_socket *udp, uint32_t serial)
{
	return (struct gw_socket){ .protocol = GW_SOCKET_SESSION,
		.state = GW_SOCKET_LISTEN,
		.local = udp->local,
		/* The kernel counts its cookies from 1 on. */
		.cookie = udp->cookie << 24 | (serial & 0xffffff),
		.device = udp->device,
		.inode = udp->inode,
		.uid = udp->uid,
		.ipv6 = udp->ipv6,
		.ipv6_only = udp->ipv6_only };
}

static uint32_t
at_most(uint64_t v)
{
	return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

static void
take_ends(struct gw_socket *s, const struct gw_shown_session *shown)
{
	const struct gw_socket_end local = { .port = s->local.port };
	struct gw_socket_end mine = local;

	memcpy(mine.address, shown->local.address, sizeof mine.address);
	/* Else what the socket is bound to will do. */
	if (!gw_socket_end_is_any(&mine))
		s->local = mine;
	memcpy(
	    s->remote.address, shown->remote.address, sizeof s->remote.address);
	s->remote.port = shown->remote.port;
	if (s->device == 0)
		s->device = shown->remote.zone;
}

static void
take_steps(struct gw_session_row *row, const struct gw_shown_session *shown,
    gw_usec now)
{
	row->step_count = shown->step_count;
	for (unsigned i = 0; i < shown->step_count; i++)
		row->steps[i] = (struct gw_history_step){
			.since = gw_usec_min(shown->steps[i].at, now),
			.state = (uint8_t)(GW_SOCKET_SYN_SENT +
					   shown->steps[i].state),
			.exact = true
		};
	row->socket.state = row->steps[row->step_count - 1].state;
	row->socket.session.in_state =
	    now - row->steps[row->step_count - 1].since;
}

static struct gw_session_row
session_of(const struct gw_socket *udp, const struct gw_shown_session *shown,
    gw_usec now)
{
	const struct gw_shown_figures *f = &shown->figures;
	struct gw_session_row row = { .socket = row_of(udp, shown->serial) };
	struct gw_socket *s = &row.socket;

	s->session_known = true;
	s->recv_queue = at_most(f->unread);
	s->send_queue = at_most(f->unacked);
	s->session = (struct gw_socket_session){ .cwnd = f->cwnd,
		.in_flight = f->in_flight,
		.rate = f->rate,
		.rtt = f->srtt,
		.rtt_min = f->min_rtt,
		.sent = f->sent,
		.received = f->received,
		.lost = f->lost,
		.spurious = f->spurious,
		.acked = f->acked,
		.got = f->got,
		.datagram = at_most(f->datagram),
		.initiator = shown->initiator };
	memcpy(s->session.cipher, shown->cipher, GW_SESSION_WORD);
	memcpy(s->session.congestion, shown->congestion, GW_SESSION_WORD);
	take_ends(s, shown);
	take_steps(&row, shown, now);
	return row;
}

static enum gw_err
add_listener(struct gw_session_rows *r, const struct gw_socket *udp,
    uint32_t backlog, uint32_t opening)
{
	struct gw_session_row row = { .socket = row_of(udp, 0) };

	row.socket.recv_queue = opening;
	row.socket.send_queue = backlog;
	return add(r, &row);
}

/* ---- files ---- */

/* The socket that a page is about, if it is what the file's owner has here. */
static const struct gw_socket *
find_socket(
    const struct gw_session_rows *r, const struct gw_shown_file *f, uint64_t id)
{
	for (size_t i = 0; i < r->udp.count; i++)
		if (r->udp.v[i].cookie == id && r->udp.v[i].uid == f->uid)
			return &r->udp.v[i];
	return NULL;
}

/* The socket is kept with the file, for its last words. */
static const struct gw_socket *
socket_of(const struct gw_session_rows *r, struct gw_shown_file *f, uint64_t id,
    bool gone)
{
	const struct gw_socket *udp = find_socket(r, f, id);

	if (udp == NULL)
		return gone ? f->user : NULL;
	if (f->user == NULL)
		f->user = malloc(sizeof *udp);
	if (f->user != NULL)
		*(struct gw_socket *)f->user = *udp;
	return udp;
}

static enum gw_err
take_page(struct gw_session_rows *r, struct gw_shown_file *f, bool gone,
    const struct gw_session_page *page, struct gw_session_page_reader *reader)
{
	const struct gw_socket *udp = socket_of(r, f, page->cookie, gone);
	const gw_usec now = gw_clock_now();
	struct gw_shown_session shown;
	uint32_t opening = 0;
	enum gw_err err = GW_OK;

	if (udp == NULL)
		return GW_OK;
	while (err == GW_OK && gw_session_page_next(reader, &shown)) {
		const struct gw_session_row row = session_of(udp, &shown, now);

		opening += row.socket.state == GW_SOCKET_SYN_RCVD;
		err = add(r, &row);
	}
	if (err == GW_OK && page->backlog != 0 && !gone)
		err = add_listener(r, udp, page->backlog, opening);
	return err;
}

/* *gone: nothing follows. */
static enum gw_err
read_file(struct gw_session_rows *r, struct gw_shown_file *f, bool *gone)
{
	struct gw_session_page_reader reader;
	struct gw_session_page page;

	for (int i = 0; i < READS; i++) {
		size_t n = gw_shown_file_read(f, r->buf, sizeof r->buf, gone);

		if (gw_session_page_open(gw_slice(r->buf, n), &page, &reader))
			return take_page(r, f, *gone, &page, &reader);
	}
	return GW_OK;
}

enum gw_err
gw_session_rows_look(
    struct gw_session_rows *r, struct gw_sock_diag *diag, struct gw_why *why)
{
	const struct gw_socket_filter udp = {
		.kinds = gw_filter_kind_bit(GW_SOCKET_UDP, false) |
			 gw_filter_kind_bit(GW_SOCKET_UDP, true)
	};
	struct gw_shown_file *f, *next;
	enum gw_err err;

	r->count = 0;
	gw_session_files_look(r->files);
	if ((f = gw_session_files_next(r->files, NULL)) == NULL)
		return GW_OK;
	err = gw_sock_diag_list(diag, &udp, false, &r->udp, why);
	for (; f != NULL && err == GW_OK; f = next) {
		bool gone = false;

		next = gw_session_files_next(r->files, f);
		if (read_file(r, f, &gone) != GW_OK)
			err = gw_why(why, GW_E_MEMORY, "out of memory");
		if (gone) {
			free(f->user);
			gw_session_files_drop(r->files, f);
		}
	}
	return err;
}

const struct gw_session_row *
gw_session_rows_at(const struct gw_session_rows *r, size_t i)
{
	return i < r->count ? &r->v[i] : NULL;
}
