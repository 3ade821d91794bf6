#include "forward/tunnel_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

static void
take_out(struct gw_tunnel_parts *t, struct gw_tunnel_partial **at)
{
	struct gw_tunnel_partial *p = *at;

	*at = p->next;
	if (t->last == &p->next)
		t->last = at;
	t->count--;
	t->bytes -= p->bytes;
	for (unsigned i = 0; i < p->parts; i++)
		free(p->v[i].p);
	free(p);
}

static void
drop(struct gw_tunnel_parts *t, struct gw_tunnel_partial **at, gw_usec now)
{
	const struct gw_tunnel_partial *p = *at;

	GW_ASSERT(p != NULL);
	t->lost[t->dropped++ % GW_TUNNEL_PARTIAL] =
	    (struct gw_tunnel_lost){ .flow = p->flow,
		    .number = p->number,
		    .opens = p->opens,
		    .rule = p->rule,
		    .until = now + GW_TUNNEL_LOST_TIME };
	take_out(t, at);
}

/* Was it dropped already, when this part had not come? */
static bool
is_lost(const struct gw_tunnel_parts *t, const struct gw_tunnel_datagram *d,
    gw_usec now)
{
	for (unsigned i = 0; i < GW_TUNNEL_PARTIAL; i++)
		if (t->lost[i].until > now && t->lost[i].flow == d->flow &&
		    t->lost[i].number == d->number)
			return true;
	return false;
}

bool
gw_tunnel_parts_lost(struct gw_tunnel_parts *t, struct gw_tunnel_lost *out)
{
	if (t->told == t->dropped)
		return false;
	if (t->dropped - t->told > GW_TUNNEL_PARTIAL)
		t->told = t->dropped - GW_TUNNEL_PARTIAL;
	*out = t->lost[t->told++ % GW_TUNNEL_PARTIAL];
	return true;
}

void
gw_tunnel_parts_fini(struct gw_tunnel_parts *t)
{
	while (t->first != NULL)
		take_out(t, &t->first);
	gw_bytes_fini(&t->whole);
	memset(t, 0, sizeof *t);
}

static struct gw_tunnel_partial **
find(struct gw_tunnel_parts *t, const struct gw_tunnel_datagram *d)
{
	struct gw_tunnel_partial **at;

	for (at = &t->first; *at != NULL; at = &(*at)->next)
		if ((*at)->flow == d->flow && (*at)->number == d->number)
			return at;
	return NULL;
}

static struct gw_tunnel_partial **
begin(
    struct gw_tunnel_parts *t, const struct gw_tunnel_datagram *d, gw_usec now)
{
	struct gw_tunnel_partial *p, **at;

	if (t->count >= GW_TUNNEL_PARTIAL)
		drop(t, &t->first, now);
	if ((p = calloc(1, sizeof *p)) == NULL)
		return NULL;
	p->flow = d->flow;
	p->number = d->number;
	p->parts = d->parts;
	p->since = now;
	if (t->last == NULL)
		t->last = &t->first;
	at = t->last;
	*at = p;
	t->last = &p->next;
	t->count++;
	return at;
}

/* Its number has come again.  A part that comes twice is none: where it is of a
 * later datagram all the same, both have those bytes. */
static bool
is_another(
    const struct gw_tunnel_partial *p, const struct gw_tunnel_datagram *d)
{
	return p->parts != d->parts ||
	       (p->v[d->at].p != NULL &&
		   !gw_slice_eq(
		       gw_slice(p->v[d->at].p, p->v[d->at].n), d->data));
}

static bool
keep(struct gw_tunnel_parts *t, struct gw_tunnel_partial *p,
    const struct gw_tunnel_datagram *d)
{
	uint8_t *copy;

	if (p->v[d->at].p != NULL)
		return false;
	if ((copy = malloc(d->data.n + 1)) == NULL)
		return false;
	if (d->data.n > 0)
		memcpy(copy, d->data.p, d->data.n);
	p->v[d->at].p = copy;
	p->v[d->at].n = d->data.n;
	if (d->opens) {
		p->opens = true;
		p->rule = d->rule;
	}
	p->got++;
	p->bytes += d->data.n;
	t->bytes += d->data.n;
	return true;
}

bool
gw_tunnel_parts_add(struct gw_tunnel_parts *t,
    const struct gw_tunnel_datagram *d, gw_usec now, struct gw_slice *out)
{
	struct gw_tunnel_partial **at = find(t, d);
	enum gw_err err = GW_OK;

	GW_ASSERT(d->part && d->at < d->parts && d->parts <= GW_TUNNEL_PARTS);
	if (at == NULL && is_lost(t, d, now))
		return false;
	if (at != NULL && is_another(*at, d)) {
		drop(t, at, now);
		at = NULL;
	}
	if (at == NULL && (at = begin(t, d, now)) == NULL)
		return false;
	if (!keep(t, *at, d))
		return false;
	if ((*at)->got < (*at)->parts) {
		while (t->bytes > GW_TUNNEL_PARTIAL_BYTES)
			drop(t, &t->first, now);
		return false;
	}
	gw_bytes_clear(&t->whole);
	for (unsigned i = 0; i < (*at)->parts && err == GW_OK; i++)
		err = gw_bytes_add(&t->whole, (*at)->v[i].p, (*at)->v[i].n);
	take_out(t, at);
	*out = gw_bytes_peek(&t->whole);
	return err == GW_OK;
}

void
gw_tunnel_parts_tick(struct gw_tunnel_parts *t, gw_usec now)
{
	while (gw_tunnel_parts_deadline(t) <= now)
		drop(t, &t->first, now);
}

gw_usec
gw_tunnel_parts_deadline(const struct gw_tunnel_parts *t)
{
	return t->first != NULL ? t->first->since + GW_TUNNEL_PARTIAL_TIME
				: GW_NEVER;
}
