/*
 * The normal form of a relay's rule.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "forward/relay_text.h"

struct text {
	char *out;
	size_t n;
};

static void __attribute__((format(printf, 2, 3)))
put(struct text *t, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	t->n +=
	    (size_t)vsnprintf(t->out + t->n, GW_RELAY_TEXT - t->n, format, ap);
	va_end(ap);
	/* Names, groups and networks at their longest leave room. */
	GW_ASSERT(t->n < GW_RELAY_TEXT);
}

static void
put_ip(struct text *t, const struct gw_endpoint *e)
{
	struct gw_ip ip;
	char text[GW_IP_TEXT];

	memcpy(ip.b, e->ip, sizeof ip.b);
	gw_ip_text(&ip, text);
	put(t, "%s", text);
}

static void
put_links(struct text *t, const struct gw_relay_ruleset *s, uint32_t set)
{
	const char *comma = "";

	for (size_t i = 0; i < s->name_count; i++)
		if ((set & 1u << i) != 0) {
			put(t, "%s%s", comma, s->names[i]);
			comma = ",";
		}
}

static void
put_groups(struct text *t, const struct gw_relay_rule *r)
{
	if (r->group_count == 0)
		return;
	put(t, "&group=");
	for (size_t i = 0; i < r->group_count; i++) {
		put(t, "%s", i > 0 ? "," : "");
		put_ip(t, &r->groups[i]);
	}
	if (r->broadcast)
		put(t, "&broadcast=yes");
}

static void
put_nets(struct text *t, const char *key, const struct gw_relay_nets *nets)
{
	char text[GW_IP_TEXT];

	if (nets->count == 0)
		return;
	put(t, "&%s=", key);
	for (size_t i = 0; i < nets->count; i++) {
		gw_ip_net_text(&nets->v[i], text);
		put(t, "%s%s", i > 0 ? "," : "", text);
	}
}

static void
put_source(struct text *t, const struct gw_relay_rule *r)
{
	put(t, "&source=");
	switch (r->source) {
	case GW_RELAY_KEEP:
		put(t, "keep");
		break;
	case GW_RELAY_INTERFACE:
		put(t, "interface");
		break;
	case GW_RELAY_KEEP_PORT:
		put(t, "interface:keep-port");
		break;
	case GW_RELAY_ADDRESS:
		put_ip(t, &r->address);
		break;
	}
}

void
gw_relay_rule_text(
    const struct gw_relay_ruleset *s, size_t rule, char out[GW_RELAY_TEXT])
{
	const struct gw_relay_rule *r = &s->rules[rule];
	struct text t = { .out = out };

	GW_ASSERT(rule < s->count);
	put(&t, "%u?between=", (unsigned)r->port);
	put_links(&t, s, r->between);
	if (r->from != r->between) {
		put(&t, "&from=");
		put_links(&t, s, r->from);
	}
	put_groups(&t, r);
	put_source(&t, r);
	put_nets(&t, "allow", &r->allow);
	put_nets(&t, "deny", &r->deny);
	if (r->rate != GW_RELAY_RATE)
		put(&t, "&rate=%u", (unsigned)r->rate);
	if (r->replies != GW_RELAY_REPLIES)
		put(&t, "&replies=%llu",
		    (unsigned long long)(r->replies / GW_SEC));
}
