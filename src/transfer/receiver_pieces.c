#include <stdlib.h>
#include <string.h>

#include "transfer/receiver_private.h"

/* ---- which entry a piece may be of ---- */

static void
skip_undue(struct gw_receiver *r)
{
	uint64_t count = gw_manifest_count(r->manifest);

	while (r->scanned < count && !r->info[r->scanned].due &&
	       (r->fresh || r->scanned < r->looked))
		r->scanned++;
}

bool
gw_receiver_content_ended(struct gw_receiver *r)
{
	skip_undue(r);
	return r->entries_ended && !r->open &&
	       r->scanned == gw_manifest_count(r->manifest) &&
	       r->looked == r->scanned;
}

static const char *
open_entry(struct gw_receiver *r, uint64_t n)
{
	if (r->open)
		return "it left out the end of a file";
	skip_undue(r);
	if (n >= gw_manifest_count(r->manifest) || n != r->scanned ||
	    !r->info[n].due)
		return "it sends content of an entry out of turn";
	r->current = n;
	r->open = true;
	r->next_offset = 0;
	gw_manifest_get(r->manifest, n, &r->e);
	return NULL;
}

void
gw_receiver_close_entry(struct gw_receiver *r)
{
	r->open = false;
	r->info[r->current].due = false;
	free(r->xattrs); /* whoever needed them has taken them */
	r->xattrs = NULL;
	r->xattrs_len = 0;
}

/* Its size is known at its end only. */
bool
gw_receiver_is_stream(const struct gw_receiver *r)
{
	return r->offer.flags & GW_OFFER_STREAM;
}

/* Of a file whose size is known. */
static const char *
check_block(const struct gw_receiver *r, const struct gw_piece *p)
{
	uint64_t end = p->offset + p->length, left;

	if (end > r->e.size)
		return "it sends past the end of a file";
	left = r->e.size - p->offset;
	if (p->kind == GW_PIECE_DATA &&
	    p->length != (left < GW_BLOCK ? left : GW_BLOCK))
		return "it cut a block short";
	if (p->kind == GW_PIECE_HOLE && end != r->e.size && end % GW_BLOCK != 0)
		return "it ends a hole inside a block";
	if (p->flags & GW_PIECE_LAST && end != r->e.size)
		return "it ends a file too early";
	return NULL;
}

static const char *
check_extent(const struct gw_receiver *r, const struct gw_piece *p)
{
	bool stream = gw_receiver_is_stream(r);

	if (p->offset < r->next_offset)
		return "it goes back in a file";
	if ((r->o.stream || stream) && p->offset != r->next_offset)
		return "a stream has no gaps";
	if (stream)
		return p->kind == GW_PIECE_DATA ? NULL
						: "a stream has no holes";
	return check_block(r, p);
}

/* What is wrong with a piece's header; NULL: nothing. */
static const char *
check_piece(struct gw_receiver *r, const struct gw_piece *p)
{
	const char *wrong;

	if (r->state != GW_RECEIVER_RECEIVING)
		return "it sends content out of turn";
	if ((!r->open || p->entry != r->current) &&
	    (wrong = open_entry(r, p->entry)) != NULL)
		return wrong;
	switch (p->kind) {
	case GW_PIECE_DATA:
	case GW_PIECE_HOLE:
		return check_extent(r, p);
	case GW_PIECE_END:
		if (gw_receiver_is_stream(r))
			return p->offset == r->next_offset
				   ? NULL
				   : "a stream has no gaps";
		return p->offset == r->e.size ? NULL
					      : "it ends a file too early";
	case GW_PIECE_XATTRS:
		return r->o.archive && r->xattrs == NULL && r->next_offset == 0
			   ? NULL
			   : "it sends attributes out of turn";
	case GW_PIECE_FAIL:
		return NULL;
	}
	return "it sent what is no piece";
}

/* ---- the content stream ---- */

static bool
begin_piece(struct gw_receiver *r)
{
	const char *wrong = "it sent what is no piece";

	if (!gw_piece_decode(r->head, &r->piece) ||
	    (wrong = check_piece(r, &r->piece)) != NULL) {
		gw_receiver_fail(r, GW_E_PROTOCOL, wrong);
		return false;
	}
	r->body_len = 0;
	r->body_want = gw_piece_tail(&r->piece);
	if (r->body_want == 0)
		return true;
	return (r->body = gw_receiver_buffer(r, r->body_want)) != NULL;
}

static void
finish_piece(struct gw_receiver *r)
{
	size_t want = r->body_want;

	r->credit += GW_PIECE_HEADER;
	gw_receiver_on_piece(r);
	if (r->body != NULL || want == 0) {
		/* Nobody took it. */
		gw_receiver_buffer_free(r, r->body, want);
		r->body = NULL;
		r->credit += want;
	}
	r->in_body = false;
	r->head_len = 0;
	r->body_want = 0;
}

/* Copy what is there into a part that wants more. */
static void
take(struct gw_slice *in, uint8_t *to, size_t *have, size_t want)
{
	size_t n = want - *have < in->n ? want - *have : in->n;

	if (n == 0)
		return;
	memcpy(to + *have, in->p, n);
	*have += n;
	in->p += n;
	in->n -= n;
}

/*
 * A header is complete, and belongs to an entry that is not listed yet:
 * streams keep their own order, not that among each other, so the ENTRY may
 * be late.  The window bounds what waits.
 */
static bool
is_early(const struct gw_receiver *r)
{
	struct gw_piece p;

	return !r->in_body && r->head_len == GW_PIECE_HEADER &&
	       r->state == GW_RECEIVER_RECEIVING && !r->entries_ended &&
	       gw_piece_decode(r->head, &p) &&
	       p.entry >= gw_manifest_count(r->manifest);
}

/* Take what can be taken now; the rest waits. */
static struct gw_slice
feed(struct gw_receiver *r, struct gw_slice in)
{
	while (r->state != GW_RECEIVER_OVER && (in.n > 0 || !r->in_body)) {
		if (!r->in_body) {
			take(&in, r->head, &r->head_len, GW_PIECE_HEADER);
			if (r->head_len < GW_PIECE_HEADER || is_early(r) ||
			    !begin_piece(r))
				break;
			r->in_body = true;
		}
		if (r->body_want > 0 && in.n > 0)
			take(&in, r->body, &r->body_len, r->body_want);
		if (r->body_len == r->body_want)
			finish_piece(r);
	}
	return in;
}

void
gw_receiver_content(struct gw_receiver *r, struct gw_slice in, gw_usec now)
{
	r->now = now;
	if (!is_early(r))
		in = feed(r, in);
	if (in.n > 0 && r->state != GW_RECEIVER_OVER &&
	    gw_bytes_add(&r->early, in.p, in.n) != GW_OK)
		gw_receiver_fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
}

void
gw_receiver_content_again(struct gw_receiver *r)
{
	struct gw_slice waits = gw_bytes_peek(&r->early);

	if (r->in_body || r->head_len < GW_PIECE_HEADER || is_early(r))
		return;
	gw_bytes_drop(&r->early, waits.n - feed(r, waits).n);
	if (gw_bytes_len(&r->early) == 0)
		gw_bytes_fini(&r->early);
}

bool
gw_receiver_is_full(const struct gw_receiver *r)
{
	return r->storing >= STORING_MAX;
}

size_t
gw_receiver_credit(struct gw_receiver *r)
{
	size_t n = r->credit;

	r->credit = 0;
	return n;
}
