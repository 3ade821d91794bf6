#include <stdlib.h>
#include <string.h>

#include "transfer/receiver_private.h"

enum { VERIFY_BLOCKS = 32768 }; /* their hashes fit into one message */

bool
gw_receiver_stamp_fits(
    const struct gw_journal_file_state *j, const struct gw_entry *e)
{
	struct gw_hash stamp = gw_journal_stamp(e);

	return gw_hash_eq(&j->stamp, &stamp);
}

bool
gw_receiver_is_our_partial(
    const struct gw_journal_file_state *j, const struct gw_look *l)
{
	const struct gw_seen *t = &l->partial;
	uint64_t last = 0;

	if (!t->there || t->kind != GW_KIND_FILE || t->nlink != 1 ||
	    t->ino != j->ino || t->dev != j->dev)
		return false;
	if (j->complete)
		return t->size == j->size;
	if (j->blocks.n > 0)
		last = j->blocks.v[j->blocks.n - 1].end * GW_BLOCK;
	if (last > l->e.size)
		last = l->e.size;
	return t->size >= last;
}

static bool
say_blocks(
    struct gw_receiver *r, const struct gw_large *g, struct gw_slice hashes)
{
	struct gw_message m = { .type = GW_MSG_HAVE };
	struct gw_bytes ranges = { 0 };
	bool good = true;

	for (size_t i = 0; good && i < g->have.n; i++)
		good = gw_have_add_range(&ranges, &g->have.v[i]) == GW_OK;
	m.have.entry = g->entry;
	m.have.what = GW_HAVE_BLOCKS;
	m.have.range_count = g->have.n;
	m.have.ranges = gw_bytes_peek(&ranges);
	m.have.hashes = hashes;
	good = good && gw_receiver_say(r, &m);
	gw_bytes_fini(&ranges);
	return good;
}

static uint64_t
bytes_of(const struct gw_ranges *blocks, uint64_t size)
{
	uint64_t n = gw_ranges_count(blocks) * GW_BLOCK, last;

	if (blocks->n == 0)
		return 0;
	last = blocks->v[blocks->n - 1].end * GW_BLOCK;
	return last > size ? n - (last - size) : n;
}

static bool
verify(struct gw_receiver *r, const struct gw_large *g, const char *temp)
{
	struct gw_task *t = gw_receiver_task(r, GW_TASK_VERIFY);
	size_t n = (size_t)gw_ranges_count(&g->have);

	if (t == NULL)
		return false;
	t->entry = g->entry;
	t->e = g->e;
	t->ino = g->ino;
	memcpy(t->temp, temp, GW_TEMP_NAME);
	t->blocks = calloc(g->have.n, sizeof *t->blocks);
	t->hashes = calloc(n, sizeof *t->hashes);
	if (t->blocks == NULL || t->hashes == NULL) {
		gw_receiver_task_free(r, t);
		return false;
	}
	memcpy(t->blocks, g->have.v, g->have.n * sizeof *t->blocks);
	t->block_ranges = g->have.n;
	r->verifying = true;
	gw_receiver_issue(r, t);
	return true;
}

/* Of more blocks the hashes would not fit into one HAVE: what is beyond comes
 * anew. */
static bool
keep_first(struct gw_ranges *have, uint64_t blocks)
{
	uint64_t end = 0;

	for (size_t i = 0; i < have->n && blocks > 0; i++) {
		uint64_t n = have->v[i].end - have->v[i].start;

		n = n < blocks ? n : blocks;
		end = have->v[i].start + n;
		blocks -= n;
	}
	return gw_ranges_remove(have, end, UINT64_MAX) == GW_OK;
}

/* It takes no room any more. */
static void
has_room(struct gw_receiver *r, const struct gw_entry *e, uint64_t had)
{
	uint64_t whole = gw_entry_stored(e);

	r->needs -= had < whole ? had : whole;
}

/* Go on with what is in a temporary. */
static void
go_on_with(struct gw_receiver *r, const struct gw_look *l,
    const struct gw_journal_file_state *j)
{
	struct gw_large *g = gw_receiver_large(r, l->entry);
	bool good = g != NULL;

	for (size_t i = 0; good && i < j->blocks.n; i++)
		good = gw_ranges_add(&g->have, j->blocks.v[i].start,
			   j->blocks.v[i].end) == GW_OK;
	if (good && r->o.checksum)
		good = keep_first(&g->have, VERIFY_BLOCKS);
	if (good) {
		g->ino = j->ino;
		g->temp = l->partial;
		g->started = true;
		r->stats.bytes += bytes_of(&g->have, l->e.size);
		has_room(r, &l->e, bytes_of(&g->have, l->e.size));
		good = r->o.checksum && g->have.n > 0
			   ? verify(r, g, l->temp)
			   : say_blocks(r, g, gw_slice(NULL, 0));
	}
	if (!good)
		gw_receiver_fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
}

void
gw_receiver_verified(struct gw_receiver *r, struct gw_task *t)
{
	struct gw_large *g = gw_receiver_large(r, t->entry);
	size_t n = 0;

	r->verifying = false;
	if (t->err != GW_OK) {
		if (gw_receiver_is_fatal(r, t->err, t->reason)) {
			gw_receiver_task_free(r, t);
			return;
		}
		/* It cannot be read: have nothing of it. */
		r->stats.bytes -= bytes_of(&g->have, g->e.size);
		gw_ranges_clear(&g->have);
		memset(&g->temp, 0, sizeof g->temp);
		g->ino = 0;
		g->started = false;
	} else {
		for (size_t i = 0; i < t->block_ranges; i++)
			n += (size_t)(t->blocks[i].end - t->blocks[i].start);
		(void)say_blocks(
		    r, g, gw_slice(t->hashes, n * sizeof *t->hashes));
	}
	gw_receiver_task_free(r, t);
}

/* What is there of a file that is wanted.  A temporary that the journal does
 * not speak of is of a file that was not committed yet: nothing worth a word.
 */
void
gw_receiver_resume(struct gw_receiver *r, const struct gw_look *l)
{
	const struct gw_journal_file_state *j =
	    gw_journal_find(r->journal, l->e.path);

	if (j != NULL && !j->complete && gw_receiver_stamp_fits(j, &l->e) &&
	    gw_receiver_is_our_partial(j, l))
		go_on_with(r, l, j);
	else if (j != NULL && !j->complete)
		r->dropped = l->e.path;
}
