#include "cli/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *
parse_port(const char *s, uint16_t *port)
{
	unsigned long v = 0;

	if (*s == '\0')
		return "has no port after the colon";
	for (; *s != '\0'; s++) {
		if (!isdigit((unsigned char)*s))
			return "has a port that is no number";
		v = v * 10 + (unsigned long)(*s - '0');
		if (v > 65535)
			return "has a port above 65535";
	}
	if (v == 0)
		return "has port 0, which nobody can reach";
	*port = (uint16_t)v;
	return NULL;
}

static const char *
set_host(struct cli_address *a, const char *s, size_t n)
{
	if (n > CLI_HOST_MAX)
		return "is too long for a host's name";
	for (size_t i = 0; i < n; i++)
		if (iscntrl((unsigned char)s[i]) || s[i] == ' ' ||
		    s[i] == '/' || s[i] == '@')
			return "has a character that no host's name has";
	memcpy(a->host, s, n);
	a->host[n] = '\0';
	return NULL;
}

/* Is it an IPv6 address, with or without a zone? */
static bool
is_ipv6(const char *s, size_t n)
{
	char text[INET6_ADDRSTRLEN + 1];
	unsigned char bytes[16];
	const char *zone = memchr(s, '%', n);

	if (zone != NULL && zone + 1 == s + n)
		return false;
	if (zone != NULL)
		n = (size_t)(zone - s);
	if (n >= sizeof text)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	return inet_pton(AF_INET6, text, bytes) == 1;
}

static const char *
parse_bracketed(const char *text, struct cli_address *a)
{
	const char *end = strchr(text, ']');

	if (end == NULL)
		return "has no closing bracket";
	if (!is_ipv6(text + 1, (size_t)(end - text - 1)))
		return "has no IPv6 address between its brackets";
	if (end[1] == ':') {
		a->port_given = true;
		const char *wrong = parse_port(end + 2, &a->port);
		if (wrong != NULL)
			return wrong;
	} else if (end[1] != '\0') {
		return "has something other than a port after its bracket";
	}
	return set_host(a, text + 1, (size_t)(end - text - 1));
}

/* The host may be missing: whether that is right is the caller's to say. */
static const char *
parse(const char *text, struct cli_address *a)
{
	const char *colon = strchr(text, ':'), *wrong;
	size_t n = strlen(text);

	if (*text == '[')
		return parse_bracketed(text, a);
	if (is_ipv6(text, n))
		return set_host(a, text, n);
	if (colon == NULL)
		return set_host(a, text, n);
	if (strchr(colon + 1, ':') != NULL)
		return "has more than one colon and is no IPv6 address: "
		       "write [ADDRESS]:PORT";
	a->port_given = true;
	if ((wrong = parse_port(colon + 1, &a->port)) != NULL)
		return wrong;
	return set_host(a, text, (size_t)(colon - text));
}

const char *
cli_address_parse(const char *text, struct cli_address *out)
{
	struct cli_address a = { .given = true };
	const char *wrong = parse(text, &a);

	if (wrong != NULL)
		return wrong;
	if (a.host[0] == '\0')
		return "names no host";
	*out = a;
	return NULL;
}

const char *
cli_address_parse_whom(const char *text, struct cli_address *out)
{
	const char *equals = strchr(text, '='), *wrong;
	size_t n = equals != NULL ? (size_t)(equals - text) : 0;

	if (equals == NULL)
		return cli_address_parse(text, out);
	if (n == 0)
		return "names no device before its =";
	if (n > CLI_DEVICE_MAX)
		return "has too long a name of a device";
	if ((wrong = cli_address_parse(equals + 1, out)) != NULL)
		return wrong;
	memcpy(out->device, text, n);
	out->device[n] = '\0';
	return NULL;
}

const char *
cli_address_parse_listen(const char *text, struct cli_address *out)
{
	struct cli_address a = { .given = true };
	const char *wrong = parse(text, &a);

	if (wrong != NULL)
		return wrong;
	if (*text == '\0')
		return "is empty: write ADDRESS, :PORT or ADDRESS:PORT";
	if (a.host[0] != '\0' && !a.port_given &&
	    strspn(a.host, "0123456789") == strlen(a.host))
		return "is a bare number: write :PORT for a port";
	if (strcmp(a.host, "*") == 0)
		a.host[0] = '\0';
	*out = a;
	return NULL;
}

void
cli_address_text(char out[CLI_ADDRESS_TEXT], const char *host, uint16_t port)
{
	bool v6 = strchr(host, ':') != NULL;
	size_t n = strcspn(host, "%");
	const char *zone = host[n] != '\0' ? "%INTERFACE" : "";

	snprintf(out, CLI_ADDRESS_TEXT, v6 ? "[%.*s%s]:%u" : "%.*s%s:%u",
	    (int)n, host, zone, (unsigned)port);
}

enum reach { REACH_LOOPBACK, REACH_LINK, REACH_V6, REACH_V4 };

static enum reach
reach_of(const char *a)
{
	if (strncmp(a, "127.", 4) == 0 || strcmp(a, "::1") == 0)
		return REACH_LOOPBACK;
	if (strchr(a, '%') != NULL || strncasecmp(a, "fe80:", 5) == 0 ||
	    strncmp(a, "169.254.", 8) == 0)
		return REACH_LINK;
	return strchr(a, ':') != NULL ? REACH_V6 : REACH_V4;
}

bool
cli_address_reachable(const char *address)
{
	return reach_of(address) >= REACH_V6;
}

size_t
cli_address_best(const char *const *addresses, size_t count)
{
	size_t best = 0;

	for (size_t i = 1; i < count; i++)
		if (reach_of(addresses[i]) > reach_of(addresses[best]))
			best = i;
	return best;
}
