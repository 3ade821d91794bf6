#include "session/udp/sent.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { FIRST_CAP = 256, SPARE = 256 };

enum gw_err
gw_sent_init(struct gw_sent *s)
{
	struct gw_sent_entry *v = calloc(FIRST_CAP, sizeof(*v));
	struct gw_train *trains = calloc(FIRST_CAP, sizeof(*trains));

	if (v == NULL || trains == NULL) {
		free(v);
		free(trains);
		return GW_E_MEMORY;
	}
	*s = (struct gw_sent){
		.v = v,
		.cap = FIRST_CAP,
		.trains = trains,
		.train_cap = FIRST_CAP,
	};
	return GW_OK;
}

void
gw_sent_fini(struct gw_sent *s)
{
	free(s->v);
	free(s->trains);
	*s = (struct gw_sent){ 0 };
}

/* Twice the room; everything keeps its number. */
static enum gw_err
grow(struct gw_sent *s)
{
	struct gw_sent_entry *v;
	const size_t cap = s->cap * 2;

	if (s->cap == GW_SENT_MAX)
		return GW_E_LIMIT;
	if ((v = calloc(cap, sizeof(*v))) == NULL)
		return GW_E_MEMORY;
	for (uint64_t n = s->base; n < s->end; n++)
		v[n & (cap - 1)] = *gw_sent_at(s, n);
	free(s->v);
	s->v = v;
	s->cap = cap;
	return GW_OK;
}

static enum gw_err
grow_trains(struct gw_sent *s)
{
	struct gw_train *v;
	const size_t cap = s->train_cap * 2;

	if ((v = calloc(cap, sizeof(*v))) == NULL)
		return GW_E_MEMORY;
	for (uint32_t t = s->train_base; t != s->train_end; t++)
		v[t & (cap - 1)] = s->trains[t & (s->train_cap - 1)];
	free(s->trains);
	s->trains = v;
	s->train_cap = cap;
	return GW_OK;
}

static void
leave_out(struct gw_sent *s, uint64_t first, uint64_t end)
{
	for (uint64_t n = first; n < end; n++)
		*gw_sent_at(s, n) =
		    (struct gw_sent_entry){ .state = GW_SENT_LEFT_OUT,
			    .train = s->train_end - 1 };
	s->gaps[s->gap].first = first;
	s->gaps[s->gap].end = s->gaps_end = end;
	s->gap = (s->gap + 1) % GW_SENT_GAPS;
}

enum gw_err
gw_sent_add(struct gw_sent *s, const struct gw_sent_packet *p,
    const struct gw_train *new_train)
{
	struct gw_sent_entry *e;
	enum gw_err err;

	GW_ASSERT(p->number >= s->end);
	GW_ASSERT(p->number - s->end <= GW_SENT_GAP_MAX);
	GW_ASSERT(new_train != NULL || s->train_base != s->train_end);

	while (p->number - s->base >= s->cap)
		if ((err = grow(s)) != GW_OK)
			return err;
	if (new_train != NULL && s->train_end - s->train_base == s->train_cap &&
	    (err = grow_trains(s)) != GW_OK)
		return err;
	if (new_train != NULL)
		s->trains[s->train_end++ & (s->train_cap - 1)] = *new_train;
	if (p->number > s->end)
		leave_out(s, s->end, p->number);

	e = gw_sent_at(s, p->number);
	e->content = p->content;
	e->bytes = p->bytes;
	e->train = s->train_end - 1;
	e->state = GW_SENT_OUT;
	e->flags = (uint8_t)((p->eliciting ? GW_SENT_ELICITING : 0) |
			     (p->mtu_probe ? GW_SENT_MTU_PROBE : 0) |
			     (p->ect ? GW_SENT_ECT : 0));
	s->end = p->number + 1;
	if (p->eliciting) {
		s->in_flight += p->bytes;
		s->eliciting++;
	}
	return GW_OK;
}

struct gw_train *
gw_sent_last_train(const struct gw_sent *s)
{
	if (s->train_base == s->train_end)
		return NULL;
	return &s->trains[(s->train_end - 1) & (s->train_cap - 1)];
}

static void
queue(struct gw_sent *s, struct gw_sent_entry *e, uint64_t number)
{
	if ((e->flags & GW_SENT_QUEUED) != 0)
		return;
	e->flags |= GW_SENT_QUEUED;
	if (s->fates++ == 0)
		s->first_fate = number;
	else
		gw_sent_at(s, s->last_fate)->next = (uint32_t)number;
	s->last_fate = number;
}

static void
no_longer_out(struct gw_sent *s, const struct gw_sent_entry *e)
{
	if ((e->flags & GW_SENT_ELICITING) == 0)
		return;
	GW_ASSERT(s->in_flight >= e->bytes);
	s->in_flight -= e->bytes;
	s->eliciting--;
}

static void
count(struct gw_sent_news *news, const struct gw_sent_entry *e, uint64_t number)
{
	news->packets++;
	if ((e->flags & (GW_SENT_ELICITING | GW_SENT_ELSEWHERE)) !=
	    GW_SENT_ELICITING)
		return;
	news->bytes += e->bytes;
	news->marked += (e->flags & GW_SENT_ECT) != 0;
	if (news->newest_eliciting == GW_SENT_NONE ||
	    number > news->newest_eliciting)
		news->newest_eliciting = number;
}

uint64_t
gw_sent_acked(
    struct gw_sent *s, uint64_t first, uint64_t last, struct gw_sent_news *news)
{
	GW_ASSERT(first >= s->base);
	GW_ASSERT(last < s->end);
	for (uint64_t n = first; n <= last; n++) {
		struct gw_sent_entry *e = gw_sent_at(s, n);

		if (e->state == GW_SENT_LOST)
			return n;
		if (e->state != GW_SENT_OUT)
			continue;
		no_longer_out(s, e);
		e->state = GW_SENT_ACKED;
		queue(s, e, n);
		count(news, e, n);
		if (n < news->oldest)
			news->oldest = n;
		if (n > news->newest)
			news->newest = n;
	}
	return last + 1;
}

void
gw_sent_found(struct gw_sent *s, uint64_t number, struct gw_sent_news *news)
{
	struct gw_sent_entry *e = gw_sent_at(s, number);

	GW_ASSERT(number >= s->base && number < s->end);
	GW_ASSERT(e->state == GW_SENT_LOST);
	/* Who has not heard of the loss need not hear of it at all. */
	if ((e->flags & GW_SENT_QUEUED) == 0)
		e->flags |= GW_SENT_LATE;
	e->state = GW_SENT_ACKED;
	queue(s, e, number);
	count(news, e, number);
}

void
gw_sent_leave_path(struct gw_sent *s)
{
	for (uint64_t n = s->base; n < s->end; n++) {
		struct gw_sent_entry *e = gw_sent_at(s, n);

		e->flags |= GW_SENT_ELSEWHERE;
		if (e->state == GW_SENT_OUT)
			gw_sent_lost(s, n);
	}
	s->oldest = s->end;
}

void
gw_sent_lost(struct gw_sent *s, uint64_t number)
{
	struct gw_sent_entry *e = gw_sent_at(s, number);

	GW_ASSERT(number >= s->base && number < s->end);
	GW_ASSERT(e->state == GW_SENT_OUT);
	no_longer_out(s, e);
	e->state = GW_SENT_LOST;
	queue(s, e, number);
}

bool
gw_sent_fate(struct gw_sent *s, struct gw_fate *out)
{
	const uint64_t number = s->first_fate;
	struct gw_sent_entry *e;

	if (s->fates == 0)
		return false;
	e = gw_sent_at(s, number);
	*out = (struct gw_fate){
		.kind =
		    e->state == GW_SENT_ACKED ? GW_FATE_ACKED : GW_FATE_LOST,
		.late = (e->flags & GW_SENT_LATE) != 0,
		.mtu_probe = (e->flags & GW_SENT_MTU_PROBE) != 0,
		.eliciting = (e->flags & GW_SENT_ELICITING) != 0,
		.bytes = e->bytes,
		.number = number,
		.content = e->content,
	};
	e->flags &= (uint8_t)~GW_SENT_QUEUED;
	if (--s->fates > 0)
		/* Both are held: they are less than 2^32 apart. */
		s->first_fate =
		    s->base + (uint32_t)(e->next - (uint32_t)s->base);
	return true;
}

/* Nothing is lost by forgetting it now. */
static bool
is_done(const struct gw_sent *s, const struct gw_sent_entry *e, gw_usec horizon)
{
	if ((e->flags & GW_SENT_QUEUED) != 0)
		return false;
	switch ((enum gw_sent_state)e->state) {
	case GW_SENT_ACKED:
	case GW_SENT_LEFT_OUT:
		return true;
	case GW_SENT_LOST:
		return gw_sent_train(s, e)->sent < horizon;
	case GW_SENT_OUT:
		return (e->flags & GW_SENT_ELICITING) == 0 &&
		       gw_sent_train(s, e)->sent < horizon;
	}
	return false;
}

void
gw_sent_forget(struct gw_sent *s, gw_usec horizon)
{
	while (s->base < s->end && is_done(s, gw_sent_at(s, s->base), horizon))
		s->base++;
	if (s->oldest < s->base)
		s->oldest = s->base;
	if (s->train_base == s->train_end)
		return;
	/* The last train stays: more packets may join it. */
	s->train_base =
	    s->base < s->end ? gw_sent_at(s, s->base)->train : s->train_end - 1;
}

bool
gw_sent_full(const struct gw_sent *s)
{
	return s->end - s->base + SPARE > GW_SENT_MAX;
}
