#include "session/udp/ack_out.h"

#include <string.h>

#include "base/assert.h"

enum {
	/* Until the peer asks for something else. */
	FIRST_PACKETS = 100,
	FIRST_THRESHOLD = 2,
	THRESHOLD = 10,

	ANSWER_RANGES = 16, /* so many are worth a PING ... */
	ANSWER_ACKS = 32    /* ... once in so many ACKs */
};

enum { MARK_ECT1 = 1, MARK_ECT0 = 2, MARK_CE = 3 };

enum gw_err
gw_ack_out_init(struct gw_ack_out *a)
{
	*a = (struct gw_ack_out){
		.f = { .threshold = THRESHOLD,
		    .max_delay = GW_ACK_DELAY,
		    .reorder = 1 },
	};
	gw_bits_init(&a->seen);
	return gw_bits_grow(&a->seen, GW_ACK_OUT_SEEN, 0, 0);
}

void
gw_ack_out_fini(struct gw_ack_out *a)
{
	gw_bits_fini(&a->seen);
}

/* ---- which came ---- */

static uint64_t
floor_of(const struct gw_ack_out *a)
{
	return a->next > GW_ACK_OUT_SEEN ? a->next - GW_ACK_OUT_SEEN : 0;
}

bool
gw_ack_out_is_new(const struct gw_ack_out *a, uint64_t number)
{
	if (number >= a->next)
		return number <= GW_OFFSET_MAX;
	return number >= floor_of(a) && !gw_bits_has(&a->seen, number);
}

static void
mark_seen(struct gw_ack_out *a, uint64_t number)
{
	uint64_t from = a->next;

	if (number >= a->next) {
		a->next = number + 1;
		/* Their bits were those of numbers that lie too deep now. */
		if (a->next - from > GW_ACK_OUT_SEEN)
			from = a->next - GW_ACK_OUT_SEEN;
		gw_bits_clear(&a->seen, from, number);
	}
	gw_bits_set(&a->seen, number, number + 1);
}

/* ---- ranges ---- */

/* Index of the first range that ends at `number` or later. */
static unsigned
first_reaching(const struct gw_ack_out *a, uint64_t number)
{
	unsigned low = 0, high = a->count;

	while (low < high) {
		const unsigned mid = low + (high - low) / 2;

		if (a->v[mid].last >= number)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static void
remove_range(struct gw_ack_out *a, unsigned i, unsigned n)
{
	memmove(&a->v[i], &a->v[i + n], (a->count - i - n) * sizeof(*a->v));
	a->count -= n;
}

static void
insert_range(struct gw_ack_out *a, unsigned i, uint64_t first, uint64_t last)
{
	if (a->count == GW_ACK_RANGES) {
		if (i == 0)
			return; /* it would be the oldest */
		remove_range(a, 0, 1);
		i--;
	}
	memmove(&a->v[i + 1], &a->v[i], (a->count - i) * sizeof(*a->v));
	a->v[i] = (struct gw_ack_range){ first, last };
	a->count++;
}

static void
add_number(struct gw_ack_out *a, uint64_t number)
{
	unsigned i = a->count;

	if (i > 0 && a->v[i - 1].last + 1 == number) {
		a->v[i - 1].last = number; /* in order */
		return;
	}
	if (i > 0 && number <= a->v[i - 1].last)
		i = first_reaching(a, number);
	GW_ASSERT(i == a->count || number < a->v[i].first);
	if (i > 0 && a->v[i - 1].last + 1 == number) {
		a->v[i - 1].last = number;
		if (i < a->count && a->v[i].first == number + 1) {
			a->v[i - 1].last = a->v[i].last;
			remove_range(a, i, 1);
		}
	} else if (i < a->count && a->v[i].first == number + 1) {
		a->v[i].first = number;
	} else {
		insert_range(a, i, number, number);
	}
}

/* Forget [low, high], but never the largest number: every ACK has that. */
static void
forget(struct gw_ack_out *a, uint64_t low, uint64_t high)
{
	unsigned i = first_reaching(a, low), n = 0;

	if (a->count == 0)
		return;
	if (high >= a->v[a->count - 1].last) {
		if (a->v[a->count - 1].last == 0)
			return;
		high = a->v[a->count - 1].last - 1;
	}
	if (low > high)
		return;
	if (i < a->count && a->v[i].first < low) {
		const uint64_t last = a->v[i].last;

		/* In its middle; if need be the whole of it is told again. */
		if (last > high && a->count == GW_ACK_RANGES)
			return;
		a->v[i].last = low - 1;
		i++;
		if (last > high) {
			insert_range(a, i, high + 1, last);
			return;
		}
	}
	while (i + n < a->count && a->v[i + n].last <= high)
		n++;
	remove_range(a, i, n);
	if (i < a->count && a->v[i].first <= high)
		a->v[i].first = high + 1;
}

/* ---- when to tell ---- */

/*
 * As draft-ietf-quic-ack-frequency has it: at once when the largest packet
 * came f.reorder or more ahead of one that is missing and that no ACK has
 * shown to be so.  And when a hole closes that an ACK has shown: the sender
 * is about to call that packet lost.
 */
static bool
is_out_of_order(const struct gw_ack_out *a, uint64_t number)
{
	const uint64_t reorder = a->f.reorder, floor = floor_of(a);
	uint64_t from, missing;

	if (reorder == 0)
		return false;
	if (number < a->told_next)
		return true;
	from = a->told_next > reorder ? a->told_next - reorder : 0;
	if (from < floor)
		from = floor;
	missing = gw_bits_next_clear(&a->seen, from, a->eliciting_next);
	return missing < a->eliciting_next &&
	       a->eliciting_next - 1 - missing >= reorder;
}

static void
count_mark(struct gw_ack_out *a, unsigned ecn)
{
	a->ect1 += ecn == MARK_ECT1;
	a->ect0 += ecn == MARK_ECT0;
	a->ce += ecn == MARK_CE;
}

void
gw_ack_out_received(
    struct gw_ack_out *a, const struct gw_ack_in *in, gw_usec now)
{
	const uint64_t number = in->number;
	const bool is_ce = in->ecn == MARK_CE;

	GW_ASSERT(gw_ack_out_is_new(a, number));
	if (number >= a->next)
		a->largest_at = now;
	else
		/* No ACK that is under way told of it. */
		for (unsigned i = 0; i < a->told_count; i++)
			if (number >= a->told[i].low &&
			    number <= a->told[i].high)
				a->told[i].low = number + 1;
	mark_seen(a, number);
	add_number(a, number);
	count_mark(a, in->ecn);
	if (in->eliciting) {
		if (a->eliciting++ == 0)
			a->since = now;
		a->elicited++;
		if (number >= a->eliciting_next)
			a->eliciting_next = number + 1;
		if (in->at_once || (is_ce && !a->last_was_ce) ||
		    is_out_of_order(a, number))
			a->at_once = true;
	}
	a->last_was_ce = is_ce;
}

static uint64_t
threshold_of(const struct gw_ack_out *a)
{
	if (!a->asked && a->elicited <= FIRST_PACKETS)
		return FIRST_THRESHOLD;
	return a->f.threshold;
}

void
gw_ack_out_batch_end(struct gw_ack_out *a, gw_usec now)
{
	if (a->eliciting > 0 &&
	    (a->at_once || a->eliciting >= threshold_of(a) ||
		now >= a->since + a->f.max_delay))
		a->due = true;
}

bool
gw_ack_out_pending(const struct gw_ack_out *a)
{
	return a->eliciting > 0;
}

bool
gw_ack_out_due(const struct gw_ack_out *a, gw_usec now)
{
	return now >= gw_ack_out_deadline(a);
}

gw_usec
gw_ack_out_deadline(const struct gw_ack_out *a)
{
	if (a->due)
		return 0;
	return a->eliciting > 0 ? a->since + a->f.max_delay : GW_NEVER;
}

bool
gw_ack_out_fill(const struct gw_ack_out *a, struct gw_ack *ack, gw_usec now)
{
	if (a->count == 0)
		return false;
	ack->delay = now > a->largest_at ? now - a->largest_at : 0;
	ack->count = a->count;
	for (unsigned i = 0; i < a->count; i++)
		ack->v[i] = a->v[a->count - 1 - i];
	ack->ecn = a->ect0 > 0 || a->ect1 > 0 || a->ce > 0;
	ack->ect0 = a->ect0;
	ack->ect1 = a->ect1;
	ack->ce = a->ce;
	return true;
}

void
gw_ack_out_sent(struct gw_ack_out *a, uint64_t number, const struct gw_ack *ack)
{
	const unsigned i = a->told_at;

	GW_ASSERT(ack->count > 0);
	a->eliciting = 0;
	a->at_once = a->due = false;
	a->told_next = ack->v[0].last + 1; /* the largest is always told */
	a->told[i].number = number;
	a->told[i].high = ack->v[0].last;
	a->told[i].low = ack->v[ack->count - 1].first;
	a->told_at = (i + 1) % GW_ACK_OUT_TOLD;
	if (a->told_count < GW_ACK_OUT_TOLD)
		a->told_count++;
	a->unanswered++;
}

void
gw_ack_out_acked(struct gw_ack_out *a, uint64_t number)
{
	for (unsigned i = 0; i < a->told_count; i++)
		if (a->told[i].number == number) {
			a->unanswered = 0;
			forget(a, a->told[i].low, a->told[i].high);
			return;
		}
}

bool
gw_ack_out_wants_answer(const struct gw_ack_out *a)
{
	return a->count >= ANSWER_RANGES &&
	       a->unanswered % ANSWER_ACKS == ANSWER_ACKS - 1;
}

void
gw_ack_out_frequency(
    struct gw_ack_out *a, uint64_t number, const struct gw_ack_frequency *f)
{
	GW_ASSERT(f->threshold > 0);
	if (a->asked && number <= a->asked_in)
		return;
	a->asked = true;
	a->asked_in = number;
	a->f = *f;
}
