#include "forward/ip.h"

#include <stdio.h>
#include <string.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

/* ---- reading ---- */

/* A decimal number at *text, at most `most`, without leading zeros. */
static bool
number(const char **text, unsigned most, unsigned *out)
{
	const char *p = *text;
	unsigned v = 0;

	if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9'))
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if ((v = v * 10 + (unsigned)(*p - '0')) > most)
			return false;
	*text = p;
	*out = v;
	return true;
}

/* a.b.c.d and nothing after it. */
static bool
parse_v4(const char *text, uint8_t out[4])
{
	for (size_t i = 0; i < 4; i++) {
		unsigned v;

		if ((i > 0 && *text++ != '.') || !number(&text, 255, &v))
			return false;
		out[i] = (uint8_t)v;
	}
	return *text == '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One to four digits. */
static bool
parse_group(const char **text, unsigned *out)
{
	unsigned v = 0, n = 0;

	for (; hex_digit(**text) >= 0; ++*text, n++) {
		if (n == 4)
			return false;
		v = v << 4 | (unsigned)hex_digit(**text);
	}
	*out = v;
	return n > 0;
}

/* Take a separator before a group; false: it is a mistake. */
static bool
separator(const char **text, size_t n, int *gap)
{
	if ((*text)[0] == ':' && (*text)[1] == ':') {
		if (*gap >= 0)
			return false;
		*gap = (int)n;
		*text += 2;
		return **text != ':';
	}
	if (n == 0)
		return **text != ':';
	return *(*text)++ == ':' && **text != '\0';
}

/* Groups from `text` on into v; *n bytes of it are there, *gap is where "::"
 * stood, or -1. */
static bool
parse_groups(const char *text, uint8_t v[16], size_t *n, int *gap)
{
	while (*text != '\0') {
		bool after_gap = *gap == (int)*n && *gap >= 0;
		unsigned group;

		if (!after_gap && !separator(&text, *n, gap))
			return false;
		if (*text == '\0')
			return true;
		if (*n <= 12 && parse_v4(text, v + *n)) {
			*n += 4;
			return true;
		}
		if (*n > 14 || !parse_group(&text, &group))
			return false;
		v[(*n)++] = (uint8_t)(group >> 8);
		v[(*n)++] = (uint8_t)group;
	}
	return true;
}

static bool
parse_v6(const char *text, uint8_t out[16])
{
	uint8_t v[16] = { 0 };
	size_t n = 0, tail;
	int gap = -1;

	if (strchr(text, ':') == NULL || !parse_groups(text, v, &n, &gap))
		return false;
	if (gap < 0 ? n != 16 : n > 14)
		return false;
	memset(out, 0, 16);
	if (gap < 0)
		gap = 16;
	memcpy(out, v, (size_t)gap);
	tail = n > (size_t)gap ? n - (size_t)gap : 0;
	memcpy(out + 16 - tail, v + gap, tail);
	return true;
}

bool
gw_ip_parse(const char *text, struct gw_ip *out)
{
	struct gw_ip ip;

	memcpy(ip.b, mapped, sizeof mapped);
	if (!parse_v4(text, ip.b + 12) && !parse_v6(text, ip.b))
		return false;
	*out = ip;
	return true;
}

bool
gw_ip_net_parse(const char *text, struct gw_ip_net *out)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char address[GW_IP_TEXT];
	struct gw_ip_net net;
	unsigned bits, most;

	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!gw_ip_parse(address, &net.ip))
		return false;
	bits = most = gw_ip_is_v4(&net.ip) ? 32 : 128;
	if (slash != NULL &&
	    (slash++, !number(&slash, most, &bits) || *slash != '\0'))
		return false;
	net.bits = (uint8_t)(bits + 128 - most);
	for (unsigned i = net.bits; i < 128; i++)
		net.ip.b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	*out = net;
	return true;
}

/* ---- writing ---- */

bool
gw_ip_is_v4(const struct gw_ip *ip)
{
	return memcmp(ip->b, mapped, sizeof mapped) == 0;
}

bool
gw_ip_is_any(const struct gw_ip *ip)
{
	static const uint8_t zeros[16];

	return memcmp(ip->b, zeros, 16) == 0 ||
	       (gw_ip_is_v4(ip) && memcmp(ip->b + 12, zeros, 4) == 0);
}

/* The longest run of at least two zero groups, the first of those. */
static void
find_run(const struct gw_ip *ip, size_t *at, size_t *length)
{
	size_t run = 0;

	*at = 8;
	*length = 1;
	for (size_t i = 0; i < 8; i++) {
		run = ip->b[2 * i] == 0 && ip->b[2 * i + 1] == 0 ? run + 1 : 0;
		if (run > *length) {
			*length = run;
			*at = i + 1 - run;
		}
	}
}

void
gw_ip_text(const struct gw_ip *ip, char out[GW_IP_TEXT])
{
	size_t at, length, n = 0;

	if (gw_ip_is_v4(ip)) {
		snprintf(out, GW_IP_TEXT, "%u.%u.%u.%u", ip->b[12], ip->b[13],
		    ip->b[14], ip->b[15]);
		return;
	}
	find_run(ip, &at, &length);
	for (size_t i = 0; i < 8;) {
		unsigned group = (unsigned)ip->b[2 * i] << 8 | ip->b[2 * i + 1];

		if (i == at) {
			n += (size_t)snprintf(out + n, GW_IP_TEXT - n, "::");
			i += length;
			continue;
		}
		n += (size_t)snprintf(out + n, GW_IP_TEXT - n, "%s%x",
		    i > 0 && i != at + length ? ":" : "", group);
		i++;
	}
}

void
gw_ip_net_text(const struct gw_ip_net *net, char out[GW_IP_TEXT])
{
	bool v4 = gw_ip_is_v4(&net->ip) && net->bits >= 96;
	size_t n;

	gw_ip_text(&net->ip, out);
	if (net->bits == 128)
		return;
	n = strlen(out);
	snprintf(out + n, GW_IP_TEXT - n, "/%u",
	    (unsigned)(v4 ? net->bits - 96 : net->bits));
}

bool
gw_ip_net_has(const struct gw_ip_net *net, const struct gw_ip *ip)
{
	size_t whole = net->bits / 8, rest = net->bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (gw_ip_is_v4(&net->ip) != gw_ip_is_v4(ip))
		return false;
	if (memcmp(net->ip.b, ip->b, whole) != 0)
		return false;
	return rest == 0 || ((net->ip.b[whole] ^ ip->b[whole]) & mask) == 0;
}
