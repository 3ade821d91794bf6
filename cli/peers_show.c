#include "cli/peers_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_build.h"
#include "cli/memory.h"
#include "cli/text.h"

enum { NAME, DEVICE, WAITS, ADDRESS, INTERFACE, SEEN, COLUMNS, GAP = 2 };

static const char *const titles[COLUMNS] = { "NAME", "KNOWN AS", "WAITS TO",
	"ADDRESS", "INTERFACE", "SEEN" };

struct row {
	char *cells[COLUMNS]; /* fit for a terminal */
};

struct table {
	struct row *rows;
	size_t count;
};

static const char *
waits_to(const struct gw_peer *p)
{
	if (p->receives && p->sends)
		return "receive, send";
	return p->receives ? "receive" : p->sends ? "send" : "-";
}

static char *
seen(uint64_t ms)
{
	if (ms < 1000)
		return cli_copy("now");
	return cli_format("%llu s ago", (unsigned long long)ms / 1000);
}

/* ---- the table ---- */

static void
add_row(struct table *t, const struct gw_peer *p, size_t address)
{
	const struct gw_peer_address *a = &p->addresses[address];
	char text[GW_ENDPOINT_TEXT], *name;
	struct row *r;

	t->rows = cli_resize(t->rows, t->count + 1, sizeof *t->rows);
	r = &t->rows[t->count++];
	/* What is the same for all addresses stands at the first. */
	for (unsigned c = 0; c < COLUMNS; c++)
		r->cells[c] = cli_copy("");
	gw_endpoint_text(&a->endpoint, text);
	free(r->cells[ADDRESS]);
	r->cells[ADDRESS] = cli_text_escape(text);
	free(r->cells[INTERFACE]);
	r->cells[INTERFACE] = cli_text_escape(a->interface);
	if (address > 0)
		return;
	name = cli_text_escape(p->name);
	free(r->cells[NAME]);
	r->cells[NAME] =
	    cli_format("%s%s", name, p->here ? " (this machine)" : "");
	free(name);
	free(r->cells[DEVICE]);
	r->cells[DEVICE] = cli_text_escape(p->device != NULL ? p->device : "-");
	free(r->cells[WAITS]);
	r->cells[WAITS] = cli_copy(waits_to(p));
	free(r->cells[SEEN]);
	r->cells[SEEN] = seen(p->seen_ms);
}

static void
fini(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		for (unsigned c = 0; c < COLUMNS; c++)
			free(t->rows[i].cells[c]);
	free(t->rows);
}

static void
print_cells(const char *const cells[COLUMNS], const size_t width[COLUMNS],
    const struct cli_style *s, const char *end)
{
	char *line = cli_copy(""), *cut;

	for (unsigned c = 0; c < COLUMNS; c++) {
		char *longer = cli_format("%s%s%*s", line, cells[c],
		    (int)(c + 1 < COLUMNS
			      ? width[c] + GAP - cli_text_columns(cells[c])
			      : 0),
		    "");

		free(line);
		line = longer;
	}
	for (size_t n = strlen(line); n > 0 && line[n - 1] == ' '; n--)
		line[n - 1] = '\0';
	cut = s->terminal && s->columns > 1
		  ? cli_text_fit(line, s->columns - 1, s->utf8)
		  : cli_copy(line);
	printf("%s%s", cut, end);
	free(cut);
	free(line);
}

unsigned
cli_peers_table(struct gw_peers *peers, const struct cli_style *s,
    unsigned lines, const char *end)
{
	struct table t = { .count = 0 };
	size_t width[COLUMNS], shown;
	struct gw_peer p;

	for (size_t i = 0; gw_peers_at(peers, i, &p); i++)
		for (size_t k = 0; k < p.address_count; k++)
			add_row(&t, &p, k);
	for (unsigned c = 0; c < COLUMNS; c++) {
		width[c] = strlen(titles[c]);
		for (size_t i = 0; i < t.count; i++) {
			size_t n = cli_text_columns(t.rows[i].cells[c]);

			width[c] = n > width[c] ? n : width[c];
		}
	}
	print_cells(titles, width, s, end);
	shown = t.count + 1 <= lines ? t.count : lines - 2;
	for (size_t i = 0; i < shown; i++)
		print_cells(
		    (const char *const *)t.rows[i].cells, width, s, end);
	if (shown < t.count)
		printf("... and %zu more lines%s", t.count - shown, end);
	lines = (unsigned)(1 + shown + (shown < t.count));
	fini(&t);
	return lines;
}

/* ---- a change ---- */

char *
cli_peers_change(const struct gw_peer_event *e)
{
	const struct gw_peer *p = &e->peer;
	char text[GW_ENDPOINT_TEXT], *name, *device, *line;

	name = cli_text_escape(p->name);
	device = cli_text_escape(p->device != NULL ? p->device : "");
	line =
	    cli_format("%c %s%s%s%s (%s)", e->kind == GW_PEER_THERE ? '+' : '-',
		name, device[0] != '\0' ? ", known as " : "", device,
		p->here ? ", on this machine" : "", waits_to(p));
	for (size_t i = 0; i < p->address_count; i++) {
		char *longer;

		gw_endpoint_text(&p->addresses[i].endpoint, text);
		longer = cli_format("%s %s", line, text);
		free(line);
		line = longer;
	}
	free(name);
	free(device);
	return line;
}

/* ---- JSON ---- */

static cJSON *
address_of(const struct gw_peer_address *a)
{
	struct gw_endpoint host = a->endpoint;
	char text[GW_ENDPOINT_TEXT];
	cJSON *o = cJSON_CreateObject();

	host.port = 0;
	gw_endpoint_text(&host, text);
	cli_json_text(o, "address", text);
	cli_json_number(o, "port", a->endpoint.port);
	cli_json_text(o, "interface", a->interface);
	return o;
}

char *
cli_peers_json(const char *event, const struct gw_peer *p)
{
	cJSON *o = cli_json_begin(event);
	cJSON *all = cJSON_CreateArray();

	cli_json_number(o, "id", p->id);
	cli_json_text(o, "name", p->name);
	cli_json_text(o, "device", p->device);
	cli_json_text(o, "key", p->key);
	cJSON_AddBoolToObject(o, "receives", p->receives);
	cJSON_AddBoolToObject(o, "sends", p->sends);
	cJSON_AddBoolToObject(o, "here", p->here);
	for (size_t i = 0; i < p->address_count; i++)
		cJSON_AddItemToArray(all, address_of(&p->addresses[i]));
	cJSON_AddItemToObject(o, "addresses", all);
	cli_json_number(o, "seen_ms", p->seen_ms);
	return cli_json_finish(o);
}

char *
cli_peers_json_trouble(const char *text)
{
	cJSON *o = cli_json_begin("trouble");

	cli_json_text(o, "text", text);
	return cli_json_finish(o);
}

/* ---- nobody ---- */

static void
say_where(const struct gw_peers_link *l)
{
	char *name = cli_text_escape(l->interface), *why;

	if (l->to[0] == '\0') {
		fprintf(stderr,
		    "  %-10s not asked: it has neither a broadcast address "
		    "nor an IPv6 one\n",
		    name);
	} else if (l->error != NULL) {
		why = cli_text_sentence(l->error);
		fprintf(stderr, "  %-10s %s\n", name, why);
		free(why);
	} else {
		fprintf(stderr, "  %-10s %s\n", name, l->to);
	}
	free(name);
}

void
cli_peers_nobody(struct gw_peers *peers, uint32_t waited_ms)
{
	struct gw_peers_link l;

	fprintf(stderr,
	    "godwit: nobody has answered within %g s. These were asked:\n",
	    waited_ms / 1000.0);
	for (size_t i = 0; gw_peers_asked(peers, i, &l); i++)
		say_where(&l);
	fputs("Found is who waits in a network of this machine: does `godwit "
	      "recv` run there?\nTry `godwit doctor` on both, or give an "
	      "address: `godwit send FILE --to HOST`.\n",
	    stderr);
}
