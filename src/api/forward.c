/*
 * Rules of godwit.h as text: their normal form, and what they say of a
 * packet.  Rules at work: run/forward.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "forward/match.h"
#include "godwit.h"

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

/* HOST:PORT[, ...] for what came at a port. */
static void
goes_to(const struct gw_rule *r, uint16_t came_at, char out[GW_RULE_TEXT_MAX])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < r->target_count; i++) {
		char end[GW_RULE_HOST + 16];

		gw_rule_end_text(r->targets[i].host,
		    gw_rule_target_port(r, i, came_at), end);
		n += (size_t)snprintf(out + n, GW_RULE_TEXT_MAX - n, "%s%s",
		    i > 0 ? ", " : "", end);
		GW_ASSERT(n < GW_RULE_TEXT_MAX);
	}
}

static void
explain(const struct gw_rule *rules, size_t count,
    const struct gw_match_question *q, struct gw_forward_explained *out)
{
	memset(out, 0, sizeof *out);
	out->rule = gw_match_find(rules, count, q);
	out->matched = out->rule < count;
	if (!out->matched)
		return;
	out->allowed = gw_rule_allows(&rules[out->rule], &q->client);
	gw_rule_text(&rules[out->rule], out->rule_text);
	goes_to(&rules[out->rule], q->port, out->goes_to);
}

enum gw_err
gw_forward_explain(const struct gw_forward_options *o, const char *question,
    struct gw_forward_explained *out, char why[GW_RULE_WHY_MAX])
{
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
	if (err == GW_OK)
		explain(rules, o->rule_count, &q, out);
	if (err == GW_OK)
		out->via = o->via;
	free(rules);
	return err;
}
