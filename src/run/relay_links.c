/*
 * The interfaces of a relay, as they come, go and change (B8, B9).
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "run/endpoint.h"
#include "run/relay.h"

/* ---- what the kernel has, as the engine knows it ---- */

static const struct gw_netif *
named(const struct gw_netifs *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->v[i].name, name) == 0)
			return &all->v[i];
	return NULL;
}

static void
take(const struct gw_netif *n, struct gw_relay_link *l)
{
	l->up = n->up;
	l->index = n->index;
	l->broadcast = n->broadcast;
	l->multicast = n->multicast;
	for (size_t i = 0; i < n->addr_count && i < GW_RELAY_ADDRS; i++) {
		struct gw_relay_address *a = &l->addrs[l->addr_count++];

		a->ip = gw_endpoint_of(&n->addrs[i].addr);
		a->prefix = n->addrs[i].prefix;
		a->broadcast = gw_endpoint_of(&n->addrs[i].broadcast);
	}
}

/* ---- in words ---- */

struct text {
	char *p;
	size_t n, size;
};

static void __attribute__((format(printf, 2, 3)))
put(struct text *t, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->p + t->n, t->size - t->n, format, ap);
	va_end(ap);
	if (n > 0)
		t->n +=
		    (size_t)n < t->size - t->n ? (size_t)n : t->size - t->n - 1;
}

static void
put_endpoint(struct text *t, const struct gw_endpoint *e)
{
	char text[GW_ENDPOINT_TEXT];

	gw_endpoint_text(e, text);
	put(t, "%s", text);
}

static void
describe_peers(struct text *t, const struct gw_relay_link *l)
{
	put(t, "by unicast to ");
	for (size_t i = 0; i < l->peer_count; i++) {
		put(t, "%s", i > 0 ? ", " : "");
		put_endpoint(t, &l->peers[i]);
	}
}

static void
describe(struct text *t, const struct gw_relay_link *l)
{
	const struct gw_relay_address *v4 = NULL;

	for (size_t i = 0; i < l->addr_count && v4 == NULL; i++)
		if (gw_relay_is_v4(&l->addrs[i].ip))
			v4 = &l->addrs[i];
	if (v4 == NULL)
		put(t, "no IPv4 address: ");
	else {
		put_endpoint(t, &v4->ip);
		put(t, "/%u: ", v4->prefix);
	}
	if (l->peer_count != 0)
		describe_peers(t, l);
	else if (!l->broadcast)
		put(t, "it cannot broadcast, and --peer names nobody: %s",
		    l->multicast ? "groups only" : "nothing leaves there");
	else if (v4 == NULL)
		put(t, "broadcasts leave for 255.255.255.255, from an address "
		       "of another interface");
	else if (!gw_relay_is_v4(&v4->broadcast))
		put(t, "broadcasts leave for 255.255.255.255");
	else {
		put(t, "broadcasts leave for ");
		put_endpoint(t, &v4->broadcast);
	}
}

static void
tell_link(struct gw_relay *r, unsigned link, const struct gw_netif *n)
{
	const struct gw_relay_link *l = gw_relay_engine_link_of(r->e, link);
	struct gw_relay_event *e =
	    gw_relay_tell(r, GW_RELAY_EVENT_INTERFACE, link);
	struct text t = { .size = sizeof e->text };

	if (e == NULL)
		return;
	t.p = e->text;
	if (n == NULL)
		put(&t, "is not there: it is waited for");
	else if (!l->up)
		put(&t, "is down: it is waited for");
	else
		describe(&t, l);
}

/* ---- its sockets ---- */

struct opening {
	struct gw_relay *r;
	unsigned rule, link;
	struct gw_why *why;
	enum gw_err err; /* the first */
};

static void
open_at(struct opening *o, const char *address)
{
	struct gw_why why = { "" };
	struct gw_relay_event *e;
	enum gw_err err =
	    gw_relay_listen(o->r, o->rule, o->link, address, &why);

	if (err == GW_OK)
		return;
	if (o->err == GW_OK) {
		o->err = err;
		*o->why = why;
	}
	e = gw_relay_tell(o->r, GW_RELAY_EVENT_TROUBLE, o->link);
	if (e != NULL)
		snprintf(e->text, sizeof e->text, "%s", why.text);
}

static void
open_broadcasts(struct opening *o, const struct gw_relay_link *l)
{
	const struct gw_endpoint *told = NULL;
	char text[GW_ENDPOINT_TEXT];

	open_at(o, "255.255.255.255");
	for (size_t i = 0; i < l->addr_count; i++) {
		const struct gw_endpoint *b = &l->addrs[i].broadcast;

		/* Addresses of one subnet stand one after the other. */
		if (!gw_relay_is_v4(b) ||
		    (told != NULL && gw_relay_same_ip(told, b)))
			continue;
		gw_endpoint_text(b, text);
		open_at(o, text);
		told = b;
	}
}

static bool
has_v6(const struct gw_relay_link *l)
{
	return l->addr_count != 0 &&
	       !gw_relay_is_v4(&l->addrs[l->addr_count - 1].ip);
}

static void
open_groups(struct opening *o, const struct gw_relay_link *l)
{
	const struct gw_relay_rule *r = &o->r->set.rules[o->rule];
	char text[GW_ADDR_TEXT];
	struct gw_addr a;

	for (size_t i = 0; l->multicast && i < r->group_count; i++) {
		bool v4 = gw_relay_is_v4(&r->groups[i]);

		if (!v4 && !has_v6(l))
			continue;
		gw_endpoint_addr(&r->groups[i], &a);
		/* Without a zone nobody could be bound to it. */
		if (!v4 && gw_addr_is_link_local(&a))
			gw_addr_from_mapped(&a, r->groups[i].ip, l->index, 0);
		gw_addr_host(&a, text);
		open_at(o, text);
	}
}

static enum gw_err
open_link(struct gw_relay *r, unsigned link, struct gw_why *why)
{
	const struct gw_relay_link *l = gw_relay_engine_link_of(r->e, link);
	struct opening o = { .r = r, .link = link, .why = why };

	for (; o.rule < r->set.count; o.rule++) {
		const struct gw_relay_rule *rule = &r->set.rules[o.rule];

		if ((rule->between & 1u << link) == 0)
			continue;
		if (rule->broadcast)
			open_broadcasts(&o, l);
		open_groups(&o, l);
	}
	return o.err;
}

/* ---- changes ---- */

static bool
is_same(const struct gw_relay_link *a, const struct gw_relay_link *b)
{
	if (a->up != b->up || a->index != b->index ||
	    a->broadcast != b->broadcast || a->multicast != b->multicast ||
	    a->addr_count != b->addr_count)
		return false;
	for (size_t i = 0; i < a->addr_count; i++) {
		const struct gw_relay_address *x = &a->addrs[i],
					      *y = &b->addrs[i];

		if (!gw_relay_same_ip(&x->ip, &y->ip) ||
		    !gw_relay_same_ip(&x->broadcast, &y->broadcast) ||
		    x->prefix != y->prefix)
			return false;
	}
	return true;
}

static enum gw_err
update_link(struct gw_relay *r, unsigned link, struct gw_why *why)
{
	const struct gw_netif *n =
	    named(gw_link_watch_list(r->watch), r->set.names[link]);
	struct gw_relay_link l = { .up = false };

	if (n != NULL)
		take(n, &l);
	memcpy(l.peers, r->set.peers[link], sizeof l.peers);
	l.peer_count = r->set.peer_counts[link];
	if (r->looked && is_same(&l, gw_relay_engine_link_of(r->e, link)))
		return GW_OK;
	gw_relay_engine_link(r->e, link, &l);
	r->told &= ~(1u << link);
	tell_link(r, link, n);
	gw_relay_pipes_close_link(&r->pipes, link);
	/* The old memberships go first. */
	gw_relay_close_link(r, link);
	return l.up && !r->dry ? open_link(r, link, why) : GW_OK;
}

enum gw_err
gw_relay_links_update(struct gw_relay *r, struct gw_why *why)
{
	enum gw_err err = GW_OK;
	struct gw_why other;

	for (unsigned i = 0; i < r->set.name_count; i++) {
		enum gw_err one = GW_OK;

		if ((r->set.sites & 1u << i) == 0)
			one = update_link(r, i, err == GW_OK ? why : &other);
		if (err == GW_OK)
			err = one;
	}
	r->looked = true;
	return err;
}
