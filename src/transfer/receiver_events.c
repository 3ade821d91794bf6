#include "transfer/receiver_private.h"

/* All are judged.  What moved meanwhile may be written already. */
static bool
next_needs(struct gw_receiver *r, struct gw_receiver_event *ev)
{
	if (r->fresh || r->needs_told || !r->entries_ended ||
	    r->looked < gw_manifest_count(r->manifest))
		return false;
	r->needs_told = true;
	ev->kind = GW_RECEIVER_NEEDS;
	ev->needs = r->needs > r->stats.moved ? r->needs - r->stats.moved : 0;
	return true;
}

static bool
next_finished(struct gw_receiver *r, struct gw_receiver_event *ev)
{
	uint64_t n;

	if (r->finished_at == r->finished_n) {
		r->finished_at = r->finished_n = 0;
		return false;
	}
	n = r->finished[r->finished_at++];
	ev->kind = GW_RECEIVER_ENTRY;
	gw_manifest_get(r->manifest, n, &ev->entry.e);
	if (r->offer.flags & GW_OFFER_STREAM)
		ev->entry.e.size = r->stats.moved;
	ev->entry.nth = r->info[n].nth;
	ev->entry.reason = NULL;
	switch ((enum gw_entry_state)r->info[n].state) {
	case E_HAD:
		ev->entry.status = GW_ENTRY_HAD;
		break;
	case E_SKIPPED:
		ev->entry.status = GW_ENTRY_SKIPPED;
		break;
	case E_FAILED:
		ev->entry.status = GW_ENTRY_FAILED;
		ev->entry.reason = r->failures[r->failure_at++].reason;
		break;
	default:
		ev->entry.status = GW_ENTRY_DONE;
	}
	return true;
}

static bool
next_task(struct gw_receiver *r, struct gw_receiver_event *ev)
{
	struct gw_item *item = r->tasks;

	if (item == NULL)
		return false;
	r->tasks = item->next;
	if (r->tasks == NULL)
		r->tasks_last = &r->tasks;
	item->next = NULL;
	r->stats.tasks++;
	ev->kind = GW_RECEIVER_TASK;
	ev->task = (struct gw_task *)(void *)item;
	return true;
}

/* What happens once each, in this order. */
static bool
next_turn(struct gw_receiver *r, struct gw_receiver_event *ev)
{
	if (r->complete_told && !r->receipt_told) {
		r->receipt_told = true;
		ev->kind = GW_RECEIVER_COMPLETE;
		ev->complete.done = r->counts[GW_ENTRY_DONE];
		ev->complete.had = r->counts[GW_ENTRY_HAD];
		ev->complete.skipped = r->counts[GW_ENTRY_SKIPPED];
		ev->complete.failed = r->counts[GW_ENTRY_FAILED];
		ev->complete.bytes = r->bytes_done;
		return true;
	}
	if (r->done && !r->finished_told) {
		r->finished_told = true;
		ev->kind = GW_RECEIVER_FINISHED;
		return true;
	}
	if (r->state == GW_RECEIVER_OVER && !r->failed_told) {
		r->failed_told = true;
		ev->kind = GW_RECEIVER_FAILED;
		ev->failed.err = r->failed;
		ev->failed.text = r->failed_text;
		return true;
	}
	return false;
}

bool
gw_receiver_event(struct gw_receiver *r, struct gw_receiver_event *ev)
{
	if (r->state == GW_RECEIVER_ASKING && !r->asked) {
		r->asked = true;
		ev->kind = GW_RECEIVER_OFFER;
		ev->offer = r->offer;
		return true;
	}
	if (r->state == GW_RECEIVER_RECEIVING && !r->closing &&
	    (gw_receiver_judge(r, ev) || next_needs(r, ev)))
		return true;
	if (r->state != GW_RECEIVER_OVER)
		gw_receiver_go_on(r);
	return next_finished(r, ev) || next_task(r, ev) || next_turn(r, ev);
}
