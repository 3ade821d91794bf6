#include "os/session_page.h"

#include <string.h>

#include "base/assert.h"
#include "base/hash.h"

/*
 *	magic 8, length 4, check 16 (of all that follows)
 *	cookie 8, backlog 4, count 4, left out 4
 *	sessions
 */
static const uint8_t magic[8] = { 'g', 'w', 's', 'h', 'o', 'w', 's', 1 };

enum {
	LENGTH_AT = sizeof magic,
	CHECK_AT = LENGTH_AT + 4,
	CHECK = sizeof(struct gw_hash),
	BODY_AT = CHECK_AT + CHECK,
	COUNT_AT = BODY_AT + 8 + 4,
	HEAD = COUNT_AT + 4 + 4
};

/* ---- writing ---- */

static void
write_end(struct gw_writer *w, const struct gw_shown_end *e)
{
	gw_write_bytes(w, e->address, sizeof e->address);
	gw_write_u32(w, e->zone);
	gw_write_u16(w, e->port);
}

static void
write_figures(struct gw_writer *w, const struct gw_shown_figures *f)
{
	const uint64_t v[] = { f->cwnd, f->in_flight, f->rate, f->srtt,
		f->min_rtt, f->sent, f->received, f->lost, f->spurious,
		f->acked, f->unacked, f->got, f->unread, f->datagram };

	_Static_assert(sizeof v == sizeof *f, "all of them");
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		gw_write_u64(w, v[i]);
}

void
gw_session_page_begin(struct gw_session_page_writer *pw, uint8_t *buf,
    const struct gw_session_page *page)
{
	static const uint8_t zeros[HEAD];

	pw->w = gw_writer(buf, GW_SESSION_PAGE_BYTES);
	pw->page = *page;
	pw->page.count = pw->page.left_out = 0;
	gw_write_bytes(&pw->w, zeros, sizeof zeros);
}

void
gw_session_page_add(
    struct gw_session_page_writer *pw, const struct gw_shown_session *s)
{
	struct gw_writer w = pw->w;

	GW_ASSERT(s->step_count > 0);
	GW_ASSERT(s->step_count <= GW_SESSION_STEPS);
	gw_write_u32(&w, s->serial);
	gw_write_u8(&w, s->initiator);
	write_end(&w, &s->local);
	write_end(&w, &s->remote);
	gw_write_u8(&w, (uint8_t)s->step_count);
	for (unsigned i = 0; i < s->step_count; i++) {
		gw_write_u8(&w, s->steps[i].state);
		gw_write_u64(&w, s->steps[i].at);
	}
	gw_write_string(&w, gw_slice_str(s->cipher));
	gw_write_string(&w, gw_slice_str(s->congestion));
	write_figures(&w, &s->figures);
	if (pw->page.count == GW_SESSION_PAGE_MAX || !gw_writer_ok(&w)) {
		pw->page.left_out++;
		return;
	}
	pw->page.count++;
	pw->w = w;
}

size_t
gw_session_page_end(struct gw_session_page_writer *pw)
{
	const size_t n = gw_writer_len(&pw->w);
	struct gw_writer w = gw_writer(pw->w.start, HEAD);
	uint8_t *check = pw->w.start + CHECK_AT;
	struct gw_hash hash;

	gw_write_bytes(&w, magic, sizeof magic);
	gw_write_u32(&w, (uint32_t)n);
	w.p += CHECK;
	gw_write_u64(&w, pw->page.cookie);
	gw_write_u32(&w, pw->page.backlog);
	gw_write_u32(&w, pw->page.count);
	gw_write_u32(&w, pw->page.left_out);
	GW_ASSERT(gw_writer_ok(&w));
	hash = gw_hash_of(gw_slice(pw->w.start + BODY_AT, n - BODY_AT));
	memcpy(check, hash.b, sizeof hash.b);
	return n;
}

/* ---- reading ---- */

static void
read_end(struct gw_reader *r, struct gw_shown_end *e)
{
	gw_read_copy(r, e->address, sizeof e->address);
	e->zone = gw_read_u32(r);
	e->port = gw_read_u16(r);
}

/* Something that can be printed, in one piece. */
static bool
read_word(struct gw_reader *r, char out[GW_SESSION_WORD])
{
	const struct gw_slice s = gw_read_string(r, GW_SESSION_WORD - 1);

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
		out[i] = (char)s.p[i];
	}
	out[s.n] = '\0';
	return true;
}

/* From a SYN on, each later than the one before. */
static bool
read_steps(struct gw_reader *r, struct gw_shown_session *s)
{
	const struct gw_shown_step *before = NULL;

	s->step_count = gw_read_u8(r);
	if (s->step_count == 0 || s->step_count > GW_SESSION_STEPS)
		return false;
	for (unsigned i = 0; i < s->step_count; i++) {
		struct gw_shown_step *x = &s->steps[i];

		x->state = gw_read_u8(r);
		x->at = gw_read_u64(r);
		if (x->state >= GW_SHOWN_STATES || x->at == GW_NEVER)
			return false;
		if (before == NULL
			? x->state > GW_SHOWN_SYN_RCVD
			: x->state <= before->state || x->at < before->at)
			return false;
		before = x;
	}
	return true;
}

static void
read_figures(struct gw_reader *r, struct gw_shown_figures *f)
{
	uint64_t *const v[] = { &f->cwnd, &f->in_flight, &f->rate, &f->srtt,
		&f->min_rtt, &f->sent, &f->received, &f->lost, &f->spurious,
		&f->acked, &f->unacked, &f->got, &f->unread, &f->datagram };

	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		*v[i] = gw_read_u64(r);
}

bool
gw_session_page_open(struct gw_slice s, struct gw_session_page *out,
    struct gw_session_page_reader *reader)
{
	struct gw_reader r = gw_reader(s);
	const struct gw_slice begins = gw_read_bytes(&r, sizeof magic);
	const uint32_t length = gw_read_u32(&r);
	struct gw_session_page page;
	struct gw_hash said, is;

	gw_read_copy(&r, said.b, sizeof said.b);
	if (!gw_reader_ok(&r) || memcmp(begins.p, magic, sizeof magic) != 0 ||
	    length < HEAD || length > s.n)
		return false;
	is = gw_hash_of(gw_slice(s.p + BODY_AT, length - BODY_AT));
	if (!gw_hash_eq(&is, &said))
		return false;
	r = gw_reader(gw_slice(s.p + BODY_AT, length - BODY_AT));
	page.cookie = gw_read_u64(&r);
	page.backlog = gw_read_u32(&r);
	page.count = gw_read_u32(&r);
	page.left_out = gw_read_u32(&r);
	if (page.count > GW_SESSION_PAGE_MAX)
		return false;
	*out = page;
	*reader = (struct gw_session_page_reader){ r, page.count };
	return true;
}

bool
gw_session_page_next(
    struct gw_session_page_reader *reader, struct gw_shown_session *out)
{
	struct gw_reader *r = &reader->r;
	struct gw_shown_session s = { .serial = 0 };
	const uint32_t left = reader->left;
	uint8_t initiator;

	if (left == 0)
		return false;
	reader->left = 0; /* unless all is well */
	s.serial = gw_read_u32(r);
	initiator = gw_read_u8(r);
	s.initiator = initiator != 0;
	read_end(r, &s.local);
	read_end(r, &s.remote);
	if (!read_steps(r, &s) || !read_word(r, s.cipher) ||
	    !read_word(r, s.congestion))
		return false;
	read_figures(r, &s.figures);
	if (!gw_reader_ok(r) || s.serial == 0 || initiator > 1)
		return false;
	reader->left = left - 1;
	*out = s;
	return true;
}
