/*
 * Any text as a rule: it is refused with a reason, or its normal form is one,
 * and stays as it is when it is made normal again; and as a question which
 * rule would match.
 */
#include <string.h>

#include "base/assert.h"
#include "forward/match.h"
#include "forward/proxy.h"
#include "fuzz.h"

static void
normal_form(const struct gw_rule *r)
{
	static char text[GW_RULE_TEXT], again[GW_RULE_TEXT];
	char why[GW_RULE_WHY];
	struct gw_rule other;

	GW_ASSERT(r->target_count > 0 && r->target_count <= GW_RULE_TARGETS);
	GW_ASSERT(r->ports > 0);
	gw_rule_text(r, text);
	GW_ASSERT(gw_rule_parse(text, NULL, &other, why));
	gw_rule_text(&other, again);
	GW_ASSERT(strcmp(text, again) == 0);
	for (size_t i = 0; i < r->target_count; i++) {
		GW_ASSERT(gw_rule_target_port(r, i, r->port) != 0);
		GW_ASSERT(gw_rule_target_port(
			      r, i, (uint16_t)(r->port + r->ports - 1)) != 0);
	}
}

static void
question(const char *text, const struct gw_rule *r)
{
	struct gw_match_question q;
	char why[GW_RULE_WHY] = "";
	uint8_t header[GW_PROXY_V2_MAX];

	if (!gw_match_parse(text, &q, why)) {
		GW_ASSERT(why[0] != '\0');
		return;
	}
	GW_ASSERT(gw_match_find(r, 1, &q) <= 1);
	(void)gw_rule_allows(r, &q.client);
	GW_ASSERT(gw_proxy_v2(&(struct gw_proxy_ends){ .source = q.client,
				  .destination = q.local },
		      header) >= 28);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char text[GW_RULE_TEXT + 16], *to;
	char why[GW_RULE_WHY] = "";
	struct gw_rule r = { .ports = 1 };

	if (n >= sizeof text)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	/* What --to says comes on a second line. */
	if ((to = strchr(text, '\n')) != NULL)
		*to++ = '\0';
	if (gw_rule_parse(text, to, &r, why))
		normal_form(&r);
	else
		GW_ASSERT(why[0] != '\0');
	question(text, &r);
	if (to != NULL)
		question(to, &r);
	return 0;
}
