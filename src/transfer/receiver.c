/*
 * receiver - LISTENING -> ASKING -> RECEIVING -> LINKING -> CONFIRMED; OVER
 * from any of them.
 */
#include "transfer/receiver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "transfer/receiver_private.h"

enum { INPUT = 1 << 16, POOL_KEEP = 40 };

#define BIT(s) (1u << (s))

static const unsigned state_next[] = {
	[GW_RECEIVER_LISTENING] =
	    BIT(GW_RECEIVER_ASKING) | BIT(GW_RECEIVER_OVER),
	[GW_RECEIVER_ASKING] =
	    BIT(GW_RECEIVER_RECEIVING) | BIT(GW_RECEIVER_OVER),
	[GW_RECEIVER_RECEIVING] =
	    BIT(GW_RECEIVER_LINKING) | BIT(GW_RECEIVER_OVER),
	[GW_RECEIVER_LINKING] =
	    BIT(GW_RECEIVER_CONFIRMED) | BIT(GW_RECEIVER_OVER),
	[GW_RECEIVER_CONFIRMED] = BIT(GW_RECEIVER_OVER),
	[GW_RECEIVER_OVER] = 0,
};

void
gw_receiver_set_state(struct gw_receiver *r, enum gw_receiver_state to)
{
	GW_ASSERT(state_next[r->state] & BIT(to));
	r->state = to;
}

void
gw_receiver_fail(struct gw_receiver *r, enum gw_err err, const char *text)
{
	if (r->state == GW_RECEIVER_OVER)
		return;
	r->failed = err;
	snprintf(r->failed_text, sizeof r->failed_text, "%s", text);
	gw_receiver_set_state(r, GW_RECEIVER_OVER);
}

bool
gw_receiver_say(struct gw_receiver *r, const struct gw_message *m)
{
	if (gw_message_add(&r->out, m) == GW_OK)
		return true;
	gw_receiver_fail(r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
	return false;
}

bool
gw_receiver_push(
    struct gw_receiver *r, uint64_t **v, size_t *n, size_t *cap, uint64_t entry)
{
	if (*n == *cap) {
		size_t more = *cap != 0 ? 2 * *cap : 64;
		uint64_t *grown = realloc(*v, more * sizeof **v);

		if (grown == NULL) {
			gw_receiver_fail(
			    r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
			return false;
		}
		*v = grown;
		*cap = more;
	}
	(*v)[(*n)++] = entry;
	return true;
}

/* ---- life ---- */

enum gw_err
gw_receiver_new(const struct gw_receiver_options *o, struct gw_receiver **out)
{
	struct gw_receiver *r;

	if ((r = calloc(1, sizeof *r)) == NULL)
		return GW_E_MEMORY;
	gw_pool_init(&r->pool, GW_BLOCK + GW_HASH_LEN, POOL_KEEP);
	r->o = *o;
	r->current = UINT64_MAX;
	r->tasks_last = &r->tasks;
	r->held_last = &r->held;
	if (gw_manifest_new(&r->manifest) != GW_OK ||
	    gw_map_new(o->seed, &r->paths) != GW_OK ||
	    gw_map_new(o->seed + 1, &r->names) != GW_OK) {
		gw_receiver_free(r);
		return GW_E_MEMORY;
	}
	*out = r;
	return GW_OK;
}

static void
free_queue(struct gw_receiver *r, struct gw_item *first)
{
	struct gw_item *next;

	for (; first != NULL; first = next) {
		next = first->next;
		gw_receiver_task_free(r, (struct gw_task *)(void *)first);
	}
}

void
gw_receiver_free(struct gw_receiver *r)
{
	if (r == NULL)
		return;
	GW_ASSERT(r->stats.tasks == 0);
	free_queue(r, r->tasks);
	free_queue(r, r->held);
	if (r->verdicts != NULL)
		gw_receiver_task_free(r, r->verdicts);
	while (r->larges != NULL)
		gw_receiver_large_free(r, r->larges);
	gw_receiver_buffer_free(r, r->body, r->body_want);
	gw_pool_fini(&r->pool);
	gw_bytes_fini(&r->in);
	gw_bytes_fini(&r->early);
	gw_bytes_fini(&r->out);
	gw_bytes_fini(&r->offer_names);
	gw_bytes_fini(&r->journal_out);
	gw_journal_free(r->journal);
	gw_manifest_free(r->manifest);
	gw_map_free(r->paths);
	gw_map_free(r->names);
	free(r->xattrs);
	free(r->info);
	free(r->stored);
	free(r->failures);
	free(r->finished);
	free(r);
}

/* ---- control in ---- */

static const char *
on_offer(struct gw_receiver *r, const struct gw_offer *o)
{
	struct gw_slice rest = o->names, name;

	if (r->state != GW_RECEIVER_LISTENING)
		return "it made a second offer";
	if (o->name_count == 0 || o->files + o->dirs + o->others == 0)
		return "its offer is empty";
	while (gw_offer_next_name(&rest, &name)) {
		struct gw_key key = gw_hash_key(r->o.seed, name);

		if (gw_map_set(r->names, &key, 1) != GW_OK)
			return "out of memory";
	}
	r->offer = *o;
	r->o.checksum |= (o->flags & GW_OFFER_CHECKSUM) != 0;
	if (gw_bytes_add(&r->offer_names, o->names.p, o->names.n) != GW_OK)
		return "out of memory";
	r->offer.names = gw_bytes_peek(&r->offer_names);
	r->stats.bytes_total = o->bytes;
	r->stats.files_total = o->files + o->dirs + o->others;
	gw_receiver_set_state(r, GW_RECEIVER_ASKING);
	return NULL;
}

static const char *
on_entries_end(struct gw_receiver *r, uint64_t count)
{
	struct gw_totals t = gw_manifest_totals(r->manifest);

	if (r->state != GW_RECEIVER_RECEIVING || r->entries_ended)
		return "its list ends out of turn";
	if (count != gw_manifest_count(r->manifest) ||
	    t.files != r->offer.files || t.dirs != r->offer.dirs ||
	    t.others != r->offer.others || t.bytes != r->offer.bytes ||
	    t.stored != r->offer.stored || t.linked != r->offer.linked)
		return "its list is not what it offered";
	r->entries_ended = true;
	return NULL;
}

static const char *
on_message(struct gw_receiver *r, const struct gw_message *m)
{
	switch (m->type) {
	case GW_MSG_OFFER:
		return on_offer(r, &m->offer);
	case GW_MSG_ENTRY:
		return gw_receiver_on_entry(r, &m->entry);
	case GW_MSG_ENTRIES_END:
		return on_entries_end(r, m->count);
	case GW_MSG_DONE:
		if (r->state != GW_RECEIVER_CONFIRMED)
			return "it is done before we are";
		r->done = true;
		return NULL;
	case GW_MSG_STATUS:
		if (r->state == GW_RECEIVER_LISTENING)
			return "it is receiving as well: one of the two must "
			       "send";
		r->stats.peer = m->status;
		return NULL;
	default:
		return "it sent what only a receiver sends";
	}
}

/* false: no whole message is left. */
static bool
take_message(struct gw_receiver *r)
{
	struct gw_slice in = gw_bytes_peek(&r->in);
	struct gw_message m;
	const char *wrong;

	switch (gw_message_next(&in, &m)) {
	case GW_SPLIT_MORE:
		return false;
	case GW_SPLIT_BAD:
		gw_receiver_fail(
		    r, GW_E_PROTOCOL, "it sent what is no message");
		return false;
	case GW_SPLIT_MESSAGE:
		break;
	}
	if ((wrong = on_message(r, &m)) != NULL) {
		gw_receiver_fail(r, GW_E_PROTOCOL, wrong);
		return false;
	}
	gw_bytes_drop(&r->in, gw_bytes_len(&r->in) - in.n);
	return true;
}

void
gw_receiver_input(struct gw_receiver *r, struct gw_slice control, gw_usec now)
{
	r->now = now;
	/* Much may come at once, where something small was missing. */
	while (control.n > 0 && r->state != GW_RECEIVER_OVER) {
		const size_t n = control.n < INPUT ? control.n : INPUT;

		if (gw_bytes_add(&r->in, control.p, n) != GW_OK) {
			gw_receiver_fail(
			    r, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
			return;
		}
		control.p += n;
		control.n -= n;
		while (r->state != GW_RECEIVER_OVER && take_message(r))
			;
	}
	gw_receiver_content_again(r);
}

/* ---- control out ---- */

struct gw_slice
gw_receiver_control(struct gw_receiver *r)
{
	if (r->run.count > 0) {
		struct gw_message m = { .type = GW_MSG_RESULT };

		m.result.first = r->run.first;
		m.result.count = r->run.count;
		m.result.status = r->run.status;
		r->run.count = 0;
		(void)gw_receiver_say(r, &m);
	}
	if (r->complete && !r->complete_told) {
		struct gw_message m = { .type = GW_MSG_RECEIPT };

		m.receipt.done = r->counts[GW_ENTRY_DONE];
		m.receipt.had = r->counts[GW_ENTRY_HAD];
		m.receipt.skipped = r->counts[GW_ENTRY_SKIPPED];
		m.receipt.failed = r->counts[GW_ENTRY_FAILED];
		m.receipt.bytes = r->bytes_done;
		r->complete_told = true;
		(void)gw_receiver_say(r, &m);
	}
	return gw_bytes_peek(&r->out);
}

void
gw_receiver_control_sent(struct gw_receiver *r, size_t n)
{
	gw_bytes_drop(&r->out, n);
}

/* ---- answers ---- */

enum gw_err
gw_receiver_accept(
    struct gw_receiver *r, struct gw_journal *journal, bool fresh)
{
	struct gw_message m = { .type = GW_MSG_ACCEPT };

	r->journal = journal;
	r->asked = false;
	if (r->state != GW_RECEIVER_ASKING)
		return GW_E_USAGE;
	r->fresh = fresh || r->o.stream;
	m.accept = (uint8_t)((r->o.archive ? GW_ACCEPT_ARCHIVE : 0) |
			     (r->fresh ? GW_ACCEPT_GO_ALL : 0));
	r->stats.accepted = true;
	gw_receiver_set_state(r, GW_RECEIVER_RECEIVING);
	return gw_receiver_say(r, &m) ? GW_OK : GW_E_MEMORY;
}

enum gw_err
gw_receiver_status(struct gw_receiver *r, enum gw_limiter limiter)
{
	struct gw_message m = { .type = GW_MSG_STATUS };

	m.status = limiter;
	return gw_receiver_say(r, &m) ? GW_OK : GW_E_MEMORY;
}

/* Its one file, unless all of it has come. */
static void
drop_stream(struct gw_receiver *r)
{
	struct gw_large *g = r->larges;

	if (g != NULL && r->info[g->entry].state == E_WANTED)
		gw_receiver_large_drop(r, g);
}

void
gw_receiver_checkpoint(struct gw_receiver *r)
{
	r->closing = true;
	gw_receiver_drop_held(r);
	if (gw_receiver_is_stream(r))
		drop_stream(r);
	gw_receiver_go_on(r);
}

/* ---- time ---- */

void
gw_receiver_tick(struct gw_receiver *r, gw_usec now)
{
	r->now = now;
	gw_receiver_go_on(r);
}

gw_usec
gw_receiver_deadline(const struct gw_receiver *r)
{
	gw_usec at = GW_NEVER;

	/* The next batch waits for the end of this one, however late it is. */
	if (r->state != GW_RECEIVER_RECEIVING ||
	    gw_receiver_is_checkpointing(r))
		return GW_NEVER;
	if (r->stored_n > 0)
		at = r->stored_since + BATCH_USEC;
	if (r->dirty_bytes > 0)
		at = gw_usec_min(at, r->dirty_since + BATCH_USEC);
	return at;
}

/* ---- tasks that came back ---- */

void
gw_receiver_task_done(struct gw_receiver *r, struct gw_task *t, gw_usec now)
{
	GW_ASSERT(r->stats.tasks > 0);
	r->stats.tasks--;
	r->now = now;
	switch (t->kind) {
	case GW_TASK_LOOK:
		gw_receiver_looked(r, t);
		break;
	case GW_TASK_VERIFY:
		gw_receiver_verified(r, t);
		break;
	case GW_TASK_WHOLE:
	case GW_TASK_WRITE:
	case GW_TASK_DROP:
	case GW_TASK_OUT:
		gw_receiver_stored(r, t);
		break;
	case GW_TASK_SYNC:
		gw_receiver_synced(r, t);
		break;
	case GW_TASK_COMMIT:
	case GW_TASK_LINKS:
		gw_receiver_committed(r, t);
		break;
	}
	if (r->state != GW_RECEIVER_OVER || r->closing)
		gw_receiver_go_on(r);
}

struct gw_receiver_stats
gw_receiver_stats(const struct gw_receiver *r)
{
	struct gw_receiver_stats st = r->stats;

	st.entry = r->current != UINT64_MAX ? r->current : 0;
	st.files = r->counts[0] + r->counts[1] + r->counts[2] + r->counts[3];
	return st;
}

const struct gw_manifest *
gw_receiver_manifest(const struct gw_receiver *r)
{
	return r->manifest;
}

struct gw_offer
gw_receiver_offer(const struct gw_receiver *r)
{
	return r->offer;
}
