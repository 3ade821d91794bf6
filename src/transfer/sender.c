/*
 * sender - OFFERED -> SENDING -> CONFIRMED; or OVER from the first two.
 */
#include "transfer/sender.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "transfer/sender_private.h"

enum {
	CONTROL_LOW = 64 << 10, /* announce more below this */
	INPUT_MAX = GW_MESSAGE_MAX + 65536
};

#define BIT(s) (1u << (s))

static const unsigned state_next[] = {
	[GW_SENDER_OFFERED] = BIT(GW_SENDER_SENDING) | BIT(GW_SENDER_OVER),
	[GW_SENDER_SENDING] = BIT(GW_SENDER_CONFIRMED) | BIT(GW_SENDER_OVER),
	[GW_SENDER_CONFIRMED] = BIT(GW_SENDER_OVER),
	[GW_SENDER_OVER] = 0,
};

static void
set_state(struct gw_sender *s, enum gw_sender_state to)
{
	GW_ASSERT(state_next[s->state] & BIT(to));
	s->state = to;
}

void
gw_sender_fail(struct gw_sender *s, const char *why)
{
	if (s->state == GW_SENDER_OVER)
		return;
	s->failure = why;
	set_state(s, GW_SENDER_OVER);
}

/* ---- life ---- */

static enum gw_err
put_offer(struct gw_sender *s)
{
	struct gw_totals t = gw_manifest_totals(s->o.manifest);
	struct gw_message m = { .type = GW_MSG_OFFER };

	memcpy(m.offer.transfer_id, s->o.transfer_id, 16);
	memcpy(m.offer.source_id, s->o.source_id, 16);
	m.offer.flags = (uint8_t)((s->o.stream ? GW_OFFER_STREAM : 0) |
				  (s->o.checksum ? GW_OFFER_CHECKSUM : 0));
	m.offer.files = t.files;
	m.offer.dirs = t.dirs;
	m.offer.others = t.others;
	m.offer.bytes = t.bytes;
	m.offer.stored = t.stored;
	m.offer.linked = t.linked;
	m.offer.missed = s->o.missed;
	m.offer.name_count = s->o.name_count;
	m.offer.names = s->o.names;
	return gw_message_add(&s->out, &m);
}

enum gw_err
gw_sender_new(const struct gw_sender_options *o, struct gw_sender **out)
{
	struct gw_sender *s;
	enum gw_err err;

	if ((s = calloc(1, sizeof *s)) == NULL)
		return GW_E_MEMORY;
	gw_pool_init(&s->pool, GW_BLOCK, READAHEAD / GW_BLOCK + 4);
	s->o = *o;
	s->count = gw_manifest_count(o->manifest);
	s->failed_entry = UINT64_MAX;
	s->zstd_speed = 400 << 20; /* until it is measured */
	s->ratio = 0.5;
	s->marks = calloc(1, s->count + 1);
	s->ring = calloc(RING, sizeof *s->ring);
	err = s->marks != NULL && s->ring != NULL ? put_offer(s) : GW_E_MEMORY;
	if (err != GW_OK) {
		gw_sender_free(s);
		return err;
	}
	*out = s;
	return GW_OK;
}

void
gw_sender_free(struct gw_sender *s)
{
	if (s == NULL)
		return;
	GW_ASSERT(s->stats.reads == 0);
	for (uint64_t n = s->emitted; s->ring != NULL && n < s->planned; n++)
		gw_sender_release(s, gw_sender_slot(s, n));
	for (size_t i = 0; i < s->have_n; i++) {
		gw_ranges_fini(&s->haves[i].blocks);
		free(s->haves[i].hashes);
	}
	free(s->haves);
	free(s->ring);
	free(s->marks);
	gw_bytes_fini(&s->in);
	gw_bytes_fini(&s->out);
	gw_pool_fini(&s->pool);
	free(s);
}

/* ---- control out ---- */

static enum gw_err
announce(struct gw_sender *s)
{
	uint64_t until = s->count;
	enum gw_err err = GW_OK;

	if (s->go_all && s->plan.entry + ANNOUNCE_AHEAD < until)
		until = s->plan.entry + ANNOUNCE_AHEAD;
	while (err == GW_OK && s->announced < until &&
	       gw_bytes_len(&s->out) < CONTROL_LOW) {
		err = gw_message_add_entry(
		    &s->out, gw_manifest_encoded(s->o.manifest, s->announced));
		if (err == GW_OK)
			s->announced++;
	}
	if (err == GW_OK && s->announced == s->count && !s->end_announced) {
		s->end_announced = true;
		err = gw_message_add(
		    &s->out, &(struct gw_message){ .type = GW_MSG_ENTRIES_END,
				 .count = s->count });
	}
	return err;
}

struct gw_slice
gw_sender_control(struct gw_sender *s)
{
	if (s->state == GW_SENDER_SENDING &&
	    gw_bytes_len(&s->out) < CONTROL_LOW / 2 && announce(s) != GW_OK)
		gw_sender_fail(s, "out of memory");
	return gw_bytes_peek(&s->out);
}

void
gw_sender_control_sent(struct gw_sender *s, size_t n)
{
	gw_bytes_drop(&s->out, n);
	/* Content may follow an entry once that is on its way. */
	if (gw_bytes_len(&s->out) == 0)
		s->announced_sent = s->announced;
}

/* ---- control in ---- */

static const char *
on_accept(struct gw_sender *s, uint8_t flags)
{
	if (s->state != GW_SENDER_OFFERED)
		return "it accepted twice";
	s->archive = flags & GW_ACCEPT_ARCHIVE;
	s->go_all = flags & GW_ACCEPT_GO_ALL;
	s->stats.accepted = true;
	set_state(s, GW_SENDER_SENDING);
	return NULL;
}

static struct gw_sender_have *
add_have(struct gw_sender *s, uint64_t entry)
{
	struct gw_sender_have *h;

	if (s->have_n == s->have_cap) {
		size_t cap = s->have_cap != 0 ? 2 * s->have_cap : 16;

		h = realloc(s->haves, cap * sizeof *h);
		if (h == NULL)
			return NULL;
		s->haves = h;
		s->have_cap = cap;
	}
	h = &s->haves[s->have_n++];
	memset(h, 0, sizeof *h);
	h->entry = entry;
	gw_ranges_init(&h->blocks, 65536);
	return h;
}

static const char *
keep_blocks(struct gw_sender *s, const struct gw_message *m)
{
	struct gw_sender_have *h;
	struct gw_slice rest = m->have.ranges;
	struct gw_range range;
	struct gw_entry e;

	gw_manifest_get(s->o.manifest, m->have.entry, &e);
	if ((h = add_have(s, m->have.entry)) == NULL)
		return "out of memory";
	while (gw_have_next_range(&rest, &range)) {
		if (range.end > (e.size + GW_BLOCK - 1) / GW_BLOCK)
			return "it has blocks that the file has not";
		if (gw_ranges_add(&h->blocks, range.start, range.end) != GW_OK)
			return "it has too many pieces of a file";
	}
	if (m->have.hashes.n > 0) {
		if ((h->hashes = malloc(m->have.hashes.n)) == NULL)
			return "out of memory";
		memcpy(h->hashes, m->have.hashes.p, m->have.hashes.n);
	}
	return NULL;
}

static const char *
on_have(struct gw_sender *s, const struct gw_message *m)
{
	uint64_t n = m->have.entry;
	struct gw_entry e;

	if (s->state != GW_SENDER_SENDING || s->go_all || n >= s->announced ||
	    n < s->go)
		return "it has something of an entry out of turn";
	if (s->have_n > 0 && s->haves[s->have_n - 1].entry >= n)
		return "it has something of an entry twice";
	gw_manifest_get(s->o.manifest, n, &e);
	if (e.kind != GW_KIND_FILE)
		return NULL; /* nothing would have been sent */
	if (m->have.what != GW_HAVE_BLOCKS) {
		s->marks[n] |= MARK_HAD;
		return NULL;
	}
	return keep_blocks(s, m);
}

static const char *
on_go(struct gw_sender *s, uint64_t n)
{
	if (s->state != GW_SENDER_SENDING || s->go_all || n < s->go ||
	    n > s->announced)
		return "it decided on entries out of turn";
	s->go = n;
	return NULL;
}

static const char *
on_result(struct gw_sender *s, const struct gw_message *m)
{
	uint64_t first = m->result.first, end = first + m->result.count;

	if (s->state != GW_SENDER_SENDING || end > s->announced)
		return "it reported entries that were not sent";
	for (uint64_t n = first; n < end; n++) {
		if (s->marks[n] & MARK_RESULT)
			return "it reported an entry twice";
		s->marks[n] |= MARK_RESULT;
	}
	s->stats.files += m->result.count;
	return NULL;
}

static const char *
on_receipt(struct gw_sender *s, const struct gw_message *m)
{
	uint64_t sum = m->receipt.done + m->receipt.had + m->receipt.skipped +
		       m->receipt.failed; /* each is below 2^62 */
	enum gw_err err;

	if (s->state != GW_SENDER_SENDING || s->stats.files != s->count)
		return "it confirmed a transfer that is not complete";
	if (sum != s->count)
		return "its receipt does not add up";
	set_state(s, GW_SENDER_CONFIRMED);
	err = gw_message_add(
	    &s->out, &(struct gw_message){ .type = GW_MSG_DONE });
	return err == GW_OK ? NULL : "out of memory";
}

/* What is wrong with a message; NULL: nothing. */
static const char *
on_message(struct gw_sender *s, const struct gw_message *m)
{
	switch (m->type) {
	case GW_MSG_ACCEPT:
		return on_accept(s, m->accept);
	case GW_MSG_REFUSE:
		if (s->state != GW_SENDER_OFFERED)
			return "it refused what it had accepted";
		set_state(s, GW_SENDER_OVER);
		return NULL;
	case GW_MSG_HAVE:
		return on_have(s, m);
	case GW_MSG_GO:
		return on_go(s, m->count);
	case GW_MSG_RESULT:
		return on_result(s, m);
	case GW_MSG_RECEIPT:
		return on_receipt(s, m);
	case GW_MSG_STATUS:
		s->stats.peer = m->status;
		return NULL;
	case GW_MSG_OFFER:
		return "it is sending as well: one of the two must receive";
	default:
		return "it sent what only a sender sends";
	}
}

void
gw_sender_input(struct gw_sender *s, struct gw_slice control)
{
	if (s->state == GW_SENDER_OVER)
		return;
	if (gw_bytes_len(&s->in) + control.n > INPUT_MAX)
		gw_sender_fail(s, "its messages are too long");
	else if (gw_bytes_add(&s->in, control.p, control.n) != GW_OK)
		gw_sender_fail(s, "out of memory");
}

enum gw_err
gw_sender_status(struct gw_sender *s, enum gw_limiter limiter)
{
	return gw_message_add(&s->out,
	    &(struct gw_message){ .type = GW_MSG_STATUS, .status = limiter });
}

/* ---- events ---- */

/* The message as an event; false: it is none. */
static bool
as_event(const struct gw_message *m, struct gw_sender_event *ev)
{
	switch (m->type) {
	case GW_MSG_ACCEPT:
		ev->kind = GW_SENDER_ACCEPTED;
		return true;
	case GW_MSG_REFUSE:
		ev->kind = GW_SENDER_REFUSED;
		ev->refused.err = m->refuse.err;
		ev->refused.text = m->refuse.text;
		return true;
	case GW_MSG_RESULT:
		ev->kind = GW_SENDER_RESULT;
		ev->result.first = m->result.first;
		ev->result.count = m->result.count;
		ev->result.status = m->result.status;
		ev->result.reason = m->result.reason;
		return true;
	case GW_MSG_RECEIPT:
		ev->kind = GW_SENDER_RECEIPT;
		ev->receipt.done = m->receipt.done;
		ev->receipt.had = m->receipt.had;
		ev->receipt.skipped = m->receipt.skipped;
		ev->receipt.failed = m->receipt.failed;
		ev->receipt.bytes = m->receipt.bytes;
		return true;
	default:
		return false;
	}
}

static bool
next_message(struct gw_sender *s, struct gw_sender_event *ev)
{
	struct gw_message m;
	struct gw_slice in;

	gw_bytes_drop(&s->in, s->in_used);
	s->in_used = 0;
	while (s->state != GW_SENDER_OVER) {
		const char *wrong;
		bool tell;

		in = gw_bytes_peek(&s->in);
		if (in.n == s->in_used)
			return false; /* nothing, and nowhere, yet */
		in = gw_slice(in.p + s->in_used, in.n - s->in_used);
		switch (gw_message_next(&in, &m)) {
		case GW_SPLIT_MORE:
			return false;
		case GW_SPLIT_BAD:
			gw_sender_fail(s, "it sent what is no message");
			return false;
		case GW_SPLIT_MESSAGE:
			break;
		}
		s->in_used = gw_bytes_len(&s->in) - in.n;
		tell = as_event(&m, ev);
		if ((wrong = on_message(s, &m)) != NULL) {
			gw_sender_fail(s, wrong);
			return false;
		}
		if (tell)
			return true;
	}
	return false;
}

bool
gw_sender_event(struct gw_sender *s, struct gw_sender_event *ev)
{
	if (next_message(s, ev))
		return true;
	if (s->failure != NULL && !s->failure_told) {
		s->failure_told = true;
		ev->kind = GW_SENDER_FAILED;
		ev->failed = s->failure;
		return true;
	}
	while (gw_sender_plan_one(s))
		;
	if (s->offered == s->planned || s->state != GW_SENDER_SENDING)
		return false;
	ev->kind = GW_SENDER_READ;
	ev->read = &gw_sender_slot(s, s->offered++)->read;
	s->stats.reads++;
	return true;
}

void
gw_sender_read_done(struct gw_sender *s, struct gw_read *r)
{
	struct gw_sender_slot *slot = (struct gw_sender_slot *)(void *)r;

	GW_ASSERT(!slot->done);
	GW_ASSERT(s->stats.reads > 0);
	s->stats.reads--;
	slot->done = true;
	gw_sender_plan_done(s, r);
}

void
gw_sender_network(struct gw_sender *s, uint64_t bytes_per_second, bool limits)
{
	s->network = bytes_per_second;
	s->network_known = bytes_per_second > 0;
	s->network_limits = limits;
}

struct gw_sender_stats
gw_sender_stats(const struct gw_sender *s)
{
	struct gw_sender_stats st = s->stats;

	st.content_sent = st.accepted && s->end_announced &&
			  gw_sender_planned_all(s) && s->emitted == s->planned;
	return st;
}
