#include "run/forward_names.h"

#include <string.h>

#include "base/hash.h"
#include "os/clock.h"
#include "run/forward.h"

enum {
	PATIENCE = 15000000,  /* us with a look-up */
	AGAIN_SOON = 2000000, /* us, while nothing has been found */
	REFRESH = 30000       /* ms */
};

static void on_timer(uv_timer_t *);

/* ---- addresses ---- */

static void
use(struct gw_forward_name *n)
{
	struct gw_forward_names *all = n->all;
	unsigned i = (unsigned)(n - all->names);
	const struct gw_rule_target *t = &all->f->rule.targets[i];
	struct gw_addr a;
	struct gw_place at;

	if (n->found.count == 0) {
		gw_targets_set(&all->targets, i, NULL, false);
		return;
	}
	a = n->found.v[n->at];
	gw_addr_set_port(&a, t->port);
	gw_addr_mapped(&a, at.ip);
	at.zone = gw_addr_zone(&a);
	at.port = t->port;
	gw_targets_set(&all->targets, i, &at,
	    gw_forward_is_own(
		all->f->set, all->f->rule.protocol, &a, t->ports));
}

/* The same address as before, if it is still one of them. */
static size_t
place_of(const struct gw_resolved *found, const struct gw_addr *before)
{
	for (size_t i = 0; before != NULL && i < found->count; i++)
		if (gw_addr_same_host(&found->v[i], before))
			return i;
	return 0;
}

static void
found(struct gw_forward_name *n, const struct gw_resolved *v)
{
	const struct gw_addr *before =
	    n->at > 0 && n->at < n->found.count ? &n->found.v[n->at] : NULL;
	size_t at = place_of(v, before);

	n->found = *v;
	n->at = at;
	use(n);
}

/* ---- look-ups ---- */

static void
arm(struct gw_forward_names *all)
{
	uint32_t refresh = all->f->rule.refresh_ms;
	gw_usec after = (refresh != 0 ? refresh : REFRESH) * GW_MSEC;
	bool names = false;

	for (unsigned i = 0; i < all->targets.count; i++) {
		const struct gw_forward_name *n = &all->names[i];

		names |= !n->numeric;
		if (!n->numeric && n->found.count == 0)
			after = gw_usec_min(after, AGAIN_SOON);
	}
	if (names)
		gw_loop_arm(&all->timer, gw_clock_now() + after, on_timer);
}

/* Told once, and again when it has worked in between. */
static void
warn(struct gw_forward_name *n, const struct gw_helper_answer *a)
{
	struct gw_forwarder *f = n->all->f;
	const char *stays =
	    n->found.count > 0 ? "; its last address stays" : "";

	if (a->why.text[0] != '\0')
		gw_forwarder_warn(f, "%s%s", a->why.text, stays);
	else
		gw_forwarder_warn(f, "%s: %s%s",
		    f->rule.targets[n - n->all->names].host,
		    gw_err_text(a->err), stays);
}

static void
on_answer(void *arg, const struct gw_helper_answer *a)
{
	struct gw_forward_name *n = arg;
	struct gw_forward_names *all = n->all;

	n->lookup = NULL;
	n->answered = true;
	if (a->err == GW_OK)
		found(n, &a->found);
	else if (!n->failed)
		warn(n, a);
	n->failed = a->err != GW_OK;
	all->changed(all->arg);
}

static void
look_up(struct gw_forward_name *n)
{
	struct gw_forward_names *all = n->all;
	struct gw_lookup_options o = { .loop = &all->f->set->g->loop,
		.helper_fd = all->f->set->g->helper_fd,
		.host = all->f->rule.targets[n - all->names].host,
		.port = all->f->rule.targets[n - all->names].port,
		.give_up = gw_clock_now() + PATIENCE,
		.done = on_answer,
		.arg = n };

	/* Without memory it is tried again when the timer fires. */
	if (gw_lookup_start(&o, &n->lookup) != GW_OK)
		n->lookup = NULL;
}

static void
on_timer(uv_timer_t *t)
{
	struct gw_forward_names *all = t->data;

	for (unsigned i = 0; i < all->targets.count; i++) {
		struct gw_forward_name *n = &all->names[i];

		if (!n->numeric && n->lookup == NULL)
			look_up(n);
	}
	arm(all);
}

/* ---- life ---- */

static void
begin(struct gw_forward_name *n, const char *host)
{
	struct gw_resolved v = { .count = 1 };

	if (gw_addr_parse(&v.v[0], host, 0, NULL) == GW_OK) {
		n->numeric = n->answered = true;
		found(n, &v);
	} else {
		look_up(n);
	}
}

void
gw_forward_names_init(struct gw_forward_names *all, struct gw_forwarder *f,
    void (*changed)(void *), void *arg)
{
	const struct gw_rule *r = &f->rule;

	memset(all, 0, sizeof *all);
	all->f = f;
	all->changed = changed;
	all->arg = arg;
	gw_targets_init(&all->targets, (unsigned)r->target_count);
	all->targets.choice = (enum gw_targets_choice)r->strategy;
	if (r->max_fails != 0)
		all->targets.max_fails = r->max_fails;
	if (r->fail_timeout_ms != 0)
		all->targets.rest = r->fail_timeout_ms * GW_MSEC;
	uv_timer_init(&f->set->g->loop.uv, &all->timer);
	all->timer.data = all;
	for (unsigned i = 0; i < all->targets.count; i++) {
		all->names[i].all = all;
		begin(&all->names[i], r->targets[i].host);
	}
	arm(all);
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_forward_names *all = h->data;

	all->closed(all->arg);
}

void
gw_forward_names_close(struct gw_forward_names *all, void (*closed)(void *arg))
{
	for (unsigned i = 0; i < all->targets.count; i++)
		gw_lookup_cancel(all->names[i].lookup);
	all->closed = closed;
	uv_close((uv_handle_t *)&all->timer, on_closed);
}

bool
gw_forward_names_wait(const struct gw_forward_names *all)
{
	bool waits = false;

	for (unsigned i = 0; i < all->targets.count; i++) {
		if (all->targets.v[i].known)
			return false;
		waits |= !all->names[i].answered;
	}
	return waits;
}

enum gw_err
gw_forward_names_check(struct gw_forward_names *all, struct gw_why *why)
{
	unsigned loops = 0;

	for (unsigned i = 0; i < all->targets.count; i++) {
		use(&all->names[i]);
		if (!all->targets.v[i].known || !all->targets.v[i].loop)
			continue;
		if (++loops == all->targets.count)
			return gw_why(why, GW_E_USAGE,
			    "%s: that is a port which is forwarded here: it "
			    "would go round in circles; name another host or "
			    "port",
			    all->f->rule.targets[i].host);
		gw_forwarder_warn(all->f,
		    "%s is a port which is forwarded here: it is passed over",
		    all->f->rule.targets[i].host);
	}
	return GW_OK;
}

/* ---- choosing ---- */

static uint64_t
number_for(const struct gw_forward_names *all, const struct gw_ip *client)
{
	uint64_t v;

	struct gw_key key;

	if (all->targets.choice != GW_TARGETS_HASH)
		return gw_random_u64(&all->f->set->g->self.random);
	key = gw_hash_key(0, gw_slice(client->b, sizeof client->b));
	memcpy(&v, key.b, sizeof v);
	return v;
}

enum gw_drop
gw_forward_names_choose(struct gw_forward_names *all,
    const struct gw_ip *client, uint16_t came_at, unsigned *i,
    struct gw_addr *at)
{
	const struct gw_forward_name *n;
	bool loop;

	if (!gw_targets_choose(&all->targets, number_for(all, client),
		gw_clock_now(), i, &loop))
		return loop ? GW_DROP_LOOP : GW_DROP_NO_TARGET;
	n = &all->names[*i];
	*at = n->found.v[n->at];
	gw_addr_set_port(at, gw_rule_target_port(&all->f->rule, *i, came_at));
	return GW_DROP_NONE;
}

/* False: it was there already. */
static bool
note_tried(struct gw_forward_tried *tried, const struct gw_addr *at)
{
	struct gw_hash h = gw_hash_of(gw_slice(&at->ss, at->len));
	uint32_t v;

	memcpy(&v, h.b, sizeof v);
	for (unsigned k = 0; k < tried->n; k++)
		if (tried->v[k] == v)
			return false;
	tried->v[tried->n++] = v;
	return true;
}

enum gw_drop
gw_forward_names_next(struct gw_forward_names *all,
    struct gw_forward_tried *tried, const struct gw_ip *client,
    uint16_t came_at, unsigned *i, struct gw_addr *at)
{
	const unsigned most = sizeof tried->v / sizeof tried->v[0];

	for (unsigned k = 0; k < most && tried->n < most; k++) {
		const enum gw_drop d =
		    gw_forward_names_choose(all, client, came_at, i, at);

		if (d != GW_DROP_NONE || note_tried(tried, at))
			return d;
		/* That it is chosen again means that the others rest, too. */
		gw_forward_names_failed(all, *i);
	}
	return GW_DROP_NO_TARGET;
}

void
gw_forward_names_failed(struct gw_forward_names *all, unsigned i)
{
	gw_targets_refused(&all->targets, i, gw_clock_now());
	gw_forward_names_another(all, i);
}

void
gw_forward_names_another(struct gw_forward_names *all, unsigned i)
{
	struct gw_forward_name *n = &all->names[i];

	if (n->found.count > 1) {
		n->at = (n->at + 1) % n->found.count;
		use(n);
	}
}

void
gw_forward_names_worked(struct gw_forward_names *all, unsigned i)
{
	gw_targets_answered(&all->targets, i);
}
