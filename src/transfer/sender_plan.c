#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "transfer/sender_private.h"

/* ---- buffers ---- */

static uint8_t *
buffer(struct gw_sender *s, size_t n)
{
	if (n == 0)
		return NULL;
	return n <= SMALL ? malloc(n) : gw_pool_get(&s->pool);
}

static void
give_back(struct gw_sender *s, uint8_t *buf, size_t n)
{
	if (n <= SMALL)
		free(buf);
	else if (buf != NULL)
		gw_pool_put(&s->pool, buf);
}

struct gw_sender_slot *
gw_sender_slot(struct gw_sender *s, uint64_t n)
{
	return &s->ring[n % RING];
}

void
gw_sender_release(struct gw_sender *s, struct gw_sender_slot *slot)
{
	struct gw_read *r = &slot->read;

	give_back(s, r->buf, r->want);
	give_back(s, r->spare, r->want);
	free(r->xattrs_bytes);
	s->in_flight -= r->want;
	memset(slot, 0, sizeof *slot);
}

/* ---- what the receiver has ---- */

static const struct gw_sender_have *
have_of(struct gw_sender *s, uint64_t entry)
{
	struct gw_sender_plan *p = &s->plan;

	while (p->have < s->have_n && s->haves[p->have].entry < entry)
		p->have++;
	if (p->have < s->have_n && s->haves[p->have].entry == entry)
		return &s->haves[p->have];
	return NULL;
}

/* The receiver's hash of a block that it has; hashes lie in the order of
 * the blocks in the ranges. */
static const struct gw_hash *
hash_of(const struct gw_sender_have *h, uint64_t block)
{
	uint64_t before = 0;

	for (size_t i = 0; i < h->blocks.n; i++) {
		const struct gw_range *r = &h->blocks.v[i];

		if (block < r->end)
			return &h->hashes[before + (block - r->start)];
		before += r->end - r->start;
	}
	return NULL;
}

/* ---- which job next ---- */

static uint64_t
limit(const struct gw_sender *s)
{
	if (s->go_all || s->announced_sent < s->go)
		return s->announced_sent;
	return s->go;
}

static bool
wants_content(const struct gw_sender *s, uint64_t n, const struct gw_entry *e)
{
	return e->kind == GW_KIND_FILE && !(s->marks[n] & MARK_HAD) &&
	       !(s->archive && e->hardlink_of != GW_NO_LINK);
}

static void
close_entry(struct gw_sender_plan *p)
{
	p->open = p->waits = false;
	p->entry++;
}

/* Open the next entry that has content to send. */
static bool
open_entry(struct gw_sender *s)
{
	struct gw_sender_plan *p = &s->plan;

	while (p->entry < limit(s)) {
		gw_manifest_get(s->o.manifest, p->entry, &p->e);
		if (wants_content(s, p->entry, &p->e)) {
			p->open = p->first = true;
			p->waits = false;
			p->offset = 0;
			p->data_end =
			    p->e.flags & GW_ENTRY_SPARSE ? 0 : UINT64_MAX;
			return true;
		}
		if (p->e.kind == GW_KIND_FILE)
			s->stats.bytes += p->e.size;
		p->entry++;
	}
	return false;
}

/* A block is worth compressing when zstd keeps well ahead of the network
 * and of late took a tenth off; now and then one is tried to find out. */
static bool
worth_compressing(struct gw_sender *s, size_t want)
{
	if (!s->o.compress || want < 512 || !s->network_limits ||
	    s->zstd_speed < 2 * s->network)
		return false;
	if (s->ratio < 0.9)
		return true;
	return ++s->since_probe % 32 == 0;
}

static struct gw_read *
new_job(struct gw_sender *s, size_t want)
{
	struct gw_sender_plan *p = &s->plan;
	struct gw_read *r = &gw_sender_slot(s, s->planned)->read;

	r->want = want;
	if (want > 0 && (r->buf = buffer(s, want)) == NULL)
		return NULL;
	r->entry = p->entry;
	r->path = p->e.path;
	r->manifest = s->o.manifest;
	r->offset = p->offset;
	r->first = p->first;
	r->xattrs = p->first && s->archive;
	s->in_flight += want;
	s->planned++;
	p->first = false;
	return r;
}

static bool
plan_find(struct gw_sender *s)
{
	struct gw_read *r = new_job(s, 0);

	r->find_data = true;
	s->plan.waits = true;
	return true;
}

static bool
plan_end(struct gw_sender *s)
{
	struct gw_read *r;

	s->plan.offset = s->plan.e.size; /* not the end of its last block */
	r = new_job(s, 0);
	r->last = true;
	close_entry(&s->plan);
	return true;
}

static bool
plan_block(struct gw_sender *s, const struct gw_hash *check)
{
	struct gw_sender_plan *p = &s->plan;
	uint64_t left = p->e.size - p->offset;
	size_t want = s->o.stream || left > GW_BLOCK ? GW_BLOCK : (size_t)left;
	struct gw_read *r = new_job(s, want);

	if (r == NULL)
		return false; /* later, when buffers come back */
	r->check = check;
	if (worth_compressing(s, want) && (r->spare = buffer(s, want)) != NULL)
		r->compress = true;
	p->offset += want;
	if (s->o.stream) {
		p->waits = true;
	} else if (p->offset >= p->e.size) {
		r->last = true;
		close_entry(p);
	}
	return true;
}

static size_t
readahead(const struct gw_sender *s)
{
	if (!s->o.compress)
		return READAHEAD;
	return s->network_known ? READAHEAD_COMPRESS : READAHEAD_UNKNOWN;
}

bool
gw_sender_plan_one(struct gw_sender *s)
{
	struct gw_sender_plan *p = &s->plan;
	const struct gw_sender_have *h;

	if (s->state != GW_SENDER_SENDING || s->in_flight >= readahead(s) ||
	    s->planned - s->emitted >= RING)
		return false;
	if (!p->open && !open_entry(s))
		return false;
	if (p->waits)
		return false;
	if (s->o.stream)
		return plan_block(s, NULL);
	h = have_of(s, p->entry);
	while (h != NULL && p->offset < p->e.size &&
	       gw_ranges_has(&h->blocks, p->offset / GW_BLOCK,
		   p->offset / GW_BLOCK + 1)) {
		if (h->hashes != NULL)
			return plan_block(s, hash_of(h, p->offset / GW_BLOCK));
		s->stats.bytes += p->e.size - p->offset < GW_BLOCK
				      ? p->e.size - p->offset
				      : GW_BLOCK;
		p->offset += GW_BLOCK;
	}
	if (p->offset >= p->e.size)
		return plan_end(s);
	if (p->offset >= p->data_end)
		return plan_find(s);
	return plan_block(s, NULL);
}

bool
gw_sender_planned_all(const struct gw_sender *s)
{
	return !s->plan.open && s->plan.entry == s->count;
}

/* ---- what came of a job ---- */

static void
data_found(struct gw_sender_plan *p, const struct gw_read *r)
{
	p->waits = false;
	p->offset = r->data_start / GW_BLOCK * GW_BLOCK;
	if (p->offset < r->offset)
		p->offset = r->offset;
	p->data_end = r->data_end;
	if (r->data_start >= p->e.size)
		close_entry(p); /* the hole reaches its end */
}

void
gw_sender_plan_done(struct gw_sender *s, struct gw_read *r)
{
	struct gw_sender_plan *p = &s->plan;
	bool mine = p->open && p->entry == r->entry;

	if (mine && r->err != GW_OK) {
		close_entry(p);
	} else if (mine && r->find_data) {
		data_found(p, r);
	} else if (mine && s->o.stream) {
		p->waits = false;
		if (r->got < r->want) {
			r->last = true;
			close_entry(p);
		}
	}
	if (r->compress && r->compress_ns > 0 && r->err == GW_OK) {
		uint64_t speed =
		    (uint64_t)((double)r->got * 1e9 / (double)r->compress_ns);
		double ratio = (double)r->wire_len / (double)r->got;

		s->zstd_speed = (3 * s->zstd_speed + speed) / 4;
		s->ratio = 0.75 * s->ratio + 0.25 * ratio;
	}
}
