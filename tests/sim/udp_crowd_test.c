/* Two hundred peers of one listener, on one socket, all at once. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "udp_bed.h"
#include "unit/test.h"

enum {
	PEERS = 200,
	START = 1000 * 1000 * 1000,
	ASKED = 100000, /* bytes, and a little more with each peer */
	ANSWER = 5000,
	APART = 600, /* us: some fifty handshakes are under way at a time */
	PORT = 4639
};

/* One end of a conversation. */
struct end {
	unsigned peer; /* which of the two hundred it is with, or is */
	uint64_t written, got, wrong;
	bool opened, asked, fin, finished, closed;
	enum gw_err err;
};

struct node {
	struct crowd *crowd;
	bool listens, dialed;
	struct gw_udp_endpoint *endpoint;
	struct gw_keypair keys;
	struct end end; /* of a peer */
	struct gw_burst burst;
	size_t at;
	uint8_t buf[1 << 14];
};

struct crowd {
	struct net *net;
	struct gw_door *door;
	struct gw_random random;
	uint64_t random_state;
	gw_usec now;
	struct node *v;         /* the last one listens */
	struct end ends[PEERS]; /* its */
	unsigned count;         /* of them that came to an end */
	unsigned tickets;
	/* Handshakes under way. */
	struct pending {
		const struct gw_session *session;
		uint32_t ticket;
	} pending[GW_PENDING_MAX];
};

static void
fill(void *arg, void *out, size_t n)
{
	uint64_t *state = arg;
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		*state = *state * UINT64_C(6364136223846793005) + 7;
		p[i] = (uint8_t)(*state >> 56);
	}
}

static uint64_t
asked_by(unsigned peer)
{
	return ASKED + peer * 100;
}

/* ---- owners ---- */

static void
on_data(const struct node *n, struct end *e, const struct gw_session_event *ev)
{
	const struct gw_slice s = ev->data.bytes;

	assert_int_equal(ev->data.stream, 1);
	for (size_t i = 0; i < s.n; i++)
		e->wrong += s.p[i] != udp_bed_byte(e->peer, n->listens ? 1 : 2,
					  e->got + i);
	e->got += s.n;
	e->asked = e->asked || ev->data.end;
}

static struct pending *
pending_of(struct crowd *c, const struct gw_session *s)
{
	for (unsigned i = 0; i < GW_PENDING_MAX; i++)
		if (c->pending[i].session == s)
			return &c->pending[i];
	fail_msg("no such handshake");
	return NULL;
}

/* Who of all is it?  Only the listener wonders. */
static struct end *
whose(struct node *n, const struct gw_session_event *ev)
{
	for (unsigned i = 0; i < PEERS; i++)
		if (memcmp(ev->opened.peer, n->crowd->v[i].keys.public,
			GW_KEY_LEN) == 0)
			return &n->crowd->ends[i];
	fail_msg("a peer that nobody knows");
	return NULL;
}

static void
on_event(struct node *n, struct gw_session *s, struct end *e,
    const struct gw_session_event *ev)
{
	switch (ev->kind) {
	case GW_SESSION_OPENED:
		assert_false(e->opened);
		e->opened = true;
		break;
	case GW_SESSION_DATA:
		on_data(n, e, ev);
		gw_session_credit(s, 1, ev->data.bytes.n);
		break;
	case GW_SESSION_RESET:
	case GW_SESSION_DATAGRAM:
		break;
	case GW_SESSION_FIN:
		e->fin = true;
		break;
	case GW_SESSION_CLOSED:
		e->closed = true;
		e->err = ev->closed.err;
		n->crowd->count += n->listens;
		break;
	}
}

static void
write_some(struct node *n, struct gw_session *s, struct end *e)
{
	const uint64_t all = n->listens ? ANSWER : asked_by(e->peer);
	uint8_t piece[4096];
	size_t k;

	if (!e->opened || e->finished || (n->listens && !e->asked))
		return;
	do {
		k = all - e->written < sizeof(piece)
			? (size_t)(all - e->written)
			: sizeof(piece);
		for (size_t i = 0; i < k; i++)
			piece[i] = udp_bed_byte(
			    e->peer, n->listens ? 2 : 1, e->written + i);
		k = gw_session_write(s, 1, gw_slice(piece, k), n->crowd->now);
		e->written += k;
	} while (k > 0);
	if (e->written < all)
		return;
	gw_session_end(s, 1);
	gw_session_finish(s, n->crowd->now);
	e->finished = true;
}

static void
serve(struct node *n, struct gw_session *s)
{
	struct gw_session_event ev;
	struct end *e = gw_session_user(s);

	while (gw_session_event(s, &ev)) {
		if (e == NULL && ev.kind == GW_SESSION_OPENED) {
			struct pending *p = pending_of(n->crowd, s);

			gw_door_leave(n->crowd->door, p->ticket);
			p->session = NULL;
			e = whose(n, &ev);
			gw_session_set_user(s, e);
		}
		GW_ASSERT(e != NULL);
		on_event(n, s, e, &ev);
	}
	if (e == NULL)
		return;
	if (e->closed) {
		gw_udp_endpoint_release(n->endpoint, s, n->crowd->now);
		return;
	}
	write_some(n, s, e);
	gw_udp_endpoint_touch(n->endpoint, s);
}

static struct gw_session_options
options(struct crowd *c, unsigned i)
{
	return (struct gw_session_options){
		.initiator = i < PEERS,
		.self = &c->v[i].keys,
		.name = "one of many",
		.prefer_aes = true,
		.window = GW_STREAM_WINDOW,
		.random = c->random,
		.mode = GW_MODE_KNOWN,
		.peer = i < PEERS ? c->v[PEERS].keys.public : NULL,
		.door = i == PEERS ? c->door : NULL,
	};
}

static void
dial(struct crowd *c, unsigned i)
{
	const struct net_addr a = net_addr(PEERS + 1, PORT);
	const struct gw_session_options so = options(c, i);
	struct gw_path to = { .port = a.port };
	struct gw_session *s;

	memcpy(to.ip, a.ip, sizeof(to.ip));
	assert_int_equal(
	    gw_udp_endpoint_connect(c->v[i].endpoint, &so, &to, START, &s),
	    GW_OK);
	gw_session_set_user(s, &c->v[i].end);
	c->v[i].dialed = true;
}

static gw_usec
dials_at(const struct node *n)
{
	return n->listens || n->dialed ? GW_NEVER
				       : START + (gw_usec)n->end.peer * APART;
}

static void
work(void *arg, gw_usec now)
{
	struct node *n = arg;
	struct gw_session *s = gw_udp_endpoint_next(n->endpoint, NULL), *then;

	n->crowd->now = now;
	if (dials_at(n) <= now)
		dial(n->crowd, n->end.peer);
	for (; s != NULL; s = then) {
		const struct end *e = gw_session_user(s);

		then = gw_udp_endpoint_next(n->endpoint, s);
		if (e == NULL || !e->closed)
			serve(n, s);
	}
}

/* ---- nodes ---- */

static void
input(void *arg, struct net_datagram *nd, gw_usec now)
{
	struct node *n = arg;
	struct gw_incoming d = { .p = nd->bytes, .n = nd->len };
	uint32_t ticket, evicted;
	struct gw_session *s;

	n->crowd->now = now;
	memcpy(d.from.ip, nd->from.ip, sizeof(d.from.ip));
	d.from.port = nd->from.port;
	s = gw_udp_endpoint_input(n->endpoint, &d, now, &ticket, &evicted);
	assert_int_equal(evicted, 0);
	if (ticket != 0) {
		n->crowd->tickets++;
		*pending_of(n->crowd, NULL) = (struct pending){ s, ticket };
	}
	if (s == NULL)
		return;
	serve(n, s);
}

static void
tick(void *arg, gw_usec now)
{
	const struct node *n = arg;

	while (gw_udp_endpoint_tick(n->endpoint, now) != NULL)
		;
}

static bool
output(void *arg, struct net_datagram *nd, gw_usec now)
{
	struct node *n = arg;
	struct gw_burst *b = &n->burst;

	if (n->at == b->len) {
		*b = (struct gw_burst){ .buf = n->buf, .cap = sizeof(n->buf) };
		n->at = 0;
		if (!gw_udp_endpoint_output(n->endpoint, b, now))
			return false;
	}
	memcpy(nd->to.ip, b->to.ip, sizeof(nd->to.ip));
	nd->to.port = b->to.port;
	nd->bytes = b->buf + n->at;
	nd->len = b->len - n->at < b->segment ? b->len - n->at : b->segment;
	n->at += nd->len;
	return true;
}

static gw_usec
deadline(void *arg)
{
	const struct node *n = arg;

	return gw_usec_min(dials_at(n), gw_udp_endpoint_deadline(n->endpoint));
}

/* ---- the crowd ---- */

static void
node_init(struct crowd *c, unsigned i, unsigned router)
{
	const struct net_link_options link = {
		.delay = 5000 + (i % 50) * 100,
		.rate = i < PEERS ? 100000000 : 1000000000,
		.queue = 1 << 20,
		.loss = 0.002,
	};
	const uint8_t seed[32] = { 1, (uint8_t)i, (uint8_t)(i >> 8) };
	struct gw_udp_endpoint_options eo = { .secret = { (uint8_t)i } };
	struct node *n = &c->v[i];

	n->crowd = c;
	n->listens = i == PEERS;
	n->end.peer = i;
	gw_keypair_from(seed, &n->keys);
	eo.session = options(c, i);
	assert_int_equal(gw_udp_endpoint_new(&eo, START, &n->endpoint), GW_OK);
	net_join(c->net, i, router, &link);
}

static void
let_in(struct crowd *c)
{
	uint8_t(*keys)[GW_KEY_LEN] = calloc(PEERS, GW_KEY_LEN);

	assert_non_null(keys);
	for (unsigned i = 0; i < PEERS; i++)
		memcpy(keys[i], c->v[i].keys.public, GW_KEY_LEN);
	assert_int_equal(gw_door_set_known(c->door,
			     (const uint8_t(*)[GW_KEY_LEN])keys, PEERS),
	    GW_OK);
	free(keys);
}

static bool
all_over(void *arg, gw_usec now)
{
	const struct crowd *c = arg;

	(void)now;
	return c->count == PEERS;
}

static void
assert_end(const struct end *e, uint64_t got)
{
	assert_true(e->opened);
	assert_true(e->fin);
	assert_true(e->closed);
	assert_int_equal(e->err, GW_OK);
	assert_int_equal(e->got, got);
	assert_int_equal(e->wrong, 0);
}

static void
two_hundred_peers_move_their_data_at_once(void **state)
{
	static struct net_node_ops ops[PEERS + 1];
	static struct crowd c;
	struct net_run run = { ops, PEERS + 1, all_over, &c };

	(void)state;
	assert_true(gw_crypto_start());
	c.random = (struct gw_random){ fill, &c.random_state };
	c.v = calloc(PEERS + 1, sizeof(*c.v));
	assert_non_null(c.v);
	assert_int_equal(gw_door_new(&c.door), GW_OK);
	c.net = net_new(1);
	for (unsigned i = 0; i <= PEERS; i++) {
		const struct net_addr a = net_addr(i + 1, PORT);

		assert_int_equal(net_host(c.net, &a), i);
		ops[i] = (struct net_node_ops){ &c.v[i], input, NULL, tick,
			work, output, deadline };
	}
	(void)net_router(c.net);
	for (unsigned i = 0; i <= PEERS; i++)
		node_init(&c, i, PEERS + 1);
	let_in(&c);
	for (unsigned i = 0; i < PEERS; i++)
		c.ends[i].peer = i;
	c.now = net_run(c.net, &run, START, START + 60 * GW_SEC);
	run.done = NULL;
	c.now = net_run(c.net, &run, c.now, c.now + 20 * GW_SEC);
	for (unsigned i = 0; i < PEERS; i++) {
		assert_end(&c.ends[i], asked_by(i));
		assert_end(&c.v[i].end, ANSWER);
		assert_int_equal(gw_udp_endpoint_count(c.v[i].endpoint), 0);
	}
	assert_int_equal(gw_udp_endpoint_count(c.v[PEERS].endpoint), 0);
	assert_true(gw_udp_endpoint_stats(c.v[PEERS].endpoint).cookies > 0);
	assert_int_equal(c.tickets, PEERS);
	for (unsigned i = 0; i <= PEERS; i++)
		gw_udp_endpoint_free(c.v[i].endpoint);
	gw_door_free(c.door);
	net_free(c.net);
	free(c.v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_hundred_peers_move_their_data_at_once),
	};

	return cmocka_run_group_tests_name("udp_crowd", tests, NULL, NULL);
}
