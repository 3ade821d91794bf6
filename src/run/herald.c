#include "run/herald.h"

#include <stdlib.h>

#include "os/clock.h"
#include "run/discovery_self.h"

enum {
	ASK_FOR = 300000, /* us: an answer takes up to 50 ms, and may be lost */
	SMALL = 99,
	LARGE = 999,
	SMALL_ROUNDS = 3,
	ROUNDS = 6 /* then a number serves two: both are tried */
};

struct gw_herald {
	struct gw_herald_options o;
	struct gw_discovery_port *port;
	uv_timer_t timer;
	uint32_t number; /* that is asked for; 0: none */
	unsigned round;
};

bool
gw_herald_is_idle(const char *listen)
{
	struct gw_why why;
	struct gw_addr a;

	return listen != NULL && gw_addr_parse(&a, listen, 0, &why) == GW_OK &&
	       gw_addr_is_loopback(&a);
}

static void
on_chosen(uv_timer_t *t)
{
	struct gw_herald *h = t->data;
	const uint32_t number = h->number;

	h->number = 0;
	gw_discovery_port_seek(h->port, NULL);
	h->o.chosen(h->o.arg, number);
}

static void
ask(struct gw_herald *h)
{
	const uint32_t low = h->round < SMALL_ROUNDS ? 0 : SMALL;
	const uint32_t high = h->round < SMALL_ROUNDS ? SMALL : LARGE;

	h->number = low + 1 +
		    (uint32_t)gw_random_below(&h->o.g->self.random, high - low);
	gw_discovery_port_seek(h->port,
	    &(struct gw_seek){ .ask = GW_ASK_NUMBER, .number = h->number });
	gw_loop_arm(&h->timer, gw_clock_now() + ASK_FOR, on_chosen);
}

static void
on_ready(void *arg)
{
	struct gw_herald *h = arg;
	struct gw_finding f;
	bool taken = false;

	while (gw_discovery_port_next(h->port, &f))
		taken |= f.kind == GW_FINDING_DEVICE && h->number != 0 &&
			 f.number == h->number;
	if (taken && ++h->round < ROUNDS)
		ask(h);
}

void
gw_herald_choose(struct gw_herald *h)
{
	h->round = 0;
	ask(h);
}

void
gw_herald_announce(struct gw_herald *h, const struct gw_announcement *a)
{
	gw_discovery_port_announce(h->port, a);
}

static void
on_closed(uv_handle_t *timer)
{
	free(timer->data);
}

enum gw_err
gw_herald_open(const struct gw_herald_options *o, struct gw_why *why,
    struct gw_herald **out)
{
	struct gw_herald *h = calloc(1, sizeof *h);
	enum gw_err err;

	if (h == NULL)
		return GW_E_MEMORY;
	h->o = *o;
	err = gw_discovery_self_open(o->g, on_ready, h, why, &h->port);
	if (err != GW_OK) {
		free(h);
		return err;
	}
	uv_timer_init(&o->g->loop.uv, &h->timer);
	h->timer.data = h;
	*out = h;
	return GW_OK;
}

enum gw_err
gw_herald_open_at(
    struct gw *g, const struct gw_herald_place *at, struct gw_herald **out)
{
	const struct gw_herald_options o = { .g = g };
	struct gw_why why = { "" };
	enum gw_err err;

	*out = NULL;
	if (gw_herald_is_idle(at->address))
		return GW_OK;
	err = gw_herald_open(&o, &why, out);
	if (err != GW_OK)
		return err == GW_E_MEMORY ? err : GW_OK;
	gw_herald_announce(
	    *out, &(struct gw_announcement){ .name = g->self.name,
		      .port = at->port,
		      .number = at->number,
		      .unasked = at->unasked });
	return GW_OK;
}

void
gw_herald_close(struct gw_herald *h)
{
	if (h == NULL)
		return;
	gw_discovery_port_close(h->port);
	uv_close((uv_handle_t *)&h->timer, on_closed);
}
