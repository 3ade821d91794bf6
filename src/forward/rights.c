#include "forward/rights.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LOW = 1024, HIGHEST = 65535 };

/* ---- as text ---- */

static bool
wrong(char why[GW_RULE_WHY], const char *text)
{
	snprintf(why, GW_RULE_WHY, "%s", text);
	return false;
}

static bool
skip(const char **p, const char *word)
{
	const size_t n = strlen(word);

	if (strncmp(*p, word, n) != 0)
		return false;
	*p += n;
	return true;
}

static bool
read_port(const char **p, uint16_t *out)
{
	unsigned v = 0;

	if (**p < '1' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++)
		if ((v = v * 10 + (unsigned)(**p - '0')) > HIGHEST)
			return false;
	*out = (uint16_t)v;
	return true;
}

static bool
read_ports(const char *p, struct gw_right *r)
{
	if (strcmp(p, "*") == 0) {
		r->first = 0;
		r->last = HIGHEST;
		return true;
	}
	if (!read_port(&p, &r->first))
		return false;
	r->last = r->first;
	if (*p == '-' && (p++, !read_port(&p, &r->last)))
		return false;
	return *p == '\0' && r->first <= r->last;
}

static bool
is_name(const char *s)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

	return *s != '\0' && strspn(s, fine) == strlen(s);
}

/* Brackets go: [fd00::]/8 and [fd00::/8] are fd00::/8. */
static bool
read_host(const char *from, size_t n, struct gw_right *r)
{
	char text[GW_RULE_HOST + 1];
	size_t k = 0;

	if (n > GW_RULE_HOST)
		return false;
	for (size_t i = 0; i < n; i++)
		if (from[i] != '[' && from[i] != ']')
			text[k++] = from[i];
	text[k] = '\0';
	if (strcmp(text, "*") == 0) {
		r->any = true;
		return true;
	}
	if (gw_ip_net_parse(text, &r->net)) {
		r->any = gw_ip_is_any(&r->net.ip) && strchr(text, '/') == NULL;
		if (r->any)
			r->net = (struct gw_ip_net){ .bits = 0 };
		return true;
	}
	/* Dots and digits alone would be an address that is wrong. */
	if (!is_name(text) || strspn(text, "0123456789.") == k)
		return false;
	memcpy(r->name, text, k + 1);
	return true;
}

bool
gw_right_parse(const char *text, struct gw_right *out, char why[GW_RULE_WHY])
{
	struct gw_right r = { .listens = false };
	const char *p = text, *colon;

	r.listens = skip(&p, "listen:");
	if (skip(&p, "udp:"))
		r.protocol = GW_RULE_UDP;
	else if (!skip(&p, "tcp:"))
		return wrong(why,
		    "a right begins with tcp:, udp:, listen:tcp: or "
		    "listen:udp:");
	if ((colon = strrchr(p, ':')) == NULL)
		return wrong(why, "it lacks the port: tcp:10.0.0.2:80");
	if (!read_ports(colon + 1, &r))
		return wrong(why,
		    "after the last colon stands a port, a range such as "
		    "8000-8010, or *");
	if (!read_host(p, (size_t)(colon - p), &r))
		return wrong(why,
		    "before the port stands an address, a network such as "
		    "10.0.0.0/8, a name, or *");
	if (r.listens && r.name[0] != '\0')
		return wrong(why,
		    "one listens at an address of this machine, not at a "
		    "name");
	*out = r;
	return true;
}

void
gw_right_text(const struct gw_right *r, char out[GW_RIGHT_TEXT])
{
	char host[GW_RULE_HOST + 1], net[GW_IP_TEXT], ports[16] = "*";

	gw_ip_net_text(&r->net, net);
	if (r->any)
		snprintf(host, sizeof host, "*");
	else if (r->name[0] != '\0')
		snprintf(host, sizeof host, "%s", r->name);
	else if (strchr(net, ':') != NULL)
		snprintf(host, sizeof host, "[%s]", net);
	else
		snprintf(host, sizeof host, "%s", net);
	if (r->first == r->last)
		snprintf(ports, sizeof ports, "%u", (unsigned)r->first);
	else if (r->first != 0)
		snprintf(ports, sizeof ports, "%u-%u", (unsigned)r->first,
		    (unsigned)r->last);
	snprintf(out, GW_RIGHT_TEXT, "%s%s:%s:%s", r->listens ? "listen:" : "",
	    gw_rule_protocol_name(r->protocol), host, ports);
}

/* ---- who may ---- */

static bool
is_own_or_link(const struct gw_ip *ip)
{
	const uint8_t *b = ip->b;
	static const uint8_t loopback[16] = { [15] = 1 };

	if (gw_ip_is_v4(ip))
		return b[12] == 127 || b[12] == 0 || b[12] >= 224 ||
		       (b[12] == 169 && b[13] == 254);
	return memcmp(b, loopback, sizeof loopback) == 0 || b[0] == 0xff ||
	       (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || gw_ip_is_any(ip);
}

static bool
has_ports(const struct gw_right *r, uint16_t port, unsigned count)
{
	return port >= r->first && port + count - 1 <= r->last;
}

bool
gw_rights_reach(const struct gw_right *v, size_t count,
    enum gw_rule_protocol protocol, const char *host, const struct gw_ip *ip,
    uint16_t port)
{
	for (size_t i = 0; i < count; i++) {
		const struct gw_right *r = &v[i];

		if (r->listens || r->protocol != protocol ||
		    !has_ports(r, port, 1))
			continue;
		if (r->name[0] != '\0') {
			if (host != NULL && strcasecmp(r->name, host) == 0 &&
			    !is_own_or_link(ip))
				return true;
		} else if (r->any || gw_ip_net_has(&r->net, ip)) {
			return true;
		}
	}
	return false;
}

bool
gw_rights_might(const struct gw_right *v, size_t count,
    enum gw_rule_protocol protocol, const struct gw_rule_target *t)
{
	struct gw_ip ip;
	const bool numeric = gw_ip_parse(t->host, &ip);

	for (size_t i = 0; i < count; i++) {
		const struct gw_right *r = &v[i];

		if (r->listens || r->protocol != protocol ||
		    !has_ports(r, t->port, t->ports))
			continue;
		if (r->any || (r->name[0] == '\0' && !numeric))
			return true;
		if (r->name[0] != '\0' ? strcasecmp(r->name, t->host) == 0
				       : gw_ip_net_has(&r->net, &ip))
			return true;
	}
	return false;
}

bool
gw_rights_listen(
    const struct gw_right *v, size_t count, const struct gw_rule *rule)
{
	struct gw_ip ip = { { 0 } };
	bool all = rule->listen[0] == '\0';

	if (!all && !gw_ip_parse(rule->listen, &ip))
		return false;
	all = all || gw_ip_is_any(&ip);
	for (size_t i = 0; i < count; i++) {
		const struct gw_right *r = &v[i];
		const bool every = r->first == 0;

		if (!r->listens || r->protocol != rule->protocol)
			continue;
		if (!r->any && (all || !gw_ip_net_has(&r->net, &ip)))
			continue;
		if (every ? rule->port == 0 || rule->port >= LOW
			  : has_ports(r, rule->port, rule->ports))
			return true;
	}
	return false;
}
