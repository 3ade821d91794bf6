#include "cli/dgram_groups.h"

enum gw_err
cli_dgram_join(struct cli_dgram *d, struct gw_dgram *socket, const char *text)
{
	struct gw_endpoint group;
	bool named = d->o->interfaces.count != 0;
	size_t joined = 0;

	if (gw_endpoint_parse(&group, text, 0) != GW_OK ||
	    !gw_endpoint_is_group(&group))
		return cli_usage_error(d->s.command,
		    "%s is no multicast group: those are 224.0.0.0 to "
		    "239.255.255.255, and ff00::/8",
		    text);
	for (size_t i = 0; i < d->interface_count; i++) {
		const struct gw_interface *n = &d->interfaces[i];

		if (!cli_dgram_for_group(d, n, &group))
			continue;
		if (gw_dgram_join(socket, &group, n->index) == GW_OK) {
			joined++;
			cli_dgram_detail(d, "Joined %s on %s.", text, n->name);
		} else if (named) {
			cli_dgram_warn(
			    d, "%s: %s", n->name, gw_last_error(d->gw));
		}
	}
	if (joined != 0)
		return GW_OK;
	cli_dgram_fail(d, GW_E_ADDRESS,
	    "the group can be joined on no interface: --interface names one");
	return GW_E_ADDRESS;
}

void
cli_dgram_join_everybody(struct cli_dgram *d, struct gw_dgram *socket)
{
	static const char *const groups[] = { "ff02::1", "224.0.0.1" };
	struct gw_endpoint group;

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < d->interface_count; i++) {
			const struct gw_interface *n = &d->interfaces[i];

			if (gw_endpoint_parse(&group, groups[k], 0) == GW_OK &&
			    cli_dgram_for_group(d, n, &group) &&
			    gw_dgram_join(socket, &group, n->index) != GW_OK)
				cli_dgram_detail(
				    d, "%s: %s", n->name, gw_last_error(d->gw));
		}
}
