#include "run/forward_tcp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "os/tcp_forward.h"

enum {
	FILES = 2,             /* of a flow */
	ACCEPTS = 64,          /* in one turn of a listener */
	ACCEPT_AGAIN = 100000, /* us after there was no descriptor */
	EVICT_LOOK = 64        /* flows to look at for one that may go */
};

#define PORT_OF(i) ((struct gw_tcp_port *)(void *)(i)) /* it is first */

/* ---- flows of one client ---- */

/* IPv6 hosts have a network of 64 bits for themselves. */
static struct gw_key
source_key(const struct gw_ip *ip)
{
	struct gw_key k;

	memcpy(k.b, ip->b, sizeof k.b);
	if (!gw_ip_is_v4(ip))
		memset(k.b + 8, 0, 8);
	return k;
}

static bool
take_source(struct gw_forward_tcp *t, const struct gw_ip *ip)
{
	struct gw_key k = source_key(ip);
	uintptr_t n = 0;

	if (t->sources == NULL)
		return true;
	gw_map_get(t->sources, &k, &n);
	return n < t->base.rule.per_source &&
	       gw_map_set(t->sources, &k, n + 1) == GW_OK;
}

static void
give_source(struct gw_forward_tcp *t, const struct gw_ip *ip)
{
	struct gw_key k = source_key(ip);
	uintptr_t n = 0;

	if (t->sources == NULL || !gw_map_get(t->sources, &k, &n))
		return;
	if (n <= 1)
		gw_map_del(t->sources, &k);
	else
		GW_ASSERT(gw_map_set(t->sources, &k, n - 1) == GW_OK);
}

/* ---- room for another one ---- */

/* F8: the oldest that nobody has answered makes room. */
static bool
evict(struct gw_forward_tcp *t)
{
	struct gw_tcp_flow *w = t->first;

	for (unsigned n = 0; w != NULL && n < EVICT_LOOK; n++, w = w->next)
		if (w->out.moved == 0) {
			gw_tcp_flow_end(w, GW_FORWARD_EVICTED);
			return true;
		}
	return false;
}

static bool
take_room(struct gw_forward_tcp *t)
{
	const struct gw_rule *r = &t->base.rule;

	return (r->max == 0 || t->base.counts.flows < r->max) &&
	       gw_forward_take_files(t->base.set, FILES);
}

static enum gw_drop
admit(struct gw_forward_tcp *t, const struct gw_ip *client)
{
	if (!gw_rule_allows(&t->base.rule, client))
		return GW_DROP_DENIED;
	if (!take_source(t, client))
		return GW_DROP_SOURCE_CAP;
	if (take_room(t) || (t->base.rule.shed == GW_RULE_SHED_EVICT &&
				evict(t) && take_room(t)))
		return GW_DROP_NONE;
	give_source(t, client);
	return GW_DROP_CAP;
}

/* ---- accepting ---- */

static void
refuse(int fd)
{
	gw_tcp_reset_on_close(fd, true);
	close(fd);
}

/* F8: with the one descriptor that is kept for this the oldest that waits is
 * taken and sent away.  False: not even that. */
static bool
shed(struct gw_forward_tcp *t, int listener)
{
	struct gw_forward *set = t->base.set;
	struct gw_addr from;
	enum gw_err err;
	int fd;

	if (set->reserve < 0)
		return false;
	close(set->reserve);
	err = gw_tcp_accept(listener, &fd, &from);
	if (err == GW_OK) {
		refuse(fd);
		gw_forwarder_drop(&t->base, GW_DROP_DESCRIPTORS, 1,
		    gw_drop_text(GW_DROP_DESCRIPTORS));
	}
	set->reserve = eventfd(0, EFD_CLOEXEC);
	return err == GW_OK;
}

static void
accepted(struct gw_forward_tcp *t, int fd, const struct gw_addr *from)
{
	struct gw_ip client = gw_forward_ip(from);
	enum gw_drop d = admit(t, &client);

	if (d == GW_DROP_NONE && gw_tcp_flow_new(t, fd, from))
		return;
	if (d == GW_DROP_NONE) {
		d = GW_DROP_MEMORY;
		gw_forward_give_files(t->base.set, FILES);
		give_source(t, &client);
	}
	gw_forwarder_drop(&t->base, d, 1, NULL);
	refuse(fd);
}

static void
on_listener(struct gw_poll_item *i, uint32_t events)
{
	struct gw_forward_tcp *t = PORT_OF(i)->t;
	struct gw_addr from;
	enum gw_err err;
	int fd;

	(void)events;
	for (unsigned n = 0; n < ACCEPTS; n++) {
		err = gw_tcp_accept(i->fd, &fd, &from);
		if (err == GW_E_AGAIN)
			return;
		if (err == GW_OK) {
			accepted(t, fd, &from);
		} else if (!shed(t, i->fd)) {
			t->accept_again = gw_clock_now() + ACCEPT_AGAIN;
			gw_forward_tcp_arm(t);
			return;
		}
	}
	gw_poller_again(&t->base.set->poller, i);
}

/* ---- time ---- */

static void
on_timer(uv_timer_t *h)
{
	struct gw_forward_tcp *t = h->data;
	gw_usec now = gw_clock_now();
	struct gw_heap_item *i;

	while ((i = gw_heap_first(&t->due)) != NULL && i->at <= now)
		gw_tcp_flow_due((struct gw_tcp_flow *)(void *)i, now);
	if (t->accept_again <= now) {
		t->accept_again = GW_NEVER;
		if (t->base.set->reserve < 0)
			t->base.set->reserve = eventfd(0, EFD_CLOEXEC);
		for (size_t k = 0; k < t->port_count; k++)
			on_listener(&t->ports[k].item, 0);
	}
	gw_forward_tcp_arm(t);
}

void
gw_forward_tcp_arm(struct gw_forward_tcp *t)
{
	struct gw_heap_item *i = gw_heap_first(&t->due);

	gw_loop_arm(&t->timer,
	    gw_usec_min(t->accept_again, i != NULL ? i->at : GW_NEVER),
	    on_timer);
}

void
gw_forward_tcp_forget(struct gw_forward_tcp *t, struct gw_tcp_flow *w)
{
	struct gw_ip client;

	memcpy(client.b, w->from.ip, sizeof client.b);
	*(w->prev != NULL ? &w->prev->next : &t->first) = w->next;
	*(w->next != NULL ? &w->next->prev : &t->last) = w->prev;
	gw_heap_remove(&t->due, &w->due);
	t->base.counts.flows--;
	give_source(t, &client);
	gw_forward_give_files(t->base.set, FILES);
	gw_forward_tcp_arm(t);
}

static void
on_names(void *arg)
{
	struct gw_forward_tcp *t = arg;
	struct gw_tcp_flow *w, *next;

	if (gw_forward_names_wait(&t->names))
		return;
	for (w = t->first; w != NULL; w = next) {
		next = w->next;
		if (w->state == GW_TCP_FLOW_RESOLVING)
			gw_tcp_flow_resolved(w);
	}
}

/* ---- what the set asks ---- */

static enum gw_err
check(struct gw_forwarder *f, struct gw_why *why)
{
	return gw_forward_names_check(
	    &((struct gw_forward_tcp *)f)->names, why);
}

static void
drain(struct gw_forwarder *f)
{
	struct gw_forward_tcp *t = (struct gw_forward_tcp *)f;

	for (size_t i = 0; i < t->port_count; i++) {
		gw_poller_remove(&f->set->poller, &t->ports[i].item);
		close(t->ports[i].item.fd);
	}
	gw_forward_give_files(f->set, (unsigned)t->port_count);
	t->port_count = 0;
	t->accept_again = GW_NEVER;
}

static void
on_closed(struct gw_forward_tcp *t)
{
	if (--t->handles > 0)
		return;
	gw_heap_fini(&t->due);
	gw_map_free(t->sources);
	gw_forwarder_fini(&t->base);
	free(t->ports);
	free(t);
}

static void
on_timer_closed(uv_handle_t *h)
{
	on_closed(h->data);
}

static void
on_names_closed(void *arg)
{
	on_closed(arg);
}

static void
close_rule(struct gw_forwarder *f, enum gw_forward_end end)
{
	struct gw_forward_tcp *t = (struct gw_forward_tcp *)f;

	drain(f);
	while (t->first != NULL)
		gw_tcp_flow_end(t->first, end);
	uv_close((uv_handle_t *)&t->timer, on_timer_closed);
	gw_forward_names_close(&t->names, on_names_closed);
}

static bool
next_flow(
    const struct gw_forwarder *f, const void **at, struct gw_forward_flow *out)
{
	const struct gw_forward_tcp *t = (const struct gw_forward_tcp *)f;
	const struct gw_tcp_flow *w = *at;

	w = w != NULL ? w->next : t->first;
	if (w == NULL)
		return false;
	gw_tcp_flow_info(w, out);
	*at = w;
	return true;
}

static bool
listens(const struct gw_forwarder *f, const struct gw_addr *a)
{
	const struct gw_forward_tcp *t = (const struct gw_forward_tcp *)f;

	for (size_t i = 0; i < t->port_count; i++) {
		const struct gw_tcp_port *p = &t->ports[i];

		if (gw_addr_port(&p->at) == gw_addr_port(a) &&
		    gw_forward_reaches(&p->at, p->both, a))
			return true;
	}
	return false;
}

/* ---- opening ---- */

static enum gw_err
open_port(struct gw_forward_tcp *t, unsigned i, struct gw_why *why)
{
	const struct gw_rule *r = &t->base.rule;
	struct gw_tcp_port *p = &t->ports[t->port_count];
	struct gw_tcp_listen l = { .address = r->listen,
		.port = (uint16_t)(r->port + i),
		.backlog = (int)r->backlog,
		.keepalive = !r->no_keepalive };
	struct gw_addr peer;
	enum gw_err err = GW_OK;

	if (!gw_forward_take_files(t->base.set, 1))
		return gw_why(why, GW_E_LIMIT,
		    "more ports than this process may have descriptors "
		    "(ulimit -n)");
	p->item.fd = gw_forward_inherit(t->base.set, r->listen, l.port);
	if (p->item.fd < 0)
		err = gw_tcp_forward_listen(&l, why, &p->item.fd);
	if (err == GW_OK) {
		p->item.on = on_listener;
		p->t = t;
		p->both = r->listen[0] == '\0';
		gw_tcp_ends(p->item.fd, &p->at, &peer);
		err = gw_poller_add(&t->base.set->poller, &p->item);
		if (err != GW_OK)
			close(p->item.fd);
	}
	if (err != GW_OK)
		gw_forward_give_files(t->base.set, 1);
	else
		t->port_count++;
	return err;
}

static enum gw_err
test_transparent(const struct gw_rule *r, struct gw_why *why)
{
	bool v6 = strchr(r->listen, ':') != NULL || r->listen[0] == '\0';
	bool v4 = strchr(r->listen, ':') == NULL;
	enum gw_err err = GW_OK;

	if (r->transparent && v4)
		err = gw_transparent_test(AF_INET, why);
	if (r->transparent && v6 && err == GW_OK)
		err = gw_transparent_test(AF_INET6, why);
	return err;
}

static enum gw_err
open_all(struct gw_forward_tcp *t, struct gw_why *why)
{
	const struct gw_rule *r = &t->base.rule;
	enum gw_err err = test_transparent(r, why);

	if (err == GW_OK && r->source[0] != '\0')
		err = gw_addr_parse(&t->source, r->source, 0, why);
	if (err == GW_OK && r->per_source != 0)
		err = gw_map_new(
		    gw_random_u64(&t->base.set->g->self.random), &t->sources);
	if (err == GW_OK &&
	    (t->ports = calloc(r->ports, sizeof *t->ports)) == NULL)
		err = GW_E_MEMORY;
	for (unsigned i = 0; i < r->ports && err == GW_OK; i++)
		err = open_port(t, i, why);
	if (err == GW_OK)
		t->base.port = gw_addr_port(&t->ports[0].at);
	return err;
}

enum gw_err
gw_forwarder_tcp_open(struct gw_forward *set, const struct gw_rule *rule,
    struct gw_why *why, struct gw_forwarder **out)
{
	static const struct gw_forwarder_ops ops = { check, drain, close_rule,
		next_flow, listens };
	struct gw_forward_tcp *t = calloc(1, sizeof *t);
	enum gw_err err;

	if (t == NULL)
		return GW_E_MEMORY;
	if ((err = gw_forwarder_init(&t->base, set, rule, &ops)) != GW_OK) {
		free(t);
		return err;
	}
	t->accept_again = GW_NEVER;
	uv_timer_init(&set->g->loop.uv, &t->timer);
	t->timer.data = t;
	gw_forward_names_init(&t->names, &t->base, on_names, t);
	t->handles = 2;
	if ((err = open_all(t, why)) != GW_OK) {
		close_rule(&t->base, GW_FORWARD_STOPPED);
		return err;
	}
	*out = &t->base;
	return GW_OK;
}
