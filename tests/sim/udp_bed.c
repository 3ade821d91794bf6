#include "udp_bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "trace_text.h"
#include "udp_owner.h"

enum { WINDOW = 4 << 20, START = 1000 * 1000 * 1000 };

/* ---- randomness ---- */

static void
fill(void *arg, void *out, size_t n)
{
	uint64_t *state = arg;
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		*state = *state * UINT64_C(6364136223846793005) +
			 UINT64_C(1442695040888963407);
		p[i] = (uint8_t)(*state >> 56);
	}
}

uint8_t
udp_bed_byte(unsigned side, unsigned stream, uint64_t offset)
{
	return (uint8_t)(offset * 31 + (offset >> 11) + stream * 7 + side);
}

/* ---- traces ---- */

/* Full packets, and packets that acknowledge and do nothing else. */
static bool
is_routine(const char *text)
{
	return strstr(text, "1200 bytes: STREAM") != NULL ||
	       (strstr(text, "bytes: ACK ") != NULL &&
		   strchr(text, ',') == NULL);
}

static void
on_event(struct udp_bed *b, unsigned side, const struct gw_trace_event *e)
{
	char text[400];
	int n;

	if (b->log == NULL || !trace_text(e, text, sizeof(text)) ||
	    (b->summary && is_routine(text)))
		return;
	n = snprintf(b->log + b->log_len, UDP_BED_LOG - b->log_len,
	    "[%6llu.%03llu ms] %s %s\n",
	    (unsigned long long)((b->now - START) / 1000),
	    (unsigned long long)((b->now - START) % 1000),
	    side == 0 ? "dialer  " : "listener", text);
	GW_ASSERT(n > 0);
	b->log_len += (size_t)n;
	GW_ASSERT(b->log_len < UDP_BED_LOG);
}

static void
on_event_0(void *arg, uint64_t session, const struct gw_trace_event *e)
{
	(void)session;
	on_event(arg, 0, e);
}

static void
on_event_1(void *arg, uint64_t session, const struct gw_trace_event *e)
{
	(void)session;
	on_event(arg, 1, e);
}

/* ---- nodes ---- */

static void
path_of(const struct net_addr *a, struct gw_path *p)
{
	memset(p, 0, sizeof(*p));
	memcpy(p->ip, a->ip, sizeof(p->ip));
	p->port = a->port;
}

static void
input(void *arg, struct net_datagram *nd, gw_usec now)
{
	struct udp_side *o = arg;
	struct gw_incoming d = { .p = nd->bytes, .n = nd->len };
	uint32_t ticket, evicted;
	struct gw_session *s;

	o->bed->now = now;
	path_of(&nd->from, &d.from);
	d.mark = (enum gw_mark)nd->ecn;
	s = gw_udp_endpoint_input(o->endpoint, &d, now, &ticket, &evicted);
	udp_owner_came(o, s, ticket, evicted);
	udp_owner_pull(o);
	if (s == NULL || s != o->session || o->released)
		return;
	gw_udp_session_batch_end(s, now);
	udp_owner_credit(o);
}

static void
notice(void *arg, const struct net_datagram *nd, gw_usec now)
{
	struct udp_side *o = arg;
	struct gw_path p;

	o->bed->now = now;
	path_of(&nd->from, &p);
	if (nd->kind == NET_REFUSED)
		gw_udp_endpoint_refused(o->endpoint, &p, now);
	else if (o->session != NULL)
		gw_udp_session_too_large(o->session, nd->mtu + 1, now);
}

static void
tick(void *arg, gw_usec now)
{
	struct udp_side *o = arg;

	o->bed->now = now;
	while (gw_udp_endpoint_tick(o->endpoint, now) != NULL)
		;
	udp_owner_pull(o);
}

static bool
output(void *arg, struct net_datagram *nd, gw_usec now)
{
	struct udp_side *o = arg;
	struct gw_burst *b = &o->burst;
	size_t n;

	o->bed->now = now;
	if (o->burst_at == b->len) {
		b->buf = o->buf;
		b->cap = sizeof(o->buf);
		b->len = 0;
		o->burst_at = 0;
		do {
			b->len = 0;
			if (!gw_udp_endpoint_output(o->endpoint, b, now))
				return false;
		} while (o->no_trains && b->len > b->segment);
	}
	n = b->len - o->burst_at < b->segment ? b->len - o->burst_at
					      : b->segment;
	memset(&nd->to, 0, sizeof(nd->to));
	memcpy(nd->to.ip, b->to.ip, sizeof(nd->to.ip));
	nd->to.port = b->to.port;
	nd->bytes = b->buf + o->burst_at;
	nd->len = n;
	nd->ecn = b->ect ? NET_ECT0 : NET_NOT_ECT;
	o->burst_at += n;
	return true;
}

static gw_usec
deadline(void *arg)
{
	const struct udp_side *o = arg;

	return gw_udp_endpoint_deadline(o->endpoint);
}

/* ---- the bed ---- */

static struct gw_session_options
session_options(struct udp_bed *b, const struct udp_bed_options *o, unsigned i)
{
	return (struct gw_session_options){
		.initiator = i == 0,
		.self = &b->side[i].keys,
		.name = i == 0 ? "kitchen" : "attic",
		.prefer_aes = true,
		.window = o->window != 0 ? o->window : WINDOW,
		.random = b->random,
		.trace = o->traced ? &b->trace[i] : NULL,
		.mode = o->ticket != NULL ? GW_MODE_RESUMED : GW_MODE_CODE,
		.ticket = o->ticket,
		.peer = i == 0 ? o->peer : NULL,
		.code = o->code[i] != NULL ? o->code[i] : "7-crane-otter",
		.door = i == 1 ? b->door : NULL,
	};
}

static void
side_init(struct udp_bed *b, const struct udp_bed_options *o, unsigned i)
{
	struct udp_side *side = &b->side[i];
	struct gw_udp_endpoint_options eo = {
		.udp = { .congestion = o->congestion,
		    .roll = o->roll,
		    .datagram = o->no_growth ? GW_PACKET_MIN : 0 },
		.secret = { (uint8_t)(i + 1) },
	};
	uint8_t seed[32] = { (uint8_t)(i + 1) };
	struct net_addr a = net_addr(i + 1, 4639);

	side->bed = b;
	side->number = i;
	gw_keypair_from(seed, &side->keys);
	eo.session = session_options(b, o, i);
	GW_ASSERT(gw_udp_endpoint_new(&eo, START, &side->endpoint) == GW_OK);
	b->node[i] = net_host(b->net, &a);
}

void
udp_bed_init(struct udp_bed *b, const struct udp_bed_options *o)
{
	memset(b, 0, sizeof(*b));
	GW_ASSERT(gw_crypto_start());
	b->now = START;
	b->random_state = o->seed * 2 + 1;
	b->random = (struct gw_random){ fill, &b->random_state };
	b->trace[0] = (struct gw_trace){ on_event_0, b, 0 };
	b->trace[1] = (struct gw_trace){ on_event_1, b, 0 };
	b->summary = o->summary;
	b->link = o->link;
	if (o->traced)
		b->log = calloc(1, UDP_BED_LOG);
	b->net = net_new(o->seed);
	GW_ASSERT(gw_door_new(&b->door) == GW_OK);
	GW_ASSERT(
	    gw_door_set_code(b->door,
		o->code[1] != NULL ? o->code[1] : "7-crane-otter") == GW_OK);
	side_init(b, o, 0);
	side_init(b, o, 1);
	b->forth = net_join(b->net, b->node[0], b->node[1], &o->link);
	b->back = b->forth + 1;
}

/* What the owner knew of a session that is over. */
static void
forget(struct udp_side *o)
{
	struct udp_side keep;

	if (!o->released)
		return;
	keep = *o;
	memset(o, 0, sizeof(*o));
	o->endpoint = keep.endpoint;
	o->keys = keep.keys;
	o->bed = keep.bed;
	o->number = keep.number;
	o->ticket = keep.ticket;
	o->sessions = keep.sessions;
	o->failed = keep.failed;
}

void
udp_bed_dial(struct udp_bed *b, const struct udp_bed_options *o)
{
	const struct gw_session_options so = session_options(b, o, 0);
	const struct net_addr a = net_address(b->net, b->node[1]);
	struct gw_path to;

	forget(&b->side[0]);
	forget(&b->side[1]);
	path_of(&a, &to);
	GW_ASSERT(gw_udp_endpoint_connect(b->side[0].endpoint, &so, &to, b->now,
		      &b->side[0].session) == GW_OK);
}

void
udp_bed_fini(struct udp_bed *b)
{
	for (unsigned i = 0; i < 2; i++)
		gw_udp_endpoint_free(b->side[i].endpoint);
	gw_door_free(b->door);
	net_free(b->net);
	free(b->log);
}

struct waiting {
	struct udp_bed *bed;
	bool (*holds)(struct udp_bed *);
};

static bool
is_done(void *arg, gw_usec now)
{
	struct waiting *w = arg;

	(void)now;
	return w->holds(w->bed);
}

static bool
both_over(struct udp_bed *b)
{
	return b->side[0].closed && b->side[1].closed;
}

bool
udp_bed_until(struct udp_bed *b, bool (*holds)(struct udp_bed *), gw_usec most)
{
	struct net_node_ops nodes[2];
	struct waiting w = { b, holds };
	struct net_run run = { nodes, 2, is_done, &w };

	for (unsigned i = 0; i < 2; i++) {
		nodes[i] = (struct net_node_ops){ &b->side[i], input, notice,
			tick, udp_owner_work, output, deadline };
		if (b->side[i].dead)
			nodes[i] = (struct net_node_ops){ .arg = NULL };
	}
	b->now = net_run(b->net, &run, b->now, b->now + most);
	return holds(b);
}

static bool
never(struct udp_bed *b)
{
	(void)b;
	return false;
}

void
udp_bed_linger(struct udp_bed *b, gw_usec time)
{
	(void)udp_bed_until(b, never, time);
}

void
udp_bed_run(struct udp_bed *b, gw_usec most)
{
	(void)udp_bed_until(b, both_over, most);
}

/* The other side has left, and whether it got the last of it nobody can know
 * (two generals). */
bool
udp_bed_is_unsure(const struct udp_side *o)
{
	const enum gw_udp_state last =
	    o->state_n >= 2 ? o->states[o->state_n - 2] : GW_UDP_SYN_SENT;

	return o->closed_event.closed.err == GW_E_LOST &&
	       (last == GW_UDP_LAST_ACK || last == GW_UDP_CLOSING);
}

void
udp_bed_check(const struct udp_bed *b)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct udp_side *o = &b->side[i], *p = &b->side[1 - i];

		GW_ASSERT(o->opened);
		GW_ASSERT(o->wrong == 0);
		for (unsigned k = 0; k < UDP_BED_STREAMS; k++) {
			GW_ASSERT(o->got[k] == p->to_write[k]);
			GW_ASSERT(o->ended[k] == (p->to_write[k] > 0));
		}
		GW_ASSERT(o->fin);
		GW_ASSERT(o->closed);
		GW_ASSERT(o->closed_event.closed.err == GW_OK ||
			  udp_bed_is_unsure(o));
	}
}
