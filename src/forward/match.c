#include "forward/match.h"

#include <string.h>
#include <strings.h>

#include "forward/rule_private.h"

/* ---- the question ---- */

/* ADDR:PORT, [ADDR]:PORT, or :PORT where `any` is taken. */
static bool
parse_end(char *text, struct gw_ip *ip, bool *any, uint16_t *port)
{
	char *colon = strrchr(text, ':'), *zone;
	unsigned long n = 0;
	size_t len;

	if (colon == NULL)
		return false;
	*colon++ = '\0';
	if (*colon == '\0' || strspn(colon, "0123456789") != strlen(colon) ||
	    strlen(colon) > 5)
		return false;
	for (; *colon != '\0'; colon++)
		n = n * 10 + (unsigned long)(*colon - '0');
	if (n == 0 || n > 65535)
		return false;
	*port = (uint16_t)n;
	if (any != NULL && (*any = *text == '\0'))
		return true;
	len = strlen(text);
	if (text[0] == '[') {
		if (text[len - 1] != ']')
			return false;
		text[len - 1] = '\0';
		text++;
	}
	if ((zone = strchr(text, '%')) != NULL)
		*zone = '\0';
	return gw_ip_parse(text, ip);
}

static bool
take_protocol(const char *word, enum gw_rule_protocol *out)
{
	if (strcasecmp(word, "tcp") == 0)
		*out = GW_RULE_TCP;
	else if (strcasecmp(word, "udp") == 0)
		*out = GW_RULE_UDP;
	else
		return false;
	return true;
}

bool
gw_match_parse(
    const char *text, struct gw_match_question *out, char why[GW_RULE_WHY])
{
	struct gw_match_question q = { .protocol = GW_RULE_TCP };
	char protocol[8], client[80], arrow[4], local[80], more;

	if (sscanf(text, "%7s %79s %3s %79s %c", protocol, client, arrow, local,
		&more) != 4 ||
	    strcmp(arrow, "->") != 0 || !take_protocol(protocol, &q.protocol))
		return gw_rule_wrong(
		    why, "write it as in 'udp 10.0.0.5:4000 -> :5353'");
	if (!parse_end(client, &q.client, NULL, &q.client_port))
		return gw_rule_wrong(why,
		    "before the arrow stands a client, ADDR:PORT, such as "
		    "10.0.0.5:4000 or [2001:db8::1]:4000");
	if (!parse_end(local, &q.local, &q.local_any, &q.port))
		return gw_rule_wrong(why,
		    "after the arrow stands where it is sent to, [ADDR]:PORT, "
		    "such as :5353");
	*out = q;
	return true;
}

/* ---- the answer ---- */

/* The address of a listener, without its zone; not "". */
static bool
listen_ip(const struct gw_rule *r, struct gw_ip *out)
{
	char address[GW_RULE_HOST + 1], *zone;

	memcpy(address, r->listen, sizeof address);
	if ((zone = strchr(address, '%')) != NULL)
		*zone = '\0';
	return gw_ip_parse(address, out);
}

/* How exactly a rule listens where the question is about; 0: not at all. */
static unsigned
fit(const struct gw_rule *r, const struct gw_match_question *q)
{
	struct gw_ip ip;

	if (r->protocol != q->protocol || q->port < r->port ||
	    q->port - r->port >= r->ports)
		return 0;
	if (r->listen[0] == '\0')
		return 1;
	if (!listen_ip(r, &ip) || gw_ip_is_v4(&ip) != gw_ip_is_v4(&q->client))
		return 0;
	if (gw_ip_is_any(&ip))
		return 2;
	if (q->local_any)
		return 1; /* if it is sent to that one */
	return memcmp(ip.b, q->local.b, sizeof ip.b) == 0 ? 3 : 0;
}

size_t
gw_match_find(const struct gw_rule *rules, size_t count,
    const struct gw_match_question *q)
{
	size_t best = count;
	unsigned most = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned now = fit(&rules[i], q);

		if (now > most) {
			most = now;
			best = i;
		}
	}
	return best;
}

/* ---- rules among each other ---- */

/* The first port that two ranges have in common; 0: none. */
static uint16_t
common(uint16_t a, uint16_t a_count, uint16_t b, uint16_t b_count)
{
	const uint16_t first = a > b ? a : b;

	if (a == 0 || b == 0 || first - a >= a_count || first - b >= b_count)
		return 0;
	return first;
}

static bool
is_reached(const struct gw_rule *r, const struct gw_ip *ip)
{
	struct gw_ip at;

	if (r->listen[0] == '\0')
		return true;
	if (!listen_ip(r, &at))
		return false;
	return memcmp(at.b, ip->b, sizeof at.b) == 0 ||
	       (gw_ip_is_any(&at) && gw_ip_is_v4(&at) == gw_ip_is_v4(ip));
}

size_t
gw_match_listener(const struct gw_rule *rules, size_t count,
    enum gw_rule_protocol protocol, const struct gw_ip *ip,
    const struct gw_match_ports *ports)
{
	size_t i = 0;

	while (i < count &&
	       (rules[i].protocol != protocol || !is_reached(&rules[i], ip) ||
		   common(rules[i].port, rules[i].ports, ports->first,
		       ports->count) == 0))
		i++;
	return i;
}

bool
gw_match_clash(const struct gw_rule *a, const struct gw_rule *b, uint16_t *port)
{
	const uint16_t both = common(a->port, a->ports, b->port, b->ports);
	struct gw_ip at, other;

	if (a->protocol != b->protocol || both == 0)
		return false;
	*port = both;
	if (a->listen[0] == '\0' || b->listen[0] == '\0' ||
	    strcmp(a->listen, b->listen) == 0)
		return true;
	if (!listen_ip(a, &at) || !listen_ip(b, &other) ||
	    gw_ip_is_v4(&at) != gw_ip_is_v4(&other))
		return false;
	return gw_ip_is_any(&at) || gw_ip_is_any(&other);
}
