/*
 * What forwarders find in their set: see forwarder.h.
 */
#include "run/forwarder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/tcp_forward.h"
#include "run/forward.h"

enum { FRESH = 1000000 /* us for which addresses are taken as they were */ };

enum gw_err
gw_forwarder_init(struct gw_forwarder *f, struct gw_forward *set,
    const struct gw_rule *rule, const struct gw_forwarder_ops *ops)
{
	char text[GW_RULE_TEXT];

	gw_rule_text(rule, text);
	f->ops = ops;
	f->set = set;
	f->rule = *rule;
	f->port = rule->port;
	f->id = ++set->ids;
	return (f->text = strdup(text)) != NULL ? GW_OK : GW_E_MEMORY;
}

void
gw_forwarder_fini(struct gw_forwarder *f)
{
	free(f->text);
}

bool
gw_forward_take_files(struct gw_forward *set, unsigned n)
{
	if (set->files + n > set->files_max)
		return false;
	set->files += n;
	return true;
}

void
gw_forward_give_files(struct gw_forward *set, unsigned n)
{
	GW_ASSERT(set->files >= n);
	set->files -= n;
}

uint64_t
gw_forward_number(struct gw_forward *set)
{
	return ++set->numbers;
}

void
gw_forwarder_drop(
    struct gw_forwarder *f, enum gw_drop d, uint64_t n, const char *text)
{
	f->counts.drops[d] += n;
	if (text != NULL)
		snprintf(f->last_error, sizeof f->last_error, "%s", text);
}

void
gw_forwarder_opened(struct gw_forwarder *f, const struct gw_forward_flow *flow)
{
	gw_forward_events_push(
	    &f->set->events, &(struct gw_forward_event){
				 .kind = GW_FORWARD_OPENED, .flow = *flow });
}

void
gw_forwarder_closed(struct gw_forwarder *f, const struct gw_forward_flow *flow,
    enum gw_forward_end end)
{
	gw_forward_events_push(&f->set->events,
	    &(struct gw_forward_event){
		.kind = GW_FORWARD_CLOSED, .flow = *flow, .end = end });
}

void
gw_forwarder_warn(struct gw_forwarder *f, const char *format, ...)
{
	char text[GW_FORWARD_EVENT_TEXT];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	snprintf(f->last_error, sizeof f->last_error, "%s", text);
	gw_forward_events_push(&f->set->events,
	    &(struct gw_forward_event){ .kind = GW_FORWARD_WARNING,
		.flow = { .rule = f->id },
		.text = text });
}

/* The machine's addresses as they were a moment ago. */
static const struct gw_netifs *
own_addresses(const struct gw_forward *seen)
{
	/* Only what is asked of the system is kept. */
	struct gw_forward *set = (struct gw_forward *)(uintptr_t)seen;
	const gw_usec now = gw_clock_now();
	struct gw_netifs fresh;

	if (set->own_until <= now && gw_netifs_list(&fresh) == GW_OK) {
		gw_netifs_fini(&set->own);
		set->own = fresh;
		set->own_until = now + FRESH;
	}
	return &set->own;
}

bool
gw_forward_is_elsewhere(const struct gw_forward *set, const struct gw_addr *a)
{
	const struct gw_netifs *own = own_addresses(set);

	return own->count > 0 && !gw_netifs_is_own(own, a);
}

bool
gw_forward_is_own(const struct gw_forward *set, enum gw_rule_protocol protocol,
    const struct gw_addr *first, uint16_t ports)
{
	uint32_t low = gw_addr_port(first), high = low + ports;

	if (!gw_netifs_is_own(own_addresses(set), first))
		return false;
	for (const struct gw_forwarder *f = set->first; f != NULL;
	     f = f->next) {
		uint32_t own = f->port, end = own + f->rule.ports;
		struct gw_addr a = *first;

		if (f->rule.protocol != protocol || end <= low || own >= high)
			continue;
		gw_addr_set_port(&a, (uint16_t)(own > low ? own : low));
		if (f->ops->listens(f, &a))
			return true;
	}
	return false;
}

int
gw_forward_inherit(
    const struct gw_forward *set, const char *address, uint16_t port)
{
	return gw_tcp_inherit(
	    set->inherited, set->inherited_count, address, port);
}

bool
gw_forward_reaches(const struct gw_addr *at, bool both, const struct gw_addr *a)
{
	return both || gw_addr_same_host(at, a) ||
	       (gw_addr_is_any(at) && at->ss.ss_family == a->ss.ss_family);
}

struct gw_ip
gw_forward_ip(const struct gw_addr *a)
{
	struct gw_ip ip = { { 0 } };

	gw_addr_mapped(a, ip.b);
	return ip;
}
