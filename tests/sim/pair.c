#include "pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "session/tcp/tcp_session_private.h"

/* splitmix64, so that every run is the same. */
static void
fill(void *arg, void *out, size_t n)
{
	uint64_t *state = arg;
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		p[i] = (uint8_t)(z ^ z >> 31);
	}
}

static void
start_side(struct pair *p, const struct pair_options *o, unsigned i)
{
	static const char *const names[2] = { "kitchen", "attic" };
	struct pair_side *side = &p->side[i];
	uint8_t wrong[GW_KEY_LEN] = { 1 };
	struct gw_session_options so = {
		.initiator = i == 0,
		.self = &side->keys,
		.name = o->name[i] != NULL ? o->name[i] : names[i],
		.prefer_aes = o->aes[i],
		.remember = o->remember[i],
		.window = o->window[i] != 0 ? o->window[i] : GW_STREAM_WINDOW,
		.random = p->random,
	};
	enum gw_err err;

	if (i == 0) {
		so.mode = o->mode != 0 ? o->mode : GW_MODE_CODE;
		so.code = o->code[0] != NULL ? o->code[0] : "7-crane-otter";
		so.ticket = o->ticket;
		so.peer = o->pin_wrong   ? wrong
			  : o->pin_right ? p->side[1].keys.public
					 : NULL;
	} else {
		so.door = p->door;
	}
	err = gw_tcp_session_new(&so, p->now, &side->session);
	GW_ASSERT(err == GW_OK);
}

static void
stop_side(struct pair_side *side)
{
	const struct gw_keypair keys = side->keys;

	gw_session_free(side->session);
	gw_bytes_fini(&side->got);
	gw_bytes_fini(&side->wire);
	memset(side, 0, sizeof(*side));
	side->keys = keys;
}

void
pair_init(struct pair *p, const struct pair_options *o)
{
	uint8_t seed[32];
	enum gw_err err;

	GW_ASSERT(gw_crypto_start());
	memset(p, 0, sizeof(*p));
	p->random_state = o->seed;
	p->random = (struct gw_random){ fill, &p->random_state };
	p->now = 1000 * GW_SEC;
	for (unsigned i = 0; i < 2; i++) {
		gw_random_fill(&p->random, seed, sizeof(seed));
		gw_keypair_from(seed, &p->side[i].keys);
	}
	err = gw_door_new(&p->door);
	GW_ASSERT(err == GW_OK);
	err = gw_door_set_code(
	    p->door, o->code[1] != NULL ? o->code[1] : "7-crane-otter");
	GW_ASSERT(err == GW_OK);
	start_side(p, o, 0);
	start_side(p, o, 1);
}

void
pair_again(struct pair *p, const struct pair_options *o)
{
	stop_side(&p->side[0]);
	stop_side(&p->side[1]);
	start_side(p, o, 0);
	start_side(p, o, 1);
}

void
pair_fini(struct pair *p)
{
	stop_side(&p->side[0]);
	stop_side(&p->side[1]);
	gw_door_free(p->door);
}

/* ---- what an owner does with events ---- */

uint8_t
pair_byte(uint16_t stream, uint64_t offset)
{
	const uint64_t v = (offset + 1) * UINT64_C(0x9e3779b97f4a7c15) +
			   stream * UINT64_C(0xd1342543de82ef95);

	return (uint8_t)(v >> 56);
}

static void
on_data(struct pair_side *side, const struct gw_session_event *ev)
{
	const uint16_t stream = ev->data.stream;

	if (!side->no_store)
		GW_ASSERT(gw_bytes_add(&side->got, ev->data.bytes.p,
			      ev->data.bytes.n) == GW_OK);
	for (size_t i = 0; side->check && i < ev->data.bytes.n; i++)
		GW_ASSERT(ev->data.bytes.p[i] ==
			  pair_byte(stream, side->got_of[stream] + i));
	side->got_of[stream] += ev->data.bytes.n;
	GW_ASSERT(!side->ended[stream]);
	side->ended[stream] = ev->data.end;
	if (!side->no_credit)
		gw_session_credit(side->session, stream, ev->data.bytes.n);
}

void
pair_pull(struct pair *p, unsigned i)
{
	struct pair_side *side = &p->side[i];
	struct gw_session_event ev;

	while (gw_session_event(side->session, &ev)) {
		GW_ASSERT(!side->closed);
		switch (ev.kind) {
		case GW_SESSION_OPENED:
			GW_ASSERT(!side->opened);
			side->opened = true;
			side->opened_event = ev;
			snprintf(side->peer_name, sizeof side->peer_name, "%s",
			    ev.opened.name);
			memcpy(side->peer, ev.opened.peer, GW_KEY_LEN);
			break;
		case GW_SESSION_DATA:
			GW_ASSERT(side->opened && !side->fin);
			on_data(side, &ev);
			break;
		case GW_SESSION_RESET:
			GW_ASSERT(side->opened && !side->fin);
			side->reset[ev.reset.stream] = true;
			side->reset_code = ev.reset.code;
			break;
		case GW_SESSION_DATAGRAM:
			GW_ASSERT(side->opened && !side->fin);
			side->datagrams++;
			side->datagram_bytes += ev.datagram.n;
			break;
		case GW_SESSION_FIN:
			GW_ASSERT(side->opened && !side->fin);
			side->fin = true;
			break;
		case GW_SESSION_CLOSED:
			side->closed = true;
			side->closed_event = ev;
			snprintf(side->closed_text, sizeof side->closed_text,
			    "%s", ev.closed.text);
			break;
		}
	}
}

/* ---- the pipe ---- */

/* Take what a side has to send. */
static bool
take(struct pair *p, unsigned from)
{
	struct pair_side *side = &p->side[from];
	struct gw_slice out = gw_tcp_session_send_buf(side->session, p->now);
	struct gw_slice all;

	if (out.n == 0 || side->ended_wire)
		return false;
	/* Whoever waits never sends more than it was sent. */
	if (from == 1 && !side->opened)
		GW_ASSERT(side->wire_sent + out.n <= side->wire_got);
	GW_ASSERT(gw_bytes_add(&side->wire, out.p, out.n) == GW_OK);
	all = gw_bytes_peek(&side->wire);
	if (p->flip && p->flip_from == from && p->flip_at >= side->wire_sent &&
	    p->flip_at < side->wire_sent + out.n) {
		uint8_t *new = (uint8_t *)(uintptr_t)(all.p + all.n - out.n);

		new[p->flip_at - side->wire_sent] ^= p->flip_mask;
	}
	side->wire_sent += out.n;
	gw_tcp_session_send_ack(side->session, out.n, p->now);
	return true;
}

static bool
deliver(struct pair *p, unsigned to)
{
	struct pair_side *side = &p->side[to];
	struct gw_bytes *wire = &p->side[1 - to].wire;
	struct gw_slice ready = gw_bytes_peek(wire);
	size_t cap, n;
	uint8_t *buf;

	if (ready.n == 0)
		return false;
	buf = gw_tcp_session_recv_buf(side->session, &cap);
	n = ready.n < cap ? ready.n : cap;
	if (p->chunk > 0 && n > p->chunk)
		n = p->chunk;
	if (n == 0) {
		/* Nobody reads any more. */
		if (side->closed)
			gw_bytes_clear(wire);
		return false;
	}
	memcpy(buf, ready.p, n);
	gw_tcp_session_recv_ack(side->session, n, p->now);
	side->wire_got += n;
	gw_bytes_drop(wire, n);
	return true;
}

bool
pair_move(struct pair *p, unsigned from)
{
	struct pair_side *side = &p->side[from];
	bool moved = false;

	pair_pull(p, from);
	while (take(p, from))
		moved = true;
	pair_pull(p, from);
	while (deliver(p, 1 - from)) {
		moved = true;
		pair_pull(p, 1 - from);
	}
	if (side->closed && !side->ended_wire &&
	    gw_bytes_len(&side->wire) == 0) {
		side->ended_wire = true;
		gw_tcp_session_recv_end(p->side[1 - from].session, p->now);
		pair_pull(p, 1 - from);
		moved = true;
	}
	return moved;
}

void
pair_run(struct pair *p)
{
	bool moved;

	do {
		moved = pair_move(p, 0);
		moved |= pair_move(p, 1);
	} while (moved);
}

void
pair_sleep(struct pair *p, gw_usec how_long)
{
	const gw_usec until = p->now + how_long;

	for (;;) {
		const gw_usec at =
		    gw_usec_min(gw_session_deadline(p->side[0].session),
			gw_session_deadline(p->side[1].session));

		if (at > until)
			break;
		p->now = at > p->now ? at : p->now;
		gw_session_tick(p->side[0].session, p->now);
		gw_session_tick(p->side[1].session, p->now);
		pair_run(p);
	}
	p->now = until;
}

void
pair_cut(struct pair *p)
{
	for (unsigned i = 0; i < 2; i++) {
		gw_bytes_clear(&p->side[i].wire);
		gw_tcp_session_recv_end(p->side[i].session, p->now);
		pair_pull(p, i);
	}
}

void
pair_inject(struct pair *p, unsigned to, const void *bytes, size_t n)
{
	GW_ASSERT(gw_bytes_add(&p->side[1 - to].wire, bytes, n) == GW_OK);
}

void
pair_feed(struct pair *p, unsigned to, const void *bytes, size_t n)
{
	size_t cap;
	uint8_t *buf = gw_tcp_session_recv_buf(p->side[to].session, &cap);

	GW_ASSERT(n <= cap);
	memcpy(buf, bytes, n);
	gw_tcp_session_recv_ack(p->side[to].session, n, p->now);
	pair_pull(p, to);
}

void
pair_write(
    struct pair *p, unsigned from, uint16_t stream, const void *data, size_t n)
{
	const uint8_t *at = data;

	while (n > 0) {
		const size_t taken = gw_session_write(
		    p->side[from].session, stream, gw_slice(at, n), p->now);

		at += taken;
		n -= taken;
		GW_ASSERT(
		    pair_move(p, from) || pair_move(p, 1 - from) || taken > 0);
		pair_run(p);
	}
}
