/*
 * What a discovery_port tells: devices, troubles, what has been tried.
 */
#include <stdio.h>
#include <string.h>

#include "run/discovery_port_private.h"

void
gw_discovery_port_address(
    const struct gw_spot *s, uint16_t port, struct gw_addr *out)
{
	gw_addr_from_mapped(out, s->ip, 0, port);
	/* Others mean the same on every interface. */
	if (out->ss.ss_family == AF_INET6 && gw_addr_is_link_local(out))
		gw_addr_from_mapped(out, s->ip, s->interface, port);
}

/* ---- troubles ---- */

void
gw_discovery_port_no_shared(struct gw_discovery_port *p, const char *why)
{
	snprintf(p->trouble, sizeof p->trouble,
	    "%s: beacons of others are not heard, and they do not find this "
	    "device",
	    why);
}

void
gw_discovery_port_note_trouble(struct gw_discovery_port *p)
{
	const struct gw_discovery_link *l;
	const struct gw_way *w;

	if (p->trouble[0] == '\0' &&
	    gw_discovery_links_trouble(&p->links, &l, &w))
		snprintf(p->trouble, sizeof p->trouble,
		    "on %s nobody is asked: %s", l->name, w->why.text);
}

/* ---- findings ---- */

static void
take_spot(const struct gw_discovery_port *p, const struct gw_spot *s,
    uint16_t port, struct gw_finding_address *out)
{
	const struct gw_netifs *l = gw_link_watch_list(p->watch);

	gw_discovery_port_address(s, port, &out->addr);
	for (size_t i = 0; i < l->count; i++)
		if (l->v[i].index == s->interface) {
			memcpy(out->interface, l->v[i].name,
			    sizeof out->interface);
			out->here = l->v[i].loopback;
		}
}

static void
take_entry(const struct gw_discovery_port *p, const struct gw_roster_entry *e,
    struct gw_finding *out)
{
	memcpy(out->name, e->name, sizeof out->name);
	memcpy(out->run, e->run, sizeof out->run);
	out->receives = e->receives;
	out->sends = e->sends;
	out->number = e->number;
	out->seen = e->seen;
	out->count = e->spot_count;
	for (size_t i = 0; i < e->spot_count; i++)
		take_spot(p, &e->spots[i], e->port, &out->addresses[i]);
	if (e->known >= 0 && (size_t)e->known < p->known.count) {
		const struct gw_known_device *k = &p->known.v[e->known];

		out->known = true;
		memcpy(out->known_name, k->name, sizeof out->known_name);
		memcpy(out->known_key, k->key, sizeof out->known_key);
	}
}

bool
gw_discovery_port_next(struct gw_discovery_port *p, struct gw_finding *out)
{
	struct gw_discovery_event e;

	memset(out, 0, sizeof *out);
	if (p->trouble[0] != '\0') {
		out->kind = GW_FINDING_TROUBLE;
		memcpy(out->trouble, p->trouble, sizeof out->trouble);
		p->trouble[0] = '\0';
		gw_discovery_port_note_trouble(p);
		return true;
	}
	if (!gw_discovery_event(p->d, &e))
		return false;
	out->kind = e.entry != NULL ? GW_FINDING_DEVICE : GW_FINDING_GONE;
	out->id = e.id;
	if (e.entry != NULL)
		take_entry(p, e.entry, out);
	return true;
}

bool
gw_discovery_port_seen(
    const struct gw_discovery_port *p, uint64_t id, gw_usec *seen)
{
	return gw_discovery_seen(p->d, id, seen);
}

/* ---- what has been tried ---- */

bool
gw_discovery_port_tried(
    const struct gw_discovery_port *p, size_t i, struct gw_tried *out)
{
	const struct gw_discovery_link *l;
	size_t n = 0;

	if (i >= p->links.count)
		return false;
	l = &p->links.v[i];
	*out = (struct gw_tried){ .interface = l->name };
	for (size_t k = 0; k < l->count; k++) {
		const struct gw_way *w = &l->ways[k];
		char host[GW_ADDR_TEXT];

		gw_addr_host(&w->to, host);
		host[strcspn(host, "%")] = '\0';
		if (n < sizeof out->to)
			n += (size_t)snprintf(out->to + n, sizeof out->to - n,
			    "%s%s", n > 0 ? ", " : "", host);
		if (w->failures > 0)
			out->error = w->why.text;
	}
	return true;
}

uint64_t
gw_discovery_port_dropped(
    const struct gw_discovery_port *p, enum gw_discovery_drop why)
{
	return gw_discovery_dropped(p->d, why);
}
