/*
 * What a device asks for, and whether it may have it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "forward/match.h"
#include "run/serve_private.h"

void
gw_serve_tell(struct gw_serve *s, const char *format, ...)
{
	char text[GW_FORWARD_EVENT_TEXT];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	gw_forward_events_push(
	    &s->set->events, &(struct gw_forward_event){
				 .kind = GW_FORWARD_PEER, .text = text });
}

/* ---- answers ---- */

static void
refuse(struct gw_serve_one *p, uint16_t number, const char *why)
{
	gw_tunnel_say(p->tunnel, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_REFUSE,
		.rule = number,
		.text = gw_slice_str(why) });
	gw_serve_tell(p->s, "%s was refused: %s", p->device, why);
}

static void
accept_rule(struct gw_serve_one *p, struct gw_via_rule *r)
{
	r->accepted = true;
	gw_tunnel_say(p->tunnel, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_ACCEPT,
		.rule = r->number,
		.port = r->base.port,
		.idle_ms = (uint32_t)(r->idle / GW_MSEC),
		.unreplied_ms = (uint32_t)(r->unreplied / GW_MSEC) });
}

/* ---- may it? ---- */

bool
gw_serve_allows(const struct gw_serve_one *p, const struct gw_rule *rule,
    bool reverse, char why[GW_RULE_WHY])
{
	char text[GW_RULE_HOST + 16];
	const char *protocol = gw_rule_protocol_name(rule->protocol);

	if (reverse) {
		if (gw_rights_listen(p->rights, p->right_count, rule))
			return true;
		gw_rule_end_text(rule->listen, rule->port, text);
		snprintf(why, GW_RULE_WHY,
		    "%s may not listen at %.120s here (--allow-forward "
		    "listen:%s:...)",
		    p->device, text, protocol);
		return false;
	}
	for (size_t i = 0; i < rule->target_count; i++) {
		const struct gw_rule_target *t = &rule->targets[i];

		if (gw_rights_might(
			p->rights, p->right_count, rule->protocol, t))
			continue;
		gw_rule_end_text(t->host, t->port, text);
		snprintf(why, GW_RULE_WHY,
		    "%s may not forward %s to %.120s (--allow-forward %s:...)",
		    p->device, protocol, text, protocol);
		return false;
	}
	return true;
}

/* The same device listens there in a session that is stale, because it was
 * killed: its new one has the port.  The other one is told, in case it is not
 * stale. */
static void
take_port_back(struct gw_serve_one *p, const struct gw_rule *rule)
{
	struct gw_serve_one *o;
	struct gw_via_rule *r, *next;
	uint16_t port, number;

	for (o = p->s->first; o != NULL; o = o->next) {
		if (o == p || memcmp(o->key, p->key, sizeof o->key) != 0)
			continue;
		for (r = o->tunnel->rules; r != NULL; r = next) {
			next = r->next;
			if (!r->listens ||
			    !gw_match_clash(&r->base.rule, rule, &port))
				continue;
			number = r->number;
			gw_forward_remove(
			    p->s->set, &r->base, GW_FORWARD_RULE_GONE);
			refuse(o, number,
			    "this device has that port in a newer session");
		}
	}
}

/* Who has the port that this rule wants; of others no more than that. */
static void
tell_clash(const struct gw_serve_one *p, const struct gw_rule *rule,
    struct gw_why *why)
{
	uint16_t port;

	for (const struct gw_serve_one *o = p->s->first; o != NULL; o = o->next)
		for (const struct gw_via_rule *r = o->tunnel->rules; r != NULL;
		     r = r->next)
			if (r->listens &&
			    gw_match_clash(&r->base.rule, rule, &port))
				(void)gw_why(why, GW_E_ADDRESS,
				    "port %u: %s%.150s", (unsigned)port,
				    o == p ? "another rule has it already: "
					   : "another device has it already",
				    o == p ? r->base.text : "");
}

/* ---- messages ---- */

static void
open_rule(
    struct gw_serve_one *p, const struct gw_tunnel_message *m, const char *text)
{
	const struct gw_via_role role = { .tunnel = p->tunnel,
		.number = m->rule,
		.listens = m->reverse,
		.rights = { p->rights, p->right_count },
		.device = p->device };
	char wrong[GW_RULE_WHY];
	struct gw_why why = { "" };
	struct gw_via_rule *r;
	struct gw_rule rule;
	enum gw_err err;

	if (!gw_rule_parse(text, NULL, &rule, wrong) ||
	    !gw_via_takes(&rule, wrong) ||
	    !gw_serve_allows(p, &rule, m->reverse, wrong)) {
		refuse(p, m->rule, wrong);
		return;
	}
	if (gw_tunnel_rules(p->tunnel) >= GW_TUNNEL_RULES) {
		refuse(p, m->rule, "it has as many rules as it may");
		return;
	}
	if (m->reverse)
		take_port_back(p, &rule);
	err = gw_via_rule_open(p->s->set, &rule, &role, &why, &r);
	if (err == GW_E_ADDRESS && m->reverse)
		tell_clash(p, &rule, &why);
	if (err != GW_OK) {
		refuse(p, m->rule,
		    why.text[0] != '\0' ? why.text : gw_err_text(err));
		return;
	}
	gw_forward_append(p->s->set, &r->base);
	accept_rule(p, r);
	gw_serve_tell(p->s, "%s forwards %s%s", p->device,
	    m->reverse ? "from here: " : "", r->base.text);
}

static void
on_open(struct gw_serve_one *p, const struct gw_tunnel_message *m)
{
	struct gw_via_rule *r = gw_tunnel_rule(p->tunnel, m->rule);
	char text[GW_RULE_TEXT];

	if (m->text.n >= sizeof text ||
	    memchr(m->text.p, '\0', m->text.n) != NULL) {
		refuse(p, m->rule, "that is no rule");
		return;
	}
	memcpy(text, m->text.p, m->text.n);
	text[m->text.n] = '\0';
	if (r != NULL && r->listens == m->reverse &&
	    strcmp(r->base.text, text) == 0) {
		accept_rule(p, r); /* it has come again */
		return;
	}
	if (r != NULL)
		gw_forward_remove(p->s->set, &r->base, GW_FORWARD_RULE_GONE);
	open_rule(p, m, text);
}

bool
gw_serve_on_control(void *arg, const struct gw_tunnel_message *m)
{
	struct gw_serve_one *p = arg;
	struct gw_via_rule *r;

	if (p->greeted == (m->kind == GW_TUNNEL_HELLO))
		return false;
	switch (m->kind) {
	case GW_TUNNEL_HELLO:
		memcpy(p->id, m->id, sizeof p->id);
		p->greeted = true;
		gw_serve_adopt(p);
		return true;
	case GW_TUNNEL_OPEN:
		on_open(p, m);
		return true;
	case GW_TUNNEL_CLOSE:
		r = gw_tunnel_rule(p->tunnel, m->rule);
		if (r != NULL)
			gw_forward_remove(
			    p->s->set, &r->base, GW_FORWARD_RULE_GONE);
		return true;
	default:
		return false;
	}
}
