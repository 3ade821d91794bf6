/*
 * The figures of a relay, for Prometheus.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "run/metrics.h"
#include "run/relay.h"

enum { LABELS = 2 * GW_METRICS_LABEL };

/* ---- of rules and interfaces ---- */

/* A rule on one of its interfaces; begins as zeros, before the first. */
struct place {
	unsigned next, rule, link;
	char labels[LABELS];
};

/* False: there is no more. */
static bool
next(const struct gw_relay *r, struct place *p)
{
	char name[GW_METRICS_LABEL];

	while (p->next < r->set.count * GW_RELAY_LINKS) {
		const struct gw_relay_rule *rule;

		p->rule = p->next / GW_RELAY_LINKS;
		p->link = p->next++ % GW_RELAY_LINKS;
		rule = &r->set.rules[p->rule];
		if ((rule->between & 1u << p->link) == 0)
			continue;
		snprintf(p->labels, LABELS,
		    "rule=\"%u\",port=\"%u\",interface=\"%s\"", p->rule + 1,
		    (unsigned)rule->port,
		    gw_metrics_label(r->set.names[p->link], name));
		return true;
	}
	return false;
}

struct figure {
	const char *name, *help;
	size_t at; /* its uint64_t, in the struct */
};

static unsigned long long
value(const struct figure *f, const void *in)
{
	uint64_t n;

	memcpy(&n, (const char *)in + f->at, sizeof n);
	return n;
}

static void
put_counts(struct gw_metrics_page *page, const struct gw_relay *r)
{
#define AT(member) offsetof(struct gw_relay_counts, member)
	static const struct figure v[] = {
		{ "godwit_relay_heard_total", "Datagrams that came in.",
		    AT(heard) },
		{ "godwit_relay_carried_total",
		    "Of those, to one other interface at least.",
		    AT(fates[GW_RELAY_FATE_CARRIED]) },
		{ "godwit_relay_sent_total", "Copies that left there.",
		    AT(sent) },
		{ "godwit_relay_bytes_total", "In copies and answers.",
		    AT(bytes) },
		{ "godwit_relay_answered_total",
		    "Answers that were carried to who asked there.",
		    AT(answered) },
	};
#undef AT

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		gw_metrics_kind(page, v[i].name, "counter", v[i].help);
		for (struct place p = { 0 }; next(r, &p);)
			gw_metrics_put(page, "%s{%s} %llu\n", v[i].name,
			    p.labels,
			    value(&v[i],
				gw_relay_engine_counts(r->e, p.rule, p.link)));
	}
}

static void
put_drop(struct gw_metrics_page *page, const struct place *p,
    const char *reason, uint64_t count)
{
	gw_metrics_put(page,
	    "godwit_relay_drops_total{%s,reason=\"%s\"} %llu\n", p->labels,
	    reason, (unsigned long long)count);
}

static void
put_drops(struct gw_metrics_page *page, const struct gw_relay *r)
{
	gw_metrics_kind(page, "godwit_relay_drops_total", "counter",
	    "Datagrams that were not carried, or copies not sent, by reason.");
	for (struct place p = { 0 }; next(r, &p);) {
		const struct gw_relay_counts *n =
		    gw_relay_engine_counts(r->e, p.rule, p.link);

		for (unsigned i = 0; i < GW_RELAY_FATE_COUNT; i++)
			if (i != GW_RELAY_FATE_CARRIED)
				put_drop(page, &p, gw_relay_fate_text(i),
				    n->fates[i]);
		put_drop(page, &p, GW_RELAY_NO_ROOM, r->kernel[p.rule][p.link]);
	}
}

static void
put_states(struct gw_metrics_page *page, const struct gw_relay *r)
{
	char text[GW_METRICS_LABEL];

	gw_metrics_kind(page, "godwit_relay_rule_info", "gauge",
	    "The text of a rule; always 1.");
	for (unsigned i = 0; i < r->set.count; i++)
		gw_metrics_put(page,
		    "godwit_relay_rule_info{rule=\"%u\",text=\"%s\"} 1\n",
		    i + 1, gw_metrics_label(r->texts[i], text));
	gw_metrics_kind(page, "godwit_relay_up", "gauge",
	    "Is the interface, or the session with the site, there?");
	for (struct place p = { 0 }; next(r, &p);)
		gw_metrics_put(page, "godwit_relay_up{%s} %d\n", p.labels,
		    gw_relay_engine_link_of(r->e, p.link)->up);
	gw_metrics_kind(page, "godwit_relay_tripped", "gauge",
	    "Does the rule carry nothing from there, after a storm?");
	for (struct place p = { 0 }; next(r, &p);)
		gw_metrics_put(page, "godwit_relay_tripped{%s} %d\n", p.labels,
		    gw_relay_engine_is_tripped(r->e, p.rule, p.link));
}

/* ---- of sites ---- */

static void
put_site_drop(struct gw_metrics_page *page, const char *labels,
    const char *reason, uint64_t count)
{
	gw_metrics_put(page,
	    "godwit_relay_site_drops_total{%s,reason=\"%s\"} %llu\n", labels,
	    reason, (unsigned long long)count);
}

static const char *
site_labels(const struct gw_relay_site *s, char out[LABELS])
{
	char name[GW_METRICS_LABEL];

	snprintf(
	    out, LABELS, "device=\"%s\"", gw_metrics_label(s->device, name));
	return out;
}

static void
put_sites(struct gw_metrics_page *page, const struct gw_relay *r)
{
#define AT(member) offsetof(struct gw_relay_site, member)
	static const struct figure v[] = {
		{ "godwit_relay_site_sessions_total", "With this site so far.",
		    AT(sessions) },
		{ "godwit_relay_site_received_total",
		    "Messages that came from it.", AT(received) },
		{ "godwit_relay_site_sent_total", "Messages to it.", AT(sent) },
		{ "godwit_relay_site_streamed_total",
		    "Of those sent: too long for a datagram.", AT(streamed) },
	};
#undef AT
	struct gw_relay_site s;
	char l[LABELS];

	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		gw_metrics_kind(page, v[i].name, "counter", v[i].help);
		for (size_t k = 0; gw_relay_site(r, k, &s); k++)
			gw_metrics_put(page, "%s{%s} %llu\n", v[i].name,
			    site_labels(&s, l), value(&v[i], &s));
	}
	gw_metrics_kind(page, "godwit_relay_site_drops_total", "counter",
	    "Of what came from it, by reason, where no rule is concerned.");
	for (size_t k = 0; gw_relay_site(r, k, &s); k++) {
		site_labels(&s, l);
		put_site_drop(page, l, "malformed", s.malformed);
		put_site_drop(page, l, "no rule", s.foreign);
		put_site_drop(page, l, "late answer", s.stale);
		put_site_drop(page, l, "no room", s.crowded);
	}
}

/* ---- life ---- */

static char *
page_of(const void *arg)
{
	const struct gw_relay *r = arg;
	struct gw_metrics_page page = { .failed = false };

	put_states(&page, r);
	put_counts(&page, r);
	put_drops(&page, r);
	if (r->sites.count != 0)
		put_sites(&page, r);
	return gw_metrics_text(&page);
}

enum gw_err
gw_relay_metrics(struct gw_relay *r, const char *address, uint16_t port)
{
	const struct gw_metrics_owner owner = { .page = page_of, .arg = r };

	r->g->last_error[0] = '\0';
	if (r->metrics != NULL)
		return gw_context_error(r->g, GW_E_USAGE,
		    "the figures are given at one address only");
	return gw_metrics_open(r->g, &owner, address, port, &r->metrics);
}

uint16_t
gw_relay_metrics_port(const struct gw_relay *r)
{
	return r->metrics != NULL ? gw_metrics_port(r->metrics) : 0;
}
