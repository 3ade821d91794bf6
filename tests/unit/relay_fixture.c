#include "relay_fixture.h"

#include <stdio.h>
#include <string.h>

static void
fill(void *arg, void *out, size_t n)
{
	(void)arg;
	memset(out, 0x5a, n);
}

const struct gw_random relay_random = { .fill = fill };

struct gw_endpoint
relay_at(const char *ip, uint16_t port)
{
	struct gw_endpoint e = { .port = port };
	struct gw_ip parsed;

	assert_true(gw_ip_parse(ip, &parsed));
	memcpy(e.ip, parsed.b, sizeof e.ip);
	return e;
}

struct gw_relay_link
relay_link(unsigned link)
{
	struct gw_relay_link l = { .up = true,
		.index = link + 1,
		.broadcast = true,
		.multicast = true,
		.addr_count = 2 };
	char text[40];

	snprintf(text, sizeof text, "10.0.%u.1", link + 1);
	l.addrs[0].ip = relay_at(text, 0);
	l.addrs[0].prefix = 24;
	snprintf(text, sizeof text, "10.0.%u.255", link + 1);
	l.addrs[0].broadcast = relay_at(text, 0);
	snprintf(text, sizeof text, "fe80::%u:1", link + 1);
	l.addrs[1].ip = relay_at(text, 0);
	l.addrs[1].ip.zone = link + 1;
	l.addrs[1].prefix = 64;
	return l;
}

void
relay_open(struct relay_fixture *f, const char *rules)
{
	static const struct gw_relay_word between = { "between",
		"eth0,eth1,eth2" };
	char text[512], why[GW_RELAY_WHY], *rule, *rest = text;

	memset(f, 0, sizeof *f);
	f->now = 1000 * GW_SEC;
	snprintf(text, sizeof text, "%s", rules);
	while ((rule = rest) != NULL) {
		if ((rest = strchr(rest, ' ')) != NULL)
			*rest++ = '\0';
		if (!gw_relay_ruleset_add(&f->set, rule, &between, 1, why))
			fail_msg("%s", why);
	}
	assert_int_equal(gw_relay_engine_new(f->set.rules, f->set.count,
			     &relay_random, f->now, &f->e),
	    GW_OK);
	for (unsigned i = 0; i < 3; i++) {
		struct gw_relay_link l = relay_link(i);

		gw_relay_engine_link(f->e, i, &l);
	}
}

void
relay_close(struct relay_fixture *f)
{
	gw_relay_engine_free(f->e);
}

static enum gw_cast
cast_of(const struct gw_endpoint *to)
{
	if (!gw_relay_is_v4(to))
		return to->ip[0] == 0xff ? GW_CAST_GROUP : GW_CAST_HOST;
	if ((to->ip[12] & 0xf0) == 0xe0)
		return GW_CAST_GROUP;
	return to->ip[15] == 255 ? GW_CAST_BROADCAST : GW_CAST_HOST;
}

static void
pull(struct relay_fixture *f)
{
	f->count = 0;
	while (gw_relay_engine_output(f->e, &f->out[f->count])) {
		gw_relay_engine_sent(
		    f->e, &f->out[f->count], GW_RELAY_FATE_CARRIED);
		f->count++;
	}
}

enum gw_relay_fate
relay_hear(struct relay_fixture *f, unsigned link, struct gw_endpoint from,
    struct gw_endpoint to, const char *data)
{
	struct gw_relay_arrival a = { .link = link,
		.from = from,
		.to = to,
		.cast = cast_of(&to),
		.hops = 1,
		.data = gw_slice_str(data) };
	size_t rule = gw_relay_engine_find(f->e, &a);
	enum gw_relay_fate fate;

	/* Which socket it came by, the embedder knows. */
	fate = gw_relay_engine_input(
	    f->e, rule < f->set.count ? (unsigned)rule : 0, &a, f->now);
	pull(f);
	assert_int_equal(fate == GW_RELAY_FATE_CARRIED, f->count > 0);
	return fate;
}

enum gw_relay_fate
relay_answer(struct relay_fixture *f, unsigned held, unsigned link,
    struct gw_endpoint from, const char *data)
{
	struct gw_relay_arrival a = { .link = link,
		.from = from,
		.cast = GW_CAST_HOST,
		.data = gw_slice_str(data) };
	enum gw_relay_fate fate =
	    gw_relay_engine_answer(f->e, held, &a, f->now);

	pull(f);
	return fate;
}

uint64_t
relay_fate_count(
    const struct relay_fixture *f, unsigned link, enum gw_relay_fate fate)
{
	return gw_relay_engine_counts(f->e, 0, link)->fates[fate];
}

void
relay_is(const struct gw_endpoint *e, const char *ip, uint16_t port)
{
	struct gw_ip found;
	char text[GW_IP_TEXT];

	memcpy(found.b, e->ip, sizeof found.b);
	gw_ip_text(&found, text);
	assert_string_equal(text, ip);
	assert_int_equal(e->port, port);
}
