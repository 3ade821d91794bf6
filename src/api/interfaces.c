/*
 * The list of interfaces of godwit.h.
 */
#include "os/interfaces.h"

#include <stdlib.h>

#include "run/context.h"
#include "run/endpoint.h"

struct gw_interfaces {
	struct gw_netifs l;
	struct gw_interface_address *addresses; /* of all, in order */
	size_t next, next_address;
};

enum gw_err
gw_interfaces_open(struct gw *g, struct gw_interfaces **out)
{
	struct gw_interfaces *all;
	size_t n = 1;
	enum gw_err err;

	g->last_error[0] = '\0';
	if ((all = calloc(1, sizeof *all)) == NULL)
		return gw_context_error(
		    g, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
	if ((err = gw_netifs_list(&all->l)) != GW_OK) {
		free(all);
		return gw_context_error(
		    g, err, "the interfaces of this machine cannot be listed");
	}
	for (size_t i = 0; i < all->l.count; i++)
		n += all->l.v[i].addr_count;
	if ((all->addresses = calloc(n, sizeof *all->addresses)) == NULL) {
		gw_interfaces_free(all);
		return gw_context_error(
		    g, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
	}
	*out = all;
	return GW_OK;
}

bool
gw_interfaces_next(struct gw_interfaces *all, struct gw_interface *out)
{
	const struct gw_netif *n;
	struct gw_interface_address *a;

	if (all->next == all->l.count)
		return false;
	n = &all->l.v[all->next++];
	a = &all->addresses[all->next_address];
	all->next_address += n->addr_count;
	for (size_t i = 0; i < n->addr_count; i++)
		a[i] = (struct gw_interface_address){ .address = gw_endpoint_of(
							  &n->addrs[i].addr),
			.prefix = n->addrs[i].prefix,
			.broadcast = gw_endpoint_of(&n->addrs[i].broadcast) };
	*out = (struct gw_interface){ .name = n->name,
		.index = n->index,
		.up = n->up,
		.loopback = n->loopback,
		.broadcast = n->broadcast,
		.multicast = n->multicast,
		.point_to_point = n->point_to_point,
		.addresses = a,
		.address_count = n->addr_count };
	return true;
}

void
gw_interfaces_free(struct gw_interfaces *all)
{
	if (all == NULL)
		return;
	gw_netifs_fini(&all->l);
	free(all->addresses);
	free(all);
}
