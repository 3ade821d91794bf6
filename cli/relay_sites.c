#include "cli/relay_sites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_build.h"
#include "cli/text.h"

/* ---- whom ---- */

static const char *
read_via(
    const char *text, struct cli_address *at, struct gw_relay_site_options *out)
{
	const char *wrong = NULL;

	if (strchr(text, '=') == NULL) {
		out->device = text; /* the library judges names */
		return NULL;
	}
	if ((wrong = cli_address_parse_whom(text, at)) != NULL)
		return wrong;
	out->device = at->device;
	out->host = at->host;
	out->port = at->port;
	return NULL;
}

char *
cli_relay_sites_read(struct cli_relay_sites *s, const struct cli_list *via,
    const struct cli_list *waits)
{
	size_t most = via->count + waits->count;
	const char *wrong;

	*s = (struct cli_relay_sites){ .count = 0 };
	if (most == 0)
		return NULL;
	s->v = cli_alloc(most, sizeof *s->v);
	s->addresses = cli_alloc(most, sizeof *s->addresses);
	for (size_t i = 0; i < via->count; i++, s->count++) {
		s->v[s->count] = (struct gw_relay_site_options){ .port = 0 };
		wrong = read_via(
		    via->items[i], &s->addresses[s->count], &s->v[s->count]);
		if (wrong != NULL)
			return cli_format(
			    "--via \"%s\" %s", via->items[i], wrong);
	}
	for (size_t i = 0; i < waits->count; i++)
		s->v[s->count++] =
		    (struct gw_relay_site_options){ .device = waits->items[i],
			    .waits = true };
	return NULL;
}

void
cli_relay_sites_fini(struct cli_relay_sites *s)
{
	free(s->v);
	free(s->addresses);
}

/* ---- telling ---- */

char *
cli_relay_sites_json(const struct gw_relay_site *s)
{
	cJSON *o = cli_json_begin("site-counts"), *drops;

	cli_json_text(o, "device", s->device);
	cJSON_AddBoolToObject(o, "waits", s->waits);
	cJSON_AddBoolToObject(o, "connected", s->connected);
	if (s->connected) {
		cli_json_text(o, "carrier", s->carrier);
		cli_json_text(o, "address", s->address);
	}
	cli_json_number(o, "sessions", s->sessions);
	cli_json_number(o, "received", s->received);
	cli_json_number(o, "sent", s->sent);
	cli_json_number(o, "streamed", s->streamed);
	cli_json_number(o, "lost", s->lost);
	drops = cJSON_AddObjectToObject(o, "dropped");
	if (s->malformed != 0)
		cli_json_number(drops, "malformed", s->malformed);
	if (s->foreign != 0)
		cli_json_number(drops, "no rule", s->foreign);
	if (s->stale != 0)
		cli_json_number(drops, "late answer", s->stale);
	if (s->crowded != 0)
		cli_json_number(drops, "no room", s->crowded);
	return cli_json_finish(o);
}

static void
print_site(FILE *f, const struct gw_relay_site *s)
{
	char *device = cli_text_escape(s->device);

	fprintf(f, "Site %s: ", device);
	if (s->connected)
		fprintf(f, "connected over %s, %s", s->carrier, s->address);
	else
		fputs(s->waits ? "not there, waited for" : "not reached", f);
	fprintf(f,
	    "; sessions %llu, messages received %llu, sent %llu (%llu on the "
	    "stream), lost %llu; dropped: %llu malformed, %llu no rule, %llu "
	    "late answer, %llu no room\n",
	    (unsigned long long)s->sessions, (unsigned long long)s->received,
	    (unsigned long long)s->sent, (unsigned long long)s->streamed,
	    (unsigned long long)s->lost, (unsigned long long)s->malformed,
	    (unsigned long long)s->foreign, (unsigned long long)s->stale,
	    (unsigned long long)s->crowded);
	free(device);
}

char *
cli_relay_sites_table(const struct gw_relay *r)
{
	struct gw_relay_site site;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return cli_copy("");
	for (size_t i = 0; gw_relay_site(r, i, &site); i++)
		print_site(f, &site);
	if (fclose(f) != 0) {
		free(text);
		return cli_copy("");
	}
	return text;
}
