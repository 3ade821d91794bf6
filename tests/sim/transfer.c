#include "transfer.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { WINDOW = 3 << 20 };

static const uint8_t transfer_id[16] = { 1 }, source_id[16] = { 2 };

/* ---- the journal ---- */

static struct gw_journal *
open_journal(struct disk *d, bool fresh)
{
	struct gw_journal_head h = { .seed = 7, .dev = 1, .ino = 99 };
	struct gw_slice all = gw_bytes_peek(&d->journal);
	struct gw_bytes whole = { 0 };
	struct gw_journal *j;
	size_t valid;

	if (gw_journal_load(all, &j, &valid) == GW_OK) {
		GW_ASSERT(gw_bytes_add(&whole, all.p, valid) == GW_OK);
		gw_bytes_fini(&d->journal);
		d->journal = whole;
		return j;
	}
	gw_bytes_clear(&d->journal);
	h.fresh = fresh;
	GW_ASSERT(gw_journal_new(&h, &d->journal, &j) == GW_OK);
	return j;
}

/* ---- the sender ---- */

static void
pull_sender(struct transfer *t)
{
	struct gw_sender_event ev;

	while (t->read_n < TRANSFER_JOBS && gw_sender_event(t->sender, &ev)) {
		switch (ev.kind) {
		case GW_SENDER_READ:
			t->reads[t->read_n++] = ev.read;
			break;
		case GW_SENDER_RESULT:
			t->counted.failed += ev.result.status == GW_ENTRY_FAILED
						 ? ev.result.count
						 : 0;
			break;
		case GW_SENDER_RECEIPT:
			t->sender_has_receipt = true;
			t->receipt.done = ev.receipt.done;
			t->receipt.had = ev.receipt.had;
			t->receipt.skipped = ev.receipt.skipped;
			t->receipt.failed = ev.receipt.failed;
			break;
		case GW_SENDER_FAILED:
			GW_ASSERT(ev.failed == NULL);
			break;
		default:
			break;
		}
	}
}

static void
finish_read(struct transfer *t)
{
	unsigned i;
	struct gw_read *r;

	if (t->read_n == 0)
		return;
	i = (unsigned)disk_random(t->disk, t->read_n);
	r = t->reads[i];
	t->reads[i] = t->reads[--t->read_n];
	tree_read(t->tree, r);
	gw_sender_read_done(t->sender, r);
}

/* ---- the receiver ---- */

static void
on_offer(struct transfer *t)
{
	bool nothing = disk_find(t->disk, gw_slice_str("in")) == NULL;
	struct gw_journal *j = open_journal(t->disk, nothing);
	bool fresh = gw_journal_is_empty(j) && nothing;

	GW_ASSERT(gw_receiver_accept(t->receiver, j, fresh) == GW_OK);
}

static bool
syncs(const struct gw_task *task, uint64_t entry)
{
	for (size_t i = 0; task->kind == GW_TASK_SYNC && i < task->count; i++)
		if (task->entries[i] == entry)
			return true;
	return false;
}

/* Workers do tasks side by side: no two may write to the journal, and nobody
 * closes a temporary that is being synced. */
static void
check_apart(const struct transfer *t, const struct gw_task *task)
{
	for (unsigned i = 0; i < t->task_n; i++) {
		const struct gw_task *other = t->tasks[i];

		GW_ASSERT(task->journal.n == 0 || other->journal.n == 0);
		GW_ASSERT(task->kind != GW_TASK_COMMIT ||
			  other->kind != GW_TASK_SYNC);
		GW_ASSERT(
		    task->kind != GW_TASK_DROP || !syncs(other, task->entry));
	}
}

static void
on_event(struct transfer *t, const struct gw_receiver_event *ev)
{
	switch (ev->kind) {
	case GW_RECEIVER_OFFER:
		on_offer(t);
		break;
	case GW_RECEIVER_TASK:
		GW_ASSERT(t->task_n < TRANSFER_JOBS);
		check_apart(t, ev->task);
		t->tasks[t->task_n++] = ev->task;
		break;
	case GW_RECEIVER_CONFLICT:
		t->conflicts++;
		gw_receiver_resolve(t->receiver,
		    t->replaces ? GW_CONFLICT_OVERWRITE : GW_CONFLICT_SKIP,
		    false);
		break;
	case GW_RECEIVER_NEEDS:
		t->needs = ev->needs;
		break;
	case GW_RECEIVER_DROPPED:
		t->dropped++;
		break;
	case GW_RECEIVER_ENTRY:
		t->counted.done += ev->entry.status == GW_ENTRY_DONE;
		t->counted.had += ev->entry.status == GW_ENTRY_HAD;
		t->counted.skipped += ev->entry.status == GW_ENTRY_SKIPPED;
		break;
	case GW_RECEIVER_COMPLETE:
		break;
	case GW_RECEIVER_FINISHED:
		t->finished = true;
		gw_bytes_clear(&t->disk->journal);
		break;
	case GW_RECEIVER_FAILED:
		t->failed = true;
		t->err = ev->failed.err;
		break;
	}
}

static void
pull_receiver(struct transfer *t)
{
	struct gw_receiver_event ev;

	while (!t->finished && gw_receiver_event(t->receiver, &ev))
		on_event(t, &ev);
	/* A deadline that has passed and leads to nothing: the owner spins. */
	gw_receiver_tick(t->receiver, t->now);
	if (!gw_receiver_event(t->receiver, &ev))
		GW_ASSERT(gw_receiver_deadline(t->receiver) > t->now);
	else
		on_event(t, &ev);
}

static void
finish_task(struct transfer *t)
{
	unsigned i;
	struct gw_task *task;

	if (t->task_n == 0)
		return;
	i = (unsigned)disk_random(t->disk, t->task_n);
	task = t->tasks[i];
	t->tasks[i] = t->tasks[--t->task_n];
	disk_do(t->disk, task);
	gw_receiver_task_done(t->receiver, task, t->now);
}

/* ---- the wire ---- */

static size_t
some(struct transfer *t, size_t n)
{
	size_t most = 1 + (size_t)disk_random(t->disk, 400000);

	return n < most ? n : most;
}

/* What the sender says comes when it comes: streams know nothing of each
 * other's order. */
static void
control_to_receiver(struct transfer *t)
{
	struct gw_slice s = gw_sender_control(t->sender);

	s.n = some(t, s.n);
	GW_ASSERT(gw_bytes_add(&t->late, s.p, s.n) == GW_OK);
	gw_sender_control_sent(t->sender, s.n);
	if (disk_random(t->disk, 2) == 0)
		return;
	s = gw_bytes_peek(&t->late);
	s.n = some(t, s.n);
	gw_receiver_input(t->receiver, s, t->now);
	gw_bytes_drop(&t->late, s.n);
}

static void
control_to_sender(struct transfer *t)
{
	struct gw_slice s = gw_receiver_control(t->receiver);

	s.n = some(t, s.n);
	if (s.n == 0)
		return;
	gw_sender_input(t->sender, s);
	gw_receiver_control_sent(t->receiver, s.n);
}

static void
move_content(struct transfer *t)
{
	struct gw_slice s = gw_sender_content(t->sender);

	t->window += gw_receiver_credit(t->receiver);
	GW_ASSERT(t->window <= WINDOW);
	s.n = some(t, s.n < t->window ? s.n : t->window);
	if (s.n == 0)
		return;
	gw_receiver_content(t->receiver, s, t->now);
	gw_sender_content_sent(t->sender, s.n);
	t->window -= s.n;
	t->sent += s.n;
}

static void
move(struct transfer *t)
{
	switch (disk_random(t->disk, 8)) {
	case 0:
		pull_sender(t);
		break;
	case 1:
		finish_read(t);
		break;
	case 2:
		control_to_receiver(t);
		break;
	case 3:
		control_to_sender(t);
		break;
	case 4:
		move_content(t);
		break;
	case 5:
		pull_receiver(t);
		break;
	case 6:
		finish_task(t);
		break;
	default:
		t->now += (gw_usec)disk_random(t->disk, 300000);
		gw_receiver_tick(t->receiver, t->now);
	}
}

/* The session is gone; jobs and tasks under way come back. */
static void
end(struct transfer *t)
{
	while (t->read_n > 0)
		finish_read(t);
	if (!t->finished)
		gw_receiver_checkpoint(t->receiver);
	do {
		pull_receiver(t);
		finish_task(t);
	} while (t->task_n > 0);
	gw_bytes_fini(&t->late);
	gw_sender_free(t->sender);
	gw_receiver_free(t->receiver);
}

void
transfer_run(struct transfer *t, struct tree *tree, struct disk *disk,
    const struct transfer_options *o)
{
	const struct gw_sender_options so = {
		.manifest = tree->manifest,
		.transfer_id = transfer_id,
		.source_id = source_id,
		.names = gw_bytes_peek(&tree->names),
		.name_count = 1,
	};
	const struct gw_receiver_options ro = {
		.on_conflict = o->on_conflict,
		.archive = o->archive,
		.checksum = o->checksum,
		.seed = 3,
	};

	memset(t, 0, sizeof *t);
	t->tree = tree;
	t->disk = disk;
	t->window = WINDOW;
	t->needs = UINT64_MAX;
	t->replaces = o->replaces;
	GW_ASSERT(gw_sender_new(&so, &t->sender) == GW_OK);
	GW_ASSERT(gw_receiver_new(&ro, &t->receiver) == GW_OK);
	for (unsigned moves = 1; !t->finished && !t->failed && !disk->dead;
	     moves++) {
		GW_ASSERT(moves < 1000000); /* nobody waits for ever */
		if (moves == o->cut_after)
			break;
		move(t);
	}
	end(t);
}
