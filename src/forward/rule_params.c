#include <string.h>
#include <strings.h>

#include "forward/rule_private.h"

/* ---- what there is ---- */

enum kind {
	DURATION, /* uint32_t of milliseconds */
	COUNT,    /* uint32_t, at least 1 */
	SWITCH,   /* uint32_t, 0 or 1 */
	WORD,     /* uint32_t, the place in `words` */
	ADDRESS,  /* char[GW_RULE_HOST + 1] */
	NAME,     /* char[GW_RULE_NAME + 1] */
	NETS,     /* struct gw_rule_nets */
	KEEPALIVE,
	STATELESS,
	NOT_NEEDED
};

enum { TCP = 1 << GW_RULE_TCP, UDP = 1 << GW_RULE_UDP, BOTH = TCP | UDP };

/* In the order of the enums; what others call it comes after. */
static const char *const strategies[] = { "round", "random", "first", "hash",
	NULL };
static const char *const proxies[] = { "none", "v2", "v2-each", "spp", NULL };
static const char *const icmps[] = { "ignore", "close", "reflect", NULL };
static const char *const sheds[] = { "reject", "evict", NULL };

static const struct param {
	const char *name;
	unsigned protocols;
	enum kind kind;
	size_t offset;
	const char *const *words;
} params[] = {
#define P(name, protocols, kind, member)                                       \
	{                                                                      \
		name, protocols, kind, offsetof(struct gw_rule, member), NULL  \
	}
#define W(name, protocols, member, words)                                      \
	{                                                                      \
		name, protocols, WORD, offsetof(struct gw_rule, member), words \
	}
	P("name", BOTH, NAME, name),
	P("ttl", BOTH, DURATION, ttl_ms),
	P("unreplied", UDP, DURATION, unreplied_ms),
	P("life", BOTH, DURATION, life_ms),
	P("responses", UDP, COUNT, responses),
	P("requests", UDP, COUNT, requests),
	P("connect", TCP, DURATION, connect_ms),
	W("strategy", BOTH, strategy, strategies),
	P("maxFails", BOTH, COUNT, max_fails),
	P("failTimeout", BOTH, DURATION, fail_timeout_ms),
	P("refresh", BOTH, DURATION, refresh_ms),
	W("proxy", BOTH, proxy, proxies),
	P("transparent", BOTH, SWITCH, transparent),
	P("source", BOTH, ADDRESS, source),
	P("allow", BOTH, NETS, allow),
	P("deny", BOTH, NETS, deny),
	P("max", BOTH, COUNT, max),
	P("perSource", BOTH, COUNT, per_source),
	W("shed", BOTH, shed, sheds),
	W("icmp", UDP, icmp, icmps),
	P("ratio", UDP, COUNT, ratio),
	P("unproven", UDP, COUNT, unproven),
	P("df", UDP, SWITCH, dont_fragment),
	P("keepAlive", BOTH, KEEPALIVE, no_keepalive),
	P("backlog", BOTH, COUNT, backlog),
	P("stateless", BOTH, STATELESS, responses),
	P("readBufferSize", BOTH, NOT_NEEDED, ignored_buffer),
	P("readQueueSize", BOTH, NOT_NEEDED, ignored_buffer),
#undef P
#undef W
};

/* What else people call them, or their words. */
static const struct also {
	const char *theirs, *ours;
} also[] = {
	{ "idle", "ttl" },
	{ "timeout", "ttl" },
	{ "timeout_sec", "ttl" },
	{ "proxy_timeout", "ttl" },
	{ "proxy_responses", "responses" },
	{ "proxy_requests", "requests" },
	{ "connectTimeout", "connect" },
	{ "proxyProtocol", "proxy" },
	{ "proxy_protocol", "proxy" },
	{ "max_fails", "maxFails" },
	{ "fail_timeout", "failTimeout" },
	{ "proxy_bind", "source" },
	{ "maxFlows", "max" },
	{ "tproxy", "transparent" },
	{ "bufferSize", "readBufferSize" },
	/* words */
	{ "roundrobin", "round" },
	{ "rr", "round" },
	{ "rand", "random" },
	{ "fifo", "first" },
	{ "2", "v2" },
	{ "each", "v2-each" },
	{ "off", "none" },
	{ "evict-oldest-unreplied", "evict" },
};

static const char *
our_word(const char *word)
{
	for (size_t i = 0; i < sizeof also / sizeof *also; i++)
		if (strcasecmp(also[i].theirs, word) == 0)
			return also[i].ours;
	return word;
}

static const struct param *
param_named(const char *name)
{
	name = our_word(name);
	for (size_t i = 0; i < sizeof params / sizeof *params; i++)
		if (strcasecmp(params[i].name, name) == 0)
			return &params[i];
	return NULL;
}

/* ---- values ---- */

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c != '\0' ? strchr(digits, c) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

/* %XX becomes a character, in place; false: it is none that can be read. */
static bool
decode(char *text)
{
	char *out = text;

	for (; *text != '\0'; text++) {
		int c = (unsigned char)*text;

		if (c == '%') {
			int high = hex_digit(text[1]), low;

			if (high < 0 || (low = hex_digit(text[2])) < 0)
				return false;
			c = high << 4 | low;
			text += 2;
		}
		if (c <= ' ' || c > '~')
			return false;
		*out++ = (char)c;
	}
	*out = '\0';
	return true;
}

bool
gw_rule_number(const char **text, uint64_t most, uint64_t *out)
{
	uint64_t v = 0;

	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; ++*text)
		if ((v = v * 10 + (uint64_t)(**text - '0')) > most)
			return false;
	*out = v;
	return true;
}

/* "1h30m", "5s", "250ms"; a bare number is seconds.  Not 0. */
static bool
duration(const char *text, uint32_t *ms)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 }, { "d", 86400000 } };
	uint64_t v, sum = 0;

	do {
		size_t i = 0, n = sizeof units / sizeof *units;

		if (!gw_rule_number(&text, INT32_MAX, &v))
			return false;
		if (sum == 0 && *text == '\0')
			i = 1; /* seconds */
		else
			while (i < n && strncmp(text, units[i].name,
					    strlen(units[i].name)) != 0)
				i++;
		if (i == n || (sum += v * units[i].ms) > INT32_MAX)
			return false;
		text += *text != '\0' ? strlen(units[i].name) : 0;
	} while (*text != '\0');
	*ms = (uint32_t)sum;
	return sum != 0;
}

static bool
truth(const char *text, bool *out)
{
	static const char *const yes[] = { "", "true", "1", "yes", "on" },
				 *const no[] = { "false", "0", "no", "off" };

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		if (strcasecmp(text, yes[i]) == 0) {
			*out = true;
			return true;
		}
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		if (strcasecmp(text, no[i]) == 0) {
			*out = false;
			return true;
		}
	return false;
}

/* ADDRESS/BITS,... added to what is there. */
static bool
nets(char *text, struct gw_rule_nets *out)
{
	char *next;

	for (; text != NULL; text = next) {
		if ((next = strchr(text, ',')) != NULL)
			*next++ = '\0';
		if (out->count == GW_RULE_NETS ||
		    !gw_ip_net_parse(text, &out->v[out->count]))
			return false;
		out->count++;
	}
	return true;
}

static bool
word(const char *const *words, const char *text, uint32_t *out)
{
	const char *given[2] = { text, our_word(text) };

	for (size_t k = 0; k < 2; k++)
		for (uint32_t i = 0; words[i] != NULL; i++)
			if (strcasecmp(words[i], given[k]) == 0) {
				*out = i;
				return true;
			}
	return false;
}

/* What gost and others mean by these for UDP: over after one answer. */
static void
one_answer(struct gw_rule *r)
{
	if (r->responses == 0)
		r->responses = 1;
}

static bool
label(const char *text, char out[GW_RULE_NAME + 1])
{
	size_t n = strlen(text);

	if (n == 0 || n > GW_RULE_NAME || strpbrk(text, "&%#?\\\"'") != NULL)
		return false;
	memcpy(out, text, n + 1);
	return true;
}

static bool
take(struct gw_rule *r, const struct param *p, char *text)
{
	void *at = (char *)r + p->offset;
	uint64_t n;
	bool on;

	switch (p->kind) {
	case DURATION:
		return duration(text, at);
	case COUNT: {
		const char *end = text;

		if (!gw_rule_number(&end, INT32_MAX, &n) || *end != '\0' ||
		    n == 0)
			return false;
		*(uint32_t *)at = (uint32_t)n;
		return true;
	}
	case WORD:
		return word(p->words, text, at);
	case ADDRESS:
		return gw_rule_address(text, at);
	case NAME:
		return label(text, at);
	case NETS:
		return nets(text, at);
	case NOT_NEEDED:
		r->ignored_buffer = true;
		return true;
	case SWITCH:
	case KEEPALIVE:
	case STATELESS:
		break;
	}
	if (!truth(text, &on))
		return false;
	if (p->kind == SWITCH)
		*(uint32_t *)at = on;
	else if (p->kind == KEEPALIVE && r->protocol == GW_RULE_TCP)
		r->no_keepalive = !on;
	else if ((p->kind == STATELESS) == on && r->protocol == GW_RULE_UDP)
		one_answer(r);
	return true;
}

static bool
parse_one(struct gw_rule *r, char *text, char why[GW_RULE_WHY])
{
	char *value = strchr(text, '=');
	const struct param *p;

	if (value != NULL)
		*value++ = '\0';
	else
		value = text + strlen(text);
	if ((p = param_named(text)) == NULL)
		return gw_rule_wrong(why,
		    "there is no parameter \"%.40s\"; see godwit-forward(1)",
		    text);
	if ((p->protocols & 1u << r->protocol) == 0)
		return gw_rule_wrong(why, "%s is not for %s", p->name,
		    gw_rule_protocol_name(r->protocol));
	if (!decode(value) || !take(r, p, value))
		return gw_rule_wrong(why,
		    "%s=%.80s cannot be understood; see godwit-forward(1)",
		    p->name, value);
	return true;
}

/* What does not go together. */
static bool
check(const struct gw_rule *r, char why[GW_RULE_WHY])
{
	if (r->transparent && r->source[0] != '\0')
		return gw_rule_wrong(why,
		    "transparent speaks from the client's address: there is "
		    "no other source");
	if (r->proxy >= GW_RULE_PROXY_V2_EACH && r->protocol == GW_RULE_TCP)
		return gw_rule_wrong(
		    why, "proxy=%s is for udp", proxies[r->proxy]);
	return true;
}

bool
gw_rule_params_parse(struct gw_rule *r, char *text, char why[GW_RULE_WHY])
{
	char *next;

	for (; text != NULL; text = next) {
		if ((next = strchr(text, '&')) != NULL)
			*next++ = '\0';
		if (*text != '\0' && !parse_one(r, text, why))
			return false;
	}
	return check(r, why);
}

/* ---- writing ---- */

static void
put_duration(struct gw_rule_writer *w, uint32_t ms)
{
	if (ms % 1000 != 0)
		gw_rule_put(w, "%ums", (unsigned)ms);
	else
		gw_rule_put(w, "%us", (unsigned)(ms / 1000));
}

static void
put_nets(struct gw_rule_writer *w, const struct gw_rule_nets *n)
{
	char text[GW_IP_TEXT];

	for (size_t i = 0; i < n->count; i++) {
		gw_ip_net_text(&n->v[i], text);
		gw_rule_put(w, "%s%s", i > 0 ? "," : "", text);
	}
}

static bool
is_default(const struct gw_rule *r, const struct param *p)
{
	const void *at = (const char *)r + p->offset;

	switch (p->kind) {
	case STATELESS:
	case NOT_NEEDED:
		return true; /* told as responses=1, or not at all */
	case ADDRESS:
	case NAME:
		return *(const char *)at == '\0';
	case NETS:
		return ((const struct gw_rule_nets *)at)->count == 0;
	case DURATION:
	case COUNT:
	case SWITCH:
	case WORD:
	case KEEPALIVE:
		break;
	}
	return *(const uint32_t *)at == 0;
}

static void
put(struct gw_rule_writer *w, const struct gw_rule *r, const struct param *p)
{
	const void *at = (const char *)r + p->offset;

	gw_rule_put(w, "%s=", p->name);
	if (p->kind == DURATION)
		put_duration(w, *(const uint32_t *)at);
	else if (p->kind == COUNT)
		gw_rule_put(w, "%u", (unsigned)*(const uint32_t *)at);
	else if (p->kind == WORD)
		gw_rule_put(w, "%s", p->words[*(const uint32_t *)at]);
	else if (p->kind == NETS)
		put_nets(w, at);
	else if (p->kind == ADDRESS)
		gw_rule_put_host(w, at, "%25");
	else if (p->kind == NAME)
		gw_rule_put(w, "%s", (const char *)at);
	else
		gw_rule_put(w, p->kind == SWITCH ? "true" : "false");
}

void
gw_rule_params_put(struct gw_rule_writer *w, const struct gw_rule *r)
{
	char mark = '?';

	for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
		if (is_default(r, &params[i]))
			continue;
		gw_rule_put(w, "%c", mark);
		put(w, r, &params[i]);
		mark = '&';
	}
}
