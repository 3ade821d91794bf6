#include "cli/relay_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_build.h"
#include "cli/memory.h"
#include "cli/text.h"

/* ---- sentences ---- */

static char *
datagram(const struct gw_relay_event *e)
{
	char from[GW_ENDPOINT_TEXT], to[GW_ENDPOINT_TEXT];

	gw_endpoint_text(&e->from, from);
	gw_endpoint_text(&e->to, to);
	return cli_format("%s: %zu bytes %s -> %s: %s%s", e->interface, e->size,
	    from, to, e->answer ? "an answer, " : "", e->text);
}

char *
cli_relay_sentence(const struct gw_relay *r, const struct gw_relay_event *e)
{
	switch (e->kind) {
	case GW_RELAY_EVENT_INTERFACE:
	case GW_RELAY_EVENT_SITE:
		return cli_format("%s: %s", e->interface, e->text);
	case GW_RELAY_EVENT_DATAGRAM:
		return datagram(e);
	case GW_RELAY_EVENT_STORM:
		return cli_format(
		    "a storm on %s: rule %zu (%s) carries nothing from there "
		    "for %u s. Does another relay, or a bridge, join the same "
		    "interfaces?",
		    e->interface, e->rule + 1, gw_relay_rule(r, e->rule),
		    e->pause_ms / 1000);
	case GW_RELAY_EVENT_CALM:
		return cli_format("%s: rule %zu carries again what comes there",
		    e->interface, e->rule + 1);
	case GW_RELAY_EVENT_TROUBLE:
		return cli_format("%s: %s", e->interface, e->text);
	}
	return NULL;
}

/* ---- JSON ---- */

static void
add_endpoint(cJSON *o, const char *key, const struct gw_endpoint *e)
{
	char text[GW_ENDPOINT_TEXT];

	gw_endpoint_text(e, text);
	cli_json_text(o, key, text);
}

char *
cli_relay_json(const struct gw_relay_event *e)
{
	static const char *const names[] = {
		[GW_RELAY_EVENT_INTERFACE] = "interface",
		[GW_RELAY_EVENT_DATAGRAM] = "datagram",
		[GW_RELAY_EVENT_STORM] = "storm",
		[GW_RELAY_EVENT_CALM] = "calm",
		[GW_RELAY_EVENT_TROUBLE] = "trouble",
		[GW_RELAY_EVENT_SITE] = "site",
	};
	cJSON *o = cli_json_begin(names[e->kind]);

	cli_json_text(o, "interface", e->interface);
	if (e->kind != GW_RELAY_EVENT_INTERFACE &&
	    e->kind != GW_RELAY_EVENT_TROUBLE && e->kind != GW_RELAY_EVENT_SITE)
		cli_json_number(o, "rule", e->rule + 1);
	if (e->kind == GW_RELAY_EVENT_DATAGRAM) {
		add_endpoint(o, "from", &e->from);
		add_endpoint(o, "to", &e->to);
		cli_json_number(o, "size", e->size);
		cJSON_AddBoolToObject(o, "answer", e->answer);
		cli_json_text(o, "fate", e->text);
		cli_json_number(o, "copies", e->copies);
	} else if (e->text[0] != '\0')
		cli_json_text(o, "text", e->text);
	if (e->kind == GW_RELAY_EVENT_STORM)
		cli_json_number(o, "pause_ms", e->pause_ms);
	return cli_json_finish(o);
}

char *
cli_relay_json_rule(const struct gw_relay *r, size_t rule)
{
	cJSON *o = cli_json_begin("rule");

	cli_json_number(o, "rule", rule + 1);
	cli_json_text(o, "text", gw_relay_rule(r, rule));
	return cli_json_finish(o);
}

char *
cli_relay_json_row(const struct gw_relay_row *row)
{
	cJSON *o = cli_json_begin("counts"), *drops;

	cli_json_number(o, "rule", row->rule + 1);
	cli_json_text(o, "interface", row->interface);
	cJSON_AddBoolToObject(o, "up", row->up);
	cJSON_AddBoolToObject(o, "tripped", row->tripped);
	cli_json_number(o, "heard", row->heard);
	cli_json_number(o, "carried", row->carried);
	cli_json_number(o, "sent", row->sent);
	cli_json_number(o, "bytes", row->bytes);
	cli_json_number(o, "answered", row->answered);
	drops = cJSON_AddObjectToObject(o, "dropped");
	for (size_t i = 0; i < row->drop_count; i++)
		cli_json_number(drops, row->drops[i].name, row->drops[i].count);
	return cli_json_finish(o);
}

char *
cli_relay_json_explained(const char *question, bool carried, const char *lines)
{
	cJSON *o = cli_json_begin("explained"), *all;

	cli_json_text(o, "question", question);
	cJSON_AddBoolToObject(o, "carried", carried);
	all = cJSON_AddArrayToObject(o, "lines");
	while (*lines != '\0') {
		size_t n = strcspn(lines, "\n");
		char *line = cli_format("%.*s", (int)n, lines);

		cJSON_AddItemToArray(all, cli_json_value(line));
		free(line);
		lines += n + (lines[n] == '\n');
	}
	return cli_json_finish(o);
}

/* ---- the table ---- */

static void
print_row(FILE *f, const struct gw_relay_row *row)
{
	fprintf(f, "%4zu  %-15s %9llu %9llu %9llu %9llu  ", row->rule + 1,
	    row->interface, (unsigned long long)row->heard,
	    (unsigned long long)row->carried, (unsigned long long)row->sent,
	    (unsigned long long)row->answered);
	for (size_t i = 0; i < row->drop_count; i++)
		fprintf(f, "%s%llu %s", i > 0 ? ", " : "",
		    (unsigned long long)row->drops[i].count,
		    row->drops[i].name);
	if (row->drop_count == 0)
		fputs("-", f);
	fputs(row->tripped ? "  (stopped: a storm)\n"
	      : row->up    ? "\n"
			   : "  (not there)\n",
	    f);
}

char *
cli_relay_table(const struct gw_relay *r)
{
	struct gw_relay_row row;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return cli_copy("");
	fprintf(f, "%4s  %-15s %9s %9s %9s %9s  %s\n", "RULE", "INTERFACE",
	    "HEARD", "CARRIED", "SENT", "ANSWERS", "DROPPED");
	for (size_t i = 0; gw_relay_row(r, i, &row); i++)
		print_row(f, &row);
	if (fclose(f) != 0) {
		free(text);
		return cli_copy("");
	}
	return text;
}
