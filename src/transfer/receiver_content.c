#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "transfer/receiver_private.h"

/* ---- buffers ---- */

uint8_t *
gw_receiver_buffer(struct gw_receiver *r, size_t n)
{
	uint8_t *buf = n <= SMALL ? malloc(n) : gw_pool_get(&r->pool);

	if (buf == NULL)
		gw_receiver_fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
	return buf;
}

void
gw_receiver_buffer_free(struct gw_receiver *r, uint8_t *buf, size_t n)
{
	if (n <= SMALL)
		free(buf);
	else if (buf != NULL)
		gw_pool_put(&r->pool, buf);
}

/* ---- larger files ---- */

struct gw_large *
gw_receiver_find_large(struct gw_receiver *r, uint64_t entry)
{
	struct gw_large *g = r->larges;

	while (g != NULL && g->entry != entry)
		g = g->next;
	return g;
}

struct gw_large *
gw_receiver_large(struct gw_receiver *r, uint64_t entry)
{
	struct gw_large *g = gw_receiver_find_large(r, entry);

	if (g != NULL)
		return g;
	if ((g = calloc(1, sizeof *g)) == NULL) {
		gw_receiver_fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
		return NULL;
	}
	g->entry = entry;
	gw_manifest_get(r->manifest, entry, &g->e);
	g->size = g->e.size;
	gw_ranges_init(&g->have, 65536);
	g->next = r->larges;
	r->larges = g;
	return g;
}

void
gw_receiver_large_free(struct gw_receiver *r, struct gw_large *g)
{
	struct gw_large **at = &r->larges;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	gw_ranges_fini(&g->have);
	free(g->xattrs);
	free(g);
}

static void
drop(struct gw_receiver *r, struct gw_large *g)
{
	struct gw_task *t;

	g->failed = true;
	if (g->tasks > 0 || !g->ended)
		return; /* when the last of it is here */
	if ((t = gw_receiver_task(r, GW_TASK_DROP)) != NULL) {
		t->entry = g->entry;
		t->e = g->e;
		if (r->journal != NULL)
			gw_journal_temp(gw_journal_head(r->journal)->seed,
			    g->e.path, t->temp);
		r->storing++;
		gw_receiver_issue(r, t);
	}
	gw_receiver_large_free(r, g);
}

void
gw_receiver_large_drop(struct gw_receiver *r, struct gw_large *g)
{
	g->ended = true;
	drop(r, g);
}

static bool
is_whole(const struct gw_large *g)
{
	uint64_t blocks = (g->size + GW_BLOCK - 1) / GW_BLOCK;

	return blocks == 0 || gw_ranges_has(&g->have, 0, blocks);
}

/* Ended, and nothing of it under way: it is complete or it was a lie. */
static void
settle_large(struct gw_receiver *r, struct gw_large *g)
{
	if (!g->ended || g->tasks > 0)
		return;
	if (g->failed)
		drop(r, g);
	else if (!is_whole(g))
		gw_receiver_fail(
		    r, GW_E_PROTOCOL, "it left out a part of a file");
	else
		gw_receiver_entry_stored(r, g->entry, &g->temp);
}

void
gw_receiver_large_idle(struct gw_receiver *r, uint64_t entry)
{
	struct gw_large *g = gw_receiver_find_large(r, entry);

	GW_ASSERT(g != NULL);
	GW_ASSERT(g->tasks > 0);
	g->tasks--;
	settle_large(r, g);
}

static void
add_blocks(
    struct gw_receiver *r, struct gw_large *g, uint64_t offset, uint64_t length)
{
	uint64_t first = offset / GW_BLOCK;
	uint64_t end = (offset + length + GW_BLOCK - 1) / GW_BLOCK;

	if (length > 0 && gw_ranges_add(&g->have, first, end) != GW_OK)
		gw_receiver_fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
}

/* ---- tasks out of pieces ---- */

static void
hold_or_issue(struct gw_receiver *r, struct gw_task *t)
{
	r->storing++;
	if (t->entry < r->looked) {
		gw_receiver_issue(r, t);
		return;
	}
	t->item.next = NULL;
	*r->held_last = &t->item;
	r->held_last = &t->item.next;
}

void
gw_receiver_release_held(struct gw_receiver *r)
{
	while (r->held != NULL) {
		struct gw_task *t = (struct gw_task *)(void *)r->held;

		if (t->entry >= r->looked)
			return;
		r->held = t->item.next;
		if (r->held == NULL)
			r->held_last = &r->held;
		gw_receiver_issue(r, t);
	}
}

/* Nobody will make their directory any more. */
void
gw_receiver_drop_held(struct gw_receiver *r)
{
	while (r->held != NULL) {
		struct gw_task *t = (struct gw_task *)(void *)r->held;
		struct gw_large *g = gw_receiver_find_large(r, t->entry);

		r->held = t->item.next;
		r->storing--;
		if (t->kind == GW_TASK_WRITE && g != NULL)
			g->tasks--;
		gw_receiver_task_free(r, t);
	}
	r->held_last = &r->held;
}

/* A task for the piece that is complete; takes its body. */
static struct gw_task *
piece_task(struct gw_receiver *r, enum gw_task_kind kind)
{
	struct gw_task *t = gw_receiver_task(r, kind);

	if (t == NULL)
		return NULL;
	t->entry = r->current;
	t->e = r->e;
	if (r->journal != NULL)
		gw_journal_temp(
		    gw_journal_head(r->journal)->seed, r->e.path, t->temp);
	t->offset = r->piece.offset;
	t->length = (size_t)r->piece.length;
	t->wire_len = r->piece.wire_len;
	t->compressed = r->piece.flags & GW_PIECE_COMPRESSED;
	if (r->piece.kind == GW_PIECE_DATA) {
		t->data = r->body;
		memcpy(t->hash.b, r->body + t->wire_len, GW_HASH_LEN);
		r->body = NULL;
	}
	t->item.weight = (uint32_t)t->length;
	return t;
}

static void
store_whole(struct gw_receiver *r)
{
	struct gw_task *t = piece_task(r, GW_TASK_WHOLE);

	if (t == NULL)
		return;
	t->xattrs = gw_slice(r->xattrs, r->xattrs_len);
	r->xattrs = NULL; /* the task's */
	hold_or_issue(r, t);
}

static struct gw_large *
current_large(struct gw_receiver *r)
{
	struct gw_large *g = gw_receiver_large(r, r->current);

	if (g != NULL && r->xattrs != NULL) {
		free(g->xattrs);
		g->xattrs = r->xattrs;
		g->xattrs_len = r->xattrs_len;
		r->xattrs = NULL;
	}
	return g;
}

static void
store_block(struct gw_receiver *r)
{
	struct gw_large *g = current_large(r);
	struct gw_task *t;

	if (g == NULL || g->failed)
		return;
	if ((t = piece_task(r, GW_TASK_WRITE)) == NULL)
		return;
	t->ino = g->ino;
	g->tasks++;
	if (gw_receiver_is_stream(r))
		g->size = r->piece.offset + r->piece.length;
	hold_or_issue(r, t);
}

/* A file of holes alone, or an empty stream: nothing has made its temporary,
 * and the journal has to know which file it is. */
static void
make_temporary(struct gw_receiver *r, struct gw_large *g)
{
	struct gw_task *t = piece_task(r, GW_TASK_WRITE);

	if (t == NULL)
		return;
	t->offset = 0;
	t->length = t->wire_len = 0;
	g->tasks++;
	hold_or_issue(r, t);
}

static void
put_out(struct gw_receiver *r)
{
	struct gw_task *t = piece_task(r, GW_TASK_OUT);

	if (t == NULL)
		return;
	r->storing++;
	gw_receiver_issue(r, t);
}

static void
end_content(struct gw_receiver *r)
{
	struct gw_large *g = gw_receiver_find_large(r, r->current);

	if (r->o.stream) {
		gw_receiver_close_entry(r); /* done when its last OUT is */
		return;
	}
	if (g == NULL && r->e.size == 0 && !gw_receiver_is_stream(r)) {
		if (r->info[r->current].state == E_WANTED)
			store_whole(r);
		gw_receiver_close_entry(r);
		return;
	}
	if ((g = current_large(r)) == NULL)
		return;
	g->ended = true;
	if (g->tasks == 0 && g->temp.ino == 0 && !g->failed)
		make_temporary(r, g);
	gw_receiver_close_entry(r);
	settle_large(r, g);
}

/* A block that was vouched for and did not prove the same comes again. */
static bool
is_there(struct gw_receiver *r, const struct gw_piece *p)
{
	const struct gw_large *g = gw_receiver_find_large(r, r->current);

	return g != NULL && g->ino != 0 &&
	       gw_ranges_has(
		   &g->have, p->offset / GW_BLOCK, p->offset / GW_BLOCK + 1);
}

static void
on_data(struct gw_receiver *r)
{
	const struct gw_piece *p = &r->piece;
	bool last = p->flags & GW_PIECE_LAST;

	r->next_offset = p->offset + p->length;
	r->stats.bytes += is_there(r, p) ? 0 : p->length;
	r->stats.moved += p->length;
	if (r->o.stream) {
		put_out(r);
	} else if (p->offset == 0 && last && p->kind == GW_PIECE_DATA &&
		   !gw_receiver_is_stream(r) &&
		   gw_receiver_find_large(r, r->current) == NULL) {
		store_whole(r);
		gw_receiver_close_entry(r);
		return;
	} else if (p->kind == GW_PIECE_HOLE) {
		struct gw_large *g = current_large(r);

		if (g != NULL)
			add_blocks(r, g, p->offset, p->length);
	} else {
		store_block(r);
	}
	if (last)
		end_content(r);
}

static void
on_fail(struct gw_receiver *r)
{
	struct gw_large *g = gw_receiver_find_large(r, r->current);
	char reason[128];
	size_t n = r->piece.wire_len < sizeof reason - 1 ? r->piece.wire_len
							 : sizeof reason - 1;

	if (n > 0)
		memcpy(reason, r->body, n);
	reason[n] = '\0';
	/* It may have failed here already. */
	if (r->info[r->current].state < E_DONE)
		gw_receiver_fail_entry(r, r->current,
		    n > 0 ? reason : "the other side cannot read it");
	gw_receiver_close_entry(r);
	if (g != NULL)
		gw_receiver_large_drop(r, g);
}

void
gw_receiver_on_piece(struct gw_receiver *r)
{
	switch (r->piece.kind) {
	case GW_PIECE_DATA:
	case GW_PIECE_HOLE:
		on_data(r);
		break;
	case GW_PIECE_END:
		end_content(r);
		break;
	case GW_PIECE_FAIL:
		on_fail(r);
		break;
	case GW_PIECE_XATTRS:
		r->xattrs = malloc(r->piece.wire_len);
		if (r->xattrs == NULL) {
			gw_receiver_fail(
			    r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
			return;
		}
		memcpy(r->xattrs, r->body, r->piece.wire_len);
		r->xattrs_len = r->piece.wire_len;
		break;
	}
}

/* ---- stored ---- */

static void
written(struct gw_receiver *r, struct gw_task *t)
{
	struct gw_large *g = gw_receiver_find_large(r, t->entry);

	GW_ASSERT(g != NULL);
	if (t->err != GW_OK) {
		if (!g->failed && !gw_receiver_is_fatal(r, t->err, t->reason))
			gw_receiver_fail_entry(r, t->entry, t->reason);
		g->failed = true;
	} else {
		if (g->temp.ino == 0)
			g->temp = t->seen;
		add_blocks(r, g, t->offset, t->length);
		g->dirty = true;
		if (r->dirty_bytes == 0)
			r->dirty_since = r->now;
		r->dirty_bytes += t->length;
	}
	gw_receiver_large_idle(r, t->entry);
}

static void
whole_written(struct gw_receiver *r, struct gw_task *t)
{
	if (t->err == GW_OK)
		gw_receiver_entry_stored(r, t->entry, &t->seen);
	else if (!gw_receiver_is_fatal(r, t->err, t->reason))
		gw_receiver_fail_entry(r, t->entry, t->reason);
}

static void
put_out_done(struct gw_receiver *r, struct gw_task *t)
{
	if (t->err != GW_OK && r->state != GW_RECEIVER_OVER)
		gw_receiver_fail(r, t->err, t->reason);
}

void
gw_receiver_stored(struct gw_receiver *r, struct gw_task *t)
{
	GW_ASSERT(r->storing > 0);
	r->storing--;
	if (t->data != NULL)
		r->credit += t->wire_len + GW_HASH_LEN;
	r->stats.xattrs_lost += t->lost_xattrs;
	if (t->kind == GW_TASK_WHOLE)
		whole_written(r, t);
	else if (t->kind == GW_TASK_WRITE)
		written(r, t);
	else if (t->kind == GW_TASK_OUT)
		put_out_done(r, t);
	gw_receiver_task_free(r, t);
}
