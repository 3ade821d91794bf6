#include "cli/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/address.h"
#include "cli/memory.h"
#include "cli/secret.h"
#include "cli/size.h"
#include "godwit.h"

const char *
cli_value_switch(char *text, void *field)
{
	static const char *const words[][4] = { { "no", "off", "false", "0" },
		{ "yes", "on", "true", "1" } };
	bool *b = field;

	for (int yes = 0; yes < 2; yes++)
		for (size_t i = 0; i < 4; i++)
			if (strcasecmp(text, words[yes][i]) == 0) {
				*b = yes;
				return NULL;
			}
	return "is neither yes nor no";
}

const char *
cli_value_text(char *text, void *field)
{
	const char **s = field;

	if (*text == '\0')
		return "is empty";
	*s = text;
	return NULL;
}

const char *
cli_value_list(char *text, void *field)
{
	if (*text == '\0')
		return "is empty";
	cli_list_add(field, text);
	return NULL;
}

const char *
cli_value_size(char *text, void *field)
{
	return cli_size_parse(text, field);
}

const char *
cli_value_rate(char *text, void *field)
{
	return cli_rate_parse(text, field);
}

const char *
cli_value_duration(char *text, void *field)
{
	struct cli_duration *d = field;
	const char *wrong = cli_duration_parse(text, &d->ms);

	d->given = wrong == NULL;
	return wrong;
}

const char *
cli_value_words(char *text, void *field)
{
	unsigned *n = field;

	if (text[0] < '2' || text[0] > '8' || text[1] != '\0')
		return "is no number of words from 2 to 8";
	*n = (unsigned)(text[0] - '0');
	return NULL;
}

/* false: no number, or not within 1 to most. */
static bool
parse_number(const char *text, unsigned most, unsigned *out)
{
	unsigned long v;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	v = strtoul(text, &end, 10);
	if (*end != '\0' || v == 0 || v > most)
		return false;
	*out = (unsigned)v;
	return true;
}

const char *
cli_value_count(char *text, void *field)
{
	return parse_number(text, 1000000, field)
		   ? NULL
		   : "is no number from 1 to 1,000,000";
}

const char *
cli_value_hops(char *text, void *field)
{
	return parse_number(text, 255, field) ? NULL
					      : "is no number from 1 to 255";
}

const char *
cli_value_conflict(char *text, void *field)
{
	static const struct {
		const char *name;
		enum gw_conflict conflict;
	} known[] = { { "ask", GW_CONFLICT_ASK },
		{ "rename", GW_CONFLICT_RENAME }, { "skip", GW_CONFLICT_SKIP },
		{ "overwrite", GW_CONFLICT_OVERWRITE },
		{ "newer", GW_CONFLICT_NEWER } };
	struct cli_conflict *c = field;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(text, known[i].name) == 0) {
			*c = (struct cli_conflict){ known[i].conflict, true };
			return NULL;
		}
	return "is none of ask, rename, skip, overwrite, newer";
}

const char *
cli_value_carrier(char *text, void *field)
{
	static const char *const names[] = { [GW_CARRIERS_AUTO] = "auto",
		[GW_CARRIERS_UDP] = "udp",
		[GW_CARRIERS_TCP] = "tcp" };
	enum gw_carriers *c = field;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(text, names[i]) == 0) {
			*c = (enum gw_carriers)i;
			return NULL;
		}
	return "is none of auto, udp, tcp";
}

const char *
cli_value_congestion(char *text, void *field)
{
	static const char *const names[] = { [GW_CONGESTION_BBR] = "bbr",
		[GW_CONGESTION_CUBIC] = "cubic",
		[GW_CONGESTION_LEDBAT] = "ledbat" };
	enum gw_congestion *c = field;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(text, names[i]) == 0) {
			*c = (enum gw_congestion)i;
			return NULL;
		}
	return "is none of bbr, cubic, ledbat";
}

const char *
cli_value_address(char *text, void *field)
{
	return cli_address_parse(text, field);
}

const char *
cli_value_whom(char *text, void *field)
{
	struct cli_address *a = field;
	const char *wrong = cli_address_parse_whom(text, a);

	/* A code does not stay on the command line. */
	if (wrong == NULL && a->device[0] == '\0' &&
	    gw_code_is_spoken(a->host)) {
		a->is_code = true;
		memset(text, '*', strlen(text));
	}
	return wrong;
}

const char *
cli_value_listen(char *text, void *field)
{
	return cli_address_parse_listen(text, field);
}

const char *
cli_value_metrics(char *text, void *field)
{
	struct cli_address at;
	char *with_colon = strchr(text, ':') != NULL ? cli_copy(text)
						     : cli_format(":%s", text);
	const char *wrong = cli_address_parse_listen(with_colon, &at);

	free(with_colon);
	if (wrong == NULL && !at.port_given)
		wrong = "has no port";
	if (wrong != NULL)
		return wrong;
	/* The figures are nobody else's, unless one says so. */
	if (at.host[0] == '\0' && *text != '*')
		snprintf(at.host, sizeof at.host, "127.0.0.1");
	*(struct cli_address *)field = at;
	return NULL;
}

const char *
cli_value_secret(char *text, void *field)
{
	struct cli_secret *s = field;

	if (s->given) {
		memset(text, '*', strlen(text));
		return "comes second: one code is enough";
	}
	return cli_secret_take(s, text);
}
