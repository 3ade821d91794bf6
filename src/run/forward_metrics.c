/*
 * The figures of the rules, for Prometheus.
 */
#include <stdio.h>

#include "run/forward.h"
#include "run/metrics.h"

enum { LABELS = 2 * GW_METRICS_LABEL };

/* What names a rule in each of its lines. */
static void
labels(const struct gw_forwarder *f, char out[LABELS])
{
	char listen[GW_RULE_HOST + 16], escaped[GW_METRICS_LABEL];
	int n;

	gw_rule_end_text(f->rule.listen, f->port, listen);
	/* Neither has a quote or backslash in it. */
	n = snprintf(out, LABELS,
	    "rule=\"%u\",protocol=\"%s\",listen=\"%.150s\""
	    ",name=\"%s\"",
	    f->id, gw_rule_protocol_name(f->rule.protocol), listen,
	    f->rule.name);
	if (f->via != NULL)
		snprintf(out + n, LABELS - (size_t)n, ",via=\"%s\"",
		    gw_metrics_label(f->via, escaped));
}

static void
put_flows(struct gw_metrics_page *p, const struct gw_forward *set)
{
	char l[LABELS];

	gw_metrics_kind(
	    p, "godwit_forward_flows", "gauge", "Flows that are open.");
	for (const struct gw_forwarder *f = set->first; f != NULL;
	     f = f->next) {
		labels(f, l);
		gw_metrics_put(p, "godwit_forward_flows{%s} %llu\n", l,
		    (unsigned long long)f->counts.flows);
	}
	gw_metrics_kind(p, "godwit_forward_flows_total", "counter",
	    "Flows that were begun.");
	for (const struct gw_forwarder *f = set->first; f != NULL;
	     f = f->next) {
		labels(f, l);
		gw_metrics_put(p, "godwit_forward_flows_total{%s} %llu\n", l,
		    (unsigned long long)f->counts.flows_total);
	}
}

/* What is told now, after all that was told before. */
static unsigned long long
at_least(uint64_t *told, uint64_t now)
{
	if (*told < now)
		*told = now;
	return *told;
}

static void
put_ways(struct gw_metrics_page *p, const struct gw_forward *set,
    const char *name, const char *help, bool bytes)
{
	char l[LABELS];

	gw_metrics_kind(p, name, "counter", help);
	for (struct gw_forwarder *f = set->first; f != NULL; f = f->next) {
		const struct gw_forward_counts *c = &f->counts;

		labels(f, l);
		gw_metrics_put(p, "%s{%s,way=\"in\"} %llu\n", name, l,
		    bytes ? at_least(&f->told.bytes_in, c->bytes_in)
			  : at_least(&f->told.packets_in, c->packets_in));
		gw_metrics_put(p, "%s{%s,way=\"out\"} %llu\n", name, l,
		    bytes ? at_least(&f->told.bytes_out, c->bytes_out)
			  : at_least(&f->told.packets_out, c->packets_out));
	}
}

static void
put_drops(struct gw_metrics_page *p, const struct gw_forward *set)
{
	char l[LABELS];

	gw_metrics_kind(p, "godwit_forward_drops_total", "counter",
	    "Datagrams and connections that were not forwarded, by reason.");
	for (const struct gw_forwarder *f = set->first; f != NULL;
	     f = f->next) {
		labels(f, l);
		for (enum gw_drop d = GW_DROP_NONE + 1; d < GW_DROPS; d++)
			gw_metrics_put(p,
			    "godwit_forward_drops_total{%s,reason=\"%s\"} "
			    "%llu\n",
			    l, gw_drop_name(d),
			    (unsigned long long)f->counts.drops[d]);
	}
}

static char *
page(const void *arg)
{
	const struct gw_forward *set = arg;
	struct gw_metrics_page p = { .failed = false };

	put_flows(&p, set);
	put_ways(&p, set, "godwit_forward_bytes_total",
	    "Bytes forwarded: in to targets, out to clients.", true);
	put_ways(&p, set, "godwit_forward_packets_total",
	    "Datagrams forwarded: in to targets, out to clients.", false);
	put_drops(&p, set);
	gw_metrics_kind(&p, "godwit_forward_descriptors", "gauge",
	    "File descriptors in use.");
	gw_metrics_put(&p, "godwit_forward_descriptors %zu\n", set->files);
	gw_metrics_kind(
	    &p, "godwit_forward_descriptors_max", "gauge", "That may be used.");
	gw_metrics_put(
	    &p, "godwit_forward_descriptors_max %zu\n", set->files_max);
	return gw_metrics_text(&p);
}

static bool
take(void *arg)
{
	return gw_forward_take_files(arg, 1);
}

static void
give(void *arg)
{
	gw_forward_give_files(arg, 1);
}

enum gw_err
gw_forward_metrics(struct gw_forward *set, const char *address, uint16_t port)
{
	const struct gw_metrics_owner owner = { page, take, give, set };

	set->g->last_error[0] = '\0';
	if (set->metrics != NULL)
		return gw_context_error(set->g, GW_E_USAGE,
		    "the figures are given at one address only");
	return gw_metrics_open(set->g, &owner, address, port, &set->metrics);
}

uint16_t
gw_forward_metrics_port(const struct gw_forward *set)
{
	return set->metrics != NULL ? gw_metrics_port(set->metrics) : 0;
}
