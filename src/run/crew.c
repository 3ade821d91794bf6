#include "run/crew.h"

#include <stdlib.h>

#include "base/assert.h"

struct trip {
	struct gw_work work;
	struct gw_crew *crew;
	struct gw_item *first;
	struct trip *next_idle;
};

struct gw_crew {
	struct gw_crew_options o;
	struct gw_item *first, **last;
	unsigned busy;
	struct trip *idle; /* workers that wait for a trip */
	struct trip trips[];
};

enum gw_err
gw_crew_new(const struct gw_crew_options *o, struct gw_crew **out)
{
	struct gw_crew *c;

	c = calloc(1, sizeof *c + o->workers * sizeof c->trips[0]);
	if (c == NULL)
		return GW_E_MEMORY;
	c->o = *o;
	c->last = &c->first;
	for (unsigned i = 0; i < o->workers; i++) {
		c->trips[i].crew = c;
		c->trips[i].next_idle = c->idle;
		c->idle = &c->trips[i];
	}
	*out = c;
	return GW_OK;
}

void
gw_crew_free(struct gw_crew *c)
{
	if (c == NULL)
		return;
	GW_ASSERT(c->busy == 0);
	free(c);
}

static struct gw_item *
pop(struct gw_crew *c)
{
	struct gw_item *item = c->first;

	if (item == NULL)
		return NULL;
	c->first = item->next;
	if (c->first == NULL)
		c->last = &c->first;
	item->next = NULL;
	return item;
}

static void
trip_run(struct gw_work *w)
{
	struct trip *t = (struct trip *)(void *)w;

	for (struct gw_item *i = t->first; i != NULL; i = i->next)
		t->crew->o.work(i, t->crew->o.arg);
}

static void
trip_done(struct gw_work *w)
{
	struct trip *t = (struct trip *)(void *)w;
	struct gw_crew *c = t->crew;
	struct gw_item *item = t->first, *next;

	t->first = NULL;
	t->next_idle = c->idle;
	c->idle = t;
	for (; item != NULL; item = next) {
		next = item->next;
		item->next = NULL;
		c->busy--;
		c->o.done(item, c->o.arg);
	}
	gw_crew_go(c);
	if (c->o.idle != NULL)
		c->o.idle(c->o.arg); /* may free the crew */
}

/* Load the next trip from the queue. */
static void
load(struct gw_crew *c, struct trip *t)
{
	struct gw_item **tail = &t->first, *item;
	uint32_t weight = 0, items = 0;

	do {
		item = pop(c);
		*tail = item;
		tail = &item->next;
		weight += item->weight;
		items++;
	} while (c->first != NULL && weight < c->o.trip_weight &&
		 items < c->o.trip_items);
}

void
gw_crew_go(struct gw_crew *c)
{
	while (c->first != NULL && c->idle != NULL) {
		struct trip *t = c->idle;

		c->idle = t->next_idle;
		load(c, t);
		gw_work_start(c->o.loop, &t->work, trip_run, trip_done);
	}
}

void
gw_crew_add(struct gw_crew *c, struct gw_item *item)
{
	item->next = NULL;
	*c->last = item;
	c->last = &item->next;
	c->busy++;
}

struct gw_item *
gw_crew_take_back(struct gw_crew *c)
{
	struct gw_item *item = pop(c);

	if (item != NULL)
		c->busy--;
	return item;
}

unsigned
gw_crew_busy(const struct gw_crew *c)
{
	return c->busy;
}
