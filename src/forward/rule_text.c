#include <stdarg.h>
#include <string.h>

#include "base/assert.h"
#include "forward/rule_private.h"

/* ---- writing ---- */

void
gw_rule_put(struct gw_rule_writer *w, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(w->out + w->n, w->room - w->n, format, ap);
	va_end(ap);
	GW_ASSERT(n >= 0);
	GW_ASSERT((size_t)n < w->room - w->n);
	w->n += (size_t)n;
}

const char *
gw_rule_protocol_name(enum gw_rule_protocol p)
{
	return p == GW_RULE_UDP ? "udp" : "tcp";
}

void
gw_rule_end_text(const char *host, uint16_t port, char out[GW_RULE_HOST + 16])
{
	bool v6 = strchr(host, ':') != NULL;
	struct gw_rule_writer w = { .out = out, .room = GW_RULE_HOST + 16 };

	gw_rule_put(&w, v6 ? "[%s]" : "%s", host);
	if (port != 0)
		gw_rule_put(&w, ":%u", (unsigned)port);
}

void
gw_rule_put_host(struct gw_rule_writer *w, const char *host, const char *mark)
{
	const char *zone = strchr(host, '%');

	if (zone == NULL) {
		gw_rule_put(w, "%s", host);
		return;
	}
	/* A zone that itself begins with 25 would be read as %-encoded. */
	gw_rule_put(w, "%.*s%s%s%s", (int)(zone - host), host, mark,
	    strncmp(zone + 1, "25", 2) == 0 && zone[3] != '\0' ? "25" : "",
	    zone + 1);
}

static void
put_end(struct gw_rule_writer *w, const char *host, unsigned port, unsigned n)
{
	bool v6 = strchr(host, ':') != NULL;

	gw_rule_put(w, v6 ? "[" : "");
	gw_rule_put_host(w, host, "%");
	gw_rule_put(w, "%s:%u", v6 ? "]" : "", port);
	if (n > 1)
		gw_rule_put(w, "-%u", port + n - 1);
}

void
gw_rule_text(const struct gw_rule *r, char out[GW_RULE_TEXT])
{
	struct gw_rule_writer w = { .out = out, .room = GW_RULE_TEXT };

	gw_rule_put(&w, "%s://", gw_rule_protocol_name(r->protocol));
	put_end(&w, r->listen, r->port, r->ports);
	for (size_t i = 0; i < r->target_count; i++) {
		const struct gw_rule_target *t = &r->targets[i];

		gw_rule_put(&w, i == 0 ? "/" : ",");
		put_end(&w, t->host, t->port, t->ports);
	}
	gw_rule_params_put(&w, r);
}

/* ---- asking ---- */

static bool
is_in(const struct gw_rule_nets *nets, const struct gw_ip *ip)
{
	for (size_t i = 0; i < nets->count; i++)
		if (gw_ip_net_has(&nets->v[i], ip))
			return true;
	return false;
}

bool
gw_rule_allows(const struct gw_rule *r, const struct gw_ip *client)
{
	if (is_in(&r->deny, client))
		return false;
	return r->allow.count == 0 || is_in(&r->allow, client);
}

uint16_t
gw_rule_target_port(const struct gw_rule *r, size_t target, uint16_t came_at)
{
	const struct gw_rule_target *t = &r->targets[target];

	if (t->ports == 1 || came_at < r->port)
		return t->port;
	return (uint16_t)(t->port + (came_at - r->port));
}
