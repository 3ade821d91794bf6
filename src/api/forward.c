/*
 * Rules of godwit.h as text: their normal form, and what they say of a
 * packet.  Rules at work: run/forward.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "forward/match.h"
#include "godwit.h"
#include "os/interfaces.h"

static_assert((int)GW_RULE_TEXT_MAX == (int)GW_RULE_TEXT, "public as inside");
static_assert((int)GW_RULE_WHY_MAX == (int)GW_RULE_WHY, "public as inside");

enum gw_err
gw_rule_normal(const char *rule, const char *to, char out[GW_RULE_TEXT_MAX],
    char why[GW_RULE_WHY_MAX])
{
	struct gw_rule r;

	if (!gw_rule_parse(rule, to, &r, why))
		return GW_E_USAGE;
	gw_rule_text(&r, out);
	return GW_OK;
}

static void
add_end(char out[GW_RULE_TEXT_MAX], const struct gw_rule *r, size_t target,
    uint16_t came_at)
{
	const size_t n = strlen(out);
	char end[GW_RULE_HOST + 16];
	int more;

	gw_rule_end_text(r->targets[target].host,
	    gw_rule_target_port(r, target, came_at), end);
	more = snprintf(
	    out + n, GW_RULE_TEXT_MAX - n, "%s%s", n > 0 ? ", " : "", end);
	GW_ASSERT(more >= 0);
	GW_ASSERT(n + (size_t)more < GW_RULE_TEXT_MAX);
}

struct explaining {
	const struct gw_rule *rules;
	size_t count;
	struct gw_netifs own; /* of this machine */
	bool far;             /* targets are reached from another machine */
};

/* The rule that listens where a target is, as far as one knows without asking
 * for names (F28); count: none. */
static size_t
loop_of(const struct explaining *x, const struct gw_rule *r, size_t target)
{
	const struct gw_rule_target *t = &r->targets[target];
	const struct gw_match_ports ports = { t->port, t->ports };
	const bool local = strcasecmp(t->host, "localhost") == 0;
	struct gw_addr a;
	struct gw_ip ip;

	if (x->far ||
	    gw_addr_parse(&a, local ? "127.0.0.1" : t->host, t->port, NULL) !=
		GW_OK ||
	    !gw_netifs_is_own(&x->own, &a))
		return x->count;
	gw_addr_mapped(&a, ip.b);
	return gw_match_listener(x->rules, x->count, r->protocol, &ip, &ports);
}

static void
explain(const struct explaining *x, const struct gw_match_question *q,
    struct gw_forward_explained *out)
{
	const struct gw_rule *r;

	memset(out, 0, sizeof *out);
	out->rule = gw_match_find(x->rules, x->count, q);
	out->matched = out->rule < x->count;
	if (!out->matched)
		return;
	r = &x->rules[out->rule];
	out->allowed = gw_rule_allows(r, &q->client);
	gw_rule_text(r, out->rule_text);
	for (size_t i = 0; i < r->target_count; i++) {
		const size_t loop = loop_of(x, r, i);

		if (loop < x->count && out->loops[0] == '\0')
			out->loop_rule = loop;
		add_end(
		    loop < x->count ? out->loops : out->goes_to, r, i, q->port);
	}
}

enum gw_err
gw_forward_explain(const struct gw_forward_options *o, const char *question,
    struct gw_forward_explained *out, char why[GW_RULE_WHY_MAX])
{
	struct explaining x = { .count = o->rule_count, .far = o->via != NULL };
	struct gw_match_question q;
	struct gw_rule *rules;
	enum gw_err err = GW_OK;

	if (!gw_match_parse(question, &q, why))
		return GW_E_USAGE;
	if ((rules = calloc(o->rule_count + 1, sizeof *rules)) == NULL)
		return GW_E_MEMORY;
	for (size_t i = 0; i < o->rule_count && err == GW_OK; i++)
		if (!gw_rule_parse(o->rules[i], o->to, &rules[i], why))
			err = GW_E_USAGE;
	if (err == GW_OK) {
		x.rules = rules;
		/* Without a list loopback is known still. */
		(void)!gw_netifs_list(&x.own);
		explain(&x, &q, out);
		out->via = o->via;
		gw_netifs_fini(&x.own);
	}
	free(rules);
	return err;
}
