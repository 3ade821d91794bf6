#include "forward/relay_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

/* ---- names of ports ---- */

struct well_known {
	const char *name;
	uint16_t ports[2];
	const char *groups; /* NULL: broadcast */
	enum gw_relay_source source;
	bool by_mx;
};

static const struct well_known names[] = {
	{ "ssdp", { 1900 }, "239.255.255.250,ff02::c,ff05::c",
	    GW_RELAY_INTERFACE, true },
	/* Who answers from another port is no mDNS (RFC 6762, 6). */
	{ "mdns", { 5353 }, "224.0.0.251,ff02::fb", GW_RELAY_KEEP_PORT, false },
	{ "wol", { 9, 7 }, NULL, GW_RELAY_INTERFACE, false },
	{ "dhcp", { 67, 68 }, NULL, GW_RELAY_KEEP_PORT, false },
	{ "godwit", { GW_BEACON_PORT }, GW_BEACON_GROUP, GW_RELAY_INTERFACE,
	    false },
};

enum { NAMES = sizeof names / sizeof *names };

const char *
gw_relay_well_known(size_t n)
{
	return n < NAMES ? names[n].name : NULL;
}

/* ---- reading ---- */

enum { WORD = 2048 }; /* KEY=VALUE, with NUL */

struct parse {
	struct gw_relay_ruleset *set;
	struct gw_relay_rule *rule;
	/* Lists of interfaces, the last ones that were said: the others get
	 * no number. */
	char between[WORD], from[WORD];
	char *why;
};

static bool __attribute__((format(printf, 2, 3)))
wrong(const struct parse *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(p->why, GW_RELAY_WHY, format, ap);
	va_end(ap);
	return false;
}

/* The next item of a list with commas, cut off; false: none is left. */
static bool
next_item(const char **rest, char *out, size_t size)
{
	size_t n;

	if (*rest == NULL)
		return false;
	n = strcspn(*rest, ",");
	snprintf(out, size, "%.*s", (int)(n < size ? n : size), *rest);
	*rest = (*rest)[n] == ',' ? *rest + n + 1 : NULL;
	return true;
}

static bool
number(const char *text, uint32_t most, uint32_t *out)
{
	uint64_t n = 0;

	if (*text == '\0' || strlen(text) > 9)
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	if (n > most)
		return false;
	*out = (uint32_t)n;
	return true;
}

/* What cannot stand in a list of names. */
#define UNFIT "/&?=, \t\n"

/* Its number; a new one, if need be.  False: there is no room, or it is no
 * name of an interface. */
static bool
link_number(struct parse *p, const char *name, unsigned *out)
{
	struct gw_relay_ruleset *s = p->set;
	size_t n = strlen(name);

	for (unsigned i = 0; i < s->name_count; i++)
		if (strcmp(s->names[i], name) == 0) {
			*out = i;
			return true;
		}
	if (name[0] == '@')
		return wrong(
		    p, "%.66s: neither --via nor --for names that", name);
	if (n == 0 || n >= GW_RELAY_NAME || strpbrk(name, UNFIT) != NULL)
		return wrong(p, "\"%.40s\" is no name of an interface", name);
	if (s->name_count == GW_RELAY_LINKS)
		return wrong(p, "at most %d interfaces", GW_RELAY_LINKS);
	memcpy(s->names[s->name_count], name, n + 1);
	*out = (unsigned)s->name_count++;
	return true;
}

static bool
set_links(struct parse *p, const char *value, uint32_t *out)
{
	char name[GW_RELAY_PLACE + 1];
	uint32_t set = 0;
	unsigned i = 0;

	while (next_item(&value, name, sizeof name)) {
		if (!link_number(p, name, &i))
			return false;
		if ((set & 1u << i) != 0)
			return wrong(p, "%s stands there twice", name);
		set |= 1u << i;
	}
	*out = set;
	return true;
}

static bool
set_address(struct parse *p, const char *text, struct gw_endpoint *out)
{
	struct gw_ip ip;

	if (!gw_ip_parse(text, &ip))
		return wrong(p, "\"%.60s\" is no numeric address", text);
	*out = (struct gw_endpoint){ .port = 0 };
	memcpy(out->ip, ip.b, sizeof out->ip);
	return true;
}

static bool
is_group(const struct gw_endpoint *e)
{
	return gw_relay_is_v4(e) ? (e->ip[12] & 0xf0) == 0xe0
				 : e->ip[0] == 0xff;
}

static bool
set_groups(struct parse *p, const char *value)
{
	struct gw_relay_rule *r = p->rule;
	char text[64];

	r->group_count = 0;
	r->broadcast = false;
	while (next_item(&value, text, sizeof text)) {
		if (r->group_count == GW_RELAY_GROUPS)
			return wrong(
			    p, "at most %d groups a rule", GW_RELAY_GROUPS);
		if (!set_address(p, text, &r->groups[r->group_count]))
			return false;
		if (!is_group(&r->groups[r->group_count]))
			return wrong(p, "%s is no multicast group", text);
		r->group_count++;
	}
	return true;
}

static bool
set_source(struct parse *p, const char *value)
{
	struct gw_relay_rule *r = p->rule;

	if (strcmp(value, "keep") == 0)
		r->source = GW_RELAY_KEEP;
	else if (strcmp(value, "interface") == 0)
		r->source = GW_RELAY_INTERFACE;
	else if (strcmp(value, "interface:keep-port") == 0)
		r->source = GW_RELAY_KEEP_PORT;
	else if (set_address(p, value, &r->address))
		r->source = GW_RELAY_ADDRESS;
	else
		return wrong(p,
		    "source is keep, interface, interface:keep-port or an "
		    "address, not \"%.60s\"",
		    value);
	return true;
}

static bool
set_nets(struct parse *p, const char *value, struct gw_relay_nets *out)
{
	char text[64];

	out->count = 0;
	while (next_item(&value, text, sizeof text)) {
		if (out->count == GW_RELAY_NETS)
			return wrong(
			    p, "at most %d networks in a list", GW_RELAY_NETS);
		if (!gw_ip_net_parse(text, &out->v[out->count]))
			return wrong(p,
			    "\"%.60s\" is no network such as 10.0.0.0/8", text);
		out->count++;
	}
	return true;
}

static bool
set_broadcast(struct parse *p, const char *value)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return wrong(p, "broadcast is yes or no");
	p->rule->broadcast = value[0] == 'y';
	return true;
}

static bool
set_numbers(struct parse *p, const char *key, const char *value)
{
	enum { RATE_MOST = 1000000 };
	uint32_t n;

	if (strcmp(key, "rate") == 0) {
		if (!number(value, RATE_MOST, &n) || n == 0)
			return wrong(p,
			    "rate is a number of datagrams a second, from 1 "
			    "to 1,000,000");
		p->rule->rate = n;
		return true;
	}
	if (!number(value, GW_RELAY_REPLIES_MAX / 1000000, &n) || n == 0)
		return wrong(p, "replies is a number of seconds, from 1 to 60");
	p->rule->replies = n * GW_SEC;
	p->rule->by_mx = false;
	return true;
}

static bool
keep(struct parse *p, const char *value, char out[WORD])
{
	if (strlen(value) >= WORD)
		return wrong(p, "a list of more than %d characters", WORD - 1);
	memcpy(out, value, strlen(value) + 1);
	return true;
}

static bool
set_word(struct parse *p, const char *key, const char *value)
{
	if (strcmp(key, "between") == 0)
		return keep(p, value, p->between);
	if (strcmp(key, "from") == 0)
		return keep(p, value, p->from);
	if (strcmp(key, "group") == 0)
		return set_groups(p, value);
	if (strcmp(key, "broadcast") == 0)
		return set_broadcast(p, value);
	if (strcmp(key, "source") == 0)
		return set_source(p, value);
	if (strcmp(key, "allow") == 0)
		return set_nets(p, value, &p->rule->allow);
	if (strcmp(key, "deny") == 0)
		return set_nets(p, value, &p->rule->deny);
	if (strcmp(key, "rate") == 0 || strcmp(key, "replies") == 0)
		return set_numbers(p, key, value);
	return wrong(p,
	    "\"%.40s\" is no word of a rule: between, from, group, broadcast, "
	    "source, allow, deny, rate, replies",
	    key);
}

/* "KEY=VALUE&KEY=VALUE" */
static bool
set_words(struct parse *p, const char *text)
{
	char word[WORD], *equals;

	while (text != NULL) {
		size_t n = strcspn(text, "&");

		if (n >= sizeof word)
			return wrong(
			    p, "a word of more than %d characters", WORD - 1);
		memcpy(word, text, n);
		word[n] = '\0';
		if ((equals = strchr(word, '=')) == NULL)
			return wrong(p, "\"%.60s\" should be KEY=VALUE", word);
		*equals = '\0';
		if (!set_word(p, word, equals + 1))
			return false;
		text = text[n] == '&' ? text + n + 1 : NULL;
	}
	return true;
}

/* What it is about, before anything else is said. */
static bool
begin(struct parse *p, const char *what, const struct well_known **known)
{
	uint32_t port;

	*p->rule = (struct gw_relay_rule){ .broadcast = true,
		.rate = GW_RELAY_RATE,
		.replies = GW_RELAY_REPLIES };
	*known = NULL;
	for (size_t i = 0; i < NAMES; i++)
		if (strcmp(names[i].name, what) == 0)
			*known = &names[i];
	if (*known == NULL) {
		if (!number(what, 65535, &port) || port == 0)
			return wrong(p,
			    "\"%.40s\" is no port from 1 to 65535, and none "
			    "of ssdp, mdns, wol, dhcp, godwit",
			    what);
		p->rule->port = (uint16_t)port;
		return true;
	}
	p->rule->port = (*known)->ports[0];
	p->rule->source = (*known)->source;
	p->rule->by_mx = (*known)->by_mx;
	if ((*known)->groups != NULL && !set_groups(p, (*known)->groups))
		return false;
	/* Where there is no IPv6, too. */
	if (p->rule->port == GW_BEACON_PORT)
		p->rule->broadcast = true;
	return true;
}

/* ---- adding ---- */

static bool
is_about_destination(const char *key)
{
	return strcmp(key, "group") == 0 || strcmp(key, "broadcast") == 0;
}

static bool
finish(struct parse *p)
{
	struct gw_relay_ruleset *s = p->set;
	struct gw_relay_rule *r = p->rule;
	const char *bad;

	r->beacons = r->port == GW_BEACON_PORT;
	if (p->between[0] == '\0')
		return wrong(
		    p, "between which interfaces? Say --between eth0,eth1");
	if (!set_links(p, p->between, &r->between))
		return false;
	if ((r->between & s->sites) == 0)
		r->between |= s->sites;
	if (r->beacons && (r->between & s->sites) != 0)
		return wrong(p,
		    "godwit's own discovery does not go to another site: there "
		    "a device is reached by its address. Carry it between "
		    "interfaces with another `godwit relay`");
	r->from = r->between;
	if (p->from[0] != '\0' && !set_links(p, p->from, &r->from))
		return false;
	if ((r->from & ~r->between) != 0)
		return wrong(p, "from: only interfaces that it joins");
	if ((bad = gw_relay_rule_wrong(r)) != NULL)
		return wrong(p, "%s", bad);
	for (size_t i = 0; i < s->count; i++)
		if (gw_relay_rules_overlap(&s->rules[i], r))
			return wrong(p,
			    "rule %zu carries the same already: each datagram "
			    "would be sent twice",
			    i + 1);
	if (s->count == GW_RELAY_RULES)
		return wrong(p, "at most %d rules", GW_RELAY_RULES);
	s->rules[s->count++] = *r;
	return true;
}

static bool
add(struct parse *p, const char *text, const struct gw_relay_word *words,
    size_t word_count)
{
	const struct well_known *known;
	size_t n = strcspn(text, "?");
	char what[64];

	if (n >= sizeof what)
		return wrong(p, "\"%.40s\" is no port", text);
	memcpy(what, text, n);
	what[n] = '\0';
	if (!begin(p, what, &known))
		return false;
	for (size_t i = 0; i < word_count; i++) {
		if (known != NULL && is_about_destination(words[i].key))
			continue;
		if (!set_word(p, words[i].key, words[i].value))
			return false;
	}
	if (!set_words(p, text[n] == '?' ? text + n + 1 : NULL) || !finish(p))
		return false;
	if (known == NULL || known->ports[1] == 0)
		return true;
	p->rule->port = known->ports[1];
	return finish(p);
}

bool
gw_relay_ruleset_add(struct gw_relay_ruleset *s, const char *text,
    const struct gw_relay_word *words, size_t word_count,
    char why[GW_RELAY_WHY])
{
	struct gw_relay_ruleset before = *s;
	struct gw_relay_rule rule;
	struct parse p = { .set = s, .rule = &rule, .why = why };
	char reason[GW_RELAY_WHY];

	if (add(&p, text, words, word_count))
		return true;
	*s = before;
	memcpy(reason, why, sizeof reason);
	snprintf(why, GW_RELAY_WHY, "%.80s: %.170s", text, reason);
	return false;
}

bool
gw_relay_ruleset_add_site(
    struct gw_relay_ruleset *s, const char *device, char why[GW_RELAY_WHY])
{
	struct parse p = { .set = s, .why = why };
	char *name = s->names[s->name_count];

	GW_ASSERT(s->count == 0);
	if (*device == '\0' || strlen(device) > GW_NAME_MAX ||
	    strpbrk(device, UNFIT) != NULL)
		return wrong(&p,
		    "\"%.64s\" cannot stand in a rule: give the device a name "
		    "without blanks and any of / & ? = and commas, by `godwit "
		    "devices rename`",
		    device);
	for (size_t i = 0; i < s->name_count; i++)
		if (strcmp(s->names[i] + 1, device) == 0)
			return wrong(&p, "%s stands there twice", device);
	/* There is to be an interface, too. */
	if (s->name_count == GW_RELAY_LINKS - 1)
		return wrong(&p, "at most %d sites", GW_RELAY_LINKS - 1);
	snprintf(name, GW_RELAY_PLACE, "@%s", device);
	s->sites |= 1u << s->name_count++;
	return true;
}

bool
gw_relay_ruleset_add_peers(
    struct gw_relay_ruleset *s, const char *text, char why[GW_RELAY_WHY])
{
	struct parse p = { .set = s, .why = why };
	struct gw_endpoint peers[GW_RELAY_PEERS];
	const char *rest = strchr(text, '=');
	size_t n = rest != NULL ? (size_t)(rest - text) : 0, count = 0, link;
	char item[64];

	for (link = 0; link < s->name_count; link++)
		if (n != 0 && strlen(s->names[link]) == n &&
		    memcmp(s->names[link], text, n) == 0)
			break;
	if (n == 0 || link == s->name_count || (s->sites & 1u << link) != 0)
		return wrong(&p,
		    "\"%.80s\" should be INTERFACE=ADDRESS, of an interface "
		    "that a rule joins",
		    text);
	for (rest++; next_item(&rest, item, sizeof item); count++) {
		if (count == GW_RELAY_PEERS)
			return wrong(&p, "at most %d peers an interface",
			    GW_RELAY_PEERS);
		if (!set_address(&p, item, &peers[count]))
			return false;
		if (is_group(&peers[count]))
			return wrong(&p, "%s is a group, and no peer", item);
	}
	memcpy(s->peers[link], peers, count * sizeof *peers);
	s->peer_counts[link] = count;
	return true;
}
