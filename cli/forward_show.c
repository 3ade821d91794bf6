/*
 * Lines about rules and flows, for people and as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/forward.h"
#include "cli/json_build.h"
#include "cli/memory.h"
#include "cli/size.h"

char *
cli_forward_drops(const uint64_t drops[GW_DROPS])
{
	char *text = cli_copy("");

	for (enum gw_drop d = GW_DROP_NONE + 1; d < GW_DROPS; d++) {
		char *more;

		if (drops[d] == 0)
			continue;
		more =
		    cli_format("%s%s%s %llu", text, *text != '\0' ? ", " : "",
			gw_drop_name(d), (unsigned long long)drops[d]);
		free(text);
		text = more;
	}
	return text;
}

/* ---- for people ---- */

static bool
is_none(const struct gw_endpoint *e)
{
	static const uint8_t zeros[sizeof e->ip];

	return memcmp(e->ip, zeros, sizeof zeros) == 0;
}

/* As gw_endpoint_text; "-": there is none, or it is not known here. */
char *
cli_forward_end(const struct gw_endpoint *e)
{
	char text[GW_ENDPOINT_TEXT];

	gw_endpoint_text(e, text);
	return cli_copy(is_none(e) ? "-" : text);
}

/* What happened to all, or to a rule. */
char *
cli_forward_told(const struct gw_forward_event *e)
{
	return e->flow.rule != 0
		   ? cli_format("rule %u: %s", e->flow.rule, e->text)
		   : cli_copy(e->text);
}

/* ", by 10.0.0.1:4444 to 10.0.0.2:80", as far as it went. */
static char *
way(const struct gw_forward_flow *f)
{
	char source[GW_ENDPOINT_TEXT], target[GW_ENDPOINT_TEXT];

	if (is_none(&f->target))
		return cli_copy("");
	gw_endpoint_text(&f->target, target);
	if (is_none(&f->source))
		return cli_format(", on to %s", target);
	gw_endpoint_text(&f->source, source);
	return cli_format(", on from %s to %s", source, target);
}

static char *
amount(uint64_t bytes, uint64_t packets, bool tcp)
{
	char size[CLI_SIZE_TEXT];

	cli_size_text(size, bytes);
	if (tcp)
		return cli_copy(size);
	return cli_format("%s in %llu", size, (unsigned long long)packets);
}

static char *
end_text(const struct gw_forward_event *e)
{
	const struct gw_forward_flow *f = &e->flow;
	char age[CLI_SIZE_TEXT], drops[48] = "";
	char *in = amount(f->bytes_in, f->packets_in, f->tcp);
	char *out = amount(f->bytes_out, f->packets_out, f->tcp), *text;

	cli_duration_text(age, (double)f->age_ms / 1000);
	if (f->drops != 0)
		snprintf(drops, sizeof drops, ", %llu dropped",
		    (unsigned long long)f->drops);
	text = cli_format("%s after %s; to the target %s, back %s%s%s%s",
	    gw_forward_end_name(e->end), age, in, out, drops,
	    *f->error != '\0' ? "; " : "", f->error);
	free(in);
	free(out);
	return text;
}

char *
cli_forward_line(const struct gw_forward_event *e)
{
	const struct gw_forward_flow *f = &e->flow;
	char client[GW_ENDPOINT_TEXT], *local, *on, *end, *text;

	if (e->kind >= GW_FORWARD_WARNING)
		return cli_forward_told(e);
	gw_endpoint_text(&f->client, client);
	local = cli_forward_end(&f->local);
	on = way(f);
	end = e->kind == GW_FORWARD_CLOSED ? end_text(e) : cli_copy("open");
	text = cli_format("rule %u, flow %llu: %s %s -> %s%s: %s", f->rule,
	    (unsigned long long)f->id, f->tcp ? "tcp" : "udp", client, local,
	    on, end);
	free(local);
	free(on);
	free(end);
	return text;
}

char *
cli_forward_note(const struct gw_forward_event *e)
{
	char client[GW_ENDPOINT_TEXT], *end, *text;

	if (e->kind >= GW_FORWARD_WARNING)
		return cli_forward_told(e);
	gw_endpoint_text(&e->flow.client, client);
	end = e->kind == GW_FORWARD_CLOSED ? end_text(e) : cli_copy("open");
	text = cli_format("rule %u: %s: %s", e->flow.rule, client, end);
	free(end);
	return text;
}

/* ---- JSON ---- */

static void
add_end(cJSON *o, const char *key, const struct gw_endpoint *e)
{
	char text[GW_ENDPOINT_TEXT];

	gw_endpoint_text(e, text);
	cli_json_text(o, key, is_none(e) ? NULL : text);
}

static void
add_flow(cJSON *o, const struct gw_forward_flow *f)
{
	cli_json_number(o, "flow", f->id);
	cli_json_number(o, "rule", f->rule);
	cli_json_text(o, "protocol", f->tcp ? "tcp" : "udp");
	add_end(o, "client", &f->client);
	add_end(o, "local", &f->local);
	add_end(o, "source", &f->source);
	add_end(o, "target", &f->target);
	cli_json_text(o, "state", f->state);
	cli_json_number(o, "age_ms", f->age_ms);
	if (f->idle_left_ms != UINT64_MAX)
		cli_json_number(o, "idle_left_ms", f->idle_left_ms);
	else
		cJSON_AddNullToObject(o, "idle_left_ms");
	cli_json_number(o, "bytes_in", f->bytes_in);
	cli_json_number(o, "bytes_out", f->bytes_out);
	cli_json_number(o, "packets_in", f->packets_in);
	cli_json_number(o, "packets_out", f->packets_out);
	cli_json_number(o, "drops", f->drops);
	cJSON_AddBoolToObject(o, "one_way", f->one_way);
	cli_json_text(o, "error", *f->error != '\0' ? f->error : NULL);
}

static void
add_time(cJSON *o)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	cJSON_AddNumberToObject(
	    o, "time", (double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

char *
cli_forward_json_event(const struct gw_forward_event *e)
{
	static const char *const names[] = { [GW_FORWARD_OPENED] = "opened",
		[GW_FORWARD_CLOSED] = "closed",
		[GW_FORWARD_WARNING] = "warning",
		[GW_FORWARD_PEER] = "peer",
		[GW_FORWARD_USELESS] = "error" };
	cJSON *o = cli_json_begin(names[e->kind]);

	add_time(o);
	if (e->kind >= GW_FORWARD_WARNING) {
		if (e->flow.rule != 0)
			cli_json_number(o, "rule", e->flow.rule);
		cli_json_text(o, "text", e->text);
	} else {
		add_flow(o, &e->flow);
	}
	if (e->kind == GW_FORWARD_CLOSED)
		cli_json_text(o, "reason", gw_forward_end_name(e->end));
	if (e->lost != 0)
		cli_json_number(o, "lost", e->lost);
	return cli_json_finish(o);
}

char *
cli_forward_json_rule(const char *event, const struct gw_forward_rule *r)
{
	cJSON *o = cli_json_begin(event), *drops;

	add_time(o);
	cli_json_number(o, "rule", r->id);
	cli_json_text(o, "text", r->text);
	cli_json_text(o, "name", *r->name != '\0' ? r->name : NULL);
	cli_json_text(o, "protocol", r->tcp ? "tcp" : "udp");
	cli_json_number(o, "port", r->port);
	cli_json_number(o, "flows", r->flows);
	cli_json_number(o, "flows_total", r->flows_total);
	cli_json_number(o, "bytes_in", r->bytes_in);
	cli_json_number(o, "bytes_out", r->bytes_out);
	cli_json_number(o, "packets_in", r->packets_in);
	cli_json_number(o, "packets_out", r->packets_out);
	drops = cJSON_AddObjectToObject(o, "drops");
	for (enum gw_drop d = GW_DROP_NONE + 1; d < GW_DROPS; d++)
		if (r->drops[d] != 0)
			cli_json_number(drops, gw_drop_name(d), r->drops[d]);
	cli_json_text(
	    o, "error", *r->last_error != '\0' ? r->last_error : NULL);
	cli_json_text(o, "via", r->via);
	return cli_json_finish(o);
}

char *
cli_forward_json_flow(const struct gw_forward_flow *f)
{
	cJSON *o = cli_json_begin("flow");

	add_time(o);
	add_flow(o, f);
	return cli_json_finish(o);
}

/* ---- the answer of --explain ---- */

static char *
explained_json(const char *question, const struct gw_forward_explained *x)
{
	cJSON *o = cli_json_begin("explained");

	cli_json_text(o, "question", question);
	cJSON_AddBoolToObject(o, "matched", x->matched);
	cJSON_AddBoolToObject(o, "allowed", x->allowed);
	if (x->matched) {
		cli_json_number(o, "rule", x->rule + 1);
		cli_json_text(o, "text", x->rule_text);
		cli_json_text(o, "to", x->goes_to);
		cli_json_text(
		    o, "loops", x->loops[0] != '\0' ? x->loops : NULL);
		if (x->loops[0] != '\0')
			cli_json_number(o, "loop_rule", x->loop_rule + 1);
		cli_json_text(o, "via", x->via);
	}
	return cli_json_finish(o);
}

/* What is said of targets that would come back. */
static char *
explained_loops(const struct gw_forward_explained *x)
{
	if (x->loops[0] == '\0')
		return cli_copy("");
	return cli_format(" %s is left out: rule %zu listens there, and it "
			  "would go round in circles.",
	    x->loops, x->loop_rule + 1);
}

char *
cli_forward_explained(
    const char *question, const struct gw_forward_explained *x, bool json)
{
	char *loops, *text;

	if (json)
		return explained_json(question, x);
	if (!x->matched)
		return cli_format("%s: no rule listens there.", question);
	if (!x->allowed)
		return cli_format("%s: rule %zu, %s, listens there and does "
				  "not allow this client: dropped as \"%s\".",
		    question, x->rule + 1, x->rule_text,
		    gw_drop_name(GW_DROP_DENIED));
	if (x->goes_to[0] == '\0')
		return cli_format(
		    "%s: rule %zu, %s, takes it, and would send it to %s, "
		    "where rule %zu listens: it would go round in circles, so "
		    "that nothing is forwarded with these rules.",
		    question, x->rule + 1, x->rule_text, x->loops,
		    x->loop_rule + 1);
	loops = explained_loops(x);
	text = cli_format("%s: rule %zu, %s, takes it; it goes to %s%s%s.%s",
	    question, x->rule + 1, x->rule_text, x->goes_to,
	    x->via != NULL ? ", through " : "", x->via != NULL ? x->via : "",
	    loops);
	free(loops);
	return text;
}
