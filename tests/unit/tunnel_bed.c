#include "tunnel_bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/context.h"

#define FLOW_OF(f) ((struct bed_flow *)(void *)(f)) /* it is first */

/* ---- flows ---- */

static void
end_if_it_shall(struct bed_flow *w)
{
	if (w->ends)
		bed_end(w);
}

static void
on_message(struct gw_tunnel_flow *f, const struct gw_tunnel_message *m)
{
	FLOW_OF(f)->messages++;
	FLOW_OF(f)->last = m->kind;
	end_if_it_shall(FLOW_OF(f));
}

static void
on_data(struct gw_tunnel_flow *f, struct gw_slice s)
{
	FLOW_OF(f)->bytes += s.n;
	if (FLOW_OF(f)->gathers)
		gw_tunnel_settle_later(f);
	end_if_it_shall(FLOW_OF(f));
}

static void
on_settle(struct gw_tunnel_flow *f)
{
	struct bed_flow *w = FLOW_OF(f);

	w->settled++;
	w->settled_lost += w->losses + w->bed->losses;
	w->settled_bytes = w->bytes;
	if (w->ends_too != NULL)
		bed_end(w->ends_too);
}

static void
on_datagram(struct gw_tunnel_flow *f, struct gw_slice s)
{
	FLOW_OF(f)->datagrams++;
	FLOW_OF(f)->datagram = s.n;
	FLOW_OF(f)->first = s.n > 0 ? s.p[0] : 0;
	end_if_it_shall(FLOW_OF(f));
}

static void
on_writable(struct gw_tunnel_flow *f)
{
	FLOW_OF(f)->writables++;
	for (int i = 0; FLOW_OF(f)->writes && i < 2; i++)
		gw_tunnel_data(f, gw_tunnel_room(f));
	end_if_it_shall(FLOW_OF(f));
}

static void
on_dropped(struct gw_tunnel_flow *f, enum gw_drop why, size_t n)
{
	assert_int_not_equal(n, 0);
	if (why == GW_DROP_STALE)
		FLOW_OF(f)->stales++;
	else
		FLOW_OF(f)->unsent++;
}

static void
on_incomplete(struct gw_tunnel_flow *f)
{
	FLOW_OF(f)->incomplete++;
}

static void
on_flow_lost(struct gw_tunnel_flow *f)
{
	FLOW_OF(f)->losses++;
	end_if_it_shall(FLOW_OF(f));
}

static const struct gw_tunnel_flow_ops flow_ops = { .message = on_message,
	.data = on_data,
	.datagram = on_datagram,
	.writable = on_writable,
	.settle = on_settle,
	.dropped = on_dropped,
	.incomplete = on_incomplete,
	.lost = on_flow_lost };

static struct bed_flow *
another(struct bed *b)
{
	struct bed_flow *w = &b->flows[b->count++];

	assert_true(b->count <= BED_FLOWS);
	*w = (struct bed_flow){ .bed = b, .there = true };
	w->in.ops = &flow_ops;
	w->in.rule = &b->rule;
	return w;
}

struct bed_flow *
bed_begin(struct bed *b, bool connection)
{
	struct bed_flow *w = another(b);

	assert_int_equal(gw_tunnel_flow_begin(b->t, &w->in, connection), GW_OK);
	return w;
}

void
bed_end(struct bed_flow *w)
{
	assert_true(w->there);
	w->there = false;
	gw_tunnel_flow_end(&w->in);
	/* As if it were freed: the tunnel looks at it no more. */
	w->in.ops = NULL;
	for (enum gw_tunnel_row r = 0; r < GW_TUNNEL_ROWS; r++)
		w->in.next[r] = (void *)1;
}

static void
on_flow(struct gw_via_rule *r, const struct gw_tunnel_message *m, uint16_t lane)
{
	struct bed *b = r->tunnel->owner.arg;
	struct bed_flow *w = another(b);

	w->in.id = m->flow;
	w->in.lane = lane;
	assert_int_equal(gw_tunnel_flow_take(b->t, &w->in), GW_OK);
}

static void
on_rule_datagram(struct gw_via_rule *r, const struct gw_tunnel_datagram *d,
    struct gw_slice s)
{
	struct bed *b = r->tunnel->owner.arg;
	struct bed_flow *w = another(b);

	w->in.id = d->flow;
	assert_int_equal(gw_tunnel_flow_take(b->t, &w->in), GW_OK);
	on_datagram(&w->in, s);
}

/* ---- the owner ---- */

static bool
on_control(void *arg, const struct gw_tunnel_message *m)
{
	struct bed *b = arg;

	b->controls++;
	b->last = m->kind;
	return !b->refuses;
}

static void
on_lost(void *arg, enum gw_err err, const char *text)
{
	struct bed *b = arg;

	b->losses++;
	b->err = err;
	snprintf(b->why, sizeof b->why, "%s", text);
}

/* ---- life ---- */

void
bed_attach(struct bed *b)
{
	peer_fini(&b->p);
	peer_init(&b->p);
	gw_tunnel_attach(b->t, &b->p.conn);
	peer_turn(&b->p);
}

static int
setup(void **state, bool initiator)
{
	struct gw_options o = GW_OPTIONS_INIT;
	struct bed *b = calloc(1, sizeof *b);

	o.plain = true;
	if (b == NULL || gw_open(&o, &b->g) != GW_OK ||
	    gw_tunnel_new(b->g, initiator, &b->t) != GW_OK)
		return -1;
	b->t->owner = (struct gw_tunnel_owner){ on_control, on_lost, b };
	b->rule = (struct gw_via_rule){ .tunnel = b->t,
		.number = 7,
		.accepted = true,
		.flow = on_flow,
		.datagram = on_rule_datagram };
	b->rule.base.rule.ports = 2;
	b->t->rules = &b->rule;
	bed_attach(b);
	*state = b;
	return 0;
}

int
bed_setup(void **state)
{
	return setup(state, false);
}

int
bed_setup_initiator(void **state)
{
	return setup(state, true);
}

int
bed_teardown(void **state)
{
	struct bed *b = *state;

	for (unsigned i = 0; i < b->count; i++)
		if (b->flows[i].there)
			bed_end(&b->flows[i]);
	if (b->t != NULL)
		b->t->rules = NULL;
	gw_tunnel_free(b->t);
	peer_fini(&b->p);
	gw_close(b->g);
	free(b);
	return 0;
}

void
bed_dispatch(struct bed *b)
{
	for (unsigned i = 0; i < 3; i++)
		gw_dispatch(b->g);
}

void
bed_is_lost(const struct bed *b, enum gw_err err, const char *text)
{
	assert_true(b->p.closed);
	assert_null(b->t->conn);
	assert_int_equal(b->losses, 1);
	assert_int_equal(b->err, err);
	if (strstr(b->why, text) == NULL)
		fail_msg("it says: %s", b->why);
	/* The peer hears the same. */
	assert_int_equal(b->p.err, err);
	assert_string_equal(b->p.why, b->why);
}

void
bed_is_there(const struct bed *b)
{
	assert_false(b->p.closed);
	assert_int_equal(b->losses, 0);
}
