#include "run/via_tcp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/tcp.h"
#include "os/tcp_forward.h"

enum { ACCEPTS = 64 };

#define PORT_OF(i) ((struct gw_via_tcp_port *)(void *)(i)) /* it is first */
#define FLOW_OF(i)                                                             \
	((struct gw_via_tcp_flow *)(void *)((char *)(i)-offsetof(              \
	    struct gw_via_tcp_flow, due)))

/* ---- accepting ---- */

static void
refuse(struct gw_via_tcp *r, int fd, enum gw_drop d)
{
	gw_forwarder_drop(&r->base.base, d, 1, gw_drop_text(d));
	gw_tcp_reset_on_close(fd, true);
	close(fd);
}

static void
accepted(struct gw_via_tcp_port *p, int fd, const struct gw_addr *from)
{
	struct gw_via_tcp *r = p->r;
	struct gw_forwarder *f = &r->base.base;
	const struct gw_ip client = gw_forward_ip(from);

	if (!gw_rule_allows(&f->rule, &client))
		refuse(r, fd, GW_DROP_DENIED);
	else if (!r->base.accepted || r->base.tunnel->conn == NULL)
		refuse(r, fd, GW_DROP_PEER);
	else if ((f->rule.max != 0 && f->counts.flows >= f->rule.max) ||
		 !gw_forward_take_files(f->set, 1))
		refuse(r, fd, GW_DROP_CAP);
	else if (!gw_via_tcp_accepted(p, fd, from)) {
		gw_forward_give_files(f->set, 1);
		refuse(r, fd, GW_DROP_CAP);
	}
}

/* There is no descriptor: the oldest that waits is sent away with the one that
 * is kept for this. */
static bool
shed(struct gw_via_tcp *r, int listener)
{
	struct gw_forward *set = r->base.base.set;
	struct gw_addr from;
	enum gw_err err;
	int fd;

	if (set->reserve < 0)
		return false;
	close(set->reserve);
	err = gw_tcp_accept(listener, &fd, &from);
	if (err == GW_OK)
		refuse(r, fd, GW_DROP_DESCRIPTORS);
	set->reserve = eventfd(0, EFD_CLOEXEC);
	return err == GW_OK;
}

static void
on_listener(struct gw_poll_item *i, uint32_t events)
{
	struct gw_via_tcp *r = PORT_OF(i)->r;
	struct gw_addr from;
	enum gw_err err;
	int fd;

	(void)events;
	for (unsigned n = 0; n < ACCEPTS; n++) {
		err = gw_tcp_accept(i->fd, &fd, &from);
		if (err == GW_E_AGAIN)
			return;
		if (err == GW_OK)
			accepted(PORT_OF(i), fd, &from);
		else if (!shed(r, i->fd))
			return;
	}
	gw_poller_again(&r->base.base.set->poller, i);
}

/* ---- time ---- */

static void
on_timer(uv_timer_t *h)
{
	struct gw_via_tcp *r = h->data;
	const gw_usec now = gw_clock_now();
	struct gw_heap_item *i;

	while ((i = gw_heap_first(&r->due)) != NULL && i->at <= now)
		gw_via_tcp_due(FLOW_OF(i), now);
	gw_via_tcp_arm(r);
}

void
gw_via_tcp_arm(struct gw_via_tcp *r)
{
	const struct gw_heap_item *i = gw_heap_first(&r->due);

	gw_loop_arm(&r->timer, i != NULL ? i->at : GW_NEVER, on_timer);
}

static void
on_names(void *arg)
{
	struct gw_via_tcp *r = arg;
	struct gw_via_tcp_flow *w, *next;

	if (gw_forward_names_wait(&r->names))
		return;
	for (w = r->first; w != NULL; w = next) {
		next = w->next;
		if (w->state == GW_VIA_TCP_WAITING)
			gw_via_tcp_resolved(w);
	}
}

/* ---- what the set asks ---- */

static enum gw_err
check(struct gw_forwarder *f, struct gw_why *why)
{
	/* Where the other side listens is not for this one to know. */
	(void)f;
	(void)why;
	return GW_OK;
}

static void
drain(struct gw_forwarder *f)
{
	struct gw_via_tcp *r = (struct gw_via_tcp *)f;

	for (size_t i = 0; i < r->port_count; i++) {
		gw_poller_remove(&f->set->poller, &r->ports[i].item);
		close(r->ports[i].item.fd);
	}
	gw_forward_give_files(f->set, (unsigned)r->port_count);
	r->port_count = 0;
}

static void
on_closed(void *arg)
{
	struct gw_via_tcp *r = arg;

	if (--r->handles > 0)
		return;
	gw_heap_fini(&r->due);
	gw_forwarder_fini(&r->base.base);
	free(r->ports);
	free(r);
}

static void
on_timer_closed(uv_handle_t *h)
{
	on_closed(h->data);
}

static void
close_rule(struct gw_forwarder *f, enum gw_forward_end end)
{
	struct gw_via_tcp *r = (struct gw_via_tcp *)f;

	drain(f);
	while (r->first != NULL)
		gw_via_tcp_end(r->first, end, true);
	gw_via_gone(&r->base);
	gw_via_rule_leave(&r->base);
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
	if (r->handles > 1)
		gw_forward_names_close(&r->names, on_closed);
}

static bool
next_flow(
    const struct gw_forwarder *f, const void **at, struct gw_forward_flow *out)
{
	const struct gw_via_tcp *r = (const struct gw_via_tcp *)f;
	const struct gw_via_tcp_flow *w = *at;

	w = w != NULL ? w->next : r->first;
	if (w == NULL)
		return false;
	gw_via_tcp_info(w, out);
	*at = w;
	return true;
}

static bool
listens(const struct gw_forwarder *f, const struct gw_addr *a)
{
	const struct gw_via_tcp *r = (const struct gw_via_tcp *)f;

	for (size_t i = 0; i < r->port_count; i++) {
		const struct gw_via_tcp_port *p = &r->ports[i];

		if (gw_addr_port(&p->at) == gw_addr_port(a) &&
		    gw_forward_reaches(&p->at, p->both, a))
			return true;
	}
	return false;
}

/* ---- opening ---- */

static enum gw_err
open_port(struct gw_via_tcp *r, unsigned i, struct gw_why *why)
{
	struct gw_forwarder *f = &r->base.base;
	struct gw_via_tcp_port *p = &r->ports[r->port_count];
	const struct gw_tcp_listen l = { .address = f->rule.listen,
		.port = (uint16_t)(f->rule.port + i),
		.backlog = (int)f->rule.backlog,
		.keepalive = !f->rule.no_keepalive };
	struct gw_addr peer;
	enum gw_err err;

	if (!gw_forward_take_files(f->set, 1))
		return gw_why(why, GW_E_LIMIT,
		    "more ports than this process may have descriptors "
		    "(ulimit -n)");
	err = gw_tcp_forward_listen(&l, why, &p->item.fd);
	if (err == GW_OK) {
		p->item.on = on_listener;
		p->r = r;
		p->both = f->rule.listen[0] == '\0';
		gw_tcp_ends(p->item.fd, &p->at, &peer);
		err = gw_poller_add(&f->set->poller, &p->item);
		if (err != GW_OK)
			close(p->item.fd);
	}
	if (err != GW_OK)
		gw_forward_give_files(f->set, 1);
	else
		r->port_count++;
	return err;
}

static enum gw_err
open_ports(struct gw_via_tcp *r, struct gw_why *why)
{
	const unsigned n = r->base.base.rule.ports;
	enum gw_err err = GW_OK;

	if ((r->ports = calloc(n, sizeof *r->ports)) == NULL)
		return GW_E_MEMORY;
	for (unsigned i = 0; i < n && err == GW_OK; i++)
		err = open_port(r, i, why);
	if (err == GW_OK)
		r->base.base.port = gw_addr_port(&r->ports[0].at);
	return err;
}

enum gw_err
gw_via_tcp_open(struct gw_forward *set, const struct gw_rule *rule,
    const struct gw_via_role *role, struct gw_why *why,
    struct gw_via_rule **out)
{
	static const struct gw_forwarder_ops ops = { check, drain, close_rule,
		next_flow, listens };
	struct gw_via_tcp *r = calloc(1, sizeof *r);
	enum gw_err err;

	if (r == NULL)
		return GW_E_MEMORY;
	if ((err = gw_via_rule_init(&r->base, set, rule, role, &ops)) !=
	    GW_OK) {
		free(r);
		return err;
	}
	uv_timer_init(&set->g->loop.uv, &r->timer);
	r->timer.data = r;
	r->handles = 1;
	if (role->listens) {
		err = open_ports(r, why);
	} else {
		r->base.flow = gw_via_tcp_asked;
		gw_forward_names_init(&r->names, &r->base.base, on_names, r);
		r->handles = 2;
	}
	if (err != GW_OK) {
		close_rule(&r->base.base, GW_FORWARD_STOPPED);
		return err;
	}
	*out = &r->base;
	return GW_OK;
}
