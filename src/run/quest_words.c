#include "run/quest_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WHERE_MAX = 400, WHO_MAX = 300 };

const char *
gw_quest_whom(const struct gw_quest_options *o, char out[96])
{
	if (o->ask == GW_ASK_NUMBER)
		snprintf(out, 96, "number %u", (unsigned)o->number);
	else
		snprintf(out, 96, "%s", o->name);
	return out;
}

/* "eth0 (192.0.2.255, ff12::e764:7774), lo (not: no route)" */
static void
where_asked(const struct gw_discovery_port *port, char out[WHERE_MAX])
{
	struct gw_tried t;
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; port != NULL && gw_discovery_port_tried(port, i, &t);
	     i++) {
		const bool works = t.error == NULL && t.to[0] != '\0';
		char one[256];
		const int n = snprintf(one, sizeof one, "%s%s (%s%s)",
		    at > 0 ? ", " : "", t.interface, works ? "" : "not: ",
		    works             ? t.to
		    : t.error != NULL ? t.error
				      : "no broadcast there");

		if (n < 0 || at + (size_t)n + sizeof ", ..." > WHERE_MAX) {
			memcpy(out + at, ", ...", sizeof ", ...");
			return;
		}
		memcpy(out + at, one, (size_t)n + 1);
		at += (size_t)n;
	}
}

/* What is the matter with the one that is looked for. */
static void
what_is_wrong(const struct gw_quest_options *o, char *out, size_t size)
{
	if (o->ask == GW_ASK_NUMBER)
		snprintf(out, size, "nobody here waits with the number %u",
		    (unsigned)o->number);
	else if (o->ask == GW_ASK_NAME)
		snprintf(out, size, "nobody here goes by the name %s", o->name);
	else
		snprintf(out, size,
		    "%s does not answer here, or has forgotten this device "
		    "(then pair again)",
		    o->name);
}

void
gw_quest_nobody(const struct gw_quest_options *o,
    const struct gw_discovery_port *port, const struct gw_candidates *others,
    char out[GW_QUEST_NOTICE_MAX])
{
	static const char *const waits[] = { "`godwit recv`", "`godwit send`",
		"the other side" };
	static const char *const by[] = { ": --to HOST:PORT",
		": --from HOST:PORT", "" };
	char what[256], where[WHERE_MAX], who[WHO_MAX] = "";

	what_is_wrong(o, what, sizeof what);
	where_asked(port, where);
	if (o->ask != GW_ASK_NUMBER)
		gw_candidates_text(others, who, sizeof who);
	snprintf(out, GW_QUEST_NOTICE_MAX,
	    "%s%s%s; asked on %s. Is %s waiting there? Run `godwit doctor` on "
	    "both machines, or give its address%s",
	    what, who[0] != '\0' ? "; here are: " : "", who,
	    where[0] != '\0' ? where : "no interface", waits[o->role],
	    by[o->role]);
}

void
gw_quest_over(const struct gw_quest_options *o, char out[GW_QUEST_NOTICE_MAX])
{
	char whom[96];

	snprintf(out, GW_QUEST_NOTICE_MAX,
	    "nobody who waits with %s was found in %u s",
	    gw_quest_whom(o, whom), (unsigned)(o->patience / GW_SEC));
}

void
gw_quest_unreached(const struct gw_quest_options *o,
    const struct gw_candidates *found, char out[GW_QUEST_NOTICE_MAX])
{
	char whom[96], who[WHO_MAX];

	gw_candidates_text(found, who, sizeof who);
	snprintf(out, GW_QUEST_NOTICE_MAX,
	    "%s was found, but nobody was reached there in %u s: %s; is a "
	    "firewall in the way? Run `godwit doctor` there",
	    gw_quest_whom(o, whom), (unsigned)(o->patience / GW_SEC), who);
}
