#include "run/forward.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "forward/match.h"
#include "os/clock.h"
#include "os/tcp_forward.h"
#include "os/udp_burst.h"
#include "run/metrics.h"
#include "run/via.h"

enum {
	PERCENT = 70,     /* of the descriptors of the process, at most */
	PIPES = 64,       /* at most; with two descriptors each */
	FILES_A_PIPE = 16 /* that there are for one pipe */
};

/* ---- rules ---- */

static enum gw_err
parse_all(
    struct gw *g, const struct gw_forward_options *o, struct gw_rule **out)
{
	char why[GW_RULE_WHY];
	struct gw_rule *v = calloc(o->rule_count + 1, sizeof *v);

	if (v == NULL)
		return gw_context_error(
		    g, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
	for (size_t i = 0; i < o->rule_count; i++)
		if (!gw_rule_parse(o->rules[i], o->to, &v[i], why) ||
		    (o->via != NULL && !gw_via_takes(&v[i], why))) {
			free(v);
			return gw_context_error(
			    g, GW_E_USAGE, "%s: %s", o->rules[i], why);
		}
	*out = v;
	return GW_OK;
}

static struct gw_forwarder *
find(struct gw_forward *set, const char *text)
{
	for (struct gw_forwarder *f = set->first; f != NULL; f = f->next)
		if (!f->keep && strcmp(f->text, text) == 0)
			return f;
	return NULL;
}

void
gw_forward_append(struct gw_forward *set, struct gw_forwarder *f)
{
	f->next = NULL;
	*set->last = f;
	set->last = &f->next;
}

/* A rule that has the port that this one wants: say which. */
static bool
clashes(const struct gw_forward *set, const struct gw_rule *rule,
    struct gw_why *why)
{
	uint16_t port;

	for (const struct gw_forwarder *f = set->first; f != NULL; f = f->next)
		if (gw_match_clash(&f->rule, rule, &port)) {
			(void)gw_why(why, GW_E_ADDRESS,
			    "rule %u, %.150s, has port %u already", f->id,
			    f->text, (unsigned)port);
			return true;
		}
	return false;
}

static enum gw_err
open_one(struct gw_forward *set, const struct gw_rule *rule, struct gw_why *why)
{
	struct gw_forwarder *f;
	enum gw_err err;

	/* Whether the other device can listen is heard of much later. */
	if (set->via != NULL && gw_via_is_reverse(set->via) &&
	    clashes(set, rule, why))
		return GW_E_ADDRESS;
	if (set->via != NULL)
		err = gw_via_add(set->via, rule, why, &f);
	else
		err = rule->protocol == GW_RULE_UDP
			  ? gw_forwarder_udp_open(set, rule, why, &f)
			  : gw_forwarder_tcp_open(set, rule, why, &f);
	if (err == GW_OK)
		gw_forward_append(set, f);
	else if (err == GW_E_ADDRESS)
		(void)clashes(set, rule, why);
	return err;
}

static enum gw_err
tell_why(struct gw_forward *set, const struct gw_rule *rule, enum gw_err err,
    const struct gw_why *why)
{
	char text[GW_RULE_TEXT];

	gw_rule_text(rule, text);
	return gw_context_error(set->g, err, "%.200s: %s", text,
	    why->text[0] != '\0' ? why->text : gw_err_text(err));
}

/* Open the rules that are not there yet; those that cannot be opened are left
 * out if `others` go on without them.  Returns the first error. */
static enum gw_err
open_rules(struct gw_forward *set, const struct gw_rule *rules, size_t count,
    bool others)
{
	enum gw_err err = GW_OK, e;
	char text[GW_RULE_TEXT];

	for (size_t i = 0; i < count && (others || err == GW_OK); i++) {
		struct gw_why why = { "" };
		struct gw_forwarder *f;

		gw_rule_text(&rules[i], text);
		if ((f = find(set, text)) != NULL) {
			f->keep = true;
			continue;
		}
		e = open_one(set, &rules[i], &why);
		if (e != GW_OK && err == GW_OK)
			err = tell_why(set, &rules[i], e, &why);
		else if (e == GW_OK)
			find(set, text)->keep = true;
	}
	return err;
}

static enum gw_err
check_rules(struct gw_forward *set)
{
	enum gw_err err = GW_OK;

	set->own_until = 0;
	for (struct gw_forwarder *f = set->first; f != NULL; f = f->next) {
		struct gw_why why = { "" };
		enum gw_err e = f->ops->check(f, &why);

		if (e != GW_OK && err == GW_OK)
			err = tell_why(set, &f->rule, e, &why);
	}
	return err;
}

/* Those that do not stay. */
static void
close_rules(struct gw_forward *set, enum gw_forward_end end)
{
	struct gw_forwarder **at = &set->first, *f;

	while ((f = *at) != NULL) {
		if (f->keep) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		f->ops->close(f, end);
	}
	set->last = at;
}

void
gw_forward_remove(
    struct gw_forward *set, struct gw_forwarder *f, enum gw_forward_end end)
{
	struct gw_forwarder **at = &set->first;

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	if (set->last == &f->next)
		set->last = at;
	f->ops->close(f, end);
}

static void
keep_all(struct gw_forward *set, bool keep)
{
	for (struct gw_forwarder *f = set->first; f != NULL; f = f->next)
		f->keep = keep;
}

/* ---- life ---- */

static void
on_poller_closed(void *arg)
{
	struct gw_forward *set = arg;

	close(set->reserve);
	gw_udp_bursts_free(set->bursts);
	gw_netifs_fini(&set->own);
	gw_forward_events_fini(&set->events);
	for (size_t i = 0; i < set->inherited_count; i++)
		close(set->inherited[i]);
	free(set->inherited);
	free(set);
}

static enum gw_err
keep_inherited(struct gw_forward *set, const struct gw_forward_options *o)
{
	if (o->inherited_count == 0)
		return GW_OK;
	set->inherited = calloc(o->inherited_count, sizeof *set->inherited);
	if (set->inherited == NULL)
		return GW_E_MEMORY;
	for (size_t i = 0; i < o->inherited_count; i++) {
		int fd = fcntl(o->inherited[i], F_DUPFD_CLOEXEC, 0);

		if (fd >= 0)
			set->inherited[set->inherited_count++] = fd;
	}
	return GW_OK;
}

static enum gw_err
new_set(
    struct gw *g, const struct gw_forward_options *o, struct gw_forward **out)
{
	struct gw_forward *set = calloc(1, sizeof *set);
	size_t pipes;
	enum gw_err err = GW_E_MEMORY;

	if (set == NULL)
		return err;
	set->g = g;
	set->last = &set->first;
	set->files_max =
	    o->max_files != 0 ? o->max_files : gw_files_limit() * PERCENT / 100;
	pipes = set->files_max / FILES_A_PIPE;
	if (pipes > PIPES)
		pipes = PIPES;
	if ((set->reserve = eventfd(0, EFD_CLOEXEC)) < 0) {
		err = GW_E_LIMIT;
		goto err0;
	}
	if ((err = gw_conduit_pool_init(&set->pool, pipes)) != GW_OK)
		goto err1;
	if ((err = keep_inherited(set, o)) != GW_OK ||
	    (err = gw_poller_init(&set->poller, &g->loop)) != GW_OK)
		goto err2;
	set->poller.closed = on_poller_closed;
	set->poller.arg = set;
	*out = set;
	return GW_OK;

err2:
	free(set->inherited);
	gw_conduit_pool_fini(&set->pool);
err1:
	close(set->reserve);
err0:
	free(set);
	return err;
}

static void
end_set(struct gw_forward *set)
{
	gw_metrics_close(set->metrics);
	set->metrics = NULL;
	keep_all(set, false);
	close_rules(set, GW_FORWARD_STOPPED);
	gw_via_close(set->via);
	set->via = NULL;
	gw_conduit_pool_fini(&set->pool);
	gw_poller_close(&set->poller);
}

enum gw_err
gw_forward_open(
    struct gw *g, const struct gw_forward_options *o, struct gw_forward **out)
{
	struct gw_forward *set;
	struct gw_rule *rules;
	enum gw_err err;

	g->last_error[0] = '\0';
	if ((err = parse_all(g, o, &rules)) != GW_OK)
		return err;
	if ((err = new_set(g, o, &set)) != GW_OK) {
		free(rules);
		return gw_context_error(g, err, "%s", gw_err_text(err));
	}
	err = o->via != NULL ? gw_via_new(set, o, &set->via) : GW_OK;
	if (err == GW_OK)
		err = open_rules(set, rules, o->rule_count, false);
	free(rules);
	keep_all(set, false);
	if (err == GW_OK)
		err = check_rules(set);
	gw_loop_poke(&g->loop);
	if (err != GW_OK) {
		end_set(set);
		return err;
	}
	set->next = g->forwards;
	g->forwards = set;
	*out = set;
	return GW_OK;
}

enum gw_err
gw_forward_reload(struct gw_forward *set, const struct gw_forward_options *o)
{
	struct gw *g = set->g;
	struct gw_rule *rules;
	char text[GW_RULE_TEXT];
	struct gw_forwarder *f;
	enum gw_err err, loops;

	g->last_error[0] = '\0';
	if ((err = parse_all(g, o, &rules)) != GW_OK)
		return err;
	/* First those that go, so that their ports are free. */
	for (size_t i = 0; i < o->rule_count; i++) {
		gw_rule_text(&rules[i], text);
		if ((f = find(set, text)) != NULL)
			f->keep = true;
	}
	close_rules(set, GW_FORWARD_RULE_GONE);
	keep_all(set, false);
	err = open_rules(set, rules, o->rule_count, true);
	keep_all(set, false);
	free(rules);
	loops = check_rules(set);
	gw_loop_poke(&g->loop);
	return err != GW_OK ? err : loops;
}

void
gw_forward_drain(struct gw_forward *set)
{
	for (struct gw_forwarder *f = set->first; f != NULL; f = f->next)
		if (!f->draining) {
			f->draining = true;
			f->ops->drain(f);
		}
	gw_loop_poke(&set->g->loop);
}

void
gw_forward_close(struct gw_forward *set)
{
	struct gw_forward **at;

	if (set == NULL)
		return;
	for (at = &set->g->forwards; *at != set; at = &(*at)->next)
		;
	*at = set->next;
	gw_loop_poke(&set->g->loop);
	end_set(set);
}

/* ---- looking ---- */

static const struct gw_forwarder *
nth(const struct gw_forward *set, size_t n)
{
	const struct gw_forwarder *f = set->first;

	while (f != NULL && n-- > 0)
		f = f->next;
	return f;
}

bool
gw_forward_rule(
    const struct gw_forward *set, size_t n, struct gw_forward_rule *out)
{
	const struct gw_forwarder *f = nth(set, n);

	if (f == NULL)
		return false;
	*out = (struct gw_forward_rule){ .id = f->id,
		.text = f->text,
		.name = f->rule.name,
		.tcp = f->rule.protocol == GW_RULE_TCP,
		.port = f->port,
		.flows = f->counts.flows,
		.flows_total = f->counts.flows_total,
		.bytes_in = f->counts.bytes_in,
		.bytes_out = f->counts.bytes_out,
		.packets_in = f->counts.packets_in,
		.packets_out = f->counts.packets_out,
		.last_error = f->last_error,
		.via = f->via };
	memcpy(out->drops, f->counts.drops, sizeof out->drops);
	return true;
}

bool
gw_forward_flow(const struct gw_forward *set, size_t n, const void **at,
    struct gw_forward_flow *out)
{
	const struct gw_forwarder *f = nth(set, n);

	return f != NULL && f->ops->flow(f, at, out);
}

uint64_t
gw_forward_flows(const struct gw_forward *set)
{
	uint64_t n = 0;

	for (const struct gw_forwarder *f = set->first; f != NULL; f = f->next)
		n += f->counts.flows;
	return n;
}

bool
gw_forward_next(struct gw_forward *set, struct gw_forward_event *out)
{
	return gw_forward_events_take(&set->events, out);
}
