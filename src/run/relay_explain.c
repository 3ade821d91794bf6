/*
 * What a relay has done, and would do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "forward/match.h"
#include "os/clock.h"
#include "run/endpoint.h"
#include "run/relay.h"

_Static_assert((int)GW_RELAY_FATE_COUNT <= (int)GW_RELAY_DROPS,
    "there is a place for every reason");

/* ---- counts ---- */

static void
put_drop(struct gw_relay_row *row, const char *name, uint64_t count)
{
	if (count == 0)
		return;
	GW_ASSERT(row->drop_count < GW_RELAY_DROPS);
	row->drops[row->drop_count].name = name;
	row->drops[row->drop_count++].count = count;
}

static void
fill(const struct gw_relay *r, unsigned rule, unsigned link,
    struct gw_relay_row *out)
{
	const struct gw_relay_counts *n =
	    gw_relay_engine_counts(r->e, rule, link);

	*out = (struct gw_relay_row){ .rule = rule,
		.interface = r->set.names[link],
		.up = gw_relay_engine_link_of(r->e, link)->up,
		.tripped = gw_relay_engine_is_tripped(r->e, rule, link),
		.heard = n->heard,
		.carried = n->fates[GW_RELAY_FATE_CARRIED],
		.sent = n->sent,
		.bytes = n->bytes,
		.answered = n->answered };
	for (unsigned i = 0; i < GW_RELAY_FATE_COUNT; i++)
		if (i != GW_RELAY_FATE_CARRIED)
			put_drop(out, gw_relay_fate_text(i), n->fates[i]);
	put_drop(out, GW_RELAY_NO_ROOM, r->kernel[rule][link]);
}

bool
gw_relay_row(const struct gw_relay *r, size_t n, struct gw_relay_row *out)
{
	for (unsigned i = 0; i < r->set.count; i++)
		for (unsigned k = 0; k < r->set.name_count; k++) {
			if ((r->set.rules[i].between & 1u << k) == 0)
				continue;
			if (n-- == 0) {
				fill(r, i, k, out);
				return true;
			}
		}
	return false;
}

/* ---- what would become of one ---- */

/* The interface after " on ", cut off; or the one in whose subnet it is sent.
 * False: there is none. */
static bool
find_link(const struct gw_relay *r, char *text, unsigned *out)
{
	char *on = strstr(text, " on ");

	if (on == NULL)
		return false;
	*on = '\0';
	for (unsigned i = 0; i < r->set.name_count; i++)
		if (strcmp(r->set.names[i], on + 4) == 0) {
			*out = i;
			return true;
		}
	return false;
}

static bool
link_of_source(
    const struct gw_relay *r, const struct gw_endpoint *from, unsigned *out)
{
	struct gw_addr a;
	const struct gw_netifs *all = gw_link_watch_list(r->watch);

	gw_endpoint_addr(from, &a);
	for (unsigned i = 0; i < r->set.name_count; i++) {
		const struct gw_relay_link *l =
		    gw_relay_engine_link_of(r->e, i);

		if (l->up && !l->remote &&
		    gw_netifs_on_link(all, l->index, &a)) {
			*out = i;
			return true;
		}
	}
	return false;
}

static enum gw_cast
cast_of(const struct gw_relay *r, const struct gw_endpoint *to)
{
	static const uint8_t all[16] = {
		[10] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};
	struct gw_addr a;

	gw_endpoint_addr(to, &a);
	if (gw_addr_is_group(&a))
		return GW_CAST_GROUP;
	if (memcmp(to->ip, all, sizeof all) == 0 ||
	    gw_netifs_broadcast(gw_link_watch_list(r->watch), &a) != NULL)
		return GW_CAST_BROADCAST;
	return GW_CAST_HOST;
}

static void
print_source(
    FILE *f, const struct gw_relay *r, const struct gw_relay_emission *out)
{
	static const uint8_t none[16];
	char from[GW_ENDPOINT_TEXT] = "an address that the system chooses";

	if (memcmp(out->from.ip, none, sizeof none) != 0)
		gw_endpoint_text(&out->from, from);
	fprintf(f, ", from %s", from);
	if (out->via != GW_RELAY_VIA_HELD)
		return;
	if (out->held_port != 0)
		fprintf(f, ", port %u", (unsigned)out->held_port);
	/* The clock has gone on since the question was put. */
	fprintf(f, "; answers are carried back for %.3g s",
	    (double)(gw_relay_engine_deadline(r->e) - gw_clock_now()) /
		(double)GW_SEC);
}

static void
print_copies(FILE *f, struct gw_relay *r)
{
	struct gw_relay_emission out;
	char to[GW_ENDPOINT_TEXT];

	while (gw_relay_engine_output(r->e, &out)) {
		gw_relay_engine_sent(r->e, &out, GW_RELAY_FATE_CARRIED);
		if (out.via == GW_RELAY_VIA_SITE) {
			fprintf(f,
			    "  %s: to the relay there, which sends it on by "
			    "its own rules\n",
			    r->set.names[out.link]);
			continue;
		}
		gw_endpoint_text(&out.to, to);
		fprintf(f, "  %s: to %s", r->set.names[out.link], to);
		print_source(f, r, &out);
		fputs("\n", f);
	}
}

/* Would it be carried? */
static bool
explain(FILE *f, struct gw_relay *r, const struct gw_relay_arrival *a)
{
	size_t rule = gw_relay_engine_find(r->e, a);
	enum gw_relay_fate fate;

	if (rule == r->set.count) {
		fprintf(f, "No rule takes what comes by %s to there%s.\n",
		    r->set.names[a->link],
		    a->cast == GW_CAST_HOST
			? ": it is sent to one host, not to all"
			: "");
		return false;
	}
	fprintf(f, "Rule %zu takes it: %s\n", rule + 1, r->texts[rule]);
	fate = gw_relay_engine_input(r->e, (unsigned)rule, a, gw_clock_now());
	if (fate == GW_RELAY_FATE_CARRIED)
		print_copies(f, r);
	else
		fprintf(f, "  dropped: %s\n", gw_relay_fate_text(fate));
	return fate == GW_RELAY_FATE_CARRIED;
}

static struct gw_endpoint
endpoint(const struct gw_ip *ip, uint16_t port)
{
	struct gw_endpoint e = { .port = port };

	memcpy(e.ip, ip->b, sizeof e.ip);
	return e;
}

/* Reads the question. */
static enum gw_err
read_question(
    struct gw_relay *r, const char *datagram, struct gw_relay_arrival *a)
{
	struct gw_match_question q;
	char why[GW_RULE_WHY], text[256];
	bool found;

	snprintf(text, sizeof text, "%s", datagram);
	found = find_link(r, text, &a->link);
	if (!found && strlen(text) != strlen(datagram))
		return gw_context_error(r->g, GW_E_USAGE,
		    "%.100s: no rule joins that interface", datagram);
	if (!gw_match_parse(text, &q, why))
		return gw_context_error(r->g, GW_E_USAGE, "%s", why);
	if (q.protocol != GW_RULE_UDP || q.local_any)
		return gw_context_error(r->g, GW_E_USAGE,
		    "a relay carries udp that is sent to an address: \"udp "
		    "10.0.0.5:4000 -> 255.255.255.255:9000 on eth0\"");
	a->from = endpoint(&q.client, q.client_port);
	a->to = endpoint(&q.local, q.port);
	a->cast = cast_of(r, &a->to);
	a->hops = 1;
	if (!found && !link_of_source(r, &a->from, &a->link))
		return gw_context_error(r->g, GW_E_USAGE,
		    "%.100s: in none of the subnets; say by which interface "
		    "it comes: \"... on eth0\"",
		    datagram);
	return GW_OK;
}

enum gw_err
gw_relay_explain(
    struct gw_relay *r, const char *datagram, bool *carried, char **lines)
{
	struct gw_relay_arrival a = { .data = gw_slice_str("?") };
	char *text = NULL;
	size_t size;
	enum gw_err err;
	bool would;
	FILE *f;

	r->g->last_error[0] = '\0';
	if ((err = read_question(r, datagram, &a)) != GW_OK)
		return err;
	if ((f = open_memstream(&text, &size)) == NULL)
		return gw_context_error(
		    r->g, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
	would = explain(f, r, &a);
	if (fclose(f) != 0) {
		free(text);
		return gw_context_error(
		    r->g, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
	}
	*carried = would;
	*lines = text;
	return GW_OK;
}
