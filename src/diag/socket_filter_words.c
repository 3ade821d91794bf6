#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "diag/socket_filter_private.h"

/* As gw_filter_kind_bit gives them. */
#define TCP4 0x1U
#define TCP6 0x2U
#define UDP4 (0x4U | OWN4)
#define UDP6 (0x8U | OWN6)
#define OWN4 0x10U
#define OWN6 0x20U
_Static_assert(
    GW_SOCKET_TCP == 0 && GW_SOCKET_UDP == 1 && GW_SOCKET_SESSION == 2,
    "bits of kinds");

/* Sessions of godwit are over UDP. */
static const struct {
	const char *word;
	uint32_t kinds;
} kind_words[] = {
	{ "tcp", TCP4 | TCP6 },
	{ "udp", UDP4 | UDP6 },
	{ "godwit", OWN4 | OWN6 },
	{ "ipv4", TCP4 | UDP4 },
	{ "inet", TCP4 | UDP4 },
	{ "ipv6", TCP6 | UDP6 },
	{ "inet6", TCP6 | UDP6 },
	{ "tcp4", TCP4 },
	{ "tcp6", TCP6 },
	{ "udp4", UDP4 },
	{ "udp6", UDP6 },
};

static const struct {
	const char *key;
	enum gw_filter_kind kind;
	enum gw_filter_side side;
} keys[] = {
	{ "port", GW_FILTER_PORT, GW_FILTER_EITHER },
	{ "lport", GW_FILTER_PORT, GW_FILTER_LOCAL },
	{ "sport", GW_FILTER_PORT, GW_FILTER_LOCAL },
	{ "rport", GW_FILTER_PORT, GW_FILTER_REMOTE },
	{ "dport", GW_FILTER_PORT, GW_FILTER_REMOTE },
	{ "host", GW_FILTER_ADDRESS, GW_FILTER_EITHER },
	{ "addr", GW_FILTER_ADDRESS, GW_FILTER_EITHER },
	{ "local", GW_FILTER_ADDRESS, GW_FILTER_LOCAL },
	{ "src", GW_FILTER_ADDRESS, GW_FILTER_LOCAL },
	{ "remote", GW_FILTER_ADDRESS, GW_FILTER_REMOTE },
	{ "peer", GW_FILTER_ADDRESS, GW_FILTER_REMOTE },
	{ "dst", GW_FILTER_ADDRESS, GW_FILTER_REMOTE },
	{ "proc", GW_FILTER_PROCESS, GW_FILTER_EITHER },
	{ "process", GW_FILTER_PROCESS, GW_FILTER_EITHER },
	{ "pid", GW_FILTER_PROCESS, GW_FILTER_EITHER },
};

/* Digits up to `end`; false: none, or above `most`. */
static bool
parse_number(const char *s, size_t n, unsigned long most, unsigned long *out)
{
	unsigned long v = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]))
			return false;
		v = v * 10 + (unsigned long)(s[i] - '0');
		if (v > most)
			return false;
	}
	*out = v;
	return n > 0;
}

/* "8008", "8000-8010", "*". */
static const char *
parse_ports(const char *s, size_t n, struct gw_filter_term *t)
{
	const char *dash = memchr(s, '-', n);
	size_t first_n = dash != NULL ? (size_t)(dash - s) : n;
	unsigned long first, last;

	if (n == 1 && *s == '*') {
		t->first_port = t->last_port = 0;
		return NULL;
	}
	if (n == 0)
		return "has no port after the colon";
	if (!parse_number(s, first_n, UINT16_MAX, &first))
		return "has a port that is no number from 1 to 65535";
	last = first;
	if (dash != NULL &&
	    !parse_number(dash + 1, n - first_n - 1, UINT16_MAX, &last))
		return "has a port that is no number from 1 to 65535";
	if (first == 0)
		return "has port 0, which no socket has";
	if (last < first)
		return "has ports that end before they begin";
	t->first_port = (uint16_t)first;
	t->last_port = (uint16_t)last;
	return NULL;
}

/* An address with or without /BITS and %ZONE, which does not count. */
static bool
parse_address(const char *s, size_t n, struct gw_filter_term *t)
{
	char text[INET6_ADDRSTRLEN];
	const char *slash = memchr(s, '/', n), *zone = memchr(s, '%', n);
	unsigned long bits = 128;
	size_t address_n = slash != NULL ? (size_t)(slash - s) : n;
	struct in_addr v4;
	bool ipv4;

	if (zone != NULL && zone < s + address_n)
		address_n = (size_t)(zone - s);
	if (address_n >= sizeof text)
		return false;
	memcpy(text, s, address_n);
	text[address_n] = '\0';
	ipv4 = inet_pton(AF_INET, text, &v4) == 1;
	if (ipv4) {
		memset(t->address, 0, 10);
		t->address[10] = t->address[11] = 0xff;
		memcpy(t->address + 12, &v4, 4);
	} else if (inet_pton(AF_INET6, text, t->address) != 1) {
		return false;
	}
	if (slash != NULL &&
	    !parse_number(
		slash + 1, (size_t)(s + n - slash) - 1, ipv4 ? 32 : 128, &bits))
		return false;
	t->bits = (unsigned)(slash != NULL && ipv4 ? 96 + bits : bits);
	return true;
}

static bool
looks_like_ports(const char *s, size_t n)
{
	return n > 0 && strspn(s, "0123456789-") >= n;
}

static const char *
parse_host(const char *s, size_t n, struct gw_filter_term *t)
{
	if (n == 1 && *s == '*') {
		t->bits = 0;
		return NULL;
	}
	if (parse_address(s, n, t))
		return NULL;
	if (memchr(s, '/', n) != NULL)
		return "is no network such as 10.0.0.0/8";
	if (n == 0 || n > GW_FILTER_HOST_MAX)
		return "names no host";
	for (size_t i = 0; i < n; i++)
		if (iscntrl((unsigned char)s[i]) ||
		    strchr(" :@[]%", s[i]) != NULL)
			return "is no address";
	t->name = s;
	t->name_length = n;
	return NULL;
}

/* "[::1]:8008" */
static const char *
parse_bracketed(const char *s, struct gw_filter_term *t)
{
	const char *end = strchr(s, ']');

	if (end == NULL)
		return "has no closing bracket";
	if (!parse_address(s + 1, (size_t)(end - s) - 1, t))
		return "has no IPv6 address between its brackets";
	if (end[1] == '\0')
		return NULL;
	if (end[1] != ':')
		return "has something other than a port after its bracket";
	return parse_ports(end + 2, strlen(end + 2), t);
}

/* "host", "host:port", ":port" or a port alone. */
static const char *
parse_end(const char *s, struct gw_filter_term *t)
{
	size_t n = strlen(s);
	const char *colon = strrchr(s, ':'), *wrong;

	t->kind = GW_FILTER_PORT;
	if (looks_like_ports(s, n))
		return parse_ports(s, n, t);
	if (*s == ':' && s[1] != ':')
		return parse_ports(s + 1, n - 1, t);
	t->kind = GW_FILTER_ADDRESS;
	if (*s == '[')
		return parse_bracketed(s, t);
	if (colon == NULL || strchr(s, '/') != NULL || parse_address(s, n, t))
		return parse_host(s, n, t);
	if (memchr(s, ':', (size_t)(colon - s)) != NULL)
		return "has more than one colon and is no IPv6 address: "
		       "write [ADDRESS]:PORT";
	wrong = parse_ports(colon + 1, strlen(colon + 1), t);
	return wrong != NULL ? wrong : parse_host(s, (size_t)(colon - s), t);
}

static const char *
parse_process(const char *s, struct gw_filter_term *t)
{
	unsigned long pid;

	if (*s == '\0')
		return "names no process";
	t->name = s;
	t->name_length = strlen(s);
	if (parse_number(s, t->name_length, INT32_MAX, &pid))
		t->pid = (uint32_t)pid;
	return NULL;
}

/* "a,b,c" as a set of states. */
static const char *
parse_states(const char *s, uint32_t *out)
{
	char one[32];
	uint32_t all = 0, states;

	for (;;) {
		size_t n = strcspn(s, ",");

		if (n >= sizeof one)
			return "is no state";
		memcpy(one, s, n);
		one[n] = '\0';
		if ((states = gw_socket_state_parse(one)) == 0)
			return "is no state: LISTEN, SYN_SENT, SYN_RCVD, "
			       "ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSING, "
			       "TIME_WAIT, CLOSE_WAIT, LAST_ACK, CLOSED, "
			       "UNCONNECTED or CONNECTED";
		all |= states;
		if (s[n] == '\0')
			break;
		s += n + 1;
	}
	*out = all;
	return NULL;
}

static void
add_states(struct gw_socket_filter *f, uint32_t states, bool negated)
{
	*(negated ? &f->not_states : &f->states) |= states;
}

static const char *
keep(struct gw_socket_filter *f, const struct gw_filter_term *t)
{
	return gw_filter_add_term(f, t) == GW_OK ? NULL
						 : "is one word too many";
}

/* KEY=VALUE, or KEY!=VALUE. */
static const char *
add_pair(struct gw_socket_filter *f, const char *word, const char *equals,
    bool negated)
{
	struct gw_filter_term t = { .bits = 128 };
	size_t n = (size_t)(equals - word);
	const char *value = equals + 1, *wrong;
	uint32_t states;

	if (n > 0 && word[n - 1] == '!') {
		n--;
		negated = !negated;
	}
	t.negated = negated;
	if (n == 5 && strncasecmp(word, "state", n) == 0) {
		if ((wrong = parse_states(value, &states)) == NULL)
			add_states(f, states, negated);
		return wrong;
	}
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (strlen(keys[i].key) != n ||
		    strncasecmp(word, keys[i].key, n) != 0)
			continue;
		t.side = keys[i].side;
		t.kind = keys[i].kind;
		if (t.kind == GW_FILTER_PORT && *value == ':')
			value++;
		if (t.kind == GW_FILTER_PROCESS)
			wrong = parse_process(value, &t);
		else if (t.kind == GW_FILTER_PORT)
			wrong = parse_ports(value, strlen(value), &t);
		else
			wrong = parse_end(value, &t);
		return wrong != NULL ? wrong : keep(f, &t);
	}
	return "is no filter: before = may stand port, lport, rport, host, "
	       "local, remote, state, proc or pid";
}

const char *
gw_socket_filter_add(struct gw_socket_filter *f, const char *word)
{
	struct gw_filter_term t = { .bits = 128 };
	const char *equals, *wrong;
	uint32_t states;
	bool negated = *word == '!';

	word += negated;
	if ((equals = strchr(word, '=')) != NULL)
		return add_pair(f, word, equals, negated);
	for (size_t i = 0; i < sizeof kind_words / sizeof *kind_words; i++)
		if (strcasecmp(word, kind_words[i].word) == 0) {
			*(negated ? &f->not_kinds : &f->kinds) |=
			    kind_words[i].kinds;
			return NULL;
		}
	if (parse_states(word, &states) == NULL) {
		add_states(f, states, negated);
		return NULL;
	}
	if (!looks_like_ports(word, strlen(word)) &&
	    strpbrk(word, ".:") == NULL && strcasecmp(word, "localhost") != 0)
		return "is no port, address, protocol or state: write "
		       "proc=NAME for a process, host=NAME for a host";
	t.negated = negated;
	wrong = parse_end(word, &t);
	return wrong != NULL ? wrong : keep(f, &t);
}
