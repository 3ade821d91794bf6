/*
 * Any text as rules of a relay, a line each: refused with a reason, or their
 * normal form is one and stays as it is.  What follows a zero is a crowd on
 * the relay's interfaces: datagrams, answers, time, interfaces that come and
 * go.  Whatever they do, what goes in is counted once, and nothing leaves by
 * where it came in.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "forward/relay.h"
#include "forward/relay_text.h"
#include "fuzz.h"

static struct gw_relay_ruleset set;

static void
normal_form(void)
{
	static char text[GW_RELAY_TEXT], again[GW_RELAY_TEXT];
	static struct gw_relay_ruleset other;
	char why[GW_RELAY_WHY];

	for (size_t i = 0; i < set.count; i++) {
		GW_ASSERT(gw_relay_rule_wrong(&set.rules[i]) == NULL);
		gw_relay_rule_text(&set, i, text);
		memset(&other, 0, sizeof other);
		GW_ASSERT(gw_relay_ruleset_add(&other, text, NULL, 0, why));
		gw_relay_rule_text(&other, 0, again);
		/* Alone, its interfaces may have other numbers. */
		if (set.count == 1)
			GW_ASSERT(strcmp(text, again) == 0);
	}
}

static void
read_rules(const char *text, size_t n)
{
	static const struct gw_relay_word words[] = { { "between",
	    "eth0,eth1" } };
	char why[GW_RELAY_WHY];
	char line[1024];

	memset(&set, 0, sizeof set);
	while (n > 0) {
		const char *end = memchr(text, '\n', n);
		size_t len = end != NULL ? (size_t)(end - text) : n;
		size_t cut = len < sizeof line ? len : sizeof line - 1;

		memcpy(line, text, cut);
		line[cut] = '\0';
		why[0] = '\0';
		if (!gw_relay_ruleset_add(&set, line, words, 1, why))
			GW_ASSERT(why[0] != '\0');
		(void)gw_relay_ruleset_add_peers(&set, line, why);
		text += end != NULL ? len + 1 : len;
		n -= end != NULL ? len + 1 : len;
	}
}

static void
fill(void *arg, void *out, size_t n)
{
	(void)arg;
	memset(out, 1, n);
}

static void
an_address(struct gw_reader *r, struct gw_endpoint *e)
{
	uint8_t kind = gw_read_u8(r);

	*e = (struct gw_endpoint){ .ip = { [10] = 0xff, [11] = 0xff } };
	if (kind & 1)
		gw_read_copy(r, e->ip, 16);
	else if (kind & 2)
		memset(e->ip + 10, 0xff, 6);
	else
		gw_read_copy(r, e->ip + 12, 4);
	e->port = gw_read_u16(r);
}

static void
a_link(struct gw_reader *r, struct gw_relay_engine *e)
{
	struct gw_relay_link l = { .index = gw_read_u8(r) };
	unsigned link = gw_read_u8(r) % GW_RELAY_LINKS;
	uint8_t flags = gw_read_u8(r);

	l.up = flags & 1;
	l.broadcast = flags & 2;
	l.multicast = flags & 4;
	l.addr_count = flags >> 3 & 3;
	for (size_t i = 0; i < l.addr_count; i++) {
		an_address(r, &l.addrs[i].ip);
		l.addrs[i].prefix = gw_read_u8(r) % 33;
		if (flags & 0x80)
			an_address(r, &l.addrs[i].broadcast);
	}
	l.peer_count = set.peer_counts[link];
	memcpy(l.peers, set.peers[link], sizeof l.peers);
	gw_relay_engine_link(e, link, &l);
}

static void
pull(struct gw_relay_engine *e, unsigned link, bool asked)
{
	struct gw_relay_emission out;

	while (gw_relay_engine_output(e, &out)) {
		GW_ASSERT(asked || out.link != link);
		GW_ASSERT(out.rule < set.count);
		GW_ASSERT(out.via != GW_RELAY_VIA_RULE || out.by < set.count);
		gw_relay_engine_sent(e, &out, GW_RELAY_FATE_CARRIED);
	}
}

static void
a_datagram(struct gw_reader *r, struct gw_relay_engine *e, gw_usec now)
{
	struct gw_relay_arrival a = { .hops = gw_read_u8(r) };
	uint8_t how = gw_read_u8(r);
	size_t rule;

	a.link = gw_read_u8(r) % GW_RELAY_LINKS;
	a.cast = how % 3;
	an_address(r, &a.from);
	an_address(r, &a.to);
	a.data = gw_read_bytes(r, how >> 4);
	if (how & 8) {
		(void)gw_relay_engine_answer(e, how, &a, now);
		pull(e, a.link, true);
		return;
	}
	rule = gw_relay_engine_find(e, &a);
	if (rule == set.count)
		rule = how % set.count;
	(void)gw_relay_engine_input(e, (unsigned)rule, &a, now);
	pull(e, a.link, false);
}

static void
check_counts(const struct gw_relay_engine *e)
{
	for (unsigned i = 0; i < set.count; i++)
		for (unsigned k = 0; k < GW_RELAY_LINKS; k++) {
			const struct gw_relay_counts *n =
			    gw_relay_engine_counts(e, i, k);
			uint64_t sum = 0;

			for (unsigned f = 0; f < GW_RELAY_FATE_COUNT; f++)
				sum += n->fates[f];
			/* Answers that were refused count as well. */
			GW_ASSERT(sum >= n->heard);
		}
}

static void
a_crowd(struct gw_slice script)
{
	static const struct gw_random random = { .fill = fill };
	struct gw_reader r = gw_reader(script);
	struct gw_relay_engine *e;
	struct gw_relay_news news;
	gw_usec now = GW_SEC;

	if (gw_relay_engine_new(set.rules, set.count, &random, now, &e) !=
	    GW_OK)
		return;
	while (gw_reader_left(&r) > 0 && gw_reader_ok(&r)) {
		uint8_t what = gw_read_u8(&r);

		now += (gw_usec)(what >> 2) * 1000;
		if ((what & 3) == 0)
			a_link(&r, e);
		else
			a_datagram(&r, e, now);
		gw_relay_engine_tick(e, now);
		while (gw_relay_engine_news(e, &news))
			;
		GW_ASSERT(gw_relay_engine_deadline(e) > now);
	}
	check_counts(e);
	gw_relay_engine_free(e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *zero = n > 0 ? memchr(data, 0, n) : NULL;
	size_t text = zero != NULL ? (size_t)(zero - data) : n;

	if (n > 65536)
		return 0;
	read_rules((const char *)data, text);
	normal_form();
	if (set.count > 0 && zero != NULL)
		a_crowd(gw_slice(zero + 1, n - text - 1));
	return 0;
}
