#include "cli/dgram_targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
cli_dgram_targets_fini(struct cli_dgram_targets *t)
{
	free(t->v);
	*t = (struct cli_dgram_targets){ .count = 0 };
}

static void
add(struct cli_dgram_targets *t, const struct gw_endpoint *ip, uint16_t port,
    const struct gw_interface *n)
{
	struct cli_dgram_target *v;

	t->v = cli_resize(t->v, t->count + 1, sizeof *t->v);
	v = &t->v[t->count++];
	*v = (struct cli_dgram_target){ .to = *ip };
	v->to.port = port;
	if (n != NULL) {
		v->interface = n->index;
		v->name = n->name;
	}
}

static const struct cli_command *
command(const struct cli_dgram *d)
{
	return d->s.command;
}

/* ---- broadcast ---- */

static bool
is_in(const struct cli_dgram_targets *t, const struct gw_endpoint *ip,
    const struct gw_interface *n)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->v[i].interface == n->index &&
		    cli_dgram_same_ip(&t->v[i].to, ip))
			return true;
	return false;
}

/* Each broadcast address of an interface, once; `only` NULL: all. */
static void
add_broadcasts(struct cli_dgram_targets *t, const struct gw_interface *n,
    const struct gw_endpoint *only, uint16_t port)
{
	for (size_t i = 0; i < n->address_count; i++) {
		const struct gw_endpoint *b = &n->addresses[i].broadcast;

		if (cli_dgram_is_v4(b) && !is_in(t, b, n) &&
		    (only == NULL || cli_dgram_same_ip(b, only)))
			add(t, b, port, n);
	}
}

static const char *
why_no_broadcast(const struct gw_interface *n)
{
	if (!n->up)
		return "it is down";
	if (!n->broadcast)
		return "nothing can be sent to all on it at once";
	return "it has no IPv4 address with a broadcast address";
}

static enum gw_err
no_broadcast(struct cli_dgram *d, const char *host)
{
	char *why;

	if (host[0] != '\0')
		why = cli_format(
		    "%s is the broadcast address of no interface here that "
		    "may be used: `ip address` shows them",
		    host);
	else
		why = cli_copy("no interface here has a broadcast address");
	cli_dgram_fail(d, GW_E_CONNECT, why);
	free(why);
	return GW_E_CONNECT;
}

/* What is wrong with the address after --broadcast; NULL: nothing. */
static const char *
not_for_broadcast(const char *host, struct gw_endpoint *e)
{
	enum gw_err err = gw_endpoint_parse(e, host, 0);

	if (err != GW_OK)
		return "is no address: with --broadcast give :PORT for all "
		       "interfaces, or a broadcast address";
	if (gw_endpoint_is_group(e))
		return "is a multicast group: leave out --broadcast";
	if (!cli_dgram_is_v4(e))
		return "is IPv6, which has no broadcast: send to a group, "
		       "such as [ff02::1]";
	return NULL;
}

static bool
is_everybody(const struct gw_endpoint *e)
{
	struct gw_endpoint everybody;

	return gw_endpoint_parse(&everybody, "255.255.255.255", 0) == GW_OK &&
	       cli_dgram_same_ip(e, &everybody);
}

static void
find_on(struct cli_dgram *d, const struct gw_interface *n,
    const struct gw_endpoint *only, uint16_t port, struct cli_dgram_targets *t)
{
	bool named = d->o->interfaces.count != 0;
	size_t before = t->count;

	if (!cli_dgram_chosen(d, n) || (!named && n->loopback))
		return;
	if (n->up && n->broadcast)
		add_broadcasts(t, n, only, port);
	if (named && t->count == before && only == NULL)
		cli_dgram_warn(d, "%s: %s", n->name, why_no_broadcast(n));
}

static enum gw_err
find_broadcast(struct cli_dgram *d, const struct cli_address *at,
    struct cli_dgram_targets *t)
{
	struct gw_endpoint e;
	const struct gw_endpoint *only = NULL;
	const char *wrong;

	if (at->host[0] != '\0') {
		wrong = not_for_broadcast(at->host, &e);
		if (wrong != NULL)
			return cli_usage_error(
			    command(d), "%s %s", at->host, wrong);
		if (!is_everybody(&e))
			only = &e;
	}
	for (size_t i = 0; i < d->interface_count; i++)
		find_on(d, &d->interfaces[i], only, at->port, t);
	return t->count != 0 ? GW_OK
			     : no_broadcast(d, only != NULL ? at->host : "");
}

/* ---- groups and hosts ---- */

static enum gw_err
find_group(struct cli_dgram *d, const struct gw_endpoint *group,
    struct cli_dgram_targets *t)
{
	for (size_t i = 0; i < d->interface_count; i++)
		if (cli_dgram_for_group(d, &d->interfaces[i], group))
			add(t, group, group->port, &d->interfaces[i]);
	if (t->count != 0)
		return GW_OK;
	cli_dgram_fail(d, GW_E_CONNECT,
	    "no interface here is up and can send to a group: --interface "
	    "names one");
	return GW_E_CONNECT;
}

/* Is it one that the kernel refuses? Then it is better said before. */
static enum gw_err
refuse_broadcast(
    struct cli_dgram *d, const struct cli_address *at, struct gw_endpoint *e)
{
	const struct gw_interface *n = cli_dgram_broadcast_of(d, e);

	if (n != NULL)
		return cli_usage_error(command(d),
		    "%s is the broadcast address of %s: every host there would "
		    "get it. If that is meant, add --broadcast (without it "
		    "the kernel says EACCES, Permission denied)",
		    at->host, n->name);
	if (is_everybody(e))
		return cli_usage_error(command(d),
		    "%s is every host on a network: if that is meant, add "
		    "--broadcast (without it the kernel says EACCES, "
		    "Permission denied)",
		    at->host);
	return GW_OK;
}

static void
set_host(struct cli_dgram *d, struct cli_dgram_targets *t,
    const struct gw_endpoint *found, size_t count)
{
	const struct gw_interface *through = NULL;

	for (size_t i = 0; i < d->interface_count; i++)
		if (d->o->interfaces.count != 0 &&
		    cli_dgram_chosen(d, &d->interfaces[i]))
			through = &d->interfaces[i];
	for (size_t i = 0; i < count; i++)
		add(t, &found[i], found[i].port, through);
}

enum gw_err
cli_dgram_targets_find(struct cli_dgram *d, const struct cli_address *at,
    bool broadcast, struct cli_dgram_targets *out)
{
	struct gw_endpoint e;
	enum gw_err err;

	*out = (struct cli_dgram_targets){ .kind = CLI_DGRAM_BROADCAST };
	if (broadcast)
		return find_broadcast(d, at, out);
	err = gw_endpoint_parse(&e, at->host, at->port);
	out->kind = err == GW_OK && gw_endpoint_is_group(&e) ? CLI_DGRAM_GROUP
							     : CLI_DGRAM_HOST;
	if (out->kind == CLI_DGRAM_GROUP)
		return find_group(d, &e, out);
	if (d->o->interfaces.count > 1)
		return cli_usage_error(
		    command(d), "one host is reached through one --interface");
	/* Names are looked up, and what is wrong with an address such as
	 * fe80::1 is said in the same way. */
	if (err != GW_OK)
		return GW_OK;
	if ((err = refuse_broadcast(d, at, &e)) == GW_OK)
		set_host(d, out, &e, 1);
	return err;
}

bool
cli_dgram_targets_look_up(struct cli_dgram *d, struct gw_dgram *socket,
    const struct cli_address *at, struct cli_dgram_targets *t, int *status)
{
	struct gw_dgram_event e = { .kind = GW_DGRAM_ARRIVED };
	enum gw_err err = gw_dgram_lookup(socket, at->host, at->port);

	if (err != GW_OK) {
		*status = cli_dgram_fail(d, err, gw_last_error(d->gw));
		return false;
	}
	while (!gw_dgram_next(socket, &e) || e.kind != GW_DGRAM_FOUND) {
		cli_dgram_wait(d, NULL, 0, -1);
		if (cli_dgram_over(d, false, status))
			return false;
	}
	if (e.found.err != GW_OK) {
		*status = cli_dgram_fail(d, e.found.err, e.found.reason);
		return false;
	}
	set_host(d, t, e.found.endpoints, e.found.count);
	return true;
}
