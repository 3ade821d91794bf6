#include "forward/rule.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "forward/rule_private.h"

enum { FIELDS = 4 }; /* BIND:PORT:HOST:PORT */

#define LOOPBACK "127.0.0.1"

bool
gw_rule_wrong(char why[GW_RULE_WHY], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, GW_RULE_WHY, format, ap);
	va_end(ap);
	return false;
}

/* ---- the pieces ---- */

/* PORT or FIRST-LAST; 0 only alone, where it may be. */
static bool
parse_ports(const char *text, bool zero, uint16_t *port, uint16_t *ports)
{
	uint64_t first, last;

	if (!gw_rule_number(&text, UINT16_MAX, &first))
		return false;
	last = first;
	if (*text == '-' && (text++, !gw_rule_number(&text, UINT16_MAX, &last)))
		return false;
	if (*text != '\0' || last < first)
		return false;
	if (first == 0 && (!zero || last != 0))
		return false;
	*port = (uint16_t)first;
	*ports = (uint16_t)(last - first + 1);
	return true;
}

static bool
is_ports(const char *text)
{
	uint16_t port, ports;

	return parse_ports(text, true, &port, &ports);
}

/* Interfaces are called so, or by their number. */
static bool
is_zone(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n < 16 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@") == n;
}

bool
gw_rule_address(const char *text, char out[GW_RULE_HOST + 1])
{
	const char *percent = strchr(text, '%'), *zone = NULL;
	size_t n = percent != NULL ? (size_t)(percent - text) : strlen(text);
	char host[GW_IP_TEXT], canonical[GW_IP_TEXT];
	struct gw_ip ip;

	if (n >= sizeof host)
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	if (!gw_ip_parse(host, &ip))
		return false;
	if (percent != NULL) {
		zone = percent + 1;
		/* URLs write % as %25 (RFC 6874). */
		if (strncmp(zone, "25", 2) == 0 && zone[2] != '\0')
			zone += 2;
		if (!is_zone(zone) || gw_ip_is_v4(&ip))
			return false;
	}
	gw_ip_text(&ip, canonical);
	snprintf(out, GW_RULE_HOST + 1, "%s%s%s", canonical,
	    zone != NULL ? "%" : "", zone != NULL ? zone : "");
	return true;
}

/* Names as resolvers take them; what looks like a port or a broken address is
 * none. */
static bool
is_name(const char *text)
{
	size_t n = strlen(text);
	bool letter = false;

	if (n == 0 || n > GW_RULE_HOST)
		return false;
	for (; *text != '\0'; text++) {
		bool alpha = (*text >= 'a' && *text <= 'z') ||
			     (*text >= 'A' && *text <= 'Z') || *text == '_';

		letter |= alpha;
		if (!alpha && (*text < '0' || *text > '9') && *text != '-' &&
		    *text != '.')
			return false;
	}
	return letter;
}

/* Take square brackets off; false: they do not match, or hold no IPv6. */
static bool
unbracket(char **text)
{
	size_t n = strlen(*text);

	if (**text != '[')
		return true;
	if (n < 3 || (*text)[n - 1] != ']')
		return false;
	(*text)[n - 1] = '\0';
	++*text;
	return strchr(*text, ':') != NULL;
}

/* An address to listen at: "", "*" and "localhost" are some. */
static bool
parse_bind(char *text, char out[GW_RULE_HOST + 1], char why[GW_RULE_WHY])
{
	const char *as_given = text;

	if (*text == '\0' || strcmp(text, "*") == 0) {
		out[0] = '\0';
		return true;
	}
	if (strcasecmp(text, "localhost") == 0) {
		memcpy(out, LOOPBACK, sizeof LOOPBACK);
		return true;
	}
	if (!unbracket(&text) || !gw_rule_address(text, out))
		return gw_rule_wrong(why,
		    "\"%.80s\" is no address to listen at: write :PORT for "
		    "all, or an address of this machine, IPv6 in brackets",
		    as_given);
	return true;
}

static bool
parse_host(char *text, char out[GW_RULE_HOST + 1], char why[GW_RULE_WHY])
{
	const char *as_given = text;

	if (unbracket(&text)) {
		if (gw_rule_address(text, out))
			return true;
		if (is_name(text)) {
			memcpy(out, text, strlen(text) + 1);
			return true;
		}
	}
	return gw_rule_wrong(why,
	    "\"%.80s\" is no host: write a name or an address, IPv6 in "
	    "brackets",
	    as_given);
}

/* Cut at colons outside brackets.  Returns how many pieces there are, or
 * FIELDS + 1: too many. */
static size_t
split(char *text, char *fields[FIELDS])
{
	size_t n = 1;
	bool inside = false;

	fields[0] = text;
	for (; *text != '\0'; text++) {
		if (*text == '[')
			inside = true;
		else if (*text == ']')
			inside = false;
		else if (*text == ':' && !inside) {
			if (n == FIELDS)
				return FIELDS + 1;
			*text = '\0';
			fields[n++] = text + 1;
		}
	}
	return n;
}

/* ---- targets ---- */

/* HOST:PORTS or HOST, which gets the ports that are listened at. */
static bool
parse_target(
    struct gw_rule *r, char *text, const char *ports, char why[GW_RULE_WHY])
{
	struct gw_rule_target *t = &r->targets[r->target_count];
	char *fields[FIELDS];
	size_t n;

	if (r->target_count == GW_RULE_TARGETS)
		return gw_rule_wrong(
		    why, "more than %d targets", GW_RULE_TARGETS);
	n = split(text, fields);
	if (n > 2)
		return gw_rule_wrong(why,
		    "a target is HOST:PORT, with IPv6 in brackets: "
		    "[2001:db8::1]:53");
	if (!parse_host(fields[0], t->host, why))
		return false;
	if (ports == NULL && n == 2)
		ports = fields[1];
	t->port = r->port;
	t->ports = r->ports;
	if (ports != NULL && !parse_ports(ports, false, &t->port, &t->ports))
		return gw_rule_wrong(why,
		    "\"%.40s\" is no port of a target: write 1 to 65535, or "
		    "FIRST-LAST",
		    ports);
	if (t->port == 0)
		return gw_rule_wrong(
		    why, "%.80s: the target needs a port", t->host);
	if (t->ports != 1 && t->ports != r->ports)
		return gw_rule_wrong(why,
		    "%.80s: %u ports to listen at, but %u of the target: give "
		    "as many, or one",
		    t->host, (unsigned)r->ports, (unsigned)t->ports);
	r->target_count++;
	return true;
}

/* HOST:PORT[,...]; if `ports` is given, it stands for theirs. */
static bool
parse_targets(
    struct gw_rule *r, char *text, const char *ports, char why[GW_RULE_WHY])
{
	char *next;

	for (; text != NULL; text = next) {
		if ((next = strchr(text, ',')) != NULL)
			*next++ = '\0';
		if (!parse_target(r, text, ports, why))
			return false;
	}
	return true;
}

/* ---- forms ---- */

struct reading {
	struct gw_rule *r;
	const char *to; /* or NULL */
	char *why;
};

static bool
listen_at(struct reading *g, char *bind, const char *ports)
{
	if (!parse_bind(bind, g->r->listen, g->why))
		return false;
	if (!parse_ports(ports, true, &g->r->port, &g->r->ports))
		return gw_rule_wrong(g->why,
		    "\"%.40s\" is no port to listen at: write 0 to 65535, or "
		    "FIRST-LAST",
		    ports);
	return true;
}

/* What --to says; `ports` as of parse_targets. */
static bool
to_targets(struct reading *g, const char *ports)
{
	char to[GW_RULE_TEXT];

	if (strlen(g->to) >= sizeof to)
		return gw_rule_wrong(g->why, "the targets are too long");
	memcpy(to, g->to, strlen(g->to) + 1);
	return parse_targets(g->r, to, ports, g->why);
}

/* docker: [BIND:]PORT:PORT; the second one is of this machine. */
static bool
read_docker(struct reading *g, char *bind, const char *ports, char *theirs)
{
	char here[] = LOOPBACK;

	if (!listen_at(g, bind, ports))
		return false;
	return g->to != NULL ? to_targets(g, theirs)
			     : parse_targets(g->r, here, theirs, g->why);
}

/* ssh: PORT:HOST:PORT is for this machine alone; BIND says otherwise. */
static bool
read_ssh(
    struct reading *g, char *bind, const char *ports, char *host, char *theirs)
{
	return listen_at(g, bind, ports) &&
	       parse_targets(g->r, host, theirs, g->why);
}

static bool
read_fields(struct reading *g, char *text)
{
	char *f[FIELDS], here[] = LOOPBACK, all[] = "";
	size_t n = split(text, f);

	if (n == 2 && is_ports(f[0]))
		return read_docker(g, all, f[0], f[1]);
	if (n == 2 && g->to != NULL)
		return listen_at(g, f[0], f[1]) && to_targets(g, NULL);
	if (n == 2)
		return gw_rule_wrong(g->why,
		    "it goes nowhere: write %s://%.80s:%.12s/HOST:PORT, or "
		    "give --to",
		    gw_rule_protocol_name(g->r->protocol), f[0], f[1]);
	if (n == 3 && is_ports(f[0]))
		return read_ssh(g, here, f[0], f[1], f[2]);
	if (n == 3)
		return read_docker(g, f[0], f[1], f[2]);
	if (n == 4)
		return read_ssh(g, f[0], f[1], f[2], f[3]);
	return gw_rule_wrong(g->why,
	    "it is no rule: write PROTOCOL://[ADDR]:PORT/HOST:PORT or "
	    "[BIND:]PORT:HOST:PORT");
}

/* ADDR:PORT/HOST:PORT,... */
static bool
read_url(struct reading *g, char *text, char *targets)
{
	char *f[FIELDS];

	if (split(text, f) != 2 || is_ports(f[0]))
		return gw_rule_wrong(g->why,
		    "before the / stands where to listen: :PORT for all "
		    "addresses, or ADDR:PORT, with IPv6 in brackets");
	if (!listen_at(g, f[0], f[1]))
		return false;
	if (*targets != '\0')
		return parse_targets(g->r, targets, NULL, g->why);
	if (g->to != NULL)
		return to_targets(g, NULL);
	return gw_rule_wrong(g->why,
	    "it goes nowhere: after the / stands HOST:PORT, or give --to");
}

/* ---- protocol ---- */

static const struct scheme {
	const char *name;
	enum gw_rule_protocol protocol;
	const char *any; /* what all addresses are */
} schemes[] = {
	{ "tcp", GW_RULE_TCP, "" },
	{ "udp", GW_RULE_UDP, "" },
	{ "tcp4", GW_RULE_TCP, "0.0.0.0" },
	{ "udp4", GW_RULE_UDP, "0.0.0.0" },
	{ "tcp6", GW_RULE_TCP, "::" },
	{ "udp6", GW_RULE_UDP, "::" },
};

static const struct scheme *
scheme_named(const char *name)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strcasecmp(schemes[i].name, name) == 0)
			return &schemes[i];
	return NULL;
}

/* Take PROTOCOL:// from the front, or /PROTOCOL from the end; without either
 * it is tcp. */
static bool
take_scheme(char **text, const struct scheme **out, char why[GW_RULE_WHY])
{
	char *at = strstr(*text, "://"), *rest;

	if (at != NULL) {
		*at = '\0';
		if ((*out = scheme_named(*text)) == NULL)
			return gw_rule_wrong(why,
			    "%.40s: what is forwarded is tcp or udp", *text);
		*text = at + 3;
		return true;
	}
	*out = &schemes[0];
	rest = strrchr(*text, '/');
	if (rest != NULL && scheme_named(rest + 1) != NULL) {
		*out = scheme_named(rest + 1);
		*rest = '\0';
	}
	return true;
}

static bool
read_rule(struct reading *g, char *text)
{
	char *query = strchr(text, '?'), *slash;
	const struct scheme *scheme;
	bool fine;

	if (query != NULL)
		*query++ = '\0';
	if (!take_scheme(&text, &scheme, g->why))
		return false;
	g->r->protocol = scheme->protocol;
	if ((slash = strchr(text, '/')) != NULL) {
		*slash = '\0';
		fine = read_url(g, text, slash + 1);
	} else {
		fine = read_fields(g, text);
	}
	if (!fine)
		return false;
	if (g->r->listen[0] == '\0')
		memcpy(g->r->listen, scheme->any, strlen(scheme->any) + 1);
	return query == NULL || gw_rule_params_parse(g->r, query, g->why);
}

bool
gw_rule_parse(const char *text, const char *to, struct gw_rule *out,
    char why[GW_RULE_WHY])
{
	struct gw_rule r = { .protocol = GW_RULE_TCP };
	struct reading g = { .r = &r, .to = to, .why = why };
	char copy[GW_RULE_TEXT];
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		n--;
	if (n == 0)
		return gw_rule_wrong(why, "the rule is empty");
	if (n >= sizeof copy)
		return gw_rule_wrong(why, "the rule is too long");
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (!read_rule(&g, copy))
		return false;
	*out = r;
	return true;
}
