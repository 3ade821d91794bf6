/*
 * What a program pulls out of its gw_dgram, one by one.
 */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "os/clock.h"
#include "run/dgram.h"
#include "run/endpoint.h"

/* How long names and addresses of interfaces are taken to be what they were:
 * asking the kernel for each datagram would cost more than the datagram. */
enum { FRESH = 1000000 /* us */ };

/* ---- what arrived ---- */

static const char *
interface_name(struct gw_dgram *d, unsigned index)
{
	gw_usec now = gw_clock_now();
	struct gw_dgram_name *n;

	for (size_t i = 0; i < GW_DGRAM_NAMES; i++)
		if (d->names[i].index == index && d->names[i].until > now)
			return d->names[i].name;
	n = &d->names[d->names_next++ % GW_DGRAM_NAMES];
	*n = (struct gw_dgram_name){ .index = index, .until = now + FRESH };
	if (index == 0 || if_indextoname(index, n->name) == NULL)
		n->name[0] = '\0';
	return n->name;
}

/* The machine's addresses as they were a moment ago. */
static const struct gw_netifs *
own_addresses(struct gw_dgram *d)
{
	gw_usec now = gw_clock_now();
	struct gw_netifs fresh;

	if (d->own_until <= now && gw_netifs_list(&fresh) == GW_OK) {
		gw_netifs_fini(&d->own);
		d->own = fresh;
		d->own_until = now + FRESH;
	}
	return &d->own;
}

/* Has this socket sent it? */
static bool
is_from_self(struct gw_dgram *d, const struct gw_udp_datagram *u)
{
	const struct gw_netifs *own;
	struct gw_addr self;

	if (gw_addr_port(&u->peer) != d->udp.port)
		return false;
	gw_udp_address(&d->udp, &self);
	if (!gw_addr_is_any(&self) && !gw_addr_is_group(&self) &&
	    gw_addr_same_host(&self, &u->peer))
		return true;
	own = own_addresses(d);
	/* Bound to one address, it would speak from there; but it may be
	 * bound to one that nothing can be sent from. */
	if (!gw_addr_is_any(&self) && gw_netifs_with(own, &self) != NULL)
		return false;
	return gw_netifs_with(own, &u->peer) != NULL;
}

/* Where two interfaces are in one subnet, the kernel would speak for either
 * of them; who is asked by broadcast answers for the one that heard it. */
static struct gw_endpoint
answers_from(struct gw_dgram *d, const struct gw_udp_datagram *u)
{
	struct gw_addr own = u->own;

	if (u->cast != GW_CAST_HOST && u->own.len != 0)
		gw_netifs_source(
		    own_addresses(d), u->interface, &u->peer, &own);
	return gw_endpoint_of(&own);
}

static bool
is_wanted(const struct gw_dgram *d, const struct gw_udp_datagram *u)
{
	uint8_t group[16], to[16];

	if (d->group.len == 0)
		return true;
	if (u->local.len == 0)
		return false;
	gw_addr_mapped(&d->group, group);
	gw_addr_mapped(&u->local, to);
	return memcmp(group, to, sizeof group) == 0;
}

static void
tell_arrived(struct gw_dgram *d, const struct gw_udp_datagram *u,
    struct gw_dgram_event *out)
{
	struct gw_arrival *a = &out->arrived;

	*out = (struct gw_dgram_event){ .kind = GW_DGRAM_ARRIVED };
	a->datagram = (struct gw_datagram){ .data = u->data,
		.size = u->len,
		.peer = gw_endpoint_of(&u->peer),
		.local = gw_endpoint_of(&u->local),
		.interface = u->interface };
	a->own = answers_from(d, u);
	snprintf(a->interface_name, sizeof a->interface_name, "%s",
	    interface_name(d, u->interface));
	a->cast = u->cast;
	a->from_self = is_from_self(d, u);
	a->wall_usec = u->wall_usec;
	a->usec = u->at;
}

static bool
tell_lost(struct gw_dgram *d, struct gw_dgram_event *out)
{
	if (d->lost == d->lost_told)
		return false;
	*out = (struct gw_dgram_event){ .kind = GW_DGRAM_LOST,
		.lost = { .count = d->lost - d->lost_told } };
	d->lost_told = d->lost;
	return true;
}

static bool
next_arrival(struct gw_dgram *d, struct gw_dgram_event *out)
{
	while (d->count != 0) {
		struct gw_udp_datagram *u = &d->v[d->first];

		/* What the kernel dropped came before this one. */
		d->lost += u->lost_before;
		u->lost_before = 0;
		if (tell_lost(d, out))
			return true;
		d->first++;
		d->count--;
		if (u->len > u->room)
			d->lost++; /* only a jumbogram can be so long */
		else if (is_wanted(d, u)) {
			tell_arrived(d, u, out);
			return true;
		}
	}
	return tell_lost(d, out);
}

/* ---- what did not arrive ---- */

static const char *const words[] = {
	[GW_UNREACHABLE_PORT] = "nobody listens there: port unreachable",
	[GW_UNREACHABLE_HOST] =
	    "no such host, or it does not answer: host unreachable",
	[GW_UNREACHABLE_NET] = "no way to its network: network unreachable",
	[GW_UNREACHABLE_FORBIDDEN] =
	    "a router or firewall forbids it: administratively prohibited",
	[GW_UNREACHABLE_SIZE] = "too big for a link on the way",
	[GW_UNREACHABLE_HOPS] =
	    "too many routers on the way: time to live exceeded",
	[GW_UNREACHABLE_OTHER] = "it cannot be delivered",
};

static bool
next_error(struct gw_dgram *d, struct gw_dgram_event *out)
{
	struct gw_udp_error e;
	char to[GW_ADDR_TEXT] = "somebody", from[GW_ADDR_TEXT], mtu[40] = "";
	bool by_other;

	if (!d->errors)
		return false;
	if (gw_udp_next_error(&d->udp, &e) != GW_OK) {
		d->errors = false;
		gw_dgram_watch(d);
		gw_loop_poke(&d->g->loop);
		return false;
	}
	if (e.to.len != 0)
		gw_addr_text(&e.to, to);
	by_other = e.from.len != 0 && e.to.len != 0 &&
		   !gw_addr_same_host(&e.from, &e.to);
	if (by_other)
		gw_addr_host(&e.from, from);
	if (e.mtu != 0)
		snprintf(mtu, sizeof mtu, ", which takes %u bytes", e.mtu);
	snprintf(d->reason, sizeof d->reason, "%s: %s%s%s%s%s", to,
	    words[e.what], mtu, by_other ? " (says " : "", by_other ? from : "",
	    by_other ? ")" : "");
	*out = (struct gw_dgram_event){ .kind = GW_DGRAM_UNREACHABLE,
		.unreachable = { .to = gw_endpoint_of(&e.to),
		    .from = gw_endpoint_of(&e.from),
		    .what = e.what,
		    .reason = d->reason } };
	return true;
}

/* ---- the rest ---- */

static void
tell_found(struct gw_dgram *d, struct gw_dgram_event *out)
{
	const struct gw_helper_answer *a = &d->found;

	d->found_ready = false;
	*out = (struct gw_dgram_event){ .kind = GW_DGRAM_FOUND,
		.found = { .err = a->err,
		    .reason = a->why.text,
		    .endpoints = d->endpoints } };
	if (a->err != GW_OK)
		return;
	for (size_t i = 0; i < a->found.count; i++)
		d->endpoints[i] = gw_endpoint_of(&a->found.v[i]);
	out->found.count = a->found.count;
}

bool
gw_dgram_next(struct gw_dgram *d, struct gw_dgram_event *out)
{
	if (d->found_ready) {
		tell_found(d, out);
		return true;
	}
	if (next_error(d, out) || next_arrival(d, out))
		return true;
	if (d->refill) {
		d->refill = false;
		gw_dgram_watch(d);
		gw_loop_poke(&d->g->loop);
	}
	if (d->writable) {
		d->writable = false;
		*out = (struct gw_dgram_event){ .kind = GW_DGRAM_WRITABLE };
		return true;
	}
	return false;
}
